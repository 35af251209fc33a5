//! A programme as a directory of files: which there are, and what is wrong in which line.
//!
//! Pure: the text of the files comes in. Nothing that is not understood is passed over, because a setting that does
//! nothing is worse than none; all that is wrong is said at once, with the line and, where a word is nearly right, which
//! was meant. Next: `class.rs`.

use super::{
    Calendar, Class, Control, CredentialStore, Part, Partner, Playbook, Programme, ProgrammeRefused,
    calendar, class, own_policies, partner,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, ops::Range};
use tenure_model::printable;
use toml::de::{DeTable, DeValue};

/// The files of a programme.
const KNOWN: [&str; 7] = [MAIN, CLASSES, STORES, PARTNERS, CALENDARS, CONTROLS, PLAYBOOKS];
const MAIN: &str = "programme.toml";
const CLASSES: &str = "classes.toml";
const STORES: &str = "stores.toml";
const PARTNERS: &str = "partners.toml";
const CALENDARS: &str = "calendars.toml";
const CONTROLS: &str = "controls.toml";
const PLAYBOOKS: &str = "playbooks.toml";
/// Bytes of one file, at most.
const FILE_BYTES_MAX: usize = 96 * 1024;
/// Characters of what is said about one fault.
const WHY_CHARS_MAX: usize = 400;
/// How alike two words are when one is taken for a slip of the other (Jaro-Winkler, 0 to 1).
const ALIKE_MIN: f64 = 0.84;

/// The files of a programme, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgrammeFiles(pub BTreeMap<String, String>);

/// One thing that is wrong with a programme.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeFault {
    /// In which file.
    pub file: String,
    /// In which line, from 1, where that is known.
    pub line: Option<usize>,
    /// At which character of the line, from 1.
    pub column: Option<usize>,
    /// What is wrong, in plain words.
    pub why: String,
    /// The word that may have been meant.
    pub suggestion: Option<String>,
}

/// The form of `classes.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClassesFile {
    #[serde(default, rename = "class")]
    classes: Vec<Class>,
}

/// The form of `stores.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoresFile {
    #[serde(default, rename = "store")]
    stores: Vec<CredentialStore>,
}

/// The form of `partners.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartnersFile {
    #[serde(default, rename = "partner")]
    partners: Vec<Partner>,
}

/// The form of `calendars.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarsFile {
    #[serde(default, rename = "calendar")]
    calendars: Vec<Calendar>,
}

/// The form of `controls.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ControlsFile {
    #[serde(default, rename = "control")]
    controls: Vec<Control>,
}

/// The form of `playbooks.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaybooksFile {
    #[serde(default, rename = "playbook")]
    playbooks: Vec<Playbook>,
}

impl core::fmt::Display for ProgrammeFault {
    fn fmt(&self, to: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(to, "{}", self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(to, ":{line}:{column}")?;
        }
        write!(to, ": {}", self.why)?;
        match &self.suggestion {
            Some(meant) => write!(to, "; did you mean `{meant}`?"),
            None => Ok(()),
        }
    }
}

impl Programme {
    /// Reads a programme from its files, or says everything that is wrong with them, its own policies' examples among it.
    pub fn read(files: &ProgrammeFiles) -> Result<Self, Vec<ProgrammeFault>> {
        let programme = Self::read_applied(files)?;
        // Examples may be of a class, and are judged by the thresholds: by a programme that can be read.
        let faults: Vec<ProgrammeFault> = own_policies::faults(&programme).into_iter().map(of_own).collect();
        if faults.is_empty() { Ok(programme) } else { Err(faults) }
    }

