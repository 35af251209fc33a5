//! The shapes of tickets.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] = &[
    ("TicketImportRequest", &["system: text", "csv: text", "columns?: {text}"]),
    (
        "TicketPosted",
        &[
            "key: text",
            "state: text",
            "updated: text",
            "resolution?: text?",
            "closed?: text?",
            "identity?: text?",
            "title?: text?",
            "url?: text?",
        ],
    ),
];

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "Ticket",
        &[
            "system: text",
            "key: text",
            "title: text",
            "url: text?",
            "state: TicketState",
            "closed: instant?",
            "names: text",
            "identity: id?",
            "identity_name: text?",
            "unmatched: text?",
            "read_since: instant?",
            "first_seen: instant",
            "seen: instant",
            "said: instant?",
            "outcome: TicketOutcome",
        ],
    ),
    ("TicketHeard", &["heard: text?", "why: text?"]),
    ("TicketPage", &["items: [Ticket]", "next: text?"]),
    (
        "TicketsForeseen",
        &["system: text", "added: number", "changed: number", "same: number", "tickets: [Ticket]"],
    ),
];
