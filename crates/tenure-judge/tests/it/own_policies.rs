//! Policies of an organisation's own: asked beside those that ship, of whom they say, and refused where their examples disagree.
//!
//! Each refusal has a twin that is let through. Next: `examples.rs`, those that ship.

use crate::dossiers::{NOW, any_dossier, dossier};
use proptest::prelude::*;
use std::collections::BTreeMap;
use tenure_judge::{Judge, OpenSince, Programme, ProgrammeFiles};
use tenure_model::{Severity, Standing};

const POLICY: &str = r#"// A superuser that logs in with a password.
@id("own_superuser_password")
@kind("hygiene")
@control("NHI4:2025")
@owasp("NHI4:2025 Insecure Authentication")
@severity("high")
@reason("{subject} may do everything, and lets in whoever knows its password")
@remedy("take the password away and let it in by certificate")
forbid (principal is Principal, action == Action::"remain", resource)
when { principal.present && principal.superuser && principal.live_password };
"#;

const EXAMPLES: &str = r#"
[[example]]
says = "the database's owner, with a password"
fails = true
[[example.principals]]
facts = { login = true, superuser = true }
credentials = [{ kind = "password" }]
[[example]]
says = "an operator's account that may do everything"
fails = true
[[example.principals]]
name = "operator"
facts = { login = true, superuser = true }
credentials = [{ kind = "password" }]
[[example]]
says = "an application"
fails = false
[[example.principals]]
facts = { login = true }
credentials = [{ kind = "password" }]
[[example]]
says = "an application that a key lets in"
fails = false
[[example.principals]]
facts = { login = true }
credentials = [{ kind = "ssh_key" }]
[[example]]
says = "a superuser let in by certificate"
fails = false
[[example.principals]]
facts = { login = true, superuser = true }
credentials = [{ kind = "certificate" }]
"#;

const AT: &str = "policies/own_superuser_password";

