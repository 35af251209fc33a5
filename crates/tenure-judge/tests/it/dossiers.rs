//! Dossiers for tests: written out briefly as TOML, in the form of examples, or generated.
//!
//! Nothing here may judge: a default that decides an outcome would hide a fault. Drawn
//! dossiers include nonsense and times on the very line. Next: `examples.rs`.

use proptest::prelude::*;
use tenure_judge::{
    Awaited, ClaimedDead, Confirmed, CredentialDossier, Dossier, Gain, MadeOutside, PrincipalDossier,
    RightDossier, Said, UseDossier, Validity, Word,
};
use tenure_model::{
    Charter, CredentialId, CredentialKind, CredentialState, DataClass, DismissalId, Environment, ExceptionId,
    Fact, Facts, IdentityId, Instant, PersonId, Presence, PrincipalId, PrincipalKind, ProofLevel, names,
};

/// The time at which tests judge: 2026-06-01T00:00:00Z.
pub(crate) const NOW: Instant = tenure_judge::EXAMPLE_NOW;
const DAY_MICROS: i64 = 86_400_000_000;

pub(crate) fn days_ago(days: i64) -> Instant {
    Instant::from_micros(NOW.as_micros() - days * DAY_MICROS)
}

/// Reads one dossier from TOML.
pub(crate) fn dossier(text: &str) -> Dossier {
    tenure_judge::described(text).unwrap()
}

/// `SELECT on shop/table/a`, in its parts.
fn right(written: &str) -> RightDossier {
    let (right, resource) = written.split_once(" on ").unwrap();
    RightDossier { right: right.to_owned(), resource: resource.to_owned(), since: Some(days_ago(3)) }
}

fn any_of<T: Clone + std::fmt::Debug + 'static>(values: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(values)
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let text = proptest::sample::select(vec![
        "",
        "md5",
        "none",
        "scram-sha-256",
        "other",
        "host all all trust",
        "x\n\u{202e}y",
    ]);
    prop_oneof![
        4 => any::<bool>().prop_map(Fact::Flag),
        4 => text.prop_map(|text| Fact::Text(text.to_owned())),
        1 => any::<i64>().prop_map(Fact::Number),
        1 => any_instant().prop_map(Fact::At),
        1 => Just(Fact::Texts(Vec::new())),
        1 => Just(Fact::Texts(vec!["local all all trust".to_owned(), "b".to_owned()])),
        1 => Just(Fact::Unknown("not readable".to_owned())),
    ]
}

fn any_facts() -> impl Strategy<Value = Facts> {
    const NAMES: &[&str] = &[
        names::LOGIN,
        names::SUPERUSER,
        names::PASSWORDLESS_RULE,
        names::VERIFIER,
        names::WEAK,
        names::GUESSABLE,
        names::CREATE_PRINCIPALS,
        names::SERVICE_ACCOUNT,
        names::LOGIN_SHELL,
        names::NOT_PINNED,
        names::DEFINED_IN,
        names::PLACE,
        names::READABLE_BY,
        names::WRITABLE_BY,
        names::UNENCRYPTED,
        names::IN_CLEAR,
        names::OPENS_ROOT,
        names::ENDLESS,
        names::FEDERATION_AT_HAND,
        names::ALSO_OPENS,
        "not_before",
        "unheard_of",
    ];
    let likely = prop_oneof![3 => Just(true), 1 => Just(false)];
    let drawn = proptest::collection::btree_map(any_of(NAMES).prop_map(str::to_owned), any_fact(), 0..12);
    // Half of what is drawn can log in as a superuser with a SCRAM password: otherwise little would fail.
    (drawn, any::<bool>(), likely).prop_map(|(mut facts, plain, login)| {
        if plain {
            facts.insert(names::LOGIN.to_owned(), Fact::Flag(login));
            facts.insert(names::SUPERUSER.to_owned(), Fact::Flag(login));
            facts.insert(names::VERIFIER.to_owned(), Fact::Text("scram-sha-256".to_owned()));
        }
        facts
    })
}

/// An instant near enough to the thresholds that both sides and the line itself are drawn.
fn any_instant() -> impl Strategy<Value = Instant> {
    (prop_oneof![-400_i64..40, Just(-90), Just(-30), Just(0)], -1_i64..=1)
        .prop_map(|(days, micros)| Instant::from_micros(NOW.as_micros() + days * DAY_MICROS + micros))
}

fn any_words() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[a-z\u{202e}]{1,8}", 0..2)
}

