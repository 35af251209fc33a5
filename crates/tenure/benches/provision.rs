//! People whom a directory adds, over HTTP, each durable before its answer: one client, and eight.
//!
//! The server is a deployment's own on loopback, on the embedded database on disk; clients keep their connections and wait
//! for each answer. Two neighbours run in the same round: the cheapest call that a provisioning token opens, which writes
//! nothing, and plain SQLite with one synced commit a row. The load generator is in this process and is counted.

mod measure;

use anyhow::{Context as _, Result, ensure};
use measure::{figure, first_person, median, open};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    thread,
    time::Instant,
};
use tempfile::TempDir;
use tenure_server::{ServeOptions, SignInOptions, serve};

const ROUNDS: usize = 5;
/// People that one client adds in a round.
const PEOPLE: usize = 400;
/// Clients at a time in the second half.
const CLIENTS: usize = 8;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let home = TempDir::new()?;
    let deployment = runtime.block_on(open(&home.path().join("data")))?;
    let (address, token, serving) = runtime.block_on(async {
        let person = first_person(&deployment).await?;
        let token = deployment.engine.issue_provisioning_token(person, None).await?.token;
        let tcp = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        let options = ServeOptions { socket: None, tcp, sign_in: SignInOptions::default() };
        let serving = serve(Arc::clone(&deployment.engine), options).await?;
        anyhow::Ok((serving.address.context("it listens")?, token.expose().clone(), serving))
    })?;
    let (mut one, mut eight, mut reads, mut plain) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        plain.push(rate(PEOPLE, || bare(&home.path().join(format!("plain-{round}"))))?);
        reads.push(rate(PEOPLE, || asks(address, &token))?);
        one.push(rate(PEOPLE, || adds(address, &token, &format!("{round}-one")))?);
        eight.push(rate(PEOPLE * CLIENTS, || crowd(address, &token, round))?);
    }
    tell(&one, &eight, (&reads, &plain))?;
    runtime.block_on(async {
        serving.shutdown().await;
        deployment.close().await;
    });
    Ok(())
}

fn tell(one: &[f64], eight: &[f64], (reads, plain): (&[f64], &[f64])) -> Result<()> {
    let ratio =
        |ours: &[f64], others: &[f64]| median(ours.iter().zip(others).map(|(ours, other)| ours / other));
    figure("provision: people added, 1 client", &format!("{:.0}/s", median(one.iter().copied())?));
    figure("provision: people added, 8 clients", &format!("{:.0}/s", median(eight.iter().copied())?));
    figure("provision: cheapest call, 1 client", &format!("{:.0}/s", median(reads.iter().copied())?));
    figure("provision: plain SQLite, one commit a row", &format!("{:.0}/s", median(plain.iter().copied())?));
    figure("provision: 1 client against the cheapest call", &format!("{:.2}", ratio(one, reads)?));
    figure("provision: 1 client against plain SQLite", &format!("{:.2}", ratio(one, plain)?));
    figure("provision: 8 clients against plain SQLite", &format!("{:.2}", ratio(eight, plain)?));
    Ok(())
}

/// So many of something, a second.
fn rate(many: usize, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    work()?;
    Ok(f64::from(u32::try_from(many)?) / begun.elapsed().as_secs_f64())
}

/// One connection that is kept.
struct Client {
    stream: BufReader<TcpStream>,
    head: String,
}

impl Client {
    fn new(address: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let head = format!(
            "Host: {address}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/scim+json\r\n"
        );
        Ok(Self { stream: BufReader::new(stream), head })
    }

    /// Sends one request and reads all of its answer; returns the status.
    fn call(&mut self, method: &str, path: &str, body: &str) -> Result<u16> {
        let request = format!(
            "{method} /scim/v2{path} HTTP/1.1\r\n{}Content-Length: {}\r\n\r\n{body}",
            self.head,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("no status")?.parse()?;
        let mut length = 0;
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(given) = line.strip_prefix("content-length:") {
                length = given.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        Ok(status)
    }
}

fn adds(address: SocketAddr, token: &str, which: &str) -> Result<()> {
    let mut client = Client::new(address, token)?;
    for number in 0..PEOPLE {
        let body = format!(
            r#"{{"userName":"person-{which}-{number}","externalId":"{which}-{number}","displayName":"Person {number}","emails":[{{"value":"{number}@example.com"}}]}}"#
        );
        let status = client.call("POST", "/Users", &body)?;
        ensure!(status == 201, "answered {status}");
    }
    Ok(())
}

fn asks(address: SocketAddr, token: &str) -> Result<()> {
    let mut client = Client::new(address, token)?;
    for _ in 0..PEOPLE {
        ensure!(client.call("GET", "/ServiceProviderConfig", "")? == 200, "refused");
    }
    Ok(())
}

fn crowd(address: SocketAddr, token: &str, round: usize) -> Result<()> {
    let client = |number: usize| move || adds(address, token, &format!("{round}-{number}"));
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|number| scope.spawn(client(number))).collect();
        clients
            .into_iter()
            .try_for_each(|client| client.join().unwrap_or_else(|_| anyhow::bail!("a client broke off")))
    })
}

/// One row a person, each committed and synced alone.
fn bare(file: &Path) -> Result<()> {
    let database = rusqlite::Connection::open(file)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL) STRICT;",
    )?;
    let mut insert = database.prepare("INSERT INTO people (id, name, attributes) VALUES (?1, ?2, ?3)")?;
    for number in 0..PEOPLE {
        let (id, name) = (format!("id-{number}"), format!("person-{number}"));
        insert.execute((&id, &name, "{\"displayName\":\"Person\"}"))?;
    }
    Ok(())
}
