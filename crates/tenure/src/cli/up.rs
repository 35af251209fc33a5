//! `tenure up`: opens the deployment, serves it, runs the reconcilers, until told to stop.
//!
//! What it says when it is ready comes from its own API, asked over its own socket: when it is
//! printed, it works. The one-time code is printed and never logged. Next: `session.rs`.

use super::{
    LogForm,
    first_look::{self, Counts, First},
};
use crate::{
    client::{Client, check_socket_path},
    context::{Context, Form},
    failure::{Exit, Failure},
    place::OpenRefused,
    render::words::count,
    session::{Hosted, Purpose, Session, shaped},
    sign_in,
    wire::{Log, Page, Source, SourceBaseline, Status},
};
use clap::Args;
use http::Method;
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tenure_engine::Deployment;
use tenure_model::Standing;
use tenure_server::ServeOptions;
use tokio::signal::unix::{SignalKind, signal};

/// How long to wait for a command that has the deployment open for itself.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often to look meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Where `up` listens when nothing else is said.
const LISTEN: &str = "127.0.0.1:8420";

/// Run Tenure: serve the API and the console, carry out what was decided
///
/// Opens the deployment in the data directory, making it when there is none; a new one begins by reading this
/// machine, and changes nothing there. Listens on a socket in
/// that directory, which every other command finds by itself, and on an address of this machine for
/// the console. Ends cleanly with Ctrl-C or SIGTERM; after a crash the next start goes on where it was.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure up
  tenure up --listen 127.0.0.1:0          any free port
  tenure up --listen none --log json      socket only, logs for a collector
  tenure up --host none                   a new deployment that reads nothing yet

Logs go to standard error; TENURE_LOG sets what is logged (for example TENURE_LOG=debug).
Exit codes: 0 stopped as asked, 1 failed, 2 usage, 4 a key is needed.")]
pub(crate) struct Up {
    /// Listen on this address of this machine, or `none` [default: 127.0.0.1:8420]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// Which machine a new deployment reads first: `host:///` is this one; `none` reads nothing
    #[arg(long, value_name = "ADDRESS", env = "TENURE_HOST", hide_env_values = true, default_value = first_look::ADDRESS)]
    host: String,
    /// The form of log lines
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) log: LogForm,
}

impl Up {
    pub(super) async fn run(self, context: &Context) -> Result<Exit, Failure> {
        let configured = context.place.configuration.listen.clone();
        let tcp = listen_address(self.listen.or(configured).as_deref().unwrap_or(LISTEN))?;
        let socket = context.place.paths().socket();
        check_socket_path(&socket)?;
        let sign_in = sign_in::options(&context.place.configuration)?;
        let mut stop = Stop::prepare()?;
        let deployment = open(context).await?;
        let opening = deployment.opening.clone();
        let options = ServeOptions { socket: Some(socket.clone()), tcp, sign_in };
        let hosted = Hosted::begin(deployment, options, Purpose::Change).await.map_err(|failure| {
            failure
                .kept("the deployment is as it was")
                .next("choose another address with --listen, or `--listen none`")
        })?;
        tracing::info!(address = ?hosted.serving.address, created = opening.created, "serving");
        let client = Client::new(socket);
        let shown = match Welcome::gather(&client, &hosted).await {
            Ok(welcome) => {
                welcome.print_opening(context, opening.created, opening.backup.as_deref());
                let first = welcome.first(opening.created).filter(|_| self.host != "none");
                tokio::select! {
                    told = tell(welcome, first.map(|first| (first, self.host.as_str())), context, &client, &hosted) => told.map(|()| false),
                    () = stop.wait() => Ok(true),
                }
            }
            Err(failure) => Err(failure),
        };
        let shown = match shown {
            Ok(stopped) => {
                if !stopped {
                    stop.wait().await;
                }
                Ok(Exit::Done)
            }
            Err(failure) => Err(failure),
        };
        if shown.is_ok() {
            context.say("Stopping: finishing what is under way.");
        }
        hosted.end().await;
        tracing::info!("stopped");
        shown
    }
}

