//! Watches: which identities wait for something outside of them to end, as their charters say.
//!
//! Written with the charter and never apart from it. They only say who is judged again; what holds, the dossier says.
//! Next: `confirmations.rs`.

use crate::{StoreFailure, Tx, value::named};
use tenure_model::{IdentityId, Instant, PersonId, RetireWhen, SourceId};

impl Tx<'_> {
    /// Keeps what this identity waits for now, and nothing else.
    pub(super) fn set_watches(&mut self, of: IdentityId, text: Option<&str>) -> Result<(), StoreFailure> {
        self.execute("DELETE FROM watches WHERE identity_id = $1", &[named(of)])?;
        for term in text.and_then(|text| RetireWhen::read(text).ok()).unwrap_or_default() {
            let (kind, target) = match term {
                RetireWhen::Absent(_) => ("absent", String::new()),
                RetireWhen::Person(person) => ("person", person),
                RetireWhen::Parent(parent) => ("parent", parent),
                RetireWhen::Unused(_) | RetireWhen::Until(_) | RetireWhen::Said(_) => continue,
            };
            self.execute(
                "INSERT INTO watches (identity_id, kind, target) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                &[named(of), kind.into(), target.into()],
            )?;
        }
        Ok(())
    }

    /// Has everything judged again that waits for this person to leave.
    pub(super) fn touch_watching_person(
        &mut self,
        person: PersonId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.touch_watching("person", &person.to_string(), now)
    }

    /// Has everything judged again that waits for this identity to end.
    pub(super) fn touch_watching_identity(
        &mut self,
        of: IdentityId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        self.touch_watching("parent", &of.to_string(), now)
    }

    fn touch_watching(&mut self, kind: &str, target: &str, now: Instant) -> Result<(), StoreFailure> {
        let touched: Vec<IdentityId> = self.query(
            "watches",
            "SELECT identity_id FROM watches WHERE kind = $1 AND target = $2",
            &[kind.into(), target.into()],
            |row| row.parsed(0),
        )?;
        touched.into_iter().try_for_each(|identity| self.touch(identity, now))
    }

    /// Has everything judged again that counts complete surveys of this source, and of which something is absent there.
    pub(super) fn touch_watching_source(
        &mut self,
        source: SourceId,
        now: Instant,
    ) -> Result<(), StoreFailure> {
        let touched: Vec<IdentityId> = self.query(
            "watches",
            "SELECT DISTINCT w.identity_id FROM watches w JOIN principals p ON p.identity_id = w.identity_id \
             WHERE w.kind = 'absent' AND p.source_id = $1 AND p.presence <> 'present'",
            &[named(source)],
            |row| row.parsed(0),
        )?;
        touched.into_iter().try_for_each(|identity| self.touch(identity, now))
    }

    /// How many surveys of this source that began after an instant were complete.
    pub fn complete_surveys_after(&mut self, source: SourceId, since: Instant) -> Result<i64, StoreFailure> {
        let counted = self.query_one(
            "surveys",
            "SELECT COUNT(*) FROM surveys WHERE source_id = $1 AND state IN ('complete', 'accepted') AND started_us > $2",
            &[named(source), since.into()],
            |row| row.number(0),
        )?;
        Ok(counted.unwrap_or(0))
    }
}
