//! Where a deployment is, which key opens it, which database it uses: flags, environment, file.
//!
//! Flags beat the environment, which beats `tenure.toml` in the data directory. Passwords come
//! from files, from the environment or from somebody typing; never from an argument or an
//! address. This room opens deployments; it must never make one where none was asked for.

use crate::{
    cli::Global,
    configuration::{Configuration, DatabaseSection, KeySection},
    connectors,
    database_choice::DatabaseChoice,
    failure::Failure,
    passwords, terminal,
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tenure_engine::{
    ByHand, Deadlines, Deployment, EngineFailure, OpenOptions, Paths, SystemClock, by_hand_unopened,
};
use tenure_keys::{KEK_FILE, KekSource, LOG_RING, RealDisk, SystemRandomness, check_private_directory};
use tenure_model::Secret;

/// The environment variable that may hold the key-encryption key.
pub(crate) const KEY_VARIABLE: &str = "TENURE_KEY";
/// Salt and cost of a passphrase, beside the rings.
pub(crate) const PASSPHRASE_PARAMETERS: &str = "kek.argon2id";

/// Where a deployment is and how it is opened.
#[derive(Debug)]
pub(crate) struct Place {
    /// The data directory.
    pub(crate) directory: PathBuf,
    key_file: Option<PathBuf>,
    passphrase_file: Option<PathBuf>,
    database: DatabaseChoice,
    /// What the flags alone say of the database: what another place gets.
    database_of_flags: DatabaseChoice,
    /// What `tenure.toml` says beyond that.
    pub(crate) configuration: Configuration,
    can_ask: bool,
    /// A passphrase that was typed, so that nobody is asked twice.
    typed: Mutex<Option<Secret<String>>>,
}

impl Place {
    /// From flags, environment and configuration file.
    pub(crate) fn find(global: &Global, can_ask: bool) -> Result<Self, Failure> {
        let directory = match &global.data {
            Some(directory) => std::path::absolute(directory)
                .map_err(|error| Failure::usage("the data directory cannot be named").caused_by(&error))?,
            None => default_directory()?,
        };
        let configuration = Configuration::read(&directory)?;
        let database = DatabaseChoice::of(global, &configuration.database)?;
        let database_of_flags = DatabaseChoice::of(global, &DatabaseSection::default())?;
        Ok(Self {
            key_file: global.key_file.clone().or_else(|| configuration.key.file.clone()),
            passphrase_file: global
                .passphrase_file
                .clone()
                .or_else(|| configuration.key.passphrase_file.clone()),
            database,
            database_of_flags,
            directory,
            configuration,
            can_ask,
            typed: Mutex::new(None),
        })
    }

    /// A place in another directory, opened with the same key. Its database is the one that the flags name,
    /// and never the one of this place.
    pub(crate) fn elsewhere(&self, directory: &Path) -> Result<Self, Failure> {
        let directory = std::path::absolute(directory)
            .map_err(|error| Failure::usage("the directory cannot be named").caused_by(&error))?;
        Ok(Self {
            directory,
            key_file: self.key_file.clone(),
            passphrase_file: self.passphrase_file.clone(),
            database: self.database_of_flags.clone(),
            database_of_flags: self.database_of_flags.clone(),
            configuration: Configuration::default(),
            can_ask: self.can_ask,
            typed: Mutex::new(None),
        })
    }

    /// The files of the deployment.
    pub(crate) fn paths(&self) -> Paths {
        Paths { directory: self.directory.clone() }
    }

    /// True when a deployment was made here, even one whose making was cut off. A directory that may not be
    /// looked into is told as that: it may well hold one.
    pub(crate) fn exists(&self) -> Result<bool, Failure> {
        let paths = self.paths();
        for file in [paths.checkpoint(), paths.database(), paths.keys().join(LOG_RING)] {
            match file.try_exists() {
                Ok(true) => return Ok(true),
                Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                    return Err(self.forbidden());
                }
                Ok(false) | Err(_) => {}
            }
        }
        Ok(false)
    }

    /// The failure of an account that may not enter the data directory.
    fn forbidden(&self) -> Failure {
        use std::os::unix::fs::MetadataExt as _;
        let owner = std::fs::metadata(&self.directory).map(|facts| crate::unix_person::called(facts.uid()));
        let (why, next) = match owner {
            Ok(owner) => (
                format!("permission denied: it belongs to `{owner}`"),
                format!(
                    "run it as its owner (sudo -u {owner} tenure …), or name another directory with --data"
                ),
            ),
            Err(_) => (
                String::from("permission denied"),
                String::from("run it as the account that owns it, or name another directory with --data"),
            ),
        };
        Failure::new(format!("the data directory {} cannot be entered", self.shown()))
            .because(why)
            .kept("nothing was changed")
            .next(next)
    }

    /// The directory as people write it.
    pub(crate) fn shown(&self) -> String {
        shown(&self.directory)
    }

    /// The failure of every command that needs a deployment where there is none.
    pub(crate) fn missing(&self) -> Failure {
        Failure::new(format!("there is no Tenure in {}", self.shown())).next(
            "`tenure up` makes one and runs it; `tenure init` only makes it; --data names another directory",
        )
    }

    /// Opens the deployment, making it when it is not there.
    pub(crate) async fn open(&self) -> Result<Deployment, OpenRefused> {
        if self.directory.exists() {
            check_private_directory(&RealDisk, &self.directory).map_err(|error| {
                Failure::new(format!("the data directory {} is not used", self.shown()))
                    .caused_by(&error)
                    .kept("nothing was changed")
            })?;
        }
        let kek = self.kek().await?;
        if let Some(parent) = self.directory.parent().filter(|parent| !parent.exists()) {
            std::fs::create_dir_all(parent)
                .map_err(|error| Failure::new(format!("{} was not made", shown(parent))).caused_by(&error))?;
        }
        let options = self.options(kek)?;
        let deployment = Deployment::open(options).await.map_err(|failure| self.sorted(failure))?;
        if deployment.opening.created {
            self.chosen().remember(&self.directory)?;
        }
        if deployment.engine.checkpoint_was_missing() {
            eprintln!(
                "The last checkpoint, {}, is missing: a database that was rolled back would not have been noticed \
                 at this start. tenure doctor says more.",
                shown(&self.paths().checkpoint())
            );
        }
        Ok(deployment)
    }

    /// What was chosen for a new deployment and must be known at every start.
    fn chosen(&self) -> Configuration {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        Configuration {
            database: self.database.section(),
            key: KeySection {
                file: self.key_file.as_ref().map(absolute),
                passphrase_file: self.passphrase_file.as_ref().map(absolute),
            },
            ..Configuration::default()
        }
    }

    /// Opens the deployment with this key.
    pub(crate) fn options(&self, kek: Option<KekSource>) -> Result<OpenOptions, Failure> {
        Ok(OpenOptions {
            directory: self.directory.clone(),
            database: self.database.database()?,
            kek,
            disk: Arc::new(RealDisk),
            clock: Arc::new(SystemClock::default()),
            randomness: Box::new(SystemRandomness),
            connectors: connectors::built_in(),
            deadlines: Deadlines::default(),
            mail: crate::mail::options(&self.configuration)?,
            chats: crate::chats::options(&self.configuration)?,
            ldap: crate::ldap::options(&self.configuration)?,
            events: crate::events::options(&self.configuration)?,
            ticket_hooks: crate::hooks::options(&self.configuration)?,
            first_person: crate::unix_person::here(),
            commit_fault: None,
        })
    }

    /// Remembers, for every later start of a deployment that was restored, its database and where its key is
    /// kept when that is not beside the rings.
    pub(crate) fn remember_restored(&self) -> Result<(), Failure> {
        let chosen = self.chosen();
        let beside_rings = self.paths().keys().join(KEK_FILE).exists();
        let key = if beside_rings { KeySection::default() } else { chosen.key };
        Configuration { database: chosen.database, key, ..Configuration::default() }.remember(&self.directory)
    }

    /// The key that was named, by a flag or the environment; nobody is asked.
    pub(crate) fn explicit_kek(&self) -> Result<Option<KekSource>, Failure> {
        if let Some(file) = &self.key_file {
            return Ok(Some(KekSource::File(file.clone())));
        }
        if self.passphrase_file.is_some() {
            return Err(Failure::usage("a witness has no passphrase")
                .next("give --key-file or TENURE_KEY, or neither"));
        }
        Ok(environment_kek())
    }

    /// Where the key-encryption key is; `None` for the file in the data directory.
    pub(crate) async fn kek(&self) -> Result<Option<KekSource>, Failure> {
        let parameters = self.paths().keys().join(PASSPHRASE_PARAMETERS);
        if let Some(file) = &self.key_file {
            return Ok(Some(KekSource::File(file.clone())));
        }
        if let Some(phrase) = self.held_passphrase() {
            return Ok(Some(KekSource::Passphrase { phrase, parameters }));
        }
        if let Some(file) = &self.passphrase_file {
            return Ok(Some(KekSource::Passphrase { phrase: passwords::from_file(file)?, parameters }));
        }
        if let Some(source) = environment_kek() {
            return Ok(Some(source));
        }
        if !parameters.exists() || self.paths().keys().join(KEK_FILE).exists() {
            return Ok(None);
        }
        if !self.can_ask {
            return Err(Failure::undecided("the deployment was not opened")
                .because("its keys are sealed under a passphrase, and there is no terminal to ask for it")
                .next("give --passphrase-file FILE, a file that only you can read"));
        }
        self.hold_passphrase(terminal::ask_secret("Passphrase: ").await?);
        Ok(self.held_passphrase().map(|phrase| KekSource::Passphrase { phrase, parameters }))
    }

    /// The file whose first line is the passphrase, when one was named.
    pub(crate) fn passphrase_file(&self) -> Option<&Path> {
        self.passphrase_file.as_deref()
    }

    /// Keeps a passphrase that was typed, for as long as this process runs.
    pub(crate) fn hold_passphrase(&self, phrase: Secret<String>) {
        *self.typed.lock().unwrap_or_else(PoisonError::into_inner) = Some(phrase);
    }

    fn held_passphrase(&self) -> Option<Secret<String>> {
        let held = self.typed.lock().unwrap_or_else(PoisonError::into_inner);
        held.as_ref().map(|phrase| Secret::new(phrase.expose().clone()))
    }

    /// Sorts why a deployment did not open.
    pub(crate) fn sorted(&self, failure: EngineFailure) -> OpenRefused {
        let what = format!("the deployment in {} was not opened", self.shown());
        match failure {
            EngineFailure::Store(tenure_store::StoreFailure::InUse { pid }) => OpenRefused::InUse { pid },
            EngineFailure::Keys { why } => OpenRefused::Other(
                Failure::undecided(what)
                    .because(why)
                    .kept("nothing was changed")
                    .next("give the key it was made with: --key-file, TENURE_KEY or --passphrase-file (tenure help keys)"),
            ),
            other if nothing_can_be_written(&other) => OpenRefused::Other(
                Failure::new(what)
                    .caused_by(&other)
                    .kept("nothing was changed")
                    .next("mend the disk; to end something meanwhile: tenure revoke NAME --by-hand prints the system's own commands")
                    .while_opening(),
            ),
            other => OpenRefused::Other(Failure::new(what).caused_by(&other).while_opening()),
        }
    }

    /// The commands that end an identity by hand, read from the database without opening the deployment;
    /// nothing where the database is not a file here.
    pub(crate) fn by_hand(&self, identity: &str) -> Option<Result<Vec<ByHand>, EngineFailure>> {
        if !self.database.is_embedded() {
            return None;
        }
        let (_, uid) = crate::unix_person::here();
        Some(by_hand_unopened(&self.paths(), &connectors::built_in(), uid, identity))
    }
}

