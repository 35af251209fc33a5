//! Who can read a file: by its mode, its access list, and the directories on its way.
//!
//! As the kernel decides it (path_resolution(7), acl(5)), for the accounts that the machine lists. What a program with
//! capabilities or an account of a directory service can do is not known here and never called refused. Pure but for
//! reading `passwd` and `group`. Next: `mode.rs`.

use super::ways_in::Machine;
use crate::place::shown;
use crate::read::access_list::{Entry, Whom};
use crate::read::{group, passwd};
use crate::unread::Unread;
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{Readers, printable};

/// The bits of one right among three.
const READ: u32 = 0o4;
const WRITE: u32 = 0o2;
const SEARCH: u32 = 0o1;
/// In a folder with this bit only the owner of a file, or of the folder, takes its name away.
const STICKY: u32 = 0o1000;
/// Whom the bits for others let in: accounts of a directory service have no line in `passwd`.
const EVERYBODY: &str = "everybody on this machine";

/// What decides who may do what with a file or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Entries of its access list; none where it has no list that says more than the mode.
    pub(crate) list: Vec<Entry>,
    /// Whether a list may be there that could not be read or is not understood.
    pub(crate) list_unread: bool,
}

/// An account, with all groups it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reader {
    pub(crate) name: String,
    pub(crate) uid: u32,
    /// The first is the primary one.
    pub(crate) gids: Vec<u32>,
}

/// The accounts of a machine, and names of users and groups by number.
#[derive(Debug, Clone, Default)]
pub(crate) struct People {
    pub(crate) readers: Vec<Reader>,
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
    /// Groups with a member that has no line in `passwd`.
    with_unlisted: BTreeSet<u32>,
}

impl People {
    /// Reads them; the first line of a name counts (getpwnam(3)).
    pub(crate) fn of(machine: &Machine<'_>) -> Result<Self, Unread> {
        let mut people = Self::default();
        let name_of = |bytes: &[u8]| printable(&shown(bytes), 120);
        if let Some(file) = machine.read_at("etc/passwd")? {
            for account in passwd::read(file.content.expose()).things {
                let name = name_of(&account.name);
                if people.readers.iter().any(|known| known.name == name) {
                    continue;
                }
                people.users.entry(account.uid).or_insert_with(|| name.clone());
                people.readers.push(Reader { name, uid: account.uid, gids: vec![account.gid] });
            }
        }
        if let Some(file) = machine.read_at("etc/group")? {
            for group in group::read(file.content.expose()).things {
                people.groups.entry(group.gid).or_insert_with(|| name_of(&group.name));
                let members: Vec<String> = group.members.iter().map(|member| name_of(member)).collect();
                let is_listed = |member: &String| people.readers.iter().any(|reader| reader.name == *member);
                if !members.iter().all(is_listed) {
                    people.with_unlisted.insert(group.gid);
                }
                let joined = people.readers.iter_mut().filter(|reader| members.contains(&reader.name));
                for reader in joined.filter(|reader| !reader.gids.contains(&group.gid)) {
                    reader.gids.push(group.gid);
                }
            }
        }
        Ok(people)
    }

    pub(crate) fn user(&self, uid: u32) -> String {
        let unnamed = || if uid == 0 { String::from("root") } else { uid.to_string() };
        self.users.get(&uid).cloned().unwrap_or_else(unnamed)
    }

    pub(crate) fn group(&self, gid: u32) -> String {
        let unnamed = || if gid == 0 { String::from("root") } else { gid.to_string() };
        self.groups.get(&gid).cloned().unwrap_or_else(unnamed)
    }

