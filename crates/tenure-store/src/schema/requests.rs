//! Tables of requests: what people asked for, what others decided of it, what was made or gained with it or without.
//!
//! Rules between columns are the database's own, so that no path around the verbs breaks them. It must never be changed once a
//! version is released. Next: `tables/requests.rs`, `tables/made_outside.rs`, `tables/gains.rs`.

use tenure_model::{RequestKind, RequestState};

/// What people asked for and others decide, and what was decided of it, step by step.
pub(super) fn requests() -> Vec<String> {
    let waits = "state IN ('asked', 'approved')";
    vec![
        format!(
            "CREATE TABLE requests (request_id {{text}} PRIMARY KEY, kind {{text}} NOT NULL, state {{text}} NOT NULL, \
             source_id {{text}} NOT NULL REFERENCES sources, principal_name {{text}} NOT NULL, body {{text}} NOT NULL, \
             reason {{text}} NOT NULL, steps {{text}} NOT NULL, asked_by {{text}} NOT NULL, asked_us {{int}} NOT NULL, \
             decide_by_us {{int}} NOT NULL, use_by_us {{int}} NOT NULL, approved_us {{int}}, absent_us {{int}}, \
             principal_id {{text}} REFERENCES principals, identity_id {{text}} REFERENCES identities, ended_us {{int}}, \
             ended_why {{text}}, late_for {{text}} REFERENCES principals, \
             CONSTRAINT requests_end CHECK (decide_by_us > asked_us AND use_by_us > decide_by_us), \
             CONSTRAINT requests_are_used_when_approved CHECK (state NOT IN ('approved', 'fulfilled') OR approved_us IS NOT NULL), \
             CONSTRAINT requests_are_used_for_what_was_absent CHECK (state <> 'fulfilled' OR (kind = 'ownership' AND identity_id IS NOT NULL) OR (principal_id IS NOT NULL \
             AND identity_id IS NOT NULL AND ended_us <= use_by_us AND CASE WHEN late_for IS NULL \
             THEN COALESCE(absent_us, 0) > approved_us ELSE principal_id = late_for END)), \
             CONSTRAINT requests_are_over_some_day CHECK ((ended_us IS NULL) = ({waits})), \
             CONSTRAINT requests_kind CHECK ({}), CONSTRAINT requests_state CHECK ({})){{end}}",
            RequestKind::sql_check("kind"),
            RequestState::sql_check("state")
        ),
        format!(
            "CREATE UNIQUE INDEX requests_wait_once ON requests (source_id, principal_name) WHERE kind = 'create' AND {waits}"
        ),
        format!("CREATE INDEX requests_about ON requests (source_id, principal_name) WHERE {waits}"),
        String::from(
            "CREATE UNIQUE INDEX requests_fulfilled_once ON requests (principal_id) \
             WHERE principal_id IS NOT NULL AND kind = 'create'",
        ),
        String::from("CREATE INDEX requests_of ON requests (identity_id) WHERE identity_id IS NOT NULL"),
        String::from("CREATE INDEX requests_over ON requests (ended_us) WHERE ended_us IS NOT NULL"),
        String::from(
            "CREATE TABLE request_decisions (request_id {text} NOT NULL REFERENCES requests, person_id {text} NOT NULL, \
             asked_by {text} NOT NULL, step {int} NOT NULL, digest {text} NOT NULL, refused {int} NOT NULL, reason {text} NOT NULL, \
             decided_us {int} NOT NULL, delegation_id {text}, PRIMARY KEY (request_id, person_id), UNIQUE (request_id, step), \
             CONSTRAINT requests_are_decided_by_another CHECK (person_id <> asked_by)){end}",
        ),
        String::from(
            "CREATE TABLE request_watches (source_id {text} PRIMARY KEY REFERENCES sources, basis {text} NOT NULL, \
             absent_us {int} NOT NULL){keyed}",
        ),
        String::from(
            "CREATE TABLE made_outside (principal_id {text} PRIMARY KEY REFERENCES principals, \
             identity_id {text} NOT NULL REFERENCES identities, class {text} NOT NULL, absent_us {int} NOT NULL, \
             seen_us {int} NOT NULL, request_id {text} REFERENCES requests, \
             CONSTRAINT made_outside_was_absent_first CHECK (seen_us > absent_us)){keyed}",
        ),
        String::from("CREATE INDEX made_outside_of ON made_outside (identity_id) WHERE request_id IS NULL"),
        String::from(
            "CREATE TABLE gains (principal_id {text} NOT NULL REFERENCES principals, resource {text} NOT NULL, \
             right_name {text} NOT NULL, seen_us {int} NOT NULL, identity_id {text} NOT NULL REFERENCES identities, \
             grantable {int} NOT NULL, class {text}, absent_us {int} NOT NULL, request_id {text} REFERENCES requests, \
             until_us {int}, gone_us {int}, PRIMARY KEY (principal_id, resource, right_name, seen_us), \
             CONSTRAINT gains_were_absent_first CHECK (seen_us > absent_us), \
             CONSTRAINT gains_that_were_asked_for_end CHECK ((request_id IS NULL) = (until_us IS NULL)), \
             CONSTRAINT gains_are_asked_for_or_of_a_class CHECK (request_id IS NOT NULL OR class IS NOT NULL)){keyed}",
        ),
        String::from("CREATE INDEX gains_of ON gains (identity_id) WHERE gone_us IS NULL"),
        String::from("CREATE INDEX gains_by_request ON gains (request_id) WHERE request_id IS NOT NULL"),
    ]
}
