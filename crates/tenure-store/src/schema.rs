//! The tables, written once for both databases.
//!
//! What differs is filled in: `{int}` (INTEGER, BIGINT), `{text}` (TEXT, compared by bytes),
//! `{bytes}` (BLOB, BYTEA), `{arrival}` (the numbered key), `{end}`, and `{keyed}` for a table of
//! short rows that SQLite keeps in the order of its key instead of twice. Every closed set of
//! words is a CHECK made from its enum, so Rust and SQL cannot disagree. The schema of each
//! version is a golden file; a change is a new migration in `migrate.rs`, never an edit.

mod delegations;
mod handoffs;
mod requests;

use delegations::delegations;
use handoffs::handoffs;
use requests::requests;
use tenure_model::{
    ClockKind, ClockStage, ConsequenceState, CredentialKind, CredentialState, DecisionRight, ExceptionKind,
    ExceptionState, MessageKind, MessageWay, Origin, PlanKind, PlanState, PolicyKind, Presence,
    PrincipalKind, ProofLevel, ReviewAnswer, ReviewItemState, ReviewState, RiskTier, Role, Severity,
    Standing, StepKind, StepState, SurveyState, TicketState,
};

/// Which spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The kinds there were in version 1.
const KINDS_OF_PRINCIPALS_1: &str = "kind IN ('account', 'group')";
const KINDS_OF_CREDENTIALS_1: &str = "kind IN ('password')";
const STANDINGS_1: &str = "standing IN ('unclaimed', 'sound', 'excepted', 'due', 'lapsed', 'suspended', 'retired', 'gone', 'unproven')";
const KINDS_OF_PLANS_1: &str = "kind IN ('disable', 'revoke', 'enable')";
const KINDS_OF_STEPS_1: &str =
    "kind IN ('deny', 'control', 'disable', 'end_sessions', 'delete', 'sweep', 'prove', 'enable')";

const RIGHTS_1: &str = "decision_right IN ('revoke', 'disable', 'own', 'configure', 'accept')";

/// Fills in what differs between the databases.
fn filled(dialect: Dialect, templates: &[String]) -> Vec<String> {
    let (int, text, bytes, arrival, end) = match dialect {
        Dialect::Sqlite => ("INTEGER", "TEXT", "BLOB", "INTEGER PRIMARY KEY", " STRICT"),
        Dialect::Postgres => {
            ("BIGINT", "TEXT COLLATE \"C\"", "BYTEA", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "")
        }
    };
    let keyed = match dialect {
        Dialect::Sqlite => " STRICT, WITHOUT ROWID",
        Dialect::Postgres => "",
    };
    let fill = |template: &str| {
        template
            .replace("{int}", int)
            .replace("{text}", text)
            .replace("{bytes}", bytes)
            .replace("{arrival}", arrival)
            .replace("{end}", end)
            .replace("{keyed}", keyed)
    };
    templates.iter().map(|template| fill(template)).collect()
}

/// The statements that make version 1, in order.
pub(crate) fn version_1(dialect: Dialect) -> Vec<String> {
    let tables = [people(), inventory(), governance(), action(), log()].concat();
    let mut statements = filled(dialect, &tables);
    statements.extend(INDEXES.iter().map(|index| (*index).to_owned()));
    statements
}

/// The statements that make version 2 of version 1: what an extent held when it was last read in full, so that it
/// can be recognised, and whether rows of a source were changed by somebody else while a survey read it.
pub(crate) fn version_2(dialect: Dialect) -> Vec<String> {
    let columns = [
        "ALTER TABLE extents ADD COLUMN keys_digest {text}",
        "ALTER TABLE extents ADD COLUMN things {int}",
        "ALTER TABLE extents ADD COLUMN full_us {int}",
        "ALTER TABLE extents ADD COLUMN full_survey_id {text}",
        "ALTER TABLE extents ADD COLUMN content_digest {text} CONSTRAINT extents_content_is_of_a_full_reading \
         CHECK (content_digest IS NULL OR (whole = 1 AND keys_digest IS NOT NULL AND things IS NOT NULL \
         AND full_us IS NOT NULL AND full_survey_id IS NOT NULL))",
        "ALTER TABLE surveys ADD COLUMN disturbed {int} NOT NULL DEFAULT 0",
    ];
    filled(dialect, &columns.map(String::from))
}

/// Columns that version 3 adds to what there was, and what a person said is no finding.
const FURTHER_COLUMNS: [&str; 23] = [
    "ALTER TABLE plans ADD COLUMN file {text} CONSTRAINT plans_file_is_of_a_tightening \
     CHECK ((file IS NOT NULL) = (kind = 'tighten'))",
    "ALTER TABLE sources ADD COLUMN baseline_us {int}",
    "ALTER TABLE sources ADD COLUMN left_us {int}",
    "ALTER TABLE sources ADD COLUMN back_us {int}",
    "ALTER TABLE identities ADD COLUMN class {text}",
    "ALTER TABLE identities ADD COLUMN enrolled_us {int}",
    // Since when it is, nobody wrote down: it was not before it was seen.
    "UPDATE identities SET enrolled_us = created_us WHERE enrolled = 1",
    "ALTER TABLE principals ADD COLUMN returned_us {int}",
    "ALTER TABLE findings ADD COLUMN cause {text}",
    "ALTER TABLE findings ADD COLUMN excepted_us {int}",
    "ALTER TABLE approvals ADD COLUMN step {int}",
    "ALTER TABLE plans ADD COLUMN decided_in {text}",
    "ALTER TABLE identities ADD COLUMN charter_us {int}",
    "ALTER TABLE approvals ADD COLUMN emergency {text}",
    "ALTER TABLE approvals ADD COLUMN delegation_id {text}",
    "CREATE INDEX findings_excepted ON findings (control) WHERE closed_us IS NULL AND excepted_us IS NOT NULL",
    "CREATE TABLE dismissals (dismissal_id {text} PRIMARY KEY, identity_id {text} NOT NULL REFERENCES identities, \
     policy {text} NOT NULL, subject {text} NOT NULL, reason {text} NOT NULL, dismissed_by {text} NOT NULL, \
     dismissed_us {int} NOT NULL, ends_us {int} NOT NULL, withdrawn_us {int}, rested_on {text}, ended_why {text}, \
     CONSTRAINT dismissals_end CHECK (ends_us > dismissed_us)){end}",
    "CREATE UNIQUE INDEX dismissals_once ON dismissals (identity_id, policy, subject) WHERE withdrawn_us IS NULL",
    "CREATE INDEX dismissals_over ON dismissals (identity_id, policy, subject) WHERE withdrawn_us IS NOT NULL",
    "CREATE INDEX dismissals_by_person ON dismissals (dismissed_by) WHERE withdrawn_us IS NULL",
    "CREATE INDEX sightings_by_fingerprint ON sightings (fingerprint)",
    "CREATE INDEX credentials_by_age ON credentials ((COALESCE(value_changed_us, first_seen_us)), credential_id) \
     WHERE state = 'live'",
    "CREATE INDEX credentials_by_end ON credentials (valid_until_us) WHERE state = 'live' AND valid_until_us IS NOT NULL",
];

