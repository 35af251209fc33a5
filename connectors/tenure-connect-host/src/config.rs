//! The configuration of a host source: which root, and how far a reading goes.
//!
//! An unknown setting is refused. The address is `host:///` for this machine, or `host:///some/directory` for a copy
//! or a mount of a machine. There is no password: what the system lets our account read is what is read.

use crate::limits::{FileSystems, Limits};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tenure_connect::{ConfigRefused, SourceConfig};
use tenure_model::{PRIMARY, Point, printable};

/// How long one reading may take, in seconds, 1 to 3 600.
pub const SECONDS_MAX: &str = "seconds-max";
/// Directory entries looked at in one home, 1 000 to 10 000 000.
pub const HOME_ENTRIES_MAX: &str = "home-entries-max";
/// Which file systems are entered: `root`, `local` or `all`.
pub const FILE_SYSTEMS: &str = "file-systems";

/// Whether the environments of running processes are read: `yes` or `no`.
pub const PROCESSES: &str = "processes";
/// Where the SSH server of the machine answers, as `address:port`.
pub const SSHD: &str = "sshd";
/// How long a change takes to be felt, in seconds; read by Tenure for every kind of source.
const LAG_SECONDS: &str = "lag-seconds";

/// What a source needs to read and to act.
pub(crate) struct Configured {
    pub(crate) root: PathBuf,
    pub(crate) limits: Limits,
    pub(crate) sshd: Option<SocketAddr>,
    pub(crate) processes: Processes,
}

/// Whether the environments of running processes are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Processes {
    Left,
    Read,
}

/// Reads a configuration.
pub(crate) fn configured(config: &SourceConfig) -> Result<Configured, ConfigRefused> {
    let [point] = config.points.as_slice() else {
        let why = "a machine is one point; add another machine as a source of its own";
        return Err(address(why));
    };
    if config.secret.is_some() {
        let why = "this machine is read as the account Tenure runs as; no password is used";
        return Err(ConfigRefused::Setting { name: String::from("password-file"), why: why.to_owned() });
    }
    let path =
        point.url.strip_prefix("host://").ok_or_else(|| address("it does not begin with `host://`"))?;
    if !path.starts_with('/') {
        let why = "after `host://` comes a path that begins with `/`: `host:///` is this machine. \
                   To read another one, run Tenure there";
        return Err(address(why));
    }
    if path.split('/').any(|part| part == "..") || path.contains('\0') {
        return Err(address("the path must not go up with `..`"));
    }
    let sshd = match config.options.get(SSHD) {
        None => None,
        Some(given) => Some(given.parse().map_err(|_| ConfigRefused::Setting {
            name: SSHD.to_owned(),
            why: String::from("it must be an address and a port, such as `127.0.0.1:22` or `[::1]:22`"),
        })?),
    };
    let processes = match config.options.get(PROCESSES).map(String::as_str) {
        None | Some("no") => Processes::Left,
        Some("yes") => Processes::Read,
        Some(_) => {
            let why = String::from("it must be `yes` or `no`");
            return Err(ConfigRefused::Setting { name: PROCESSES.to_owned(), why });
        }
    };
    Ok(Configured { root: PathBuf::from(path), limits: limits(&config.options)?, sshd, processes })
}

/// The directory below which a copy or a mount of a machine lies, without a slash at its end; nothing for this machine.
pub(crate) fn root_of_image(points: &[Point]) -> Option<&str> {
    let root = points.first()?.url.strip_prefix("host://")?.trim_end_matches('/');
    root.starts_with('/').then_some(root)
}

fn address(why: &str) -> ConfigRefused {
    ConfigRefused::Address { point: PRIMARY.to_owned(), why: why.to_owned() }
}

/// The value of an option that is a whole number within bounds.
pub(crate) fn whole_number(name: &str, given: &str, min: u64, max: u64) -> Result<u64, ConfigRefused> {
    let fits = given.parse().ok().filter(|number| (min..=max).contains(number));
    fits.ok_or_else(|| ConfigRefused::Setting {
        name: printable(name, 60),
        why: format!("it must be a whole number from {min} to {max}"),
    })
}

