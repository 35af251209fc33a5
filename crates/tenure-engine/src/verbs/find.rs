//! find: whose is this string? Looked up by its marks among what surveys reported; tried nowhere.
//!
//! The string comes in custody, is taken apart (`find/paste.rs`), turned into keyed fingerprints and public
//! digests as connectors would have done, and is gone. What is not known leaves nothing behind: no value, no
//! fingerprint. That somebody looked is recorded before the answer is given, with counts alone and the
//! identities that were found. It must never send the string anywhere. Next: `tenure-connect/src/marks.rs`.

mod paste;

use super::show::{Connectors, credential_shown, not_ended_here, owners_of};
use crate::{
    Actor, Engine, EngineFailure, TokenHolder,
    record::{By, Draft},
};
use paste::{Form, Piece, take_apart};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};
use tenure_keys::FingerprintOf;
use tenure_model::{
    CredentialKind, CredentialState, Facts, IdentityId, Instant, Presence, Secret, Standing, printable,
};
use tenure_secrets::{Confidence, Scanner};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        inventory::{CredentialRow, GrantRow, UseRow},
        marks::SightingRow,
        sources::Unobservable,
    },
};

/// Bytes of a string that is looked up, at most.
pub const STRING_BYTES_MAX: usize = 64 * 1024;
/// Credentials and copies shown, at most, of each kind.
const SHOWN_MAX: usize = 100;
/// Rights and users shown of each credential, at most.
const DETAILS_MAX: i64 = 20;
/// Longest digest that is looked up, in bytes.
const DIGEST_BYTES_MAX: usize = 200;
/// How digests of what is public begin.
const DIGESTS: [&str; 3] = ["SHA256:", "spki-sha256:", "x509-sha256:"];

/// What is looked up.
#[derive(Debug)]
pub enum Sought {
    /// A string that may be a secret, or hold some.
    Pasted(Secret<String>),
    /// The digest of something public: `SHA256:…` as OpenSSH shows it, `spki-sha256:…`, `x509-sha256:…`.
    Digest(String),
}

/// What is known of what was looked up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// At least one string is in the inventory, or is a token of this deployment.
    pub known: bool,
    /// What was recognised or found; one of unknown form when there is nothing.
    pub secrets: Vec<SecretFound>,
    /// How many strings were taken out of the text and looked up.
    pub looked_up: usize,
    /// There were more strings, credentials or copies than are looked at: not all is shown.
    pub cut: bool,
    /// What would not be recognised although it is there, each with the source's system.
    pub not_recognisable: Vec<String>,
}

/// One string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretFound {
    /// The line of the text it begins on, from 1.
    pub line: usize,
    /// What it is, for people.
    pub what: String,
    /// The rule that says so.
    pub rule: Option<String>,
    /// How sure that is.
    pub confidence: Option<Confidence>,
    /// Its checksum or structure is right.
    pub checked: bool,
    /// What may be shown of it.
    pub shown: String,
    /// What its structure says: an account, an issuer, an end.
    pub notes: BTreeMap<String, String>,
    /// Whose token for this deployment it is.
    pub our_token_of: Option<String>,
    /// The credentials it is, or is the other half of.
    pub credentials: Vec<CredentialFound>,
    /// Where copies were seen.
    pub copies: Vec<CopyFound>,
}

