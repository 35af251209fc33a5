//! Checks of content digests: the same for the same content, another for another, and skipping by them
//! loses nothing.
//!
//! The receiver here does what an engine does with digests, in its simplest form. It must never
//! repair what it is given. A connector that gives no digest promises nothing, and passes as not applicable.

use super::{
    rig::{Rig, Stop, ensure},
    surveying::lasting_text,
};
use crate::{Act, ContentDigest, NotObservable, Recognition, SinkClosed, SurveySink, Target};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::{Completeness, Extent, Observation, StepKind, printable};

/// Whether a receiver skips what it recognises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// It believes digests.
    Believes,
    /// It asks for digests and for the pages all the same.
    ReadsAllTheSame,
    /// It knows of no digest.
    Ignores,
}

/// What one extent held.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Held {
    /// Everything, as it came.
    exact: BTreeSet<String>,
    /// The same without what moves by itself.
    lasting: BTreeSet<String>,
    /// The digest given at its end.
    digest: Option<ContentDigest>,
}

/// A receiver that remembers each extent as it was last read.
struct Memory {
    trust: Trust,
    known: BTreeMap<Extent, Held>,
    /// Of the survey in hand.
    read: BTreeMap<Extent, Held>,
    offered: BTreeMap<Extent, ContentDigest>,
    recognised: BTreeSet<Extent>,
    breaches: Vec<String>,
}

impl Memory {
    fn new(trust: Trust) -> Self {
        Self {
            trust,
            known: BTreeMap::new(),
            read: BTreeMap::new(),
            offered: BTreeMap::new(),
            recognised: BTreeSet::new(),
            breaches: Vec::new(),
        }
    }

    /// Takes one survey; what was recognised stays as it was known.
    async fn survey(&mut self, rig: &Rig<'_>) -> Result<(), Stop> {
        self.read.clear();
        self.offered.clear();
        self.recognised.clear();
        rig.survey_into(self).await?;
        let digests: Vec<_> = self.read.values().map(|held| &held.digest).collect();
        rig.listen("observe", &(digests, &self.offered));
        ensure(self.breaches.is_empty(), || self.breaches.join("; "))?;
        for extent in &self.recognised {
            self.read.insert(extent.clone(), self.known.get(extent).cloned().unwrap_or_default());
        }
        self.known.clone_from(&self.read);
        Ok(())
    }

    fn needs_digests(&self) -> Result<(), Stop> {
        if self.known.values().any(|held| held.digest.is_some()) {
            return Ok(());
        }
        Err(Stop::NotApplicable("it gives no digests".to_owned()))
    }

    fn breach_if_recognised(&mut self, extent: &Extent, what: &str) {
        if self.recognised.contains(extent) {
            let shown = printable(&extent.0, 60);
            self.breaches.push(format!("{what} of `{shown}` came after it was recognised"));
        }
    }
}

#[async_trait]
impl SurveySink for Memory {
    async fn page(&mut self, extent: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.breach_if_recognised(extent, "a page");
        let held = self.read.entry(extent.clone()).or_default();
        held.exact.extend(page.iter().map(|observation| format!("{observation:?}")));
        held.lasting.extend(page.into_iter().filter_map(lasting_text));
        Ok(())
    }

    async fn end(&mut self, extent: &Extent, _: Completeness) -> Result<(), SinkClosed> {
        self.breach_if_recognised(extent, "an end");
        self.read.entry(extent.clone()).or_default();
        Ok(())
    }

    async fn not_observable(&mut self, _: NotObservable) -> Result<(), SinkClosed> {
        Ok(())
    }

    async fn recalls(&mut self, extent: &Extent) -> Result<bool, SinkClosed> {
        let known = self.known.get(extent).is_some_and(|held| held.digest.is_some());
        Ok(known && self.trust != Trust::Ignores)
    }

    async fn offer(&mut self, extent: &Extent, digest: &ContentDigest) -> Result<Recognition, SinkClosed> {
        self.offered.insert(extent.clone(), digest.clone());
        if self.read.contains_key(extent) {
            self.breaches.push(format!("`{}` was offered after its pages", printable(&extent.0, 60)));
        }
        let known = self.known.get(extent).and_then(|held| held.digest.as_ref());
        if self.trust == Trust::Believes && known == Some(digest) {
            self.recognised.insert(extent.clone());
            return Ok(Recognition::Unchanged);
        }
        Ok(Recognition::Unknown)
    }

    async fn end_as(&mut self, extent: &Extent, digest: ContentDigest) -> Result<(), SinkClosed> {
        self.end(extent, Completeness::Whole).await?;
        self.read.entry(extent.clone()).or_default().digest = Some(digest);
        Ok(())
    }
}

