//! judge: from what is known about an identity to its standing, and the instant it changes by itself.
//!
//! The dossier is read in one transaction and judged outside of it; the verdict is written with
//! one entry for all standings that changed. It must never decide anything itself: `tenure-judge` does. Next: `dossier.rs`, how it is read.

use super::dossier::{Read, dossier, dossiers};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use futures::future::try_join_all;
use tenure_judge::{
    Dossier, ExplainedJudgement, FailedCondition, JudgeFailed, Judgement, OpenSince, Said, Word, WordEnded,
};
use tenure_model::{IdentityId, Instant, Standing};
use tenure_store::{
    NewEntry, StoreFailure, Tx,
    tables::{Mint, findings::FailedNow, identities::JudgedAs},
};

/// Identities judged in one transaction, at most.
const BATCH: i64 = 500;
/// Instants followed to find one at which something that is said changes.
const CHANGES_FOLLOWED: usize = 64;

/// One identity, judged as it was after so many touches.
struct Judged {
    id: IdentityId,
    judgement: Judgement,
    class: Option<String>,
    /// Its standing as it was written by the last judgement.
    before: Standing,
    /// Whether a dismissal stood, which may have come to its end.
    was_dismissed: bool,
    touches: i64,
}

/// Identities judged by one version of the programme at one instant, and the last that was looked at.
struct Verdicts {
    judged: Vec<Judged>,
    programme: i64,
    now: Instant,
    last: Option<IdentityId>,
}

/// What people said and is over, and the entry that says so.
type Ended = (WordEnded, NewEntry);

impl Engine {
    /// Judges everything that waits to be judged; returns how many identities that were. What nobody decided in time is
    /// over with it.
    pub async fn judge_touched(&self) -> Result<usize, EngineFailure> {
        self.end_undecided().await?;
        self.lapse_requests().await?;
        let mut judged = 0;
        loop {
            // What stands otherwise now may have had others judged again that wait for it.
            match self.judge_pass().await? {
                0 => return Ok(judged),
                more => judged += more,
            }
        }
    }

    /// Judges what waits, by id; the next are read and judged while the ones before are written. What is touched
    /// meanwhile, by that too, keeps waiting: its touches are counted.
    async fn judge_pass(&self) -> Result<usize, EngineFailure> {
        let mut judged = 0;
        let mut ready = self.judge_next(None).await?;
        while ready.last.is_some() {
            judged += ready.judged.len();
            let after = ready.last;
            let (written, next) = tokio::join!(self.write_judgements(ready), self.judge_next(after));
            written?;
            ready = next?;
        }
        Ok(judged)
    }

    async fn judge_next(&self, after: Option<IdentityId>) -> Result<Verdicts, EngineFailure> {
        let (now, in_force) = (self.clock.now(), self.in_force());
        // What is touched from here on is read by a dossier or not; either way it is judged again.
        let waiting = self.store.read("to_judge", move |tx| tx.to_judge(now, after, BATCH)).await?;
        let mut verdicts = Verdicts {
            judged: Vec::with_capacity(waiting.len()),
            programme: in_force.version,
            now,
            last: waiting.last().map(|(id, _)| *id),
        };
        let dossiers = self.dossiers(waiting.iter().map(|(id, _)| *id).collect()).await?;
        for (read, (_, touches)) in dossiers.into_iter().zip(waiting) {
            let before = read.before;
            let (dossier, open_since) = self.heeded(read);
            let id = dossier.identity;
            match in_force.judge.judge(&dossier, &open_since, now) {
                Ok(judgement) => {
                    let class = in_force.judge.class_of(&dossier).map(|class| class.id.clone());
                    let was_dismissed = dossier.said.iter().any(|one| matches!(one.word, Word::Dismissal(_)));
                    verdicts.judged.push(Judged { id, judgement, class, before, was_dismissed, touches });
                }
                // The identity keeps its last judgement; it is tried again when something changes.
                Err(error) => {
                    tracing::error!(identity = %id, %error, "not judged");
                    self.store.write("untouch", move |tx| tx.untouch_if(id, touches)).await?;
                }
            }
        }
        Ok(verdicts)
    }

