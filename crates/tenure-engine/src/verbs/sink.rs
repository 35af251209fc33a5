//! The receiving end of a survey: checks what a connector sends, writes it page by page.
//!
//! A connector is not trusted to keep its word: oversize pages, pages after the end of an
//! extent and extents ended twice make the extent incomplete, never the inventory wrong. What an extent
//! held is recognised only by a digest that was recorded lately, and recorded only where nothing was amiss.
//! Pages are written one after the other while the connector reads on, a few to a transaction, so that neither waits
//! for the other and a large survey does not sync the disk for each page. Next: `survey.rs`, which ends the survey.

use crate::Engine;
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};
use tenure_connect::{ContentDigest, NotObservable, PAGE_MAX, Recognition, SinkClosed, SurveySink};
use tenure_model::{Completeness, Extent, Observation, PrincipalKey, SurveyId};
use tenure_store::{
    StoreFailure, Tx,
    tables::{
        ingest::{IngestContext, PageOutcome, Seen, seen_key},
        sources::Unobservable,
        surveys::ContentRow,
    },
};
use tokio::task::JoinHandle;

/// Uses kept back until the principals they belong to were read, at most; further ones are written at once.
const USES_KEPT_BACK_MAX: usize = 100_000;
/// Observations that one transaction writes: so short that nobody else waits long for the writer.
const TOGETHER: usize = 4 * PAGE_MAX;
/// Things that cannot be known, kept per source, at most.
const NOTES_MAX: usize = 100;

/// What a survey has gathered so far.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) seen: BTreeMap<Extent, Seen>,
    /// How many different rights were among them.
    pub(crate) rights: BTreeMap<Extent, i64>,
    pub(crate) ended: BTreeMap<Extent, Completeness>,
    pub(crate) broken: BTreeMap<Extent, String>,
    /// Extents that were recognised, with what they hold.
    pub(crate) unchanged: BTreeMap<Extent, ContentRow>,
    /// Digests given at the end of extents, of what was sent of them.
    pub(crate) digests: BTreeMap<Extent, ContentDigest>,
    /// Extents whose rows are not exactly what was sent: something came twice, or belongs to nobody seen.
    pub(crate) inexact: BTreeSet<Extent>,
    /// Extents whose things come and go by nature.
    pub(crate) ephemeral: BTreeSet<Extent>,
    pub(crate) notes: Vec<Unobservable>,
    pub(crate) count: i64,
    pub(crate) changed: i64,
    pub(crate) orphans: i64,
    pub(crate) failure: Option<StoreFailure>,
    /// Uses, which may be seen before the principals they belong to.
    kept_back: Vec<(Extent, Observation)>,
}

impl Gathered {
    /// Takes the uses out of a page.
    fn keep_uses_back(&mut self, extent: &Extent, page: Vec<Observation>) -> Vec<Observation> {
        let (uses, rest): (Vec<_>, Vec<_>) =
            page.into_iter().partition(|observation| matches!(observation, Observation::Use(_)));
        if self.kept_back.len() + uses.len() > USES_KEPT_BACK_MAX {
            return rest.into_iter().chain(uses).collect();
        }
        self.kept_back.extend(uses.into_iter().map(|seen| (extent.clone(), seen)));
        rest
    }

    /// How each extent was read, after what the connector did wrong is taken into account.
    pub(crate) fn verdicts(&self) -> BTreeMap<Extent, Completeness> {
        let mut verdicts = self.ended.clone();
        for extent in self.seen.keys() {
            verdicts.entry(extent.clone()).or_insert_with(|| Completeness::Part {
                why: String::from("its reading was never finished"),
                remedy: String::from("survey again; if it stays, report a defect of the connector"),
            });
        }
        for (extent, why) in &self.broken {
            let remedy = String::from("report a defect of the connector");
            verdicts.insert(extent.clone(), Completeness::Part { why: why.clone(), remedy });
        }
        verdicts
    }

