//! A survey of a machine: one reading, then its extents, each with a digest by which it is recognised.
//!
//! The reading itself blocks, so it runs beside the tasks of the program; what it found is then sent page by page. It
//! must never hold a value: what crosses from the reading to here are fingerprints. Next: `map.rs`.

use crate::awaited::Awaited;
use crate::config::Processes;
use crate::files::Files;
use crate::map::{ExtentContent, KEY_START, Known, observations};
use crate::open::Root;
use crate::source::HostSource;
use crate::survey::survey_files;
use crate::{Budget, Limits, Place, Reading, Unread, local, machine_id, uses};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Instant as Clock;
use tenure_connect::{
    Ability, ContentDigest, Fingerprint, NotObservable, OutsideFailure, PAGE_MAX, Recognition, SinkClosed,
    SurveySink, Target,
};
use tenure_model::{Completeness, Extent, Instant, Observation, printable};
use tenure_secrets::Scanner;

/// Which way observations are made of what is read: a digest of another way is another digest.
const WAY_OF_MAPPING: &[u8] = b"host-1\n";

/// Reads everything we may see.
pub(crate) async fn observe(
    source: &HostSource,
    now: Instant,
    sink: &mut dyn SurveySink,
) -> Result<(), OutsideFailure> {
    let (root, limits, fingerprint) =
        (source.ground.root.clone(), source.ground.limits, Arc::clone(&source.fingerprint));
    let scanner = scanner()?;
    let processes = source.processes;
    let Ok(known) = known(sink).await else { return Ok(()) };
    let (awaited, running) = Awaited::begin();
    let read = tokio::task::spawn_blocking(move || {
        let elapsed = || running.elapsed();
        let budget = Budget::new(limits, &elapsed);
        let opened = Root::of_source(&root, limits.file_systems)?;
        let mut reading = survey_files(&opened, &budget, &*fingerprint, scanner);
        let mut environments = (processes == Processes::Read)
            .then(|| crate::processes::read(&root, limits, &elapsed, &*fingerprint, scanner));
        if let Some(read) = &mut environments {
            reading.found.append(&mut read.found);
        }
        let mut extents = observations(&reading, &known, CLOSED.remedy, &budget);
        let crowded = environments.as_ref().and_then(crate::processes::Environments::note);
        if let Some(mut read) = environments {
            read.cut = read.cut.or(budget.time_to_tell().err().map(Unread::Limit));
            read.tell(&mut extents);
        }
        local::name_accounts(&root, &mut extents);
        machine_id::say(&mut extents, machine_id::read(&opened, &budget, &*fingerprint));
        let (logins, mut untold) = uses::of_keys(&opened, &extents, now, &budget, uses::Journal::Here);
        untold.extend(crowded);
        // What is used comes before its uses.
        extents.extend(logins);
        Ok((extents, notes(&reading, untold, &CLOSED)))
    });
    let read = read.await;
    awaited.until_here();
    let (extents, notes) = read
        .map_err(|gone| OutsideFailure::Puzzling { why: cut_off("the reading", &gone) })?
        .map_err(|why| unreachable(&source.ground.root, why))?;
    match send(&*source.fingerprint, sink, extents, notes).await {
        // Whoever receives is gone and knows why.
        Ok(()) | Err(SinkClosed) => Ok(()),
    }
}

/// Identities of copies that the inventory holds.
pub(crate) async fn known(sink: &mut dyn SurveySink) -> Result<Known, SinkClosed> {
    sink.known(KEY_START).await
}

/// Rules are compiled once in the life of the program.
pub(crate) fn scanner() -> Result<&'static Scanner, OutsideFailure> {
    static SCANNER: OnceLock<Result<Scanner, String>> = OnceLock::new();
    let made = SCANNER.get_or_init(|| Scanner::new().map_err(|why| why.to_string()));
    made.as_ref().map_err(|why| OutsideFailure::Puzzling { why: why.clone() })
}

fn unreachable(root: &Path, why: Unread) -> OutsideFailure {
    OutsideFailure::Unreachable { why: format!("`{}`: {why}", printable(&root.display().to_string(), 200)) }
}

