//! The shapes of messages, written as in `shapes.rs`.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] = &[("MailAddress", &["address?: text?"])];

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "Message",
        &[
            "id: id",
            "handle: text",
            "to: text?",
            "kind: MessageKind",
            "tells: number",
            "created: instant",
            "attempts: number",
            "next: instant?",
            "sent: instant?",
            "given_up: instant?",
            "why: text?",
        ],
    ),
    ("MessagePage", &["items: [Message]", "next: text?"]),
    ("MailWay", &["mail: Mail?"]),
    ("Mail", &["server: text", "port: number", "security: text", "from: text", "console: text?"]),
];
