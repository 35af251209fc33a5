//! dismiss: a person says that a finding is none here, with a reason and an end; and takes that back.
//!
//! What is dismissed does not count and returns by itself: at its end, when what the finding rested on changes,
//! and when whoever said so has left. It never closes a finding, and must never be without an end (law 7). Next: `queue.rs`.

use crate::{
    Actor, Engine, EngineFailure,
    record::{By, Draft, digest_hex},
    verbs::reason,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use tenure_judge::{
    ApiAction, ApiResource, ApiResourceKind, Dossier, ExplainedJudgement, FailedCondition, Grounds, Verdict,
    Word,
};
use tenure_model::{DecisionRight, Instant, Person, Role};
use tenure_store::{
    StoreFailure,
    tables::{dismissals::NewDismissal, findings::FindingRow},
};

/// Policies whose findings nobody dismisses, and why: whoever made something without asking, or was asked in vain, would else
/// excuse themselves.
const NOT_DISMISSED: [(&str, &str); 4] = [
    (
        "made_outside",
        "that it was made without a request is a fact and no opinion: ask for it late (`tenure request create`), which others \
         decide, or ask for an exception",
    ),
    (
        "gained_outside",
        "that a right was gained without a request is a fact and no opinion: ask for it late (`tenure request privilege`), which \
         others decide, take it away, or ask for an exception",
    ),
    (
        "right_past_its_end",
        "others decided until when the right was to be there: take it away, or ask that it goes on (`tenure request privilege`)",
    ),
    (
        "review_missed",
        "that nobody decided in a review is a fact and no opinion: begin one that means it (`tenure review start`), which \
         others decide, or ask for an exception",
    ),
];
/// How long a finding may be dismissed.
const DISMISSED_MAX: Duration = Duration::from_hours(24 * 365);

/// What is dismissed, taken back and dismissed once more within a day is no longer for that.
const A_DAY: Duration = Duration::from_hours(24);

/// Who said what of a condition, and in whose place; nobody where they have left.
pub(super) type SaidBy = BTreeMap<Word, Vec<Option<Person>>>;

/// What a person says of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dismissal {
    /// Why it is no finding here.
    pub reason: String,
    /// When it counts again, at most 365 days from now.
    pub until: Instant,
    /// What it rested on when it was looked at, as [`Engine::look_at`] says; nothing where nobody looked. When it rests
    /// on something else by now, nothing is written.
    #[serde(default)]
    pub rests_on_digest: Option<String>,
}

/// An open finding, and what it rests on now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingSeen {
    /// The finding.
    #[serde(flatten)]
    pub finding: FindingRow,
    /// Names what it rests on, every member of it, to be given back by whoever dismisses it; nothing where it is over, or
    /// where it was not asked for.
    pub rests_on_digest: Option<String>,
}

/// Findings that are mended together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FindingsBeside {
    /// Those that count, by name, at most 200.
    pub items: Vec<FindingSeen>,
    /// There are more than are listed.
    pub is_cut: bool,
}

/// Findings of one group that are looked at together, at most.
const GROUP_MAX: u32 = 200;

/// Why a finding is not dismissed so; nothing where it may be.
fn unfit(finding: &FindingRow, dismissal: &Dismissal, now: Instant) -> Option<&'static str> {
    let never = NOT_DISMISSED.iter().find(|(policy, _)| *policy == finding.policy);
    if dismissal.reason.trim().is_empty() {
        Some("a dismissal says why; the reason is empty")
    } else if let Some((_, why)) = never {
        Some(why)
    } else if dismissal.until <= now {
        Some("the end lies in the past")
    } else if dismissal.until > now.plus(DISMISSED_MAX) {
        Some("a finding is dismissed for 365 days at most; say it again then")
    } else {
        None
    }
}

