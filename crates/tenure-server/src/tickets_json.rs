//! A ticket as its system posts it: Jira's own form, or a plain one for everything else.
//!
//! Of Jira's is read what is needed and nothing else; of the plain one every field is known. What it names stands in one field and is
//! never guessed. When the system said it decides what is older. Next: `ticket_words.rs`, what their words mean.

use crate::ticket_words::{instant, ticket};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, time::Duration};
use tenure_engine::{TicketGiven, TicketShape};
use tenure_model::{Instant, printable};

/// How far ahead of ours the clock of a system may be.
const AHEAD_MAX: Duration = Duration::from_mins(5);

/// What was posted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// A ticket, and when its system says so.
    Ticket(TicketGiven, Instant),
    /// Nothing that is read: why.
    Nothing(&'static str),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    key: String,
    state: String,
    updated: String,
    resolution: Option<String>,
    closed: Option<String>,
    identity: Option<String>,
    title: Option<String>,
    url: Option<String>,
}

/// Reads what a system posted, or says what is wrong with it.
pub(crate) fn read(body: &[u8], shape: &TicketShape, now: Instant) -> Result<Posted, String> {
    let unfit = |error: serde_json::Error| {
        format!("the body is not what is expected: {}", printable(&error.to_string(), 300))
    };
    match shape {
        TicketShape::Plain => {
            let given: Plain = serde_json::from_slice(body).map_err(unfit)?;
            let fields = BTreeMap::from([
                ("key", Some(given.key)),
                ("state", Some(given.state)),
                ("resolution", given.resolution),
                ("closed", given.closed),
                ("identity", given.identity),
                ("title", given.title),
                ("url", given.url),
            ]);
            of_fields(&fields, &given.updated, now)
        }
        TicketShape::Jira { identity_field } => {
            jira(&serde_json::from_slice(body).map_err(unfit)?, identity_field, now)
        }
    }
}

fn of_fields(fields: &BTreeMap<&str, Option<String>>, updated: &str, now: Instant) -> Result<Posted, String> {
    let said = |field: &str| fields.get(field).and_then(Option::as_deref);
    let at = zoned(updated).or_else(|| instant(updated));
    let at = at.ok_or_else(|| format!("`updated` is no instant: `{}`", printable(updated, 60)))?;
    if at > now.plus(AHEAD_MAX) {
        return Err(format!("it says it was changed at {at:#}, which has not come yet"));
    }
    Ok(Posted::Ticket(ticket(1, said, now)?, at))
}

/// Jira's form of a webhook about an issue.
fn jira(body: &Value, identity_field: &str, now: Instant) -> Result<Posted, String> {
    let event = body.get("webhookEvent").and_then(Value::as_str).unwrap_or_default();
    if event == "jira:issue_deleted" {
        return Ok(Posted::Nothing("a ticket that was deleted stays as it was said last"));
    }
    let Some(issue) = body.get("issue") else { return Ok(Posted::Nothing("it is about no issue")) };
    let fields = issue.get("fields").cloned().unwrap_or_default();
    let text = |at: &[&str]| {
        at.iter().try_fold(&fields, |value, name| value.get(name)).and_then(Value::as_str).map(str::to_owned)
    };
    let category = text(&["status", "statusCategory", "key"]);
    // The category is the same in every language; the names are people's.
    let state = category.map(|category| String::from(if category == "done" { "done" } else { "open" }));
    let resolved = text(&["resolutiondate"]).map(|at| zoned(&at).map_or(at, |at| at.to_string()));
    let said = BTreeMap::from([
        ("key", issue.get("key").and_then(Value::as_str).map(str::to_owned)),
        ("state", state),
        ("resolution", text(&["resolution", "name"])),
        ("closed", resolved),
        ("identity", fields.get(identity_field).and_then(named)),
        ("title", text(&["summary"])),
        ("url", page_of(issue)),
    ]);
    let updated = text(&["updated"]).ok_or("the issue does not say when it was changed (`updated`)")?;
    of_fields(&said, &updated, now)
}

