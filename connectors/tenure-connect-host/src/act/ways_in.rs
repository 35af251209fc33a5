//! Where an account's keys are looked for, read afresh: the account, the SSH server's settings, the files.
//!
//! Nothing is kept between calls, so that an act sees what is there and not what was. This file must never decide what
//! is done. A setting inside a `Match` block, and one in a file that `Include` names elsewhere, is not followed; that
//! there are any is said. Next: `lines.rs`.

use crate::limits::{Budget, Limits};
use crate::open::{ReadFile, Root};
use crate::place::{Place, shown};
use crate::read::sshd_config::SshServer;
use crate::read::{group, passwd, shadow, sshd_config};
use crate::survey::place_of;
use crate::unread::Unread;
use std::path::{Path, PathBuf};
use std::time::Instant as Clock;
use tenure_model::printable;

/// Where the server looks when its settings do not say (sshd_config(5)).
const USUAL: [&str; 2] = [".ssh/authorized_keys", ".ssh/authorized_keys2"];
/// Patterns of key files that are followed.
const FILES_MAX: usize = 10;
/// Homes of accounts that `passwd` does not have.
const PARENTS: [&str; 2] = ["home", "Users"];

/// What every verb on a machine needs: where it is, and how far a reading goes.
#[derive(Debug, Clone)]
pub(crate) struct Ground {
    pub(crate) root: PathBuf,
    pub(crate) limits: Limits,
}

/// A machine, opened for one call.
pub(crate) struct Machine<'clock> {
    pub(crate) root: Root,
    budget: Budget<'clock>,
}

/// An account, as far as its keys are concerned.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: Vec<u8>,
    pub(crate) uid: Option<u32>,
    home: Vec<u8>,
}

impl Ground {
    /// Opens the machine, hands it over, and closes it.
    pub(crate) fn with<T>(&self, with: impl FnOnce(&Machine<'_>) -> Result<T, Unread>) -> Result<T, Unread> {
        let began = Clock::now();
        let elapsed = || began.elapsed();
        let root = Root::of_source(&self.root, self.limits.file_systems)?;
        with(&Machine { root, budget: Budget::new(self.limits, &elapsed) })
    }

    /// Whether it is this machine itself, and not a copy of one.
    pub(crate) fn is_live(&self) -> bool {
        self.root == Path::new("/")
    }
}

impl Machine<'_> {
    /// A file, or that there is none.
    pub(crate) fn read(&self, place: &Place) -> Result<Option<ReadFile>, Unread> {
        match self.root.read(place, &self.budget) {
            Ok(file) => Ok(Some(file)),
            Err(Unread::Absent | Unread::NotADirectory) => Ok(None),
            Err(why) => Err(why),
        }
    }

    pub(crate) fn read_at(&self, path: &str) -> Result<Option<ReadFile>, Unread> {
        Place::parse(path.as_bytes()).map_or(Ok(None), |place| self.read(&place))
    }

    /// Names in a directory, in order; nothing where there is no such directory.
    pub(crate) fn names(&self, path: &str) -> Vec<Vec<u8>> {
        let Some(place) = Place::parse(path.as_bytes()) else { return Vec::new() };
        let listed = crate::list(&self.root, &place, &self.budget).map(|(listed, _)| listed);
        listed.unwrap_or_default().into_iter().map(|entry| entry.name).collect()
    }

    /// All accounts of `passwd`; the first line of a name counts (getpwnam(3)).
    pub(crate) fn accounts(&self) -> Result<Vec<Account>, Unread> {
        let Some(file) = self.read_at("etc/passwd")? else { return Ok(Vec::new()) };
        let mut accounts: Vec<Account> = Vec::new();
        for account in passwd::read(file.content.expose()).things {
            if accounts.iter().all(|known| known.name != account.name) {
                accounts.push(Account { name: account.name, uid: Some(account.uid), home: account.home });
            }
        }
        Ok(accounts)
    }

