//! The shapes of tickets.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] =
    &[("TicketImportRequest", &["system: text", "csv: text", "columns?: {text}"])];

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
            "outcome: TicketOutcome",
        ],
    ),
    ("TicketPage", &["items: [Ticket]", "next: text?"]),
    (
        "TicketsForeseen",
        &["system: text", "added: number", "changed: number", "same: number", "tickets: [Ticket]"],
    ),
];
