//! Why nobody was signed in: one variant for each rule that was broken.
//!
//! Texts are for whoever signs in and for the operator: they hold nothing that a provider or a browser sent, except
//! addresses that were checked, made printable. No token, code or secret is ever in one.

use crate::AddressRefused;

/// Why nobody was signed in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidcRefused {
    /// The provider could not be reached.
    #[error("the provider cannot be reached: {why}")]
    Unreachable {
        /// In words of ours.
        why: String,
    },
    /// It took longer than it may.
    #[error("the provider took too long to answer")]
    TooSlow,
    /// It answered more than it may.
    #[error("the provider answered more than is read")]
    TooLarge,
    /// It sent us elsewhere.
    #[error("the provider redirects `{path}` elsewhere, which is not followed")]
    Redirected {
        /// What was asked for.
        path: String,
    },
    /// It answered with another status.
    #[error("the provider answered `{path}` with {status}")]
    Status {
        /// What was asked for.
        path: String,
        /// The status.
        status: u16,
    },
    /// Its answer is not of the form it must have.
    #[error("the provider's {what} cannot be read")]
    Unreadable {
        /// Which answer.
        what: &'static str,
    },
    /// Its metadata are of another issuer.
    #[error("the provider says that it is another issuer than the one configured")]
    OtherIssuer,
    /// It names an address that is not called.
    #[error("the provider's `{name}` is refused: {why}")]
    Endpoint {
        /// Which.
        name: &'static str,
        /// Why.
        why: AddressRefused,
    },
    /// It does not offer PKCE with S256.
    #[error("the provider does not offer PKCE with S256")]
    NoPkce,
    /// It does not offer the authorization code flow.
    #[error("the provider does not offer the authorization code flow")]
    NoCodeFlow,
    /// Its address leads to a place that is never called.
    #[error("the provider's name leads to an address that is not called")]
    ForbiddenAddress,
    /// The answer in the browser came from another provider (RFC 9207).
    #[error("the answer came from another provider than the one that was asked")]
    MixUp,
    /// The answer in the browser does not say from whom it came, which this provider always does.
    #[error("the answer does not say from which provider it came")]
    NoIssuerInAnswer,
    /// The code was not taken.
    #[error(
        "the provider did not take the code: it was used before, is too old or was made for somebody else"
    )]
    CodeRefused,
    /// We are not who we say.
    #[error("the provider does not know this client: look at `client_id` and its secret")]
    ClientRefused,
    /// There is no ID token in the answer, or it is none.
    #[error("the provider's ID token is not one")]
    NotAToken,
    /// Its algorithm is not one that is believed.
    #[error("the ID token is signed by an algorithm that is not accepted")]
    Algorithm,
    /// It asks for something to be understood that is not.
    #[error("the ID token asks for an extension that is not known here")]
    Critical,
    /// No key of the provider is the one that signed it.
    #[error("the ID token is signed with a key that the provider does not list")]
    UnknownKey,
    /// Its signature does not verify.
    #[error("the signature of the ID token does not verify")]
    Signature,
    /// It was issued by somebody else.
    #[error("the ID token is of another issuer")]
    TokenIssuer,
    /// It was not issued for us.
    #[error("the ID token was made for somebody else")]
    Audience,
    /// It was issued for several, and not to us.
    #[error("the ID token was given to another client (`azp`)")]
    Party,
    /// It is over.
    #[error("the ID token is over; if that cannot be, compare the clocks")]
    Expired,
    /// It was made at another time.
    #[error("the ID token was not made just now; compare the clocks")]
    IssuedAt,
    /// It does not belong to this sign-in.
    #[error("the ID token does not belong to this sign-in")]
    Nonce,
    /// It names nobody.
    #[error("the ID token names nobody")]
    Subject,
    /// They were asked to sign in anew and did not, or the provider does not say.
    #[error("the provider does not say that you signed in anew")]
    NotAnew,
    /// Encryption or randomness could not be set up.
    #[error("encryption cannot be set up")]
    Setup,
}
