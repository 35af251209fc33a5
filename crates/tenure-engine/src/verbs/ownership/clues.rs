//! What is known beside an identity that may say whose it is, read in the caller's transaction.
//!
//! Only what surveys brought and what people decided is read: no file is opened and no program run here. Every look
//! is bounded. What the clues mean is decided elsewhere: `tenure-judge/src/ownership`.

use super::owners;
use std::collections::BTreeSet;
use tenure_judge::{COMMENTS, Clue, ClueKind, OWNER_TAGS, PointsTo, PrincipalTraits, Traits};
use tenure_model::{Fact, Presence, PrincipalKind, SourceId, names, number, printable, text};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        identities::IdentityRow,
        inventory::{CredentialRow, GrantRow, PrincipalRow},
    },
};

/// Rights of a principal looked at, at most.
const GRANTS_READ: i64 = 50;
/// Principals of an identity looked at, at most.
const PRINCIPALS_READ: usize = 20;
/// Characters of a text from outside, when shown.
const SHOWN_CHARS_MAX: usize = 120;
/// What is known beside an identity.
#[derive(Debug, Default)]
pub(in crate::verbs) struct Seen {
    /// What may say whose it is.
    pub(super) clues: Vec<Clue>,
    /// What rules look at.
    pub(in crate::verbs) traits: Traits,
    /// A principal of it is there.
    pub(in crate::verbs) present: bool,
    folders: BTreeSet<String>,
    files: BTreeSet<String>,
}

/// Reads what rules look at, and nothing else.
pub(in crate::verbs) fn traits_of(tx: &mut Tx<'_>, identity: &IdentityRow) -> Result<Seen, StoreFailure> {
    let mut seen = Seen::default();
    seen.traits.names.push(identity.name.clone());
    seen.traits.environment = identity.charter.environment;
    for principal in present(tx, identity)? {
        seen.known(&principal);
        for credential in tx.credentials_of(principal.id)? {
            seen.traits.places.extend(text(&credential.facts, names::PLACE).map(str::to_owned));
        }
    }
    Ok(seen)
}

/// Reads everything that may say whose an identity is.
pub(super) fn clues_of(tx: &mut Tx<'_>, identity: &IdentityRow) -> Result<Seen, StoreFailure> {
    let mut seen = Seen::default();
    seen.traits.names.push(identity.name.clone());
    seen.traits.environment = identity.charter.environment;
    for principal in present(tx, identity)? {
        seen.known(&principal);
        of_principal(tx, &mut seen, &principal)?;
        for credential in tx.credentials_of(principal.id)? {
            of_credential(tx, &mut seen, &principal, &credential)?;
        }
        for grant in tx.grants_of(principal.id, GRANTS_READ)? {
            of_grant(tx, &mut seen, &principal, &grant)?;
        }
        heir(tx, &mut seen, &principal)?;
    }
    same_value(tx, &mut seen, identity)?;
    beside(tx, &mut seen, identity)?;
    Ok(seen)
}

fn present(tx: &mut Tx<'_>, identity: &IdentityRow) -> Result<Vec<PrincipalRow>, StoreFailure> {
    let there = |one: &PrincipalRow| one.presence == Presence::Present && one.unread_since.is_none();
    Ok(tx.principals_of(identity.id)?.into_iter().filter(there).take(PRINCIPALS_READ).collect())
}

fn shown(given: &str) -> String {
    printable(given, SHOWN_CHARS_MAX)
}

impl Seen {
    fn known(&mut self, principal: &PrincipalRow) {
        self.present = true;
        let traits = &mut self.traits;
        traits.add(&PrincipalTraits {
            name: &principal.name,
            source: &principal.source_name,
            system: &principal.system,
            kind: principal.kind,
            facts: &principal.facts,
            charter_hint: principal.charter_hint.as_deref(),
        });
        if let Some(file) = text(&principal.facts, names::DEFINED_IN) {
            self.files.insert(file.to_owned());
            // Names are `source/~account/folder/file[which]`: what lies beside begins alike.
            let named = format!("{}/{}", principal.source_name, principal.name);
            let path = named.split('[').next().unwrap_or(&named);
            let folder = path.rsplit_once('/').map(|(folder, _)| format!("{folder}/"));
            self.folders.extend(folder.filter(|folder| folder.matches('/').count() > 1));
        }
    }

    fn clue(&mut self, kind: ClueKind, points_to: PointsTo, says: String) {
        self.clues.push(Clue { kind, points_to, says });
    }

    fn owned_by(&mut self, kind: ClueKind, other: &IdentityRow, says: &str) {
        for person in owners(&other.charter) {
            let says = format!("{says}: {} ({})", shown(&other.name), other.handle);
            self.clue(kind, PointsTo::Person(person), says);
        }
    }
}

