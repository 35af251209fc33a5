//! The port, over a file: it reads, and to everything else it says why not.
//!
//! Nothing that a file lists can be acted on or proved here: no act, no probe, no fresh read of a control plane
//! answers with more than that it cannot be known, so whatever is claimed stays P0. Next: `read.rs`.

use crate::{
    by_hand,
    config::Configured,
    limits::PAGES_WAITING,
    outlet::Listening,
    preview::Sample,
    read::{self, Errand, Reading},
    tally::Tally,
    unreadable::Unreadable,
};
use async_trait::async_trait;
use tenure_connect::{
    Ability, Act, BlastRadius, CheckReport, DerivedReading, Done, Effect, NotObservable, OutsideFailure,
    SinkClosed, Source, SurveySink, Target,
};
use tenure_model::{
    Completeness, ControlPlane, Extent, Instant, Observation, ProbeAnswer, RecordedIntent, Secret, ShortName,
    StepKind, printable,
};
use tokio::sync::mpsc;

/// The one extent of an import: a file is read whole or not.
const EXTENT: &str = "records";
/// Records that a check looks at.
const CHECKED_RECORDS: u64 = 1_000;
/// Said wherever the system itself would have to be asked.
const ONLY_A_CLAIM: &str = "it is known from a file alone; the system itself was never seen";

/// One configured file.
pub(crate) struct ImportSource {
    configured: Configured,
    shown: String,
}

impl ImportSource {
    pub(crate) fn new(configured: Configured) -> Self {
        let shown = printable(&configured.path.display().to_string(), 200);
        Self { configured, shown }
    }

    fn errand(&self, sample: Option<u64>) -> Errand {
        Errand {
            path: self.configured.path.clone(),
            format: self.configured.format,
            mapping: self.configured.mapping.clone(),
            limits: self.configured.limits,
            sample,
            fingerprint: self.configured.fingerprint.clone(),
        }
    }

    fn cannot_act(&self) -> OutsideFailure {
        OutsideFailure::NotOurs {
            why: format!("it is known from {} alone, and Tenure cannot act in its system", self.shown),
        }
    }

    fn notes(&self, tally: &Tally) -> Vec<NotObservable> {
        let mut notes = vec![NotObservable {
            what: "whether any of it is so".to_owned(),
            why: format!(
                "it is what {} says, somebody's word (P0): the system itself was never seen",
                self.shown
            ),
            remedy: "ask whoever runs that system; read it directly as soon as there is a connector for it"
                .to_owned(),
        }];
        if tally.uses == 0 {
            notes.push(NotObservable {
                what: "last use".to_owned(),
                why: "the file does not say it".to_owned(),
                remedy: "export it, and map its column under `[last_use]`".to_owned(),
            });
        }
        if !tally.dropped.is_empty() {
            let columns: Vec<String> = tally
                .dropped
                .iter()
                .take(10)
                .map(|(column, count)| format!("`{column}` ({count})"))
                .collect();
            notes.push(NotObservable {
                what: "values that look like secrets".to_owned(),
                why: format!("they were dropped and are kept nowhere: {}", columns.join(", ")),
                remedy:
                    "leave such columns out of the file, or map one as `fingerprint` to know its value again"
                        .to_owned(),
            });
        }
        notes
    }

    async fn finish(
        &self,
        extent: &Extent,
        reading: Reading,
        sink: &mut dyn SurveySink,
    ) -> Result<(), SinkClosed> {
        for note in self.notes(&reading.tally) {
            sink.not_observable(note).await?;
        }
        sink.end(extent, reading.tally.completeness()).await
    }
}

/// Reads on a thread of its own, and hands pages over one by one.
fn begin(
    errand: Errand,
) -> (mpsc::Receiver<Vec<Observation>>, tokio::task::JoinHandle<Result<Reading, Unreadable>>) {
    let (pages, received) = mpsc::channel(PAGES_WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let mut take = |page| match pages.blocking_send(page) {
            Ok(()) => Listening::Yes,
            Err(_) => Listening::NoMore,
        };
        read::read(&errand, &mut take)
    });
    (received, reading)
}

