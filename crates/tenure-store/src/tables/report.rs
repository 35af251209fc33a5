//! What a report counts over everything: identities without owner, old and ending credentials, what changed.
//!
//! Each question is one statement over whole tables: a report may take a second, a page may not ask these. It
//! must never write. Next: `tenure-engine/src/verbs/report.rs`.

use crate::{Row, StoreFailure, Tx};
use serde::Serialize;
use tenure_model::{ClockKind, CredentialKind, CredentialState, Instant};

/// Identities of a source, and how many of them nobody answers for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unowned {
    /// The source.
    pub source_name: String,
    /// Identities that are there, without those that are part of the system.
    pub identities: i64,
    /// Those of them without an owner.
    pub unowned: i64,
}

/// A credential with its age and its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgedCredential {
    /// Whose: source and principal.
    pub holder: String,
    /// The handle of its identity.
    pub handle: String,
    /// What kind it is.
    pub kind: CredentialKind,
    /// Whether it would be accepted.
    pub state: CredentialState,
    /// Since when its value is known; it may be older.
    pub since: Instant,
    /// When the system stops accepting it.
    pub valid_until: Option<Instant>,
}

/// What happened since a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Identities that were first seen.
    pub identities_new: i64,
    /// Principals that went.
    pub principals_gone: i64,
    /// Credentials that were first seen.
    pub credentials_new: i64,
    /// Credentials whose value changed.
    pub values_changed: i64,
    /// Findings that were opened.
    pub findings_opened: i64,
    /// Findings that were closed.
    pub findings_closed: i64,
    /// Plans that came to their end.
    pub plans_settled: i64,
    /// Surveys that were begun.
    pub surveys: i64,
}

/// How long steps of one kind waited for people, of those under a service level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepsWaited {
    /// What they are steps of.
    pub kind: ClockKind,
    /// How many waited.
    pub steps: i64,
    /// How many of them wait now.
    pub waiting: i64,
    /// How many became late.
    pub late: i64,
    /// With how many nobody was left to be asked.
    pub over: i64,
}

/// What became of identities that people were asked about in reviews.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Reviewed {
    /// How many wait for a decision now.
    pub waiting: i64,
    /// How many were decided.
    pub decided: i64,
    /// How many somebody did not decide in time.
    pub missed: i64,
    /// How many nobody decided, and nobody is left to be asked.
    pub missed_for_good: i64,
}

fn aged(row: &Row<'_>) -> Result<AgedCredential, StoreFailure> {
    Ok(AgedCredential {
        holder: row.text(0)?,
        handle: row.text(1)?,
        kind: row.parsed(2)?,
        state: row.parsed(3)?,
        since: row.instant(4)?,
        valid_until: row.opt_instant(5)?,
    })
}

