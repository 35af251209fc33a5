//! The table of delegations: who lets whom decide in their place, from when until when, and how each ended.
//!
//! That none is without an end, and none to oneself, are the database's own rules. Next: `tables/delegations.rs`.

use tenure_model::DelegationState;

/// Delegations; those that wait or count are found by either of the two.
pub(super) fn delegations() -> Vec<String> {
    let lives = "state IN ('offered', 'accepted')";
    vec![
        format!(
            "CREATE TABLE delegations (delegation_id {{text}} PRIMARY KEY, from_person {{text}} NOT NULL, to_person {{text}} NOT NULL, \
             kinds {{text}} NOT NULL, reason {{text}} NOT NULL, state {{text}} NOT NULL, offered_us {{int}} NOT NULL, \
             begins_us {{int}} NOT NULL, ends_us {{int}} NOT NULL, accepted_us {{int}}, ended_us {{int}}, ended_why {{text}}, \
             CONSTRAINT delegations_end CHECK (ends_us > begins_us AND ends_us > offered_us), \
             CONSTRAINT delegations_go_to_another CHECK (to_person <> from_person), \
             CONSTRAINT delegations_count_when_accepted CHECK (state <> 'accepted' OR accepted_us IS NOT NULL), \
             CONSTRAINT delegations_are_accepted_in_time CHECK (accepted_us IS NULL OR accepted_us < ends_us), \
             CONSTRAINT delegations_are_over_some_day CHECK ((ended_us IS NULL) = ({lives})), \
             CONSTRAINT delegations_state CHECK ({})){{end}}",
            DelegationState::sql_check("state")
        ),
        format!("CREATE INDEX delegations_to ON delegations (to_person) WHERE {lives}"),
        String::from("CREATE INDEX delegations_from ON delegations (from_person, ends_us)"),
        format!("CREATE INDEX delegations_by_end ON delegations (ends_us) WHERE {lives}"),
        String::from("CREATE INDEX delegations_over ON delegations (ended_us) WHERE ended_us IS NOT NULL"),
    ]
}
