//! What comes and goes by nature: however much of it ends at once, no survey is held for it, and it holds nothing back.
//!
//! A connector says so of an extent; the rest of the source is believed or held as ever, by its own numbers alone. And
//! what a connector is told of before: the keys that are present, and no others.

use crate::bench::Bench;
use crate::recognised::{present, role, scripted};
use crate::scripted::Say;
use tenure_engine::Belief;
use tenure_model::{Observation, SurveyState};

fn roles(start: &str, count: usize) -> Vec<Observation> {
    (0..count).map(|number| role(&format!("{start}{number}"))).collect()
}

/// Loses so many of ten lasting and all of thirty passing things.
async fn losing(lasting: usize, is_said: bool) -> (SurveyState, usize) {
    let bench = Bench::new();
    let said = || is_said.then_some(Say::Ephemeral("jobs"));
    let mut first = vec![Say::Page("roles", roles("r", 10)), Say::End("roles")];
    first.extend(said());
    first.extend([Say::Page("jobs", roles("j", 30)), Say::End("jobs")]);
    let (deployment, script, _) = scripted(&bench, first).await;
    let mut second = vec![Say::Page("roles", roles("r", 10 - lasting)), Say::End("roles")];
    second.extend(said());
    second.push(Say::End("jobs"));
    script.next(second);
    let survey = deployment.engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
    (survey.state, present(&deployment.engine).await.len())
}

#[tokio::test]
async fn what_comes_and_goes_ends_without_a_person_and_only_where_that_is_said() {
    assert_eq!(losing(0, true).await, (SurveyState::Complete, 10));
    assert_eq!(losing(0, false).await, (SurveyState::Held, 40));
}

#[tokio::test]
async fn a_loss_of_what_lasts_is_held_as_ever_and_by_its_own_share() {
    assert_eq!(losing(5, true).await, (SurveyState::Held, 40));
    assert_eq!(losing(4, true).await, (SurveyState::Complete, 6));
}

#[tokio::test]
async fn a_connector_is_told_the_keys_that_are_present() {
    let bench = Bench::new();
    let first = vec![Say::Page("roles", roles("r", 3)), Say::End("roles")];
    let (deployment, script, _) = scripted(&bench, first).await;
    for (say, heard) in [("key:r", "key:r0 key:r1"), ("key:x", "")] {
        script.next(vec![Say::Page("roles", roles("r", 2)), Say::End("roles")]);
        script.next(vec![Say::Known(say), Say::Page("roles", roles("r", 2)), Say::End("roles")]);
        for _ in 0..2 {
            deployment.engine.survey(None, "main", Belief::HoldWhenMuchIsMissing).await.unwrap();
        }
        assert_eq!(script.heard(), [heard]);
    }
}
