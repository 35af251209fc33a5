//! The shapes of reviews, written as in `shapes.rs`.
//!
//! An item is in a list with the names of people, and without them where it is looked at. It must never name a field that is
//! not sent. Next: `shapes.rs`, what a line means.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] = &[
    ("ReviewStart", &["rule: text", "until?: instant?", "reason: text"]),
    (
        "ReviewWish",
        &[
            "answer: ReviewAnswer",
            "reason: text",
            "digest: text",
            "to?: text?",
            "rights?: [text]",
            "runbook?: text?",
            "stage?: HandoffStage?",
        ],
    ),
    ("ReviewGroupWish", &["answer: ReviewAnswer", "reason: text", "likeness: text", "count: number"]),
    ("ReviewCancellation", &["reason: text"]),
];

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "Review",
        &[
            "id: id",
            "handle: text",
            "state: ReviewState",
            "rule: text",
            "reason: text",
            "started_by: id?",
            "started: instant",
            "until: instant",
            "population: text",
            "items: number",
            "ended: instant?",
            "ended_by: id?",
            "ended_why: text?",
            "started_by_name: text?",
            "ended_by_name: text?",
            "counts: {number}",
            "recommended: {number}",
            "waits_for: text?",
        ],
    ),
    ("ReviewPage", &["items: [Review]", "next: text?"]),
    (
        "ReviewMeant",
        &[
            "items: number",
            "by_reviewer: [ReviewShare]",
            "nobody_named: number",
            "in_another: number",
            "unclaimed: number",
            "until: instant",
            "population: text",
        ],
    ),
    ("ReviewShare", &["who: text", "items: number"]),
    ("ReviewItemPage", &["items: [ReviewItemShown]", "next: text?"]),
    ("ReviewItem", ITEM),
    ("ReviewItemShown", ITEM_SHOWN),
    ("ReviewNamed", &["rights: [text]", "credentials: [id]", "to: id?", "plan: id?", "handoff: id?"]),
    (
        "ToReview",
        &[
            "item: ReviewItem",
            "review: ReviewRow",
            "shown: ToConfirm",
            "copies: [text]",
            "recommendation: Recommendation",
            "reviewer_name: text?",
            "turn: text",
            "decided_by_name: text?",
            "in_place_of_name: text?",
            "decided_to_name: text?",
            "plan_state: PlanState?",
            "handoff_state: HandoffState?",
            "alike: number",
            "digest: text",
        ],
    ),
    (
        "ReviewRow",
        &[
            "id: id",
            "handle: text",
            "state: ReviewState",
            "rule: text",
            "reason: text",
            "started_by: id?",
            "started: instant",
            "until: instant",
            "population: text",
            "items: number",
            "ended: instant?",
            "ended_by: id?",
            "ended_why: text?",
        ],
    ),
    (
        "Recommendation",
        &[
            "answer: ReviewAnswer",
            "reasons: [RecommendedBecause]",
            "not_known: [text]",
            "rights: [text]",
            "credentials: [id]",
        ],
    ),
    ("RecommendedBecause", &["answer: ReviewAnswer", "code: text", "says: text", "severity: Severity?"]),
    (
        "ReviewDecisionMade",
        &[
            "item: ToReview",
            "plan: text?",
            "no_plan_because: text?",
            "handoff: text?",
            "no_handoff_because: text?",
        ],
    ),
    ("ReviewAlikeDecided", &["count: number"]),
];

/// The fields of an item, and others beside them.
macro_rules! item {
    ($($more:literal),*) => {
        &[
            "id: id",
            "handle: text",
            "review: id",
            "number: number",
            "identity: id",
            "identity_name: text",
            "standing: Standing",
            "state: ReviewItemState",
            "stage: number",
            "reviewer: id?",
            "turn: text",
            "due: instant",
            "missed: instant?",
            "recommends: ReviewAnswer?",
            "likeness: text?",
            "looked: instant?",
            "answer: ReviewAnswer?",
            "decided_by: id?",
            "decided: instant?",
            "reason: text?",
            "named: ReviewNamed?",
            "settled: instant?",
            "outcome: text?",
            "delegation: id?",
            $($more),*
        ]
    };
}

const ITEM: &[&str] = item!();
const ITEM_SHOWN: &[&str] = item!("reviewer_name: text?", "decided_by_name: text?");
