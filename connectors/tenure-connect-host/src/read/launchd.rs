//! Jobs of macOS's launchd: which account each runs as, what it starts, and secrets that stand in it.
//!
//! The property lists of `LaunchDaemons` and `LaunchAgents` (launchd.plist(5)), in their XML form; of a binary one it is
//! said that it was not read. Commands are shown as their program only. This file must never follow a path that a job
//! names. Next: `plist.rs`.

use super::scanned::{named, of_command};
use super::tree::Node;
use super::{LINE_BYTES_MAX, LineFault, Parsed, plist};
use crate::item::{Item, ThingKind, program};
use tenure_model::{Fact, printable};
use tenure_secrets::Scanner;

/// Characters of a label, at most.
const LABEL_CHARS: usize = 120;

/// Who starts the jobs of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedBy {
    /// The system, as root unless the job names an account.
    System,
    /// The session of whoever logs in, as that account.
    Session,
}

/// Reads a job: the service, then its secrets. `name` is that of the file, for a job without a label.
pub fn read(bytes: &[u8], name: &str, started_by: StartedBy, scanner: &Scanner) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    if bytes.starts_with(plist::BINARY) {
        parsed.skip(1, LineFault::BinaryList);
        return parsed;
    }
    let Some(job) = plist::xml(bytes).filter(|tree| !tree.table().is_empty()) else {
        parsed.skip(1, LineFault::Format);
        return parsed;
    };
    // Of a longer text not every part may be looked at (`scanned.rs`), and that is said.
    if job.longest_text() > LINE_BYTES_MAX {
        parsed.skip(1, LineFault::TooLong);
    }
    let label = printable(job.text_of("Label").unwrap_or(name), LABEL_CHARS);
    let words: Vec<&str> = job
        .get("ProgramArguments")
        .map(Node::list)
        .unwrap_or_default()
        .iter()
        .filter_map(Node::text)
        .collect();
    let command = words.join(" ");
    let first = job.text_of("Program").unwrap_or(&command);
    let mut item = Item::new(ThingKind::ServiceUnit, &label)
        .text("manager", "launchd")
        .text("installed_by", "administrator")
        .fact("programs", Fact::Texts(vec![program(first.as_bytes())]))
        .flag(
            "scheduled",
            ["StartInterval", "StartCalendarInterval"].iter().any(|key| job.get(key).is_some()),
        )
        .flag("disabled", job.get("Disabled").is_some_and(Node::is_yes));
    let of_system = (started_by == StartedBy::System).then_some("root");
    if let Some(user) = job.text_of("UserName").or(of_system) {
        item = item.text("user", user);
    }
    parsed.things.push(item);
    for (variable, value) in job.get("EnvironmentVariables").map(Node::table).unwrap_or_default() {
        let Some(value) = value.text() else { continue };
        let whose = format!("{label} {}", printable(variable, LABEL_CHARS));
        parsed.things.extend(named(scanner, ThingKind::JobSecret, &whose, variable, value.as_bytes()));
    }
    parsed.things.extend(of_command(scanner, command.as_bytes(), ThingKind::JobSecret, &label));
    parsed
}
