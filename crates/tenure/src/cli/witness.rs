//! `tenure witness`: run an independent witness, or have one cosign this log.
//!
//! A witness needs no deployment and must never be given one's keys. The protocol and the disk are
//! in `witness/`; this file is the command line of both sides.

use super::{changing, reading};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    place::shown,
    render::{
        table::{Table, cell},
        words::instant,
    },
    session::{Session, shaped},
    wire::KeptCosignature,
    witness::{
        ask::{self, Cosigned, LogReader, WitnessAddress},
        serve::{Witness, serve},
        store::WitnessStore,
    },
};
use bytes::Bytes;
use clap::{Args, Subcommand};
use serde_json::json;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};
use tenure_engine::{Clock as _, SystemClock};
use tenure_evidence::{
    Export, KeyAlgorithm, VerifierKey,
    witness::{KnownLog, WitnessConfig, add_signatures},
};
use tenure_keys::{RealDisk, replace_private};
use tenure_model::{counted, printable};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// Run an independent witness, or have one cosign this log
///
/// A witness cosigns a checkpoint only when it extends everything it cosigned before. Run by somebody
/// else, on another machine, it keeps even the holder of the log's key from showing two histories.
#[derive(Debug, Subcommand)]
pub(crate) enum WitnessCommand {
    Serve(Serve),
    Key(Key),
    Cosign(Cosign),
    List(List),
}

impl WitnessCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Self::Serve(args) => args.run(context).await,
            Self::Key(args) => args.run(context),
            Self::Cosign(args) => args.run(context).await,
            Self::List(args) => args.run(context).await,
        }
    }
}

/// Run a witness (C2SP tlog-witness over HTTP)
///
/// Its directory holds its key and the latest head of each log; a head is durable before its cosignature
/// leaves. Losing the directory means beginning again as a new witness: never restore an old copy of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure witness serve /var/lib/witness --name audit-1.example --log-key 'tenure-7f3a09c1+8c1e…'
  tenure witness serve /var/lib/witness --log-key KEY --log-key OTHER --listen 192.0.2.7:8421

Answers POST /add-checkpoint, and GET /<hash of the origin>/checkpoint for monitors.
Exit codes: 0 stopped as asked, 1 failed, 2 usage, 4 a key is needed.")]
pub(crate) struct Serve {
    /// The witness's own directory; made when it is not there
    directory: PathBuf,
    /// The witness's name, when it is made: a name under your control, without blanks or `+`
    #[arg(long)]
    name: Option<String>,
    /// The public key of a log to watch; several for several logs, or during a rotation
    #[arg(long, value_name = "KEY", required = true)]
    log_key: Vec<String>,
    /// Listen on this address
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8421")]
    listen: SocketAddr,
}

impl Serve {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let config = config_of(&self.log_key)?;
        let kek = context.place.explicit_kek()?;
        let store =
            WitnessStore::open(&self.directory, self.name.as_deref(), kek, SystemClock::default().now())?;
        let key = store.verifier_key()?;
        let what = "the witness does not run";
        let listener = TcpListener::bind(self.listen).await.map_err(|error| {
            Failure::new(what)
                .because(format!("{}: {error}", self.listen))
                .next("choose another address with --listen")
        })?;
        let address = listener.local_addr().map_err(|error| Failure::new(what).caused_by(&error))?;
        let mut interrupt =
            signal(SignalKind::interrupt()).map_err(|error| Failure::new(what).caused_by(&error))?;
        let mut terminate =
            signal(SignalKind::terminate()).map_err(|error| Failure::new(what).caused_by(&error))?;
        let origins: Vec<&str> = config.logs.iter().map(|log| log.origin.as_str()).collect();
        context.document(&json!({ "witness_key": key.to_string(), "address": format!("http://{address}"), "logs": origins }));
        context.say(format!(
            "Witness {} · {} · watches {}",
            key.name(),
            shown(&self.directory),
            origins.join(", ")
        ));
        context.say("Verifiers pin this line (--witness-key):");
        context.print(key.to_string());
        context.next(format!(
            "where the log is: tenure witness cosign --witness http://{address} --witness-key '{key}'"
        ));
        let stop = async move {
            tokio::select! { _ = interrupt.recv() => {} _ = terminate.recv() => {} }
        };
        serve(Arc::new(Witness::new(store, config)), listener, stop).await;
        Ok(Exit::Done)
    }
}

/// Reads keys of logs; keys of one name are one log.
fn config_of(given: &[String]) -> Result<WitnessConfig, Failure> {
    let mut config = WitnessConfig::default();
    for key in super::verify::parse_keys("--log-key", given, KeyAlgorithm::Ed25519)? {
        match config.logs.iter_mut().find(|log| log.origin == key.name()) {
            Some(log) => log.keys.push(key),
            None => config.logs.push(KnownLog { origin: key.name().to_owned(), keys: vec![key] }),
        }
    }
    Ok(config)
}

/// Print the public key of a witness
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure witness key /var/lib/witness

Exit codes: 0 done, 1 failed, 2 usage, 4 a key is needed.")]
pub(crate) struct Key {
    /// The witness's directory
    directory: PathBuf,
}

impl Key {
    fn run(&self, context: &Context) -> Result<Exit, Failure> {
        if !self.directory.exists() {
            return Err(Failure::new(format!("there is no witness in {}", shown(&self.directory)))
                .next("tenure witness serve makes one"));
        }
        let kek = context.place.explicit_kek()?;
        let store = WitnessStore::open(&self.directory, None, kek, SystemClock::default().now())?;
        let key = store.verifier_key()?;
        context.document(&json!({ "witness_key": key.to_string() }));
        context.print(key.to_string());
        Ok(Exit::Done)
    }
}

