//! A connector that breaks one promise and keeps the others as well as it can.
//!
//! It stands on the chaos source, whose behaviour it must not depend on beyond the port.
//! `Sin::ALL` says which check has to catch which sin, and in which words.

use crate::{
    Act, BlastRadius, CheckReport, ContentDigest, DerivedReading, Done, Effect, NotObservable,
    OutsideFailure, Recognition, SinkClosed, Source, SurveySink, Target,
    chaos::{Call, ChaosFingerprint, ChaosSource, ChaosWorld, Fault, FaultKind, SurveyFault},
    conformance::Check,
};
use async_trait::async_trait;
use std::sync::{
    Mutex,
    atomic::{AtomicU32, Ordering},
};
use tenure_model::{
    Completeness, ControlPlane, Extent, Fact, Facts, Instant, IntentRecord, Observation, PrincipalKey,
    ProbeAnswer, RecordedIntent, Secret, ShortName, StepKind,
};

/// One way to break a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sin {
    SaysNothingOfItself,
    ForgetsAPoint,
    EndsExtentsTwice,
    NeverEndsAnExtent,
    PagesAfterTheEnd,
    SendsHugePages,
    RepeatsKeys,
    ReadsHalfEverySecondTime,
    SeesNobody,
    GivesAnotherDigestEachTime,
    GivesStaleDigests,
    SkipsThoughUnknown,
    GoesOnThoughRecognised,
    NeverOffers,
    DisablesWhileReading,
    LeavesSessionsBehind,
    RefusesEverybody,
    ComparesCarelessly,
    IgnoresTheName,
    AsksThePrimaryInstead,
    AlwaysClaimsAChange,
    RewritesSilently,
    ActsUnderAnyName,
    ActsWhileRefusing,
    LooksUpByName,
    TouchesOthers,
    AlwaysSeesTheEffect,
    NeverSeesTheEffect,
    LiesAboutDeny,
    LiesAboutDisable,
    LiesAboutEndSessions,
    SeesNothingAlive,
    LiesAboutDelete,
    ForgetsTheFormerValue,
    SparesNothingOwned,
    ClaimsToChangeTheGone,
    DoesNotKnowItself,
    ActsOnItself,
    TellsTheValue,
    TellsTheValueInAFailure,
    LiesAboutTighten,
    CallsEveryFileClosed,
    RemembersWhatItTightened,
    NeverLetsTheReaderIn,
    AlwaysLetsTheReaderIn,
    TightensWhateverIsThere,
    LiesAboutLoosen,
    LoosensWhateverIsThere,
    TightensWhileLooking,
    NeverAnswers,
}

