//! Every setting changes something, and bad programmes are refused with the sentence that helps.
//!
//! A setting without a test here must never be added: it may do nothing.
//! Next: `standings.rs`.

use crate::dossiers::{NOW, days_ago, dossier};
use std::{error::Error, fmt::Write as _};
use tenure_judge::{Judge, Judgement, OpenSince, Programme, ProgrammeFiles};
use tenure_model::{CharterField, Severity, Standing};

fn judge_by(programme: &str, brief: &str) -> Judgement {
    let programme = Programme::parse(programme).unwrap();
    Judge::new(&programme).unwrap().judge(&dossier(brief), &OpenSince::new(), NOW).unwrap()
}

/// The failing policies under the default programme and under this one.
fn before_and_after(programme: &str, brief: &str) -> [Vec<String>; 2] {
    ["version = 1", programme].map(|programme| {
        judge_by(programme, brief).conditions.into_iter().map(|condition| condition.policy).collect()
    })
}

const OLD: &str = r#"
    business_owner = true
    [[principals]]
    credentials = [{ facts = { verifier = "scram-sha-256" }, first_seen_days_ago = 60 }]"#;
const OWNERLESS: &str = "[[principals]]";

#[test]
fn rotation_days_max_says_how_old_a_value_may_get() {
    let [before, after] = before_and_after("version = 1\n[thresholds]\nrotation_days_max = 45", OLD);
    assert_eq!((before.as_slice(), after.as_slice()), (&[][..], &["rotation_overdue".to_owned()][..]));
}

#[test]
fn application_use_days_says_how_long_a_use_counts() {
    let brief = r#"
        business_owner = true
        [[principals]]
        facts = { login = true, superuser = true }
        uses = [{ consumer = "10.0.3.7 (etl)", days_ago = 40, count = 1 }]"#;
    let [before, after] = before_and_after("version = 1\n[thresholds]\napplication_use_days = 60", brief);
    assert_eq!(
        (before.as_slice(), after.as_slice()),
        (&[][..], &["superuser_as_application_role".to_owned()][..])
    );
}

#[test]
fn administrative_consumers_excuse_a_program() {
    let brief = r#"
        business_owner = true
        [[principals]]
        facts = { login = true, superuser = true }
        uses = [{ consumer = "10.0.3.7 (Ops Console 3)", days_ago = 1, count = 1 }]"#;
    let programme = "version = 1\n[thresholds]\nadministrative_consumers = ['ops console*']";
    let [before, after] = before_and_after(programme, brief);
    assert_eq!(
        (before.as_slice(), after.as_slice()),
        (&["superuser_as_application_role".to_owned()][..], &[][..])
    );
}

fn policies(named: &[&str]) -> Vec<String> {
    named.iter().map(|policy| (*policy).to_owned()).collect()
}

#[test]
fn expiring_days_says_how_early_an_end_is_near() {
    let brief = r#"
        business_owner = true
        [[principals]]
        kind = "workload"
        credentials = [{ kind = "certificate", ends_in_days = 40 }]"#;
    let [before, after] = before_and_after("version = 1\n[thresholds]\nexpiring_days = 45", brief);
    assert_eq!((before, after), (Vec::new(), policies(&["expired_or_expiring"])));
}

#[test]
fn token_days_max_says_how_long_a_token_may_live() {
    let brief = r#"
        business_owner = true
        [[principals]]
        kind = "external"
        credentials = [{ kind = "token", first_seen_days_ago = 40 }]"#;
    let [before, after] = before_and_after("version = 1\n[thresholds]\ntoken_days_max = 30", brief);
    assert_eq!((before, after), (Vec::new(), policies(&["long_lived_token"])));
}

#[test]
fn unused_days_says_how_long_an_administrator_may_go_unused() {
    let brief = r"
        business_owner = true
        [[principals]]
        facts = { login = true, superuser = true }
        watched_days_ago = 60";
    let [before, after] = before_and_after("version = 1\n[thresholds]\nunused_days = 45", brief);
    assert_eq!((before, after), (Vec::new(), policies(&["privileged_and_unused"])));
}