pub(crate) async fn send(
    fingerprint: &dyn Fingerprint,
    sink: &mut dyn SurveySink,
    extents: Vec<(String, ExtentContent)>,
    notes: Vec<NotObservable>,
) -> Result<(), SinkClosed> {
    for note in notes {
        sink.not_observable(note).await?;
    }
    for (name, content) in extents {
        let extent = Extent(name);
        if extent.0 == crate::processes::EXTENT {
            sink.ephemeral(&extent).await?;
        }
        let whole = content.completeness == Completeness::Whole;
        let digest = digest(fingerprint, &content);
        if whole
            && let Some(digest) = &digest
            && sink.recalls(&extent).await?
            && sink.offer(&extent, digest).await? == Recognition::Unchanged
        {
            continue;
        }
        let mut rest = content.observations;
        while !rest.is_empty() {
            let later = rest.split_off(rest.len().min(PAGE_MAX));
            sink.page(&extent, rest).await?;
            rest = later;
        }
        match (content.completeness, digest) {
            (Completeness::Whole, Some(digest)) => sink.end_as(&extent, digest).await?,
            (completeness, _) => sink.end(&extent, completeness).await?,
        }
    }
    Ok(())
}

/// The keyed digest of what an extent holds.
fn digest(fingerprint: &dyn Fingerprint, content: &ExtentContent) -> Option<ContentDigest> {
    // Uses are of a moment; no extent is recognised by them.
    if content.observations.iter().any(|observation| matches!(observation, Observation::Use(_))) {
        return None;
    }
    let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    context.update(WAY_OF_MAPPING);
    for observation in &content.observations {
        context.update(&serde_json::to_vec(observation).ok()?);
        context.update(b"\n");
    }
    Some(ContentDigest::keyed(fingerprint, context.finish().as_ref()))
}

/// What no machine tells anybody, said once.
pub(crate) fn notes(reading: &Reading, untold: Vec<NotObservable>, closed: &Closed) -> Vec<NotObservable> {
    let mut notes = untold;
    let many = reading.not_read.iter().filter(|unread| unread.why == Unread::NotPermitted).count();
    if many > 0 {
        notes.push(NotObservable {
            what: format!("{many} places on this machine"),
            why: String::from("our account may not read them"),
            remedy: closed.remedy.to_owned(),
        });
    }
    notes
}

/// What a look at a machine says before a survey.
pub(crate) struct Looks {
    pub(crate) system: String,
    /// What can be read, which place shows it, and whether it can.
    pub(crate) places: Vec<(&'static str, &'static str, bool)>,
}

/// What opens places that our account may not read.
pub(crate) struct Closed {
    pub(crate) remedy: &'static str,
}

/// On the machine that Tenure runs on.
pub(crate) const CLOSED: Closed =
    Closed { remedy: "run Tenure as root, or give it the capability CAP_DAC_READ_SEARCH" };

/// What a look found, as abilities.
pub(crate) fn told(places: Vec<(&'static str, &'static str, bool)>, closed: &Closed) -> Vec<Ability> {
    let able = |(what, place, able): (&str, &str, bool)| Ability {
        what: what.to_owned(),
        able,
        remedy: (!able).then(|| format!("{place} is closed to our account: {}", closed.remedy)),
    };
    places.into_iter().map(able).collect()
}

/// Places that show what our account may read.
const SHOWN_BY: [(&str, &str); 3] = [
    ("read accounts", "etc/passwd"),
    ("read stored passwords", "etc/shadow"),
    ("read the home of root", "root"),
];

/// Looks at a few places, and reads the system's name.
pub(crate) async fn abilities(source: &HostSource) -> Result<(Looks, Option<String>), OutsideFailure> {
    let root: PathBuf = source.ground.root.clone();
    let fingerprint = Arc::clone(&source.fingerprint);
    let looked = tokio::task::spawn_blocking(move || {
        let limits = Limits::default();
        let began = Clock::now();
        let elapsed = || began.elapsed();
        let budget = Budget::new(limits, &elapsed);
        let opened = Root::of_source(&root, limits.file_systems);
        let opened = opened.map_err(|why| unreachable(&root, why))?;
        Ok((look(&opened, &budget), machine_id::read(&opened, &budget, &*fingerprint)))
    });
    looked.await.map_err(|gone| OutsideFailure::Puzzling { why: cut_off("the look", &gone) })?
}

