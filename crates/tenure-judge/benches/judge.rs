//! How many identities a second are judged, against the same policies in plain Rust.
//!
//! Three ways over the same dossiers in the same run: the plain model (what the policies
//! cost without Cedar, explanations or sentences), the judge, and the judge asking Cedar
//! every time. Prints the median of several rounds; asserts nothing about time.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints its figures and stops at a surprise"
)]

#[allow(dead_code, reason = "the tests use all of the model, the bench its conditions only")]
#[path = "../tests/it/model.rs"]
mod model;

use std::{collections::BTreeMap, hint::black_box, time};
use tenure_judge::{
    CredentialDossier, Dossier, Judge, OpenSince, PrincipalDossier, Programme, Recall, UseDossier,
};
use tenure_model::{
    Charter, CredentialId, CredentialKind, CredentialState, Fact, IdRandomness, IdentityId, Instant,
    PersonId, Presence, PrincipalId, PrincipalKind, ProofLevel, names,
};

const NOW: Instant = Instant::from_micros(1_780_272_000_000_000);
const DAY_MICROS: i64 = 86_400_000_000;
const IDENTITIES: u32 = 20_000;
/// Asking Cedar every time is slow; a part is enough for a rate.
const IDENTITIES_ASKED: usize = 2_000;
const ROUNDS: usize = 5;

fn main() {
    let dossiers: Vec<Dossier> = (0..IDENTITIES).map(dossier).collect();
    let programme = Programme::default();
    let judge = Judge::new(&programme).expect("the default programme is read");
    let asks = Judge::with_recall(&programme, Recall::AskEveryTime).expect("the default programme is read");
    let lines = model::Lines {
        rotation_days_max: 90,
        application_use_days: 30,
        expiring_days: 30,
        token_days_max: 90,
        unused_days: 90,
        shared_consumers_max: 3,
        // Nobody is asked.
        review_days_max: 1_000_000,
        review_days_critical: 1_000_000,
        required: ProofLevel::P4,
        administrative: vec!["psql", "pg_dump*"],
        interactive: vec!["pgadmin*"],
        class: None,
    };
    let none = OpenSince::new();
    let judged_by = |judge: &Judge, dossier: &Dossier| {
        judge.judge(dossier, &none, NOW).expect("the dossier is small").conditions.len()
    };
    let plain = rate(&dossiers, |dossier| model::failing(dossier, &lines, NOW).len());
    let remembering = rate(&dossiers, |dossier| judged_by(&judge, dossier));
    let asked = dossiers.get(..IDENTITIES_ASKED).unwrap_or(&dossiers);
    let asking = rate(asked, |dossier| judged_by(&asks, dossier));
    let half = dossiers.len() / 2;
    let (first, second) = dossiers.split_at(half);
    let both = median((0..ROUNDS).map(|_| {
        let started = time::Instant::now();
        std::thread::scope(|scope| {
            for part in [first, second] {
                scope.spawn(|| {
                    part.iter().map(|dossier| black_box(judged_by(&judge, dossier))).sum::<usize>()
                });
            }
        });
        per_second(dossiers.len(), started.elapsed())
    }));
    println!("{IDENTITIES} identities, 1 principal, 1 credential, 2 uses, 55 facts each; median of {ROUNDS}");
    for (what, rate) in [
        ("the same policies in plain Rust, one thread", plain),
        ("judge, one thread", remembering),
        ("judge, two threads", both),
        ("judge asking Cedar every time, one thread", asking),
    ] {
        println!("FIGURE {what} | {rate:.0} identities/s");
    }
}

/// Identities a second, the median of several rounds; the first round warms and is not counted.
fn rate(dossiers: &[Dossier], judge: impl Fn(&Dossier) -> usize) -> f64 {
    let round = || {
        let started = time::Instant::now();
        let conditions: usize = dossiers.iter().map(|dossier| black_box(judge(dossier))).sum();
        assert!(conditions > 0, "nothing was judged");
        per_second(dossiers.len(), started.elapsed())
    };
    round();
    median((0..ROUNDS).map(|_| round()))
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people to read")]
fn per_second(count: usize, took: time::Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

fn median(rates: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = rates.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn random(number: u32) -> IdRandomness {
    let [a, b, c, d] = number.to_be_bytes();
    [0, 0, 0, 0, 0, 0, a, b, c, d]
}

fn days_ago(days: u32) -> Instant {
    Instant::from_micros(NOW.as_micros() - i64::from(days) * DAY_MICROS)
}

/// A mix: most sound, some of each condition, half enrolled.
fn dossier(number: u32) -> Dossier {
    let one_in = |share: u32| number.is_multiple_of(share);
    let verifier = if one_in(7) { "md5" } else { "scram-sha-256" };
    let mut facts = BTreeMap::from([
        (names::LOGIN.to_owned(), Fact::Flag(!one_in(9))),
        (names::SUPERUSER.to_owned(), Fact::Flag(one_in(20))),
    ]);
    if one_in(50) {
        facts.insert(names::PASSWORDLESS_RULE.to_owned(), Fact::Text("local all all trust".to_owned()));
    }
    let program = if one_in(3) { "psql" } else { "orders-api" };
    let uses = [1, 12].map(|days| UseDossier {
        consumer: format!("10.0.3.{} ({program})", number % 250),
        last_seen: days_ago(days),
        count: 9,
    });
    let credential = CredentialDossier {
        id: CredentialId::new(NOW, random(number)),
        kind: CredentialKind::Password,
        state: CredentialState::Live,
        facts: BTreeMap::from([(names::VERIFIER.to_owned(), Fact::Text(verifier.to_owned()))]),
        valid_until: one_in(4).then(|| NOW.plus(time::Duration::from_hours(24))),
        first_seen: days_ago(number % 120),
        value_changed_at: None,
        same_value: if one_in(40) { vec!["pg-test/app".to_owned()] } else { Vec::new() },
        value_ended: Vec::new(),
        opens_elsewhere: Vec::new(),
        other_environments: Vec::new(),
    };
    let principal = PrincipalDossier {
        id: PrincipalId::new(NOW, random(number)),
        name: format!("app_{number}"),
        source: "pg-main".to_owned(),
        system: "postgres".to_owned(),
        kind: PrincipalKind::Account,
        presence: if one_in(25) { Presence::Gone } else { Presence::Present },
        unread_since: None,
        charter_hint: None,
        facts,
        credentials: vec![credential],
        uses: uses.to_vec(),
        use_coverage: None,
        use_watched_since: None,
        rights: Vec::new(),
        claimed_dead: None,
        name_ended: Vec::new(),
        made_outside: None,
        gains: Vec::new(),
        grants: 12,
        owned: 0,
    };
    Dossier {
        identity: IdentityId::new(NOW, random(number)),
        name: format!("app_{number}"),
        enrolled: one_in(2),
        built_in: false,
        new_since_baseline: false,
        said: Vec::new(),
        validity: tenure_judge::Validity::default(),
        charter: Charter {
            business_owner: one_in(3).then(|| PersonId::new(NOW, random(1))),
            ..Charter::default()
        },
        principals: vec![principal],
    }
}
