//! PostgreSQL: roles, their passwords and rights, seen, ended, and proved dead.
//!
//! This room talks to PostgreSQL and nothing else. It must never judge, store, retry, send a
//! clear password in a statement, act on its own account or a built-in role, or call a value
//! refused that no server refused. Begin with `source.rs` (every verb starts there), then
//! `observe.rs` (a survey), `act.rs` (a change), `probe.rs` (an attempt and what its answer
//! means). README.md says what can be seen with which permission.

mod act;
mod blast;
mod check;
mod client;
mod cluster;
mod config;
mod derived;
mod doubles;
mod effect;
mod failure;
mod handover;
mod keepsake;
mod map;
mod observe;
mod probe;
mod quote;
mod role;
mod scram;
mod source;
mod wire;

pub use config::{CA_FILE, HEIR, KIND_PREFIX, LAG_SECONDS, lag};

use std::{sync::Arc, time::Duration};
use tenure_connect::{
    ConfigRefused, Connector, LockOut, Manifest, Marks, Permission, SettingKnown, Source, SourceConfig,
};
use tenure_model::{PRIMARY, Point, ShownBy, StepKind};

/// The script that creates a least-privilege account.
pub const LEAST_PRIVILEGE: &str = include_str!("../sql/least-privilege.sql");

/// What this connector says about itself.
pub const MANIFEST: Manifest = Manifest {
    system: "postgres",
    title: "PostgreSQL",
    steps: &[StepKind::Deny, StepKind::Disable, StepKind::EndSessions, StepKind::Delete, StepKind::Enable],
    shown_by: ShownBy::InstalledValue,
    permissions: &[
        Permission {
            name: "LOGIN, and CONNECT on one database",
            enables: "roles, attributes, memberships, owners, rights and comments",
            required: true,
        },
        Permission {
            name: "CONNECT on every database",
            enables: "owners, rights and copies in that database, and deletion of roles that hold something there",
            required: false,
        },
        Permission {
            name: "SELECT on pg_authid",
            enables: "which roles have a password, how it is kept, equal and guessable ones, and an undo that \
                      brings the former password back",
            required: false,
        },
        Permission {
            name: "SELECT on pg_hba_file_rules and EXECUTE on its function",
            enables: "which roles are let in without a password",
            required: false,
        },
        Permission { name: "pg_read_all_stats", enables: "where sessions come from", required: false },
        Permission {
            name: "SELECT on pg_user_mapping and pg_subscription in each database",
            enables: "copies of passwords, matched by fingerprint",
            required: false,
        },
        Permission {
            name: "pg_signal_backend",
            enables: "ending sessions, except those of superusers",
            required: false,
        },
        Permission {
            name: "CREATEROLE",
            enables: "denying, disabling, enabling and deleting roles that are not superusers",
            required: false,
        },
        Permission {
            name: "SUPERUSER",
            enables: "the same for superusers, and rolling back prepared transactions of others",
            required: false,
        },
    ],
    takes_password: true,
    least_privilege_script: LEAST_PRIVILEGE,
    settings: &[
        SettingKnown {
            name: HEIR,
            meaning: "the role that receives what a deleted role owned",
            default: Some("none: what owns something is not deleted"),
        },
        SettingKnown {
            name: LAG_SECONDS,
            meaning: "after how many seconds a change has reached every point, `0` to `86400`: so long a proof goes on asking",
            default: Some("5"),
        },
        SettingKnown {
            name: CA_FILE,
            meaning: "a PEM file with the authorities that sign the servers' certificates, beside those of the system",
            default: Some("those of the system alone"),
        },
        SettingKnown {
            name: "kind.<point>",
            meaning: "what answers at that point: `server`, or `pooler` for what keeps its own idea of passwords, such as PgBouncer",
            default: Some("server"),
        },
    ],
    propagation_lag: Duration::from_secs(5),
    enforcement_points: "the primary, each standby that accepts connections, and each pooler: every address at \
                         which a client can present a password",
    lock_out: LockOut { failures_max: u32::MAX, window: Duration::from_mins(1) },
    blind_spots: &[
        "PostgreSQL itself locks nobody out, but a module (auth_delay, a PAM stack) may slow down or count failures",
        "last use is sampled while a survey runs; PostgreSQL keeps no last login",
        "passwords checked elsewhere (LDAP, PAM, RADIUS, Kerberos, certificates) are not in pg_authid",
        "passwords in pgpass files, connection strings of applications, function bodies and user lists of poolers \
         are not seen",
        "clients that wait inside a pooler are not seen; their sessions at the server are",
        "who created a role is not recorded before PostgreSQL 16",
        "access rules are read from the file as it is, which may not have been loaded yet",
        "jobs kept in tables by extensions (pg_cron and the like) are not seen",
    ],
};

/// Makes connections to PostgreSQL. Holds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct PostgresConnector;

impl Connector for PostgresConnector {
    fn manifest(&self) -> &'static Manifest {
        static SAID: Manifest = MANIFEST;
        &SAID
    }

    fn source(&self, config: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused> {
        let configured = config::configured(config)?;
        match source::PostgresSource::new(configured) {
            Some(source) => Ok(Arc::new(source)),
            None => Err(ConfigRefused::Address {
                point: PRIMARY.to_owned(),
                why: "there is no address".to_owned(),
            }),
        }
    }

    fn another_system(&self, was: &[Point], will: &[Point]) -> Option<String> {
        config::another_server(was, will)
    }

    fn marks_of(&self, _: &[u8]) -> Marks {
        // A stored verifier may be pasted as well as a password that lies in a database in clear.
        Marks { domains: observe::MARK_DOMAINS, public: Vec::new() }
    }

    fn not_recognisable(&self) -> Option<&'static str> {
        Some(
            "the passwords of PostgreSQL roles: the server stores a salted verifier and Tenure keeps only a fingerprint \
             of that, without its salt; copies in clear and the stored verifier itself are recognised",
        )
    }
}
