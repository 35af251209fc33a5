//! show and explain: everything about one identity, opened by the three questions.
//!
//! Should it exist? What is the least it needs? What proves removal? Each is answered with its
//! evidence, or with the word "unanswered" and what would answer it.

use super::{
    handoffs::{self, HandoffLine},
    requests::{GainShown, gains_shown},
    tickets::{self, TicketShown},
};
use crate::{Engine, EngineFailure};
use serde::Serialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tenure_connect::Connector;
use tenure_judge::{Dossier, ExplainedJudgement, Risk};
use tenure_model::{Charter, CredentialState, PlanKind, Presence, PrincipalId, counted, flag, names, text};
use tenure_store::tables::{
    findings::FindingRow,
    identities::IdentityRow,
    inventory::{CredentialRow, GrantRow, PrincipalRow, UseRow},
    plans::PlanRow,
};
use tenure_store::{StoreFailure, Tx};

/// Rights shown on a page, at most.
const GRANTS_SHOWN: i64 = 200;

/// One of the three questions, with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The question.
    pub question: &'static str,
    /// Whether it can be answered.
    pub answer: Answer,
    /// The answer, or what would answer it.
    pub text: String,
}

/// Whether a question can be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes, by evidence.
    Answered,
    /// No.
    Unanswered,
}

/// A credential with its three answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CredentialShown {
    /// The credential.
    pub credential: CredentialRow,
    /// Issued by what.
    pub issued_by: String,
    /// May do what.
    pub may_do: String,
    /// Dies when.
    pub dies: String,
}

/// Everything about one identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentityShown {
    /// The identity.
    pub identity: IdentityRow,
    /// The three questions.
    pub questions: Vec<Question>,
    /// Its owners, by name.
    pub owners: Vec<String>,
    /// Its principals.
    pub principals: Vec<PrincipalRow>,
    /// Its credentials.
    pub credentials: Vec<CredentialShown>,
    /// Its rights, at most 200 a principal.
    pub grants: Vec<GrantRow>,
    /// How many rights it holds in all.
    pub grants_count: i64,
    /// How many things it owns.
    pub owned_count: i64,
    /// Who was seen using it.
    pub uses: Vec<UseRow>,
    /// Where copies of its credentials were seen.
    pub copies: Vec<String>,
    /// What is wrong.
    pub findings: Vec<FindingRow>,
    /// Plans about it, newest first.
    pub plans: Vec<PlanRow>,
    /// Why nothing of it can be ended from here; nothing when some of it can be, as far as is known.
    pub not_ended_here: Option<String>,
    /// The handle of the request that it was made by; nothing where there was none.
    pub request: Option<String>,
    /// Who was offered to answer for it and has not accepted.
    pub handoffs: Vec<HandoffLine>,
    /// How much it could cost, term by term; nothing of what a system brought with it, and of what is not there.
    pub risk: Option<Risk>,
    /// It was there before it was asked for.
    pub request_is_late: bool,
    /// Rights that it gained by a request or while its source was watched, and holds; the latest first.
    pub gains: Vec<GainShown>,
    /// Tickets that name it, at most 50.
    pub tickets: Vec<TicketShown>,
}

