//! The configuration of another machine: where it is, which host key it must show, with which key we log in, how far
//! a reading goes. Pure: whether any of it is so shows when it is connected to. An unknown setting is refused. Next:
//! `line.rs`.

use crate::config::{HOME_ENTRIES_MAX, SECONDS_MAX, whole_number};
use crate::limits::{FileSystems, Limits};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tenure_connect::{ConfigRefused, SourceConfig};
use tenure_model::{PRIMARY, printable};

/// Fingerprint of the host key that the machine must show, `SHA256:…` as `ssh-keygen -l` prints it.
pub const HOST_KEY: &str = "host-key";
/// The file of the private key that we log in with, as an absolute path where Tenure runs.
pub const KEY_FILE: &str = "key-file";
/// Bytes that one reading may transfer, 1 048 576 to 10 737 418 240.
pub const BYTES_MAX: &str = "bytes-max";
/// Files and directories that one reading may open there, 100 to 1 000 000.
pub const OPENS_MAX: &str = "opens-max";
/// How long a change takes to be felt, in seconds; read by Tenure for every kind of source.
const LAG_SECONDS: &str = "lag-seconds";

/// What is said of an address that cannot be understood.
const EXPECTED: &str =
    "expected ssh://user@machine, ssh://user@machine:port or ssh://user@machine:port/directory";

/// Where a machine is, and as whom we log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) user: String,
    /// A name, or an address without brackets.
    pub(crate) machine: String,
    pub(crate) port: u16,
    /// The directory that is taken for the root of a machine.
    pub(crate) root: String,
}

/// What a source needs to read another machine.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) address: Address,
    pub(crate) host_key: String,
    pub(crate) key_file: PathBuf,
    pub(crate) limits: Limits,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.machine.contains(':') {
            write!(f, "[{}]:{}", self.machine, self.port)
        } else {
            write!(f, "{}:{}", self.machine, self.port)
        }
    }
}

impl Address {
    /// Reads `ssh://user@machine:port/directory`; `Err` says what is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or(EXPECTED)?;
        if !scheme.eq_ignore_ascii_case("ssh") || rest.chars().any(|char| char.is_control()) {
            return Err(EXPECTED);
        }
        let (place, root) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        if root.split('/').any(|part| part == "..") {
            return Err("the path must not go up with `..`");
        }
        let (user, machine) =
            place.rsplit_once('@').ok_or("it does not say as whom to log in: ssh://user@machine")?;
        let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_' | '$');
        if user.is_empty() || user.len() > 64 || !user.chars().all(plain) {
            return Err("the name of the account has characters that no account has");
        }
        let (machine, port) = machine_and_port(machine).ok_or(EXPECTED)?;
        Ok(Self { user: user.to_owned(), machine, port, root: root.to_owned() })
    }
}

/// `name`, `name:port`, `[address]`, `[address]:port`.
fn machine_and_port(text: &str) -> Option<(String, u16)> {
    let (machine, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (machine, port) = rest.split_once(']')?;
            let address: std::net::Ipv6Addr = machine.parse().ok()?;
            (address.to_string(), port.strip_prefix(':').or_else(|| port.is_empty().then_some("22"))?)
        }
        None => {
            let (machine, port) = text.split_once(':').unwrap_or((text, "22"));
            let plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '_');
            if machine.is_empty()
                || machine.len() > 253
                || !machine.chars().all(plain)
                || machine.starts_with('-')
            {
                return None;
            }
            (machine.to_ascii_lowercase(), port)
        }
    };
    port.parse().ok().filter(|port| *port > 0).map(|port| (machine, port))
}

/// Reads a configuration.
pub(crate) fn configured(config: &SourceConfig) -> Result<Remote, ConfigRefused> {
    let refused = |why: &str| ConfigRefused::Address { point: PRIMARY.to_owned(), why: why.to_owned() };
    let [point] = config.points.as_slice() else {
        return Err(refused("a machine is one point; add another machine as a source of its own"));
    };
    let address = Address::parse(&point.url).map_err(refused)?;
    let limits = limits(&config.options)?;
    let key_file = key_file(&config.options)?;
    let host_key = config.options.get(HOST_KEY).ok_or_else(|| {
        let why = "it is needed: nothing is asked of a machine whose host key nobody has vouched for. On that machine's \
                   console, `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints it";
        setting(HOST_KEY, why)
    })?;
    if !is_fingerprint(host_key) {
        let why =
            "it must be the fingerprint of a key as `ssh-keygen -l` prints it: `SHA256:` and 43 characters";
        return Err(setting(HOST_KEY, why));
    }
    Ok(Remote { address, host_key: host_key.clone(), key_file, limits })
}

