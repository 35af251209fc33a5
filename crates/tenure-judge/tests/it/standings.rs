//! Standing, grace and the sentences a person reads.
//!
//! Times here are parameters; nothing may read a clock.
//! Next: `properties.rs`, the same claims over drawn dossiers.

use crate::dossiers::{NOW, days_ago, dossier};
use std::{fmt::Write as _, time::Duration};
use tenure_judge::{
    Dossier, Judge, JudgeFailed, Judgement, OpenSince, PRINCIPALS_MAX, Programme, Said, Word,
};
use tenure_model::{DismissalId, ExceptionId, Fact, Instant, Standing};

fn judge(brief: &str) -> Judgement {
    judge_since(&dossier(brief), &OpenSince::new(), NOW)
}

fn judge_since(dossier: &Dossier, open_since: &OpenSince, now: Instant) -> Judgement {
    Judge::new(&Programme::default()).unwrap().judge(dossier, open_since, now).unwrap()
}

#[test]
fn life_and_death_come_before_ownership_and_ownership_before_conditions() {
    let retired = r#"presence = "retired""#;
    let gone = r#"presence = "gone""#;
    let present = r#"presence = "present""#;
    let unproven = r#"presence = "unproven""#;
    let passwordless = r#"facts = { login = true, passwordless_rule = "local all all trust" }"#;
    let rows: [(&str, &[&str], Standing); 14] = [
        ("enrolled = false", &[present], Standing::Unclaimed),
        ("enrolled = false", &[passwordless], Standing::Unclaimed),
        ("enrolled = false", &[gone], Standing::Gone),
        ("enrolled = false", &[retired], Standing::Retired),
        ("enrolled = false", &[unproven, present], Standing::Unproven),
        ("business_owner = true", &[present], Standing::Sound),
        ("business_owner = true", &[passwordless], Standing::Due),
        ("enrolled = true", &[present], Standing::Due),
        ("enrolled = true", &[retired, gone], Standing::Gone),
        ("enrolled = true", &[retired, retired], Standing::Retired),
        ("enrolled = true", &[retired, unproven], Standing::Unproven),
        ("business_owner = true", &[retired, present], Standing::Sound),
        ("enrolled = false\nbuilt_in = true", &[present], Standing::Sound),
        ("enrolled = true", &[], Standing::Gone),
    ];
    for (head, principals, expected) in rows {
        let mut brief = head.to_owned();
        for principal in principals {
            let _ = write!(brief, "\n[[principals]]\n{principal}");
        }
        assert_eq!(judge(&brief).standing, expected, "{head} {principals:?}");
    }
}

#[test]
fn hygiene_findings_stand_beside_unclaimed() {
    let judged = judge(
        r#"enrolled = false
        [[principals]]
        facts = { login = true, passwordless_rule = "local all all trust" }"#,
    );
    assert_eq!(judged.standing, Standing::Unclaimed);
    assert_eq!(judged.conditions.len(), 1);
}

#[test]
fn a_condition_is_due_until_the_instant_its_grace_ends_and_lapsed_from_it() {
    let ownerless = dossier("[[principals]]");
    let fresh = judge_since(&ownerless, &OpenSince::new(), NOW);
    let condition = fresh.conditions.first().unwrap();
    assert_eq!((condition.since, condition.lapses_at), (None, NOW.plus(Duration::from_hours(30 * 24))));
    let key = (condition.policy.clone(), condition.subject.clone());
    let open_since = OpenSince::from([(key, days_ago(10))]);
    let end = days_ago(-20);
    let before = judge_since(&ownerless, &open_since, Instant::from_micros(end.as_micros() - 1));
    assert_eq!((before.standing, before.changes_at), (Standing::Due, Some(end)));
    assert_eq!(before.conditions[0].since, Some(days_ago(10)));
    let at = judge_since(&ownerless, &open_since, end);
    assert_eq!((at.standing, at.changes_at), (Standing::Lapsed, None));
}

