//! judge: from what is known about an identity to its standing, and the instant it changes by itself.
//!
//! The dossier is read in one transaction and judged outside of it; the verdict is written with
//! one entry for all standings that changed. It must never decide anything itself: `tenure-judge` does. Next: `dossier.rs`, how it is read.

use super::dossier::{Read, dossier};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft},
};
use tenure_judge::{
    Dossier, ExplainedJudgement, FailedCondition, JudgeFailed, Judgement, OpenSince, Said, Word, WordEnded,
};
use tenure_model::{IdentityId, Instant, Standing};
use tenure_store::{NewEntry, tables::findings::FailedNow};

/// Identities judged in one transaction, at most.
const BATCH: i64 = 500;
/// Instants followed to find one at which something that is said changes.
const CHANGES_FOLLOWED: usize = 64;

/// One identity, judged as it was after so many touches.
struct Judged {
    id: IdentityId,
    judgement: Judgement,
    class: Option<String>,
    touches: i64,
}

/// What people said and is over, and the entry that says so.
type Ended = (WordEnded, NewEntry);

/// What a round of judging did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Round {
    pub(crate) judged: usize,
    pub(crate) opened: i64,
    pub(crate) closed: i64,
    pub(crate) changed: i64,
}

impl Engine {
    /// Judges everything that waits to be judged; returns how many identities that were. What nobody decided in time is
    /// over with it.
    pub async fn judge_touched(&self) -> Result<usize, EngineFailure> {
        self.end_undecided().await?;
        let mut judged = 0;
        loop {
            let round = self.judge_batch().await?;
            judged += round.judged;
            // What stands otherwise now may have had others judged again that wait for it.
            if round.judged < usize::try_from(BATCH).unwrap_or(usize::MAX) && round.changed == 0 {
                return Ok(judged);
            }
        }
    }

    async fn judge_batch(&self) -> Result<Round, EngineFailure> {
        let (now, in_force) = (self.clock.now(), self.in_force());
        let dossiers = self
            .store
            .read("dossiers", move |tx| {
                let waiting = tx.to_judge(now, BATCH)?;
                let read = |id| {
                    let touches = tx.touches(id)?;
                    dossier(tx, id).map(|read| (read, touches))
                };
                waiting.into_iter().map(read).collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let mut verdicts = Vec::with_capacity(dossiers.len());
        for (read, touches) in dossiers {
            let (dossier, open_since) = self.heeded(read);
            match in_force.judge.judge(&dossier, &open_since, now) {
                Ok(judgement) => {
                    let class = in_force.judge.class_of(&dossier).map(|class| class.id.clone());
                    verdicts.push(Judged { id: dossier.identity, judgement, class, touches });
                }
                // The identity keeps its last judgement; it is tried again when something changes.
                Err(error) => {
                    tracing::error!(identity = %dossier.identity, %error, "not judged");
                    let id = dossier.identity;
                    self.store.write("untouch", move |tx| tx.untouch_if(id, touches)).await?;
                }
            }
        }
        if verdicts.is_empty() {
            return Ok(Round::default());
        }
        self.write_judgements(verdicts, in_force.version, now).await
    }

    async fn write_judgements(
        &self,
        verdicts: Vec<Judged>,
        programme: i64,
        now: Instant,
    ) -> Result<Round, EngineFailure> {
        let (mint, judged) = (self.mint()?, verdicts.len());
        let verdicts = std::sync::Arc::new(verdicts);
        let before = std::sync::Arc::clone(&verdicts);
        let standings = self
            .store
            .read("standings", move |tx| {
                before
                    .iter()
                    .map(|judged| tx.identity(judged.id).map(|row| (row.standing, row.class)))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        let entry = self.moved(&verdicts, &standings)?;
        let ended = self.ended(&verdicts)?;
        let round = self
            .store
            .write("judge", move |tx| {
                let mut round = Round { judged: verdicts.len(), ..Round::default() };
                // Judged by what is not in force any more: all of it was touched then, and is judged again.
                if tx.programme_version()? != programme {
                    return Ok(None);
                }
                for (Judged { id, judgement, class, touches }, (_, class_before)) in
                    verdicts.iter().zip(&standings)
                {
                    if class != class_before {
                        tx.set_class(*id, class.as_deref(), now)?;
                    }
                    let failed: Vec<FailedNow> = judgement.conditions.iter().map(failed_now).collect();
                    tx.end_dismissals(*id, now)?;
                    let changes = tx.apply_findings(&mint, *id, &failed)?;
                    round.opened += changes.opened;
                    round.closed += changes.closed;
                    let changed = tx.set_standing(*id, judgement.standing, judgement.changes_at, now)?;
                    round.changed += i64::from(changed);
                    tx.untouch_if(*id, *touches)?;
                }
                for (ended, entry) in &ended {
                    let is_news = match ended.word {
                        Word::Dismissal(id) => tx.end_dismissal_early(id, &ended.why, now)?,
                        Word::Exception(id) => tx.end_exception(id, &ended.why, now)?,
                    };
                    if is_news {
                        tx.entry(entry.clone())?;
                    }
                }
                if let Some(entry) = &entry {
                    tx.entry(entry.clone())?;
                }
                Ok(Some(round))
            })
            .await?;
        match round {
            Some(round) => Ok(round),
            None => {
                self.read_programme_again().await?;
                Ok(Round { judged, ..Round::default() })
            }
        }
    }

    /// One entry for all standings that change, if any does.
    fn moved(
        &self,
        verdicts: &[Judged],
        before: &[(Standing, Option<String>)],
    ) -> Result<Option<NewEntry>, EngineFailure> {
        let both = verdicts.iter().zip(before).map(|(judged, (before, _))| (judged, *before));
        let changes: Vec<serde_json::Value> = both
            .filter(|(judged, before)| judged.judgement.standing != *before)
            .map(|(Judged { id, judgement, .. }, before)| {
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

    /// Everything known about one identity now, without words on it that count for nothing any more.
    pub(super) async fn dossier_now(&self, id: IdentityId) -> Result<(Dossier, OpenSince), EngineFailure> {
        let read = self.store.read("dossier", move |tx| dossier(tx, id)).await?;
        Ok(self.heeded(read))
    }

    /// What was read, without words on it that count for nothing any more.
    pub(super) fn heeded(&self, read: Read) -> (Dossier, OpenSince) {
        let Read { mut dossier, open_since, said_by, confirmed_by } = read;
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

    /// The same, of an identity as it is known now.
    pub(super) async fn changes_of(&self, id: IdentityId) -> Result<Option<Instant>, EngineFailure> {
        let (dossier, open_since) = self.dossier_now(id).await?;
        let now = self.in_force().judge.judge(&dossier, &open_since, self.clock.now()).map_err(not_judged)?;
        self.changes(&dossier, &open_since, &now)
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