/// The file of the key we log in with.
fn key_file(options: &BTreeMap<String, String>) -> Result<PathBuf, ConfigRefused> {
    let key_file = options.get(KEY_FILE).ok_or_else(|| {
        let why = "it is needed: the path of the private key that Tenure logs in with. Make one for this alone: \
                   `ssh-keygen -t ed25519 -N '' -f /etc/tenure/survey_ed25519`";
        setting(KEY_FILE, why)
    })?;
    if !key_file.starts_with('/') {
        // What was given may be the key itself, and is not repeated.
        return Err(setting(
            KEY_FILE,
            "it must be an absolute path of a file where Tenure runs, never the key itself",
        ));
    }
    Ok(PathBuf::from(key_file))
}

/// Whether everything but the host key can be used: before that is so, no machine is asked to show its own.
pub(crate) fn awaits_only_a_host_key(url: &str, options: &BTreeMap<String, String>) -> Option<Address> {
    let can_be_used = limits(options).is_ok() && key_file(options).is_ok();
    Address::parse(url).ok().filter(|_| can_be_used && !options.contains_key(HOST_KEY))
}

fn setting(name: &str, why: &str) -> ConfigRefused {
    ConfigRefused::Setting { name: name.to_owned(), why: why.to_owned() }
}

/// Whether it is the digest of a key, as OpenSSH prints it.
fn is_fingerprint(text: &str) -> bool {
    let digest = text.strip_prefix("SHA256:").and_then(|encoded| STANDARD_NO_PAD.decode(encoded).ok());
    digest.is_some_and(|digest| digest.len() == 32)
}

