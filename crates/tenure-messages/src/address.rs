//! Mail addresses: the plain ones that every server understands.

use std::fmt;

/// Characters of an address, at most (RFC 5321, 4.5.3.1.3, without the brackets).
const CHARS_MAX: usize = 254;

/// An address that mail is sent to or from.
#[derive(Clone, PartialEq, Eq)]
pub struct MailAddress(lettre::Address);

/// Why a text is not taken for a mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not a mail address such as asha@example.com, in plain letters and at most 254 of them")]
pub struct MailAddressRefused;

impl MailAddress {
    /// Reads an address. Quoted names, comments, addresses of machines and letters beyond ASCII are refused: a server may
    /// read them in another way than we do.
    pub fn new(text: &str) -> Result<Self, MailAddressRefused> {
        let is_plain =
            |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.@".contains(letter);
        if text.len() > CHARS_MAX || !text.chars().all(is_plain) {
            return Err(MailAddressRefused);
        }
        text.parse().map(Self).map_err(|_| MailAddressRefused)
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    pub(crate) const fn inner(&self) -> &lettre::Address {
        &self.0
    }
}

/// An address is personal: it is not shown by accident.
impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::MailAddress;

    #[test]
    fn plain_addresses_are_taken_and_nothing_else() {
        for good in ["asha@example.com", "a.b+c@mail.example.com", "bob@localhost", "o'neil@example.com"] {
            assert_eq!(MailAddress::new(good).unwrap().as_str(), good);
        }
        let long = format!("{}@example.com", "a".repeat(250));
        for bad in [
            "",
            "asha",
            "@example.com",
            "asha@",
            "a@b@example.com",
            "asha@example.com\r\nBcc: all@example.com",
            "asha@example.com\n",
            "asha@example.com,bob@example.com",
            "\"asha\"@example.com",
            "Asha <asha@example.com>",
            "asha@[127.0.0.1]",
            "asha@exämple.com",
            "\u{202e}asha@example.com",
            "asha @example.com",
            long.as_str(),
        ] {
            assert!(MailAddress::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_does_not_show_itself() {
        let shown = format!("{:?}", MailAddress::new("asha@example.com").unwrap());
        assert!(!shown.contains("asha"), "{shown}");
    }
}
