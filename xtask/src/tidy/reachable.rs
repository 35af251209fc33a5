//! Every source file is part of a crate.
//!
//! A file that no `mod` leads to is not compiled, not tested and not linted, and yet read by people. Starts
//! at the roots Cargo would find and follows `mod name;`, `#[path]` and `include!`.

use std::collections::BTreeSet;

use super::Finding;
use crate::repository::{Repository, Room, SourceFile, is_inside};
use crate::rust_text::{Kind, follows};

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<String> = repository.rooms.iter().flat_map(|room| roots(room, repository)).collect();
    while let Some(path) = ahead.pop() {
        let Some(file) = repository.file(&path) else { continue };
        if reached.insert(path) {
            ahead.extend(leads_to(file));
        }
    }
    let dead = repository.rust_files().filter(|file| !reached.contains(&file.path));
    dead.map(|file| Finding {
        path: file.path.clone(),
        line: 1,
        what: "no crate reaches this file".to_owned(),
        remedy: "name it in a `mod`, or remove it",
    })
    .collect()
}

/// Files Cargo compiles by themselves (The Cargo Book, "Package Layout" and "Cargo Targets").
fn roots(room: &Room, repository: &Repository) -> Vec<String> {
    let mut roots: Vec<String> = named_targets(room);
    for fixed in ["src/lib.rs", "src/main.rs", "build.rs"] {
        roots.push(format!("{}/{fixed}", room.folder));
    }
    for found in ["src/bin", "tests", "benches", "examples"] {
        let folder = format!("{}/{found}", room.folder);
        let inside = repository.rust_files().filter(|file| is_inside(&file.path, &folder));
        roots.extend(inside.map(|file| file.path.clone()).filter(|path| is_root_in(path, &folder)));
    }
    roots
}

/// `folder/name.rs` and `folder/name/main.rs`.
fn is_root_in(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder).unwrap_or_default().trim_start_matches('/');
    match rest.split_once('/') {
        None => true,
        Some((_, below)) => below == "main.rs",
    }
}

fn named_targets(room: &Room) -> Vec<String> {
    let kinds = ["lib", "bin", "test", "bench", "example"];
    let tables = kinds
        .iter()
        .filter_map(|kind| room.manifest.get(*kind))
        .flat_map(|value| value.as_array().map_or_else(|| vec![value], |list| list.iter().collect()));
    let paths = tables.filter_map(|table| table.get("path")?.as_str());
    let build = room.manifest.get("package").and_then(|package| package.get("build")?.as_str());
    paths.chain(build).map(|path| format!("{}/{path}", room.folder)).collect()
}

/// Every path a file may lead to; those that do not exist do no harm.
fn leads_to(file: &SourceFile) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let owns_folder = ["lib.rs", "main.rs", "mod.rs", "build.rs"].contains(&name) || is_target(&file.path);
    let stem = name.trim_end_matches(".rs");
    let module_folder = if owns_folder { folder.to_owned() } else { format!("{folder}/{stem}") };
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0_usize;
    let mut paths = Vec::new();
    for (index, piece) in file.pieces.iter().enumerate() {
        if piece.is("{") {
            depth += 1;
        } else if piece.is("}") {
            depth = depth.saturating_sub(1);
            inline.retain(|(_, opened_at)| *opened_at <= depth);
        }
        let following = |offset: usize| file.pieces.get(index + offset);
        let word = |offset: usize| following(offset).filter(|next| next.kind == Kind::Word);
        let text = |offset: usize| following(offset).filter(|next| next.kind == Kind::Text);
        if let (true, Some(module)) = (piece.is("mod"), word(1)) {
            if following(2).is_some_and(|next| next.is("{")) {
                inline.push((module.text.clone(), depth + 1));
            } else {
                let inner: String = inline.iter().flat_map(|(name, _)| ["/", name]).collect();
                paths.push(format!("{module_folder}{inner}/{}.rs", module.text));
                paths.push(format!("{module_folder}{inner}/{}/mod.rs", module.text));
            }
        } else if let (true, Some(path)) = (follows(&file.pieces, index, &["[", "path", "="]), text(3)) {
            paths.push(joined(folder, &path.text));
        } else if let (true, Some(path)) = (follows(&file.pieces, index, &["include", "!", "("]), text(3)) {
            paths.push(joined(folder, &path.text));
        }
    }
    paths
}

/// A target of one file, such as `tests/one.rs`, finds its modules beside itself.
fn is_target(path: &str) -> bool {
    let parent = path.rsplit('/').nth(1);
    parent.is_some_and(|folder| ["tests", "benches", "examples", "bin"].contains(&folder))
}

/// `folder` and a relative path, with `..` resolved.
pub(super) fn joined(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    const MANIFEST: (&str, &str) = ("crates/a/Cargo.toml", "[package]\nname = \"tenure-a\"\n");

    #[test]
    fn a_file_no_module_names_is_found() {
        let files = [MANIFEST, ("crates/a/src/lib.rs", "// mod b;\n"), ("crates/a/src/b.rs", "")];
        assert_eq!(said(check, &files), ["crates/a/src/b.rs:1: no crate reaches this file"]);
    }

    #[test]
    fn every_way_to_name_a_file_is_followed() {
        let files = [
            MANIFEST,
            ("crates/a/src/lib.rs", "mod b; mod inner { mod c; } #[path = \"../x/d.rs\"] mod y; mod e;"),
            ("crates/a/src/b.rs", "pub mod f;"),
            ("crates/a/src/b/f.rs", "include!(\"g.rs\");"),
            ("crates/a/src/b/g.rs", ""),
            ("crates/a/src/inner/c.rs", ""),
            ("crates/a/x/d.rs", ""),
            ("crates/a/src/e/mod.rs", ""),
            ("crates/a/tests/it/main.rs", "mod h;"),
            ("crates/a/tests/it/h.rs", ""),
            ("crates/a/tests/one.rs", "mod two;"),
            ("crates/a/tests/two/mod.rs", ""),
            ("crates/a/src/bin/tool.rs", ""),
            ("crates/a/build.rs", ""),
        ];
        assert!(said(check, &files).is_empty(), "{:?}", said(check, &files));
    }

    #[test]
    fn targets_named_in_the_manifest_are_roots() {
        let manifest = "[package]\nname = \"tenure-a\"\n[[bench]]\nname = \"x\"\npath = \"speed/x.rs\"\n";
        let files = [("crates/a/Cargo.toml", manifest), ("crates/a/speed/x.rs", "")];
        assert!(said(check, &files).is_empty());
    }
}
