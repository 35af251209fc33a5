//! Cron tables: who runs what, and when (crontab(5)).
//!
//! A command is shown as its program only; secrets that stand in a command or in a variable of the table
//! come out as items of their own. This file must never decide whether a job is wanted. Next: `systemd.rs`, for timers.

use super::scanned::{named, of_command};
use super::{LineFault, Parsed, lines};
use crate::item::{Item, ThingKind, program};
use crate::place::shown;
use tenure_secrets::Scanner;

/// Which kind of table it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CronTable<'name> {
    /// One of the system: each line names its user.
    OfSystem,
    /// One of a user.
    OfUser(&'name str),
}

/// Reads the jobs of a table.
pub fn read(bytes: &[u8], table: CronTable<'_>, scanner: &Scanner) -> Parsed<Item> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        match content.map(<[u8]>::trim_ascii) {
            Ok(content) if content.is_empty() || content.starts_with(b"#") => {}
            Ok(content) => match variable(content) {
                Some((name, value)) => {
                    let name = shown(name);
                    let secret = named(scanner, ThingKind::JobSecret, &name, &name, value);
                    parsed.things.extend(secret.map(|item| item.at_line(line)));
                }
                None => match job(content, table) {
                    Ok((item, command)) => {
                        let secrets = of_command(scanner, command, ThingKind::JobSecret, &item.whose);
                        parsed.things.push(item.at_line(line));
                        parsed.things.extend(secrets.into_iter().map(|item| item.at_line(line)));
                    }
                    Err(why) => parsed.skip(line, why),
                },
            },
            Err(why) => parsed.skip(line, why),
        }
    }
    parsed
}

/// `NAME=value`. A job never has a `=` before its first space.
fn variable(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|byte| *byte == b'=')?;
    let name = line.split_at(at).0.trim_ascii();
    let plain = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    plain.then(|| (name, super::ini::unquoted(line.split_at(at + 1).1.trim_ascii())))
}

fn job<'line>(line: &'line [u8], table: CronTable<'_>) -> Result<(Item, &'line [u8]), LineFault> {
    let (schedule, mut rest) = if line.starts_with(b"@") { words(line, 1) } else { words(line, 5) };
    let user = match table {
        CronTable::OfUser(name) => name.to_owned(),
        CronTable::OfSystem => {
            let (user, command) = words(rest, 1);
            rest = command;
            shown(user)
        }
    };
    if rest.is_empty() || user.is_empty() || !is_schedule(schedule) {
        return Err(LineFault::Format);
    }
    let item = Item::new(ThingKind::ScheduledJob, &user)
        .text("schedule", &shown(schedule))
        .text("program", &program(rest));
    Ok((item, rest))
}

/// `@daily`, or five fields of numbers, stars and three-letter names in lists, ranges and steps.
fn is_schedule(schedule: &[u8]) -> bool {
    let part = |part: &[u8]| {
        part == b"*"
            || (!part.is_empty() && part.iter().all(u8::is_ascii_digit))
            || (part.len() == 3 && part.iter().all(u8::is_ascii_alphabetic))
    };
    let field = |field: &[u8]| field.split(|byte| b",-/~".contains(byte)).all(part);
    let mut fields = schedule.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    match schedule.strip_prefix(b"@") {
        Some(word) => !word.is_empty() && word.iter().all(u8::is_ascii_lowercase),
        None => fields.all(field),
    }
}

/// The first words of a line, and what follows them.
fn words(line: &[u8], count: usize) -> (&[u8], &[u8]) {
    let mut at = 0;
    for _ in 0..count {
        let rest = line.split_at(at.min(line.len())).1;
        let begin = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
        let word = rest.split_at(begin).1;
        let end = word.iter().position(u8::is_ascii_whitespace).unwrap_or(word.len());
        at += begin + end;
    }
    let (words, rest) = line.split_at(at.min(line.len()));
    (words.trim_ascii(), rest.trim_ascii())
}
