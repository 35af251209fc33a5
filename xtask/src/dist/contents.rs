//! What lies where in the Debian package: the program, what it says of itself, and the files of `packaging/`.
//!
//! Everything the program can say (manual, completions) is asked of the very program that is packed. Paths are those of
//! Debian Policy, the systemd documentation and each shell. Next: `deb.rs`, which makes a package of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::deb::{Files, Package, PackedFile, compressed};
use super::release::Release;
use super::toolchain::Target;
use crate::stages::show;

/// Who answers for a package that nobody named a maintainer for; `.invalid` reaches nobody (RFC 2606).
const MAINTAINER: &str = "Tenure contributors <tenure@contributors.invalid>";

/// Scripts that dpkg runs, in `packaging/deb`.
const SCRIPTS: [&str; 3] = ["postinst", "prerm", "postrm"];

/// Completions: shell, and where Debian's packages put its scripts.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/tenure"),
    ("zsh", "usr/share/zsh/vendor-completions/_tenure"),
    ("fish", "usr/share/fish/vendor_completions.d/tenure.fish"),
];

/// Files of the repository: where they are, and where they go.
const FILES: [(&str, &str); 5] = [
    ("packaging/tenure.service", "usr/lib/systemd/system/tenure.service"),
    ("packaging/tenure.sysusers", "usr/lib/sysusers.d/tenure.conf"),
    ("packaging/tenure-host-survey.conf", "usr/share/doc/tenure/examples/tenure-host-survey.conf"),
    ("packaging/deb/copyright", "usr/share/doc/tenure/copyright"),
    ("docs/install.md", "usr/share/doc/tenure/install.md"),
];

/// What is packed, beside the files of the repository.
pub(super) struct Built<'a> {
    /// The program, where it lies and as bytes.
    pub(super) program: &'a Path,
    pub(super) bytes: Vec<u8>,
    /// The notices of what is linked into it.
    pub(super) notices: &'a str,
}

/// The package of this program.
pub(super) fn package(root: &Path, target: &Target, release: &Release, built: Built<'_>) -> Result<Package> {
    let mut files = said_by(built.program)?;
    for (from, to) in FILES {
        files.insert(to.to_owned(), PackedFile::plain(read(root, from)?));
    }
    let documents = [("changelog.gz", read(root, "CHANGELOG.md")?), ("notices.gz", built.notices.into())];
    for (name, content) in documents {
        files.insert(format!("usr/share/doc/tenure/{name}"), PackedFile::plain(compressed(&content)?));
    }
    files.insert("usr/bin/tenure".to_owned(), PackedFile::program(built.bytes));
    let mut scripts = Files::new();
    for script in SCRIPTS {
        let content = read(root, &format!("packaging/deb/{script}"))?;
        scripts.insert(script.to_owned(), PackedFile::program(content));
    }
    let description =
        String::from_utf8(read(root, "packaging/deb/description")?).context("reading the description")?;
    let fields = vec![
        ("Package", "tenure".to_owned()),
        ("Version", release.package_version.clone()),
        ("Architecture", target.debian.to_owned()),
        ("Maintainer", maintainer(|name| std::env::var(name).ok())),
        ("Section", "admin".to_owned()),
        ("Priority", "optional".to_owned()),
        // Certificates of sources are checked against the machine's authorities; accounts and units are systemd's.
        ("Recommends", "ca-certificates, systemd".to_owned()),
        ("Description", description.trim_end().to_owned()),
    ];
    Ok(Package { fields, scripts, files, epoch_seconds: release.epoch_seconds })
}

/// As Debian's own tools ask: DEBFULLNAME and DEBEMAIL.
fn maintainer(variable: impl Fn(&str) -> Option<String>) -> String {
    match (variable("DEBFULLNAME"), variable("DEBEMAIL")) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        _ => MAINTAINER.to_owned(),
    }
}

fn read(root: &Path, path: &str) -> Result<Vec<u8>> {
    fs::read(root.join(path)).with_context(|| format!("reading {path}"))
}

/// The manual and the completions.
fn said_by(program: &Path) -> Result<Files> {
    let mut files = Files::new();
    for (shell, place) in COMPLETIONS {
        let script = ask(program, &["completion".as_ref(), shell.as_ref()])?;
        files.insert(place.to_owned(), PackedFile::plain(script));
    }
    let manual = Scratch::beside(program, "manual")?;
    ask(program, &["man".as_ref(), manual.path().as_os_str()])?;
    for section in ["man1", "man7"] {
        let folder = manual.path().join(section);
        for entry in fs::read_dir(&folder).with_context(|| format!("reading the pages of {section}"))? {
            let page = entry?;
            let name = page.file_name().to_string_lossy().into_owned();
            let content = compressed(&fs::read(page.path())?)?;
            files.insert(format!("usr/share/man/{section}/{name}.gz"), PackedFile::plain(content));
        }
    }
    Ok(files)
}

