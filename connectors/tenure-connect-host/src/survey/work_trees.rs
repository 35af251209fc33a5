//! Work trees of Git that hold something found: who is named for it, and who works there.
//!
//! Only for things that were found is anything read, once for each work tree. It is a hint for `tenure own --suggest`,
//! so a file that cannot be read is passed over in silence: nothing becomes unread by it. Git is never run, and a work
//! tree that keeps its history elsewhere (`.git` as a file) is not followed there. Next: `../read/codeowners.rs`.

use super::{Survey, homes::Home};
use crate::found::Found;
use crate::item::ThingKind;
use crate::limits::Budget;
use crate::place::Place;
use crate::read::codeowners::{self, CodeOwners};
use crate::read::{self, git};
use crate::unread::{Spent, Unread};
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::Fact;

/// Work trees that are remembered.
pub(super) const TREES_MAX: usize = 20_000;
/// Where the names stand; the first that is there counts.
const FILES: [&[u8]; 3] = [b".github/CODEOWNERS", b"CODEOWNERS", b"docs/CODEOWNERS"];
/// Bytes of the record of changes that are read, from its end.
const CHANGES_BYTES: u64 = 16 * 1024;

/// What is known of one work tree.
struct WorkTree {
    owners: Vec<CodeOwners>,
    authors: Vec<String>,
}

impl Survey<'_> {
    /// Says of what was found in work trees who is named for it and who works there.
    pub(super) fn in_work_trees(&mut self, homes: &[Home]) -> Result<(), Spent> {
        let tops = core::mem::take(&mut self.work_trees);
        let home_of =
            |account: &str| homes.iter().find(|home| home.account == account).map(|home| &home.place);
        let mut known: BTreeMap<Place, WorkTree> = BTreeMap::new();
        let mut found = core::mem::take(&mut self.reading.found);
        let mut ended = Ok(());
        for thing in found.iter_mut().filter(|thing| is_in_project(thing.kind)) {
            if let Err(spent) = self.budget.time() {
                ended = Err(spent);
                break;
            }
            let Some(top) = innermost(&tops, &thing.place) else { continue };
            if !known.contains_key(&top) {
                let home = thing.account.as_deref().and_then(home_of);
                match self.work_tree(&top, home) {
                    Ok(tree) => known.insert(top.clone(), tree),
                    Err(spent) => {
                        ended = Err(spent);
                        break;
                    }
                };
            }
            ended = known.get(&top).map_or(Ok(()), |tree| tree.tell(thing, &top, self.budget));
            if ended.is_err() {
                break;
            }
        }
        self.reading.found = found;
        ended
    }

    fn work_tree(&self, top: &Place, home: Option<&Place>) -> Result<WorkTree, Spent> {
        let mut owners = Vec::new();
        for path in FILES {
            if let Some(content) = self.hint(&below(top, path))? {
                owners = codeowners::read(content.expose());
                break;
            }
        }
        for rule in &mut owners {
            self.budget.time()?;
            rule.owners.retain(|owner| read::looks_like(self.scanner, owner).is_none());
        }
        let of_tree = self.hint(&below(top, b".git/config"))?;
        let mut authors = BTreeSet::new();
        authors.extend(of_tree.and_then(|content| git::email_of_config(content.expose())));
        if let (true, Some(home)) = (authors.is_empty(), home) {
            let of_person = self.hint(&below(home, b".gitconfig"))?;
            authors.extend(of_person.and_then(|content| git::email_of_config(content.expose())));
        }
        let changes = self.files.tail(&below(top, b".git/logs/HEAD"), CHANGES_BYTES).ok();
        authors.extend(changes.and_then(|content| git::email_of_last_change(content.expose())));
        authors.retain(|author| read::looks_like(self.scanner, author).is_none());
        Ok(WorkTree { owners, authors: authors.into_iter().collect() })
    }

    /// A file that is read if it can be.
    fn hint(&self, place: &Place) -> Result<Option<tenure_model::Secret<Vec<u8>>>, Spent> {
        match self.files.read(place, self.budget) {
            Ok(file) => Ok(Some(file.content)),
            Err(Unread::Limit(spent)) => Err(spent),
            Err(_) => Ok(None),
        }
    }
}

impl WorkTree {
    fn tell(&self, thing: &mut Found, top: &Place, budget: &Budget<'_>) -> Result<(), Spent> {
        let path = thing.place.as_bytes().get(top.as_bytes().len()..).unwrap_or_default();
        let named = codeowners::owners_of(&self.owners, path, &|| budget.time())?;
        let mut add = |name: &str, texts: &[String]| {
            if !texts.is_empty() {
                thing.facts.insert(name.to_owned(), Fact::Texts(texts.to_vec()));
            }
        };
        add("code_owners", named);
        add("git_authors", &self.authors);
        Ok(())
    }
}

/// The work tree a file lies in, the innermost of several.
fn innermost(tops: &BTreeSet<Place>, place: &Place) -> Option<Place> {
    let mut folder = place.parent();
    loop {
        if tops.contains(&folder) {
            return Some(folder);
        }
        if folder.as_bytes().is_empty() {
            return None;
        }
        folder = folder.parent();
    }
}

fn below(top: &Place, path: &[u8]) -> Place {
    path.split(|byte| *byte == b'/').fold(top.clone(), |place, name| place.join(name))
}

/// Whether such a thing has an owner of its own: what only describes an account or another's key has not.
fn is_in_project(kind: ThingKind) -> bool {
    kind == ThingKind::AssistantServer || (kind.is_secret() && kind != ThingKind::StoredPassword)
}
