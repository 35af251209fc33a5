//! Who is asked about an identity that is reviewed, and who may decide.
//!
//! Its business owner first; then whom the programme names, then the contact of the control, then operators and
//! administrators. Nobody reviews their own: whoever can change it, asked that it be made, or is seen using it is passed over.
//! It is computed anew whenever it is asked, so that whoever leaves is passed over by itself. Next: `decide.rs`.

use crate::verbs::{
    delegations::Capacity,
    own::{owns, speaks_for, speaks_in_place},
    programme::InForce,
};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tenure_judge::{Authoriser, Partner, People, REVIEW_CONTROL, StepAbout, Verdict};
use tenure_model::{ClockKind, Instant, Person, PersonId, Presence, Role};
use tenure_store::{StoreFailure, Tx, tables::identities::IdentityRow};

/// The stage at which whoever stands in for the owner is asked, and the one at which the contact of the control is.
pub(super) const STAND_IN: u32 = 1;
pub(super) const ESCALATION: u32 = 2;
/// How long before a review somebody may have been a technical owner and still be taken for one.
const FORMER_OWNERS: Duration = Duration::from_hours(24 * 30);
const FORMER: &str = "was its technical owner when the review began, within 30 days before, or since";
/// Consumers that are read to see who uses it.
const CONSUMERS_READ: i64 = 200;

/// What decides about reviews, to be taken into a transaction.
#[derive(Clone)]
pub(crate) struct Reviewing {
    pub(super) authoriser: Arc<Authoriser>,
    pub(super) in_force: Arc<InForce>,
}

/// Whose turn it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// Who; nobody in particular where a role is asked.
    pub(super) reviewer: Option<PersonId>,
    /// That in words, without a name.
    pub(super) words: String,
    /// Nobody is there whom the programme or the charter names: only the roles are left.
    pub(super) nobody_named: bool,
}

/// Somebody, or a role, that is asked from a stage on.
struct Candidate {
    stage: u32,
    who: Asked,
    words: String,
}

enum Asked {
    Person(PersonId),
    Role(Role),
}

/// Everything about one identity that says who may review it.
pub(super) struct Case<'people> {
    identity: IdentityRow,
    people: &'people People,
    /// Whoever can change it, asked for it or uses it, with the reason in words.
    own: Vec<(PersonId, &'static str)>,
}

impl<'people> Case<'people> {
    /// What is known of an identity and of those who might review it.
    pub(super) fn of(
        tx: &mut Tx<'_>,
        identity: IdentityRow,
        people: &'people People,
    ) -> Result<Self, StoreFailure> {
        let mut own = Vec::new();
        own.extend(identity.charter.technical_owner.map(|one| (one, "can change it as its technical owner")));
        own.extend(former(tx, &identity)?.into_iter().map(|one| (one, FORMER)));
        if let Some(request) = tx.request_of(identity.id)? {
            own.push((request.asked_by, "asked that it be made"));
        }
        let mut words = BTreeSet::new();
        for principal in tx.principals_of(identity.id)? {
            if principal.presence == Presence::Present {
                for used in tx.uses_of(principal.id, CONSUMERS_READ)? {
                    words.extend(
                        used.consumer.split([' ', '(', ')', '@', '/', ',', ';']).map(str::to_lowercase),
                    );
                }
            }
        }
        let users = people.people.iter().filter(|one| words.contains(&one.name.to_lowercase()));
        own.extend(users.map(|one| (one.id, "is seen using it")));
        Ok(Self { identity, people, own })
    }
}

/// Whoever was its technical owner when its review began, shortly before, or since: handing it on makes nobody a stranger.
fn former(tx: &mut Tx<'_>, identity: &IdentityRow) -> Result<BTreeSet<PersonId>, StoreFailure> {
    let Some(item) = tx.review_item_waiting(identity.id)? else { return Ok(BTreeSet::new()) };
    let since = tx.review(item.review)?.started.minus(FORMER_OWNERS);
    let charters = tx.charters_since(identity.id, since)?;
    let technical = charters.into_iter().filter_map(|charter| charter.technical_owner);
    Ok(technical.filter(|one| identity.charter.technical_owner != Some(*one)).collect())
}

impl Reviewing {
    /// By when whoever is asked from an instant on decides about this identity; nothing where no service level means its review.
    pub(super) fn due_by_level(&self, identity: &IdentityRow, from: Instant) -> Option<Instant> {
        let (class, tier) = (identity.class.as_deref(), identity.tier);
        let about = StepAbout { kind: ClockKind::Review, class, tier };
        Some(self.in_force.programme.service_level(about)?.due(from))
    }

    /// Whose turn it is at a stage; whoever is asked earlier than it is passed over.
    pub(super) fn turn(&self, case: &Case<'_>, stage: u32) -> Turn {
        let of_stage = |one: &&Candidate| one.stage >= stage;
        let candidates = self.candidates(case);
        let found = candidates.iter().filter(of_stage).find_map(|one| {
            let reviewer = match one.who {
                Asked::Person(person) => {
                    let person = case.people.people.iter().find(|known| known.id == person)?;
                    self.unfit(case, person).is_none().then_some(Some(person.id))?
                }
                Asked::Role(role) => {
                    let stands = |person: &&Person| stands_as(person.role, role);
                    let mut there = case.people.people.iter().filter(stands);
                    there.any(|person| self.unfit(case, person).is_none()).then_some(None)?
                }
            };
            Some(Turn { reviewer, words: one.words.clone(), nobody_named: false })
        });
        found.unwrap_or_else(|| Turn {
            reviewer: None,
            words: String::from("an operator or administrator: nobody else is left who may"),
            nobody_named: true,
        })
    }