/// The statements that make version 3 of version 2: what a machine holds beside accounts and passwords, what findings
/// have in common, what was there before anybody looked, and what a person said is no finding, or not theirs.
pub(crate) fn version_3(dialect: Dialect) -> Vec<String> {
    let mut statements = Vec::new();
    statements.extend(other_words(
        dialect,
        ("principals", "principals_kind"),
        KINDS_OF_PRINCIPALS_1,
        &PrincipalKind::sql_check("kind"),
    ));
    statements.extend(other_words(
        dialect,
        ("credentials", "credentials_kind"),
        KINDS_OF_CREDENTIALS_1,
        &CredentialKind::sql_check("kind"),
    ));
    let plans = ("plans", "plans_kind");
    statements.extend(other_words(dialect, plans, KINDS_OF_PLANS_1, &PlanKind::sql_check("kind")));
    let identities = ("identities", "identities_standing");
    statements.extend(other_words(dialect, identities, STANDINGS_1, &Standing::sql_check("standing")));
    let steps = ("steps", "steps_kind");
    statements.extend(other_words(dialect, steps, KINDS_OF_STEPS_1, &StepKind::sql_check("kind")));
    let approvals = ("approvals", "approvals_right");
    statements.extend(other_words(dialect, approvals, RIGHTS_1, &DecisionRight::sql_check("decision_right")));
    statements.extend(filled(dialect, &FURTHER_COLUMNS.map(String::from)));
    statements.extend(filled(dialect, &[risk_tier()]));
    statements.extend(filled(dialect, &PASSINGS.map(String::from)));
    statements.extend(filled(dialect, &[String::from(PROGRAMMES)]));
    statements.extend(plans_without_a_person(dialect));
    statements.extend(filled(dialect, &consequences()));
    statements.extend(filled(dialect, &SIGN_IN.map(String::from)));
    let decided = [
        exceptions().to_vec(),
        requests(),
        reviews(),
        tickets(),
        clocks(),
        handoffs(),
        delegations(),
        messages(),
    ];
    statements.extend(filled(dialect, &decided.concat()));
    statements.extend(filled(dialect, &CONFIRMATIONS.map(String::from)));
    statements.extend(filled(dialect, &WATCHES.map(String::from)));
    statements.extend(filled(dialect, &[directory(), PAST.map(String::from).to_vec()].concat()));
    statements.extend(owned(dialect));
    statements
}

/// What each person owns, taken once from the charters that are there; and what one person asked for.
fn owned(dialect: Dialect) -> Vec<String> {
    let says = |owner: &str| match dialect {
        Dialect::Sqlite => format!("json_extract(charter, '$.{owner}')"),
        Dialect::Postgres => format!("(charter::json ->> '{owner}')"),
    };
    let (business, technical) = (says("business_owner"), says("technical_owner"));
    let mut statements = filled(
        dialect,
        &[
            "CREATE TABLE owned (person_id {text} NOT NULL, identity_id {text} NOT NULL REFERENCES identities, \
             PRIMARY KEY (person_id, identity_id)){keyed}",
            "CREATE INDEX owned_of ON owned (identity_id)",
            "CREATE INDEX requests_by_asker ON requests (asked_by, ended_us) WHERE ended_us IS NOT NULL",
            "CREATE INDEX exceptions_by_asker ON exceptions (requested_by, ended_us) WHERE ended_us IS NOT NULL",
            "CREATE INDEX exceptions_waiting ON exceptions (requested_us) WHERE state = 'requested'",
            "CREATE INDEX requests_waiting ON requests (asked_us) WHERE state = 'asked'",
            "CREATE INDEX plans_proposed ON plans (plan_id) WHERE state = 'proposed'",
            "CREATE INDEX review_items_passed_on ON review_items (due_us) WHERE state = 'open' AND stage > 0",
        ]
        .map(String::from),
    );
    statements.push(format!(
        "INSERT INTO owned (person_id, identity_id) SELECT {business}, identity_id FROM identities WHERE {business} IS NOT NULL \
         UNION SELECT {technical}, identity_id FROM identities WHERE {technical} IS NOT NULL"
    ));
    statements
}