#[test]
fn what_a_person_dismissed_does_not_count_until_its_end_and_then_by_itself() {
    let mut ownerless = dossier("[[principals]]");
    let subject = format!("identity:{}", ownerless.identity);
    let end = days_ago(-9);
    let about = |policy: &str| dismissed(policy, &subject, end);
    ownerless.said = vec![about("rotation_overdue")];
    assert_eq!(judge_since(&ownerless, &OpenSince::new(), NOW).standing, Standing::Due);
    ownerless.said = vec![about("no_owner")];
    let open_since = OpenSince::from([(("no_owner".to_owned(), subject), days_ago(300))]);
    let dismissed = judge_since(&ownerless, &open_since, NOW);
    assert_eq!((dismissed.standing, dismissed.changes_at), (Standing::Sound, Some(end)));
    assert_eq!(dismissed.conditions[0].dismissed_until, Some(end));
    let over = judge_since(&ownerless, &open_since, end);
    assert_eq!((over.standing, over.conditions[0].dismissed_until), (Standing::Lapsed, None));
}

#[test]
fn what_is_excepted_does_not_count_and_the_identity_stands_excepted_until_its_end() {
    let mut ownerless = dossier("[[principals]]");
    let subject = format!("identity:{}", ownerless.identity);
    let (end, later) = (days_ago(-9), days_ago(-20));
    ownerless.said = vec![excepted("no_owner", &subject, end)];
    let open_since = OpenSince::from([(("no_owner".to_owned(), subject.clone()), days_ago(300))]);
    let judged = judge_since(&ownerless, &open_since, NOW);
    assert_eq!((judged.standing, judged.changes_at), (Standing::Excepted, Some(end)));
    assert_eq!(judged.conditions[0].excepted_until, Some(end));
    assert!(!judged.conditions[0].counts() && judged.ended.is_empty());
    let over = judge_since(&ownerless, &open_since, end);
    assert_eq!((over.standing, over.ended[0].why.as_str()), (Standing::Lapsed, "its end came"));
    assert!(over.conditions[0].counts());
    // Its end is told of one whose condition does not fail any more, too.
    ownerless.said = vec![excepted("rotation_overdue", &subject, later)];
    let mended = judge_since(&ownerless, &OpenSince::new(), NOW);
    assert!(mended.changes_at.is_some_and(|at| at <= later) && mended.ended.is_empty());
    assert_eq!(judge_since(&ownerless, &OpenSince::new(), later).ended.len(), 1);
    // Whoever granted it left.
    ownerless.said = vec![Said { void: Some("left".to_owned()), ..excepted("no_owner", &subject, end) }];
    let left = judge_since(&ownerless, &open_since, NOW);
    assert_eq!((left.standing, left.ended.len(), &*left.ended[0].why), (Standing::Lapsed, 1, "left"));
}

#[test]
fn an_exception_stands_only_while_what_was_to_hold_instead_is_asked_and_holds() {
    let shared = |consumers: &str| {
        dossier(&format!("[[principals]]\nfacts = {{ login = true }}\nuses = [{consumers}]"))
    };
    let one = "{ consumer = \"10.0.0.1 (etl)\", days_ago = 1, count = 3 }";
    let four = ["orders", "billing", "reports", "mailer"].map(|program| one.replace("etl", program));
    let judged = |dossier: &Dossier, instead: &str, programme: &Programme| {
        let subject = format!("identity:{}", dossier.identity);
        let said = Said { instead: vec![instead.to_owned()], ..excepted("no_owner", &subject, days_ago(-9)) };
        let dossier = Dossier { said: vec![said], ..dossier.clone() };
        Judge::new(programme).unwrap().judge(&dossier, &OpenSince::new(), NOW).unwrap()
    };
    let (alone, many) = (shared(one), shared(&four.join(", ")));
    let mut programme = Programme::default();
    let holds = judged(&alone, "shared_use", &programme);
    assert_eq!((holds.standing, holds.ended.len()), (Standing::Excepted, 0), "{holds:?}");
    let fails = judged(&many, "shared_use", &programme);
    assert_eq!(fails.standing, Standing::Due);
    assert_eq!(fails.ended[0].why, "`shared_use` fails, which was to hold instead");
    assert!(fails.conditions.iter().all(tenure_judge::FailedCondition::counts));
    let off = tenure_judge::PolicySetting { enabled: Some(false), severity: None };
    programme.policies.insert("shared_use".to_owned(), off);
    let unasked = judged(&alone, "shared_use", &programme);
    assert_eq!(unasked.ended[0].why, "`shared_use` was to hold instead, and is not asked of this identity");
    assert_eq!(unasked.standing, Standing::Due);
}

