//! What pages set going beside plans: charters, claims, "not mine", dismissals. Forms alone, as without script.
//!
//! Each form says what is wrong beside its field, keeps what was typed, and does once what it says however often it
//! is sent. Next: `console_guard.rs`, the same forms from elsewhere.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER, Reply};
use crate::console::{led_to, send_form};
use serde_json::{Value, json};
use tenure_connect::chaos::ChaosPrincipal;

pub(crate) fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect::<Vec<_>>().concat()
}

/// The fields of a page's form, as a browser would send them: what they hold, with what somebody types into some.
pub(crate) fn filled(page: &str, action: &str, typed: &[(&str, &str)]) -> String {
    let form = page.split("<form ").find(|form| form.contains(&format!("action=\"{action}\""))).unwrap();
    let form = form.split("</form>").next().unwrap();
    let decoded = |text: &str| {
        text.replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&")
    };
    let mut fields: Vec<(String, String)> = Vec::new();
    for tag in form.split('<').skip(1) {
        let attribute = |name: &str| {
            let from = tag.split_once(&format!(" {name}=\""))?.1;
            Some(decoded(from.split('"').next().unwrap()))
        };
        if !["input ", "textarea ", "select "].iter().any(|kind| tag.starts_with(kind)) {
            if let Some(chosen) = tag.strip_prefix("option selected>") {
                fields.last_mut().unwrap().1 = decoded(chosen);
            }
            continue;
        }
        let inner = tag.split_once('>').map(|(_, text)| text.trim_start_matches('\n')).unwrap_or_default();
        let value = attribute("value").unwrap_or_else(|| decoded(inner.trim_end()));
        fields.push((attribute("name").unwrap(), value));
    }
    for (name, value) in typed {
        match fields.iter_mut().find(|(field, _)| field == name) {
            Some(field) => (*value).clone_into(&mut field.1),
            None => fields.push(((*name).to_owned(), (*value).to_owned())),
        }
    }
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

async fn entries(bench: &Bench) -> u64 {
    bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"].as_u64().unwrap()
}

/// The permanent address of an identity.
async fn address(bench: &Bench, name: &str) -> String {
    led_to(&bench.get(OPERATOR, &format!("/find?q={name}")).await).to_owned()
}

async fn charter(bench: &Bench, name: &str) -> Value {
    bench.get(OPERATOR, &format!("/api/v1/identities/{name}")).await.json()["identity"]["charter"].clone()
}

/// Opens the charter's form, types, and sends the step.
async fn send_charter(bench: &Bench, uid: u32, at: &str, typed: &[(&str, &str)], step: &str) -> Reply {
    let path = format!("{at}/charter");
    let page = bench.get(uid, &path).await.text();
    let typed = [typed, &[("step", step)]].concat();
    send_form(bench, uid, &path, &filled(&page, &path, &typed)).await
}

#[tokio::test]
async fn a_charter_is_shown_before_it_is_written_and_written_as_it_was_shown() {
    let bench = Bench::surveyed().await;
    let at = address(&bench, "billing").await;
    let path = format!("{at}/charter");
    let before = entries(&bench).await;
    let typed = [
        ("purpose", "bills \"customers\""),
        ("environment", "production"),
        ("allowed_scope", "SELECT on shop/*\nUSAGE"),
        ("rotation_days", "90"),
        ("expires_at", "2027-03-31"),
    ];
    let shown = send_charter(&bench, OPERATOR, &at, &typed, "preview").await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let page = shown.text();
    for part in [
        "What would change",
        "<dt>Purpose</dt>",
        "bills &#34;customers&#34;",
        "unclaimed",
        "becomes",
        "operator",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert_eq!(entries(&bench).await, before, "nothing is written by looking");
    // The form in the preview holds what was typed; nothing is typed any more.
    let preview = page.split("id=\"foreseen\"").nth(1).unwrap();
    let form = filled(preview, &path, &[]);
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &path, &form).await), at);
    let written = charter(&bench, "billing").await;
    assert_eq!(written["purpose"], "bills \"customers\"");
    assert_eq!(written["allowed_scope"], json!(["SELECT on shop/*", "USAGE"]));
    assert_eq!(written["expires_at"], "2027-03-31T23:59:59Z");
    assert_eq!((&written["environment"], &written["rotation_days"]), (&json!("production"), &json!(90)));
    let once = entries(&bench).await;
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &path, &form).await), at, "sent twice, written once");
    assert_eq!(entries(&bench).await, once);
    let opened = bench.get(OPERATOR, &path).await.text();
    assert!(
        opened.contains("value=\"2027-03-31\"") && opened.contains("<option selected>production"),
        "{opened}"
    );
    let same = send_charter(&bench, OPERATOR, &at, &[], "preview").await;
    assert!(same.text().contains("Nothing would change"), "{}", same.text());
}

