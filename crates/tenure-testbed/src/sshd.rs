//! A private SSH server that lets in one account by its public keys.
//!
//! It runs as the account of all private servers, on a loopback port, with a host key of its own, and reads the key
//! files it is told to. It must never read the machine's own settings or host keys, nor a home's. Next: `server.rs`.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::Signal;

use crate::cluster::path_text;
use crate::home::write_private;
use crate::port;
use crate::programs;
use crate::server::Server;
use crate::wait::{self, PATIENCE};

/// Ports tried before we conclude that it is not the port.
const PORTS_TRIED_MAX: usize = 5;

/// How a private SSH server is to be set up.
#[derive(Debug, Clone, Default)]
pub struct SshdOptions {
    /// The files it looks for keys in; it must be able to read them.
    pub key_files: Vec<PathBuf>,
    /// Further lines of its settings, before all others, because the first value of each counts; `{user}` is its account.
    pub further: Vec<String>,
}

/// A session at a private SSH server. Dropping it ends it, also when a test fails: the next one would see it.
#[derive(Debug)]
pub struct SshSession(Child);

impl SshSession {
    /// Whether it still goes on.
    pub fn goes_on(&mut self) -> Result<bool> {
        Ok(self.0.try_wait().context("ssh")?.is_none())
    }

    /// Waits until somebody else has ended it.
    pub fn wait(mut self) -> Result<()> {
        self.0.wait().context("ssh").map(drop)
    }
}

impl Drop for SshSession {
    fn drop(&mut self) {
        // One that has ended already is not there to be ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running private SSH server. Dropping it ends it and removes its directory.
#[derive(Debug)]
pub struct Sshd {
    server: Server,
    options: SshdOptions,
    port: u16,
    user: String,
}

/// A pair of keys for logging in.
#[derive(Debug, Clone)]
pub struct SshKey {
    private: PathBuf,
    /// The line of an `authorized_keys` file, without an end.
    pub public: String,
    /// `SHA256:…`
    pub fingerprint: String,
}

impl SshKey {
    /// Makes a pair in `folder`; `kind` as `ssh-keygen -t` takes it.
    pub fn make(folder: &Path, name: &str, kind: &str) -> Result<SshKey> {
        let private = folder.join(name);
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", "", "-C", name, "-f"])
            .arg(&private)
            .stdin(Stdio::null())
            .output()
            .context("ssh-keygen")?;
        ensure!(made.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&made.stderr));
        let public = std::fs::read_to_string(private.with_extension("pub")).context("the public key")?;
        let shown = Command::new("ssh-keygen").arg("-lf").arg(&private).output().context("ssh-keygen -l")?;
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let fingerprint = shown.split_whitespace().nth(1).context("no fingerprint")?.to_owned();
        Ok(SshKey { private, public: public.trim_end().to_owned(), fingerprint })
    }

    /// The file of the private half.
    pub fn private(&self) -> &Path {
        &self.private
    }
}

impl Sshd {
    /// Sets up and starts a server; returns when it accepts connections.
    pub fn start(options: SshdOptions) -> Result<Sshd> {
        let program = programs::sshd_program().context("the SSH server is not installed")?;
        let server = Server::prepare("sshd", Signal::TERM, "TERM")?;
        let user = name_of(server.account.user_id)?;
        let mut sshd = Sshd { server, options, port: 0, user };
        let host_key = SshKey::make(sshd.server.directory(), "ssh_host_ed25519_key", "ed25519")?;
        sshd.server.account.give(host_key.private())?;
        for _ in 0..PORTS_TRIED_MAX {
            sshd.port = port::pick()?;
            let settings = sshd.settings()?;
            let path = sshd.server.directory().join("sshd_config");
            write_private(&path, settings.as_bytes(), &sshd.server.account)?;
            if sshd.launch(&program, &path)? {
                return Ok(sshd);
            }
        }
        bail!("{PORTS_TRIED_MAX} ports in a row were taken between picking and listening")
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The only account that it can let in.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// That account's user id.
    pub fn user_id(&self) -> u32 {
        self.server.account.user_id
    }

    /// The public half of its host key, a line as in `ssh_host_ed25519_key.pub`.
    pub fn host_key(&self) -> Result<String> {
        let path = self.server.directory().join("ssh_host_ed25519_key.pub");
        std::fs::read_to_string(path).context("the public host key")
    }

    /// The server's process id.
    pub fn pid(&self) -> Result<u32> {
        self.server.pid().context("the server does not run")
    }

    /// Everything it has logged so far.
    pub fn log(&self) -> Result<String> {
        self.server.log().context("the server's log")
    }

    /// Ends the server at once.
    pub fn stop(&self) -> Result<()> {
        self.server.end(Signal::TERM)
    }

    /// Whether the system's own client is let in with this key: a second opinion.
    pub fn lets_in(&self, key: &SshKey) -> Result<bool> {
        let mut client = self.client(key)?;
        Ok(client.arg("true").output().context("ssh")?.status.success())
    }

    /// Opens a session that stays until the answer is dropped.
    pub fn session(&self, key: &SshKey) -> Result<SshSession> {
        let mut client = self.client(key)?;
        let session = SshSession(client.args(["-N"]).stdin(Stdio::null()).spawn().context("ssh")?);
        let accepted = format!("{} ", key.fingerprint.trim_start_matches("SHA256:"));
        let wanted = accepted.trim_end().to_owned();
        wait::until("the session to be let in", PATIENCE, || {
            Ok(self
                .log()?
                .lines()
                .any(|line| line.starts_with("Accepted publickey") && line.contains(&wanted)))
        })?;
        Ok(session)
    }

    fn client(&self, key: &SshKey) -> Result<Command> {
        let known = self.server.directory().join("known_hosts");
        let mut client = Command::new("ssh");
        client.args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "IdentityAgent=none",
        ]);
        client.args(["-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR", "-o"]);
        client.arg(format!("UserKnownHostsFile={}", path_text(&known)?));
        client.args(["-p", &self.port.to_string(), "-i"]).arg(key.private());
        client.arg(format!("{}@127.0.0.1", self.user)).stdin(Stdio::null());
        client.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(client)
    }