impl Engine {
    /// What these findings rest on now, in their order. Each identity is looked at once.
    pub async fn look_at(&self, findings: Vec<FindingRow>) -> Result<Vec<FindingSeen>, EngineFailure> {
        let mut digests = BTreeMap::new();
        let identities: std::collections::BTreeSet<_> = findings.iter().map(|one| one.identity).collect();
        for identity in identities {
            let looked = self.explain_now(identity).await;
            let (dossier, explained) = match looked {
                Ok(looked) => looked,
                // It went away meanwhile, and its findings with it.
                Err(EngineFailure::Store(StoreFailure::Missing { .. })) => continue,
                Err(failure) => return Err(failure),
            };
            for one in findings.iter().filter(|one| one.identity == identity) {
                if let Some(grounds) = self.grounds_of(one, &dossier, &explained) {
                    digests.insert(one.id, digest(&grounds)?);
                }
            }
        }
        let seen =
            |finding: FindingRow| FindingSeen { rests_on_digest: digests.remove(&finding.id), finding };
        Ok(findings.into_iter().map(seen).collect())
    }

    /// The findings that the queue puts together with this one, as things to mend in one place.
    pub async fn findings_beside(&self, one: &FindingRow) -> Result<FindingsBeside, EngineFailure> {
        let one = one.clone();
        let read =
            self.store.read("findings_beside", move |tx| tx.findings_beside(&one, i64::from(GROUP_MAX) + 1));
        let mut found = read.await?;
        let is_cut = found.len() > GROUP_MAX as usize;
        found.truncate(GROUP_MAX as usize);
        Ok(FindingsBeside { items: self.look_at(found).await?, is_cut })
    }

    /// An open finding by its id or handle, dismissed or not.
    pub async fn open_finding(&self, given: &str) -> Result<FindingRow, EngineFailure> {
        let wanted = given.to_owned();
        Ok(self.store.read("open_finding", move |tx| tx.open_finding_named(&wanted)).await?)
    }