impl Sin {
    /// Every sin, the promise it breaks, and what the report says of it.
    pub(super) const ALL: &'static [(Self, Check, &'static str)] = &[
        (Self::SaysNothingOfItself, Check::ManifestIsWhole, "`title` is empty"),
        (Self::ForgetsAPoint, Check::CheckNamesEveryPoint, "of `replica` it says None"),
        (Self::EndsExtentsTwice, Check::ExtentsEndOnce, "extent `principals` was ended 2 times"),
        (Self::NeverEndsAnExtent, Check::ExtentsEndOnce, "extent `principals` was ended 0 times"),
        (Self::PagesAfterTheEnd, Check::NoPageAfterEnd, "came after the end of `principals`"),
        (Self::SendsHugePages, Check::PagesAreSmall, "a page of `principals` holds 1001 observations"),
        (Self::RepeatsKeys, Check::KeysAreUnique, "principal chaos:1 came twice"),
        (Self::ReadsHalfEverySecondTime, Check::SurveysAgree, "one has, the other has not"),
        (Self::SeesNobody, Check::SurveyShowsWhatIsThere, "it does not show a new principal"),
        (Self::GivesAnotherDigestEachTime, Check::DigestsAgree, "has the same content and another digest"),
        (Self::GivesStaleDigests, Check::DigestsFollowChange, "has another content and the same digest"),
        (Self::SkipsThoughUnknown, Check::RecognisedIsTheSame, "`credentials` differs from a full reading"),
        (Self::GoesOnThoughRecognised, Check::RecognisedIsTheSame, "came after it was recognised"),
        (Self::NeverOffers, Check::RecognisedIsTheSame, "nothing is offered although nothing changed"),
        (Self::DisablesWhileReading, Check::ReadingChangesNothing, "a reading changed what the server holds"),
        (Self::LeavesSessionsBehind, Check::ReadingChangesNothing, "probes left 2 things alive"),
        (Self::RefusesEverybody, Check::RightValueIsAccepted, "the probe at `primary` answered Refused"),
        (
            Self::ComparesCarelessly,
            Check::WrongValueIsNeverAccepted,
            "the value with a letter more was accepted",
        ),
        (Self::IgnoresTheName, Check::WrongValueIsNeverAccepted, "an unknown name was accepted"),
        (Self::AsksThePrimaryInstead, Check::WrongHostNeverAccepts, "`decoy` leads elsewhere and accepted"),
        (
            Self::AlwaysClaimsAChange,
            Check::ActTwiceIsOnce,
            "`deny` says that something changed the second time",
        ),
        (Self::RewritesSilently, Check::ActTwiceIsOnce, "`deny` changed something the second time"),
        (Self::ActsUnderAnyName, Check::RenamedIsRefused, "`deny` under another name was answered: Ok"),
        (Self::ActsWhileRefusing, Check::RenamedIsRefused, "`deny` under another name changed something"),
        (Self::LooksUpByName, Check::RenamedIsNotGone, "under another name the control plane says Absent"),
        (Self::TouchesOthers, Check::OthersAreUntouched, "`deny` on one principal changed another"),
        (Self::AlwaysSeesTheEffect, Check::EffectsAreSeen, "before `deny` its effect is Present"),
        (Self::NeverSeesTheEffect, Check::EffectsAreSeen, "after `deny` its effect is Missing"),
        (Self::LiesAboutDeny, Check::DenyReplacesTheValue, "the server itself still accepts it"),
        (Self::LiesAboutDisable, Check::DisableRefuses, "the server itself still accepts it"),
        (Self::LiesAboutEndSessions, Check::EndSessionsLeavesNothing, "2 are still alive"),
        (Self::SeesNothingAlive, Check::EndSessionsLeavesNothing, "2 points have a session and 0 were found"),
        (Self::LiesAboutDelete, Check::DeleteIsTheEnd, "the control plane says Enabled"),
        (Self::ForgetsTheFormerValue, Check::EnableRestores, "the server itself refuses it"),
        (Self::SparesNothingOwned, Check::OwnedIsSpared, "it was answered: Ok"),
        (Self::ClaimsToChangeTheGone, Check::GoneIsLeftAlone, "`deny` says that it changed what is gone"),
        (Self::DoesNotKnowItself, Check::WeAreRefused, "the blast radius does not refuse"),
        (Self::ActsOnItself, Check::WeAreRefused, "`deny` on ourselves was answered: Ok"),
        (Self::TellsTheValue, Check::NoSecretShows, "answered to: act"),
        (Self::TellsTheValueInAFailure, Check::NoSecretShows, "answered to: act"),
        (Self::LiesAboutTighten, Check::TightenCloses, "the system itself still lets others read it"),
        (Self::CallsEveryFileClosed, Check::TightenCloses, "before, the control plane says Disabled"),
        (
            Self::RemembersWhatItTightened,
            Check::ReopenedIsSeen,
            "opened again, the control plane says Disabled",
        ),
        (Self::NeverLetsTheReaderIn, Check::TheReaderIsHonest, "before, trying was answered: Refused"),
        (Self::AlwaysLetsTheReaderIn, Check::TheReaderIsHonest, "after, trying was answered: Accepted"),
        (Self::TightensWhateverIsThere, Check::AnotherFileIsLeft, "of another file was answered: Ok"),
        (Self::LiesAboutLoosen, Check::LoosenRestores, "and came back as"),
        (Self::LoosensWhateverIsThere, Check::LoosenRestores, "changed what somebody else had set"),
        (Self::TightensWhileLooking, Check::LookingAtFilesChangesNothing, "looking at a file changed it"),
        (Self::NeverAnswers, Check::EnableRestores, "`keepsake` did not answer within 50ms"),
    ];

    /// The way its surveys go wrong.
    fn survey_fault(self, surveys_before: u32) -> Option<SurveyFault> {
        match self {
            Self::EndsExtentsTwice => Some(SurveyFault::EndTwice),
            Self::NeverEndsAnExtent => Some(SurveyFault::NeverEnd),
            Self::PagesAfterTheEnd => Some(SurveyFault::PageAfterEnd),
            Self::SendsHugePages => Some(SurveyFault::OversizePage),
            Self::RepeatsKeys => Some(SurveyFault::DuplicateKey),
            Self::SeesNobody => Some(SurveyFault::Empty),
            Self::GivesStaleDigests => Some(SurveyFault::StaleDigest),
            Self::ReadsHalfEverySecondTime if surveys_before % 2 == 1 => Some(SurveyFault::PartialExtent),
            _ => None,
        }
    }

    /// The act it only claims to do.
    fn lies_about(self, act: &Act<'_>) -> bool {
        matches!(
            (self, act),
            (Self::LiesAboutDeny, Act::Deny { .. })
                | (Self::LiesAboutDisable, Act::Disable)
                | (Self::LiesAboutEndSessions, Act::EndSessions)
                | (Self::LiesAboutDelete, Act::Delete { .. })
                | (Self::LiesAboutTighten, Act::Tighten)
                | (Self::LiesAboutLoosen, Act::Loosen)
        )
    }
}

