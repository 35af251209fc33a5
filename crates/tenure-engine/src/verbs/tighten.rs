//! Which file a plan to tighten is about, and what is known of it beside what the connector reads.
//!
//! A file is the place of a sighting: only one in which a survey saw a credential can be named, by its path or by an
//! identity whose it is. The plan then goes the way of all plans (`plan.rs`). This file must never say of the credential
//! that anything ended. Next: `tenure-govern/src/tighten.rs`.

use super::{
    plan::{PlanRequest, only_present},
    show::Connectors,
};
use crate::{Engine, EngineFailure};
use std::collections::BTreeSet;
use tenure_connect::{BlastRadius, FileChange};
use tenure_model::{FileTarget, IdentityId, PrincipalKind, Readers, StepKind, names, printable, text};
use tenure_store::{
    StoreFailure, Tx,
    tables::{inventory::PrincipalRow, steps::StepRow},
};

/// Accounts of which it is looked up what runs as them, at most.
const ACCOUNTS_MAX: usize = 20;
/// Names in one sentence, at most.
const NAMES_SHOWN: usize = 5;

/// A file that is meant, and one principal whose credential lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Whose it is: whose right it is to decide.
    pub identity: IdentityId,
    /// Its path.
    pub file: String,
    pub(crate) principal: PrincipalRow,
    /// Others whose credentials lie in the same file, by name.
    pub(crate) beside: Vec<String>,
}

impl Engine {
    /// The file that is meant: by its path, or by an identity, with the path where it has several.
    pub async fn find_file(&self, given: &str, file: Option<&str>) -> Result<FoundFile, EngineFailure> {
        let is_path = given.starts_with('/') || given.starts_with('~');
        if is_path && file.is_none() {
            return self.file_at(given, None).await;
        }
        let wanted = given.to_owned();
        let (identity, principals) = self
            .store
            .read("tighten_target", move |tx| {
                let identity = tx.find_identity(&wanted)?;
                let principals = tx.principals_of(identity.id)?;
                Ok((identity, principals))
            })
            .await?;
        if let Some(file) = file {
            return self.file_at(file, Some(identity.id)).await;
        }
        let principal = only_present(principals, &identity.name)?;
        let files = self.files_of(&principal).await?;
        let name = printable(&identity.name, 80);
        let mut candidates = files.open.iter().chain(files.all.iter().filter(|_| files.open.is_empty()));
        match (candidates.next(), candidates.next()) {
            (Some(only), None) => self.file_at(only, Some(identity.id)).await,
            (None, _) if files.is_without_path => Err(refused(format!(
                "the file in which a credential of `{name}` lies has a name that cannot be shown as it is written, so no plan \
                 can name it; give it a plain name, or change its mode by hand where it is (chmod go=)"
            ))),
            (None, _) => Err(refused(format!(
                "no survey saw a credential of `{name}` in a file, so there is nothing to tighten; \
                 name the path of a file instead (tenure show {name} lists what is known)"
            ))),
            (Some(_), Some(_)) => Err(refused(format!(
                "credentials of `{name}` lie in several files: {}. Name the path of the one you mean",
                listed(if files.open.is_empty() { &files.all } else { &files.open })
            ))),
        }
    }

