//! Playbooks: what is done when something happens, step by step, agreed before it does; and whether somebody tried that lately.
//!
//! Pure: what was tried, and now, come in. A playbook is carried out by people, never by Tenure. That one which a control goes by
//! was not tried is a warning of its check. Next: `readiness.rs`.

use super::{CheckWarning, Control, Part, ProgrammeRefused, control, days_long, named};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tenure_model::Instant;

/// Playbooks of one programme, controls that go by one, and steps of one, at most.
const PLAYBOOKS_MAX: usize = 50;
const CONTROLS_MAX: usize = 50;
const STEPS_MAX: usize = 30;
/// Days for which a drill counts: unless said, at least and at most.
const DRILLED_DAYS: u32 = 180;
const DRILLED_DAYS_MAX: u32 = 400;

/// What is done when something happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Its short name: lower-case letters, digits and hyphens.
    pub id: String,
    /// One line: when it is for.
    pub when: String,
    /// The controls that go by it.
    pub controls: Vec<String>,
    /// What is done, in this order, each in one line.
    pub steps: Vec<String>,
    /// For how many days a drill counts.
    #[serde(default = "drilled_days")]
    pub drilled_days_max: u32,
}

const fn drilled_days() -> u32 {
    DRILLED_DAYS
}

/// That somebody tried a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drill {
    /// When.
    pub at: Instant,
    /// It did what it is for.
    pub held: bool,
    /// What the playbook said then.
    pub text: String,
}

/// The last drill of each playbook, by its id.
pub type Drills = BTreeMap<String, Drill>;

impl Playbook {
    /// All that somebody goes by who carries it out: one that says something else is another.
    pub fn text(&self) -> String {
        let steps = self.steps.iter().enumerate().map(|(at, step)| format!("{}. {step}\n", at + 1));
        format!("{}\n{}", self.when, steps.collect::<String>())
    }

    /// Until when its last drill counts; otherwise why none does.
    pub fn drilled(&self, drills: &Drills, now: Instant) -> Result<Instant, String> {
        let id = &self.id;
        let Some(drill) = drills.get(id) else { return Err(format!("playbook `{id}` was never drilled")) };
        let at = drill.at;
        if drill.text != self.text() {
            return Err(format!("playbook `{id}` says something else since it was drilled {at:#}"));
        }
        if !drill.held {
            return Err(format!("playbook `{id}` did not hold when it was drilled {at:#}"));
        }
        let until = at.plus(days_long(self.drilled_days_max));
        if until <= now {
            let days = self.drilled_days_max;
            return Err(format!("playbook `{id}` was drilled {at:#}, which counts for {days} days"));
        }
        Ok(until)
    }
}

/// The warnings of a control whose playbooks nobody tried as they are now.
pub(super) fn not_drilled(
    playbooks: &[Playbook],
    control: &str,
    drills: &Drills,
    now: Instant,
) -> Vec<(CheckWarning, String)> {
    let theirs = playbooks.iter().filter(|one| one.controls.iter().any(|id| id == control));
    let faulty = theirs.filter_map(|one| one.drilled(drills, now).err());
    let next = "(tenure programme drill)";
    faulty.map(|why| (CheckWarning::PlaybookNotDrilled, format!("{why} {next}"))).collect()
}

/// Everything that is wrong with the playbooks, as far as the files show it.
pub(super) fn faults(playbooks: &[Playbook], controls: &[Control]) -> Vec<ProgrammeRefused> {
    let ids: Vec<&str> = playbooks.iter().map(|one| one.id.as_str()).collect();
    let known: Vec<&str> = controls.iter().map(|one| one.id.as_str()).collect();
    let mut faults = named::faults(Part::Playbook, &ids, PLAYBOOKS_MAX);
    for (index, playbook) in playbooks.iter().enumerate().take(PLAYBOOKS_MAX) {
        let mut unfit = |field, why: String| {
            faults.push(ProgrammeRefused::PartUnfit { part: Part::Playbook, index, field, why });
        };
        if let Some(why) = control::no_line(&playbook.when) {
            unfit("when", format!("it says in one line when it is for: {why}"));
        }
        if playbook.controls.is_empty() || playbook.controls.len() > CONTROLS_MAX {
            unfit("controls", format!("from 1 to {CONTROLS_MAX} controls go by it"));
        }
        for (at, given) in playbook.controls.iter().enumerate().take(CONTROLS_MAX) {
            if !known.contains(&given.as_str()) {
                unfit("controls", named::unknown(given, "control of this programme", &known));
            } else if playbook.controls.iter().take(at).any(|other| other == given) {
                unfit("controls", format!("`{given}` stands there twice"));
            }
        }
        if playbook.steps.is_empty() || playbook.steps.len() > STEPS_MAX {
            unfit("steps", format!("it has from 1 to {STEPS_MAX} steps"));
        }
        for why in playbook.steps.iter().take(STEPS_MAX).filter_map(|step| control::no_line(step)) {
            unfit("steps", format!("each step is one line: {why}"));
        }
        if !(1..=DRILLED_DAYS_MAX).contains(&playbook.drilled_days_max) {
            let why = format!("`drilled_days_max` is from 1 to {DRILLED_DAYS_MAX}");
            unfit("drilled_days_max", why);
        }
    }
    faults
}