    /// Accounts beside root and the owner that can read a file on this way.
    pub(crate) fn who_can_read<'people>(
        &'people self,
        way: &'people [Access],
        file: &'people Access,
    ) -> impl Iterator<Item = &'people Reader> {
        self.who_gets_to(way, file, READ)
    }

    /// Accounts beside root and the owner that can change a file on this way.
    pub(crate) fn who_can_write<'people>(
        &'people self,
        way: &'people [Access],
        file: &'people Access,
    ) -> impl Iterator<Item = &'people Reader> {
        self.who_gets_to(way, file, WRITE)
    }

    fn who_gets_to<'people>(
        &'people self,
        way: &'people [Access],
        file: &'people Access,
        bit: u32,
    ) -> impl Iterator<Item = &'people Reader> {
        let strangers = self.readers.iter().filter(|reader| reader.uid != 0 && reader.uid != file.uid);
        strangers.filter(move |reader| {
            file.allows(reader, bit) && way.iter().all(|directory| directory.allows(reader, SEARCH))
        })
    }

    /// The folders on this way, by their number in it, in which somebody beside root and the owners of folder and file can put
    /// another thing in the place of what leads to the file, with who that is. What the sticky bit leaves to owners counts for
    /// nobody else (unlink(2)).
    pub(crate) fn who_can_replace(&self, way: &[Access], file: &Access) -> Vec<(usize, Vec<String>)> {
        let open = way.iter().enumerate().filter(|(_, folder)| folder.mode & STICKY == 0);
        let said = open.map(|(at, _)| (at, self.who_puts_names(way.get(..=at).unwrap_or(way), file)));
        said.filter(|(_, who)| !who.is_empty()).collect()
    }

    /// Who beside root and the owners of folder and file can put names into the last folder of this way: the accounts
    /// that are listed, and in words those that may be without being listed.
    pub(crate) fn who_puts_names(&self, way: &[Access], file: &Access) -> Vec<String> {
        let Some(folder) = way.last() else { return Vec::new() };
        let unlisted = self.unlisted_on(way, file);
        if unlisted == [EVERYBODY] {
            return unlisted;
        }
        let strangers = self.who_gets_to(way, folder, WRITE).filter(|reader| reader.uid != file.uid);
        strangers.map(|reader| reader.name.clone()).chain(unlisted).collect()
    }

    /// Who without a line in `passwd` may put names into the last folder of this way. The narrowest folders say who that is.
    fn unlisted_on(&self, way: &[Access], file: &Access) -> Vec<String> {
        let mut narrowest: Vec<String> = Vec::new();
        let wanted = |at: usize| if at + 1 == way.len() { WRITE | SEARCH } else { SEARCH };
        for (at, folder) in way.iter().enumerate() {
            let who = self.unlisted(folder, wanted(at), file.uid);
            if who.is_empty() {
                return who;
            }
            narrowest.extend(who.into_iter().filter(|who| who != EVERYBODY));
        }
        narrowest.sort();
        narrowest.dedup();
        if narrowest.is_empty() { vec![EVERYBODY.to_owned()] } else { narrowest }
    }

    /// Whom a folder may let do this without their having a line in `passwd`.
    fn unlisted(&self, folder: &Access, bits: u32, owner: u32) -> Vec<String> {
        let has = |given: u32| given & bits == bits;
        if has(folder.mode) {
            return vec![EVERYBODY.to_owned()];
        }
        let is_open = |gid: u32| !self.groups.contains_key(&gid) || self.with_unlisted.contains(&gid);
        let is_stranger = |uid: u32| ![0, owner, folder.uid].contains(&uid) && !self.users.contains_key(&uid);
        let mask = (folder.mode >> 3) & 0o7;
        let mut who = Vec::new();
        if has(folder.of_owning_group()) && is_open(folder.gid) {
            who.push(format!("group {}", self.group(folder.gid)));
        }
        who.extend(folder.list.iter().filter(|entry| has(entry.bits & mask)).filter_map(|entry| {
            match entry.whom {
                Whom::User(uid) if is_stranger(uid) => Some(format!("user {uid}")),
                Whom::Group(gid) if is_open(gid) => Some(format!("group {}", self.group(gid))),
                _ => None,
            }
        }));
        if folder.list_unread {
            who.push(String::from("whoever its access list lets in, which could not be read"));
        }
        who
    }
}

impl Access {
    /// As it is once its mode is this one. The group bits of a file with a list are the mask of the list (acl(5)), so
    /// that the list keeps its entries and they take no effect.
    pub(crate) fn with_mode(&self, mode: u32) -> Self {
        Self { mode, ..self.clone() }
    }