    /// As [`Programme::read`], of one that was applied: what its examples said then is not asked again, so that a fact that
    /// means something else since keeps no deployment from starting.
    pub fn read_applied(files: &ProgrammeFiles) -> Result<Self, Vec<ProgrammeFault>> {
        let mut faults = unknown_files(files);
        let mut programme = None;
        if let Some(text) = files.0.get(MAIN) {
            programme = parsed::<Self>(MAIN, text, &mut faults);
        } else {
            faults.push(whole(MAIN, format!("there is no {MAIN}; `version = 1` in it is enough")));
        }
        let classes = optional::<ClassesFile>(CLASSES, files, &mut faults).classes;
        let stores = optional::<StoresFile>(STORES, files, &mut faults).stores;
        let partners = optional::<PartnersFile>(PARTNERS, files, &mut faults).partners;
        let calendars = optional::<CalendarsFile>(CALENDARS, files, &mut faults).calendars;
        let controls = optional::<ControlsFile>(CONTROLS, files, &mut faults).controls;
        let playbooks = optional::<PlaybooksFile>(PLAYBOOKS, files, &mut faults).playbooks;
        let (own, laid_out) = own_policies::among(&files.0);
        faults.extend(laid_out.into_iter().map(of_own));
        let Some(mut programme) = programme else {
            // What is wrong with the rest is said all the same; who refers to whom, where all of it can be read.
            let refused = class::faults(&classes).into_iter();
            for refused in
                refused.chain(partner::faults(&partners, &calendars)).chain(calendar::faults(&calendars))
            {
                faults.push(placed(&refused, files, 0));
            }
            return Err(faults);
        };
        if !faults.is_empty() {
            // What cannot be read is not there to be referred to: what refers to nothing is checked all the same.
            programme.stores = stores;
            let in_main = programme.classes.len();
            programme.classes.extend(classes);
            if faults.iter().any(|fault| fault.file == STORES) {
                programme.classes.iter_mut().for_each(|class| class.approved_stores.clear());
            }
            faults.extend(programme.faults().iter().map(|refused| placed(refused, files, in_main)));
            return Err(faults);
        }
        let in_main = programme.classes.len();
        programme.classes.extend(classes);
        (programme.partners, programme.calendars, programme.controls) = (partners, calendars, controls);
        (programme.stores, programme.own_policies, programme.playbooks) = (stores, own, playbooks);
        faults.extend(programme.faults().iter().map(|refused| placed(refused, files, in_main)));
        if faults.is_empty() { Ok(programme) } else { Err(faults) }
    }
}

impl ProgrammeRefused {
    /// The file it is about, and the way to it there.
    fn place(&self, classes_in_main: usize) -> (&'static str, Vec<Step>) {
        let keys = |path: &str| path.split('.').map(|key| Step::Key(key.to_owned())).collect();
        match self {
            Self::VersionUnknown { .. } => (MAIN, keys("version")),
            Self::OutOfRange { setting, .. } | Self::SettingUnfit { setting, .. } => (MAIN, keys(setting)),
            Self::TooManyPatterns { setting, .. } | Self::PatternUnfit { setting, .. } => {
                (MAIN, keys(&format!("thresholds.{setting}")))
            }
            Self::PolicyUnknown { given, .. } => {
                (MAIN, vec![Step::Key(String::from("policies")), Step::Key(given.clone())])
            }
            Self::ClassUnfit { index, field, .. } => {
                let (file, index) = match index.checked_sub(classes_in_main) {
                    Some(index) => (CLASSES, index),
                    None => (MAIN, *index),
                };
                let class = Step::Key(String::from("class"));
                (file, vec![class, Step::Index(index), Step::Key((*field).to_owned())])
            }
            Self::PartUnfit { part, index, field, .. } => {
                let file = match part {
                    Part::Partner => PARTNERS,
                    Part::Calendar => CALENDARS,
                    Part::Control => CONTROLS,
                    Part::Playbook => PLAYBOOKS,
                    Part::Store => STORES,
                    Part::ServiceLevel => MAIN,
                };
                let field = Step::Key((*field).to_owned());
                (file, vec![Step::Key(part.to_string()), Step::Index(*index), field])
            }
            Self::Unreadable(_) | Self::PolicyFaulty { .. } => (MAIN, Vec::new()),
        }
    }
}

/// One step on the way to a value.
enum Step {
    Key(String),
    Index(usize),
}