/// Looks at them in the files of a machine.
pub(crate) fn look(files: &dyn Files, budget: &Budget<'_>) -> Looks {
    let release = [b"etc/os-release".as_slice(), b"usr/lib/os-release"];
    let name = release.iter().find_map(|place| {
        let file = files.read(&Place::parse(place)?, budget).ok()?;
        let text = String::from_utf8_lossy(file.content.expose()).into_owned();
        let line =
            text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?.trim_matches('"').to_owned();
        Some(printable(&line, 80))
    });
    // A directory is read by listing it, a file by opening it; what is not there shows nothing.
    let able = |(what, shown): (&'static str, &'static str)| {
        let place = Place::parse(shown.as_bytes())?;
        let read = || files.read(&place, budget).map(drop);
        match files.list(&place, budget).map(drop).or_else(|_| read()) {
            Ok(()) => Some((what, shown, true)),
            Err(Unread::Absent) => None,
            Err(_) => Some((what, shown, false)),
        }
    };
    let places = SHOWN_BY.into_iter().filter_map(able).collect();
    Looks { system: name.unwrap_or_else(|| String::from("a machine that does not say its name")), places }
}

/// What is said of work that did not come to its end. The text of a panic may quote what was being read.
pub(crate) fn cut_off(what: &str, gone: &tokio::task::JoinError) -> String {
    let why = if gone.is_panic() { "a fault in Tenure, which its log has" } else { "the program ends" };
    format!("{what} was cut off: {why}")
}

/// As one word of a shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The system's own commands with which a person ends a principal of the machine below this root. Of an image they
/// change the image, never the machine they are typed on.
pub(crate) fn by_hand(target: &Target, root: &Path) -> Vec<String> {
    let (kind, rest) = target.key.0.split_once(':').unwrap_or_default();
    let image = (root != Path::new("/")).then(|| quoted(&root.display().to_string()));
    match kind {
        "account" => {
            let name = rest.split_once(':').map_or(rest, |(_, name)| name);
            let of_image = image.map(|root| format!("--root {root} ")).unwrap_or_default();
            vec![format!("usermod {of_image}--lock --expiredate 1 -- {}", quoted(name))]
        }
        "unit" => {
            let how =
                image.map_or_else(|| String::from("disable --now"), |root| format!("--root={root} disable"));
            vec![format!("systemctl {how} -- {}", quoted(rest))]
        }
        "launchd" => {
            let domain = if rest.starts_with("/Library/LaunchDaemons/") { "system" } else { "gui/$(id -u)" };
            let command = format!("launchctl bootout {domain} {}", quoted(rest));
            vec![image.map_or(command.clone(), |root| {
                format!("on a machine that runs the image {root}: {command}")
            })]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{by_hand, cut_off};
    use std::path::Path;
    use tenure_connect::Target;
    use tenure_model::PrincipalKey;

    #[test]
    fn what_is_done_by_hand_for_an_image_is_done_to_the_image_and_a_name_is_no_option() {
        let of = |key: &str, root: &str| {
            let target = Target { key: PrincipalKey(key.to_owned()), name: String::from("x"), file: None };
            by_hand(&target, Path::new(root)).join("; ")
        };
        assert_eq!(of("account:1000:-it", "/"), "usermod --lock --expiredate 1 -- '-it'");
        assert_eq!(
            of("account:1000:it", "/mnt/i m"),
            "usermod --root '/mnt/i m' --lock --expiredate 1 -- 'it'"
        );
        assert_eq!(of("unit:-b.service", "/"), "systemctl disable --now -- '-b.service'");
        assert_eq!(of("unit:b.service", "/mnt"), "systemctl --root='/mnt' disable -- 'b.service'");
        assert!(
            of("launchd:/Library/LaunchDaemons/a", "/mnt")
                .starts_with("on a machine that runs the image '/mnt': ")
        );
    }

    #[tokio::test]
    async fn the_text_of_a_panic_is_not_handed_on() {
        let gone = tokio::task::spawn_blocking(|| panic!("what was being read")).await.unwrap_err();
        assert_eq!(cut_off("it", &gone), "it was cut off: a fault in Tenure, which its log has");
    }
}