/// What a field names: a text, or the text of a choice or of the only thing in a list.
fn named(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(choice) => {
            ["value", "name", "label"].iter().find_map(|key| choice.get(*key)).and_then(named)
        }
        Value::Array(list) => match list.as_slice() {
            [only] => named(only),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// Where people read it: the host that its own address names.
fn page_of(issue: &Value) -> Option<String> {
    let (own, key) = (issue.get("self")?.as_str()?, issue.get("key")?.as_str()?);
    let (base, _) = own.split_once("/rest/")?;
    let is_key = key.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    is_key.then(|| format!("{base}/browse/{key}"))
}

/// Jira's instants: `2026-11-20T09:12:00.000+0100`.
fn zoned(text: &str) -> Option<Instant> {
    let at = text.len().checked_sub(2)?;
    let (head, minutes) = (text.get(..at)?, text.get(at..)?);
    Instant::parse(&format!("{head}:{minutes}")).ok()
}

#[cfg(test)]
mod tests {
    use super::{Posted, read};
    use tenure_engine::TicketShape;
    use tenure_model::Instant;

    fn now() -> Instant {
        Instant::parse("2026-11-20T12:00:00Z").unwrap()
    }

    fn said(body: &serde_json::Value, shape: &TicketShape) -> Result<String, String> {
        Ok(match read(body.to_string().as_bytes(), shape, now())? {
            Posted::Nothing(why) => why.to_owned(),
            Posted::Ticket(one, at) => format!(
                "{} {} {} {} | {} | {} at {at}",
                one.key,
                one.state,
                one.closed.map(|at| at.to_string()).unwrap_or_default(),
                one.names,
                one.title,
                one.url.unwrap_or_default(),
            ),
        })
    }

    fn jira(fields: &serde_json::Value) -> Result<String, String> {
        let body = serde_json::json!({
            "timestamp": 1, "webhookEvent": "jira:issue_updated", "user": { "displayName": "somebody" },
            "issue": { "id": "1", "key": "OPS-3", "self": "https://jira.example.com/rest/api/2/10001", "fields": fields },
        });
        said(&body, &TicketShape::Jira { identity_field: String::from("customfield_10042") })
    }

    #[test]
    fn jiras_form_is_read_by_its_categories_and_one_field() {
        let done = serde_json::json!({
            "summary": "end the app", "updated": "2026-11-20T10:12:30.000+0100", "resolutiondate": "2026-11-20T10:12:00.000+0100",
            "status": { "name": "Erledigt", "statusCategory": { "key": "done" } }, "resolution": { "name": "Done" },
            "customfield_10042": "pg/app",
        });
        assert_eq!(
            jira(&done).unwrap(),
            "OPS-3 closed 2026-11-20T09:12:00Z pg/app | end the app | https://jira.example.com/browse/OPS-3 at 2026-11-20T09:12:30Z"
        );
        let with = |name: &str, value: serde_json::Value| {
            let mut fields = done.clone();
            fields[name] = value;
            jira(&fields)
        };
        let open = serde_json::json!({ "name": "Done", "statusCategory": { "key": "indeterminate" } });
        assert!(with("status", open).unwrap().starts_with("OPS-3 open"), "the category counts, not its name");
        assert!(
            with("resolution", serde_json::json!({ "name": "Won't Do" }))
                .unwrap()
                .starts_with("OPS-3 dropped")
        );
        for choice in [serde_json::json!({ "value": "pg/app" }), serde_json::json!([{ "name": "pg/app" }])] {
            assert!(with("customfield_10042", choice).unwrap().contains(" pg/app |"));
        }
        let several = with("customfield_10042", serde_json::json!(["pg/a", "pg/b"])).unwrap();
        assert!(several.contains("Z  | end the app"), "several are never one: {several}");
        assert!(
            with("updated", serde_json::json!("2026-11-21T10:12:30.000+0100"))
                .unwrap_err()
                .contains("not come yet")
        );
        assert!(with("updated", serde_json::json!(null)).unwrap_err().contains("`updated`"));
        assert!(with("resolutiondate", serde_json::json!(null)).unwrap_err().contains("does not say when"));
        let gone = serde_json::json!({ "webhookEvent": "jira:issue_deleted", "issue": { "key": "OPS-3" } });
        let shape = TicketShape::Jira { identity_field: String::from("x") };
        assert!(said(&gone, &shape).unwrap().contains("deleted"));
        assert!(
            said(&serde_json::json!({ "webhookEvent": "sprint_started" }), &shape)
                .unwrap()
                .contains("no issue")
        );
    }

    #[test]
    fn the_plain_form_has_known_fields_only() {
        let good = serde_json::json!({
            "key": "CHG0031", "state": "Closed Complete", "closed": "2026-11-20T09:12:00Z", "identity": "pg/app",
            "title": "end the app", "updated": "2026-11-20T09:12:30Z",
        });
        let shape = TicketShape::Plain;
        assert!(said(&good, &shape).unwrap().starts_with("CHG0031 closed 2026-11-20T09:12:00Z pg/app"));
        let mut more = good.clone();
        more["colour"] = serde_json::json!("red");
        assert!(said(&more, &shape).unwrap_err().contains("unknown field `colour`"));
        for missing in ["key", "state", "updated", "closed"] {
            let mut less = good.clone();
            less.as_object_mut().unwrap().remove(missing);
            assert!(said(&less, &shape).unwrap_err().contains(missing), "{missing}");
        }
        assert!(read(b"[", &shape, now()).is_err() && read(b"", &shape, now()).is_err());
        let mut hostile = good;
        hostile["url"] = serde_json::json!("https://a:b@evil.example/");
        assert!(said(&hostile, &shape).unwrap_err().contains("without a password"));
    }
}
