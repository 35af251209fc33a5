//! The shapes of messages and of streams of events, written as in `shapes.rs`.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] =
    &[("MailAddress", &["address?: text?"]), ("ChatOfPerson", &["chat?: text?"])];

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "Message",
        &[
            "id: id",
            "handle: text",
            "to: text?",
            "kind: MessageKind",
            "way: MessageWay",
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
    ("ChatList", &["chats: [Chat]"]),
    ("Chat", &["name: text", "kind: text", "details: flag", "people: number", "console: text?"]),
    (
        "EventStream",
        &[
            "name: text",
            "way: text",
            "to: text",
            "format: text",
            "kinds: [text]",
            "details: flag",
            "since: instant",
            "next: number",
            "behind: number",
            "taken: instant?",
            "attempts: number",
            "why: text?",
            "again: instant?",
        ],
    ),
    (
        "Mail",
        &[
            "server: text",
            "port: number",
            "security: text",
            "from: text",
            "directory_addresses: flag",
            "console: text?",
        ],
    ),
];