    async fn write_judgements(&self, verdicts: Verdicts) -> Result<(), EngineFailure> {
        if verdicts.judged.is_empty() {
            return Ok(());
        }
        let mint = self.mint()?;
        let entry = self.moved(&verdicts.judged)?;
        let ended = self.ended(&verdicts.judged)?;
        let is_written = self
            .store
            .write("judge", move |tx| {
                // Judged by what is not in force any more: all of it was touched then, and is judged again.
                if tx.programme_version()? != verdicts.programme {
                    return Ok(false);
                }
                for judged in &verdicts.judged {
                    write_judgement(tx, &mint, judged, verdicts.now)?;
                }
                for (ended, entry) in &ended {
                    let is_news = match ended.word {
                        Word::Dismissal(id) => tx.end_dismissal_early(id, &ended.why, verdicts.now)?,
                        Word::Exception(id) => tx.end_exception(id, &ended.why, verdicts.now)?,
                    };
                    if is_news {
                        tx.entry(entry.clone())?;
                    }
                }
                if let Some(entry) = &entry {
                    tx.entry(entry.clone())?;
                }
                Ok(true)
            })
            .await?;
        if !is_written {
            self.read_programme_again().await?;
        }
        Ok(())
    }

    /// One entry for all standings that change, if any does.
    fn moved(&self, verdicts: &[Judged]) -> Result<Option<NewEntry>, EngineFailure> {
        let changes: Vec<serde_json::Value> = verdicts
            .iter()
            .filter(|judged| judged.judgement.standing != judged.before)
            .map(|Judged { id, judgement, before, .. }| {
                serde_json::json!({ "identity": id, "from": before, "to": judgement.standing })
            })
            .collect();
        if changes.is_empty() {
            return Ok(None);
        }
        let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
        let draft = Draft::new("standing.changed", By::Tenure, "inventory").number("count", count);
        self.entry(draft.body(serde_json::Value::Array(changes))).map(Some)
    }

    /// What people said and is over, each with its entry: a dismissal before its end, an exception in any way.
    fn ended(&self, verdicts: &[Judged]) -> Result<Vec<Ended>, EngineFailure> {
        let ended = verdicts.iter().flat_map(|one| one.judgement.ended.iter().map(|ended| (one.id, ended)));
        ended
            .map(|(id, ended)| {
                let draft = match ended.word {
                    Word::Dismissal(said) => Draft::new("finding.dismissal_ended", By::Tenure, said),
                    Word::Exception(said) => Draft::new("exception.ended", By::Tenure, said),
                };
                let body = serde_json::json!({
                    "subject": ended.subject, "policy": ended.policy, "why": ended.why,
                });
                let entry = self.entry(draft.about(id).text("policy", &ended.policy).body(body))?;
                Ok((ended.clone(), entry))
            })
            .collect()
    }

    /// Everything known about these, in their order. They are read side by side, each at one instant, and not all at the
    /// same.
    pub(super) async fn dossiers(&self, ids: Vec<IdentityId>) -> Result<Vec<Read>, EngineFailure> {
        let half = ids.len().div_ceil(2).max(1);
        let reads = ids.chunks(half).map(|some| {
            let some = some.to_vec();
            self.store.read("dossiers", move |tx| dossiers(tx, &some))
        });
        Ok(try_join_all(reads).await?.into_iter().flatten().collect())
    }

    /// Everything known about one identity now, without words on it that count for nothing any more.
    pub(super) async fn dossier_now(&self, id: IdentityId) -> Result<(Dossier, OpenSince), EngineFailure> {
        let read = self.store.read("dossier", move |tx| dossier(tx, id)).await?;
        Ok(self.heeded(read))
    }

    /// What was read, without words on it that count for nothing any more.
    pub(super) fn heeded(&self, read: Read) -> (Dossier, OpenSince) {
        let Read { mut dossier, open_since, said_by, confirmed_by, before: _ } = read;
        self.heed_who_left(&mut dossier, &said_by);
        self.heed_who_confirmed(&mut dossier, confirmed_by.as_ref());
        (dossier, open_since)
    }

    /// Judges one identity without writing anything down, with every fact in words.
    pub(crate) async fn explain_now(
        &self,
        id: IdentityId,
    ) -> Result<(Dossier, ExplainedJudgement), EngineFailure> {
        let (dossier, open_since) = self.dossier_now(id).await?;
        let mut explained =
            self.in_force().judge.explain(&dossier, &open_since, self.clock.now()).map_err(not_judged)?;
        explained.judgement.changes_at = self.changes(&dossier, &open_since, &explained.judgement)?;
        Ok((dossier, explained))
    }

    /// What would be judged of one identity if this were said, and nothing else of the same condition.
    pub(super) async fn judged_as_if_said(
        &self,
        id: IdentityId,
        said: Said,
    ) -> Result<Judgement, EngineFailure> {
        let (mut dossier, open_since) = self.dossier_now(id).await?;
        dossier.said.retain(|one| one.policy != said.policy || one.subject != said.subject);
        dossier.said.push(said);
        self.in_force().judge.judge(&dossier, &open_since, self.clock.now()).map_err(not_judged)
    }

