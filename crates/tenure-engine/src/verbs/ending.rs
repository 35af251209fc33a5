//! The end of a survey: what was not seen, and what each extent holds from now on, in one transaction.
//!
//! Only extents that were read whole may make something disappear, and only when the loss is small enough
//! to believe (law 2). An extent that was recognised is whole and has nothing missing: it is neither compared nor
//! swept, and its principals count as present. What an extent held is noted only if nothing at all
//! was amiss; it must never be noted for rows that are not exactly what was read. Next: `sink.rs`.

use super::{
    requests::{Surveyed, Waiting},
    sink::Gathered,
    tickets::contradicted,
};
use crate::record::EntryMaker;
use std::collections::{BTreeMap, BTreeSet};
use tenure_evidence::Hash;
use tenure_model::{
    Completeness, Extent, IdentityId, Instant, PrincipalId, SourceId, SurveyEvent, SurveyId, SurveyState,
};
use tenure_store::{
    NewEntry, StoreFailure, Tx,
    tables::{
        ingest::Seen,
        sources::Unobservable,
        surveys::{ContentRow, SurveyRow},
    },
};

/// A survey is held when it would make at least this many principals disappear …
const HELD_COUNT_MIN: i64 = 5;
/// … and at least this share of those present, in percent.
const HELD_SHARE_MIN_PERCENT: i64 = 20;

/// What to do when a survey would make much disappear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// Hold it for a person.
    HoldWhenMuchIsMissing,
    /// A person says the loss is real.
    Believe,
}

/// How one extent was read.
pub(crate) struct ExtentReading {
    pub(crate) verdict: Completeness,
    /// Things seen there, or recognised as there.
    pub(crate) things: i64,
    /// A digest of their keys.
    pub(crate) keys_digest: String,
    pub(crate) manner: Manner,
}

/// Whether an extent was compared thing by thing.
pub(crate) enum Manner {
    /// It was, and held what has this digest, if one was given and everything was in order.
    Compared {
        seen: Seen,
        /// How many rights are among them, if every one has its row: none belongs to a principal nobody saw.
        rights: Option<i64>,
        digest: Option<String>,
    },
    /// It was recognised as what it was in that survey.
    Recognised { from: SurveyId },
}

/// Everything a survey read.
pub(crate) struct Reading {
    pub(crate) extents: BTreeMap<Extent, ExtentReading>,
    /// Extents whose things come and go by nature: a loss there holds nothing.
    pub(crate) ephemeral: BTreeSet<Extent>,
    /// The connector reached its end without a failure.
    pub(crate) finished: bool,
    /// When it began: what was read is at least as new as that.
    pub(crate) began: Instant,
}

impl Reading {
    /// Puts together what a receiver gathered.
    pub(crate) fn of(gathered: &mut Gathered, finished: bool, began: Instant) -> Self {
        let mut extents = BTreeMap::new();
        for (extent, verdict) in gathered.verdicts() {
            let seen = gathered.seen.remove(&extent).unwrap_or_default();
            let recognised = gathered.unchanged.remove(&extent).filter(|_| verdict == Completeness::Whole);
            let reading = match recognised {
                Some(content) => ExtentReading {
                    verdict,
                    things: content.things,
                    keys_digest: content.keys_digest,
                    manner: Manner::Recognised { from: content.survey },
                },
                None => ExtentReading {
                    things: i64::try_from(seen.len()).unwrap_or(i64::MAX),
                    keys_digest: digest_of_keys(&seen).to_string(),
                    manner: Manner::Compared {
                        rights: (!gathered.inexact.contains(&extent))
                            .then(|| gathered.rights.get(&extent).copied().unwrap_or(0)),
                        digest: (verdict == Completeness::Whole && !gathered.inexact.contains(&extent))
                            .then(|| gathered.digests.remove(&extent))
                            .flatten()
                            .map(|digest| digest.as_str().to_owned()),
                        seen,
                    },
                    verdict,
                },
            };
            extents.insert(extent, reading);
        }
        Self { extents, ephemeral: std::mem::take(&mut gathered.ephemeral), finished, began }
    }

    /// Whether everything that was mentioned was read whole, and everything was mentioned.
    pub(crate) fn is_whole(&self) -> bool {
        self.finished && self.extents.values().all(ExtentReading::is_whole)
    }

