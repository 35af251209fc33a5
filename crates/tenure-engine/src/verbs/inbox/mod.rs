//! inbox: what waits for one person, why it is theirs, what to do and until when.
//!
//! Whether something is theirs is asked of the very functions that let them decide it; there is no second answer to that
//! question. The work for each kind is bounded, and what lies beyond is said to be there. It must never change anything.
//! `decisions.rs` has what others asked for, `own.rs` what is theirs. Next: `tenure-govern/src/inbox.rs`, the order.

mod decisions;
mod own;

use crate::{Engine, EngineFailure};
use serde::Serialize;
use std::sync::Arc;
use tenure_govern::{Waiting, in_order};
use tenure_judge::{Authoriser, Verdict};
use tenure_model::{Instant, Person, Role, WaitingKind};
use tenure_store::{StoreFailure, Tx};

use super::{
    approvals::Deciding, delegations::Delegating, handoffs::Handing, own::speaks_for, programme::InForce,
    requests::RequestDeciding, reviews::Reviewing,
};

/// Lines of one kind, at most.
const SHOWN_MAX: usize = 20;
/// Things of one kind that are looked at for whose they are, at most.
const LOOKED_AT_MAX: i64 = 200;
/// Of these many one by one; of more in one line.
const ONE_BY_ONE: usize = 5;

/// What waits for one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inbox {
    /// Whose, by name.
    pub person: String,
    /// What they do.
    pub role: Role,
    /// When that was asked.
    pub at: Instant,
    /// What waits, what comes first first.
    pub waiting: Vec<InboxLine>,
    /// How many lines of it are overdue.
    pub overdue: u32,
    /// Of which kinds there is more, or may be.
    pub more: Vec<MoreWaiting>,
    /// What became of what they asked for, in the last 14 days: refused, lapsed or over. It waits for nobody.
    pub answered: Vec<Waiting>,
    /// What is to be known of this inbox as a whole.
    pub note: Option<String>,
}

/// One line, and whether its end came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InboxLine {
    /// The line.
    #[serde(flatten)]
    pub waiting: Waiting,
    /// Its end came.
    pub overdue: bool,
}

/// Of which kind there is more than is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoreWaiting {
    /// Which kind.
    pub kind: WaitingKind,
    /// How many more were counted; there may be others, that nobody looked at for whose they are.
    pub at_least: u32,
    /// The command that lists them.
    pub command: String,
    /// The console's page that lists them.
    pub page: String,
}

/// What decides whose things are, to be taken into a transaction.
#[derive(Clone)]
struct Asking {
    person: Person,
    now: Instant,
    authoriser: Arc<Authoriser>,
    in_force: Arc<InForce>,
    plans: Deciding,
    requests: RequestDeciding,
    handing: Handing,
    delegating: Delegating,
    reviews: Reviewing,
}

/// What was found so far.
#[derive(Default)]
struct Found {
    waiting: Vec<Waiting>,
    more: Vec<MoreWaiting>,
    answered: Vec<Waiting>,
}

impl Found {
    /// Takes lines of one kind, as many as are shown; `beyond` says that not everything of the kind was looked at.
    fn take(&mut self, lines: Vec<Waiting>, beyond: bool, (kind, command, page): (WaitingKind, &str, &str)) {
        let more = lines.len().saturating_sub(SHOWN_MAX);
        self.waiting.extend(lines.into_iter().take(SHOWN_MAX));
        if more > 0 || beyond {
            self.more.push(MoreWaiting {
                kind,
                at_least: u32::try_from(more).unwrap_or(u32::MAX),
                command: command.to_owned(),
                page: page.to_owned(),
            });
        }
    }
}

impl Asking {
    /// Whether this person says whose an identity of theirs is, and what for.
    fn speaks_for(&self, owned: bool) -> bool {
        speaks_for(&self.authoriser, &self.person, (owned, false)) == Verdict::Allowed
    }

    fn asker(&self) -> tenure_judge::Actor {
        tenure_judge::Actor { person: Some(self.person.id), role: self.person.role, local: false }
    }
}

impl Engine {
    /// What waits for this person now.
    pub async fn inbox(&self, person: &Person) -> Result<Inbox, EngineFailure> {
        let asking = Asking {
            person: person.clone(),
            now: self.clock.now(),
            authoriser: Arc::clone(&self.authoriser),
            in_force: self.in_force(),
            plans: self.deciding(),
            requests: self.request_deciding(),
            handing: self.handing(),
            delegating: self.delegating(),
            reviews: self.reviewing(),
        };
        let now = asking.now;
        let read = move |tx: &mut Tx<'_>| {
            let mut found = Found::default();
            let wishes = decisions::find(tx, &asking, &mut found)?;
            own::find(tx, &asking, &mut found)?;
            Ok::<_, StoreFailure>((found, wishes))
        };
        let (mut found, wishes) = self.store.read("inbox", read).await?;
        // What nobody can grant any more, because it is mended or got worse, waits for nobody.
        let mut lines = Vec::new();
        for (row, line) in wishes.lines {
            match self.still_asked_for(&row).await {
                Ok(()) => lines.push(line),
                Err(
                    EngineFailure::Store(StoreFailure::Conflict { .. } | StoreFailure::Missing { .. })
                    | EngineFailure::Refused { .. },
                ) => {}
                Err(failure) => return Err(failure),
            }
        }
        let kind = (WaitingKind::Exception, "tenure exception list waiting", "/exceptions");
        found.take(lines, wishes.beyond, kind);
        let waiting: Vec<InboxLine> = in_order(found.waiting, now)
            .into_iter()
            .map(|waiting| InboxLine { overdue: waiting.is_overdue(now), waiting })
            .collect();
        let overdue = waiting.iter().filter(|one| one.overdue).count();
        Ok(Inbox {
            person: person.name.clone(),
            role: person.role,
            at: now,
            overdue: u32::try_from(overdue).unwrap_or(u32::MAX),
            waiting,
            more: found.more,
            answered: found.answered,
            note: (person.role == Role::Auditor).then(|| {
                String::from("an auditor decides nothing; what is shown here is what others passed on")
            }),
        })
    }
}
