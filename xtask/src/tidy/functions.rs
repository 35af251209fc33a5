//! No function is longer than 70 lines, from its `fn` to its closing brace.
//!
//! Tests count as well: a test nobody can read proves nothing to anybody. Functions inside functions count
//! for themselves and for the outer one.

use super::Finding;
use crate::repository::{Repository, SourceFile};
use crate::rust_text::{self, Kind};

const LINES_MAX: usize = 70;

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    repository.rust_files().filter(|file| !file.is_generated()).flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> impl Iterator<Item = Finding> {
    file.pieces.iter().enumerate().filter_map(|(index, piece)| {
        if !piece.is("fn") {
            return None;
        }
        // `fn(…)` is a type and `fn $name` is a macro's.
        let name = file.pieces.get(index + 1).filter(|next| next.kind == Kind::Word)?;
        let open = rust_text::body(&file.pieces, index)?;
        let end = file.pieces.get(rust_text::closing(&file.pieces, open)?)?;
        let lines = end.line.checked_sub(piece.line)? + 1;
        let has_body = file.pieces.get(open)?.is("{");
        (has_body && lines > LINES_MAX).then(|| Finding {
            path: file.path.clone(),
            line: piece.line,
            what: format!("function `{}` has {lines} lines, {LINES_MAX} are the limit", name.text),
            remedy: "give its parts names",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    fn function(lines: usize) -> String {
        format!("trait T {{ fn a(); }}\nfn long(\n{}) -> [u8; 2] {{}}\n", "\n".repeat(lines - 2))
    }

    #[test]
    fn the_limit_itself_is_fine_and_one_line_more_is_not() {
        assert!(said(check, &[("a.rs", &function(LINES_MAX))]).is_empty());
        assert_eq!(
            said(check, &[("a.rs", &function(LINES_MAX + 1))]),
            ["a.rs:2: function `long` has 71 lines, 70 are the limit"]
        );
    }

    #[test]
    fn function_types_comments_and_strings_are_no_functions() {
        let long = "\n".repeat(100);
        let source = format!("type F = fn(u8) -> u8; // fn x {{\nconst S: &str = \"fn y {{ {long} }}\";\n");
        assert!(said(check, &[("a.rs", &source)]).is_empty());
    }
}
