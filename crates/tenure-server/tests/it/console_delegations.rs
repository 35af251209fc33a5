//! Delegations by forms alone, as without script: offered on a page that keeps what was typed, answered by whom it was offered to.
//!
//! Each form does once what it says, however often it is sent. Next: `console_handoffs.rs`.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER};
use crate::console::{led_to, send_form};
use crate::console_acts::filled;
use serde_json::json;

const PATH: &str = "/delegations";

fn wish<'text>(to: &'text str, ends: &'text str) -> [(&'text str, &'text str); 3] {
    [("to", to), ("ends", ends), ("reason", "on <b>leave</b>")]
}

/// The day so many days from now.
fn day(bench: &Bench, days: u64) -> String {
    let at = bench.engine.now().plus(std::time::Duration::from_hours(24 * days)).to_string();
    at[..10].to_owned()
}

#[tokio::test]
async fn one_lets_another_decide_who_accepts_it_decides_and_ends_it() {
    let bench = Bench::surveyed().await;
    let owned = json!({ "technical_owner": "operator" });
    assert_eq!(
        bench.call(ADMINISTRATOR, "PUT", "/api/v1/identities/billing/charter", Some(&owned)).await.status,
        200
    );
    let (soon, late) = (day(&bench, 5), day(&bench, 50));
    let opened = bench.get(OPERATOR, PATH).await.text();
    let long = send_form(&bench, OPERATOR, PATH, &filled(&opened, PATH, &wish("owner", &late))).await;
    assert!(long.status == 422 && long.text().contains("it may last 31 days at most"), "{}", long.text());
    assert!(long.text().contains("value=\"owner\""), "what was typed stays");
    let odd = send_form(&bench, OPERATOR, PATH, &filled(&opened, PATH, &wish("owner", "soon"))).await;
    assert!(odd.status == 422 && odd.text().contains("is no day such as"), "{}", odd.text());
    let seen = bench.get(AUDITOR, PATH).await.text();
    assert!(
        !seen.contains("<form method=\"post\" action=\"/delegations\""),
        "an auditor lets nobody: {seen}"
    );
    let offered = send_form(&bench, OPERATOR, PATH, &filled(&opened, PATH, &wish("owner", &soon))).await;
    let its = led_to(&offered).to_owned();
    let own = bench.get(OPERATOR, &its).await.text();
    let answers = format!("{its}/answer");
    assert!(!own.contains(&format!("action=\"{answers}\"")) && own.contains("on &#60;b&#62;leave"), "{own}");
    assert!(bench.get(OWNER, "/").await.text().contains(&format!("href=\"{its}\"")), "it waits for them");
    let theirs = bench.get(OWNER, &its).await.text();
    let accept = filled(&theirs, &answers, &[("answer", "accept")]);
    assert_eq!(send_form(&bench, AUDITOR, &answers, &accept).await.status, 403);
    assert_eq!(send_form(&bench, ADMINISTRATOR, &answers, &accept).await.status, 403, "not theirs to accept");
    let plan = bench.draft("disable", "billing").await["plan"].clone();
    let (page, apply) = (
        format!("/plans/{}", plan["handle"].as_str().unwrap()),
        format!("/api/v1/plans/{}/apply", plan["handle"].as_str().unwrap()),
    );
    assert_eq!(bench.get(OWNER, &page).await.status, 403, "nobody passed it on yet");
    for _ in 0..2 {
        assert_eq!(
            led_to(&send_form(&bench, OWNER, &answers, &accept).await),
            its,
            "sent twice, accepted once"
        );
    }
    let looked = bench.get(OWNER, &page).await;
    assert_eq!(looked.status, 200, "{}", looked.text());
    // To decide is passed on; to take back, or to plan, is not.
    let undone = bench
        .post(OWNER, &format!("/api/v1/plans/{}/undo", plan["handle"].as_str().unwrap()), &json!({}))
        .await;
    assert_eq!(undone.status, 403, "{}", undone.text());
    let decided = bench.post(OWNER, &apply, &json!({ "digest": plan["digest"] })).await;
    assert_eq!(decided.status, 202, "{}", decided.text());
    assert!(bench.get(AUDITOR, &its).await.text().contains(&page), "what was decided by it is named");
    let shown = bench.get(OPERATOR, &its).await.text();
    let withdraw = format!("{its}/withdraw");
    let form = filled(&shown, &withdraw, &[("why", "back earlier")]);
    assert_eq!(send_form(&bench, AUDITOR, &withdraw, &form).await.status, 403);
    for _ in 0..2 {
        assert_eq!(led_to(&send_form(&bench, OPERATOR, &withdraw, &form).await), its);
    }
    assert!(bench.get(OWNER, &its).await.text().contains("ended before its time: back earlier"));
    assert_eq!(bench.get(OWNER, &page).await.status, 403, "it is over");
}
