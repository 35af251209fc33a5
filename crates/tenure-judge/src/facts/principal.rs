//! What policies may ask about a principal.
//!
//! It must never look at what the principal's credentials may do beyond a live password;
//! `credential.rs` reads those. Next: `uses.rs`, the facts that rest on who uses it.

use super::{
    Holds, Lines, SHOWN_CHARS_MAX, Seen, Subject, SubjectKind, bare, credential, exact, is_owned, is_seen,
    may_log_in, read_flag, read_news, read_text, required_level, unread, uses,
};
use crate::{
    dossier::{Dossier, Gain, PrincipalDossier},
    programme::{Class, Thresholds, asks_for_requests, asks_for_rights},
};
use tenure_model::{CredentialKind, Fact, Instant, Presence, PrincipalKind, flag, names, noun, printable};

/// Rights outside of a charter that a reason names.
const RIGHTS_NAMED_MAX: usize = 5;
/// What no grant says, in the words in which a charter allows it: no permission check applies; it may make accounts.
const EVERYTHING: &str = "everything";
const CREATING: &str = "creating accounts";

noun! {
    /// What policies may ask about a principal.
    pub enum PrincipalFact as "principal fact" {
        /// Seen in the last complete reading.
        Present = "present",
        /// The system would let it authenticate.
        MayLogIn = "may_log_in",
        /// The system is known not to let it authenticate; when unknown, neither this nor `may_log_in`.
        ShutOut = "shut_out",
        /// No permission check applies to it.
        Superuser = "superuser",
        /// A program that is not an administrative one used it lately.
        ApplicationUse = "application_use",
        /// A rule lets it in without any credential.
        PasswordlessRule = "passwordless_rule",
        /// Somebody or something claims that it is dead.
        ClaimedDead = "claimed_dead",
        /// The claim is known less well than required.
        BelowRequiredLevel = "below_required_level",
        /// Another of its name, at the same source, was ended, and nobody answers for this one.
        NameEndedBefore = "name_ended_before",
        /// It acts by its own decisions, or serves tools to what does.
        Agent = "agent",
        /// A public key that lets its holder in.
        Key = "key",
        /// Part of a system itself, owned by its vendor.
        BuiltIn = "built_in",
        /// Somebody answers for its identity.
        Owned = "owned",
        /// Its identity was claimed, or is matched by a class of the programme.
        Enrolled = "enrolled",
        /// It was first seen after the baseline of its source.
        NewSinceBaseline = "new_since_baseline",
        /// It fetches whatever version of its program is newest.
        NotPinned = "not_pinned",
        /// Others than its account may change the file that defines it, or put another in its place.
        DefinitionOpen = "definition_open",
        /// It runs unattended, although a person could use it.
        ServiceAccount = "service_account",
        /// Its shell lets somebody work in it.
        LoginShell = "login_shell",
        /// A password of it would be accepted now.
        LivePassword = "live_password",
        /// It may do everything, or may make others.
        Administrator = "administrator",
        /// Every use would have been seen for `unused_days`, and none was.
        Unused = "unused",
        /// Something runs as it, by what it is or by who uses it.
        Service = "service",
        /// A person's tool or a terminal used it lately.
        InteractiveUse = "interactive_use",
        /// More programs used it lately than `shared_consumers_max`.
        SharedUse = "shared_use",
        /// It holds a right that the charter does not allow.
        OutsideCharter = "outside_charter",
        /// It was made where the programme asks for a request, and nobody had asked for it.
        MadeOutside = "made_outside",
        /// It gained a right where the programme asks for a request, and nobody had asked for it.
        GainedOutside = "gained_outside",
        /// It holds a right that was asked for until an end that has come.
        RightPastItsEnd = "right_past_its_end",
    }
}

/// Reads one principal of a dossier.
pub(super) fn read(dossier: &Dossier, principal: &PrincipalDossier, lines: &Lines<'_>) -> Subject {
    Subject {
        kind: SubjectKind::Principal,
        key: format!("principal:{}", principal.id),
        shown: shown(principal),
        system: principal.system.clone(),
        cause: exact(&principal.facts, names::DEFINED_IN),
        value_since: None,
        seen: PrincipalFact::ALL.iter().map(|fact| read_one(*fact, dossier, principal, lines)).collect(),
    }
}

