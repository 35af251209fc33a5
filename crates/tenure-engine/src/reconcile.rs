//! The reconcilers: a timer and a wake-up, no input, able to redo anything after a crash.
//!
//! Each plan is driven by its own task, so that one that waits never blocks another. Judging
//! runs when something was touched and when an identity falls due.

use crate::{Belief, Drive, Engine, EventStream};
use std::{collections::HashSet, sync::Arc, time::Duration};
use tenure_model::PlanId;
use tokio::{sync::watch, task::JoinSet};

/// How often to look without having been woken.
const TICK: Duration = Duration::from_secs(1);
/// How often every identity is judged anew, to find changes that nobody noticed.
const FULL_SWEEP_EVERY: Duration = Duration::from_hours(6);
/// How often to see whether a source is due to be read.
const SURVEY_TICK: Duration = Duration::from_secs(20);
/// How often to see what follows from what is lapsed; its stages are counted in days.
const CONSEQUENCES_TICK: Duration = Duration::from_mins(10);
/// How often to see what became of reviews.
const REVIEWS_TICK: Duration = Duration::from_secs(20);
/// How often to see whether something is due to be reviewed: every identity of a tier is asked about.
const DUE_REVIEWS_EVERY: Duration = Duration::from_mins(10);
/// How often to see whether a day is over.
const DAYS_TICK: Duration = Duration::from_mins(5);
/// How often to see which steps are late.
const CLOCKS_TICK: Duration = Duration::from_secs(20);
/// How often to see what people are to be told, and what is to be sent.
const TELLING_EVERY: Duration = Duration::from_mins(5);
const MESSAGES_TICK: Duration = Duration::from_secs(20);
/// How often to see whether a directory is due to be read.
const DIRECTORIES_TICK: Duration = Duration::from_secs(5);
/// How often to see whether the log holds something that is to be told.
const EVENTS_TICK: Duration = Duration::from_secs(2);
/// How long to wait after a failure of our own before trying again.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Running reconcilers; they stop when this is dropped or `stop` is called.
pub struct Reconcilers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Reconcilers {
    /// Starts them.
    pub fn start(engine: &Arc<Engine>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(plans(Arc::clone(engine), stopped.clone()));
        tasks.spawn(judging(Arc::clone(engine), stopped.clone()));
        tasks.spawn(surveys(Arc::clone(engine), stopped.clone()));
        tasks.spawn(consequences(Arc::clone(engine), stopped.clone()));
        tasks.spawn(reviews(Arc::clone(engine), stopped.clone()));
        tasks.spawn(days(Arc::clone(engine), stopped.clone()));
        tasks.spawn(clocks(Arc::clone(engine), stopped.clone()));
        // Each by itself: one that waits for its receiver holds no other up.
        for stream in engine.event_streams() {
            tasks.spawn(events(Arc::clone(engine), Arc::clone(stream), stopped.clone()));
        }
        tasks.spawn(directories(Arc::clone(engine), stopped.clone()));
        tasks.spawn(messages(Arc::clone(engine), stopped));
        Self { stop, tasks }
    }

