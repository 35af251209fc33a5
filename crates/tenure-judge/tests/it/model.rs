//! The policies and the standing, written a second time in plain Rust, without Cedar.
//!
//! Written from the sentences in `docs/policies.md`, not from the judge's code; where both
//! disagree on any drawn dossier, one of them is wrong. Used by the bench as a baseline.

use std::{collections::BTreeSet, time::Duration};
use tenure_judge::{CredentialDossier, Dossier, Gain, PrincipalDossier, UseDossier};
use tenure_model::{
    CredentialKind, CredentialState, DataClass, Environment, Fact, Facts, Instant, Presence, PrincipalKind,
    ProofLevel, RiskTier, Standing, names,
};

const DAY: Duration = Duration::from_hours(24);

/// What the model needs from a programme.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    pub(crate) rotation_days_max: u32,
    pub(crate) application_use_days: u32,
    pub(crate) expiring_days: u32,
    pub(crate) token_days_max: u32,
    pub(crate) unused_days: u32,
    pub(crate) shared_consumers_max: usize,
    pub(crate) review_days_max: u32,
    /// The same of what is of the critical tier.
    pub(crate) review_days_critical: u32,
    pub(crate) required: ProofLevel,
    /// Program names that are administrative, exactly or by this beginning, in lower case.
    pub(crate) administrative: Vec<&'static str>,
    /// The same of consumers behind which a person sits.
    pub(crate) interactive: Vec<&'static str>,
    /// The one class of the programme, when it has one.
    pub(crate) class: Option<Class>,
}

/// A class, as the model knows it: by the kind of any principal that is there, or of any when none is.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    pub(crate) kind: PrincipalKind,
    pub(crate) lifetime_days_max: u32,
    pub(crate) rotation_days_max: u32,
    pub(crate) review_days_max: u32,
    pub(crate) credential_kinds: Vec<CredentialKind>,
}

/// The class asks for a purpose and an end.
fn class_of<'lines>(dossier: &Dossier, lines: &'lines Lines) -> Option<&'lines Class> {
    let any = dossier.principals.iter().any(seen);
    let is =
        |class: &&Class| dossier.principals.iter().any(|one| (seen(one) || !any) && one.kind == class.kind);
    lines.class.as_ref().filter(is).filter(|_| !dossier.built_in)
}

/// Claimed, built in, or of a class.
pub(crate) fn enrolled(dossier: &Dossier, lines: &Lines) -> bool {
    let outside = |one: &PrincipalDossier| seen(one) && made_outside(one);
    dossier.enrolled
        || dossier.built_in
        || class_of(dossier, lines).is_some()
        || dossier.principals.iter().any(outside)
}

/// Without the request that its class asked for then, unless the programme's class of that name does not ask any more.
fn made_outside(principal: &PrincipalDossier) -> bool {
    principal.made_outside.as_ref().is_some_and(|made| made.class != "free")
}

/// Without a request, of a class that asks for one by now, or that is not there any more.
fn gained_outside(gain: &Gain) -> bool {
    gain.asked_until.is_none() && gain.class.as_deref().is_some_and(|class| class != "free")
}

/// What fails of the charter.
fn of_charter(dossier: &Dossier, lines: &Lines, now: Instant) -> Vec<&'static str> {
    let charter = &dossier.charter;
    let class = class_of(dossier, lines);
    let too_far =
        |class: &Class| charter.expires_at.is_none_or(|ends| ends.minus(DAY * class.lifetime_days_max) > now);
    let rows = [
        ("no_owner", ownerless(dossier)),
        ("charter_ended", charter.expires_at.is_some_and(|ends| ends <= now)),
        (
            "charter_incomplete",
            class.is_some() && (charter.purpose.is_none() || charter.expires_at.is_none()),
        ),
        ("end_too_far", class.is_some_and(too_far)),
        ("past_retirement_trigger", triggered(dossier, now)),
        ("not_confirmed", !ownerless(dossier) && !confirmed(dossier, lines, now)),
        ("review_missed", dossier.validity.review_missed.is_some()),
    ];
    rows.into_iter().filter(|(_, fails)| *fails).map(|(policy, _)| policy).collect()
}

