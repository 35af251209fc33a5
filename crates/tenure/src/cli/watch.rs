//! Watching long work: a line that is redrawn on a terminal, and a plan carried out step by step.
//!
//! Facts go to standard output as they happen; the moving line goes to standard error, only on
//! a terminal, and is gone when it ends.

use crate::{
    client::part,
    context::{Context, Form},
    failure::Failure,
    render::{
        plan::{answered, intention, is_over, step_line},
        width::cut,
    },
    session::{Session, shaped},
    terminal,
    wire::PlanShown,
};
use serde_json::Value;
use std::{collections::BTreeMap, io::Write as _, time::Duration};
use tenure_model::{StepKind, StepState};

/// How often a plan is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(150);
/// The frames of the moving sign.
const TURNS: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// A line on standard error that is redrawn in place. Nothing at all without a terminal.
pub(crate) struct Line {
    columns: Option<usize>,
    turn: usize,
    shown: bool,
}

impl Line {
    /// A line for this terminal.
    pub(crate) fn new(context: &Context) -> Self {
        let moving = context.terminal.output && context.terminal.can_ask && context.form == Form::Text;
        Self { columns: context.frame().columns.filter(|_| moving), turn: 0, shown: false }
    }

    /// Draws it.
    pub(crate) fn show(&mut self, text: &str) {
        let Some(columns) = self.columns else { return };
        let turn = TURNS.get(self.turn % TURNS.len()).copied().unwrap_or_default();
        self.turn = self.turn.wrapping_add(1);
        self.shown = true;
        eprint!("\r\u{1b}[K{turn} {}", cut(text, columns.saturating_sub(3)));
        let _ = std::io::stderr().flush();
    }

    /// Takes it away.
    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            eprint!("\r\u{1b}[K");
            let _ = std::io::stderr().flush();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

/// What was told of each step already: where it stood and what was answered.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<i64, (StepState, Option<String>)>);

impl Told {
    /// Positions of steps about which there is something new to tell, in order.
    pub(crate) fn news(&mut self, shown: &PlanShown) -> Vec<i64> {
        let mut news = Vec::new();
        for step in &shown.steps {
            let worth_telling = !matches!(step.state, StepState::Waiting | StepState::Intended);
            let now = (step.state, step.answer.clone());
            if worth_telling && self.0.get(&step.position) != Some(&now) {
                self.0.insert(step.position, now);
                news.push(step.position);
            }
        }
        news
    }
}

/// How watching ended.
pub(crate) enum Watched {
    /// Nothing more will happen by itself.
    Over,
    /// Time was up, or somebody pressed Ctrl-C: it goes on without us.
    Pending,
}

/// Watches a plan until it is over or `patience` is at its end. What `before` shows is not told again.
pub(crate) async fn plan(
    session: &Session<'_>,
    context: &Context,
    handle: &str,
    patience: Duration,
    before: Option<&PlanShown>,
) -> Result<(PlanShown, Value, Watched), Failure> {
    let what = "what became of the plan was not seen";
    let deadline = tokio::time::Instant::now() + patience;
    let (mut told, mut line) = (Told::default(), Line::new(context));
    let mut interrupt = terminal::interrupts()?;
    if let Some(before) = before {
        told.news(before);
    }
    loop {
        let document = session.get(what, &format!("/api/v1/plans/{}", part(handle))).await?;
        let shown: PlanShown = shaped(&document)?;
        let news = told.news(&shown);
        if !news.is_empty() {
            line.clear();
        }
        for step in shown.steps.iter().filter(|step| news.contains(&step.position)) {
            context.say(step_line(step, &shown, context.frame()));
        }
        if is_over(shown.plan.state) {
            return Ok((shown, document, Watched::Over));
        }
        line.show(&now_doing(&shown));
        if tokio::time::Instant::now() >= deadline {
            return Ok((shown, document, Watched::Pending));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            _ = interrupt.recv() => return Ok((shown, document, Watched::Pending)),
        }
    }
}

/// What is going on, for the moving line.
fn now_doing(shown: &PlanShown) -> String {
    let current = shown
        .steps
        .iter()
        .find(|step| !matches!(step.state, StepState::Done | StepState::Skipped | StepState::Undone));
    match current {
        Some(step) if step.kind == StepKind::Prove && shown.plan.file.is_none() => {
            let refused = answered(shown, "after", "refused");
            format!(
                "probing: refused at {refused} of {}",
                tenure_model::counted(shown.plan.points.len(), "point")
            )
        }
        Some(step) => intention(step.kind).to_owned(),
        None => String::from("finishing"),
    }
}

#[cfg(test)]
mod tests {
    use super::Told;
    use crate::wire::PlanShown;
    use serde_json::json;

    #[test]
    fn each_change_of_a_step_is_told_once() {
        let shown = |state: &str, answer: &str| -> PlanShown {
            serde_json::from_value(json!({
                "plan": {
                    "handle": "k7wd2m", "kind": "disable", "state": "running", "principal_name": "x", "reason": "y",
                    "digest": "", "blast_radius": {}, "points": [], "heir": null, "required_level": "P2", "lag_us": 0,
                    "level": null, "sentence": null, "created": "2026-11-21T12:01:02Z", "settled": null,
                },
                "identity_name": "x", "probes": [], "approvals": [], "evidence": [],
                "steps": [{
                    "position": 1, "kind": "disable", "state": state, "attempt": 1, "answer": answer, "escalated": null,
                }],
            }))
            .unwrap()
        };
        let mut told = Told::default();
        let news: Vec<usize> = [
            ("waiting", ""),
            ("intended", ""),
            ("failed", "lock timeout"),
            ("intended", ""),
            ("failed", "lock timeout"),
            ("failed", "no answer"),
            ("done", ""),
            ("done", ""),
        ]
        .map(|(state, answer)| told.news(&shown(state, answer)).len())
        .to_vec();
        assert_eq!(news, [0, 0, 1, 0, 0, 1, 1, 0]);
    }
}