fn excepted(policy: &str, subject: &str, ends_at: Instant) -> Said {
    Said { word: Word::Exception(ExceptionId::new(NOW, [7; 10])), ..dismissed(policy, subject, ends_at) }
}

fn dismissed(policy: &str, subject: &str, ends_at: Instant) -> Said {
    Said {
        policy: policy.to_owned(),
        subject: subject.to_owned(),
        ends_at,
        word: Word::Dismissal(DismissalId::new(NOW, [7; 10])),
        rested_on: None,
        instead: Vec::new(),
        void: None,
    }
}

#[test]
fn a_dismissal_ends_when_what_it_was_about_changes_and_when_who_said_so_left() {
    let file = |mode: &str, changed_days_ago: u32| {
        dossier(&format!(
            "[[principals]]\nkind = \"workload\"\n[[principals.credentials]]\nkind = \"token\"\n\
             first_seen_days_ago = 90\nchanged_days_ago = {changed_days_ago}\nfacts.readable_by = \"mode {mode}\"\n"
        ))
    };
    let then = file("0640", 40);
    let subject = format!("credential:{}", then.principals[0].credentials[0].id);
    let judge = Judge::new(&Programme::default()).unwrap();
    let rested_on = judge.grounds(&then, "readable_by_others", &subject, NOW);
    let ends = |now: &Dossier, void: Option<&str>| {
        let said = dismissed("readable_by_others", &subject, days_ago(-9));
        let said = Said { rested_on: rested_on.clone(), void: void.map(str::to_owned), ..said };
        let now = Dossier { said: vec![said], ..now.clone() };
        let judged = judge_since(&now, &OpenSince::new(), NOW);
        let found = judged.conditions.iter().find(|one| one.policy == "readable_by_others").unwrap();
        assert_eq!(found.dismissed_until.is_none(), !judged.ended.is_empty());
        judged.ended.into_iter().next().map(|ended| ended.why)
    };
    assert_eq!(ends(&then, None), None, "nothing changed");
    let wider = ends(&file("0644", 40), None).unwrap();
    assert_eq!(wider, "`readable_by_others` was \"mode 0640\" and is \"mode 0644\"");
    assert!(ends(&file("0640", 3), None).unwrap().starts_with("the value is another one since "));
    assert_eq!(ends(&then, Some("gone")).unwrap(), "gone");
}

/// Why what was dismissed then counts again now, if it does.
fn ended_by(policy: &str, then: &Dossier, now: &Dossier) -> Option<String> {
    let judge = Judge::new(&Programme::default()).unwrap();
    let first = judge.judge(then, &OpenSince::new(), NOW).unwrap();
    let subject = first.conditions.into_iter().find(|one| one.policy == policy).unwrap().subject;
    let rested_on = judge.grounds(then, policy, &subject, NOW);
    assert!(rested_on.is_some());
    let said = Said { rested_on, ..dismissed(policy, &subject, days_ago(-9)) };
    let now = Dossier { said: vec![said], ..now.clone() };
    let judged = judge.judge(&now, &OpenSince::new(), NOW).unwrap();
    assert!(judged.conditions.iter().any(|one| one.policy == policy && one.subject == subject));
    judged.ended.into_iter().next().map(|ended| ended.why)
}

fn many(letter: char, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("\"{letter}{number:02} on shop\"")).collect()
}

