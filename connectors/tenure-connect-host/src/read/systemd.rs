//! systemd units: which account a service runs as, what it starts, and where its settings come from.
//!
//! A unit is read with its drop-ins, in their order (systemd.unit(5)): later values win, an empty one resets a list.
//! Commands are shown as their program only. This file must never follow `EnvironmentFile=`: it is named,
//! and read only if the catalogue has it. Next: `cron.rs`.

use super::federation::of_variable;
use super::scanned::{named, of_command};
use super::{LINE_BYTES_MAX, LineFault, Parsed, lines};
use crate::item::{Item, Problem, ThingKind, program};
use crate::place::shown;
use tenure_model::{Fact, printable};
use tenure_secrets::Scanner;

/// Values of one list that are kept.
const LIST_MAX: usize = 50;

/// A service or timer.
#[derive(Debug, Default)]
pub struct Unit {
    /// What it says about itself.
    pub description: String,
    /// The account it runs as; empty means root, or the manager's user.
    pub user: String,
    /// The group.
    pub group: String,
    /// Its account is made when it starts and gone when it ends.
    pub dynamic_user: bool,
    /// What it starts.
    pub programs: Vec<String>,
    /// Files that its environment comes from.
    pub environment_files: Vec<String>,
    /// Credentials that are handed to it, by name.
    pub credentials: Vec<String>,
    /// When a timer fires.
    pub calendar: Vec<String>,
    /// What a timer starts, when it is not the service of its own name.
    pub starts: String,
    /// Secrets that stand in it, and ways without one.
    pub secrets: Vec<Item>,
}

impl Unit {
    /// As items: the unit, then its secrets.
    pub fn into_items(self, name: &str, drop_ins: usize) -> Vec<Item> {
        let timer = name.len() > 6 && name.rsplit('.').next() == Some("timer");
        let kind = if timer { ThingKind::TimerUnit } else { ThingKind::ServiceUnit };
        let drop_ins = i64::try_from(drop_ins).unwrap_or(i64::MAX);
        let mut unit =
            Item::new(kind, name).text("description", &self.description).number("drop_ins", drop_ins);
        if timer {
            unit = unit.fact("calendar", Fact::Texts(self.calendar));
            if !self.starts.is_empty() {
                unit = unit.text("starts", &self.starts);
            }
        } else {
            let user = if self.user.is_empty() { "root" } else { &self.user };
            unit = unit
                .text("user", user)
                .flag("dynamic_user", self.dynamic_user)
                .fact("programs", Fact::Texts(self.programs))
                .fact("environment_files", Fact::Texts(self.environment_files))
                .fact("credentials", Fact::Texts(self.credentials));
            if !self.group.is_empty() {
                unit = unit.text("group", &self.group);
            }
        }
        let mut items = vec![unit];
        items.extend(self.secrets);
        items
    }
}

/// Reads a unit and its drop-ins, in the order in which they apply.
pub fn read(name: &str, parts: &[&[u8]], scanner: &Scanner) -> Parsed<Unit> {
    let mut parsed = Parsed::default();
    let mut unit = Unit::default();
    for part in parts {
        let mut section = Vec::new();
        for (line, content) in joined(part, &mut parsed) {
            if let Some(inside) = content.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")) {
                section = inside.to_vec();
            } else if let Some(at) = content.iter().position(|byte| *byte == b'=') {
                let (key, value) = (content.split_at(at).0, content.split_at(at + 1).1);
                unit.take(name, &section, key.trim_ascii(), value.trim_ascii(), line, scanner);
            }
        }
    }
    parsed.things.push(unit);
    parsed
}

