//! A machine under a temporary directory, and what a reading of it must find.
//!
//! Everything planted is recorded with what it is, so that missed and false findings are counted without
//! asking the code under test. Secrets are remembered, to look for them in whatever a reading shows.

use crate::draw::Draw;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;
use tempfile::TempDir;
use tenure_connect::Fingerprint;
use tenure_connect_host::{Asked, Found, Limits, Problem, Reading, ThingKind, Way, survey_root};
use tenure_secrets::Scanner;

/// Something planted: kind, place, and whose it is.
pub(crate) type Planted = (ThingKind, String, String);

pub(crate) struct Machine {
    pub(crate) folder: TempDir,
    pub(crate) real: Vec<Planted>,
    /// Places that look like something and are nothing.
    pub(crate) harmless: Vec<String>,
    pub(crate) secrets: Vec<String>,
    /// What is plainly wrong with what was planted, and where.
    pub(crate) wrong: Vec<(Problem, String)>,
    pub(crate) draw: Draw,
}

impl Machine {
    pub(crate) fn new(seed: u64) -> Self {
        Self::at(tempfile::tempdir().unwrap(), seed)
    }

    /// In memory where the system has such a place: very many files take long on a disk.
    pub(crate) fn in_memory(seed: u64) -> Self {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self::at(folder.unwrap(), seed)
    }

