//! Stored passwords: how they are kept, whether they are weak, and a keyed hash of each.
//!
//! The verifier is read into a `Secret`, hashed with our key, and gone; it is never part of
//! an observation, an error or a log line. Weakness is said where it can be known without
//! guessing: md5, few rounds, and an md5 of the role's own name or of nothing.

use super::{
    Reading,
    content::{RowSum, is_recognised},
    extent, pages,
    pages::{Portions, Stopped},
};
use crate::{
    keepsake,
    role::key_of,
    scram,
    source::{PostgresSource, unread},
};
use tenure_connect::{NotObservable, SurveySink};
use tenure_model::{
    CredentialKind, CredentialState, Fact, Facts, Instant, Observation, ObservedCredential, Secret, names,
};
use tokio_postgres::{Row, Transaction};

const EXTENT: &str = "credentials";
/// The key of the one credential a role has.
const KEY: &str = "password";
/// The domain of fingerprints of stored verifiers.
pub(super) const FINGERPRINT_DOMAIN: &str = "postgres-verifier";

/// md5 verifiers are md5(password || name) (PostgreSQL manual, `pg_authid`).
const VERIFIERS: &str = "
SELECT a.oid, a.rolpassword, a.rolcanlogin, coalesce(a.rolvaliduntil <= now(), false),
       CASE WHEN isfinite(a.rolvaliduntil) THEN (extract(epoch FROM a.rolvaliduntil) * 1000000)::bigint END,
       CASE WHEN a.rolpassword NOT LIKE 'md5%' THEN NULL
            WHEN a.rolpassword = 'md5' || md5(a.rolname || a.rolname) THEN 'the role''s own name'
            WHEN a.rolpassword = 'md5' || md5(a.rolname) THEN 'the empty password' END
  FROM pg_authid a WHERE a.rolpassword IS NOT NULL ORDER BY a.oid";

/// Reads all stored passwords.
pub(super) async fn read(
    reading: &Reading<'_>,
    transaction: &Transaction<'_>,
    sink: &mut dyn SurveySink,
) -> Result<(), Stopped> {
    if !keepsake::readable(transaction).await.map_err(|error| unread(&error))? {
        return closed(sink).await;
    }
    let (digests, extent) = (&reading.digests, extent(EXTENT));
    let digest = |rows: &RowSum| digests.content(&extent).answer(VERIFIERS, rows).digest();
    if sink.recalls(&extent).await? {
        let rows = digests.read(transaction, VERIFIERS).await?;
        if is_recognised(sink, &extent, &digest(&rows)).await? {
            return Ok(());
        }
    }
    let (mut pages, mut sum) = (pages(sink, EXTENT), digests.rows());
    let mut portions = Portions::of(transaction, VERIFIERS, &[]).await?;
    while let Some(rows) = portions.next().await? {
        for row in &rows {
            sum.add(row).map_err(|error| unread(&error))?;
            let credential = credential(reading.source, row).map_err(|error| unread(&error))?;
            pages.push(Observation::Credential(credential)).await?;
        }
    }
    pages.end_as(digest(&sum)).await
}

async fn closed(sink: &mut dyn SurveySink) -> Result<(), Stopped> {
    let why = "our account may not read stored verifiers (pg_authid)";
    let remedy =
        "in the database Tenure connects to: GRANT SELECT ON pg_catalog.pg_authid TO Tenure's account";
    let note = NotObservable {
        what: "which roles have a password, and how it is kept".to_owned(),
        why: why.to_owned(),
        remedy: remedy.to_owned(),
    };
    sink.not_observable(note).await?;
    pages(sink, EXTENT).end_part(why, remedy).await
}

fn credential(source: &PostgresSource, row: &Row) -> Result<ObservedCredential, tokio_postgres::Error> {
    let verifier = Secret::new(row.try_get::<_, String>(1)?);
    let (login, expired): (bool, bool) = (row.try_get(2)?, row.try_get(3)?);
    let guessable: Option<&str> = row.try_get(5)?;
    let until: Option<i64> = row.try_get(4)?;
    let mut facts = kept_as(&verifier);
    if let Some(what) = guessable {
        facts.insert(names::GUESSABLE.to_owned(), Fact::Text(what.to_owned()));
    }
    Ok(ObservedCredential {
        key: KEY.to_owned(),
        principal: key_of(row.try_get(0)?),
        kind: CredentialKind::Password,
        state: match (login, expired) {
            (false, _) => CredentialState::Disabled,
            (true, true) => CredentialState::Expired,
            (true, false) => CredentialState::Live,
        },
        fingerprint: Some(source.fingerprint.fingerprint(FINGERPRINT_DOMAIN, verifier.expose().as_bytes())),
        valid_until: until.map(Instant::from_micros),
        facts,
    })
}

/// How a verifier is kept, and why that is weak.
fn kept_as(verifier: &Secret<String>) -> Facts {
    let rounds = scram::rounds(verifier.expose());
    let md5 = verifier.expose().strip_prefix("md5").is_some_and(|digest| digest.len() == 32);
    let (kept, weak) = match (rounds, md5) {
        (Some(rounds), _) if rounds < scram::ITERATIONS => {
            ("scram-sha-256", Some(format!("{rounds} rounds, fewer than {}", scram::ITERATIONS)))
        }
        (Some(_), _) => ("scram-sha-256", None),
        (None, true) => {
            ("md5", Some("md5 can be used without knowing the password and is guessed fast".to_owned()))
        }
        (None, false) => ("other", None),
    };
    let mut facts = Facts::from([(names::VERIFIER.to_owned(), Fact::Text(kept.to_owned()))]);
    if let Some(why) = weak {
        facts.insert(names::WEAK.to_owned(), Fact::Text(why));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_named_by_how_it_is_kept() {
        let keys = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        let shown = |verifier: String| format!("{:?}", kept_as(&Secret::new(verifier)));
        let rows = [
            shown(format!("SCRAM-SHA-256$4096:c2FsdA==${keys}:{keys}")),
            shown(format!("SCRAM-SHA-256$1024:c2FsdA==${keys}:{keys}")),
            shown("md5a3556571e93b0d20722ba62be61e8c2d".to_owned()),
            shown("md5short".to_owned()),
        ];
        insta::assert_snapshot!(rows.join("\n"));
    }
}
