//! The databases that released versions left behind, as SQL text, and what each must still hold.
//!
//! `tests/fixtures/version-N.sql` is written once, when version N is released, by the ignored test below, and
//! never changed afterwards: every later version must open it.

use crate::bed::{Bed, block_on, read, record, settled, write};
use crate::world::{
    add_plan, begin_survey, extent, hostile_names, ingest, plan_row, principals, role, with_shop,
};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};
use tenure_model::{
    Completeness, DecisionRight, IntentId, Observation, Person, PersonId, PlanEvent, PlanKind, PlanState,
    PolicyKind, Role, Severity, StepKind, StepState,
};
use tenure_store::{
    SCHEMA_VERSION, Store,
    tables::{
        escrow::EscrowPurpose,
        findings::FailedNow,
        plans::Approval,
        steps::{IntentDraft, ProbeRow},
        surveys::ContentRow,
    },
};

/// Leaves in the log of the fixture: one of them is that of the intent.
pub(crate) const ENTRIES: u64 = 21;

fn file_of(version: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/version-{version}.sql"))
}

/// Makes the database that a version left behind.
pub(crate) fn load(version: i64, at: &Path) {
    let fixture = std::fs::read_to_string(file_of(version)).unwrap();
    rusqlite::Connection::open(at).unwrap().execute_batch(&fixture).unwrap();
}

/// Reads back every noun the fixture was filled with.
pub(crate) fn assert_all_is_there(store: &Store) {
    let (people, sources, size) = read(store, |tx| Ok((tx.people()?, tx.sources()?, tx.head()?.size)));
    assert_eq!((people.len(), sources.len(), size), (2, 1, ENTRIES));
    let source = sources[0].id;
    let names: Vec<String> = principals(store).into_iter().map(|row| row.name).collect();
    assert!(hostile_names().iter().all(|name| names.contains(name)), "{names:?}");
    let shop = read(store, |tx| tx.find_identity("pg/shop"));
    let plan = read(store, move |tx| tx.plans_of(shop.id)).remove(0);
    assert_eq!((plan.state, plan.kind), (PlanState::Running, PlanKind::Revoke));
    let (id, survey) = (plan.id, read(store, move |tx| tx.last_survey(source)));
    let steps: Vec<StepState> = read(store, move |tx| tx.steps(id)).iter().map(|step| step.state).collect();
    assert_eq!(steps, [StepState::Intended, StepState::Waiting]);
    let kept = read(store, move |tx| {
        Ok((
            tx.approvals(id)?.len(),
            tx.probes(id)?.len(),
            tx.held_for(id)?.len(),
            tx.open_findings_of(shop.id)?.len(),
        ))
    });
    assert_eq!((kept, survey.is_some()), ((1, 1, 1, 1), true));
}

/// What an extent held is kept since version 2: what was read before cannot be recognised.
pub(crate) fn assert_contents_are_of(version: i64, store: &Store) {
    let held = read(store, |tx| {
        let source = tx.sources()?.remove(0).id;
        tx.contents(source)
    });
    assert_eq!(held.len(), usize::from(version >= 2));
}

