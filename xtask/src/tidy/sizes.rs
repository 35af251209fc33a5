//! No source file is longer than 800 lines.
//!
//! One noun or one verb per file: 150 lines is the aim, at 400 one thinks, at 800 this rule says no.
//! Generated files and snapshots are as long as they are.

use super::Finding;
use crate::repository::Repository;

const LINES_MAX: usize = 800;

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let files = repository.rust_files().filter(|file| !file.is_generated());
    files
        .filter_map(|file| {
            let lines = file.text.lines().count();
            (lines > LINES_MAX).then(|| Finding {
                path: file.path.clone(),
                line: LINES_MAX + 1,
                what: format!("the file has {lines} lines, {LINES_MAX} are the limit"),
                remedy: "split it by noun or by verb",
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn the_limit_itself_is_fine_and_one_line_more_is_not() {
        let fits = "//\n".repeat(LINES_MAX);
        let over = "//\n".repeat(LINES_MAX + 1);
        assert!(said(check, &[("a.rs", &fits), ("b.md", &over), ("x/generated/c.rs", &over)]).is_empty());
        assert_eq!(said(check, &[("a.rs", &over)]), ["a.rs:801: the file has 801 lines, 800 are the limit"]);
    }
}