    /// Remembers what a page showed, and what is wrong with it.
    fn remember(&mut self, extent: &Extent, page: &[Observation]) {
        let seen = self.seen.entry(extent.clone()).or_default();
        let rights = self.rights.entry(extent.clone()).or_default();
        for observation in page {
            let Some(key) = seen_key(observation) else { continue };
            if seen.insert(key) {
                *rights += i64::from(matches!(observation, Observation::Grant(_)));
                continue;
            }
            self.inexact.insert(extent.clone());
            if matches!(observation, Observation::Principal(_)) {
                self.broken.insert(extent.clone(), String::from("the same principal came twice"));
            }
        }
        self.count += i64::try_from(page.len()).unwrap_or(i64::MAX);
    }

    /// Ends an extent as it was. False when something of it came already.
    fn recognise(&mut self, extent: &Extent, content: ContentRow) -> bool {
        if self.seen.contains_key(extent) || self.ended.contains_key(extent) {
            self.broken.insert(extent.clone(), String::from("its digest was offered after its pages"));
            return false;
        }
        self.ended.insert(extent.clone(), Completeness::Whole);
        self.count = self.count.saturating_add(content.things);
        self.unchanged.insert(extent.clone(), content);
        true
    }
}

/// Receives one survey.
pub(crate) struct Receiver<'engine> {
    pub(crate) engine: &'engine Engine,
    pub(crate) context: IngestContext,
    pub(crate) survey: SurveyId,
    /// What extents held, as far as it was recorded lately enough to be believed.
    pub(crate) recorded: BTreeMap<Extent, ContentRow>,
    pub(crate) gathered: Arc<Mutex<Gathered>>,
    pub(crate) pages: Pages,
}

/// Pages on their way into the database.
#[derive(Default)]
pub(crate) struct Pages {
    /// Those that wait, and how many observations they hold.
    waiting: Vec<(Extent, Vec<Observation>)>,
    held: usize,
    /// Those that are being written, the only ones.
    under_way: Option<JoinHandle<Result<Written, StoreFailure>>>,
}

/// What writing did, page by page.
type Written = Vec<(Extent, PageOutcome)>;

impl Receiver<'_> {
    fn with<T>(&self, run: impl FnOnce(&mut Gathered) -> T) -> T {
        run(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl SurveySink for Receiver<'_> {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        let accepted = self.with(|gathered| {
            if gathered.ended.contains_key(extent) {
                gathered.broken.insert(extent.clone(), String::from("it went on after its end"));
                return false;
            }
            if page.len() > PAGE_MAX {
                gathered.broken.insert(extent.clone(), format!("a page held {} things", page.len()));
                return false;
            }
            gathered.remember(extent, &page);
            true
        });
        if !accepted {
            return Ok(());
        }
        let count = page.len() as u64;
        self.engine.board.update(self.survey, |progress| {
            progress.seen += count;
            progress.extent.clone_from(&extent.0);
        });
        let page = self.with(|gathered| gathered.keep_uses_back(extent, page));
        if page.is_empty() { Ok(()) } else { self.send(extent, page).await }
    }

    async fn end(&mut self, extent: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        self.with(|gathered| {
            gathered.seen.entry(extent.clone()).or_default();
            if gathered.ended.insert(extent.clone(), completeness).is_some() {
                gathered.broken.insert(extent.clone(), String::from("it was ended twice"));
            }
        });
        self.engine.board.update(self.survey, |progress| progress.extents_ended += 1);
        Ok(())
    }

    async fn known(&mut self, key_start: &str) -> Result<BTreeMap<PrincipalKey, Option<String>>, SinkClosed> {
        // What is asked for may be among what is on its way.
        self.settle().await?;
        let (source, start) = (self.context.source, key_start.to_owned());
        let read =
            self.engine.store.read("principals_known", move |tx| tx.principals_known(source, &start)).await;
        read.map_err(|failure| {
            self.with(|gathered| gathered.failure = Some(failure));
            SinkClosed
        })
    }

    async fn ephemeral(&mut self, extent: &Extent) -> Result<(), SinkClosed> {
        self.with(|gathered| gathered.ephemeral.insert(extent.clone()));
        Ok(())
    }

    async fn recalls(&mut self, extent: &Extent) -> Result<bool, SinkClosed> {
        Ok(self.recorded.contains_key(extent))
    }

    async fn offer(&mut self, extent: &Extent, digest: &ContentDigest) -> Result<Recognition, SinkClosed> {
        let known = self.recorded.get(extent).filter(|content| content.digest == digest.as_str()).cloned();
        let Some(content) = known else { return Ok(Recognition::Unknown) };
        let things = u64::try_from(content.things).unwrap_or(0);
        if !self.with(|gathered| gathered.recognise(extent, content)) {
            return Ok(Recognition::Unknown);
        }
        self.engine.board.update(self.survey, |progress| {
            progress.seen += things;
            progress.extents_ended += 1;
            progress.extent.clone_from(&extent.0);
        });
        Ok(Recognition::Unchanged)
    }

    async fn end_as(&mut self, extent: &Extent, digest: ContentDigest) -> Result<(), SinkClosed> {
        self.with(|gathered| gathered.digests.insert(extent.clone(), digest));
        self.end(extent, Completeness::Whole).await
    }

    async fn not_observable(&mut self, note: NotObservable) -> Result<(), SinkClosed> {
        self.with(|gathered| {
            if gathered.notes.len() < NOTES_MAX {
                gathered.notes.push(Unobservable { what: note.what, why: note.why, remedy: note.remedy });
            }
        });
        Ok(())
    }
}

