//! One connection to one point: opening it, working in transactions, closing it.
//!
//! Every statement runs in an explicit transaction whose settings are local to it, so that a
//! pooler in between carries nothing over. A dropped session closes its socket at once and
//! the server rolls back. Never retries, never logs a statement or a value.
//! Next: `wire.rs` (what is watched while opening) and `failure.rs` (what an error means).

use crate::{
    config::{Address, Place},
    wire::{Handshake, Watch, Watched, WatchedTls},
};
use std::{pin::Pin, time::Duration};
use tenure_model::Secret;
use tenure_tls::{Encryption, Encryptor};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_postgres::{
    Client, Config, IsolationLevel, Transaction, config::SslMode, error::DbError, tls::MakeTlsConnect,
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Opening a connection, from name resolution to the server's yes, may take this long.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A closed connection may take this long to say goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);
/// How we name our connections.
pub(crate) const APPLICATION: &str = "tenure";
/// How we name connections that only try whether a value is accepted.
pub(crate) const PROBE_APPLICATION: &str = "tenure-probe";

/// Settings of every transaction. `pg_temp` last keeps a temporary object from standing for a catalog.
const SETTINGS: &str = "SET LOCAL search_path = pg_catalog, pg_temp; \
     SET LOCAL quote_all_identifiers = off; SET LOCAL DateStyle = 'ISO'; SET LOCAL bytea_output = 'hex'";
/// A reading statement may take this long.
const READ_SETTINGS: &str = "SET LOCAL statement_timeout = '300s'; SET LOCAL lock_timeout = '10s'; \
     SET LOCAL idle_in_transaction_session_timeout = '900s'";
/// A changing statement may take this long, and wait this long for a lock.
const WRITE_SETTINGS: &str = "SET LOCAL statement_timeout = '60s'; SET LOCAL lock_timeout = '5s'; \
     SET LOCAL idle_in_transaction_session_timeout = '60s'; SET LOCAL synchronous_commit = on";

/// As whom, where in the server, and under which name.
pub(crate) struct Login<'a> {
    pub(crate) user: &'a str,
    pub(crate) password: Option<&'a Secret<String>>,
    pub(crate) database: &'a str,
    pub(crate) application: &'static str,
}

/// Why no session came about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unopened {
    /// The server said why.
    #[error("the server said no")]
    Answer(Box<DbError>),
    /// The line failed.
    #[error("{0}")]
    Line(String),
    /// It took longer than `CONNECT_TIMEOUT`.
    #[error("no answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Silence,
    /// The server asked for something we do not have or do not do.
    #[error("{0}")]
    Unsupported(String),
}

/// A connection that did not come about, and what was seen on the way.
#[derive(Debug)]
pub(crate) struct OpenFailed {
    pub(crate) seen: Handshake,
    pub(crate) why: Unopened,
}

/// An open connection.
pub(crate) struct Session {
    client: Client,
    line: LineTask,
    /// What was seen while it opened.
    pub(crate) seen: Handshake,
}

/// What carries bytes between the line and the client. Dropping it closes the socket without
/// waiting for anything: the server sees that and rolls back.
struct LineTask(JoinHandle<()>);

impl Drop for LineTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Session {
    /// Opens a connection.
    pub(crate) async fn open(
        place: &Place,
        encryptor: &Encryptor,
        login: &Login<'_>,
    ) -> Result<Self, OpenFailed> {
        let watch = Watch::default();
        let opening = open(place, encryptor, login, &watch);
        match timeout(CONNECT_TIMEOUT, opening).await {
            Ok(Ok((client, line))) => Ok(Self { client, line, seen: watch.seen() }),
            Ok(Err(why)) => Err(OpenFailed { seen: watch.seen(), why }),
            Err(_) => Err(OpenFailed { seen: watch.seen(), why: Unopened::Silence }),
        }
    }

