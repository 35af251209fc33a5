//! Whether a column is, by its name, one that holds secrets.
//!
//! A guess on the safe side: what looks like one is never taken as text, only as a fingerprint. A column
//! *about* a secret (`password_last_used`, `token_id`) is none.

/// Words that mean a secret by themselves.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "pin",
];
/// Pairs of words that mean one together.
const PAIRS: &[[&str; 2]] = &[
    ["api", "key"],
    ["private", "key"],
    ["access", "key"],
    ["secret", "key"],
    ["encryption", "key"],
    ["account", "key"],
    ["shared", "key"],
    ["signing", "key"],
    ["connection", "string"],
    ["webhook", "url"],
    ["sas", "url"],
];
/// Last words that make it something about a secret.
const ABOUT: &[&str] = &[
    "id",
    "ids",
    "arn",
    "name",
    "names",
    "date",
    "time",
    "age",
    "days",
    "at",
    "on",
    "until",
    "status",
    "state",
    "count",
    "type",
    "kind",
    "enabled",
    "disabled",
    "active",
    "set",
    "required",
    "used",
    "changed",
    "rotated",
    "created",
    "updated",
    "expires",
    "expiry",
    "expiration",
    "policy",
    "scope",
    "scopes",
    "owner",
    "last",
    "version",
    "number",
    "algorithm",
    "length",
    "region",
    "service",
    "window",
    "serial",
    "fingerprint",
];
/// First words that make it a question.
const QUESTIONS: &[&str] = &["has", "is", "needs", "requires", "last", "days", "number"];

/// True when values of this column must not be kept.
pub(crate) fn is_secret(column: &str) -> bool {
    let words = words(column);
    let about = words.last().is_some_and(|last| ABOUT.contains(&last.as_str()));
    let question = words.first().is_some_and(|first| QUESTIONS.contains(&first.as_str()));
    if about || question {
        return false;
    }
    let by_itself = words.iter().any(|word| SECRETS.contains(&singular(word)));
    let together = words.windows(2).any(|pair| match pair {
        [first, second] => PAIRS.contains(&[first.as_str(), singular(second)]),
        _ => false,
    });
    by_itself || together
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|stem| !stem.ends_with('s')).unwrap_or(word)
}

/// Words of a name, at everything that is no letter or digit and where small letters meet capital ones.
fn words(name: &str) -> Vec<String> {
    // A pointer into JSON counts by its last part.
    let name = name.rsplit('/').next().unwrap_or(name);
    let (mut words, mut word, mut small_before) = (Vec::new(), String::new(), false);
    for letter in name.chars() {
        let begins = letter.is_uppercase() && small_before;
        if (begins || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        small_before = letter.is_lowercase() || letter.is_numeric();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn columns_that_hold_secrets_are_told_from_those_about_them() {
        for column in [
            "password",
            "Password",
            "db_password",
            "clientSecret",
            "API Key",
            "api_keys",
            "access_token",
            "AccessKey",
            "PRIVATE-KEY",
            "/auth/token",
            "passwords",
            "secret_access_key",
            "Connection String",
        ] {
            assert!(is_secret(column), "{column}");
        }
        for column in [
            "id",
            "password_last_used",
            "PasswordEnabled",
            "token_id",
            "token_name",
            "has_password",
            "access_key_id",
            "accessKeyId",
            "key",
            "secretary",
            "/token/id",
            "last_token",
            "status",
            "",
        ] {
            assert!(!is_secret(column), "{column}");
        }
    }
}
