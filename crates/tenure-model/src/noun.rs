//! One macro that gives a closed set of words its single stable spelling.
//!
//! The same word is used in SQL (columns and CHECKs), JSON, Cedar and TOML, so a
//! state can never be spelled two ways. It must never grow behaviour: transitions
//! live beside the type, in its own file. Next: `lifecycle.rs`.

/// A word that was not one of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a known {noun}; expected one of: {expected}")]
pub struct UnknownWord {
    /// What kind of word was looked for, for example `standing`.
    pub noun: &'static str,
    /// What was given, shortened and made printable.
    pub given: String,
    /// The accepted words, separated by commas.
    pub expected: String,
}

/// Declares a field-less enum whose variants have one stable name each.
///
/// Each variant has a sentence of documentation. It provides `ALL`, `NOUN`, `as_str`, `about`, `Display`, `FromStr`, serde by name, and
/// `sql_check(column)`, the body of the SQL CHECK that mirrors it.
#[macro_export]
macro_rules! noun {
    ($(#[$meta:meta])* $vis:vis enum $name:ident as $noun:literal {
        $($(#[doc = $about:literal])+ $(#[default $($unused:tt)*])? $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[doc = $about])+ $(#[default $($unused)*])? $variant),+ }

        impl $name {
            /// Every word, in declaration order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// The name of this kind of word.
            pub const NOUN: &'static str = $noun;

            /// The stable spelling used in SQL, JSON, Cedar and TOML.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// What it means, in a sentence or more, as its documentation says.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => concat!($($about),+).trim_ascii()),+ }
            }

            /// The body of the SQL CHECK that mirrors this enum on `column`.
            pub fn sql_check(column: &str) -> String {
                let words: Vec<String> = Self::ALL.iter().map(|word| format!("'{}'", word.as_str())).collect();
                format!("{column} IN ({})", words.join(", "))
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(given: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|word| word.as_str() == given).ok_or_else(|| {
                    let expected: Vec<&str> = Self::ALL.iter().map(|word| word.as_str()).collect();
                    $crate::UnknownWord {
                        noun: Self::NOUN,
                        given: $crate::printable(given, 60),
                        expected: expected.join(", "),
                    }
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let given = <String as serde::Deserialize>::deserialize(deserializer)?;
                given.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

#[cfg(test)]
#[allow(unreachable_pub, dead_code, reason = "the macro declares a public noun; this one stays in the test")]
mod tests {
    noun! {
        /// A word for the test.
        enum Colour as "colour" { /// Red.
            Red = "red", /// Blue.
            Blue = "blue" }
    }

    #[test]
    fn a_word_is_spelled_the_same_everywhere() {
        assert_eq!(Colour::Red.to_string(), "red");
        assert_eq!("blue".parse::<Colour>(), Ok(Colour::Blue));
        assert_eq!(serde_json::to_string(&Colour::Blue).unwrap(), "\"blue\"");
        assert_eq!(Colour::sql_check("colour"), "colour IN ('red', 'blue')");
    }

    #[test]
    fn an_unknown_word_names_what_was_expected() {
        let refused = "gr\u{202e}een".parse::<Colour>().unwrap_err();
        insta::assert_snapshot!(refused, @r"`gr\u{202e}een` is not a known colour; expected one of: red, blue");
    }
}