fn any_credential() -> impl Strategy<Value = CredentialDossier> {
    (
        (
            any::<[u8; 10]>(),
            prop_oneof![1 => Just(CredentialKind::Password), 2 => any_of(CredentialKind::ALL)],
        ),
        prop_oneof![3 => Just(CredentialState::Live), 1 => any_of(CredentialState::ALL)],
        any_facts(),
        proptest::option::weighted(0.4, any_instant()),
        any_instant(),
        proptest::option::of(any_instant()),
        (any_words(), any_words(), any_words()),
        proptest::option::weighted(0.2, Just("`main/app` (7k2m4xq), retired".to_owned())),
    )
        .prop_map(
            |((id, kind), state, facts, valid_until, first_seen, value_changed_at, words, ended)| {
                let (same_value, opens_elsewhere, other_environments) = words;
                CredentialDossier {
                    id: CredentialId::new(NOW, id),
                    kind,
                    state,
                    facts,
                    valid_until,
                    first_seen,
                    value_changed_at,
                    same_value,
                    value_ended: ended.into_iter().collect(),
                    opens_elsewhere,
                    other_environments,
                }
            },
        )
}

pub(crate) fn any_use() -> impl Strategy<Value = UseDossier> {
    const CONSUMERS: &[&str] = &[
        "10.0.3.7 (etl)",
        "10.0.3.7 (PSQL)",
        "local (pgAdmin 4 - DB:x)",
        "10.0.3.7",
        "10.0.3.7 ()",
        "a (b (psql))",
        "10.0.3.8 (worker-12)",
        "10.0.3.9 (worker-3)",
        "10.0.3.8 (billing)",
        "pts/0",
        "10.0.3.7 (dbeaver)",
    ];
    (any_of(CONSUMERS), any_instant(), 0_i64..3).prop_map(|(consumer, last_seen, count)| UseDossier {
        consumer: consumer.to_owned(),
        last_seen,
        count,
    })
}

fn any_claim() -> impl Strategy<Value = ClaimedDead> {
    (any_of(ProofLevel::ALL), any_of(ProofLevel::ALL)).prop_map(|(level, required)| ClaimedDead {
        level,
        required,
        sentence: "as far as is known".to_owned(),
    })
}

fn any_right() -> impl Strategy<Value = RightDossier> {
    const RIGHTS: &[&str] = &["SELECT on shop/table/a", "DELETE on shop/table/b", "member on admins"];
    any_of(RIGHTS).prop_map(right)
}

fn any_scope() -> impl Strategy<Value = Vec<String>> {
    const SCOPES: &[&str] =
        &["select on shop/*", "Shop/Table/b", "admins", "*", "Everything", "creating accounts"];
    proptest::collection::vec(any_of(SCOPES).prop_map(str::to_owned), 0..3)
}

/// Of a class that asks for requests, of one that does not, and of one that was given up.
fn any_gain() -> impl Strategy<Value = Gain> {
    let class =
        proptest::option::weighted(0.7, any_of(&["workloads", "free", "formerly"]).prop_map(str::to_owned));
    let right = (any_right(), any::<bool>(), class);
    (right, any_instant(), proptest::option::of(any_instant())).prop_map(
        |((held, grantable, class), absent, asked_until)| Gain {
            right: held.right,
            resource: held.resource,
            grantable,
            absent,
            seen: absent,
            class,
            asked_until,
        },
    )
}

fn any_making() -> impl Strategy<Value = MadeOutside> {
    const CLASSES: &[&str] = &["workloads", "free", "free", "given-up"];
    (any_instant(), any_of(CLASSES)).prop_map(|(absent, class)| MadeOutside {
        absent,
        seen: Instant::from_micros(absent.as_micros() + 1),
        class: class.to_owned(),
    })
}

fn any_principal() -> impl Strategy<Value = PrincipalDossier> {
    (
        any::<[u8; 10]>(),
        "[a-zA-Z\"\n\u{202e} {}|]{1,12}",
        prop_oneof![2 => Just(PrincipalKind::Account), 1 => any_of(PrincipalKind::ALL)],
        prop_oneof![3 => Just(Presence::Present), 1 => any_of(Presence::ALL)],
        any_facts(),
        proptest::collection::vec(any_credential(), 0..3),
        proptest::collection::vec(any_use(), 0..7),
        proptest::option::of(Just("not visible".to_owned())),
        proptest::option::weighted(0.2, any_claim()),
        (
            proptest::option::weighted(0.2, Just("`main/app` (7k2m4xq), unproven".to_owned())),
            proptest::option::weighted(0.2, any_instant()),
            proptest::option::of(any_instant()),
            proptest::collection::vec(any_right(), 0..3),
            (proptest::option::weighted(0.1, any_making()), proptest::collection::vec(any_gain(), 0..3)),
        ),
    )
        .prop_map(
            |(
                id,
                name,
                kind,
                presence,
                facts,
                credentials,
                uses,
                use_coverage,
                claimed_dead,
                (ended, unread_since, use_watched_since, rights, (made_outside, gains)),
            )| {
                PrincipalDossier {
                    id: PrincipalId::new(NOW, id),
                    name,
                    source: "pg-main".to_owned(),
                    system: "postgres".to_owned(),
                    kind,
                    presence,
                    unread_since,
                    facts,
                    charter_hint: None,
                    credentials,
                    uses,
                    use_coverage,
                    use_watched_since,
                    rights,
                    claimed_dead,
                    name_ended: ended.into_iter().collect(),
                    made_outside,
                    gains,
                    grants: 0,
                    owned: 0,
                }
            },
        )
}