impl Unit {
    fn take(&mut self, name: &str, section: &[u8], key: &[u8], value: &[u8], line: u32, scanner: &Scanner) {
        let text = || printable(&shown(value), 200);
        match (section, key) {
            (b"Unit", b"Description") => self.description = text(),
            (b"Service", b"User") => self.user = text(),
            (b"Service", b"Group") => self.group = text(),
            (b"Service", b"DynamicUser") => {
                self.dynamic_user = matches!(value, b"yes" | b"true" | b"1" | b"on");
            }
            (b"Service", b"EnvironmentFile") => add(&mut self.environment_files, text()),
            (b"Timer", b"OnCalendar") => add(&mut self.calendar, text()),
            (b"Timer", b"Unit") => self.starts = text(),
            (b"Service", b"LoadCredential" | b"LoadCredentialEncrypted" | b"SetCredentialEncrypted") => {
                let credential = value.split(|byte| *byte == b':').next().unwrap_or_default();
                add(&mut self.credentials, printable(&shown(credential), 200));
            }
            (b"Service", b"SetCredential") => {
                let at = value.iter().position(|byte| *byte == b':').unwrap_or(value.len());
                let (credential, rest) = value.split_at(at);
                let whose = format!("{name} {}", shown(credential));
                let secret = rest.get(1..).filter(|value| super::secret_name::is_secret_value(value));
                let item = |value: &[u8]| {
                    let item = Item::new(ThingKind::JobSecret, &whose).at_line(line).value(value);
                    item.problem_if(true, Problem::SecretInClear)
                };
                self.secrets.extend(secret.map(item));
            }
            (b"Service", b"Environment") => {
                for (variable, value) in assignments(value) {
                    let variable = shown(&variable);
                    self.secrets.extend(of_variable(&variable, &value).map(|item| item.at_line(line)));
                    let whose = format!("{name} {variable}");
                    let secret = named(scanner, ThingKind::JobSecret, &whose, &variable, &value);
                    self.secrets.extend(secret.map(|item| item.at_line(line)));
                }
            }
            (b"Service", _) if key.starts_with(b"Exec") => {
                // `-`, `@`, `+`, `!`, `:` in front change how it is started (systemd.service(5)).
                let prefix = value.iter().position(|byte| !b"-@+!:".contains(byte)).unwrap_or(value.len());
                add(&mut self.programs, program(value.split_at(prefix).1));
                let secrets = of_command(scanner, value, ThingKind::JobSecret, name);
                self.secrets.extend(secrets.into_iter().map(|item| item.at_line(line)));
            }
            _ => {}
        }
    }
}

/// Adds to a list; an empty value begins it anew.
fn add(list: &mut Vec<String>, value: String) {
    if value.is_empty() {
        list.clear();
    } else if list.len() < LIST_MAX && !list.contains(&value) {
        list.push(value);
    }
}

/// Lines with their continuations joined, comments left out.
fn joined(bytes: &[u8], parsed: &mut Parsed<Unit>) -> Vec<(u32, Vec<u8>)> {
    let mut whole: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut continues = false;
    for (line, content) in lines(bytes) {
        let content = match content {
            Ok(content) => content.trim_ascii(),
            Err(why) => {
                parsed.skip(line, why);
                continue;
            }
        };
        if content.first().is_some_and(|byte| matches!(byte, b'#' | b';')) {
            continue;
        }
        let open = content.ends_with(b"\\");
        let text = content.strip_suffix(b"\\").unwrap_or(content);
        match whole.last_mut().filter(|_| continues) {
            Some((_, before)) if before.len() + text.len() >= LINE_BYTES_MAX => {
                parsed.skip(line, LineFault::TooLong);
            }
            Some((_, before)) => {
                before.push(b' ');
                before.extend_from_slice(text);
            }
            None if !text.is_empty() => whole.push((line, text.to_vec())),
            None => {}
        }
        continues = open;
    }
    whole
}

/// `A=1 "B=two words"`: names and values between spaces outside quotes.
fn assignments(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut words: Vec<Vec<u8>> = vec![Vec::new()];
    let mut quote = None;
    for byte in text {
        match (byte, quote) {
            (b'"' | b'\'', None) => quote = Some(*byte),
            (_, Some(open)) if open == *byte => quote = None,
            (b' ' | b'\t', None) => words.push(Vec::new()),
            _ => words.iter_mut().next_back().into_iter().for_each(|word| word.push(*byte)),
        }
    }
    let pairs = words.iter().filter_map(|word| {
        let at = word.iter().position(|byte| *byte == b'=')?;
        Some((word.split_at(at).0.to_vec(), word.split_at(at + 1).1.to_vec()))
    });
    pairs.collect()
}
