//! Pages: what they show, where they lead, and that a plan needs its name typed.
//!
//! That hostile names and requests cannot break them is in `console_guard.rs`; how they look and work in a browser is
//! in `crates/tenure/tests/it/console.rs`.

use crate::bench::{AUDITOR, Bench, OPERATOR, OWNER, Reply};
use axum::body::Body;
use http::Request;
use serde_json::json;
use tenure_connect::chaos::ChaosPrincipal;
use tenure_server::Peer;

/// Sends a form as a page of ours does.
pub(crate) async fn send_form(bench: &Bench, uid: u32, path: &str, form: &str) -> Reply {
    let mut request = Request::builder()
        .method("POST")
        .uri(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    request.extensions_mut().insert(Peer::Local { uid });
    bench.send(request).await
}

pub(crate) fn led_to(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{}", reply.text());
    reply.headers["location"].to_str().unwrap()
}

#[tokio::test]
async fn the_first_page_is_never_empty() {
    let bench = Bench::empty().await;
    assert!(bench.get(AUDITOR, "/").await.text().contains("tenure source add"));
    let bench = Bench::surveyed().await;
    let page = bench.get(OPERATOR, "/").await.text();
    assert!(page.contains("Begin with these") && page.contains("Nothing waits for you"), "{page}");
    let plan = bench.draft("revoke", "reporting").await["plan"]["handle"].as_str().unwrap().to_owned();
    let waits = format!("href=\"/plans/{plan}\"");
    let page = bench.get(OPERATOR, "/").await.text();
    assert_eq!(page.matches(&waits).count(), 1, "for whoever may decide it, and once: {page}");
    assert!(
        bench.get(AUDITOR, "/").await.text().contains(&waits),
        "and who may see plans sees it among those of others"
    );
    assert!(!bench.get(OWNER, "/").await.text().contains(&waits), "not for who may not see plans");
}

#[tokio::test]
async fn the_queue_names_what_is_wrong_with_the_next_step() {
    let bench = Bench::surveyed().await;
    let findings = bench.get(AUDITOR, "/api/v1/findings").await.json();
    let worst = findings["items"][0].clone();
    let page = bench.get(AUDITOR, "/").await.text();
    let name = worst["identity_name"].as_str();
    match name {
        None => assert!(page.contains("Nothing is found that somebody has to mend"), "{page}"),
        Some(name) => {
            assert!(page.contains(&format!("<bdi>{name}</bdi>")), "{page}");
            let count = page.matches("class=\"severity-").count();
            assert!((1..=5).contains(&count), "a queue of five: {count}");
        }
    }
}

#[tokio::test]
async fn places_are_named_for_whoever_may_go_there() {
    let bench = Bench::surveyed().await;
    let operator = bench.get(OPERATOR, "/").await.text();
    for place in ["Now", "Inventory", "Plans", "Evidence", "Sources", "Report", "Doctor"] {
        assert!(operator.contains(&format!(">{place}</a>")), "{place}");
    }
    assert!(operator.contains("aria-current=\"page\">Now<"), "{operator}");
    let owner = bench.get(OWNER, "/").await.text();
    for place in ["Plans", "Evidence", "Sources", "Report"] {
        assert!(!owner.contains(&format!(">{place}</a>")), "{place}");
    }
}

fn names(page: &str) -> Vec<String> {
    let rows = page.split("class=\"row\"").skip(1);
    rows.map(|row| row.split("<bdi>").nth(1).unwrap().split("</bdi>").next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn lists_are_filtered_by_the_address_and_files_hold_the_same() {
    let bench = Bench::surveyed().await;
    let shown = async |path: &str| names(&bench.get(AUDITOR, path).await.text());
    assert_eq!(shown("/identities?q=report").await, ["main/reporting"]);
    assert!(shown("/identities?q=standing:retired").await.is_empty());
    assert_eq!(shown("/identities?q=standing:unclaimed%20billing").await, ["main/billing"]);
    assert_eq!(shown("/identities?q=kind:account%20billing").await, ["main/billing"]);
    assert_eq!(shown("/identities?q=owner:none%20billing").await, ["main/billing"]);
    assert!(shown("/identities?q=owner:me").await.is_empty());
    assert_eq!(shown("/principals?q=presence:present%20billing").await, ["billing"]);
    assert_eq!(shown("/rights?q=right:select").await, ["main/reporting"]);
    assert!(!shown("/credentials?q=state:live").await.is_empty());
    assert!(shown("/credentials?q=state:expired").await.is_empty());
    assert_eq!(shown("/systems").await, ["main"]);
    let odd = bench.get(AUDITOR, "/identities?q=standing:fine").await.text();
    assert!(odd.contains("is not a known standing") && !names(&odd).is_empty(), "{odd}");
    assert_eq!(bench.get(AUDITOR, "/identities?q=source:elsewhere").await.status, 404);
    assert_eq!(bench.get(AUDITOR, "/identities?after=nonsense").await.status, 400);

    let csv = bench.get(AUDITOR, "/api/v1/identities.csv?q=report").await;
    let text = csv.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("identity,handle,standing,") && lines.len() == 2, "{text}");
    assert!(lines[1].starts_with("main/reporting,"), "{text}");
    assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"identities.csv\"");
    let json = bench.get(AUDITOR, "/api/v1/identities?q=report").await.json();
    assert_eq!(json["items"][0]["name"], "main/reporting");
    for list in ["principals", "credentials", "grants"] {
        let rows = bench.get(AUDITOR, &format!("/api/v1/{list}?q=report")).await.json();
        let file = bench.get(AUDITOR, &format!("/api/v1/{list}.csv?q=report")).await.text();
        assert_eq!(file.lines().count(), 1 + rows["items"].as_array().unwrap().len(), "{file}");
        assert_eq!(
            bench.get(AUDITOR, &format!("/api/v1/{list}.csv?q=kind:nonsense%20right:x")).await.status == 200,
            list == "grants"
        );
    }
    assert_eq!(bench.get(AUDITOR, "/api/v1/identities?q=standing:fine").await.status, 400);
}

#[tokio::test]
async fn every_list_leads_to_the_same_as_a_file_and_as_json() {
    let bench = Bench::surveyed().await;
    bench.draft("disable", "billing").await;
    for (list, csv, json) in [
        ("/identities", Some("/api/v1/identities.csv?q="), "/api/v1/identities?q="),
        ("/principals", Some("/api/v1/principals.csv?q="), "/api/v1/principals?q="),
        ("/credentials", Some("/api/v1/credentials.csv?q="), "/api/v1/credentials?q="),
        ("/rights", Some("/api/v1/grants.csv?q="), "/api/v1/grants?q="),
        ("/systems", Some("/api/v1/sources.csv"), "/api/v1/sources"),
        ("/sources", Some("/api/v1/sources.csv"), "/api/v1/sources"),
        ("/plans", Some("/api/v1/plans.csv"), "/api/v1/plans"),
        ("/whose", None, "/api/v1/suggestions?limit=25"),
        ("/evidence", None, "/api/v1/evidence/entries?before="),
    ] {
        let page = bench.get(AUDITOR, list).await.text();
        assert!(page.contains(&format!("href=\"{json}")), "{list}: {page}");
        if let Some(csv) = csv {
            assert!(page.contains(&format!("href=\"{csv}\" download")), "{list}: {page}");
            let file = bench.get(AUDITOR, csv).await.text();
            let items = bench.get(AUDITOR, json).await.json()["items"].as_array().unwrap().len();
            assert_eq!(file.lines().count(), 1 + items, "{list}: {file}");
        }
    }
    let page = bench.get(AUDITOR, "/evidence").await.text();
    let json = page.split("href=\"/api/v1/evidence/entries").nth(1).unwrap().split('"').next().unwrap();
    let entries = bench.get(AUDITOR, &format!("/api/v1/evidence/entries{json}")).await.json();
    let newest = entries["items"][0]["index"].as_u64().unwrap();
    assert!(page.contains(&format!("href=\"/evidence/{newest}\"")), "it begins where the page does");
}

#[tokio::test]
async fn an_identity_has_a_readable_permanent_address() {
    let bench = Bench::surveyed().await;
    let list = bench.get(AUDITOR, "/identities?q=reporting").await.text();
    let address = list.split("class=\"row\" href=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(address.starts_with("/identities/reporting.main~"), "{address}");
    let page = bench.get(AUDITOR, &address).await.text();
    for part in [
        "Three questions",
        "Should it exist?",
        "An account at main",
        "nobody owns it",
        "Charter",
        "unanswered",
        "Issued by",
        "Dies",
        "shop/table/orders",
        "<svg",
        "Timeline of evidence",
        "Uses",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for also in ["/identities/reporting.main", "/identities/reporting", "/identities/main%2Freporting"] {
        assert!(bench.get(AUDITOR, also).await.text().contains(&address), "{also}");
    }
    let renamed = address.replace("reporting.main", "another-name");
    assert!(bench.get(AUDITOR, &renamed).await.text().contains("<bdi>main/reporting</bdi>"), "{renamed}");
    assert_eq!(bench.get(AUDITOR, "/identities/nobody").await.status, 404);
    assert_eq!(led_to(&bench.get(AUDITOR, "/find?q=reporting").await), address);
    assert_eq!(led_to(&bench.get(AUDITOR, "/find?q=bill%20%26%20x").await), "/identities?q=bill%20%26%20x");
    let timeline = |page: &str| page.contains("Timeline of evidence");
    assert!(!timeline(&bench.get(OWNER, &address).await.text()), "not for who may not read evidence");
}

#[tokio::test]
async fn a_plan_is_drafted_decided_by_typing_its_name_and_shown_to_its_proof() {
    let bench = Bench::surveyed().await;
    let drafted =
        send_form(&bench, OPERATOR, "/identities/reporting.main/plans", "kind=revoke&reason=over").await;
    let page = led_to(&drafted).to_owned();
    let proposed = bench.get(OPERATOR, &page).await.text();
    for part in ["data-live=", "nobody yet", "not asked", "Type <strong>", "The way back"] {
        assert!(proposed.contains(part), "{part}: {proposed}");
    }
    assert!(!proposed.contains("http-equiv"), "nothing is loaded again while somebody types");
    assert!(!bench.get(AUDITOR, &page).await.text().contains("Type <strong>"), "an auditor decides nothing");
    let digest =
        proposed.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let apply = format!("{page}/apply");
    let wrong = send_form(&bench, OPERATOR, &apply, &format!("name=billing&digest={digest}")).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("Another name was typed"), "{}", wrong.text());
    let stale = send_form(&bench, OPERATOR, &apply, "name=reporting&digest=another").await;
    assert!((400..500).contains(&stale.status), "{}", stale.text());
    assert!(bench.get(OPERATOR, &page).await.text().contains("nobody yet"), "nothing was decided");
    let digest = digest.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for _ in 0..2 {
        let right = send_form(&bench, OPERATOR, &apply, &format!("name=reporting&digest={digest}")).await;
        assert_eq!(led_to(&right), page, "sent twice, decided once");
    }
    let plan = bench.get(OPERATOR, &format!("/api/v1{page}")).await.json();
    bench.carry_out(plan["plan"]["id"].as_str().unwrap()).await;
    let proved = bench.get(AUDITOR, &page).await.text();
    for part in
        ["<strong>P4</strong>", "refused", "absent", "nothing alive", "<bdi>operator</bdi>", "replica-1"]
    {
        assert!(proved.contains(part), "{part}: {proved}");
    }
    for over in ["data-live=", "http-equiv=\"refresh\"", "Take it back", "Type <strong>"] {
        assert!(!proved.contains(over), "{over}");
    }
    assert!(bench.get(AUDITOR, "/plans").await.text().contains(&page), "the list leads to it");
    assert_eq!(bench.get(OWNER, &page).await.status, 403);
}

#[tokio::test]
async fn a_plan_is_withdrawn_and_taken_back_from_its_page() {
    let bench = Bench::surveyed().await;
    let draft = "kind=disable&reason=over";
    let first = send_form(&bench, OPERATOR, "/identities/billing/plans", draft).await;
    let first = led_to(&first).to_owned();
    let again = send_form(&bench, OPERATOR, "/identities/billing/plans", draft).await;
    assert_eq!(led_to(&again), first, "sent twice, drafted once");
    for _ in 0..2 {
        assert_eq!(led_to(&send_form(&bench, OPERATOR, &format!("{first}/withdraw"), "").await), first);
    }
    assert!(bench.get(OPERATOR, &first).await.text().contains("withdrawn"));
    let plan = bench.draft("revoke", "billing").await["plan"].clone();
    let page = format!("/plans/{}", plan["handle"].as_str().unwrap());
    bench.post(OPERATOR, &format!("/api/v1{page}/apply"), &json!({ "digest": plan["digest"] })).await;
    assert!(bench.get(OPERATOR, &page).await.text().contains("Withdraw this plan"), "it has not begun");
    bench.engine.drive(plan["id"].as_str().unwrap().parse().unwrap()).await.unwrap();
    let running = bench.get(OPERATOR, &page).await.text();
    assert!(running.contains("Take it back") && running.contains("http-equiv=\"refresh\""), "{running}");
    for _ in 0..2 {
        assert_eq!(led_to(&send_form(&bench, OPERATOR, &format!("{page}/undo"), "").await), page);
    }
    bench.carry_out(plan["id"].as_str().unwrap()).await;
    assert!(bench.get(OPERATOR, &page).await.text().contains("undone"));
    let unknown = send_form(&bench, OPERATOR, "/identities/billing/plans", "kind=explode&reason=x").await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn an_entry_is_shown_with_a_proof_that_holds_and_an_altered_body_is_told() {
    let bench = Bench::surveyed().await;
    let list = bench.get(AUDITOR, "/evidence").await.text();
    assert!(list.contains("source.added") && list.contains("/api/v1/evidence/export?first="), "{list}");
    let size = bench.get(AUDITOR, "/api/v1/evidence").await.json()["size"].as_u64().unwrap();
    for index in [0, size / 2, size - 1] {
        let page = bench.get(AUDITOR, &format!("/evidence/{index}")).await.text();
        assert!(page.contains("proof holds") && page.contains("as recorded"), "{page}");
        // The steps that are shown lead to the root that is shown.
        let last = page.rsplit("gives <code>").next().unwrap().split('<').next().unwrap();
        let root = page.split("data-root=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(last, root);
    }
    for nothing in [size.to_string(), String::from("x"), String::from("-1"), "9".repeat(40)] {
        assert_eq!(bench.get(AUDITOR, &format!("/evidence/{nothing}")).await.status, 404, "{nothing}");
    }
    assert_eq!(bench.get(OWNER, "/evidence/0").await.status, 403);
}

#[tokio::test]
async fn a_source_shows_its_coverage_and_a_held_survey_is_decided_by_typing_its_name() {
    let bench = Bench::surveyed().await;
    let account = |number| ChaosPrincipal::account(&format!("app_{number}"), "Value0000000000001");
    let keys: Vec<_> = (0..12).map(|number| bench.world.create(account(number))).collect();
    bench.survey("main").await;
    let page = bench.get(OPERATOR, "/sources/main").await.text();
    assert!(
        page.contains("Read whole") && page.contains("Coverage") && page.contains("Not observable here"),
        "{page}"
    );
    for key in &keys {
        bench.world.remove(key).unwrap();
    }
    bench.survey("main").await;
    let held = bench.get(OPERATOR, "/sources/main").await.text();
    assert!(held.contains("Held for a decision"), "{held}");
    assert!(bench.get(OPERATOR, "/").await.text().contains("that are missing at main are gone"));
    let decide = "/sources/main/decide";
    let wrong = send_form(&bench, OPERATOR, decide, "name=mian&believe=yes").await;
    assert!(wrong.status == 422 && wrong.text().contains("Another name was typed"), "{}", wrong.text());
    assert_eq!(led_to(&send_form(&bench, OPERATOR, decide, "believe=no").await), "/sources/main");
    assert!(!bench.get(OPERATOR, "/sources/main").await.text().contains("Held for a decision"));
    assert_eq!(led_to(&send_form(&bench, OPERATOR, "/sources/main/survey", "").await), "/sources/main");
    assert_eq!(bench.get(OPERATOR, "/sources/nowhere").await.status, 404);
}

#[tokio::test]
async fn doctor_says_first_what_is_not_well() {
    let bench = Bench::surveyed().await;
    let page = bench.get(AUDITOR, "/doctor").await.text();
    assert!(page.contains("evidence log") && page.contains("each in its place"), "{page}");
    let marks: Vec<usize> = [">▲<", ">◔<", ">✓<"].iter().filter_map(|mark| page.find(*mark)).collect();
    assert!(marks.is_sorted() && !marks.is_empty(), "{page}");
}