impl Engine {
    /// Everything about one identity.
    pub async fn show(&self, given: &str) -> Result<IdentityShown, EngineFailure> {
        let (wanted, connectors) = (given.to_owned(), self.connectors.clone());
        let mut shown = self
            .store
            .read("show", move |tx| {
                let identity = tx.find_identity(&wanted)?;
                let owners = owners_of(tx, &identity.charter)?;
                let request = tx.request_of(identity.id)?;
                let mut shown = IdentityShown {
                    questions: Vec::new(),
                    owners,
                    principals: tx.principals_of(identity.id)?,
                    credentials: Vec::new(),
                    grants: Vec::new(),
                    grants_count: 0,
                    owned_count: 0,
                    uses: Vec::new(),
                    copies: Vec::new(),
                    findings: tx.open_findings_of(identity.id)?,
                    plans: tx.plans_of(identity.id)?,
                    not_ended_here: None,
                    risk: None,
                    request: request.as_ref().map(|row| row.id.handle()),
                    request_is_late: request.is_some_and(|row| row.wanted.is_late()),
                    gains: gains_shown(tx, identity.id)?,
                    tickets: tickets::of(tx, identity.id)?,
                    handoffs: handoffs::waiting_of(tx, identity.id)?,
                    identity,
                };
                for principal in shown.principals.clone() {
                    let (grants, owned) = tx.count_grants(principal.id)?;
                    shown.grants_count += grants;
                    shown.owned_count += owned;
                    shown.grants.extend(tx.grants_of(principal.id, GRANTS_SHOWN)?);
                    shown.uses.extend(tx.uses_of(principal.id, 20)?);
                    shown.copies.extend(tx.copies_of(&principal.name)?.into_iter().map(|(place, _)| place));
                    for credential in tx.credentials_of(principal.id)? {
                        shown.credentials.push(credential_shown(credential, &principal, grants, owned));
                    }
                }
                shown.not_ended_here = not_ended_here(&connectors, shown.principals.iter());
                let mut again = BTreeSet::new();
                for principal in &shown.principals {
                    if matches!(principal.presence, Presence::Retired | Presence::Unproven) {
                        again.extend(seen_again(tx, principal.id)?);
                    }
                }
                shown.questions = questions(&shown, &again.into_iter().collect::<Vec<_>>());
                Ok(shown)
            })
            .await?;
        let (_, explained) = self.explain_now(shown.identity.id).await?;
        shown.risk = explained.risk;
        // What is kept is when it is to be judged again, which need not change anything.
        if shown.identity.due.is_some() {
            shown.identity.due = explained.judgement.changes_at;
        }
        Ok(shown)
    }

    /// Judges an identity now and shows every fact that was looked at, without writing anything down.
    pub async fn explain(&self, given: &str) -> Result<(Dossier, ExplainedJudgement), EngineFailure> {
        let wanted = given.to_owned();
        let id = self.store.read("find_identity", move |tx| tx.find_identity(&wanted)).await?.id;
        self.explain_now(id).await
    }
}

/// Who answers for an identity, by name.
pub(super) fn owners_of(tx: &mut Tx<'_>, charter: &Charter) -> Result<Vec<String>, StoreFailure> {
    let mut owners = Vec::new();
    for id in [charter.business_owner, charter.technical_owner].into_iter().flatten() {
        let name = tx.person(id)?.map_or_else(|| String::from("(left)"), |person| person.name);
        if !owners.contains(&name) {
            owners.push(name);
        }
    }
    Ok(owners)
}

pub(super) fn credential_shown(
    credential: CredentialRow,
    principal: &PrincipalRow,
    grants: i64,
    owned: i64,
) -> CredentialShown {
    let (elsewhere, claim) = (is_elsewhere(principal), is_claim(principal));
    let dies = match (credential.state, credential.valid_until) {
        (CredentialState::Live, None) if claim => {
            String::from("when its own system ends it; that it is there is a claim (P0)")
        }
        (CredentialState::Live, None) if elsewhere => match text(&credential.facts, names::ENDLESS) {
            Some(why) => format!("never by itself: {why}"),
            None => String::from("when the system it is for ends it; not known here"),
        },
        (CredentialState::Removed, _) => String::from("removed by Tenure"),
        (CredentialState::Gone, _) => String::from("gone"),
        (CredentialState::Disabled, _) => String::from("refused now, but kept"),
        (CredentialState::Expired, Some(end)) => format!("ended {end}"),
        (CredentialState::Live, Some(end)) => format!("at {end}, by the system itself"),
        (CredentialState::Live | CredentialState::Expired, None) => {
            String::from("never, unless somebody ends it")
        }
    };
    let may_do = match (flag(&principal.facts, names::SUPERUSER), grants, owned) {
        (Some(true), ..) => String::from("everything: no permission check applies"),
        _ if elsewhere => String::from("what its system lets it do; not known here"),
        (_, grants, owned) if claim => {
            format!("{}, owner of {owned}, as the file says", counted(grants, "right"))
        }
        (_, 0, 0) => String::from("nothing beyond what everybody may"),
        (_, grants, owned) => format!("{}, owner of {owned}", counted(grants, "right")),
    };
    let issued_by = match text(&principal.facts, names::TOWARDS) {
        Some(towards) if elsewhere => tenure_model::printable(towards, 120),
        _ if elsewhere => String::from("another system; the copy does not say which"),
        _ if claim => String::from("its own system, which is not read"),
        _ => format!("{} (by hand)", principal.source_name),
    };
    CredentialShown { credential, issued_by, may_do, dies }
}

