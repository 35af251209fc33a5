//! The shapes of clocks.

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "Clock",
        &[
            "kind: ClockKind",
            "subject: id",
            "handle: text",
            "about: text",
            "step: number",
            "level: text",
            "calendar: text?",
            "started: instant",
            "stage: ClockStage",
            "asked: text",
            "due: instant",
            "left_seconds: number",
            "late: instant?",
            "over: instant?",
        ],
    ),
    ("ClockPage", &["items: [Clock]", "next: text?"]),
];
