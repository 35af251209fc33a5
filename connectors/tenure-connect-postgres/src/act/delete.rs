//! Removing a role: hand over what it owns, withdraw what it was granted, drop it.
//!
//! Everything that could stop the removal is looked at before anything is changed: the heir,
//! what is owned, and whether every database that holds something of the role lets us in.
//! `pg_shdepend` knows all of that across databases. Then, database by database, one
//! transaction hands over (REASSIGN OWNED) and withdraws (DROP OWNED): first as a rehearsal
//! that is rolled back everywhere, then in earnest, and at last the role goes. Prepared
//! transactions of the role go before that, because they hold locks. Stopped after
//! any of these, the next attempt carries on. Without an heir nothing may be owned, and that
//! is looked at again in the transaction that withdraws.

use super::{ACTING_REMEDY, at, commit, confirmed, reopen, unchanged};
use crate::{
    client::Session,
    failure, handover,
    map::{count, said},
    quote::{identifier, literal},
    role::Role,
    source::PostgresSource,
};
use tenure_connect::{Done, OutsideFailure};
use tenure_model::{Fact, Facts, IntentRecord, printable};
use tokio_postgres::Transaction;

/// What stands in one database.
struct Holding {
    /// `None` for things of the whole cluster.
    database: Option<String>,
    open_to_us: bool,
    owned: i64,
}

/// User mappings and default privileges count as owned there, and go with the role: they need no heir.
const HOLDINGS: &str = "
SELECT d.datname::text,
       d.oid IS NULL OR (d.datallowconn AND has_database_privilege(current_user, d.oid, 'CONNECT')),
       count(*) FILTER (WHERE s.deptype = 'o'
                          AND s.classid NOT IN ('pg_user_mapping'::regclass, 'pg_default_acl'::regclass))
  FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
 WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1
 GROUP BY 1, 2 ORDER BY 1 NULLS FIRST";

/// The role, its heir, and the owners of what it was granted something on; those whose rights we do not have.
const BORROWED: &str = "
SELECT r.rolname::text FROM pg_roles r
 WHERE NOT pg_has_role(current_user, r.oid, 'USAGE')
   AND (r.oid = $1 OR r.rolname = $2 OR (NOT r.rolsuper AND r.oid IN (
        SELECT o.refobjid
          FROM pg_shdepend a JOIN pg_shdepend o ON (o.dbid, o.classid, o.objid) = (a.dbid, a.classid, a.objid)
         WHERE a.refclassid = 'pg_authid'::regclass AND a.refobjid = $1 AND a.deptype = 'a'
           AND o.refclassid = 'pg_authid'::regclass AND o.deptype = 'o'
           AND a.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database())))))
 ORDER BY 1";

/// What still hangs on the role here or in the whole cluster.
const LEFT_HERE: &str = "
SELECT count(*) FROM pg_shdepend s
 WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1
   AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))";

/// What an heir must receive here: what lies in this database, and in the whole cluster.
const OWNED_HERE: &str = "
SELECT count(*) FROM pg_shdepend s
 WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND s.deptype = 'o'
   AND s.classid NOT IN ('pg_user_mapping'::regclass, 'pg_default_acl'::regclass)
   AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))";

/// By oid: the view over this function gives names only.
const PREPARED: &str = "
SELECT p.gid, d.datname::text
  FROM pg_prepared_xact() AS p (transaction, gid, prepared, ownerid, dbid) JOIN pg_database d ON d.oid = p.dbid
 WHERE p.ownerid = $1";

/// Removes the role of an intent.
pub(super) async fn delete(
    source: &PostgresSource,
    record: &IntentRecord,
    heir: Option<&str>,
) -> Result<Done, OutsideFailure> {
    let mut session = source.open(&source.primary).await?;
    let Some(plan) = prepare(source, &mut session, record, heir.or(source.heir.as_deref())).await? else {
        session.close().await;
        return Ok(Done { changed: false, detail: said("none: the role is not there") });
    };
    // Every database must let us in before the first one is changed.
    let mut elsewhere = Vec::new();
    for database in plan.databases.iter().filter(|database| **database != source.primary.database) {
        elsewhere.push((database.as_str(), reopen(source, database).await?));
    }
    // First of all, because they hold locks the rest would wait for.
    let rolled_back = roll_back_prepared(source, &mut session, &plan.role).await?;
    for turn in [Turn::Rehearsal, Turn::Earnest] {
        for (database, other) in &mut elsewhere {
            hand_over(source, other, record, &plan, turn).await.map_err(|failure| at(database, failure))?;
        }
        hand_over(source, &mut session, record, &plan, turn)
            .await
            .map_err(|failure| at(&source.primary.database, failure))?;
    }
    drop_role(source, &mut session, record).await?;
    for (_, other) in elsewhere {
        other.close().await;
    }
    session.close().await;
    Ok(Done { changed: true, detail: detail(&plan, rolled_back) })
}

