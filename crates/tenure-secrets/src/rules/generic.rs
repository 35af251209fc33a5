//! Values without a form of their own, known by the name beside them.

use crate::rule::{Check, Confidence, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule::prefixed(
        "address_with_password",
        "address with a password in it",
        &["://"],
        r#"://[^\s:/@"'<>\\`]{0,64}:([^\s/@"'<>\\`:]{6,128})@[A-Za-z0-9\[]"#,
        0,
    )
    .sure(Confidence::Medium)
    .entropy(200),
    Rule::prefixed(
        "assigned_secret",
        "value assigned to a name that says secret",
        &["password", "passwd", "secret", "token", "api_key", "apikey", "api-key", "access_key", "auth_key"],
        r#"(?i:password|passwd|secret|token|api[_-]?key|access_key|auth_key)(?i:[_-]?(?:key|value|token)?)["']?\s{0,8}(?:=|:=|:|=>)\s{0,8}["']?([^\s"'`,;<>(){}\[\]]{10,200})(?:["'\s,;]|\z)"#,
        0,
    )
    .checked(Check::Chosen)
    .sure(Confidence::Low)
    .entropy(300),
];
