//! Traces of the machine that built something: its folders, in a program or a file that others will get.
//!
//! A path of a build machine tells strangers who built it and where, and makes two machines' builds differ. The
//! compilers are told to write other folders in their place (`renamed`); `must_have_none` is the canary that they did.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A folder of this machine, and what stands for it in what is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Renaming {
    from: PathBuf,
    to: &'static str,
}

/// Folders that a build names in what it makes. Of two that match, compilers take the later one.
pub(super) fn renamed(root: &Path, target: &Path, cargo_home: &Path) -> Vec<Renaming> {
    let mut all = vec![Renaming { from: cargo_home.to_path_buf(), to: "/cargo" }];
    // The folder of a registry bears a number that depends on where it was downloaded from.
    all.extend(registries(cargo_home).into_iter().map(|from| Renaming { from, to: "/cargo/registry" }));
    all.push(Renaming { from: target.to_path_buf(), to: "/tenure/target" });
    all.push(Renaming { from: root.to_path_buf(), to: "/tenure" });
    all
}

fn registries(cargo_home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(cargo_home.join("registry/src"));
    let mut found: Vec<PathBuf> =
        entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    found
}

impl Renaming {
    /// As an argument of a compiler, after `option`.
    pub(super) fn argument(&self, option: &str) -> OsString {
        let mut argument = OsString::from(option);
        argument.extend(["=".as_ref(), self.from.as_os_str(), "=".as_ref(), self.to.as_ref()]);
        argument
    }

    /// The folder that must not be named.
    pub(super) fn folder(&self) -> &Path {
        &self.from
    }
}

/// Folders that nothing may name, beside those that are renamed: the caller's home and toolchains.
///
/// The home of root is left out. Every machine has that one, it tells nobody anything, and a program that reads machines
/// names it.
pub(super) fn private(home: Option<PathBuf>, rustup_home: Option<PathBuf>) -> Vec<PathBuf> {
    let toolchains = rustup_home.or_else(|| home.as_ref().map(|home| home.join(".rustup")));
    home.into_iter().filter(|home| home != Path::new("/root")).chain(toolchains).collect()
}

/// Refuses `content` if it names one of these folders, or something in one.
pub(super) fn must_have_none(what: &str, content: &[u8], folders: &[PathBuf]) -> Result<()> {
    for folder in folders {
        let name = folder.as_os_str().as_encoded_bytes();
        // `/` and its like stand in every program.
        if name.len() < 2 {
            continue;
        }
        if let Some(at) = position(content, name) {
            let around = content.get(at..).unwrap_or_default();
            let end = around.iter().position(|byte| !byte.is_ascii_graphic()).unwrap_or(around.len());
            let shown = String::from_utf8_lossy(around.get(..end.min(160)).unwrap_or_default());
            bail!("{what} names a folder of this machine: `{shown}`");
        }
    }
    Ok(())
}

/// Where `name` stands as a folder: followed by a separator or by the end of the word.
fn position(content: &[u8], name: &[u8]) -> Option<usize> {
    let first = *name.first()?;
    let mut from = 0;
    while let Some(found) = content.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + found;
        let after = content.get(at..)?.strip_prefix(name);
        let ends = |rest: &[u8]| {
            !rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        };
        if after.is_some_and(ends) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(content: &[u8]) -> String {
        let folders = ["/", "/srv/build/tenure", "/srv/cargo"].map(PathBuf::from);
        must_have_none("it", content, &folders)
            .map_or_else(|error| error.to_string(), |()| String::from("none"))
    }

    #[test]
    fn a_planted_path_is_found_and_shown() {
        let planted = b"\x7fELF\0\0/srv/build/tenure/src/main.rs\0rest";
        assert_eq!(said(planted), "it names a folder of this machine: `/srv/build/tenure/src/main.rs`");
        assert_eq!(said(b"at /srv/cargo"), "it names a folder of this machine: `/srv/cargo`");
    }

    #[test]
    fn other_paths_are_none_of_its_concern() {
        assert_eq!(said(b"/tenure/src/main.rs /srv/build/tenured/x /srv/cargo-home /usr/lib"), "none");
    }

    #[test]
    fn a_persons_home_and_the_toolchains_are_private_and_the_home_of_root_is_everywhere() {
        let of = |home: &str| private(Some(PathBuf::from(home)), None);
        assert_eq!(of("/srv/dana"), ["/srv/dana", "/srv/dana/.rustup"].map(PathBuf::from));
        assert_eq!(of("/root"), [PathBuf::from("/root").join(".rustup")]);
        assert_eq!(private(None, Some(PathBuf::from("/opt/rust"))), [PathBuf::from("/opt/rust")]);
    }

    #[test]
    fn a_compiler_is_told_the_folders_in_order_of_precedence() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("registry/src/mirror-0123")).unwrap();
        let all = renamed(Path::new("/srv/tenure"), Path::new("/srv/tenure/target"), home.path());
        let told: Vec<String> =
            all.iter().map(|one| one.argument("--remap-path-prefix").into_string().unwrap()).collect();
        let home = home.path().display();
        assert_eq!(
            told,
            [
                format!("--remap-path-prefix={home}=/cargo"),
                format!("--remap-path-prefix={home}/registry/src/mirror-0123=/cargo/registry"),
                "--remap-path-prefix=/srv/tenure/target=/tenure/target".to_owned(),
                "--remap-path-prefix=/srv/tenure=/tenure".to_owned(),
            ]
        );
    }
}
