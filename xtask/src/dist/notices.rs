//! The notices of everything that is linked into the program: what its licences ask whoever hands it on to include.
//!
//! Cargo says what is linked; the texts are those that came with each library. They go into what is built and never into
//! this repository. A library that brings no text is named with its licence.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Beginnings of the names of files that hold a licence or a notice, in capitals.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// A library that is linked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Library {
    /// Such as `bytes 1.12.0`.
    name: String,
    licence: String,
    folder: String,
}

/// What `cargo metadata` says is linked into `program`, without our own crates, by name.
pub(super) fn linked(metadata: &Value, program: &str) -> Result<Vec<Library>> {
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> =
        list(metadata, "packages").into_iter().map(|package| (text(&package, "id"), package)).collect();
    let resolve = metadata.get("resolve").context("cargo says nothing of dependencies")?;
    let nodes: BTreeMap<String, Value> =
        list(resolve, "nodes").into_iter().map(|node| (text(&node, "id"), node)).collect();

    let is_ours = |package: &Value| package.get("source").is_none_or(Value::is_null);
    let root = packages.iter().find(|(_, package)| is_ours(package) && text(package, "name") == program);
    let Some((root, _)) = root else { bail!("cargo knows no program `{program}`") };
    let mut ahead = vec![root.clone()];
    let mut seen = BTreeSet::new();
    let mut libraries = BTreeSet::new();
    while let Some(id) = ahead.pop() {
        let package = packages.get(&id).with_context(|| format!("cargo does not describe `{id}`"))?;
        // A macro runs in the compiler: neither it nor what it uses is in the program.
        if runs_in_the_compiler(package) || !seen.insert(id.clone()) {
            continue;
        }
        if !is_ours(package) {
            let manifest = text(package, "manifest_path");
            libraries.insert(Library {
                name: format!("{} {}", text(package, "name"), text(package, "version")),
                licence: text(package, "license"),
                folder: Path::new(&manifest).parent().unwrap_or(Path::new("")).display().to_string(),
            });
        }
        let dependencies = nodes.get(&id).map(|node| list(node, "deps")).unwrap_or_default();
        ahead.extend(dependencies.iter().filter(|edge| is_linked(edge)).map(|edge| text(edge, "pkg")));
    }
    Ok(libraries.into_iter().collect())
}

fn runs_in_the_compiler(package: &Value) -> bool {
    let targets = package.get("targets").and_then(Value::as_array).into_iter().flatten();
    let kinds = targets.filter_map(|target| target.get("kind")?.as_array()).flatten();
    kinds.filter_map(Value::as_str).any(|kind| kind == "proc-macro")
}

/// Whether a dependency is one of the program, and not only of its build or its tests: those have a kind.
fn is_linked(edge: &Value) -> bool {
    let kinds = edge.get("dep_kinds").and_then(Value::as_array).into_iter().flatten();
    kinds.filter_map(|kind| kind.get("kind")).any(Value::is_null)
}

/// What is linked and is no library of Cargo's.
pub(super) struct Base {
    name: &'static str,
    licence: &'static str,
    /// Where its text is, where whoever installed it put one.
    text: PathBuf,
}

/// The standard library and the C library that a static program holds.
pub(super) fn bases() -> Result<[Base; 2]> {
    let done =
        Command::new("rustc").args(["--print", "sysroot"]).output().context("asking rustc where it is")?;
    let sysroot = String::from_utf8_lossy(&done.stdout).trim().to_owned();
    Ok([
        Base {
            name: "the Rust standard library (https://www.rust-lang.org)",
            licence: "MIT OR Apache-2.0",
            text: Path::new(&sysroot).join("share/doc/rust/COPYRIGHT-library.html"),
        },
        Base {
            name: "musl (https://musl.libc.org)",
            licence: "MIT",
            text: PathBuf::from("/usr/share/doc/musl/copyright"),
        },
    ])
}

