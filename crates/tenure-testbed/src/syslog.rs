//! A private syslog server: rsyslog, over TLS or in clear, on a loopback port of its own.
//!
//! It reads no settings of the machine and writes one file: for each message the parts that it understood, with bars between. Next:
//! `server.rs`.

use crate::{Certificate, cluster::path_text, home::write_private, port, programs, server::Server, wait};
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use std::{
    fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
};

/// Ports tried before we conclude that it is not the port.
const PORTS_TRIED_MAX: usize = 5;

/// A server that runs. Dropping it ends it and removes its directory.
#[derive(Debug)]
pub struct SyslogServer {
    server: Server,
    port: u16,
}

impl SyslogServer {
    /// Starts a server; returns when it listens.
    pub fn start(is_encrypted: bool) -> Result<Self> {
        let program = programs::rsyslog_program().context("rsyslog is not installed")?;
        let server = Server::prepare("rsyslog", Signal::TERM, "TERM")?;
        let made = Certificate::for_loopback()?;
        let mut syslog = Self { server, port: 0 };
        let at = |name: &str| syslog.server.directory().join(name);
        for (name, text) in [("certificate.pem", &made.certificate), ("key.pem", &made.key)] {
            write_private(&at(name), text.as_bytes(), &syslog.server.account)?;
        }
        for _ in 0..PORTS_TRIED_MAX {
            syslog.port = port::pick()?;
            let path = syslog.server.directory().join("rsyslog.conf");
            write_private(&path, syslog.settings(is_encrypted)?.as_bytes(), &syslog.server.account)?;
            let pid_file = syslog.server.directory().join("rsyslog.pid");
            let (path, pid_file) = (path_text(&path)?, path_text(&pid_file)?);
            let arguments = ["-n", "-C", "-f", &path, "-i", &pid_file];
            syslog.server.launch(&program, &arguments.map(String::from))?;
            let port = syslog.port;
            let listens = || Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
            if wait::until("the syslog server to listen", wait::PATIENCE, listens).is_ok() {
                return Ok(syslog);
            }
            syslog.server.end(Signal::TERM)?;
        }
        bail!("rsyslog did not start: {}", syslog.server.log().unwrap_or_default())
    }

    fn settings(&self, is_encrypted: bool) -> Result<String> {
        let directory = path_text(self.server.directory())?;
        let (mode, driver) = if is_encrypted { (1, "gtls") } else { (0, "ptcp") };
        let parts =
            "%pri%|%protocol-version%|%timestamp:::date-rfc3339%|%hostname%|%app-name%|%msgid%|%msg%\\n";
        Ok(format!(
            "global(workDirectory=\"{directory}\" maxMessageSize=\"128k\" defaultNetstreamDriver=\"{driver}\"\n\
             defaultNetstreamDriverCAFile=\"{directory}/certificate.pem\"\n\
             defaultNetstreamDriverCertFile=\"{directory}/certificate.pem\"\n\
             defaultNetstreamDriverKeyFile=\"{directory}/key.pem\")\n\
             module(load=\"imtcp\" streamDriver.name=\"{driver}\" streamDriver.mode=\"{mode}\" streamDriver.authMode=\"anon\")\n\
             input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{}\")\n\
             template(name=\"parts\" type=\"string\" string=\"{parts}\")\n\
             action(type=\"omfile\" file=\"{directory}/messages\" template=\"parts\")\n",
            self.port
        ))
    }

    /// Where it listens, on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The file of the certificate that it shows, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.server.directory().join("certificate.pem")
    }

    /// What it understood so far: `priority|version|time|host|application|kind|message`, a line each.
    pub fn messages(&self) -> Vec<String> {
        let text = fs::read_to_string(self.server.directory().join("messages")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Stops answering, without ending its lines.
    pub fn pause(&self) -> Result<()> {
        self.server.pause()
    }

    /// Ends it at once.
    pub fn kill9(&self) -> Result<()> {
        self.server.kill9()
    }
}
