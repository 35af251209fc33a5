//! Each policy against the labelled examples beside it (law 12).
//!
//! A label says what is true and must never be changed to please a policy: a false alarm
//! is mended in the policy, a miss is listed here by name. Next: `model.rs`.

use crate::dossiers::NOW;
use std::fmt::Write as _;
use tenure_judge::{Example, Judge, OpenSince, PolicySetting, Programme};

const EXAMPLES: [(&str, &str); 37] = [
    ("dead_below_level", include_str!("../../policies/dead_below_level.examples.toml")),
    ("returned_value", include_str!("../../policies/returned_value.examples.toml")),
    ("returned_name", include_str!("../../policies/returned_name.examples.toml")),
    ("unknown_authorized_key", include_str!("../../policies/unknown_authorized_key.examples.toml")),
    ("made_outside", include_str!("../../policies/made_outside.examples.toml")),
    ("gained_outside", include_str!("../../policies/gained_outside.examples.toml")),
    ("passwordless_access", include_str!("../../policies/passwordless_access.examples.toml")),
    ("root_key_unrestricted", include_str!("../../policies/root_key_unrestricted.examples.toml")),
    (
        "superuser_as_application_role",
        include_str!("../../policies/superuser_as_application_role.examples.toml"),
    ),
    ("writable_by_others", include_str!("../../policies/writable_by_others.examples.toml")),
    (
        "definition_writable_by_others",
        include_str!("../../policies/definition_writable_by_others.examples.toml"),
    ),
    ("readable_by_others", include_str!("../../policies/readable_by_others.examples.toml")),
    ("assistant_secret_in_clear", include_str!("../../policies/assistant_secret_in_clear.examples.toml")),
    ("weak_or_reused_password", include_str!("../../policies/weak_or_reused_password.examples.toml")),
    ("weak_key", include_str!("../../policies/weak_key.examples.toml")),
    ("expired_or_expiring", include_str!("../../policies/expired_or_expiring.examples.toml")),
    ("unencrypted_private_key", include_str!("../../policies/unencrypted_private_key.examples.toml")),
    ("same_key_several_accounts", include_str!("../../policies/same_key_several_accounts.examples.toml")),
    ("service_account_with_login", include_str!("../../policies/service_account_with_login.examples.toml")),
    ("static_cloud_key", include_str!("../../policies/static_cloud_key.examples.toml")),
    ("assistant_not_pinned", include_str!("../../policies/assistant_not_pinned.examples.toml")),
    ("no_owner", include_str!("../../policies/no_owner.examples.toml")),
    ("charter_ended", include_str!("../../policies/charter_ended.examples.toml")),
    ("not_confirmed", include_str!("../../policies/not_confirmed.examples.toml")),
    ("review_missed", include_str!("../../policies/review_missed.examples.toml")),
    ("past_retirement_trigger", include_str!("../../policies/past_retirement_trigger.examples.toml")),
    ("charter_incomplete", include_str!("../../policies/charter_incomplete.examples.toml")),
    ("end_too_far", include_str!("../../policies/end_too_far.examples.toml")),
    ("credential_kind_not_allowed", include_str!("../../policies/credential_kind_not_allowed.examples.toml")),
    ("cross_environment_use", include_str!("../../policies/cross_environment_use.examples.toml")),
    ("rotation_overdue", include_str!("../../policies/rotation_overdue.examples.toml")),
    ("long_lived_token", include_str!("../../policies/long_lived_token.examples.toml")),
    ("privileged_and_unused", include_str!("../../policies/privileged_and_unused.examples.toml")),
    ("scope_wider_than_charter", include_str!("../../policies/scope_wider_than_charter.examples.toml")),
    ("right_past_its_end", include_str!("../../policies/right_past_its_end.examples.toml")),
    ("human_use", include_str!("../../policies/human_use.examples.toml")),
    ("shared_use", include_str!("../../policies/shared_use.examples.toml")),
];
const EXAMPLES_MIN: usize = 12;
const PRECISION_PERCENT_MIN: usize = 95;

