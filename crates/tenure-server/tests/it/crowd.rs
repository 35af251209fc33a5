//! Callers that take all they can: many connections, slow heads and bodies, bodies that are too large.
//!
//! Real sockets of loopback. Nothing is measured: a test waits for what must come, up to a deadline.

use crate::transports::{over_socket, over_tcp, served_within};
use http::Request;
use std::{net::SocketAddr, time::Duration};
use tempfile::TempDir;
use tenure_server::ServeLimits;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// Longer than any test waits: what has this limit is not what ends a test.
const NEVER: Duration = Duration::from_hours(1);
const SOON: Duration = Duration::from_millis(50);
const PATIENT: ServeLimits =
    ServeLimits { connections_max: 8, known_max: 4, head_time: NEVER, body_time: NEVER };

async fn in_time<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap_or_else(|_| panic!("{what} never came"))
}

/// The head of a sign-in that announces a body of so many bytes, and one byte of it.
async fn slow_sign_in(address: SocketAddr, bytes: usize) -> TcpStream {
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {bytes}\r\n\r\nc"
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the server closes.
async fn all_of(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = in_time("the end of the connection", stream.read_to_end(&mut answer)).await;
    // A reset after the answer also is an end.
    let _ = read;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn callers_that_send_slowly_keep_nobody_out() {
    let directory = TempDir::new().unwrap();
    let serving = served_within(&directory, PATIENT).await;
    let address = serving.address.unwrap();
    let socket = serving.served().socket.unwrap();
    let token = Request::post("/api/v1/people/administrator/token");
    let (parts, token) = in_time("a token", over_socket(&socket, token)).await;
    assert_eq!(parts.status, 201, "{token}");
    let token: serde_json::Value = serde_json::from_str(&token).unwrap();
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());

    let mut slow = Vec::new();
    for _ in 0..40 {
        slow.push(in_time("a connection", slow_sign_in(address, 8_000)).await);
        let mut silent = in_time("a connection", TcpStream::connect(address)).await.unwrap();
        silent.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
        slow.push(silent);
    }
    for path in ["/healthz", "/readyz"] {
        let (parts, text) = in_time(path, over_tcp(address, Request::get(path), "")).await;
        assert_eq!(parts.status, 200, "{path}: {text}");
    }
    let known = Request::get("/api/v1/status").header("authorization", &bearer);
    assert_eq!(in_time("the status", over_tcp(address, known, "")).await.0.status, 200);
    assert_eq!(in_time("the socket", over_socket(&socket, Request::get("/healthz"))).await.0.status, 200);
    drop(slow);
    serving.shutdown().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let directory = TempDir::new().unwrap();
    let serving = served_within(&directory, ServeLimits { body_time: SOON, ..PATIENT }).await;
    let address = serving.address.unwrap();
    let answer = all_of(slow_sign_in(address, 100).await).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("the body did not come within 0.05 s"), "{answer}");

    let mut known = tokio::net::UnixStream::connect(serving.served().socket.unwrap()).await.unwrap();
    let head = "POST /api/v1/people HTTP/1.1\r\nhost: tenure\r\ncontent-type: application/json\r\n\
                content-length: 100\r\n\r\n{";
    known.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = in_time("the answer", known.read_to_end(&mut answer)).await;
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("urn:tenure:problem:slow"), "{answer}");
    serving.shutdown().await;
}

#[tokio::test]
async fn a_head_that_does_not_come_is_given_up() {
    let directory = TempDir::new().unwrap();
    let serving = served_within(&directory, ServeLimits { head_time: SOON, ..PATIENT }).await;
    let mut stream = TcpStream::connect(serving.address.unwrap()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\n").await.unwrap();
    let answer = all_of(stream).await;
    assert!(!answer.contains(" 200 "), "{answer}");
    serving.shutdown().await;
}

#[tokio::test]
async fn strangers_send_little() {
    let directory = TempDir::new().unwrap();
    let serving = served_within(&directory, PATIENT).await;
    let address = serving.address.unwrap();
    let announced = all_of(slow_sign_in(address, 200_000).await).await;
    assert!(announced.starts_with("HTTP/1.1 413 "), "{announced}");
    assert!(announced.contains("the body is larger than 8 KiB"), "{announced}");

    // Without saying how much will come, in pieces.
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /sign-in HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for _ in 0..9 {
        // The server may have answered and closed already.
        let _ = stream.write_all(format!("400\r\n{}\r\n", "1".repeat(1024)).as_bytes()).await;
    }
    let answer = all_of(stream).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    serving.shutdown().await;
}
