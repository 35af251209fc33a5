//! What this connector says about itself, and how a source of it is made.
//!
//! A manifest promises nothing that a live test does not show. It must never read the machine: that is `source.rs`. Next:
//! `config.rs`, what its settings mean.

use crate::{config, marks, source::HostSource};
use std::{sync::Arc, time::Duration};
use tenure_connect::{
    ConfigRefused, Connector, LockOut, Manifest, Marks, Permission, SettingKnown, Source, SourceConfig,
};
use tenure_model::{Point, PrincipalKind, ShownBy, StepKind};

/// What this connector says about itself.
pub const MANIFEST: Manifest = Manifest {
    system: "host",
    title: "Machine",
    steps: &[
        StepKind::Disable,
        StepKind::EndSessions,
        StepKind::Delete,
        StepKind::Enable,
        StepKind::Tighten,
        StepKind::Loosen,
    ],
    shown_by: ShownBy::PublicKey,
    permissions: &[
        Permission {
            name: "read /etc/passwd, units and cron tables (everybody may)",
            enables: "accounts, services, scheduled jobs",
            required: true,
        },
        Permission {
            name: "read one's own home",
            enables: "the keys, credential files and assistant configurations of the account Tenure runs as",
            required: false,
        },
        Permission {
            name: "root, or the capability CAP_DAC_READ_SEARCH",
            enables: "stored passwords (as fingerprints), keys of the system, and the homes of all other accounts",
            required: false,
        },
        Permission {
            name: "root, or being the account whose key it is",
            enables: "taking an authorised key out of its file, putting it back, and ending its sessions",
            required: false,
        },
        Permission {
            name: "root, or being the account whose file it is",
            enables: "keeping others from reading a file in which a credential was seen, and giving its mode back; as root \
                      also trying to read it as somebody else, before and after",
            required: false,
        },
    ],
    takes_password: false,
    least_privilege_script: include_str!("../least-privilege.sh"),
    // The SSH server reads the files at each login.
    settings: &[
        SettingKnown {
            name: config::SSHD,
            meaning: "where the SSH server of the machine answers, as address and port, such as `127.0.0.1:22`: there it is shown \
                      that a key is refused",
            default: Some("what the settings of the server say"),
        },
        SettingKnown {
            name: config::PROCESSES,
            meaning: "whether the environments of running processes are read, `yes` or `no`",
            default: Some("no"),
        },
        SettingKnown {
            name: config::FILE_SYSTEMS,
            meaning: "which file systems are entered: `root` (only that of the root), `local` or `all`",
            default: Some("local"),
        },
        SettingKnown {
            name: config::SECONDS_MAX,
            meaning: "how long one reading may take, in seconds, `1` to `3600`",
            default: Some("60"),
        },
        SettingKnown {
            name: config::HOME_ENTRIES_MAX,
            meaning: "how many entries of one home are looked at, `1000` to `10000000`",
            default: Some("500000"),
        },
        SettingKnown {
            name: "lag-seconds",
            meaning: "how long a change takes to be felt, in seconds, `0` to `3600`: so long a proof goes on asking",
            default: Some("1"),
        },
    ],
    propagation_lag: Duration::from_secs(1),
    enforcement_points: "the machine itself: its SSH server, at the address of its settings or of the option `sshd`",
    // Since OpenSSH 9.8 an address that fails pays five seconds each time, and is turned away from fifteen on
    // (sshd_config(5), PerSourcePenalties); every probe fails once on purpose.
    lock_out: LockOut { failures_max: 4, window: Duration::from_secs(30) },
    blind_spots: &[
        "what a secret for another system may do there, and whether it still works: it is never tried",
        "secrets that are not in a known place, in a file of a known name, or in a home: application directories, \
         databases, containers and their images",
        "what is behind a symbolic link, on a network file system, or in a file of more than 1 MiB",
        "accounts that a directory service (LDAP, SSSD) adds to those of /etc/passwd",
        "the memory of running processes, and their environments unless the option `processes` asks for them",
        "who has read a file before, who has it open, and what a directory service, capabilities or a container let read it",
        "which of the programs that a session started go on after it, and what a key opened on its way further",
        "further key files that a `Match` block of the SSH server names, and what its `AuthorizedKeysCommand` answers",
        "who held a key before, and who holds the other half of an authorised key",
    ],
};

/// Makes sources of this machine, or of a copy of one.
#[derive(Debug, Clone, Copy, Default)]
pub struct HostConnector;

impl Connector for HostConnector {
    fn manifest(&self) -> &'static Manifest {
        static SAID: Manifest = MANIFEST;
        &SAID
    }

    fn source(&self, config: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused> {
        let configured = config::configured(&config)?;
        Ok(Arc::new(HostSource::new(configured, config.fingerprint)))
    }

    fn not_ended(&self, kind: PrincipalKind) -> Option<&'static str> {
        match kind {
            PrincipalKind::Key => None,
            PrincipalKind::Account => Some(
                "on a machine Tenure takes authorised keys away and closes files to others; an account is locked or deleted \
                 by whoever administers the machine (`tenure revoke NAME --by-hand` prints how)",
            ),
            PrincipalKind::Workload => Some(
                "on a machine Tenure takes authorised keys away and closes files to others; a service or job is stopped where \
                 it is defined (`tenure revoke NAME --by-hand` prints how)",
            ),
            _ => Some(
                "on a machine Tenure takes authorised keys away and closes files to others; end it where it is defined, and \
                 exchange what it holds",
            ),
        }
    }

    fn path_here(&self, points: &[Point], place: &str) -> Option<String> {
        let root = config::root_of_image(points)?;
        place.starts_with('/').then(|| format!("{root}{place}"))
    }

    fn place_of(&self, points: &[Point], path: &str) -> Option<String> {
        let below = path.strip_prefix(config::root_of_image(points)?)?;
        below.starts_with('/').then(|| below.to_owned())
    }

    fn marks_of(&self, value: &[u8]) -> Marks {
        marks::of(value)
    }

    fn not_recognisable(&self) -> Option<&'static str> {
        Some(
            "the passwords of local accounts: the machine stores a salted hash and Tenure keeps only a fingerprint of \
             that; the stored hash itself is recognised",
        )
    }
}