#[tokio::test]
async fn what_is_wrong_with_a_charter_stands_beside_its_field_and_what_was_typed_stays() {
    let bench = Bench::surveyed().await;
    let at = address(&bench, "billing").await;
    let before = entries(&bench).await;
    for (field, typed, says) in [
        ("business_owner", "nobody such", "nobody is known by this name"),
        ("rotation_days", "soon", "this is no number of days"),
        ("rotation_days", "0", "at least one day"),
        ("expires_at", "31.3.2027", "neither a day such as"),
        ("environment", "moon", "environment"),
        ("purpose", &"x".repeat(2_001), "at most 2000 are kept"),
    ] {
        let refused =
            send_charter(&bench, OPERATOR, &at, &[(field, typed), ("boundary", "here")], "write").await;
        assert_eq!(refused.status, 422, "{field}");
        let page = refused.text();
        let beside = page.split(&format!("id=\"{field}-wrong\"")).nth(1).unwrap();
        assert!(beside.split("</p>").next().unwrap().contains(says), "{field}: {beside}");
        assert!(page.contains("value=\"here\"") && page.contains("aria-invalid=\"true\""), "{page}");
    }
    let past = send_charter(&bench, OPERATOR, &at, &[("expires_at", "2001-01-01")], "write").await;
    assert!(past.status == 422 && past.text().contains("the end lies in the past"), "{}", past.text());
    assert_eq!(entries(&bench).await, before, "nothing was written");
    assert_eq!(bench.get(AUDITOR, &format!("{at}/charter")).await.status, 403);
    let root = address(&bench, "root").await;
    let taken = send_charter(&bench, OWNER, &root, &[], "write").await;
    assert!(taken.status == 422 && taken.text().contains("Nothing was written"), "{}", taken.text());
}

#[tokio::test]
async fn a_charter_that_somebody_changed_meanwhile_is_not_written_over() {
    let bench = Bench::surveyed().await;
    let at = address(&bench, "billing").await;
    let path = format!("{at}/charter");
    let opened = bench.get(OPERATOR, &path).await.text();
    let theirs = json!({ "technical_owner": "owner", "purpose": "theirs" });
    bench.call(ADMINISTRATOR, "PUT", "/api/v1/identities/billing/charter", Some(&theirs)).await;
    let form = filled(&opened, &path, &[("purpose", "mine"), ("step", "write")]);
    let refused = send_form(&bench, OPERATOR, &path, &form).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(
        refused.text().contains("Somebody changed this charter") && refused.text().contains("value=\"mine\"")
    );
    assert_eq!(charter(&bench, "billing").await["purpose"], "theirs");
}

