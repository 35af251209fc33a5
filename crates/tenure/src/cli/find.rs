//! `find`: whose is a pasted string, where are copies of it, what does it open.
//!
//! The string comes on standard input or is typed unseen; an argument is refused, as passwords are. It goes to the
//! deployment's own server and nowhere else, and nothing of it is printed. Next: `render/found.rs`.

use super::reading;
use crate::{
    context::{Context, Form},
    failure::{Exit, Failure},
    render::found::page,
    session::shaped,
    terminal,
    wire::Found,
};
use clap::Args;
use rustix::termios::isatty;
use serde::Serialize;
use std::ffi::OsString;
use tenure_model::{Secret, printable};

/// Bytes of a text that is looked up, at most.
const TEXT_BYTES_MAX: usize = 64 * 1024;
const WHAT: &str = "nothing was looked up";

/// Say whose a pasted secret is, where copies are, and what it opens
///
/// Reads a text from standard input, or asks for it without showing it: a token, a password, a private or public
/// key, a certificate, a line of a file, a header, a JSON document. Every secret in it is looked up among what surveys
/// reported. It is tried nowhere, sent nowhere, and kept nowhere; that somebody looked is recorded.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure find                       # asks, and shows nothing of what is typed or pasted
  tenure find < leaked.env
  tenure find --fingerprint SHA256:k3Vd9axB0yNn5Uj8m1Qf2r7ZtPq6wEoLcHs4iGbTaXY

Exit codes: 0 it is known, 1 nothing in it is known, 2 usage.")]
pub(crate) struct Find {
    /// The digest of a public key or certificate, instead of a text: SHA256:…, spki-sha256:…, x509-sha256:…
    #[arg(long, value_name = "DIGEST")]
    fingerprint: Option<String>,
    /// Refused: an argument can be read by everybody on this machine
    #[arg(hide = true, num_args = 0.., allow_hyphen_values = true)]
    refused: Vec<OsString>,
}

#[derive(Serialize)]
struct Request<'text> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string: Option<&'text str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fingerprint: Option<&'text str>,
}

impl Find {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        if !self.refused.is_empty() {
            return Err(Failure::usage("a string in an argument is refused")
                .because("everybody on this machine can list the arguments of a running command, and shells keep them in their history")
                .kept("nothing was looked up")
                .next("run tenure find and paste it, or tenure find < FILE; if it was a real secret, change it"));
        }
        let text = match &self.fingerprint {
            Some(_) => None,
            None => Some(read(context).await?),
        };
        reading(context, async |session| {
            let string = text.as_ref().map(|text| text.expose().as_str());
            let request = Request { string, fingerprint: self.fingerprint.as_deref() };
            let document = session.post(WHAT, "/api/v1/find", &request).await?;
            let found: Found = shaped(&document)?;
            context.document(&document);
            Ok(tell(context, &found))
        })
        .await
    }
}

fn tell(context: &Context, found: &Found) -> Exit {
    let credentials = || found.secrets.iter().flat_map(|secret| &secret.credentials);
    if context.form == Form::Quiet {
        let mut handles: Vec<&str> = credentials().map(|one| one.handle.as_str()).collect();
        handles.sort_unstable();
        handles.dedup();
        for handle in handles {
            context.print(handle);
        }
    } else {
        for line in page(found, context.frame()) {
            context.print(line);
        }
    }
    if let Some(first) = credentials().next() {
        // What can be ended from here is what to do first.
        let first = credentials().find(|one| one.not_ended_here.is_none()).unwrap_or(first);
        let handle = printable(&first.handle, 60);
        match &first.not_ended_here {
            None => {
                context.next(format!("tenure show {handle}, or tenure revoke {handle} --reason \"leaked\""));
            }
            Some(why) => context.next(format!("tenure show {handle}; {}", printable(why, 200))),
        }
    } else if found.known {
        context.next("remove it at each place, and end it in the system it is for");
    } else {
        context.next("tenure survey, if it may be newer than the last one");
    }
    if found.known { Exit::Done } else { Exit::Failed }
}

/// The text, without the line end behind it.
async fn read(context: &Context) -> Result<Secret<String>, Failure> {
    let bytes = if context.terminal.can_ask {
        let question = "Paste it (nothing is shown), then Enter and Ctrl-D: ";
        terminal::ask_secret_text(question, TEXT_BYTES_MAX).await?
    } else if isatty(std::io::stdin()) {
        return Err(Failure::usage(WHAT)
            .because("nobody can be asked: standard error is not a terminal")
            .next("give it on standard input: tenure find < FILE"));
    } else {
        let read = tokio::task::spawn_blocking(|| terminal::read_text(TEXT_BYTES_MAX)).await;
        let read = read.map_err(|error| Failure::new(WHAT).caused_by(&error))?;
        read.map_err(|error| Failure::new(WHAT).caused_by(&error))?
    };
    let Ok(text) = std::str::from_utf8(bytes.expose()) else {
        return Err(Failure::usage(WHAT)
            .because("standard input is not text in UTF-8")
            .next("give it as text, a key as PEM"));
    };
    if text.len() > TEXT_BYTES_MAX {
        return Err(Failure::usage(WHAT)
            .because(format!("the text is longer than {} KiB", TEXT_BYTES_MAX / 1024))
            .next("give the part that holds the secret"));
    }
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    if text.trim().is_empty() {
        return Err(Failure::usage(WHAT)
            .because("there was nothing on standard input")
            .next("tenure find < FILE, or at a terminal: tenure find"));
    }
    Ok(Secret::new(text.to_owned()))
}
