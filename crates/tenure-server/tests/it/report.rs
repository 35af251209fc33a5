//! The report: the same facts as a sheet and as JSON, with nothing in it that a browser would run or load.
//!
//! Names in the chaos world are hostile: they must arrive as text. Structure stands for a browser here: what has no
//! script, no address and no import asks nobody for anything. Next: `../../src/console/report.rs`.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OWNER, SOURCE_CANARY, VALUE_CANARY};
use serde_json::json;
use tenure_connect::chaos::ChaosPrincipal;

const HOSTILE: &str = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}\u{202e}\n";

/// What would run, load or lead somewhere.
const NEVER: [&str; 12] = [
    "<script",
    "<img",
    "<link",
    "<iframe",
    "<object",
    "<a ",
    " src=",
    " href=",
    "url(",
    "@import",
    " onerror=",
    "javascript:",
];

#[tokio::test]
async fn the_sheet_runs_and_loads_nothing_whatever_things_are_called() {
    let bench = Bench::surveyed().await;
    bench.world.add(ChaosPrincipal::account(HOSTILE, "HostileValue0001"));
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let sheet = bench.get(AUDITOR, "/report?since=2026-01-01T00:00:00Z").await;
    assert_eq!(sheet.status, 200, "{}", sheet.text());
    let policy = sheet.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
    let text = sheet.text();
    // Text that came from outside is escaped, so that only ours can begin a tag.
    let tags: Vec<String> = text
        .split('<')
        .skip(1)
        .filter_map(|from| from.split_once('>'))
        .map(|(tag, _)| format!("<{tag}>"))
        .collect();
    let tags = tags.join("");
    for never in NEVER {
        assert!(!tags.contains(never), "{never}");
    }
    assert!(!text.contains("url(") && !text.contains("@import"), "the style loads nothing");
    assert!(text.contains("alert(1)") && !text.contains("<script"), "the name is there, as text");
    assert!(!text.contains("\u{202e}") && text.contains("{{7*7}}"));
    assert!(
        text.contains("<html lang=\"en\">") && text.contains("role=\"img\"") && text.contains("<caption>")
    );
    assert_eq!(
        text.matches("<table").count(),
        text.matches("<caption>").count(),
        "every table has a caption"
    );
}

#[tokio::test]
async fn the_report_ties_itself_to_the_log_and_holds_no_secret() {
    let bench = Bench::surveyed().await;
    let report = bench.get(AUDITOR, "/api/v1/report?since=2026-01-01T00:00:00Z").await.json();
    let log = bench.get(AUDITOR, "/api/v1/evidence").await.json();
    assert_eq!((&report["origin"], &report["size"]), (&log["origin"], &log["size"]));
    assert_eq!(report["checkpoint"], log["checkpoint"]);
    assert_eq!(report["sources"][0]["name"], "main");
    assert_eq!(report["unowned"][0]["unowned"], report["unowned"][0]["identities"]);
    assert_eq!(report["changes"]["surveys"], 1);
    let plain = bench.get(AUDITOR, "/api/v1/report").await.json();
    assert!(plain["changes"].is_null() && plain["cut"] == json!([]));
    let sheet = bench.get(AUDITOR, "/report").await.text();
    assert!(sheet.contains(log["origin"].as_str().unwrap()));
    for canary in [SOURCE_CANARY, VALUE_CANARY] {
        assert!(!report.to_string().contains(canary) && !sheet.contains(canary));
    }
}

#[tokio::test]
async fn the_sheet_counts_what_the_inventory_counts_and_leaves_out_what_is_built_in() {
    let bench = Bench::surveyed().await;
    for name in ["system-a", "system-b", "system-c", "system-d", "system-e"] {
        let account = ChaosPrincipal::account(name, &format!("{name}-Value0001"));
        bench.world.add(ChaosPrincipal { built_in: true, ..account });
    }
    bench.survey("main").await;
    let charter = json!({ "technical_owner": "owner", "rotation_days": 90 });
    bench.call(ADMINISTRATOR, "PUT", "/api/v1/identities/billing/charter", Some(&charter)).await;
    bench.engine.judge_touched().await.unwrap();
    let report = bench.get(AUDITOR, "/api/v1/report").await.json();
    let sheet = bench.get(AUDITOR, "/report").await.text();
    let standings = report["standings"].as_array().unwrap();
    assert!(standings.iter().any(|one| one["built_in"] != 0 && one["count"] != 0), "{standings:?}");
    for one in standings.iter().filter(|one| one["count"] != 0) {
        let (name, count) = (one["standing"].as_str().unwrap(), &one["count"]);
        let row = format!("{name}</th><td class=\"number\" data-label=\"Identities\">{count}</td>");
        assert!(sheet.contains(&row), "{row}");
    }
}

#[tokio::test]
async fn an_owner_who_is_told_of_counts_goes_up_and_one_more_than_fits_is_said() {
    let bench = Bench::surveyed().await;
    for number in 0..60 {
        bench
            .world
            .add(ChaosPrincipal::account(&format!("job-{number:02}"), &format!("JobValue{number:08}")));
    }
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let charter = json!({ "technical_owner": "owner" });
    bench.call(ADMINISTRATOR, "PUT", "/api/v1/identities/billing/charter", Some(&charter)).await;
    let report = bench.get(AUDITOR, "/api/v1/report").await.json();
    let unowned = &report["unowned"][0];
    assert_eq!(unowned["identities"].as_i64().unwrap() - unowned["unowned"].as_i64().unwrap(), 1);
    assert_eq!(report["oldest"].as_array().unwrap().len(), 50);
    assert!(report["cut"].as_array().unwrap().contains(&json!("oldest credentials")), "{}", report["cut"]);
    assert!(bench.get(AUDITOR, "/report").await.text().contains("there is more than is shown of"));
}

#[tokio::test]
async fn an_assessed_plan_is_in_it_with_its_level_and_what_that_does_not_show() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("revoke", "reporting").await["plan"].clone();
    let path = format!("/api/v1/plans/{}/apply", plan["handle"].as_str().unwrap());
    bench.post(ADMINISTRATOR, &path, &json!({ "digest": plan["digest"] })).await;
    bench.carry_out(plan["id"].as_str().unwrap()).await;
    let report = bench.get(AUDITOR, "/api/v1/report").await.json();
    let proof = &report["proofs"][0];
    assert_eq!(proof["handle"], plan["handle"]);
    assert!(!proof["sentence"].as_str().unwrap().is_empty(), "{proof}");
    assert!(bench.get(AUDITOR, "/report").await.text().contains(plan["handle"].as_str().unwrap()));
    assert_eq!(bench.get(OWNER, "/report").await.status, 403);
}
