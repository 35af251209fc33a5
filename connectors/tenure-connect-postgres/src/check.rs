//! Saying who we are, what we may do, and which points answer.
//!
//! Each ability that is lacking comes with the statement that grants it. Changes nothing.

use crate::{
    cluster::Cluster,
    config::{Place, PlaceKind},
    doubles, handover,
    quote::identifier,
    source::{Peer, PostgresSource, elsewhere, unread},
};
use tenure_connect::{Ability, CheckReport, OutsideFailure};
use tenure_model::{ShortName, printable};
use tokio_postgres::Transaction;

/// What one question to the server decides: the ability, the test, the remedy for account `{}`.
struct Question {
    what: &'static str,
    test: &'static str,
    remedy: &'static str,
}

const QUESTIONS: [Question; 9] = [
    Question { what: "read roles, memberships, owners and rights", test: "true", remedy: "" },
    Question {
        what: "read stored password verifiers",
        test: "has_column_privilege(current_user, 'pg_catalog.pg_authid', 'rolpassword', 'SELECT')",
        remedy: "GRANT SELECT ON pg_catalog.pg_authid TO {}",
    },
    Question {
        what: "read access rules (pg_hba.conf)",
        test: "has_table_privilege(current_user, 'pg_catalog.pg_hba_file_rules', 'SELECT') \
               AND has_function_privilege(current_user, 'pg_catalog.pg_hba_file_rules()', 'EXECUTE')",
        remedy: "GRANT SELECT ON pg_catalog.pg_hba_file_rules TO {0}; \
                 GRANT EXECUTE ON FUNCTION pg_catalog.pg_hba_file_rules() TO {0}",
    },
    Question {
        what: "see where sessions come from",
        test: "pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')",
        remedy: "GRANT pg_read_all_stats TO {}",
    },
    Question {
        what: "enter every database",
        test: "NOT EXISTS (SELECT FROM pg_database WHERE datallowconn AND NOT datistemplate \
               AND NOT has_database_privilege(current_user, oid, 'CONNECT'))",
        remedy: "GRANT CONNECT ON DATABASE … TO {}",
    },
    Question {
        what: "read copies of passwords in user mappings and subscriptions",
        test: "has_column_privilege(current_user, 'pg_catalog.pg_user_mapping', 'umoptions', 'SELECT') \
               AND has_column_privilege(current_user, 'pg_catalog.pg_subscription', 'subconninfo', 'SELECT')",
        remedy: "in each database: GRANT SELECT ON pg_catalog.pg_user_mapping, pg_catalog.pg_subscription TO {}",
    },
    Question {
        what: "end sessions",
        test: "pg_has_role(current_user, 'pg_signal_backend', 'USAGE')",
        remedy: "GRANT pg_signal_backend TO {}",
    },
    Question {
        what: "disable, deny and delete roles",
        test: "(SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user)",
        remedy: "ALTER ROLE {} CREATEROLE",
    },
    Question {
        what: "disable, deny and delete superusers, and end prepared transactions of others",
        test: "(SELECT rolsuper FROM pg_roles WHERE rolname = current_user)",
        remedy: "only a superuser may; have one do it when it is needed",
    },
];

/// Reports on the source.
pub(crate) async fn check(source: &PostgresSource) -> Result<CheckReport, OutsideFailure> {
    let mut session = source.open(&source.primary).await?;
    let transaction = session.snapshot().await.map_err(|error| unread(&error))?;
    let row = transaction
        .query_one("SELECT current_setting('server_version'), current_user::text, pg_is_in_recovery()", &[])
        .await
        .map_err(|error| unread(&error))?;
    let (version, account, replica): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
    let mut abilities = abilities(&transaction, &account).await?;
    abilities.push(Ability {
        what: "change anything at `primary`".to_owned(),
        able: !replica,
        remedy: replica
            .then(|| "`primary` is a replica; point it at the server that accepts changes".to_owned()),
    });
    if let Some(heir) = source.heir.as_deref() {
        let lacking = handover::lacking(source, &transaction, heir, None).await?;
        let remedy = lacking.said("name an heir that can receive it (heir=NAME)");
        abilities.push(Ability {
            what: format!("hand over what is owned to `{}`", printable(heir, 80)),
            able: remedy.is_none(),
            remedy,
        });
    }
    let cluster = Cluster::of(&transaction).await.map_err(|error| unread(&error))?;
    drop(transaction);
    session.close().await;
    let mut points = vec![(source.primary.name.clone(), None)];
    for place in &source.others {
        points.push(point(source, place, cluster).await);
    }
    for (double, first) in doubles::doubles(source, cluster).await {
        let why =
            format!("answers, but is the server of `{first}` under another address: it proves nothing more");
        for (name, trouble) in &mut points {
            if *name == double {
                trouble.get_or_insert_with(|| why.clone());
            }
        }
    }
    Ok(CheckReport { system: format!("PostgreSQL {version}"), account, abilities, points, machine: None })
}

async fn abilities(transaction: &Transaction<'_>, account: &str) -> Result<Vec<Ability>, OutsideFailure> {
    let tests: Vec<&str> = QUESTIONS.iter().map(|question| question.test).collect();
    let row = transaction
        .query_one(&format!("SELECT {}", tests.join(", ")), &[])
        .await
        .map_err(|error| unread(&error))?;
    let account = identifier(account);
    QUESTIONS
        .iter()
        .enumerate()
        .map(|(column, question)| {
            let able: bool = row.try_get(column).map_err(|error| unread(&error))?;
            let remedy = || question.remedy.replace("{0}", &account).replace("{}", &account);
            Ok(Ability { what: question.what.to_owned(), able, remedy: (!able).then(remedy) })
        })
        .collect()
}

async fn point(source: &PostgresSource, place: &Place, cluster: Cluster) -> (ShortName, Option<String>) {
    let trouble = match source.open_peer(place, cluster).await {
        Ok(Peer::Server(session)) => {
            session.close().await;
            None
        }
        Ok(Peer::Pooler) => None,
        Ok(Peer::Elsewhere) => Some(elsewhere().to_string()),
        // A pooler need not know Tenure's own account: it is probed as the role in question.
        Err(failure @ OutsideFailure::Refused { .. }) if place.kind == PlaceKind::Pooler => {
            Some(format!("answers, but does not know Tenure's own account: {failure}"))
        }
        Err(failure) => Some(failure.to_string()),
    };
    (place.name.clone(), trouble)
}
