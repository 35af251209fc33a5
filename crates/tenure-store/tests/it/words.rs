//! Every closed set of words in SQL is its enum's: each word is accepted, anything else is refused.
//!
//! The tables are filled past the store, so that only the CHECKs can refuse.

use crate::bed::Bed;
use tenure_model::{
    CredentialKind, CredentialState, DecisionRight, ExceptionKind, PlanKind, PlanState, PolicyKind, Presence,
    PrincipalKind, ProofLevel, Role, Severity, Standing, StepKind, StepState, SurveyState,
};

/// Statements that insert one row with everything fixed except one word, and clean up after it.
struct Column {
    name: &'static str,
    insert: &'static str,
    words: Vec<&'static str>,
}

macro_rules! words {
    ($noun:ty) => {
        <$noun>::ALL.iter().map(|word| word.as_str()).collect()
    };
}

/// What every row hangs on.
const GROUND: &str = "\
    INSERT INTO sources (source_id, name, system, points, options, not_observable, created_us) \
        VALUES ('s', 's', 'x', '[]', '{}', '[]', 0); \
    INSERT INTO identities (identity_id, name, handle, charter, enrolled, built_in, standing, created_us) \
        VALUES ('i', 'i', 'i', '{}', 0, 0, 'sound', 0); \
    INSERT INTO principals (principal_id, source_id, native_key, name, kind, built_in, facts, presence, identity_id, \
        extent, first_seen_us, changed_us) VALUES ('p', 's', 'k', 'n', 'account', 0, '{}', 'present', 'i', 'e', 0, 0); \
    INSERT INTO plans (plan_id, handle, kind, state, source_id, principal_id, principal_key, principal_name, identity_id, \
        reason, digest, blast_radius, points, required_level, lag_us, requested_by, created_us, version) \
        VALUES ('l', 'l', 'revoke', 'proposed', 's', 'p', 'k', 'n', 'i', 'r', 'd', '{}', '[]', 'P3', 0, 'w', 0, 0); \
    INSERT INTO steps (action_id, plan_id, position, kind, state, attempt, not_before_us) \
        VALUES ('a', 'l', 1, 'deny', 'waiting', 0, 0)";

macro_rules! exception {
    () => {
        "INSERT INTO exceptions (exception_id, identity_id, policy, subject, kind, state, reason, compensation, instead, \
         rested_on, requested_by, requested_us, decide_by_us, ends_us, renewal, decided_by, rung) VALUES "
    };
}

const PLAN: &str = "INSERT INTO plans (plan_id, handle, kind, state, source_id, principal_id, principal_key, \
    principal_name, identity_id, reason, digest, blast_radius, points, required_level, level, lag_us, requested_by, \
    created_us, version, file) VALUES ('x', 'x', ";