/// True when the disk, or the right to write on it, is what is missing.
fn nothing_can_be_written(failure: &EngineFailure) -> bool {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    use tenure_store::StoreFailure::{DiskFull, DiskUnsure, ReadOnly};
    if let EngineFailure::Store(DiskFull | DiskUnsure { .. } | ReadOnly) = failure {
        return true;
    }
    let mut source: Option<&dyn std::error::Error> = Some(failure);
    while let Some(error) = source {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return [PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull].contains(&io.kind());
        }
        source = error.source();
    }
    false
}

/// Why a deployment did not open.
#[derive(Debug)]
pub(crate) enum OpenRefused {
    /// Another process has it open.
    InUse {
        /// Its process id, `0` when unknown.
        pid: u32,
    },
    /// Anything else.
    Other(Failure),
}

impl From<Failure> for OpenRefused {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

impl OpenRefused {
    /// As a failure, when nothing can be done about it.
    pub(crate) fn into_failure(self, place: &Place) -> Failure {
        match self {
            Self::Other(failure) => failure,
            Self::InUse { pid } => {
                let process = if pid == 0 {
                    String::from("another Tenure")
                } else {
                    format!("another Tenure (process {pid})")
                };
                Failure::new(format!("the deployment in {} was not opened", place.shown()))
                    .because(format!("{process} uses it"))
                    .kept("nothing was changed")
                    .next("talk to that one: every command finds it by itself; or stop it first")
            }
        }
    }
}

fn environment_kek() -> Option<KekSource> {
    let value = std::env::var_os(KEY_VARIABLE)?;
    let value = Secret::new(value.into_string().unwrap_or_default());
    Some(KekSource::Environment { variable: KEY_VARIABLE.to_owned(), value })
}

/// A path as a shell takes it: below the home directory with `~`, which no quotes may hold.
pub(crate) fn pasted(path: &Path) -> String {
    let text = shown(path);
    match text.strip_prefix("~/") {
        Some("") | None => crate::render::words::typeable(&text),
        Some(below) => format!("~/{}", crate::render::words::typeable(below)),
    }
}

/// A path with the home directory as `~`.
pub(crate) fn shown(path: &Path) -> String {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let below = home.as_deref().and_then(|home| path.strip_prefix(home).ok());
    let text = match below {
        Some(below) => format!("~/{}", below.display()),
        None => path.display().to_string(),
    };
    tenure_model::printable(&text, 300)
}

/// `$XDG_DATA_HOME/tenure`, or `~/.local/share/tenure` (XDG base directory specification).
fn default_directory() -> Result<PathBuf, Failure> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("tenure"))
        .ok_or_else(|| {
            Failure::usage("where the data is was not said, and HOME is not set")
                .next("give --data DIR, or set TENURE_DATA")
        })
}