fn files(main: &str, more: &[(&str, &str)]) -> ProgrammeFiles {
    let mut files = BTreeMap::from([(String::from("programme.toml"), format!("version = 1\n{main}"))]);
    files.extend(more.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
    ProgrammeFiles(files)
}

fn with(main: &str, policy: &str, examples: &str) -> Result<Programme, String> {
    let (cedar, labelled) = (format!("{AT}.cedar"), format!("{AT}.examples.toml"));
    let read = Programme::read(&files(main, &[(&cedar, policy), (&labelled, examples)]));
    read.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

/// What fails of this dossier by the policy, under a programme.
fn failing(programme: &Programme, text: &str) -> Vec<(Severity, String)> {
    let judged = Judge::new(programme).unwrap().judge(&dossier(text), &OpenSince::new(), NOW).unwrap();
    let own = judged.conditions.into_iter().filter(|one| one.policy == "own_superuser_password");
    own.map(|one| (one.severity, one.reason)).collect()
}

const SUPERUSER: &str =
    "[[principals]]\nfacts = { login = true, superuser = true }\ncredentials = [{ kind = \"password\" }]";

#[test]
fn it_is_asked_beside_those_that_ship_and_the_programme_says_how_bad_it_is() {
    let programme = with("", POLICY, EXAMPLES).unwrap();
    let found = failing(&programme, SUPERUSER);
    let [(Severity::High, reason)] = found.as_slice() else { panic!("{found:?}") };
    insta::assert_snapshot!(reason, @"`pg-main/app` may do everything, and lets in whoever knows its password");
    assert_eq!(failing(&programme, "[[principals]]\ncredentials = [{ kind = \"password\" }]"), []);
    assert_eq!(failing(&Programme::default(), SUPERUSER), []);
    let shipped = Judge::new(&Programme::default()).unwrap().policies().count();
    let judge = Judge::new(&programme).unwrap();
    let last = judge.policies().last().unwrap();
    assert_eq!((judge.policies().count(), last.is_own), (shipped + 1, true), "after those that ship");
    let setting =
        |text: &str| with(&format!("[policies.own_superuser_password]\n{text}\n"), POLICY, EXAMPLES).unwrap();
    assert_eq!(failing(&setting("severity = \"low\""), SUPERUSER)[0].0, Severity::Low);
    assert_eq!(failing(&setting("enabled = false"), SUPERUSER), []);
    let unknown = with("[policies.own_superuser_pasword]\nenabled = false\n", POLICY, EXAMPLES).unwrap_err();
    assert!(unknown.contains("did you mean `own_superuser_password`?"), "{unknown}");
}

#[test]
fn classes_and_environments_say_of_whom_it_is_asked() {
    let class = "[[class]]\nid = \"apps\"\nmatch = [\"name:app\"]\n";
    let scoped = |line: &str| POLICY.replace("@kind(\"hygiene\")", &format!("@kind(\"hygiene\")\n{line}"));
    let of_class = with(
        class,
        &scoped("@classes(\"apps\")"),
        &EXAMPLES.replace("name = \"operator\"", "name = \"app\""),
    )
    .unwrap();
    assert_eq!(failing(&of_class, SUPERUSER).len(), 1, "`app` is of it");
    assert_eq!(failing(&of_class, &SUPERUSER.replace("facts", "name = \"other\"\nfacts")), []);
    let production = EXAMPLES.replace("fails = true", "fails = true\nenvironment = \"production\"");
    let in_production = with("", &scoped("@environments(\"production, staging\")"), &production).unwrap();
    for (environment, count) in [("production", 1), ("staging", 1), ("test", 0)] {
        let text = format!("environment = \"{environment}\"\n{SUPERUSER}");
        assert_eq!(failing(&in_production, &text).len(), count, "{environment}");
    }
    assert_eq!(failing(&in_production, SUPERUSER), [], "where the charter says nothing it is not asked");
    let refused = |line: &str| with(class, &scoped(line), EXAMPLES).unwrap_err();
    insta::assert_snapshot!(refused("@classes(\"aps\")"), @"policies/own_superuser_password.cedar: `aps` is no class; the classes are: apps");
    insta::assert_snapshot!(refused("@classes(\" , \")"), @"policies/own_superuser_password.cedar: `@classes` names none; leave it out to ask of all");
    insta::assert_snapshot!(refused("@environments(\"prod\")"), @"policies/own_superuser_password.cedar: `prod` is not a known environment; expected one of: production, staging, development, test");
}

#[test]
fn one_whose_examples_are_missing_few_or_say_otherwise_is_refused() {
    let alone = Programme::read(&files("", &[(&format!("{AT}.cedar"), POLICY)])).unwrap_err();
    insta::assert_snapshot!(alone[0], @"policies/own_superuser_password.cedar: there is no own_superuser_password.examples.toml beside it: a policy is asked only with examples that it answers rightly");
    let orphan = Programme::read(&files("", &[(&format!("{AT}.examples.toml"), EXAMPLES)])).unwrap_err();
    insta::assert_snapshot!(orphan[0], @"policies/own_superuser_password.examples.toml: there is no own_superuser_password.cedar beside it");
    let few = EXAMPLES.split("[[example]]").take(4).collect::<Vec<_>>().join("[[example]]");
    insta::assert_snapshot!(with("", POLICY, &few).unwrap_err(), @"policies/own_superuser_password.examples.toml: 2 of its examples fail and 1 do not; there are 2 of each at least, and 100 at most");
    let otherwise = EXAMPLES
        .replace("says = \"an application\"\nfails = false", "says = \"an application\"\nfails = true");
    insta::assert_snapshot!(with("", POLICY, &otherwise).unwrap_err(), @"policies/own_superuser_password.examples.toml: example 3 (an application) is to fail, and does not");
    let too_wide = POLICY.replace(" && principal.superuser", "");
    insta::assert_snapshot!(with("", &too_wide, EXAMPLES).unwrap_err(), @"policies/own_superuser_password.examples.toml: example 3 (an application) is not to fail, and does");
    insta::assert_snapshot!(with("", POLICY, "[[example]]\nsays = 1\n").unwrap_err(), @"policies/own_superuser_password.examples.toml: it cannot be read: invalid type: integer `1`, expected a string");
    insta::assert_snapshot!(with("", POLICY, &EXAMPLES.replace("[[example.principals]]\nname", "rights = 1\n[[example.principals]]\nname")).unwrap_err(), @"policies/own_superuser_password.examples.toml: it cannot be read: unknown field `rights`, expected one of `enrolled`, `built_in`, `business_owner`, `technical_owner`, `purpose`, `retirement_trigger`, `expires_in_days`, `rotation_days`, `new_since_baseline`, `environment`, `data_class`, `allowed_scope`, `enrolled_days_ago`, `confirmed`, `awaited`, `review_missed_days_ago`, `principals`");
}

/// A deployment starts with what was applied, also where a fact came to mean something else since.
#[test]
fn one_that_was_applied_is_read_although_its_examples_disagree_and_not_although_it_cannot_be_asked() {
    let (cedar, labelled) = (format!("{AT}.cedar"), format!("{AT}.examples.toml"));
    let otherwise = EXAMPLES.replace("superuser = true", "superuser = false");
    let applied =
        |policy: &str| Programme::read_applied(&files("", &[(&cedar, policy), (&labelled, &otherwise)]));
    assert!(with("", POLICY, &otherwise).is_err());
    assert_eq!(failing(&applied(POLICY).unwrap(), SUPERUSER).len(), 1);
    let unknown = applied(&POLICY.replace("principal.superuser", "principal.age")).unwrap();
    assert!(Judge::new(&unknown).is_err());
}

#[test]
fn one_that_cannot_be_meant_is_refused_with_its_file() {
    let refused = |from: &str, to: &str| with("", &POLICY.replace(from, to), EXAMPLES).unwrap_err();
    insta::assert_snapshot!(refused("principal.superuser", "principal.age > 3"), @"policies/own_superuser_password.cedar: for policy `own_superuser_password`, attribute `age` on entity type `Principal` not found");
    insta::assert_snapshot!(refused("forbid", "permit"), @"policies/own_superuser_password.cedar: it permits; a condition is a `forbid`");
    insta::assert_snapshot!(refused("principal.superuser", "principal[\"superuser\"]"), @"policies/own_superuser_password.cedar: facts are written `principal.fact`; `principal[` is not understood here");
    insta::assert_snapshot!(refused("@id(\"own_superuser_password\")", "@id(\"no_owner\")"), @"policies/own_superuser_password.cedar: its `@id` is not the name of its file");
    insta::assert_snapshot!(refused("when { principal.present && principal.superuser && principal.live_password }", ""), @"policies/own_superuser_password.cedar: it asks for no fact, so it would say the same of everything");
    insta::assert_snapshot!(refused("NHI4:2025\")", "NHI44:2025\")"), @"policies/own_superuser_password.cedar: `@control` is written `NHI7:2025` and `@owasp` begins with it");
    let named = |file: &str| {
        let faults = Programme::read(&files("", &[(file, POLICY)])).unwrap_err();
        faults[0].to_string()
    };
    insta::assert_snapshot!(named("policies/no_owner.cedar"), @"policies/no_owner.cedar: a policy of your own is called `own_….cedar`, of small letters, digits and `_`, with `own_….examples.toml` beside it");
    insta::assert_snapshot!(named("policies/own_.cedar"), @"policies/own_.cedar: a policy of your own is called `own_….cedar`, of small letters, digits and `_`, with `own_….examples.toml` beside it");
    insta::assert_snapshot!(named("policies/../own_x.cedar"), @"policies/../own_x.cedar: a policy of your own is called `own_….cedar`, of small letters, digits and `_`, with `own_….examples.toml` beside it");
    insta::assert_snapshot!(named("own_x.cedar"), @"own_x.cedar: no file of a programme is called so; there are programme.toml, classes.toml, stores.toml, partners.toml, calendars.toml, controls.toml, playbooks.toml, policies/*");
    let many: Vec<(String, &str)> = (0..51)
        .flat_map(|number| {
            let id = format!("policies/own_{number}");
            [(format!("{id}.cedar"), POLICY), (format!("{id}.examples.toml"), EXAMPLES)]
        })
        .collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), *text)).collect();
    let faults = Programme::read(&files("", &many)).unwrap_err();
    assert!(
        faults.iter().any(|fault| fault.to_string().contains("there are 51 policies; at most 50 are read")),
        "{faults:?}"
    );
}