/// Have a witness cosign this log's checkpoint
///
/// Proves to the witness that the log extends what it cosigned before, and keeps its cosignature: exports
/// made from then on carry it, as far as it covers them. --out also writes the cosigned checkpoint into a
/// file, for `tenure evidence verify --since`; --export adds the cosignature to an export that is there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure witness cosign --witness http://audit.example:8421 --witness-key 'audit-1.example+…'
  tenure witness cosign --witness http://audit.example:8421 --witness-key 'audit-1.example+…' \\
         --export reporting.tenure

Exit codes: 0 cosigned, 1 not cosigned, 2 usage.")]
pub(crate) struct Cosign {
    /// Where the witness is
    #[arg(long, value_name = "URL")]
    witness: String,
    /// The public key of the witness
    #[arg(long, value_name = "KEY", required = true)]
    witness_key: Vec<String>,
    /// Also write the cosigned checkpoint into this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Have the checkpoint of this export cosigned, and add the cosignature to it
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

struct ServedLog<'session, 'place>(&'session Session<'place>);

impl LogReader for ServedLog<'_, '_> {
    async fn read(&self, path: &str) -> Result<Bytes, Failure> {
        self.0.get_bytes("a tile of the log was not read", &format!("/log/{path}")).await
    }
}

impl Cosign {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let keys: Vec<VerifierKey> =
            super::verify::parse_keys("--witness-key", &self.witness_key, KeyAlgorithm::CosignatureV1)?;
        let witness = WitnessAddress::parse(&self.witness)?;
        let export = self.export.as_deref().map(read_export).transpose()?;
        changing(context, async |session| {
            let log = ServedLog(session);
            let note = match &export {
                Some(export) => export.checkpoint.clone(),
                None => String::from_utf8_lossy(&log.read("checkpoint").await?).into_owned(),
            };
            let cosigned = ask::cosign(&log, &witness, &keys, &note).await?;
            let note = add_signatures(&note, &cosigned.signatures)
                .map_err(|error| Failure::new("the cosignature was not added").caused_by(&error))?;
            let path = "/api/v1/evidence/cosignatures";
            session.post("the cosignature was not kept", path, &json!({ "checkpoint": note })).await?;
            let files = self.write(export, &note)?;
            self.say(context, &cosigned, &note, &files);
            Ok(Exit::Done)
        })
        .await
    }

    /// Writes the files that were asked for.
    fn write(&self, export: Option<Export>, note: &str) -> Result<Vec<PathBuf>, Failure> {
        let mut contents: Vec<(&PathBuf, Vec<u8>)> = Vec::new();
        if let (Some(export), Some(path)) = (export, &self.export) {
            let export = Export { checkpoint: note.to_owned(), ..export };
            let bytes = export
                .encode()
                .map_err(|error| Failure::new("the export was not changed").caused_by(&error))?;
            contents.push((path, bytes));
        }
        contents.extend(self.out.as_ref().map(|path| (path, note.as_bytes().to_vec())));
        for (path, bytes) in &contents {
            replace_private(&RealDisk, path, bytes)
                .map_err(|error| Failure::new("the cosignature was not written").caused_by(&error))?;
        }
        Ok(contents.into_iter().map(|(path, _)| path.clone()).collect())
    }

    fn say(&self, context: &Context, cosigned: &Cosigned, note: &str, files: &[PathBuf]) {
        let names: Vec<String> =
            cosigned.signatures.iter().map(|signature| printable(&signature.name, 100)).collect();
        context.document(&json!({
            "cosigned_by": names, "previous_size": cosigned.previous_size, "files": files, "checkpoint": note,
        }));
        let size = note.lines().nth(1).unwrap_or_default();
        context.say(format!(
            "Cosigned by {} at size {size}: the log extends the {} it cosigned before.",
            names.join(", "),
            counted(cosigned.previous_size, "entry")
        ));
        for file in files {
            context.say(format!("Written into {}.", shown(file)));
        }
        let key = self.witness_key.first().map_or("", String::as_str);
        context.next(format!("tenure evidence verify FILE --log-key KEY --witness-key '{key}'"));
    }
}

fn read_export(path: &Path) -> Result<Export, Failure> {
    let unread = || Failure::usage(format!("{} cannot be read as an export", shown(path)));
    let bytes = std::fs::read(path).map_err(|error| unread().caused_by(&error))?;
    Export::parse(&bytes).map_err(|error| unread().caused_by(&error))
}

/// List the witnesses that cosigned this log, each with the newest size it saw
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure witness list

Exit codes: 0 done, 1 failed, 2 usage.")]
pub(crate) struct List {}

impl List {
    async fn run(self, context: &Context) -> Result<Exit, Failure> {
        reading(context, async |session| {
            let what = "the witnesses were not listed";
            let document = session.get(what, "/api/v1/evidence/cosignatures").await?;
            let kept: Vec<KeptCosignature> = shaped(&document)?;
            context.document(&json!({ "items": document, "next": null }));
            if kept.is_empty() {
                context.say("No witness has cosigned this log yet.");
                context.next("tenure help witness");
                return Ok(Exit::Done);
            }
            let mut table = Table::new(&["WITNESS", "SIZE", "KEPT"]);
            for row in &kept {
                table.row(vec![cell(&row.witness), cell(row.size.to_string()), cell(instant(row.kept_at))]);
            }
            context.list(&table, kept.iter().map(|row| &row.witness));
            context.next("tenure witness cosign");
            Ok(Exit::Done)
        })
        .await
    }
}
