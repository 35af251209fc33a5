//! What ending a role would touch, and why it might have to be left alone.
//!
//! Ownership and rights are counted from `pg_shdepend`, which covers every database without
//! entering any. Sessions are read at every server. Changes nothing.

pub(crate) mod allowed;

use crate::{
    act,
    cluster::Cluster,
    config::{Place, PlaceKind},
    derived, doubles,
    handover::{self, Lacking},
    keepsake,
    map::counted,
    role::{self, Role},
    source::{PostgresSource, unread},
};
use tenure_connect::{BlastRadius, FailureClass, OutsideFailure, Owned, Target};
use tenure_model::printable;
use tokio_postgres::Transaction;

/// Members named at most; more are counted in a warning.
const MEMBERS_MAX: i64 = 100;

const OWNED: &str = "
SELECT coalesce(d.datname::text, 'whole cluster'),
       CASE s.classid WHEN 'pg_class'::regclass THEN 'table, view or sequence'
            WHEN 'pg_proc'::regclass THEN 'function' WHEN 'pg_namespace'::regclass THEN 'schema'
            WHEN 'pg_type'::regclass THEN 'type' WHEN 'pg_database'::regclass THEN 'database'
            WHEN 'pg_tablespace'::regclass THEN 'tablespace'
            WHEN 'pg_largeobject'::regclass THEN 'large object'
            WHEN 'pg_foreign_server'::regclass THEN 'foreign server'
            WHEN 'pg_subscription'::regclass THEN 'subscription'
            WHEN 'pg_event_trigger'::regclass THEN 'event trigger'
            WHEN 'pg_user_mapping'::regclass THEN 'user mapping'
            WHEN 'pg_default_acl'::regclass THEN 'default privileges'
            ELSE replace(s.classid::regclass::text, 'pg_', '') END,
       count(*)
  FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
 WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND s.deptype = 'o'
 GROUP BY 1, 2 ORDER BY 1, 2";

const COUNTS: &str = "
SELECT (SELECT count(*) FROM pg_shdepend s
         WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND s.deptype = 'a'),
       (SELECT count(*) FROM pg_auth_members m WHERE m.member = $1),
       (SELECT count(*) FROM pg_auth_members m WHERE m.roleid = $1),
       (SELECT count(*) FROM pg_auth_members m WHERE m.grantor = $1),
       (SELECT count(*) FROM pg_prepared_xact() AS p (transaction, gid, prepared, ownerid, dbid)
         WHERE p.ownerid = $1),
       (SELECT count(*) FROM pg_roles r WHERE r.rolsuper AND r.rolcanlogin AND r.oid <> $1),
       (SELECT count(*) FROM pg_shdepend s
         WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND s.deptype = 'r')";

const MEMBERS: &str = "
SELECT r.rolname::text FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member
 WHERE m.roleid = $1 GROUP BY 1 ORDER BY 1 LIMIT $2";

/// Reads what ending the target would touch.
pub(crate) async fn blast_radius(
    source: &PostgresSource,
    target: &Target,
    heir: Option<&str>,
) -> Result<BlastRadius, OutsideFailure> {
    let heir = heir.or(source.heir.as_deref());
    let mut session = source.open(&source.primary).await?;
    let transaction = session.snapshot().await.map_err(|error| unread(&error))?;
    let role = role::of_target(&transaction, target).await?.ok_or_else(|| OutsideFailure::TargetChanged {
        why: format!("there is no role with key `{}`", printable(&target.key.0, 60)),
    })?;
    let mut radius = at_primary(source, &transaction, &role, heir).await?;
    let cluster = Cluster::of(&transaction).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    for place in source.servers().skip(1) {
        match derived::peer(source, place, cluster, role.oid).await {
            Ok(found) => radius.sessions.extend(found),
            Err(failure) => radius.unread.push(format!("{}: {failure}", place.name)),
        }
    }
    for (point, first) in doubles::doubles(source, cluster).await {
        radius.warnings.push(format!(
            "`{point}` is the server of `{first}` under another address: its refusal shows nothing more"
        ));
    }
    for place in poolers(source) {
        // Whoever waits there holds nothing: each statement needs a session at a server, and those are listed.
        radius
            .warnings
            .push(format!("clients that wait inside the pooler `{}` cannot be listed", place.name));
        // Where nothing answers now, a refusal could not be shown later. It need not know our own account.
        if let Err(failure) = source.open_peer(place, cluster).await
            && failure.class() != FailureClass::AskOperator
        {
            radius.unread.push(format!("{}: {failure}", place.name));
        }
    }
    Ok(radius)
}

fn poolers(source: &PostgresSource) -> impl Iterator<Item = &Place> {
    source.others.iter().filter(|place| place.kind == PlaceKind::Pooler)
}

/// Numbers that decide about warnings and refusals.
struct Counts {
    grants: i64,
    member_of: i64,
    members: i64,
    granted: i64,
    prepared: i64,
    other_superusers: i64,
    policies: i64,
}