    /// As whom somebody decides an item at this stage, of everything as which they may decide; or why they do not. Whoever
    /// was asked before may still say so.
    pub(super) fn whose(
        &self,
        case: &Case<'_>,
        stage: u32,
        capacities: Vec<Capacity>,
    ) -> Result<Capacity, String> {
        let mut refused = None;
        for capacity in capacities {
            match self.not_theirs(case, stage, &capacity) {
                None => return Ok(capacity),
                // Their own case is the one they are told of.
                Some(why) => refused = refused.or(Some(why)),
            }
        }
        Err(refused.unwrap_or_else(|| String::from("whoever decides has left")))
    }

    /// Why an item at this stage is not theirs to decide in this capacity; nothing where it is.
    fn not_theirs(&self, case: &Case<'_>, stage: u32, capacity: &Capacity) -> Option<String> {
        let unfit = match &capacity.in_place_of {
            None => self.unfit(case, &capacity.person),
            Some((_, from)) => self.unfit_in_place(case, &capacity.person, from),
        };
        if unfit.is_some() {
            return unfit;
        }
        let (subject, as_themselves) = (capacity.subject(), capacity.in_place_of.is_none());
        let turn = self.turn(case, stage);
        let is_asked = |one: &Candidate| match one.who {
            Asked::Person(asked) => asked == subject.id,
            Asked::Role(role) => as_themselves && stands_as(subject.role, role),
        };
        let was = self.candidates(case).iter().any(|one| one.stage < stage && is_asked(one));
        let by_role = turn.reviewer.is_none() && as_themselves && stands_as(subject.role, Role::Operator);
        if was || by_role || turn.reviewer == Some(subject.id) {
            return None;
        }
        Some(format!("it is the turn of {}", turn.words))
    }

    /// Whether somebody could answer for an identity: whether they hold the right to own one.
    pub(super) fn may_answer(&self, person: &Person) -> bool {
        matches!(speaks_for(&self.authoriser, person, (true, false)), Verdict::Allowed)
    }

    /// Those who are asked, in order.
    fn candidates(&self, case: &Case<'_>) -> Vec<Candidate> {
        let programme = &self.in_force.programme;
        let named = |stage, name: &str, words: &str| {
            let who = Asked::Person(case.people.named(name)?.id);
            Some(Candidate { stage, who, words: words.to_owned() })
        };
        let mut all = Vec::new();
        all.extend(case.identity.charter.business_owner.map(|owner| Candidate {
            stage: 0,
            who: Asked::Person(owner),
            words: String::from("its business owner"),
        }));
        let control = programme.controls.iter().find(|one| one.id == REVIEW_CONTROL);
        for term in &programme.reviews.fallback {
            let stand_in = "whom the programme names to stand in";
            if let Some(name) = term.strip_prefix("person:") {
                all.extend(named(STAND_IN, name, stand_in));
            } else if term == "approves" {
                let partner = control.and_then(|one| one.approves.as_ref());
                let partner: Option<&Partner> =
                    partner.and_then(|id| programme.partners.iter().find(|one| one.id == *id));
                for name in partner.iter().flat_map(|one| [&one.contact, &one.fallback]) {
                    all.extend(named(STAND_IN, name, "the partner that approves the control"));
                }
            } else if let Ok(role) = term.parse::<Role>() {
                all.push(Candidate { stage: STAND_IN, who: Asked::Role(role), words: format!("an {role}") });
            }
        }
        let contact = control.and_then(|one| one.escalation.as_deref());
        let contact =
            contact.and_then(|name| named(ESCALATION, name, "the contact to whom its control escalates"));
        all.extend(contact);
        all
    }

    /// Why somebody is passed over whoever they are asked as.
    fn unfit(&self, case: &Case<'_>, person: &Person) -> Option<String> {
        let speaks = |owned, built_in| speaks_for(&self.authoriser, person, (owned, built_in));
        reviews_own(case, person).or_else(|| unallowed(case, person, speaks))
    }

    /// Why somebody is passed over who decides in the place of another: neither of them reviews their own, and both must be
    /// let speak for it.
    fn unfit_in_place(&self, case: &Case<'_>, person: &Person, from: &Person) -> Option<String> {
        let speaks = |owned, built_in| speaks_in_place(&self.authoriser, person, (owned, built_in));
        self.unfit(case, from).or_else(|| reviews_own(case, person)).or_else(|| unallowed(case, from, speaks))
    }
}

fn reviews_own(case: &Case<'_>, person: &Person) -> Option<String> {
    let own = case.own.iter().find(|(own, _)| *own == person.id);
    own.map(|(_, why)| format!("nobody reviews their own: whoever decides {why}"))
}

/// What the access policies say against it; `subject` owns it or does not.
fn unallowed(case: &Case<'_>, subject: &Person, speaks: impl Fn(bool, bool) -> Verdict) -> Option<String> {
    match speaks(owns(&case.identity.charter, subject.id), case.identity.built_in) {
        Verdict::Allowed => None,
        Verdict::Denied { why } => Some(why),
    }
}

/// An administrator stands wherever an operator does.
fn stands_as(role: Role, asked: Role) -> bool {
    role == asked || (role == Role::Administrator && asked == Role::Operator)
}