/// A chaos source that commits one sin.
pub(super) struct Sinner {
    inner: ChaosSource,
    world: ChaosWorld,
    ourselves: Target,
    sin: Option<Sin>,
    surveys: AtomicU32,
    tightened: Mutex<Vec<PrincipalKey>>,
}

impl Sinner {
    pub(super) fn new(inner: ChaosSource, world: ChaosWorld, ourselves: Target, sin: Option<Sin>) -> Self {
        Self { inner, world, ourselves, sin, surveys: AtomicU32::new(0), tightened: Mutex::new(Vec::new()) }
    }

    fn is(&self, sin: Sin) -> bool {
        self.sin == Some(sin)
    }

    /// The same intent under the name the principal has now.
    fn renamed(&self, intent: &RecordedIntent) -> RecordedIntent {
        let record = intent.record();
        let name = self.world.truth(&record.principal).expect("known").name;
        RecordedIntent::for_conformance(IntentRecord { principal_name: name, ..record.clone() })
    }
}

/// Stands between the source and the receiver, and commits what is a sin of digests.
struct Between<'sink> {
    sink: &'sink mut dyn SurveySink,
    sin: Option<Sin>,
    surveys: u32,
}

impl Between<'_> {
    fn digest(&self, digest: &ContentDigest) -> ContentDigest {
        match self.sin {
            Some(Sin::GivesAnotherDigestEachTime) => {
                ContentDigest::keyed(&ChaosFingerprint, &self.surveys.to_le_bytes())
            }
            _ => digest.clone(),
        }
    }
}

