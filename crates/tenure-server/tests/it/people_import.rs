//! A list of people as CSV: joiners, movers and leavers as they were shown, and what it may not touch.
//!
//! How a file is read is tested in `people_csv.rs`, the command in `tenure`. Next: `scim.rs`, the other directory.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, Reply};
use serde_json::{Value, json};
use std::{fmt::Write as _, time::Duration};

async fn preview(bench: &Bench, csv: &str) -> Reply {
    bench.post(ADMINISTRATOR, "/api/v1/people-imports/preview", &json!({ "csv": csv })).await
}

async fn apply(bench: &Bench, csv: &str, word: &Value) -> Reply {
    bench.post(ADMINISTRATOR, "/api/v1/people-imports", &json!({ "csv": csv, "word": word })).await
}

/// Looks at a list and lets it happen.
pub(crate) async fn import(bench: &Bench, csv: &str) -> Value {
    let shown = preview(bench, csv).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let done = apply(bench, csv, &shown.json()["word"]).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(done.json(), shown.json(), "what happens is what was shown");
    done.json()
}

/// Who joins, changes, comes back, leaves and is held.
fn told(foreseen: &Value) -> String {
    ["joins", "changes", "returns", "leaves", "held"]
        .map(|what| {
            let names = foreseen[what]["names"].as_array().unwrap();
            assert_eq!(foreseen[what]["count"], names.len());
            let names: Vec<&str> = names.iter().map(|name| name.as_str().unwrap()).collect();
            format!("{what}: {}", names.join(" "))
        })
        .join(", ")
}

