//! Changing one role, as a recorded intent says.
//!
//! Each change is one transaction that finds the role by oid, confirms its name, refuses
//! what is on principle not ours, changes it, and confirms oid and name once more before it
//! commits: a rename in between (t0 we read the name, t1 somebody renames and reuses it, t2
//! we alter by name) rolls back. Never sends a clear password, never acts on our own account
//! or a built-in role. Next: `act/delete.rs` and `act/sessions.rs`.

mod delete;
pub(crate) mod sessions;

use crate::{
    client::Session,
    cluster::Cluster,
    failure::{self, Purpose},
    keepsake::{self, Kept},
    map::{count, said},
    probe,
    quote::{identifier, literal},
    role::{self, FIRST_NORMAL_OID, Role},
    scram,
    source::{Peer, PostgresSource},
};
use tenure_connect::{Act, Done, OutsideFailure};
use tenure_model::{Fact, Facts, IntentRecord, RecordedIntent, Secret};
use tokio_postgres::Transaction;

/// Said when a permission to change roles is lacking.
pub(crate) const ACTING_REMEDY: &str = "ALTER ROLE <Tenure's account> CREATEROLE (PostgreSQL 16: also GRANT <role> TO it \
     WITH ADMIN TRUE, INHERIT FALSE, SET FALSE); a superuser can only be changed by a superuser";

/// Said of our own account.
pub(crate) const OURSELVES: &str = "it is the account Tenure itself is connected as: give the source another account first (tenure source set)";
/// Said of a role through which our account has its rights.
pub(crate) const HOLDS_US: &str =
    "Tenure's own account holds its rights through this role: grant them to it another way first";

/// Carries out one act.
pub(crate) async fn act(
    source: &PostgresSource,
    intent: &RecordedIntent,
    act: &Act<'_>,
) -> Result<Done, OutsideFailure> {
    let record = intent.record();
    match act {
        Act::Deny { value } => deny(source, record, value).await,
        Act::Disable => disable(source, record).await,
        Act::EndSessions => end_sessions(source, record).await,
        Act::Delete { heir } => delete::delete(source, record, *heir).await,
        Act::Enable { keepsake } => enable(source, record, *keepsake).await,
        Act::Tighten | Act::Loosen => {
            Err(OutsideFailure::NotOurs { why: String::from("a database has no files to tighten") })
        }
    }
}

/// What a failed changing statement means.
pub(crate) fn unchanged(error: &tokio_postgres::Error) -> OutsideFailure {
    failure::of_statement(error, Purpose::Change, ACTING_REMEDY)
}

/// The role of an intent, confirmed and ours to change; `None` when its oid is gone.
pub(super) async fn confirmed(
    source: &PostgresSource,
    transaction: &Transaction<'_>,
    record: &IntentRecord,
) -> Result<Option<Role>, OutsideFailure> {
    let oid = role::oid_of(&record.principal)?;
    let found = role::find(transaction, oid).await.map_err(|error| unchanged(&error))?;
    let Some(role) = found else { return not_ours_by_oid(oid).map_or(Ok(None), Err) };
    role::same_name(&role, &record.principal_name)?;
    match refusal(source, &role) {
        Some(why) => Err(OutsideFailure::NotOurs { why }),
        None => Ok(Some(role)),
    }
}

/// Why a role must never be changed by us, if so.
pub(crate) fn refusal(source: &PostgresSource, role: &Role) -> Option<String> {
    if let Some(OutsideFailure::NotOurs { why }) = not_ours_by_oid(role.oid) {
        return Some(why);
    }
    if role.us || source.places().any(|place| place.user == role.name) {
        return Some(OURSELVES.to_owned());
    }
    role.holds_us.then(|| HOLDS_US.to_owned())
}

fn not_ours_by_oid(oid: u32) -> Option<OutsideFailure> {
    (oid < FIRST_NORMAL_OID)
        .then(|| OutsideFailure::NotOurs { why: "it is built into PostgreSQL".to_owned() })
}

/// A role that is gone cannot be changed, and nothing else may be changed in its place.
pub(super) fn gone(record: &IntentRecord) -> OutsideFailure {
    OutsideFailure::TargetChanged {
        why: failure::bounded(&format!("there is no role with key `{}` any more", record.principal.0)),
    }
}

