//! The shapes of answers about programmes, written as in `shapes.rs`.

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    (
        "ProgrammeShown",
        &["applied: ProgrammeListed?", "classes: [ClassShown]", "policies: [PolicyShown]", "waiting: number"],
    ),
    ("ProgrammePage", &["items: [ProgrammeListed]", "next: text?"]),
    (
        "ProgrammeListed",
        &["version: number", "digest: text", "reason: text", "applied_by: text?", "applied: instant"],
    ),
    (
        "Programme",
        &[
            "version: number",
            "digest: text",
            "files: {text}",
            "reason: text",
            "applied_by: id",
            "applied: instant",
        ],
    ),
    (
        "ClassShown",
        &[
            "id: text",
            "match: [text]",
            "required?: [CharterField]",
            "lifetime_days_max?: number",
            "rotation_days_max?: number",
            "credential_kinds?: [CredentialKind]",
            "identities: number",
        ],
    ),
    ("PolicyShown", &["id: text", "severity: Severity", "enabled: flag"]),
    ("ProgrammeChecked", &["faults: [ProgrammeFault]"]),
    ("ProgrammeFault", &["file: text", "line: number?", "column: number?", "why: text", "suggestion: text?"]),
    ("ProgrammePlan", &["foreseen: ProgrammeForeseen?", "judged: number", "of: number"]),
    (
        "ProgrammeForeseen",
        &[
            "digest: text",
            "base_version: number",
            "at: instant",
            "identities: number",
            "not_judged: number",
            "changed: number",
            "worse: number",
            "lapses: number",
            "lapses_soon: number",
            "better: number",
            "standings: [StandingMoved]",
            "policies: [PolicyForeseen]",
            "classes: [ClassForeseen]",
            "named: [IdentityForeseen]",
            "held: text?",
            "word: text",
        ],
    ),
    ("StandingMoved", &["from: Standing", "to: Standing", "count: number"]),
    ("PolicyForeseen", &["policy: text", "severity: Severity", "begins: number", "ends: number"]),
    ("ClassForeseen", &["class: text", "before: number", "after: number"]),
    (
        "IdentityForeseen",
        &[
            "identity: id",
            "name: text",
            "class: text?",
            "from: Standing",
            "to: Standing",
            "begins: [text]",
            "ends: [text]",
        ],
    ),
];