    /// Begins a transaction that sees one moment and changes nothing.
    pub(crate) async fn snapshot(&mut self) -> Result<Transaction<'_>, tokio_postgres::Error> {
        let begin = self.client.build_transaction().isolation_level(IsolationLevel::RepeatableRead);
        let begun = begin.read_only(true).start().await?;
        begun.batch_execute(&format!("{SETTINGS}; {READ_SETTINGS}")).await?;
        Ok(begun)
    }

    /// Begins a transaction that sees what is committed at each statement and changes no data. Works on a replica.
    pub(crate) async fn look(&mut self) -> Result<Transaction<'_>, tokio_postgres::Error> {
        let begin = self.client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
        let begun = begin.read_only(true).start().await?;
        begun.batch_execute(&format!("{SETTINGS}; {READ_SETTINGS}")).await?;
        Ok(begun)
    }

    /// Runs one statement that cannot be part of a transaction.
    pub(crate) async fn bare(&self, statement: &str) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute(statement).await
    }

    /// Begins a transaction that sees what is committed and may change things.
    pub(crate) async fn change(&mut self) -> Result<Transaction<'_>, tokio_postgres::Error> {
        let begin = self.client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
        let begun = begin.start().await?;
        begun.batch_execute(&format!("{SETTINGS}; {WRITE_SETTINGS}")).await?;
        Ok(begun)
    }

    /// Says goodbye, so that the server need not find out.
    pub(crate) async fn close(self) {
        let Self { client, mut line, .. } = self;
        drop(client);
        let _ = timeout(GOODBYE_TIMEOUT, &mut line.0).await;
    }
}

/// What a line must be able to do.
trait Line: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

async fn open(
    place: &Place,
    encryptor: &Encryptor,
    login: &Login<'_>,
    watch: &Watch,
) -> Result<(Client, LineTask), Unopened> {
    let line = line(&place.address).await.map_err(|error| Unopened::Line(error.to_string()))?;
    let (encryption, host) = match &place.address {
        Address::Tcp(host, _) => (place.encryption, host.as_str()),
        // PostgreSQL does not encrypt sockets.
        Address::Socket(..) => (Encryption::Disable, ""),
    };
    let asks = encryption != Encryption::Disable;
    let line = Watched::bare(line, watch.clone(), asks, place.is_private());
    let encrypting =
        encryptor.of(encryption).map_err(|refused| Unopened::Unsupported(refused.to_string()))?;
    let mut making = MakeRustlsConnect::new((*encrypting).clone());
    // A socket has no host to check; the connector is then never used and any name will do.
    let name = if host.is_empty() { "localhost" } else { host };
    let Ok(inner) = MakeTlsConnect::<Watched<Box<dyn Line>>>::make_tls_connect(&mut making, name);
    let tls = WatchedTls { inner, watch: watch.clone() };
    let config = config(login, encryption);
    // Boxed, because the compiler cannot see for every lifetime at once that this future may move between threads.
    let starting: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(config.connect_raw(line, tls));
    let (client, connection) = starting.await.map_err(unopened)?;
    let task = tokio::spawn(async move {
        // Whoever waits for an answer is told; there is nobody else to tell.
        let _ = connection.await;
    });
    Ok((client, LineTask(task)))
}

async fn line(address: &Address) -> std::io::Result<Box<dyn Line>> {
    match address {
        Address::Tcp(host, port) => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            stream.set_nodelay(true)?;
            Ok(Box::new(stream))
        }
        Address::Socket(directory, port) => {
            Ok(Box::new(UnixStream::connect(directory.join(format!(".s.PGSQL.{port}"))).await?))
        }
    }
}

fn config(login: &Login<'_>, encryption: Encryption) -> Config {
    let mut config = Config::new();
    config.user(login.user).dbname(login.database).application_name(login.application);
    config.ssl_mode(match encryption {
        Encryption::Disable => SslMode::Disable,
        Encryption::Prefer => SslMode::Prefer,
        Encryption::Require => SslMode::Require,
    });
    if let Some(password) = login.password {
        config.password(password.expose());
    }
    config
}

fn unopened(error: tokio_postgres::Error) -> Unopened {
    if let Some(answer) = error.as_db_error() {
        return Unopened::Answer(Box::new(answer.clone()));
    }
    let source = std::error::Error::source(&error);
    let words = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
    let lost = error.is_closed() || source.is_some_and(<dyn std::error::Error>::is::<std::io::Error>);
    if lost { Unopened::Line(words) } else { Unopened::Unsupported(words) }
}
