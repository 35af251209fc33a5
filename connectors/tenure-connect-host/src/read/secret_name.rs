//! Whether a name says that its value is a secret, and whether a value is one.

use tenure_secrets::is_placeholder;

/// Parts of a name that say so. Small letters, words joined by `_`.
const SECRET: [&str; 20] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "auth_key",
    "authkey",
    "authtoken",
    "credential",
    "secret_key",
    "signing_key",
    "encryption_key",
    "bearer",
    "authorization",
    "_pat",
];
/// Endings of names that speak about a secret without holding it.
const ABOUT: [&str; 20] = [
    "_file", "_path", "_dir", "_url", "_uri", "_id", "_ids", "_name", "_type", "_ttl", "_expiry", "_expires",
    "_at", "_length", "_limit", "_env", "_command", "_store", "_version", "_tokens",
];
/// Shortest value that is taken for a secret, in bytes.
const VALUE_BYTES_MIN: usize = 6;

/// Whether a variable, key or flag of this name holds a secret.
pub(crate) fn names_a_secret(name: &str) -> bool {
    let name = name.trim_start_matches('-').to_ascii_lowercase().replace(['-', '.', ' '], "_");
    let about = ABOUT.iter().any(|ending| name.ends_with(ending));
    let public = name.contains("public") || name.starts_with("next_public_") || name.contains("max_");
    // `AWS_ACCESS_KEY_ID` ends in `_id`: the secret is the other half of the pair.
    !about && !public && SECRET.iter().any(|part| name.contains(part))
}

/// Whether a value under such a name is a secret, and not an example, a reference, a switch or a path.
pub(crate) fn is_secret_value(value: &[u8]) -> bool {
    let switch =
        [&b"true"[..], b"false", b"disabled", b"enabled", b"required", b"optional", b"prompt", b"default"];
    let is_path = value.starts_with(b"/") || value.starts_with(b"./") || value.starts_with(b"~/");
    value.len() >= VALUE_BYTES_MIN
        && !is_path
        && !switch.iter().any(|word| value.eq_ignore_ascii_case(word))
        && !is_placeholder(value)
}

#[cfg(test)]
mod tests {
    use super::{is_secret_value, names_a_secret};

    #[test]
    fn names_of_secrets_are_told_from_names_about_them() {
        for name in [
            "DB_PASSWORD",
            "api-key",
            "--token",
            "GITHUB_TOKEN",
            "aws_secret_access_key",
            "X-Api-Key",
            "Authorization",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in [
            "PATH",
            "PASSWORD_FILE",
            "AWS_ACCESS_KEY_ID",
            "TOKEN_TTL",
            "NEXT_PUBLIC_API_KEY",
            "MAX_TOKENS",
            "SECRET_NAME",
            "PUBLIC_KEY",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
    }

    #[test]
    fn examples_switches_and_paths_are_no_values() {
        for value in ["", "short", "changeme", "${X}", "/run/secrets/db", "required", "TRUE", "aaaaaaaa"] {
            assert!(!is_secret_value(value.as_bytes()), "{value}");
        }
        assert!(is_secret_value(b"hunter-two-three"));
    }
}
