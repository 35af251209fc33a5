//! Typed ids: UUIDv7 (RFC 9562 section 5.7) whose time and randomness are parameters.
//!
//! Each id is its own type, so a plan can never be passed where a principal is meant.
//! Handles, the short form people type, come from the random tail. Next: the nouns.

use crate::Instant;

/// Ten random bytes for one id.
pub type IdRandomness = [u8; 10];

/// Letters of a handle: digits and letters without those that look alike (0/o, 1/i/l).
const HANDLE_ALPHABET: &[u8; 31] = b"23456789abcdefghjkmnpqrstuvwxyz";
/// Characters of a handle: 31^6, about 29 bits, enough to be unique among thousands of open things.
pub const HANDLE_CHARS: usize = 6;

/// Builds the sixteen bytes of a UUIDv7 from a time and ten random bytes.
pub fn uuid_v7(at: Instant, randomness: IdRandomness) -> uuid::Uuid {
    let millis = u64::try_from(at.as_micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &randomness).into_uuid()
}

/// The short, typeable form of an id: six characters from its random tail.
pub fn handle_of(id: uuid::Uuid) -> String {
    let mut tail = id.as_u128() & 0xffff_ffff_ffff;
    let letters = HANDLE_ALPHABET.len() as u128;
    (0..HANDLE_CHARS)
        .map(|_| {
            let letter = usize::try_from(tail % letters).unwrap_or(0);
            tail /= letters;
            char::from(HANDLE_ALPHABET.get(letter).copied().unwrap_or(b'2'))
        })
        .collect()
}

/// Text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a {noun} id")]
pub struct NotAnId {
    /// Which kind of id was expected.
    pub noun: &'static str,
    /// What was given, made printable.
    pub given: String,
}

/// Declares a typed id.
macro_rules! id {
    ($($(#[$meta:meta])* $name:ident = $noun:literal;)+) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// The noun this id belongs to.
            pub const NOUN: &'static str = $noun;

            /// A new id from a time and randomness.
            pub fn new(at: Instant, randomness: IdRandomness) -> Self {
                Self(uuid_v7(at, randomness))
            }

            /// From an existing UUID.
            pub const fn from_uuid(id: uuid::Uuid) -> Self {
                Self(id)
            }

            /// The UUID.
            pub const fn as_uuid(self) -> uuid::Uuid {
                self.0
            }

            /// The short form people type.
            pub fn handle(self) -> String {
                handle_of(self.0)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(&self.0.hyphenated().to_string())
            }
        }

        impl core::str::FromStr for $name {
            type Err = NotAnId;
            fn from_str(given: &str) -> Result<Self, NotAnId> {
                uuid::Uuid::try_parse(given)
                    .map(Self)
                    .map_err(|_| NotAnId { noun: $noun, given: crate::printable(given, 60) })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let given = <String as serde::Deserialize>::deserialize(deserializer)?;
                given.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

id! {
    /// A configured connection to a system.
    SourceId = "source";
    /// One reading of a source.
    SurveyId = "survey";
    /// An identity as one system holds it.
    PrincipalId = "principal";
    /// The governed thing.
    IdentityId = "identity";
    /// What lets a principal authenticate.
    CredentialId = "credential";
    /// One condition that fails.
    FindingId = "finding";
    /// A dismissal's id.
    DismissalId = "dismissal";
    /// A permission to fail one condition, asked for or granted.
    ExceptionId = "exception";
    /// Somebody lets another decide in their place, for a time.
    DelegationId = "delegation";
    /// An offer to answer for an identity.
    HandoffId = "handoff";
    /// What a person is told, once.
    MessageId = "message";
    /// Something that was asked for and others decide.
    RequestId = "request";
    /// Several identities that people look at one by one.
    ReviewId = "review";
    /// One identity of a review.
    ReviewItemId = "review item";
    /// What should change.
    PlanId = "plan";
    /// One step of a plan.
    ActionId = "action";
    /// The durable record before an act.
    IntentId = "intent";
    /// A human.
    PersonId = "person";
    /// A bearer token, of a person or for provisioning.
    TokenId = "token";
    /// A team.
    TeamId = "team";
    /// A leaf of the evidence log.
    EntryId = "entry";
}

#[cfg(test)]
mod tests {
    use super::{PlanId, PrincipalId};
    use crate::Instant;

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let early = PlanId::new(Instant::from_micros(1_000_000), [9; 10]);
        let late = PlanId::new(Instant::from_micros(2_000_000), [0; 10]);
        assert!(early < late);
        assert_eq!(early.to_string().parse::<PlanId>(), Ok(early));
    }

    #[test]
    fn a_handle_is_short_and_has_no_letters_that_look_alike() {
        let id = PrincipalId::new(Instant::from_micros(1), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        let handle = id.handle();
        assert_eq!(handle.len(), super::HANDLE_CHARS);
        assert!(handle.chars().all(|letter| !"01oil".contains(letter)), "{handle}");
    }

    #[test]
    fn a_wrong_id_says_which_kind_was_expected() {
        insta::assert_snapshot!("k7wd".parse::<PlanId>().unwrap_err(), @"`k7wd` is not a plan id");
    }
}
