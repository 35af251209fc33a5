//! Having the servers that live tests need, installing them where that is allowed.
//!
//! Only on Debian and as root, and only packages that are missing; every command is shown. A package's own
//! server is never started: while packages are installed a policy file (invoke-rc.d's `policy-rc.d`)
//! forbids it, unless the machine has a policy of its own, and afterwards the new services are disabled.
//! Live tests start private servers instead. The browser that walks the console counts as a server here,
//! and so do systemd's programs for journal files.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use tenure_testbed::{
    Availability, chromium_available, chromium_program, console_walk, journal_available, ldap_available,
    node_program, oidc_available, oidc_folder, pgbouncer_available, postgres_available, python_program,
    rsyslog_available, scim_available, scim_folder, scim_program, smtp_available, smtp_folder, smtp_program,
    sshd_available, webhook_available, webhook_folder, webhook_program,
};

use crate::stages::{must_succeed, show, works};

/// Whether a missing server may be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Installing {
    Allowed,
    Forbidden,
}

/// What to do about a test that cannot run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skipping {
    /// Say so and go on.
    Allowed,
    /// As in CI: it is a failure.
    IsFailure,
}

struct Needed {
    name: &'static str,
    packages: fn() -> Vec<&'static str>,
    /// The service that its package would start.
    service: Option<&'static str>,
    look: fn() -> Availability,
}

const NEEDED: [Needed; 11] = [
    Needed {
        name: "postgres",
        packages: || vec!["postgresql"],
        service: Some("postgresql"),
        look: postgres_available,
    },
    Needed {
        name: "pgbouncer",
        packages: || vec!["pgbouncer"],
        service: Some("pgbouncer"),
        look: pgbouncer_available,
    },
    Needed { name: "sshd", packages: || vec!["openssh-server"], service: Some("ssh"), look: sshd_available },
    Needed { name: "chromium", packages: browser_packages, service: None, look: chromium_available },
    Needed { name: "oidc", packages: node_packages, service: None, look: oidc_available },
    Needed { name: "scim", packages: python_packages, service: None, look: scim_available },
    Needed { name: "smtp", packages: python_packages, service: None, look: smtp_available },
    Needed { name: "webhook", packages: python_packages, service: None, look: webhook_available },
    Needed {
        name: "rsyslog",
        packages: || vec!["rsyslog", "rsyslog-gnutls"],
        service: Some("rsyslog"),
        look: rsyslog_available,
    },
    Needed {
        name: "ldap",
        packages: || vec!["slapd", "ldap-utils"],
        service: Some("slapd"),
        look: ldap_available,
    },
    // It starts nothing: its socket is off until somebody enables it.
    Needed {
        name: "journal",
        packages: || vec!["systemd-journal-remote"],
        service: None,
        look: journal_available,
    },
];

/// What is lacking of the browser, and of Node.js, which drives it.
fn browser_packages() -> Vec<&'static str> {
    let mut lacking = node_packages();
    if chromium_program().is_none() {
        lacking.push("chromium");
    }
    lacking
}

/// What is lacking of Node.js, which also runs an OpenID provider.
fn node_packages() -> Vec<&'static str> {
    let lacking =
        [("nodejs", node_program().is_none()), ("npm", !works(Command::new("npm").arg("--version")))];
    lacking.into_iter().filter(|(_, lacks)| *lacks).map(|(package, _)| package).collect()
}

/// What is lacking of Python, which runs the SCIM tester in an environment of its own.
fn python_packages() -> Vec<&'static str> {
    let lacks = !works(Command::new("python3").args(["-m", "ensurepip", "--version"]));
    if lacks { vec!["python3", "python3-venv"] } else { Vec::new() }
}

/// Debian's switch for services at boot, for systemd and for others (update-rc.d(8)).
const UPDATE_RC: &str = "/usr/sbin/update-rc.d";

const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Tells our own policy file from one of the machine's.
const POLICY_TEXT: &str = "#!/bin/sh\n# Placed by `cargo xtask test` while it installs packages.\nexit 101\n";

/// Makes the servers available if it may. Answers the lines that say what will be skipped.
pub(crate) fn ensure(installing: Installing, skipping: Skipping) -> Result<Vec<String>> {
    let missing: Vec<&Needed> =
        NEEDED.iter().filter(|needed| (needed.look)() != Availability::Present).collect();
    if !missing.is_empty() && installing == Installing::Allowed && may_install() {
        install(&missing)?;
    }
    if installing == Installing::Allowed {
        fetch_packages()?;
        fetch_with_python("scim", &scim_folder(), scim_program())?;
        fetch_with_python("smtp", &smtp_folder(), smtp_program())?;
        fetch_with_python("webhook", &webhook_folder(), webhook_program())?;
    }
    let skipped = skipped(NEEDED.iter().map(|needed| (needed.name, (needed.look)())));
    for line in &skipped {
        println!("   {line}");
    }
    for needed in &NEEDED {
        if (needed.look)() == Availability::Present {
            println!("   {}: present", needed.name);
        }
    }
    if skipping == Skipping::IsFailure && !skipped.is_empty() {
        bail!("with CI set a skip is a failure: {}", skipped.join(", "));
    }
    Ok(skipped)
}