fn right_outside(rights: &[String]) -> Dossier {
    dossier(&format!(
        "allowed_scope = [\"USAGE\"]\nbusiness_owner = true\n[[principals]]\nrights = [{}]",
        rights.join(", ")
    ))
}

fn used(by: &[(&str, i64)]) -> Dossier {
    let mut brief =
        String::from("business_owner = true\n[[principals]]\nfacts = { login = true, superuser = true }\n");
    for (consumer, days_ago) in by {
        let _ = writeln!(
            brief,
            "[[principals.uses]]\nconsumer = \"{consumer}\"\ndays_ago = {days_ago}\ncount = 1"
        );
    }
    dossier(&brief)
}

fn held(kind: &str, rest: &str) -> Dossier {
    dossier(&format!("[[principals]]\nkind = \"{kind}\"\n[[principals.credentials]]\n{rest}"))
}

#[test]
fn a_right_behind_the_named_ones_ends_a_dismissal_and_one_that_is_lost_does_not() {
    let six = many('R', 6);
    let then = right_outside(&six);
    let mut exchanged = six.clone();
    exchanged[5] = String::from("\"Z on vault/prod\"");
    let why = ended_by("scope_wider_than_charter", &then, &right_outside(&exchanged)).unwrap();
    assert_eq!(why, "`outside_charter` rests on `Z on vault/prod` now and did not");
    assert_eq!(ended_by("scope_wider_than_charter", &then, &right_outside(&six[..4])), None);
}

#[test]
fn another_program_ends_a_dismissal_and_the_same_one_seen_later_does_not() {
    let policy = "superuser_as_application_role";
    let then = used(&[("10.0.0.1 (etl-1)", 3)]);
    assert_eq!(ended_by(policy, &then, &used(&[("10.0.0.1 (etl-2)", 0)])), None);
    let why = ended_by(policy, &then, &used(&[("10.0.0.1 (etl-1)", 3), ("10.0.0.2 (web)", 9)])).unwrap();
    assert_eq!(why, "`application_use` rests on `10.0.0.2 (web)` now and did not");
    let programs = [("a (etl)", 1), ("a (web)", 2), ("a (api)", 3), ("a (cron)", 4), ("a (shop)", 5)];
    let (then, mut more) = (used(&programs), programs.to_vec());
    more.push(("a (bot)", 20));
    assert_eq!(ended_by("shared_use", &then, &then), None);
    let why = ended_by("shared_use", &then, &used(&more)).unwrap();
    assert_eq!(why, "`shared_use` rests on `bot` now and did not");
}

#[test]
fn what_stands_behind_a_cut_ends_a_dismissal() {
    let key = |opens: &[String]| {
        held("key", &format!("kind = \"ssh_key\"\nfacts.also_opens = [{}]", opens.join(", ")))
    };
    let (accounts, mut root) = (many('u', 30), many('u', 30));
    root.push(String::from("\"root\""));
    let why = ended_by("same_key_several_accounts", &key(&accounts), &key(&root)).unwrap();
    assert_eq!(why, "`opens_several` rests on `root` now and did not");
    assert_eq!(ended_by("same_key_several_accounts", &key(&root), &key(&accounts)), None);
    let text =
        |end: &str| held("key", &format!("kind = \"ssh_key\"\nfacts.weak = \"{}{end}\"", "x".repeat(300)));
    assert!(ended_by("weak_key", &text("a"), &text("b")).is_some());
}

