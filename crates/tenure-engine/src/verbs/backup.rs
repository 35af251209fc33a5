//! backup and restore. A restore is a ceremony: it never continues the old log.
//!
//! A backup is a directory: a copy of the database (always as a SQLite file), the sealed key rings, the last checkpoint
//! and a list of digests. It holds neither the key-encryption key nor any data key of the
//! escrow. Restoring exports the old log for keeping, begins a new one and makes its first
//! entry cite the last checkpoint known of the old.

use crate::{
    Actor, Clock, Database, Deployment, Engine, EngineFailure, OpenOptions, Paths,
    open::new_log_name,
    record::{By, Draft},
    signer::CheckpointSigner,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, RwLock},
};
use tenure_evidence::{Checkpoint, VerifierKey, leaf_hash, verify_checkpoint};
use tenure_keys::{
    Disk, FINGERPRINT_RING, Kek, KekSource, Keyring, LOG_RING, Randomness, SEALING_RING,
    make_private_directory,
};
use tenure_model::Instant;
use tenure_store::{PostgresLocation, begin_new_log, move_to_postgres};

/// Entries in one file of an old log, at most.
const ENTRIES_PER_FILE: u64 = 50_000;
const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "tenure.sqlite";
const CHECKPOINT: &str = "checkpoint";
/// Salt and cost of a passphrase, which are no secret; there only when a passphrase opens the keys.
const KEK_PARAMETERS: &str = "kek.argon2id";

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    form: String,
    made_at: Instant,
    origin: String,
    size: u64,
    digests: BTreeMap<String, String>,
}

/// What a backup did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// Where it is.
    pub directory: PathBuf,
    /// Which log.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// Bytes in all.
    pub bytes: u64,
}

/// What a restore did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The log that was closed.
    pub old_origin: String,
    /// Its size in the backup.
    pub old_size: u64,
    /// The last size known of it: more than `old_size` when entries were lost.
    pub last_known_size: u64,
    /// The log that begins.
    pub new_origin: String,
    /// Where the old log is kept.
    pub old_log: Vec<PathBuf>,
}