#[test]
fn shared_consumers_max_says_how_many_programs_may_use_one_identity() {
    let brief = r#"
        business_owner = true
        [[principals]]
        uses = [{ consumer = "10.0.3.7 (a)", days_ago = 1, count = 1 }, { consumer = "10.0.3.7 (b)", days_ago = 1, count = 1 }]"#;
    let [before, after] = before_and_after("version = 1\n[thresholds]\nshared_consumers_max = 1", brief);
    assert_eq!((before, after), (Vec::new(), policies(&["shared_use"])));
}

#[test]
fn interactive_consumers_name_those_behind_which_a_person_sits() {
    let brief = r#"
        business_owner = true
        [[principals]]
        kind = "workload"
        uses = [{ consumer = "10.0.3.7 (psql)", days_ago = 1, count = 1 }]"#;
    let [before, after] =
        before_and_after("version = 1\n[thresholds]\ninteractive_consumers = ['psql']", brief);
    assert_eq!((before, after), (Vec::new(), policies(&["human_use"])));
}

#[test]
fn required_proof_level_says_how_well_a_death_must_be_known() {
    let brief = r#"
        [[principals]]
        presence = "retired"
        claimed_dead = { level = "P3", required = "P2", sentence = "refused" }"#;
    let [before, after] = before_and_after("version = 1\n[thresholds]\nrequired_proof_level = \"P3\"", brief);
    assert_eq!((before.as_slice(), after.as_slice()), (&["dead_below_level".to_owned()][..], &[][..]));
    assert_eq!(judge_by("version = 1", brief).standing, Standing::Unproven);
    let lower = judge_by("version = 1\n[thresholds]\nrequired_proof_level = \"P3\"", brief);
    assert_eq!(lower.standing, Standing::Retired);
}

#[test]
fn each_grace_says_how_long_a_condition_of_its_severity_may_fail() {
    for severity in Severity::ALL {
        let programme = |grace: &str| {
            format!(
                "version = 1\n[policies.no_owner]\nseverity = \"{severity}\"\n[thresholds.grace_days]\n{grace}"
            )
        };
        assert_eq!(judge_by(&programme(""), OWNERLESS).standing, Standing::Due, "{severity}");
        let none = judge_by(&programme(&format!("{severity} = 0")), OWNERLESS);
        assert_eq!(none.standing, Standing::Lapsed, "{severity}");
        let days = judge_by(&programme(&format!("{severity} = 11")), OWNERLESS);
        assert_eq!(
            days.conditions[0].lapses_at,
            NOW.plus(std::time::Duration::from_hours(264)),
            "{severity}"
        );
    }
}

#[test]
fn a_policy_can_be_left_out_and_its_severity_replaced() {
    let [before, after] = before_and_after("version = 1\n[policies.no_owner]\nenabled = false", OWNERLESS);
    assert_eq!((before.as_slice(), after.as_slice()), (&["no_owner".to_owned()][..], &[][..]));
    let severe = judge_by("version = 1\n[policies.no_owner]\nseverity = \"critical\"", OWNERLESS);
    assert_eq!(severe.conditions[0].severity, Severity::Critical);
    assert_eq!(judge_by("version = 1", OWNERLESS).conditions[0].severity, Severity::Medium);
}

#[test]
fn leaving_out_the_policy_on_proof_never_makes_the_unproven_retired() {
    let brief = r#"
        [[principals]]
        presence = "retired"
        claimed_dead = { level = "P2", required = "P4", sentence = "absent" }"#;
    let judged = judge_by("version = 1\n[policies.dead_below_level]\nenabled = false", brief);
    assert!(judged.conditions.is_empty());
    assert_eq!(judged.standing, Standing::Unproven);
}

fn refused(text: &str) -> String {
    let refused = Programme::parse(text).unwrap_err();
    let mut shown = refused.to_string();
    if let Some(source) = refused.source() {
        shown = format!("{shown}: {source}");
    }
    shown
}

