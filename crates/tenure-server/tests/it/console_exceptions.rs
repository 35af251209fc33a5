//! Exceptions by forms alone, as without script: asked for on a finding's page, decided by somebody else on its own.
//!
//! Each form says what is wrong beside its field, keeps what was typed, and does once what it says however often it is sent.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR};
use crate::console::{led_to, send_form};
use crate::console_acts::filled;
use tenure_connect::chaos::ChaosPrincipal;

/// A deployment with two of one value; the address of the page of one finding.
async fn twins() -> (Bench, String) {
    let bench = Bench::surveyed().await;
    for name in ["twin-a", "twin-b"] {
        bench.world.create(ChaosPrincipal::account(name, "Value0000000000007"));
    }
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let shown = bench.get(OPERATOR, "/api/v1/identities/twin-a").await.json();
    let handle = shown["identity"]["handle"].as_str().unwrap();
    let finding = shown["findings"][0]["id"].as_str().unwrap();
    (bench, format!("/identities/{handle}/findings/{finding}"))
}

async fn entries(bench: &Bench) -> u64 {
    bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"].as_u64().unwrap()
}

const WISH: [(&str, &str); 3] = [
    ("reason", "the vendor rotates in May"),
    ("compensation", "reached from <one> host"),
    ("until", "2026-12-15"),
];

#[tokio::test]
async fn an_exception_is_asked_for_by_one_and_decided_by_another() {
    let (bench, finding) = twins().await;
    let at = format!("{finding}/except");
    let opened = bench.get(OPERATOR, &at).await.text();
    // By the short form of the finding.
    let (_, action) = opened.split_once("action=\"/identities").unwrap();
    let at = format!("/identities{}", action.split('"').next().unwrap());
    let none = send_form(&bench, OPERATOR, &at, &filled(&opened, &at, &[("until", "soon")])).await;
    assert_eq!(none.status, 422);
    let said = none.text();
    assert!(said.matches("say it; whoever decides will ask").count() == 2, "{said}");
    assert!(said.contains("neither a day such as") && said.contains("value=\"soon\""), "{said}");
    let long =
        send_form(&bench, OPERATOR, &at, &filled(&opened, &at, &[WISH[0], WISH[1], ("until", "2027-12-15")]))
            .await;
    assert!(long.status == 422 && long.text().contains("one term is 90 days at most"), "{}", long.text());
    let before = entries(&bench).await;
    let form = filled(&opened, &at, &WISH);
    let asked = send_form(&bench, OPERATOR, &at, &form).await;
    let its = led_to(&asked).to_owned();
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &at, &form).await), its, "sent twice, asked once");
    assert_eq!(entries(&bench).await, before + 1);
    let decide = format!("action=\"{its}/decide\"");
    let own = bench.get(OPERATOR, &its).await.text();
    assert!(own.contains("You asked for it: somebody else decides") && !own.contains(&decide), "{own}");
    assert!(!bench.get(AUDITOR, &its).await.text().contains("<form method=\"post\" action=\"/exceptions"));
    assert!(bench.get(ADMINISTRATOR, "/").await.text().contains(&its), "it waits for whoever decides");

    let page = bench.get(ADMINISTRATOR, &its).await.text();
    assert!(page.contains(&decide) && page.contains("an operator or somebody higher"), "{page}");
    let path = format!("{its}/decide");
    let fill = |reason: &str| filled(&page, &path, &[("reason", reason), ("answer", "grant")]);
    let empty = send_form(&bench, ADMINISTRATOR, &path, &fill(" ")).await;
    assert!(empty.status == 422 && empty.text().contains("say why"), "{}", empty.text());
    assert_eq!(send_form(&bench, AUDITOR, &path, &fill("yes")).await.status, 403);
    let unseen = filled(&page, &path, &[("reason", "yes"), ("answer", "grant"), ("digest", "0f")]);
    let refused = send_form(&bench, ADMINISTRATOR, &path, &unseen).await;
    assert!(
        refused.status == 409 && refused.text().contains("other than what was shown"),
        "{}",
        refused.text()
    );
    // Whoever asked is refused on their own page, whatever they send.
    let mine = send_form(&bench, OPERATOR, &path, &fill("mine")).await;
    assert!(mine.status == 403 && mine.text().contains("somebody else decides"), "{}", mine.text());
    let before = entries(&bench).await;
    assert_eq!(led_to(&send_form(&bench, ADMINISTRATOR, &path, &fill("one quarter")).await), its);
    assert_eq!(led_to(&send_form(&bench, ADMINISTRATOR, &path, &fill("one quarter")).await), its);
    assert_eq!(entries(&bench).await, before + 1, "sent twice, decided once");

    let granted = bench.get(OPERATOR, &finding).await.text();
    assert!(granted.contains("it does not count") && granted.contains(&its), "{granted}");
    assert!(!granted.contains("Dismiss it"), "what is excepted is not dismissed besides");
    let list = bench.get(AUDITOR, "/exceptions").await.text();
    assert!(
        list.contains("1 stands") && list.contains(&its) && list.contains("the vendor rotates in May"),
        "{list}"
    );
    let back = format!("{its}/withdraw");
    let page = bench.get(OPERATOR, &its).await.text();
    assert!(page.contains("reached from &#60;one&#62; host"), "{page}");
    let form = filled(&page, &back, &[("why", "mended")]);
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &back, &form).await), its);
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &back, &form).await), its, "sent twice, over once");
    let over = bench.get(AUDITOR, &its).await.text();
    assert!(over.contains("taken back: mended") && !over.contains("Take it back"), "{over}");
}
