//! Copies of passwords that a database keeps: user mappings and subscriptions.
//!
//! A copy is a sighting: whose password, for which system, where it lies. Where we may read
//! the value, it becomes a keyed hash and is gone; where we may not, the extent says so.

use super::{
    Reading,
    content::is_recognised,
    pages::{Pages, Stopped},
};
use crate::source::{PostgresSource, unread};
use tenure_connect::{OutsideFailure, SurveySink};
use tenure_model::{Extent, Observation, ObservedSighting, Secret, printable};
use tokio_postgres::{Config, Row, Transaction, config::Host};

/// The domain of fingerprints of clear passwords.
pub(super) const FINGERPRINT_DOMAIN: &str = "postgres-password";
/// Longest text about a place, in characters.
const PLACE_CHARS: usize = 300;

const READABLE: &str = "
SELECT has_column_privilege(current_user, 'pg_catalog.pg_user_mapping', 'umoptions', 'SELECT'),
       has_column_privilege(current_user, 'pg_catalog.pg_subscription', 'subconninfo', 'SELECT'),
       current_database()::text";

const OPTION: &str = "(SELECT option_value FROM pg_options_to_table({of}) WHERE option_name = '{name}')";
const MAPPINGS: &str = "
SELECT coalesce(r.rolname::text, 'PUBLIC'), s.srvname::text, {user}, {password},
       concat_ws(':', coalesce({host}, {hostaddr}), {port})
  FROM pg_user_mapping m JOIN pg_foreign_server s ON s.oid = m.umserver LEFT JOIN pg_roles r ON r.oid = m.umuser
 ORDER BY 2, 1";
const MAPPINGS_COUNT: &str = "SELECT count(*) FROM pg_user_mappings";
const SUBSCRIPTIONS: &str = "
SELECT subname::text, subconninfo FROM pg_subscription
 WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1";
const SUBSCRIPTIONS_COUNT: &str = "
SELECT count(*) FROM pg_subscription
 WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Reads the copies in one database. There are few, so they are held until it is known whether they are new.
pub(super) async fn read(
    reading: &Reading<'_>,
    transaction: &Transaction<'_>,
    extent: &Extent,
    sink: &mut dyn SurveySink,
) -> Result<(), Stopped> {
    let row = transaction.query_one(READABLE, &[]).await.map_err(|error| unread(&error))?;
    let (mappings, subscriptions, database): (bool, bool, String) = (row.get(0), row.get(1), row.get(2));
    let mapping_statement = mappings_statement();
    let (mut mapped, mut subscribed, mut closed) = (Vec::new(), Vec::new(), Vec::new());
    if mappings {
        mapped = query(transaction, &mapping_statement).await?;
    } else {
        closed.extend(hidden(transaction, MAPPINGS_COUNT, "user mappings").await?);
    }
    if subscriptions {
        subscribed = query(transaction, SUBSCRIPTIONS).await?;
    } else {
        closed.extend(hidden(transaction, SUBSCRIPTIONS_COUNT, "subscriptions").await?);
    }
    let mut content = reading.digests.content(extent).text(&database);
    for (statement, rows) in [(mapping_statement.as_str(), &mapped), (SUBSCRIPTIONS, &subscribed)] {
        let mut sum = reading.digests.rows();
        rows.iter().try_for_each(|row| sum.add(row)).map_err(|error| unread(&error))?;
        content = content.answer(statement, &sum);
    }
    let digest = content.digest();
    if closed.is_empty() && is_recognised(sink, extent, &digest).await? {
        return Ok(());
    }
    let mut pages = Pages::new(sink, extent.clone());
    for row in &mapped {
        pages.push(Observation::Sighting(mapping(reading.source, &database, row)?)).await?;
    }
    for row in &subscribed {
        pages.push(Observation::Sighting(subscription(reading.source, &database, row)?)).await?;
    }
    if closed.is_empty() {
        return pages.end_as(digest).await;
    }
    let why = format!("our account may not read what is inside {}", closed.join(" and "));
    let remedy = "in this database: GRANT SELECT ON pg_catalog.pg_user_mapping, pg_catalog.pg_subscription TO \
                  Tenure's account";
    pages.end_part(&why, remedy).await
}

async fn query(transaction: &Transaction<'_>, statement: &str) -> Result<Vec<Row>, OutsideFailure> {
    transaction.query(statement, &[]).await.map_err(|error| unread(&error))
}

/// What is there and closed to us; nothing is missing where there is nothing.
async fn hidden(
    transaction: &Transaction<'_>,
    statement: &str,
    what: &str,
) -> Result<Option<String>, OutsideFailure> {
    let row = transaction.query_one(statement, &[]).await.map_err(|error| unread(&error))?;
    let count: i64 = row.try_get(0).map_err(|error| unread(&error))?;
    Ok((count > 0).then(|| format!("{count} {what}")))
}

fn mappings_statement() -> String {
    let option = |of: &str, name: &str| OPTION.replace("{of}", of).replace("{name}", name);
    MAPPINGS
        .replace("{user}", &option("m.umoptions", "user"))
        .replace("{password}", &option("m.umoptions", "password"))
        .replace("{hostaddr}", &option("s.srvoptions", "hostaddr"))
        .replace("{host}", &option("s.srvoptions", "host"))
        .replace("{port}", &option("s.srvoptions", "port"))
}

fn mapping(source: &PostgresSource, database: &str, row: &Row) -> Result<ObservedSighting, OutsideFailure> {
    let get = |column: usize| row.try_get::<_, Option<String>>(column).map_err(|error| unread(&error));
    let local = get(0)?.unwrap_or_default();
    let server = get(1)?.unwrap_or_default();
    let value = get(3)?.map(Secret::new);
    let place = format!("user mapping of {local} for server {server} in database {database}");
    Ok(ObservedSighting {
        principal_name: get(2)?.unwrap_or(local),
        place: printable(&place, PLACE_CHARS),
        fingerprint: value.map(|value| of_clear(source, &value)),
        towards: get(4)?.filter(|towards| !towards.is_empty()),
    })
}

fn subscription(
    source: &PostgresSource,
    database: &str,
    row: &Row,
) -> Result<ObservedSighting, OutsideFailure> {
    let name: String = row.try_get(0).map_err(|error| unread(&error))?;
    let words = Secret::new(row.try_get::<_, String>(1).map_err(|error| unread(&error))?);
    let place = format!("connection of subscription {name} in database {database}");
    // Words we do not understand are still a copy; nothing of them is repeated.
    let parsed = words.expose().parse::<Config>().unwrap_or_default();
    let value = parsed.get_password().map(|bytes| Secret::new(String::from_utf8_lossy(bytes).into_owned()));
    Ok(ObservedSighting {
        principal_name: parsed.get_user().unwrap_or("unknown").to_owned(),
        place: printable(&place, PLACE_CHARS),
        fingerprint: value.map(|value| of_clear(source, &value)),
        towards: towards(&parsed),
    })
}

fn towards(parsed: &Config) -> Option<String> {
    let port = parsed.get_ports().first();
    parsed.get_hosts().first().map(|host| {
        let host = match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(directory) => directory.display().to_string(),
        };
        port.map_or(host.clone(), |port| format!("{host}:{port}"))
    })
}

fn of_clear(source: &PostgresSource, value: &Secret<String>) -> String {
    source.fingerprint.fingerprint(FINGERPRINT_DOMAIN, value.expose().as_bytes())
}