fn governance() -> Vec<Column> {
    vec![
        Column {
            name: "role",
            words: words!(Role),
            insert: "INSERT INTO people (person_id, name, role, created_us) VALUES ('x', 'x', '{}', 0)",
        },
        Column {
            name: "survey state",
            words: words!(SurveyState),
            insert: "INSERT INTO surveys (survey_id, source_id, state, started_us, seen, changed, missing) \
                     VALUES ('x', 's', '{}', 0, 0, 0, 0)",
        },
        Column {
            name: "principal kind",
            words: words!(PrincipalKind),
            insert: "INSERT INTO principals (principal_id, source_id, native_key, name, kind, built_in, facts, presence, \
                     identity_id, extent, first_seen_us, changed_us) VALUES ('x', 's', 'x', 'n', '{}', 0, '', 'present', 'i', 'e', 0, 0)",
        },
        Column {
            name: "presence",
            words: words!(Presence),
            insert: "INSERT INTO principals (principal_id, source_id, native_key, name, kind, built_in, facts, presence, \
                     identity_id, extent, first_seen_us, changed_us) VALUES ('x', 's', 'x', 'n', 'account', 0, '', '{}', 'i', 'e', 0, 0)",
        },
        Column {
            name: "credential kind",
            words: words!(CredentialKind),
            insert: "INSERT INTO credentials (credential_id, principal_id, native_key, kind, state, facts, source_id, extent, \
                     first_seen_us) VALUES ('x', 'p', 'x', '{}', 'live', '', 's', 'e', 0)",
        },
        Column {
            name: "credential state",
            words: words!(CredentialState),
            insert: "INSERT INTO credentials (credential_id, principal_id, native_key, kind, state, facts, source_id, extent, \
                     first_seen_us) VALUES ('x', 'p', 'x', 'password', '{}', '', 's', 'e', 0)",
        },
        Column {
            name: "standing",
            words: words!(Standing),
            insert: "INSERT INTO identities (identity_id, name, handle, charter, enrolled, built_in, standing, created_us) \
                     VALUES ('x', 'x', 'x', '', 0, 0, '{}', 0)",
        },
        Column {
            name: "policy kind",
            words: words!(PolicyKind),
            insert: "INSERT INTO findings (finding_id, identity_id, policy, subject, kind, control, severity, reason, remedy, \
                     opened_us) VALUES ('x', 'i', 'p', 's', '{}', 'c', 'low', 'r', 'r', 0)",
        },
        Column {
            name: "severity",
            words: words!(Severity),
            insert: "INSERT INTO findings (finding_id, identity_id, policy, subject, kind, control, severity, reason, remedy, \
                     opened_us) VALUES ('x', 'i', 'p', 's', 'hygiene', 'c', '{}', 'r', 'r', 0)",
        },
        Column {
            name: "decision right",
            words: words!(DecisionRight),
            insert: "INSERT INTO approvals (plan_id, person_id, decision_right, digest, alone, decided_us, ends_us) \
                     VALUES ('l', 'x', '{}', 'd', 0, 0, 0)",
        },
    ]
}

fn action() -> Vec<Column> {
    vec![
        Column {
            name: "step kind",
            words: words!(StepKind),
            insert: "INSERT INTO steps (action_id, plan_id, position, kind, state, attempt, not_before_us) \
                     VALUES ('x', 'l', 2, '{}', 'waiting', 0, 0)",
        },
        Column {
            name: "step state",
            words: words!(StepState),
            insert: "INSERT INTO steps (action_id, plan_id, position, kind, state, attempt, not_before_us) \
                     VALUES ('x', 'l', 2, 'deny', '{}', 0, 0)",
        },
        Column {
            name: "intent outcome",
            words: vec!["done", "failed", "unknown"],
            insert: "INSERT INTO intents (intent_id, action_id, attempt, epoch, written_us, deadline_us, settled_us, outcome) \
                     VALUES ('x', 'a', 1, 0, 0, 0, 0, '{}')",
        },
        Column {
            name: "probe kind",
            words: vec!["control", "after", "control_plane", "derived"],
            insert: "INSERT INTO probes (plan_id, probe_number, kind, point, answer, at_us) VALUES ('l', 1, '{}', 'p', '{}', 0)",
        },
        Column {
            name: "kind of exception",
            words: words!(ExceptionKind),
            insert: concat!(
                exception!(),
                "('x', 'i', '', '', '{}', 'granted', '', '', '[]', '{}', 'w', 0, 1, 1, 0, 'v', 0)"
            ),
        },
        Column {
            name: "state of an exception that is not over",
            words: vec!["requested", "granted"],
            insert: concat!(
                exception!(),
                "('x', 'i', '', '', 'exception', '{}', '', '', '[]', '{}', 'w', 0, 1, 1, 0, 'v', 0)"
            ),
        },
        Column {
            name: "escrow purpose",
            words: vec!["value", "keepsake"],
            insert: "INSERT INTO escrow (escrow_id, plan_id, purpose, sealed, kept_us) VALUES ('x', 'l', '{}', {bytes}, 0)",
        },
    ]
}

fn plan_columns() -> Vec<(&'static str, Vec<&'static str>, &'static str)> {
    vec![
        (
            "plan kind",
            words!(PlanKind),
            "'{}', 'proposed', 's', 'p', 'k', 'n', 'i', 'r', 'd', '', '', 'P3', 'P1', 0, 'w', 0, 0, {file})",
        ),
        (
            "plan state",
            words!(PlanState),
            "'revoke', '{}', 's', 'p', 'k', 'n', 'i', 'r', 'd', '', '', 'P3', 'P1', 0, 'w', 0, 0, {file})",
        ),
        (
            "required level",
            words!(ProofLevel),
            "'revoke', 'proposed', 's', 'p', 'k', 'n', 'i', 'r', 'd', '', '', '{}', 'P1', 0, 'w', 0, 0, {file})",
        ),
        (
            "level",
            words!(ProofLevel),
            "'revoke', 'proposed', 's', 'p', 'k', 'n', 'i', 'r', 'd', '', '', 'P3', '{}', 0, 'w', 0, 0, {file})",
        ),
    ]
}

