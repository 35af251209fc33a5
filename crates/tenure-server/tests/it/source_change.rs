//! A source is given other options, points or another password, through the API and through its form.
//!
//! What would read another system, use a password elsewhere or disturb a plan is refused, and nothing is changed then.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, Reply};
use crate::console::{led_to, send_form};
use crate::console_acts::filled;
use serde_json::{Value, json};

const SOURCE: &str = "/api/v1/sources/main";

async fn patch(bench: &Bench, body: &Value) -> Reply {
    bench.call(ADMINISTRATOR, "PATCH", SOURCE, Some(body)).await
}

async fn points(bench: &Bench) -> Vec<String> {
    let source = bench.get(AUDITOR, SOURCE).await.json();
    let name = |point: &Value| point["name"].as_str().unwrap().to_owned();
    source["points"].as_array().unwrap().iter().map(name).collect()
}

async fn changes_in_evidence(bench: &Bench) -> usize {
    let entries = bench.get(AUDITOR, "/api/v1/evidence/entries?limit=500").await.json();
    entries["items"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "source.changed").count()
}

#[tokio::test]
async fn a_change_is_shown_then_written_once_and_the_source_stays_itself() {
    let bench = Bench::surveyed().await;
    let before = bench.get(AUDITOR, SOURCE).await.json();
    let mut body = json!({ "write": false, "points": { "replica-1": null } });
    let shown = patch(&bench, &body).await.json();
    let change = json!([{ "part": "point", "name": "replica-1", "was": "chaos:replica-1", "will": null }]);
    assert_eq!((&shown["changes"], &shown["written"]), (&change, &json!(false)), "{shown}");
    assert_eq!((points(&bench).await.len(), changes_in_evidence(&bench).await), (2, 0));
    body["write"] = json!(true);
    let written = patch(&bench, &body).await.json();
    assert_eq!((&written["changes"], &written["written"]), (&change, &json!(true)));
    assert_eq!(
        (&written["source"]["id"], points(&bench).await),
        (&before["id"], vec![String::from("primary")])
    );
    let again = patch(&bench, &body).await.json();
    assert_eq!((&again["changes"], &again["written"]), (&json!([]), &json!(false)), "it is so already");
    assert_eq!(changes_in_evidence(&bench).await, 1);
    bench.survey("main").await;
    assert_eq!(bench.get(AUDITOR, "/api/v1/identities/main%2Freporting").await.status, 200);
}

#[tokio::test]
async fn what_would_not_be_this_source_any_more_is_refused_and_changes_nothing() {
    let bench = Bench::surveyed().await;
    let said = async |body: Value| {
        let reply = patch(&bench, &body).await;
        assert!((400..500).contains(&reply.status), "{}", reply.text());
        reply.json()["detail"].as_str().unwrap().to_owned()
    };
    let texts = [
        said(json!({ "write": true, "points": { "primary": null } })).await,
        said(json!({ "write": true, "points": { "primary": "chaos:replica-1" } })).await,
        said(json!({ "write": true, "secret": "x", "points": { "primary": "chaos:replica-1" } })).await,
        said(json!({ "write": true, "points": { "pooler": "chaos:replica-1" } })).await,
        said(json!({ "write": true, "options": { "speed": "11" } })).await,
        said(json!({ "options": {} })).await,
    ];
    insta::assert_snapshot!(texts.join("\n"));
    assert_eq!((points(&bench).await.len(), changes_in_evidence(&bench).await), (2, 0));
    let plan = bench.draft("revoke", "reporting").await["plan"].clone();
    let path = format!("/api/v1/plans/{}/apply", plan["handle"].as_str().unwrap());
    bench.post(OPERATOR, &path, &json!({ "digest": plan["digest"] })).await;
    let busy = said(json!({ "write": true, "points": { "replica-1": null } })).await;
    assert!(busy.contains("is still running there"), "{busy}");
    assert_eq!(points(&bench).await.len(), 2);
}

#[tokio::test]
async fn its_form_shows_what_it_changes_keeps_what_was_typed_and_changes_only_what_was_touched() {
    let bench = Bench::surveyed().await;
    let address = "/sources/main/change";
    assert!(!bench.get(AUDITOR, "/sources/main").await.text().contains(address));
    let page = bench.get(ADMINISTRATOR, address).await.text();
    assert!(bench.get(ADMINISTRATOR, "/sources/main").await.text().contains(address));
    for said in ["<dt><code>page_size</code></dt>", "<code>1</code> to <code>1000</code>", "Without it: 100."]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    let typed = [("points", "primary=chaos:primary"), ("step", "preview")];
    let form = filled(&page, address, &typed);
    let preview = send_form(&bench, ADMINISTRATOR, address, &form).await.text();
    assert!(preview.contains("What would change") && preview.contains("Point replica-1"), "{preview}");
    assert_eq!(points(&bench).await.len(), 2, "nothing is written before it was shown");
    // Somebody else adds a password meanwhile; the form does not speak of it.
    patch(&bench, &json!({ "write": true, "secret": "AnotherPasswordOfOurs" })).await;
    let write = filled(&preview, address, &[]);
    assert_eq!(led_to(&send_form(&bench, ADMINISTRATOR, address, &write).await), "/sources/main");
    assert_eq!(
        led_to(&send_form(&bench, ADMINISTRATOR, address, &write).await),
        "/sources/main",
        "twice is once"
    );
    assert_eq!((points(&bench).await.len(), changes_in_evidence(&bench).await), (1, 2));
    let typed = [("options", "speed 11"), ("step", "preview")];
    let wrong = send_form(&bench, ADMINISTRATOR, address, &filled(&page, address, &typed)).await;
    let text = wrong.text();
    assert!(wrong.status == 422 && text.contains("an option is written NAME=VALUE"), "{text}");
    assert!(text.contains("speed 11") && text.contains("aria-label=\"Places\""), "{text}");
}
