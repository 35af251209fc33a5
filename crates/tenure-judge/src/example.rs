//! Examples of policies: small dossiers written as TOML, each with what it says and whether the condition truly fails.
//!
//! Shipped policies are measured by them, and a policy of an organisation's own is refused without. A label says what is true
//! and must never be changed to please a policy. Next: `programme/own_policies.rs`.

use crate::dossier::{
    Awaited, ClaimedDead, Confirmed, CredentialDossier, Dossier, Gain, MadeOutside, PrincipalDossier,
    RightDossier, UseDossier, Validity,
};
use serde::Deserialize;
use std::collections::BTreeMap;
use tenure_model::{
    Charter, CredentialId, CredentialKind, CredentialState, DataClass, Environment, Fact, Facts,
    IdRandomness, IdentityId, Instant, PersonId, Presence, PrincipalId, PrincipalKind, names,
};

/// The instant at which examples are judged: 2026-06-01T00:00:00Z. Their days count from it.
pub const EXAMPLE_NOW: Instant = Instant::from_micros(1_780_272_000_000_000);
const DAY_MICROS: i64 = 86_400_000_000;

/// One labelled example.
#[derive(Debug, Clone)]
pub struct Example {
    /// What it is, in plain words.
    pub says: String,
    /// The condition truly fails.
    pub fails: bool,
    /// What is known, from which the judge is to say so.
    pub dossier: Dossier,
}

/// The form of a file of examples.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    example: Vec<toml::Table>,
}

/// The label of an example.
#[derive(Debug, Deserialize)]
struct Label {
    says: String,
    fails: bool,
}

/// Reads a file of examples; or says what cannot be read.
pub fn examples(text: &str) -> Result<Vec<Example>, toml::de::Error> {
    let read: Examples = toml::from_str(text)?;
    let example = |mut table: toml::Table| {
        let label: Label = table.clone().try_into()?;
        for label in ["says", "fails"] {
            table.remove(label);
        }
        let brief: Brief = table.try_into()?;
        Ok(Example { says: label.says, fails: label.fails, dossier: brief.dossier() })
    };
    read.example.into_iter().map(example).collect()
}

/// Reads what one example describes, without a label.
pub fn described(text: &str) -> Result<Dossier, toml::de::Error> {
    toml::from_str::<Brief>(text).map(|brief| brief.dossier())
}

fn days_ago(days: i64) -> Instant {
    Instant::from_micros(EXAMPLE_NOW.as_micros().saturating_sub(days.saturating_mul(DAY_MICROS)))
}

fn in_days(days: i64) -> Instant {
    days_ago(days.saturating_neg())
}