/// A credential that was found, with all that an incident begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialFound {
    /// What kind it is.
    pub kind: CredentialKind,
    /// Whether it would be accepted.
    pub state: CredentialState,
    /// Whose it is: source and principal.
    pub holder: String,
    /// Whether that principal is there.
    pub presence: Presence,
    /// The identity's id.
    pub identity: IdentityId,
    /// Its handle.
    pub handle: String,
    /// Its name.
    pub name: String,
    /// Its standing.
    pub standing: Standing,
    /// Who answers for it, by name.
    pub owners: Vec<String>,
    /// Issued by what.
    pub issued_by: String,
    /// May do what.
    pub may_do: String,
    /// Dies when.
    pub dies: String,
    /// What is known about it: place, kind of key, last use where the system tells.
    pub facts: Facts,
    /// When this value, or the credential, was first seen.
    pub since: Instant,
    /// What its principal may do, some of it.
    pub rights: Vec<GrantRow>,
    /// How many rights it holds in all.
    pub rights_count: i64,
    /// How many things it owns.
    pub owned_count: i64,
    /// The first hour in which the principal was seen in use.
    pub used_since: Option<Instant>,
    /// Who was seen using it, last first.
    pub uses: Vec<UseRow>,
    /// What cannot be known at its source.
    pub not_observable: Vec<Unobservable>,
    /// Why it cannot be ended from here; nothing when it can be, as far as is known.
    pub not_ended_here: Option<String>,
}

/// A place where a copy was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CopyFound {
    /// The place, as its source names it.
    pub place: String,
    /// The source that saw it.
    pub source_name: String,
    /// Whose it is, as the copy says.
    pub principal_name: String,
    /// For which system, where the copy says.
    pub towards: Option<String>,
    /// When it was first seen.
    pub first_seen: Instant,
}

/// A string without its value: what it is, and the marks it would be known by.
#[derive(Debug)]
struct Marked {
    line: usize,
    form: Option<Form>,
    what: Option<String>,
    chars: usize,
    our_token_of: Option<String>,
    marks: Vec<String>,
    /// Those of `marks` that are digests of something public.
    public: Vec<String>,
}

impl Engine {
    /// Looks up whose a string is. The look-up is recorded before it is answered, with the reserve when the
    /// disk is full. Refused: nothing, or more than 64 KiB, or what is not a digest.
    pub async fn find(&self, actor: Actor, sought: Sought) -> Result<Found, EngineFailure> {
        let kind = match &sought {
            Sought::Pasted(_) => "string",
            Sought::Digest(_) => "digest",
        };
        let (marked, cut) = match sought {
            Sought::Pasted(text) => self.marked(&text).await?,
            Sought::Digest(digest) => (vec![of_digest(digest)?], false),
        };
        let looked_up = marked.len();
        let connectors = self.connectors.clone();
        let mut found = self
            .store
            .read("find", move |tx| {
                let systems: BTreeSet<String> =
                    tx.sources()?.into_iter().map(|source| source.system).collect();
                let blind = systems.iter().filter_map(|system| connectors.get(system.as_str()));
                let mut found = look(tx, &marked, &connectors)?;
                found.not_recognisable =
                    blind.filter_map(|one| one.not_recognisable()).map(str::to_owned).collect();
                Ok(found)
            })
            .await?;
        found.looked_up = looked_up;
        found.cut |= cut;
        self.record_look_up(actor, kind, &found).await?;
        Ok(found)
    }

    /// The strings of a text with their marks. No value outlives this call.
    async fn marked(&self, text: &Secret<String>) -> Result<(Vec<Marked>, bool), EngineFailure> {
        let text = text.expose();
        if text.trim().is_empty() || text.len() > STRING_BYTES_MAX {
            let why = format!("a string of 1 to {} KiB is looked up", STRING_BYTES_MAX / 1024);
            return Err(EngineFailure::Refused { why });
        }
        let pieces = take_apart(text, scanner());
        let mut marked: Vec<Marked> = pieces.pieces.iter().map(|piece| self.marks_of(piece)).collect();
        for (piece, marked) in pieces.pieces.iter().zip(&mut marked) {
            let Ok(text) = core::str::from_utf8(piece.value.expose()) else { continue };
            let holder = self.holder_of_token(&Secret::new(text.to_owned())).await?;
            if let TokenHolder::Person(person, _) = holder {
                marked.our_token_of = Some(person.name);
            }
        }
        Ok((marked, pieces.cut))
    }

