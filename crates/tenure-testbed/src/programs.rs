//! Finding the server programs, and deciding whether a test that needs them runs, is skipped, or fails.
//!
//! Debian keeps PostgreSQL's programs in versioned folders that are not on PATH, and puts a slow wrapper
//! in front of `psql`: versioned folders are therefore searched first. Nothing is ever installed here;
//! `cargo xtask test` does that where it may.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Environment variable that turns a skipped test into a failed one when it is `1`.
pub const MUST_RUN: &str = "TENURE_TESTS_MUST_RUN";

/// Programs a PostgreSQL needs, all from one folder, so that versions never mix.
const POSTGRES_PROGRAMS: [&str; 4] = ["postgres", "initdb", "psql", "pg_basebackup"];

/// Where distributions put rsyslog's part for TLS.
const RSYSLOG_TLS: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so",
    "/usr/lib/aarch64-linux-gnu/rsyslog/lmnsd_gtls.so",
    "/usr/lib64/rsyslog/lmnsd_gtls.so",
];

/// Whether a kind of server can be started on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// All programs were found.
    Present,
    /// Something is lacking; the reason reads well in `SKIPPED: postgres (reason)`.
    Missing(String),
}

/// Whether PostgreSQL can be started here.
pub fn postgres_available() -> Availability {
    if start_refused() {
        return Availability::Missing("needs Linux with /proc".to_owned());
    }
    match postgres_folder() {
        Some(_) => Availability::Present,
        None => Availability::Missing("not installed".to_owned()),
    }
}

/// Whether PgBouncer can be started here.
pub fn pgbouncer_available() -> Availability {
    if start_refused() {
        return Availability::Missing("needs Linux with /proc".to_owned());
    }
    match pgbouncer_program() {
        Some(_) => Availability::Present,
        None => Availability::Missing("not installed".to_owned()),
    }
}

/// Whether an SSH server can be started here, and asked with its own client.
pub fn sshd_available() -> Availability {
    if start_refused() {
        return Availability::Missing("needs Linux with /proc".to_owned());
    }
    match (sshd_program(), on_search_path(&["ssh"]), on_search_path(&["ssh-keygen"])) {
        (Some(_), Some(_), Some(_)) => Availability::Present,
        _ => Availability::Missing("not installed".to_owned()),
    }
}

/// Whether pages can be walked here: a Chromium, Node.js, and what `console/e2e` needs of it.
pub fn chromium_available() -> Availability {
    let lacking = |what: &str| Availability::Missing(what.to_owned());
    if chromium_program().is_none() {
        return lacking("not installed");
    }
    if node_program().is_none() {
        return lacking("node is not installed");
    }
    if !console_walk().join("node_modules/axe-core").is_dir() {
        return lacking("run `npm ci` in console/e2e first");
    }
    Availability::Present
}

/// Whether an OpenID provider can be started here: Node.js and what `crates/tenure-testbed/oidc` needs of it.
pub fn oidc_available() -> Availability {
    if node_program().is_none() {
        return Availability::Missing("node is not installed".to_owned());
    }
    if !oidc_folder().join("node_modules/oidc-provider").is_dir() {
        return Availability::Missing("run `npm ci` in crates/tenure-testbed/oidc first".to_owned());
    }
    Availability::Present
}

/// Whether the independent SCIM tester can be run here: what `crates/tenure-testbed/scim` says, beside it.
pub fn scim_available() -> Availability {
    fetched(scim_program().is_some())
}

/// Whether an SMTP server can be started here: what `crates/tenure-testbed/smtp` says, beside it.
pub fn smtp_available() -> Availability {
    fetched(smtp_program().is_some())
}

/// Whether a receiver of events can be started here: what `crates/tenure-testbed/webhook` says, beside it.
pub fn webhook_available() -> Availability {
    fetched(webhook_program().is_some())
}

/// Whether a syslog server that knows TLS can be started here.
pub fn rsyslog_available() -> Availability {
    if start_refused() {
        return Availability::Missing("needs Linux with /proc".to_owned());
    }
    let knows_tls = RSYSLOG_TLS.iter().any(|module| Path::new(module).is_file());
    match rsyslog_program() {
        Some(_) if knows_tls => Availability::Present,
        Some(_) => Availability::Missing("its part for TLS, rsyslog-gnutls, is not installed".to_owned()),
        None => Availability::Missing("not installed".to_owned()),
    }
}

