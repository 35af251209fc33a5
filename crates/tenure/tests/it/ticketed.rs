//! "Closed, still alive" on a real PostgreSQL: tickets say that roles ended, and what is observed says what became of them.
//!
//! Of three that are closed one is revoked and proved, one is dropped by hand, and one stays: its ticket must never count for
//! more than a claim. Next: `excepted.rs`.

use crate::excepted::{ahead, call_with};
use crate::kill::wait_for;
use crate::live::{login, started};
use crate::program::Place;
use crate::served::{Served, audited};
use serde_json::Value;
use tenure_events::SigningSecret;
use tenure_testbed::{WebhookBehaviour, WebhookReceiver, needs};

/// What is known of each ticket, by key.
fn outcomes(place: &Place) -> Vec<String> {
    let listed = place.done(&["tickets", "list", "--json"]).json();
    let said = |one: &Value| format!("{} {}", one["key"].as_str().unwrap(), one["outcome"].as_str().unwrap());
    let mut all: Vec<String> = listed["items"].as_array().unwrap().iter().map(said).collect();
    all.sort();
    all
}

fn standing(place: &Place, name: &str) -> String {
    place.done(&["show", name, "--json"]).json()["identity"]["standing"].as_str().unwrap().to_owned()
}

#[test]
fn closed_still_alive() {
    needs!(postgres);
    let postgres = started();
    for name in ["etl", "reporting", "app", "mail"] {
        login(&postgres, name);
    }
    let place = Place::new();
    place.private_file("pw", postgres.password());
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
    up.until("\n}\n");
    place.done(&["source", "add", "pg", &postgres.url("postgres"), "--password-file", "pw"]);
    let closed = ahead(0);
    place.done(&["survey", "pg"]);
    place.private_file(
        "jira.csv",
        &format!(
            "Issue key,Summary,Status Category,Resolution,Resolved,Service account\n\
             OPS-1,end the loader,Done,Done,{closed},pg/etl\n\
             OPS-2,end the reports,Done,Done,{closed},pg/reporting\n\
             OPS-3,end the app,Done,Done,{closed},pg/app\n\
             OPS-4,not any more,Done,Won't Do,{closed},pg/mail\n\
             OPS-5,end the old one,Done,Done,{closed},pg/nobody\n"
        ),
    );
    let import =
        ["tickets", "import", "jira.csv", "--system", "jira", "--column", "identity=Service account"];
    let preview = place.done(&[&import[..], &["--preview"]].concat());
    assert!(preview.out.contains("▲ closed, still alive: pg/etl"), "{preview:?}");
    assert!(place.done(&["tickets", "list"]).out.starts_with("No ticket was brought in yet."));
    place.done(&import);
    let alive = ["OPS-1 alive", "OPS-2 alive", "OPS-3 alive", "OPS-4 dropped", "OPS-5 unmatched"];
    assert_eq!(outcomes(&place), alive);
    wait_for("it is claimed dead", || standing(&place, "pg/etl") == "unproven");
    assert_ne!(standing(&place, "pg/mail"), "unproven", "its ticket was closed without doing it");
    let shown = place.done(&["show", "pg/etl"]).out;
    assert!(shown.contains("OPS-1 of jira, closed"), "{shown}");
    // One is ended here, and proved; one is dropped by hand; of the third nothing changes.
    place.done(&["revoke", "pg/etl", "--reason", "OPS-1", "--yes", "etl"]);
    postgres.sql("postgres", "DROP ROLE reporting").unwrap();
    place.done(&["survey", "pg"]);
    let now = ["OPS-1 proved", "OPS-2 absent", "OPS-3 alive", "OPS-4 dropped", "OPS-5 unmatched"];
    assert_eq!(outcomes(&place), now);
    wait_for("all are judged", || standing(&place, "pg/reporting") == "gone");
    assert_eq!(standing(&place, "pg/etl"), "retired");
    assert_eq!(standing(&place, "pg/app"), "unproven");
    let listed = place.done(&["tickets", "list", "--which", "seen-since"]);
    assert!(listed.out.contains("pg/app") && !listed.out.contains("pg/etl"), "{listed:?}");
    audited(&place, &["tickets.imported", "standing.changed"]);
}

/// A system posts what became of its ticket, and is posted back what became of what it says.
#[test]
fn a_ticket_that_its_system_closes_is_contradicted_by_what_is_observed_and_told_so() {
    needs!(postgres);
    needs!(webhook);
    let secret = "whsec_b2ZmZXJlZC1ieS10ZXN0cy1hbmQtbm90aGluZy1lbHNl";
    let receiver = WebhookReceiver::start(WebhookBehaviour::Accept, secret).unwrap();
    let Served { postgres: _postgres, place, up, .. } = Served::with(&["etl"], "ravi");
    up.stop().ended(0);
    let file = place.private_file("secret", secret);
    let sections = format!(
        "[[ticket_hooks]]\nsystem = \"snow\"\nsecret_file = \"{0}\"\n\
         [[events]]\nname = \"back\"\nwebhook = \"{1}\"\nsecret_file = \"{0}\"\nca_file = \"{2}\"\nkinds = [\"ticket.\"]\ndetails = true\n",
        file.display(),
        receiver.url(),
        receiver.certificate().display(),
    );
    std::fs::write(place.data.join("tenure.toml"), sections).unwrap();
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
    let said: Value = serde_json::from_str(&up.until("\n}\n")).unwrap();
    let address = said["address"].as_str().unwrap().to_owned();
    let closed = ahead(0);
    let body = serde_json::json!({
        "key": "CHG-1", "state": "closed", "identity": "pg/etl", "closed": closed, "updated": closed,
    });
    let post = |secret: &str| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let text = body.to_string();
        let signature =
            SigningSecret::new(secret).unwrap().sign("post-1", i64::try_from(now).unwrap(), text.as_bytes());
        let headers =
            format!("webhook-id: post-1\r\nwebhook-timestamp: {now}\r\nwebhook-signature: {signature}\r\n");
        call_with(&address, &headers, "POST", "/api/v1/ticket-hooks/snow", &body)
    };
    assert_eq!(post("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").0, 401, "the twin");
    assert!(place.done(&["tickets", "list"]).out.starts_with("No ticket was brought in yet."));
    assert_eq!(post(secret), (200, serde_json::json!({ "heard": "added", "why": null })));
    assert_eq!(post(secret).1["heard"], "older", "sent again");
    place.done(&["survey", "pg"]);
    wait_for("it is judged", || outcomes(&place) == ["CHG-1 alive"]);
    wait_for("its system is told", || {
        receiver.events().unwrap().iter().any(|one| one.contains("ticket.contradicted"))
    });
    let told: Vec<Value> =
        receiver.events().unwrap().iter().map(|one| serde_json::from_str(one).unwrap()).collect();
    let back = told.iter().find(|one| one["type"] == "tenure.ticket.contradicted").unwrap();
    assert_eq!(back["event"]["data"]["body"], serde_json::json!({ "key": "CHG-1", "identity": "pg/etl" }));
    assert_eq!(back["event"]["data"]["facts"]["system"], "snow");
    audited(&place, &["ticket.heard", "ticket.contradicted"]);
    drop(up);
}
