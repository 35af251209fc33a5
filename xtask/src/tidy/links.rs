//! Relative links in documents lead to files and folders that are there.
//!
//! Looks at `[text](target)` in every `.md` file, outside code. Links to other sites are not followed: a
//! check that needs the network is a check that fails by itself.

use super::Finding;
use super::reachable::joined;
use crate::repository::{Repository, SourceFile, is_inside};

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let documents = repository.files.iter().filter(|file| file.path.to_ascii_lowercase().ends_with(".md"));
    documents.flat_map(|file| check_file(file, repository)).collect()
}

fn check_file(file: &SourceFile, repository: &Repository) -> Vec<Finding> {
    let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut findings = Vec::new();
    let mut in_fence = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
            continue;
        }
        if in_fence {
            continue;
        }
        for target in targets(line).into_iter().filter(|target| !exists(target, folder, repository)) {
            findings.push(Finding {
                path: file.path.clone(),
                line: index + 1,
                what: format!("the link to `{target}` leads nowhere"),
                remedy: "correct the path; it is relative to this document",
            });
        }
    }
    findings
}

/// Targets of the links of one line that point into this repository, without their anchors.
fn targets(line: &str) -> Vec<String> {
    // Every second part is inside backticks.
    let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let after_texts = prose.split("](").skip(1);
    after_texts
        .filter_map(|rest| rest.split_once(')'))
        .filter_map(|(target, _)| target.split_whitespace().next())
        .map(|target| target.trim_matches(['<', '>']))
        .filter(|target| !target.contains("://") && !target.starts_with("mailto:"))
        .filter_map(|target| target.split('#').next())
        .filter(|target| !target.is_empty())
        .map(str::to_owned)
        .collect()
}

fn exists(target: &str, folder: &str, repository: &Repository) -> bool {
    let path = match target.strip_prefix('/') {
        Some(from_root) => joined("", from_root),
        None => joined(folder, target),
    };
    path.is_empty()
        || repository.paths.contains(&path)
        || repository.paths.iter().any(|known| is_inside(known, &path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn a_link_to_nothing_is_found_with_its_line() {
        let text = "See [a](a.md) and\n[b](../b.md#part \"title\").\n";
        assert_eq!(
            said(check, &[("docs/x.md", text)]),
            [
                "docs/x.md:1: the link to `a.md` leads nowhere",
                "docs/x.md:2: the link to `../b.md` leads nowhere"
            ]
        );
        assert!(said(check, &[("docs/x.md", text), ("docs/a.md", ""), ("b.md", "")]).is_empty());
    }

    #[test]
    fn folders_anchors_other_sites_and_code_are_fine() {
        let text = "[f](sub/) [g](#here) [h](https://example.org/x) `[i](j.md)` <k>\n```\n[l](m.md)\n```\n";
        assert!(said(check, &[("x.md", text), ("sub/y.rs", "")]).is_empty());
    }
}
