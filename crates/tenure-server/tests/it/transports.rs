//! The real thing: a unix socket and a TCP address, spoken to by a client.
//!
//! Everything here is private to the test: a temporary directory and a port of loopback.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::{net::SocketAddr, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};
use tempfile::TempDir;
use tenure_engine::{Database, Deadlines, Deployment, EngineFailure, OpenOptions, StoreFailure, SystemClock};
use tenure_keys::{RealDisk, SystemRandomness};
use tenure_server::{ServeFailed, ServeLimits, ServeOptions, Serving, serve, serve_within};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

async fn deployment(directory: &TempDir) -> Deployment {
    let opened = async {
        loop {
            match Deployment::open(options(directory)).await {
                // The former life may still be letting go of the directory's lock.
                Err(EngineFailure::Store(StoreFailure::InUse { .. })) => tokio::task::yield_now().await,
                opened => return opened.unwrap(),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opened).await.expect("the directory is let go of")
}

fn options(directory: &TempDir) -> OpenOptions {
    let uid = rustix::process::geteuid().as_raw();
    OpenOptions {
        directory: directory.path().join("data"),
        database: Database::Embedded,
        kek: None,
        disk: Arc::new(RealDisk),
        clock: Arc::new(SystemClock::default()),
        randomness: Box::new(SystemRandomness),
        connectors: Vec::new(),
        deadlines: Deadlines::default(),
        mail: None,
        chats: Vec::new(),
        ldap: Vec::new(),
        events: Vec::new(),
        ticket_hooks: Vec::new(),
        first_person: (String::from("administrator"), uid),
        commit_fault: None,
    }
}

async fn served(directory: &TempDir) -> Serving {
    served_within(directory, ServeLimits::default()).await
}

pub(crate) async fn served_within(directory: &TempDir, limits: ServeLimits) -> Serving {
    let engine = deployment(directory).await.engine;
    let options = ServeOptions {
        socket: Some(engine.paths().socket()),
        tcp: Some("127.0.0.1:0".parse().unwrap()),
        ..ServeOptions::default()
    };
    serve_within(engine, options, limits).await.unwrap()
}

async fn ask<S>(stream: S, request: http::request::Builder, body: &str) -> (http::response::Parts, String)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let driving = tokio::spawn(connection);
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    drop(sender);
    driving.await.unwrap().unwrap();
    (parts, String::from_utf8_lossy(&body).into_owned())
}

pub(crate) async fn over_socket(
    path: &Path,
    request: http::request::Builder,
) -> (http::response::Parts, String) {
    ask(UnixStream::connect(path).await.unwrap(), request.header("host", "tenure"), "").await
}

pub(crate) async fn over_tcp(
    address: SocketAddr,
    request: http::request::Builder,
    body: &str,
) -> (http::response::Parts, String) {
    ask(TcpStream::connect(address).await.unwrap(), request.header("host", address.to_string()), body).await
}

#[tokio::test]
async fn the_socket_is_private_and_knows_who_speaks() {
    let directory = TempDir::new().unwrap();
    let serving = served(&directory).await;
    let socket = serving.served().socket.unwrap();
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let (parts, body) = over_socket(&socket, Request::get("/api/v1/status")).await;
    assert_eq!(parts.status, 200, "{body}");
    assert!(parts.headers.contains_key("x-request-id"));
    let status: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(status["person"]["name"], "administrator");
    let again = serve(
        deployment(&TempDir::new().unwrap()).await.engine,
        ServeOptions { socket: Some(socket.clone()), ..ServeOptions::default() },
    );
    assert!(
        matches!(again.await.err().unwrap(), ServeFailed::SocketInUse { .. }),
        "a server that answers is left alone"
    );
    serving.shutdown().await;
    assert!(!socket.exists());
}

#[tokio::test]
async fn a_socket_left_behind_is_replaced() {
    let directory = TempDir::new().unwrap();
    let engine = deployment(&directory).await.engine;
    let socket = engine.paths().socket();
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let serving = serve(engine, ServeOptions { socket: Some(socket.clone()), ..ServeOptions::default() })
        .await
        .unwrap();
    assert_eq!((serving.address, serving.one_time_code.as_deref()), (None, None));
    assert_eq!(over_socket(&socket, Request::get("/healthz")).await.1, "ok\n");
    serving.shutdown().await;
}

#[tokio::test]
pub(crate) async fn over_tcp_a_code_opens_the_console() {
    let directory = TempDir::new().unwrap();
    let serving = served(&directory).await;
    let address = serving.address.unwrap();
    let (parts, _) = over_tcp(address, Request::get("/"), "").await;
    assert_eq!((parts.status.as_u16(), parts.headers["location"].to_str().unwrap()), (303, "/sign-in"));
    let code = serving.one_time_code.clone().unwrap();
    let sign_in = Request::post("/sign-in")
        .header("origin", format!("http://{address}"))
        .header("content-type", "application/x-www-form-urlencoded");
    let (parts, _) = over_tcp(address, sign_in, &format!("code={code}")).await;
    assert_eq!(parts.status, 303);
    let cookie = parts.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let (parts, page) = over_tcp(address, Request::get("/").header("cookie", cookie), "").await;
    assert_eq!(parts.status, 200);
    assert!(page.contains("<bdi>administrator</bdi>"), "{page}");
    let evil = Request::get("/healthz").header("host", "evil.example");
    let (parts, _) = ask(TcpStream::connect(address).await.unwrap(), evil, "").await;
    assert_eq!(parts.status, 421);
    serving.shutdown().await;
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn an_address_in_use_is_said() {
    let directory = TempDir::new().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let engine = deployment(&directory).await.engine;
    let refused = serve(
        engine,
        ServeOptions { socket: None, tcp: Some(taken.local_addr().unwrap()), ..ServeOptions::default() },
    )
    .await;
    let text = refused.err().unwrap().to_string();
    assert!(text.ends_with("cannot be listened on; give another address, or stop what uses it"), "{text}");
}

#[tokio::test]
async fn stopping_lets_a_request_under_way_end_and_lets_go_of_the_directory() {
    let directory = TempDir::new().unwrap();
    let serving = served(&directory).await;
    let socket = serving.served().socket.unwrap();
    let stream = UnixStream::connect(&socket).await.unwrap();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let driving = tokio::spawn(connection);
    let request =
        Request::get("/api/v1/doctor").header("host", "tenure").body(Full::<Bytes>::default()).unwrap();
    let answered = sender.send_request(request);
    let (answer, ()) = tokio::join!(answered, serving.shutdown());
    // Either it was answered before the stop, or turned away whole; never half.
    if let Ok(answer) = answer {
        assert_eq!(answer.status(), 200);
        let _ = answer.into_body().collect().await.unwrap();
    }
    drop(sender);
    let _ = driving.await;
    // The directory is free again: another start takes its lock.
    let again = deployment(&directory).await;
    assert!(again.engine.store().stopped_because().is_none());
}