    async fn file_at(&self, given: &str, of: Option<IdentityId>) -> Result<FoundFile, EngineFailure> {
        let shown = printable(given, 200);
        let Some(path) = plain(given) else {
            return Err(refused(format!(
                "`{shown}` is not the path of a file; give it from the root, without `..`"
            )));
        };
        let (wanted, connectors) = (path.clone(), self.connectors.clone());
        let read = self.store.read("principals_in_file", move |tx| {
            let found = tx.principals_in_file(&wanted)?;
            if found.is_empty() { in_images(tx, &connectors, &wanted) } else { Ok(found) }
        });
        let found = read.await?;
        let beside: Vec<String> = found
            .iter()
            .map(|(principal, _)| format!("{}/{}", principal.source_name, principal.name))
            .collect();
        let sources: BTreeSet<&str> = found.iter().map(|(one, _)| one.source_name.as_str()).collect();
        if of.is_none() && sources.len() > 1 {
            let sources: Vec<String> = sources.into_iter().map(str::to_owned).collect();
            return Err(refused(format!(
                "`{shown}` is at several sources ({}); name the identity whose it is instead, and the path with --file",
                listed(&sources)
            )));
        }
        let mut matching = found.into_iter().filter(|(one, _)| of.is_none_or(|of| one.identity == of));
        let Some((principal, file)) = matching.next() else {
            return Err(refused(format!(
                "no survey saw a credential in `{shown}`: Tenure tightens only files in which it saw one. If there is one \
                 by now, read the machine again (tenure survey SOURCE) and try again"
            )));
        };
        let own = format!("{}/{}", principal.source_name, principal.name);
        let beside = beside.into_iter().filter(|name| *name != own).collect();
        Ok(FoundFile { identity: principal.identity, file, principal, beside })
    }

    async fn files_of(&self, principal: &PrincipalRow) -> Result<Files, EngineFailure> {
        let (id, source, name) = (principal.id, principal.source, principal.name.clone());
        let (credentials, sighted) = self
            .store
            .read("files_of", move |tx| Ok((tx.credentials_of(id)?, tx.sighted_files(source, &name)?)))
            .await?;
        let files_with = |fact: Option<&str>| -> Vec<String> {
            let held = credentials.iter().filter(|one| fact.is_none_or(|fact| one.facts.contains_key(fact)));
            let files: BTreeSet<String> =
                held.filter_map(|one| text(&one.facts, names::FILE)).map(str::to_owned).collect();
            files.into_iter().collect()
        };
        let mut all: BTreeSet<String> = sighted.into_iter().collect();
        all.extend(files_with(None));
        let mut open = files_with(Some(names::READABLE_BY));
        open.extend(files_with(Some(names::WRITABLE_BY)));
        open.sort();
        open.dedup();
        let is_without_path = credentials
            .iter()
            .any(|one| text(&one.facts, names::PLACE).is_some() && text(&one.facts, names::FILE).is_none());
        Ok(Files { all: all.into_iter().collect(), open, is_without_path })
    }

    /// The principal and the file of a request to tighten.
    pub(crate) async fn file_subject(
        &self,
        request: &PlanRequest,
    ) -> Result<(PrincipalRow, FileTarget, Vec<String>), EngineFailure> {
        let FoundFile { file, principal, beside, .. } =
            self.find_file(&request.identity, request.file.as_deref()).await?;
        let manifest = self.connector(&principal.system)?.manifest();
        if !manifest.steps.contains(&StepKind::Tighten) {
            return Err(tenure_govern::PlanRefused::StepNotPossible { step: StepKind::Tighten }.into());
        }
        // What a machine as a whole holds are different things; copies of one credential have one principal.
        let copies = match principal.kind {
            PrincipalKind::External | PrincipalKind::Agent => self.files_of(&principal).await?.all,
            _ => Vec::new(),
        };
        let copies = copies.into_iter().filter(|place| *place != file).collect();
        let readers = request.readers.unwrap_or(Readers::Owner);
        Ok((principal, FileTarget { place: file, readers, copies, was: None }, beside))
    }