    pub(crate) fn at(folder: TempDir, seed: u64) -> Self {
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            folder,
            real: Vec::new(),
            harmless: Vec::new(),
            secrets: Vec::new(),
            wrong: Vec::new(),
            draw: Draw::from_seed(seed),
        }
    }

    pub(crate) fn path(&self, place: &str) -> PathBuf {
        self.folder.path().join(place)
    }

    /// Writes a file.
    pub(crate) fn put(&mut self, place: &str, mode: u32, content: impl AsRef<[u8]>) {
        let path = self.path(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Writes a file and says what is in it.
    pub(crate) fn plant(
        &mut self,
        place: &str,
        mode: u32,
        content: impl AsRef<[u8]>,
        real: &[(ThingKind, &str)],
    ) {
        self.put(place, mode, content);
        self.real.extend(real.iter().map(|(kind, whose)| (*kind, format!("/{place}"), (*whose).to_owned())));
    }

    /// Writes a file in which nothing must be found.
    pub(crate) fn lookalike(&mut self, place: &str, content: impl AsRef<[u8]>) {
        self.put(place, 0o644, content);
        self.harmless.push(format!("/{place}"));
    }

    /// Says what is plainly wrong with what was planted there, once for each thing in the file.
    pub(crate) fn wrong(&mut self, place: &str, problems: &[Problem]) {
        self.wrong.extend(problems.iter().map(|problem| (*problem, format!("/{place}"))));
    }

    /// Lets nobody but their owner change the directories made so far, whatever this process gives new ones.
    pub(crate) fn close_the_way(&self) {
        let mut left = vec![self.folder.path().to_owned()];
        while let Some(folder) = left.pop() {
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
            let inside = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
            left.extend(inside.filter(|entry| entry.file_type().unwrap().is_dir()).map(|entry| entry.path()));
        }
    }

    /// Remembers a value that must never be shown.
    pub(crate) fn secret(&mut self, value: String) -> String {
        self.secrets.push(value.clone());
        value
    }

    /// A drawn value that must never be shown.
    pub(crate) fn drawn(&mut self, prefix: &str, length: usize) -> String {
        let value = format!("{prefix}{}", self.draw.alphanumeric(length));
        self.secret(value)
    }

    pub(crate) fn read(&self) -> Reading {
        self.read_with(Limits::default(), Way::Kernel)
    }

    pub(crate) fn read_with(&self, limits: Limits, way: Way) -> Reading {
        let asked = Asked {
            root: self.folder.path(),
            limits,
            fingerprint: &Digest,
            scanner: &crate::machine::SCANNER,
            elapsed: &|| Duration::ZERO,
            way,
        };
        survey_root(&asked).unwrap()
    }

    /// Planted, found, missed and false, per kind, and the two shares.
    pub(crate) fn score(&self, reading: &Reading) -> Score {
        let mut left: Vec<Planted> = self.real.clone();
        let mut score = Score::default();
        for planted in &self.real {
            score.rows.entry(variety(planted)).or_default()[0] += 1;
        }
        for found in &reading.found {
            let seen = (found.kind, found.place.to_string(), found.whose.clone());
            let row = score.rows.entry(variety(&seen)).or_default();
            match left.iter().position(|planted| *planted == seen) {
                Some(at) => {
                    left.swap_remove(at);
                    row[1] += 1;
                }
                None => {
                    row[3] += 1;
                    score.false_ones.push(seen);
                }
            }
        }
        for missed in &left {
            score.rows.entry(variety(missed)).or_default()[2] += 1;
        }
        score.missed = left;
        score
    }

    /// Of these problems: planted, found, missed and false.
    pub(crate) fn score_problems(&self, of: &[Problem], reading: &Reading) -> String {
        let problems = |thing: &Found| {
            thing.problems.iter().map(|&one| (one, thing.place.to_string())).collect::<Vec<_>>()
        };
        let found: Vec<(Problem, String)> = reading.found.iter().flat_map(problems).collect();
        let mut table =
            format!("{:<60}{:>8}{:>7}{:>8}{:>7}\n", "problem", "planted", "found", "missed", "false");
        let mut said = String::new();
        for problem in of {
            let places = |all: &[(Problem, String)]| {
                all.iter().filter(|one| one.0 == *problem).map(|one| one.1.clone()).collect::<BTreeSet<_>>()
            };
            let (planted, found) = (places(&self.wrong), places(&found));
            let missed: Vec<_> = planted.difference(&found).collect();
            let false_ones: Vec<_> = found.difference(&planted).collect();
            let right = planted.len() - missed.len();
            let _ = writeln!(
                table,
                "{problem:<60}{:>8}{right:>7}{:>8}{:>7}",
                planted.len(),
                missed.len(),
                false_ones.len()
            );
            for (what, places) in [("missed", missed), ("false", false_ones)]
                .into_iter()
                .filter(|(_, places)| !places.is_empty())
            {
                let _ = writeln!(said, "{problem} {what}: {places:?}");
            }
        }
        table + &said
    }
}

/// The kind, and the name of the file it is in: an access key in `credentials` and one in a unit are two kinds of
/// things to plant.
fn variety((kind, place, _): &Planted) -> String {
    format!("{kind} in {}", place.rsplit('/').next().unwrap())
}

/// What was planted, found, missed, and found falsely.
#[derive(Debug, Default)]
pub(crate) struct Score {
    rows: BTreeMap<String, [usize; 4]>,
    pub(crate) missed: Vec<Planted>,
    pub(crate) false_ones: Vec<Planted>,
}

impl Score {
    fn sum(&self, column: usize) -> usize {
        self.rows.values().map(|row| row[column]).sum()
    }

    /// Kinds of items, see `variety`.
    pub(crate) fn kinds(&self) -> usize {
        self.rows.len()
    }

    /// Of a hundred planted, how many were found.
    pub(crate) fn recall_percent(&self) -> usize {
        self.sum(1) * 100 / self.sum(0).max(1)
    }

    /// Of a hundred found, how many were planted.
    pub(crate) fn precision_percent(&self) -> usize {
        self.sum(1) * 100 / (self.sum(1) + self.sum(3)).max(1)
    }

    pub(crate) fn table(&self) -> String {
        let mut table =
            format!("{:<60}{:>8}{:>7}{:>8}{:>7}\n", "kind", "planted", "found", "missed", "false");
        for (kind, [planted, found, missed, false_ones]) in &self.rows {
            let _ = writeln!(table, "{kind:<60}{planted:>8}{found:>7}{missed:>8}{false_ones:>7}");
        }
        let _ = writeln!(
            table,
            "{:<60}{:>8}{:>7}{:>8}{:>7}\nrecall {} %, precision {} %, {} kinds of items",
            "all",
            self.sum(0),
            self.sum(1),
            self.sum(2),
            self.sum(3),
            self.recall_percent(),
            self.precision_percent(),
            self.kinds()
        );
        table
    }
}

/// The rules take a while to compile; all readings share them.
pub(crate) static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new().unwrap());

/// Stands in for the keyed hash of a deployment.
pub(crate) struct Digest;

impl Fingerprint for Digest {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        let whole = [domain.as_bytes(), b"\0", value].concat();
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &whole);
        digest.as_ref()[..8].iter().fold(String::from("test:"), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}
