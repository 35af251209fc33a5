//! A private directory: OpenLDAP's slapd, on loopback ports of its own, filled anew by each test.
//!
//! It reads no settings of the machine, and only its administrator writes. It speaks LDAP with STARTTLS on one port and encrypted from
//! the beginning on another. Attributes of Microsoft's directories are known to it by name, so that their form can be read. Next:
//! `server.rs`.

use crate::{Certificate, cluster::path_text, home::write_private, port, programs, server::Server, wait};
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use std::{
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
};

/// Ports tried before we conclude that it is not the port.
const PORTS_TRIED_MAX: usize = 5;
/// Below which everything stands.
const SUFFIX: &str = "dc=example,dc=com";
/// Who may write.
const ADMINISTRATOR: &str = "cn=admin,dc=example,dc=com";
/// Their password.
const PASSWORD: &str = "the directory's own word";

/// Entries that it gives to one who reads little.
const SHORT: u32 = 3;

/// How a private directory is to be set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LdapOptions {
    /// It encrypts lines.
    pub is_encrypted: bool,
    /// Entries that it gives to anybody but its administrator, at most.
    pub size_limit: Option<u32>,
}

impl Default for LdapOptions {
    fn default() -> Self {
        Self { is_encrypted: true, size_limit: None }
    }
}

/// A directory that runs. Dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct LdapServer {
    server: Server,
    port: u16,
    tls_port: u16,
    options: LdapOptions,
}

impl LdapServer {
    /// Starts a directory with `ou=people`, `ou=groups`, `ou=away`, and `cn=reader` and `cn=short`, who may read; returns when it
    /// listens.
    pub fn start(options: LdapOptions) -> Result<Self> {
        let server = Server::prepare("slapd", Signal::TERM, "TERM")?;
        let made = Certificate::for_loopback()?;
        let mut ldap = Self { server, port: 0, tls_port: 0, options };
        for (name, text) in [("certificate.pem", &made.certificate), ("key.pem", &made.key)] {
            write_private(&ldap.server.directory().join(name), text.as_bytes(), &ldap.server.account)?;
        }
        let database = ldap.server.directory().join("database");
        std::fs::create_dir(&database).context("creating the directory's database")?;
        ldap.server.account.give(&database)?;
        for _ in 0..PORTS_TRIED_MAX {
            (ldap.port, ldap.tls_port) = (port::pick()?, port::pick()?);
            if ldap.launch().is_ok() {
                ldap.add(&format!(
                    "dn: {SUFFIX}\nobjectClass: domain\ndc: example\n\n{}\
                     dn: cn=reader,{SUFFIX}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
                     cn: reader\nuserPassword: {PASSWORD}\n\n\
                     dn: cn=short,{SUFFIX}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\n\
                     cn: short\nuserPassword: {PASSWORD}\n",
                    ["people", "groups", "away"]
                        .map(|ou| format!("dn: ou={ou},{SUFFIX}\nobjectClass: organizationalUnit\nou: {ou}\n\n"))
                        .concat()
                ))?;
                return Ok(ldap);
            }
            ldap.server.end(Signal::TERM)?;
        }
        bail!("slapd did not start: {}", ldap.server.log().unwrap_or_default())
    }