#[test]
fn a_word_that_says_nothing_is_refused_and_so_is_what_cannot_be_asked_of_its_own_examples() {
    for (unknown, meant) in
        [("enable(\"no\")", "enabled"), ("environment(\"production\")", "environments"), ("foo(\"x\")", "id")]
    {
        let why = with("", &format!("@{unknown}\n{POLICY}"), EXAMPLES).unwrap_err();
        let name = unknown.split('(').next().unwrap();
        assert!(why.contains(&format!("`@{name}` says nothing here; did you mean `@")), "{why}");
        assert!(name == "foo" || why.contains(meant), "{why}");
    }
    assert!(with("", &format!("@enabled(\"no\")\n{POLICY}"), EXAMPLES).is_ok(), "its twin");
    // Of what does not fail by the facts it is broken: it would say so of everything like it.
    let broken = POLICY
        .replace("principal.live_password }", "(principal.live_password || 9223372036854775807 + 1 > 0) }");
    let why = with("", &broken, EXAMPLES).unwrap_err();
    assert!(why.contains("cannot be asked"), "{why}");
}

#[test]
fn a_policy_that_is_governance_is_asked_only_of_what_is_enrolled() {
    let governance = POLICY.replace("@kind(\"hygiene\")", "@kind(\"governance\")");
    let programme = with("", &governance, EXAMPLES).unwrap();
    assert_eq!(failing(&programme, SUPERUSER).len(), 1);
    assert_eq!(failing(&programme, &format!("enrolled = false\n{SUPERUSER}")), []);
    let judged = Judge::new(&programme).unwrap();
    let judged = judged
        .judge(&dossier(&format!("business_owner = true\n{SUPERUSER}")), &OpenSince::new(), NOW)
        .unwrap();
    assert_eq!(judged.standing, Standing::Due);
}