    fn allows(&self, reader: &Reader, bit: u32) -> bool {
        if reader.uid == 0 {
            return true;
        }
        if reader.uid == self.uid {
            return (self.mode >> 6) & bit != 0;
        }
        let mask = (self.mode >> 3) & 0o7;
        let named = self.list.iter().find(|entry| entry.whom == Whom::User(reader.uid));
        if let Some(entry) = named {
            return entry.bits & mask & bit != 0;
        }
        let owning = reader.gids.contains(&self.gid).then(|| self.of_owning_group() & bit != 0);
        let others = self.list.iter().filter_map(|entry| match entry.whom {
            Whom::Group(gid) if reader.gids.contains(&gid) => Some(entry.bits & mask & bit != 0),
            _ => None,
        });
        // One group that is allowed is enough; being in one that is not closes the way by "others".
        owning.into_iter().chain(others).reduce(|one, other| one || other).unwrap_or(self.mode & bit != 0)
    }

    /// What the file's own group gets.
    fn of_owning_group(&self) -> u32 {
        let mask = (self.mode >> 3) & 0o7;
        let entry = self.list.iter().find(|entry| entry.whom == Whom::OwningGroup);
        entry.map_or(mask, |entry| entry.bits & mask)
    }

    /// Who beside those who may go on reading is let read or change it, by mode and list; the directories do not count here.
    pub(crate) fn others(&self, readers: Readers, people: &People) -> Vec<String> {
        let mask = (self.mode >> 3) & 0o7;
        let mut others = Vec::new();
        let mut add = |who: String, bits: u32| match (bits & READ != 0, bits & WRITE != 0) {
            (true, _) => others.push(who),
            (false, true) => others.push(format!("{who} (to change it)")),
            (false, false) => {}
        };
        add(EVERYBODY.to_owned(), self.mode);
        let of_group = match readers {
            Readers::Owner => READ | WRITE,
            Readers::OwnerAndGroup => WRITE,
        };
        add(format!("group {}", people.group(self.gid)), self.of_owning_group() & of_group);
        for entry in &self.list {
            let bits = entry.bits & mask;
            match entry.whom {
                Whom::User(uid) if uid != self.uid => {
                    add(format!("user {} (access list)", people.user(uid)), bits);
                }
                Whom::Group(gid) if gid == self.gid => {
                    add(format!("group {} (access list)", people.group(gid)), bits & of_group);
                }
                Whom::Group(gid) => add(format!("group {} (access list)", people.group(gid)), bits),
                Whom::User(_) | Whom::Owner | Whom::OwningGroup | Whom::Mask | Whom::Other => {}
            }
        }
        others
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, People, Reader};
    use crate::read::access_list::{Entry, Whom};
    use tenure_model::Readers;

    const FILE: Access = Access { mode: 0o644, uid: 1_000, gid: 100, list: Vec::new(), list_unread: false };

    fn people() -> People {
        let one = |name: &str, uid, gids: &[u32]| Reader { name: name.to_owned(), uid, gids: gids.to_vec() };
        People {
            readers: vec![
                one("root", 0, &[0]),
                one("ci", 1_000, &[100]),
                one("mate", 1_001, &[100]),
                one("named", 1_002, &[1_002]),
                one("www", 33, &[33]),
            ],
            groups: [(0, "root"), (7, "partly"), (33, "www"), (100, "100")]
                .map(|(gid, name)| (gid, name.to_owned()))
                .into(),
            with_unlisted: [7].into(),
            ..People::default()
        }
    }

    fn check(way: &[Access], file: &Access, expect: &str) {
        let people = people();
        let names: Vec<&str> = people.who_can_read(way, file).map(|reader| reader.name.as_str()).collect();
        assert_eq!(names.join(" "), expect);
    }

    #[test]
    fn the_mode_says_who_reads() {
        check(&[], &FILE, "mate named www");
        check(&[], &FILE.with_mode(0o640), "mate");
        check(&[], &FILE.with_mode(0o604), "named www");
        check(&[], &FILE.with_mode(0o600), "");
    }

    #[test]
    fn a_closed_directory_on_the_way_keeps_everybody_out() {
        let closed = FILE.with_mode(0o700);
        check(&[closed], &FILE, "");
        check(&[FILE.with_mode(0o750)], &FILE, "mate");
        check(&[FILE.with_mode(0o711)], &FILE, "mate named www");
    }

