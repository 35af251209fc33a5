//! The files of this repository, read once, and the crates among them.
//!
//! The file set is Git's: tracked files and new ones that are not ignored. Without Git (a source archive)
//! the folder is walked instead. Nothing is written here; rules get a `Repository` and answer findings.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::rust_text::{self, Piece};

/// One text file.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Relative to the repository, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Empty unless it is Rust.
    pub(crate) pieces: Vec<Piece>,
}

impl SourceFile {
    pub(crate) fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// Whether the whole file is test code: integration tests, benches, fuzz targets.
    pub(crate) fn is_test(&self) -> bool {
        ["tests", "benches", "fuzz", "e2e"].iter().any(|folder| self.path.split('/').any(|p| p == *folder))
            || self.path.ends_with("/tests.rs")
    }

    /// Whether a person wrote it.
    pub(crate) fn is_generated(&self) -> bool {
        self.path.split('/').any(|part| part == "generated" || part == "snapshots")
    }
}

/// One workspace member.
#[derive(Debug)]
pub(crate) struct Room {
    pub(crate) name: String,
    /// Relative to the repository, without a slash at the end.
    pub(crate) folder: String,
    pub(crate) manifest: toml::Table,
}

impl Room {
    pub(crate) fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

/// Everything a rule may look at.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(crate) files: Vec<SourceFile>,
    /// Paths of all files, also of those that are not text.
    pub(crate) paths: BTreeSet<String>,
    pub(crate) rooms: Vec<Room>,
}

/// Lines up to which a crate of one file counts as not begun.
const STUB_LINES_MAX: usize = 5;

impl Repository {
    /// Reads the repository at `root`.
    pub(crate) fn read(root: &Path) -> Result<Repository> {
        let paths = listed(root)?;
        let texts = paths.iter().filter_map(|path| {
            let bytes = fs::read(root.join(path)).ok()?;
            Some((path.clone(), String::from_utf8(bytes).ok()?))
        });
        Repository::from_texts(paths.clone(), texts.collect())
    }

    fn from_texts(paths: BTreeSet<String>, texts: Vec<(String, String)>) -> Result<Repository> {
        let files: Vec<SourceFile> = texts
            .into_iter()
            .map(|(path, text)| {
                let pieces = if has_extension(&path, "rs") { rust_text::read(&text) } else { Vec::new() };
                SourceFile { path, text, pieces }
            })
            .collect();
        let rooms = files.iter().filter_map(room).collect::<Result<Vec<_>>>()?;
        Ok(Repository { files, paths, rooms })
    }

    /// A repository of the given paths and texts.
    #[cfg(test)]
    pub(crate) fn of(texts: &[(&str, &str)]) -> Repository {
        let texts: Vec<_> =
            texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
        let paths = texts.iter().map(|(path, _)| path.clone()).collect();
        Repository::from_texts(paths, texts).expect("the manifests of a test are well-formed")
    }

    pub(crate) fn rust_files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.is_rust())
    }

    pub(crate) fn file(&self, path: &str) -> Option<&SourceFile> {
        self.files.iter().find(|file| file.path == path)
    }

    /// The Rust files of one crate.
    pub(crate) fn rust_files_of<'a>(&'a self, room: &'a Room) -> impl Iterator<Item = &'a SourceFile> {
        self.rust_files().filter(|file| is_inside(&file.path, &room.folder))
    }

    /// Whether a crate is announced in the workspace and nothing of it is written yet.
    pub(crate) fn is_stub(&self, name: &str) -> bool {
        let Some(room) = self.rooms.iter().find(|room| room.name == name) else { return true };
        let lengths: Vec<usize> = self.rust_files_of(room).map(|file| file.text.lines().count()).collect();
        lengths.len() <= 1 && lengths.iter().sum::<usize>() <= STUB_LINES_MAX
    }
}

/// Whether `path` lies inside `folder`.
pub(crate) fn is_inside(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// The folder that holds the workspace: two up from this crate's sources, wherever it is called from.
pub(crate) fn root() -> Result<PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = manifest.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let root = root.map_or_else(std::env::current_dir, Ok).context("finding the repository")?;
    if !root.join("Cargo.toml").is_file() || !root.join("xtask").is_dir() {
        bail!("{} is not the repository: call this as `cargo xtask`", root.display());
    }
    Ok(root)
}

fn room(file: &SourceFile) -> Option<Result<Room>> {
    let folder = file.path.strip_suffix("/Cargo.toml")?;
    let manifest: toml::Table = match toml::from_str(&file.text) {
        Ok(manifest) => manifest,
        Err(error) => return Some(Err(error).with_context(|| format!("reading {}", file.path))),
    };
    let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
    Some(Ok(Room { name, folder: folder.to_owned(), manifest }))
}

fn listed(root: &Path) -> Result<BTreeSet<String>> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listing = git.output().ok().filter(|output| output.status.success());
    let Some(output) = listing else { return walked(root) };
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(names.split_terminator('\0').filter(|name| root.join(name).is_file()).map(str::to_owned).collect())
}

fn walked(root: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let name = relative.to_string_lossy().replace('\\', "/");
            if name == "target" || name == ".git" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(name);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_a_folder_whose_manifest_names_a_package() {
        let repository = Repository::of(&[
            ("Cargo.toml", "[workspace]\n"),
            ("crates/a/Cargo.toml", "[package]\nname = \"tenure-a\"\n"),
            ("crates/a/src/lib.rs", "//! Under construction.\n"),
            ("docs/Cargo.toml", "[workspace]\n"),
        ]);
        let names: Vec<&str> = repository.rooms.iter().map(|room| room.name.as_str()).collect();
        assert_eq!(names, ["tenure-a"]);
        assert!(repository.is_stub("tenure-a"));
    }

    #[test]
    fn a_crate_with_code_is_no_stub() {
        let code = "//! A.\n//! B.\n//! C.\nfn a() {}\nfn b() {}\nfn c() {}\n";
        let repository = Repository::of(&[
            ("crates/a/Cargo.toml", "[package]\nname = \"tenure-a\"\n"),
            ("crates/a/src/lib.rs", code),
        ]);
        assert!(!repository.is_stub("tenure-a"));
    }

    #[test]
    fn without_git_the_folder_is_walked_past_build_output() {
        let root = walked(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(root.contains("src/repository.rs"));
        assert!(!root.iter().any(|path| path.starts_with("target/")));
    }
}
