//! The shapes of requests, written as in `shapes.rs`.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] = &[
    (
        "RequestWish",
        &[
            "kind?: RequestKind",
            "source?: text?",
            "principal?: text?",
            "principal_kind?: PrincipalKind?",
            "class?: text?",
            "business_owner?: text?",
            "technical_owner?: text?",
            "purpose?: text?",
            "boundary?: text?",
            "allowed_scope?: [text]",
            "environment?: Environment?",
            "data_class?: DataClass?",
            "rotation_days?: number?",
            "expires_at?: instant?",
            "retirement_trigger?: text?",
            "store?: text?",
            "reason?: text?",
        ],
    ),
    ("RequestDecision", &["answer: RequestAnswer", "reason: text", "digest: text"]),
    ("RequestWithdrawal", &["reason?: text"]),
];

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "Request",
        &[
            "id: id",
            "kind: RequestKind",
            "state: RequestState",
            "source_name: text",
            "creation: Creation",
            "reason: text",
            "steps: [text]",
            "asked_by: id",
            "asked: instant",
            "decide_by: instant",
            "use_by: instant",
            "approved: instant?",
            "absent: instant?",
            "principal: id?",
            "identity: id?",
            "ended: instant?",
            "ended_why: text?",
            "handle: text",
            "asked_by_name: text?",
            "business_owner_name: text?",
            "technical_owner_name: text?",
            "identity_name: text?",
            "decisions: [RequestStep]",
            "decided_next_by: text?",
            "federation_preferred: flag",
            "usable: flag",
            "digest: text",
        ],
    ),
    (
        "Creation",
        &[
            "source: id",
            "principal: text",
            "principal_kind: PrincipalKind",
            "class: text?",
            "store: text",
            "charter: Charter",
            "late_for: id?",
        ],
    ),
    (
        "RequestStep",
        &[
            "who: text",
            "person: id?",
            "person_name: text?",
            "decided: instant?",
            "reason: text?",
            "counts: flag",
        ],
    ),
    ("RequestPage", &["items: [Request]", "next: text?"]),
];
