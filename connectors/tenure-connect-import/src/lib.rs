//! Identities that a file lists, from systems that Tenure cannot read yet: claims, never observations of a system.
//!
//! What a file says is somebody's word (P0) and marked as that. This room must never act on anything, never
//! speak to a system, never keep or show a value that looks like a secret, never say more than that the file says
//! so, and never make anything gone because a file could not be read. Begin with `config.rs` (what is
//! configured), then `read.rs` (one reading), `mapping.rs` (what columns mean) and `source.rs` (the port).
//! README.md says what each kind of file may hold.

mod by_hand;
mod cartography;
mod claim;
mod config;
mod csv_records;
mod guard;
mod json_records;
mod limits;
mod mapping;
mod open;
mod outlet;
mod preview;
mod prowler;
mod read;
mod secret_name;
mod source;
mod strict_json;
mod tally;
mod trouble;
mod unreadable;

pub use config::{BYTES_MAX, Format, MAPPING, RECORDS_MAX_SETTING};
pub use preview::{Preview, PreviewRequest, format_of, preview};
pub use tally::Reason;
pub use unreadable::Unreadable;

use std::{sync::Arc, time::Duration};
use tenure_connect::{
    ConfigRefused, Connector, LockOut, Manifest, Marks, Permission, SettingKnown, Source, SourceConfig,
};

/// What this connector says about itself.
pub const MANIFEST: Manifest = Manifest {
    system: "import",
    title: "a file of claims",
    steps: &[],
    shown_by: tenure_model::ShownBy::InstalledValue,
    permissions: &[
        Permission {
            name: "to read the file, and to enter every directory on the way to it",
            enables: "everything it lists",
            required: true,
        },
        Permission {
            name: "to read the mapping file",
            enables: "knowing what its columns mean, for CSV and JSON",
            required: false,
        },
    ],
    least_privilege_script: "\
# Let the account that Tenure runs as read the file, and nobody else who need not:
#   chown root:tenure FILE MAPPING && chmod 640 FILE MAPPING
# Write a new file beside it and rename it, so that none is ever read half-written.
",
    settings: &[
        SettingKnown {
            name: MAPPING,
            meaning: "the file that says what the columns mean, as a whole path; for `csv` and `json`, and for no other",
            default: Some("built in for the kinds that need none"),
        },
        SettingKnown {
            name: BYTES_MAX,
            meaning: "the largest file that is read, in bytes",
            default: Some("1073741824"),
        },
        SettingKnown {
            name: RECORDS_MAX_SETTING,
            meaning: "how many records are read, at most",
            default: Some("5000000"),
        },
    ],
    propagation_lag: Duration::ZERO,
    enforcement_points: "none: a file accepts nothing and refuses nothing. Its address is its only point",
    lock_out: LockOut { failures_max: u32::MAX, window: Duration::from_mins(1) },
    takes_password: false,
    blind_spots: &[
        "whether anything in the file is so: it is somebody's word, and the system itself is never seen",
        "how old the file is, and what its author left out",
        "credentials, rights, owners and uses that no column holds",
        "whether anything that was ended by hand is dead",
    ],
};

/// Makes sources of files. Holds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct ImportConnector;

impl Connector for ImportConnector {
    fn manifest(&self) -> &'static Manifest {
        static SAID: Manifest = MANIFEST;
        &SAID
    }

    fn source(&self, config: SourceConfig) -> Result<Arc<dyn Source>, ConfigRefused> {
        Ok(Arc::new(source::ImportSource::new(config::configured(config)?)))
    }

    fn marks_of(&self, _: &[u8]) -> Marks {
        Marks { domains: &[mapping::apply::FINGERPRINT_DOMAIN], public: Vec::new() }
    }
}
