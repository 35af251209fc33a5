//! Requests by forms alone, as without script: asked for on a page that keeps what was typed, decided by somebody else on its own.
//!
//! Each form does once what it says, however often it is sent. Next: `console_exceptions.rs`.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER};
use crate::console::{led_to, send_form};
use crate::console_acts::filled;

const WISH: [(&str, &str); 13] = [
    ("source", "main"),
    ("principal", "etl"),
    ("business_owner", "administrator"),
    ("technical_owner", "owner"),
    ("purpose", "the <nightly> load"),
    ("boundary", "one host"),
    ("allowed_scope", "SELECT on orders"),
    ("environment", "production"),
    ("expires_at", "2027-03-31"),
    ("rotation_days", ""),
    ("retirement_trigger", "unused:90"),
    ("store", "federation"),
    ("reason", "the report needs it"),
];

async fn entries(bench: &Bench) -> u64 {
    bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"].as_u64().unwrap()
}

#[tokio::test]
async fn a_request_is_asked_for_by_one_and_decided_by_another() {
    let bench = Bench::surveyed().await;
    let at = "/requests/new";
    let opened = bench.get(OPERATOR, at).await.text();
    let before = entries(&bench).await;
    let missing = send_form(&bench, OPERATOR, at, &filled(&opened, at, &WISH[..3])).await;
    assert_eq!(missing.status, 422);
    let said = missing.text();
    assert!(said.contains("technical_owner (who can change it)") && said.contains("value=\"etl\""), "{said}");
    let odd = [&WISH[..8], &[("expires_at", "soon")]].concat();
    let odd = send_form(&bench, OPERATOR, at, &filled(&opened, at, &odd)).await;
    assert!(odd.status == 422 && odd.text().contains("neither a day such as"), "{}", odd.text());
    assert_eq!(entries(&bench).await, before, "nothing was asked for");
    let asked = send_form(&bench, OPERATOR, at, &filled(&opened, at, &WISH)).await;
    let its = led_to(&asked).to_owned();
    assert_eq!(entries(&bench).await, before + 1);
    // Whoever asked, whoever only looks, and whoever will not own it is offered no decision.
    let decide = format!("action=\"{its}/decide\"");
    let own = bench.get(OPERATOR, &its).await.text();
    assert!(own.contains("whoever asked for it decides no step of it") && !own.contains(&decide), "{own}");
    assert!(own.contains("the &#60;nightly&#62; load"), "{own}");
    assert!(!bench.get(AUDITOR, &its).await.text().contains("<form method=\"post\" action=\"/requests"));
    assert!(
        !bench.get(OPERATOR, "/").await.text().contains(&format!("href=\"{its}\"")),
        "it does not wait for them"
    );
    assert!(
        bench.get(ADMINISTRATOR, "/").await.text().contains(&format!("href=\"{its}\"")),
        "it waits for them"
    );
    let shown = bench.get(ADMINISTRATOR, &its).await.text();
    let path = format!("{its}/decide");
    let form = filled(&shown, &path, &[("answer", "approve"), ("reason", "agreed")]);
    let empty =
        send_form(&bench, ADMINISTRATOR, &path, &filled(&shown, &path, &[("answer", "approve")])).await;
    assert!(empty.status == 422 && empty.text().contains("say why"), "{}", empty.text());
    assert_eq!(send_form(&bench, OWNER, &path, &form).await.status, 403);
    assert_eq!(led_to(&send_form(&bench, ADMINISTRATOR, &path, &form).await), its);
    assert_eq!(
        led_to(&send_form(&bench, ADMINISTRATOR, &path, &form).await),
        its,
        "sent twice, decided once"
    );
    assert_eq!(entries(&bench).await, before + 2);
    let list = bench.get(AUDITOR, "/requests").await.text();
    assert!(list.contains("main/etl") && list.contains("approved"), "{list}");
    let back = format!("{its}/withdraw");
    let shown = bench.get(OPERATOR, &its).await.text();
    let form = filled(&shown, &back, &[("why", "not needed")]);
    assert_eq!(
        send_form(&bench, OWNER, &back, &form).await.status,
        403,
        "neither theirs nor theirs to decide"
    );
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &back, &form).await), its);
    assert!(bench.get(OPERATOR, &its).await.text().contains("taken back: not needed"));
}

