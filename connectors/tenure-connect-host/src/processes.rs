//! Environments of running processes, read only where the source's options ask for it.
//!
//! Of an environment nothing is kept but the variables in which the rules see a secret, and of those the fingerprint and
//! where: the account that started the process, and the unit with the whole way to it, or else the program; never the
//! process, whose number is another at each reading. Whoever starts a process names it, so nothing that another account
//! could choose may lead to the same place. Read are those that the system shows to our account. This file must never
//! follow a link (that a process's program is one is only looked at), nor signal or wait for a process. Next:
//! `read/environment.rs`, the same for files.

use crate::found::{Found, Origin};
use crate::item::{Item, ThingKind};
use crate::limits::{Budget, FileSystems, Limits};
use crate::map::ExtentContent;
use crate::open::{FileFacts, Root};
use crate::place::{Place, shown};
use crate::read;
use crate::unread::{Spent, Unread};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;
use tenure_connect::{Fingerprint, NotObservable};
use tenure_model::{Completeness, Fact, printable};
use tenure_secrets::Scanner;

/// The extent of what processes hold.
pub(crate) const EXTENT: &str = "processes";
/// Processes that are looked at.
const PROCESSES_MAX: usize = 50_000;
/// Variables of one environment that are looked at.
const VARIABLES_MAX: usize = 10_000;
/// Secrets of one environment that are kept.
const SECRETS_MAX: usize = 64;
/// Bytes of one environment that is read. A program is started with 6 MiB at most (execve(2), since Linux 4.13).
const ENVIRONMENT_BYTES_MAX: u64 = 8 << 20;
/// Characters of the name of a unit or program.
const WORKLOAD_CHARS: usize = 200;

/// What was read of all processes.
#[derive(Debug, Default)]
pub(crate) struct Environments {
    /// A secret for each place and value, with the number of processes that hold it.
    pub(crate) found: Vec<Found>,
    /// Processes whose environment is closed to our account.
    closed: u64,
    /// Processes whose environment is larger than any that a program is started with.
    large: u64,
    /// Processes of which not every secret was kept.
    crowded: u64,
    /// What kept the rest from being read.
    pub(crate) cut: Option<Unread>,
}

/// Reads the environments below a root.
pub(crate) fn read(
    root: &Path,
    limits: Limits,
    elapsed: &dyn Fn() -> Duration,
    fingerprint: &dyn Fingerprint,
    scanner: &Scanner,
) -> Environments {
    let budget = Budget::new(Limits { file_bytes_max: ENVIRONMENT_BYTES_MAX, ..limits }, elapsed);
    let mut read = Environments::default();
    let opened = Root::of_source(root, FileSystems::All).and_then(|root| {
        let (listed, cut) = crate::list(&root, &Place::root().join(b"proc"), &budget)?;
        read.cut = cut.map(Unread::Limit);
        Ok((root, listed))
    });
    let (root, listed) = match opened {
        Ok(opened) => opened,
        Err(why) => return Environments { cut: Some(why), ..read },
    };
    let mut pids: Vec<u32> = listed.iter().filter_map(|entry| shown(&entry.name).parse().ok()).collect();
    pids.sort_unstable();
    if pids.len() > PROCESSES_MAX {
        read.cut = Some(Unread::Limit(Spent::Entries));
    }
    let mut counted = Counted::default();
    for pid in pids.into_iter().take(PROCESSES_MAX) {
        let process = root.within(&Place::root().join(b"proc").join(pid.to_string().as_bytes()));
        match process.and_then(|process| of_process(&process, &budget, scanner)) {
            Ok(held) => {
                read.crowded += u64::from(held.len() > SECRETS_MAX);
                for (item, place, file) in held.into_iter().take(SECRETS_MAX) {
                    if let Err(spent) = counted.add(item, &place, file, &budget, fingerprint) {
                        read.cut = Some(Unread::Limit(spent));
                    }
                }
            }
            Err(Unread::NotPermitted) => read.closed += 1,
            Err(Unread::TooLarge { .. }) => read.large += 1,
            Err(why @ Unread::Limit(Spent::Time | Spent::Files | Spent::Entries | Spent::Bytes)) => {
                read.cut = Some(why);
                break;
            }
            // A process that is gone by now holds nothing.
            Err(Unread::Absent | Unread::System(_)) => {}
            Err(why) => read.cut = Some(why),
        }
    }
    read.found = counted.into_found();
    read
}