impl Engine {
    /// Writes a backup into a new directory.
    pub async fn backup(&self, actor: Actor, to: &Path) -> Result<BackupReport, EngineFailure> {
        if to.exists() {
            let why = format!("{} is there already; name a directory that is not", to.display());
            return Err(EngineFailure::Refused { why });
        }
        let entry = self.entry(Draft::new("backup.made", By::Person(actor, None), self.keys().log.name()))?;
        self.store.write("backup", move |tx| tx.entry(entry.clone())).await?;
        make_private_directory(self.disk.as_ref(), to).map_err(EngineFailure::keys)?;
        self.store.copy_to(&to.join(DATABASE)).await?;
        let status = self.log_status().await?;
        tenure_keys::write_new_private(
            self.disk.as_ref(),
            &to.join(CHECKPOINT),
            status.checkpoint.as_bytes(),
        )
        .map_err(EngineFailure::keys)?;
        for ring in [SEALING_RING, LOG_RING, FINGERPRINT_RING] {
            let content = read_file(&self.paths.keys().join(ring))?;
            tenure_keys::write_new_private(self.disk.as_ref(), &to.join(ring), &content)
                .map_err(EngineFailure::keys)?;
        }
        let parameters = self.paths.keys().join(KEK_PARAMETERS);
        if parameters.exists() {
            tenure_keys::write_new_private(
                self.disk.as_ref(),
                &to.join(KEK_PARAMETERS),
                &read_file(&parameters)?,
            )
            .map_err(EngineFailure::keys)?;
        }
        let (digests, bytes) = digests_of(to)?;
        let manifest = Manifest {
            form: String::from("tenure-backup/1"),
            made_at: self.clock.now(),
            origin: status.origin.clone(),
            size: status.size,
            digests,
        };
        let text = serde_json::to_vec_pretty(&manifest).map_err(EngineFailure::evidence)?;
        tenure_keys::write_new_private(self.disk.as_ref(), &to.join(MANIFEST), &text)
            .map_err(EngineFailure::keys)?;
        Ok(BackupReport { directory: to.to_path_buf(), origin: status.origin, size: status.size, bytes })
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, EngineFailure> {
    std::fs::read(path).map_err(|error| EngineFailure::file(path, error))
}

fn digests_of(directory: &Path) -> Result<(BTreeMap<String, String>, u64), EngineFailure> {
    let mut digests = BTreeMap::new();
    let mut bytes = 0;
    for name in [DATABASE, CHECKPOINT, SEALING_RING, LOG_RING, FINGERPRINT_RING, KEK_PARAMETERS] {
        if name == KEK_PARAMETERS && !directory.join(name).exists() {
            continue;
        }
        let content = read_file(&directory.join(name))?;
        bytes += content.len() as u64;
        digests.insert(name.to_owned(), leaf_hash(&content).to_base64());
    }
    Ok((digests, bytes))
}

/// What a restore needs besides what opening needs.
struct Ceremony<'call> {
    from: &'call Path,
    paths: Paths,
    disk: Arc<dyn Disk>,
    clock: Arc<dyn Clock>,
}

/// Restores a backup into a directory that does not exist yet, as a new log that cites the old.
///
/// `last_checkpoint` is the newest checkpoint of the old log known anywhere: from the lost data
/// directory, a witness or an export. `options.kek` opens the rings and must be given: the
/// key-encryption key is in no backup.
pub async fn restore(
    from: &Path,
    last_checkpoint: Option<&str>,
    options: OpenOptions,
) -> Result<(Deployment, RestoreReport), EngineFailure> {
    let directory = options.directory.clone();
    let was_empty = is_empty(&directory);
    let restored = restore_anew(from, last_checkpoint, options).await;
    if restored.is_err() && was_empty {
        // What was laid out before it failed would stand in the way of the next attempt.
        let _ = std::fs::remove_dir_all(&directory);
    }
    restored
}

/// True when nothing is there: no directory, or one without a file.
fn is_empty(directory: &Path) -> bool {
    match std::fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

async fn restore_anew(
    from: &Path,
    last_checkpoint: Option<&str>,
    mut options: OpenOptions,
) -> Result<(Deployment, RestoreReport), EngineFailure> {
    if options.directory.join("keys").exists() || options.directory.join(DATABASE).exists() {
        let why = format!(
            "{} holds a deployment already; restore into a new directory",
            options.directory.display()
        );
        return Err(EngineFailure::Refused { why });
    }
    let ceremony = Ceremony {
        from,
        paths: Paths { directory: options.directory.clone() },
        disk: Arc::clone(&options.disk),
        clock: Arc::clone(&options.clock),
    };
    let manifest = ceremony.check_backup()?;
    let Some(mut source) = options.kek.take() else {
        let why = String::from(
            "the key-encryption key is not in a backup; give the one this deployment used (--key-file)",
        );
        return Err(EngineFailure::Refused { why });
    };
    if let KekSource::Passphrase { parameters, .. } = &mut source {
        *parameters = from.join(KEK_PARAMETERS);
    }
    let kek = Kek::load(options.disk.as_ref(), &source).map_err(EngineFailure::keys)?;
    let citation = ceremony.citation(&manifest, last_checkpoint, &kek)?;
    ceremony.lay_out(&source)?;
    if let KekSource::Passphrase { parameters, .. } = &mut source {
        *parameters = ceremony.paths.keys().join(KEK_PARAMETERS);
    }
    let old_log = ceremony.keep_old_log(&manifest).await?;
    let new_origin = ceremony.begin_log(&kek, options.randomness.as_mut())?;
    if let Database::Postgres(location) = &options.database {
        ceremony.move_database(Arc::clone(location)).await?;
    }
    options.kek = Some(source);
    let deployment = Deployment::open(options).await?;
    let engine = &deployment.engine;
    let entry = engine.entry(
        Draft::new("log.opened", By::Tenure, &new_origin)
            .text("old_origin", &manifest.origin)
            .text("old_root", citation.root.to_base64())
            .number("old_size", i64::try_from(citation.size).unwrap_or(i64::MAX))
            .number("restored_size", i64::try_from(manifest.size).unwrap_or(i64::MAX))
            .body(serde_json::json!({ "backup_made_at": manifest.made_at })),
    )?;
    engine.store.write("log_opened", move |tx| tx.entry(entry.clone())).await?;
    let report = RestoreReport {
        old_origin: manifest.origin,
        old_size: manifest.size,
        last_known_size: citation.size,
        new_origin,
        old_log,
    };
    Ok((deployment, report))
}

impl Ceremony<'_> {
    /// Reads the manifest and checks every file against it.
    fn check_backup(&self) -> Result<Manifest, EngineFailure> {
        let path = self.from.join(MANIFEST);
        let manifest: Manifest =
            serde_json::from_slice(&read_file(&path)?).map_err(|error| EngineFailure::file(&path, error))?;
        let (digests, _) = digests_of(self.from)?;
        let altered: Vec<&str> = digests
            .iter()
            .filter(|(name, digest)| manifest.digests.get(*name) != Some(digest))
            .map(|(n, _)| n.as_str())
            .collect();
        if manifest.form != "tenure-backup/1" || !altered.is_empty() {
            let why = format!("this backup was altered or is not one of ours: {}", altered.join(", "));
            return Err(EngineFailure::Refused { why });
        }
        Ok(manifest)
    }

    fn lay_out(&self, kek: &KekSource) -> Result<(), EngineFailure> {
        let disk = self.disk.as_ref();
        make_private_directory(disk, &self.paths.directory).map_err(EngineFailure::keys)?;
        make_private_directory(disk, &self.paths.keys()).map_err(EngineFailure::keys)?;
        let mut files = vec![(DATABASE, self.paths.database())];
        for ring in [SEALING_RING, LOG_RING, FINGERPRINT_RING] {
            files.push((ring, self.paths.keys().join(ring)));
        }
        if self.from.join(KEK_PARAMETERS).exists() {
            files.push((KEK_PARAMETERS, self.paths.keys().join(KEK_PARAMETERS)));
        }
        for (name, to) in files {
            let content = read_file(&self.from.join(name))?;
            tenure_keys::write_new_private(disk, &to, &content).map_err(EngineFailure::keys)?;
        }
        // One that was kept beside the rings is kept beside them again; one that was kept elsewhere stays there.
        let beside_rings = Path::new("keys").join(tenure_keys::KEK_FILE);
        if let KekSource::File(path) = kek
            && path.ends_with(beside_rings)
        {
            let to = self.paths.keys().join(tenure_keys::KEK_FILE);
            if *path != to {
                let content = tenure_keys::read_private(disk, path).map_err(EngineFailure::keys)?;
                tenure_keys::write_new_private(disk, &to, content.expose()).map_err(EngineFailure::keys)?;
            }
        }
        Ok(())
    }

    /// The last checkpoint known of the old log; one of another log, or that its keys did not sign, is refused.
    fn citation(
        &self,
        manifest: &Manifest,
        given: Option<&str>,
        kek: &Kek,
    ) -> Result<Checkpoint, EngineFailure> {
        let own = String::from_utf8_lossy(&read_file(&self.from.join(CHECKPOINT))?).into_owned();
        let (own, _) = Checkpoint::parse_unverified(&own).map_err(EngineFailure::evidence)?;
        let Some(given) = given else { return Ok(own) };
        let note = given;
        let (given, _) = Checkpoint::parse_unverified(note).map_err(EngineFailure::evidence)?;
        if given.origin != manifest.origin {
            let why = format!(
                "the checkpoint given is of log `{}`, the backup of `{}`",
                given.origin, manifest.origin
            );
            return Err(EngineFailure::Refused { why });
        }
        let log = tenure_keys::LogKeys::open_ring(Arc::clone(&self.disk), &self.from.join(LOG_RING), kek)
            .map_err(EngineFailure::keys)?;
        let signed = log.signers().iter().any(|signer| {
            VerifierKey::ed25519(signer.name(), &signer.public_key())
                .is_ok_and(|key| verify_checkpoint(note, &key).is_ok())
        });
        if !signed {
            let why = String::from("the checkpoint given was not signed by a key of this log");
            return Err(EngineFailure::Refused { why });
        }
        Ok(if given.size > own.size { given } else { own })
    }

    /// Exports the whole old log into files that verify on their own.
    async fn keep_old_log(&self, manifest: &Manifest) -> Result<Vec<PathBuf>, EngineFailure> {
        make_private_directory(self.disk.as_ref(), &self.paths.old_logs()).map_err(EngineFailure::keys)?;
        let database = self.paths.database();
        let mut files = Vec::new();
        let mut first = 0;
        while first < manifest.size {
            let end = (first + ENTRIES_PER_FILE).min(manifest.size);
            let from = database.clone();
            let bytes =
                tokio::task::spawn_blocking(move || super::evidence::export_closed(&from, first, end))
                    .await
                    .map_err(|error| EngineFailure::Refused { why: error.to_string() })??;
            let path = self.paths.old_logs().join(format!("{}-{first}.tenure", manifest.origin));
            std::fs::write(&path, bytes).map_err(|error| EngineFailure::file(&path, error))?;
            files.push(path);
            first = end;
        }
        Ok(files)
    }

    /// Takes the database out of the directory, into the PostgreSQL that is to hold it.
    async fn move_database(&self, location: Arc<PostgresLocation>) -> Result<(), EngineFailure> {
        let file = self.paths.database();
        move_to_postgres(&file, location).await?;
        for name in [DATABASE, "tenure.sqlite-wal", "tenure.sqlite-shm"] {
            let path = self.paths.directory.join(name);
            if path.exists() {
                std::fs::remove_file(&path).map_err(|error| EngineFailure::file(&path, error))?;
            }
        }
        Ok(())
    }

    fn begin_log(&self, kek: &Kek, randomness: &mut dyn Randomness) -> Result<String, EngineFailure> {
        let mut keys = Keyring::open(&self.disk, &self.paths.keys(), kek).map_err(EngineFailure::keys)?;
        let name = new_log_name(randomness)?;
        keys.log.begin_origin(&name, self.clock.now(), kek, randomness).map_err(EngineFailure::keys)?;
        let signer = CheckpointSigner(Arc::new(RwLock::new(keys)));
        begin_new_log(&self.paths.database(), &signer)?;
        Ok(name)
    }
}
