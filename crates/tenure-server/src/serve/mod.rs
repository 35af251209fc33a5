//! How requests come in: the data directory's socket, and a TCP address when one is wanted.
//!
//! The socket is for whoever may enter the data directory (0600); who that is says the
//! operating system. Begin with `serve`; `connection.rs` is one connection's life, `seats.rs`
//! says who stays when there are too many.

mod connection;
mod seats;
mod slow;
mod socket;

pub(crate) use seats::Seat;
pub(crate) use slow::BodySlow;

use crate::{
    guard::Hosts,
    peer::Peer,
    provider::SignInOptions,
    routes,
    shared::{Front, Shared},
};
use connection::Hall;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tenure_engine::Engine;
use tokio::{
    net::{TcpListener, UnixListener},
    sync::watch,
    task::JoinSet,
};

/// Where to serve.
#[derive(Debug, Default)]
pub struct ServeOptions {
    /// A unix socket to make.
    pub socket: Option<PathBuf>,
    /// A TCP address to listen on. Anything but loopback is plain HTTP over the network: put TLS before it.
    pub tcp: Option<SocketAddr>,
    /// How people sign in beside one-time codes.
    pub sign_in: SignInOptions,
}

/// How much callers may take of a server. Each listener has its own, so that the socket answers whatever
/// comes from the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeLimits {
    /// Connections at a time, at least two. When there is one more, the one that waits longest is cut.
    pub connections_max: usize,
    /// Connections on which somebody known is served at a time; fewer than `connections_max`, so that the
    /// rest stays for health checks and for newcomers.
    pub known_max: usize,
    /// How long a request's head may take to come, also on a connection that is kept open.
    pub head_time: Duration,
    /// How long a request's body may take to come, after its head.
    pub body_time: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        let time = Duration::from_secs(15);
        Self { connections_max: 256, known_max: 192, head_time: time, body_time: time }
    }
}

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeFailed {
    /// The socket could not be made.
    #[error("the socket {path} could not be made")]
    Socket {
        /// Where.
        path: String,
        /// The operating system's words.
        #[source]
        source: std::io::Error,
    },
    /// Another process answers on the socket.
    #[error("another Tenure answers on the socket {path}; talk to it, or stop it first")]
    SocketInUse {
        /// Where.
        path: String,
    },
    /// The address could not be listened on.
    #[error("{address} cannot be listened on; give another address, or stop what uses it")]
    Address {
        /// Which.
        address: SocketAddr,
        /// The operating system's words.
        #[source]
        source: std::io::Error,
    },
    /// No code to sign in with could be made.
    #[error("no one-time code could be made")]
    Code(#[source] tenure_engine::EngineFailure),
}

/// Where a server can be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Its socket.
    pub socket: Option<PathBuf>,
    /// Its TCP address, with the port it was given.
    pub address: Option<SocketAddr>,
}

/// A server that runs until it is shut down.
pub struct Serving {
    /// The TCP address, with the port it was given.
    pub address: Option<SocketAddr>,
    /// A code to sign in to the console with, once, within ten minutes: for whoever started this
    /// process. `None` without TCP, or when its local account is nobody's here.
    pub one_time_code: Option<String>,
    socket: Option<PathBuf>,
    shared: Shared,
    stop: watch::Sender<bool>,
    listeners: JoinSet<()>,
}

/// Begins to serve.
pub async fn serve(engine: Arc<Engine>, options: ServeOptions) -> Result<Serving, ServeFailed> {
    serve_within(engine, options, ServeLimits::default()).await
}

/// As `serve`, within other limits.
pub async fn serve_within(
    engine: Arc<Engine>,
    options: ServeOptions,
    limits: ServeLimits,
) -> Result<Serving, ServeFailed> {
    let tcp = match options.tcp {
        None => None,
        Some(address) => {
            let failed = |source| ServeFailed::Address { address, source };
            let listener = TcpListener::bind(address).await.map_err(failed)?;
            let bound = listener.local_addr().map_err(failed)?;
            Some((listener, bound))
        }
    };
    let socket = options.socket.as_deref().map(socket::bind).transpose()?;
    let address = tcp.as_ref().map(|(_, bound)| *bound);
    let shared = Front::new(engine, Hosts::of(address), options.sign_in);
    let router = routes::build(Arc::clone(&shared));
    let (stop, stopped) = watch::channel(false);
    let mut listeners = JoinSet::new();
    if let Some(listener) = socket {
        listeners.spawn(listen_local(listener, Hall::new(router.clone(), limits, stopped.clone())));
    }
    if let Some((listener, _)) = tcp {
        listeners.spawn(listen_network(listener, Hall::new(router, limits, stopped)));
    }
    let one_time_code = if address.is_some() { first_code(&shared).await? } else { None };
    Ok(Serving { address, one_time_code, socket: options.socket, shared, stop, listeners })
}

/// A code for the person whose local account runs this process.
async fn first_code(shared: &Shared) -> Result<Option<String>, ServeFailed> {
    let uid = rustix::process::geteuid().as_raw();
    let found = shared.engine.store().read("person_of_uid", move |tx| tx.person_of_uid(uid)).await;
    let person = found.map_err(|failure| ServeFailed::Code(failure.into()))?;
    let Some(person) = person else { return Ok(None) };
    let (code, _) = shared.sign_in.new_code(&shared.engine, person.id, None).map_err(ServeFailed::Code)?;
    Ok(Some(code.expose().clone()))
}

async fn listen_local(listener: UnixListener, hall: Hall) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = hall.stop() => break,
        };
        match accepted {
            Ok((stream, _)) => match stream.peer_cred() {
                Ok(peer) => hall.take(&mut connections, stream, Peer::Local { uid: peer.uid() }),
                Err(error) => tracing::warn!(%error, "a local caller could not be told apart; turned away"),
            },
            Err(error) => connection::pause_after(&error).await,
        }
    }
    connection::drain(connections).await;
}

async fn listen_network(listener: TcpListener, hall: Hall) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = hall.stop() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small answers should not wait for each other; without it they are only slower.
                let _ = stream.set_nodelay(true);
                hall.take(&mut connections, stream, Peer::Network);
            }
            Err(error) => connection::pause_after(&error).await,
        }
    }
    connection::drain(connections).await;
}

impl Serving {
    /// Where it can be reached.
    pub fn served(&self) -> Served {
        Served { socket: self.socket.clone(), address: self.address }
    }

    /// Stops taking requests, lets those under way end (at most ten seconds), cuts off surveys.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.shared.stopping.send_replace(true);
        while self.listeners.join_next().await.is_some() {}
        self.shared.stop_surveys().await;
        if let Some(path) = self.socket.as_deref() {
            remove_socket(path);
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.shared.stopping.send_replace(true);
    }
}

fn remove_socket(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the socket could not be removed");
    }
}
