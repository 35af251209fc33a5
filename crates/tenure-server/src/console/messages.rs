//! `/messages`: what people were told, and whether it was sent.
//!
//! It must never show what a message said: that was theirs. Next: `api/messages/list.rs`.

use super::{
    Frame, HTML, PageProblem, Place, page,
    table::StateShown,
    text::{self, When},
};
use crate::api::prelude::*;
use askama::Template;
use axum::response::Response;
use tenure_engine::{ChatShown, EventStreamShown, MailShown, MessageShown, MessagesMeant};
use tenure_model::{Instant, MessageWay, counted};

pub(super) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/messages",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Person },
    evidence: None,
    about: "The console: what people were told, whether it was sent, and the way it takes.",
    query: &[],
    takes: None,
    answers: Answers::Page(HTML),
    route: || get(handle),
};

/// Of each kind, at most; the API has all of them.
const ROWS: usize = 100;

#[derive(Template)]
#[template(path = "messages.html")]
struct MessagesPage {
    frame: Frame,
    mail: Option<MailShown>,
    chats: Vec<ChatLine>,
    failed: Vec<MessageLine>,
    all: Vec<MessageLine>,
    is_cut: bool,
    streams: Vec<StreamLine>,
}

struct ChatLine {
    name: String,
    form: &'static str,
    people: String,
    details: bool,
}

fn chat_line(one: &ChatShown) -> ChatLine {
    let count = u64::try_from(one.people).unwrap_or(u64::MAX);
    ChatLine {
        name: text::shown(&one.name),
        form: if one.kind == "teams" { "Teams" } else { "Slack" },
        people: counted(count, "person"),
        details: one.details,
    }
}

struct StreamLine {
    name: String,
    to: String,
    way: &'static str,
    format: &'static str,
    kinds: String,
    details: bool,
    behind: String,
    state: StateShown,
    /// When something was taken last.
    taken: Option<When>,
    why: Option<text::Prose>,
    again: Option<When>,
}

fn stream_line(one: &EventStreamShown, now: Instant) -> StreamLine {
    let (mark, word, tone) = match (&one.why, one.taken) {
        (Some(_), _) => ("▲", "stands still", "bad"),
        (None, Some(_)) => ("✓", "told", "good"),
        (None, None) => ("○", "has nothing to tell yet", "quiet"),
    };
    StreamLine {
        name: text::shown(&one.name),
        to: text::shown(&one.to),
        way: one.way,
        format: one.format,
        kinds: if one.kinds.is_empty() {
            String::from("every kind")
        } else {
            text::shown(&one.kinds.join(", "))
        },
        details: one.details,
        behind: counted(one.behind, "entry"),
        state: StateShown { mark, word: word.to_owned(), tone: tone.to_owned() },
        taken: one.taken.map(|at| text::when(at, now)),
        why: one.why.as_deref().map(text::prose),
        again: one.again.map(|at| text::when(at, now)),
    }
}

struct MessageLine {
    handle: String,
    to: String,
    kind: &'static str,
    way: &'static str,
    tells: usize,
    created: When,
    state: StateShown,
    /// When it was sent, given up, or is tried next.
    at: Option<When>,
    why: Option<text::Prose>,
}

fn line(one: &MessageShown, now: Instant) -> MessageLine {
    let (mark, word, tone, at) = match (one.sent, one.given_up, one.attempts) {
        (Some(at), _, _) => ("✓", "sent", "good", Some(at)),
        (None, Some(at), _) => ("▲", "given up", "bad", Some(at)),
        (None, None, 0) => ("○", "waits to be sent", "quiet", None),
        (None, None, _) => ("◔", "is tried again", "warn", one.next),
    };
    MessageLine {
        handle: one.handle.clone(),
        to: one.to.as_deref().map_or_else(|| String::from("somebody who left"), text::shown),
        kind: one.kind.as_str(),
        way: match one.way {
            MessageWay::Mail => "by mail",
            MessageWay::Chat => "in a chat",
        },
        tells: one.tells,
        created: text::when(one.created, now),
        state: StateShown { mark, word: word.to_owned(), tone: tone.to_owned() },
        at: at.map(|at| text::when(at, now)),
        why: one.why.as_deref().map(text::prose),
    }
}

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<Response, PageProblem> {
    asked.authorise(Whose::Nobodys)?;
    let now = shared.engine.now();
    let most = i64::try_from(ROWS).unwrap_or(i64::MAX);
    let failed = shared.engine.messages(MessagesMeant::NotSent, 0, most).await.map_err(Problem::from)?;
    let mut all = shared.engine.messages(MessagesMeant::All, 0, most + 1).await.map_err(Problem::from)?;
    let is_cut = all.len() > ROWS;
    all.truncate(ROWS);
    let lines = |rows: &[MessageShown]| rows.iter().map(|one| line(one, now)).collect();
    let chats = shared.engine.chats_shown().await.map_err(Problem::from)?;
    let streams = shared.engine.event_streams_shown().await.map_err(Problem::from)?;
    let shown = MessagesPage {
        frame: Frame::of("Messages", Place::Programme, &asked),
        mail: shared.engine.mail_shown(),
        chats: chats.iter().map(chat_line).collect(),
        failed: lines(&failed),
        all: lines(&all),
        is_cut,
        streams: streams.iter().map(|one| stream_line(one, now)).collect(),
    };
    Ok(page(StatusCode::OK, &shown))
}
