//! The policies and the standing, written a second time in plain Rust, without Cedar.
//!
//! Written from the sentences in `docs/policies.md`, not from the judge's code; where both
//! disagree on any drawn dossier, one of them is wrong. Used by the bench as a baseline.

use std::time::Duration;
use tenure_judge::{Dossier, PrincipalDossier};
use tenure_model::{
    CredentialState, Fact, Facts, Instant, Presence, PrincipalKind, ProofLevel, Standing, names,
};

const DAY: Duration = Duration::from_hours(24);

/// What the model needs from a programme.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub(crate) rotation_days_max: u32,
    pub(crate) application_use_days: u32,
    pub(crate) required: ProofLevel,
    /// Program names that are administrative, exactly or by this beginning, in lower case.
    pub(crate) administrative: Vec<&'static str>,
}

/// Which conditions fail, as `(policy, subject)`, sorted.
pub(crate) fn failing(dossier: &Dossier, lines: &Lines, now: Instant) -> Vec<(&'static str, String)> {
    let enrolled = dossier.enrolled || dossier.built_in;
    let mut failing = Vec::new();
    let ownerless = dossier.charter.business_owner.is_none() && dossier.charter.technical_owner.is_none();
    let present = dossier.principals.iter().any(seen);
    if enrolled && !dossier.built_in && present && ownerless {
        failing.push(("no_owner", format!("identity:{}", dossier.identity)));
    }
    for principal in &dossier.principals {
        let subject = || format!("principal:{}", principal.id);
        if dead_below_level(principal, lines) {
            failing.push(("dead_below_level", subject()));
        }
        if seen(principal) && !principal.name_ended.is_empty() && ownerless {
            failing.push(("returned_name", subject()));
        }
        if open(principal) && known_text(&principal.facts, names::PASSWORDLESS_RULE) {
            failing.push(("passwordless_access", subject()));
        }
        if open(principal)
            && principal.facts.get(names::SUPERUSER) == Some(&Fact::Flag(true))
            && used_by_application(principal, lines, now)
        {
            failing.push(("superuser_as_application_role", subject()));
        }
        for credential in &principal.credentials {
            let subject = || format!("credential:{}", credential.id);
            let ended = credential.valid_until.is_some_and(|until| until <= now);
            if credential.state != CredentialState::Live || !open(principal) || ended {
                continue;
            }
            let verifier = match credential.facts.get(names::VERIFIER) {
                Some(Fact::Text(verifier)) => Some(verifier.as_str()),
                _ => None,
            };
            if known_text(&credential.facts, names::WEAK)
                || verifier == Some("md5")
                || known_text(&credential.facts, names::GUESSABLE)
                || !credential.same_value.is_empty()
            {
                failing.push(("weak_or_reused_password", subject()));
            }
            if !credential.value_ended.is_empty() {
                failing.push(("returned_value", subject()));
            }
            let days = dossier.charter.rotation_days.unwrap_or(u32::MAX).min(lines.rotation_days_max);
            let value_since = credential.value_changed_at.unwrap_or(credential.first_seen);
            let overdue = value_since.plus(DAY * days) <= now;
            if enrolled && overdue && verifier.is_some_and(|verifier| verifier != "none") {
                failing.push(("rotation_overdue", subject()));
            }
        }
    }
    failing.sort();
    failing
}

/// The standing, given whether any condition fails and whether any is past its grace.
pub(crate) fn standing(dossier: &Dossier, lines: &Lines, fails: bool, past_grace: bool) -> Standing {
    let count = |presence| dossier.principals.iter().filter(|p| p.presence == presence).count();
    let all = dossier.principals.len();
    if dossier.principals.iter().any(|principal| dead_below_level(principal, lines)) {
        Standing::Unproven
    } else if all > 0 && count(Presence::Retired) == all {
        Standing::Retired
    } else if !dossier.principals.iter().any(seen) {
        // Whoever was there when its source was removed is not gone.
        if count(Presence::Present) == 0 { Standing::Gone } else { Standing::Suspended }
    } else if !dossier.enrolled && !dossier.built_in {
        Standing::Unclaimed
    } else {
        match (fails, past_grace) {
            (true, true) => Standing::Lapsed,
            (true, false) => Standing::Due,
            (false, _) => Standing::Sound,
        }
    }
}

fn dead_below_level(principal: &PrincipalDossier, lines: &Lines) -> bool {
    let claimed = principal.claimed_dead.is_some() || principal.presence == Presence::Unproven;
    let weakly = match &principal.claimed_dead {
        Some(claim) => claim.level < claim.required || claim.level < lines.required,
        None => true,
    };
    let shut_out = principal.kind == PrincipalKind::Group
        || principal.facts.get(names::LOGIN) == Some(&Fact::Flag(false));
    claimed && (weakly || (seen(principal) && !shut_out))
}

/// There, as far as a source says that is still read.
fn seen(principal: &PrincipalDossier) -> bool {
    principal.presence == Presence::Present && principal.unread_since.is_none()
}

/// Present, and known to be let in.
fn open(principal: &PrincipalDossier) -> bool {
    seen(principal)
        && principal.kind == PrincipalKind::Account
        && principal.facts.get(names::LOGIN) == Some(&Fact::Flag(true))
}

fn known_text(facts: &Facts, name: &str) -> bool {
    match facts.get(name) {
        Some(Fact::Text(text)) => !text.is_empty(),
        Some(Fact::Texts(texts)) => !texts.is_empty(),
        _ => false,
    }
}

fn used_by_application(principal: &PrincipalDossier, lines: &Lines, now: Instant) -> bool {
    principal.uses.iter().any(|used| {
        let recent = used.last_seen.plus(DAY * lines.application_use_days) > now;
        let consumer = used.consumer.to_lowercase();
        let program = consumer.split_once(" (").map_or("", |(_, program)| program.trim_end_matches(')'));
        let administrative = lines.administrative.iter().any(|name| match name.strip_suffix('*') {
            Some(beginning) => program.starts_with(beginning),
            None => program == *name,
        });
        used.count > 0 && recent && !administrative
    })
}