#[tokio::test]
async fn somebody_is_asked_for_decided_by_another_and_offered() {
    let bench = Bench::surveyed().await;
    let shown = bench.get(OPERATOR, "/api/v1/identities/main%2Fbilling").await.json();
    let page = format!("/identities/{}", shown["identity"]["handle"].as_str().unwrap());
    let opened = bench.get(OPERATOR, &format!("{page}/owner/new")).await.text();
    let at = opened
        .split("action=\"")
        .find_map(|one| one.split('"').next().filter(|one| one.ends_with("/owner/new")))
        .unwrap()
        .to_owned();
    let link = format!("href=\"{at}\"");
    assert!(bench.get(OWNER, &page).await.text().contains(&link), "nobody answers for it");
    assert!(!bench.get(AUDITOR, &page).await.text().contains(&link), "they ask for nothing");
    assert_eq!(bench.get(AUDITOR, &at).await.status, 403);
    let wish = [("to", "owner"), ("runbook", "<b>the</b> wiki"), ("reason", "nobody <i>knows</i> it")];
    let missing = send_form(&bench, OPERATOR, &at, &filled(&opened, &at, &wish[..1])).await;
    assert!(
        missing.status == 422 && missing.text().contains("runbook (what to do about it"),
        "{}",
        missing.text()
    );
    assert!(missing.text().contains("value=\"owner\""), "what was typed stays");
    let before = entries(&bench).await;
    let its = led_to(&send_form(&bench, OPERATOR, &at, &filled(&opened, &at, &wish)).await).to_owned();
    assert_eq!(entries(&bench).await, before + 1);
    let path = format!("{its}/decide");
    for who in [OPERATOR, OWNER] {
        let own = bench.get(who, &its).await.text();
        assert!(!own.contains(&format!("action=\"{path}\"")), "neither decides: {own}");
    }
    let shown = bench.get(ADMINISTRATOR, &its).await.text();
    assert!(
        shown.contains("&#60;b&#62;the&#60;/b&#62; wiki") && shown.contains("technical owner"),
        "{shown}"
    );
    let form = filled(&shown, &path, &[("answer", "approve"), ("reason", "agreed")]);
    assert_eq!(send_form(&bench, OWNER, &path, &form).await.status, 403);
    for _ in 0..2 {
        assert_eq!(led_to(&send_form(&bench, ADMINISTRATOR, &path, &form).await), its, "decided once");
    }
    assert_eq!(entries(&bench).await, before + 4, "decided, offered, fulfilled");
    let over = bench.get(OPERATOR, &its).await.text();
    let handoff = over
        .split("href=\"")
        .find_map(|one| one.split('"').next().filter(|one| one.starts_with("/handoffs/")))
        .unwrap_or_else(|| panic!("{over}"))
        .to_owned();
    let offered = bench.get(OWNER, &handoff).await.text();
    assert!(offered.contains(&format!("href=\"{its}\"")), "it says by which request: {offered}");
    assert!(bench.get(OWNER, "/").await.text().contains(&format!("href=\"{handoff}\"")), "it waits for them");
    let answers = format!("{handoff}/answer");
    let accept = filled(&offered, &answers, &[("answer", "accept")]);
    assert_eq!(led_to(&send_form(&bench, OWNER, &answers, &accept).await), handoff);
    let owned = bench.get(OPERATOR, &page).await.text();
    assert!(!owned.contains(&link), "whoever answers for it hands it on");
    let refused = send_form(&bench, OPERATOR, &at, &filled(&opened, &at, &wish)).await;
    assert!(
        refused.status == 422 && refused.text().contains("owner is its technical owner and can offer it"),
        "{}",
        refused.text()
    );
}