/// What the removal will do.
struct Plan {
    role: Role,
    heir: Option<String>,
    /// Every database that holds something of the role.
    databases: Vec<String>,
    owned: i64,
    /// What would mend a refusal to hand over.
    mended_by: String,
}

async fn prepare(
    source: &PostgresSource,
    session: &mut Session,
    record: &IntentRecord,
    heir: Option<&str>,
) -> Result<Option<Plan>, OutsideFailure> {
    let transaction = session.look().await.map_err(|error| unchanged(&error))?;
    let Some(role) = confirmed(source, &transaction, record).await? else { return Ok(None) };
    let holdings = holdings(&transaction, role.oid).await.map_err(|error| unchanged(&error))?;
    let owned: i64 = holdings.iter().map(|holding| holding.owned).sum();
    check_heir(&transaction, &role, heir, owned).await?;
    let closed: Vec<String> = holdings
        .iter()
        .filter(|holding| !holding.open_to_us)
        .filter_map(|holding| holding.database.as_deref().map(identifier))
        .collect();
    if !closed.is_empty() {
        let why =
            format!("it owns or holds something in databases Tenure cannot enter: {}", closed.join(", "));
        return Err(failure::refused(
            "42501",
            &why,
            "GRANT CONNECT ON DATABASE … TO Tenure's account, or let the database accept connections",
        ));
    }
    let databases = holdings.into_iter().filter_map(|holding| holding.database).collect();
    let mended_by = match heir.filter(|_| owned > 0) {
        Some(heir) => mended_by(source, &transaction, &role, heir).await?,
        None => String::new(),
    };
    Ok(Some(Plan { role, heir: heir.map(str::to_owned), databases, owned, mended_by }))
}

/// What is said when the server refuses to hand over: the statements that are known to be lacking, or where to look.
async fn mended_by(
    source: &PostgresSource,
    transaction: &Transaction<'_>,
    role: &Role,
    heir: &str,
) -> Result<String, OutsideFailure> {
    let lacking = handover::lacking(source, transaction, heir, Some(role.oid)).await?;
    // What was decided names the heir, so another one is another plan.
    Ok(lacking.said("take this plan back (tenure undo), then plan again with --heir NAME").unwrap_or_else(|| {
        format!(
            "the heir may not receive what the message names: GRANT CREATE ON the DATABASE or SCHEMA it lies in TO {}, \
             or name another heir",
            identifier(heir)
        )
    }))
}

async fn holdings(transaction: &Transaction<'_>, oid: u32) -> Result<Vec<Holding>, tokio_postgres::Error> {
    let rows = transaction.query(HOLDINGS, &[&oid]).await?;
    rows.iter()
        .map(|row| {
            Ok(Holding { database: row.try_get(0)?, open_to_us: row.try_get(1)?, owned: row.try_get(2)? })
        })
        .collect()
}

async fn check_heir(
    transaction: &Transaction<'_>,
    role: &Role,
    heir: Option<&str>,
    owned: i64,
) -> Result<(), OutsideFailure> {
    if owned == 0 {
        return Ok(());
    }
    let Some(heir) = heir else {
        return Err(failure::refused(
            "2BP01",
            &format!("it owns {owned} objects and no heir is named"),
            "name the role that receives them: the setting `heir`, or the plan's heir",
        ));
    };
    if heir == role.name {
        return Err(OutsideFailure::NotOurs { why: "a role cannot be its own heir".to_owned() });
    }
    let exists = transaction
        .query_opt("SELECT FROM pg_roles WHERE rolname = $1", &[&heir])
        .await
        .map_err(|error| unchanged(&error))?;
    match exists {
        Some(_) => Ok(()),
        None => Err(failure::refused(
            "42704",
            &format!("the heir `{}` is not a role here", printable(heir, 64)),
            "name a role that exists",
        )),
    }
}