fn read_one(fact: PrincipalFact, dossier: &Dossier, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let (name, facts) = (fact.as_str(), &principal.facts);
    match fact {
        PrincipalFact::Present => read_presence(name, principal),
        PrincipalFact::MayLogIn => read_login(name, may_log_in(principal), principal),
        PrincipalFact::ShutOut => read_login(name, may_log_in(principal).reversed(), principal),
        PrincipalFact::Superuser => read_flag(name, facts, names::SUPERUSER),
        PrincipalFact::ApplicationUse => uses::application(name, principal, lines),
        PrincipalFact::PasswordlessRule => read_text(name, facts, names::PASSWORDLESS_RULE),
        PrincipalFact::ClaimedDead => {
            let claimed = principal.claimed_dead.is_some() || principal.presence == Presence::Unproven;
            Seen::plain(name, claimed)
        }
        PrincipalFact::BelowRequiredLevel => read_level(name, principal, lines.thresholds),
        PrincipalFact::NameEndedBefore => read_name_ended(name, dossier, principal),
        PrincipalFact::Agent => Seen::plain(name, principal.kind == PrincipalKind::Agent),
        PrincipalFact::Key => Seen::plain(name, principal.kind == PrincipalKind::Key),
        PrincipalFact::BuiltIn => Seen::plain(name, dossier.built_in),
        PrincipalFact::Owned => Seen::plain(name, is_owned(dossier)),
        PrincipalFact::Enrolled => match lines.class {
            Some(class) => Seen::new(name, Holds::Yes, format!("of class `{}`", class.id)),
            None => Seen::plain(name, dossier.enrolled || is_governed_by_making(dossier, lines.classes)),
        },
        PrincipalFact::NewSinceBaseline => Seen::plain(name, dossier.new_since_baseline),
        PrincipalFact::NotPinned => read_text(name, facts, names::NOT_PINNED),
        PrincipalFact::DefinitionOpen => read_text(name, facts, names::WRITABLE_BY),
        PrincipalFact::ServiceAccount => read_news(name, facts, names::SERVICE_ACCOUNT),
        PrincipalFact::LoginShell => read_news(name, facts, names::LOGIN_SHELL),
        PrincipalFact::LivePassword => read_live_password(name, principal, lines.now),
        PrincipalFact::Administrator => read_administrator(name, principal),
        PrincipalFact::Unused => uses::none(name, principal, lines),
        PrincipalFact::Service => uses::service(name, principal, lines),
        PrincipalFact::InteractiveUse => uses::interactive(name, principal, lines),
        PrincipalFact::SharedUse => uses::shared(name, principal, lines),
        PrincipalFact::OutsideCharter => read_outside(name, principal, lines),
        PrincipalFact::MadeOutside => read_made_outside(name, principal, lines),
        PrincipalFact::GainedOutside => read_gained_outside(name, principal, lines),
        PrincipalFact::RightPastItsEnd => read_past_its_end(name, principal, lines.now),
    }
}

/// How people know a principal, with what it is where its name alone does not say.
fn shown(principal: &PrincipalDossier) -> String {
    let bare = bare(principal);
    match principal.kind {
        PrincipalKind::Account | PrincipalKind::Group | PrincipalKind::External => bare,
        PrincipalKind::Workload => format!("the workload {bare}"),
        PrincipalKind::Agent => format!("the agent {bare}"),
        PrincipalKind::Key => format!("the authorised key {bare}"),
        PrincipalKind::Machine => format!("the machine {bare}"),
    }
}

fn read_presence(name: &'static str, principal: &PrincipalDossier) -> Seen {
    match (principal.presence, unread(principal)) {
        (Presence::Present, Some(unread)) => Seen::new(name, Holds::Unknown, unread),
        (Presence::Present, None) => Seen::new(name, Holds::Yes, "it was seen in the last complete reading"),
        (gone @ (Presence::Gone | Presence::Retired | Presence::Unproven), _) => {
            Seen::new(name, Holds::No, gone.as_str())
        }
    }
}

fn read_login(name: &'static str, holds: Holds, principal: &PrincipalDossier) -> Seen {
    match (principal.kind, holds) {
        (PrincipalKind::Group, _) => Seen::new(name, holds, "a group"),
        (_, Holds::Unknown) => read_flag(name, &principal.facts, names::LOGIN),
        (_, Holds::Yes | Holds::No) => Seen::new(name, holds, ""),
    }
}

fn read_level(name: &'static str, principal: &PrincipalDossier, thresholds: &Thresholds) -> Seen {
    match &principal.claimed_dead {
        Some(claim) => {
            let required = required_level(claim.required, thresholds);
            let (sentence, meaning) = (printable(&claim.sentence, 300), claim.level.meaning());
            let known = if claim.level < required {
                format!("it is known to {} and {required} is required", claim.level)
            } else {
                format!("it is known to {} as required", claim.level)
            };
            let says = format!("{known} ({meaning}; {sentence})");
            Seen::new(name, Holds::when(claim.level < required), says)
        }
        None if principal.presence == Presence::Unproven => {
            Seen::new(name, Holds::Yes, "no proof is recorded")
        }
        None => Seen::new(name, Holds::No, "nobody claims it dead"),
    }
}

