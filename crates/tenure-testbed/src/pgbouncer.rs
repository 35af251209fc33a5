//! A private PgBouncer before a private primary: an enforcement point that keeps its own idea of passwords.
//!
//! With `AuthQuery` it asks the server at each login; with `Userlist` it believes a file until it is told
//! to read it again, which is how a dead password lives on. Never talks to a server that is not ours.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, TcpStream};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::cluster::path_text;
use crate::home::{random_hex, write_private};
use crate::port;
use crate::postgres::Postgres;
use crate::programs;
use crate::psql::{self, Login, PsqlFailed, quote_literal};
use crate::server::Server;
use crate::wait::{self, PATIENCE};

/// The role PgBouncer asks the server with, and the name of its administrator.
const LOOKUP_ROLE: &str = "testbed_pooler";

/// Ports tried before we conclude that it is not the port.
const PORTS_TRIED_MAX: usize = 5;

/// How the pooler knows its clients' passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PgBouncerAuth {
    /// It asks the server through a `SECURITY DEFINER` function over `pg_shadow`, at each login.
    AuthQuery,
    /// It reads pairs of user and verifier (`SCRAM-SHA-256$…` or `md5…`, as in `pg_authid.rolpassword`).
    Userlist(Vec<(String, String)>),
}

/// When a server connection goes back to the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client disconnects.
    Session,
    /// When the transaction ends.
    Transaction,
}

/// How a private PgBouncer is to be set up.
#[derive(Debug, Clone)]
pub struct PgBouncerOptions {
    /// Where passwords come from.
    pub auth: PgBouncerAuth,
    /// When server connections are shared.
    pub pool_mode: PoolMode,
}

/// A running (or stopped) private PgBouncer. Dropping it ends it and removes its directory.
#[derive(Debug)]
pub struct PgBouncer {
    server: Server,
    folder: std::path::PathBuf,
    primary_port: u16,
    port: u16,
    options: PgBouncerOptions,
    lookup_password: String,
}

impl PgBouncer {
    /// Sets up and starts a pooler for every database of `primary`; returns when it accepts connections.
    ///
    /// `AuthQuery` creates the lookup role in the server, and the lookup function in every database there
    /// is and in `template1`, so that later databases have it too.
    pub fn start(primary: &Postgres, options: PgBouncerOptions) -> Result<PgBouncer> {
        let program = programs::pgbouncer_program().context("PgBouncer is not installed")?;
        let lookup_password = random_hex(16)?;
        if options.auth == PgBouncerAuth::AuthQuery {
            create_lookup(primary, &lookup_password)?;
        }
        let mut pooler = PgBouncer {
            server: Server::prepare("pgbouncer", Signal::TERM, "TERM")?,
            folder: primary.cluster.folder.clone(),
            primary_port: primary.port(),
            port: 0,
            options,
            lookup_password,
        };
        for _ in 0..PORTS_TRIED_MAX {
            pooler.port = port::pick()?;
            pooler.write_configuration()?;
            if pooler.launch(&program)? {
                return Ok(pooler);
            }
        }
        bail!("{PORTS_TRIED_MAX} ports in a row were taken between picking and listening")
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a script through the pooler; a refusal is a value to look at.
    pub fn sql_as(
        &self,
        user: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<String, PsqlFailed> {
        let asked = psql::run(&self.folder, Login { port: self.port, user, password, database }, sql);
        asked.unwrap_or_else(|error| Err(PsqlFailed { message: format!("psql did not run: {error:#}") }))
    }

    /// Runs a command of PgBouncer's own console, such as `SHOW POOLS` or `RECONNECT`.
    pub fn admin(&self, command: &str) -> Result<String> {
        Ok(self.sql_as(LOOKUP_ROLE, &self.lookup_password, "pgbouncer", command)?)
    }

    /// Replaces the pairs of a [`PgBouncerAuth::Userlist`] on disk. The pooler goes on believing the old
    /// ones until [`PgBouncer::reload`].
    pub fn write_userlist(&self, pairs: &[(String, String)]) -> Result<()> {
        let text = userlist(&self.lookup_password, pairs);
        write_private(&self.server.directory().join("userlist.txt"), text.as_bytes(), &self.server.account)
    }

    /// Reads its configuration and user list again; returns when it has.
    pub fn reload(&self) -> Result<()> {
        self.admin("RELOAD").map(drop)
    }

    /// Ends the pooler at once; clients are cut off.
    pub fn stop(&self) -> Result<()> {
        self.server.end(Signal::TERM)
    }

    /// Stops the pooler if it runs and starts it again on the same port.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        let program = programs::pgbouncer_program().context("PgBouncer is not installed")?;
        if self.launch(&program)? {
            return Ok(());
        }
        bail!("port {} was taken while the pooler was stopped", self.port)
    }

    /// Stops the process where it stands: connections hang.
    pub fn pause(&self) -> Result<()> {
        self.server.pause()
    }

    /// Lets a paused pooler go on.
    pub fn resume(&self) -> Result<()> {
        self.server.resume()
    }

    /// The pooler's process id.
    pub fn pid(&self) -> Result<u32> {
        self.server.pid().context("the pooler does not run")
    }

    /// The directory that holds its configuration, user list and log.
    pub fn directory(&self) -> std::path::PathBuf {
        self.server.directory().to_path_buf()
    }

    /// Everything the pooler has logged so far.
    pub fn log(&self) -> Result<String> {
        self.server.log().context("the pooler's log")
    }

    /// False if the port was taken.
    fn launch(&self, program: &std::path::Path) -> Result<bool> {
        let log_before = self.server.log().map_or(0, |log| log.len());
        self.server.launch(program, &[path_text(&self.server.directory().join("pgbouncer.ini"))?])?;
        let said = || Ok::<_, anyhow::Error>(self.server.log()?.get(log_before..).unwrap_or("").to_owned());
        let mut ended = false;
        wait::until("PgBouncer to be ready", PATIENCE, || {
            ended = self.server.has_ended()?;
            let listens = said()?.contains(&format!("listening on 127.0.0.1:{}", self.port));
            Ok(ended || (listens && TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()))
        })?;
        match (ended, said()?) {
            (false, _) => Ok(true),
            (true, said) if said.contains("ddress already in use") => Ok(false),
            (true, said) => bail!("PgBouncer did not start: {said}"),
        }
    }

    fn write_configuration(&self) -> Result<()> {
        let directory = self.server.directory();
        let users = path_text(&directory.join("userlist.txt"))?;
        let pairs: &[(String, String)] = match &self.options.auth {
            PgBouncerAuth::AuthQuery => &[],
            PgBouncerAuth::Userlist(pairs) => pairs,
        };
        self.write_userlist(pairs)?;
        let text = configuration(self.port, self.primary_port, &users, &self.options);
        write_private(&directory.join("pgbouncer.ini"), text.as_bytes(), &self.server.account)
    }
}

/// `pgbouncer.ini` (pgbouncer manual, config page).
fn configuration(port: u16, primary_port: u16, users: &str, options: &PgBouncerOptions) -> String {
    let mut text = format!(
        "[databases]\n* = host=127.0.0.1 port={primary_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
         listen_port = {port}\nunix_socket_dir =\nauth_file = {users}\nadmin_users = {LOOKUP_ROLE}\n\
         max_client_conn = 200\ndefault_pool_size = 10\nignore_startup_parameters = extra_float_digits\n"
    );
    let pool_mode = match options.pool_mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
    };
    let auth_type = match &options.auth {
        PgBouncerAuth::Userlist(pairs) if !pairs.iter().all(|(_, verifier)| is_scram(verifier)) => "md5",
        PgBouncerAuth::Userlist(_) | PgBouncerAuth::AuthQuery => "scram-sha-256",
    };
    let _ = writeln!(text, "pool_mode = {pool_mode}\nauth_type = {auth_type}");
    if options.auth == PgBouncerAuth::AuthQuery {
        let _ = writeln!(
            text,
            "auth_user = {LOOKUP_ROLE}\n\
             auth_query = SELECT user_name, verifier FROM {LOOKUP_ROLE}.lookup($1)"
        );
    }
    text
}

