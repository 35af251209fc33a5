//! Risk tiers: each term and each setting, and that what is worse never makes a tier lower.
//!
//! What a whole dossier adds up to is compared with a second writing in `model.rs`. Next: `programmes.rs`.

use crate::dossiers::{NOW, any_dossier, dossier};
use proptest::prelude::*;
use tenure_judge::{ExplainedJudgement, Judge, OpenSince, Programme, Risk, tier_foreseen};
use tenure_model::{Charter, DataClass, Environment, RiskTier};

fn explained(programme: &str, brief: &str) -> ExplainedJudgement {
    let programme = Programme::parse(&format!("version = 1\n{programme}")).unwrap();
    Judge::new(&programme).unwrap().explain(&dossier(brief), &OpenSince::new(), NOW).unwrap()
}

fn risk(programme: &str, brief: &str) -> Risk {
    explained(programme, brief).risk.unwrap()
}

/// The points of each term, in their order.
fn points(programme: &str, brief: &str) -> [u32; 4] {
    let terms: Vec<u32> = risk(programme, brief).terms.iter().map(|term| term.points).collect();
    terms.try_into().unwrap()
}

const QUIET: &str = "data_class = 'public'\nenvironment = 'test'\n[[principals]]\ngrants = 0\nowned = 0";

#[test]
fn each_term_says_what_it_rests_on() {
    let said = |brief: &str| {
        let risk = risk("", brief);
        let mut lines = vec![format!("{} {} from {}", risk.tier, risk.points, risk.from)];
        lines.extend(risk.terms.iter().map(|term| format!("{} {}: {}", term.term, term.points, term.says)));
        lines.join("\n")
    };
    insta::assert_snapshot!(said("[[principals]]"), @r"
    moderate 5 from 4
    data 2: nobody said what its data is
    environment 2: nobody said where it runs
    reach 1: 4 rights
    exposure 0: no way was seen by which others could come to use it
    ");
    insta::assert_snapshot!(said(QUIET), @r"
    low 0 from 0
    data 0: public
    environment 0: test
    reach 0: no right of it was seen
    exposure 0: no way was seen by which others could come to use it
    ");
    insta::assert_snapshot!(said("data_class = 'restricted'\nenvironment = 'production'\n[[principals]]\n\
        facts = { login = true, superuser = true }\ncredentials = [{ facts = { verifier = 'md5' } }]"), @r"
    critical 13 from 10
    data 4: restricted
    environment 3: production
    reach 4: everything: `pg-main/app`
    exposure 2: weak: the password of `pg-main/app` (weak hash)
    ");
}

#[test]
fn reach_is_everything_or_how_many_rights_of_what_is_there() {
    let reach = |programme: &str, principal: &str| {
        points(programme, &format!("data_class = 'public'\nenvironment = 'test'\n{principal}"))[2]
    };
    assert_eq!(reach("", "[[principals]]\ngrants = 0\nowned = 0"), 0);
    assert_eq!(reach("", "[[principals]]\ngrants = 0\nowned = 1"), 1);
    assert_eq!(reach("", "[[principals]]\ngrants = 60\nowned = 40"), 1, "100 are not many yet");
    assert_eq!(reach("", "[[principals]]\ngrants = 60\nowned = 41"), 2);
    assert_eq!(reach("[risk]\nmany_rights = 3", "[[principals]]"), 2);
    assert_eq!(reach("", "[[principals]]\nfacts = { create_principals = true }"), 4);
    let elsewhere =
        "[[principals]]\nkind = 'external'\nfacts = { of_another_system = true }\ngrants = 0\nowned = 0";
    assert_eq!(reach("", elsewhere), 2, "what it may do there is not known");
    assert_eq!(reach("[risk]\nmany_rights = 3\nreach.many = 3", &elsewhere.replace("= 0", "= 2")), 3);
    let gone = "[[principals]]\ngrants = 1\nowned = 0\n[[principals]]\npresence = 'gone'\ngrants = 900\nfacts = { superuser = true }";
    assert_eq!(reach("", gone), 1, "what is gone may do nothing");
    let opens =
        "[[principals]]\nkind = 'key'\ncredentials = [{ kind = 'ssh_key', facts = { opens_root = 'root' } }]";
    assert_eq!(reach("", opens), 4);
}

#[test]
fn exposure_is_the_worst_way_that_is_open_now() {
    let exposure = |principal: &str| points("", &format!("[[principals]]\n{principal}"))[3];
    let credential = |fact: &str| exposure(&format!("credentials = [{{ {fact} }}]"));
    assert_eq!(credential("facts = { verifier = 'scram-sha-256' }"), 0);
    assert_eq!(credential("facts = { verifier = 'scram-sha-256' }, first_seen_days_ago = 400"), 1);
    assert_eq!(credential("kind = 'token', facts = { endless = 'no end' }"), 1);
    for weak in [
        "same_value = ['b']",
        "facts = { weak = 'x' }",
        "opens_elsewhere = ['c']",
        "facts = { unencrypted = 'x' }",
    ] {
        assert_eq!(credential(weak), 2, "{weak}");
    }
    for open in [
        "facts = { guessable = 'its name' }",
        "facts = { readable_by = 'everybody' }",
        "facts = { writable_by = 'everybody' }",
        "facts = { in_clear = 'x' }",
        "value_ended = ['d']",
        "value_ended = ['d'], same_value = ['b']",
    ] {
        assert_eq!(credential(open), 4, "{open}");
    }
    for over in ["ends_in_days = 0", "state = 'disabled'", "state = 'removed'"] {
        assert_eq!(credential(&format!("facts = {{ readable_by = 'everybody' }}, {over}")), 0, "{over}");
    }
    assert_eq!(exposure("facts = { login = true, passwordless_rule = 'trust' }"), 4);
    assert_eq!(exposure("facts = { login = false, passwordless_rule = 'trust' }"), 0, "it may not log in");
    assert_eq!(exposure("kind = 'workload'\nfacts = { writable_by = 'everybody' }"), 4);
    assert_eq!(exposure("presence = 'gone'\nfacts = { passwordless_rule = 'trust' }\n[[principals]]"), 0);
}

#[test]
fn what_is_built_in_or_not_there_has_no_tier() {
    for brief in ["built_in = true\n[[principals]]", "[[principals]]\npresence = 'retired'", ""] {
        let explained = explained("", brief);
        assert_eq!((explained.risk, explained.judgement.tier), (None, None), "{brief}");
    }
    assert_eq!(explained("", "enrolled = false\n[[principals]]").judgement.tier, Some(RiskTier::Moderate));
}

#[test]
fn each_row_of_points_is_what_its_term_adds() {
    let rows = [
        ("data", "public", "data_class = 'public'\n[[principals]]", 0),
        ("data", "internal", "data_class = 'internal'\n[[principals]]", 0),
        ("data", "confidential", "data_class = 'confidential'\n[[principals]]", 0),
        ("data", "restricted", "data_class = 'restricted'\n[[principals]]", 0),
        ("data", "unsaid", "[[principals]]", 0),
        ("environment", "development", "environment = 'development'\n[[principals]]", 1),
        ("environment", "test", "environment = 'test'\n[[principals]]", 1),
        ("environment", "staging", "environment = 'staging'\n[[principals]]", 1),
        ("environment", "production", "environment = 'production'\n[[principals]]", 1),
        ("environment", "unsaid", "[[principals]]", 1),
        ("reach", "nothing", "[[principals]]\ngrants = 0\nowned = 0", 2),
        ("reach", "some", "[[principals]]", 2),
        ("reach", "many", "[[principals]]\ngrants = 101", 2),
        ("reach", "everything", "[[principals]]\nfacts = { superuser = true }", 2),
        (
            "reach",
            "unknown",
            "[[principals]]\nfacts = { of_another_system = true }\ngrants = 0\nowned = 0",
            2,
        ),
        ("exposure", "little", "[[principals]]", 3),
        ("exposure", "endless", "[[principals]]\ncredentials = [{ facts = { endless = 'x' } }]", 3),
        ("exposure", "weak", "[[principals]]\ncredentials = [{ same_value = ['b'] }]", 3),
        ("exposure", "open", "[[principals]]\ncredentials = [{ facts = { guessable = 'x' } }]", 3),
    ];
    for (term, row, brief, place) in rows {
        // Every row of the term counts 1, and this one and what is worse 2; what nobody said stands beside the ladder.
        let others: Vec<&str> =
            rows.iter().filter(|(of, ..)| *of == term).map(|(_, other, ..)| *other).collect();
        let at = others.iter().position(|other| *other == row).unwrap();
        let counted: Vec<String> = others
            .iter()
            .enumerate()
            .map(|(index, other)| {
                let counts_two =
                    if row == "unsaid" { *other == row } else { index >= at && *other != "unsaid" };
                format!("{other} = {}", if counts_two { 2 } else { 1 })
            })
            .collect();
        let programme = format!("[risk.{term}]\n{}", counted.join("\n"));
        assert_eq!(points(&programme, brief)[place], 2, "{programme}");
        let flat: Vec<String> = others.iter().map(|other| format!("{other} = 1")).collect();
        assert_eq!(points(&format!("[risk.{term}]\n{}", flat.join("\n")), brief)[place], 1);
    }
}

#[test]
fn tiers_begin_where_the_programme_says() {
    // The sum of this one is 5.
    let tier = |lines: &str| risk(&format!("[risk.tiers]\n{lines}"), "[[principals]]").tier;
    assert_eq!(tier("moderate = 6"), RiskTier::Low);
    assert_eq!(tier("moderate = 5"), RiskTier::Moderate);
    assert_eq!(tier("moderate = 1\nhigh = 5"), RiskTier::High);
    assert_eq!(tier("moderate = 1\nhigh = 2\ncritical = 5"), RiskTier::Critical);
}

#[test]
fn review_days_of_a_tier_are_asked_for_beside_those_of_programme_and_class() {
    let confirmed = |days: i64| {
        format!(
            "business_owner = true\nenrolled_days_ago = 900\nconfirmed = {{ days_ago = {days} }}\n[[principals]]"
        )
    };
    let fails = |programme: &str, days: i64| {
        let judged = explained(programme, &confirmed(days)).judgement;
        judged.conditions.into_iter().find(|one| one.policy == "not_confirmed").map(|one| one.reason)
    };
    // It is of the moderate tier.
    for tier in ["low", "high", "critical"] {
        assert_eq!(fails(&format!("[risk.review_days]\n{tier} = 30"), 300), None, "{tier}");
    }
    let asked = "[risk.review_days]\nmoderate = 30";
    assert_eq!(fails(asked, 29), None);
    let reason = fails(asked, 30).unwrap();
    assert!(reason.contains("every 30 days, because its risk tier is moderate"), "{reason}");
    let stricter = format!("[thresholds]\nreview_days_max = 20\n{asked}");
    assert!(fails(&stricter, 20).is_some_and(|reason| !reason.contains("tier")), "the strictest counts");
    let laxer = format!("[thresholds]\nreview_days_max = 90\n{asked}");
    assert!(fails(&laxer, 30).is_some());
}

#[test]
fn what_is_asked_for_is_weighed_by_what_it_says() {
    let rules = Programme::default().risk;
    let charter = |scope: &[&str], rotation_days| Charter {
        data_class: Some(DataClass::Confidential),
        environment: Some(Environment::Production),
        allowed_scope: scope.iter().map(|one| (*one).to_owned()).collect(),
        rotation_days,
        ..Charter::default()
    };
    let few = charter(&["SELECT on orders"], Some(30));
    assert_eq!(tier_foreseen(&few, false, &rules), RiskTier::Moderate);
    assert_eq!(tier_foreseen(&few, true, &rules), RiskTier::Moderate, "it is changed");
    assert_eq!(tier_foreseen(&charter(&["SELECT on orders"], None), true, &rules), RiskTier::High);
    assert_eq!(tier_foreseen(&charter(&["**"], Some(30)), false, &rules), RiskTier::High);
    let nothing = Charter { data_class: Some(DataClass::Public), ..Charter::default() };
    assert_eq!(tier_foreseen(&nothing, false, &rules), RiskTier::Low);
}

#[test]
fn rules_that_cannot_be_meant_are_refused() {
    let refused = |text: &str| Programme::parse(&format!("version = 1\n{text}")).unwrap_err().to_string();
    insta::assert_snapshot!(refused("[risk.data]\nrestricted = 1"), @"`risk.data`: `restricted` is worse than `confidential` and must not count less (1 and 2)");
    insta::assert_snapshot!(refused("[risk.tiers]\nhigh = 4"), @"`risk.tiers`: `high` must begin above `moderate` (4 and 4)");
    insta::assert_snapshot!(refused("[risk.tiers]\nmoderate = 0"), @"`risk.tiers` is 0; it must be from 1 to 80");
    insta::assert_snapshot!(refused("[risk.reach]\neverything = 21"), @"`risk.reach` is 21; it must be from 0 to 20");
    insta::assert_snapshot!(refused("[risk]\nmany_rights = 0"), @"`risk.many_rights` is 0; it must be from 1 to 100000");
    insta::assert_snapshot!(refused("[risk.review_days]\nlow = 0"), @"`risk.review_days` is 0; it must be from 1 to 3650");
    insta::assert_snapshot!(refused("[risk.review_days]\nhigh = 30\ncritical = 60"), @"`risk.review_days`: `critical` is confirmed less often than `high` (60 and 30 days)");
    insta::assert_snapshot!(refused("[reviews.every_days]\nhigh = 0"), @"`reviews.every_days` is 0; it must be from 1 to 3650");
    insta::assert_snapshot!(refused("[reviews.every_days]\nhigh = 30\ncritical = 60"), @"`reviews.every_days`: `critical` is reviewed less often than `high` (60 and 30 days)");
    insta::assert_snapshot!(refused("[reviews]\ndue_at_once = 501"), @"`reviews.due_at_once` is 501; it must be from 1 to 500");
    insta::assert_snapshot!(refused("[risk.data]\nunsaid = 21"), @"`risk.data.unsaid` is 21; it must be from 0 to 20");
    let unknown = Programme::parse("version = 1\n[risk.data]\nsecret = 4").unwrap_err();
    let why = std::error::Error::source(&unknown).unwrap().to_string();
    assert!(why.contains("unknown field `secret`"), "{why}");
    assert!(Programme::parse("version = 1\n[risk.data]\npublic = 0\nrestricted = 20").is_ok());
}

thread_local! {
    static JUDGE: Judge = Judge::new(&Programme::default()).unwrap();
}

proptest! {
    /// Whatever is known of it, worse data, a worse environment or more rights never make a tier lower.
    #[test]
    fn what_is_worse_never_lowers_a_tier(drawn in any_dossier(), more in 0_i64..200) {
        let tier = |dossier: &_| {
            JUDGE.with(|judge| judge.judge(dossier, &OpenSince::new(), NOW).unwrap().tier)
        };
        let before = tier(&drawn);
        let mut worse = drawn.clone();
        worse.charter.data_class = Some(DataClass::Restricted);
        worse.charter.environment = Some(Environment::Production);
        for principal in &mut worse.principals {
            principal.grants += more;
        }
        // Where it runs decides what counts as the value of another environment: that may stop, and weighs less than this.
        prop_assert!(tier(&worse) >= before, "{:?} {:?}", before, tier(&worse));
    }
}