    #[test]
    fn who_may_change_it_is_said_too_and_the_sticky_bit_keeps_a_file_in_its_place() {
        let people = people();
        let others = |mode: u32, readers| FILE.with_mode(mode).others(readers, &people);
        assert_eq!(
            others(0o622, Readers::Owner),
            ["everybody on this machine (to change it)", "group 100 (to change it)"]
        );
        assert_eq!(others(0o660, Readers::OwnerAndGroup), ["group 100 (to change it)"]);
        assert_eq!(others(0o640, Readers::OwnerAndGroup), [""; 0]);
        let folder = |mode| Access { uid: 0, ..FILE.with_mode(mode) };
        let replaced = |way: &[Access]| people.who_can_replace(way, &FILE);
        let by =
            |at: usize, who: &[&str]| vec![(at, who.iter().map(|&name| name.to_owned()).collect::<Vec<_>>())];
        assert_eq!(replaced(&[folder(0o777)]), by(0, &["everybody on this machine"]));
        assert_eq!(replaced(&[folder(0o775)]), by(0, &["mate"]));
        assert_eq!(replaced(&[folder(0o1777)]), []);
        assert_eq!(replaced(&[folder(0o755)]), []);
        assert_eq!(
            replaced(&[folder(0o755), folder(0o777), folder(0o700)]),
            by(1, &["everybody on this machine"])
        );
        assert_eq!(
            replaced(&[folder(0o750), folder(0o777), folder(0o755)]),
            by(1, &["mate"]),
            "who gets there"
        );
        assert_eq!(people.who_puts_names(&[folder(0o1777)], &FILE), ["everybody on this machine"]);
    }

    #[test]
    fn who_has_no_line_in_passwd_is_somebody_too() {
        let people = people();
        let who = |way: &[Access]| people.who_puts_names(way, &FILE).join(", ");
        let of_group = |mode, gid| Access { uid: 0, gid, ..FILE.with_mode(mode) };
        assert_eq!(who(&[of_group(0o775, 33)]), "www", "all its members are known");
        assert_eq!(who(&[of_group(0o775, 6_000)]), "group 6000", "a group without a line");
        assert_eq!(who(&[of_group(0o775, 7)]), "group partly", "a group with a member without a line");
        assert_eq!(who(&[of_group(0o750, 6_000), of_group(0o777, 0)]), "group 6000", "who gets there");
        assert_eq!(who(&[of_group(0o750, 33), of_group(0o777, 0)]), "www");
        assert_eq!(who(&[of_group(0o755, 6_000)]), "");
        let unread = Access { list_unread: true, ..of_group(0o755, 33) };
        assert_eq!(
            who(std::slice::from_ref(&unread)),
            "whoever its access list lets in, which could not be read"
        );
        assert_eq!(who(&[unread, of_group(0o755, 33)]), "", "the last folder is closed and was read");
        let list = vec![
            Entry { whom: Whom::User(7_000), bits: 7 },
            Entry { whom: Whom::Group(6_001), bits: 7 },
            Entry { whom: Whom::OwningGroup, bits: 5 },
        ];
        let listed = |mode| Access { list: list.clone(), ..of_group(mode, 33) };
        assert_eq!(who(&[listed(0o775)]), "group 6001, user 7000");
        assert_eq!(who(&[listed(0o755)]), "", "its mask closes it");
    }

    fn with_list(mode: u32) -> Access {
        let list = vec![
            Entry { whom: Whom::Owner, bits: 6 },
            Entry { whom: Whom::User(1_002), bits: 4 },
            Entry { whom: Whom::OwningGroup, bits: 0 },
            Entry { whom: Whom::Group(33), bits: 6 },
            Entry { whom: Whom::Mask, bits: (mode >> 3) & 7 },
            Entry { whom: Whom::Other, bits: mode & 7 },
        ];
        Access { list, ..FILE.with_mode(mode) }
    }

    #[test]
    fn a_list_lets_in_whom_it_names_and_its_mask_closes_it() {
        check(&[], &with_list(0o640), "named www");
        check(&[], &with_list(0o600), "");
        assert_eq!(with_list(0o600).others(Readers::Owner, &people()), [""; 0]);
        let open = with_list(0o640);
        assert_eq!(
            open.others(Readers::OwnerAndGroup, &people()),
            ["user 1002 (access list)", "group www (access list)"],
            "the group bits of the mode are the mask: they are not the group's"
        );
    }
}
