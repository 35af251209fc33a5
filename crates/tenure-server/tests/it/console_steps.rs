//! A plan that needs several decisions, by forms alone: what is whose, and the way past it in an emergency.

use crate::bench::{ADMINISTRATOR, Bench, OPERATOR};
use crate::console::{led_to, send_form};
use crate::console_acts::filled;
use serde_json::json;

/// Puts rules in force that ask for an administrator and then an operator.
async fn rules(bench: &Bench) {
    let main =
        "version = 1\n[[approvals.rule]]\nplans = [\"disable\"]\nsteps = [\"administrator\", \"operator\"]\n";
    let files = json!({ "programme.toml": main });
    let foreseen = loop {
        let plan =
            bench.post(ADMINISTRATOR, "/api/v1/programme/plan", &json!({ "files": files })).await.json();
        if plan["foreseen"].is_object() {
            break plan["foreseen"].clone();
        }
    };
    let apply = json!({ "files": files, "reason": "two people", "word": foreseen["word"] });
    let applied = bench.call(ADMINISTRATOR, "PUT", "/api/v1/programme", Some(&apply)).await;
    assert_eq!(applied.status, 200, "{}", applied.text());
}

#[tokio::test]
async fn a_page_says_whose_step_it_is_and_an_emergency_goes_past_it() {
    let bench = Bench::surveyed().await;
    rules(&bench).await;
    let wish = json!({ "kind": "disable", "identity": "billing", "reason": "contract ended" });
    let plan = bench.post(OPERATOR, "/api/v1/plans", &wish).await.json()["plan"].clone();
    let at = format!("/plans/{}", plan["handle"].as_str().unwrap());
    let apply = format!("{at}/apply");
    // The operator asked for it, and decides nothing.
    let page = bench.get(OPERATOR, &at).await.text();
    for part in [
        "an administrator",
        "an operator",
        "not decided",
        "whoever asked for a plan decides no step",
        "In an emergency",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let forced = send_form(
        &bench,
        OPERATOR,
        &apply,
        &filled(&page, &apply, &[("name", "billing"), ("emergency", " ")]),
    )
    .await;
    assert_eq!(forced.status, 422, "{}", forced.text());
    let page = bench.get(ADMINISTRATOR, &at).await.text();
    assert!(!page.contains("In an emergency"), "it is theirs: {page}");
    let form = filled(&page, &apply, &[("name", "billing")]);
    assert_eq!(led_to(&send_form(&bench, ADMINISTRATOR, &apply, &form).await), at);
    assert_eq!(
        led_to(&send_form(&bench, ADMINISTRATOR, &apply, &form).await),
        at,
        "sent twice, decided once"
    );
    let shown = bench.get(ADMINISTRATOR, &format!("/api/v1{at}")).await.json();
    assert_eq!(
        (&shown["plan"]["state"], shown["approvals"].as_array().unwrap().len()),
        (&json!("proposed"), 1)
    );
    assert!(
        shown["decisions"][0]["person"].is_string() && shown["decisions"][1]["person"].is_null(),
        "{shown}"
    );
    let page = bench.get(ADMINISTRATOR, &at).await.text();
    assert!(
        page.contains("step 1 of it was decided by you, or in your place") && page.contains("counts until"),
        "{page}"
    );
    // Past the second step, with the reason.
    let page = bench.get(OPERATOR, &at).await.text();
    let form = filled(&page, &apply, &[("name", "billing"), ("emergency", "it is <leaked>")]);
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &apply, &form).await), at);
    let shown = bench.get(ADMINISTRATOR, &format!("/api/v1{at}")).await.json();
    assert_ne!(shown["plan"]["state"], "proposed");
    let page = bench.get(ADMINISTRATOR, &at).await.text();
    assert!(page.contains("in an emergency: it is &#60;leaked&#62;"), "{page}");
}