#[test]
fn a_bad_programme_is_refused_with_the_sentence_that_helps() {
    let table = [
        "",
        "version = 2",
        "version = 1\nthreshold = 3",
        "version = 1\n[thresholds]\nrotation_days = 3",
        "version = 1\n[thresholds]\nrotation_days_max = 0",
        "version = 1\n[thresholds]\nrotation_days_max = -1",
        "version = 1\n[thresholds]\nreview_days_max = 0",
        "version = 1\n[[class]]\nid = 'apps'\nmatch = ['name:app']\nreview_days_max = 4000",
        "version = 1\n[thresholds]\nrotation_days_max = \"90\"",
        "version = 1\n[thresholds]\napplication_use_days = 366",
        "version = 1\n[thresholds]\nrequired_proof_level = \"P9\"",
        "version = 1\n[thresholds]\nexpiring_days = 0",
        "version = 1\n[thresholds]\ntoken_days_max = 3651",
        "version = 1\n[thresholds]\nunused_days = 0",
        "version = 1\n[thresholds]\nshared_consumers_max = 0",
        "version = 1\n[thresholds]\ninteractive_consumers = ['**']",
        "version = 1\n[thresholds.grace_days]\nhigh = 366",
        "version = 1\n[thresholds.grace_days]\nurgent = 3",
        "version = 1\n[thresholds]\nadministrative_consumers = ['*']",
        "version = 1\n[thresholds]\nadministrative_consumers = [' ']",
        "version = 1\n[policies.no_ownr]\nenabled = false",
        "version = 1\n[policies.no_owner]\nenable = false",
        "version = 1\n[policies.no_owner]\nseverity = \"awful\"",
        "version = ",
    ];
    let shown: Vec<String> =
        table.iter().map(|text| format!("{text:?}\n{}\n", refused(text).trim_end())).collect();
    insta::assert_snapshot!(shown.join("\n"));
    let many = format!("version = 1\n[thresholds]\nadministrative_consumers = {:?}", vec!["a"; 101]);
    insta::assert_snapshot!(refused(&many), @"`administrative_consumers` has 101 patterns; at most 100 are read");
    let long = format!("version = 1\n[thresholds]\nadministrative_consumers = [{:?}]", "a".repeat(101));
    insta::assert_snapshot!(refused(&long), @"`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…` in `administrative_consumers` is longer than 100 characters");
}

#[test]
fn a_programme_made_in_code_is_checked_like_one_read_from_a_file() {
    let mut programme = Programme::default();
    programme.thresholds.rotation_days_max = 0;
    let refused = Judge::new(&programme).unwrap_err();
    insta::assert_snapshot!(refused, @"`thresholds.rotation_days_max` is 0; it must be from 1 to 3650");
}

#[test]
fn the_defaults_written_out_read_back_the_same() {
    let text = toml::to_string(&Programme::default()).unwrap();
    assert_eq!(Programme::parse(&text).unwrap(), Programme::default());
    insta::assert_snapshot!(text);
}

const CLASS: &str = "version = 1\n[[class]]\nid = 'apps'\nmatch = ['name:app source:pg-main']\n";

fn with_class(more: &str) -> String {
    format!("{CLASS}{more}\n")
}

#[test]
fn a_class_enrols_what_it_matches_and_nothing_else() {
    let unclaimed = "enrolled = false\n[[principals]]";
    let standing = |programme: &str, brief: &str| judge_by(programme, brief).standing;
    assert_eq!(standing("version = 1", unclaimed), Standing::Unclaimed);
    assert_eq!(standing(CLASS, unclaimed), Standing::Due, "nobody owns it");
    for other in ["name = 'other'", "source = 'pg-test'"] {
        assert_eq!(standing(CLASS, &format!("{unclaimed}\n{other}")), Standing::Unclaimed, "{other}");
    }
    assert_eq!(standing(CLASS, &format!("built_in = true\n{unclaimed}")), Standing::Sound, "its vendor's");
}