fn fill(bed: &Bed, store: &Store) {
    for (name, local_uid) in [("ada", Some(1000)), ("bob", None)] {
        let id = PersonId::new(bed.ids.now(), bed.ids.random());
        let person = Person { id, name: String::from(name), role: Role::Operator, local_uid };
        let now = bed.ids.now();
        write(store, move |tx| tx.add_person(&person, now)).unwrap();
    }
    let (source, principal) = with_shop(bed, store);
    let survey = begin_survey(bed, store, &source);
    let page: Vec<Observation> = (0_u32..)
        .zip(hostile_names())
        .map(|(number, name)| Observation::Principal(role(&format!("oid:9{number}"), &name)))
        .collect();
    ingest(bed, store, &source, "roles", &page).unwrap();
    let (id, now) = (source.id, bed.ids.now());
    let content = ContentRow {
        digest: String::from("fp1:k:d"),
        things: 12,
        keys_digest: String::from("keys"),
        read_in_full: now,
        survey,
    };
    write(store, move |tx| {
        tx.note_extent(id, survey, &extent("roles"), &Completeness::Whole, now)?;
        tx.note_content(id, &extent("roles"), &content)
    })
    .unwrap();
    let (mint, identity) = (bed.ids.mint(), principal.identity);
    let failed = FailedNow {
        policy: String::from("weak"),
        subject: String::from("s"),
        kind: PolicyKind::Hygiene,
        control: String::from("c"),
        severity: Severity::High,
        reason: String::from("r"),
        remedy: String::from("do"),
        cause: None,
        excepted_until: None,
    };
    write(store, move |tx| tx.apply_findings(&mint, identity, std::slice::from_ref(&failed))).unwrap();
    fill_plan(bed, store, &principal);
    for _ in 1..ENTRIES {
        record(store, bed.ids.entry()).unwrap();
    }
    assert_eq!(settled(store), ENTRIES);
}

fn fill_plan(bed: &Bed, store: &Store, principal: &tenure_store::tables::inventory::PrincipalRow) {
    let plan = plan_row(bed, principal, PlanKind::Revoke);
    let steps = [StepKind::Disable, StepKind::Prove];
    let actions = add_plan(bed, store, &plan, &steps, &[PlanEvent::Approve, PlanEvent::Begin]);
    let (id, now) = (plan.id, bed.ids.now());
    let person = PersonId::new(now, bed.ids.random());
    let (right, digest) = (DecisionRight::Revoke, plan.digest);
    let approval = Approval {
        plan: id,
        person,
        right,
        digest,
        alone: true,
        decided: now,
        ends: now,
        step: None,
        emergency: None,
        delegation: None,
    };
    let probe = ProbeRow {
        number: 0,
        kind: String::from("control"),
        point: String::from("primary"),
        answer: serde_json::json!({ "answer": "accepted" }),
        at: now,
    };
    write(store, move |tx| {
        tx.approve_plan(&approval)?;
        tx.keep_sealed("e1", id, EscrowPurpose::Value, vec![0, 1, 255], now)?;
        tx.add_probe(id, &probe)
    })
    .unwrap();
    let draft = IntentDraft {
        id: IntentId::new(now, bed.ids.random()),
        plan: id,
        action: actions[0],
        now,
        deadline: now,
        entry: bed.ids.entry(),
    };
    block_on(store.record_intent(draft)).unwrap();
}

/// The whole database as statements that make it again.
fn dump(database: &rusqlite::Connection) -> String {
    let mut text = String::from("PRAGMA foreign_keys = OFF;\nBEGIN;\n");
    let strings = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    for sql in strings("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid") {
        let _ = writeln!(text, "{sql};");
    }
    for table in strings("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") {
        let columns = strings(&format!("SELECT name FROM pragma_table_info('{table}')"));
        let quoted: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
        for row in strings(&format!("SELECT {} FROM {table}", quoted.join(" || ', ' || "))) {
            let _ = writeln!(text, "INSERT INTO {table} ({}) VALUES ({row});", columns.join(", "));
        }
    }
    let _ = writeln!(text, "PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;");
    text
}

/// Not a test: writes the fixture of a version that is about to be released, unless there is one.
#[test]
#[ignore = "run by hand before a release: it writes the fixture of a new schema version"]
fn write_the_fixture_of_this_version() {
    let file = file_of(SCHEMA_VERSION);
    assert!(!file.exists(), "{} is released and never changes", file.display());
    let bed = Bed::sqlite();
    let store = bed.open();
    fill(&bed, &store);
    store.close();
    let database = rusqlite::Connection::open(bed.database()).unwrap();
    std::fs::write(file, dump(&database)).unwrap();
}
