//! The shapes of directories that are read by LDAP, written as in `shapes.rs`.

/// What is sent.
pub(super) const REQUESTS: &[(&str, &[&str])] = &[("LdapReadRequest", &["word: text"])];

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    ("LdapList", &["directories: [LdapDirectory]"]),
    (
        "LdapDirectory",
        &[
            "name: text",
            "host: text",
            "port: number",
            "security: text",
            "every_minutes: number?",
            "last: LdapRead?",
        ],
    ),
    ("LdapRead", &["at: instant", "people: number?", "why: text?", "faults: number"]),
    (
        "LdapForeseen",
        &[
            "directory: text",
            "incomplete: text?",
            "referrals: number",
            "faults: number",
            "fault_lines: [text]",
            "changes: PeopleForeseen",
        ],
    ),
];
