//! What every command gets: how to print, where the deployment is, what the terminal is like.
//!
//! Three forms of output: text for people, `--quiet` (only what a script would ask for) and
//! `--json` (one document at the end). This room must never print to standard output what is
//! not part of the answer.

use crate::{
    failure::{Exit, Failure},
    place::Place,
    render::{
        Frame,
        fold::{folded_between, folded_whole},
        table::Table,
    },
    terminal::Terminal,
};
use serde_json::Value;
use std::{
    io::Write as _,
    sync::atomic::{AtomicBool, Ordering},
};

/// Longest name on a line of its own, in characters.
const NAME_CHARS_MAX: usize = 1_000;

/// The form of what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// For people.
    Text,
    /// Only what a script would ask for.
    Quiet,
    /// One JSON document.
    Json,
}

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Context {
    /// The form of what is printed.
    pub(crate) form: Form,
    /// The terminal.
    pub(crate) terminal: Terminal,
    /// Where the deployment is, and how its key is found.
    pub(crate) place: Place,
    unwritten: AtomicBool,
}

impl Context {
    /// Puts it together.
    pub(crate) const fn new(form: Form, terminal: Terminal, place: Place) -> Self {
        Self { form, terminal, place, unwritten: AtomicBool::new(false) }
    }

    /// How to lay out.
    pub(crate) const fn frame(&self) -> Frame {
        self.terminal.frame
    }

    /// Says something beside the point: headlines, hints, the next step. Not with `--quiet` or `--json`.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        if self.form == Form::Text {
            self.fold(line.as_ref());
        }
    }

    /// Says a command that may be typed: never folded. Not with `--quiet` or `--json`.
    pub(crate) fn suggest(&self, line: impl AsRef<str>) {
        if self.form == Form::Text {
            self.write(line.as_ref());
        }
    }

    /// Says something that the reader should know and did not ask for, on standard error.
    pub(crate) fn remark(&self, line: impl AsRef<str>) {
        if self.form != Form::Quiet {
            for line in folded_whole(line.as_ref().to_owned(), self.frame().columns) {
                told(&line);
            }
        }
    }

    /// Says what to do next.
    pub(crate) fn next(&self, step: impl AsRef<str>) {
        if self.form == Form::Text {
            // A command that is broken over two lines is another command.
            for line in folded_between(&format!("Next: {}", step.as_ref()), self.frame().columns) {
                self.write(&line);
            }
        }
    }

    /// Prints what was asked for. Not with `--json`.
    pub(crate) fn print(&self, line: impl AsRef<str>) {
        if self.form != Form::Json {
            self.fold(line.as_ref());
        }
    }

    /// Prints a command that is to be typed or pasted: never folded. Not with `--json`.
    pub(crate) fn command(&self, line: impl AsRef<str>) {
        if self.form != Form::Json {
            self.write(line.as_ref());
        }
    }

    /// Prints a list: a table, or with `--quiet` only the name of each row, one a line.
    pub(crate) fn list(&self, table: &Table, names: impl IntoIterator<Item = impl AsRef<str>>) {
        if self.form != Form::Quiet {
            return self.table(table);
        }
        for name in names {
            self.write(&tenure_model::printable(name.as_ref(), NAME_CHARS_MAX));
        }
    }

    /// Prints a table.
    pub(crate) fn table(&self, table: &Table) {
        for line in table.lines(self.frame().paint, self.frame().columns) {
            self.print(line);
        }
    }

    /// Prints the document, with `--json`.
    pub(crate) fn document(&self, document: &Value) {
        if self.form == Form::Json {
            self.write(&serde_json::to_string_pretty(document).unwrap_or_default());
        }
    }

    /// Writes bytes as they are, whatever the form: a checkpoint, a script.
    pub(crate) fn raw(&self, text: &str) {
        self.write(text.strip_suffix('\n').unwrap_or(text));
    }

    /// Writes a line as wide as the terminal is; text of several lines was laid out already.
    fn fold(&self, line: &str) {
        if line.contains('\n') {
            return self.write(line);
        }
        for line in folded_whole(line.to_owned(), self.frame().columns) {
            self.write(&line);
        }
    }

    fn write(&self, line: &str) {
        let mut output = std::io::stdout().lock();
        let written = writeln!(output, "{line}").and_then(|()| output.flush());
        // A reader that went away (`| head`) is no failure of ours.
        if written.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe) {
            self.unwritten.store(true, Ordering::Relaxed);
        }
    }

    /// The end of the command: prints a failure, gives the exit code.
    pub(crate) fn end(&self, outcome: Result<Exit, Failure>) -> u8 {
        let exit = match outcome {
            Ok(exit) => exit,
            Err(failure) => {
                self.document(&failure.document());
                for line in failure.text().lines() {
                    let is_step = line.trim_start().starts_with("next:");
                    let fold = if is_step {
                        folded_between(line, self.frame().columns)
                    } else {
                        folded_whole(line.to_owned(), self.frame().columns)
                    };
                    for line in fold {
                        told(&line);
                    }
                }
                failure.exit
            }
        };
        if self.unwritten.load(Ordering::Relaxed) {
            told(Failure::new("the answer could not be written to standard output").text().trim_end());
            return Exit::Failed.code();
        }
        exit.code()
    }
}
/// One line on standard error. Where nobody can be told, that is no reason to come to grief.
fn told(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}