/// What the inventory was, each row from one instant until another, and since when that is kept. What is now stands in
/// the tables themselves, each row with the instant since when it is so.
const PAST: [&str; 12] = [
    "ALTER TABLE identities ADD COLUMN standing_us {int}",
    // Since when it is so, nobody wrote down: not before it was judged last.
    "UPDATE identities SET standing_us = judged_us WHERE judged_us IS NOT NULL",
    "ALTER TABLE identities ADD COLUMN named_us {int}",
    "ALTER TABLE credentials ADD COLUMN changed_us {int}",
    "ALTER TABLE grants ADD COLUMN changed_us {int}",
    "CREATE TABLE past_kept (only_one {int} PRIMARY KEY, since_us {int} NOT NULL, closed_us {int}, \
     CONSTRAINT past_kept_only_one CHECK (only_one = 1)){end}",
    "CREATE TABLE past_standings (identity_id {text} NOT NULL, until_us {int} NOT NULL, since_us {int} NOT NULL, \
     standing {text} NOT NULL, class {text}, risk_tier {text}, PRIMARY KEY (identity_id, until_us), \
     CONSTRAINT past_standings_lasted CHECK (until_us > since_us)){keyed}",
    "CREATE TABLE past_charters (identity_id {text} NOT NULL, until_us {int} NOT NULL, since_us {int} NOT NULL, \
     name {text} NOT NULL, charter {text} NOT NULL, enrolled {int} NOT NULL, PRIMARY KEY (identity_id, until_us), \
     CONSTRAINT past_charters_lasted CHECK (until_us > since_us)){keyed}",
    "CREATE TABLE past_principals (principal_id {text} NOT NULL, until_us {int} NOT NULL, since_us {int} NOT NULL, \
     name {text} NOT NULL, kind {text} NOT NULL, facts {text} NOT NULL, presence {text} NOT NULL, \
     PRIMARY KEY (principal_id, until_us), CONSTRAINT past_principals_lasted CHECK (until_us > since_us)){keyed}",
    "CREATE TABLE past_credentials (credential_id {text} NOT NULL, until_us {int} NOT NULL, since_us {int} NOT NULL, \
     kind {text} NOT NULL, state {text} NOT NULL, fingerprint {text}, valid_until_us {int}, value_changed_us {int}, \
     facts {text} NOT NULL, PRIMARY KEY (credential_id, until_us), \
     CONSTRAINT past_credentials_lasted CHECK (until_us > since_us)){keyed}",
    "CREATE TABLE past_grants (principal_id {text} NOT NULL, resource {text} NOT NULL, right_name {text} NOT NULL, \
     path {text} NOT NULL, until_us {int} NOT NULL, since_us {int} NOT NULL, grantable {int} NOT NULL, \
     PRIMARY KEY (principal_id, resource, right_name, path, until_us), \
     CONSTRAINT past_grants_lasted CHECK (until_us > since_us)){keyed}",
    "CREATE INDEX programmes_by_time ON programmes (applied_us)",
];

/// A plan that Tenure proposes was asked for by nobody.
fn plans_without_a_person(dialect: Dialect) -> Vec<String> {
    match dialect {
        Dialect::Postgres => vec![String::from("ALTER TABLE plans ALTER COLUMN requested_by DROP NOT NULL")],
        Dialect::Sqlite => vec![
            String::from("PRAGMA writable_schema=ON"),
            String::from(
                "UPDATE sqlite_schema SET sql = replace(sql, 'requested_by TEXT NOT NULL', 'requested_by TEXT') \
                 WHERE type = 'table' AND name = 'plans'",
            ),
            String::from("PRAGMA writable_schema=RESET"),
        ],
    }
}

/// Who said that messages reach them, and what follows when a control does not hold.
fn consequences() -> Vec<String> {
    vec![
        String::from(
            "CREATE TABLE drills (playbook {text} PRIMARY KEY, drilled_us {int} NOT NULL, held {int} NOT NULL, says {text} NOT NULL, \
             person_id {text} NOT NULL REFERENCES people){end}",
        ),
        String::from(
            "CREATE TABLE acknowledgements (person_id {text} PRIMARY KEY REFERENCES people, acknowledged_us {int} NOT NULL){end}",
        ),
        format!(
            "CREATE TABLE consequences (identity_id {{text}} NOT NULL REFERENCES identities, control {{text}} NOT NULL, \
             state {{text}} NOT NULL, why {{text}}, lapsed_us {{int}} NOT NULL, warned_us {{int}} NOT NULL, at_us {{int}} NOT NULL, \
             plan_id {{text}} REFERENCES plans, PRIMARY KEY (identity_id, control), \
             CONSTRAINT consequences_state CHECK ({}), \
             CONSTRAINT consequences_proposed_has_a_plan CHECK ((state = 'proposed') = (plan_id IS NOT NULL)), \
             CONSTRAINT consequences_would_says_why CHECK (state <> 'would_disable' OR why IS NOT NULL)){{end}}",
            ConsequenceState::sql_check("state")
        ),
        String::from("CREATE INDEX consequences_by_control ON consequences (control, state, identity_id)"),
        String::from("CREATE INDEX plans_of_tenure ON plans (state) WHERE requested_by IS NULL"),
    ]
}

/// How much an identity could cost, as it was judged last.
fn risk_tier() -> String {
    format!(
        "ALTER TABLE identities ADD COLUMN risk_tier {{text}} CONSTRAINT identities_risk_tier CHECK (risk_tier IS NULL OR {})",
        RiskTier::sql_check("risk_tier")
    )
}

/// Programmes as they were applied; the one with the highest version is in force.
const PROGRAMMES: &str = "CREATE TABLE programmes (version {int} PRIMARY KEY, digest {text} NOT NULL, files {text} NOT NULL, \
     reason {text} NOT NULL, applied_by {text} NOT NULL, applied_us {int} NOT NULL, \
     CONSTRAINT programmes_version CHECK (version > 0)){end}";

/// Tokens, each with an end, and by which account of which provider a person signs in. `people.token_hash` stays for
/// what version 2 left in it until the deployment is opened, and is empty from then on.
const SIGN_IN: [&str; 4] = [
    "CREATE TABLE tokens (token_id {text} PRIMARY KEY, person_id {text} NOT NULL REFERENCES people, \
     token_hash {bytes} NOT NULL UNIQUE, issued_us {int} NOT NULL, ends_us {int} NOT NULL, \
     CONSTRAINT tokens_end CHECK (ends_us > issued_us)){end}",
    "CREATE INDEX tokens_by_person ON tokens (person_id)",
    "CREATE TABLE links (person_id {text} NOT NULL REFERENCES people, issuer {text} NOT NULL, subject {text}, email {text}, \
     linked_us {int} NOT NULL, UNIQUE (issuer, subject), UNIQUE (issuer, email), \
     CONSTRAINT links_say_whom CHECK ((subject IS NULL) <> (email IS NULL))){end}",
    "CREATE INDEX links_by_person ON links (person_id)",
];
/// Permissions to fail one condition. None is without an end, and nobody grants what they asked for.
fn exceptions() -> [String; 5] {
    [
        format!(
            "CREATE TABLE exceptions (exception_id {{text}} PRIMARY KEY, identity_id {{text}} NOT NULL REFERENCES identities, \
             policy {{text}} NOT NULL, subject {{text}} NOT NULL, kind {{text}} NOT NULL, state {{text}} NOT NULL, \
             reason {{text}} NOT NULL, compensation {{text}} NOT NULL, instead {{text}} NOT NULL, rested_on {{text}} NOT NULL, \
             requested_by {{text}} NOT NULL, requested_us {{int}} NOT NULL, decide_by_us {{int}} NOT NULL, ends_us {{int}} NOT NULL, \
             replace_by_us {{int}}, renewal {{int}} NOT NULL, decided_by {{text}}, decided_us {{int}}, decision_reason {{text}}, \
             rung {{int}}, ended_us {{int}}, ended_why {{text}}, delegation_id {{text}}, \
             CONSTRAINT exceptions_end CHECK (ends_us > requested_us AND decide_by_us > requested_us), \
             CONSTRAINT exceptions_are_decided_by_another CHECK (rung IS NULL OR decided_by <> requested_by), \
             CONSTRAINT exceptions_stand_when_granted CHECK (state NOT IN ('granted', 'ended') OR rung IS NOT NULL), \
             CONSTRAINT exceptions_are_over_some_day CHECK ((ended_us IS NULL) = (state IN ('requested', 'granted'))), \
             CONSTRAINT exceptions_kind CHECK ({}), CONSTRAINT exceptions_state CHECK ({})){{end}}",
            ExceptionKind::sql_check("kind"),
            ExceptionState::sql_check("state")
        ),
        String::from("CREATE INDEX exceptions_of ON exceptions (identity_id)"),
        String::from(
            "CREATE UNIQUE INDEX exceptions_wait_once ON exceptions (identity_id, policy, subject) WHERE state = 'requested'",
        ),
        String::from(
            "CREATE UNIQUE INDEX exceptions_stand_once ON exceptions (identity_id, policy, subject) WHERE state = 'granted'",
        ),
        String::from("CREATE INDEX exceptions_over ON exceptions (ended_us) WHERE ended_us IS NOT NULL"),
    ]
}

