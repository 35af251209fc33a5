//! `GET /api/v1/findings`: what is wrong now, worst first.
//!
//! Ordered by severity, so a mark is a position: a finding that opens meanwhile may move the rest.

use crate::api::prelude::*;
use crate::page::{read_mark_of, size};
use tenure_engine::{FindingRow, FindingSeen, FindingsMeant};

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/api/v1/findings",
    access: Access::Decided { action: ApiAction::View, kind: ApiResourceKind::Identity },
    evidence: None,
    about: "What is wrong now, worst first: what counts; of that what is `new` since the baseline; what was `dismissed`; or what is `excepted`. With `rests_on` each is looked at anew, which takes longer.",
    query: &[
        ("new", "flag"),
        ("dismissed", "flag"),
        ("excepted", "flag"),
        ("rests_on", "flag"),
        ("limit", "limit"),
        ("after", "text"),
    ],
    takes: None,
    answers: Answers::Json(200, "FindingPage"),
    route: || get(handle),
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    new: Option<bool>,
    dismissed: Option<bool>,
    excepted: Option<bool>,
    rests_on: Option<bool>,
    limit: Option<u32>,
    after: Option<String>,
}

async fn handle(
    State(shared): State<Shared>,
    asked: Asked,
    Asking(wanted): Asking<Wanted>,
) -> Result<Json<Page<FindingSeen>>, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let asked_for = [wanted.new, wanted.dismissed, wanted.excepted].map(|flag| flag == Some(true));
    let meant = match asked_for {
        [false, false, false] => FindingsMeant::Counted,
        [true, false, false] => FindingsMeant::New,
        [false, true, false] => FindingsMeant::Dismissed,
        [false, false, true] => FindingsMeant::Excepted,
        _ => return Err(Problem::malformed("ask for one of `new`, `dismissed` and `excepted`")),
    };
    let size = size(wanted.limit)?;
    let skip: u32 = read_mark_of(wanted.after.as_deref())?.unwrap_or(0);
    let store = shared.engine.store();
    let read = store.read("findings", move |tx| tx.findings(meant, skip.into(), i64::from(size) + 1));
    let mark = |_: &FindingRow| vec![skip.saturating_add(size).to_string()];
    let Page { items, next } = Page::cut(read.await?, size, mark);
    let items = if wanted.rests_on == Some(true) {
        shared.engine.look_at(items).await?
    } else {
        items.into_iter().map(|finding| FindingSeen { finding, rests_on_digest: None }).collect()
    };
    Ok(Json(Page { items, next }))
}