/// One of the things that its charter names has come, as far as is known.
fn triggered(dossier: &Dossier, now: Instant) -> bool {
    let came = |term: &str| {
        let awaited = &dossier.validity.awaited;
        awaited.iter().find(|one| one.term == term).is_some_and(|one| one.came == Some(true))
    };
    let unused_for = |days: u32| {
        let quiet = |principal: &PrincipalDossier| {
            let since = principal.use_watched_since.filter(|_| principal.use_coverage.is_none());
            let over = |at: Instant| at.plus(DAY * days) <= now;
            since.is_some_and(over)
                && principal.uses.iter().all(|used| used.count == 0 || over(used.last_seen))
        };
        let mut there = dossier.principals.iter().filter(|one| seen(one)).peekable();
        there.peek().is_some() && there.all(quiet)
    };
    let until = |end: &str| Instant::parse_end(end).is_ok_and(|end| end <= now);
    match dossier.charter.retirement_trigger.as_deref() {
        Some("absent:3") => came("absent:3"),
        Some("person:asha; parent:main/app") => came("person:asha") || came("parent:main/app"),
        Some("unused:30") => unused_for(30),
        Some("until:2026-06-01T00:00:00Z; unused:90") => until("2026-06-01T00:00:00Z") || unused_for(90),
        Some("until:2026-06-20") => until("2026-06-20"),
        _ => false,
    }
}

/// Somebody whose word counts said within the cadence that it is as it was, or nobody had to yet.
fn confirmed(dossier: &Dossier, lines: &Lines, now: Instant) -> bool {
    let of_class = class_of(dossier, lines).map_or(u32::MAX, |class| class.review_days_max);
    let of_tier = match tier(dossier, lines, now) {
        Some(RiskTier::Critical) => lines.review_days_critical,
        _ => u32::MAX,
    };
    let cadence = DAY * lines.review_days_max.min(of_class).min(of_tier);
    let within = |since: Instant| since.plus(cadence) > now;
    match &dossier.validity.confirmed {
        Some(said) => {
            said.denied.is_none() && said.gained.is_empty() && said.void.is_none() && within(said.at)
        }
        None => dossier.validity.enrolled_since.is_none_or(within),
    }
}

/// How much it could cost, by the points of the default programme.
pub(crate) fn tier(dossier: &Dossier, lines: &Lines, now: Instant) -> Option<RiskTier> {
    let there: Vec<&PrincipalDossier> = dossier.principals.iter().filter(|one| seen(one)).collect();
    if dossier.built_in || there.is_empty() {
        return None;
    }
    let charter = &dossier.charter;
    let data = match charter.data_class {
        Some(DataClass::Public) => 0,
        Some(DataClass::Internal) => 1,
        Some(DataClass::Confidential) | None => 2,
        Some(DataClass::Restricted) => 4,
    };
    let environment = match charter.environment {
        Some(Environment::Development | Environment::Test) => 0,
        Some(Environment::Staging) => 1,
        Some(Environment::Production) => 3,
        None => 2,
    };
    let live = |one: &&CredentialDossier| {
        one.state == CredentialState::Live && one.valid_until.is_none_or(|until| until > now)
    };
    let everything = there.iter().any(|one| {
        [names::SUPERUSER, names::CREATE_PRINCIPALS]
            .iter()
            .any(|name| one.facts.get(*name) == Some(&Fact::Flag(true)))
            || one.credentials.iter().filter(live).any(|held| known_text(&held.facts, names::OPENS_ROOT))
    });
    let reach = match there.iter().map(|one| one.grants + one.owned).sum::<i64>() {
        _ if everything => 4,
        101.. => 2,
        _ if there.iter().any(|one| one.facts.get(names::OF_ANOTHER_SYSTEM) == Some(&Fact::Flag(true))) => 2,
        0 => 0,
        _ => 1,
    };
    let of_credentials = |one: &&PrincipalDossier| {
        let ways = one.credentials.iter().filter(live).map(|held| way_in(dossier, one, held, lines, now));
        ways.max().unwrap_or(0)
    };
    let of_itself = |one: &&PrincipalDossier| {
        let unasked = known_text(&one.facts, names::PASSWORDLESS_RULE) && !shut_out(one);
        if unasked || known_text(&one.facts, names::WRITABLE_BY) { 4 } else { 0 }
    };
    let exposure = there.iter().map(|one| of_credentials(one).max(of_itself(one))).max().unwrap_or(0);
    Some(match data + environment + reach + exposure {
        0..=3 => RiskTier::Low,
        4..=6 => RiskTier::Moderate,
        7..=9 => RiskTier::High,
        _ => RiskTier::Critical,
    })
}