/// What tickets of other systems say, each as it was last brought in.
fn tickets() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE tickets (system {{text}} NOT NULL, ticket_key {{text}} NOT NULL, title {{text}} NOT NULL, url {{text}}, \
             state {{text}} NOT NULL, closed_us {{int}}, names {{text}} NOT NULL, identity_id {{text}} REFERENCES identities, \
             unmatched {{text}}, read_us {{int}}, first_us {{int}} NOT NULL, seen_us {{int}} NOT NULL, \
             said_us {{int}}, PRIMARY KEY (system, ticket_key), \
             CONSTRAINT tickets_closed_some_day CHECK (state <> 'closed' OR closed_us IS NOT NULL), \
             CONSTRAINT tickets_read_after_closing CHECK (read_us IS NULL OR (state = 'closed' AND read_us > closed_us)), \
             CONSTRAINT tickets_name_one_or_say_why CHECK ((identity_id IS NULL) = (unmatched IS NOT NULL)), \
             CONSTRAINT tickets_state CHECK ({})){{end}}",
            TicketState::sql_check("state")
        ),
        String::from("CREATE INDEX tickets_of ON tickets (identity_id) WHERE identity_id IS NOT NULL"),
        String::from("CREATE INDEX tickets_by_end ON tickets (closed_us) WHERE state = 'closed'"),
    ]
}

/// How long what waits for people has waited, and who is asked by now.
fn clocks() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE clocks (kind {{text}} NOT NULL, subject {{text}} NOT NULL, step {{int}} NOT NULL, term {{text}} NOT NULL, \
             handle {{text}} NOT NULL, about {{text}} NOT NULL, rules {{text}} NOT NULL, started_us {{int}} NOT NULL, \
             stage {{text}} NOT NULL, due_us {{int}} NOT NULL, warns_us {{int}}, warned_us {{int}}, late_us {{int}}, over_us {{int}}, \
             ended_us {{int}}, pause_us {{int}}, pause_until_us {{int}}, pause_by {{text}}, pause_reason {{text}}, \
             paused_us {{int}} NOT NULL, PRIMARY KEY (subject, step), \
             CONSTRAINT clocks_pauses_end CHECK ((pause_us IS NULL) = (pause_until_us IS NULL) AND (pause_us IS NULL) = (pause_by IS NULL) \
             AND (pause_us IS NULL) = (pause_reason IS NULL) AND (pause_us IS NULL OR pause_until_us > pause_us)), \
             CONSTRAINT clocks_that_are_late_run CHECK (pause_us IS NULL OR late_us IS NULL), \
             CONSTRAINT clocks_pass_on_when_late CHECK (stage = 'first' OR late_us IS NOT NULL), \
             CONSTRAINT clocks_are_over_when_late CHECK (over_us IS NULL OR late_us IS NOT NULL), \
             CONSTRAINT clocks_warn_as_they_said CHECK (warned_us IS NULL OR (warns_us IS NOT NULL AND warned_us >= warns_us)), \
             CONSTRAINT clocks_kind CHECK ({}), CONSTRAINT clocks_stage CHECK ({})){{end}}",
            ClockKind::sql_check("kind"),
            ClockStage::sql_check("stage")
        ),
        String::from("CREATE INDEX clocks_running ON clocks (due_us) WHERE ended_us IS NULL"),
    ]
}

/// Where messages reach people by which way, what they are told, and whether it was sent.
fn messages() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE message_addresses (person_id {{text}} NOT NULL REFERENCES people, way {{text}} NOT NULL, address {{text}} NOT NULL, \
             set_us {{int}} NOT NULL, PRIMARY KEY (person_id, way), CONSTRAINT message_addresses_way CHECK ({})){{keyed}}",
            MessageWay::sql_check("way")
        ),
        format!(
            "CREATE TABLE messages (message_id {{text}} PRIMARY KEY, person_id {{text}} NOT NULL REFERENCES people, \
             kind {{text}} NOT NULL, way {{text}} NOT NULL, tells {{text}} NOT NULL, subject {{text}}, body {{text}}, created_us {{int}} NOT NULL, \
             attempts {{int}} NOT NULL, next_us {{int}} NOT NULL, sent_us {{int}}, given_up_us {{int}}, why {{text}}, \
             CONSTRAINT messages_end_once CHECK (sent_us IS NULL OR given_up_us IS NULL), \
             CONSTRAINT messages_are_forgotten CHECK ((body IS NULL) = (sent_us IS NOT NULL OR given_up_us IS NOT NULL)), \
             CONSTRAINT messages_given_up_say_why CHECK (given_up_us IS NULL OR why IS NOT NULL), \
             CONSTRAINT messages_kind CHECK ({}), CONSTRAINT messages_way CHECK ({})){{end}}",
            MessageKind::sql_check("kind"),
            MessageWay::sql_check("way")
        ),
        String::from("CREATE INDEX messages_of ON messages (person_id, created_us)"),
        String::from(
            "CREATE INDEX messages_due ON messages (next_us) WHERE sent_us IS NULL AND given_up_us IS NULL",
        ),
        String::from("CREATE INDEX messages_by_age ON messages (created_us)"),
        String::from(
            "CREATE TABLE event_streams (stream {text} PRIMARY KEY, origin {text} NOT NULL, next_index {int} NOT NULL, attempts {int} NOT NULL, \
             next_us {int} NOT NULL, taken_us {int}, why {text}, since_us {int} NOT NULL, \
             CONSTRAINT event_streams_place CHECK (next_index >= 0)){end}",
        ),
    ]
}