/// One document: which libraries there are, then each text once, with the libraries it came with.
pub(super) fn document(libraries: &[Library], bases: &[Base]) -> Result<String> {
    let mut texts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut without = BTreeSet::new();
    for library in libraries {
        let found = texts_in(Path::new(&library.folder))?;
        if found.is_empty() {
            without.insert(library.name.as_str());
        }
        for text in found {
            texts.entry(text).or_default().insert(&library.name);
        }
    }
    let mut all =
        String::from("Tenure is made with these libraries, under the licences named beside them:\n\n");
    for library in libraries {
        let licence = if library.licence.is_empty() { "see its text below" } else { &library.licence };
        let note =
            if without.contains(library.name.as_str()) { "; it brings no text of its own" } else { "" };
        writeln!(all, "  {}: {licence}{note}", library.name)?;
    }
    for base in bases {
        writeln!(all, "  {}: {}", base.name, base.licence)?;
    }
    let mut by_library: Vec<(Vec<&str>, &String)> =
        texts.iter().map(|(text, names)| (names.iter().copied().collect(), text)).collect();
    by_library.sort();
    let line = "-".repeat(80);
    for (names, text) in by_library {
        writeln!(all, "\n{line}\nFrom {}:\n\n{}", names.join(", "), text.trim_end())?;
    }
    for base in bases {
        if let Ok(text) = fs::read_to_string(&base.text) {
            writeln!(all, "\n{line}\nFrom {}:\n\n{}", base.name, text.trim_end())?;
        }
    }
    Ok(all)
}

/// The licences and notices beside a library's manifest, in the order of their names.
fn texts_in(folder: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut found = BTreeMap::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_uppercase();
        if NAMES.iter().any(|begin| name.starts_with(begin)) && path.is_file() {
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            found.insert(name, String::from_utf8_lossy(&bytes).replace("\r\n", "\n"));
        }
    }
    Ok(found.into_values().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn package(name: &str, source: Option<&str>, folder: &str, kind: &str) -> Value {
        json!({
            "id": name, "name": name, "version": "1.0.0", "license": "MIT", "source": source,
            "manifest_path": format!("{folder}/Cargo.toml"), "targets": [{ "kind": [kind] }],
        })
    }

    fn edge(to: &str, kind: Option<&str>) -> Value {
        json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] })
    }

    #[test]
    fn what_is_linked_is_found_and_what_only_builds_or_tests_is_not() {
        let registry = Some("registry");
        let metadata = json!({
            "packages": [
                package("tenure", None, "/t", "bin"),
                package("room", None, "/r", "lib"),
                package("linked", registry, "/l", "lib"),
                package("builds", registry, "/b", "lib"),
                package("macro", registry, "/m", "proc-macro"),
                package("of-macro", registry, "/o", "lib"),
            ],
            "resolve": { "nodes": [
                { "id": "tenure", "deps": [edge("room", None), edge("builds", Some("build")), edge("macro", None)] },
                { "id": "room", "deps": [edge("linked", None), edge("tenure", Some("dev"))] },
                { "id": "macro", "deps": [edge("of-macro", None)] },
            ] },
        });
        let names: Vec<String> =
            linked(&metadata, "tenure").unwrap().into_iter().map(|library| library.name).collect();
        assert_eq!(names, ["linked 1.0.0"]);
        let error = linked(&metadata, "other").unwrap_err().to_string();
        assert_eq!(error, "cargo knows no program `other`");
    }

    #[test]
    fn each_text_stands_once_and_a_library_without_one_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let library = |name: &str, text: Option<&str>| {
            let place = folder.path().join(name);
            fs::create_dir(&place).unwrap();
            fs::write(place.join("lib.rs"), "no licence").unwrap();
            if let Some(text) = text {
                fs::write(place.join("LICENSE-MIT"), text).unwrap();
            }
            Library {
                name: format!("{name} 1.0.0"),
                licence: "MIT".to_owned(),
                folder: place.display().to_string(),
            }
        };
        let libraries =
            [library("a", Some("the text\r\n")), library("b", Some("the text\n")), library("c", None)];
        let text = folder.path().join("copyright");
        fs::write(&text, "text of the base\n").unwrap();
        let bases = [Base { name: "base", licence: "ISC", text }];
        let document = document(&libraries, &bases).unwrap();
        assert_eq!(document.matches("the text\n").count(), 1);
        assert!(document.contains("From a 1.0.0, b 1.0.0:\n\nthe text\n"), "{document}");
        assert!(document.contains("  c 1.0.0: MIT; it brings no text of its own\n"), "{document}");
        assert!(document.contains("  base: ISC\n") && document.ends_with("text of the base\n"), "{document}");
        assert!(!document.contains(&folder.path().display().to_string()), "{document}");
    }
}