/// Points for the worst way in which others could come to use this credential.
fn way_in(
    dossier: &Dossier,
    principal: &PrincipalDossier,
    credential: &CredentialDossier,
    lines: &Lines,
    now: Instant,
) -> u32 {
    let known = |name| known_text(&credential.facts, name);
    let fails = |policy: &str| of_file(principal, credential, lines, now).contains(&policy);
    let password = credential.kind == CredentialKind::Password;
    let md5 = facts_text(&credential.facts, names::VERIFIER) == Some("md5");
    if known(names::GUESSABLE)
        || known(names::IN_CLEAR)
        || fails("readable_by_others")
        || fails("writable_by_others")
        || !credential.value_ended.is_empty()
    {
        return 4;
    }
    let elsewhere = dossier.charter.environment.is_some() && !credential.other_environments.is_empty();
    if (password && md5)
        || known(names::WEAK)
        || fails("unencrypted_private_key")
        || fails("same_key_several_accounts")
        || !credential.same_value.is_empty()
        || elsewhere
    {
        return 2;
    }
    let overdue =
        governed_credential(dossier, principal, credential, lines, now).contains(&"rotation_overdue");
    u32::from(known(names::ENDLESS) || overdue)
}

/// Which conditions fail, as `(policy, subject)`, sorted.
pub(crate) fn failing(dossier: &Dossier, lines: &Lines, now: Instant) -> Vec<(&'static str, String)> {
    let enrolled = enrolled(dossier, lines);
    let mut failing = Vec::new();
    if enrolled && !dossier.built_in && dossier.principals.iter().any(seen) {
        let identity = format!("identity:{}", dossier.identity);
        failing.extend(of_charter(dossier, lines, now).into_iter().map(|policy| (policy, identity.clone())));
    }
    for principal in &dossier.principals {
        let mut failed = of_principal(dossier, principal, lines, now);
        if enrolled {
            failed.extend(governed(dossier, principal, lines, now));
        }
        failing.extend(failed.into_iter().map(|policy| (policy, format!("principal:{}", principal.id))));
        for credential in &principal.credentials {
            let mut failed = of_credential(principal, credential, now);
            if kept(principal, credential) {
                failed.extend(of_file(principal, credential, lines, now));
            }
            if enrolled {
                failed.extend(governed_credential(dossier, principal, credential, lines, now));
            }
            failing
                .extend(failed.into_iter().map(|policy| (policy, format!("credential:{}", credential.id))));
        }
    }
    failing.sort();
    failing
}

fn of_principal(
    dossier: &Dossier,
    principal: &PrincipalDossier,
    lines: &Lines,
    now: Instant,
) -> Vec<&'static str> {
    let facts = &principal.facts;
    let live_password = principal.credentials.iter().any(|one| {
        one.kind == CredentialKind::Password
            && facts_text(&one.facts, names::VERIFIER) != Some("none")
            && one.state == CredentialState::Live
            && !ended(one, now)
    });
    let lets_in_unasked = principal.kind == PrincipalKind::Key
        && ownerless(dossier)
        && !dossier.built_in
        && (enrolled(dossier, lines) || dossier.new_since_baseline);
    let rows = [
        ("dead_below_level", dead_below_level(principal, lines)),
        ("returned_name", seen(principal) && !principal.name_ended.is_empty() && ownerless(dossier)),
        ("passwordless_access", open(principal) && known_text(facts, names::PASSWORDLESS_RULE)),
        (
            "superuser_as_application_role",
            open(principal)
                && facts.get(names::SUPERUSER) == Some(&Fact::Flag(true))
                && recent(principal, lines, now).iter().any(|used| application(used, lines)),
        ),
        ("unknown_authorized_key", seen(principal) && lets_in_unasked),
        (
            "service_account_with_login",
            open(principal)
                && news(facts, names::SERVICE_ACCOUNT)
                && news(facts, names::LOGIN_SHELL)
                && live_password,
        ),
        (
            "assistant_not_pinned",
            seen(principal) && principal.kind == PrincipalKind::Agent && known_text(facts, names::NOT_PINNED),
        ),
        ("definition_writable_by_others", seen(principal) && known_text(facts, names::WRITABLE_BY)),
    ];
    rows.into_iter().filter(|(_, fails)| *fails).map(|(policy, _)| policy).collect()
}