    /// Says that this finding is none until an end; it is judged on and counts again by itself. One that is
    /// dismissed already is a conflict.
    pub async fn dismiss(
        &self,
        actor: Actor,
        finding: &FindingRow,
        dismissal: Dismissal,
    ) -> Result<FindingRow, EngineFailure> {
        let now = self.clock.now();
        let reason = reason::kept(&dismissal.reason)?;
        if let Some(why) = unfit(finding, &dismissal, now) {
            return Err(EngineFailure::Refused { why: why.to_owned() });
        }
        let draft = about(finding, "finding.dismissed", actor).text("until", dismissal.until);
        let entry = self.entry(draft.body(serde_json::json!({
            "subject": finding.subject, "policy": finding.policy, "reason": reason,
        })))?;
        let rested_on = self.rests_on(finding).await?;
        if let Some(seen) = &dismissal.rests_on_digest
            && *seen != digest(&rested_on)?
        {
            let why = String::from("what this finding rests on changed since you looked: look again");
            return Err(StoreFailure::Conflict { why }.into());
        }
        let new = NewDismissal {
            identity: finding.identity,
            policy: finding.policy.clone(),
            subject: finding.subject.clone(),
            reason,
            dismissed_by: actor.person,
            ends: dismissal.until,
            rested_on,
        };
        let (mint, given) = (self.mint()?, finding.id.to_string());
        let written = self.store.write("dismiss", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            let is_excepted = tx.open_finding_named(&given)?.excepted_until.is_some();
            if is_excepted {
                let why = String::from(
                    "this finding is excepted: it does not count; take the exception back first",
                );
                return Err(StoreFailure::Conflict { why });
            }
            let about = (new.identity, &*new.policy, &*new.subject);
            let (before, is_again) = tx.dismissed_for(about, actor.person, now.minus(2 * DISMISSED_MAX))?;
            let is_long = before + new.ends.since(now) > DISMISSED_MAX + A_DAY;
            if is_long && (is_again || actor.role == Role::Owner) {
                let why = String::from(
                    "it would have been dismissed for more than 365 days of two years: an operator or administrator who did not \
                     dismiss it before says that it is none, or an exception is asked for",
                );
                return Err(StoreFailure::Conflict { why });
            }
            tx.dismiss(&mint, &new)?;
            tx.entry(entry.clone())?;
            tx.open_finding_named(&given)
        });
        let written = written.await?;
        self.judging_woken.notify_one();
        Ok(written)
    }

    /// Names what a finding rests on now, for whoever looks at it and dismisses it later. One that is over already
    /// is a conflict.
    pub async fn rests_on_digest(&self, finding: &FindingRow) -> Result<String, EngineFailure> {
        digest(&self.rests_on(finding).await?)
    }

    /// What a finding rests on now. One that is over already is a conflict.
    pub(super) async fn rests_on(&self, finding: &FindingRow) -> Result<Grounds, EngineFailure> {
        let (dossier, explained) = self.explain_now(finding.identity).await?;
        let over = || StoreFailure::Conflict { why: String::from("this finding is over already") };
        Ok(self.grounds_of(finding, &dossier, &explained).ok_or_else(over)?)
    }

    fn grounds_of(
        &self,
        finding: &FindingRow,
        dossier: &Dossier,
        explained: &ExplainedJudgement,
    ) -> Option<Grounds> {
        let it = |one: &FailedCondition| one.policy == finding.policy && one.subject == finding.subject;
        let fails = explained.judgement.conditions.iter().any(it);
        let now = self.clock.now();
        fails
            .then(|| self.in_force().judge.grounds(dossier, &finding.policy, &finding.subject, now))
            .flatten()
    }

    /// Says of each dismissal and exception whether whoever said so is still there and would still be let say so.
    pub(super) fn heed_who_left(&self, dossier: &mut Dossier, people: &SaidBy) {
        let charter = &dossier.charter;
        for said in &mut dossier.said {
            let did = match said.word {
                Word::Dismissal(_) => "dismissed",
                Word::Exception(_) => "granted",
            };
            let void = |person: &Option<Person>| {
                let Some(person) = person else { return Some(format!("whoever {did} it has left")) };
                let asker = tenure_judge::Actor { person: Some(person.id), role: person.role, local: false };
                let owned = [charter.business_owner, charter.technical_owner].contains(&Some(person.id));
                let about = ApiResource::new(ApiResourceKind::Identity, owned);
                let may = match said.word {
                    Word::Dismissal(_) => self.authoriser.authorise(&asker, &ApiAction::Plan, &about),
                    Word::Exception(_) => self.authoriser.holds(&asker, DecisionRight::Except, &about),
                };
                (may != Verdict::Allowed).then(|| format!("whoever {did} it may not do so any more"))
            };
            said.void = match people.get(&said.word) {
                Some(all) => all.iter().find_map(void),
                None => Some(format!("whoever {did} it has left")),
            };
        }
    }

    /// Takes a dismissal back: the finding counts again from now on. One that is not dismissed is a conflict.
    pub async fn withdraw_dismissal(
        &self,
        actor: Actor,
        finding: &FindingRow,
    ) -> Result<FindingRow, EngineFailure> {
        let now = self.clock.now();
        let entry = self.entry(about(finding, "finding.dismissal_withdrawn", actor))?;
        let (of, given) = (finding.clone(), finding.id.to_string());
        let written = self.store.write("withdraw_dismissal", move |tx| {
            still_there(tx.person(actor.person)?.map(|person| person.role), actor)?;
            if !tx.withdraw_dismissal(of.identity, &of.policy, &of.subject, now)? {
                let why = String::from("this finding is not dismissed");
                return Err(StoreFailure::Conflict { why });
            }
            tx.entry(entry.clone())?;
            tx.open_finding_named(&given)
        });
        let written = written.await?;
        self.judging_woken.notify_one();
        Ok(written)
    }
}

/// SHA-256 over what a finding rests on, every member of it.
pub(super) fn digest(grounds: &Grounds) -> Result<String, EngineFailure> {
    let shape = |why: serde_json::Error| StoreFailure::Shape { table: "dismissals", why: why.to_string() };
    Ok(digest_hex(&serde_json::to_vec(grounds).map_err(shape)?))
}

fn about(finding: &FindingRow, kind: &'static str, actor: Actor) -> Draft {
    Draft::new(kind, By::Person(actor, None), finding.id)
        .about(finding.identity)
        .text("policy", &finding.policy)
}

/// Whoever decides must still be there, in the role in which they were let in, when it is written.
pub(super) fn still_there(role: Option<tenure_model::Role>, actor: Actor) -> Result<(), StoreFailure> {
    if role == Some(actor.role) {
        return Ok(());
    }
    let why = String::from("whoever asked this was removed or given another role meanwhile");
    Err(StoreFailure::Conflict { why })
}
