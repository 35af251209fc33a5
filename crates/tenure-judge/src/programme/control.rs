//! A control: what must hold, who delivers it, and what follows when it does not hold for long.
//!
//! A control is called by the id its policies serve. What it may do by itself is decided in `readiness.rs`, and never
//! here; this file only refuses what cannot be meant. Next: `readiness.rs`.

use super::{CheckMode, Day, Part, Partner, Programme, ProgrammeRefused, framework, named, partner};
use crate::policy;
use serde::{Deserialize, Serialize};
use tenure_model::{ConsequenceMode, ConsequenceStage, noun, printable};

/// Controls of one programme, references and acceptances of one control, at most.
const CONTROLS_MAX: usize = 50;
const REFERENCES_MAX: usize = 50;
const ACCEPTED_MAX: usize = 10;
/// Characters of what must hold, and of why a warning is accepted.
const LINE_CHARS_MAX: usize = 300;
/// Days after which a stage may come, at most.
const AFTER_DAYS_MAX: u32 = 365;

noun! {
    /// What the check warns of and does not refuse, unless the programme is strict.
    pub enum CheckWarning as "warning" {
        /// Of a partner, the one who is asked next is the one who was asked first.
        FallbackIsContact = "fallback_is_contact",
        /// One partner approves, implements, monitors and revokes.
        OnePartnerEverywhere = "one_partner_everywhere",
        /// Nobody tried a playbook that it goes by, as it is now and lately enough.
        PlaybookNotDrilled = "playbook_not_drilled",
    }
}

noun! {
    /// One of the four parts that partners have in a control.
    pub enum PartnerRole as "role of a partner" {
        /// Agrees to how it is done.
        Approves = "approves",
        /// Does it.
        Implements = "implements",
        /// Sees whether it holds.
        Monitors = "monitors",
        /// Ends what does not hold.
        Revokes = "revokes",
    }
}

/// What must hold, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// The control that policies serve, such as `NHI7:2025`.
    pub id: String,
    /// One line: what must hold.
    pub holds: String,
    /// The partner that approves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approves: Option<String>,
    /// The partner that implements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub implements: Option<String>,
    /// The partner that monitors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitors: Option<String>,
    /// The partner that revokes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revokes: Option<String>,
    /// Who is asked when nobody of a partner answers, by the name they have in the deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation: Option<String>,
    /// Ids of frameworks that ask for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// What follows when it does not hold, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consequences: Vec<Consequence>,
    /// Whether that is begun or only recorded; recorded, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ConsequenceMode>,
    /// Warnings of the check that somebody accepted for a while.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Accepted>,
}

impl Programme {
    /// Whether somebody of this name is the contact or the fallback of the partner that approves a control.
    pub fn approves(&self, control: &str, name: &str) -> bool {
        let control = self.controls.iter().find(|one| one.id == control);
        let partner = control.and_then(|control| control.approves.as_ref());
        let partner = partner.and_then(|id| self.partners.iter().find(|one| one.id == *id));
        partner
            .is_some_and(|partner| [&partner.contact, &partner.fallback].into_iter().any(|one| one == name))
    }
}

/// A stage of what follows, and when it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consequence {
    /// Which stage.
    pub stage: ConsequenceStage,
    /// So many days after an identity lapsed by this control.
    pub after_days: u32,
}

/// A warning of the check that is accepted for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// Which warning.
    pub warning: CheckWarning,
    /// The last day on which that counts.
    pub until: Day,
    /// Why.
    pub reason: String,
}

impl Control {
    /// The partner of a role, by its id.
    pub fn partner(&self, role: PartnerRole) -> Option<&str> {
        let of = match role {
            PartnerRole::Approves => &self.approves,
            PartnerRole::Implements => &self.implements,
            PartnerRole::Monitors => &self.monitors,
            PartnerRole::Revokes => &self.revokes,
        };
        of.as_deref()
    }

    /// After how many days a stage comes; nothing where it never does.
    pub fn after_days(&self, stage: ConsequenceStage) -> Option<u32> {
        self.consequences.iter().find(|one| one.stage == stage).map(|one| one.after_days)
    }

    /// What its references are called now, each once.
    pub fn references_now(&self) -> Vec<String> {
        let all = self.references.iter().filter_map(|given| framework::normalised(given).ok()).flatten();
        all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
    }
}