    /// Asks them to stop and waits until none is in the middle of a step.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn judging(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    let mut swept = tokio::time::Instant::now();
    loop {
        if swept.elapsed() >= FULL_SWEEP_EVERY {
            swept = tokio::time::Instant::now();
            match engine.full_sweep().await {
                Ok((_, 0)) => {}
                Ok((judged, drifted)) => {
                    tracing::error!(
                        judged,
                        drifted,
                        "standings had drifted: a change was not noticed; a defect"
                    );
                }
                Err(error) => {
                    tracing::error!(error = %crate::failure::chain(&error), "the full sweep failed");
                }
            }
        }
        let pause = match engine.judge_touched().await {
            Ok(_) => TICK,
            Err(error) => {
                tracing::error!(error = %crate::failure::chain(&error), "judging failed");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = engine.judging_woken.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Reads each source again when its last survey is old enough, and before something may be made there. A held survey waits for a person.
async fn surveys(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    let mut reading: JoinSet<()> = JoinSet::new();
    loop {
        match engine.sources_due().await {
            Ok(due) => {
                for name in due {
                    let engine = Arc::clone(&engine);
                    reading.spawn(async move {
                        if let Err(error) = engine.survey(None, &name, Belief::HoldWhenMuchIsMissing).await {
                            tracing::warn!(source = %name, error = %crate::failure::chain(&error), "not read");
                        }
                    });
                }
            }
            Err(error) => tracing::error!(error = %crate::failure::chain(&error), "sources cannot be read"),
        }
        tokio::select! {
            () = engine.surveys_woken.notified() => {}
            () = tokio::time::sleep(SURVEY_TICK) => {}
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
    // A survey that is cut off changes nothing that the next would not change.
    reading.shutdown().await;
}

/// Takes what follows from what is lapsed one step further where that is due. It proposes, and carries nothing out.
async fn consequences(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.follow_consequences().await {
            tracing::error!(error = %crate::failure::chain(&error), "what follows was not looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(CONSEQUENCES_TICK) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Begins reviews that are due, passes on what nobody reviewed in time, sees what was decided done, and closes what nothing waits in.
async fn reviews(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    let mut looked: Option<tokio::time::Instant> = None;
    loop {
        if looked.is_none_or(|at| at.elapsed() >= DUE_REVIEWS_EVERY) {
            looked = Some(tokio::time::Instant::now());
            if let Err(error) = engine.begin_due_review().await {
                tracing::error!(error = %crate::failure::chain(&error), "no review that is due was begun");
            }
        }
        if let Err(error) = engine.follow_reviews().await {
            tracing::error!(error = %crate::failure::chain(&error), "reviews were not looked at");
        }
        tokio::select! {
            () = engine.reviews_woken.notified() => {}
            () = tokio::time::sleep(REVIEWS_TICK) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Closes days that are over, and takes out what the programme no longer has kept.
async fn days(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.keep_days().await {
            tracing::error!(error = %crate::failure::chain(&error), "days were not closed");
        }
        tokio::select! {
            () = tokio::time::sleep(DAYS_TICK) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Tells people what waits for them, and sends what was not sent yet.
async fn messages(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    let mut written: Option<tokio::time::Instant> = None;
    loop {
        if written.is_none_or(|at| at.elapsed() >= TELLING_EVERY) {
            written = Some(tokio::time::Instant::now());
            if let Err(error) = engine.write_messages().await {
                tracing::error!(error = %crate::failure::chain(&error), "nobody was told what waits for them");
            }
        }
        tokio::select! {
            delivered = engine.deliver_messages() => if let Err(error) = delivered {
                tracing::error!(error = %crate::failure::chain(&error), "messages were not sent");
            },
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(MESSAGES_TICK) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Reads directories that are due by LDAP. A reading that is cut off changed nothing, or all of what it said.
async fn directories(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = engine.follow_ldap() => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
        tokio::select! {
            () = tokio::time::sleep(DIRECTORIES_TICK) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Tells one stream what the log holds. What is cut off in the middle is told again, with the same ids.
async fn events(engine: Arc<Engine>, stream: Arc<EventStream>, mut stopped: watch::Receiver<bool>) {
    loop {
        let pause = tokio::select! {
            told = engine.tell_events(&stream) => match told {
                Ok(told) if told.more => Duration::ZERO,
                Ok(_) => EVENTS_TICK,
                Err(error) => {
                    tracing::error!(stream = %stream.name, error = %crate::failure::chain(&error), "events were not told");
                    AFTER_FAILURE
                }
            },
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

/// Passes on what nobody decided within its service level, and ends handoffs that nobody accepted and delegations that are over.
async fn clocks(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    loop {
        if let Err(error) = engine.follow_clocks().await {
            tracing::error!(error = %crate::failure::chain(&error), "clocks were not looked at");
        }
        if let Err(error) = engine.follow_handoffs().await {
            tracing::error!(error = %crate::failure::chain(&error), "handoffs were not looked at");
        }
        if let Err(error) = engine.follow_delegations().await {
            tracing::error!(error = %crate::failure::chain(&error), "delegations were not looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(CLOCKS_TICK) => {}
            _ = stopped.wait_for(|stop| *stop) => return,
        }
    }
}

async fn plans(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>) {
    let mut driven: JoinSet<PlanId> = JoinSet::new();
    let mut running: HashSet<PlanId> = HashSet::new();
    loop {
        let woken = engine.plans_woken.notified();
        match engine.store().read("plans_at_work", |tx| tx.plans_at_work()).await {
            Ok(at_work) => {
                for plan in at_work {
                    if running.insert(plan) {
                        driven.spawn(drive(Arc::clone(&engine), plan, stopped.clone()));
                    }
                }
            }
            Err(error) => tracing::error!(error = %crate::failure::chain(&error), "plans cannot be read"),
        }
        tokio::select! {
            () = woken => {}
            () = tokio::time::sleep(TICK) => {}
            Some(Ok(plan)) = driven.join_next() => { running.remove(&plan); }
            _ = stopped.wait_for(|stop| *stop) => break,
        }
    }
    while driven.join_next().await.is_some() {}
}

async fn drive(engine: Arc<Engine>, plan: PlanId, mut stopped: watch::Receiver<bool>) -> PlanId {
    loop {
        let pause = match engine.drive(plan).await {
            Ok(Drive::Settled | Drive::Elsewhere) => return plan,
            Ok(Drive::Waiting(until)) => until.since(engine.now()).min(Duration::from_mins(1)),
            Err(error) => {
                tracing::error!(%plan, error = %crate::failure::chain(&error), "a plan cannot go on");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause.max(Duration::from_millis(5))) => {}
            () = engine.plans_woken.notified() => {}
            _ = stopped.wait_for(|stop| *stop) => return plan,
        }
    }
}