impl Receiver<'_> {
    /// Writes what was kept back, now that every principal was read, and waits until all of it is written.
    pub(crate) async fn write_the_rest(&mut self) -> Result<(), SinkClosed> {
        let mut waiting =
            self.with(|gathered| std::mem::take(&mut gathered.kept_back)).into_iter().peekable();
        while let Some((extent, first)) = waiting.next() {
            let mut page = vec![first];
            while page.len() < PAGE_MAX
                && let Some((_, observation)) = waiting.next_if(|(of, _)| *of == extent)
            {
                page.push(observation);
            }
            self.send(&extent, page).await?;
        }
        self.settle().await
    }

    /// Takes a page to be written; waits only for the pages before those that wait.
    async fn send(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.pages.held += page.len();
        self.pages.waiting.push((extent.clone(), page));
        if self.pages.held < TOGETHER {
            return Ok(());
        }
        self.written().await?;
        self.begin_writing();
        Ok(())
    }

    /// Waits until everything that was sent is written.
    async fn settle(&mut self) -> Result<(), SinkClosed> {
        self.written().await?;
        if self.pages.waiting.is_empty() {
            return Ok(());
        }
        self.begin_writing();
        self.written().await
    }

    fn begin_writing(&mut self) {
        let pages = Arc::new(std::mem::take(&mut self.pages.waiting));
        self.pages.held = 0;
        let (store, context) = (self.engine.store.clone(), self.context.clone());
        self.pages.under_way = Some(tokio::spawn(async move {
            let write = move |tx: &mut Tx<'_>| {
                let written = pages
                    .iter()
                    .map(|(extent, page)| Ok((extent.clone(), tx.ingest_page(&context, extent, page)?)));
                written.collect()
            };
            store.write("ingest_pages", write).await
        }));
    }

    /// Waits for what is being written.
    async fn written(&mut self) -> Result<(), SinkClosed> {
        let Some(under_way) = self.pages.under_way.take() else { return Ok(()) };
        let written = under_way.await.unwrap_or_else(|_| {
            Err(StoreFailure::Refused { what: "ingest_pages", why: String::from("its task ended") })
        });
        self.with(|gathered| match written {
            Ok(pages) => {
                for (extent, outcome) in pages {
                    gathered.changed += outcome.changed;
                    gathered.orphans += outcome.orphans;
                    if outcome.orphans > 0 {
                        gathered.inexact.insert(extent);
                    }
                }
                Ok(())
            }
            Err(failure) => {
                gathered.failure = Some(failure);
                Err(SinkClosed)
            }
        })
    }
}