    fn launch(&self) -> Result<()> {
        let program = programs::slapd_program().context("slapd is not installed")?;
        let path = self.server.directory().join("slapd.conf");
        write_private(&path, self.settings()?.as_bytes(), &self.server.account)?;
        let mut urls = format!("ldap://127.0.0.1:{}", self.port);
        if self.options.is_encrypted {
            urls = format!("{urls} ldaps://127.0.0.1:{}", self.tls_port);
        }
        self.server
            .launch(&program, &["-h", &urls, "-f", &path_text(&path)?, "-d", "0"].map(String::from))?;
        let port = self.port;
        wait::until("slapd to listen", wait::PATIENCE, || {
            if self.server.has_ended()? {
                bail!("slapd ended: {}", self.server.log().unwrap_or_default());
            }
            Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok())
        })
    }

    fn settings(&self) -> Result<String> {
        let folder = path_text(self.server.directory())?;
        let schemas = ["core", "cosine", "inetorgperson"]
            .map(|name| format!("include /etc/ldap/schema/{name}.schema\n"))
            .concat();
        let encryption = if self.options.is_encrypted {
            format!("TLSCertificateFile {folder}/certificate.pem\nTLSCertificateKeyFile {folder}/key.pem\n")
        } else {
            String::new()
        };
        let limit = self.options.size_limit.map(|most| format!("sizelimit {most}\n")).unwrap_or_default();
        Ok(format!(
            "{schemas}modulepath /usr/lib/ldap\nmoduleload back_mdb\n{encryption}{limit}\
             attributetype ( 1.3.6.1.4.1.32473.1.1 NAME 'objectGUID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )\n\
             attributetype ( 1.3.6.1.4.1.32473.1.2 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )\n\
             attributetype ( 1.3.6.1.4.1.32473.1.3 NAME 'userAccountControl' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )\n\
             attributetype ( 1.3.6.1.4.1.32473.1.4 NAME 'memberOf' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )\n\
             objectclass ( 1.3.6.1.4.1.32473.2.1 NAME 'adLike' SUP top AUXILIARY \
             MAY ( objectGUID $ sAMAccountName $ userAccountControl $ memberOf ) )\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=\"cn=reader,{SUFFIX}\" read by dn.exact=\"cn=short,{SUFFIX}\" read by * none\n\
             database mdb\nsuffix \"{SUFFIX}\"\nrootdn \"{ADMINISTRATOR}\"\nrootpw \"{PASSWORD}\"\n\
             directory {folder}/database\nmaxsize 67108864\n\
             limits dn.exact=\"cn=short,{SUFFIX}\" size={SHORT}\n"
        ))
    }

    /// Where it listens for lines that begin in clear, on 127.0.0.1.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens for lines that are encrypted from the beginning.
    pub const fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The file of the certificate that it shows, which is its own authority.
    pub fn certificate(&self) -> PathBuf {
        self.server.directory().join("certificate.pem")
    }

    /// Who may read, and their password.
    pub fn reader(&self) -> (String, String) {
        (format!("cn=reader,{SUFFIX}"), PASSWORD.to_owned())
    }

    /// Somebody who may read, and is given three entries at most.
    pub fn short_reader(&self) -> (String, String) {
        (format!("cn=short,{SUFFIX}"), PASSWORD.to_owned())
    }

    /// Adds entries (LDIF, RFC 2849), as its administrator.
    pub fn add(&self, ldif: &str) -> Result<()> {
        self.tool("ldapadd", &[], ldif)
    }

    /// Changes entries (LDIF with `changetype`), as its administrator.
    pub fn modify(&self, ldif: &str) -> Result<()> {
        self.tool("ldapmodify", &[], ldif)
    }

    /// Takes entries away, with all below them, as its administrator.
    pub fn delete(&self, dn: &str) -> Result<()> {
        self.tool("ldapdelete", &["-r", dn], "")
    }

    /// Adds a person below `ou=people`; their `cn` is their name, capitalised by nobody.
    pub fn add_person(&self, uid: &str) -> Result<()> {
        self.add(&format!(
            "dn: uid={uid},ou=people,{SUFFIX}\nobjectClass: inetOrgPerson\nuid: {uid}\ncn: {uid}\nsn: {uid}\n\
             mail: {uid}@example.com\n"
        ))
    }

    /// Stops answering, without ending its lines.
    pub fn pause(&self) -> Result<()> {
        self.server.pause()
    }

    /// Answers again.
    pub fn resume(&self) -> Result<()> {
        self.server.resume()
    }

    /// Ends it at once.
    pub fn kill9(&self) -> Result<()> {
        self.server.kill9()
    }

    /// Starts it again on the same ports, with other options if they are others.
    pub fn restart(&mut self, options: LdapOptions) -> Result<()> {
        self.server.end(Signal::TERM)?;
        self.options = options;
        self.launch()
    }

    fn tool(&self, tool: &str, more: &[&str], ldif: &str) -> Result<()> {
        let url = format!("ldap://127.0.0.1:{}", self.port);
        let mut child = Command::new(tool)
            .args(["-x", "-H", &url, "-D", ADMINISTRATOR, "-w", PASSWORD])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {tool}"))?;
        child.stdin.take().context("no standard input")?.write_all(ldif.as_bytes())?;
        let done = child.wait_with_output()?;
        if !done.status.success() {
            bail!("{tool}: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }
}
