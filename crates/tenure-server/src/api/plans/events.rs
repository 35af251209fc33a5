//! `GET /api/v1/plans/{ref}/events`: the plan again each time it has changed (server-sent events).
//!
//! Every step and observation writes an entry, so a new head of the log is what wakes it. It
//! ends when the plan has settled, when whoever watches is removed or changes role, when the server
//! stops, or after an hour: then ask again.

use super::{find, whose};
use crate::api::prelude::*;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use std::{convert::Infallible, time::Duration};
use tenure_engine::PlanShown;
use tenure_model::{Person, PlanId, PlanState};
use tokio::{sync::watch, time::Instant};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/plans/{ref}/events",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Plan },
    evidence: None,
    about: "The plan again each time it has changed (server-sent events named `plan`), until it has settled.",
    query: &[],
    takes: None,
    answers: Answers::Bytes("text/event-stream"),
    route: || get(handle),
};

/// How long one stream may last.
const LIFE: Duration = Duration::from_hours(1);

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Named(given): Named<String>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let (shown, charter) = find(&shared, &given).await?;
    let whose = whose(&shared, &asked, (&shown, &charter)).await?;
    asked.authorise(whose)?;
    // Who looks in an owner's place does so only as long as that lasts.
    let in_place = matches!(whose, Whose::Decided(_, true));
    let watching = Watching {
        plan: shown.plan.id,
        head: shared.engine.store().head(),
        stopping: shared.stopping.subscribe(),
        until: Instant::now() + LIFE,
        shared,
        last: None,
        over: false,
        asker: asked.person,
        in_place,
    };
    let stream = futures::stream::unfold(watching, |mut watching| async {
        let event = watching.next().await?;
        Some((Ok(event), watching))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

struct Watching<Head> {
    shared: Shared,
    plan: PlanId,
    head: watch::Receiver<Head>,
    stopping: watch::Receiver<bool>,
    until: Instant,
    last: Option<String>,
    over: bool,
    asker: Person,
    in_place: bool,
}

impl<Head> Watching<Head> {
    /// The plan as it is once it differs from what was told last.
    async fn next(&mut self) -> Option<Event> {
        while !self.over {
            // Marked as seen before the reading: what changes in between wakes the next turn.
            self.head.mark_unchanged();
            // Removed, or in another role: whoever may still look asks again.
            let asker = self.asker.id;
            let found = self.shared.engine.store().read("person", move |tx| tx.person(asker)).await.ok()?;
            if found.as_ref() != Some(&self.asker) {
                return None;
            }
            let shown = self.shared.engine.show_plan(&self.plan.to_string()).await.ok()?;
            if self.in_place && !self.shared.engine.is_in_place_of_owner(asker, &shown.plan).await.ok()? {
                return None;
            }
            self.over = has_settled(&shown);
            let text = serde_json::to_string(&shown).ok()?;
            if self.last.as_ref() != Some(&text) {
                let event = Event::default().event("plan").data(&text);
                self.last = Some(text);
                return Some(event);
            }
            if self.over {
                break;
            }
            tokio::select! {
                changed = self.head.changed() => changed.ok()?,
                _ = self.stopping.wait_for(|stop| *stop) => return None,
                () = tokio::time::sleep_until(self.until) => return None,
            }
        }
        None
    }
}

/// True when nothing more happens by itself.
pub(crate) const fn has_settled(shown: &PlanShown) -> bool {
    match shown.plan.state {
        PlanState::Proved | PlanState::Short | PlanState::Undone | PlanState::Withdrawn => true,
        PlanState::Proposed | PlanState::Approved | PlanState::Running | PlanState::Undoing => false,
    }
}