/// True of an identity of another system, of which only a copy of its credential is known. The connector says so.
fn is_elsewhere(principal: &PrincipalRow) -> bool {
    flag(&principal.facts, names::OF_ANOTHER_SYSTEM) == Some(true)
}

/// True of what a file says is there, and nobody saw.
fn is_claim(principal: &PrincipalRow) -> bool {
    flag(&principal.facts, names::CLAIMED) == Some(true)
}

/// The connectors that are built in, by system.
pub(super) type Connectors = BTreeMap<&'static str, Arc<dyn Connector>>;

/// Why nothing of this can be ended from here; nothing when some of it can be, as far as is known.
pub(super) fn not_ended_here<'rows>(
    connectors: &Connectors,
    principals: impl Iterator<Item = &'rows PrincipalRow>,
) -> Option<String> {
    let reasons: Option<Vec<String>> = principals.map(|one| not_ended(connectors, one)).collect();
    reasons?.into_iter().next()
}

fn not_ended(connectors: &Connectors, principal: &PrincipalRow) -> Option<String> {
    let of_kind = connectors.get(principal.system.as_str());
    let of_kind = of_kind.and_then(|connector| connector.not_ended(principal.kind));
    let fixed = if is_claim(principal) {
        Some(
            "it is a claim of a file (P0): Tenure does not reach its system; end it there, and leave it out of the file",
        )
    } else if is_elsewhere(principal) {
        Some(
            "only a copy of its credential is seen here; end it in the system it is for, then remove the copy",
        )
    } else {
        of_kind
    };
    // What the survey saw of our own account's rights; a plan reads it anew.
    let built_in = principal.built_in.then_some("it is part of the system itself, which Tenure never ends");
    fixed.or_else(|| text(&principal.facts, names::NOT_ENDED)).or(built_in).map(str::to_owned)
}

/// Where the name or a value of one that was ended is there again.
fn seen_again(tx: &mut Tx<'_>, ended: PrincipalId) -> Result<Vec<String>, StoreFailure> {
    let mut again = tx.namesakes(ended, [Presence::Present, Presence::Present])?;
    again.extend(tx.alive_with_value_of(ended)?);
    Ok(again
        .iter()
        .map(|one| format!("{} ({})", tenure_model::printable(&one.name, 60), one.handle))
        .collect())
}

fn questions(shown: &IdentityShown, again: &[String]) -> Vec<Question> {
    vec![should_it_exist(shown), least_it_needs(shown), what_proves_removal(shown, again)]
}

fn should_it_exist(shown: &IdentityShown) -> Question {
    let charter = &shown.identity.charter;
    let (answer, text) = match (&charter.purpose, shown.owners.as_slice()) {
        (Some(purpose), [_, ..]) => {
            (Answer::Answered, format!("{purpose}; {} answers for it", shown.owners.join(" and ")))
        }
        (None, [_, ..]) => (
            Answer::Unanswered,
            format!(
                "{} answers for it, but nobody wrote down why (tenure own --purpose)",
                shown.owners.join(" and ")
            ),
        ),
        (_, []) if shown.identity.built_in => (Answer::Answered, String::from("part of the system itself")),
        (_, []) => {
            let hint = shown.principals.iter().find_map(|principal| principal.charter_hint.clone());
            let hint = hint
                .map(|hint| format!("; a comment beside it says: {}", tenure_model::printable(&hint, 120)));
            (
                Answer::Unanswered,
                format!("nobody has said whose it is (tenure own){}", hint.unwrap_or_default()),
            )
        }
    };
    Question { question: "Should it exist?", answer, text }
}