    /// False if the port was taken.
    fn launch(&self, program: &Path, settings: &Path) -> Result<bool> {
        let log_before = self.server.log().map_or(0, |log| log.len());
        let arguments = ["-D", "-e", "-f"].map(str::to_owned).into_iter().chain([path_text(settings)?]);
        self.server.launch(program, &arguments.collect::<Vec<_>>())?;
        let said = || Ok::<_, anyhow::Error>(self.server.log()?.get(log_before..).unwrap_or("").to_owned());
        let mut ended = false;
        wait::until("the SSH server to be ready", PATIENCE, || {
            ended = self.server.has_ended()?;
            let listens = said()?.contains("Server listening on");
            Ok(ended || (listens && TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()))
        })?;
        match (ended, said()?) {
            (false, _) => Ok(true),
            (true, said) if said.contains("ddress already in use") => Ok(false),
            (true, said) => bail!("the SSH server did not start: {said}"),
        }
    }

    fn settings(&self) -> Result<String> {
        let directory = self.server.directory();
        let mut text = String::new();
        for line in &self.options.further {
            let _ = writeln!(text, "{}", line.replace("{user}", &self.user));
        }
        let _ = write!(
            text,
            "Port {}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nLogLevel VERBOSE\nMaxStartups 100\n",
            self.port,
            path_text(&directory.join("ssh_host_ed25519_key"))?
        );
        let files = self.options.key_files.iter().map(|file| path_text(file)).collect::<Result<Vec<_>>>()?;
        let files = if files.is_empty() { String::from("none") } else { files.join(" ") };
        let _ = writeln!(text, "AuthorizedKeysFile {files}");
        Ok(text)
    }
}

/// The name of an account, from `/etc/passwd`.
fn name_of(user_id: u32) -> Result<String> {
    let accounts = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    let wanted = user_id.to_string();
    let line = accounts.lines().find(|line| line.split(':').nth(2) == Some(wanted.as_str()));
    let name = line.and_then(|line| line.split(':').next());
    Ok(name.with_context(|| format!("no account has the user id {user_id}"))?.to_owned())
}