fn examples(text: &str) -> Vec<Example> {
    tenure_judge::examples(text).unwrap()
}

#[derive(Default)]
struct Score {
    hits: usize,
    false_alarms: Vec<String>,
    misses: Vec<String>,
    silences: usize,
}

fn score(judge: &Judge, policy: &str, examples: &[Example]) -> Score {
    let mut score = Score::default();
    for example in examples {
        let judgement = judge.judge(&example.dossier, &OpenSince::new(), NOW).unwrap();
        let found = judgement.conditions.iter().any(|condition| condition.policy == policy);
        match (example.fails, found) {
            (true, true) => score.hits += 1,
            (true, false) => score.misses.push(example.says.clone()),
            (false, true) => score.false_alarms.push(example.says.clone()),
            (false, false) => score.silences += 1,
        }
    }
    score
}

/// The class that examples are of when their name begins `classed-`.
const CLASSED: &str = r#"
    version = 1
    [thresholds]
    review_days_max = 180
    [[class]]
    id = "classed"
    match = ["name:classed-*"]
    required = ["business_owner", "purpose", "environment", "expires_at"]
    lifetime_days_max = 365
    credential_kinds = ["certificate", "token"]
    made_by_request = true
    rights_by_request = true
    [[class]]
    id = "free"
    match = ["name:free-*"]"#;

/// The default programme with every policy taken in, so that those left out are measured, too.
fn every_policy() -> Judge {
    let mut programme = Programme::parse(CLASSED).unwrap();
    for (id, _) in EXAMPLES {
        programme.policies.insert(id.to_owned(), PolicySetting { enabled: Some(true), severity: None });
    }
    Judge::new(&programme).unwrap()
}

/// `cargo xtask precision` prints the lines that begin with `PRECISION`.
#[test]
fn every_policy_that_ships_enabled_is_precise_and_its_misses_are_known() {
    let (judge, shipped) = (every_policy(), Judge::new(&Programme::default()).unwrap());
    let mut table = String::new();
    for card in shipped.policies() {
        let (_, text) = EXAMPLES.iter().find(|(id, _)| *id == card.id).unwrap();
        let examples = examples(text);
        assert!(examples.len() >= EXAMPLES_MIN, "{} has {} examples", card.id, examples.len());
        let score = score(&judge, &card.id, &examples);
        assert!(score.hits > 0 && score.silences > 0, "{} never answers one way", card.id);
        let precision = score.hits * 100 / (score.hits + score.false_alarms.len());
        assert!(
            precision >= PRECISION_PERCENT_MIN || !card.enabled,
            "{} is {precision} % precise and ships enabled; false alarms: {:?}",
            card.id,
            score.false_alarms
        );
        let recall = score.hits * 100 / (score.hits + score.misses.len());
        let enabled = if card.enabled { "enabled" } else { "left out" };
        println!(
            "PRECISION {} | {} | {} | {} | {} | {precision} % | {recall} % | {enabled}",
            card.id,
            examples.len(),
            score.hits,
            score.false_alarms.len(),
            score.misses.len(),
        );
        let _ = writeln!(
            table,
            "{}: {} examples, precision {precision} %, recall {recall} %, {enabled}",
            card.id,
            examples.len()
        );
        for alarm in score.false_alarms {
            let _ = writeln!(table, "  false: {alarm}");
        }
        for miss in score.misses {
            let _ = writeln!(table, "  missed: {miss}");
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_policy_file_and_its_examples_come_in_pairs() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let judge = Judge::new(&Programme::default()).unwrap();
    let mut expected: Vec<String> = judge
        .policies()
        .flat_map(|card| [format!("{}.cedar", card.id), format!("{}.examples.toml", card.id)])
        .chain(["api.cedar", "api.cedarschema", "remain.cedar", "tenure.cedarschema"].map(str::to_owned))
        .collect();
    expected.sort();
    assert_eq!(files, expected);
}
