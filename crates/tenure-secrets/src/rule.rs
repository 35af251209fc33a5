//! What a rule is: how a kind of secret looks, and how one knows that it is one.

use tenure_model::noun;

noun! {
    /// How sure a hit is.
    pub enum Confidence as "confidence" {
        /// Looks like a value somebody chose; the name beside it says so.
        Low = "low",
        /// Has the form, which others could have by accident.
        Medium = "medium",
        /// Has a form that nothing else has.
        High = "high",
        /// Its checksum or structure is right.
        Checked = "checked",
    }
}

/// What must be true of a value beyond its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Nothing more.
    Form,
    /// The last six digits are the CRC-32 of what stands between them and the last `_`, in base 62.
    Crc32Base62,
    /// Base32 whose first bits are an account number of twelve digits.
    AwsKeyId,
    /// 40 characters of base64 that are not hexadecimal.
    AwsSecret,
    /// A signed token whose header and claims are JSON.
    Jwt,
    /// The same, issued by a Kubernetes cluster for a service account.
    KubernetesJwt,
    /// A macaroon whose location is the package index.
    PypiMacaroon,
    /// PEM of a private key whose content decodes.
    PrivateKeyPem,
    /// Base64 of `user:password`.
    BasicLogin,
    /// Base64 of a PEM private key.
    Base64Pem,
    /// Base64 of exactly 64 bytes.
    Base64Of64,
    /// Several kinds of characters, or long and without order: not a word, a path or a piece of code.
    Chosen,
}

/// One kind of secret.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Its stable name.
    pub id: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Small letters; one of these must stand in the bytes, in any case, for the rule to be tried.
    pub keywords: &'static [&'static str],
    /// How many bytes before the keyword the pattern begins.
    pub back_bytes: usize,
    /// The pattern, tried at that place only. Its first group is the value.
    pub pattern: &'static str,
    /// How many bytes from there the pattern may look at.
    pub window_bytes: usize,
    /// What must be true beyond the form.
    pub check: Check,
    /// Least entropy of the value, in hundredths of a bit for each character.
    pub entropy_hundredths_min: u32,
    /// How sure a hit is that passed everything.
    pub confidence: Confidence,
    /// How many leading characters of the value say its kind only, and may be shown.
    pub public_chars: usize,
    /// Tried by default. A rule below 95 % precision on its examples is not.
    pub enabled: bool,
}

impl Rule {
    /// A rule for values that begin with something nobody else uses.
    pub(crate) const fn prefixed(
        id: &'static str,
        title: &'static str,
        keywords: &'static [&'static str],
        pattern: &'static str,
        public_chars: usize,
    ) -> Self {
        Self {
            id,
            title,
            keywords,
            back_bytes: 0,
            pattern,
            window_bytes: 512,
            check: Check::Form,
            entropy_hundredths_min: 300,
            confidence: Confidence::High,
            public_chars,
            enabled: true,
        }
    }

    /// The same with a checksum or structure.
    pub(crate) const fn checked(self, check: Check) -> Self {
        Self { check, confidence: Confidence::Checked, ..self }
    }

    /// The same, looking further.
    pub(crate) const fn within(self, window_bytes: usize) -> Self {
        Self { window_bytes, ..self }
    }

    /// The same, beginning before the keyword.
    pub(crate) const fn beginning_before(self, back_bytes: usize) -> Self {
        Self { back_bytes, ..self }
    }

    /// The same, with another least entropy.
    pub(crate) const fn entropy(self, entropy_hundredths_min: u32) -> Self {
        Self { entropy_hundredths_min, ..self }
    }

    /// The same, with another confidence.
    pub(crate) const fn sure(self, confidence: Confidence) -> Self {
        Self { confidence, ..self }
    }
}