#[async_trait]
impl SurveySink for Between<'_> {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.sink.page(extent, page).await
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        self.sink.end(extent, completeness).await
    }

    async fn not_observable(&mut self, note: NotObservable) -> Result<(), SinkClosed> {
        self.sink.not_observable(note).await
    }

    async fn recalls(&mut self, extent: &Extent) -> Result<bool, SinkClosed> {
        Ok(self.sink.recalls(extent).await? && self.sin != Some(Sin::NeverOffers))
    }

    async fn offer(&mut self, extent: &Extent, digest: &ContentDigest) -> Result<Recognition, SinkClosed> {
        let answer = self.sink.offer(extent, &self.digest(digest)).await?;
        match (self.sin, answer) {
            (Some(Sin::SkipsThoughUnknown), Recognition::Unknown) => {
                self.sink.end(extent, Completeness::Whole).await?;
                Ok(Recognition::Unchanged)
            }
            (Some(Sin::GoesOnThoughRecognised), Recognition::Unchanged) => Ok(Recognition::Unknown),
            (_, answer) => Ok(answer),
        }
    }

    async fn end_as(&mut self, extent: &Extent, digest: ContentDigest) -> Result<(), SinkClosed> {
        self.sink.end_as(extent, self.digest(&digest)).await
    }
}

fn claimed(detail: Facts) -> Done {
    Done { changed: true, detail }
}

