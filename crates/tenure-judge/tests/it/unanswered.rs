//! Where a programme asks nobody: each setting that asks somebody, with somebody there and with nobody.
//!
//! Next: `src/programme/unanswered.rs`.

use tenure_judge::{People, Programme, asked_in_vain};
use tenure_model::{Instant, Person, PersonId, Role};

const MAIN: &str = r#"version = 1
[[approvals.rule]]
plans = ["revoke"]
steps = ["owner", "person:nell"]
[exceptions]
approvers = ["administrator"]
renewals_max = 0
[reviews]
fallback = ["person:nell", "operator"]
[[service_level]]
id = "plans"
for = "plan"
within_hours = 8
fallback = ["person:nell"]
escalation = ["person:noor", "administrator"]
"#;

fn people(all: &[(&str, Role)]) -> People {
    let at = Instant::from_micros(1_700_000_000_000_000);
    let person = |(index, (name, role)): (u8, &(&str, Role))| Person {
        id: PersonId::new(at, [index; 10]),
        name: (*name).to_owned(),
        role: *role,
        local_uid: None,
    };
    People { people: (0..).zip(all).map(person).collect(), ..People::default() }
}

fn said(main: &str, all: &[(&str, Role)]) -> String {
    let programme = Programme::parse(main).unwrap();
    let found = asked_in_vain(&programme, &people(all));
    found.into_iter().map(|one| format!("{}: {}", one.setting, one.why)).collect::<Vec<_>>().join("\n")
}

#[test]
fn whoever_is_asked_and_not_there_is_named_with_what_becomes_of_it() {
    let all = [("nell", Role::Operator), ("noor", Role::Owner), ("asha", Role::Administrator)];
    assert_eq!(said(MAIN, &all), "", "everybody is there");
    insta::assert_snapshot!(said(MAIN, &[("asha", Role::Administrator), ("noor", Role::Owner)]), @r"
    approvals.rule 1, step 2: `nell` is nobody of this deployment: what it means waits until its service level passes it on
    service_level plans, fallback: `nell` is nobody of this deployment: it passes on to the others, or to the escalation
    reviews.fallback: `nell` is nobody of this deployment: the next who may is asked
    ");
    insta::assert_snapshot!(said(MAIN, &[("nell", Role::Auditor), ("noor", Role::Operator)]), @r"
    approvals.rule 1, step 2: `nell` is an auditor, who decides nothing: what it means waits until its service level passes it on
    service_level plans, fallback: `nell` is an auditor, who decides nothing: it passes on to the others, or to the escalation
    service_level plans, escalation: there is no administrator in this deployment: what is late is not asked of them
    reviews.fallback: `nell` is an auditor, who decides nothing: the next who may is asked
    exceptions.approvers: there is no administrator in this deployment: nobody grants that high
    ");
}

#[test]
fn an_administrator_stands_wherever_an_operator_is_asked_and_owners_hang_on_the_identity() {
    let main = "version = 1\n[[approvals.rule]]\nsteps = [\"operator\", \"owner\"]\n";
    assert_eq!(said(main, &[("asha", Role::Administrator)]), "");
    assert!(!said(main, &[("ola", Role::Operator)]).contains("approvals.rule"));
    assert!(said(main, &[("ravi", Role::Owner)]).contains("step 1: there is no operator"));
}