fn governed(
    dossier: &Dossier,
    principal: &PrincipalDossier,
    lines: &Lines,
    now: Instant,
) -> Vec<&'static str> {
    let administrator = [names::SUPERUSER, names::CREATE_PRINCIPALS]
        .iter()
        .any(|name| principal.facts.get(*name) == Some(&Fact::Flag(true)));
    let recent = recent(principal, lines, now);
    let person = recent.iter().any(|used| matches(&used.consumer, &lines.interactive));
    let rows = [
        (
            "privileged_and_unused",
            open(principal) && !dossier.built_in && administrator && unused(principal, lines, now),
        ),
        ("shared_use", seen(principal) && !dossier.built_in && shared(&recent, lines)),
        ("human_use", seen(principal) && person && service(principal, &recent, lines)),
        ("scope_wider_than_charter", seen(principal) && outside(dossier, principal, now)),
        (
            "gained_outside",
            seen(principal) && !dossier.built_in && principal.gains.iter().any(gained_outside),
        ),
        (
            "right_past_its_end",
            seen(principal)
                && !dossier.built_in
                && principal.gains.iter().any(|gain| gain.asked_until.is_some_and(|until| until <= now)),
        ),
        (
            "made_outside",
            seen(principal)
                && made_outside(principal)
                && (principal.name_ended.is_empty() || !ownerless(dossier)),
        ),
    ];
    rows.into_iter().filter(|(_, fails)| *fails).map(|(policy, _)| policy).collect()
}

fn of_credential(
    principal: &PrincipalDossier,
    credential: &CredentialDossier,
    now: Instant,
) -> Vec<&'static str> {
    if !live(principal, credential, now) {
        return Vec::new();
    }
    let weak = known_text(&credential.facts, names::WEAK)
        || facts_text(&credential.facts, names::VERIFIER) == Some("md5")
        || known_text(&credential.facts, names::GUESSABLE)
        || !credential.same_value.is_empty();
    let mut failing = Vec::new();
    if weak && credential.kind == CredentialKind::Password {
        failing.push("weak_or_reused_password");
    }
    if !credential.value_ended.is_empty() {
        failing.push("returned_value");
    }
    failing
}

/// What is wrong with what is there, whether or not any system accepts it.
fn of_file(
    principal: &PrincipalDossier,
    credential: &CredentialDossier,
    lines: &Lines,
    now: Instant,
) -> Vec<&'static str> {
    use PrincipalKind as Kind;
    let known = |name| known_text(&credential.facts, name);
    let password = credential.kind == CredentialKind::Password;
    let runs = matches!(principal.kind, Kind::Workload | Kind::Machine | Kind::Agent);
    let unattended = runs || news(&principal.facts, names::SERVICE_ACCOUNT);
    let public = credential.kind == CredentialKind::Certificate || principal.kind == Kind::Key;
    let token = is_token(credential);
    let in_use = runs || !recent(principal, lines, now).is_empty();
    let rows = [
        ("unencrypted_private_key", known(names::UNENCRYPTED) && !unattended),
        ("writable_by_others", known(names::WRITABLE_BY)),
        ("readable_by_others", known(names::READABLE_BY) && !public),
        ("weak_key", known(names::WEAK) && !password),
        ("expired_or_expiring", !password && in_use && ends_soon(credential, lines, now)),
        ("root_key_unrestricted", known(names::OPENS_ROOT)),
        ("same_key_several_accounts", known(names::ALSO_OPENS) || !credential.opens_elsewhere.is_empty()),
        ("static_cloud_key", token && known(names::FEDERATION_AT_HAND)),
        ("assistant_secret_in_clear", principal.kind == Kind::Agent && known(names::IN_CLEAR)),
    ];
    rows.into_iter().filter(|(_, fails)| *fails).map(|(policy, _)| policy).collect()
}