/// The last look before the commit: the name we used still belongs to the oid we mean.
pub(super) async fn commit(transaction: Transaction<'_>, role: &Role) -> Result<(), OutsideFailure> {
    let now = role::find(&transaction, role.oid).await.map_err(|error| unchanged(&error))?;
    match now {
        Some(now) => role::same_name(&now, &role.name)?,
        None => return Err(OutsideFailure::TargetChanged { why: "the role vanished meanwhile".to_owned() }),
    }
    transaction.commit().await.map_err(|error| unchanged(&error))
}

/// Keeps statements that hold a verifier out of the server's log, as far as our account may.
async fn quiet(transaction: &Transaction<'_>) -> Result<(), OutsideFailure> {
    let row = transaction
        .query_one(
            "SELECT current_setting('server_version_num')::int, current_setting('is_superuser') = 'on'",
            &[],
        )
        .await
        .map_err(|error| unchanged(&error))?;
    let (version, superuser): (i32, bool) = (row.get(0), row.get(1));
    let statement = match (superuser, version >= 150_000) {
        (true, _) => {
            "SET LOCAL log_statement = 'none'; SET LOCAL log_min_duration_statement = -1; \
             SET LOCAL log_min_duration_sample = -1; SET LOCAL log_min_error_statement = 'panic'; \
             SET LOCAL pg_stat_statements.track_utility = off"
        }
        (false, true) => {
            "SELECT set_config(name, value, true) FROM (VALUES ('log_statement', 'none'), \
             ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'), \
             ('log_min_error_statement', 'panic')) AS quiet (name, value) \
             WHERE has_parameter_privilege(current_user, name, 'SET')"
        }
        (false, false) => return Ok(()),
    };
    transaction.batch_execute(statement).await.map_err(|error| unchanged(&error))
}

async fn deny(
    source: &PostgresSource,
    record: &IntentRecord,
    value: &Secret<String>,
) -> Result<Done, OutsideFailure> {
    let salt = scram::salt_of(record.id.as_uuid().as_bytes());
    let verifier = scram::verifier(value.expose(), salt)
        .map_err(|refused| OutsideFailure::NotOurs { why: refused.to_string() })?;
    let mut session = source.open(&source.primary).await?;
    let transaction = session.change().await.map_err(|error| unchanged(&error))?;
    let role = confirmed(source, &transaction, record).await?.ok_or_else(|| gone(record))?;
    if already(source, &transaction, &role, value).await? {
        return Ok(Done { changed: false, detail: said("none: it is the password already") });
    }
    quiet(&transaction).await?;
    // A password past its end is refused even when it is right, so no control could succeed.
    let until = if role.expired { " VALID UNTIL 'infinity'" } else { "" };
    let statement = Secret::new(format!(
        "ALTER ROLE {} PASSWORD {}{until}",
        identifier(&role.name),
        literal(verifier.expose())
    ));
    transaction.batch_execute(statement.expose()).await.map_err(|error| unchanged(&error))?;
    commit(transaction, &role).await?;
    session.close().await;
    let mut detail = said("ALTER ROLE … PASSWORD");
    detail.insert("end_lifted".to_owned(), Fact::Flag(role.expired));
    Ok(Done { changed: true, detail })
}

/// Whether the value is the password already, seen in the stored verifier or by one attempt.
async fn already(
    source: &PostgresSource,
    transaction: &Transaction<'_>,
    role: &Role,
    value: &Secret<String>,
) -> Result<bool, OutsideFailure> {
    if role.expired {
        return Ok(false);
    }
    match keepsake::belongs(transaction, role.oid, value).await.map_err(|error| unchanged(&error))? {
        Some(belongs) => Ok(belongs),
        None => {
            let (seen, _) = probe::attempt(source, &source.primary, &role.name, value).await;
            Ok(seen.asked && seen.authenticated)
        }
    }
}

async fn disable(source: &PostgresSource, record: &IntentRecord) -> Result<Done, OutsideFailure> {
    let mut session = source.open(&source.primary).await?;
    let transaction = session.change().await.map_err(|error| unchanged(&error))?;
    let role = confirmed(source, &transaction, record).await?.ok_or_else(|| gone(record))?;
    if role.login {
        let statement = format!("ALTER ROLE {} NOLOGIN", identifier(&role.name));
        transaction.batch_execute(&statement).await.map_err(|error| unchanged(&error))?;
    }
    commit(transaction, &role).await?;
    let ended = sessions::end(&mut session, role.oid).await.map_err(half_done)?;
    session.close().await;
    let mut detail = said("ALTER ROLE … NOLOGIN");
    detail.insert("sessions_ended".to_owned(), count(ended));
    Ok(Done { changed: role.login || ended > 0, detail })
}