#[tokio::test]
async fn what_cannot_be_seen_in_a_charter_survives_a_form_that_does_not_touch_it() {
    let bench = Bench::surveyed().await;
    let at = address(&bench, "billing").await;
    let odd = json!({ "technical_owner": "operator", "purpose": "a\u{202e}b\nc" });
    bench.call(ADMINISTRATOR, "PUT", "/api/v1/identities/billing/charter", Some(&odd)).await;
    let page = bench.get(OPERATOR, &format!("{at}/charter")).await.text();
    assert!(page.contains("value=\"a\\u{202e}b\\nc\"") && !page.contains('\u{202e}'), "{page}");
    assert_eq!(led_to(&send_charter(&bench, OPERATOR, &at, &[("boundary", "x")], "write").await), at);
    assert_eq!(charter(&bench, "billing").await["purpose"], "a\u{202e}b\nc");
    send_charter(&bench, OPERATOR, &at, &[("purpose", "plain")], "write").await;
    assert_eq!(charter(&bench, "billing").await["purpose"], "plain");
}

#[tokio::test]
async fn what_is_not_mine_is_passed_on_once_and_waits_for_whoever_was_asked() {
    let bench = Bench::surveyed().await;
    let at = address(&bench, "reporting").await;
    let path = format!("{at}/charter/not-mine");
    for (form, field, says) in [
        ("why=+&ask=owner", "why", "say why"),
        ("why=of+the+data+team&ask=no+such", "ask", "nobody is known by this name"),
    ] {
        let refused = send_form(&bench, OPERATOR, &path, form).await;
        let page = refused.text();
        let beside = page.split(&format!("id=\"{field}-wrong\"")).nth(1).unwrap();
        assert!(refused.status == 422 && beside.split("</p>").next().unwrap().contains(says), "{page}");
    }
    let form = "why=of+the+data+team&ask=owner";
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &path, form).await), at);
    let once = entries(&bench).await;
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &path, form).await), at);
    assert_eq!(entries(&bench).await, once, "sent twice, said once");
    for page in [&at, &format!("{at}/charter"), &String::from("/whose")] {
        let shown = bench.get(OWNER, page).await.text();
        assert!(shown.contains("of the data team") && shown.contains("<bdi>operator"), "{page}: {shown}");
    }
    assert!(bench.get(OPERATOR, &at).await.text().contains("identity.passed_on"), "in its timeline");
    assert!(bench.get(OWNER, "/").await.text().contains("of the data team"), "it waits on their first page");
    assert!(!bench.get(OPERATOR, "/").await.text().contains("of the data team"));
    send_charter(&bench, OPERATOR, &at, &[("technical_owner", "operator")], "write").await;
    let alone = send_form(&bench, OPERATOR, &path, "why=left+the+team&ask=").await;
    assert!(alone.status == 422 && alone.text().contains("without you nobody owns it"), "{}", alone.text());
}

#[tokio::test]
async fn what_is_mine_is_confirmed_as_the_page_showed_it() {
    let bench = Bench::surveyed().await;
    let at = address(&bench, "billing").await;
    assert!(!bench.get(OPERATOR, &at).await.text().contains("/confirm"), "nobody owns it");
    assert!(bench.get(OPERATOR, &format!("{at}/confirm")).await.text().contains("Nobody owns it"));
    let owned = json!({ "technical_owner": "operator", "purpose": "invoices" });
    bench.call(ADMINISTRATOR, "PUT", "/api/v1/identities/billing/charter", Some(&owned)).await;
    bench.engine.judge_touched().await.unwrap();
    assert!(bench.get(OPERATOR, &at).await.text().contains(&format!("href=\"{at}/confirm\"")));
    let path = format!("{at}/confirm");
    assert_eq!(bench.get(AUDITOR, &path).await.status, 403);
    let page = bench.get(OPERATOR, &path).await.text();
    assert!(page.contains("invoices") && page.contains("still yours"), "{page}");
    let digest = page.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form = |answer: &str| format!("digest={digest}&note=seen&answer={answer}");
    let none = send_form(&bench, OPERATOR, &path, &form("")).await;
    assert!(none.status == 422 && none.text().contains("choose one of the answers"), "{}", none.text());
    assert!(none.text().contains("value=\"seen\""), "what was typed stays");
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &path, &form("yes")).await), at);
    let shown = bench.get(OPERATOR, &path).await.text();
    assert!(shown.contains("<bdi>operator</bdi>") && shown.contains("<bdi>confirmed</bdi>"), "{shown}");
    let drafted = send_form(&bench, OPERATOR, &path, &form("not_needed")).await;
    assert!(led_to(&drafted).starts_with("/plans/"), "{}", led_to(&drafted));
    let other = json!({ "technical_owner": "operator", "purpose": "something else" });
    bench.call(ADMINISTRATOR, "PUT", "/api/v1/identities/billing/charter", Some(&other)).await;
    let stale = send_form(&bench, OPERATOR, &path, &form("yes")).await;
    assert!(stale.status == 409 && stale.text().contains("Nothing was written"), "{}", stale.text());
}

