//! The shapes of inboxes, written as in `shapes.rs`.

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "Inbox",
        &[
            "person: text",
            "role: Role",
            "at: instant",
            "waiting: [InboxLine]",
            "overdue: number",
            "more: [MoreWaiting]",
            "answered: [Answered]",
            "note: text?",
        ],
    ),
    (
        "InboxLine",
        &[
            "kind: WaitingKind",
            "subject: text",
            "name: text",
            "count: number",
            "since: instant",
            "due: instant?",
            "why: text",
            "what: text",
            "command: text",
            "page: text",
            "risk: RiskTier?",
            "overdue: flag",
        ],
    ),
    (
        "Answered",
        &[
            "kind: WaitingKind",
            "subject: text",
            "name: text",
            "count: number",
            "since: instant",
            "due: instant?",
            "why: text",
            "what: text",
            "command: text",
            "page: text",
            "risk: RiskTier?",
        ],
    ),
    ("MoreWaiting", &["kind: WaitingKind", "at_least: number", "command: text", "page: text"]),
];
