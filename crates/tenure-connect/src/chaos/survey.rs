//! Surveys of a chaos world, page by page, and the ways they go wrong.
//!
//! Each page is read under the lock and handed over outside it, so the world may change in
//! between, as a real one does. Four extents: `principals`, `credentials`, `grants`, `uses`; all but the
//! last have a content digest.

use super::{
    connector::FINGERPRINT_DOMAIN,
    fault::SurveyFault,
    journal::Ended,
    principal::{ChaosPrincipal, Held, Version},
    source::ChaosSource,
    state::WorldState,
};
use crate::{ContentDigest, NotObservable, OutsideFailure, PAGE_MAX, Recognition, SinkClosed, SurveySink};
use std::fmt::Write as _;
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

    /// Uses move by themselves: nobody would ever see the same twice.
    const fn has_digest(self) -> bool {
        match self {
            Self::Principals | Self::Credentials | Self::Grants => true,
            Self::Uses => false,
        }
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
        if !is_recognised(source, now, sink, part, fault).await? {
            let sent = read_part(source, now, sink, part, fault).await?;
            end_part(source, sink, part, fault, sent).await?;
        }
    }
    Ok(())
}

/// What observations were made from, as text: the same content gives the same text.
#[derive(Default)]
struct Content(String);

impl Content {
    fn add(&mut self, observations: &[Observation]) {
        for observation in observations {
            // Writing to a text cannot fail.
            let _ = writeln!(self.0, "{observation:?}");
        }
    }

    fn digest(&self, source: &ChaosSource) -> ContentDigest {
        ContentDigest::keyed(&*source.fingerprint, self.0.as_bytes())
    }
}

/// Offers the digest of an extent before its pages. A survey that goes wrong in a way of its own sends
/// them in any case, or it could not go wrong.
async fn is_recognised(
    source: &ChaosSource,
    now: Instant,
    sink: &mut dyn SurveySink,
    part: Part,
    fault: Option<SurveyFault>,
) -> Result<bool, SinkClosed> {
    let extent = part.extent();
    let offers = part.has_digest() && matches!(fault, None | Some(SurveyFault::StaleDigest));
    if !offers || !sink.recalls(&extent).await? {
        return Ok(false);
    }
    let stale = || source.world.state().digests.get(&extent).cloned();
    let digest = match fault {
        Some(SurveyFault::StaleDigest) => stale(),
        _ => Some(content_of(source, now, part).digest(source)),
    };
    match digest {
        Some(digest) => Ok(sink.offer(&extent, &digest).await? == Recognition::Unchanged),
        None => Ok(false),
    }
}

/// The content of an extent, read without sending it.
fn content_of(source: &ChaosSource, now: Instant, part: Part) -> Content {
    let mut content = Content::default();
    let mut after = None;
    loop {
        let batch = read_batch(source, now, part, after.as_ref(), None);
        content.add(&batch.observations);
        if batch.keys_read < source.page_size {
            return content;
        }
        after = batch.last_key;
    }
}

/// What was sent of an extent.
#[derive(Default)]
struct Sent {
    /// A copy of the first page.
    first: Option<Vec<Observation>>,
    content: Content,
}

/// Sends every page of an extent.
async fn read_part(
    source: &ChaosSource,
    now: Instant,
    sink: &mut dyn SurveySink,
    part: Part,
    fault: Option<SurveyFault>,
) -> Result<Sent, Stopped> {
    let extent = part.extent();
    let mut after = None;
    let mut sent = Sent::default();
    while fault != Some(SurveyFault::Empty) {
        let is_first = after.is_none();
        let batch = read_batch(source, now, part, after.as_ref(), fault);
        let is_last = batch.keys_read < source.page_size;
        after = batch.last_key;
        sent.content.add(&batch.observations);
        for chunk in batch.observations.chunks(PAGE_MAX) {
            let mut page = chunk.to_vec();
            if sent.first.is_none() {
                sent.first = Some(page.clone());
                if part == Part::Principals && fault == Some(SurveyFault::OversizePage) {
                    page = page.iter().cycle().take(PAGE_MAX + 1).cloned().collect();
                }
            }
            sink.page(&extent, page).await?;
        }
        if part == Part::Principals && is_first {
            between_pages(source, sink, &extent, fault, after.as_ref(), sent.first.as_ref()).await?;
        }
        if is_last {
            break;
        }
    }
    Ok(sent)
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
    source: &ChaosSource,
    sink: &mut dyn SurveySink,
    part: Part,
    fault: Option<SurveyFault>,
    sent: Sent,
) -> Result<(), Stopped> {
    let extent = part.extent();
    let on_principals = part == Part::Principals;
    if on_principals && fault == Some(SurveyFault::NeverEnd) {
        return Ok(());
    }
    match completeness(part, fault) {
        Completeness::Whole if part.has_digest() => {
            let digest = digest_at_end(source, &extent, fault, &sent.content);
            sink.end_as(&extent, digest).await?;
        }
        completeness => sink.end(&extent, completeness).await?,
    }
    if on_principals && fault == Some(SurveyFault::PageAfterEnd) {
        sink.page(&extent, sent.first.unwrap_or_default()).await?;
    }
    if on_principals && fault == Some(SurveyFault::EndTwice) {
        let why = "it was read again".to_owned();
        sink.end(&extent, Completeness::Part { why, remedy: "survey again".to_owned() }).await?;
    }
    Ok(())
}

/// The digest of what was sent; or the one that was given before, although it is another now.
fn digest_at_end(
    source: &ChaosSource,
    extent: &Extent,
    fault: Option<SurveyFault>,
    sent: &Content,
) -> ContentDigest {
    let digest = sent.digest(source);
    let mut state = source.world.state();
    let given = state.digests.entry(extent.clone()).or_insert_with(|| digest.clone());
    if fault != Some(SurveyFault::StaleDigest) {
        given.clone_from(&digest);
    }
    given.clone()
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
        held.with_current_value(|value| source.fingerprint.fingerprint(FINGERPRINT_DOMAIN, value))?;
    let state = if version.can_login { CredentialState::Live } else { CredentialState::Disabled };
    let mut facts = Facts::from([(names::VERIFIER.to_owned(), Fact::Text("other".to_owned()))]);
    if let Some(file) = &held.file {
        for name in [names::FILE, names::PLACE] {
            facts.insert(name.to_owned(), Fact::Text(file.place.clone()));
        }
        if file.is_open() {
            let says = format!("others, at {} (mode {:04o})", file.place, file.mode);
            facts.insert(names::READABLE_BY.to_owned(), Fact::Text(says));
        }
    }
    Some(Observation::Credential(ObservedCredential {
        key: "password".to_owned(),
        principal: held.key.clone(),
        kind: CredentialKind::Password,
        state,
        fingerprint: Some(fingerprint),
        valid_until: None,
        facts,
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
