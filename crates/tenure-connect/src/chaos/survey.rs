//! Surveys of a chaos world, page by page, and the ways they go wrong.
//!
//! Each page is read under the lock and handed over outside it, so the world may change in
//! between, as a real one does. Four extents: `principals`, `credentials`, `grants`, `uses`.

use super::{
    fault::SurveyFault,
    journal::Ended,
    principal::{ChaosPrincipal, Held, Version},
    source::ChaosSource,
    state::WorldState,
};
use crate::{NotObservable, OutsideFailure, PAGE_MAX, SinkClosed, SurveySink};
use tenure_model::{
    Completeness, CredentialKind, CredentialState, Extent, Fact, Facts, Instant, Observation,
    ObservedCredential, ObservedGrant, ObservedPrincipal, ObservedUse, PrincipalKey, names,
};

/// The extents of a survey, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Principals,
    Credentials,
    Grants,
    Uses,
}

impl Part {
    const ALL: [Self; 4] = [Self::Principals, Self::Credentials, Self::Grants, Self::Uses];

    fn extent(self) -> Extent {
        Extent(
            match self {
                Self::Principals => "principals",
                Self::Credentials => "credentials",
                Self::Grants => "grants",
                Self::Uses => "uses",
            }
            .to_owned(),
        )
    }
}

/// Why a survey did not go on.
enum Stopped {
    /// The receiver is gone; that is its business.
    Receiver,
    Outside(OutsideFailure),
}

impl From<SinkClosed> for Stopped {
    fn from(_: SinkClosed) -> Self {
        Self::Receiver
    }
}

/// Surveys the world into `sink`, going wrong as told.
pub(super) async fn run(
    source: &ChaosSource,
    now: Instant,
    sink: &mut dyn SurveySink,
    fault: Option<SurveyFault>,
) -> Result<(), OutsideFailure> {
    match try_run(source, now, sink, fault).await {
        Ok(()) | Err(Stopped::Receiver) => Ok(()),
        Err(Stopped::Outside(failure)) => Err(failure),
    }
}

/// Completes the journal entry of a survey. Other calls may have come in between.
pub(super) fn conclude(source: &ChaosSource, ended: Ended) {
    let mut state = source.world.state();
    let entry = state.journal.iter_mut().rev().find(|entry| {
        entry.call == super::fault::Call::Observe && entry.life == source.life && entry.ended == Ended::Never
    });
    if let Some(entry) = entry {
        entry.ended = ended;
    }
}

async fn try_run(
    source: &ChaosSource,
    now: Instant,
    sink: &mut dyn SurveySink,
    fault: Option<SurveyFault>,
) -> Result<(), Stopped> {
    sink.not_observable(NotObservable {
        what: "last use before the first survey".to_owned(),
        why: "a chaos world keeps no history of uses".to_owned(),
        remedy: "survey more often".to_owned(),
    })
    .await?;
    for part in Part::ALL {
        let first = read_part(source, now, sink, part, fault).await?;
        end_part(sink, part, fault, first).await?;
    }
    Ok(())
}

/// Sends every page of an extent and gives back a copy of the first one.
async fn read_part(
    source: &ChaosSource,
    now: Instant,
    sink: &mut dyn SurveySink,
    part: Part,
    fault: Option<SurveyFault>,
) -> Result<Vec<Observation>, Stopped> {
    let extent = part.extent();
    let mut after = None;
    let mut first: Option<Vec<Observation>> = None;
    while fault != Some(SurveyFault::Empty) {
        let is_first = after.is_none();
        let batch = read_batch(source, now, part, after.as_ref(), fault);
        let is_last = batch.keys_read < source.page_size;
        after = batch.last_key;
        for chunk in batch.observations.chunks(PAGE_MAX) {
            let mut page = chunk.to_vec();
            if first.is_none() {
                first = Some(page.clone());
                if part == Part::Principals && fault == Some(SurveyFault::OversizePage) {
                    page = page.iter().cycle().take(PAGE_MAX + 1).cloned().collect();
                }
            }
            sink.page(&extent, page).await?;
        }
        if part == Part::Principals && is_first {
            between_pages(source, sink, &extent, fault, after.as_ref(), first.as_ref()).await?;
        }
        if is_last {
            break;
        }
    }
    Ok(first.unwrap_or_default())
}

/// What goes wrong after the first page of principals.
async fn between_pages(
    source: &ChaosSource,
    sink: &mut dyn SurveySink,
    extent: &Extent,
    fault: Option<SurveyFault>,
    after: Option<&PrincipalKey>,
    first: Option<&Vec<Observation>>,
) -> Result<(), Stopped> {
    match (fault, first) {
        (Some(SurveyFault::CutOff), _) => {
            Err(Stopped::Outside(OutsideFailure::Lost { why: "connection reset".to_owned() }))
        }
        (Some(SurveyFault::DuplicateKey), Some(first)) => Ok(sink.page(extent, first.clone()).await?),
        (Some(SurveyFault::Drift), _) => {
            if let Some(after) = after {
                drift(source, after);
            }
            Ok(())
        }
        (_, _) => Ok(()),
    }
}

/// Somebody changes the world between two pages: the first restless principal is renamed,
/// the last one after the cursor deleted, and one is created.
fn drift(source: &ChaosSource, after: &PrincipalKey) {
    let now = source.world.now();
    let mut state = source.world.state();
    let restless: Vec<PrincipalKey> = state
        .principals
        .values()
        .filter(|held| held.born.restless && held.current().present)
        .map(|held| held.key.clone())
        .collect();
    if let Some(first) = restless.first() {
        state.change(first, now, |version| version.name.push('~'));
    }
    if let Some(last) = restless.last().filter(|last| *last > after) {
        state.change(last, now, |version| version.present = false);
    }
    let name = format!("drifted-in-{}", state.principals.len());
    state.add(ChaosPrincipal::account(&name, &name), now);
    state.touched.clear();
}

