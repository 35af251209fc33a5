//! What the ways that lead out of here have in common: how one is called, which machines it may call, where links lead.
//!
//! Nobody is called here. Next: `mail.rs`, `chats.rs`, `events.rs`, `ldap.rs`.

use crate::{
    configuration::{Configuration, MailSection},
    failure::Failure,
};
use std::path::Path;
use tenure_call::{Address, Authority, PrivateAddresses};

/// Characters of a name, at most.
const NAME_CHARS_MAX: usize = 40;

/// What a name has to be.
pub(crate) const NAME_RULE: &str = "its name is of small letters, digits, `-` and `_`, at most 40 of them";

/// A word of small letters, digits and these.
pub(crate) fn is_word(word: &str, more: &str) -> bool {
    let is_plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || more.contains(letter);
    !word.is_empty() && word.chars().all(is_plain)
}

/// A name that a way out may have.
pub(crate) fn is_name(name: &str) -> bool {
    is_word(name, "-_") && name.len() <= NAME_CHARS_MAX
}

/// Whether it may lead into a private network.
pub(crate) const fn private(is_allowed: bool) -> PrivateAddresses {
    if is_allowed { PrivateAddresses::Allowed } else { PrivateAddresses::Refused }
}

/// Authorities beside the system's, from a PEM file.
pub(crate) fn authorities(file: Option<&Path>, refused: Failure) -> Result<Vec<Authority>, Failure> {
    let Some(file) = file else { return Ok(Vec::new()) };
    tenure_tls::authorities(file).map_err(|error| refused.caused_by(&error))
}

/// Where links of messages lead, without a slash at its end: as said for this way, for mail, or for sign-in.
pub(crate) fn console(
    own: Option<&String>,
    configuration: &Configuration,
    refused: impl Fn() -> Failure,
) -> Result<Option<String>, Failure> {
    let of_mail = |mail: &MailSection| mail.public_url.clone();
    let said = own.cloned().or_else(|| configuration.mail.as_ref().and_then(of_mail));
    let said = said.or_else(|| configuration.oidc.as_ref().map(|oidc| oidc.public_url.clone()));
    let Some(text) = said else { return Ok(None) };
    let address = Address::plain(&text).map_err(|why| refused().because(format!("`public_url`: {why}")))?;
    if address.is_origin() {
        return Ok(Some(text.trim_end_matches('/').to_owned()));
    }
    Err(refused().because("`public_url` is scheme, host and port alone, such as https://tenure.example.com"))
}
