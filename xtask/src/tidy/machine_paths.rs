//! No file names a path of somebody's machine.
//!
//! A home folder or a workspace of one machine in a file means that a test, a script or a document works
//! there only. Looks at every text file.

use super::Finding;
use crate::repository::{Repository, SourceFile};

/// First folders of paths that belong to one machine; put together so that this file names none.
const FOLDERS: [&str; 3] = [concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/")];

const EXEMPT: [&str; 2] = ["Cargo.lock", "LICENSE"];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let files = repository.files.iter().filter(|file| !EXEMPT.contains(&file.path.as_str()));
    files.flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> impl Iterator<Item = Finding> {
    file.text.lines().enumerate().filter_map(|(index, line)| {
        let folder = FOLDERS.iter().find(|folder| names(line, folder))?;
        Some(Finding {
            path: file.path.clone(),
            line: index + 1,
            what: format!("a path under `{folder}` exists on one machine only"),
            remedy: "make it relative, or take it from the environment",
        })
    })
}

/// Whether the folder begins an absolute path in the line, with something below it.
fn names(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + folder.len()..).and_then(|text| text.chars().next());
        let continues = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | ')' | '~');
        !before.is_some_and(continues) && after.is_some_and(|c| c.is_alphanumeric() || "_.<$".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn an_absolute_path_is_found_wherever_it_stands() {
        for folder in FOLDERS {
            for line in [format!("{folder}x"), format!("cd \"{folder}x\""), format!("A={folder}.cache")] {
                let found = said(check, &[("a.sh", &format!("\n{line}\n"))]);
                assert_eq!(found, [format!("a.sh:2: a path under `{folder}` exists on one machine only")]);
            }
        }
    }

    #[test]
    fn the_same_name_inside_another_path_is_fine() {
        for folder in FOLDERS {
            for line in
                [format!("docs{folder}x"), format!("{folder} "), format!("https://x.example{folder}a")]
            {
                assert!(said(check, &[("a.md", &line)]).is_empty(), "{line}");
            }
        }
    }
}
