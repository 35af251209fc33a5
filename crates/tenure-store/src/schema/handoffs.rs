//! The table of handoffs: who was offered to answer for what, until when, and how each ended.
//!
//! That one of a share waits at a time, and none is accepted too late, are the database's own rules. Next: `tables/handoffs.rs`.

use tenure_model::{HandoffStage, HandoffState, OwnerRole};

/// Who was offered to answer for what, and how each offer ended.
pub(super) fn handoffs() -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE handoffs (handoff_id {{text}} PRIMARY KEY, identity_id {{text}} NOT NULL REFERENCES identities, \
             role {{text}} NOT NULL, state {{text}} NOT NULL, from_person {{text}}, to_person {{text}} NOT NULL, \
             offered_by {{text}} NOT NULL, stage {{text}} NOT NULL, runbook {{text}} NOT NULL, reason {{text}} NOT NULL, \
             offered_us {{int}} NOT NULL, accept_by_us {{int}} NOT NULL, contents {{text}} NOT NULL, ended_us {{int}}, \
             ended_why {{text}}, request_id {{text}} REFERENCES requests, CONSTRAINT handoffs_end CHECK (accept_by_us > offered_us), \
             CONSTRAINT handoffs_go_to_another CHECK (to_person <> offered_by AND (from_person IS NULL OR from_person <> to_person)), \
             CONSTRAINT handoffs_are_accepted_in_time CHECK (state <> 'accepted' OR ended_us < accept_by_us), \
             CONSTRAINT handoffs_are_over_some_day CHECK ((ended_us IS NULL) = (state = 'offered')), \
             CONSTRAINT handoffs_role CHECK ({}), CONSTRAINT handoffs_stage CHECK ({}), \
             CONSTRAINT handoffs_state CHECK ({})){{end}}",
            OwnerRole::sql_check("role"),
            HandoffStage::sql_check("stage"),
            HandoffState::sql_check("state")
        ),
        String::from(
            "CREATE UNIQUE INDEX handoffs_wait_once ON handoffs (identity_id, role) WHERE state = 'offered'",
        ),
        String::from("CREATE INDEX handoffs_by_end ON handoffs (accept_by_us) WHERE state = 'offered'"),
        String::from(
            "CREATE UNIQUE INDEX handoffs_by_request ON handoffs (request_id) WHERE request_id IS NOT NULL",
        ),
        String::from(
            "CREATE INDEX handoffs_to ON handoffs (to_person, accept_by_us) WHERE state = 'offered'",
        ),
        String::from("CREATE INDEX handoffs_over ON handoffs (ended_us) WHERE ended_us IS NOT NULL"),
        String::from(
            "CREATE INDEX handoffs_by_giver ON handoffs (offered_by, ended_us) WHERE ended_us IS NOT NULL",
        ),
    ]
}