fn check_word(bed: &Bed, insert: &str, word: &str) -> Result<(), String> {
    let bytes = if bed.is_sqlite() { "x'00'" } else { "'\\x00'" };
    let sql = insert.replacen("'{}'", &format!("'{word}'"), 1).replace("{bytes}", bytes);
    // Only a tightening is about a file.
    let sql = sql.replace("{file}", if word == "tighten" { "'x'" } else { "NULL" });
    let undo = "; ROLLBACK";
    bed.raw(&format!("BEGIN; {sql}{undo}"))
}

on_both! {
    fn each_word_is_accepted_and_any_other_refused(bed) {
        bed.open().close();
        bed.raw(GROUND).unwrap();
        let mut columns: Vec<(String, Vec<&str>, String)> = governance().into_iter().chain(action())
            .map(|column| (column.name.to_owned(), column.words, column.insert.to_owned())).collect();
        columns.extend(plan_columns().into_iter().map(|(name, words, rest)| (name.to_owned(), words, format!("{PLAN}{rest}"))));
        assert_eq!(columns.len(), 21);
        for (name, words, insert) in columns {
            for word in &words {
                assert_eq!(check_word(bed, &insert, word), Ok(()), "{name} `{word}`");
            }
            for wrong in ["", "nonsense", &words[0].to_uppercase().replace('P', "p"), &format!("{} ", words[0])] {
                let refused = check_word(bed, &insert, wrong).expect_err(&format!("{name} `{wrong}`"));
                assert!(refused.to_lowercase().contains("check constraint"), "{name} `{wrong}`: {refused}");
            }
        }
    }
}

on_both! {
    fn rules_between_columns_are_kept_by_the_database_too(bed) {
        bed.open().close();
        bed.raw(GROUND).unwrap();
        let exception = |state: &str, decided: &str, ended: &str, ends: u8| {
            format!(
                "INSERT INTO exceptions (exception_id, identity_id, policy, subject, kind, state, reason, compensation, instead, \
                 rested_on, requested_by, requested_us, decide_by_us, ends_us, renewal, decided_by, rung, ended_us) \
                 VALUES ('y', 'i', '', '', 'exception', '{state}', '', '', '[]', '{{}}', 'w', 0, 1, {ends}, 0, {decided}, {ended})"
            )
        };
        bed.raw(&format!("BEGIN; {}; ROLLBACK", exception("granted", "'v', 0", "NULL", 1))).unwrap();
        for (why, sql) in [
            ("without an end", exception("granted", "'v', 0", "NULL", 0)),
            ("granted by whoever asked", exception("granted", "'w', 0", "NULL", 1)),
            ("granted by nobody", exception("granted", "NULL, NULL", "NULL", 1)),
            ("standing and over", exception("granted", "'v', 0", "9", 1)),
            ("ended and not over", exception("ended", "'v', 0", "NULL", 1)),
        ] {
            let refused = bed.raw(&sql).expect_err(why);
            assert!(refused.to_lowercase().contains("check constraint"), "{why}: {refused}");
        }
        let broken = [
            "INSERT INTO extents (source_id, extent, whole, read_us, survey_id) VALUES ('s', 'e', 0, 0, 'x')",
            "UPDATE plans SET state = 'proved' WHERE plan_id = 'l'",
            "INSERT INTO intents (intent_id, action_id, attempt, epoch, written_us, deadline_us, settled_us) VALUES ('x', 'a', 1, 0, 0, 0, 5)",
            "INSERT INTO log_head (only_one, origin, epoch, size, root, note) SELECT 2, origin, epoch, size, root, note FROM log_head",
        ];
        for sql in broken {
            let refused = bed.raw(sql).expect_err(sql);
            assert!(refused.to_lowercase().contains("check constraint"), "{sql}: {refused}");
        }
    }
}
