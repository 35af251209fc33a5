//! What policies may ask about a credential.
//!
//! `live` says that its system accepts it, `present` only that it is there: whether another
//! system accepts a token found here is not known here, and what is wrong with a file is
//! wrong all the same. It must never hold a value. Next: `mod.rs`, where facts are put together.

use super::{
    Holds, Lines, SHOWN_CHARS_MAX, Seen, Subject, SubjectKind, bare, exact, is_seen, may_log_in, named,
    principal::read_ended, read_news, read_text, unread, uses,
};
use crate::{
    dossier::{CredentialDossier, Dossier, PrincipalDossier},
    programme::days_long,
};
use tenure_model::{CredentialKind, CredentialState, Fact, Instant, PrincipalKind, names, noun, printable};

/// Credential: since when it is valid, by its own word.
const NOT_BEFORE: &str = "not_before";

noun! {
    /// What policies may ask about a credential.
    pub enum CredentialFact as "credential fact" {
        /// It would be accepted now.
        Live = "live",
        /// Its stored form is easily broken.
        WeakHash = "weak_hash",
        /// Its value can be guessed.
        Guessable = "guessable",
        /// Another credential has the same value.
        SameValueElsewhere = "same_value_elsewhere",
        /// Its value is older than allowed.
        OlderThanAllowed = "older_than_allowed",
        /// A principal that was ended had a credential with the same value.
        ValueEndedBefore = "value_ended_before",
        /// It is there; whether it is accepted is another question.
        Present = "present",
        /// A password or its stored verifier.
        Password = "password",
        /// A bearer token or a key of a cloud account.
        Token = "token",
        /// It belongs to an assistant, or to what serves tools to one.
        OfAgent = "of_agent",
        /// Its algorithm or size is no longer strong enough.
        WeakKey = "weak_key",
        /// A private key that anybody who reads it can use, and that a person could have protected.
        Unencrypted = "unencrypted",
        /// Others than its account may read it.
        ReadableByOthers = "readable_by_others",
        /// Others than its account may change it, or put another in its place.
        WritableByOthers = "writable_by_others",
        /// Its own end has come.
        Expired = "expired",
        /// Its own end comes within `expiring_days`, and within the last quarter of its life.
        Expiring = "expiring",
        /// Something still holds or uses it.
        InUse = "in_use",
        /// It opens an account that may do everything, without any restriction.
        OpensRoot = "opens_root",
        /// It opens more than one account.
        OpensSeveral = "opens_several",
        /// The same source shows a way without a static key.
        FederationAtHand = "federation_at_hand",
        /// It stands in a configuration in clear.
        InClear = "in_clear",
        /// It is known to have no end of its own.
        Endless = "endless",
        /// It has lived, or will live, longer than `token_days_max`.
        BeyondTokenDays = "beyond_token_days",
        /// An identity of another environment holds the same value.
        ValueInOtherEnvironment = "value_in_other_environment",
        /// Its class allows other kinds of credentials only.
        KindNotAllowed = "kind_not_allowed",
    }
}

/// Reads one credential of a principal.
pub(super) fn read(
    dossier: &Dossier,
    principal: &PrincipalDossier,
    credential: &CredentialDossier,
    lines: &Lines<'_>,
) -> Subject {
    let cause = exact(&credential.facts, names::PLACE).or_else(|| exact(&principal.facts, names::DEFINED_IN));
    let one = One { dossier, principal, credential, lines };
    Subject {
        kind: SubjectKind::Credential,
        key: format!("credential:{}", credential.id),
        shown: shown(principal, credential),
        system: principal.system.clone(),
        cause,
        value_since: Some(one.value_since()),
        seen: CredentialFact::ALL.iter().map(|fact| one.read(*fact)).collect(),
    }
}

/// Accepted by its system, as far as that was read.
pub(super) fn is_kept(credential: &CredentialDossier) -> bool {
    credential.state == CredentialState::Live
}

/// `` the SSH key of `web-1/alice` ``; an authorised key is its own credential.
fn shown(principal: &PrincipalDossier, credential: &CredentialDossier) -> String {
    let (kind, bare) = (credential.kind.title(), bare(principal));
    match principal.kind {
        PrincipalKind::Key => format!("the {kind} {bare}"),
        PrincipalKind::Account
        | PrincipalKind::Group
        | PrincipalKind::Workload
        | PrincipalKind::Agent
        | PrincipalKind::Machine
        | PrincipalKind::External => format!("the {kind} of {bare}"),
    }
}