fn is_scram(verifier: &str) -> bool {
    verifier.starts_with("SCRAM-SHA-256$")
}

/// The pooler's `userlist.txt`: its administrator, then the given pairs; quotes are doubled.
fn userlist(lookup_password: &str, pairs: &[(String, String)]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut text = format!("{} {}\n", quoted(LOOKUP_ROLE), quoted(lookup_password));
    for (user, verifier) in pairs {
        let _ = writeln!(text, "{} {}", quoted(user), quoted(verifier));
    }
    text
}

/// The role and function of the pooler's authentication query, as its manual recommends.
fn create_lookup(primary: &Postgres, password: &str) -> Result<()> {
    let password = quote_literal(password);
    primary.sql(
        "postgres",
        &format!(
            "DO $$ BEGIN CREATE ROLE {LOOKUP_ROLE}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n\
             ALTER ROLE {LOOKUP_ROLE} LOGIN PASSWORD {password};"
        ),
    )?;
    let function = format!(
        "CREATE SCHEMA IF NOT EXISTS {LOOKUP_ROLE};\n\
         GRANT USAGE ON SCHEMA {LOOKUP_ROLE} TO {LOOKUP_ROLE};\n\
         CREATE OR REPLACE FUNCTION {LOOKUP_ROLE}.lookup(asked text, OUT user_name name, OUT verifier text)\n\
         RETURNS SETOF record LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS\n\
         $$ SELECT usename, passwd FROM pg_shadow WHERE usename = asked $$;\n\
         REVOKE ALL ON FUNCTION {LOOKUP_ROLE}.lookup(text) FROM PUBLIC;\n\
         GRANT EXECUTE ON FUNCTION {LOOKUP_ROLE}.lookup(text) TO {LOOKUP_ROLE};"
    );
    let databases = primary.sql("postgres", "SELECT datname FROM pg_database WHERE datallowconn")?;
    databases.lines().try_for_each(|database| primary.sql(database, &function).map(drop))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_list_doubles_quotes_and_names_the_administrator_first() {
        let text = userlist("pw", &[("a\"b".to_owned(), "SCRAM-SHA-256$x".to_owned())]);
        assert_eq!(text, "\"testbed_pooler\" \"pw\"\n\"a\"\"b\" \"SCRAM-SHA-256$x\"\n");
    }

    #[test]
    fn one_md5_verifier_in_a_user_list_selects_the_type_that_takes_both() {
        let with = |verifier: &str| PgBouncerOptions {
            auth: PgBouncerAuth::Userlist(vec![("app".to_owned(), verifier.to_owned())]),
            pool_mode: PoolMode::Session,
        };
        assert!(configuration(1, 2, "u", &with("md5aa")).contains("auth_type = md5\n"));
        assert!(
            configuration(1, 2, "u", &with("SCRAM-SHA-256$4096:x")).contains("auth_type = scram-sha-256\n")
        );
    }
}