/// What would end the process, were it read: brackets as deep as a file is long, and numbers that have no opposite.
#[test]
fn nothing_that_is_written_ends_the_process() {
    let condition = |text: &str| {
        POLICY.replace("principal.present && principal.superuser && principal.live_password", text)
    };
    let deep = |open: &str, close: &str, times: usize| {
        condition(&format!("{}principal.superuser{}", open.repeat(times), close.repeat(times)))
    };
    let refused = |policy: &str| with("", policy, EXAMPLES).unwrap_err();
    for times in [24, 100, 3_000] {
        let why = refused(&deep("(", ")", times));
        assert!(why.contains("brackets are nested deeper than 24"), "{times}: {why}");
    }
    assert!(refused(&deep("(", ")", 5_000)).contains("at most 8192 are read"));
    assert!(
        refused(&deep("if principal.present then ", " else false", 30))
            .contains("brackets are nested deeper")
    );
    let chain = |terms: usize| {
        condition(&format!(
            "principal.superuser && principal.live_password{}",
            " && principal.present".repeat(terms)
        ))
    };
    assert!(refused(&chain(24)).contains("more than 24 things are put together"));
    assert!(with("", &chain(23), EXAMPLES).is_ok(), "its twin");
    assert!(refused(&deep("!", "", 4_000)).contains("too many occurrences of `!`"));
    assert!(refused(&condition(&"principal.superuser || ".repeat(400))).contains("at most 8192 are read"));
    // The twin: some are read.
    let some =
        deep("(", ")", 20).replace("principal.superuser", "principal.superuser && principal.live_password");
    assert!(with("", &some, EXAMPLES).is_ok());
    for days in [i64::MIN, i64::MAX] {
        let far = EXAMPLES.replace(
            "fails = false",
            &format!("fails = false\nexpires_in_days = {days}\nenrolled_days_ago = {days}"),
        );
        assert!(with("", POLICY, &far).is_ok(), "{days}");
    }
}

#[test]
fn sentences_that_cannot_be_read_are_refused() {
    for unfit in ["take it \\u{202e}away", "take it\\naway", &"x".repeat(401)] {
        let why = with("", &POLICY.replace("take the password away", unfit), EXAMPLES).unwrap_err();
        assert!(why.contains("characters, or holds what cannot be seen"), "{why}");
    }
    assert!(with("", &POLICY.replace("take the password away", &"x".repeat(300)), EXAMPLES).is_ok());
}

/// One that ships, under a name of one's own, with examples of its own.
fn copied() -> Programme {
    let shipped = include_str!("../../policies/passwordless_access.cedar");
    let examples = include_str!("../../policies/passwordless_access.examples.toml");
    let own = shipped.replace("@id(\"passwordless_access\")", "@id(\"own_copied\")");
    let named =
        [("policies/own_copied.cedar", own.as_str()), ("policies/own_copied.examples.toml", examples)];
    Programme::read(&files("", &named)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// An own policy of the same words says the same of every dossier, and changes nothing that others say.
    #[test]
    fn one_of_the_same_words_says_the_same(dossier in any_dossier()) {
        thread_local! {
            static OWN: Judge = Judge::new(&copied()).unwrap();
            static SHIPPED: Judge = Judge::new(&Programme::default()).unwrap();
        }
        let judged = |judge: &Judge| judge.judge(&dossier, &OpenSince::new(), NOW).unwrap();
        let (own, shipped) = (OWN.with(judged), SHIPPED.with(judged));
        let said = |policy: &str| {
            let of = own.conditions.iter().filter(|one| one.policy == policy);
            of.map(|one| (one.subject.clone(), one.reason.clone(), one.rests_on.clone())).collect::<Vec<_>>()
        };
        prop_assert_eq!(said("own_copied"), said("passwordless_access"));
        let others: Vec<_> = own.conditions.into_iter().filter(|one| one.policy != "own_copied").collect();
        prop_assert_eq!(others, shipped.conditions);
    }
}