fn skipped(looked: impl Iterator<Item = (&'static str, Availability)>) -> Vec<String> {
    looked
        .filter_map(|(name, availability)| match availability {
            Availability::Present => None,
            Availability::Missing(reason) => Some(format!("SKIPPED: {name} ({reason})")),
        })
        .collect()
}

/// Debian or a child of it, and root.
fn may_install() -> bool {
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    is_root && Path::new("/etc/debian_version").exists() && Path::new("/usr/bin/apt-get").exists()
}

fn install(missing: &[&Needed]) -> Result<()> {
    let packages: Vec<&str> = missing.iter().flat_map(|needed| (needed.packages)()).collect();
    if packages.is_empty() {
        return Ok(());
    }
    println!("   installing {} with apt-get; their own services stay off", packages.join(" and "));
    let _policy = Policy::place(Path::new(POLICY))?;
    must_succeed(apt_get().args(["update", "-qq"]))?;
    must_succeed(apt_get().args(["install", "-y", "-qq", "--no-install-recommends"]).args(&packages))?;
    // A package enables its service for the next start of the machine; nobody asked for that here.
    let mut services = missing.iter().filter_map(|needed| needed.service);
    services.try_for_each(|service| must_succeed(Command::new(UPDATE_RC).args([service, "disable"])))
}

/// Fetches what the walk through the console and the OpenID provider are made of, as their lock files say, once. Nothing
/// that is fetched is run by fetching it. Without a network what needs them is skipped, and that is said.
fn fetch_packages() -> Result<()> {
    let npm = works(Command::new("npm").arg("--version"));
    let wanted = [
        (console_walk(), "axe-core", chromium_program().is_some()),
        (oidc_folder(), "oidc-provider", node_program().is_some()),
    ];
    for (folder, package, is_of_use) in wanted {
        let lacks = !folder.join("node_modules").join(package).is_dir();
        if !lacks || !is_of_use || !npm {
            continue;
        }
        let mut fetch = Command::new("npm");
        fetch.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
        println!("   $ {}", show(&fetch));
        if !fetch.status().context("starting `npm`")?.success() {
            println!("   it could not be fetched; what needs {package} is skipped");
        }
    }
    Ok(())
}

/// Makes the environment beside a list of hashes as that says, once; wheels only, so that nothing of it runs by
/// being fetched. Without a network what needs it is skipped, and that is said.
fn fetch_with_python(name: &str, list: &Path, made: Option<PathBuf>) -> Result<()> {
    let (Some(python), None) = (python_program(), made) else { return Ok(()) };
    let (folder, wanted) = (list.join("venv"), list.join("requirements.txt"));
    let mut make = Command::new(python);
    make.args(["-m", "venv", "--clear"]).arg(&folder);
    let mut fetch = Command::new(folder.join("bin/pip"));
    fetch.args(["install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
    fetch.args(["--require-hashes", "--no-deps", "-r"]).arg(&wanted);
    for command in [&mut make, &mut fetch] {
        println!("   $ {}", show(command));
        if !command.status().is_ok_and(|status| status.success()) {
            println!("   it could not be fetched; what needs {name} is skipped");
            return Ok(());
        }
    }
    fs::copy(&wanted, folder.join("requirements.txt"))
        .with_context(|| format!("saying that `{name}` is whole"))?;
    Ok(())
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// The file that forbids packages to start servers, for as long as this value lives.
#[derive(Debug)]
struct Policy {
    /// `None` if the machine has a policy of its own, which stays as it is.
    placed: Option<PathBuf>,
}

impl Policy {
    fn place(path: &Path) -> Result<Policy> {
        match fs::read_to_string(path) {
            // Left by a run that was killed: ours to use and to remove.
            Ok(text) if text == POLICY_TEXT => return Ok(Policy { placed: Some(path.to_path_buf()) }),
            Ok(_) => return Ok(Policy { placed: None }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
        }
        let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(path);
        let mut file = opened.with_context(|| format!("creating {}", path.display()))?;
        let placed = Policy { placed: Some(path.to_path_buf()) };
        file.write_all(POLICY_TEXT.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
        // The umask may have taken the right to execute it, without which it would forbid nothing.
        file.set_permissions(fs::Permissions::from_mode(0o755)).context("making the policy executable")?;
        Ok(placed)
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if let Some(path) = &self.placed
            && let Err(error) = fs::remove_file(path)
        {
            eprintln!("error: removing {}: {error}; remove it by hand", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("xtask-policy-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        path
    }

    #[test]
    fn the_policy_forbids_while_it_lives_and_is_gone_afterwards() {
        let path = scratch("own");
        let policy = Policy::place(&path).unwrap();
        let status = Command::new(&path).args(["postgresql", "start"]).status().unwrap();
        assert_eq!(status.code(), Some(101), "101 means: action not allowed");
        drop(policy);
        assert!(!path.exists());
    }

    #[test]
    fn a_policy_of_the_machine_stays_and_one_left_by_us_goes() {
        let path = scratch("theirs");
        fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
        drop(Policy::place(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\nexit 0\n");
        fs::write(&path, POLICY_TEXT).unwrap();
        drop(Policy::place(&path).unwrap());
        assert!(!path.exists());
    }

    #[test]
    fn what_is_missing_is_said_in_the_words_tests_use() {
        let missing = Availability::Missing("not installed".to_owned());
        let looked = [("postgres", missing), ("pgbouncer", Availability::Present)];
        assert_eq!(skipped(looked.into_iter()), ["SKIPPED: postgres (not installed)"]);
    }
}