    /// The account whose name is shown so.
    pub(crate) fn account(&self, name: &str) -> Result<Option<Account>, Unread> {
        let is_it = |bytes: &[u8]| printable(&shown(bytes), 120) == name;
        if let Some(found) = self.accounts()?.into_iter().find(|account| is_it(&account.name)) {
            return Ok(Some(found));
        }
        let elsewhere = PARENTS.iter().find_map(|parent| {
            let name = self.names(parent).into_iter().find(|entry| is_it(entry))?;
            let home = [b"/", parent.as_bytes(), b"/", name.as_slice()].concat();
            Some(Account { name, uid: None, home })
        });
        Ok(elsewhere)
    }

    /// The settings of the SSH server, the first value of each; `None` without a server.
    pub(crate) fn server(&self) -> Result<Option<SshServer>, Unread> {
        let mut merged: Option<SshServer> = None;
        let further = self.names("etc/ssh/sshd_config.d").into_iter().filter(|name| name.ends_with(b".conf"));
        let files = further.map(|name| format!("etc/ssh/sshd_config.d/{}", shown(&name)));
        for path in files.chain([String::from("etc/ssh/sshd_config")]) {
            let Some(file) = self.read_at(&path)? else { continue };
            for read in sshd_config::read(file.content.expose()).things {
                let server = merged.get_or_insert_with(SshServer::default);
                server.matches = server.matches.saturating_add(read.matches);
                server.not_followed.extend(read.not_followed);
                for (name, value) in read.settings {
                    server.settings.entry(name).or_insert(value);
                }
            }
        }
        Ok(merged)
    }

    /// Every file in which keys of the account may stand.
    pub(crate) fn key_files(&self, account: &Account) -> Result<Vec<Place>, Unread> {
        let named = self.server()?.map(|server| server.authorized_keys_files()).unwrap_or_default();
        let patterns = named.into_iter().take(FILES_MAX).chain(USUAL.map(str::to_owned));
        let mut places: Vec<Place> = Vec::new();
        for place in patterns.filter_map(|pattern| place_of(&pattern, &account.name, &account.home)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        Ok(places)
    }

    /// Accounts that can do whatever root can: user id 0, and members of these groups.
    pub(crate) fn administrators(&self) -> Result<Vec<Account>, Unread> {
        let members: Vec<Vec<u8>> = match self.read_at("etc/group")? {
            Some(file) => group::read(file.content.expose())
                .things
                .into_iter()
                .filter(|group| matches!(group.name.as_slice(), b"sudo" | b"wheel" | b"admin"))
                .flat_map(|group| group.members)
                .collect(),
            None => Vec::new(),
        };
        let may = |account: &Account| account.uid == Some(0) || members.contains(&account.name);
        Ok(self.accounts()?.into_iter().filter(may).collect())
    }

    /// Names of accounts that a password lets in.
    pub(crate) fn with_password(&self) -> Result<Vec<Vec<u8>>, Unread> {
        let Some(file) = self.read_at("etc/shadow")? else { return Ok(Vec::new()) };
        let entries = shadow::read(file.content.expose()).things;
        let usable = entries.into_iter().filter(|entry| entry.password.lets_in());
        Ok(usable.map(|entry| entry.name).collect())
    }

    /// Public halves of the SSH server's own keys, as they go over the wire.
    pub(crate) fn host_keys(&self) -> Vec<Vec<u8>> {
        let names = self.names("etc/ssh").into_iter();
        let keys = names.filter(|name| name.starts_with(b"ssh_host_") && name.ends_with(b"_key.pub"));
        let read = keys.filter_map(|name| self.read_at(&format!("etc/ssh/{}", shown(&name))).ok().flatten());
        read.flat_map(|file| crate::read::authorized_keys::read(file.content.expose()).things)
            .map(|line| line.blob)
            .collect()
    }
}