#[test]
fn a_value_in_more_places_and_a_secret_in_more_copies_end_a_dismissal() {
    let password = |places: &[String]| held("account", &format!("same_value = [{}]", places.join(", ")));
    let policy = "weak_or_reused_password";
    let (few, twelve) = (many('m', 11), many('m', 12));
    let why = ended_by(policy, &password(&few), &password(&twelve)).unwrap();
    assert_eq!(why, "`same_value_elsewhere` rests on `m11 on shop` now and did not");
    assert_eq!(ended_by(policy, &password(&twelve), &password(&few)), None);
    let twice = [few.as_slice(), &few[..1]].concat();
    let why = ended_by(policy, &password(&few), &password(&twice)).unwrap();
    assert_eq!(why, "`same_value_elsewhere` rests on 12 and was on 11");
    let file = |copies: i64| {
        let mut file = held("external", "kind = \"token\"\nfacts.readable_by = \"mode 0644\"");
        let facts = &mut file.principals[0].credentials[0].facts;
        facts.insert(String::from("copies"), Fact::Number(copies));
        file
    };
    let why = ended_by("readable_by_others", &file(1), &file(2)).unwrap();
    assert_eq!(why, "`readable_by_others` rests on 2 and was on 1");
    assert_eq!(ended_by("readable_by_others", &file(2), &file(1)), None);
}

#[test]
fn another_findings_age_spends_no_grace_here() {
    let ownerless = dossier("[[principals]]");
    let elsewhere = [("no_owner", "identity:other"), ("rotation_overdue", "identity:other")];
    let open_since =
        elsewhere.map(|(policy, subject)| ((policy.to_owned(), subject.to_owned()), days_ago(300)));
    let judged = judge_since(&ownerless, &OpenSince::from(open_since), NOW);
    assert_eq!((judged.standing, judged.conditions[0].since), (Standing::Due, None));
}