fn governed_credential(
    dossier: &Dossier,
    principal: &PrincipalDossier,
    credential: &CredentialDossier,
    lines: &Lines,
    now: Instant,
) -> Vec<&'static str> {
    let mut failing = Vec::new();
    let since = credential.value_changed_at.unwrap_or(credential.first_seen);
    let class = class_of(dossier, lines);
    let of_class = class.map_or(u32::MAX, |class| class.rotation_days_max);
    let days = dossier.charter.rotation_days.unwrap_or(u32::MAX).min(lines.rotation_days_max).min(of_class);
    let verifier = facts_text(&credential.facts, names::VERIFIER);
    let overdue = since.plus(DAY * days) <= now && verifier.is_some_and(|verifier| verifier != "none");
    if live(principal, credential, now) && overdue {
        failing.push("rotation_overdue");
    }
    let allowed_until = since.plus(DAY * lines.token_days_max);
    let too_long = match credential.valid_until {
        Some(until) => until > allowed_until,
        None => now >= allowed_until,
    };
    let over = ended(credential, now) || credential.state == CredentialState::Expired;
    let long = known_text(&credential.facts, names::ENDLESS) || too_long;
    if kept(principal, credential) && is_token(credential) && !over && long {
        failing.push("long_lived_token");
    }
    if kept(principal, credential)
        && class.is_some_and(|class| !class.credential_kinds.contains(&credential.kind))
    {
        failing.push("credential_kind_not_allowed");
    }
    let elsewhere = !credential.other_environments.is_empty();
    if kept(principal, credential) && elsewhere && dossier.charter.environment.is_some() {
        failing.push("cross_environment_use");
    }
    failing
}

/// The standing, given whether any condition fails and whether any is past its grace.
pub(crate) fn standing(
    dossier: &Dossier,
    lines: &Lines,
    (fails, excepted): (bool, bool),
    past_grace: bool,
) -> Standing {
    let count = |presence| dossier.principals.iter().filter(|p| p.presence == presence).count();
    let all = dossier.principals.len();
    if dossier.principals.iter().any(|principal| dead_below_level(principal, lines)) {
        Standing::Unproven
    } else if all > 0 && count(Presence::Retired) == all {
        Standing::Retired
    } else if !dossier.principals.iter().any(seen) {
        // Whoever was there when its source was removed is not gone.
        if count(Presence::Present) == 0 { Standing::Gone } else { Standing::Unobserved }
    } else if !enrolled(dossier, lines) {
        Standing::Unclaimed
    } else {
        match (fails, past_grace) {
            (true, true) => Standing::Lapsed,
            (true, false) => Standing::Due,
            (false, _) if excepted => Standing::Excepted,
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
    claimed && (weakly || (seen(principal) && !shut_out(principal)))
}

/// Known not to be let in.
fn shut_out(principal: &PrincipalDossier) -> bool {
    principal.kind == PrincipalKind::Group || principal.facts.get(names::LOGIN) == Some(&Fact::Flag(false))
}

/// There, as far as a source says that is still read.
fn seen(principal: &PrincipalDossier) -> bool {
    principal.presence == Presence::Present && principal.unread_since.is_none()
}

/// Present, and known to be let in.
fn open(principal: &PrincipalDossier) -> bool {
    seen(principal)
        && principal.kind != PrincipalKind::Group
        && principal.facts.get(names::LOGIN) == Some(&Fact::Flag(true))
}

fn known_text(facts: &Facts, name: &str) -> bool {
    match facts.get(name) {
        Some(Fact::Text(text)) => !text.is_empty(),
        Some(Fact::Texts(texts)) => !texts.is_empty(),
        _ => false,
    }
}

fn facts_text<'facts>(facts: &'facts Facts, name: &str) -> Option<&'facts str> {
    match facts.get(name) {
        Some(Fact::Text(text)) => Some(text),
        _ => None,
    }
}

/// Said to be so, in words or with a bare yes.
fn news(facts: &Facts, name: &str) -> bool {
    known_text(facts, name) || facts.get(name) == Some(&Fact::Flag(true))
}

fn ownerless(dossier: &Dossier) -> bool {
    dossier.charter.business_owner.is_none() && dossier.charter.technical_owner.is_none()
}

fn is_token(credential: &CredentialDossier) -> bool {
    matches!(credential.kind, CredentialKind::Token | CredentialKind::CloudKey)
}

fn ended(credential: &CredentialDossier, now: Instant) -> bool {
    credential.valid_until.is_some_and(|until| until <= now)
}

fn live(principal: &PrincipalDossier, credential: &CredentialDossier, now: Instant) -> bool {
    credential.state == CredentialState::Live && open(principal) && !ended(credential, now)
}

/// There, whether or not it is accepted.
fn kept(principal: &PrincipalDossier, credential: &CredentialDossier) -> bool {
    seen(principal) && !matches!(credential.state, CredentialState::Gone | CredentialState::Removed)
}

