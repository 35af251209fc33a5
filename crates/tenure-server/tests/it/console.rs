//! Pages: what they show, that hostile names cannot break them, and what they may load.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER};
use serde_json::json;
use tenure_connect::chaos::ChaosPrincipal;

const HOSTILE: [&str; 5] = [
    "</bdi><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "\u{202e}nimda\u{2066}",
    "line\nbreak\u{0}nul\u{1b}[31m",
    "'; DROP TABLE identities; --",
];

#[tokio::test]
async fn hostile_names_stay_text() {
    let bench = Bench::surveyed().await;
    for name in HOSTILE {
        // A NUL never reaches our database; the rest must be shown without doing anything.
        bench.world.create(ChaosPrincipal::account(&name.replace('\u{0}', ""), "Value0000000000001"));
    }
    bench.survey("main").await;
    let page = bench.get(AUDITOR, "/").await.text();
    assert!(page.contains("&#60;script&#62;alert(1)") && page.contains("\\u{202e}nimda\\u{2066}"), "{page}");
    for broken in ["<script>alert", "\" onmouseover", "\u{202e}", "\u{1b}", "line\nbreak"] {
        assert!(!page.contains(broken), "{broken:?}");
    }
    let plan = bench.draft("disable", &format!("main/{}", HOSTILE[0])).await["plan"]["handle"].clone();
    let page = bench.get(AUDITOR, &format!("/plans/{}", plan.as_str().unwrap())).await.text();
    assert!(page.contains("&#60;/bdi&#62;") && !page.contains("<script>alert"), "{page}");
    let query = bench.get(AUDITOR, "/?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E").await.text();
    assert!(query.contains("Nothing matches") && !query.contains("<script>alert"), "{query}");
}

#[tokio::test]
async fn a_plan_is_shown_from_proposed_to_proved() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("revoke", "reporting").await["plan"].clone();
    let page = format!("/plans/{}", plan["handle"].as_str().unwrap());
    let proposed = bench.get(AUDITOR, &page).await.text();
    for part in ["waits for a decision", "data-live=", "http-equiv=\"refresh\"", "nobody yet", "not asked"] {
        assert!(proposed.contains(part), "{part}: {proposed}");
    }
    let digest = json!({ "digest": plan["digest"] });
    bench.post(OPERATOR, &format!("/api/v1{page}/apply"), &digest).await;
    bench.carry_out(plan["id"].as_str().unwrap()).await;
    let proved = bench.get(AUDITOR, &page).await.text();
    for part in
        ["<strong>P4</strong>", "refused", "absent", "nothing alive", "<bdi>operator</bdi>", "replica-1"]
    {
        assert!(proved.contains(part), "{part}: {proved}");
    }
    for over in ["data-live=", "http-equiv=\"refresh\""] {
        assert!(!proved.contains(over), "{over}");
    }
    assert!(bench.get(AUDITOR, "/").await.text().contains(&page), "the list leads to it");
    assert!(!bench.get(OWNER, "/").await.text().contains(&page), "not for who may not see plans");
    assert_eq!(bench.get(OWNER, &page).await.status, 403);
}

#[tokio::test]
async fn the_list_is_filtered_by_the_address() {
    let bench = Bench::empty().await;
    assert!(bench.get(AUDITOR, "/").await.text().contains("tenure source add"));
    let bench = Bench::surveyed().await;
    let names = async |query: &str| -> Vec<String> {
        let page = bench.get(AUDITOR, &format!("/?q={query}")).await.text();
        page.split("class=\"name\">").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names("report").await, ["main/reporting"]);
    assert!(names("standing:retired").await.is_empty());
    assert_eq!(names("standing:unclaimed%20billing").await, ["main/billing"]);
    assert!(names("source:elsewhere").await.is_empty());
    assert!(bench.get(AUDITOR, "/?q=standing:fine").await.text().contains("is not a known standing"));
    assert_eq!(bench.get(AUDITOR, "/?after=nonsense").await.status, 400);
    assert!(bench.get(AUDITOR, "/?after=nonsense").await.text().starts_with("<!doctype html>"));
}

#[tokio::test]
async fn a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("disable", "billing").await["plan"]["handle"].clone();
    for path in ["/", "/sign-in", &format!("/plans/{}", plan.as_str().unwrap()), "/plans/zzz"] {
        let page = bench.get(ADMINISTRATOR, path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff");
        assert_eq!(page.headers["cache-control"], "no-store");
        let text = page.text();
        for inline in [" style=", "<style", " onclick=", "<script>", "http://", "https://", "javascript:"] {
            assert!(!text.contains(inline), "{path}: {inline}");
        }
    }
    for (path, media_type) in
        [("tenure.css", "text/css"), ("tenure.js", "text/javascript"), ("mark.svg", "image/svg+xml")]
    {
        let asset = bench.get(4711, &format!("/assets/{path}")).await;
        assert!(asset.headers["content-type"].to_str().unwrap().starts_with(media_type), "{path}");
    }
}