/// What people look at one by one, and what is to become of each.
fn reviews() -> Vec<String> {
    let waits = "state IN ('open', 'decided')";
    vec![
        format!(
            "CREATE TABLE reviews (review_id {{text}} PRIMARY KEY, handle {{text}} NOT NULL, \
             state {{text}} NOT NULL, rule {{text}} NOT NULL, reason {{text}} NOT NULL, started_by {{text}}, \
             started_us {{int}} NOT NULL, until_us {{int}} NOT NULL, population {{text}} NOT NULL, items {{int}} NOT NULL, \
             ended_us {{int}}, ended_by {{text}}, ended_why {{text}}, CONSTRAINT reviews_end CHECK (until_us > started_us), \
             CONSTRAINT reviews_are_never_empty CHECK (items > 0), \
             CONSTRAINT reviews_are_over_some_day CHECK ((ended_us IS NULL) = (state = 'open')), \
             CONSTRAINT reviews_are_given_up_by_somebody CHECK (state <> 'cancelled' OR (ended_by IS NOT NULL AND ended_why IS NOT NULL)), \
             CONSTRAINT reviews_state CHECK ({})){{end}}",
            ReviewState::sql_check("state")
        ),
        String::from("CREATE INDEX reviews_by_state ON reviews (state, started_us)"),
        String::from("CREATE INDEX reviews_by_handle ON reviews (handle)"),
        format!(
            "CREATE TABLE review_items (item_id {{text}} PRIMARY KEY, handle {{text}} NOT NULL, \
             review_id {{text}} NOT NULL REFERENCES reviews, number {{int}} NOT NULL, identity_id {{text}} NOT NULL REFERENCES identities, \
             state {{text}} NOT NULL, stage {{int}} NOT NULL, reviewer_id {{text}}, turn {{text}} NOT NULL, due_us {{int}} NOT NULL, \
             missed_us {{int}}, recommends {{text}}, likeness {{text}}, looked_us {{int}}, answer {{text}}, decided_by {{text}}, \
             decided_us {{int}}, reason {{text}}, named {{text}}, settled_us {{int}}, outcome {{text}}, delegation_id {{text}}, \
             UNIQUE (review_id, number), UNIQUE (review_id, identity_id), \
             CONSTRAINT review_items_decided_by_somebody CHECK (state NOT IN ('decided', 'done') OR (answer IS NOT NULL \
             AND decided_by IS NOT NULL AND decided_us IS NOT NULL AND reason IS NOT NULL AND named IS NOT NULL)), \
             CONSTRAINT review_items_missed_undecided CHECK (state <> 'missed' OR (answer IS NULL AND missed_us IS NOT NULL)), \
             CONSTRAINT review_items_are_settled CHECK ((settled_us IS NULL) = ({waits})), \
             CONSTRAINT review_items_state CHECK ({}), CONSTRAINT review_items_answer CHECK ({}), \
             CONSTRAINT review_items_recommends CHECK ({})){{end}}",
            ReviewItemState::sql_check("state"),
            ReviewAnswer::sql_check("answer"),
            ReviewAnswer::sql_check("recommends")
        ),
        format!("CREATE UNIQUE INDEX review_items_wait_once ON review_items (identity_id) WHERE {waits}"),
        String::from("CREATE INDEX review_items_by_handle ON review_items (handle)"),
        String::from("CREATE INDEX review_items_of ON review_items (identity_id)"),
        format!("CREATE INDEX review_items_by_reviewer ON review_items (reviewer_id, due_us) WHERE {waits}"),
        String::from(
            "CREATE INDEX review_items_alike ON review_items (review_id, likeness) WHERE state = 'open'",
        ),
        String::from("CREATE INDEX review_items_due ON review_items (due_us) WHERE state = 'open'"),
        String::from("CREATE INDEX review_items_missed ON review_items (identity_id) WHERE state = 'missed'"),
    ]
}

/// What people answered when asked whether an identity is still needed as it is.
const CONFIRMATIONS: [&str; 3] = [
    "CREATE TABLE confirmations (identity_id {text} NOT NULL REFERENCES identities, confirmed_us {int} NOT NULL, \
     person_id {text} NOT NULL, needed {int} NOT NULL, same_scope {int} NOT NULL, same_owners {int} NOT NULL, \
     for_owners {int} NOT NULL, digest {text} NOT NULL, rights {text} NOT NULL, rights_count {int} NOT NULL, \
     PRIMARY KEY (identity_id, confirmed_us, person_id)){end}",
    "CREATE INDEX confirmations_by_person ON confirmations (person_id)",
    "CREATE INDEX findings_by_policy ON findings (policy, identity_id) WHERE closed_us IS NULL",
];

/// What identities wait for that ends outside of them, as their charters say.
const WATCHES: [&str; 2] = [
    "CREATE TABLE watches (identity_id {text} NOT NULL REFERENCES identities, kind {text} NOT NULL, target {text} NOT NULL, \
     PRIMARY KEY (identity_id, kind, target), CONSTRAINT watches_kind CHECK (kind IN ('absent', 'person', 'parent'))){keyed}",
    "CREATE INDEX watches_by_target ON watches (kind, target)",
];

