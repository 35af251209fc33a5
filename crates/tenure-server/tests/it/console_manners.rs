//! How pages treat whoever uses them: a refusal keeps the way on and what was typed, a form sent twice acts once, what
//! does not work for somebody is not offered.
//! Next: `console_astray.rs`, addresses that are not there.

use crate::bench::{ADMINISTRATOR, Bench, OPERATOR, OWNER};
use crate::console::{led_to, send_form};
use serde_json::json;
use tenure_connect::chaos::ChaosPrincipal;

const PLACES: &str = "aria-label=\"Places\"";

async fn address(bench: &Bench, name: &str) -> String {
    led_to(&bench.get(OPERATOR, &format!("/find?q={name}")).await).to_owned()
}

#[tokio::test]
async fn a_page_that_is_not_there_keeps_the_way_to_every_place() {
    let bench = Bench::surveyed().await;
    for path in ["/sources/nowhere", "/identities/nobody", "/plans/nothing"] {
        let page = bench.get(OPERATOR, path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text().contains(PLACES), "{path}: {}", page.text());
        assert!(!page.text().contains("aria-current"), "{path} is no place");
    }
    let denied = bench.get(OWNER, "/evidence/0").await;
    assert!(denied.status == 403 && denied.text().contains(PLACES), "{}", denied.text());
}

#[tokio::test]
async fn a_refused_plan_keeps_the_reason_that_was_typed_and_says_why() {
    let bench = Bench::surveyed().await;
    let ours = address(&bench, "tenure").await;
    let form = "kind=revoke&reason=contract+ended";
    let refused = send_form(&bench, OPERATOR, &format!("{ours}/plans"), form).await;
    let page = refused.text();
    assert!(refused.status == 422 && page.contains(PLACES), "{page}");
    assert!(page.contains("No plan was made: <bdi>this plan would be dangerous"), "{page}");
    assert!(page.contains("value=\"contract ended\"") && page.contains("value=\"revoke\" checked"), "{page}");
    let blank = send_form(&bench, OPERATOR, &format!("{ours}/plans"), "kind=disable&reason=+").await;
    assert!(blank.text().contains("a reason is needed"), "{}", blank.text());
    assert_eq!(bench.get(OPERATOR, "/api/v1/plans").await.json()["items"], json!([]));
}

#[tokio::test]
async fn not_mine_is_offered_only_to_whom_it_works_for() {
    let bench = Bench::surveyed().await;
    let page = address(&bench, "reporting").await;
    let offered = async |uid: u32| bench.get(uid, &page).await.text().contains("or say that it is not mine");
    assert!(offered(OPERATOR).await, "nobody owns it");
    let owned = json!({ "business_owner": "owner", "technical_owner": "owner" });
    bench.call(OPERATOR, "PUT", "/api/v1/identities/main%2Freporting/charter", Some(&owned)).await;
    assert!(!offered(OPERATOR).await && offered(OWNER).await);
}

/// A survey after whatever still reads the source has ended.
async fn surveyed(bench: &Bench) -> serde_json::Value {
    for _ in 0..10_000 {
        let read = bench.survey("main").await;
        if !read["survey"].is_null() {
            return read;
        }
        tokio::task::yield_now().await;
    }
    panic!("the source is being read without an end");
}

#[tokio::test]
async fn a_form_that_is_sent_twice_surveys_and_decides_once() {
    let bench = Bench::surveyed().await;
    let account = |number| ChaosPrincipal::account(&format!("app_{number}"), "Value0000000000001");
    let keys: Vec<_> = (0..12).map(|number| bench.world.create(account(number))).collect();
    for _ in 0..2 {
        assert_eq!(led_to(&send_form(&bench, OPERATOR, "/sources/main/survey", "").await), "/sources/main");
    }
    surveyed(&bench).await;
    for key in &keys {
        bench.world.remove(key).unwrap();
    }
    assert_eq!(surveyed(&bench).await["survey"]["state"], "held");
    let size = async || bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"].as_u64().unwrap();
    let decide = async |form: &str| send_form(&bench, OPERATOR, "/sources/main/decide", form).await;
    assert_eq!(led_to(&decide("believe=no").await), "/sources/main");
    let once = size().await;
    assert_eq!((led_to(&decide("believe=no").await), size().await), ("/sources/main", once));
    let other = decide("believe=yes&name=main").await;
    assert_eq!(other.status, 422, "another decision about what is not held: {}", other.text());
    assert_eq!(surveyed(&bench).await["survey"]["state"], "held");
    assert_eq!(led_to(&decide("believe=yes&name=main").await), "/sources/main");
    let once = size().await;
    assert_eq!((led_to(&decide("believe=yes&name=main").await), size().await), ("/sources/main", once));
}