async fn people(bench: &Bench) -> String {
    let people = bench.get(AUDITOR, "/api/v1/people").await.json();
    let shown = |one: &Value| format!("{} {}", one["name"].as_str().unwrap(), one["role"].as_str().unwrap());
    people["items"].as_array().unwrap().iter().map(shown).collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn who_is_on_a_list_joins_or_changes_and_who_is_not_any_more_leaves() {
    let bench = Bench::surveyed().await;
    let before = people(&bench).await;
    let first = "name,email,teams\nada,ada@example.com,platform\nbob,,platform;data\n";
    let shown = preview(&bench, first).await.json();
    assert_eq!(told(&shown), "joins: ada bob, changes: , returns: , leaves: , held: ");
    assert_eq!(people(&bench).await, before, "a preview changes nothing");
    let done = import(&bench, first).await;
    assert_eq!(done["teams"].as_array().unwrap().len(), 2, "{done}");
    let role = json!({ "role": "operator" });
    let mapped = bench.call(ADMINISTRATOR, "PUT", "/api/v1/teams/platform/role", Some(&role)).await;
    assert_eq!(mapped.json()["members"], 2, "{}", mapped.text());
    assert!(people(&bench).await.contains("ada operator, "), "{}", people(&bench).await);
    let owned = json!({ "business_owner": "bob", "technical_owner": "bob" });
    let path = "/api/v1/identities/billing/charter";
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", path, Some(&owned)).await.status, 200);

    let size = bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"].clone();
    assert_eq!(told(&import(&bench, first).await), "joins: , changes: , returns: , leaves: , held: ");
    assert_eq!(bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"], size, "nor leaves a trace");

    let second = "name,email,teams\nada,ada@example.org,data\ncy,,\n";
    assert_eq!(
        told(&import(&bench, second).await),
        "joins: cy, changes: ada, returns: , leaves: bob, held: "
    );
    let now = people(&bench).await;
    assert!(now.contains("ada owner") && now.contains("cy owner") && !now.contains("bob"), "{now}");
    let charter =
        bench.get(AUDITOR, "/api/v1/identities/billing").await.json()["identity"]["charter"].clone();
    assert_eq!(charter["business_owner"], Value::Null, "{charter}");
    let third = format!("{second}bob,,\n");
    assert_eq!(told(&import(&bench, &third).await), "joins: , changes: , returns: bob, leaves: , held: ");
    let charter =
        bench.get(AUDITOR, "/api/v1/identities/billing").await.json()["identity"]["charter"].clone();
    assert_ne!(charter["business_owner"], Value::Null, "they answer for it again");
}

#[tokio::test]
async fn a_list_touches_nobody_who_does_not_come_from_one() {
    let scene = crate::scim::Scene::of(Bench::surveyed().await).await;
    scene.join("dana").await;
    let team = scene.call("POST", "/Groups", Some(&json!({ "displayName": "platform" }))).await;
    assert_eq!(team.status, 201);
    let bench = &scene.bench;
    let mut text = String::new();
    for csv in [
        "name\nada\nOperator\n",
        "name\nDANA\n",
        "name,teams\nada,Platform\n",
        "name,teams\nada,a\u{202e}b\n",
        "name,external_id\nada,1\nbob,1\n",
    ] {
        let _ = writeln!(text, "{csv:?}\n  {}", preview(bench, csv).await.problem());
    }
    insta::assert_snapshot!(text);
    import(bench, "name,external_id,teams\nada,1,data\n").await;
    // Whoever has the name of somebody who left under another id is not them.
    import(bench, "name\nbob\n").await;
    insta::assert_snapshot!(preview(bench, "name,external_id\nada,2\nbob,\n").await.problem());
    assert_eq!(
        told(&preview(bench, "name,external_id\nada the first,1\nbob,\n").await.json()),
        "joins: , changes: , returns: ada → ada the first, leaves: , held: ",
        "by their id they are"
    );
    let found = scene.call("GET", "/Users?filter=userName%20eq%20%22bob%22", None).await.json();
    assert_eq!(found["totalResults"], 0, "nor are they there for a directory");
    let groups = scene.call("GET", "/Groups", None).await.json();
    assert_eq!(groups["totalResults"], 1, "{groups}");
}

#[tokio::test]
async fn only_what_was_shown_happens() {
    let bench = Bench::surveyed().await;
    let (first, other) = ("name\nada\n", "name\nada\nbob\n");
    let word = preview(&bench, first).await.json()["word"].clone();
    let refused = apply(&bench, other, &word).await;
    insta::assert_snapshot!(refused.problem());
    import(&bench, other).await;
    let late = apply(&bench, first, &word).await;
    assert_eq!(late.status, 409, "bob would leave now: {}", late.text());
}

#[tokio::test]
async fn a_list_that_loses_most_of_its_people_is_held_and_their_teams_stay_theirs() {
    let bench = Bench::surveyed().await;
    let mut many = String::from("name,teams\n");
    for number in 0..20 {
        let _ = writeln!(many, "person-{number:02},platform");
    }
    import(&bench, &many).await;
    bench.clock.advance(Duration::from_hours(2));
    let few: String = many.lines().take(16).fold(String::new(), |few, line| few + line + "\n");
    let done = import(&bench, &few).await;
    assert_eq!(done["held"]["count"], 5, "{done}");
    assert_eq!(done["leaves"]["count"], 0, "{done}");
    assert_eq!(done["teams"], json!([]), "who is held keeps their teams");
    assert!(people(&bench).await.contains("person-19 owner"));
    // The twin: one fewer is no crowd.
    assert_eq!(told(&import(&bench, &many).await), "joins: , changes: , returns: , leaves: , held: ");
    let four = many.lines().take(17).fold(String::new(), |few, line| few + line + "\n");
    assert_eq!(import(&bench, &four).await["leaves"]["count"], 4);
    let held = bench.get(AUDITOR, "/api/v1/leavings").await.json();
    assert_eq!(held["items"], json!([]), "a list that holds them again took their leaving back");
}

#[tokio::test]
async fn the_console_says_who_left_and_what_nobody_took_up_until_somebody_does() {
    let bench = Bench::surveyed().await;
    import(&bench, "name\nada\nbob\n").await;
    let pages = async || {
        let now = bench.get(AUDITOR, "/").await.text();
        (now.contains("whose now?"), now, bench.get(AUDITOR, "/people").await.text())
    };
    let before = pages().await;
    assert!(!before.0 && before.2.contains("list (CSV)") && before.2.contains("added here"), "{}", before.2);
    let owned = json!({ "business_owner": "ada", "technical_owner": "ada" });
    let path = "/api/v1/identities/billing/charter";
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", path, Some(&owned)).await.status, 200);
    import(&bench, "name\nbob\n").await;
    let (is_said, now, page) = pages().await;
    assert!(
        is_said && now.contains("1 person left") && now.contains("nobody took up 1 identity since"),
        "{now}"
    );
    assert!(page.contains("Nobody took up") && page.contains("<bdi>main/billing</bdi></a>."), "{page}");
    let owned = json!({ "business_owner": "operator", "technical_owner": "operator" });
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", path, Some(&owned)).await.status, 200);
    let (is_said, now, page) = pages().await;
    assert!(!is_said, "somebody took it up: {now}");
    assert!(page.contains("ada") && !page.contains("main/billing"), "{page}");
}

#[tokio::test]
async fn a_list_of_ten_thousand_people_is_one_call() {
    let bench = Bench::surveyed().await;
    let mut many = String::from("name,external_id,email,teams\n");
    for number in 0..10_000 {
        let _ = writeln!(
            many,
            "person-{number:05},id-{number},person-{number:05}@example.com,team-{}",
            number % 7
        );
    }
    let done = import(&bench, &many).await;
    assert_eq!((&done["joins"]["count"], &done["people"]), (&json!(10_000), &json!(10_000)));
    assert_eq!(done["joins"]["names"].as_array().unwrap().len(), 100);
    assert_eq!(done["teams"].as_array().unwrap().len(), 7);
}
