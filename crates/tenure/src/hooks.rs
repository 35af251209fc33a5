//! Systems that post their tickets, from `[[ticket_hooks]]` in `tenure.toml`.
//!
//! Everything that can be wrong with one is said before anything is opened. The secret is in a private file, never in `tenure.toml`
//! and never in an argument. Next: docs/tickets.md.

use crate::{
    configuration::{Configuration, TicketHookSection, TicketShapeNamed},
    failure::Failure,
    passwords,
    place::shown,
};
use tenure_engine::{HookKey, TicketHook, TicketShape};
use tenure_events::{HubSecret, SigningSecret};
use tenure_model::{ShortName, printable};

/// Systems, at most.
const HOOKS_MAX: usize = 20;
const FIELD_CHARS_MAX: usize = 100;

/// The systems that are configured.
pub(crate) fn options(configuration: &Configuration) -> Result<Vec<TicketHook>, Failure> {
    let sections = &configuration.ticket_hooks;
    if sections.len() > HOOKS_MAX {
        return Err(refused("").because(format!("at most {HOOKS_MAX} systems post their tickets")));
    }
    let mut hooks: Vec<TicketHook> = Vec::new();
    for section in sections {
        if hooks.iter().any(|one| one.system == section.system) {
            return Err(refused(&section.system).because("there are two of this system"));
        }
        hooks.push(hook(section)?);
    }
    Ok(hooks)
}

fn refused(system: &str) -> Failure {
    let what = format!("the ticket hook of `{}` in tenure.toml cannot be used", printable(system, 60));
    Failure::usage(what).next("docs/tickets.md says what each line is for")
}

fn hook(section: &TicketHookSection) -> Result<TicketHook, Failure> {
    let refuse = |why: &str| Err(refused(&section.system).because(why));
    if ShortName::parse(&section.system).is_err() {
        return refuse("`system` is a short name such as jira");
    }
    let shape = match (section.shape, &section.identity_field) {
        (TicketShapeNamed::Plain, None) => TicketShape::Plain,
        (TicketShapeNamed::Plain, Some(_)) => return refuse("`identity_field` is for `shape = \"jira\"`"),
        (TicketShapeNamed::Jira, Some(field)) if !field.is_empty() && field.len() <= FIELD_CHARS_MAX => {
            TicketShape::Jira { identity_field: field.clone() }
        }
        (TicketShapeNamed::Jira, _) => {
            return refuse(
                "`identity_field` is needed: the id of the field that holds SOURCE/NAME, such as customfield_10042",
            );
        }
    };
    let file = &section.secret_file;
    let secret = passwords::from_file(file).map_err(|failure| Failure {
        what: format!(
            "the secret of the ticket hook of `{}` in {} cannot be used",
            section.system,
            shown(file)
        ),
        ..failure
    })?;
    let key = match section.shape {
        TicketShapeNamed::Plain => {
            SigningSecret::new(secret.expose()).map(HookKey::Standard).map_err(|why| why.to_string())
        }
        TicketShapeNamed::Jira => HubSecret::new(secret.expose())
            .map(HookKey::Hub)
            .map_err(|_| String::from("the secret that Jira signs with has 16 to 256 characters")),
    };
    let key = key.map_err(|why| refused(&section.system).because(format!("{}: {why}", shown(file))))?;
    Ok(TicketHook { system: section.system.clone(), key, shape })
}

#[cfg(test)]
mod tests {
    use super::{Configuration, options};
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    use tenure_engine::{HookKey, TicketHook, TicketShape};

    fn read(lines: &str, secret: &str) -> Result<Vec<TicketHook>, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let mut to =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).unwrap();
        to.write_all(secret.as_bytes()).unwrap();
        let text = lines.replace("FILE", &file.display().to_string());
        let configuration: Configuration = toml::from_str(&text).map_err(|error| error.to_string())?;
        options(&configuration).map_err(|failure| failure.why.unwrap_or(failure.what))
    }

    const STANDARD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const PLAIN: &str = "[[ticket_hooks]]\nsystem = \"snow\"\nsecret_file = \"FILE\"\n";

    #[test]
    fn each_line_changes_whom_is_believed_and_how_it_is_read() {
        let plain = read(PLAIN, STANDARD).unwrap().remove(0);
        assert_eq!((plain.system.as_str(), &plain.shape), ("snow", &TicketShape::Plain));
        assert!(matches!(plain.key, HookKey::Standard(_)));
        let jira = format!("{PLAIN}shape = \"jira\"\nidentity_field = \"customfield_1\"\n");
        let jira = read(&jira, "a secret of Jira's own").unwrap().remove(0);
        assert_eq!(jira.shape, TicketShape::Jira { identity_field: String::from("customfield_1") });
        assert!(matches!(jira.key, HookKey::Hub(_)));
        assert!(read("", "").unwrap().is_empty());
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_is_opened() {
        for (lines, secret, expected) in [
            (PLAIN.to_owned(), "hunter2", "whsec_"),
            (format!("{PLAIN}shape = \"jira\"\n"), STANDARD, "`identity_field` is needed"),
            (format!("{PLAIN}identity_field = \"x\"\n"), STANDARD, "is for `shape"),
            (format!("{PLAIN}shape = \"jira\"\nidentity_field = \"x\"\n"), "short", "16 to 256"),
            (PLAIN.replace("snow", "Snow Flake"), STANDARD, "a short name"),
            (PLAIN.repeat(2), STANDARD, "two of this system"),
            (format!("{PLAIN}shape = \"github\"\n"), STANDARD, "unknown variant"),
        ] {
            let why = read(&lines, secret).unwrap_err();
            assert!(why.contains(expected) && !why.contains("hunter2"), "{lines}: {why}");
        }
    }
}