fn limits(options: &BTreeMap<String, String>) -> Result<Limits, ConfigRefused> {
    let mut limits = Limits::default();
    for (name, given) in options {
        let refused = |why: &str| ConfigRefused::Setting { name: printable(name, 60), why: why.to_owned() };
        let number = |min, max| whole_number(name, given, min, max);
        match name.as_str() {
            SECONDS_MAX => limits.time_max = Duration::from_secs(number(1, 3_600)?),
            HOME_ENTRIES_MAX => limits.home_entries_max = number(1_000, 10_000_000)?,
            FILE_SYSTEMS => {
                limits.file_systems = match given.as_str() {
                    "root" => FileSystems::OfRoot,
                    "local" => FileSystems::Local,
                    "all" => FileSystems::All,
                    _ => return Err(refused("it must be `root`, `local` or `all`")),
                }
            }
            SSHD | PROCESSES => {}
            LAG_SECONDS => {
                number(0, 3_600)?;
            }
            _ => {
                let known =
                    [SECONDS_MAX, HOME_ENTRIES_MAX, FILE_SYSTEMS, SSHD, PROCESSES, LAG_SECONDS].join(", ");
                return Err(refused(&format!("it is not known; the settings are: {known}")));
            }
        }
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::{Processes, configured};
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;
    use tenure_connect::{Fingerprint, SourceConfig};
    use tenure_model::{Instant, Point, Secret, ShortName, SourceId};

    struct Plain;

    impl Fingerprint for Plain {
        fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
            format!("{domain}:{}", value.len())
        }
    }

    fn config(urls: &[&str], options: &[(&str, &str)]) -> SourceConfig {
        let point = |url: &&str| Point { name: ShortName::parse("primary").unwrap(), url: (*url).to_owned() };
        SourceConfig {
            id: SourceId::new(Instant::from_micros(0), [0; 10]),
            name: ShortName::parse("this-host").unwrap(),
            points: urls.iter().map(point).collect(),
            secret: None,
            options: options
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect::<BTreeMap<_, _>>(),
            fingerprint: Arc::new(Plain),
        }
    }

    fn refused(urls: &[&str], options: &[(&str, &str)]) -> String {
        configured(&config(urls, options)).err().unwrap().to_string()
    }

    #[test]
    fn what_is_said_of_the_settings_is_what_is_known() {
        let told = refused(&["host:///"], &[("nothing", "1")]);
        let known: std::collections::BTreeSet<&str> =
            told.split("the settings are: ").nth(1).unwrap().split(", ").collect();
        let said = crate::MANIFEST.settings.iter().map(|one| one.name).collect();
        assert_eq!(known, said);
    }

    #[test]
    fn a_root_and_its_limits_are_read() {
        let read = configured(&config(&["host:///"], &[])).unwrap();
        assert_eq!(read.root.to_str(), Some("/"));
        assert_eq!(read.limits, crate::Limits::default());
        let set = [("seconds-max", "7"), ("home-entries-max", "2000"), ("file-systems", "root")];
        let read = configured(&config(&["host:///mnt/image"], &set)).unwrap();
        assert_eq!(read.root.to_str(), Some("/mnt/image"));
        assert_eq!(read.limits.time_max, Duration::from_secs(7));
        assert_eq!(read.limits.home_entries_max, 2_000);
        assert_eq!(read.limits.file_systems, crate::FileSystems::OfRoot);
        assert_eq!((read.sshd, read.processes), (None, Processes::Left));
        let of = |given: &str| configured(&config(&["host:///"], &[("processes", given)])).unwrap().processes;
        assert_eq!((of("yes"), of("no")), (Processes::Read, Processes::Left));
        let read =
            configured(&config(&["host:///"], &[("sshd", "[::1]:2222"), ("lag-seconds", "2")])).unwrap();
        assert_eq!(read.sshd.unwrap().to_string(), "[::1]:2222");
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        let texts = [
            refused(&["host://elsewhere/"], &[]),
            refused(&["host:///a/../b"], &[]),
            refused(&["host:///", "host:///mnt"], &[]),
            refused(&["host:///"], &[("seconds-max", "0")]),
            refused(&["host:///"], &[("file-systems", "some")]),
            refused(&["host:///"], &[("depth", "3")]),
            refused(&["host:///"], &[("sshd", "localhost")]),
            refused(&["host:///"], &[("lag-seconds", "soon")]),
            refused(&["host:///"], &[("processes", "some")]),
        ];
        insta::assert_snapshot!(texts.join("\n"));
        let secret = SourceConfig {
            secret: Some(Arc::new(Secret::new(String::from("x")))),
            ..config(&["host:///"], &[])
        };
        assert!(configured(&secret).err().unwrap().to_string().contains("no password is used"));
    }
}