#[test]
fn a_judgement_reads_as_sentences_and_says_what_it_rests_on() {
    let brief = dossier(
        r#"[[principals]]
        name = "etl\"\n\u202E"
        facts = { login = true, superuser = true, passwordless_rule = "host all all 0.0.0.0/0 trust" }
        uses = [{ consumer = "10.0.3.7 (etl)", days_ago = 2, count = 9 }]
        credentials = [{ facts = { verifier = "md5", guessable = "it is the role's name" }, first_seen_days_ago = 200, ends_in_days = 40, same_value = ["pg-test/etl"] }]
        [[principals]]
        name = "old"
        presence = "unproven"
        facts = { login = { unknown = "pg_roles is not readable" } }
        use_not_observable = "pg_stat_activity hides other roles"
        claimed_dead = { level = "P2", required = "P4", sentence = "replica-1 could not be reached" }
        credentials = [{ state = "removed", first_seen_days_ago = 9 }]"#,
    );
    let explained =
        Judge::new(&Programme::default()).unwrap().explain(&brief, &OpenSince::new(), NOW).unwrap();
    let judged = &explained.judgement;
    let mut text = format!("{} (changes {})\n", judged.standing, judged.changes_at.unwrap());
    for condition in &judged.conditions {
        let _ = writeln!(
            text,
            "\n{} [{} {} {}]",
            condition.policy, condition.kind, condition.severity, condition.control
        );
        let _ = writeln!(
            text,
            "  {}\n  → {}\n  {} lapses {}",
            condition.reason, condition.remedy, condition.subject, condition.lapses_at
        );
    }
    text.push('\n');
    for fact in &explained.explanation {
        let (kind, _) = fact.subject.split_once(':').unwrap();
        let flips = fact.flips_at.map(|at| format!(" (flips {at})")).unwrap_or_default();
        let _ = writeln!(text, "{kind} {}: {}{flips}", fact.name, fact.value);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn credentials_are_called_what_people_call_them_and_say_where_they_are_mended() {
    let judged = judge(
        r#"enrolled = false
        [[principals]]
        name = "alice SHA256:ab"
        source = "web-1"
        kind = "key"
        credentials = [{ kind = "ssh_key", facts = { weak = "DSA", place = "~alice/.ssh/authorized_keys:3" } }]
        [[principals]]
        name = "aws"
        source = "web-1"
        kind = "external"
        facts = { defined_in = "~alice/.aws/credentials" }
        credentials = [{ kind = "cloud_key", facts = { readable_by = "everybody" } }]
        [[principals]]
        name = "jira"
        source = "web-1"
        kind = "agent"
        facts = { not_pinned = "npx -y jira", defined_in = "~alice/mcp.json" }
        credentials = [{ kind = "token", facts = { in_clear = "env of `jira`", place = "~alice/mcp.json" } }]
        [[principals]]
        name = "web-1"
        source = "web-1"
        kind = "machine"
        credentials = [{ kind = "certificate", ends_in_days = 3 }, { kind = "private_key", facts = { weak = "RSA of 1024 bits" } }]
        [[principals]]
        name = "store"
        source = "web-1"
        kind = "external"
        credentials = [{ kind = "key_store", facts = { readable_by = "everybody" } }]"#,
    );
    let lines: Vec<String> = judged
        .conditions
        .iter()
        .map(|condition| format!("{} <- {}", condition.reason, condition.cause.as_deref().unwrap_or("none")))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_dossier_larger_than_any_identity_is_refused() {
    let mut large = dossier("[[principals]]");
    let principal = large.principals[0].clone();
    large.principals = vec![principal; PRINCIPALS_MAX + 1];
    let failed = Judge::new(&Programme::default()).unwrap().judge(&large, &OpenSince::new(), NOW);
    assert!(matches!(failed, Err(JudgeFailed::DossierTooLarge { .. })));
    insta::assert_snapshot!(failed.unwrap_err(), @"the dossier has 1001 principals; at most 1000 are judged");
}

#[test]
fn a_dossier_survives_json() {
    let written = dossier(
        r#"[[principals]]
        facts = { login = true, superuser = { unknown = "why" } }
        claimed_dead = { level = "P2", required = "P4", sentence = "absent" }
        uses = [{ consumer = "x", days_ago = 1, count = 1 }]
        credentials = [{ facts = { verifier = "md5" }, first_seen_days_ago = 9, ends_in_days = 3, changed_days_ago = 2 }]"#,
    );
    let text = serde_json::to_string(&written).unwrap();
    assert_eq!(serde_json::from_str::<Dossier>(&text).unwrap(), written);
}

#[test]
fn the_remedy_fits_the_system_that_it_is_about() {
    let remedy = |system: &str| {
        let judged = judge(&format!(
            r#"[[principals]]
            system = "{system}"
            credentials = [{{ facts = {{ weak = "md5" }} }}]"#
        ));
        let weak = |one: &&tenure_judge::FailedCondition| one.policy == "weak_or_reused_password";
        judged.conditions.iter().find(weak).unwrap().remedy.clone()
    };
    assert!(remedy("postgres").contains("scram-sha-256"));
    for machine in ["host", "ssh"] {
        let said = remedy(machine);
        assert!(said.contains("`passwd NAME`") && !said.contains("scram"), "{said}");
    }
    let said = remedy("import");
    assert!(!said.contains("scram") && !said.contains("passwd"), "{said}");
}

/// What was present when its source was removed is neither held back nor gone.
#[test]
fn what_nobody_observes_any_more_is_unobserved() {
    let judged = judge("[[principals]]\nunread_days_ago = 3");
    assert_eq!(judged.standing, Standing::Unobserved);
    assert_eq!(judge("[[principals]]\npresence = \"gone\"\nunread_days_ago = 3").standing, Standing::Gone);
}

#[test]
fn a_right_beyond_the_charter_says_since_when_it_is_seen_and_what_no_grant_says_stands_first() {
    let judge = Judge::new(&Programme::default()).unwrap();
    let text = "allowed_scope = [\"USAGE\"]\nbusiness_owner = true\n[[principals]]\nfacts = { superuser = true }\n\
                rights = [\"DROP on shop\"]";
    let judged = judge.judge(&dossier(text), &OpenSince::new(), NOW).unwrap();
    let found = judged.conditions.iter().find(|one| one.policy == "scope_wider_than_charter").unwrap();
    let held = found.reason.split_once("does not allow: ").unwrap().1;
    assert_eq!(
        held,
        "`everything`, `DROP on shop` (seen since 2026-05-29 00:00Z)"
            .replace("2026-05-29 00:00Z", &days_ago(3).to_string())
    );
}