/// People and teams of a directory. Who left stays in `people`, with what they answered for in `left_owned`, until they
/// come back or are deleted.
fn directory() -> Vec<String> {
    let mut statements = vec![format!(
        "ALTER TABLE people ADD COLUMN origin {{text}} NOT NULL DEFAULT 'local' CONSTRAINT people_origin CHECK ({})",
        Origin::sql_check("origin")
    )];
    let others = [
        "ALTER TABLE people ADD COLUMN left_us {int}",
        "ALTER TABLE people ADD COLUMN returned_us {int}",
        "ALTER TABLE people ADD COLUMN leaving_counted_us {int}",
        "CREATE INDEX people_counted ON people (leaving_counted_us) WHERE leaving_counted_us IS NOT NULL",
        "CREATE INDEX people_by_lower_name ON people (lower(name))",
        "CREATE INDEX people_that_left ON people (left_us) WHERE left_us IS NOT NULL",
        "CREATE INDEX people_erased ON people (erased_us) WHERE erased_us IS NOT NULL",
        "CREATE TABLE directory (person_id {text} PRIMARY KEY REFERENCES people, name_key {text} NOT NULL UNIQUE, \
         external_id {text}, resource {text} NOT NULL, version {int} NOT NULL, created_us {int} NOT NULL, \
         changed_us {int} NOT NULL){end}",
        "CREATE INDEX directory_by_external_id ON directory (external_id)",
        "CREATE TABLE left_owned (person_id {text} NOT NULL REFERENCES people, identity_id {text} NOT NULL REFERENCES identities, \
         business {int} NOT NULL, technical {int} NOT NULL, PRIMARY KEY (person_id, identity_id)){keyed}",
        "CREATE TABLE held_leavings (person_id {text} PRIMARY KEY REFERENCES people, erases {int} NOT NULL, \
         asked_us {int} NOT NULL){end}",
        "CREATE TABLE leavings_released (only_one {int} PRIMARY KEY, released_us {int} NOT NULL, \
         CONSTRAINT leavings_released_only_one CHECK (only_one = 1)){end}",
        "CREATE TABLE provisioning_tokens (token_id {text} PRIMARY KEY, token_hash {bytes} NOT NULL UNIQUE, \
         issued_us {int} NOT NULL, ends_us {int} NOT NULL, \
         CONSTRAINT provisioning_tokens_end CHECK (ends_us > issued_us)){end}",
    ];
    statements.extend(others.map(String::from));
    statements.push(format!(
        "CREATE TABLE teams (team_id {{text}} PRIMARY KEY, name {{text}} NOT NULL, name_key {{text}} NOT NULL UNIQUE, \
         external_id {{text}}, role {{text}}, version {{int}} NOT NULL, created_us {{int}} NOT NULL, \
         changed_us {{int}} NOT NULL, origin {{text}} NOT NULL, CONSTRAINT teams_role CHECK ({}), \
         CONSTRAINT teams_origin CHECK ({})){{end}}",
        Role::sql_check("role"),
        Origin::sql_check("origin")
    ));
    let members = [
        "CREATE TABLE team_members (team_id {text} NOT NULL REFERENCES teams, person_id {text} NOT NULL REFERENCES people, \
         PRIMARY KEY (team_id, person_id)){keyed}",
        "CREATE INDEX team_members_by_person ON team_members (person_id)",
    ];
    statements.extend(members.map(String::from));
    statements
}

/// "Not mine": who said so, and whom they passed it on to.
const PASSINGS: [&str; 2] = [
    "CREATE TABLE passings (identity_id {text} NOT NULL REFERENCES identities, passed_by {text} NOT NULL, asked_id {text}, \
     reason {text} NOT NULL, passed_us {int} NOT NULL, answered_us {int}, PRIMARY KEY (identity_id, passed_by), \
     CONSTRAINT passings_asks_another CHECK (asked_id IS NULL OR asked_id <> passed_by)){end}",
    "CREATE INDEX passings_waiting ON passings (asked_id) WHERE answered_us IS NULL",
];

/// The statements after which a column takes other words. SQLite cannot change a constraint, but documents how its
/// text may be changed in place, which rewrites no row.
fn other_words(dialect: Dialect, (table, constraint): (&str, &str), from: &str, to: &str) -> Vec<String> {
    match dialect {
        Dialect::Postgres => vec![
            format!("ALTER TABLE {table} DROP CONSTRAINT {constraint}"),
            format!("ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({to})"),
        ],
        Dialect::Sqlite => {
            let quoted = |words: &str| format!("'CHECK ({})'", words.replace('\'', "''"));
            vec![
                String::from("PRAGMA writable_schema=ON"),
                format!(
                    "UPDATE sqlite_schema SET sql = replace(sql, {}, {}) WHERE type = 'table' AND name = '{table}'",
                    quoted(from),
                    quoted(to)
                ),
                String::from("PRAGMA writable_schema=RESET"),
            ]
        }
    }
}

fn people() -> Vec<String> {
    vec![
        String::from("CREATE TABLE meta (key {text} PRIMARY KEY, value {text} NOT NULL){end}"),
        format!(
            "CREATE TABLE people (person_id {{text}} PRIMARY KEY, name {{text}} NOT NULL UNIQUE, role {{text}} NOT NULL, \
             local_uid {{int}} UNIQUE, token_hash {{bytes}} UNIQUE, created_us {{int}} NOT NULL, erased_us {{int}}, \
             CONSTRAINT people_role CHECK ({})){{end}}",
            Role::sql_check("role")
        ),
    ]
}

