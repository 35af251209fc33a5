//! What this connector says of machines that are read over SSH, and how a source of one is made.

use super::{READ_ONLY, RemoteSource, address, line};
use crate::config;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::{sync::Arc, time::Duration};
use tenure_connect::{
    ConfigRefused, Connector, Introduction, LockOut, Manifest, OutsideFailure, Permission, SettingKnown,
    Source, SourceConfig,
};
use tenure_model::{Point, PrincipalKind, ShownBy, printable};

/// What this connector says of machines that are read over SSH.
pub const REMOTE_MANIFEST: Manifest = Manifest {
    system: "ssh",
    title: "Machine over SSH",
    steps: &[],
    shown_by: ShownBy::InstalledValue,
    permissions: &[
        Permission {
            name: "log in by key, and ask for the subsystem `sftp`",
            enables: "accounts, services, scheduled jobs, and the home of the account itself",
            required: true,
        },
        Permission {
            name: "root, or an `sftp-server` with the capability CAP_DAC_READ_SEARCH",
            enables: "stored passwords (as fingerprints), keys of the system, logs, and the homes of all other accounts",
            required: false,
        },
    ],
    takes_password: false,
    least_privilege_script: include_str!("../../least-privilege-ssh.sh"),
    settings: &[
        SettingKnown {
            name: address::HOST_KEY,
            meaning: "fingerprint of the host key that the machine must show, as `ssh-keygen -l` prints it",
            default: None,
        },
        SettingKnown {
            name: address::KEY_FILE,
            meaning: "the file of the private key that Tenure logs in with, an absolute path where Tenure runs",
            default: None,
        },
        SettingKnown {
            name: config::SECONDS_MAX,
            meaning: "how long one reading may take, in seconds, `1` to `3600`",
            default: Some("300"),
        },
        SettingKnown {
            name: config::HOME_ENTRIES_MAX,
            meaning: "how many entries of one home are looked at, `1000` to `10000000`",
            default: Some("500000"),
        },
        SettingKnown {
            name: address::BYTES_MAX,
            meaning: "how many bytes one reading may transfer, `1048576` to `10737418240`",
            default: Some("268435456"),
        },
        SettingKnown {
            name: address::OPENS_MAX,
            meaning: "how many files and directories one reading may open there, `100` to `1000000`",
            default: Some("50000"),
        },
        SettingKnown {
            name: "lag-seconds",
            meaning: "how long a change takes to be felt, in seconds, `0` to `3600`: so long a proof goes on asking",
            default: Some("0"),
        },
    ],
    propagation_lag: Duration::ZERO,
    enforcement_points: "none: over SSH a machine is read, and nothing is tried there. Its address is its only point",
    lock_out: LockOut { failures_max: u32::MAX, window: Duration::from_mins(1) },
    blind_spots: &[
        "what only a command would tell: open sessions, running processes, the settings the SSH server runs with",
        "what the account that Tenure logs in as may not read: it is listed",
        "what a secret for another system may do there, and whether it still works: it is never tried",
        "secrets that are not in a known place, in a file of a known name, or in a home: application directories, \
         databases, containers and their images",
        "what is behind a symbolic link, or in a file of more than 1 MiB",
        "whether a file is on a network file system, or has further names: SFTP does not say it",
        "accounts that a directory service (LDAP, SSSD) adds to those of /etc/passwd",
        "who held a key before, and who holds the other half of an authorised key",
    ],
};

/// Makes sources of machines that are read over SSH. By what a value is recognised there, `HostConnector` says.
#[derive(Debug, Clone, Copy, Default)]
pub struct RemoteConnector;

#[async_trait]
impl Connector for RemoteConnector {
    fn manifest(&self) -> &'static Manifest {
        static SAID: Manifest = REMOTE_MANIFEST;
        &SAID
    }

    fn source(&self, config: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused> {
        let remote = address::configured(&config)?;
        Ok(Arc::new(RemoteSource::new(remote, config.secret, config.fingerprint)))
    }

    fn not_ended(&self, _: PrincipalKind) -> Option<&'static str> {
        Some(READ_ONLY)
    }

    fn another_system(&self, was: &[Point], will: &[Point]) -> Option<String> {
        let place = |points: &[Point]| {
            let address = address::Address::parse(&points.first()?.url).ok()?;
            Some((address.machine, address.port, address.root))
        };
        (place(was) != place(will)).then(|| String::from("it would be another machine, port or directory"))
    }

    async fn introduction(
        &self,
        url: &str,
        options: &BTreeMap<String, String>,
    ) -> Result<Option<Introduction>, OutsideFailure> {
        // What cannot be used as it stands is refused by `source`, without a machine having been asked for anything.
        let Some(address) = address::awaits_only_a_host_key(url, options) else { return Ok(None) };
        let shown = line::meet(&address, line::PATIENCE).await?;
        let kind = shown.algorithm.strip_prefix("ssh-").unwrap_or(&shown.algorithm);
        let kind = if kind.starts_with("ecdsa-") { "ecdsa" } else { kind };
        let file = format!("/etc/ssh/ssh_host_{}_key.pub", printable(kind, 20));
        Ok(Some(Introduction {
            shown: format!(
                "{address} shows the host key {} ({}), and nobody has vouched for it; nothing was sent there",
                shown.fingerprint,
                printable(&shown.algorithm, 40)
            ),
            check: format!(
                "on that machine's own console, not through this connection: ssh-keygen -lf {file}, and compare"
            ),
            option: (address::HOST_KEY.to_owned(), shown.fingerprint),
        }))
    }
}
