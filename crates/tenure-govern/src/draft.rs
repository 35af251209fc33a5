//! Choosing the steps of a plan, and refusing dangerous plans.
//!
//! The order of a revocation closes the race with whoever holds the credential: deny, show
//! that our own value works, disable, end sessions, delete, sweep for what was minted
//! meanwhile, prove. Where a system says of a public key whether it would take it, nothing is
//! installed and there is no deny. The linter is apart from the drafting, so that no draft can talk it over.

use tenure_model::{PlanKind, ProofLevel, ShownBy, StepKind};

/// What is known about the principal when a plan is drafted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// May it authenticate now? If not, no value of ours can be shown to work. Of a file: is there somebody who can
    /// be seen to read it?
    pub may_authenticate: bool,
    /// Does it have a value at all that could be replaced?
    pub has_value: bool,
    /// What is tried at its points.
    pub shown_by: ShownBy,
    /// Can the connector end what is logged in?
    pub sessions_can_end: bool,
}

/// Why a plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanRefused {
    /// The connector cannot carry out any step: it only reads.
    #[error(
        "Tenure can only read this source and carries out nothing there; `tenure revoke NAME --by-hand` prints what a person can do"
    )]
    OnlyRead,
    /// The connector ends other kinds of principals, and not this one.
    #[error("Tenure does not end it: {why}")]
    NotEnded {
        /// Why, and what a person does instead.
        why: String,
    },
    /// The connector cannot carry out a step.
    #[error("this kind of source cannot `{step}`")]
    StepNotPossible {
        /// Which step.
        step: StepKind,
    },
    /// It would break something that must not break.
    #[error(
        "this plan would be dangerous: {}. Mend that, then plan again, or leave it as it is",
        why.join("; ")
    )]
    Dangerous {
        /// Each reason.
        why: Vec<String>,
    },
    /// What it would touch could not be read, so nobody could approve it knowingly.
    #[error("what this would touch could not be read: {}. Make it answer, then try again; disabling does not wait for it", what.join("; "))]
    Unread {
        /// What could not be read.
        what: Vec<String>,
    },
    /// It owns things and nobody was named to receive them.
    #[error("it owns {} and nobody is named to receive that; name one with --heir", tenure_model::counted(*owned, "thing"))]
    NoHeir {
        /// How many.
        owned: i64,
    },
    /// Whoever is named to receive what it owns can be handed nothing.
    #[error(
        "what it owns could not be handed over, so deleting it would stop there: {why}; name another with --heir, or disable it, which does not wait for that"
    )]
    HeirUnfit {
        /// Why, and what helps.
        why: String,
    },
}

/// The steps of a plan, in order.
pub fn draft_steps(kind: PlanKind, target: Target) -> Vec<StepKind> {
    if kind == PlanKind::Tighten {
        return steps_with_reader(target);
    }
    match target.shown_by {
        ShownBy::InstalledValue => steps_with_value(kind, target),
        ShownBy::PublicKey | ShownBy::Reader => steps_with_public_key(kind, target),
    }
}

/// Who reads a file is a matter of the file, whatever shows refusals elsewhere in the system.
fn steps_with_reader(target: Target) -> Vec<StepKind> {
    let control = [StepKind::Control].into_iter().filter(|_| target.may_authenticate);
    control.chain([StepKind::Tighten, StepKind::Prove]).collect()
}

/// Asking costs nothing and changes nothing, so that a disabling is shown as well as an end is.
fn steps_with_public_key(kind: PlanKind, target: Target) -> Vec<StepKind> {
    let control = [StepKind::Control].into_iter().filter(|_| target.may_authenticate);
    // What cannot be ended is looked for all the same, and keeps the level down while it lives.
    let end = [StepKind::EndSessions].into_iter().filter(|_| target.sessions_can_end);
    let stop = control.chain([StepKind::Disable]).chain(end);
    match kind {
        PlanKind::Enable => vec![StepKind::Enable, StepKind::Prove],
        PlanKind::Disable => stop.chain([StepKind::Prove]).collect(),
        PlanKind::Tighten => steps_with_reader(target),
        PlanKind::Revoke => stop.chain([StepKind::Delete, StepKind::Sweep, StepKind::Prove]).collect(),
    }
}

