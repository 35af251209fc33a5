//! A programme as a directory of files on this machine: read, written, compared; and the ready ones.
//!
//! Only files that a programme is made of are read (`*.toml`, `*.cedar`), so that a repository may hold others beside them.
//! It must never write over a file, or read one without a limit. Next: `cli/programme.rs`.

use crate::{failure::Failure, render::words::typeable};
use clap::ValueEnum;
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{Read as _, Write as _},
    path::Path,
};
use tenure_engine::{ProgrammeFiles, check_programme, digest_of};
use tenure_model::printable;

/// Bytes of one file, and files, at most.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
const FILES_MAX: usize = 120;
/// The folder of an organisation's own policies.
const POLICIES: &str = "policies";

/// The files of a ready programme.
macro_rules! ready {
    ($name:literal) => {
        [
            include_str!(concat!("../../../programmes/", $name, "/programme.toml")),
            include_str!(concat!("../../../programmes/", $name, "/classes.toml")),
            include_str!(concat!("../../../programmes/", $name, "/stores.toml")),
            include_str!(concat!("../../../programmes/", $name, "/partners.toml")),
            include_str!(concat!("../../../programmes/", $name, "/calendars.toml")),
            include_str!(concat!("../../../programmes/", $name, "/controls.toml")),
            include_str!(concat!("../../../programmes/", $name, "/playbooks.toml")),
        ]
    };
}

/// A programme that is ready to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ready {
    /// A small team: few rules, long graces
    Starter,
    /// An organisation that is audited: everything is of some class
    Regulated,
    /// Strict where something acts by itself, quiet elsewhere
    AgentsFirst,
}

impl core::fmt::Display for Ready {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        to.write_str(match self {
            Self::Starter => "starter",
            Self::Regulated => "regulated",
            Self::AgentsFirst => "agents-first",
        })
    }
}

impl Ready {
    /// What it is for.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Starter => "for a small team, few rules and long graces",
            Self::Regulated => "for an organisation that is audited, everything is of some class",
            Self::AgentsFirst => "strict where something acts by itself, quiet elsewhere",
        }
    }

    /// Its files.
    pub(crate) fn files(self) -> ProgrammeFiles {
        let [programme, classes, stores, partners, calendars, controls, playbooks] = match self {
            Self::Starter => ready!("starter"),
            Self::Regulated => ready!("regulated"),
            Self::AgentsFirst => ready!("agents-first"),
        };
        let named = [
            ("programme.toml", programme),
            ("classes.toml", classes),
            ("stores.toml", stores),
            ("partners.toml", partners),
            ("calendars.toml", calendars),
            ("controls.toml", controls),
            ("playbooks.toml", playbooks),
        ];
        ProgrammeFiles(named.map(|(name, text)| (name.to_owned(), text.to_owned())).into())
    }
}

/// What is in force where none was applied.
pub(crate) fn defaults() -> ProgrammeFiles {
    ProgrammeFiles(BTreeMap::from([(String::from("programme.toml"), String::from("version = 1\n"))]))
}

/// A directory as people type it.
pub(crate) fn shown(directory: &Path) -> String {
    typeable(&printable(&directory.display().to_string(), 300))
}

/// Reads the files of a programme, and of its folder of policies.
pub(crate) fn read(what: &str, directory: &Path) -> Result<ProgrammeFiles, Failure> {
    let mut files = BTreeMap::new();
    read_into(what, (directory, ""), &mut files)?;
    let policies = directory.join(POLICIES);
    match fs::symlink_metadata(&policies) {
        Ok(facts) if facts.is_dir() => read_into(what, (&policies, POLICIES), &mut files)?,
        Ok(_) => {
            return Err(Failure::new(what)
                .because(format!("{} is no directory; links are not followed", shown(&policies))));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::new(what).because(format!("{}: {error}", shown(&policies)))),
    }
    if files.is_empty() {
        return Err(Failure::new(what)
            .because(format!("{} holds no file of a programme", shown(directory)))
            .next("tenure programme init DIR writes one to begin with"));
    }
    Ok(ProgrammeFiles(files))
}

