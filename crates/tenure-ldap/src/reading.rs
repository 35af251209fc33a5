//! What one reading makes of a directory: people and groups, each known by the id that never changes.
//!
//! An entry that cannot be used costs nobody else: it gets a line, and whoever it means stays as they are. Where it cannot even be
//! told who that is, the reading is not complete, and then nobody is taken for gone. Next: `line.rs`.

use crate::{
    Directory, Membership, NotRead, dn,
    line::{Entry, Found, Line},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};
use tenure_model::printable;

/// Groups of one reading, at most.
const GROUPS_MAX: usize = 5_000;
/// Characters of a name, an id or any other text, at most.
const TEXT_CHARS_MAX: usize = 512;
/// Characters of a name of an entry that are shown.
const DN_SHOWN: usize = 120;
/// The bit of `userAccountControl` that says that somebody is disabled (MS-ADTS 2.2.16).
const ACCOUNT_DISABLED: i64 = 2;

/// Somebody who stands in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRead {
    /// The id that never changes.
    pub id: String,
    /// The name they sign in with.
    pub name: String,
    /// What they are called.
    pub display_name: Option<String>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// They are not disabled there.
    pub active: bool,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRead {
    /// The id that never changes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Ids of the people in it, directly or by groups that belong to it.
    pub people: BTreeSet<String>,
}

/// What stands in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// Who, by id.
    pub people: Vec<PersonRead>,
    /// Which groups, by id.
    pub groups: Vec<GroupRead>,
    /// Something is said of groups at all.
    pub says_groups: bool,
    /// Ids of those who stand there and of whom nothing can be used: they stay as they are.
    pub unclear: BTreeSet<String>,
    /// What cannot be used and why, a line each.
    pub faults: Vec<String>,
    /// Why somebody who stands there may be missing here; nothing where it was read whole.
    pub cut: Option<String>,
    /// How often it named another directory, which is not asked.
    pub referrals: usize,
}

impl Directory {
    /// Reads the directory once. It may be called again at any time, changes nothing there, and keeps no line open.
    pub async fn read(&self) -> Result<Reading, NotRead> {
        self.check()?;
        let late = NotRead::Line {
            why: format!(
                "the directory was not read within {} s: nothing of it is believed",
                self.patience.as_secs()
            ),
        };
        tokio::time::timeout(self.patience, self.read_whole()).await.unwrap_or(Err(late))
    }

    async fn read_whole(&self) -> Result<Reading, NotRead> {
        let mut line = Line::open(self).await?;
        let people =
            line.search(&self.people, &self.attributes.of_people(), ("people", self.people_max)).await?;
        let groups = match &self.groups {
            Some(part) => {
                Some(line.search(part, &self.attributes.of_groups(), ("groups", GROUPS_MAX)).await?)
            }
            None => None,
        };
        Ok(made_of(self, people, groups))
    }
}

fn made_of(directory: &Directory, people: Found, groups: Option<Found>) -> Reading {
    let cut_of = |what: &str, found: &Found| Some(format!("{what}: {}", found.cut?));
    let mut reading = Reading {
        says_groups: groups.is_some(),
        cut: cut_of("people", &people).or_else(|| cut_of("groups", groups.as_ref()?)),
        referrals: people.referrals + groups.as_ref().map_or(0, |groups| groups.referrals),
        ..Reading::default()
    };
    let by_dn = read_people(directory, &people.entries, &mut reading);
    if let Some(groups) = groups {
        read_groups(directory, (&people.entries, &groups.entries), &by_dn, &mut reading);
    }
    reading
}

