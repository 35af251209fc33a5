//! The inventory as it was at an instant: what Tenure knew then, whatever it learned since.
//!
//! Each thing is its row of now where that is old enough, and else the row that was kept of it. What is answered for an
//! instant that is past never changes any more, so that pages of one population fit together and anybody gets the same
//! again. It must never write, and never answer for a time of which nothing is kept. Next: `past.rs`, which keeps it.

use super::list_scan::{LOOK, Scanned, Span, scan};
use crate::{Row, StoreFailure, Tx, value::named};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use tenure_model::{
    Charter, CredentialId, CredentialKind, CredentialState, ExceptionState, Facts, IdentityId, Instant,
    Presence, PrincipalId, PrincipalKind, RiskTier, Severity, Standing,
};

/// An identity as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentityThen {
    /// Its id.
    pub id: IdentityId,
    /// The short form people type.
    pub handle: String,
    /// Its name then.
    pub name: String,
    /// Its charter then.
    pub charter: Charter,
    /// Whether somebody had claimed it.
    pub enrolled: bool,
    /// Part of a system, owned by its vendor.
    pub built_in: bool,
    /// Its standing; nothing where it had not been judged yet.
    pub standing: Option<Standing>,
    /// Its class in the programme.
    pub class: Option<String>,
    /// How much it could cost.
    pub tier: Option<RiskTier>,
    /// Since when Tenure knew it.
    pub created: Instant,
}

/// Which identities; every condition must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThenQuery {
    /// Of this standing then.
    pub standing: Option<Standing>,
    /// Of this class then.
    pub class: Option<String>,
    /// Also built-in ones.
    pub built_in: bool,
}

/// A principal as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalThen {
    /// Its id.
    pub id: PrincipalId,
    /// The name of its source, as that is called now.
    pub source_name: String,
    /// Its name then.
    pub name: String,
    /// What kind it was.
    pub kind: PrincipalKind,
    /// Whether it was there.
    pub presence: Presence,
    /// What was known about it.
    pub facts: Facts,
    /// When it was first seen.
    pub first_seen: Instant,
    /// When it had been seen used last.
    pub last_use: Option<Instant>,
}

/// A credential as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialThen {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub principal: PrincipalId,
    /// What kind it was.
    pub kind: CredentialKind,
    /// Whether it would have been accepted.
    pub state: CredentialState,
    /// Since when its value was known.
    pub value_since: Instant,
    /// When the system was to stop accepting it.
    pub valid_until: Option<Instant>,
}

/// A credential as it was, with what judging asks of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialInFull {
    /// The credential.
    pub then: CredentialThen,
    /// What was known about it.
    pub facts: Facts,
    /// When it was first seen.
    pub first_seen: Instant,
    /// When its value then was first seen, if that was later than the credential itself.
    pub value_changed: Option<Instant>,
    /// Its value is another one now, as far as values can be told apart.
    pub is_another_value: bool,
}

/// A right as it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GrantThen {
    /// Who held it.
    pub principal: PrincipalId,
    /// On what.
    pub resource: String,
    /// Which.
    pub right: String,
    /// Whether it could be handed on.
    pub grantable: bool,
}

/// A finding that was open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingThen {
    /// Which policy failed.
    pub policy: String,
    /// Which principal or credential.
    pub subject: String,
    /// How bad it was.
    pub severity: Severity,
    /// Why, in words.
    pub reason: String,
    /// Since when.
    pub opened: Instant,
}

/// How many identities had a standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingThen {
    /// Which; nothing of those that had not been judged yet.
    pub standing: Option<Standing>,
    /// How many, built-in ones apart.
    pub identities: i64,
    /// How many built-in ones.
    pub built_in: i64,
}

/// How many findings were so bad.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingsThen {
    /// How bad.
    pub severity: Severity,
    /// How many.
    pub count: i64,
}

/// How many there were.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FiguresThen {
    /// Identities of each standing.
    pub standings: Vec<StandingThen>,
    /// Open findings of each severity, dismissed and excepted ones among them.
    pub findings: Vec<FindingsThen>,
    /// Exceptions and constraints that stood.
    pub exceptions: i64,
    /// The version of the programme that was in force; nothing where none was.
    pub programme: Option<i64>,
}

