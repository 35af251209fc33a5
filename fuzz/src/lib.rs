//! What each fuzz target does with its bytes: one function for each family of readers.
//!
//! A reader must come to an end, must not fail, and must show no line break, escape or change of direction of what it
//! read. These functions must never write anything but the file that an import reads, in memory where there is such a
//! place. Seeds come from the planted machine (`connectors/tenure-connect-host/tests/it/seeds.rs`); what was found
//! stands in the tests of the readers as ordinary tests.

use std::sync::LazyLock;
use tenure_connect_host::read::assistants::{self, Written};
use tenure_connect_host::read::cron::{self, CronTable};
use tenure_connect_host::read::launchd::StartedBy;
use tenure_connect_host::read::{
    Parsed, authorized_keys, aws, azure, cargo, certificate, codeowners, docker, environment as variables,
    gcloud, git, git_credentials, group, journal, kubeconfig, lastlog, launchd, my_cnf, netrc, npmrc, passwd, pgpass, private_key, pypirc, shadow,
    sshd_config, sshd_log, systemd, token_files, wtmp,
};
use tenure_connect_host::{Item, ThingKind};
use tenure_connect_import::{Format, PreviewRequest, preview};
use tenure_secrets::Scanner;

static SCANNER: LazyLock<Scanner> =
    LazyLock::new(|| Scanner::new().unwrap_or_else(|why| panic!("the rules do not compile: {why}")));

/// Holds items to what a report relies on: one line, read from left to right.
fn shown(parsed: Parsed<Item>) {
    for item in parsed.things {
        let text = item.to_string();
        assert!(!text.chars().any(|one| one.is_control() || ('\u{202a}'..='\u{202e}').contains(&one)), "{text}");
    }
}

fn items<T>(parsed: Parsed<T>, turn: impl FnMut(T) -> Option<Item>) {
    shown(Parsed { things: parsed.things.into_iter().filter_map(turn).collect(), skipped: parsed.skipped });
}

/// X.509 certificates, as DER and PEM.
pub fn certificates(bytes: &[u8]) {
    items(certificate::read(bytes), |one| Some(one.item(false)));
}

/// Private keys in every format, and public keys that let somebody in.
pub fn keys(bytes: &[u8]) {
    items(private_key::read(bytes), |one| Some(one.item(ThingKind::PrivateKey, "name")));
    items(authorized_keys::read(bytes), |one| Some(one.item()));
}

/// `passwd`, `shadow`, `group`.
pub fn accounts(bytes: &[u8]) {
    items(passwd::read(bytes), |one| Some(one.item()));
    for account in passwd::read(bytes).things {
        drop(passwd::password_in_clear_sight(account));
    }
    items(shadow::read(bytes), shadow::ShadowEntry::into_item);
    items(group::read(bytes), |one| Some(one.item()));
}

/// Units of systemd, with the bytes once more as a drop-in, jobs of launchd, and cron tables.
pub fn services(bytes: &[u8]) {
    for unit in systemd::read("x.service", &[bytes, bytes], &SCANNER).things {
        shown(Parsed { things: unit.into_items("x.service", 1), skipped: Vec::new() });
    }
    for started_by in [StartedBy::System, StartedBy::Session] {
        shown(launchd::read(bytes, "x.plist", started_by, &SCANNER));
    }
    shown(cron::read(bytes, CronTable::OfSystem, &SCANNER));
    shown(cron::read(bytes, CronTable::OfUser("etl"), &SCANNER));
}

/// The SSH server's settings and its log.
pub fn ssh_server(bytes: &[u8]) {
    for server in sshd_config::read(bytes).things {
        drop(server.authorized_keys_files());
        items(Parsed { things: vec![server], skipped: Vec::new() }, |one| one.item("sshd_config"));
    }
    drop(sshd_log::read(bytes));
}

/// Records of logins, and files of the journal.
pub fn logins(bytes: &[u8]) {
    drop(wtmp::read(bytes));
    drop(lastlog::read(bytes));
    let _ = journal::read(bytes, 100);
}

/// Files that are trees: JSON, YAML, TOML.
pub fn trees(bytes: &[u8]) {
    let readers = [
        gcloud::read,
        azure::read,
        kubeconfig::read,
        docker::read,
        cargo::read,
        token_files::terraform,
        token_files::github,
        token_files::gitlab,
        token_files::copilot,
    ];
    for read in readers {
        shown(read(bytes));
    }
    for written in [Written::Json, Written::Toml, Written::Yaml] {
        shown(assistants::read(bytes, written, &SCANNER));
        shown(assistants::read_logins(bytes, written, &SCANNER));
    }
}

/// Files that are lines and sections.
pub fn sections(bytes: &[u8]) {
    let readers = [
        aws::read,
        npmrc::read,
        pypirc::read,
        netrc::read,
        pgpass::read,
        my_cnf::read,
        git_credentials::read,
        token_files::terraform_rc,
        token_files::vault,
        token_files::hugging_face,
    ];
    for read in readers {
        shown(read(bytes));
    }
}

/// `.env` files, start files of shells, environments of processes.
pub fn environment(bytes: &[u8]) {
    shown(variables::read(bytes, &SCANNER));
    shown(Parsed { things: variables::of_process(bytes, 1_000, &SCANNER), skipped: Vec::new() });
}

/// What hints at owners: `CODEOWNERS` and Git's own files. The first line is also the path that is asked for.
pub fn hints(bytes: &[u8]) {
    let path = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let rules = codeowners::read(bytes);
    let _ = codeowners::owners_of::<()>(&rules, path, &|| Ok(()));
    drop((git::email_of_config(bytes), git::email_of_last_change(bytes)));
}

/// Files of claims: CSV, JSON, Prowler and Cartography. What stands before the first NUL byte is the mapping.
pub fn import(bytes: &[u8]) {
    let (mapping, records) = match bytes.iter().position(|byte| *byte == 0) {
        Some(at) => (&bytes[..at], &bytes[at + 1..]),
        None => (&b""[..], bytes),
    };
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let Ok(folder) = folder else { return };
    let written = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).is_ok().then_some(path)
    };
    let (Some(path), Some(mapping)) = (written("records", records), written("mapping.toml", mapping)) else {
        return;
    };
    for format in [Format::Csv, Format::Json, Format::Prowler, Format::Cartography] {
        let mapping = format.needs_mapping().then(|| mapping.clone());
        let request = PreviewRequest { path: path.clone(), format, mapping, principals_shown: 10 };
        if let Err(why) = preview(&request) {
            assert!(!why.to_string().contains('\n'), "{why}");
        }
    }
}