/// Reads this machine first where that was asked for, then says where everything stands.
async fn tell(
    welcome: Welcome,
    first: Option<(First, &str)>,
    context: &Context,
    client: &Client,
    hosted: &Hosted,
) -> Result<(), Failure> {
    let Some((first, address)) = first else {
        welcome.print(context, None);
        return Ok(());
    };
    let session = Session::attach(context, Purpose::Read).await?;
    let looked = first_look::look(&session, context, first, address).await;
    session.end().await;
    let looked = looked.unwrap_or_else(|failure| {
        if context.form != Form::Json {
            eprint!("{}", failure.text());
        }
        None
    });
    Welcome::gather(client, hosted).await?.print(context, looked.as_ref());
    Ok(())
}

/// Opens the deployment; waits a little when another command has it open, which is soon done.
async fn open(context: &Context) -> Result<Deployment, Failure> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        match context.place.open().await {
            Ok(deployment) => return Ok(deployment),
            Err(OpenRefused::InUse { .. }) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Err(refused) => return Err(refused.into_failure(&context.place)),
        }
    }
}

/// The two signals that end it.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn prepare() -> Result<Self, Failure> {
        let failed = |error| Failure::new("signals cannot be waited for").caused_by(&error);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// An address of this machine; `none` for no address.
fn listen_address(given: &str) -> Result<Option<SocketAddr>, Failure> {
    if given == "none" {
        return Ok(None);
    }
    let shown = tenure_model::printable(given, 80);
    let address: SocketAddr = given.parse().map_err(|_| {
        Failure::usage(format!("`{shown}` is not an address to listen on"))
            .next("give an address and a port, such as 127.0.0.1:8420 or [::1]:8420, or `none`")
    })?;
    if !address.ip().is_loopback() {
        return Err(Failure::usage(format!("`{shown}` is reachable from other machines, and is refused"))
            .because("the API is plain HTTP; tokens would travel in clear")
            .next("listen on 127.0.0.1 and put a proxy with TLS before it"));
    }
    Ok(Some(address))
}

/// What is said when it is ready.
struct Welcome {
    status: Status,
    log: Log,
    sources: Vec<Source>,
    /// This machine is a source, and no survey of it has ever ended.
    is_unread: bool,
    address: Option<SocketAddr>,
    code: Option<String>,
    document: Value,
}

impl Welcome {
    async fn gather(client: &Client, hosted: &Hosted) -> Result<Self, Failure> {
        let what = "the deployment does not answer";
        let get = async |path: &str| -> Result<Value, Failure> {
            let call = crate::client::Call { method: Method::GET, path, body: None, idempotency_key: None };
            let bytes = client.call(&call).await.map_err(|failed| failed.into_failure(what))?;
            serde_json::from_slice(&bytes).map_err(|error| Failure::new(what).caused_by(&error))
        };
        let status = get("/api/v1/status").await?;
        let log: Log = shaped(&get("/api/v1/evidence").await?)?;
        let sources: Page<Source> = shaped(&get("/api/v1/sources?limit=20").await?)?;
        let mut is_unread = false;
        if sources.items.iter().any(|source| source.name == first_look::NAME) {
            // The first survey that ends sets it.
            let path = format!("/api/v1/sources/{}/baseline", first_look::NAME);
            is_unread = shaped::<SourceBaseline>(&get(&path).await?)?.baseline.is_none();
        }
        let (address, code) = (hosted.serving.address, hosted.serving.one_time_code.clone());
        let document = json!({
            "status": status,
            "log": { "origin": log.origin, "size": log.size, "keys": log.keys },
            "address": address.map(|address| format!("http://{address}")),
            "one_time_code": code,
        });
        Ok(Self { status: shaped(&status)?, log, sources: sources.items, is_unread, address, code, document })
    }

    /// What of the first reading is still to be done: all of it in a new deployment, and the reading itself where
    /// the machine was added and the program was cut off before that ended.
    fn first(&self, created: bool) -> Option<First> {
        if created {
            return Some(First::AddAndRead);
        }
        self.is_unread.then_some(First::Read)
    }