/// A prepared transaction outlives its session and its login; nobody can commit it in good faith once
/// the role is gone. Only a superuser may end another's.
async fn roll_back_prepared(
    source: &PostgresSource,
    session: &mut Session,
    role: &Role,
) -> Result<i64, OutsideFailure> {
    let transaction = session.look().await.map_err(|error| unchanged(&error))?;
    let rows = transaction.query(PREPARED, &[&role.oid]).await.map_err(|error| unchanged(&error))?;
    transaction.rollback().await.map_err(|error| unchanged(&error))?;
    for row in &rows {
        let (gid, database): (String, String) = (row.get(0), row.get(1));
        let other = reopen(source, &database).await?;
        let done = other.bare(&format!("ROLLBACK PREPARED {}", literal(&gid))).await;
        done.map_err(|error| {
            failure::of_statement(
                &error,
                failure::Purpose::Change,
                "only a superuser may end another role's prepared transaction: ROLLBACK PREPARED it by hand",
            )
        })?;
        other.close().await;
    }
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX))
}

/// Whether a hand-over is to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Rolled back: shows that every database would let it happen.
    Rehearsal,
    /// Committed.
    Earnest,
}

async fn hand_over(
    source: &PostgresSource,
    session: &mut Session,
    record: &IntentRecord,
    plan: &Plan,
    turn: Turn,
) -> Result<(), OutsideFailure> {
    let transaction = session.change().await.map_err(|error| unchanged(&error))?;
    let Some(role) = confirmed(source, &transaction, record).await? else { return Ok(()) };
    let quoted = identifier(&role.name);
    let owned = owned_here(&transaction, role.oid).await?;
    // Where nothing is handed over, no right of an heir is needed.
    let heir = plan.heir.as_deref().filter(|_| owned > 0);
    let borrowed = borrow_all(&transaction, &role, heir, &plan.mended_by).await?;
    match heir {
        Some(heir) => {
            nothing_runs_as_owner(&transaction, &role).await?;
            let statement = format!("REASSIGN OWNED BY {quoted} TO {}", identifier(heir));
            run_or(&transaction, &statement, &plan.mended_by).await?;
        }
        None if plan.heir.is_none() => nothing_owned(&transaction, &role).await?,
        None => {}
    }
    run(&transaction, &format!("DROP OWNED BY {quoted}")).await?;
    nothing_left(&transaction, &role).await?;
    for name in &borrowed {
        run(&transaction, &format!("REVOKE {} FROM CURRENT_USER", identifier(name))).await?;
    }
    match turn {
        Turn::Rehearsal => transaction.rollback().await.map_err(|error| unchanged(&error)),
        Turn::Earnest => commit(transaction, &role).await,
    }
}

/// A right can only be withdrawn by who may speak for the owner; for others DROP OWNED leaves it, with
/// a warning and no error.
async fn nothing_left(transaction: &Transaction<'_>, role: &Role) -> Result<(), OutsideFailure> {
    let row = transaction.query_one(LEFT_HERE, &[&role.oid]).await.map_err(|error| unchanged(&error))?;
    let left: i64 = row.try_get(0).map_err(|error| unchanged(&error))?;
    if left == 0 {
        return Ok(());
    }
    let remedy = format!(
        "have a superuser run `DROP OWNED BY {}` in this database once what it owns was handed over, or \
         withdraw its rights as their owner",
        identifier(&role.name)
    );
    Err(failure::refused("42501", &format!("{left} of its rights here are not ours to withdraw"), &remedy))
}

/// A SECURITY DEFINER function runs with its owner's rights: handed over, whoever may call it would have the
/// heir's. Somebody who knows what it does has to decide.
async fn nothing_runs_as_owner(transaction: &Transaction<'_>, role: &Role) -> Result<(), OutsideFailure> {
    let rows = transaction
        .query(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.proowner = $1 AND p.prosecdef ORDER BY 1 LIMIT 4",
            &[&role.oid],
        )
        .await
        .map_err(|error| unchanged(&error))?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let names = names.map_err(|error| unchanged(&error))?;
    if names.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = names.iter().take(3).map(|name| printable(name, 80)).collect();
    let more = if names.len() > 3 { ", …" } else { "" };
    let why = format!(
        "it owns SECURITY DEFINER functions, which would run with the heir's rights: {}{more}",
        named.join(", ")
    );
    let remedy = "read them, then DROP FUNCTION or ALTER FUNCTION … SECURITY INVOKER, or change their owner; the plan \
                  goes on by itself";
    Err(failure::refused("42501", &why, remedy))
}