#[test]
fn the_first_class_that_means_an_identity_is_its_class() {
    let programme = "version = 1\n[[class]]\nid = 'a'\nmatch = ['environment:test', 'kind:agent']\n\
                     [[class]]\nid = 'b'\nmatch = ['system:postgres']\n[[class]]\nid = 'rest'\nmatch = ['name:**']";
    let judge = Judge::new(&Programme::parse(programme).unwrap()).unwrap();
    let class = |brief: &str| judge.class_of(&dossier(brief)).map(|class| class.id.clone());
    assert_eq!(class("[[principals]]").as_deref(), Some("b"));
    assert_eq!(class("environment = 'test'\n[[principals]]").as_deref(), Some("a"));
    assert_eq!(class("[[principals]]\nsystem = 'host'\nkind = 'agent'").as_deref(), Some("a"));
    assert_eq!(class("[[principals]]\nsystem = 'host'").as_deref(), Some("rest"));
    let one_gone =
        "[[principals]]\nkind = 'agent'\nsystem = 'host'\npresence = 'gone'\n[[principals]]\nsystem = 'host'";
    assert_eq!(class(one_gone).as_deref(), Some("rest"), "what is gone says nothing");
    let all_gone = "[[principals]]\nkind = 'agent'\nsystem = 'host'\npresence = 'gone'";
    assert_eq!(class(all_gone).as_deref(), Some("a"), "it keeps the class it had");
    assert_eq!(class("built_in = true\n[[principals]]"), None);
}

#[test]
fn required_says_what_a_charter_must_answer() {
    let brief = "business_owner = true\n[[principals]]";
    for field in CharterField::ALL.iter().filter(|field| **field != CharterField::BusinessOwner) {
        let programme = with_class(&format!("required = ['{field}']"));
        let [before, after] = [CLASS, &programme].map(|programme| judge_by(programme, brief));
        assert!(before.conditions.is_empty(), "{field}");
        let said = after.conditions.first().unwrap();
        assert_eq!(said.policy, "charter_incomplete");
        assert!(said.reason.ends_with(&format!("class `apps` asks for {field}")), "{}", said.reason);
    }
    let answered = judge_by(&with_class("required = ['business_owner']"), brief);
    assert!(answered.conditions.is_empty());
}

#[test]
fn lifetime_days_max_says_how_far_ahead_an_end_may_lie_and_when_it_is_near_enough() {
    let brief = |days: i64| format!("business_owner = true\nexpires_in_days = {days}\n[[principals]]");
    let programme = with_class("lifetime_days_max = 90");
    let fails = |programme: &str, days| {
        let judged = judge_by(programme, &brief(days));
        (judged.conditions.iter().map(|one| one.policy.clone()).collect::<Vec<_>>(), judged.changes_at)
    };
    assert_eq!(fails(CLASS, 91).0, policies(&[]));
    assert_eq!(fails(&programme, 90).0, policies(&[]));
    let (failing, changes_at) = fails(&programme, 91);
    assert_eq!(failing, policies(&["end_too_far"]));
    assert_eq!(changes_at, Some(days_ago(-1)), "it comes near by itself");
}

#[test]
fn rotation_days_max_of_a_class_is_asked_for_beside_those_of_programme_and_charter() {
    let overdue = |programme: &str, brief: &str| {
        judge_by(programme, brief).conditions.iter().any(|one| one.policy == "rotation_overdue")
    };
    assert!(!overdue(CLASS, OLD));
    assert!(overdue(&with_class("rotation_days_max = 30"), OLD));
    assert!(!overdue(&with_class("rotation_days_max = 80"), OLD));
    let stricter = "version = 1\n[thresholds]\nrotation_days_max = 45\n[[class]]\nid = 'apps'\nmatch = ['name:app']\nrotation_days_max = 80";
    assert!(overdue(stricter, OLD), "a class never allows more than the programme");
}

#[test]
fn review_days_max_says_how_often_an_owner_confirms_and_a_class_never_asks_less_often() {
    let judged = |programme: &str, days: i64| {
        let brief = format!(
            "business_owner = true\nenrolled_days_ago = 900\nconfirmed = {{ days_ago = {days} }}\n[[principals]]"
        );
        let judged = judge_by(programme, &brief);
        (judged.conditions.iter().map(|one| one.policy.clone()).collect::<Vec<_>>(), judged.changes_at)
    };
    assert_eq!(judged("version = 1", 900), (policies(&[]), None), "nobody has to");
    let asked = "version = 1\n[thresholds]\nreview_days_max = 90";
    assert_eq!(judged(asked, 89), (policies(&[]), Some(days_ago(-1))), "it is due by itself");
    assert_eq!(judged(asked, 90).0, policies(&["not_confirmed"]));
    assert_eq!(judged(&with_class("review_days_max = 30"), 30).0, policies(&["not_confirmed"]));
    assert_eq!(judged(&with_class("review_days_max = 30"), 29).0, policies(&[]));
    let laxer = format!("{asked}\n[[class]]\nid = 'apps'\nmatch = ['name:app']\nreview_days_max = 365");
    assert_eq!(judged(&laxer, 90).0, policies(&["not_confirmed"]));
}