#[tokio::test]
async fn suggestions_that_are_ticked_are_claimed_and_the_others_stay() {
    let bench = Bench::surveyed().await;
    for name in ["job-a", "job-b"] {
        bench.world.add(ChaosPrincipal::account(name, "JobValue00000001"));
    }
    bench.survey("main").await;
    for name in ["job-a", "job-b"] {
        let said = json!({ "ask": "owner", "reason": "theirs" });
        assert_eq!(
            bench.post(OPERATOR, &format!("/api/v1/identities/{name}/not-mine"), &said).await.status,
            200
        );
    }
    let page = bench.get(OWNER, "/whose").await.text();
    assert!(page.contains("confidence") && page.contains("<bdi>owner</bdi>"), "{page}");
    let ticks: Vec<&str> =
        page.split("name=\"claim\" value=\"").skip(1).map(|tick| tick.split('"').next().unwrap()).collect();
    assert_eq!(ticks.len(), 2, "{page}");
    assert!(!page.contains(" checked"), "nothing is ticked by itself");
    assert!(!bench.get(AUDITOR, "/whose").await.text().contains("name=\"claim\""));
    let none = send_form(&bench, OWNER, "/whose", "").await;
    assert!(none.status == 422 && none.text().contains("nothing was ticked"), "{}", none.text());
    let both = format!("claim={}&claim={}", encoded(ticks[0]), encoded(ticks[1]));
    assert_eq!(led_to(&send_form(&bench, OWNER, "/whose", &both).await), "/whose");
    assert!(!bench.get(OWNER, "/whose").await.text().contains("job-a"));
    let once = entries(&bench).await;
    assert_eq!(
        led_to(&send_form(&bench, OWNER, "/whose", &both).await),
        "/whose",
        "sent twice, claimed once"
    );
    assert_eq!(entries(&bench).await, once);
    let billing = bench.get(OPERATOR, "/api/v1/identities/billing").await.json()["identity"]["id"].clone();
    let person = ticks[0].split_once(' ').unwrap().1;
    let wild = format!("claim={}", encoded(&format!("{} {person}", billing.as_str().unwrap())));
    let stays = send_form(&bench, OWNER, "/whose", &wild).await;
    assert_eq!(stays.status, 409, "{}", stays.text());
    assert!(stays.text().contains("nothing points to that person any more"), "{}", stays.text());
    for odd in ["claim=x", "claim=x+y", "other=1", "claim="] {
        assert_eq!(send_form(&bench, OWNER, "/whose", odd).await.status, 422, "{odd}");
    }
}

/// An identity with an open finding, because it may do more than its charter says; and the finding's address.
async fn found(bench: &Bench) -> (String, String) {
    let at = address(bench, "reporting").await;
    let long = "USAGE\n".repeat(201);
    let refused = send_charter(bench, OPERATOR, &at, &[("allowed_scope", &long)], "write").await;
    assert!(
        refused.status == 422 && refused.text().contains("has 201 lines; at most 200"),
        "{}",
        refused.text()
    );
    let shown = send_charter(bench, OPERATOR, &at, &[("allowed_scope", "USAGE on nothing")], "preview").await;
    assert!(shown.text().contains("A finding then"), "{}", shown.text());
    assert_eq!(
        led_to(&send_charter(bench, OPERATOR, &at, &[("allowed_scope", "USAGE on nothing")], "write").await),
        at
    );
    bench.engine.judge_touched().await.unwrap();
    let page = bench.get(OPERATOR, &at).await.text();
    let finding = page.split(&format!("href=\"{at}/findings/")).nth(1).unwrap().split('"').next().unwrap();
    (at.clone(), format!("{at}/findings/{finding}"))
}

