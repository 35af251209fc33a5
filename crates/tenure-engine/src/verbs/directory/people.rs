//! People of a directory join, change, leave and come back.
//!
//! Who leaves keeps their name and attributes here and may come back; only a deletion erases. An identical call changes
//! nothing and leaves no entry, however often it is sent. Next: `hold.rs`.

use super::{Provisioned, Provisioner};
use crate::{
    Engine, EngineFailure,
    record::{By, Draft, EntryMaker},
    verbs::people::{check_name, departure, erasure},
};
use serde_json::{Value, json};
use tenure_model::{Instant, Origin, PersonId, Role};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        directory::{DirectoryGiven, DirectoryRow, LEAVING_WINDOW},
        people::Leaving,
    },
};

/// Who asks, with what an entry about it is made of, at a moment.
#[derive(Clone)]
pub(crate) struct Asks {
    pub(crate) by: By,
    pub(crate) entries: EntryMaker,
    pub(crate) now: Instant,
}

impl Asks {
    pub(crate) fn write(&mut self, tx: &mut Tx<'_>, draft: Draft) -> Result<(), StoreFailure> {
        self.entries.write(tx, draft)
    }
}

impl Engine {
    pub(crate) fn asks(&self, by: By) -> Result<Asks, EngineFailure> {
        Ok(Asks { by, entries: self.entry_maker()?, now: self.clock.now() })
    }

    /// A directory adds a person, who is an owner until a team of theirs gives them more.
    pub async fn provision_person(
        &self,
        by: Provisioner,
        given: DirectoryGiven,
        active: bool,
    ) -> Result<Provisioned<DirectoryRow>, EngineFailure> {
        check_name(&given.name)?;
        let asks = self.asks(By::Directory(by.token))?;
        let id = PersonId::new(asks.now, self.random()?);
        let row = joining(id, Origin::Scim, Role::Owner, given, active, asks.now);
        let join = move |tx: &mut Tx<'_>| join(tx, &mut asks.clone(), &row);
        Ok(self.store.write("provision_person", join).await?)
    }

    /// A directory says what a person is from now on. `version` is the one it was looked at.
    pub async fn change_provisioned(
        &self,
        by: Provisioner,
        (id, version): (PersonId, i64),
        given: DirectoryGiven,
        active: bool,
    ) -> Result<Provisioned<DirectoryRow>, EngineFailure> {
        check_name(&given.name)?;
        let asks = self.asks(By::Directory(by.token))?;
        let change = move |tx: &mut Tx<'_>| {
            let before = of_origin(tx, id, Origin::Scim)?;
            if before.version != version {
                return Ok(Provisioned::Moved);
            }
            change(tx, &mut asks.clone(), &before, &given, active)
        };
        let changed = self.store.write("change_provisioned", change).await?;
        self.judging_woken.notify_one();
        Ok(changed)
    }

    /// A directory deletes a person: they leave, and what is known of them is erased.
    pub async fn delete_provisioned(
        &self,
        by: Provisioner,
        id: PersonId,
        version: Option<i64>,
    ) -> Result<Provisioned<PersonId>, EngineFailure> {
        let asks = self.asks(By::Directory(by.token))?;
        let delete = move |tx: &mut Tx<'_>| {
            let before = of_origin(tx, id, Origin::Scim)?;
            if version.is_some_and(|version| before.version != version) {
                return Ok(Provisioned::Moved);
            }
            let (mut asks, leaving) = (asks.clone(), tx.leaving(id)?);
            if before.active && holds(tx, &before, &leaving, asks.now)? {
                hold(tx, &mut asks, &before, true)?;
                return Ok(Provisioned::Held);
            }
            if before.active && counts(&before, &leaving, asks.now) {
                tx.count_leaving(id, asks.now)?;
            }
            erase(tx, &mut asks, &leaving)?;
            Ok(Provisioned::Done(id))
        };
        let deleted = self.store.write("delete_provisioned", delete).await?;
        self.judging_woken.notify_one();
        Ok(deleted)
    }

    /// A person of a directory, also one who left.
    pub async fn provisioned(&self, id: PersonId) -> Result<DirectoryRow, EngineFailure> {
        Ok(self.store.read("provisioned", move |tx| of_origin(tx, id, Origin::Scim)).await?)
    }
}

/// A person as they join.
pub(crate) fn joining(
    person: PersonId,
    origin: Origin,
    role: Role,
    given: DirectoryGiven,
    active: bool,
    now: Instant,
) -> DirectoryRow {
    let DirectoryGiven { name, external_id, resource } = given;
    DirectoryRow {
        person,
        name,
        role,
        origin,
        active,
        external_id,
        resource,
        version: 1,
        created: now,
        changed: now,
    }
}

/// Somebody joins.
pub(crate) fn join(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    row: &DirectoryRow,
) -> Result<Provisioned<DirectoryRow>, StoreFailure> {
    if tx.is_given_name_taken(&row.name, None)? {
        return Ok(Provisioned::Taken);
    }
    tx.add_directory_person(row)?;
    let draft = Draft::new("person.joined", asks.by, row.person);
    let draft = draft.text("origin", row.origin).text("role", row.role).flag("active", row.active);
    asks.write(tx, draft.body(said(&row.name, row.external_id.as_deref(), &row.resource)))?;
    Ok(Provisioned::Done(row.clone()))
}

