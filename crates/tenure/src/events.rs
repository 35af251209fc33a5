//! Streams of events, from `[[events]]` in `tenure.toml`.
//!
//! Everything that can be wrong with one is said before anything is opened. The secret is in a private file, never in `tenure.toml`
//! and never in an argument. Nobody is called here. Next: docs/events.md.

use crate::{
    configuration::{Configuration, EventFormatNamed, EventsFrom, EventsSection},
    failure::Failure,
    passwords,
    place::shown,
    way_out,
};
use std::{sync::Arc, time::Duration};
use tenure_call::{Address, Authority, CallLimits, Caller, PrivateAddresses};
use tenure_engine::{EventStream, EventWay};
use tenure_events::{EventFormat, SigningSecret, SyslogChannel, WebhookChannel};
use tenure_model::printable;

/// Streams, at most.
const STREAMS_MAX: usize = 10;
const KINDS_MAX: usize = 50;
/// How long one event may take, and how much of an answer is thrown away unread.
const LIMITS: CallLimits = CallLimits { deadline: Duration::from_secs(10), answer_bytes_max: 64 * 1024 };
const SYSLOG_PORT: u16 = 6514;

/// The streams that are configured.
pub(crate) fn options(configuration: &Configuration) -> Result<Vec<Arc<EventStream>>, Failure> {
    let sections = &configuration.events;
    if sections.len() > STREAMS_MAX {
        return Err(refused("").because(format!("there are at most {STREAMS_MAX} streams of events")));
    }
    let mut streams: Vec<Arc<EventStream>> = Vec::new();
    for section in sections {
        if streams.iter().any(|one| one.name == section.name) {
            return Err(refused(&section.name).because("there are two of this name".to_owned()));
        }
        streams.push(Arc::new(stream(section)?));
    }
    Ok(streams)
}

fn refused(name: &str) -> Failure {
    Failure::usage(format!("the stream of events `{}` in tenure.toml cannot be used", printable(name, 60)))
        .next("docs/events.md says what each line is for")
}

fn stream(section: &EventsSection) -> Result<EventStream, Failure> {
    let refuse = |why: &str| Err(refused(&section.name).because(why.to_owned()));
    if !way_out::is_name(&section.name) {
        return refuse(way_out::NAME_RULE);
    }
    if section.kinds.len() > KINDS_MAX || !section.kinds.iter().all(|kind| way_out::is_word(kind, "._")) {
        return refuse("`kinds` are at most 50 beginnings such as \"plan.\" or \"identity.made_outside\"");
    }
    let private = way_out::private(section.private_network);
    let authorities = way_out::authorities(section.ca_file.as_deref(), refused(&section.name))?;
    let way = match (&section.webhook, &section.syslog) {
        (Some(address), None) => webhook(section, address, (private, authorities))?,
        (None, Some(server)) if section.secret_file.is_none() => {
            EventWay::Syslog(syslog(section, server, (private, authorities))?)
        }
        (None, Some(_)) => return refuse("`secret_file` signs what is posted; syslog is not signed"),
        (Some(_), Some(_)) | (None, None) => return refuse("it has either `webhook` or `syslog`"),
    };
    Ok(EventStream {
        name: section.name.clone(),
        way,
        format: match section.format {
            EventFormatNamed::CloudEvents => EventFormat::CloudEvents,
            EventFormatNamed::Ocsf => EventFormat::Ocsf,
        },
        kinds: section.kinds.clone(),
        details: section.details,
        from_beginning: section.from == EventsFrom::Beginning,
    })
}

fn webhook(
    section: &EventsSection,
    address: &str,
    (private, authorities): (PrivateAddresses, Vec<Authority>),
) -> Result<EventWay, Failure> {
    let address = Address::endpoint(address)
        .map_err(|why| refused(&section.name).because(format!("`webhook`: {why}")))?;
    let Some(file) = &section.secret_file else {
        return Err(refused(&section.name)
            .because("`secret_file` is needed: nobody believes what is not signed".to_owned())
            .next("make one: (umask 077; echo whsec_$(openssl rand -base64 32) > FILE), and give it to the other side"));
    };
    let secret = passwords::from_file(file).map_err(|failure| Failure {
        what: format!("the secret of the stream `{}` in {} cannot be used", section.name, shown(file)),
        ..failure
    })?;
    let secret = SigningSecret::new(secret.expose())
        .map_err(|why| refused(&section.name).because(format!("{}: {why}", shown(file))))?;
    let caller = Caller::new(authorities, LIMITS, private);
    Ok(EventWay::Webhook(Box::new(WebhookChannel { address, secret, caller })))
}