fn least_it_needs(shown: &IdentityShown) -> Question {
    let elsewhere = shown.principals.iter().any(is_elsewhere);
    let claimed = shown.principals.iter().any(is_claim);
    let rights = counted(shown.grants_count, "right");
    let everything = |one: &PrincipalRow| flag(&one.facts, names::SUPERUSER) == Some(true);
    let has = if !claimed && shown.principals.iter().any(everything) {
        format!("no right is checked for it: it may do everything; it owns {}", shown.owned_count)
    } else if claimed {
        format!("a file says that it holds {rights} and owns {}", shown.owned_count)
    } else if elsewhere {
        String::from("its rights are in another system, which is not read as a source")
    } else {
        format!("it holds {rights} and owns {}", shown.owned_count)
    };
    let (answer, text) = if shown.identity.charter.allowed_scope.is_empty() {
        let seen = match shown.uses.first() {
            None => String::from("no use was seen"),
            Some(last) => format!(
                "last seen used {} from {}",
                last.last_seen,
                tenure_model::printable(&last.consumer, 60)
            ),
        };
        (Answer::Unanswered, format!("{has}; {seen}; which rights are used is not observable here"))
    } else {
        (Answer::Answered, format!("{}; {has}", shown.identity.charter.allowed_scope.join(", ")))
    };
    Question { question: "What is the least it needs?", answer, text }
}

fn what_proves_removal(shown: &IdentityShown, again: &[String]) -> Question {
    // Who can read a file says nothing of the end of what lies in it.
    let ends = |plan: &&PlanRow| plan.kind != PlanKind::Tighten;
    let proved = shown.plans.iter().filter(ends).find_map(|plan| plan.level.zip(plan.sentence.clone()));
    let alive = shown.principals.iter().any(|principal| principal.presence == Presence::Present);
    let read =
        shown.principals.iter().any(|one| one.presence == Presence::Present && one.unread_since.is_none());
    let unread = shown.principals.iter().find_map(|one| one.unread_since).filter(|_| !read);
    let (answer, text) = match (alive, proved) {
        (true, _) if unread.is_some() => {
            let since = unread.map(|since| since.to_string()).unwrap_or_default();
            (
                Answer::Unanswered,
                format!(
                    "not observed any more since {since}, when its source was removed; it was present then"
                ),
            )
        }
        (true, _) if shown.principals.iter().any(is_claim) => (
            Answer::Unanswered,
            String::from(
                "that it is there is a claim of a file (P0); nothing can be shown from here, because its system is not read",
            ),
        ),
        (true, _) if shown.principals.iter().any(is_elsewhere) => (
            Answer::Unanswered,
            String::from(
                "a copy of it is there; only the system it is for can refuse it, and that one is not read as a source",
            ),
        ),
        (true, _) if shown.not_ended_here.is_some() && shown.identity.built_in => (
            Answer::Unanswered,
            String::from("it is part of the system itself and not ended from here; nothing is to be shown"),
        ),
        (true, _) if shown.not_ended_here.is_some() => (
            Answer::Unanswered,
            String::from(
                "it is there; once a person has ended it, the next survey that reads it whole shows it absent",
            ),
        ),
        (true, _) => (
            Answer::Unanswered,
            String::from("it is there; a revocation would show at each point that it is refused"),
        ),
        (false, Some((level, sentence))) if again.is_empty() => {
            (Answer::Answered, format!("{level}: {sentence}"))
        }
        (false, Some((level, sentence))) => {
            let again = again.join(", ");
            (Answer::Unanswered, format!("{level}: {sentence}; but it was seen again since, as {again}"))
        }
        (false, None) => (Answer::Unanswered, String::from("it vanished without us; nothing was proved")),
    };
    Question { question: "What proves removal?", answer, text }
}

/// The verifier kind of a credential in a word, for lists.
impl CredentialShown {
    /// How the value is kept, as far as known.
    pub fn kept_as(&self) -> &str {
        text(&self.credential.facts, names::VERIFIER).unwrap_or("unknown")
    }
}