/// Whether an OpenLDAP directory can be started here, and filled by its own tools.
pub fn ldap_available() -> Availability {
    if start_refused() {
        return Availability::Missing("needs Linux with /proc".to_owned());
    }
    match (slapd_program(), on_search_path(&["ldapadd"])) {
        (Some(_), Some(_)) => Availability::Present,
        (Some(_), None) => Availability::Missing("its tools, ldap-utils, are not installed".to_owned()),
        (None, _) => Availability::Missing("not installed".to_owned()),
    }
}

/// What is made of a list of hashes is there, or says how it comes.
fn fetched(is_there: bool) -> Availability {
    let lacking = match python_program() {
        _ if is_there => return Availability::Present,
        Some(_) => "run `cargo xtask test` once, with a network, which fetches it",
        None => "python3 is not installed",
    };
    Availability::Missing(lacking.to_owned())
}

/// Whether journal files can be written and read here by systemd's own programs.
pub fn journal_available() -> Availability {
    match (journal_remote_program(), on_search_path(&["journalctl"])) {
        (Some(_), Some(_)) => Availability::Present,
        _ => Availability::Missing("not installed".to_owned()),
    }
}

/// The program of systemd that writes a journal file from a text, by whoever asks (systemd-journal-remote(8)).
pub fn journal_remote_program() -> Option<PathBuf> {
    let folders = ["/usr/lib/systemd", "/lib/systemd"].into_iter().map(PathBuf::from);
    folders.map(|folder| folder.join("systemd-journal-remote")).find(|program| program.is_file())
}

/// The Chromium program.
pub fn chromium_program() -> Option<PathBuf> {
    on_search_path(&["chromium", "chromium-browser", "google-chrome"])
}

/// The Node.js program.
pub fn node_program() -> Option<PathBuf> {
    on_search_path(&["node", "nodejs"])
}

/// The Python program.
pub fn python_program() -> Option<PathBuf> {
    on_search_path(&["python3"])
}

/// The folder that says what the SCIM tester is made of; `venv` in it is the tester.
pub fn scim_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scim")
}

/// The SCIM tester, where it was fetched whole.
pub fn scim_program() -> Option<PathBuf> {
    fetched_program(&scim_folder(), "bin/scim2")
}

/// The folder of the SMTP server for tests, and of the list that says what it is made of; `venv` in it holds that.
pub fn smtp_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("smtp")
}

/// The Python that knows what the SMTP server is made of, where that was fetched whole.
pub fn smtp_program() -> Option<PathBuf> {
    fetched_program(&smtp_folder(), "bin/python")
}

/// The folder of the receiver of events for tests, and of the list that says what it is made of; `venv` in it holds that.
pub fn webhook_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("webhook")
}

/// The Python that knows what the receiver is made of, where that was fetched whole.
pub fn webhook_program() -> Option<PathBuf> {
    fetched_program(&webhook_folder(), "bin/python")
}

/// The rsyslog program.
pub(crate) fn rsyslog_program() -> Option<PathBuf> {
    ["/usr/sbin/rsyslogd", "/sbin/rsyslogd"].into_iter().map(PathBuf::from).find(|program| program.is_file())
}

/// OpenLDAP's server.
pub(crate) fn slapd_program() -> Option<PathBuf> {
    ["/usr/sbin/slapd", "/sbin/slapd"].into_iter().map(PathBuf::from).find(|program| program.is_file())
}

fn fetched_program(list: &Path, program: &str) -> Option<PathBuf> {
    let folder = list.join("venv");
    // Written last: an environment that was left half made is none.
    let whole =
        fs::read(folder.join("requirements.txt")).ok()? == fs::read(list.join("requirements.txt")).ok()?;
    whole.then(|| folder.join(program)).filter(|program| program.is_file())
}

/// The folder of the program that walks the console.
pub fn console_walk() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../console/e2e")
}

/// The folder of the OpenID provider for tests.
pub fn oidc_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oidc")
}

