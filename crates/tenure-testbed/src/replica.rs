//! A streaming replica of a private primary: a further enforcement point for the same passwords.
//!
//! Roles reach a replica with the replayed log and not before; holding replay back is how a test makes a
//! replica accept what the primary already refuses. Never promotes itself.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cluster::{Cluster, path_text};
use crate::postgres::Postgres;
use crate::psql::PsqlFailed;
use crate::template::{SUPERUSER, run};
use crate::wait::{self, PATIENCE};

/// A running (or stopped) hot standby. Dropping it ends the server and removes its directory.
#[derive(Debug)]
pub struct Replica {
    cluster: Cluster,
}

impl Replica {
    /// Copies the running primary (`pg_basebackup`, so its configuration and access rules come along) and
    /// starts to stream from it; returns when the replica accepts connections.
    pub fn start(primary: &Postgres) -> Result<Replica> {
        let mut cluster = Cluster::prepare("replica")?;
        cluster.password.clone_from(&primary.cluster.password);
        let mut copy = cluster.server.account.command(cluster.folder.join("pg_basebackup"));
        copy.args(["--pgdata", &path_text(&cluster.data())?]);
        copy.args(["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]);
        copy.args(["--host=127.0.0.1", &format!("--port={}", primary.port()), "--username", SUPERUSER]);
        copy.env("PGPASSWORD", primary.password()).env("PGPASSFILE", "/dev/null");
        run(&mut copy)?;
        cluster.start()?;
        Ok(Replica { cluster })
    }

    /// The TCP port on 127.0.0.1; stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.cluster.port
    }

    /// `postgresql://superuser@127.0.0.1:port/database`, without the password.
    pub fn url(&self, database: &str) -> String {
        self.cluster.url(database)
    }

    /// Runs a (read-only) script as superuser, see [`Postgres::sql`].
    pub fn sql(&self, database: &str, sql: &str) -> Result<String> {
        self.cluster.sql(database, sql)
    }

    /// Runs a (read-only) script as somebody else; a refusal is a value to look at.
    pub fn sql_as(
        &self,
        user: &str,
        password: &str,
        database: &str,
        sql: &str,
    ) -> Result<String, PsqlFailed> {
        self.cluster.sql_as(user, password, database, sql)
    }

    /// Waits until everything that is committed at `primary` now is visible here.
    pub fn wait_caught_up(&self, primary: &Postgres) -> Result<()> {
        let target = primary.sql("postgres", "SELECT pg_current_wal_flush_lsn()")?;
        let question = format!("SELECT pg_last_wal_replay_lsn() >= '{target}'::pg_lsn");
        wait::until("the replica to catch up", PATIENCE, || Ok(self.sql("postgres", &question)? == "t"))
    }

    /// Holds replay: what the primary does from now on stays unknown here. Returns when replay stands.
    pub fn pause_replay(&self) -> Result<()> {
        self.sql("postgres", "SELECT pg_wal_replay_pause()")?;
        wait::until("replay to stand", PATIENCE, || {
            Ok(self.sql("postgres", "SELECT pg_get_wal_replay_pause_state()")? == "paused")
        })
    }

    /// Lets replay go on.
    pub fn resume_replay(&self) -> Result<()> {
        self.sql("postgres", "SELECT pg_wal_replay_resume()").map(drop)
    }

    /// Fast shutdown. A stopped replica is unreachable, which is not the same as refusing.
    pub fn stop(&self) -> Result<()> {
        self.cluster.stop()
    }

    /// Stops the replica if it runs, and starts it again on the same data and port.
    pub fn restart(&self) -> Result<()> {
        self.cluster.restart()
    }

    /// SIGKILL for every process of the replica.
    pub fn kill9(&self) -> Result<()> {
        self.cluster.server.kill9()
    }

    /// Stops every process where it stands: connections hang.
    pub fn pause(&self) -> Result<()> {
        self.cluster.server.pause()
    }

    /// Lets a paused replica go on.
    pub fn resume(&self) -> Result<()> {
        self.cluster.server.resume()
    }

    /// The postmaster's process id.
    pub fn pid(&self) -> Result<u32> {
        self.cluster.pid()
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.cluster.data()
    }

    /// Everything the replica has logged so far.
    pub fn log(&self) -> Result<String> {
        self.cluster.server.log().context("the replica's log")
    }
}
