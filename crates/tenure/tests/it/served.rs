//! A deployment that serves HTTP beside a private PostgreSQL: somebody at the machine, and somebody far away with a token.
//!
//! For stories in which one asks and another decides. Next: `requested.rs`, `excepted.rs`, `reviewed.rs`.

use crate::live::{login, started};
use crate::program::{Background, Place};
use serde_json::Value;
use tenure_testbed::Postgres;

/// The deployment, its source `pg`, surveyed once, and the token of somebody who may own and nothing else.
pub(crate) struct Served {
    pub(crate) postgres: Postgres,
    pub(crate) place: Place,
    pub(crate) up: Background,
    pub(crate) address: String,
    pub(crate) token: String,
}

impl Served {
    /// With these accounts at the source, and a person of this name.
    pub(crate) fn with(accounts: &[&str], person: &str) -> Self {
        let postgres = started();
        for account in accounts {
            login(&postgres, account);
        }
        let place = Place::new();
        place.private_file("pw", postgres.password());
        let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
        let said: Value = serde_json::from_str(&up.until("\n}\n")).unwrap();
        let url = postgres.url("postgres");
        place.done(&["source", "add", "pg", &url, "--password-file", "pw", "--option", "lag-seconds=0"]);
        place.done(&["survey", "pg"]);
        place.done(&["people", "add", person, "--role", "owner"]);
        let token = place.done(&["people", "token", person, "--quiet"]).out.trim().to_owned();
        let address = said["address"].as_str().unwrap().to_owned();
        Self { postgres, place, up, address, token }
    }
}

/// Somebody who trusts nobody reads it from the exported log, which has entries of these kinds.
pub(crate) fn audited(place: &Place, kinds: &[&str]) {
    place.done(&["evidence", "export", "all.tenure"]);
    let key =
        place.done(&["evidence", "checkpoint", "--json"]).json()["keys"][0].as_str().unwrap().to_owned();
    let verified = place.done(&["evidence", "verify", "all.tenure", "--log-key", &key]);
    assert!(verified.out.starts_with("Verified: "), "{verified:?}");
    let whole = place.done(&["evidence", "verify", "all.tenure", "--log-key", &key, "--json"]).out;
    for kind in kinds {
        assert!(whole.contains(kind), "{kind}: {whole}");
    }
}