async fn owned_here(transaction: &Transaction<'_>, oid: u32) -> Result<i64, OutsideFailure> {
    let row = transaction.query_one(OWNED_HERE, &[&oid]).await.map_err(|error| unchanged(&error))?;
    row.try_get(0).map_err(|error| unchanged(&error))
}

/// DROP OWNED destroys what is owned; without an heir there must still be nothing.
async fn nothing_owned(transaction: &Transaction<'_>, role: &Role) -> Result<(), OutsideFailure> {
    let holdings = holdings(transaction, role.oid).await.map_err(|error| unchanged(&error))?;
    let owned: i64 = holdings.iter().map(|holding| holding.owned).sum();
    check_heir(transaction, role, None, owned).await
}

/// Handing over needs the rights of both roles, and withdrawing a right those of the owner. Where our
/// account may, it takes them inside the transaction and gives them back before the commit, so that
/// nobody ever sees them. A superuser has them already; a superuser's rights cannot be taken.
async fn borrow_all(
    transaction: &Transaction<'_>,
    role: &Role,
    heir: Option<&str>,
    heir_mended_by: &str,
) -> Result<Vec<String>, OutsideFailure> {
    let rows = transaction
        .query(BORROWED, &[&role.oid, &heir.unwrap_or_default()])
        .await
        .map_err(|error| unchanged(&error))?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let names = names.map_err(|error| unchanged(&error))?;
    for name in &names {
        let statement = format!("GRANT {} TO CURRENT_USER", identifier(name));
        let is_heir = heir == Some(name.as_str());
        let mended_by = if is_heir { heir_mended_by } else { ACTING_REMEDY };
        run_or(transaction, &statement, mended_by).await?;
    }
    Ok(names)
}

async fn drop_role(
    source: &PostgresSource,
    session: &mut Session,
    record: &IntentRecord,
) -> Result<(), OutsideFailure> {
    let transaction = session.change().await.map_err(|error| unchanged(&error))?;
    let Some(role) = confirmed(source, &transaction, record).await? else { return Ok(()) };
    run(&transaction, &format!("DROP ROLE {}", identifier(&role.name))).await?;
    // The name must have led to the oid we mean: that one is gone now, or we go back.
    let left = crate::role::find(&transaction, role.oid).await.map_err(|error| unchanged(&error))?;
    if left.is_some() {
        return Err(OutsideFailure::TargetChanged {
            why: "the role was renamed meanwhile; nothing was dropped".to_owned(),
        });
    }
    transaction.commit().await.map_err(|error| unchanged(&error))
}

async fn run(transaction: &Transaction<'_>, statement: &str) -> Result<(), OutsideFailure> {
    run_or(transaction, statement, ACTING_REMEDY).await
}

/// Runs a statement; `remedy` is said when a permission for it is lacking.
async fn run_or(transaction: &Transaction<'_>, statement: &str, remedy: &str) -> Result<(), OutsideFailure> {
    let ran = transaction.batch_execute(statement).await;
    ran.map_err(|error| failure::of_statement(&error, failure::Purpose::Change, remedy))
}

fn detail(plan: &Plan, rolled_back: i64) -> Facts {
    let handed_over = plan.heir.as_ref().filter(|_| plan.owned > 0);
    let mut detail = said(match handed_over {
        Some(_) => "REASSIGN OWNED, DROP OWNED, DROP ROLE",
        None => "DROP OWNED, DROP ROLE",
    });
    detail.insert("objects_handed_over".to_owned(), count(plan.owned));
    detail.insert("prepared_transactions_rolled_back".to_owned(), count(rolled_back));
    detail.insert("databases".to_owned(), Fact::Texts(plan.databases.clone()));
    if let Some(heir) = handed_over {
        detail.insert("heir".to_owned(), Fact::Text(heir.clone()));
    }
    detail
}