#[async_trait]
impl Source for Sinner {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        let mut report = self.inner.check().await?;
        if self.is(Sin::ForgetsAPoint) {
            report.points.retain(|(point, _)| point.as_str() != "replica");
        }
        Ok(report)
    }

    async fn observe(&self, now: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        let before = self.surveys.fetch_add(1, Ordering::SeqCst);
        if let Some(fault) = self.sin.and_then(|sin| sin.survey_fault(before)) {
            self.world.script(Fault { on: Call::Observe, nth: 1, what: FaultKind::Survey(fault) });
        }
        let mut between = Between { sink, sin: self.sin, surveys: before };
        self.inner.observe(now, &mut between).await
    }

    async fn blast_radius(&self, target: &Target, heir: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        let mut radius = self.inner.blast_radius(target, heir).await?;
        if self.is(Sin::DoesNotKnowItself) {
            radius.refusals.clear();
        }
        Ok(radius)
    }

    async fn keepsake(&self, target: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        if self.is(Sin::NeverAnswers) {
            std::future::pending::<()>().await;
        }
        if self.is(Sin::DisablesWhileReading) {
            self.world.forbid(&target.key).expect("known");
        }
        self.inner.keepsake(target).await
    }

    async fn act(&self, intent: &RecordedIntent, act: &Act<'_>) -> Result<Done, OutsideFailure> {
        let key = &intent.record().principal;
        let Some(sin) = self.sin else { return self.inner.act(intent, act).await };
        if sin.lies_about(act) || (sin == Sin::ActsOnItself && *key == self.ourselves.key) {
            return Ok(claimed(Facts::new()));
        }
        match (sin, act) {
            (Sin::ActsUnderAnyName, _) => self.inner.act(&self.renamed(intent), act).await,
            (Sin::ActsWhileRefusing, _) => {
                let answer = self.inner.act(intent, act).await;
                if answer.is_err() {
                    self.inner.act(&self.renamed(intent), act).await?;
                }
                answer
            }
            (Sin::RewritesSilently, Act::Deny { value }) => {
                let done = self.inner.act(intent, act).await?;
                if !done.changed {
                    self.world.set_value(key, "passing-value").expect("known");
                    self.world.set_value(key, value.expose()).expect("known");
                }
                Ok(done)
            }
            (Sin::AlwaysClaimsAChange, _) => {
                self.inner.act(intent, act).await.map(|done| claimed(done.detail))
            }
            (Sin::ClaimsToChangeTheGone, _) if !self.world.truth(key).expect("known").present => {
                Ok(claimed(Facts::new()))
            }
            (Sin::TouchesOthers, _) => {
                for other in self.world.truths().into_iter().filter(|other| other.key != *key) {
                    self.world.set_value(&other.key, "trampled-upon-value").expect("known");
                }
                self.inner.act(intent, act).await
            }
            (Sin::TightensWhateverIsThere, Act::Tighten) => {
                self.world.set_mode(key, 0o600).expect("known");
                Ok(claimed(Facts::new()))
            }
            (Sin::LoosensWhateverIsThere, Act::Loosen) => {
                self.world.set_mode(key, 0o644).expect("known");
                Ok(claimed(Facts::new()))
            }
            (Sin::RemembersWhatItTightened, Act::Tighten) => {
                self.tightened.lock().expect("whole").push(key.clone());
                self.inner.act(intent, act).await
            }
            (Sin::ForgetsTheFormerValue, Act::Enable { .. }) => {
                self.inner.act(intent, &Act::Enable { keepsake: None }).await
            }
            (Sin::SparesNothingOwned, Act::Delete { heir: None }) => {
                self.inner.act(intent, &Act::Delete { heir: Some("tenure") }).await
            }
            (Sin::TellsTheValue, Act::Deny { value }) => {
                let done = self.inner.act(intent, act).await?;
                let told = Fact::Text(format!("ALTER ROLE … PASSWORD '{}'", value.expose()));
                Ok(Done { detail: Facts::from([("command".to_owned(), told)]), ..done })
            }
            (Sin::TellsTheValueInAFailure, Act::Deny { value }) => self
                .inner
                .act(intent, act)
                .await
                .map_err(|_| OutsideFailure::Puzzling { why: format!("near `{}`", value.expose()) }),
            _ => self.inner.act(intent, act).await,
        }
    }

    async fn effect(&self, target: &Target, step: StepKind, value: Option<&Secret<String>>) -> Effect {
        match self.sin {
            Some(Sin::AlwaysSeesTheEffect) => Effect::Present,
            Some(Sin::NeverSeesTheEffect) => Effect::Missing,
            _ => self.inner.effect(target, step, value).await,
        }
    }

    async fn control_plane(&self, target: &Target) -> ControlPlane {
        let known = self.world.truth(&target.key).expect("known");
        if self.is(Sin::LooksUpByName) && known.name != target.name {
            return ControlPlane::Absent;
        }
        let remembers = self.tightened.lock().expect("whole").contains(&target.key);
        if target.file.is_some() && (self.is(Sin::CallsEveryFileClosed) || remembers) {
            return ControlPlane::Disabled;
        }
        self.inner.control_plane(target).await
    }

    async fn probe(&self, point: &ShortName, target: &Target, value: &Secret<String>) -> ProbeAnswer {
        let key = &target.key;
        match self.sin {
            Some(Sin::NeverLetsTheReaderIn) if target.file.is_some() => {
                ProbeAnswer::Refused { how: "no".to_owned() }
            }
            Some(Sin::AlwaysLetsTheReaderIn) if target.file.is_some() => ProbeAnswer::Accepted,
            Some(Sin::RefusesEverybody) => ProbeAnswer::Refused { how: "no".to_owned() },
            Some(Sin::ComparesCarelessly)
                if self.inner.control_plane(target).await == ControlPlane::Enabled =>
            {
                ProbeAnswer::Accepted
            }
            Some(Sin::IgnoresTheName) => {
                let name = self.world.truth(key).expect("known").name;
                self.inner.probe(point, &Target { name, ..target.clone() }, value).await
            }
            Some(Sin::AsksThePrimaryInstead) => {
                let primary = ShortName::parse("primary").expect("a name");
                self.inner.probe(&primary, target, value).await
            }
            Some(Sin::LeavesSessionsBehind) => {
                self.world.open_session(key, "primary").expect("known");
                self.inner.probe(point, target, value).await
            }
            _ => self.inner.probe(point, target, value).await,
        }
    }

    async fn derived(&self, target: &Target) -> DerivedReading {
        if self.is(Sin::TightensWhileLooking) && target.file.is_some() {
            self.world.set_mode(&target.key, 0o600).expect("known");
        }
        if self.is(Sin::SeesNothingAlive) {
            return DerivedReading::default();
        }
        self.inner.derived(target).await
    }
}
