//! The shapes of what was.

/// Answers.
pub(super) const ANSWERS: &[(&str, &[&str])] = &[
    ("AsOf", &["at: instant", "kept_since: instant", "figures: FiguresThen", "day: DayClosed?"]),
    ("DayClosed", &["count: number", "digest: text", "index: number"]),
    (
        "FiguresThen",
        &[
            "standings: [StandingThen]",
            "findings: [FindingsThen]",
            "exceptions: number",
            "programme: number?",
        ],
    ),
    ("StandingThen", &["standing: Standing?", "identities: number", "built_in: number"]),
    ("FindingsThen", &["severity: Severity", "count: number"]),
    (
        "IdentityThen",
        &[
            "id: id",
            "handle: text",
            "name: text",
            "charter: Charter",
            "enrolled: flag",
            "built_in: flag",
            "standing: Standing?",
            "class: text?",
            "tier: RiskTier?",
            "created: instant",
        ],
    ),
    ("IdentityThenPage", &["items: [IdentityThen]", "next: text?"]),
    (
        "IdentityAsOf",
        &[
            "at: instant",
            "identity: IdentityThen",
            "business_owner: text?",
            "technical_owner: text?",
            "principals: [PrincipalThen]",
            "credentials: [CredentialThen]",
            "rights: [GrantThen]",
            "findings: [FindingThen]",
            "programme: number?",
            "entries: [EntryThen]",
        ],
    ),
    (
        "PrincipalThen",
        &[
            "id: id",
            "source_name: text",
            "name: text",
            "kind: PrincipalKind",
            "presence: text",
            "facts: json",
            "first_seen: instant",
            "last_use: instant?",
        ],
    ),
    (
        "CredentialThen",
        &[
            "id: id",
            "principal: id",
            "kind: CredentialKind",
            "state: CredentialState",
            "value_since: instant",
            "valid_until: instant?",
        ],
    ),
    ("GrantThen", &["principal: id", "resource: text", "right: text", "grantable: flag"]),
    (
        "FindingThen",
        &["policy: text", "subject: text", "severity: Severity", "reason: text", "opened: instant"],
    ),
    ("EntryThen", &["index: number", "kind: text", "time: instant"]),
    ("PopulationPage", &["items: [text]", "next: text?"]),
    (
        "Sample",
        &[
            "at: instant",
            "population: number",
            "digest: text",
            "day: DayClosed?",
            "seed: text",
            "identities: [IdentityThen]",
        ],
    ),
];