async fn at_primary(
    source: &PostgresSource,
    transaction: &Transaction<'_>,
    role: &Role,
    heir: Option<&str>,
) -> Result<BlastRadius, OutsideFailure> {
    let counts = counts(transaction, role.oid).await.map_err(|error| unread(&error))?;
    let owned = owned(transaction, role.oid).await.map_err(|error| unread(&error))?;
    let rows =
        transaction.query(MEMBERS, &[&role.oid, &MEMBERS_MAX]).await.map_err(|error| unread(&error))?;
    let members: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let sessions =
        derived::sessions(transaction, &source.primary, role.oid).await.map_err(|error| unread(&error))?;
    let undo = undo(transaction).await?;
    let standing = allowed::standing(transaction, role).await?;
    let mut warnings = warnings(role, &counts, &owned, heir);
    warnings.extend(standing.warnings);
    let handing_over = match heir.filter(|_| owned.iter().any(needs_heir)) {
        Some(heir) => Some((heir, handover::lacking(source, transaction, heir, Some(role.oid)).await?)),
        None => None,
    };
    warnings.extend(handing_over.as_ref().and_then(|(heir, lacking)| unhandable(heir, lacking)));
    let poolers: Vec<&str> = poolers(source).map(|place| place.name.as_str()).collect();
    let looks_up = allowed::may_look_logins_up(transaction, role).await.map_err(|error| unread(&error))?;
    if looks_up && !poolers.is_empty() {
        warnings.push(format!(
            "it can read stored passwords, as the account does with which a pooler looks up who logs in (auth_user): if \
             it is that account, everybody behind {} is locked out",
            poolers.join(", ")
        ));
    }
    Ok(BlastRadius {
        sessions,
        grants: counts.grants + counts.member_of,
        members: members.map_err(|error| unread(&error))?,
        heir: heir.map(str::to_owned),
        heir_unfit: match handing_over {
            Some((_, Lacking::Unfit(why))) => Some(why),
            Some((_, Lacking::Statements(_))) | None => None,
        },
        warnings,
        refusals: [refusals(source, role, &counts), standing.refusals].concat(),
        unread: Vec::new(),
        undo_restores_value: undo,
        file: None,
        at_most: None,
        goes_on: Vec::new(),
        owned,
    })
}

async fn counts(transaction: &Transaction<'_>, oid: u32) -> Result<Counts, tokio_postgres::Error> {
    let row = transaction.query_one(COUNTS, &[&oid]).await?;
    Ok(Counts {
        grants: row.try_get(0)?,
        member_of: row.try_get(1)?,
        members: row.try_get(2)?,
        granted: row.try_get(3)?,
        prepared: row.try_get(4)?,
        other_superusers: row.try_get(5)?,
        policies: row.try_get(6)?,
    })
}

async fn owned(transaction: &Transaction<'_>, oid: u32) -> Result<Vec<Owned>, tokio_postgres::Error> {
    let rows = transaction.query(OWNED, &[&oid]).await?;
    rows.iter()
        .map(|row| Ok(Owned { place: row.try_get(0)?, kind: row.try_get(1)?, count: row.try_get(2)? }))
        .collect()
}

async fn undo(transaction: &Transaction<'_>) -> Result<Result<(), String>, OutsideFailure> {
    let readable = keepsake::readable(transaction).await.map_err(|error| unread(&error))?;
    let why =
        "Tenure may not read stored verifiers (SELECT on pg_authid), so an undo can only set a new password";
    Ok(if readable { Ok(()) } else { Err(why.to_owned()) })
}

fn warnings(role: &Role, counts: &Counts, owned: &[Owned], heir: Option<&str>) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |when: bool, text: String| {
        if when {
            warnings.push(text);
        }
    };
    let of = |kind: &str| owned.iter().filter(|one| one.kind == kind).map(|one| one.count).sum::<i64>();
    warn(role.superuser && role.login, "it is a superuser that can log in".to_owned());
    warn(counts.members > MEMBERS_MAX, format!("{} roles are its members", counts.members));
    warn(
        counts.members > 0,
        format!("rights held through it are lost to {}", counted(counts.members, "member")),
    );
    warn(
        counts.prepared > 0,
        format!("it has {} to be rolled back", counted(counts.prepared, "prepared transaction")),
    );
    warn(
        counts.granted > 0,
        format!("it granted {} to others, which stay", counted(counts.granted, "membership")),
    );
    warn(
        counts.policies > 0,
        format!("its name stands in {}", counted(counts.policies, "row security rule")),
    );
    warn(
        of("function") > 0,
        "functions it owns would run with the heir's rights if they are SECURITY DEFINER: its deletion stops at them"
            .to_owned(),
    );
    warn(
        role.creates_roles,
        "it may create roles, and this server does not tell which it made: look for them before".to_owned(),
    );
    for kind in ["subscription", "event trigger", "user mapping", "default privileges"] {
        warn(of(kind) > 0, format!("it has {} of kind {kind}", of(kind)));
    }
    warn(
        heir.is_none() && owned.iter().any(needs_heir),
        "it owns things and no heir is named: it cannot be deleted".to_owned(),
    );
    warnings
}

/// Whether somebody must receive it when the role goes.
fn needs_heir(one: &Owned) -> bool {
    !matches!(one.kind.as_str(), "user mapping" | "default privileges")
}

/// What it owns and could not be handed over, as things stand. That no statement would help is said by itself.
fn unhandable(heir: &str, lacking: &Lacking) -> Option<String> {
    let said = match lacking {
        Lacking::Unfit(_) => return None,
        Lacking::Statements(_) => lacking.said("")?,
    };
    Some(format!(
        "what it owns cannot be handed over to `{}`, and deleting it would stop there: {said}",
        printable(heir, 64)
    ))
}

fn refusals(source: &PostgresSource, role: &Role, counts: &Counts) -> Vec<String> {
    let mut refusals: Vec<String> = act::refusal(source, role).into_iter().collect();
    if role.superuser && role.login && counts.other_superusers == 0 {
        refusals.push("it is the last superuser that can log in".to_owned());
    }
    if source.heir.as_deref() == Some(role.name.as_str()) {
        refusals.push("it is the heir of everything that others leave behind".to_owned());
    }
    refusals
}