pub(super) async fn digests_agree(rig: &Rig<'_>) -> Result<(), Stop> {
    let mut memory = Memory::new(Trust::ReadsAllTheSame);
    memory.survey(rig).await?;
    memory.needs_digests()?;
    let first = memory.known.clone();
    memory.survey(rig).await?;
    for (extent, before) in first {
        let Some(now) = memory.known.get(&extent) else { continue };
        let same = before.exact == now.exact && before.digest.is_some();
        let offered = memory.offered.get(&extent).or(now.digest.as_ref());
        ensure(!same || (offered == before.digest.as_ref() && now.digest == before.digest), || {
            format!("`{}` has the same content and another digest", printable(&extent.0, 60))
        })?;
    }
    Ok(())
}

pub(super) async fn digests_follow_change(rig: &Rig<'_>) -> Result<(), Stop> {
    let mut memory = Memory::new(Trust::ReadsAllTheSame);
    memory.survey(rig).await?;
    memory.needs_digests()?;
    let mut former = vec![memory.known.clone()];
    let mut changes = Changes::new(rig).await?;
    while let Some(change) = changes.next(rig).await? {
        memory.survey(rig).await?;
        for before in &former {
            for (extent, now) in &memory.known {
                let Some(before) = before.get(extent).filter(|before| before.exact != now.exact) else {
                    continue;
                };
                let given = [now.digest.as_ref(), memory.offered.get(extent)];
                let stale = before.digest.is_some() && given.contains(&before.digest.as_ref());
                ensure(!stale, || {
                    let shown = printable(&extent.0, 60);
                    format!("after {change} `{shown}` has another content and the same digest")
                })?;
            }
        }
        former.push(memory.known.clone());
    }
    // An act that changes nothing is another check's business; that nothing changed at all is not.
    let showed = former.iter().any(|one| Some(one) != former.first());
    ensure(showed, || "no change shows in a survey".to_owned())
}

pub(super) async fn recognised_is_the_same(rig: &Rig<'_>) -> Result<(), Stop> {
    let mut skips = Memory::new(Trust::Believes);
    skips.survey(rig).await?;
    skips.needs_digests()?;
    let mut changes = Changes::new(rig).await?;
    while let Some(change) = changes.next(rig).await? {
        skips.survey(rig).await?;
        let mut full = Memory::new(Trust::Ignores);
        full.survey(rig).await?;
        for (extent, held) in &full.known {
            let same = skips.known.get(extent).is_some_and(|skipped| skipped.lasting == held.lasting);
            ensure(same, || {
                let shown = printable(&extent.0, 60);
                format!("after {change} `{shown}` differs from a full reading")
            })?;
        }
        ensure(skips.known.len() == full.known.len(), || format!("after {change} there are other extents"))?;
    }
    skips.survey(rig).await?;
    ensure(!skips.recognised.is_empty(), || "nothing is offered although nothing changed".to_owned())
}

/// A principal, and what is still to be done to it.
struct Changes {
    target: Target,
    left: Vec<Change>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Appear,
    Grant,
    Revoke,
    Act(StepKind),
}

impl Changes {
    async fn new(rig: &Rig<'_>) -> Result<Self, Stop> {
        let target = rig.subject().await?.target;
        let acts = [StepKind::Delete, StepKind::Disable, StepKind::Deny];
        let mut left: Vec<Change> = acts.into_iter().filter(|step| rig.can(*step)).map(Change::Act).collect();
        left.extend([Change::Revoke, Change::Grant, Change::Appear]);
        Ok(Self { target, left })
    }

    /// Makes the next change and says what it was; `None` when all were made.
    async fn next(&mut self, rig: &Rig<'_>) -> Result<Option<String>, Stop> {
        while let Some(change) = self.left.pop() {
            let said = match change {
                Change::Appear => "a new principal".to_owned(),
                Change::Grant if rig.fixture.grant(&self.target).await? => "a new right".to_owned(),
                Change::Grant => {
                    self.left.retain(|left| *left != Change::Revoke);
                    continue;
                }
                Change::Revoke => {
                    rig.fixture.revoke(&self.target).await?;
                    "a right taken away".to_owned()
                }
                Change::Act(step) => self.act(rig, step).await?,
            };
            rig.settle().await?;
            return Ok(Some(said));
        }
        Ok(None)
    }

    async fn act(&self, rig: &Rig<'_>, step: StepKind) -> Result<String, Stop> {
        let value = rig.new_value()?;
        let act = match step {
            StepKind::Deny => Act::Deny { value: &value },
            StepKind::Delete => Act::Delete { heir: None },
            _ => Act::Disable,
        };
        rig.do_act(&self.target, &act).await?;
        Ok(format!("`{step}`"))
    }
}