fn inventory() -> Vec<String> {
    vec![
        String::from(
            "CREATE TABLE sources (source_id {text} PRIMARY KEY, name {text} NOT NULL UNIQUE, system {text} NOT NULL, \
             points {text} NOT NULL, options {text} NOT NULL, secret {bytes}, not_observable {text} NOT NULL, \
             created_us {int} NOT NULL, removed_us {int}){end}",
        ),
        format!(
            "CREATE TABLE surveys (survey_id {{text}} PRIMARY KEY, source_id {{text}} NOT NULL REFERENCES sources, \
             state {{text}} NOT NULL, started_us {{int}} NOT NULL, ended_us {{int}}, seen {{int}} NOT NULL, \
             changed {{int}} NOT NULL, missing {{int}} NOT NULL, note {{text}}, CONSTRAINT surveys_state CHECK ({})){{end}}",
            SurveyState::sql_check("state")
        ),
        String::from(
            "CREATE TABLE extents (source_id {text} NOT NULL REFERENCES sources, extent {text} NOT NULL, \
             whole {int} NOT NULL, why {text}, remedy {text}, read_us {int} NOT NULL, survey_id {text} NOT NULL, \
             PRIMARY KEY (source_id, extent), CONSTRAINT extents_part_says_why CHECK (whole = 1 OR why IS NOT NULL)){end}",
        ),
        format!(
            "CREATE TABLE principals (principal_id {{text}} PRIMARY KEY, source_id {{text}} NOT NULL REFERENCES sources, \
             native_key {{text}} NOT NULL, name {{text}} NOT NULL, kind {{text}} NOT NULL, built_in {{int}} NOT NULL, \
             facts {{text}} NOT NULL, charter_hint {{text}}, presence {{text}} NOT NULL, identity_id {{text}} NOT NULL, \
             extent {{text}} NOT NULL, first_seen_us {{int}} NOT NULL, changed_us {{int}} NOT NULL, gone_us {{int}}, \
             UNIQUE (source_id, native_key), CONSTRAINT principals_kind CHECK ({}), \
             CONSTRAINT principals_presence CHECK ({})){{end}}",
            KINDS_OF_PRINCIPALS_1,
            Presence::sql_check("presence")
        ),
        format!(
            "CREATE TABLE credentials (credential_id {{text}} PRIMARY KEY, principal_id {{text}} NOT NULL REFERENCES principals, \
             native_key {{text}} NOT NULL, kind {{text}} NOT NULL, state {{text}} NOT NULL, fingerprint {{text}}, \
             valid_until_us {{int}}, facts {{text}} NOT NULL, source_id {{text}} NOT NULL, extent {{text}} NOT NULL, \
             first_seen_us {{int}} NOT NULL, value_changed_us {{int}}, UNIQUE (principal_id, native_key), \
             CONSTRAINT credentials_kind CHECK ({}), CONSTRAINT credentials_state CHECK ({})){{end}}",
            KINDS_OF_CREDENTIALS_1,
            CredentialState::sql_check("state")
        ),
        String::from(
            "CREATE TABLE grants (principal_id {text} NOT NULL REFERENCES principals, resource {text} NOT NULL, \
             right_name {text} NOT NULL, path {text} NOT NULL, grantable {int} NOT NULL, source_id {text} NOT NULL, \
             extent {text} NOT NULL, first_seen_us {int} NOT NULL, \
             PRIMARY KEY (principal_id, resource, right_name, path)){keyed}",
        ),
        String::from(
            "CREATE TABLE uses (principal_id {text} NOT NULL REFERENCES principals, consumer {text} NOT NULL, \
             bucket_us {int} NOT NULL, seen_count {int} NOT NULL, PRIMARY KEY (principal_id, consumer, bucket_us)){keyed}",
        ),
        String::from(
            "CREATE TABLE sightings (source_id {text} NOT NULL REFERENCES sources, extent {text} NOT NULL, \
             place {text} NOT NULL, principal_name {text} NOT NULL, fingerprint {text}, towards {text}, \
             first_seen_us {int} NOT NULL, PRIMARY KEY (source_id, extent, place, principal_name)){keyed}",
        ),
    ]
}

fn governance() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE identities (identity_id {{text}} PRIMARY KEY, name {{text}} NOT NULL, handle {{text}} NOT NULL, \
             charter {{text}} NOT NULL, enrolled {{int}} NOT NULL, built_in {{int}} NOT NULL, standing {{text}} NOT NULL, \
             due_us {{int}}, judged_us {{int}}, created_us {{int}} NOT NULL, \
             CONSTRAINT identities_standing CHECK ({})){{end}}",
            STANDINGS_1
        ),
        format!(
            "CREATE TABLE findings (finding_id {{text}} PRIMARY KEY, identity_id {{text}} NOT NULL REFERENCES identities, \
             policy {{text}} NOT NULL, subject {{text}} NOT NULL, kind {{text}} NOT NULL, control {{text}} NOT NULL, \
             severity {{text}} NOT NULL, reason {{text}} NOT NULL, remedy {{text}} NOT NULL, opened_us {{int}} NOT NULL, \
             closed_us {{int}}, CONSTRAINT findings_kind CHECK ({}), CONSTRAINT findings_severity CHECK ({})){{end}}",
            PolicyKind::sql_check("kind"),
            Severity::sql_check("severity")
        ),
        String::from(
            "CREATE TABLE touched (identity_id {text} PRIMARY KEY REFERENCES identities, since_us {int} NOT NULL, \
             times {int} NOT NULL){keyed}",
        ),
    ]
}