#[test]
fn credential_kinds_says_how_a_class_may_authenticate() {
    let [before, after] =
        [CLASS.to_owned(), with_class("credential_kinds = ['certificate']")].map(|programme| {
            let judged = judge_by(&programme, "business_owner = true\n[[principals]]\ncredentials = [{}]");
            judged.conditions.into_iter().map(|one| one.policy).collect::<Vec<_>>()
        });
    assert_eq!((before, after), (policies(&[]), policies(&["credential_kind_not_allowed"])));
}

fn files(all: &[(&str, &str)]) -> ProgrammeFiles {
    ProgrammeFiles(all.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect())
}

#[test]
fn a_directory_is_read_as_one_programme() {
    let classes = "[[class]]\nid = 'apps'\nmatch = ['name:app']\n";
    let whole =
        Programme::read(&files(&[("programme.toml", "version = 1"), ("classes.toml", classes)])).unwrap();
    assert_eq!(whole, Programme::parse(&format!("version = 1\n{classes}")).unwrap());
    assert_eq!(Programme::read(&files(&[("programme.toml", "version = 1")])).unwrap(), Programme::default());
}

#[test]
fn what_is_wrong_with_a_directory_is_said_with_file_line_and_the_word_that_was_meant() {
    let good = "version = 1\n";
    let directories: &[&[(&str, &str)]] = &[
        &[],
        &[("programme.toml", "version = 1\n[threshold]\n")],
        &[("programme.toml", "version = 2\n")],
        &[("programme.toml", "version = 1\n[thresholds]\nrotation_days_max = 0\nunused_days = 9999\n")],
        &[("programme.toml", "version = 1\n[thresholds]\nadministrative_consumers = [\"*\"]\n")],
        &[("programme.toml", "version = 1\n\n[policies.no_owners]\nenabled = false\n")],
        &[("programme.toml", "version = \n")],
        &[("programme.toml", good), ("class.toml", "")],
        &[("programme.toml", good), ("classes.toml", "[[class]]\nid = \"a\"\nmatches = []\n")],
        &[
            ("programme.toml", good),
            ("classes.toml", "[[class]]\nid = \"a\"\nmatch = [\"name:x\"]\nrequired = [\"purpos\"]\n"),
        ],
        &[
            ("programme.toml", good),
            (
                "classes.toml",
                "[[class]]\nid = \"a\"\nmatch = [\"name:x\"]\ncredential_kinds = [\"certifcate\"]\n",
            ),
        ],
        &[
            ("programme.toml", "version = 1\n[[class]]\nid = \"A b\"\nmatch = []\nrotation_days_max = 0\n"),
            (
                "classes.toml",
                "[[class]]\nid = \"all\"\nmatch = [\"name:**\"]\n\n[[class]]\nid = \"all\"\nmatch = [\"colour:red\"]\n",
            ),
        ],
        &[
            ("programme.toml", "version = 1\n[threshold]\n"),
            (
                "classes.toml",
                "[[class]]\nid = \"a\"\nmatch = [\"name:**/*\"]\n[[class]]\nid = \"b\"\nmatch = [\"kynd:agent\"]\n",
            ),
        ],
        &[("programme.toml", good), ("../programme.toml\u{1b}[2J", "")],
    ];
    let mut said = String::new();
    for directory in directories {
        let _ = writeln!(
            said,
            "# {}",
            directory.iter().map(|(name, _)| name.escape_debug().to_string()).collect::<Vec<_>>().join(" ")
        );
        for fault in Programme::read(&files(directory)).unwrap_err() {
            let _ = writeln!(said, "{fault}");
        }
    }
    insta::assert_snapshot!(said);
}