    fn marks_of(&self, piece: &Piece) -> Marked {
        let keys = self.keys();
        let (mut marks, mut digests, mut what) = (Vec::new(), Vec::new(), None);
        let mut domains = BTreeSet::new();
        for connector in self.connectors.values() {
            let by = connector.marks_of(piece.value.expose());
            domains.extend(by.domains);
            for public in by.public {
                what.get_or_insert(public.what);
                digests.push(public.digest);
            }
        }
        for domain in domains {
            let taken = keys.fingerprints.take_all(FingerprintOf::Kind(domain), &piece.value);
            marks.extend(taken.iter().map(ToString::to_string));
        }
        marks.extend(digests.iter().cloned());
        let chars = String::from_utf8_lossy(piece.value.expose()).chars().count();
        Marked {
            line: piece.line,
            form: piece.form.clone(),
            what,
            chars,
            our_token_of: None,
            marks,
            public: digests,
        }
    }

    async fn record_look_up(&self, actor: Actor, kind: &str, found: &Found) -> Result<(), EngineFailure> {
        let credentials = || found.secrets.iter().flat_map(|secret| &secret.credentials);
        let identities: BTreeSet<IdentityId> = credentials().map(|credential| credential.identity).collect();
        let mut draft = Draft::new("secret.looked_up", By::Person(actor, None), actor.person)
            .text("by", kind)
            .flag("known", found.known)
            .number("strings", i64::try_from(found.looked_up).unwrap_or(i64::MAX))
            .number("credentials", i64::try_from(credentials().count()).unwrap_or(i64::MAX));
        for identity in identities {
            draft = draft.about(identity);
        }
        let entry = self.entry(draft)?;
        self.store.write_emergency("record_look_up", move |tx| tx.entry(entry.clone())).await?;
        Ok(())
    }
}

/// The rules, made at the first look-up. Without them nothing is named, and all is still looked up.
fn scanner() -> Option<&'static Scanner> {
    static SCANNER: OnceLock<Option<Scanner>> = OnceLock::new();
    SCANNER.get_or_init(|| Scanner::new().ok()).as_ref()
}

fn of_digest(digest: String) -> Result<Marked, EngineFailure> {
    let plain = digest.bytes().all(|byte| byte.is_ascii_graphic()) && digest.len() <= DIGEST_BYTES_MAX;
    if !plain || !DIGESTS.iter().any(|begin| digest.starts_with(begin)) {
        let why = format!("a digest of something public begins with {}", DIGESTS.join(", "));
        return Err(EngineFailure::Refused { why });
    }
    let what = Some(String::from("public key or certificate"));
    Ok(Marked {
        line: 1,
        form: None,
        what,
        chars: digest.len(),
        our_token_of: None,
        marks: vec![digest.clone()],
        public: vec![digest],
    })
}

fn look(tx: &mut Tx<'_>, marked: &[Marked], connectors: &Connectors) -> Result<Found, StoreFailure> {
    let marks: BTreeSet<String> = marked.iter().flat_map(|one| one.marks.iter().cloned()).collect();
    let marks: Vec<String> = marks.into_iter().collect();
    let mut credentials = tx.credentials_marked(&marks, SHOWN_MAX + 1)?;
    let mut copies = tx.sightings_marked(&marks, SHOWN_MAX + 1)?;
    let cut = credentials.len() > SHOWN_MAX || copies.len() > SHOWN_MAX;
    credentials.truncate(SHOWN_MAX);
    copies.truncate(SHOWN_MAX);
    let (mut secrets, mut claimed) = (Vec::new(), BTreeSet::new());
    for one in marked {
        let mut secret = described(one);
        for credential in &credentials {
            if credential.fingerprint.as_ref().is_some_and(|mark| one.marks.contains(mark)) {
                secret.credentials.push(credential_found(tx, credential, connectors)?);
            }
        }
        let seen: Vec<&SightingRow> = copies.iter().filter(|copy| one.marks.contains(&copy.mark)).collect();
        secret.copies = seen.iter().map(|copy| copy_found(copy)).collect();
        let hit = credentials.iter().filter_map(|credential| credential.fingerprint.as_ref());
        let hit = hit.chain(seen.iter().map(|copy| &copy.mark)).filter(|mark| one.marks.contains(mark));
        let tells: BTreeSet<&String> = hit.chain(&one.public).collect();
        // A text around a key is read as that key, too: it is told once.
        let told = !tells.is_empty() && tells.is_subset(&claimed) && secret.our_token_of.is_none();
        claimed.extend(tells);
        if !told && (secret.is_known() || secret.has_form()) {
            secrets.push(secret);
        }
    }
    let known = secrets.iter().any(SecretFound::is_known);
    if secrets.is_empty() {
        // What was tried in vain are parts of the last, which is the whole.
        secrets.extend(marked.last().map(described));
    }
    Ok(Found { known, secrets, looked_up: 0, cut, not_recognisable: Vec::new() })
}

