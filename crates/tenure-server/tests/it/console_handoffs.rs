//! Handoffs by forms alone, as without script: offered on a page that keeps what was typed, answered by whom it was offered to.
//!
//! Each form does once what it says, however often it is sent. Next: `console_requests.rs`.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER};
use crate::console::{led_to, send_form};
use crate::console_acts::filled;

const WISH: [(&str, &str); 5] = [
    ("to", "owner"),
    ("role", "technical"),
    ("stage", "in_use"),
    ("runbook", "javascript:alert(1) <b>not</b> a link"),
    ("reason", "the <data> team takes it over"),
];

#[tokio::test]
async fn an_identity_is_offered_by_one_and_accepted_by_the_other() {
    let bench = Bench::surveyed().await;
    let shown = bench.get(OPERATOR, "/api/v1/identities/main%2Fbilling").await.json();
    let at = format!("/identities/{}/handoff", shown["identity"]["handle"].as_str().unwrap());
    let opened = bench.get(OPERATOR, &at).await.text();
    let path = opened
        .split("action=\"")
        .find_map(|one| one.split('"').next().filter(|one| one.ends_with("/handoff")));
    let path = path.unwrap().to_owned();
    let missing = send_form(&bench, OPERATOR, &path, &filled(&opened, &path, &WISH[..2])).await;
    assert!(
        missing.status == 422 && missing.text().contains("say where the work stands"),
        "{}",
        missing.text()
    );
    assert!(missing.text().contains("value=\"owner\""), "what was typed stays");
    let to_oneself = [&[("to", "operator")], &WISH[1..]].concat();
    let refused = send_form(&bench, OPERATOR, &path, &filled(&opened, &path, &to_oneself)).await;
    assert!(
        refused.status == 422 && refused.text().contains("nobody hands on to themselves"),
        "{}",
        refused.text()
    );
    assert_eq!(bench.get(AUDITOR, &at).await.status, 403);
    let offered = send_form(&bench, OPERATOR, &path, &filled(&opened, &path, &WISH)).await;
    let its = led_to(&offered).to_owned();
    // Only whom it was offered to is offered to answer; nothing that was typed becomes a link or a tag.
    let answer = format!("action=\"{its}/answer\"");
    let own = bench.get(OPERATOR, &its).await.text();
    assert!(!own.contains(&answer) && own.contains(&format!("action=\"{its}/withdraw\"")), "{own}");
    assert!(own.contains("the &#60;data&#62; team") && !own.contains("href=\"javascript"), "{own}");
    assert!(!bench.get(AUDITOR, &its).await.text().contains("<form method=\"post\" action=\"/handoffs"));
    assert!(bench.get(OWNER, "/").await.text().contains(&format!("href=\"{its}\"")), "it waits for them");
    let page = bench.get(OWNER, path.strip_suffix("/handoff").unwrap()).await.text();
    assert!(page.contains("until <bdi>owner</bdi> accepts"), "{page}");
    let theirs = bench.get(OWNER, &its).await.text();
    let answers = format!("{its}/answer");
    let empty =
        send_form(&bench, OWNER, &answers, &filled(&theirs, &answers, &[("answer", "decline")])).await;
    assert!(empty.status == 422 && empty.text().contains("say why"), "{}", empty.text());
    let accept = filled(&theirs, &answers, &[("answer", "accept")]);
    assert_eq!(send_form(&bench, ADMINISTRATOR, &answers, &accept).await.status, 403);
    for _ in 0..2 {
        assert_eq!(
            led_to(&send_form(&bench, OWNER, &answers, &accept).await),
            its,
            "sent twice, accepted once"
        );
    }
    let list = bench.get(AUDITOR, "/handoffs").await.text();
    assert!(list.contains("main/billing") && list.contains("accepted"), "{list}");
    // What is theirs now they hand on, and take back.
    let opened = bench.get(OWNER, &at).await.text();
    let back = [&[("to", "operator")], &WISH[1..]].concat();
    let offered = send_form(&bench, OWNER, &path, &filled(&opened, &path, &back)).await;
    let its = led_to(&offered).to_owned();
    let shown = bench.get(OWNER, &its).await.text();
    let withdraw = format!("{its}/withdraw");
    let form = filled(&shown, &withdraw, &[("why", "kept after all")]);
    for _ in 0..2 {
        assert_eq!(led_to(&send_form(&bench, OWNER, &withdraw, &form).await), its);
    }
    assert!(bench.get(OWNER, &its).await.text().contains("taken back: kept after all"));
}