/// A dossier as an example writes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the form of the examples, where each is a word on a line")]
struct Brief {
    enrolled: bool,
    built_in: bool,
    business_owner: bool,
    technical_owner: bool,
    purpose: Option<String>,
    retirement_trigger: Option<String>,
    expires_in_days: Option<i64>,
    rotation_days: Option<u32>,
    new_since_baseline: bool,
    environment: Option<Environment>,
    data_class: Option<DataClass>,
    allowed_scope: Vec<String>,
    enrolled_days_ago: Option<i64>,
    confirmed: Option<BriefConfirmed>,
    awaited: Vec<Awaited>,
    review_missed_days_ago: Option<i64>,
    principals: Vec<BriefPrincipal>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct BriefConfirmed {
    days_ago: i64,
    denied: Option<String>,
    #[serde(default)]
    gained: Vec<String>,
    void: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BriefPrincipal {
    name: String,
    source: String,
    system: String,
    kind: PrincipalKind,
    presence: Presence,
    facts: BTreeMap<String, BriefFact>,
    credentials: Vec<BriefCredential>,
    uses: Vec<BriefUse>,
    use_not_observable: Option<String>,
    watched_days_ago: Option<i64>,
    rights: Vec<BriefRight>,
    grants: i64,
    owned: i64,
    claimed_dead: Option<ClaimedDead>,
    name_ended: Vec<String>,
    unread_days_ago: Option<i64>,
    made_outside: Option<BriefMade>,
    gains: Vec<BriefGain>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct BriefMade {
    absent_days_ago: i64,
    seen_days_ago: i64,
    class: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct BriefGain {
    right: BriefRight,
    #[serde(default)]
    grantable: bool,
    absent_days_ago: i64,
    seen_days_ago: i64,
    class: Option<String>,
    asked_for_days: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BriefCredential {
    kind: CredentialKind,
    state: CredentialState,
    facts: BTreeMap<String, BriefFact>,
    first_seen_days_ago: i64,
    changed_days_ago: Option<i64>,
    ends_in_days: Option<i64>,
    same_value: Vec<String>,
    value_ended: Vec<String>,
    opens_elsewhere: Vec<String>,
    other_environments: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct BriefUse {
    consumer: String,
    days_ago: i64,
    count: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum BriefFact {
    Flag(bool),
    Text(String),
    Texts(Vec<String>),
    Unknown { unknown: String },
    At { days_ago: i64 },
}

impl Default for Brief {
    fn default() -> Self {
        Self {
            enrolled: true,
            built_in: false,
            business_owner: false,
            technical_owner: false,
            purpose: None,
            retirement_trigger: None,
            expires_in_days: None,
            rotation_days: None,
            new_since_baseline: false,
            environment: None,
            data_class: None,
            allowed_scope: Vec::new(),
            enrolled_days_ago: None,
            confirmed: None,
            awaited: Vec::new(),
            review_missed_days_ago: None,
            principals: Vec::new(),
        }
    }
}

impl Default for BriefPrincipal {
    fn default() -> Self {
        Self {
            name: "app".to_owned(),
            source: "pg-main".to_owned(),
            system: "postgres".to_owned(),
            kind: PrincipalKind::Account,
            presence: Presence::Present,
            facts: BTreeMap::from([(names::LOGIN.to_owned(), BriefFact::Flag(true))]),
            credentials: Vec::new(),
            uses: Vec::new(),
            use_not_observable: None,
            watched_days_ago: None,
            rights: Vec::new(),
            grants: 3,
            owned: 1,
            claimed_dead: None,
            name_ended: Vec::new(),
            unread_days_ago: None,
            made_outside: None,
            gains: Vec::new(),
        }
    }
}

impl Default for BriefCredential {
    fn default() -> Self {
        Self {
            kind: CredentialKind::Password,
            state: CredentialState::Live,
            facts: BTreeMap::new(),
            first_seen_days_ago: 0,
            changed_days_ago: None,
            ends_in_days: None,
            same_value: Vec::new(),
            value_ended: Vec::new(),
            opens_elsewhere: Vec::new(),
            other_environments: Vec::new(),
        }
    }
}

/// Ten bytes that differ by number.
fn random(number: usize) -> IdRandomness {
    let mut bytes: IdRandomness = [7; 10];
    let number = u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes();
    for (to, from) in bytes.iter_mut().skip(2).zip(number) {
        *to = from;
    }
    bytes
}

impl Brief {
    fn dossier(&self) -> Dossier {
        let mut credentials = 0;
        let mut principals = Vec::new();
        for (index, brief) in self.principals.iter().enumerate() {
            principals.push(brief.principal(index, &mut credentials));
        }
        Dossier {
            identity: IdentityId::new(EXAMPLE_NOW, random(0)),
            name: self.principals.first().map_or("nothing".to_owned(), |first| first.name.clone()),
            enrolled: self.enrolled,
            built_in: self.built_in,
            new_since_baseline: self.new_since_baseline,
            said: Vec::new(),
            validity: Validity {
                enrolled_since: self.enrolled_days_ago.map(days_ago),
                confirmed: self.confirmed.as_ref().map(BriefConfirmed::of),
                awaited: self.awaited.clone(),
                review_missed: self.review_missed_days_ago.map(days_ago),
            },
            charter: Charter {
                business_owner: self.business_owner.then(|| PersonId::new(EXAMPLE_NOW, random(1))),
                technical_owner: self.technical_owner.then(|| PersonId::new(EXAMPLE_NOW, random(2))),
                purpose: self.purpose.clone(),
                retirement_trigger: self.retirement_trigger.clone(),
                expires_at: self.expires_in_days.map(in_days),
                rotation_days: self.rotation_days,
                environment: self.environment,
                data_class: self.data_class,
                allowed_scope: self.allowed_scope.clone(),
                boundary: None,
            },
            principals,
        }
    }
}

impl BriefConfirmed {
    fn of(&self) -> Confirmed {
        let Self { denied, gained, void, .. } = self.clone();
        Confirmed { at: days_ago(self.days_ago), denied, gained, void }
    }
}

impl BriefPrincipal {
    fn principal(&self, index: usize, credentials: &mut usize) -> PrincipalDossier {
        let mut numbered = || {
            *credentials += 1;
            *credentials
        };
        PrincipalDossier {
            id: PrincipalId::new(EXAMPLE_NOW, random(index)),
            name: self.name.clone(),
            source: self.source.clone(),
            system: self.system.clone(),
            kind: self.kind,
            presence: self.presence,
            unread_since: self.unread_days_ago.map(days_ago),
            facts: facts(&self.facts),
            charter_hint: None,
            credentials: self.credentials.iter().map(|brief| brief.credential(numbered())).collect(),
            uses: self.uses.iter().map(BriefUse::of).collect(),
            use_coverage: self.use_not_observable.clone(),
            use_watched_since: self.watched_days_ago.map(days_ago),
            rights: self.rights.iter().map(BriefRight::of).collect(),
            claimed_dead: self.claimed_dead.clone(),
            name_ended: self.name_ended.clone(),
            made_outside: self.made_outside.as_ref().map(BriefMade::of),
            gains: self.gains.iter().map(BriefGain::of).collect(),
            grants: self.grants,
            owned: self.owned,
        }
    }
}

impl BriefMade {
    fn of(&self) -> MadeOutside {
        MadeOutside {
            absent: days_ago(self.absent_days_ago),
            seen: days_ago(self.seen_days_ago),
            class: self.class.clone(),
        }
    }
}

impl BriefGain {
    fn of(&self) -> Gain {
        let RightDossier { right, resource, .. } = self.right.of();
        Gain {
            right,
            resource,
            grantable: self.grantable,
            absent: days_ago(self.absent_days_ago),
            seen: days_ago(self.seen_days_ago),
            class: self.class.clone(),
            asked_until: self.asked_for_days.map(in_days),
        }
    }
}

impl BriefCredential {
    fn credential(&self, number: usize) -> CredentialDossier {
        CredentialDossier {
            id: CredentialId::new(EXAMPLE_NOW, random(number)),
            kind: self.kind,
            state: self.state,
            facts: facts(&self.facts),
            valid_until: self.ends_in_days.map(in_days),
            first_seen: days_ago(self.first_seen_days_ago),
            value_changed_at: self.changed_days_ago.map(days_ago),
            same_value: self.same_value.clone(),
            value_ended: self.value_ended.clone(),
            opens_elsewhere: self.opens_elsewhere.clone(),
            other_environments: self.other_environments.clone(),
        }
    }
}

impl BriefUse {
    fn of(&self) -> UseDossier {
        UseDossier { consumer: self.consumer.clone(), last_seen: days_ago(self.days_ago), count: self.count }
    }
}

fn facts(briefs: &BTreeMap<String, BriefFact>) -> Facts {
    briefs
        .iter()
        .map(|(name, brief)| {
            let fact = match brief.clone() {
                BriefFact::Flag(value) => Fact::Flag(value),
                BriefFact::Text(value) => Fact::Text(value),
                BriefFact::Texts(values) => Fact::Texts(values),
                BriefFact::Unknown { unknown } => Fact::Unknown(unknown),
                BriefFact::At { days_ago: days } => Fact::At(days_ago(days)),
            };
            (name.clone(), fact)
        })
        .collect()
}

/// A right as an example writes it: `SELECT on shop/table/a`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
struct BriefRight {
    right: String,
    resource: String,
}

impl TryFrom<String> for BriefRight {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        let parts = written.split_once(" on ");
        let (right, resource) =
            parts.ok_or_else(|| format!("`{written}` is no right such as `SELECT on shop/table/a`"))?;
        Ok(Self { right: right.to_owned(), resource: resource.to_owned() })
    }
}

impl BriefRight {
    fn of(&self) -> RightDossier {
        let Self { right, resource } = self.clone();
        RightDossier { right, resource, since: Some(days_ago(3)) }
    }
}