    /// How many extents were recognised.
    pub(crate) fn recognised(&self) -> usize {
        let is_recognised = |extent: &&ExtentReading| matches!(extent.manner, Manner::Recognised { .. });
        self.extents.values().filter(is_recognised).count()
    }

    /// What was seen in extents where something may be missing: those that were read whole and compared.
    fn compared(&self) -> impl Iterator<Item = (&Extent, &Seen)> {
        self.extents.iter().filter(|(_, reading)| reading.is_whole()).filter_map(|(extent, reading)| {
            match &reading.manner {
                Manner::Compared { seen, .. } => Some((extent, seen)),
                Manner::Recognised { .. } => None,
            }
        })
    }

    /// How many rights were seen in extents where each of them has its row.
    fn rights_seen(&self) -> BTreeMap<&str, i64> {
        let mut seen = BTreeMap::new();
        for (extent, reading) in &self.extents {
            if let Manner::Compared { rights: Some(rights), .. } = reading.manner {
                seen.insert(extent.0.as_str(), rights);
            }
        }
        seen
    }

    fn recognised_extents(&self) -> impl Iterator<Item = &Extent> {
        let is_recognised =
            |(_, reading): &(&Extent, &ExtentReading)| matches!(reading.manner, Manner::Recognised { .. });
        self.extents.iter().filter(is_recognised).map(|(extent, _)| extent)
    }
}

impl ExtentReading {
    fn is_whole(&self) -> bool {
        self.verdict == Completeness::Whole
    }
}

/// A digest of what was seen, whatever the order.
fn digest_of_keys(seen: &Seen) -> Hash {
    let mut sorted: Vec<[u8; 16]> = seen.iter().copied().collect();
    sorted.sort_unstable();
    tenure_evidence::leaf_hash(sorted.as_flattened())
}

/// The end of a survey, ready to be written in one transaction.
pub(crate) struct Ending {
    pub(crate) survey: SurveyRow,
    pub(crate) event: SurveyEvent,
    pub(crate) belief: Belief,
    pub(crate) entries: Vec<NewEntry>,
    pub(crate) entry_of_end: NewEntry,
    pub(crate) entry_of_hold: NewEntry,
    pub(crate) reading: Reading,
    pub(crate) notes: Vec<Unobservable>,
    /// What may be made there.
    pub(crate) requests: Waiting,
    /// Entries about tickets that it contradicts.
    pub(crate) contradicted: EntryMaker,
    pub(crate) now: Instant,
}

impl Ending {
    pub(crate) fn write(&self, tx: &mut Tx<'_>) -> Result<SurveyRow, StoreFailure> {
        let source = self.survey.source;
        let mut survey = self.survey.clone();
        let blank = tx.blank_extents(source)?;
        let compared: BTreeMap<&str, &Seen> = (self.reading.compared())
            .filter(|(extent, seen)| !(seen.is_empty() && blank.contains(*extent)))
            .map(|(extent, seen)| (extent.0.as_str(), seen))
            .collect();
        let missing = missing_principals(tx, source, &self.reading, &compared)?;
        survey.missing = i64::try_from(missing.gone.len()).unwrap_or(i64::MAX);
        for entry in &self.entries {
            tx.entry(entry.clone())?;
        }
        if self.belief == Belief::HoldWhenMuchIsMissing && missing.is_too_much() {
            survey.note = Some(format!(
                "{} of {} principals would disappear; nothing was removed. Accept or discard this survey",
                missing.lasting, missing.present
            ));
            // Nothing that was believed before may keep the next reading from being a full one.
            tx.forget_digests(source)?;
            tx.entry(self.entry_of_hold.clone())?;
            survey.state = tx.move_survey(&survey, SurveyEvent::Hold)?;
            return Ok(survey);
        }
        let bereft = tx.mark_gone(&missing.gone, self.now)?;
        let is_alone = !tx.was_disturbed(survey.id)?;
        // What went with its principal, and what somebody else changed, is not there although it was seen.
        let rights_seen =
            if is_alone && missing.gone.is_empty() { self.reading.rights_seen() } else { BTreeMap::new() };
        survey.missing += sweep(tx, source, &self.reading, (compared, &rights_seen), self.now)?;
        let in_order = self.reading.finished && is_alone;
        for (extent, reading) in &self.reading.extents {
            self.note(tx, extent, reading, in_order && !bereft.contains(&extent.0))?;
        }
        tx.set_not_observable(source, &self.notes)?;
        tx.entry(self.entry_of_end.clone())?;
        survey.state = tx.move_survey(&survey, self.event)?;
        if matches!(survey.state, SurveyState::Complete | SurveyState::Partial | SurveyState::Accepted) {
            tx.set_first_baseline(source, self.now)?;
            tx.set_read_again(source, self.now)?;
        }
        if survey.state == SurveyState::Complete {
            let surveyed = Surveyed { began: self.reading.began, ended: self.now };
            self.requests.settle(tx, surveyed, &self.reading.ephemeral)?;
            let read_now = tx.read_since_closed(source, self.now)?;
            contradicted(tx, &mut self.contradicted.clone(), read_now)?;
        }
        Ok(survey)
    }