impl SecretFound {
    /// It is in the inventory, or opens this deployment.
    pub const fn is_known(&self) -> bool {
        !self.credentials.is_empty() || !self.copies.is_empty() || self.our_token_of.is_some()
    }

    const fn has_form(&self) -> bool {
        self.rule.is_some() || self.checked
    }
}

fn described(one: &Marked) -> SecretFound {
    let form = one.form.as_ref();
    let length = format!("{} characters", one.chars);
    SecretFound {
        line: one.line,
        what: one.what.clone().or_else(|| form.map(|form| form.title.to_owned())).unwrap_or_else(|| {
            String::from(if one.our_token_of.is_some() {
                "access token of this Tenure"
            } else {
                "string of no known form"
            })
        }),
        rule: form.map(|form| form.rule.to_owned()),
        confidence: form.map(|form| form.confidence),
        // A connector read a key out of it: that is a structure.
        checked: one.what.is_some() || form.is_some_and(|form| form.checked),
        shown: form.map_or(length, |form| form.shown.clone()),
        notes: form.map(|form| form.notes.clone()).unwrap_or_default(),
        our_token_of: one.our_token_of.clone(),
        credentials: Vec::new(),
        copies: Vec::new(),
    }
}

fn credential_found(
    tx: &mut Tx<'_>,
    row: &CredentialRow,
    connectors: &Connectors,
) -> Result<CredentialFound, StoreFailure> {
    let principal = tx.principal(row.principal)?;
    let identity = tx.identity(principal.identity)?;
    let (rights_count, owned_count) = tx.count_grants(principal.id)?;
    let owners = owners_of(tx, &identity.charter)?;
    let rights = tx.grants_of(principal.id, DETAILS_MAX)?;
    let (used_since, uses) = (tx.first_use_of(principal.id)?, tx.uses_of(principal.id, DETAILS_MAX)?);
    let not_observable = tx.source(principal.source)?.not_observable;
    let shown = credential_shown(row.clone(), &principal, rights_count, owned_count);
    Ok(CredentialFound {
        kind: row.kind,
        state: row.state,
        holder: row.holder.clone(),
        presence: principal.presence,
        identity: identity.id,
        handle: identity.handle,
        name: identity.name,
        standing: identity.standing,
        owners,
        issued_by: shown.issued_by,
        may_do: shown.may_do,
        dies: shown.dies,
        facts: row.facts.clone(),
        since: row.value_changed.unwrap_or(row.first_seen),
        rights,
        rights_count,
        owned_count,
        used_since,
        uses,
        not_observable,
        not_ended_here: not_ended_here(connectors, std::iter::once(&principal)),
    })
}

fn copy_found(row: &SightingRow) -> CopyFound {
    CopyFound {
        place: printable(&row.place, 400),
        source_name: row.source_name.clone(),
        principal_name: printable(&row.principal_name, 200),
        towards: row.towards.as_ref().map(|towards| printable(towards, 200)),
        first_seen: row.first_seen,
    }
}