/// Those that were ended, in words; the fact holds when there are any.
pub(super) fn read_ended(name: &'static str, ended: &[String]) -> Seen {
    if ended.is_empty() {
        return Seen::plain(name, false);
    }
    let ended: Vec<String> = ended.iter().take(10).map(|one| printable(one, SHOWN_CHARS_MAX)).collect();
    Seen::new(name, Holds::Yes, ended.join(", "))
}

/// Whether it bears the name of the dead. Where somebody answers for it, it is there on purpose; what it
/// opens is another question, which its credentials answer.
fn read_name_ended(name: &'static str, dossier: &Dossier, principal: &PrincipalDossier) -> Seen {
    let seen = read_ended(name, &principal.name_ended);
    match seen.holds {
        Holds::Yes if is_owned(dossier) => {
            Seen::new(name, Holds::No, format!("{} before, and an owner answers for this one", seen.says))
        }
        Holds::Yes | Holds::No | Holds::Unknown => seen,
    }
}

/// Whether anybody who knows a password gets in by it.
fn read_live_password(name: &'static str, principal: &PrincipalDossier, now: Instant) -> Seen {
    let (mut latest, mut endless) = (None, false);
    for one in principal.credentials.iter().filter(|one| one.kind == CredentialKind::Password) {
        let set = tenure_model::text(&one.facts, names::VERIFIER) != Some("none");
        if !set || !credential::is_kept(one) || one.valid_until.is_some_and(|until| until <= now) {
            continue;
        }
        endless |= one.valid_until.is_none();
        latest = latest.max(one.valid_until);
    }
    let open = is_seen(principal) && (endless || latest.is_some());
    match may_log_in(principal) {
        Holds::Unknown if open => {
            read_flag(name, &principal.facts, names::LOGIN).flipping_when(!endless, latest)
        }
        Holds::Yes if open => Seen::plain(name, true).flipping_when(!endless, latest),
        Holds::Yes | Holds::No | Holds::Unknown => Seen::plain(name, false),
    }
}

/// Whether it may do everything, or may make others that may.
fn read_administrator(name: &'static str, principal: &PrincipalDossier) -> Seen {
    let facts = &principal.facts;
    if flag(facts, names::SUPERUSER) == Some(true) {
        return Seen::new(name, Holds::Yes, "no permission check applies to it");
    }
    match (facts.get(names::CREATE_PRINCIPALS), facts.get(names::SUPERUSER)) {
        (Some(Fact::Flag(true)), _) => Seen::new(name, Holds::Yes, "it may create accounts"),
        (_, Some(Fact::Flag(false))) => Seen::plain(name, false),
        _ => read_flag(name, facts, names::SUPERUSER),
    }
}

/// Whether it holds a right that the charter does not allow; nothing is said where the charter names no scope.
fn read_outside(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    if lines.allowed.is_empty() {
        return Seen::new(name, Holds::Unknown, "the charter names no allowed scope");
    }
    let outside = beyond(principal, lines);
    let asked = principal.gains.iter().filter_map(|gain| gain.asked_until);
    let flips_at = asked.filter(|until| *until > lines.now).min();
    if outside.is_empty() {
        return Seen::plain(name, false).flipping(flips_at);
    }
    let named: Vec<String> = outside
        .iter()
        .take(RIGHTS_NAMED_MAX)
        .map(|(right, since)| {
            let since = since.map_or_else(String::new, |since| format!(" (seen since {since:#})"));
            format!("`{}`{since:#}", printable(right, SHOWN_CHARS_MAX))
        })
        .collect();
    let says = match outside.len().checked_sub(RIGHTS_NAMED_MAX) {
        None | Some(0) => named.join(", "),
        Some(more) => format!("{} and {more} more", named.join(", ")),
    };
    Seen::new(name, Holds::Yes, says).flipping(flips_at)
}

/// The rights that the charter does not allow: `DROP on shop/table/public.orders`.
pub(crate) fn outside(principal: &PrincipalDossier, lines: &Lines<'_>) -> Vec<String> {
    beyond(principal, lines).into_iter().map(|(right, _)| right).collect()
}