    /// What the standing of one identity is by what is known now.
    async fn standing_now(&self, id: IdentityId) -> Result<Standing, EngineFailure> {
        self.standing_at(id, self.clock.now()).await
    }

    /// What the standing of one identity will be at an instant, unless something new is known by then.
    pub async fn standing_at(&self, id: IdentityId, at: Instant) -> Result<Standing, EngineFailure> {
        let (dossier, open_since) = self.dossier_now(id).await?;
        let judgement = self.in_force().judge.judge(&dossier, &open_since, at).map_err(not_judged)?;
        Ok(judgement.standing)
    }

    /// When what is said of an identity changes by itself: its standing, or one of its conditions. Facts that flip
    /// without either, and the grace of what is dismissed, are followed and not said.
    pub(super) fn changes(
        &self,
        dossier: &Dossier,
        open_since: &OpenSince,
        now: &Judgement,
    ) -> Result<Option<Instant>, EngineFailure> {
        let mut next = now.changes_at;
        for _ in 0..CHANGES_FOLLOWED {
            let Some(at) = next else { return Ok(None) };
            let then = self.in_force().judge.judge(dossier, open_since, at).map_err(not_judged)?;
            if then.standing != now.standing || conditions_of(&then) != conditions_of(now) {
                return Ok(Some(at));
            }
            next = then.changes_at;
        }
        Ok(next)
    }

    /// Judges every identity anew and counts those whose standing was not what it should have
    /// been: a touch that was forgotten somewhere, which is a defect.
    pub async fn full_sweep(&self) -> Result<(usize, usize), EngineFailure> {
        let (mut swept, mut drifted, mut after) = (0, 0, None);
        loop {
            let page = self.store.read("all_identities", move |tx| tx.all_identities(after, BATCH)).await?;
            let Some(last) = page.last().copied() else { return Ok((swept, drifted)) };
            for id in page {
                let before: Standing = self.store.read("identity", move |tx| tx.identity(id)).await?.standing;
                swept += 1;
                if self.standing_now(id).await? != before {
                    drifted += 1;
                    let now = self.clock.now();
                    self.store.write("touch", move |tx| tx.touch(id, now)).await?;
                }
            }
            after = Some(last);
        }
    }
}

fn write_judgement(tx: &mut Tx<'_>, mint: &Mint, judged: &Judged, now: Instant) -> Result<(), StoreFailure> {
    let Judged { id, judgement, class, before, was_dismissed, touches } = judged;
    if *was_dismissed {
        tx.end_dismissals(*id, now)?;
    }
    let failed: Vec<FailedNow> = judgement.conditions.iter().map(failed_now).collect();
    tx.apply_findings(mint, *id, &failed)?;
    let judged = JudgedAs {
        standing: judgement.standing,
        due: judgement.changes_at,
        class: class.clone(),
        tier: judgement.tier,
    };
    tx.set_judged(*id, &judged, *before, now)?;
    tx.untouch_if(*id, *touches)
}

/// What is said of each condition; of one that does not count, only that.
fn conditions_of(judgement: &Judgement) -> Vec<(&str, &str, bool, bool)> {
    let said = |one: &'_ FailedCondition| (one.counts(), one.lapsed && one.counts());
    judgement
        .conditions
        .iter()
        .map(|one| {
            let (counts, is_lapsed) = said(one);
            (one.policy.as_str(), one.subject.as_str(), counts, is_lapsed)
        })
        .collect()
}

#[expect(clippy::needless_pass_by_value, reason = "it maps an error")]
fn not_judged(failed: JudgeFailed) -> EngineFailure {
    EngineFailure::Programme { why: failed.to_string() }
}

/// What counts in one judgement and not in the other.
pub(super) fn only_in<'one>(one: &'one Judgement, other: &Judgement) -> Vec<&'one FailedCondition> {
    let counts = |it: &&FailedCondition| it.counts();
    let is_in = |it: &FailedCondition| {
        other.conditions.iter().filter(counts).any(|its| its.policy == it.policy && its.subject == it.subject)
    };
    one.conditions.iter().filter(counts).filter(|it| !is_in(it)).collect()
}

fn failed_now(condition: &FailedCondition) -> FailedNow {
    FailedNow {
        policy: condition.policy.clone(),
        subject: condition.subject.clone(),
        kind: condition.kind,
        control: condition.control.clone(),
        severity: condition.severity,
        reason: condition.reason.clone(),
        remedy: condition.remedy.clone(),
        cause: condition.cause.clone(),
        excepted_until: condition.excepted_until,
    }
}
