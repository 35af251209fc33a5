//! What is imported is a claim: marked as one, never acted on, never proved.

use crate::bed::{Bed, KEY_ONLY};
use std::time::Duration;
use tenure_connect::{Act, DerivedReading, Effect, OutsideFailure, Target};
use tenure_model::{
    ActionId, ControlPlane, Fact, Instant, IntentId, IntentRecord, Observation, PlanId, PrincipalKey,
    ProbeAnswer, RecordedIntent, Secret, ShortName, SourceId, StepKind, names,
};

fn target() -> Target {
    Target::principal(PrincipalKey("a".to_owned()), "a".to_owned())
}

#[tokio::test]
async fn everything_says_that_it_is_a_claim_and_where_it_stands() {
    let bed = Bed::new();
    let mapping = format!("{KEY_ONLY}[[credential]]\nkey = {{ is = \"k\" }}\nkind = {{ is = \"token\" }}\n");
    let survey = bed.survey("csv", "id\na\nb\n", &mapping).await;
    let mut marked = 0;
    for seen in &survey.seen {
        let facts = match seen {
            Observation::Principal(principal) => &principal.facts,
            Observation::Credential(credential) => &credential.facts,
            other => panic!("{other:?}"),
        };
        assert_eq!(facts["claimed"], Fact::Flag(true));
        let place = Fact::Text(format!("{}:{}", bed.path("list").display(), 2 + marked / 2));
        assert_eq!(facts[names::DEFINED_IN], place);
        marked += 1;
    }
    assert_eq!(marked, 4);
    let first = &survey.notes[0];
    assert!(first.why.contains("somebody's word (P0): the system itself was never seen"), "{first:?}");
    assert!(!first.remedy.is_empty());
    assert_eq!(survey.notes.iter().filter(|note| note.what == "last use").count(), 1);
}

#[tokio::test]
async fn no_question_is_answered_with_more_than_that_it_cannot_be_known() {
    let bed = Bed::new();
    bed.write("mapping.toml", KEY_ONLY);
    bed.write("list.csv", "id\na\n");
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
    assert!(tenure_connect_import::MANIFEST.steps.is_empty());
    let (target, value) = (target(), Secret::new("a-value-of-some-length".to_owned()));
    let primary = ShortName::parse("primary").unwrap();
    assert!(matches!(source.probe(&primary, &target, &value).await, ProbeAnswer::CannotKnow { .. }));
    assert!(matches!(source.control_plane(&target).await, ControlPlane::Unread { .. }));
    let derived = source.derived(&target).await;
    assert!(derived.found.is_empty(), "{derived:?}");
    assert_ne!(derived, DerivedReading::default(), "nothing found is not the same as nothing there");
    assert!(source.keepsake(&target).await.unwrap().is_none());
    for step in StepKind::ALL {
        assert!(matches!(source.effect(&target, *step, None).await, Effect::Unobserved { .. }), "{step}");
    }
    let now = Instant::from_micros(0);
    let intent = RecordedIntent::for_conformance(IntentRecord {
        id: IntentId::new(now, [1; 10]),
        plan: PlanId::new(now, [2; 10]),
        action: ActionId::new(now, [3; 10]),
        attempt: 1,
        source: SourceId::new(now, [0; 10]),
        principal: target.key.clone(),
        principal_name: target.name.clone(),
        file: None,
        deadline: now.plus(Duration::from_mins(5)),
    });
    for act in [Act::Deny { value: &value }, Act::Disable, Act::EndSessions, Act::Delete { heir: None }] {
        let refused = source.act(&intent, &act).await.unwrap_err();
        assert!(matches!(refused, OutsideFailure::NotOurs { .. }), "{refused}");
    }
    let radius = source.blast_radius(&target, None).await.unwrap();
    assert!(radius.undo_restores_value.is_err() && !radius.unread.is_empty() && !radius.warnings.is_empty());
}

#[tokio::test]
async fn what_a_person_can_do_by_hand_is_said_even_when_the_mapping_is_lost() {
    let bed = Bed::new();
    bed.write("list.csv", "id\na\n");
    bed.write("mapping.toml", format!("by_hand = [\"crm off {{name}}\"]\n{KEY_ONLY}"));
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
    let lines = source.by_hand(&target());
    assert_eq!(lines[1], "crm off 'a'");
    assert!(lines[0].contains("cannot act") && lines[2].contains("(P0), and never as proved"), "{lines:?}");
    std::fs::remove_file(bed.path("mapping.toml")).unwrap();
    assert!(source.by_hand(&target())[1].starts_with("# no command is known"));
}

#[tokio::test]
async fn a_check_says_what_is_understood_and_that_nothing_can_be_done() {
    let bed = Bed::new();
    bed.write("list.csv", "id\na\n\"\"\nb\n");
    bed.write("mapping.toml", KEY_ONLY);
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
    let report = source.check().await.unwrap();
    assert_eq!(
        report.system,
        "a file of claims (csv; of the first 3 records: principals 2, credentials 0, rights 0)"
    );
    let able: Vec<bool> = report.abilities.iter().map(|ability| ability.able).collect();
    assert_eq!(able, [true, false, false]);
    assert!(report.abilities[1].remedy.as_ref().unwrap().starts_with("line 3: column `id` is empty"));
    std::fs::remove_file(bed.path("list.csv")).unwrap();
    assert!(source.check().await.is_err());
}