impl Environments {
    /// Says in the extent of processes how much of them could be read.
    pub(crate) fn tell(&self, extents: &mut Vec<(String, ExtentContent)>) {
        let mut faults: Vec<(String, &str)> = Vec::new();
        faults.extend(self.cut.map(|why| match why {
            Unread::Limit(Spent::Time) => {
                (format!("not every process was looked at: {why}"), "raise seconds-max of this source")
            }
            why => (format!("not every process was looked at: {why}"), "survey again"),
        }));
        if self.closed > 0 {
            faults.push((
                format!("the environments of {} processes are closed to our account", self.closed),
                "run Tenure as root, or give it the capabilities CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
            ));
        }
        if self.large > 0 {
            faults.push((
                format!(
                    "the environments of {} processes have more than {ENVIRONMENT_BYTES_MAX} bytes, more than any \
                     program is started with, and were not read",
                    self.large
                ),
                "see which processes these are (the size of `/proc/PID/environ`), and end them",
            ));
        }
        let (why, remedies): (Vec<String>, Vec<&str>) = faults.into_iter().unzip();
        let completeness = if why.is_empty() {
            Completeness::Whole
        } else {
            let remedy = format!("{}; what was seen before is kept", remedies.join("; "));
            Completeness::Part { why: why.join("; "), remedy }
        };
        match extents.iter_mut().find(|(name, _)| name == EXTENT) {
            Some((_, content)) => content.completeness = completeness,
            None => {
                extents.push((EXTENT.to_owned(), ExtentContent { observations: Vec::new(), completeness }));
            }
        }
    }

    /// What was left out on purpose.
    pub(crate) fn note(&self) -> Option<NotObservable> {
        (self.crowded > 0).then(|| NotObservable {
            what: format!("further secrets in the environments of {} processes", self.crowded),
            why: format!("of one environment the first {SECRETS_MAX} secrets are kept"),
            remedy: String::from("give each program only the secrets that it needs"),
        })
    }
}

/// Found so far, by place and fingerprint, each with the number of processes.
#[derive(Default)]
struct Counted(BTreeMap<(Place, String), (Found, i64)>);

impl Counted {
    fn add(
        &mut self,
        item: Item,
        place: &Place,
        file: FileFacts,
        budget: &Budget<'_>,
        fingerprint: &dyn Fingerprint,
    ) -> Result<(), Spent> {
        let origin = Origin {
            place,
            file,
            account: None,
            others_get_there: false,
            group_gets_there: false,
            others_can_replace: false,
        };
        let found = Found::new(item, &origin, fingerprint);
        let key = (place.clone(), format!("{:?}", found.mark));
        if let Some((_, count)) = self.0.get_mut(&key) {
            *count += 1;
            return Ok(());
        }
        budget.thing()?;
        self.0.insert(key, (found, 1));
        Ok(())
    }

    fn into_found(self) -> Vec<Found> {
        let with_count = |(mut found, count): (Found, i64)| {
            found.facts.insert("processes".to_owned(), Fact::Number(count));
            found
        };
        self.0.into_values().map(with_count).collect()
    }
}

type Held = Vec<(Item, Place, FileFacts)>;

/// The secrets in the environment of one process, with their place. Its folder was opened once: its number may be another
/// process's by now.
fn of_process(process: &Root, budget: &Budget<'_>, scanner: &Scanner) -> Result<Held, Unread> {
    let of = |name: &[u8]| Place::root().join(name);
    let environment = process.read(&of(b"environ"), budget)?;
    let items = read::environment::of_process(environment.content.expose(), VARIABLES_MAX, scanner);
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let told = |name: &[u8]| process.read(&of(name), budget).ok();
    // The files of a process that keeps its memory to itself are root's (proc(5)): who started it is told elsewhere.
    let user = told(b"status").and_then(|file| user_of(file.content.expose()));
    let file = FileFacts { uid: user.unwrap_or(environment.facts.uid), ..environment.facts };
    let unit = told(b"cgroup").and_then(|file| unit_of(file.content.expose()));
    let (kind, workload) = match unit {
        Some(unit) => ("unit", unit),
        None => ("program", program_of(process).unwrap_or_else(|| String::from("/unknown"))),
    };
    let workload = printable(&workload, WORKLOAD_CHARS);
    let start = Place::root().join(b"proc").join(file.uid.to_string().as_bytes()).join(kind.as_bytes());
    let way = Place::parse(workload.as_bytes()).unwrap_or_default();
    let at = way.components().fold(start, |place, part| place.join(part));
    let held = items.into_iter().map(|item| {
        let place = at.join(item.whose.as_bytes());
        let item = item.text("workload", &workload).guarded(|text| read::looks_like(scanner, text));
        (item, place, file)
    });
    Ok(held.collect())
}

/// Who started a process: its real user id (proc(5), `Uid` of `status`).
fn user_of(status: &[u8]) -> Option<u32> {
    let line = status.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"Uid:"))?;
    str::from_utf8(line).ok()?.split_ascii_whitespace().next()?.parse().ok()
}