/// True if the test may go on. Otherwise says `SKIPPED: <name> (<reason>)` on standard error, past the
/// test runner's capture, and answers false. Prefer the [`needs!`](crate::needs) macro.
///
/// # Panics
/// If the server is missing and [`MUST_RUN`] is `1`: in CI a skip is a failure.
pub fn ready_to_run(name: &str, availability: &Availability) -> bool {
    let must_run = std::env::var(MUST_RUN).is_ok_and(|value| value == "1");
    match verdict(name, availability, must_run) {
        Verdict::Run => true,
        Verdict::Skip(line) => {
            let _ = writeln!(std::io::stderr(), "{line}");
            false
        }
        #[expect(clippy::panic, reason = "test-only: a skip where tests must run has to fail the test")]
        Verdict::Fail(line) => panic!("{line}"),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Run,
    Skip(String),
    Fail(String),
}

fn verdict(name: &str, availability: &Availability, must_run: bool) -> Verdict {
    match (availability, must_run) {
        (Availability::Present, _) => Verdict::Run,
        (Availability::Missing(reason), false) => Verdict::Skip(format!("SKIPPED: {name} ({reason})")),
        (Availability::Missing(reason), true) => {
            Verdict::Fail(format!("{name} ({reason}), and {MUST_RUN}=1 makes a skip a failure"))
        }
    }
}

/// Ends the calling test, loudly, unless the named servers can be started.
///
/// `needs!(postgres)` and `needs!(postgres, pgbouncer)` return `()`; `needs!(postgres => Ok(()))` returns
/// the given value. With `TENURE_TESTS_MUST_RUN=1` a missing server fails the test instead.
#[macro_export]
macro_rules! needs {
    ($($name:ident),+ $(,)?) => { $crate::needs!($($name),+ => ()) };
    ($($name:ident),+ => $otherwise:expr) => {
        $(
            if !$crate::ready_to_run(stringify!($name), &$crate::needs!(@availability $name)) {
                return $otherwise;
            }
        )+
    };
    (@availability postgres) => { $crate::postgres_available() };
    (@availability pgbouncer) => { $crate::pgbouncer_available() };
    (@availability sshd) => { $crate::sshd_available() };
    (@availability chromium) => { $crate::chromium_available() };
    (@availability oidc) => { $crate::oidc_available() };
    (@availability scim) => { $crate::scim_available() };
    (@availability smtp) => { $crate::smtp_available() };
    (@availability webhook) => { $crate::webhook_available() };
    (@availability rsyslog) => { $crate::rsyslog_available() };
    (@availability ldap) => { $crate::ldap_available() };
    (@availability journal) => { $crate::journal_available() };
}

/// The folder that holds every PostgreSQL program we need; the newest version wins.
pub(crate) fn postgres_folder() -> Option<PathBuf> {
    let mut versioned: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    versioned.sort();
    let versioned = versioned.into_iter().rev().map(|(_, folder)| folder);
    versioned.chain(search_path()).find(|folder| holds_all(folder))
}

/// The PgBouncer program.
pub(crate) fn pgbouncer_program() -> Option<PathBuf> {
    let system = ["/usr/sbin", "/usr/local/sbin"].into_iter().map(PathBuf::from);
    search_path().chain(system).map(|folder| folder.join("pgbouncer")).find(|program| program.is_file())
}

/// The SSH server; it starts itself again for each connection, and so must be named by its whole path.
pub(crate) fn sshd_program() -> Option<PathBuf> {
    let system = ["/usr/sbin", "/usr/local/sbin"].into_iter().map(PathBuf::from);
    system.chain(search_path()).map(|folder| folder.join("sshd")).find(|program| program.is_file())
}

fn start_refused() -> bool {
    !Path::new("/proc/self/stat").exists()
}

fn search_path() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// The first of these programs that is on PATH.
fn on_search_path(names: &[&str]) -> Option<PathBuf> {
    let folders: Vec<PathBuf> = search_path().collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
}

fn holds_all(folder: &Path) -> bool {
    POSTGRES_PROGRAMS.iter().all(|program| folder.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_skips_loudly_and_fails_where_tests_must_run() {
        let missing = Availability::Missing("not installed".to_owned());
        assert_eq!(verdict("postgres", &Availability::Present, true), Verdict::Run);
        assert_eq!(
            verdict("postgres", &missing, false),
            Verdict::Skip("SKIPPED: postgres (not installed)".to_owned())
        );
        assert_eq!(
            verdict("postgres", &missing, true),
            Verdict::Fail(
                "postgres (not installed), and TENURE_TESTS_MUST_RUN=1 makes a skip a failure".to_owned()
            )
        );
    }

    #[test]
    fn a_folder_with_only_some_programs_is_not_a_postgres() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("psql"), "").unwrap();
        assert!(!holds_all(folder.path()));
        for program in POSTGRES_PROGRAMS {
            fs::write(folder.path().join(program), "").unwrap();
        }
        assert!(holds_all(folder.path()));
    }
}