fn ends_soon(credential: &CredentialDossier, lines: &Lines, now: Instant) -> bool {
    let Some(until) = credential.valid_until else { return credential.state == CredentialState::Expired };
    let quarter = match credential.facts.get("not_before") {
        Some(Fact::At(from)) => until.since(*from) / 4,
        _ => Duration::MAX,
    };
    let warning = quarter.min(DAY * lines.expiring_days);
    credential.state == CredentialState::Expired || until.minus(warning) <= now
}

/// Uses that still count.
fn recent<'dossier>(
    principal: &'dossier PrincipalDossier,
    lines: &Lines,
    now: Instant,
) -> Vec<&'dossier UseDossier> {
    let counts =
        |used: &&UseDossier| used.count > 0 && used.last_seen.plus(DAY * lines.application_use_days) > now;
    principal.uses.iter().filter(counts).collect()
}

fn place_and_program(consumer: &str) -> (String, String) {
    let lower = consumer.to_lowercase();
    match lower.split_once(" (") {
        Some((place, program)) => (place.to_owned(), program.trim_end_matches(')').to_owned()),
        None => (lower, String::new()),
    }
}

fn matches(consumer: &str, patterns: &[&str]) -> bool {
    let (place, program) = place_and_program(consumer);
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => program.starts_with(beginning) || place.starts_with(beginning),
        None => program == *pattern,
    })
}

fn application(used: &UseDossier, lines: &Lines) -> bool {
    !matches(&used.consumer, &lines.administrative) && !matches(&used.consumer, &lines.interactive)
}

/// Applications that differ by more than a number in their names.
fn shared(recent: &[&UseDossier], lines: &Lines) -> bool {
    let mut families = BTreeSet::new();
    for used in recent.iter().filter(|used| application(used, lines)) {
        let (_, program) = place_and_program(&used.consumer);
        let named = used.consumer.ends_with(')');
        let words: Vec<&str> =
            program.split(|letter: char| letter.is_ascii_digit()).filter(|word| !word.is_empty()).collect();
        families.insert(if named { words.join("#") } else { String::new() });
    }
    families.len() > lines.shared_consumers_max
}

fn service(principal: &PrincipalDossier, recent: &[&UseDossier], lines: &Lines) -> bool {
    let people: Vec<String> = principal
        .uses
        .iter()
        .filter(|used| used.count > 0 && matches(&used.consumer, &lines.interactive))
        .map(|used| place_and_program(&used.consumer).0)
        .collect();
    let elsewhere = |used: &&&UseDossier| {
        application(used, lines) && !people.contains(&place_and_program(&used.consumer).0)
    };
    matches!(principal.kind, PrincipalKind::Workload | PrincipalKind::Agent)
        || news(&principal.facts, names::SERVICE_ACCOUNT)
        || recent.iter().find(elsewhere).is_some()
}

fn unused(principal: &PrincipalDossier, lines: &Lines, now: Instant) -> bool {
    let Some(watched) = principal.use_watched_since.filter(|_| principal.use_coverage.is_none()) else {
        return false;
    };
    let limit = DAY * lines.unused_days;
    let used = principal.uses.iter().any(|used| used.count > 0 && used.last_seen.plus(limit) > now);
    watched.plus(limit) <= now && !used
}

/// Holds a right that no line of the scope allows, as a whole or by its resource.
fn outside(dossier: &Dossier, principal: &PrincipalDossier, now: Instant) -> bool {
    let scopes = &dossier.charter.allowed_scope;
    let allows = |scope: &str, text: &str| match scope.to_lowercase().strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == scope.to_lowercase(),
    };
    let holds = |fact: &str| principal.facts.get(fact) == Some(&Fact::Flag(true));
    let scoped = |text: &str| scopes.iter().any(|scope| allows(scope, text));
    let administers = (holds(names::SUPERUSER) && !scoped("everything"))
        || (holds(names::CREATE_PRINCIPALS) && !scoped("everything") && !scoped("creating accounts"));
    if !scopes.is_empty() && administers {
        return true;
    }
    !scopes.is_empty()
        && principal.rights.iter().any(|held| {
            let resource = held.resource.to_lowercase();
            let whole = format!("{} on {resource}", held.right.to_lowercase());
            let decided = principal.gains.iter().any(|gain| {
                (&gain.right, &gain.resource) == (&held.right, &held.resource)
                    && gain.asked_until.is_some_and(|until| until > now)
            });
            !decided && !scopes.iter().any(|scope| allows(scope, &resource) || allows(scope, &whole))
        })
}