/// Where a value stands; as far on the way as there is something.
fn span_of(text: &str, path: &[Step]) -> Option<Range<usize>> {
    let table = DeTable::parse(text).ok()?;
    let mut span = None;
    let mut value: Option<&DeValue<'_>> = None;
    for step in path {
        let next = match (step, value) {
            (Step::Key(key), None) => table.get_ref().get_key_value(key.as_str()),
            (Step::Key(key), Some(DeValue::Table(table))) => table.get_key_value(key.as_str()),
            (Step::Index(index), Some(DeValue::Array(array))) => {
                let Some(one) = array.get(*index) else { break };
                (span, value) = (Some(one.span()), Some(one.get_ref()));
                continue;
            }
            _ => None,
        };
        let Some((key, inner)) = next else { break };
        (span, value) = (Some(key.span()), Some(inner.get_ref()));
    }
    span
}

fn unknown_files(files: &ProgrammeFiles) -> Vec<ProgrammeFault> {
    let is_known = |name: &str| KNOWN.contains(&name) || name.starts_with(own_policies::FOLDER);
    let unknown = files.0.keys().filter(|name| !is_known(name));
    let faults = unknown.map(|name| {
        let why = format!(
            "no file of a programme is called so; there are {}, {}*",
            KNOWN.join(", "),
            own_policies::FOLDER
        );
        let file = printable(name, 100);
        ProgrammeFault { suggestion: meant(name, KNOWN.into_iter()), ..whole(&file, why) }
    });
    faults.collect()
}

fn of_own(wrong: own_policies::OwnFault) -> ProgrammeFault {
    whole(&printable(&wrong.file, 100), printable(&wrong.why, WHY_CHARS_MAX))
}

fn whole(file: &str, why: String) -> ProgrammeFault {
    ProgrammeFault { file: file.to_owned(), line: None, column: None, why, suggestion: None }
}

/// What is wrong, with the place where it stands.
fn placed(refused: &ProgrammeRefused, files: &ProgrammeFiles, classes_in_main: usize) -> ProgrammeFault {
    let (file, path) = refused.place(classes_in_main);
    let text = files.0.get(file).map_or("", String::as_str);
    fault(file, text, span_of(text, &path), refused.to_string())
}

/// What a file holds that need not be there.
fn optional<T: for<'de> Deserialize<'de> + Default>(
    file: &str,
    files: &ProgrammeFiles,
    faults: &mut Vec<ProgrammeFault>,
) -> T {
    files.0.get(file).and_then(|text| parsed::<T>(file, text, faults)).unwrap_or_default()
}

fn parsed<T: for<'de> Deserialize<'de>>(
    file: &str,
    text: &str,
    faults: &mut Vec<ProgrammeFault>,
) -> Option<T> {
    if text.len() > FILE_BYTES_MAX {
        faults.push(whole(file, format!("it has {} bytes; at most {FILE_BYTES_MAX} are read", text.len())));
        return None;
    }
    match toml::from_str(text) {
        Ok(read) => Some(read),
        Err(error) => {
            faults.push(fault(file, text, error.span(), error.message().to_owned()));
            None
        }
    }
}

fn fault(file: &str, text: &str, at: Option<Range<usize>>, why: String) -> ProgrammeFault {
    let before = at.and_then(|at| text.get(..at.start));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let column = before.map(|before| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
    let suggestion = meant_in(&why);
    ProgrammeFault { file: file.to_owned(), line, column, suggestion, why: printable(&why, WHY_CHARS_MAX) }
}

/// The word that may have been meant, from a message that names the word given and those that are expected:
/// `` unknown field `purpos`, expected `purpose` ``, `` `x` is not …; expected one of: a, b ``, `` …; the policies are: a, b ``.
fn meant_in(why: &str) -> Option<String> {
    let given = why.split('`').nth(1)?;
    let (_, listed) = why.split_once("expected ").or_else(|| why.split_once(" are: "))?;
    let listed = listed.trim_start_matches("one of").trim_start_matches(':');
    let words = listed.split([',', ' ', '`']).filter(|word| !word.is_empty() && *word != "or");
    meant(given, words)
}

fn meant<'word>(given: &str, known: impl Iterator<Item = &'word str>) -> Option<String> {
    let alike = known.map(|word| (strsim::jaro_winkler(given, word), word));
    let best =
        alike.filter(|(alike, _)| *alike >= ALIKE_MIN).max_by(|one, other| one.0.total_cmp(&other.0))?;
    Some(best.1.to_owned())
}
