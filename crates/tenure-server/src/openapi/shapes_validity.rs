//! The shapes of answers about continued validity, written as in `shapes.rs`.

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "ToConfirm",
        &[
            "identity: Identity",
            "owners: [text]",
            "rights_count: number",
            "rights: [text]",
            "rights_gained: [text]",
            "rights_lost: number",
            "credentials: [CredentialShown]",
            "last_use: Use?",
            "uses_missed: text?",
            "findings: [Finding]",
            "last: ConfirmedLast?",
            "due: text",
            "due_at: instant?",
            "digest: text",
        ],
    ),
    ("ConfirmedLast", &["at: instant", "by: text?", "for_owners: flag", "denied: text?", "ended: text?"]),
    ("ConfirmationMade", &["identity: Identity", "plan: PlanShown?", "no_plan_because: text?"]),
    (
        "Validity",
        &[
            "enrolled_since: instant?",
            "confirmed: Confirmed?",
            "awaited: [Awaited]",
            "review_missed: instant?",
        ],
    ),
    ("Awaited", &["term: text", "came: flag?", "says: text"]),
    ("Confirmed", &["at: instant", "denied: text?", "gained: [text]", "void: text?"]),
];
