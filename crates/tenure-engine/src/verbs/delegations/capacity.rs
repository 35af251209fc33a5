//! As whom somebody decides: as themselves, or in the place of another who let them, for a time.
//!
//! A delegation passes on who the delegator is (their name, what they own, whom they stand for), never what their role lets
//! them do; both must be let decide it. Nothing is looked up through two delegations, so there are no chains of them. It must
//! never decide anything. Next: `tenure-judge/src/programme/approver.rs`.

use std::collections::BTreeMap;
use tenure_judge::{ApiAction, ApiResource, ApiResourceKind, Approver, Authoriser, Verdict};
use tenure_model::{
    DecisionRight, DelegatedKind, DelegationId, DelegationState, Instant, Person, PersonId, printable,
};
use tenure_store::{
    StoreFailure, Tx,
    tables::delegations::{DelegationRow, DelegationsMeant},
};

/// Delegations that are looked at to find everybody who may decide.
const LOOKED_AT_MAX: i64 = 1_000;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 80;

/// Somebody, and as whom they decide.
#[derive(Debug, Clone)]
pub(crate) struct Capacity {
    /// Who decides.
    pub(crate) person: Person,
    /// In whose place, and by which delegation; nothing where they decide as themselves.
    pub(crate) in_place_of: Option<(DelegationId, Person)>,
}

impl Capacity {
    /// Somebody as themselves.
    pub(crate) const fn own(person: Person) -> Self {
        Self { person, in_place_of: None }
    }

    /// Whose name and ownership count.
    pub(crate) fn subject(&self) -> &Person {
        self.in_place_of.as_ref().map_or(&self.person, |(_, from)| from)
    }

    /// Whether this is a decision of that person too.
    pub(crate) fn is(&self, person: PersonId) -> bool {
        self.person.id == person || self.subject().id == person
    }

    /// The delegation, where it is not their own decision.
    pub(crate) fn delegation(&self) -> Option<DelegationId> {
        self.in_place_of.as_ref().map(|(id, _)| *id)
    }

    /// By name, and in whose place.
    pub(crate) fn in_words(&self) -> String {
        let name = printable(&self.person.name, NAME_CHARS_MAX);
        match &self.in_place_of {
            None => name,
            Some((_, from)) => format!("{name} (for {})", printable(&from.name, NAME_CHARS_MAX)),
        }
    }

    /// Why something is theirs, said to them: in whose place, where it is not their own.
    pub(crate) fn with_why(&self, why: String) -> String {
        match &self.in_place_of {
            None => why,
            Some((_, from)) => format!("for {}: {why}", printable(&from.name, NAME_CHARS_MAX)),
        }
    }

    /// For rules; `owns` and `approves` are what is true of [`Capacity::subject`].
    pub(crate) fn approver(&self, owns: bool, approves: bool) -> Approver<'_> {
        Approver {
            person: self.person.id,
            for_whom: self.in_place_of.as_ref().map(|(_, from)| from.id),
            name: &self.subject().name,
            role: self.person.role,
            owns,
            approves,
        }
    }

    /// Whether their word counts for something of which `is_theirs` is true of [`Capacity::subject`].
    pub(crate) fn holds(
        &self,
        authoriser: &Authoriser,
        right: DecisionRight,
        (kind, is_theirs): (ApiResourceKind, bool),
    ) -> bool {
        self.may(kind, is_theirs, |actor, about| authoriser.holds(actor, right, about))
    }

    /// Whether they may do this to something of which `is_theirs` is true of [`Capacity::subject`].
    pub(crate) fn may_do(
        &self,
        authoriser: &Authoriser,
        action: ApiAction,
        (kind, is_theirs): (ApiResourceKind, bool),
    ) -> bool {
        self.may(kind, is_theirs, |actor, about| authoriser.authorise(actor, &action, about))
    }

    /// Both are asked about: whoever decides, and in whose place it is.
    pub(crate) fn may(
        &self,
        kind: ApiResourceKind,
        is_theirs: bool,
        ask: impl Fn(&tenure_judge::Actor, &ApiResource) -> Verdict,
    ) -> bool {
        let actor = |person: &Person| tenure_judge::Actor {
            person: Some(person.id),
            role: person.role,
            local: false,
        };
        let subject = ApiResource::new(kind, is_theirs);
        match &self.in_place_of {
            None => ask(&actor(&self.person), &subject) == Verdict::Allowed,
            Some((_, from)) => {
                let about = ApiResource::in_place_of_owner(kind, is_theirs);
                ask(&actor(from), &subject) == Verdict::Allowed
                    && ask(&actor(&self.person), &about) == Verdict::Allowed
            }
        }
    }
}

/// Everything as which this person may decide now: as themselves first, then in the place of others.
pub(crate) fn capacities(
    tx: &mut Tx<'_>,
    person: &Person,
    (kind, now): (DelegatedKind, Instant),
) -> Result<Vec<Capacity>, StoreFailure> {
    let mut all = vec![Capacity::own(person.clone())];
    for row in tx.delegations_to(person.id)? {
        if row.counts(kind, now)
            && tx.person_since(row.to, row.offered)?.is_some()
            && let Some(from) = tx.person_since(row.from, row.offered)?
        {
            all.push(Capacity { person: person.clone(), in_place_of: Some((row.id, from)) });
        }
    }
    Ok(all)
}

/// Everything as which anybody who is there may decide now, people as themselves first.
pub(crate) fn everybodys(
    tx: &mut Tx<'_>,
    (kind, now): (DelegatedKind, Instant),
) -> Result<Vec<Capacity>, StoreFailure> {
    let people = tx.people()?;
    let by_id: BTreeMap<PersonId, Person> = people.iter().map(|one| (one.id, one.clone())).collect();
    let mut all: Vec<Capacity> = people.into_iter().map(Capacity::own).collect();
    for row in tx.delegations(DelegationsMeant::Current, 0, LOOKED_AT_MAX)? {
        if row.counts(kind, now)
            && let (Some(person), Some(from)) = (by_id.get(&row.to), by_id.get(&row.from))
            && both_since(tx, &row)?
        {
            all.push(Capacity { person: person.clone(), in_place_of: Some((row.id, from.clone())) });
        }
    }
    Ok(all)
}

fn both_since(tx: &mut Tx<'_>, row: &DelegationRow) -> Result<bool, StoreFailure> {
    Ok(tx.person_since(row.to, row.offered)?.is_some() && tx.person_since(row.from, row.offered)?.is_some())
}

/// As whom somebody made a decision at an instant, as far as that counts still: a delegation that was taken back takes what
/// was decided by it along; one whose time is over does not.
pub(crate) fn capacity_then(
    tx: &mut Tx<'_>,
    person: Person,
    (delegation, decided): (Option<DelegationId>, Instant),
) -> Result<Option<Capacity>, StoreFailure> {
    let Some(id) = delegation else { return Ok(Some(Capacity::own(person))) };
    let row = tx.delegation(id)?;
    let in_time = row.accepted.is_some_and(|accepted| accepted <= decided)
        && row.begins <= decided
        && decided < row.ends
        && row.ended.is_none_or(|ended| decided <= ended);
    let counts = row.to == person.id && in_time && row.state != DelegationState::Withdrawn;
    if !counts || !both_since(tx, &row)? {
        return Ok(None);
    }
    let from = tx.person_since(row.from, decided)?;
    Ok(from.map(|from| Capacity { person, in_place_of: Some((id, from)) }))
}
