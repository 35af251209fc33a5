//! No type is named for being useful.
//!
//! Types are nouns that work in a sentence to an auditor. A name that ends in one of the words below says
//! that its author did not find the noun; a private, unfound noun is still unfound.

use super::Finding;
use crate::repository::{Repository, SourceFile};
use crate::rust_text::Kind;

const BANNED: [&str; 6] = ["Manager", "Helper", "Util", "Utils", "Service", "Info"];

const KEYWORDS: [&str; 4] = ["struct", "enum", "trait", "union"];

pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    repository.rust_files().filter(|file| !file.is_generated()).flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> impl Iterator<Item = Finding> {
    let pairs = file.pieces.iter().zip(file.pieces.iter().skip(1));
    pairs.filter_map(|(keyword, name)| {
        let declares = KEYWORDS.iter().any(|word| keyword.is(word)) && name.kind == Kind::Word;
        let suffix = BANNED.iter().find(|suffix| declares && name.text.ends_with(*suffix))?;
        Some(Finding {
            path: file.path.clone(),
            line: name.line,
            what: format!("type `{}` ends in `{suffix}`", name.text),
            remedy: "name it with the noun of the glossary it stands for",
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::said;

    #[test]
    fn every_banned_ending_is_found_on_every_kind_of_type() {
        for keyword in KEYWORDS {
            for suffix in BANNED {
                let source = format!("\n{keyword} Role{suffix} {{}}\n");
                let found = said(check, &[("a.rs", &source)]);
                assert_eq!(found.len(), 1, "{source}");
                assert!(found[0].starts_with(&format!("a.rs:2: type `Role{suffix}` ends in")), "{found:?}");
            }
        }
    }

    #[test]
    fn the_word_elsewhere_in_a_name_or_in_prose_is_fine() {
        let source =
            "struct ServiceAccount;\nenum Informed {}\n// struct RoleManager\nfn a(x: OtherInfo) {}\n";
        assert!(said(check, &[("a.rs", source)]).is_empty());
    }
}
