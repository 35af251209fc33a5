//! What is being packed: which version, of which commit, and the one time that everything in a package bears.
//!
//! The time is SOURCE_DATE_EPOCH where it is set (reproducible-builds.org, "SOURCE_DATE_EPOCH specification"),
//! and otherwise the commit's: never the clock's, because two runs must give the same bytes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The variable that every tool for reproducible builds understands.
const EPOCH_VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// Letters of a commit's id that a version holds.
const COMMIT_LETTERS: usize = 10;

/// What is being packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Release {
    /// What the program says of itself, such as `0.1.0`.
    pub(super) version: String,
    /// The same for dpkg, which must tell two states of the main branch apart.
    pub(super) package_version: String,
    /// Seconds since 1970 that every file bears.
    pub(super) epoch_seconds: u64,
}

/// What Git knows of the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Commit {
    id: String,
    epoch_seconds: u64,
    /// `20261122060301`, in UTC.
    stamp: String,
    is_tagged: bool,
    is_changed: bool,
}

impl Release {
    /// Of the repository at `root`.
    pub(super) fn read(root: &Path) -> Result<Release> {
        let epoch = std::env::var(EPOCH_VARIABLE).ok();
        let version = version(root)?;
        let commit = Commit::read(root, &version)?;
        Release::of(version, commit.as_ref(), epoch.as_deref())
    }

    fn of(version: String, commit: Option<&Commit>, epoch: Option<&str>) -> Result<Release> {
        let given = match epoch {
            Some(text) => Some(text.parse().with_context(|| {
                format!("{EPOCH_VARIABLE} is `{text}`, and not a number of seconds since 1970")
            })?),
            None => None,
        };
        let Some(epoch_seconds) = given.or(commit.map(|commit| commit.epoch_seconds)) else {
            bail!("no commit says of when this is; set {EPOCH_VARIABLE} to seconds since 1970");
        };
        let package_version =
            commit.map_or_else(|| version.clone(), |commit| commit.package_version(&version));
        Ok(Release { version, package_version, epoch_seconds })
    }
}

impl Commit {
    /// `None` where there is no Git, as in a source archive.
    fn read(root: &Path, version: &str) -> Result<Option<Commit>> {
        let Some(said) = git(root, &["log", "-1", "--date=format-local:%Y%m%d%H%M%S", "--format=%H %ct %cd"])
        else {
            return Ok(None);
        };
        let mut words = said.split_whitespace();
        let (Some(id), Some(seconds), Some(stamp)) = (words.next(), words.next(), words.next()) else {
            bail!("git describes the commit as `{said}`, which is not understood");
        };
        let tags = git(root, &["tag", "--points-at", "HEAD"]).unwrap_or_default();
        let changes = git(root, &["status", "--porcelain", "--untracked-files=no"]).unwrap_or_default();
        Ok(Some(Commit {
            id: id.chars().take(COMMIT_LETTERS).collect(),
            epoch_seconds: seconds.parse().context("reading the time of the commit")?,
            stamp: stamp.to_owned(),
            is_tagged: tags.lines().any(|tag| tag.strip_prefix('v') == Some(version)),
            is_changed: !changes.trim().is_empty(),
        }))
    }

    /// A tilde sorts before nothing (deb-version(7)): what comes before 0.1.0 is older than 0.1.0, and in order.
    fn package_version(&self, version: &str) -> String {
        let changed = if self.is_changed { "+changed" } else { "" };
        if self.is_tagged {
            format!("{version}{changed}")
        } else {
            format!("{version}~{}.{}{changed}", self.stamp, self.id)
        }
    }
}

fn git(root: &Path, arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").current_dir(root).env("TZ", "UTC").args(arguments).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).trim().to_owned())
}

/// The workspace's version.
fn version(root: &Path) -> Result<String> {
    let text = std::fs::read_to_string(root.join("Cargo.toml")).context("reading Cargo.toml")?;
    let manifest: toml::Table = toml::from_str(&text).context("reading Cargo.toml")?;
    let package = manifest.get("workspace").and_then(|workspace| workspace.get("package"));
    let version = package.and_then(|package| package.get("version")?.as_str());
    Ok(version.context("Cargo.toml names no version of the workspace")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit() -> Commit {
        Commit {
            id: "0123456789".to_owned(),
            epoch_seconds: 1_700_000_000,
            stamp: "20231114221320".to_owned(),
            is_tagged: false,
            is_changed: false,
        }
    }

    #[test]
    fn every_state_of_the_main_branch_has_a_version_of_its_own_below_the_release() {
        let of =
            |commit: Commit| Release::of("0.1.0".to_owned(), Some(&commit), None).unwrap().package_version;
        assert_eq!(of(commit()), "0.1.0~20231114221320.0123456789");
        assert_eq!(of(Commit { is_changed: true, ..commit() }), "0.1.0~20231114221320.0123456789+changed");
        assert_eq!(of(Commit { is_tagged: true, ..commit() }), "0.1.0");
    }

    #[test]
    fn the_time_is_the_one_that_was_given_or_the_commits_and_never_the_clocks() {
        let at = |commit: Option<&Commit>, epoch: Option<&str>| {
            let release = Release::of("0.1.0".to_owned(), commit, epoch);
            release.map(|release| release.epoch_seconds).map_err(|error| error.to_string())
        };
        assert_eq!(at(Some(&commit()), None), Ok(1_700_000_000));
        assert_eq!(at(Some(&commit()), Some("7")), Ok(7));
        assert_eq!(at(None, Some("7")), Ok(7));
        let without = "no commit says of when this is; set SOURCE_DATE_EPOCH to seconds since 1970";
        assert_eq!(at(None, None), Err(without.to_owned()));
        let wrong = "SOURCE_DATE_EPOCH is `soon`, and not a number of seconds since 1970";
        assert_eq!(at(None, Some("soon")), Err(wrong.to_owned()));
    }

    #[test]
    fn this_repository_says_what_it_is() {
        let release = Release::read(&crate::repository::root().unwrap()).unwrap();
        assert_eq!(release.version, env!("CARGO_PKG_VERSION"));
        assert!(release.package_version.starts_with(&release.version));
    }
}