/// Identities of one look: what is to be read, which of them. `$1` is the instant.
macro_rules! identities_then {
    ($columns:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM (SELECT i.identity_id, i.handle, COALESCE(c.name, i.name) AS name, COALESCE(c.charter, i.charter) AS charter, \
             COALESCE(c.enrolled, i.enrolled) AS enrolled, i.built_in, \
             CASE WHEN i.standing_us <= $1 THEN i.standing ELSE s.standing END AS standing, \
             CASE WHEN i.standing_us <= $1 THEN i.class ELSE s.class END AS class, \
             CASE WHEN i.standing_us <= $1 THEN i.risk_tier ELSE s.risk_tier END AS risk_tier, \
             i.created_us FROM identities i \
             LEFT JOIN past_charters c ON c.identity_id = i.identity_id AND c.since_us <= $1 AND c.until_us > $1 \
             LEFT JOIN past_standings s ON s.identity_id = i.identity_id AND s.since_us <= $1 AND s.until_us > $1 \
             WHERE i.created_us <= $1) AS w ",
            $rest
        )
    };
}

fn identity(row: &Row<'_>) -> Result<IdentityThen, StoreFailure> {
    Ok(IdentityThen {
        id: row.parsed(0)?,
        handle: row.text(1)?,
        name: row.text(2)?,
        charter: row.json(3)?,
        enrolled: row.flag(4)?,
        built_in: row.flag(5)?,
        standing: row.opt_parsed(6)?,
        class: row.opt_text(7)?,
        tier: row.opt_parsed(8)?,
        created: row.instant(9)?,
    })
}