/// New logins are off; the sentence must not hide that.
fn half_done(failure: OutsideFailure) -> OutsideFailure {
    match failure {
        OutsideFailure::Refused { code, why, remedy } => OutsideFailure::Refused {
            code,
            why: failure::bounded(&format!("new logins are off, open sessions were not ended: {why}")),
            remedy,
        },
        other => other,
    }
}

async fn end_sessions(source: &PostgresSource, record: &IntentRecord) -> Result<Done, OutsideFailure> {
    let oid = role::oid_of(&record.principal)?;
    let mut session = source.open(&source.primary).await?;
    let transaction = session.look().await.map_err(|error| unchanged(&error))?;
    // A role that is gone may have left sessions behind: they are found by oid.
    confirmed(source, &transaction, record).await?;
    let cluster = Cluster::of(&transaction).await.map_err(|error| unchanged(&error))?;
    transaction.rollback().await.map_err(|error| unchanged(&error))?;
    let mut detail = Facts::new();
    let mut ended = sessions::end(&mut session, oid).await?;
    detail.insert(format!("sessions_ended_{}", source.primary.name), count(ended));
    session.close().await;
    for place in source.servers().skip(1) {
        let opened = source.open_peer(place, cluster).await;
        let mut session = match opened.map_err(|failure| at(place.name.as_str(), failure))? {
            Peer::Server(session) => session,
            // None of the role's sessions can be there; `check` says when an address is wrong.
            Peer::Pooler | Peer::Elsewhere => {
                detail.insert(format!("passed_over_{}", place.name), Fact::Flag(true));
                continue;
            }
        };
        let here =
            sessions::end(&mut session, oid).await.map_err(|failure| at(place.name.as_str(), failure))?;
        session.close().await;
        detail.insert(format!("sessions_ended_{}", place.name), count(here));
        ended += here;
    }
    Ok(Done { changed: ended > 0, detail })
}

/// Says at which point or in which database something failed.
pub(super) fn at(point: &str, failure: OutsideFailure) -> OutsideFailure {
    let place = |why: String| failure::bounded(&format!("{point}: {why}"));
    match failure {
        OutsideFailure::Unreachable { why } => OutsideFailure::Unreachable { why: place(why) },
        OutsideFailure::Throttled { why, retry_after } => {
            OutsideFailure::Throttled { why: place(why), retry_after }
        }
        OutsideFailure::Refused { code, why, remedy } => {
            OutsideFailure::Refused { code, why: place(why), remedy }
        }
        OutsideFailure::Lost { why } => OutsideFailure::Lost { why: place(why) },
        OutsideFailure::Puzzling { why } => OutsideFailure::Puzzling { why: place(why) },
        other @ (OutsideFailure::TargetChanged { .. } | OutsideFailure::NotOurs { .. }) => other,
    }
}

async fn enable(
    source: &PostgresSource,
    record: &IntentRecord,
    keepsake: Option<&Secret<String>>,
) -> Result<Done, OutsideFailure> {
    let kept = keepsake.map(Kept::parse).transpose()?;
    let mut session = source.open(&source.primary).await?;
    let transaction = session.change().await.map_err(|error| unchanged(&error))?;
    let role = confirmed(source, &transaction, record).await?.ok_or_else(|| gone(record))?;
    let restored = match keepsake {
        None => true,
        Some(kept) => {
            let now = keepsake::current(&transaction, role.oid).await.map_err(|error| unchanged(&error))?;
            now.is_some_and(|now| keepsake::same(&now, kept))
        }
    };
    if role.login && restored {
        return Ok(Done { changed: false, detail: said("none: it may log in already") });
    }
    quiet(&transaction).await?;
    let former = Secret::new(kept.as_ref().map(Kept::clauses).unwrap_or_default());
    let statement = Secret::new(format!("ALTER ROLE {} LOGIN{}", identifier(&role.name), former.expose()));
    transaction.batch_execute(statement.expose()).await.map_err(|error| unchanged(&error))?;
    commit(transaction, &role).await?;
    session.close().await;
    let mut detail = said("ALTER ROLE … LOGIN");
    detail.insert("former_value_restored".to_owned(), Fact::Flag(kept.is_some()));
    Ok(Done { changed: true, detail })
}

/// Opens a database again for a part of an act.
pub(super) async fn reopen(source: &PostgresSource, database: &str) -> Result<Session, OutsideFailure> {
    source.open_in(&source.primary, database).await
}
