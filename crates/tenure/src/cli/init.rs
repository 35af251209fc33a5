//! `tenure init`: makes a deployment and stops; with `--passphrase`, keys that a passphrase opens.

use crate::{
    context::Context,
    failure::{Exit, Failure},
    passwords,
    place::PASSPHRASE_PARAMETERS,
    session::shaped,
    terminal,
    wire::Log,
};
use clap::Args;
use tenure_keys::{
    Kek, KekRefused, PASSPHRASE_CHARS_MIN, PassphraseCost, RealDisk, SystemRandomness, make_private_directory,
};
use tenure_model::Secret;

/// Make a deployment, and run nothing
///
/// Makes the data directory, its keys, its database and its evidence log, with you as the first
/// administrator. `tenure up` does the same by itself; `init` is for choosing how the keys are kept, or
/// which database is used, before anything is written. What was chosen is remembered in tenure.toml in the
/// data directory. --database postgres keeps the deployment in a PostgreSQL; its address is given with
/// --database-url, without a password, and the password with --database-password-file.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure init
  tenure init --passphrase
  tenure init --database postgres --database-url postgres://tenure@db.example/tenure \\
              --database-password-file ~/.tenure-db

Exit codes: 0 made, or there already; 1 failed, 2 usage, 4 a key is needed.")]
pub(crate) struct Init {
    /// Seal the keys under a passphrase instead of a key file; asks for it. --passphrase-file means it too
    #[arg(long, conflicts_with = "key_file")]
    passphrase: bool,
}

impl Init {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let place = &context.place;
        let existed = place.exists()?;
        if existed && self.passphrase {
            return Err(Failure::new("no passphrase was set")
                .because(format!("there is a deployment in {} already, with its keys", place.shown()))
                .kept("nothing was changed"));
        }
        if !existed {
            crate::client::check_socket_path(&place.paths().socket())?;
            self.make(context).await?;
        }
        let (log, document) = super::reading(context, async |session| {
            let what = "the deployment was not shown";
            let log = session.get(what, "/api/v1/evidence").await?;
            let status = session.get(what, "/api/v1/status").await?;
            Ok((shaped::<Log>(&log)?, serde_json::json!({ "made": !existed, "status": status, "log": log })))
        })
        .await?;
        context.document(&document);
        let made = if existed { "There is a deployment already in" } else { "Made a deployment in" };
        context.say(format!("{made} {} · evidence log {}", place.shown(), log.origin));
        if existed {
            context.say("Nothing was changed.");
        }
        context.say(
            "Whoever verifies evidence later needs the log's public key. Keep this line somewhere else:",
        );
        for key in &log.keys {
            context.print(key);
        }
        context.next("tenure up");
        Ok(Exit::Done)
    }

    async fn make(&self, context: &Context) -> Result<(), Failure> {
        let place = &context.place;
        // Whoever names a file with a passphrase wants one.
        if self.passphrase || place.passphrase_file().is_some() {
            make_passphrase(context).await?;
        }
        let deployment = place.open().await.map_err(|refused| refused.into_failure(place))?;
        deployment.close().await;
        Ok(())
    }
}

/// Asks twice, or reads the file; writes salt and cost.
async fn make_passphrase(context: &Context) -> Result<(), Failure> {
    let place = &context.place;
    let parameters = place.paths().keys().join(PASSPHRASE_PARAMETERS);
    let phrase = match place.passphrase_file() {
        Some(file) => passwords::from_file(file)?,
        None if !context.terminal.can_ask => {
            return Err(Failure::undecided("no deployment was made")
                .because("there is no terminal to ask for a passphrase")
                .kept("nothing was changed")
                .next("give --passphrase-file FILE, a file that only you can read"));
        }
        None => ask_twice().await?,
    };
    if parameters.exists() {
        // The making of this deployment was cut off before: it goes on with the same passphrase.
        place.hold_passphrase(phrase);
        return Ok(());
    }
    let failed = |error: &dyn std::error::Error| Failure::new("no deployment was made").caused_by(error);
    make_private_directory(&RealDisk, &place.directory).map_err(|error| failed(&error))?;
    make_private_directory(&RealDisk, &place.paths().keys()).map_err(|error| failed(&error))?;
    let made = Kek::create_passphrase(
        &RealDisk,
        &parameters,
        &phrase,
        PassphraseCost::RECOMMENDED,
        &mut SystemRandomness,
    );
    match made {
        Ok(_) => {
            place.hold_passphrase(phrase);
            Ok(())
        }
        Err(short @ KekRefused::PassphraseTooShort) => {
            Err(Failure::usage("no deployment was made").caused_by(&short))
        }
        Err(error) => Err(failed(&error)),
    }
}

async fn ask_twice() -> Result<Secret<String>, Failure> {
    let question = format!("New passphrase ({PASSPHRASE_CHARS_MIN} characters or more): ");
    let first = terminal::ask_secret(&question).await?;
    let second = terminal::ask_secret("Once more: ").await?;
    if first.expose() == second.expose() {
        Ok(first)
    } else {
        Err(Failure::undecided("no deployment was made")
            .because("the two passphrases differ")
            .kept("nothing was changed"))
    }
}