    /// Notes how an extent was read; and what it held, if its rows are exactly that.
    fn note(
        &self,
        tx: &mut Tx<'_>,
        extent: &Extent,
        reading: &ExtentReading,
        exact: bool,
    ) -> Result<(), StoreFailure> {
        let (source, survey) = (self.survey.source, self.survey.id);
        let Manner::Compared { digest, .. } = &reading.manner else {
            return tx.note_unchanged(source, survey, extent, self.now);
        };
        tx.note_extent(source, survey, extent, &reading.verdict, self.now)?;
        match digest {
            _ if !(exact && reading.is_whole()) => Ok(()),
            None => tx.note_things(source, extent, reading.things),
            Some(digest) => {
                let content = ContentRow {
                    digest: digest.clone(),
                    things: reading.things,
                    keys_digest: reading.keys_digest.clone(),
                    read_in_full: self.reading.began,
                    survey,
                };
                tx.note_content(source, extent, &content)
            }
        }
    }
}

struct Missing {
    /// How many were present, and how many of these are gone, of what does not come and go by nature.
    present: i64,
    lasting: i64,
    gone: Vec<(PrincipalId, IdentityId)>,
}

impl Missing {
    fn is_too_much(&self) -> bool {
        self.lasting >= HELD_COUNT_MIN
            && self.lasting.saturating_mul(100) >= self.present.saturating_mul(HELD_SHARE_MIN_PERCENT)
    }
}

fn missing_principals(
    tx: &mut Tx<'_>,
    source: SourceId,
    reading: &Reading,
    compared: &BTreeMap<&str, &Seen>,
) -> Result<Missing, StoreFailure> {
    let is_ephemeral = |extent: &str| reading.ephemeral.iter().any(|known| known.0 == extent);
    let (passing, lasting): (BTreeMap<&str, &Seen>, BTreeMap<&str, &Seen>) =
        compared.iter().map(|(extent, seen)| (*extent, *seen)).partition(|(extent, _)| is_ephemeral(extent));
    let (mut present, mut gone) = tx.missing_principals(source, &lasting)?;
    let lost = i64::try_from(gone.len()).unwrap_or(i64::MAX);
    if lost > 0 {
        // Those of extents that were recognised are there: they count when it is asked which share is lost.
        let known = tx.present_principals(source)?;
        let lasting = reading.recognised_extents().filter(|extent| !reading.ephemeral.contains(extent));
        present += lasting.filter_map(|extent| known.get(&extent.0)).sum::<i64>();
    }
    gone.append(&mut tx.missing_principals(source, &passing)?.1);
    Ok(Missing { present, lasting: lost, gone })
}

fn sweep<'reading>(
    tx: &mut Tx<'_>,
    source: SourceId,
    reading: &'reading Reading,
    (compared, rights_seen): (BTreeMap<&'reading str, &'reading Seen>, &BTreeMap<&str, i64>),
    now: Instant,
) -> Result<i64, StoreFailure> {
    let nothing = Seen::default();
    // An extent that is no longer mentioned is gone only when everything that is was read whole.
    let mut former = Vec::new();
    if reading.is_whole() {
        former = tx.extents(source)?;
        former.retain(|former| !reading.extents.contains_key(&Extent(former.extent.clone())));
    }
    let mut swept: BTreeMap<&str, &Seen> = compared;
    swept.extend(former.iter().map(|former| (former.extent.as_str(), &nothing)));
    let removed = tx.sweep_extents(source, &swept, rights_seen, now)?;
    for former in &former {
        tx.forget_extent(source, &former.extent)?;
    }
    Ok(removed)
}