/// Everything that is wrong with the controls, as far as the files show it.
pub(super) fn faults(controls: &[Control], partners: &[Partner], check: CheckMode) -> Vec<ProgrammeRefused> {
    let ids: Vec<&str> = controls.iter().map(|one| one.id.as_str()).collect();
    let known: Vec<&str> = policy::controls().into_iter().collect();
    let partners: Vec<&str> = partners.iter().map(|one| one.id.as_str()).collect();
    let mut faults = named::faults(Part::Control, &ids, CONTROLS_MAX);
    for (index, control) in controls.iter().enumerate().take(CONTROLS_MAX) {
        let mut unfit = |field, why: String| {
            faults.push(ProgrammeRefused::PartUnfit { part: Part::Control, index, field, why });
        };
        if !known.contains(&control.id.as_str()) {
            unfit("id", named::unknown(&control.id, "control that a policy serves", &known));
        }
        if let Some(why) = no_line(&control.holds) {
            unfit("holds", format!("it says in one line what must hold: {why}"));
        }
        for role in PartnerRole::ALL {
            if let Some(given) = control.partner(*role).filter(|given| !partners.contains(given)) {
                unfit(role.as_str(), named::unknown(given, "partner", &partners));
            }
        }
        if let Some(why) = control.escalation.as_deref().and_then(partner::no_name) {
            unfit("escalation", why);
        }
        if control.references.len() > REFERENCES_MAX {
            let count = control.references.len();
            unfit("references", format!("it has {count} references; at most {REFERENCES_MAX} are read"));
        }
        for given in control.references.iter().take(REFERENCES_MAX) {
            if let Err(why) = framework::normalised(given) {
                unfit("references", why);
            }
        }
        for (field, why) in staged(control).into_iter().chain(accepted(control, check)) {
            unfit(field, why);
        }
    }
    faults
}

/// What is wrong with the stages. None can be skipped: what disables has warned.
fn staged(control: &Control) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    let mut unfit = |why: &str| faults.push(("consequences", why.to_owned()));
    let stages: Vec<ConsequenceStage> = control.consequences.iter().map(|one| one.stage).collect();
    match stages.as_slice() {
        [] | [ConsequenceStage::Warn] | [ConsequenceStage::Warn, ConsequenceStage::Disable] => {}
        _ => unfit("the stages are `warn` and after it `disable`, each once; none is skipped"),
    }
    if control.consequences.iter().any(|one| one.after_days > AFTER_DAYS_MAX) {
        unfit("a stage comes after 365 days at most");
    }
    let days = |stage| control.after_days(stage);
    if let (Some(warn), Some(disable)) = (days(ConsequenceStage::Warn), days(ConsequenceStage::Disable))
        && disable <= warn
    {
        unfit("`disable` comes at least one day after `warn`");
    }
    if control.mode.is_some() && control.consequences.is_empty() {
        faults.push(("mode", "nothing follows, so there is nothing to observe or to enforce".to_owned()));
    }
    faults
}

fn accepted(control: &Control, check: CheckMode) -> Vec<(&'static str, String)> {
    let mut faults = Vec::new();
    if check == CheckMode::Refuse && !control.accepted.is_empty() {
        let why = "nothing is accepted where `check = \"refuse\"`".to_owned();
        faults.push(("accepted", why));
    }
    if control.accepted.len() > ACCEPTED_MAX {
        faults.push(("accepted", format!("at most {ACCEPTED_MAX} are read")));
    }
    for (index, one) in control.accepted.iter().enumerate().take(ACCEPTED_MAX) {
        if let Some(why) = no_line(&one.reason) {
            faults.push(("accepted", format!("`{}` is accepted for a reason: {why}", one.warning)));
        }
        if control.accepted.iter().take(index).any(|other| other.warning == one.warning) {
            faults.push(("accepted", format!("`{}` is accepted twice", one.warning)));
        }
    }
    faults
}

pub(super) fn no_line(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("it is empty".to_owned());
    }
    if text.chars().count() > LINE_CHARS_MAX || text.contains('\n') {
        return Some(format!(
            "`{}` is not one line of at most {LINE_CHARS_MAX} characters",
            printable(text, 60)
        ));
    }
    None
}
