//! Chats in which people may be told what waits for them, from `[[chats]]` in `tenure.toml`.
//!
//! Everything that can be wrong with one is said before anything is opened. The address of its incoming webhook is in a private file,
//! since whoever knows it may post there; no refusal repeats it. Nobody is called here. Next: docs/messages.md.

use crate::{
    configuration::{ChatKindNamed, ChatSection, Configuration},
    failure::Failure,
    passwords,
    place::shown,
    way_out,
};
use std::{sync::Arc, time::Duration};
use tenure_call::{CallLimits, Caller};
use tenure_engine::Chat;
use tenure_messages::{ChatChannel, ChatKind};
use tenure_model::printable;

/// Chats, at most.
const CHATS_MAX: usize = 50;
/// How long one message may take, and how much of an answer is read: a chat answers a word.
const LIMITS: CallLimits = CallLimits { deadline: Duration::from_secs(20), answer_bytes_max: 64 * 1024 };

/// The chats that are configured.
pub(crate) fn options(configuration: &Configuration) -> Result<Vec<Arc<Chat>>, Failure> {
    let sections = &configuration.chats;
    if sections.len() > CHATS_MAX {
        return Err(refused("").because(format!("there are at most {CHATS_MAX} chats")));
    }
    let mut chats: Vec<Arc<Chat>> = Vec::new();
    for section in sections {
        if chats.iter().any(|one| one.name == section.name) {
            return Err(refused(&section.name).because("there are two of this name"));
        }
        chats.push(Arc::new(chat(section, configuration)?));
    }
    Ok(chats)
}

fn refused(name: &str) -> Failure {
    Failure::usage(format!("the chat `{}` in tenure.toml cannot be used", printable(name, 60)))
        .next("docs/messages.md says what each line is for")
}

fn chat(section: &ChatSection, configuration: &Configuration) -> Result<Chat, Failure> {
    let refused = || refused(&section.name);
    if !way_out::is_name(&section.name) {
        return Err(refused().because(way_out::NAME_RULE));
    }
    let file = &section.url_file;
    let url = passwords::from_file(file).map_err(|failure| Failure {
        what: format!("the address of the chat `{}` in {} cannot be used", section.name, shown(file)),
        ..failure
    })?;
    let authorities = way_out::authorities(section.ca_file.as_deref(), refused())?;
    let caller = Caller::new(authorities, LIMITS, way_out::private(section.private_network));
    let kind = match section.kind {
        ChatKindNamed::Slack => ChatKind::Slack,
        ChatKindNamed::Teams => ChatKind::Teams,
    };
    let channel = ChatChannel::new(kind, &url, caller)
        .map_err(|why| refused().because(format!("the address in {}: {why}", shown(file))))?;
    let console = way_out::console(section.public_url.as_ref(), configuration, refused)?;
    Ok(Chat { name: section.name.clone(), channel, details: section.details, console })
}

#[cfg(test)]
mod tests {
    use super::{Configuration, options};
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, sync::Arc};
    use tempfile::TempDir;
    use tenure_engine::Chat;

    const URL: &str = "https://chat.example.com/services/a-part-that-nobody-else-knows";

    fn file(folder: &Path, name: &str, text: &str, mode: u32) -> String {
        let path = folder.join(name);
        let mut to = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).unwrap();
        to.write_all(text.as_bytes()).unwrap();
        path.display().to_string()
    }

    fn read(text: &str) -> Result<Vec<Arc<Chat>>, String> {
        let configuration: Configuration = toml::from_str(text).map_err(|error| error.to_string())?;
        options(&configuration).map_err(|failure| {
            let said = [Some(failure.what), failure.why, failure.next].into_iter().flatten();
            said.collect::<Vec<_>>().join("; ")
        })
    }

    fn good(folder: &TempDir) -> String {
        let file = file(folder.path(), "url", &format!("{URL}\n"), 0o600);
        format!("[[chats]]\nname = \"room\"\nkind = \"slack\"\nurl_file = \"{file}\"\n")
    }

    #[test]
    fn each_line_changes_how_a_chat_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let good = good(&folder);
        let one = |text: &str| read(text).unwrap().remove(0);
        let plain = one(&good);
        assert_eq!((plain.name.as_str(), plain.details, plain.console.clone()), ("room", false, None));
        assert_eq!(plain.channel.kind().as_str(), "slack");
        assert_eq!(one(&good.replace("slack", "teams")).channel.kind().as_str(), "teams");
        assert!(one(&format!("{good}details = true\n")).details);
        let own = one(&format!("{good}public_url = \"https://t.example.com/\"\n"));
        assert_eq!(own.console.as_deref(), Some("https://t.example.com"));
        let mail = "[mail]\nserver = \"m.example.com\"\nfrom = \"t@example.com\"\npublic_url = \"https://m.example.com\"\n";
        assert_eq!(one(&format!("{mail}{good}")).console.as_deref(), Some("https://m.example.com"));
        assert!(read("").unwrap().is_empty(), "without a section nobody is told anything there");
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_is_opened_and_the_address_in_no_word_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let good = good(&folder);
        let other = |name: &str, text: &str, mode| {
            let path = file(folder.path(), name, text, mode);
            good.replace(&folder.path().join("url").display().to_string(), &path)
        };
        for (text, expected) in [
            (other("open", URL, 0o644), "chmod 600"),
            (
                other("plain", "http://chat.example.com/services/a-part-that-nobody-else-knows", 0o600),
                "not https",
            ),
            (other("user", "https://a:nobody-else@chat.example.com/", 0o600), "user name or a password"),
            (other("empty", "\n", 0o600), "first line is empty"),
            (other("no", "nobody-else", 0o600), "not an address"),
            (good.replace("/url", "/none"), "none"),
            (good.replace("\"room\"", "\"The Room\""), "small letters"),
            (good.replace("slack", "irc"), "unknown variant `irc`"),
            (format!("{good}url = \"x\"\n"), "unknown field `url`"),
            (format!("{good}public_url = \"https://t.example.com/x\"\n"), "scheme, host and port alone"),
            (good.repeat(2), "two of this name"),
        ] {
            let why = read(&text).unwrap_err();
            assert!(why.contains(expected), "{expected}: {why}");
            assert!(!why.contains("nobody-else") && !why.contains("chat.example.com"), "{why}");
        }
        let shown = format!("{:?}", read(&good).unwrap());
        assert!(!shown.contains("nobody-else") && !shown.contains("chat.example.com"), "{shown}");
    }
}
