//! `cargo xtask testbed`: private servers with a small shop's roles in them, for trying Tenure by hand.
//!
//! Prints where to connect; passwords are in files that only their owner can read, never on the screen.
//! INT and TERM end it, in the background too, where a shell tells its children to ignore Ctrl-C: the
//! handlers below take that back. However else it ends, the test bed's watchers end the servers.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::repository;
use anyhow::{Context, Result};
use tenure_testbed::{
    PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode, Postgres, PostgresOptions, Replica, quote_literal,
};
use tokio::{
    runtime::Runtime,
    signal::unix::{Signal, SignalKind, signal},
};

/// Roles that log in, and what is remarkable about them.
const LOGINS: [(&str, &str); 7] = [
    ("tenure", "the account for Tenure, made by sql/least-privilege.sql"),
    ("reporting", "the one the README's tour revokes; owns a table"),
    ("shop_app", "the application's own role"),
    ("shop_report", "reads only; its password has an end"),
    ("batch_admin", "a superuser that a nightly job uses"),
    ("old_vendor", "an md5 password, owns a table, nobody knows why"),
    ("shop_worker", "shares its password with shop_app"),
];

/// The database everything lives in.
const DATABASE: &str = "shop";

pub(crate) fn run() -> Result<ExitCode> {
    let ending = Ending::prepare()?;
    let options = PostgresOptions {
        hba_lines: vec![
            "host shop shop_kiosk 127.0.0.1/32 trust".to_owned(),
            "host all old_vendor 127.0.0.1/32 md5".to_owned(),
        ],
        ..PostgresOptions::default()
    };
    let primary = Postgres::start(&options)?;
    let home = primary.data_dir().parent().map(Path::to_path_buf).context("the server has no directory")?;
    let passwords = set_up(&primary, &home)?;
    let replica = Replica::start(&primary)?;
    let pooler_options =
        PgBouncerOptions { auth: PgBouncerAuth::AuthQuery, pool_mode: PoolMode::Transaction };
    let pooler = PgBouncer::start(&primary, pooler_options)?;
    replica.wait_caught_up(&primary)?;

    println!("primary    {}", primary.url(DATABASE));
    println!("replica    {}", replica.url(DATABASE));
    println!("pgbouncer  postgresql://shop_app@127.0.0.1:{}/{DATABASE}", pooler.port());
    println!("\npassword files, readable by their owner only:");
    for (role, remark, file) in passwords {
        println!("  {role:<14} {}  ({remark})", file.display());
    }
    println!("  shop_kiosk     none: it is let in without a password");
    println!("\nas in the README's tour, with `tenure up` running:");
    println!(
        "  tenure source add pg-main postgres://tenure@127.0.0.1:{}/{DATABASE} --point \
         replica-1=postgres://tenure@127.0.0.1:{}/{DATABASE} --point pooler=postgres://tenure@127.0.0.1:{}/{DATABASE} \
         --option heir=dba --option lag-seconds=1 --password-file {}",
        primary.port(),
        replica.port(),
        pooler.port(),
        home.join("tenure.password").display()
    );
    println!("  tenure survey; tenure findings; tenure revoke pg-main/reporting --reason \"contract ended\"");
    println!("\nCtrl-C ends the servers and removes all of it.");
    ending.wait();
    // Who depends on whom decides the order.
    drop((pooler, replica, primary));
    println!("Ended; nothing is left.");
    Ok(ExitCode::SUCCESS)
}

/// The two signals that end it.
struct Ending {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
}

impl Ending {
    /// From now on both are waited for, also where they were ignored.
    fn prepare() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inside = runtime.enter();
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        drop(inside);
        Ok(Self { runtime, interrupt, terminate })
    }

    fn wait(mut self) {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => {}
                _ = self.terminate.recv() => {}
            }
        });
    }
}