fn steps_with_value(kind: PlanKind, target: Target) -> Vec<StepKind> {
    match kind {
        PlanKind::Enable => vec![StepKind::Enable, StepKind::Prove],
        // The value stays as it is, so that the way back is whole.
        PlanKind::Disable => vec![StepKind::Disable, StepKind::EndSessions, StepKind::Prove],
        PlanKind::Tighten => steps_with_reader(target),
        PlanKind::Revoke if target.may_authenticate => vec![
            StepKind::Deny,
            StepKind::Control,
            StepKind::Disable,
            StepKind::EndSessions,
            StepKind::Delete,
            StepKind::Sweep,
            StepKind::Prove,
        ],
        // Letting it in again only to show a refusal would be the wrong way round.
        PlanKind::Revoke => {
            vec![StepKind::Disable, StepKind::EndSessions, StepKind::Delete, StepKind::Sweep, StepKind::Prove]
        }
    }
}

/// The level a plan of this kind must reach unless the programme asks for more.
pub fn level_required(kind: PlanKind, steps: &[StepKind], programme: ProofLevel) -> ProofLevel {
    match kind {
        PlanKind::Revoke => programme,
        // Where somebody can be seen to be refused, less is not enough.
        PlanKind::Tighten if steps.contains(&StepKind::Control) => ProofLevel::P3,
        PlanKind::Disable | PlanKind::Enable | PlanKind::Tighten => ProofLevel::P2,
    }
}

/// What a plan would touch, as far as the linter cares.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touches {
    /// Why it must not be done at all.
    pub refusals: Vec<String>,
    /// What could not be read.
    pub unread: Vec<String>,
    /// Things it owns.
    pub owned: i64,
    /// Somebody is named to receive them.
    pub has_heir: bool,
    /// Why whoever is named can receive nothing, whatever is granted.
    pub heir_unfit: Option<String>,
}