/// People by id; returns who stands under which name of an entry.
fn read_people(directory: &Directory, entries: &[Entry], reading: &mut Reading) -> BTreeMap<String, String> {
    let (mut by_dn, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for entry in entries {
        let id = match entry.id(directory) {
            Ok(id) => id,
            Err(why) => {
                reading.faults.push(entry.fault(&why));
                reading
                    .cut
                    .get_or_insert_with(|| String::from("people: an entry has no id that can be used"));
                continue;
            }
        };
        if !seen.insert(id.clone()) {
            reading.faults.push(entry.fault("another entry has the same id"));
            reading.people.retain(|one| one.id != id);
            reading.unclear.insert(id);
            continue;
        }
        match person(directory, entry, id.clone()) {
            Ok(person) => {
                by_dn.extend(dn::key(&entry.dn).map(|key| (key, id)));
                reading.people.push(person);
            }
            Err(why) => {
                reading.faults.push(entry.fault(&why));
                reading.unclear.insert(id);
            }
        }
    }
    reading.people.sort_by(|one, other| one.id.cmp(&other.id));
    by_dn
}

fn person(directory: &Directory, entry: &Entry, id: String) -> Result<PersonRead, String> {
    let names = &directory.attributes;
    let name = entry.name(&names.name)?.ok_or_else(|| format!("it has no `{}`", names.name))?;
    let active = match &names.account_control {
        Some(control) => {
            let said = entry.text(control)?.ok_or_else(|| format!("it has no `{control}`"))?;
            let flags: i64 = said.parse().map_err(|_| format!("`{control}` is not a number"))?;
            flags & ACCOUNT_DISABLED == 0
        }
        None => true,
    };
    // What is only shown is left out where it cannot be shown; nobody is refused for it.
    let shown = |name: &str| entry.text(name).ok().flatten();
    Ok(PersonRead { id, name, active, display_name: shown(&names.display_name), email: shown(&names.mail) })
}

/// A group before it is known who belongs to it by other groups.
struct Direct<'a> {
    entry: &'a Entry,
    id: String,
    name: String,
    people: BTreeSet<String>,
    groups: BTreeSet<String>,
}

fn read_groups(
    directory: &Directory,
    (people, entries): (&[Entry], &[Entry]),
    by_dn: &BTreeMap<String, String>,
    reading: &mut Reading,
) {
    let mut direct: BTreeMap<String, Direct<'_>> = BTreeMap::new();
    for entry in entries {
        match group(directory, entry) {
            Ok((key, group)) => {
                direct.insert(key, group);
            }
            Err(why) => {
                reading.faults.push(entry.fault(&why));
                reading.cut.get_or_insert_with(|| String::from("groups: one of them cannot be used"));
            }
        }
    }
    match &directory.attributes.membership {
        Membership::OfGroups(attribute) => {
            let known: BTreeSet<String> = direct.keys().cloned().collect();
            for group in direct.values_mut() {
                for member in group.entry.keys(attribute, reading) {
                    group.people.extend(by_dn.get(&member).cloned());
                    group.groups.extend(known.get(&member).cloned());
                }
            }
        }
        Membership::OfMembers(attribute) => {
            for entry in people {
                let Some((_, id)) = dn::key(&entry.dn).and_then(|key| by_dn.get_key_value(&key)) else {
                    continue;
                };
                for of in entry.keys(attribute, reading) {
                    if let Some(group) = direct.get_mut(&of) {
                        group.people.insert(id.clone());
                    }
                }
            }
            for entry in entries {
                let Some(key) = dn::key(&entry.dn) else { continue };
                for of in entry.keys(attribute, reading) {
                    if let Some(group) = direct.get_mut(&of) {
                        group.groups.insert(key.clone());
                    }
                }
            }
        }
    }
    reading.groups = direct.keys().map(|key| whole(&direct, key)).collect();
    reading.groups.sort_by(|one, other| one.id.cmp(&other.id));
}

fn group<'a>(directory: &Directory, entry: &'a Entry) -> Result<(String, Direct<'a>), String> {
    let attribute = &directory.attributes.group_name;
    let name = entry.text(attribute)?.ok_or_else(|| format!("it has no `{attribute}`"))?;
    let key = dn::key(&entry.dn).ok_or("its own name cannot be read")?;
    let id = entry.id(directory)?;
    Ok((key, Direct { entry, id, name, people: BTreeSet::new(), groups: BTreeSet::new() }))
}

/// A group with everybody who belongs to it by others. A circle ends where it comes round.
fn whole(direct: &BTreeMap<String, Direct<'_>>, key: &str) -> GroupRead {
    let (mut seen, mut next, mut people) = (BTreeSet::from([key]), vec![key], BTreeSet::new());
    while let Some(group) = next.pop().and_then(|key| direct.get(key)) {
        people.extend(group.people.iter().cloned());
        next.extend(group.groups.iter().map(String::as_str).filter(|inner| seen.insert(inner)));
    }
    let (id, name) = direct.get(key).map(|group| (group.id.clone(), group.name.clone())).unwrap_or_default();
    GroupRead { id, name, people }
}