/// Somebody is from now on as given; what changes nothing leaves no trace.
pub(crate) fn change(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    before: &DirectoryRow,
    given: &DirectoryGiven,
    active: bool,
) -> Result<Provisioned<DirectoryRow>, StoreFailure> {
    let id = before.person;
    if active && tx.unhold_leaving(id)? {
        asks.write(tx, Draft::new("person.leaving_taken_back", asks.by, id))?;
    }
    let is_as_given = before.name == given.name
        && before.external_id == given.external_id
        && before.resource == given.resource;
    if is_as_given && before.active == active {
        return Ok(Provisioned::Done(before.clone()));
    }
    if before.name != given.name && tx.is_given_name_taken(&given.name, Some(id))? {
        return Ok(Provisioned::Taken);
    }
    let leaving = if before.active && !active { Some(tx.leaving(id)?) } else { None };
    if let Some(leaving) = &leaving
        && holds(tx, before, leaving, asks.now)?
    {
        hold(tx, asks, before, false)?;
        return Ok(Provisioned::Held);
    }
    if !tx.set_directory_person(id, before.version, given, asks.now)? {
        return Ok(Provisioned::Moved);
    }
    if !is_as_given {
        let draft = Draft::new("person.changed", asks.by, id).number("version", before.version + 1);
        asks.write(tx, draft.body(said(&given.name, given.external_id.as_deref(), &given.resource)))?;
    }
    if let Some(leaving) = &leaving {
        if counts(before, leaving, asks.now) {
            tx.count_leaving(id, asks.now)?;
        }
        leave(tx, asks, leaving)?;
    }
    if !before.active && active {
        come_back(tx, asks, before)?;
    }
    let missing = || StoreFailure::Missing { noun: "person", given: id.to_string() };
    Ok(Provisioned::Done(tx.directory_person(id)?.ok_or_else(missing)?))
}

/// Somebody leaves, and may come back.
pub(crate) fn leave(tx: &mut Tx<'_>, asks: &mut Asks, leaving: &Leaving) -> Result<(), StoreFailure> {
    tx.leave(leaving, asks.now)?;
    asks.write(tx, departure("person.left", asks.by, leaving))
}

/// Somebody leaves, and what is known of them is erased.
pub(crate) fn erase(tx: &mut Tx<'_>, asks: &mut Asks, leaving: &Leaving) -> Result<(), StoreFailure> {
    tx.remove_person(leaving, asks.now)?;
    asks.write(tx, erasure(asks.by, leaving))
}

fn come_back(tx: &mut Tx<'_>, asks: &mut Asks, before: &DirectoryRow) -> Result<(), StoreFailure> {
    let back = tx.come_back(before.person, asks.now)?;
    let mut draft = Draft::new("person.joined", asks.by, before.person)
        .text("origin", before.origin)
        .text("role", before.role)
        .flag("active", true)
        .flag("returned", true)
        .number("owned", i64::try_from(back.len()).unwrap_or(i64::MAX))
        .body(json!({ "name": before.name }));
    for identity in back {
        draft = draft.about(identity);
    }
    asks.write(tx, draft)
}

/// True when this leaving must wait for a person. Who is new here and has nothing yet may always go.
pub(crate) fn holds(
    tx: &mut Tx<'_>,
    before: &DirectoryRow,
    leaving: &Leaving,
    now: Instant,
) -> Result<bool, StoreFailure> {
    Ok(counts(before, leaving, now) && tx.leaving_lately((before.origin, ""), now)?.holds(1))
}

/// False of somebody who is new here and has nothing yet.
pub(crate) fn counts(before: &DirectoryRow, leaving: &Leaving, now: Instant) -> bool {
    let has_something =
        !leaving.owned.is_empty() || !leaving.approved.is_empty() || before.role != Role::Owner;
    has_something || before.created.plus(LEAVING_WINDOW) <= now
}

/// Writes down that a leaving waits for a person, once.
pub(crate) fn hold(
    tx: &mut Tx<'_>,
    asks: &mut Asks,
    row: &DirectoryRow,
    erases: bool,
) -> Result<(), StoreFailure> {
    if tx.hold_leaving(row.person, erases, asks.now)? {
        let draft = Draft::new("person.leaving_held", asks.by, row.person).flag("erases", erases);
        asks.write(tx, draft)?;
    }
    Ok(())
}

fn of_origin(tx: &mut Tx<'_>, id: PersonId, origin: Origin) -> Result<DirectoryRow, StoreFailure> {
    let missing = || StoreFailure::Missing { noun: "person", given: id.to_string() };
    tx.directory_person(id)?.filter(|row| row.origin == origin).ok_or_else(missing)
}

/// The body of an entry that names somebody: it goes with them.
fn said(name: &str, external_id: Option<&str>, resource: &str) -> Value {
    let attributes: Value = serde_json::from_str(resource).unwrap_or(Value::Null);
    json!({ "name": name, "external_id": external_id, "attributes": attributes })
}
