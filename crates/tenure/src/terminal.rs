//! The terminal: whether there is one, how wide it is, and asking somebody something.
//!
//! Nothing here asks when standard input or standard error is not a terminal; the caller then
//! needs an argument instead. What is typed as a secret is never echoed, and the terminal is
//! put back as it was whatever happens.

use crate::{
    failure::Failure,
    render::{Frame, paint::Paint},
};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, isatty, tcflush, tcgetattr, tcgetwinsize, tcsetattr,
};
use std::{
    ffi::OsString,
    io::{BufRead as _, Write as _},
};
use tenure_model::Secret;
use tokio::signal::unix::{Signal, SignalKind, signal};
use zeroize::Zeroize as _;

/// What we are talking to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// Standard output is one.
    pub(crate) output: bool,
    /// Somebody can be asked: standard input and standard error both are.
    pub(crate) can_ask: bool,
    /// How to lay out what is printed.
    pub(crate) frame: Frame,
}

impl Terminal {
    /// Looks.
    pub(crate) fn look() -> Self {
        let output = isatty(std::io::stdout());
        let wants_colour = output && wants_colour(|name| std::env::var_os(name));
        let from_environment = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let from_terminal = output
            .then(|| tcgetwinsize(std::io::stdout()).ok())
            .flatten()
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| *columns > 0);
        let frame = Frame {
            paint: if wants_colour { Paint::Colour } else { Paint::Plain },
            columns: from_terminal.or(from_environment).map(|columns: usize| columns.clamp(20, 400)),
        };
        Self { output, can_ask: isatty(std::io::stdin()) && isatty(std::io::stderr()), frame }
    }
}

/// Whether a terminal with this environment wants colour (no-color.org: any value but an empty one says no).
fn wants_colour(environment: impl Fn(&str) -> Option<OsString>) -> bool {
    let refused = environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && environment("TERM").is_none_or(|term| term != "dumb")
}

/// Asks for a line of text.
pub(crate) async fn ask(question: &str) -> Result<String, Failure> {
    let interrupt = interrupts()?;
    eprint!("{question}");
    let _ = std::io::stderr().flush();
    let line = read_line(interrupt).await?;
    Ok(line.trim().to_owned())
}

/// Ctrl-C from now on. Asked for before a question is shown: whoever answers it with Ctrl-C must find
/// somebody who tidies up.
pub(crate) fn interrupts() -> Result<Signal, Failure> {
    signal(SignalKind::interrupt())
        .map_err(|error| Failure::new("signals cannot be waited for").caused_by(&error))
}

/// Asks for a secret without showing it.
pub(crate) async fn ask_secret(question: &str) -> Result<Secret<String>, Failure> {
    let _hidden = Hidden::begin().map_err(|error| {
        Failure::new("nothing was asked").because(format!("the terminal cannot hide what is typed: {error}"))
    })?;
    let interrupt = interrupts()?;
    eprint!("{question}");
    let _ = std::io::stderr().flush();
    let mut line = read_line(interrupt).await?;
    eprintln!();
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(Secret::new(line))
}

/// Asks for a text of any number of lines, ended by Ctrl-D, without showing it. Answers at most `bytes_max` and one
/// more byte, so that the caller sees that there was too much.
pub(crate) async fn ask_secret_text(question: &str, bytes_max: usize) -> Result<Secret<Vec<u8>>, Failure> {
    let _hidden = Hidden::begin().map_err(|error| {
        Failure::new("nothing was asked").because(format!("the terminal cannot hide what is typed: {error}"))
    })?;
    let mut interrupt = interrupts()?;
    eprint!("{question}");
    let _ = std::io::stderr().flush();
    let reading = tokio::task::spawn_blocking(move || read_text(bytes_max));
    let read = tokio::select! {
        read = reading => read.ok(),
        _ = interrupt.recv() => None,
    };
    eprintln!();
    // What was pasted and not read must not reach the shell: it would be shown, run and remembered there.
    let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
    match read {
        Some(Ok(bytes)) => Ok(bytes),
        Some(Err(error)) => Err(Failure::new("nothing was looked up").caused_by(&error)),
        None => Err(Failure::undecided("nothing was answered").kept("nothing was changed")),
    }
}

/// What stands on standard input: at most `bytes_max` bytes and one more.
pub(crate) fn read_text(bytes_max: usize) -> std::io::Result<Secret<Vec<u8>>> {
    // Room for all of it: a buffer that grew would leave parts of a secret behind.
    let mut bytes = Vec::with_capacity(bytes_max + 2);
    let most = u64::try_from(bytes_max + 1).unwrap_or(u64::MAX);
    let read =
        std::io::Read::read_to_end(&mut std::io::Read::take(std::io::stdin().lock(), most), &mut bytes);
    let bytes = Secret::new(bytes);
    read.map(|_| bytes)
}

async fn read_line(mut interrupt: Signal) -> Result<String, Failure> {
    let reading = tokio::task::spawn_blocking(|| {
        let mut line = String::with_capacity(1024);
        let read = std::io::stdin().lock().read_line(&mut line);
        match read {
            Ok(0) => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof)),
            Ok(_) => Ok(line),
            Err(error) => {
                line.zeroize();
                Err(error)
            }
        }
    });
    let cancelled = || Failure::undecided("nothing was answered").kept("nothing was changed");
    tokio::select! {
        read = reading => match read {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(_)) | Err(_) => Err(cancelled()),
        },
        _ = interrupt.recv() => {
            eprintln!();
            Err(cancelled())
        }
    }
}

/// Keeps what is typed from being shown, until dropped.
struct Hidden(Termios);

impl Hidden {
    fn begin() -> rustix::io::Result<Self> {
        let before = tcgetattr(std::io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::wants_colour;

    #[test]
    fn colour_is_refused_by_no_color_and_by_dumb_terminals() {
        let with = |pairs: &'static [(&str, &str)]| {
            wants_colour(|name| {
                pairs.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).into())
            })
        };
        assert!(with(&[]) && with(&[("TERM", "xterm")]) && with(&[("NO_COLOR", "")]));
        assert!(!with(&[("NO_COLOR", "1")]) && !with(&[("TERM", "dumb")]));
    }
}