/// Three principals whose values lie in one file that others can read, with the open findings about it.
async fn three_in_one_place(bench: &Bench) -> (Vec<(String, tenure_model::PrincipalKey)>, Vec<Value>) {
    let mut keys = Vec::new();
    for name in ["one", "two", "three"] {
        let key = bench.world.create(ChaosPrincipal::account(name, &format!("ValueOf{name}000001")));
        bench.world.put_file(&key, "/srv/shop/.env", 0o644).unwrap();
        keys.push((format!("main/{name}"), key));
    }
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let listed = bench.get(AUDITOR, "/api/v1/findings?rests_on=true&limit=100").await.json();
    let readable = |one: &&Value| one["policy"] == "readable_by_others";
    let open: Vec<Value> = listed["items"].as_array().unwrap().iter().filter(readable).cloned().collect();
    assert_eq!(open.len(), 3, "{listed}");
    (keys, open)
}

#[tokio::test]
async fn the_api_says_what_a_finding_rests_on_and_refuses_what_rests_on_something_else() {
    let bench = Bench::surveyed().await;
    let (_, open) = three_in_one_place(&bench).await;
    assert!(open.iter().all(|one| one["rests_on_digest"].as_str().unwrap().len() == 64), "{open:?}");
    let plain = bench.get(AUDITOR, "/api/v1/findings").await.json();
    assert!(plain["items"][0]["rests_on_digest"].is_null(), "only where it is asked for: {plain}");
    let id = open[0]["id"].as_str().unwrap();
    let one = bench.get(AUDITOR, &format!("/api/v1/findings/{id}")).await.json();
    assert_eq!(one["rests_on_digest"], open[0]["rests_on_digest"], "{one}");
    let beside = bench.get(AUDITOR, &format!("/api/v1/findings/{id}/beside")).await.json();
    assert_eq!(
        (beside["items"].as_array().unwrap().len(), &beside["is_cut"]),
        (3, &json!(false)),
        "{beside}"
    );
    let path = format!("/api/v1/findings/{id}/dismissal");
    let with =
        |digest: &Value| json!({ "reason": "x", "until": "2027-03-31T00:00:00Z", "rests_on_digest": digest });
    let refused = bench.call(OPERATOR, "PUT", &path, Some(&with(&json!("0")))).await;
    assert!(
        refused.status == 409 && refused.problem().contains("changed since you looked"),
        "{}",
        refused.text()
    );
    let written = bench.call(OPERATOR, "PUT", &path, Some(&with(&one["rests_on_digest"]))).await;
    assert_eq!(written.status, 200, "{}", written.text());
}

#[tokio::test]
async fn what_is_mended_in_one_place_is_dismissed_together_as_it_was_seen() {
    let bench = Bench::surveyed().await;
    let (keys, open) = three_in_one_place(&bench).await;
    let (id, identity) = (open[0]["id"].as_str().unwrap(), open[0]["identity"].as_str().unwrap());
    let at = format!("/identities/{identity}/findings/{id}");
    let page = bench.get(OPERATOR, &at).await.text();
    assert!(
        page.contains("2 more findings are mended in the same place") && page.contains("main/two"),
        "{page}"
    );
    let field = |name: &str| {
        let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1);
        after.unwrap_or_else(|| panic!("{name}: {page}")).split('"').next().unwrap().replace(' ', "+")
    };
    let form = format!(
        "reason=a+sample&until=2027-03-31&all=yes&rests_on_digest={}&beside={}",
        field("rests_on_digest"),
        field("beside")
    );
    // One of the others rests on something else by now: it stays, and that is said.
    let other = open[1]["identity_name"].as_str().unwrap();
    let (_, key) = keys.iter().find(|(name, _)| name == other).unwrap();
    bench.world.set_mode(key, 0o666).unwrap();
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let before = entries(&bench).await;
    let answer = send_form(&bench, OPERATOR, &format!("{at}/dismiss"), &form).await;
    assert!(answer.status == 409 && answer.text().contains("1 of the others are not"), "{}", answer.text());
    let dismissed = bench.get(AUDITOR, "/api/v1/findings?dismissed=true").await.json();
    assert_eq!(dismissed["items"].as_array().unwrap().len(), 2, "{dismissed}");
    assert!(entries(&bench).await >= before + 2, "each has a record of its own");
}

