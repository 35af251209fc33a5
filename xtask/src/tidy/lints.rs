//! Every crate takes the workspace's lints, and no code is unsafe.
//!
//! `unsafe_code = "forbid"` in the workspace cannot be overridden by a crate that inherits it, so two
//! manifests' lines are the whole proof; the keyword itself is looked for as well, for code that a feature
//! hides from the compiler.

use super::Finding;
use crate::repository::Repository;

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    findings.extend(root_without_forbid(repository));
    findings.extend(rooms_without_lints(repository));
    findings.extend(unsafe_words(repository));
    findings
}

fn root_without_forbid(repository: &Repository) -> Option<Finding> {
    let root = repository.file("Cargo.toml")?;
    let manifest: toml::Table = toml::from_str(&root.text).unwrap_or_default();
    let lints = manifest.get("workspace").and_then(|workspace| workspace.get("lints"));
    let level = lints.and_then(|lints| lints.get("rust")).and_then(|rust| rust.get("unsafe_code"));
    let level = level.and_then(|level| level.as_str().or_else(|| level.get("level")?.as_str()));
    (level != Some("forbid")).then(|| Finding {
        path: root.path.clone(),
        line: 1,
        what: "the workspace does not forbid unsafe code".to_owned(),
        remedy: "set `unsafe_code = \"forbid\"` in [workspace.lints.rust]",
    })
}

fn rooms_without_lints(repository: &Repository) -> impl Iterator<Item = Finding> {
    let without = repository.rooms.iter().filter(|room| {
        let lints = room.manifest.get("lints").and_then(|lints| lints.get("workspace"));
        lints.and_then(toml::Value::as_bool) != Some(true)
    });
    without.map(|room| Finding {
        path: room.manifest_path(),
        line: 1,
        what: format!("crate `{}` does not take the workspace's lints", room.name),
        remedy: "add `[lints]` with `workspace = true`",
    })
}

fn unsafe_words(repository: &Repository) -> impl Iterator<Item = Finding> {
    repository.rust_files().flat_map(|file| {
        let words = file.pieces.iter().filter(|piece| piece.is("unsafe"));
        words.map(|word| Finding {
            path: file.path.clone(),
            line: word.line,
            what: "unsafe code".to_owned(),
            remedy: "use a safe function of std or rustix",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    const FORBIDDEN: &str = "[workspace.lints.rust]\nunsafe_code = \"forbid\"\n";

    #[test]
    fn a_workspace_that_only_denies_is_found() {
        assert!(said(check, &[("Cargo.toml", FORBIDDEN)]).is_empty());
        let denies = FORBIDDEN.replace("forbid", "deny");
        assert_eq!(
            said(check, &[("Cargo.toml", &denies)]),
            ["Cargo.toml:1: the workspace does not forbid unsafe code"]
        );
    }

    #[test]
    fn a_crate_with_lints_of_its_own_is_found() {
        let manifest = "[package]\nname = \"tenure-a\"\n[lints]\nworkspace = true\n";
        assert!(said(check, &[("crates/a/Cargo.toml", manifest)]).is_empty());
        let found = said(check, &[("crates/a/Cargo.toml", &manifest.replace("true", "false"))]);
        assert_eq!(found, ["crates/a/Cargo.toml:1: crate `tenure-a` does not take the workspace's lints"]);
    }

    #[test]
    fn the_keyword_is_found_and_a_comment_about_it_is_not() {
        assert!(
            said(check, &[("a.rs", "// unsafe\nconst A: &str = \"unsafe\"; fn unsafe_code() {}")]).is_empty()
        );
        assert_eq!(said(check, &[("a.rs", "\nfn a() { unsafe { b() } }")]), ["a.rs:2: unsafe code"]);
    }
}
