//! Drills: that people tried a playbook of the programme in force, and whether it did what it is for.
//!
//! What is written down is of the playbook as whoever says so was shown it; once it says something else, nobody tried it. It must
//! never carry one out. Next: `tenure-judge/src/programme/playbooks.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
    verbs::reason,
};
use serde::Serialize;
use serde_json::json;
use tenure_judge::{Drill, Drills, Playbook};
use tenure_model::{Instant, printable};
use tenure_store::{StoreFailure, Tx, tables::drills::DrillRow};

/// Digits of what a playbook says, in short.
const SAYS_DIGITS: usize = 16;

/// A playbook of the programme in force, and whether somebody tried it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaybookShown {
    /// It, as it stands in the files.
    #[serde(flatten)]
    pub playbook: Playbook,
    /// What it says, in short: a drill names it.
    pub says: String,
    /// The last drill of a playbook of this id; nothing where there was none.
    pub last: Option<DrillShown>,
    /// Until when that counts.
    pub counts_until: Option<Instant>,
    /// Why no drill counts.
    pub why_not: Option<String>,
}

/// That somebody tried a playbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrillShown {
    /// When.
    pub at: Instant,
    /// It did what it is for.
    pub held: bool,
    /// Who said so; nothing where they left.
    pub by: Option<String>,
}

/// What somebody says of a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillSaid {
    /// The playbook's id.
    pub playbook: String,
    /// What it says, in short, as they were shown.
    pub says: String,
    /// It did what it is for.
    pub held: bool,
    /// How it went.
    pub reason: String,
}

/// What a playbook says, in short.
fn says(text: &str) -> String {
    digest_hex(text.as_bytes()).chars().take(SAYS_DIGITS).collect()
}

/// The last drill of each playbook, as the check goes by.
pub(super) fn drills(tx: &mut Tx<'_>) -> Result<Drills, StoreFailure> {
    let drill = |row: DrillRow| (row.playbook, Drill { at: row.at, held: row.held, text: row.says });
    Ok(tx.drills()?.into_iter().map(drill).collect())
}

impl Engine {
    /// The playbooks of the programme in force, in their order.
    pub async fn playbooks(&self) -> Result<Vec<PlaybookShown>, EngineFailure> {
        let (in_force, now) = (self.in_force(), self.clock.now());
        let read = |tx: &mut Tx<'_>| {
            let mut rows = Vec::new();
            for row in tx.drills()? {
                let by = tx.person(row.person)?.map(|person| person.name);
                rows.push((row, by));
            }
            Ok(rows)
        };
        let rows = self.store.read("drills", read).await?;
        let drill = |row: &DrillRow| Drill { at: row.at, held: row.held, text: row.says.clone() };
        let drills: Drills = rows.iter().map(|(row, _)| (row.playbook.clone(), drill(row))).collect();
        let shown = |playbook: &Playbook| {
            let last = rows.iter().find(|(row, _)| row.playbook == playbook.id);
            let counts = playbook.drilled(&drills, now);
            PlaybookShown {
                says: says(&playbook.text()),
                last: last.map(|(row, by)| DrillShown { at: row.at, held: row.held, by: by.clone() }),
                counts_until: counts.as_ref().ok().copied(),
                why_not: counts.err(),
                playbook: playbook.clone(),
            }
        };
        Ok(in_force.programme.playbooks.iter().map(shown).collect())
    }

    /// Writes down that somebody tried a playbook as they were shown it, and whether it held.
    pub async fn drill_playbook(
        &self,
        actor: Actor,
        said: DrillSaid,
    ) -> Result<PlaybookShown, EngineFailure> {
        let reason = reason::given(&said.reason, "whoever drilled a playbook")?;
        let in_force = self.in_force();
        let missing = || StoreFailure::Missing { noun: "playbook", given: printable(&said.playbook, 60) };
        let known = in_force.programme.playbooks.iter().find(|one| one.id == said.playbook);
        let text = known.ok_or_else(missing)?.text();
        let digest = says(&text);
        if digest != said.says {
            let why = format!(
                "playbook `{}` says something else than what was shown; look at it again",
                said.playbook
            );
            return Err(StoreFailure::Conflict { why }.into());
        }
        let draft = Draft::new("playbook.drilled", By::Person(actor, None), &said.playbook)
            .text("playbook", &said.playbook)
            .text("says", &digest)
            .flag("held", said.held)
            .number("programme", in_force.version);
        let entry = self.entry(draft.body(json!({ "reason": reason })))?;
        let row = DrillRow {
            playbook: said.playbook.clone(),
            at: self.clock.now(),
            held: said.held,
            says: text,
            person: actor.person,
        };
        let version = in_force.version;
        let write = move |tx: &mut Tx<'_>| {
            if tx.programme_version()? != version {
                let why = String::from("another programme was applied meanwhile; look at it again");
                return Err(StoreFailure::Conflict { why });
            }
            tx.set_drill(&row)?;
            tx.entry(entry.clone())
        };
        self.write_as(actor, "drill_playbook", write).await?;
        let shown = self.playbooks().await?;
        Ok(shown.into_iter().find(|one| one.playbook.id == said.playbook).ok_or_else(missing)?)
    }
}