impl Tx<'_> {
    /// Identities that were there, or had been, at an instant, by id; one page of them after `after`.
    pub fn identities_then(
        &mut self,
        at: Instant,
        wanted: &ThenQuery,
        after: Option<IdentityId>,
        page_size: i64,
    ) -> Result<Scanned<IdentityThen, IdentityId>, StoreFailure> {
        scan(
            LOOK,
            self,
            after,
            page_size,
            (Tx::identity_further, |tx: &mut Tx<'_>| {
                let sql = "SELECT identity_id FROM identities ORDER BY identity_id DESC LIMIT 1";
                tx.query_one("identities", sql, &[], |row| row.parsed(0))
            }),
            |tx, span| tx.identities_then_within(at, wanted, span),
        )
    }

    fn identity_further(
        &mut self,
        after: Option<&IdentityId>,
        rows: i64,
    ) -> Result<Option<IdentityId>, StoreFailure> {
        self.query_one(
            "identities",
            "SELECT identity_id FROM identities WHERE identity_id > $1 ORDER BY identity_id LIMIT 1 OFFSET $2",
            &[after.map(|id| id.to_string()).unwrap_or_default().into(), (rows - 1).into()],
            |row| row.parsed(0),
        )
    }

    fn identities_then_within(
        &mut self,
        at: Instant,
        wanted: &ThenQuery,
        span: &Span<'_, IdentityId>,
    ) -> Result<Vec<IdentityThen>, StoreFailure> {
        self.query(
            "identities",
            identities_then!(
                "identity_id, handle, name, charter, enrolled, built_in, standing, class, risk_tier, created_us",
                "WHERE identity_id > $2 AND identity_id <= $3 AND ($4 = '' OR standing = $4) \
                 AND ($5 = '' OR class = $5) AND ($6 = 1 OR built_in = 0) ORDER BY identity_id LIMIT $7"
            ),
            &[
                at.into(),
                span.after.map(|id| id.to_string()).unwrap_or_default().into(),
                named(*span.end),
                wanted.standing.map(|standing| standing.to_string()).unwrap_or_default().into(),
                wanted.class.clone().unwrap_or_default().into(),
                wanted.built_in.into(),
                span.most.into(),
            ],
            identity,
        )
    }

    /// One identity as it was; nothing where Tenure did not know it yet.
    pub fn identity_then(
        &mut self,
        id: IdentityId,
        at: Instant,
    ) -> Result<Option<IdentityThen>, StoreFailure> {
        self.query_one(
            "identities",
            identities_then!(
                "identity_id, handle, name, charter, enrolled, built_in, standing, class, risk_tier, created_us",
                "WHERE identity_id = $2"
            ),
            &[at.into(), named(id)],
            identity,
        )
    }

    /// Principals of an identity as they were, those first that were seen first.
    pub fn principals_then(
        &mut self,
        id: IdentityId,
        at: Instant,
    ) -> Result<Vec<PrincipalThen>, StoreFailure> {
        self.query(
            "principals",
            "SELECT p.principal_id, s.name, COALESCE(b.name, p.name), COALESCE(b.kind, p.kind), COALESCE(b.presence, p.presence), \
             COALESCE(b.facts, p.facts), p.first_seen_us, \
             (SELECT MAX(u.bucket_us) FROM uses u WHERE u.principal_id = p.principal_id AND u.bucket_us <= $2) \
             FROM principals p JOIN sources s ON s.source_id = p.source_id LEFT JOIN past_principals b \
             ON b.principal_id = p.principal_id AND b.since_us <= $2 AND b.until_us > $2 \
             WHERE p.identity_id = $1 AND p.first_seen_us <= $2 ORDER BY p.first_seen_us, p.principal_id",
            &[named(id), at.into()],
            |row| {
                Ok(PrincipalThen {
                    id: row.parsed(0)?,
                    source_name: row.text(1)?,
                    name: row.text(2)?,
                    kind: row.parsed(3)?,
                    presence: row.parsed(4)?,
                    facts: row.json(5)?,
                    first_seen: row.instant(6)?,
                    last_use: row.opt_instant(7)?,
                })
            },
        )
    }

    /// Credentials of an identity as they were.
    pub fn credentials_then(
        &mut self,
        id: IdentityId,
        at: Instant,
    ) -> Result<Vec<CredentialThen>, StoreFailure> {
        self.query(
            "credentials",
            "SELECT c.credential_id, c.principal_id, COALESCE(b.kind, c.kind), COALESCE(b.state, c.state), \
             COALESCE(CASE WHEN b.credential_id IS NULL THEN c.value_changed_us ELSE b.value_changed_us END, c.first_seen_us), \
             CASE WHEN b.credential_id IS NULL THEN c.valid_until_us ELSE b.valid_until_us END \
             FROM principals p JOIN credentials c ON c.principal_id = p.principal_id LEFT JOIN past_credentials b \
             ON b.credential_id = c.credential_id AND b.since_us <= $2 AND b.until_us > $2 \
             WHERE p.identity_id = $1 AND c.first_seen_us <= $2 ORDER BY c.credential_id",
            &[named(id), at.into()],
            |row| {
                Ok(CredentialThen {
                    id: row.parsed(0)?,
                    principal: row.parsed(1)?,
                    kind: row.parsed(2)?,
                    state: row.parsed(3)?,
                    value_since: row.instant(4)?,
                    valid_until: row.opt_instant(5)?,
                })
            },
        )
    }

    /// Credentials of an identity as they were, with what judging asks of them.
    pub fn credentials_in_full_then(
        &mut self,
        id: IdentityId,
        at: Instant,
    ) -> Result<Vec<CredentialInFull>, StoreFailure> {
        let then = self.credentials_then(id, at)?;
        let more: BTreeMap<CredentialId, _> = self
            .query(
                "credentials",
                "SELECT c.credential_id, COALESCE(b.facts, c.facts), c.first_seen_us, \
                 CASE WHEN b.credential_id IS NULL THEN c.value_changed_us ELSE b.value_changed_us END, \
                 CASE WHEN b.credential_id IS NULL OR b.fingerprint = c.fingerprint OR (b.fingerprint IS NULL AND c.fingerprint IS NULL) \
                 THEN 0 ELSE 1 END \
                 FROM principals p JOIN credentials c ON c.principal_id = p.principal_id LEFT JOIN past_credentials b \
                 ON b.credential_id = c.credential_id AND b.since_us <= $2 AND b.until_us > $2 \
                 WHERE p.identity_id = $1 AND c.first_seen_us <= $2",
                &[named(id), at.into()],
                |row| {
                    Ok((
                        row.parsed(0)?,
                        (row.json::<Facts>(1)?, row.instant(2)?, row.opt_instant(3)?, row.flag(4)?),
                    ))
                },
            )?
            .into_iter()
            .collect();
        let in_full = then.into_iter().filter_map(|then| {
            let (facts, first_seen, value_changed, is_another_value) = more.get(&then.id)?.clone();
            Some(CredentialInFull { then, facts, first_seen, value_changed, is_another_value })
        });
        Ok(in_full.collect())
    }

    /// Rights of an identity as they were, by principal and resource; at most `most`.
    pub fn grants_then(
        &mut self,
        id: IdentityId,
        at: Instant,
        most: i64,
    ) -> Result<Vec<GrantThen>, StoreFailure> {
        self.query(
            "grants",
            "SELECT DISTINCT principal_id, resource, right_name, grantable FROM (\
             SELECT g.principal_id, g.resource, g.right_name, g.grantable FROM principals p \
             JOIN grants g ON g.principal_id = p.principal_id \
             WHERE p.identity_id = $1 AND COALESCE(g.changed_us, g.first_seen_us) <= $2 UNION ALL \
             SELECT b.principal_id, b.resource, b.right_name, b.grantable FROM principals p \
             JOIN past_grants b ON b.principal_id = p.principal_id \
             WHERE p.identity_id = $1 AND b.since_us <= $2 AND b.until_us > $2) AS held \
             ORDER BY principal_id, resource, right_name, grantable LIMIT $3",
            &[named(id), at.into(), most.into()],
            |row| {
                Ok(GrantThen {
                    principal: row.parsed(0)?,
                    resource: row.text(1)?,
                    right: row.text(2)?,
                    grantable: row.flag(3)?,
                })
            },
        )
    }

    /// Rights of a principal as they were, each with since when it was so; at most `most`.
    pub fn rights_then(
        &mut self,
        principal: PrincipalId,
        at: Instant,
        most: i64,
    ) -> Result<Vec<(GrantThen, Instant)>, StoreFailure> {
        self.query(
            "grants",
            "SELECT principal_id, resource, right_name, grantable, since FROM (\
             SELECT principal_id, resource, right_name, grantable, first_seen_us AS since FROM grants \
             WHERE principal_id = $1 AND COALESCE(changed_us, first_seen_us) <= $2 UNION ALL \
             SELECT principal_id, resource, right_name, grantable, since_us FROM past_grants \
             WHERE principal_id = $1 AND since_us <= $2 AND until_us > $2) AS held \
             ORDER BY resource, right_name, grantable, since LIMIT $3",
            &[named(principal), at.into(), most.into()],
            |row| {
                let grant = GrantThen {
                    principal: row.parsed(0)?,
                    resource: row.text(1)?,
                    right: row.text(2)?,
                    grantable: row.flag(3)?,
                };
                Ok((grant, row.instant(4)?))
            },
        )
    }

    /// How many rights a principal held beside what it owned, and how much it owned.
    pub fn count_grants_then(
        &mut self,
        principal: PrincipalId,
        at: Instant,
    ) -> Result<(i64, i64), StoreFailure> {
        let counted = self.query_one(
            "grants",
            "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN right_name = 'owner' THEN 1 ELSE 0 END), 0) AS BIGINT) FROM (\
             SELECT right_name FROM grants WHERE principal_id = $1 AND COALESCE(changed_us, first_seen_us) <= $2 UNION ALL \
             SELECT right_name FROM past_grants WHERE principal_id = $1 AND since_us <= $2 AND until_us > $2) AS held",
            &[named(principal), at.into()],
            |row| Ok((row.number(0)?, row.number(1)?)),
        )?;
        let (all, owned) = counted.unwrap_or((0, 0));
        Ok((all - owned, owned))
    }

    /// Findings of an identity that were open, dismissed and excepted ones among them.
    pub fn findings_then(&mut self, id: IdentityId, at: Instant) -> Result<Vec<FindingThen>, StoreFailure> {
        self.query(
            "findings",
            "SELECT policy, subject, severity, reason, opened_us FROM findings WHERE identity_id = $1 \
             AND opened_us <= $2 AND (closed_us IS NULL OR closed_us > $2) ORDER BY opened_us, policy, subject",
            &[named(id), at.into()],
            |row| {
                Ok(FindingThen {
                    policy: row.text(0)?,
                    subject: row.text(1)?,
                    severity: row.parsed(2)?,
                    reason: row.text(3)?,
                    opened: row.instant(4)?,
                })
            },
        )
    }

    /// How many of what there was at an instant. It reads whole tables: a report may, a page may not.
    pub fn figures_then(&mut self, at: Instant) -> Result<FiguresThen, StoreFailure> {
        let standings = self.query(
            "identities",
            identities_then!(
                "standing, CAST(SUM(1 - built_in) AS BIGINT), CAST(SUM(built_in) AS BIGINT)",
                "GROUP BY standing ORDER BY standing"
            ),
            &[at.into()],
            |row| {
                Ok(StandingThen {
                    standing: row.opt_parsed(0)?,
                    identities: row.number(1)?,
                    built_in: row.number(2)?,
                })
            },
        )?;
        let mut findings: Vec<FindingsThen> = self.query(
            "findings",
            "SELECT severity, COUNT(*) FROM findings WHERE opened_us <= $1 AND (closed_us IS NULL OR closed_us > $1) \
             GROUP BY severity",
            &[at.into()],
            |row| Ok(FindingsThen { severity: row.parsed(0)?, count: row.number(1)? }),
        )?;
        findings.sort_by_key(|one| std::cmp::Reverse(one.severity));
        let exceptions = self.query_one(
            "exceptions",
            "SELECT COUNT(*) FROM exceptions WHERE state IN ($2, $3) AND decided_us <= $1 \
             AND COALESCE(ended_us, ends_us) > $1",
            &[at.into(), named(ExceptionState::Granted), named(ExceptionState::Ended)],
            |row| row.number(0),
        )?;
        Ok(FiguresThen {
            standings,
            findings,
            exceptions: exceptions.unwrap_or_default(),
            programme: self.programme_then(at)?,
        })
    }

    /// The version of the programme that was in force at an instant.
    pub fn programme_then(&mut self, at: Instant) -> Result<Option<i64>, StoreFailure> {
        let sql = "SELECT MAX(version) FROM programmes WHERE applied_us <= $1";
        Ok(self.query_one("programmes", sql, &[at.into()], |row| row.opt_number(0))?.flatten())
    }
}