/// A page whose whole first part has nothing to show looks on by itself.
#[tokio::test]
async fn whose_is_it_begins_with_what_there_is_to_show() {
    let bench = Bench::surveyed().await;
    let account = |number| ChaosPrincipal::account(&format!("aa_{number:02}"), "Value0000000000001");
    let keys: Vec<_> = (0..60).map(|number| bench.world.create(account(number))).collect();
    bench.survey("main").await;
    for key in &keys {
        bench.world.remove(key).unwrap();
    }
    bench.survey("main").await;
    send_form(&bench, OPERATOR, "/sources/main/decide", "believe=yes&name=main").await;
    bench.engine.judge_touched().await.unwrap();
    let page = bench.get(OPERATOR, "/whose").await.text();
    assert!(page.contains("main/reporting") && !page.contains("aa_00"), "{page}");
}

#[tokio::test]
async fn what_stands_between_backticks_is_shown_as_code() {
    let bench = Bench::surveyed().await;
    for name in ["twin-a", "twin-b"] {
        bench.world.create(ChaosPrincipal::account(name, "Value0000000000007"));
    }
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let page = bench.get(OPERATOR, &address(&bench, "twin-a").await).await.text();
    let said = page.split("class=\"reasons\"").nth(1).unwrap().split("</ul>").next().unwrap();
    assert!(said.contains("<code>main/twin-a</code>") && !said.contains('`'), "{said}");
}

#[tokio::test]
async fn a_credential_that_is_named_by_its_kind_is_said_once() {
    let bench = Bench::surveyed().await;
    let page = bench.get(OPERATOR, &address(&bench, "reporting").await).await.text();
    assert!(page.contains("live</span> password</h3>"), "{page}");
}

#[tokio::test]
async fn no_page_shows_a_backtick_and_none_lets_markup_in_between_two() {
    let bench = Bench::surveyed().await;
    for name in ["twin-a", "twin-b"] {
        bench.world.create(ChaosPrincipal::account(name, "Value0000000000007"));
    }
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let passed = json!({ "ask": "owner", "reason": "look into `<img src=x>`" });
    bench.post(OPERATOR, "/api/v1/identities/main%2Ftwin-a/not-mine", &passed).await;
    let twin = address(&bench, "twin-a").await;
    for (path, code) in [
        ("/whose", "<code>&#60;img src=x&#62;</code>"),
        ("/report", "<code>main/twin-a</code>"),
        (&twin, "<code>&#60;img src=x&#62;</code>"),
        (&format!("{twin}/charter"), "<code>&#60;img src=x&#62;</code>"),
        ("/", "<code>main/twin-"),
        ("/doctor", "<code>"),
    ] {
        let page = bench.get(ADMINISTRATOR, path).await.text();
        assert!(page.contains(code) && !page.contains('`') && !page.contains("<img src=x"), "{path}: {page}");
    }
    let change = "options=speed%3D%3Cb%3E&points=primary%3Dchaos%3Aprimary&was_options=&was_points=primary%3Dchaos%3Aprimary&step=preview";
    let refused = send_form(&bench, ADMINISTRATOR, "/sources/main/change", change).await;
    let page = refused.text();
    assert!(refused.status == 422 && page.contains("<code>speed</code>"), "{page}");
    assert!(!page.contains('`') && !page.contains("=<b>"), "{page}");
}