/// One credential with what is around it.
struct One<'judge> {
    dossier: &'judge Dossier,
    principal: &'judge PrincipalDossier,
    credential: &'judge CredentialDossier,
    lines: &'judge Lines<'judge>,
}

impl One<'_> {
    fn read(&self, fact: CredentialFact) -> Seen {
        let (name, credential) = (fact.as_str(), self.credential);
        let facts = &credential.facts;
        match fact {
            CredentialFact::Live => self.live(name),
            CredentialFact::WeakHash if self.is_password() => read_weak_hash(name, credential),
            CredentialFact::WeakHash => Seen::new(name, Holds::No, "not a password"),
            CredentialFact::Guessable => read_text(name, facts, names::GUESSABLE),
            CredentialFact::SameValueElsewhere => read_same_value(name, credential),
            CredentialFact::OlderThanAllowed if self.is_accepted() && !self.is_ended() => self.age(name),
            CredentialFact::OlderThanAllowed => Seen::new(name, Holds::No, "it would not be accepted"),
            CredentialFact::ValueEndedBefore => read_ended(name, &credential.value_ended),
            CredentialFact::Present => self.present(name),
            CredentialFact::Password => Seen::plain(name, self.is_password()),
            CredentialFact::Token => {
                let token = matches!(credential.kind, CredentialKind::Token | CredentialKind::CloudKey);
                Seen::plain(name, token)
            }
            CredentialFact::OfAgent => Seen::plain(name, self.principal.kind == PrincipalKind::Agent),
            CredentialFact::WeakKey if self.is_password() => Seen::new(name, Holds::No, "a password"),
            CredentialFact::WeakKey => read_text(name, facts, names::WEAK),
            CredentialFact::Unencrypted => self.unencrypted(name),
            CredentialFact::ReadableByOthers => self.readable(name),
            // What is public by its nature lets in whoever may write it.
            CredentialFact::WritableByOthers => read_text(name, facts, names::WRITABLE_BY),
            CredentialFact::Expired => self.expired(name),
            CredentialFact::Expiring => self.expiring(name),
            CredentialFact::InUse => self.in_use(name),
            CredentialFact::OpensRoot => read_text(name, facts, names::OPENS_ROOT),
            CredentialFact::OpensSeveral => self.opens_several(name),
            CredentialFact::FederationAtHand => read_text(name, facts, names::FEDERATION_AT_HAND),
            CredentialFact::InClear => read_text(name, facts, names::IN_CLEAR),
            CredentialFact::Endless => read_text(name, facts, names::ENDLESS),
            CredentialFact::BeyondTokenDays => self.beyond_token_days(name),
            CredentialFact::ValueInOtherEnvironment => self.other_environment(name),
            CredentialFact::KindNotAllowed => self.kind_not_allowed(name),
        }
    }

    fn is_password(&self) -> bool {
        self.credential.kind == CredentialKind::Password
    }

    fn is_accepted(&self) -> bool {
        is_kept(self.credential) && is_seen(self.principal) && may_log_in(self.principal) == Holds::Yes
    }

    fn is_ended(&self) -> bool {
        self.credential.valid_until.is_some_and(|until| until <= self.lines.now)
    }

    /// When its present value was first seen.
    fn value_since(&self) -> Instant {
        self.credential.value_changed_at.unwrap_or(self.credential.first_seen)
    }

    fn live(&self, name: &'static str) -> Seen {
        if let Some(unread) = unread(self.principal) {
            return Seen::new(name, Holds::Unknown, unread);
        }
        match (self.is_accepted(), self.credential.valid_until) {
            (true, Some(until)) if until <= self.lines.now => {
                Seen::new(name, Holds::No, format!("ended {until:#}"))
            }
            (true, Some(until)) => {
                Seen::new(name, Holds::Yes, format!("until {until:#}")).flipping(Some(until))
            }
            (true, None) => Seen::new(name, Holds::Yes, "no end is set"),
            (false, _) => Seen::new(name, Holds::No, self.credential.state.as_str()),
        }
    }

    fn present(&self, name: &'static str) -> Seen {
        match (unread(self.principal), self.credential.state) {
            (Some(unread), _) => Seen::new(name, Holds::Unknown, unread),
            (None, CredentialState::Live | CredentialState::Disabled | CredentialState::Expired) => {
                Seen::plain(name, is_seen(self.principal))
            }
            (None, gone @ (CredentialState::Gone | CredentialState::Removed)) => {
                Seen::new(name, Holds::No, gone.as_str())
            }
        }
    }

    /// Whether a live value is older than allowed.
    ///
    /// The value is at least as old as the first sight of it, so an overdue answer is certain; but only
    /// where a change would have been seen, that is, where the stored form can be read.
    fn age(&self, name: &'static str) -> Seen {
        match self.credential.facts.get(names::VERIFIER) {
            Some(Fact::Text(verifier)) if verifier == "none" => {
                return Seen::new(name, Holds::No, "no value is set");
            }
            Some(Fact::Text(_)) => {}
            Some(Fact::Unknown(why)) => {
                return Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX));
            }
            Some(Fact::Flag(_) | Fact::Number(_) | Fact::At(_) | Fact::Texts(_)) | None => {
                return Seen::new(name, Holds::Unknown, "a change of its value cannot be seen");
            }
        }
        let of_class = self.lines.class.and_then(|class| class.rotation_days_max).unwrap_or(u32::MAX);
        let days_max = self.lines.thresholds.rotation_days_max.min(of_class);
        let days = self.dossier.charter.rotation_days.map_or(days_max, |asked| asked.min(days_max));
        let since = self.value_since();
        let due = since.plus(days_long(days));
        let says = format!(
            "unchanged since at least {since:#}, {} allowed, due {due:#}",
            tenure_model::counted(days, "day")
        );
        if due <= self.lines.now {
            Seen::new(name, Holds::Yes, says)
        } else {
            Seen::new(name, Holds::No, says).flipping(Some(due))
        }
    }

    fn kind_not_allowed(&self, name: &'static str) -> Seen {
        let Some(class) = self.lines.class.filter(|class| !class.credential_kinds.is_empty()) else {
            return Seen::new(name, Holds::No, "no class of it names kinds of credentials");
        };
        let allowed: Vec<&str> = class.credential_kinds.iter().map(|kind| kind.as_str()).collect();
        let holds = Holds::when(!class.credential_kinds.contains(&self.credential.kind));
        let (kind, allowed) = (self.credential.kind, allowed.join(", "));
        Seen::new(name, holds, format!("it is a {kind}; class `{}` allows {allowed}", class.id))
    }

    /// A key that something unattended uses has nobody to type a passphrase.
    fn unencrypted(&self, name: &'static str) -> Seen {
        let unattended = match self.principal.kind {
            PrincipalKind::Workload | PrincipalKind::Machine | PrincipalKind::Agent => true,
            PrincipalKind::Account | PrincipalKind::Group | PrincipalKind::Key | PrincipalKind::External => {
                read_news(name, &self.principal.facts, names::SERVICE_ACCOUNT).holds == Holds::Yes
            }
        };
        match read_text(name, &self.credential.facts, names::UNENCRYPTED) {
            seen if seen.holds == Holds::Yes && unattended => {
                Seen::new(name, Holds::No, "it works unattended, so nobody could type a passphrase")
            }
            seen => seen,
        }
    }

    /// What is public by its nature may be read by anybody.
    fn readable(&self, name: &'static str) -> Seen {
        if self.credential.kind == CredentialKind::Certificate || self.principal.kind == PrincipalKind::Key {
            return Seen::new(name, Holds::No, "it is public");
        }
        read_text(name, &self.credential.facts, names::READABLE_BY)
    }

    fn expired(&self, name: &'static str) -> Seen {
        match self.credential.valid_until {
            Some(until) if until <= self.lines.now => {
                Seen::new(name, Holds::Yes, format!("it ended {until:#}"))
            }
            _ if self.credential.state == CredentialState::Expired => {
                Seen::new(name, Holds::Yes, "its system says that it ended")
            }
            Some(until) => Seen::plain(name, false).flipping(Some(until)),
            None => Seen::plain(name, false),
        }
    }

    /// Whether the end is near: within `expiring_days`, and within the last quarter of its life where its
    /// beginning is known. What renews by itself does so earlier, so that a warning says that it did not.
    fn expiring(&self, name: &'static str) -> Seen {
        let Some(until) = self.credential.valid_until else { return Seen::plain(name, false) };
        let mut warning = days_long(self.lines.thresholds.expiring_days);
        if let Some(Fact::At(from)) = self.credential.facts.get(NOT_BEFORE) {
            warning = warning.min(until.since(*from) / 4);
        }
        let warned = until.minus(warning);
        if until <= self.lines.now {
            Seen::new(name, Holds::No, format!("it ended {until:#}"))
        } else if warned <= self.lines.now {
            Seen::new(name, Holds::Yes, format!("it ends {until:#}")).flipping(Some(until))
        } else {
            Seen::plain(name, false).flipping(Some(warned))
        }
    }

    /// Whether anything would notice its end: what runs by it, or somebody who was seen using it.
    fn in_use(&self, name: &'static str) -> Seen {
        match self.principal.kind {
            PrincipalKind::Workload => Seen::new(name, Holds::Yes, "a workload holds it"),
            PrincipalKind::Machine => Seen::new(name, Holds::Yes, "a machine holds it"),
            PrincipalKind::Agent => Seen::new(name, Holds::Yes, "an agent holds it"),
            PrincipalKind::Account | PrincipalKind::Group | PrincipalKind::Key | PrincipalKind::External => {
                uses::any(name, self.principal, self.lines)
            }
        }
    }

    fn opens_several(&self, name: &'static str) -> Seen {
        let here = read_text(name, &self.credential.facts, names::ALSO_OPENS);
        let elsewhere = &self.credential.opens_elsewhere;
        match (here.holds, elsewhere.is_empty()) {
            (Holds::Yes | Holds::No | Holds::Unknown, true) => here,
            (Holds::Yes, false) => {
                Seen::new(name, Holds::Yes, format!("{} and {}", here.says, named(elsewhere, 10)))
            }
            (Holds::No | Holds::Unknown, false) => Seen::new(name, Holds::Yes, named(elsewhere, 10)),
        }
    }

    /// Whether a token outlives what the programme allows: by its age, or by the end it was given.
    fn beyond_token_days(&self, name: &'static str) -> Seen {
        let (since, days) = (self.value_since(), self.lines.thresholds.token_days_max);
        let due = since.plus(days_long(days));
        match self.credential.valid_until {
            Some(until) if until > due => Seen::new(
                name,
                Holds::Yes,
                format!(
                    "first seen {since:#}, ends {until:#}, {} allowed",
                    tenure_model::counted(days, "day")
                ),
            ),
            Some(_) => Seen::new(name, Holds::No, format!("it ends within {days} days of its first sight")),
            None => {
                let says = format!(
                    "the same since at least {since:#}, {} allowed, due {due:#}",
                    tenure_model::counted(days, "day")
                );
                if due <= self.lines.now {
                    Seen::new(name, Holds::Yes, says)
                } else {
                    Seen::new(name, Holds::No, says).flipping(Some(due))
                }
            }
        }
    }

    fn other_environment(&self, name: &'static str) -> Seen {
        match (self.dossier.charter.environment, self.credential.other_environments.as_slice()) {
            (None, _) => Seen::new(name, Holds::Unknown, "the charter names no environment"),
            (Some(_), []) => Seen::plain(name, false),
            (Some(here), others) => {
                Seen::new(name, Holds::Yes, format!("{}, and this one is for {here}", named(others, 10)))
            }
        }
    }
}

fn read_weak_hash(name: &'static str, credential: &CredentialDossier) -> Seen {
    let weak = read_text(name, &credential.facts, names::WEAK);
    match (weak.holds, credential.facts.get(names::VERIFIER)) {
        (Holds::No | Holds::Unknown, Some(Fact::Text(verifier))) if verifier == "md5" => {
            Seen::new(name, Holds::Yes, "kept as md5, which is broken quickly")
        }
        (Holds::No, Some(Fact::Unknown(why))) => {
            Seen::new(name, Holds::Unknown, printable(why, SHOWN_CHARS_MAX))
        }
        (Holds::Yes | Holds::No | Holds::Unknown, _) => weak,
    }
}

fn read_same_value(name: &'static str, credential: &CredentialDossier) -> Seen {
    if credential.same_value.is_empty() {
        return Seen::plain(name, false);
    }
    let others: Vec<String> =
        credential.same_value.iter().take(10).map(|other| format!("`{}`", printable(other, 80))).collect();
    Seen::new(name, Holds::Yes, format!("same value as {}", others.join(", ")))
}