#[tokio::test]
async fn a_finding_is_dismissed_with_a_reason_and_an_end_and_counts_again() {
    let bench = Bench::surveyed().await;
    let (identity, finding) = found(&bench).await;
    let dismiss = format!("{finding}/dismiss");
    let opened = bench.get(OPERATOR, &finding).await.text();
    let digest = opened.split("name=\"rests_on_digest\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(digest.len(), 64, "{opened}");
    let seen = |form: &str| format!("{form}&rests_on_digest={digest}");
    for (form, field, says) in [
        ("reason=+&until=2027-03-31", "reason", "say why"),
        ("reason=known&until=later", "until", "neither a day such as"),
        ("reason=known&until=2001-01-01", "until", "the end lies in the past"),
        ("reason=known&until=2037-01-01", "until", "365 days at most"),
    ] {
        let refused = send_form(&bench, OPERATOR, &dismiss, &seen(form)).await;
        let page = refused.text();
        let beside =
            page.split(&format!("id=\"{field}-wrong\"")).nth(1).unwrap_or_else(|| panic!("{form}: {page}"));
        assert!(
            refused.status == 422 && beside.split("</p>").next().unwrap().contains(says),
            "{form}: {page}"
        );
    }
    let unseen = "reason=a+sample+of+the+manual&until=2027-03-31";
    assert_eq!(send_form(&bench, OPERATOR, &dismiss, unseen).await.status, 422, "what was looked at is sent");
    let stale = send_form(&bench, OPERATOR, &dismiss, &format!("{unseen}&rests_on_digest=0")).await;
    assert!(stale.status == 409 && stale.text().contains("changed since you looked"), "{}", stale.text());
    let form = &seen(unseen);
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &dismiss, form).await), finding);
    let once = entries(&bench).await;
    let page = bench.get(AUDITOR, &finding).await.text();
    for part in ["dismissed", "a sample of the manual", "<bdi>operator</bdi>", "2027-03-31T23:59:59Z"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("Let it count again"), "an auditor decides nothing");
    let said = "dismissed until 2027-03-31T23:59:59Z by operator: a sample of the manual";
    assert!(bench.get(OPERATOR, &identity).await.text().contains(said));
    assert_eq!(led_to(&send_form(&bench, OPERATOR, &dismiss, form).await), finding, "sent twice, said once");
    assert_eq!(entries(&bench).await, once);
    let other = send_form(&bench, ADMINISTRATOR, &dismiss, &seen("reason=another&until=2027-01-01")).await;
    assert!(other.status == 409 && other.text().contains("dismissed already"), "{}", other.text());
    for _ in 0..2 {
        assert_eq!(led_to(&send_form(&bench, OPERATOR, &format!("{finding}/count"), "").await), finding);
        assert_eq!(entries(&bench).await, once + 1, "taken back once");
    }
    assert!(bench.get(OPERATOR, &finding).await.text().contains("Dismiss it"));
    assert_eq!(send_form(&bench, AUDITOR, &dismiss, form).await.status, 403);
    assert_eq!(bench.get(OPERATOR, &format!("{identity}/findings/nothing")).await.status, 404);
}