    /// What the inventory adds to what the connector read, or that there is nothing to do.
    pub(crate) async fn complete_change(
        &self,
        principal: &PrincipalRow,
        file: &mut FileTarget,
        beside: &[String],
        blast: &mut BlastRadius,
    ) -> Result<(), EngineFailure> {
        let Some(change) = &blast.file else {
            let why = format!("`{}` does not say who can read its files", principal.source_name);
            return Err(refused(why));
        };
        if blast.refusals.is_empty() && change.mode_before == change.mode_after {
            return Err(EngineFailure::AlreadySo { why: already(&file.place, change) });
        }
        file.was = Some(change.was.clone());
        let (source, lose) = (principal.source, change.lose.clone());
        let running = self
            .store
            .read("runs_as", move |tx| {
                let mut running = Vec::new();
                for account in lose.iter().take(ACCOUNTS_MAX) {
                    running
                        .extend(tx.runs_as(source, account)?.into_iter().map(|unit| (unit, account.clone())));
                }
                Ok(running)
            })
            .await?;
        let stops = running.into_iter().map(|(unit, account)| {
            format!("`{unit}` runs as `{account}`, which will not be able to read it; whether it does is not known")
        });
        blast.warnings.extend(stops);
        if !beside.is_empty() {
            blast.warnings.push(format!("the same file also holds credentials of {}", listed(beside)));
        }
        Ok(())
    }
}

/// As `principals_in_file`, of a path of this machine that lies below the root of an image.
fn in_images(
    tx: &mut Tx<'_>,
    connectors: &Connectors,
    path: &str,
) -> Result<Vec<(PrincipalRow, String)>, StoreFailure> {
    let mut found = Vec::new();
    for source in tx.sources()? {
        let connector = connectors.get(source.system.as_str());
        let Some(place) = connector.and_then(|one| one.place_of(&source.points, path)) else { continue };
        found.extend(tx.principals_in_file(&place)?.into_iter().filter(|(one, _)| one.source == source.id));
    }
    Ok(found)
}

/// Files of a principal.
struct Files {
    all: Vec<String>,
    /// Those of credentials that others can read or change.
    open: Vec<String>,
    /// One of them is in a file whose name cannot be shown as it is written.
    is_without_path: bool,
}

fn already(place: &str, change: &FileChange) -> String {
    let readers =
        if change.keep.is_empty() { String::new() } else { format!(" and {}", listed(&change.keep)) };
    format!(
        "nothing to do: {} has mode {}, and only its owner {}{readers} can read it",
        printable(place, 200),
        change.mode_before,
        printable(&change.owner, 80)
    )
}

/// How a plan to tighten was taken back, from the answer of its last step.
pub(crate) fn taken_back(steps: &[StepRow]) -> String {
    let loosened = steps.iter().find(|step| step.kind == StepKind::Loosen);
    let never = steps.iter().any(|step| step.kind == StepKind::Tighten && step.attempt == 0);
    match loosened.and_then(|step| step.answer.as_deref()) {
        _ if never => String::from("taken back; the file was never changed"),
        Some(why) if why.starts_with("left as it is") => format!("taken back, but the file was {why}"),
        Some(_) | None => String::from("taken back; the file has the mode it had before"),
    }
}

/// A path without doubled slashes and dots; `None` where it does not name one file.
fn plain(given: &str) -> Option<String> {
    let parts: Vec<&str> = given.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.is_empty() || parts.contains(&"..") || given.contains('\0') {
        return None;
    }
    let joined = parts.join("/");
    match given.as_bytes().first() {
        Some(b'/') => Some(format!("/{joined}")),
        Some(b'~') => Some(joined),
        Some(_) | None => None,
    }
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN).map(|name| printable(name, 120)).collect();
    let more = if names.len() > NAMES_SHOWN { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn refused(why: String) -> EngineFailure {
    EngineFailure::Refused { why }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_path_is_given_from_the_root_or_from_a_home() {
        assert_eq!(plain("/srv//ci/./.env").as_deref(), Some("/srv/ci/.env"));
        assert_eq!(plain("~ci/.env").as_deref(), Some("~ci/.env"));
        for none in ["", "/", "~", "a/b", "/srv/../etc/shadow", "/a\0b"] {
            assert_eq!(plain(none).as_deref().filter(|_| none != "~"), None, "{none:?}");
        }
    }
}