impl Entry {
    fn fault(&self, why: &str) -> String {
        format!("`{}`: {why}", printable(&self.dn, DN_SHOWN))
    }

    fn values(&self, attribute: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map_or(&[], |(_, values)| values)
    }

    /// The first value that can be read as text: the least in order, so that which one it is does not change by itself.
    fn text(&self, attribute: &str) -> Result<Option<String>, String> {
        let Some(bytes) = self.values(attribute).iter().min() else { return Ok(None) };
        let text = std::str::from_utf8(bytes).map_err(|_| format!("`{attribute}` is not UTF-8"))?.trim();
        let length = text.chars().count();
        if length > TEXT_CHARS_MAX {
            return Err(format!("`{attribute}` has more than {TEXT_CHARS_MAX} characters"));
        }
        if printable(text, TEXT_CHARS_MAX) != text {
            return Err(format!(
                "`{attribute}` has control characters, or marks that turn the reading direction"
            ));
        }
        Ok((length > 0).then(|| text.to_owned()))
    }

    /// The name somebody has. Of several it is the one that names the entry: who may write into their own entry may add another, and
    /// does not choose by that what they are called.
    fn name(&self, attribute: &str) -> Result<Option<String>, String> {
        let values = self.values(attribute);
        if values.len() < 2 {
            return self.text(attribute);
        }
        let naming = dn::key(&self.dn).and_then(|key| key.split('\0').next().map(str::to_owned));
        let is_plain = |letter: char| !",+;=\"\\<>#".contains(letter);
        let names_it =
            |value: &&str| value.chars().all(is_plain) && dn::key(&format!("{attribute}={value}")) == naming;
        let mut read = values.iter().filter_map(|bytes| std::str::from_utf8(bytes).ok());
        let Some(name) = read.find(names_it).map(str::to_owned) else {
            return Err(format!(
                "it has {} values of `{attribute}`, and none of them names the entry",
                values.len()
            ));
        };
        let one =
            Self { dn: String::new(), attributes: vec![(attribute.to_owned(), vec![name.into_bytes()])] };
        one.text(attribute)
    }

    fn id(&self, directory: &Directory) -> Result<String, String> {
        let attribute = &directory.attributes.id;
        if !directory.attributes.id_is_binary {
            return self.text(attribute)?.ok_or_else(|| format!("it has no `{attribute}`"));
        }
        let bytes = self.values(attribute).first().ok_or_else(|| format!("it has no `{attribute}`"))?;
        guid(bytes).ok_or_else(|| format!("`{attribute}` does not have sixteen bytes"))
    }

    /// The entries that an attribute names, comparable. Where the directory gave only some of them, that is said.
    fn keys(&self, attribute: &str, reading: &mut Reading) -> Vec<String> {
        let ranged = |name: &str| {
            name.get(..attribute.len()).is_some_and(|head| head.eq_ignore_ascii_case(attribute))
                && name
                    .get(attribute.len()..)
                    .is_some_and(|tail| tail.to_ascii_lowercase().starts_with(";range="))
        };
        if self.attributes.iter().any(|(name, _)| ranged(name)) {
            reading.faults.push(self.fault("the directory gave only some of its members at once"));
            reading
                .cut
                .get_or_insert_with(|| String::from("groups: one has more members than are given at once"));
        }
        let values = self.values(attribute).iter();
        values.filter_map(|bytes| dn::key(std::str::from_utf8(bytes).ok()?)).collect()
    }
}

/// The bytes of such an id in the order they are written in (MS-DTYP 2.3.4.2: the first three parts the other way round).
const GUID_ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

/// Sixteen bytes as Microsoft writes them.
fn guid(bytes: &[u8]) -> Option<String> {
    let bytes: &[u8; 16] = bytes.try_into().ok()?;
    let mut text = String::new();
    for (index, byte) in GUID_ORDER.iter().filter_map(|at| bytes.get(*at)).enumerate() {
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        let _infallible = write!(text, "{byte:02x}");
    }
    Some(text)
}
