//! The shapes of clocks.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] = &[("NewClockPause", &["until: instant", "reason: text"])];

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
            "paused: ClockPause?",
            "pause_days_max: number?",
        ],
    ),
    ("ClockPause", &["since: instant", "until: instant", "by: text?", "reason: text"]),
    ("ClockPage", &["items: [Clock]", "next: text?"]),
];