fn of_principal(tx: &mut Tx<'_>, seen: &mut Seen, principal: &PrincipalRow) -> Result<(), StoreFailure> {
    if let Some(owner) = text(&principal.facts, "file_owner") {
        let file = text(&principal.facts, names::DEFINED_IN).unwrap_or("its file");
        let kind =
            if principal.kind == PrincipalKind::Workload { ClueKind::UnitFile } else { ClueKind::FileOwner };
        let points_to = account(tx, principal.source, owner)?;
        seen.clue(kind, points_to, format!("{} is a file of `{}`", shown(file), shown(owner)));
    }
    if principal.kind == PrincipalKind::Account {
        let points_to = account(tx, principal.source, &principal.name)?;
        seen.clue(
            ClueKind::Account,
            points_to,
            format!("it is the account `{}` itself", shown(&principal.name)),
        );
    }
    let tags = seen.traits.tags.clone();
    for tag in tags.iter().filter(|tag| OWNER_TAGS.contains(&tag.key.as_str())) {
        let says = format!("{} says `{}={}`", shown(&principal.name), tag.key, shown(&tag.value));
        seen.clue(ClueKind::Tag, PointsTo::Word(tag.value.clone()), says);
    }
    let written = COMMENTS.iter().filter_map(|name| text(&principal.facts, name));
    for comment in principal.charter_hint.as_deref().into_iter().chain(written) {
        let says = format!("a comment beside it says `{}`", shown(comment));
        seen.clue(ClueKind::Comment, PointsTo::Text(comment.to_owned()), says);
    }
    if let Some(Fact::Texts(named)) = principal.facts.get("code_owners") {
        for word in named {
            let says = format!("CODEOWNERS names `{}` for its file", shown(word));
            seen.clue(ClueKind::CodeOwners, PointsTo::Word(word.clone()), says);
        }
    }
    if let Some(Fact::Texts(authors)) = principal.facts.get("git_authors") {
        for address in authors {
            let says = format!("Git knows `{}` in the folder of its file", shown(address));
            seen.clue(ClueKind::GitAuthor, PointsTo::Word(address.clone()), says);
        }
    }
    Ok(())
}

fn of_credential(
    tx: &mut Tx<'_>,
    seen: &mut Seen,
    principal: &PrincipalRow,
    credential: &CredentialRow,
) -> Result<(), StoreFailure> {
    let place = text(&credential.facts, names::PLACE);
    seen.traits.places.extend(place.map(str::to_owned));
    // A key that opens an account lies in that account's own file: whose file it is says nothing of the key.
    if principal.kind == PrincipalKind::Key {
        return Ok(());
    }
    if let Some(owner) = text(&credential.facts, "file_owner") {
        let points_to = account(tx, principal.source, owner)?;
        let says =
            format!("its secret lies in {}, a file of `{}`", shown(place.unwrap_or("a file")), shown(owner));
        seen.clue(ClueKind::FileOwner, points_to, says);
    }
    Ok(())
}

/// A right on an account, or membership of a role: whose those are.
fn of_grant(
    tx: &mut Tx<'_>,
    seen: &mut Seen,
    principal: &PrincipalRow,
    grant: &GrantRow,
) -> Result<(), StoreFailure> {
    let Some((what, name)) = grant.resource.split_once('/') else { return Ok(()) };
    let (kind, says) = match (what, grant.right.as_str()) {
        ("account", "log in") => (ClueKind::OpensAccount, "it opens the account"),
        ("account", "run as") => (ClueKind::OpensAccount, "it runs as the account"),
        ("role", "member") => (ClueKind::Member, "it is a member of the role"),
        _ => return Ok(()),
    };
    let points_to = if what == "account" {
        account(tx, principal.source, name)?
    } else {
        PointsTo::Word(name.to_owned())
    };
    seen.clue(kind, points_to, format!("{says} `{}`", shown(name)));
    if let Some(other) = tx.identity_named_at(principal.source, name)?
        && other.id != principal.identity
    {
        seen.owned_by(kind, &other, says);
    }
    Ok(())
}

/// Who would get what it owns, as the source was told.
fn heir(tx: &mut Tx<'_>, seen: &mut Seen, principal: &PrincipalRow) -> Result<(), StoreFailure> {
    let Some(heir) = tx.source(principal.source)?.options.get("heir").cloned() else { return Ok(()) };
    if heir == principal.name || tx.count_grants(principal.id)?.1 == 0 {
        return Ok(());
    }
    let says = format!("what it owns would go to `{}`", shown(&heir));
    seen.clue(ClueKind::Heir, PointsTo::Word(heir.clone()), says);
    if let Some(other) = tx.identity_named_at(principal.source, &heir)? {
        seen.owned_by(ClueKind::Heir, &other, "what it owns would go to");
    }
    Ok(())
}

/// An account by name; with its number where it is one of the machine Tenure runs on.
fn account(tx: &mut Tx<'_>, source: SourceId, name: &str) -> Result<PointsTo, StoreFailure> {
    let mut local_uid = None;
    if let Some(identity) = tx.identity_named_at(source, name)? {
        let principals = tx.principals_of(identity.id)?;
        local_uid = principals
            .iter()
            .filter(|one| one.source == source && one.name == name)
            .find_map(|one| number(&one.facts, names::LOCAL_UID))
            .and_then(|uid| u32::try_from(uid).ok());
    }
    Ok(PointsTo::Account { name: name.to_owned(), local_uid })
}

fn same_value(tx: &mut Tx<'_>, seen: &mut Seen, identity: &IdentityRow) -> Result<(), StoreFailure> {
    for other in tx.identities_with_value_of(identity.id)? {
        seen.owned_by(ClueKind::SameValue, &other, "the same value is held by");
    }
    Ok(())
}

/// What lies beside it, and is somebody's: in the same file, or in the same folder.
fn beside(tx: &mut Tx<'_>, seen: &mut Seen, identity: &IdentityRow) -> Result<(), StoreFailure> {
    for folder in std::mem::take(&mut seen.folders) {
        for other in tx.owned_beside(&folder)? {
            if other.id == identity.id {
                continue;
            }
            let principals = tx.principals_of(other.id)?;
            let mut files = principals.iter().filter_map(|one| text(&one.facts, names::DEFINED_IN));
            if files.any(|file| seen.files.contains(file)) {
                seen.owned_by(ClueKind::SameFile, &other, "in the same file is");
            } else {
                seen.owned_by(ClueKind::SameFolder, &other, "in the same folder is");
            }
        }
    }
    Ok(())
}