    /// What was opened.
    fn print_opening(&self, context: &Context, created: bool, backup: Option<&std::path::Path>) {
        let made = if created { "made just now" } else { "opened" };
        context.say(format!(
            "Tenure {} · data {} ({made}) · evidence log {} ({})",
            self.status.version,
            context.place.shown(),
            self.log.origin,
            count(i64::try_from(self.log.size).unwrap_or(i64::MAX), "entry"),
        ));
        if let Some(backup) = backup {
            context.say(format!(
                "The database was brought to this version; a backup from before is in {}.",
                crate::place::shown(backup)
            ));
        }
        if created && let Some(key) = self.log.keys.first() {
            context.say(
                "Whoever verifies evidence later needs the log's public key. Keep this line somewhere else:",
            );
            context.say(format!("  {key}"));
        }
    }

    /// Where everything stands, and what to do next.
    fn print(&self, context: &Context, first: Option<&first_look::FirstLook>) {
        let mut document = self.document.clone();
        if let (Some(first), Some(fields)) = (first, document.as_object_mut()) {
            fields.insert(String::from("first_survey"), first.document());
        }
        context.document(&document);
        match first {
            Some(first) => first.print(context, counted(&self.status)),
            None => {
                for line in standing_lines(&self.status, &self.sources) {
                    context.say(line);
                }
            }
        }
        match (self.address, &self.code) {
            (Some(address), Some(code)) => {
                context.say(format!("Console: http://{address} with the one-time code {code} (10 minutes)."));
            }
            (Some(address), None) => context.say(format!("Console: http://{address}")),
            (None, _) => {}
        }
        context.next(next_step(&self.status, &self.sources));
    }
}

fn counted(status: &Status) -> Counts {
    let built_in: i64 = status.standings.iter().map(|row| row.built_in).sum();
    let identities = built_in + status.standings.iter().map(|row| row.count).sum::<i64>();
    let unclaimed = status.standings.iter().filter(|row| row.standing == Standing::Unclaimed);
    Counts { identities, built_in, unclaimed: unclaimed.map(|row| row.count).sum() }
}

pub(crate) fn standing_lines(status: &Status, sources: &[Source]) -> Vec<String> {
    if status.sources == 0 {
        return vec![String::from("No source yet: Tenure knows nothing until it may read something.")];
    }
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let Counts { identities, built_in, .. } = counted(status);
    let mut lines = vec![format!(
        "{}: {}. {} ({built_in} built in), {}.",
        count(status.sources, "source"),
        names.join(", "),
        count(identities, "identity"),
        count(status.findings_open, "finding"),
    )];
    let counts: Vec<String> = status
        .standings
        .iter()
        .filter(|row| row.count > 0)
        .map(|row| format!("{} {} {}", row.standing.mark(), row.count, row.standing))
        .collect();
    if !counts.is_empty() {
        lines.push(format!("  {}", counts.join("   ")));
    }
    lines
}

/// The one best thing to do next.
pub(crate) fn next_step(status: &Status, sources: &[Source]) -> String {
    let unclaimed =
        status.standings.iter().find(|row| row.standing == Standing::Unclaimed).map_or(0, |row| row.count);
    if status.sources == 0 {
        return String::from("tenure source add pg-main postgres://tenure@HOST/DATABASE");
    }
    if let Some(unread) = sources.iter().find(|source| source.last_survey.is_none()) {
        return format!("tenure survey {}", unread.name);
    }
    if status.findings_open > 0 {
        return String::from("tenure findings");
    }
    if unclaimed > 0 {
        return String::from("tenure identities --standing unclaimed, then tenure own NAME");
    }
    String::from("tenure identities")
}

#[cfg(test)]
mod tests {
    use super::listen_address;

    #[test]
    fn only_addresses_of_this_machine_are_listened_on() {
        assert_eq!(listen_address("none").unwrap(), None);
        assert!(listen_address("127.0.0.1:0").unwrap().is_some());
        assert!(listen_address("[::1]:8420").unwrap().is_some());
        insta::assert_snapshot!(listen_address("0.0.0.0:8420").unwrap_err().text(), @r"
        Not done: `0.0.0.0:8420` is reachable from other machines, and is refused
          why:  the API is plain HTTP; tokens would travel in clear
          next: listen on 127.0.0.1 and put a proxy with TLS before it
        ");
        insta::assert_snapshot!(listen_address("localhost").unwrap_err().text(), @r"
        Not done: `localhost` is not an address to listen on
          next: give an address and a port, such as 127.0.0.1:8420 or [::1]:8420, or `none`
        ");
    }
}