impl Tx<'_> {
    /// For each source that is read and has any, its identities and those without an owner, by name.
    pub fn unowned_by_source(&mut self) -> Result<Vec<Unowned>, StoreFailure> {
        let sources = self.query(
            "sources",
            "SELECT source_id, name FROM sources WHERE removed_us IS NULL ORDER BY name",
            &[],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )?;
        let mut counted = Vec::with_capacity(sources.len());
        for (source, source_name) in sources {
            counted.extend(self.query_one(
                "identities",
                "SELECT COUNT(*), COUNT(CASE WHEN i.charter NOT LIKE '%\\_owner\":\"%' ESCAPE '\\' THEN 1 END) \
                 FROM (SELECT DISTINCT identity_id FROM principals WHERE source_id = $1 AND presence = 'present') AS there \
                 JOIN identities i ON i.identity_id = there.identity_id WHERE i.built_in = 0",
                &[source.into()],
                |row| Ok(Unowned { source_name: source_name.clone(), identities: row.number(0)?, unowned: row.number(1)? }),
            )?);
        }
        counted.retain(|one| one.identities > 0);
        Ok(counted)
    }

    /// Steps under a service level that began to wait since an instant, or wait still, by kind.
    pub fn steps_waited(&mut self, since: Instant, now: Instant) -> Result<Vec<StepsWaited>, StoreFailure> {
        self.query(
            "clocks",
            "SELECT kind, COUNT(*), COUNT(CASE WHEN ended_us IS NULL THEN 1 END), \
             COUNT(CASE WHEN late_us IS NOT NULL OR (ended_us IS NULL AND due_us <= $2 AND pause_us IS NULL) THEN 1 END), \
             COUNT(over_us) FROM clocks WHERE started_us >= $1 OR ended_us IS NULL GROUP BY kind ORDER BY kind",
            &[since.into(), now.into()],
            |row| {
                Ok(StepsWaited {
                    kind: row.parsed(0)?,
                    steps: row.number(1)?,
                    waiting: row.number(2)?,
                    late: row.number(3)?,
                    over: row.number(4)?,
                })
            },
        )
    }

    /// What became, since an instant, of identities that people were asked about in reviews.
    pub fn reviewed(&mut self, since: Instant) -> Result<Reviewed, StoreFailure> {
        let found = self.query_one(
            "review_items",
            "SELECT COUNT(CASE WHEN state = 'open' THEN 1 END), COUNT(CASE WHEN decided_us >= $1 THEN 1 END), \
             COUNT(CASE WHEN missed_us >= $1 THEN 1 END), \
             COUNT(CASE WHEN state = 'missed' AND settled_us >= $1 THEN 1 END) FROM review_items",
            &[since.into()],
            |row| {
                Ok(Reviewed {
                    waiting: row.number(0)?,
                    decided: row.number(1)?,
                    missed: row.number(2)?,
                    missed_for_good: row.number(3)?,
                })
            },
        )?;
        Ok(found.unwrap_or_default())
    }

    /// Live credentials whose value is known longest, at most `most`.
    pub fn oldest_credentials(&mut self, most: i64) -> Result<Vec<AgedCredential>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT s.name || '/' || p.name, i.handle, c.kind, c.state, COALESCE(c.value_changed_us, c.first_seen_us), \
             c.valid_until_us FROM credentials c JOIN principals p ON p.principal_id = c.principal_id \
             JOIN identities i ON i.identity_id = p.identity_id JOIN sources s ON s.source_id = c.source_id \
             WHERE c.state = 'live' AND s.removed_us IS NULL AND i.built_in = 0 \
             ORDER BY COALESCE(c.value_changed_us, c.first_seen_us), c.credential_id LIMIT $1",
            &[most.into()],
            aged,
        )
    }

    /// Live credentials that end between two moments, the first first, at most `most`.
    pub fn ending_credentials(
        &mut self,
        [from, to]: [Instant; 2],
        most: i64,
    ) -> Result<Vec<AgedCredential>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT s.name || '/' || p.name, i.handle, c.kind, c.state, COALESCE(c.value_changed_us, c.first_seen_us), \
             c.valid_until_us FROM credentials c JOIN principals p ON p.principal_id = c.principal_id \
             JOIN identities i ON i.identity_id = p.identity_id JOIN sources s ON s.source_id = c.source_id \
             WHERE c.state = 'live' AND s.removed_us IS NULL AND c.valid_until_us IS NOT NULL AND c.valid_until_us >= $1 AND c.valid_until_us < $2 \
             ORDER BY c.valid_until_us, c.credential_id LIMIT $3",
            &[from.into(), to.into(), most.into()],
            aged,
        )
    }

    /// What happened since a moment, counted.
    pub fn changes_since(&mut self, since: Instant) -> Result<Changes, StoreFailure> {
        let mut count = |table: &'static str, sql: &'static str| -> Result<i64, StoreFailure> {
            Ok(self.query_one(table, sql, &[since.into()], |row| row.number(0))?.unwrap_or(0))
        };
        Ok(Changes {
            identities_new: count("identities", "SELECT COUNT(*) FROM identities WHERE created_us >= $1")?,
            principals_gone: count("principals", "SELECT COUNT(*) FROM principals WHERE gone_us >= $1")?,
            credentials_new: count(
                "credentials",
                "SELECT COUNT(*) FROM credentials WHERE first_seen_us >= $1",
            )?,
            values_changed: count(
                "credentials",
                "SELECT COUNT(*) FROM credentials WHERE value_changed_us >= $1",
            )?,
            findings_opened: count("findings", "SELECT COUNT(*) FROM findings WHERE opened_us >= $1")?,
            findings_closed: count("findings", "SELECT COUNT(*) FROM findings WHERE closed_us >= $1")?,
            plans_settled: count("plans", "SELECT COUNT(*) FROM plans WHERE settled_us >= $1")?,
            surveys: count("surveys", "SELECT COUNT(*) FROM surveys WHERE started_us >= $1")?,
        })
    }
}