/// Limits as of this machine, but for what goes over a line: less at once, and more time for it.
fn limits(options: &BTreeMap<String, String>) -> Result<Limits, ConfigRefused> {
    let mut limits = Limits {
        time_max: Duration::from_mins(5),
        bytes_max: 256 << 20,
        files_max: 50_000,
        file_systems: FileSystems::All,
        ..Limits::default()
    };
    for (name, given) in options {
        let refused = |why: &str| ConfigRefused::Setting { name: printable(name, 60), why: why.to_owned() };
        let number = |min, max| whole_number(name, given, min, max);
        match name.as_str() {
            SECONDS_MAX => limits.time_max = Duration::from_secs(number(1, 3_600)?),
            HOME_ENTRIES_MAX => limits.home_entries_max = number(1_000, 10_000_000)?,
            BYTES_MAX => limits.bytes_max = number(1 << 20, 10 << 30)?,
            OPENS_MAX => limits.files_max = number(100, 1_000_000)?,
            LAG_SECONDS => {
                number(0, 3_600)?;
            }
            HOST_KEY | KEY_FILE => {}
            _ => {
                let known =
                    [HOST_KEY, KEY_FILE, SECONDS_MAX, HOME_ENTRIES_MAX, BYTES_MAX, OPENS_MAX, LAG_SECONDS]
                        .join(", ");
                return Err(refused(&format!("it is not known; the settings are: {known}")));
            }
        }
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::{Address, configured};
    use crate::FileSystems;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;
    use tenure_connect::{Fingerprint, SourceConfig};
    use tenure_model::{Instant, Point, ShortName, SourceId};

    const PIN: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

    struct Plain;

    impl Fingerprint for Plain {
        fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
            format!("{domain}:{}", value.len())
        }
    }

    fn config(url: &str, options: &[(&str, &str)]) -> SourceConfig {
        let both = [("host-key", PIN), ("key-file", "/etc/tenure/key")];
        let mut all: BTreeMap<String, String> =
            both.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        for (name, value) in options {
            if value.is_empty() {
                all.remove(*name)
            } else {
                all.insert((*name).to_owned(), (*value).to_owned())
            };
        }
        SourceConfig {
            id: SourceId::new(Instant::from_micros(0), [0; 10]),
            name: ShortName::parse("web-1").unwrap(),
            points: vec![Point { name: ShortName::parse("primary").unwrap(), url: url.to_owned() }],
            secret: None,
            options: all,
            fingerprint: Arc::new(Plain),
        }
    }

    fn refused(url: &str, options: &[(&str, &str)]) -> String {
        configured(&config(url, options)).err().unwrap().to_string()
    }

    #[test]
    fn what_is_said_of_the_settings_is_what_is_known() {
        let told = refused("ssh://u@h", &[("nothing", "1")]);
        let known: std::collections::BTreeSet<&str> =
            told.split("the settings are: ").nth(1).unwrap().split(", ").collect();
        let said = crate::REMOTE_MANIFEST.settings.iter().map(|one| one.name).collect();
        assert_eq!(known, said);
    }

    #[test]
    fn an_address_says_who_where_and_below_what() {
        let check = |url: &str, user: &str, shown: &str, root: &str| {
            let address = Address::parse(url).unwrap();
            assert_eq!((address.user.as_str(), address.root.as_str()), (user, root), "{url}");
            assert_eq!(address.to_string(), shown);
        };
        check("ssh://tenure@web-1.example", "tenure", "web-1.example:22", "/");
        check("SSH://tenure@WEB-1:2222/", "tenure", "web-1:2222", "/");
        check("ssh://root@[fd00::1]/srv/image", "root", "[fd00::1]:22", "/srv/image");
        check("ssh://a.b_c@10.0.0.7:1", "a.b_c", "10.0.0.7:1", "/");
    }

    #[test]
    fn settings_are_read_and_have_their_defaults() {
        let read = configured(&config("ssh://u@h", &[])).unwrap();
        assert_eq!((read.limits.time_max, read.limits.bytes_max), (Duration::from_mins(5), 256 << 20));
        assert_eq!((read.limits.files_max, read.limits.file_systems), (50_000, FileSystems::All));
        assert_eq!(read.limits.home_entries_max, crate::Limits::default().home_entries_max);
        assert_eq!((read.host_key.as_str(), read.key_file.to_str()), (PIN, Some("/etc/tenure/key")));
        let set = [
            ("seconds-max", "7"),
            ("home-entries-max", "2000"),
            ("bytes-max", "2000000"),
            ("opens-max", "300"),
            ("lag-seconds", "4"),
        ];
        let read = configured(&config("ssh://u@h", &set)).unwrap().limits;
        assert_eq!((read.time_max, read.home_entries_max), (Duration::from_secs(7), 2_000));
        assert_eq!((read.bytes_max, read.files_max), (2_000_000, 300));
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        let texts = [
            refused("ssh://h", &[]),
            refused("ssh://u@", &[]),
            refused("ssh://u@h:0", &[]),
            refused("ssh://u@h:ssh", &[]),
            refused("ssh://u@-oProxyCommand=x", &[]),
            refused("ssh://u@[fd00::1", &[]),
            refused("ssh://a b@h", &[]),
            refused("ssh://u@h/a/../b", &[]),
            refused("ssh://u@h\n", &[]),
            refused("ssh://u@h", &[("host-key", "")]),
            refused("ssh://u@h", &[("host-key", "MD5:aa:bb")]),
            refused("ssh://u@h", &[("host-key", "SHA256:AAAA")]),
            refused("ssh://u@h", &[("key-file", "")]),
            refused("ssh://u@h", &[("key-file", "-----BEGIN OPENSSH PRIVATE KEY-----")]),
            refused("ssh://u@h", &[("seconds-max", "0")]),
            refused("ssh://u@h", &[("home-entries-max", "1")]),
            refused("ssh://u@h", &[("bytes-max", "1")]),
            refused("ssh://u@h", &[("opens-max", "1")]),
            refused("ssh://u@h", &[("lag-seconds", "soon")]),
            refused("ssh://u@h", &[("file-systems", "all")]),
            refused("ssh://u@h", &[("sshd", "127.0.0.1:22")]),
        ];
        insta::assert_snapshot!(texts.join("\n"));
    }
}