/// Creates database, roles and tables; answers the roles with their password files.
fn set_up(primary: &Postgres, home: &Path) -> Result<Vec<(String, &'static str, PathBuf)>> {
    primary.create_database(DATABASE)?;
    let administrator = write_password(home, primary.superuser(), primary.password())?;
    let mut files = vec![(primary.superuser().to_owned(), "the administrator", administrator)];
    let account = repository::root()?.join("connectors/tenure-connect-postgres/sql/least-privilege.sql");
    let account = fs::read_to_string(&account).with_context(|| format!("reading {}", account.display()))?;
    let mut script = format!("{account}{ROLES}");
    let shared = random_password()?;
    for (role, remark) in LOGINS {
        let password =
            if remark.contains("shares") || role == "shop_app" { shared.clone() } else { random_password()? };
        let encryption = if role == "old_vendor" { "md5" } else { "scram-sha-256" };
        let _ = writeln!(
            script,
            "SET password_encryption = \'{encryption}\'; ALTER ROLE {role} PASSWORD {};",
            quote_literal(&password)
        );
        files.push((role.to_owned(), remark, write_password(home, role, &password)?));
    }
    primary.sql(DATABASE, &script)?;
    primary.sql(DATABASE, TABLES)?;
    Ok(files)
}

const ROLES: &str = "
CREATE ROLE shop_owner NOLOGIN;
CREATE ROLE shop_app LOGIN IN ROLE shop_owner;
COMMENT ON ROLE shop_app IS 'owner=team-shop purpose=storefront';
CREATE ROLE shop_worker LOGIN IN ROLE shop_owner;
CREATE ROLE shop_report LOGIN VALID UNTIL '2030-01-01';
CREATE ROLE batch_admin LOGIN SUPERUSER;
CREATE ROLE old_vendor LOGIN;
CREATE ROLE reporting LOGIN;
CREATE ROLE dba NOLOGIN;
CREATE ROLE shop_kiosk LOGIN;
";

const TABLES: &str = "
CREATE TABLE orders (id bigint PRIMARY KEY, placed timestamptz NOT NULL, total_cents bigint NOT NULL);
ALTER TABLE orders OWNER TO shop_owner;
CREATE TABLE vendor_feed (line text);
ALTER TABLE vendor_feed OWNER TO old_vendor;
GRANT SELECT ON orders TO shop_report WITH GRANT OPTION;
GRANT INSERT ON vendor_feed TO shop_app;
CREATE TABLE monthly_report (month date, total_cents bigint);
ALTER TABLE monthly_report OWNER TO reporting;
GRANT SELECT ON orders TO reporting;
GRANT CREATE ON SCHEMA public TO dba;
INSERT INTO orders SELECT n, now(), n * 100 FROM generate_series(1, 1000) AS n;
";

fn write_password(home: &Path, role: &str, password: &str) -> Result<PathBuf> {
    let path = home.join(format!("{role}.password"));
    let opened = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = opened.with_context(|| format!("creating {}", path.display()))?;
    file.write_all(password.as_bytes()).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// 128 bits from the kernel, in hexadecimal.
fn random_password() -> Result<String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("/dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_signal_ends_it() {
        for signal in ["-INT", "-TERM"] {
            let ending = Ending::prepare().unwrap();
            let me = std::process::id().to_string();
            assert!(std::process::Command::new("kill").args([signal, &me]).status().unwrap().success());
            ending.wait();
        }
    }

    #[test]
    fn the_demonstration_holds_what_its_remarks_say() {
        tenure_testbed::needs!(postgres);
        let primary = Postgres::start(&PostgresOptions::default()).unwrap();
        let home = primary.data_dir().parent().unwrap().to_path_buf();
        let files = set_up(&primary, &home).unwrap();
        let password = |role: &str| {
            let (_, _, file) = files.iter().find(|(name, _, _)| name == role).unwrap();
            fs::read_to_string(file).unwrap()
        };
        assert_eq!(password("shop_app"), password("shop_worker"));
        assert_ne!(password("shop_app"), password("shop_report"));
        let orders = "SELECT count(*) FROM orders";
        for role in ["shop_app", "shop_report", "batch_admin"] {
            assert_eq!(primary.sql_as(role, &password(role), DATABASE, orders).unwrap(), "1000", "{role}");
        }
        let kinds = "SELECT rolname FROM pg_authid WHERE rolpassword LIKE 'md5%'";
        assert_eq!(primary.sql(DATABASE, kinds).unwrap(), "old_vendor");
    }
}