/// Refuses dangerous plans. `possible` are the steps the connector can carry out.
pub fn lint(steps: &[StepKind], possible: &[StepKind], touches: &Touches) -> Result<(), PlanRefused> {
    if !touches.refusals.is_empty() {
        return Err(PlanRefused::Dangerous { why: touches.refusals.clone() });
    }
    if possible.is_empty() && steps.iter().any(|step| step.acts()) {
        return Err(PlanRefused::OnlyRead);
    }
    if let Some(step) = steps.iter().find(|step| step.acts() && !possible.contains(step)) {
        return Err(PlanRefused::StepNotPossible { step: *step });
    }
    let removes = steps.iter().any(|step| step.is_final());
    if removes && !touches.unread.is_empty() {
        return Err(PlanRefused::Unread { what: touches.unread.clone() });
    }
    if removes && touches.owned > 0 && !touches.has_heir {
        return Err(PlanRefused::NoHeir { owned: touches.owned });
    }
    if let Some(why) = touches.heir_unfit.as_ref().filter(|_| removes && touches.owned > 0) {
        return Err(PlanRefused::HeirUnfit { why: why.clone() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{PlanRefused, Target, Touches, draft_steps, lint};
    use tenure_model::{PlanKind, ShownBy, StepKind};

    const BY_VALUE: Target = Target {
        may_authenticate: true,
        has_value: true,
        shown_by: ShownBy::InstalledValue,
        sessions_can_end: true,
    };

    fn check(kind: PlanKind, may_authenticate: bool, expect: &str) {
        check_of(kind, Target { may_authenticate, ..BY_VALUE }, expect);
    }

    fn check_of(kind: PlanKind, target: Target, expect: &str) {
        let steps = draft_steps(kind, target);
        let words: Vec<&str> = steps.iter().map(|step| step.as_str()).collect();
        assert_eq!(words.join(" "), expect);
    }

    #[test]
    fn the_steps_of_each_kind_of_plan() {
        check(PlanKind::Revoke, true, "deny control disable end_sessions delete sweep prove");
        check(PlanKind::Revoke, false, "disable end_sessions delete sweep prove");
        check(PlanKind::Disable, true, "disable end_sessions prove");
        check(PlanKind::Enable, false, "enable prove");
        check(PlanKind::Tighten, true, "control tighten prove");
        check(PlanKind::Tighten, false, "tighten prove");
    }

    #[test]
    fn a_file_is_shown_by_a_refusal_where_somebody_can_be_refused() {
        use tenure_model::ProofLevel;
        let required = |steps: &[StepKind]| super::level_required(PlanKind::Tighten, steps, ProofLevel::P4);
        assert_eq!(required(&[StepKind::Control, StepKind::Tighten, StepKind::Prove]), ProofLevel::P3);
        assert_eq!(required(&[StepKind::Tighten, StepKind::Prove]), ProofLevel::P2);
    }

    #[test]
    fn where_a_public_key_is_asked_for_nothing_is_installed_and_a_disabling_is_shown_too() {
        let key = Target { shown_by: ShownBy::PublicKey, sessions_can_end: false, ..BY_VALUE };
        check_of(PlanKind::Revoke, key, "control disable delete sweep prove");
        check_of(PlanKind::Disable, key, "control disable prove");
        check_of(PlanKind::Enable, key, "enable prove");
        let ends = Target { sessions_can_end: true, ..key };
        check_of(PlanKind::Revoke, ends, "control disable end_sessions delete sweep prove");
        let gone = Target { may_authenticate: false, ..key };
        check_of(PlanKind::Revoke, gone, "disable delete sweep prove");
    }

    #[test]
    fn a_plan_that_would_break_something_is_refused_with_every_reason() {
        let steps = draft_steps(PlanKind::Revoke, BY_VALUE);
        let refusals = vec![String::from("it is the account Tenure uses"), String::from("it is built in")];
        let refused = lint(&steps, StepKind::ALL, &Touches { refusals, ..Touches::default() }).unwrap_err();
        insta::assert_snapshot!(refused, @"this plan would be dangerous: it is the account Tenure uses; it is built in. Mend that, then plan again, or leave it as it is");
    }

    #[test]
    fn what_it_owns_needs_somebody_to_receive_it_only_when_it_is_removed() {
        let touches = Touches { owned: 3, ..Touches::default() };
        let revoke = draft_steps(PlanKind::Revoke, BY_VALUE);
        assert_eq!(lint(&revoke, StepKind::ALL, &touches), Err(PlanRefused::NoHeir { owned: 3 }));
        let disable = draft_steps(PlanKind::Disable, BY_VALUE);
        assert_eq!(lint(&disable, StepKind::ALL, &touches), Ok(()));
        let unfit = Touches { has_heir: true, heir_unfit: Some(String::from("`root` is …")), ..touches };
        let refused = PlanRefused::HeirUnfit { why: String::from("`root` is …") };
        assert_eq!(lint(&revoke, StepKind::ALL, &unfit), Err(refused));
        assert_eq!(lint(&disable, StepKind::ALL, &unfit), Ok(()));
        assert_eq!(lint(&revoke, StepKind::ALL, &Touches { owned: 0, ..unfit }), Ok(()));
    }

    #[test]
    fn where_nothing_can_be_carried_out_the_refusal_says_what_a_person_can_do() {
        for kind in PlanKind::ALL {
            let refused = lint(&draft_steps(*kind, BY_VALUE), &[], &Touches::default()).unwrap_err();
            assert_eq!(refused, PlanRefused::OnlyRead, "{kind}");
        }
        assert!(PlanRefused::OnlyRead.to_string().contains("--by-hand"));
        let some = lint(&[StepKind::Delete], &[StepKind::Disable], &Touches::default());
        assert_eq!(some, Err(PlanRefused::StepNotPossible { step: StepKind::Delete }));
    }

    #[test]
    fn a_blast_radius_that_could_not_be_read_stops_only_what_cannot_be_undone() {
        let touches = Touches { unread: vec![String::from("database `hr`")], ..Touches::default() };
        let revoke = draft_steps(PlanKind::Revoke, BY_VALUE);
        assert!(matches!(lint(&revoke, StepKind::ALL, &touches), Err(PlanRefused::Unread { .. })));
        assert_eq!(lint(&[StepKind::Disable], StepKind::ALL, &touches), Ok(()));
        assert_eq!(
            lint(&[StepKind::Delete], &[StepKind::Disable], &Touches::default()),
            Err(PlanRefused::StepNotPossible { step: StepKind::Delete })
        );
    }
}
