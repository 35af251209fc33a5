//! What a person can do where Tenure cannot act: the system's own commands, as far as they are known.
//!
//! Names come from a file and may hold anything: they are quoted for a shell, and left out of commands where they
//! hold control characters. Must never hold a value.

use crate::{config::Format, mapping::Mapping};
use std::path::Path;
use tenure_connect::Target;
use tenure_model::printable;

/// The commands, in order; lines that begin with `#` are for reading.
pub(crate) fn commands(
    path: &Path,
    format: Format,
    mapping: Option<&Mapping>,
    target: &Target,
) -> Vec<String> {
    let file = printable(&path.display().to_string(), 200);
    let name = printable(&target.name, 120);
    let mut lines = vec![format!(
        "# Tenure knows `{name}` from {file} alone and cannot act in its system. End it there:"
    )];
    let plain = !(target.name.chars().any(char::is_control) || target.key.0.chars().any(char::is_control));
    let known: Vec<String> = match mapping {
        _ if !plain => Vec::new(),
        Some(mapping) => mapping.by_hand.iter().map(|command| filled(command, target)).collect(),
        None => built_in(format, target),
    };
    if known.is_empty() {
        lines.push("# no command is known for this system: use its own console".to_owned());
    }
    lines.extend(known);
    lines.push(format!(
        "# then take it out of {file} and survey: it counts as gone, by somebody's word (P0), and never as proved"
    ));
    lines
}

fn filled(command: &str, target: &Target) -> String {
    // One pass: what a name holds is never taken for a place to fill.
    let mut text = String::new();
    let mut rest = command;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        if let Some(after) = from.strip_prefix("{name}") {
            text.push_str(&quoted(&target.name));
            rest = after;
        } else if let Some(after) = from.strip_prefix("{key}") {
            text.push_str(&quoted(&target.key.0));
            rest = after;
        } else {
            text.push('{');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    text + rest
}

fn built_in(format: Format, target: &Target) -> Vec<String> {
    let (name, key) = (quoted(&target.name), target.key.0.as_str());
    if format.needs_mapping() {
        return Vec::new();
    }
    if key.contains(":user/") && key.contains("arn:aws") {
        return vec![
            format!("aws iam list-access-keys --user-name {name}"),
            format!("aws iam update-access-key --user-name {name} --status Inactive --access-key-id KEY_ID"),
            format!("aws iam delete-login-profile --user-name {name}"),
        ];
    }
    if key.contains("gserviceaccount.com") || key.starts_with("GCPServiceAccount:") {
        return vec![format!("gcloud iam service-accounts disable {name}")];
    }
    Vec::new()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::commands;
    use crate::{config::Format, mapping::Mapping};
    use tenure_connect::Target;
    use tenure_model::PrincipalKey;

    fn told(format: Format, by_hand: Option<&str>, key: &str, name: &str) -> String {
        let mapping = by_hand.map(|by_hand| {
            Mapping::parse(&format!("version = 1\nby_hand = [{by_hand:?}]\n[principal]\nkey = \"id\"\n"))
                .unwrap()
        });
        let target = Target::principal(PrincipalKey(key.to_owned()), name.to_owned());
        let lines = commands("/srv/list".as_ref(), format, mapping.as_ref(), &target);
        lines[1..lines.len() - 1].join("\n")
    }

    #[test]
    fn names_are_quoted_and_never_filled_twice() {
        assert_eq!(
            told(Format::Csv, Some("crm off {name} # {key} {x}"), "7", "a'b"),
            r"crm off 'a'\''b' # '7' {x}"
        );
        assert_eq!(told(Format::Csv, Some("crm off {name}"), "{name}", "{key}"), "crm off '{key}'");
        assert!(told(Format::Csv, Some("crm off {name}"), "7", "a\nrm -rf x").starts_with("# no command"));
        assert!(told(Format::Json, None, "7", "a").starts_with("# no command"));
        insta::assert_snapshot!(told(Format::Prowler, None, "arn:aws:iam::123456789012:user/shop", "shop"), @r"
        aws iam list-access-keys --user-name 'shop'
        aws iam update-access-key --user-name 'shop' --status Inactive --access-key-id KEY_ID
        aws iam delete-login-profile --user-name 'shop'
        ");
    }
}
