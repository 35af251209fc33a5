//! Events as syslog (RFC 5424), counted (RFC 6587, 3.4.1) over TLS (RFC 5425); in clear on this machine alone.
//!
//! Syslog knows no answer. So lines are written, our half is closed, and the others' half must end in order: then everything was
//! read, and nothing less is believed. What reads it may still lose it, and whoever controls the line can end it in order. Next: `event.rs`.

use crate::{Event, EventFormat, NotTaken};
use rustls_pki_types::ServerName;
use std::{io::ErrorKind, time::Duration};
use tenure_call::{Authority, CallFailed, PrivateAddresses, open};
use tenure_tls::{Encryption, Encryptor, is_loopback};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Facility 13: log audit.
const FACILITY: u32 = 13;
const NOTICE: u32 = 5;
/// Letters of MSGID, at most.
const MSGID_MAX: usize = 32;
/// How long the other side may take to end the line.
const PATIENCE: Duration = Duration::from_secs(10);

/// A syslog server.
#[derive(Debug)]
pub struct SyslogChannel {
    /// Its name or address.
    pub host: String,
    /// Its port: 6514 for TLS, unless it says another.
    pub port: u16,
    /// Whether it may stand in a private network.
    pub private: PrivateAddresses,
    /// Authorities beside the system's.
    pub authorities: Vec<Authority>,
}

impl SyslogChannel {
    /// Sends events over one line. All were read, or it is not known how many.
    pub async fn send(&self, events: &[Event], format: EventFormat) -> Result<(), NotTaken> {
        let mut text = Vec::new();
        for event in events {
            let line = line(event, format)?;
            text.extend(format!("{} ", line.len()).into_bytes());
            text.extend(line.into_bytes());
        }
        let sending = async {
            let stream = open(&self.host, self.port, self.private).await?;
            if is_loopback(&self.host) && self.authorities.is_empty() {
                return written(stream, &text).await;
            }
            let config = Encryptor::with(self.authorities.clone()).of(Encryption::Require);
            let config = config.map_err(|_| CallFailed::Setup)?;
            let name = ServerName::try_from(self.host.clone()).map_err(|_| CallFailed::Setup)?;
            let stream = tokio_rustls::TlsConnector::from(config).connect(name, stream).await;
            let failed = |error| CallFailed::Line { why: format!("its line cannot be encrypted: {error}") };
            written(stream.map_err(failed)?, &text).await
        };
        tokio::time::timeout(PATIENCE, sending).await.unwrap_or(Err(NotTaken::Call(CallFailed::TooSlow)))
    }
}

/// Writes everything, closes our half, and waits until the others' ends in order.
async fn written(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &[u8]) -> Result<(), NotTaken> {
    let cut = |_| NotTaken::CutOff;
    stream.write_all(text).await.map_err(cut)?;
    stream.flush().await.map_err(cut)?;
    stream.shutdown().await.map_err(cut)?;
    let mut rest = [0; 64];
    loop {
        match stream.read(&mut rest).await {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Syslog servers end a line without TLS's own word for it: an end is an end, a reset is none.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(_) => return Err(NotTaken::CutOff),
        }
    }
}

/// One event as a line: no host and no process are named, the log is in the event.
fn line(event: &Event, format: EventFormat) -> Result<String, NotTaken> {
    let is_plain = |letter: &char| letter.is_ascii_graphic();
    let kind: String = event.kind().chars().filter(is_plain).take(MSGID_MAX).collect();
    let priority = FACILITY * 8 + NOTICE;
    Ok(format!("<{priority}>1 {} - tenure - {kind} - {}", event.time(), event.text(format)?))
}

#[cfg(test)]
mod tests {
    use super::line;
    use crate::{EventFormat, event::tests::event};

    #[test]
    fn a_line_is_that_of_rfc_5424() {
        let text = line(&event("plan.approved", &[]), EventFormat::CloudEvents).unwrap();
        let (head, json) = text.split_once(" {").unwrap();
        insta::assert_snapshot!(head, @"<109>1 2026-11-18T11:06:40Z - tenure - plan.approved -");
        assert!(serde_json::from_str::<serde_json::Value>(&format!("{{{json}")).is_ok());
        let long = event(&format!("plan.{}", "x".repeat(90)), &[]);
        let text = line(&long, EventFormat::Ocsf).unwrap();
        assert_eq!(text.split(' ').nth(5).unwrap().len(), 32);
    }
}