/// Ends an extent, rightly or wrongly.
async fn end_part(
    sink: &mut dyn SurveySink,
    part: Part,
    fault: Option<SurveyFault>,
    first: Vec<Observation>,
) -> Result<(), Stopped> {
    let extent = part.extent();
    let on_principals = part == Part::Principals;
    if on_principals && fault == Some(SurveyFault::NeverEnd) {
        return Ok(());
    }
    sink.end(&extent, completeness(part, fault)).await?;
    if on_principals && fault == Some(SurveyFault::PageAfterEnd) {
        sink.page(&extent, first).await?;
    }
    if on_principals && fault == Some(SurveyFault::EndTwice) {
        let why = "it was read again".to_owned();
        sink.end(&extent, Completeness::Part { why, remedy: "survey again".to_owned() }).await?;
    }
    Ok(())
}

fn completeness(part: Part, fault: Option<SurveyFault>) -> Completeness {
    let left_out =
        |why: &str, remedy: &str| Completeness::Part { why: why.to_owned(), remedy: remedy.to_owned() };
    match (fault, part) {
        (Some(SurveyFault::PartialExtent), Part::Principals) => {
            left_out("the list broke off in the middle", "survey again")
        }
        (Some(SurveyFault::HalfDenied), Part::Credentials | Part::Grants) => {
            left_out("permission denied for every second principal", "grant the right to read them")
        }
        (_, Part::Principals | Part::Credentials | Part::Grants | Part::Uses) => Completeness::Whole,
    }
}

/// One reading under the lock.
struct Batch {
    observations: Vec<Observation>,
    keys_read: usize,
    last_key: Option<PrincipalKey>,
}

fn read_batch(
    source: &ChaosSource,
    now: Instant,
    part: Part,
    after: Option<&PrincipalKey>,
    fault: Option<SurveyFault>,
) -> Batch {
    let state = source.world.state();
    let present: Vec<(&Held, Version)> = state
        .principals
        .values()
        .filter(|held| after.is_none_or(|after| held.key > *after))
        .map(|held| (held, held.current()))
        .filter(|(_, version)| version.present)
        .take(source.page_size)
        .collect();
    let leaves_half_out = completeness(part, fault) != Completeness::Whole;
    let observations = present
        .iter()
        .enumerate()
        .filter(|(index, _)| !leaves_half_out || index % 2 == 0)
        .flat_map(|(_, (held, version))| observe(source, &state, now, part, held, version))
        .collect();
    let last_key = present.last().map(|(held, _)| held.key.clone()).or_else(|| after.cloned());
    Batch { observations, keys_read: present.len(), last_key }
}

fn observe(
    source: &ChaosSource,
    state: &WorldState,
    now: Instant,
    part: Part,
    held: &Held,
    version: &Version,
) -> Vec<Observation> {
    match part {
        Part::Principals => vec![principal(state, held, version)],
        Part::Credentials => credential(source, held, version).into_iter().collect(),
        Part::Grants => {
            held.born.grants.iter().map(|(resource, right)| grant(held, resource, right)).collect()
        }
        Part::Uses => uses(source, now, held),
    }
}

fn principal(state: &WorldState, held: &Held, version: &Version) -> Observation {
    let is_us = state.account.as_ref() == Some(&held.key);
    let facts = Facts::from([
        (names::LOGIN.to_owned(), Fact::Flag(version.can_login)),
        (names::SUPERUSER.to_owned(), Fact::Flag(held.born.admin)),
        ("is_this_connector".to_owned(), Fact::Flag(is_us)),
    ]);
    Observation::Principal(ObservedPrincipal {
        key: held.key.clone(),
        name: version.name.clone(),
        kind: held.born.kind,
        built_in: held.born.built_in,
        facts,
        charter_hint: held.born.comment.clone(),
    })
}

fn credential(source: &ChaosSource, held: &Held, version: &Version) -> Option<Observation> {
    let fingerprint =
        held.with_current_value(|value| source.fingerprint.fingerprint("chaos-verifier", value))?;
    let state = if version.can_login { CredentialState::Live } else { CredentialState::Disabled };
    Some(Observation::Credential(ObservedCredential {
        key: "password".to_owned(),
        principal: held.key.clone(),
        kind: CredentialKind::Password,
        state,
        fingerprint: Some(fingerprint),
        valid_until: None,
        facts: Facts::from([(names::VERIFIER.to_owned(), Fact::Text("other".to_owned()))]),
    }))
}

fn grant(held: &Held, resource: &str, right: &str) -> Observation {
    Observation::Grant(ObservedGrant {
        principal: held.key.clone(),
        resource: resource.to_owned(),
        right: right.to_owned(),
        path: Vec::new(),
        grantable: false,
    })
}

/// Microseconds in an hour, the bucket uses are counted in.
const HOUR_MICROS: i64 = 3_600_000_000;

fn uses(source: &ChaosSource, now: Instant, held: &Held) -> Vec<Observation> {
    let micros = now.as_micros();
    let bucket = Instant::from_micros(micros - micros.rem_euclid(HOUR_MICROS));
    let mut seen = Vec::new();
    for (name, leads_to) in source.points() {
        let here = held.alive.iter().filter(|alive| alive.is_session && alive.what.point == leads_to).count();
        if here > 0 {
            seen.push(Observation::Use(ObservedUse {
                principal: held.key.clone(),
                consumer: format!("someone at {name}"),
                bucket,
                count: i64::try_from(here).unwrap_or(i64::MAX),
            }));
        }
    }
    seen
}