fn action() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE plans (plan_id {{text}} PRIMARY KEY, handle {{text}} NOT NULL, kind {{text}} NOT NULL, \
             state {{text}} NOT NULL, source_id {{text}} NOT NULL REFERENCES sources, \
             principal_id {{text}} NOT NULL REFERENCES principals, principal_key {{text}} NOT NULL, \
             principal_name {{text}} NOT NULL, identity_id {{text}} NOT NULL REFERENCES identities, reason {{text}} NOT NULL, \
             digest {{text}} NOT NULL, blast_radius {{text}} NOT NULL, points {{text}} NOT NULL, heir {{text}}, \
             required_level {{text}} NOT NULL, lag_us {{int}} NOT NULL, level {{text}}, sentence {{text}}, \
             requested_by {{text}} NOT NULL, created_us {{int}} NOT NULL, settled_us {{int}}, version {{int}} NOT NULL, \
             CONSTRAINT plans_kind CHECK ({}), CONSTRAINT plans_state CHECK ({}), \
             CONSTRAINT plans_required_level CHECK ({}), CONSTRAINT plans_level CHECK ({}), \
             CONSTRAINT plans_proved_says_level CHECK (state <> 'proved' OR level IS NOT NULL)){{end}}",
            KINDS_OF_PLANS_1,
            PlanState::sql_check("state"),
            ProofLevel::sql_check("required_level"),
            ProofLevel::sql_check("level")
        ),
        format!(
            "CREATE TABLE steps (action_id {{text}} PRIMARY KEY, plan_id {{text}} NOT NULL REFERENCES plans, \
             position {{int}} NOT NULL, kind {{text}} NOT NULL, state {{text}} NOT NULL, attempt {{int}} NOT NULL, \
             not_before_us {{int}} NOT NULL, done_us {{int}}, answer {{text}}, escalated_us {{int}}, \
             UNIQUE (plan_id, position), CONSTRAINT steps_kind CHECK ({}), CONSTRAINT steps_state CHECK ({})){{end}}",
            KINDS_OF_STEPS_1,
            StepState::sql_check("state")
        ),
        format!(
            "CREATE TABLE approvals (plan_id {{text}} NOT NULL REFERENCES plans, person_id {{text}} NOT NULL, \
             decision_right {{text}} NOT NULL, digest {{text}} NOT NULL, alone {{int}} NOT NULL, decided_us {{int}} NOT NULL, \
             ends_us {{int}} NOT NULL, PRIMARY KEY (plan_id, person_id), CONSTRAINT approvals_right CHECK ({})){{end}}",
            RIGHTS_1
        ),
        String::from(
            "CREATE TABLE intents (intent_id {text} PRIMARY KEY, action_id {text} NOT NULL REFERENCES steps, \
             attempt {int} NOT NULL, epoch {int} NOT NULL, written_us {int} NOT NULL, deadline_us {int} NOT NULL, \
             settled_us {int}, outcome {text}, UNIQUE (action_id, attempt), \
             CONSTRAINT intents_outcome CHECK (outcome IN ('done', 'failed', 'unknown')), \
             CONSTRAINT intents_settled_says_how CHECK ((settled_us IS NULL) = (outcome IS NULL))){end}",
        ),
        String::from(
            "CREATE TABLE probes (plan_id {text} NOT NULL REFERENCES plans, probe_number {int} NOT NULL, kind {text} NOT NULL, \
             point {text} NOT NULL, answer {text} NOT NULL, at_us {int} NOT NULL, PRIMARY KEY (plan_id, probe_number), \
             CONSTRAINT probes_kind CHECK (kind IN ('control', 'after', 'control_plane', 'derived'))){end}",
        ),
        String::from(
            "CREATE TABLE escrow (escrow_id {text} PRIMARY KEY, plan_id {text} NOT NULL REFERENCES plans, \
             purpose {text} NOT NULL, sealed {bytes} NOT NULL, kept_us {int} NOT NULL, destroyed_us {int}, \
             UNIQUE (plan_id, purpose), CONSTRAINT escrow_purpose CHECK (purpose IN ('value', 'keepsake'))){end}",
        ),
        String::from(
            "CREATE TABLE answers (idempotency_key {text} NOT NULL, person_id {text} NOT NULL, request_digest {text} NOT NULL, \
             status {int} NOT NULL, body {text} NOT NULL, at_us {int} NOT NULL, PRIMARY KEY (person_id, idempotency_key)){end}",
        ),
    ]
}

fn log() -> Vec<String> {
    vec![
        String::from(
            "CREATE TABLE entries (arrival {arrival}, entry_id {text} NOT NULL UNIQUE, leaf_index {int} UNIQUE, \
             bytes {bytes} NOT NULL){end}",
        ),
        String::from(
            "CREATE TABLE entry_subjects (subject {text} NOT NULL, entry_id {text} NOT NULL, PRIMARY KEY (subject, entry_id)){keyed}",
        ),
        String::from(
            "CREATE TABLE bodies (entry_id {text} PRIMARY KEY, nonce {bytes} NOT NULL, body {bytes} NOT NULL){end}",
        ),
        String::from(
            "CREATE TABLE tiles (level {int} NOT NULL, tile_index {int} NOT NULL, width {int} NOT NULL, \
             hashes {bytes} NOT NULL, PRIMARY KEY (level, tile_index)){end}",
        ),
        String::from(
            "CREATE TABLE log_head (only_one {int} PRIMARY KEY, origin {text} NOT NULL, epoch {int} NOT NULL, \
             size {int} NOT NULL, root {bytes} NOT NULL, note {text} NOT NULL, \
             CONSTRAINT log_head_only_one CHECK (only_one = 1)){end}",
        ),
        String::from(
            "CREATE TABLE cosignatures (witness {text} PRIMARY KEY, size {int} NOT NULL, note {text} NOT NULL, at_us {int} NOT NULL){end}",
        ),
    ]
}

const INDEXES: &[&str] = &[
    "CREATE INDEX principals_by_identity ON principals (identity_id)",
    "CREATE INDEX principals_by_name ON principals (name)",
    "CREATE INDEX credentials_by_fingerprint ON credentials (fingerprint)",
    "CREATE INDEX identities_by_name ON identities (name)",
    "CREATE INDEX identities_by_handle ON identities (handle)",
    "CREATE INDEX identities_by_due ON identities (due_us)",
    "CREATE INDEX findings_open ON findings (identity_id) WHERE closed_us IS NULL",
    "CREATE UNIQUE INDEX findings_once ON findings (identity_id, policy, subject) WHERE closed_us IS NULL",
    "CREATE INDEX plans_by_state ON plans (state)",
    "CREATE INDEX plans_by_handle ON plans (handle)",
    "CREATE UNIQUE INDEX plans_one_at_a_time ON plans (principal_id) WHERE state IN ('approved', 'running', 'undoing')",
    "CREATE INDEX intents_open ON intents (action_id) WHERE settled_us IS NULL",
    "CREATE INDEX surveys_by_source ON surveys (source_id, started_us)",
];

#[cfg(test)]
pub(crate) mod tests {
    use super::{Dialect, version_1, version_2, version_3};

    /// An empty database as this build makes it.
    pub(crate) fn sqlite_of_today() -> rusqlite::Connection {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        for statement in [version_1, version_2, version_3].iter().flat_map(|version| version(Dialect::Sqlite))
        {
            connection.execute_batch(&statement).unwrap();
        }
        connection
    }

    #[test]
    fn the_schema_is_reviewed() {
        insta::assert_snapshot!(version_1(Dialect::Sqlite).join(";\n"));
    }

    #[test]
    fn the_schema_of_version_2_is_reviewed() {
        insta::assert_snapshot!(version_2(Dialect::Sqlite).join(";\n"));
    }

    #[test]
    fn the_schema_of_version_3_is_reviewed() {
        insta::assert_snapshot!(version_3(Dialect::Sqlite).join(";\n"));
        insta::assert_snapshot!("version_3_postgres", version_3(Dialect::Postgres).join(";\n"));
    }

    #[test]
    fn both_databases_have_the_same_tables() {
        let tables = |dialect| -> Vec<String> {
            version_1(dialect).iter().filter_map(|s| s.split_whitespace().nth(2).map(str::to_owned)).collect()
        };
        assert_eq!(tables(Dialect::Sqlite), tables(Dialect::Postgres));
    }
}