/// Reads one directory, whose files are called by `folder` and their names.
fn read_into(
    what: &str,
    (directory, folder): (&Path, &str),
    files: &mut BTreeMap<String, String>,
) -> Result<(), Failure> {
    let failed = |path: &Path, error: &dyn std::error::Error| {
        Failure::new(what).because(format!("{}: {error}", shown(path)))
    };
    let listed = fs::read_dir(directory).map_err(|error| {
        failed(directory, &error).next("tenure programme init DIR writes one to begin with")
    })?;
    for entry in listed {
        let path = entry.map_err(|error| failed(directory, &error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let is_part = [".toml", ".cedar"].iter().any(|end| name.ends_with(end)) && !name.starts_with('.');
        if !is_part {
            continue;
        }
        if files.len() == FILES_MAX {
            return Err(Failure::new(what)
                .because(format!("{} holds more than {FILES_MAX} files", shown(directory)))
                .next("name the directory of one programme"));
        }
        let facts = fs::symlink_metadata(&path).map_err(|error| failed(&path, &error))?;
        if !facts.is_file() {
            return Err(
                Failure::new(what).because(format!("{} is no file; links are not followed", shown(&path)))
            );
        }
        let mut text = String::new();
        let open = fs::File::open(&path).map_err(|error| failed(&path, &error))?;
        let read = open.take(FILE_BYTES_MAX).read_to_string(&mut text);
        read.map_err(|error| failed(&path, &error))?;
        let name = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        files.insert(name, text);
    }
    Ok(())
}

/// Refuses what cannot be applied, with the first fault.
pub(crate) fn refuse_faulty(what: &str, files: &ProgrammeFiles) -> Result<(), Failure> {
    let faults = check_programme(files);
    let Some(first) = faults.first() else { return Ok(()) };
    let more = if faults.len() > 1 { format!(" (and {} more)", faults.len() - 1) } else { String::new() };
    Err(Failure::new(what)
        .because(format!("{first}{more}"))
        .next("tenure programme check DIR says all of them"))
}

/// Writes them into a directory that is empty or not there yet.
pub(crate) fn write(what: &str, directory: &Path, files: &ProgrammeFiles) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::new(what)
            .because(format!("{}: {error}", shown(directory)))
            .next("name a directory that you may write to")
    };
    fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    let mut inside = fs::read_dir(directory).map_err(|error| failed(&error))?;
    if inside.next().is_some() {
        return Err(Failure::usage(what)
            .because(format!("{} is not empty", shown(directory)))
            .next("name an empty or a new directory"));
    }
    // They come from a server: a name that leads anywhere else is none of a programme.
    let is_plain = |name: &str| {
        let is_meant =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter);
        !name.starts_with('.') && !name.is_empty() && name.chars().all(is_meant)
    };
    let is_ours = |name: &&String| match name.split_once('/') {
        None => is_plain(name),
        Some((folder, file)) => folder == POLICIES && is_plain(file),
    };
    if let Some(name) = files.0.keys().find(|name| !is_ours(name)) {
        let why = format!("`{}` is no name of a file of a programme", printable(name, 100));
        return Err(Failure::new(what).because(why).kept("nothing was written"));
    }
    if files.0.keys().any(|name| name.contains('/')) {
        fs::create_dir(directory.join(POLICIES)).map_err(|error| failed(&error))?;
    }
    for (name, text) in &files.0 {
        let path = directory.join(name);
        let made = fs::File::options().write(true).create_new(true).open(&path);
        made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(&error))?;
    }
    Ok(())
}

/// One setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Difference {
    /// Which: `thresholds.rotation_days_max`, `class.agents.required`.
    pub(crate) setting: String,
    /// What is in force; nothing where it is not said.
    pub(crate) was: Option<String>,
    /// What it would be.
    pub(crate) will: Option<String>,
}

impl core::fmt::Display for Difference {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let side = |side: &Option<String>| {
            side.as_ref().map_or_else(|| String::from("(not set)"), |side| printable(side, 300))
        };
        write!(to, "{}: {} → {}", printable(&self.setting, 200), side(&self.was), side(&self.will))
    }
}

/// Every setting that differs, by name. Both can be applied, so both can be read.
pub(crate) fn differences(in_force: &ProgrammeFiles, proposed: &ProgrammeFiles) -> Vec<Difference> {
    let (was, will) = (settings(in_force), settings(proposed));
    let names: BTreeSet<&String> = was.keys().chain(will.keys()).collect();
    let differ = names.into_iter().filter(|name| was.get(*name) != will.get(*name));
    differ
        .map(|name| Difference {
            setting: name.clone(),
            was: was.get(name).cloned(),
            will: will.get(name).cloned(),
        })
        .collect()
}