/// The same, each with since when it is seen, where that is known. What no grant says stands first: that it may do
/// everything, or may make others that may.
fn beyond(principal: &PrincipalDossier, lines: &Lines<'_>) -> Vec<(String, Option<Instant>)> {
    let allows = |words: &str| lines.allowed.iter().any(|pattern| pattern.matches(words));
    let mut beyond = Vec::new();
    let holds = |fact: &str| flag(&principal.facts, fact) == Some(true);
    if !allows(EVERYTHING) {
        let administers = [(names::SUPERUSER, EVERYTHING), (names::CREATE_PRINCIPALS, CREATING)].into_iter();
        let held = administers.filter(|(fact, words)| holds(fact) && !allows(words));
        beyond.extend(held.map(|(_, words)| (words.to_owned(), None)));
    }
    let allowed = |right: &str, resource: &str| {
        let (whole, resource) = (format!("{right} on {resource}").to_lowercase(), resource.to_lowercase());
        allows(&whole) || allows(&resource)
    };
    // What others decided that it may hold until then is no wider than what was decided.
    let asked = |right: &str, resource: &str| {
        let until = |gain: &Gain| gain.asked_until.is_some_and(|until| until > lines.now);
        let of = |gain: &&Gain| (&*gain.right, &*gain.resource) == (right, resource);
        principal.gains.iter().any(|gain| of(&gain) && until(gain))
    };
    let held = principal
        .rights
        .iter()
        .filter(|held| !allowed(&held.right, &held.resource) && !asked(&held.right, &held.resource));
    beyond.extend(held.map(|held| (format!("{} on {}", held.right, held.resource), held.since)));
    beyond
}

/// Whether what was made outside is there: the programme asked about it when it was made, whatever became of its class.
pub(crate) fn is_governed_by_making(dossier: &Dossier, classes: &[Class]) -> bool {
    let outside =
        dossier.principals.iter().filter(|one| is_seen(one)).filter_map(|one| one.made_outside.as_ref());
    !dossier.built_in && outside.into_iter().any(|made| asks_for_requests(classes, &made.class))
}

/// Whether it was made where a request was needed, without one. Who owns it by now is another question.
fn read_made_outside(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let Some(made) = &principal.made_outside else {
        return Seen::new(name, Holds::No, "nothing says that it was made without a request that it needed");
    };
    if !asks_for_requests(lines.classes, &made.class) {
        return Seen::new(name, Holds::No, "the programme asks for no request any more for what is like it");
    }
    let place = exact(&principal.facts, names::DEFINED_IN);
    let place = place.map(|place| format!("; it is defined in `{}`", printable(&place, SHOWN_CHARS_MAX)));
    let says = format!(
        "it was not there at the complete survey that ended {:#}, the one that ended {:#} saw it, and nobody had asked for it; \
         the system does not say who made it{}",
        made.absent,
        made.seen,
        place.unwrap_or_default()
    );
    Seen::new(name, Holds::Yes, says)
}

/// Rights in words, with when they were gained; those that a reason names, and how many more there are.
fn named_gains(gains: &[&Gain], when: impl Fn(&Gain) -> String) -> String {
    let words = |gain: &Gain| {
        let more = if gain.grantable { ", to be passed on" } else { "" };
        let right = format!("{} on {}{more}", gain.right, gain.resource);
        format!("`{}` ({})", printable(&right, SHOWN_CHARS_MAX), when(gain))
    };
    let named: Vec<String> = gains.iter().take(RIGHTS_NAMED_MAX).map(|gain| words(gain)).collect();
    match gains.len().checked_sub(RIGHTS_NAMED_MAX) {
        None | Some(0) => named.join(", "),
        Some(more) => format!("{} and {more} more", named.join(", ")),
    }
}

/// Whether it gained a right where a request was needed, without one.
fn read_gained_outside(name: &'static str, principal: &PrincipalDossier, lines: &Lines<'_>) -> Seen {
    let is_asked_of =
        |gain: &&Gain| gain.class.as_deref().is_some_and(|class| asks_for_rights(lines.classes, class));
    let unasked = principal.gains.iter().filter(|gain| gain.asked_until.is_none());
    let outside: Vec<&Gain> = unasked.filter(is_asked_of).collect();
    if outside.is_empty() {
        return Seen::new(
            name,
            Holds::No,
            "nothing says that it gained a right without a request that it needed",
        );
    }
    let when =
        |gain: &Gain| format!("not there at the survey that ended {:#}, seen {:#}", gain.absent, gain.seen);
    Seen::new(name, Holds::Yes, format!("nobody had asked for {}", named_gains(&outside, when)))
}

/// Whether it holds a right whose end came.
fn read_past_its_end(name: &'static str, principal: &PrincipalDossier, now: Instant) -> Seen {
    let until = |gain: &Gain| gain.asked_until;
    let past: Vec<&Gain> =
        principal.gains.iter().filter(|gain| until(gain).is_some_and(|until| until <= now)).collect();
    let next = principal.gains.iter().filter_map(until).filter(|until| *until > now).min();
    if past.is_empty() {
        return Seen::new(name, Holds::No, "it holds no right whose end came").flipping(next);
    }
    let when = |gain: &Gain| {
        gain.asked_until
            .map_or_else(String::new, |until| format!("asked for until {until:#}, and still there"))
    };
    Seen::new(name, Holds::Yes, named_gains(&past, when)).flipping(next)
}