fn ended(
    outcome: Result<Result<Reading, Unreadable>, tokio::task::JoinError>,
) -> Result<Reading, OutsideFailure> {
    match outcome {
        Ok(read) => Ok(read?),
        Err(_) => Err(OutsideFailure::Puzzling { why: "the reading of the file broke off".to_owned() }),
    }
}

#[async_trait]
impl Source for ImportSource {
    async fn check(&self) -> Result<CheckReport, OutsideFailure> {
        let (mut received, reading) = begin(self.errand(Some(CHECKED_RECORDS)));
        while received.recv().await.is_some() {}
        let reading = ended(reading.await)?;
        let understood = reading.tally.completeness();
        let sample = Sample { tally: &reading.tally }.to_string();
        Ok(CheckReport {
            system: format!("a file of claims ({}; {sample})", self.configured.format),
            account: "nobody: the file is read by the account Tenure runs as".to_owned(),
            abilities: vec![
                Ability { what: format!("read {}", self.shown), able: true, remedy: None },
                Ability {
                    what: "understand every record".to_owned(),
                    able: understood == Completeness::Whole,
                    remedy: match understood {
                        Completeness::Whole => None,
                        Completeness::Part { why, remedy } => Some(format!("{why}. {remedy}")),
                    },
                },
                Ability {
                    what: "act on what it lists, or prove anything about it".to_owned(),
                    able: false,
                    remedy: Some("by hand, in the system itself: tenure revoke NAME --by-hand".to_owned()),
                },
            ],
            points: vec![(self.configured.point.clone(), None)],
            machine: None,
        })
    }

    async fn observe(&self, _: Instant, sink: &mut dyn SurveySink) -> Result<(), OutsideFailure> {
        let extent = Extent(EXTENT.to_owned());
        let (mut received, reading) = begin(self.errand(None));
        while let Some(page) = received.recv().await {
            if sink.page(&extent, page).await.is_err() {
                // The reader notices that nobody takes its pages any more, and stops.
                return Ok(());
            }
        }
        let reading = ended(reading.await)?;
        // A receiver that is gone needs no end.
        self.finish(&extent, reading, sink).await.or(Ok(()))
    }

    async fn blast_radius(&self, _: &Target, _: Option<&str>) -> Result<BlastRadius, OutsideFailure> {
        Ok(BlastRadius {
            sessions: Vec::new(),
            owned: Vec::new(),
            grants: 0,
            members: Vec::new(),
            heir: None,
            heir_unfit: None,
            warnings: vec![self.cannot_act().to_string()],
            refusals: Vec::new(),
            unread: vec![format!("everything: {ONLY_A_CLAIM}")],
            undo_restores_value: Err("nothing is changed here, so nothing is undone".to_owned()),
            file: None,
            at_most: None,
            goes_on: Vec::new(),
        })
    }

    async fn keepsake(&self, _: &Target) -> Result<Option<Secret<String>>, OutsideFailure> {
        Ok(None)
    }

    async fn act(&self, _: &RecordedIntent, _: &Act<'_>) -> Result<Done, OutsideFailure> {
        Err(self.cannot_act())
    }

    async fn effect(&self, _: &Target, _: StepKind, _: Option<&Secret<String>>) -> Effect {
        Effect::Unobserved { why: ONLY_A_CLAIM.to_owned() }
    }

    async fn control_plane(&self, _: &Target) -> ControlPlane {
        ControlPlane::Unread { why: ONLY_A_CLAIM.to_owned() }
    }

    async fn probe(&self, _: &ShortName, _: &Target, _: &Secret<String>) -> ProbeAnswer {
        ProbeAnswer::CannotKnow { why: ONLY_A_CLAIM.to_owned() }
    }

    fn by_hand(&self, target: &Target) -> Vec<String> {
        // A mapping that cannot be read now must not keep anybody from what is known without it.
        let mapping = self.configured.mapping.as_deref().and_then(|path| read::mapping_of(path).ok());
        by_hand::commands(&self.configured.path, self.configured.format, mapping.as_ref(), target)
    }

    async fn derived(&self, _: &Target) -> DerivedReading {
        DerivedReading {
            found: Vec::new(),
            unread: vec![(self.configured.point.to_string(), ONLY_A_CLAIM.to_owned())],
            unknowable: Vec::new(),
        }
    }
}