fn settings(files: &ProgrammeFiles) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (file, text) in &files.0 {
        if file.starts_with(POLICIES) {
            // Not settings: that one differs is said by its lines and a digest, how it does, the files say.
            let digest = digest_of(&ProgrammeFiles([(file.clone(), text.clone())].into()));
            let digest = digest.get(..12).unwrap_or_default();
            all.insert(file.clone(), format!("{} lines, {digest}", text.lines().count()));
        } else if let Ok(table) = toml::from_str::<toml::Table>(text) {
            flatten("", &toml::Value::Table(table), &mut all);
        }
    }
    all
}

fn flatten(path: &str, value: &toml::Value, into: &mut BTreeMap<String, String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        toml::Value::Table(table) => {
            for (name, inner) in table {
                flatten(&below(name), inner, into);
            }
        }
        // Things with an id are told by it, so that one that is added moves no other; their order counts.
        toml::Value::Array(list) if list.iter().any(|one| one.get("id").is_some()) => {
            let ids: Vec<&str> = list.iter().filter_map(|one| one.get("id")?.as_str()).collect();
            into.insert(below("order"), ids.join(", "));
            for one in list {
                let id = one.get("id").and_then(|id| id.as_str()).unwrap_or_default();
                flatten(&below(id), one, into);
            }
        }
        toml::Value::Array(list) => {
            let shown = list.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned));
            into.insert(path.to_owned(), shown.collect::<Vec<_>>().join(", "));
        }
        toml::Value::String(text) => {
            into.insert(path.to_owned(), text.clone());
        }
        other => {
            into.insert(path.to_owned(), other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ready, defaults, differences};
    use clap::ValueEnum as _;
    use std::fmt::Write as _;
    use tenure_engine::{ProgrammeFiles, check_programme};

    #[test]
    fn every_ready_programme_can_be_applied_and_they_differ() {
        let mut seen = vec![defaults()];
        for ready in Ready::value_variants() {
            let files = ready.files();
            assert_eq!(check_programme(&files), [], "{ready}");
            assert!(!seen.contains(&files), "{ready}");
            seen.push(files);
        }
    }

    #[test]
    fn a_name_that_leads_elsewhere_is_not_written() {
        let inside = tempfile::tempdir().unwrap();
        let folder = inside.path().join("programme");
        for name in [
            "../x.toml",
            "/x.toml",
            "a/x.toml",
            ".x.toml",
            "x\u{1b}.toml",
            "policies/../x.toml",
            "policies/.x.cedar",
            "policies//x.cedar",
        ] {
            let files = ProgrammeFiles([(name.to_owned(), String::new())].into());
            let refused = super::write("not written", &folder, &files).unwrap_err();
            assert!(refused.text().contains("is no name of a file of a programme"), "{}", refused.text());
        }
        assert!(std::fs::read_dir(&folder).unwrap().next().is_none());
        assert!(!folder.with_file_name("x.toml").exists());
    }

    #[test]
    fn what_differs_is_told_setting_by_setting_and_nothing_differs_from_itself() {
        let files = |main: &str, classes: &str| {
            let all = [("programme.toml", main), ("classes.toml", classes)];
            ProgrammeFiles(all.map(|(name, text)| (name.to_owned(), text.to_owned())).into())
        };
        let one = "[[class]]\nid = 'a'\nmatch = ['kind:agent']\n";
        let two = "[[class]]\nid = 'b'\nmatch = ['kind:key', 'name:x']\n[[class]]\nid = 'a'\nmatch = ['kind:agent']\nrequired = ['purpose']\n";
        let (was, will) = (
            files("version = 1\n[thresholds]\nunused_days = 60\n", one),
            files(
                "version = 1\n[thresholds]\nrotation_days_max = 30\n[policies.no_owner]\nenabled = false\n",
                two,
            ),
        );
        let mut said = String::new();
        for one in differences(&was, &will) {
            let _ = writeln!(said, "{one}");
        }
        insta::assert_snapshot!(said, @r"
        class.a.required: (not set) → purpose
        class.b.id: (not set) → b
        class.b.match: (not set) → kind:key, name:x
        class.order: a → b, a
        policies.no_owner.enabled: (not set) → false
        thresholds.rotation_days_max: (not set) → 30
        thresholds.unused_days: 60 → (not set)
        ");
        assert_eq!(differences(&was, &was), []);
        // A comment and an order of keys decide nothing.
        assert_eq!(differences(&defaults(), &files("# why\nversion = 1\n", "")), []);
    }
}