fn syslog(
    section: &EventsSection,
    server: &str,
    (private, authorities): (PrivateAddresses, Vec<Authority>),
) -> Result<SyslogChannel, Failure> {
    let refuse = || {
        refused(&section.name)
            .because("`syslog` is a name or address and a port, such as siem.example.com:6514".to_owned())
    };
    // As an address of its own it is read once, by one rule.
    let address = Address::plain(&format!("https://{server}")).map_err(|_| refuse())?;
    if !address.is_origin() {
        return Err(refuse());
    }
    let has_port = address.authority().rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
    let port = if has_port { address.port() } else { SYSLOG_PORT };
    Ok(SyslogChannel { host: address.host().to_owned(), port, private, authorities })
}

#[cfg(test)]
mod tests {
    use super::{Configuration, options};
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    use tenure_engine::{EventStream, EventWay};

    fn read(text: &str) -> Result<Vec<std::sync::Arc<EventStream>>, String> {
        let configuration: Configuration = toml::from_str(text).map_err(|error| error.to_string())?;
        options(&configuration).map_err(|failure| failure.why.unwrap_or(failure.what))
    }

    #[test]
    fn each_line_changes_how_events_leave() {
        let one = |more: &str| {
            let text = format!("[[events]]\nname = \"siem\"\nsyslog = \"siem.example.com:7000\"\n{more}");
            read(&text).unwrap().remove(0)
        };
        let plain = one("");
        assert_eq!(
            (plain.format.as_str(), plain.details, plain.from_beginning, plain.kinds.len()),
            ("cloudevents", false, false, 0)
        );
        assert_eq!(one("format = \"ocsf\"").format.as_str(), "ocsf");
        assert!(one("details = true").details && one("from = \"beginning\"").from_beginning);
        assert_eq!(one("kinds = [\"plan.\"]").kinds, ["plan."]);
        let EventWay::Syslog(to) = &plain.way else { panic!("{plain:?}") };
        assert_eq!((to.host.as_str(), to.port), ("siem.example.com", 7000));
        let usual = read("[[events]]\nname = \"siem\"\nsyslog = \"siem.example.com\"\n").unwrap();
        assert!(matches!(&usual[0].way, EventWay::Syslog(to) if to.port == 6514));
        assert!(read("").unwrap().is_empty(), "without a section nobody is told anything");
    }

    #[test]
    fn a_webhook_is_signed_or_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let mut to =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file).unwrap();
        to.write_all(b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").unwrap();
        let text = |file: &std::path::Path| {
            format!(
                "[[events]]\nname = \"siem\"\nwebhook = \"https://siem.example.com/in\"\nsecret_file = \"{}\"\n",
                file.display()
            )
        };
        assert!(matches!(read(&text(&file)).unwrap()[0].way, EventWay::Webhook(_)));
        let weak = folder.path().join("weak");
        let mut to =
            std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&weak).unwrap();
        to.write_all(b"hunter2\n").unwrap();
        let why = read(&text(&weak)).unwrap_err();
        assert!(why.contains("whsec_") && !why.contains("hunter2"), "{why}");
        assert!(read(&text(&folder.path().join("none"))).unwrap_err().contains("none"));
    }

    #[test]
    fn what_cannot_work_is_said_before_anything_is_opened() {
        for (lines, expected) in [
            ("webhook = \"https://siem.example.com/in\"", "nobody believes what is not signed"),
            ("webhook = \"http://siem.example.com/in\"\nsecret_file = \"x\"", "not https"),
            ("webhook = \"https://a:b@siem.example.com/in\"\nsecret_file = \"x\"", "user name or a password"),
            ("", "either `webhook` or `syslog`"),
            ("syslog = \"a\"\nwebhook = \"https://a\"", "either `webhook` or `syslog`"),
            ("syslog = \"a\"\nsecret_file = \"x\"", "syslog is not signed"),
            ("syslog = \"a/b\"", "a name or address and a port"),
            ("syslog = \"a\"\nkinds = [\"PLAN\"]", "beginnings such as"),
            ("syslog = \"a\"\nformat = \"cef\"", "unknown variant `cef`"),
            ("syslog = \"a\"\ncolour = 1", "unknown field `colour`"),
        ] {
            let why = read(&format!("[[events]]\nname = \"siem\"\n{lines}\n")).unwrap_err();
            assert!(why.contains(expected), "{lines}: {why}");
        }
        let twice = "[[events]]\nname = \"a\"\nsyslog = \"x\"\n";
        assert!(read(&twice.repeat(2)).unwrap_err().contains("two of this name"));
        assert!(read(&twice.replace("\"a\"", "\"A b\"")).unwrap_err().contains("small letters"));
    }
}
