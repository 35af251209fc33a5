//! Colour and weight, on a terminal that wants them. Meaning never hangs on colour alone: every
//! state also has a word and a mark.

use tenure_model::{Severity, Standing};

/// Whether to paint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Escape sequences are welcome.
    Colour,
    /// Plain text only.
    Plain,
}

/// What a piece of text is, and so how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// As it is.
    Plain,
    /// A headline or a name that matters.
    Strong,
    /// Beside the point.
    Faint,
    /// Well.
    Good,
    /// A person should look.
    Warn,
    /// Wrong.
    Bad,
}

impl Paint {
    /// `text` as it should look.
    pub(crate) fn text(self, look: Look, text: &str) -> String {
        // ECMA-48 section 8.3.117, select graphic rendition.
        let code = match look {
            Look::Plain => return text.to_owned(),
            Look::Strong => "1",
            Look::Faint => "2",
            Look::Good => "32",
            Look::Warn => "33",
            Look::Bad => "31",
        };
        match self {
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

/// How a standing looks.
pub(crate) const fn look_of_standing(standing: Standing) -> Look {
    match standing {
        Standing::Sound | Standing::Retired => Look::Good,
        Standing::Lapsed | Standing::Unproven => Look::Bad,
        Standing::Due | Standing::Excepted | Standing::Suspended => Look::Warn,
        Standing::Unclaimed => Look::Plain,
        Standing::Gone | Standing::Unobserved => Look::Faint,
    }
}

/// How a severity looks.
pub(crate) const fn look_of_severity(severity: Severity) -> Look {
    match severity {
        Severity::Critical | Severity::High => Look::Bad,
        Severity::Medium => Look::Warn,
        Severity::Low => Look::Plain,
    }
}