/// Policies that drawn dismissals and exceptions are about.
const SAID_OF: &[&str] = &["no_owner", "passwordless_access", "shared_use", "unknown_authorized_key"];

/// The policy that must hold instead of drawn exceptions, where one must.
pub(crate) const INSTEAD: &str = "human_use";

fn any_word() -> impl Strategy<Value = Word> {
    prop_oneof![
        Just(Word::Dismissal(DismissalId::new(NOW, [7; 10]))),
        Just(Word::Exception(ExceptionId::new(NOW, [7; 10]))),
    ]
}

/// What people said of the identity's and its first principal's conditions.
fn said(principals: &[PrincipalDossier], drawn: &[(&str, Instant, Word, bool)]) -> Vec<Said> {
    let identity = format!("identity:{}", IdentityId::new(NOW, [9; 10]));
    let first = principals.first().map(|principal| format!("principal:{}", principal.id));
    let about = |policy: &str, ends_at, word, has_instead: bool| {
        let subject = if policy == "no_owner" { Some(identity.clone()) } else { first.clone() };
        let has_instead = has_instead && matches!(word, Word::Exception(_));
        subject.map(|subject| Said {
            policy: policy.to_owned(),
            subject,
            ends_at,
            word,
            rested_on: None,
            instead: if has_instead { vec![INSTEAD.to_owned()] } else { Vec::new() },
            void: None,
        })
    };
    drawn
        .iter()
        .filter_map(|(policy, ends_at, word, instead)| about(policy, *ends_at, *word, *instead))
        .collect()
}

const AWAITED: &[&str] = &["absent:3", "person:asha", "parent:main/app"];

/// What a charter may say of its earlier end, terms and others.
fn any_trigger() -> impl Strategy<Value = Option<String>> {
    const TEXTS: &[&str] = &[
        "absent:3",
        "person:asha; parent:main/app",
        "unused:30",
        "until:2026-06-01T00:00:00Z; unused:90",
        "until:2026-06-20",
        "the contract\nends",
        "untill:never",
    ];
    proptest::option::weighted(0.3, any_of(TEXTS).prop_map(str::to_owned))
}

fn any_validity() -> impl Strategy<Value = Validity> {
    let word = || proptest::option::weighted(0.2, Just("another \u{202e}word".to_owned()));
    let confirmed = (any_instant(), word(), word(), word()).prop_map(|(at, denied, gained, void)| {
        Confirmed { at, denied, gained: gained.into_iter().collect(), void }
    });
    let awaited = (any_of(AWAITED), proptest::option::of(any::<bool>())).prop_map(|(term, came)| Awaited {
        term: term.to_owned(),
        came,
        says: "as far\nas is known".to_owned(),
    });
    let enrolled_since = proptest::option::weighted(0.3, any_instant());
    let confirmed = proptest::option::weighted(0.2, confirmed);
    let review_missed = proptest::option::weighted(0.1, any_instant());
    (enrolled_since, confirmed, proptest::collection::vec(awaited, 0..2), review_missed).prop_map(
        |(enrolled_since, confirmed, awaited, review_missed)| Validity {
            enrolled_since,
            confirmed,
            awaited,
            review_missed,
        },
    )
}

/// Any dossier, including nonsense that no connector would send.
pub(crate) fn any_dossier() -> impl Strategy<Value = Dossier> {
    (
        any::<bool>(),
        (proptest::bool::weighted(0.2), any::<bool>()),
        proptest::option::of(Just(PersonId::new(NOW, [1; 10]))),
        proptest::option::of(Just(PersonId::new(NOW, [2; 10]))),
        (
            proptest::option::of(proptest::sample::select(vec![0_u32, 1, 30, 90, 365, u32::MAX])),
            proptest::option::of(any_instant()),
            proptest::option::of(Just("nightly load".to_owned())),
            any_trigger(),
        ),
        (
            proptest::option::of(any_of(Environment::ALL)),
            proptest::option::of(any_of(DataClass::ALL)),
            any_scope(),
        ),
        (
            proptest::collection::vec(any_principal(), 0..3),
            proptest::collection::vec((any_of(SAID_OF), any_instant(), any_word(), any::<bool>()), 0..3),
            any_validity(),
        ),
    )
        .prop_map(
            |(
                enrolled,
                (built_in, new),
                business_owner,
                technical_owner,
                (rotation_days, expires_at, purpose, retirement_trigger),
                held,
                (principals, spoken, validity),
            )| {
                let (environment, data_class, allowed_scope) = held;
                let charter = Charter {
                    business_owner,
                    technical_owner,
                    rotation_days,
                    expires_at,
                    purpose,
                    environment,
                    data_class,
                    allowed_scope,
                    retirement_trigger,
                    boundary: None,
                };
                Dossier {
                    identity: IdentityId::new(NOW, [9; 10]),
                    name: "drawn".to_owned(),
                    enrolled,
                    built_in,
                    new_since_baseline: new,
                    said: said(&principals, &spoken),
                    validity,
                    charter,
                    principals,
                }
            },
        )
}