/// What the program prints, run without anything of the caller's environment.
pub(super) fn ask(program: &Path, arguments: &[&std::ffi::OsStr]) -> Result<Vec<u8>> {
    let nowhere = Scratch::beside(program, "home")?;
    let mut command = Command::new(program);
    command.env_clear().env("HOME", nowhere.path()).args(arguments);
    let done = command.output().with_context(|| format!("starting `{}`", show(&command)))?;
    if !done.status.success() {
        bail!(
            "`{}` failed ({}): {}",
            show(&command),
            done.status,
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    Ok(done.stdout)
}

/// A folder that is gone when this value is.
pub(super) struct Scratch(std::path::PathBuf);

impl Scratch {
    /// In the folder of `file`, which is one of build output.
    pub(super) fn beside(file: &Path, name: &str) -> Result<Scratch> {
        let folder = file.with_file_name(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        Ok(Scratch(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("error: removing {}: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::repository;

    const TARGET: Target = Target { triple: "x86_64-unknown-linux-musl", debian: "amd64", machine: "x86_64" };

    /// Says what the program says, as far as a package needs it.
    const PROGRAM: &str = "#!/bin/sh
case \"$1\" in
    completion) echo \"complete in $2\";;
    man) mkdir -p \"$2/man1\" \"$2/man7\"; echo page > \"$2/man1/tenure.1\"; echo topic > \"$2/man7/tenure-keys.7\";;
    *) echo \"what is $1?\" >&2; exit 2;;
esac
";

    fn program(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("tenure");
        fs::write(&path, PROGRAM).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn packed(folder: &Path) -> Package {
        let release = Release {
            version: "0.1.0".to_owned(),
            package_version: "0.1.0~1".to_owned(),
            epoch_seconds: 1_700_000_000,
        };
        let program = program(folder);
        let built = Built { program: &program, bytes: b"program".to_vec(), notices: "notices" };
        package(&repository::root().unwrap(), &TARGET, &release, built).unwrap()
    }

    #[test]
    fn everything_lies_where_its_reader_looks() {
        let folder = tempfile::tempdir().unwrap();
        let package = packed(folder.path());
        let paths: Vec<&str> = package.files.keys().map(String::as_str).collect();
        assert_eq!(
            paths,
            [
                "usr/bin/tenure",
                "usr/lib/systemd/system/tenure.service",
                "usr/lib/sysusers.d/tenure.conf",
                "usr/share/bash-completion/completions/tenure",
                "usr/share/doc/tenure/changelog.gz",
                "usr/share/doc/tenure/copyright",
                "usr/share/doc/tenure/examples/tenure-host-survey.conf",
                "usr/share/doc/tenure/install.md",
                "usr/share/doc/tenure/notices.gz",
                "usr/share/fish/vendor_completions.d/tenure.fish",
                "usr/share/man/man1/tenure.1.gz",
                "usr/share/man/man7/tenure-keys.7.gz",
                "usr/share/zsh/vendor-completions/_tenure",
            ]
        );
        for (path, file) in &package.files {
            let expected = if path == "usr/bin/tenure" { 0o755 } else { 0o644 };
            assert_eq!(file.mode, expected, "{path}");
        }
        assert_eq!(package.files["usr/share/zsh/vendor-completions/_tenure"].content, b"complete in zsh\n");
        assert!(package.scripts.values().all(|script| script.mode == 0o755));
    }

    #[test]
    fn the_whole_package_is_the_same_at_every_making() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let bytes = packed(first.path()).bytes().unwrap();
        assert_eq!(bytes, packed(second.path()).bytes().unwrap());
        let left: Vec<_> =
            fs::read_dir(first.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["tenure"], "nothing is left of the making");
    }

    #[test]
    fn a_program_that_fails_is_told_with_its_words() {
        let folder = tempfile::tempdir().unwrap();
        let error = ask(&program(folder.path()), &["sing".as_ref()]).unwrap_err().to_string();
        assert_eq!(error, "`tenure sing` failed (exit status: 2): what is sing?");
    }

    #[test]
    fn the_maintainer_is_whoever_says_so_in_the_way_of_debian() {
        let said = |name: &str| match name {
            "DEBFULLNAME" => Some("A B".to_owned()),
            _ => Some("ab@example.invalid".to_owned()),
        };
        assert_eq!(maintainer(said), "A B <ab@example.invalid>");
        assert_eq!(maintainer(|_| None), MAINTAINER);
    }
}
