//! The shapes of delegations, written as in `shapes.rs`.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] = &[
    (
        "DelegationWish",
        &["to: text", "begins?: instant?", "ends: instant", "kinds?: [DelegatedKind]", "reason: text"],
    ),
    ("DelegationAnswer", &["answer: DelegationWord", "reason?: text"]),
    ("DelegationWithdrawal", &["reason?: text"]),
];

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "DelegationLine",
        &[
            "id: id",
            "from: id",
            "to: id",
            "kinds: [DelegatedKind]",
            "reason: text",
            "state: DelegationState",
            "offered: instant",
            "begins: instant",
            "ends: instant",
            "accepted: instant?",
            "ended: instant?",
            "ended_why: text?",
            "handle: text",
            "from_name: text?",
            "to_name: text?",
            "counts: flag",
        ],
    ),
    (
        "Delegation",
        &[
            "id: id",
            "from: id",
            "to: id",
            "kinds: [DelegatedKind]",
            "reason: text",
            "state: DelegationState",
            "offered: instant",
            "begins: instant",
            "ends: instant",
            "accepted: instant?",
            "ended: instant?",
            "ended_why: text?",
            "handle: text",
            "from_name: text?",
            "to_name: text?",
            "counts: flag",
            "decided: [DelegatedDecision]",
        ],
    ),
    ("DelegatedDecision", &["kind: DelegatedKind", "handle: text", "decided: instant"]),
    ("DelegationPage", &["items: [DelegationLine]", "next: text?"]),
];