/// The service a process belongs to, by its control group (cgroups(7)), with the whole way to it: the last service, unless
/// a scope lies below it.
fn unit_of(groups: &[u8]) -> Option<String> {
    let path = groups.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"0::"))?;
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let is = |part: &&[u8]| part.ends_with(b".service") || part.ends_with(b".scope");
    let last = parts.iter().rposition(is)?;
    let way = parts.get(..=last)?;
    way.last()?.ends_with(b".service").then(|| shown(&way.join(&b'/')))
}

/// The program a process runs, as its link says; the link is not followed.
fn program_of(process: &Root) -> Option<String> {
    let directory = process.directory(&Place::root()).ok()?;
    let target = rustix::fs::readlinkat(&directory, OsStr::from_bytes(b"exe"), Vec::new()).ok()?;
    let target = target.to_bytes();
    Some(shown(target.strip_suffix(b" (deleted)").unwrap_or(target)))
}

/// What a place in the environment of an account's process is called.
pub(crate) fn place_of(thing: &Found, user: &str) -> Option<String> {
    let workload =
        tenure_model::text(&thing.facts, "workload").filter(|_| thing.kind == ThingKind::ProcessSecret)?;
    Some(format!("process:{user}:{workload}/{}", thing.whose))
}

#[cfg(test)]
mod tests {
    use super::{of_process, unit_of};
    use crate::limits::{Budget, FileSystems, Limits};
    use crate::open::{Root, Way};
    use crate::place::Place;
    use std::path::Path;
    use std::process::{Command, Stdio};
    use std::time::Duration;
    use tenure_secrets::Scanner;

    #[test]
    fn the_service_of_a_process_is_told_by_its_control_group() {
        let check = |groups: &str, unit: Option<&str>| {
            assert_eq!(unit_of(groups.as_bytes()).as_deref(), unit, "{groups}");
        };
        check("0::/system.slice/etl.service\n", Some("/system.slice/etl.service"));
        check(
            "1:name=systemd:/x.service\n0::/system.slice/docker.service/payload\n",
            Some("/system.slice/docker.service"),
        );
        check(
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service",
            Some("/user.slice/user-1000.slice/user@1000.service/app.slice/sync.service"),
        );
        check("0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope", None);
        check("0::/user.slice/user-1000.slice/session-3.scope", None);
        check("0::/", None);
        check("", None);
    }

    #[test]
    fn a_variable_of_a_running_child_is_found_and_nothing_else_of_its_environment() {
        if !cfg!(target_os = "linux") {
            return;
        }
        let value = "Kx7-planted-Pq9z-Uv3";
        let mut child = Command::new("cat")
            .env_clear()
            .env("SHOP_TOKEN", value)
            .env("SHOP_TOKEN_FILE", "/run/x")
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let root = Root::open_by(Path::new("/"), FileSystems::All, Way::Kernel).unwrap();
        let budget = Budget::new(Limits::default(), &|| Duration::ZERO);
        let process = root.within(&Place::parse(format!("proc/{}", child.id()).as_bytes()).unwrap()).unwrap();
        let held = of_process(&process, &budget, &Scanner::new().unwrap());
        // It ends when its input does.
        drop(child.stdin.take());
        child.wait().unwrap();
        let held = held.unwrap();
        let shown: Vec<String> = held.iter().map(|(item, place, _)| format!("{item} at {place}")).collect();
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert!(shown[0].starts_with("secret in the environment of SHOP_TOKEN at /proc/"), "{shown:?}");
        assert!(!format!("{held:?}").contains(value));
    }

    #[test]
    fn what_is_told_of_a_process_is_of_the_one_whose_folder_was_opened() {
        let folder = tempfile::tempdir().unwrap();
        let put = |pid: &str, value: &str, group: &str| {
            let process = folder.path().join(pid);
            std::fs::create_dir_all(&process).unwrap();
            std::fs::write(process.join("environ"), format!("SHOP_TOKEN={value}")).unwrap();
            std::fs::write(process.join("cgroup"), format!("0::{group}\n")).unwrap();
            std::fs::write(process.join("status"), "Name:\tx\nUid:\t1001\t0\t0\t0\n").unwrap();
        };
        put("77", "Kx7-planted-Pq9z-Uv3", "/first.service");
        put("78", "Zx7-planted-Pq9z-Uv3", "/second.service");
        let root = Root::open_by(folder.path(), FileSystems::All, Way::Kernel).unwrap();
        let process = root.within(&Place::parse(b"77").unwrap()).unwrap();
        std::fs::rename(folder.path().join("77"), folder.path().join("79")).unwrap();
        std::fs::rename(folder.path().join("78"), folder.path().join("77")).unwrap();
        let budget = Budget::new(Limits::default(), &|| Duration::ZERO);
        let held = of_process(&process, &budget, &Scanner::new().unwrap()).unwrap();
        let places: Vec<String> = held.iter().map(|(_, place, _)| place.to_string()).collect();
        assert_eq!(places, ["/proc/1001/unit/first.service/SHOP_TOKEN"]);
    }
}
