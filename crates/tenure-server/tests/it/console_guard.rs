//! Pages under attack: hostile names, foreign pages, framing, tossed cookies, large forms, and secrets that must stay out.
//!
//! Every page of the console is tried, so that a new one cannot be forgotten: they are taken from the list of
//! endpoints. Next: `sign_in.rs` for codes and sessions, `canary.rs` for planted secrets elsewhere.

use crate::bench::{ADMINISTRATOR, Bench, OPERATOR, Reply, SOURCE_CANARY, VALUE_CANARY, from_network};
use crate::console::send_form;
use crate::programme::foreseen_of;
use crate::sign_in::{cookie, sign_in};
use axum::body::Body;
use serde_json::{Value, json};
use tenure_connect::chaos::ChaosPrincipal;
use tenure_server::Access;

const HOSTILE: [&str; 6] = [
    "</bdi><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "\u{202e}nimda\u{2066}",
    "line\nbreak\u{1b}[31m",
    "'; DROP TABLE identities; --",
    "=HYPERLINK(\"http://evil.example\")",
];

/// The name of a person as the directory of a hostile firm might hold it.
const HOSTILE_PERSON: &str = "</bdi><script>alert(2)</script>\" onmouseover=\"alert(3)";

/// A programme under which what is asked for runs against a clock that may be paused.
const LEVEL: &str = "version = 1\n[[service_level]]\nid = \"requests\"\nfor = \"request\"\nwithin_hours = 8\npause_days_max = 2\n";

/// What must never reach a browser as it is.
const BROKEN: [&str; 7] =
    ["<script>alert", "\" onmouseover", "\u{202e}", "\u{1b}", "line\nbreak", "<img src=x", "javascript:"];

/// Every page that is only looked at, with its placeholders filled in.
async fn every_page(bench: &Bench, identity: &str) -> Vec<String> {
    let identity = bench.get(ADMINISTRATOR, &format!("/api/v1/identities/{identity}")).await.json();
    let handle = identity["identity"]["handle"].as_str().unwrap().to_owned();
    let plan = bench.draft("disable", &handle).await["plan"]["handle"].as_str().unwrap().to_owned();
    let is_page = |path: &&str| !path.starts_with("/api") && !path.contains("/log") && !path.contains('.');
    let paths: Vec<&str> = tenure_server::endpoints()
        .iter()
        .filter(|endpoint| endpoint.method == "GET" && matches!(endpoint.access, Access::Decided { .. }))
        .map(|endpoint| endpoint.path)
        .filter(is_page)
        .filter(|path| !["/metrics", "/find"].contains(path))
        .collect();
    assert!(paths.len() >= 14, "{paths:?}");
    // A finding has a page as long as it is open.
    let finding = identity["findings"][0]["id"].as_str().map(str::to_owned);
    let paths = paths.into_iter().filter(|path| finding.is_some() || !path.contains("{id}"));
    let exception = match &finding {
        Some(finding) => Some(asked_for(bench, finding, "we need a month").await),
        None => None,
    };
    let request = requested(bench).await;
    runs_a_clock(bench, &request).await;
    let handoff = handed_on(bench, &handle).await;
    let delegation = delegated(bench).await;
    let (review, item) = reviewed(bench).await;
    let paths = paths.filter(|path| exception.is_some() || !path.contains("{exception}"));
    let fill = |path: &str| {
        path.replace("/clocks/{ref}", &format!("/clocks/{request}"))
            .replace("{ref}", &handle)
            .replace("{handle}", &plan)
            .replace("{id}", finding.as_deref().unwrap_or_default())
            .replace("{exception}", exception.as_deref().unwrap_or_default())
            .replace("{request}", &request)
            .replace("{handoff}", &handoff)
            .replace("{delegation}", &delegation)
            .replace("{review}", &review)
            .replace("{item}", &item)
            .replace("{index}", "3")
            .replace("{name}", "main")
    };
    paths.map(fill).collect()
}

/// The handoff of this identity that waits; it is offered now, where none does.
async fn handed_on(bench: &Bench, identity: &str) -> String {
    let shown = bench.get(ADMINISTRATOR, &format!("/api/v1/identities/{identity}")).await.json();
    if let Some(one) = shown["handoffs"].as_array().unwrap().first() {
        return one["handle"].as_str().unwrap().to_owned();
    }
    let is_free = shown["identity"]["charter"]["technical_owner"].is_null();
    let wish = json!({
        "identity": identity, "to": "operator", "role": if is_free { "technical" } else { "business" },
        "stage": "changing", "runbook": HOSTILE_PERSON, "reason": "<b>it</b> goes",
    });
    let offered = bench.post(ADMINISTRATOR, "/api/v1/handoffs", &wish).await;
    assert_eq!(offered.status, 201, "{}", offered.text());
    offered.json()["handle"].as_str().unwrap().to_owned()
}

/// Somebody decides in another's place, or does from now on.
async fn delegated(bench: &Bench) -> String {
    let current = bench.get(ADMINISTRATOR, "/api/v1/delegations").await.json();
    if let Some(one) = current["items"].as_array().unwrap().first() {
        return one["handle"].as_str().unwrap().to_owned();
    }
    let ends = bench.engine.now().plus(std::time::Duration::from_hours(24 * 7));
    let wish = json!({ "to": "operator", "ends": ends, "reason": "<b>on</b> leave" });
    let offered = bench.post(ADMINISTRATOR, "/api/v1/delegations", &wish).await;
    assert_eq!(offered.status, 201, "{}", offered.text());
    offered.json()["handle"].as_str().unwrap().to_owned()
}

/// What is asked for, or is asked for now.
async fn requested(bench: &Bench) -> String {
    let waiting = bench.get(ADMINISTRATOR, "/api/v1/requests").await.json();
    if let Some(one) = waiting["items"].as_array().unwrap().first() {
        return one["handle"].as_str().unwrap().to_owned();
    }
    let wish = json!({
        "source": "main", "principal": "asked-for", "business_owner": "administrator", "technical_owner": "operator",
        "purpose": "a rehearsal", "boundary": "here", "allowed_scope": ["none"], "environment": "test",
        "rotation_days": 30, "retirement_trigger": "unused:30", "store": "federation", "reason": "a rehearsal",
    });
    let asked = bench.post(ADMINISTRATOR, "/api/v1/requests", &wish).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    asked.json()["handle"].as_str().unwrap().to_owned()
}

/// A service level of the programme in force, that lets a clock be paused, for what was asked.
async fn runs_a_clock(bench: &Bench, request: &str) {
    if bench.get(ADMINISTRATOR, &format!("/clocks/{request}")).await.status == 200 {
        return;
    }
    let files = json!({ "programme.toml": LEVEL });
    let word = foreseen_of(bench, &files).await["word"].clone();
    let body = json!({ "files": files, "reason": HOSTILE_PERSON, "word": word });
    let applied = bench.call(ADMINISTRATOR, "PUT", "/api/v1/programme", Some(&body)).await;
    assert_eq!(applied.status, 200, "{}", applied.text());
    bench.engine.follow_clocks().await.unwrap();
}

/// A review that is open, or is begun now, and one item of it.
async fn reviewed(bench: &Bench) -> (String, String) {
    let handle = |one: &Value| one["handle"].as_str().unwrap_or_else(|| panic!("{one}")).to_owned();
    let purpose = json!({ "purpose": "it is <b>reviewed</b>" });
    let charter = "/api/v1/identities/billing/charter";
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", charter, Some(&purpose)).await.status, 200);
    let open = bench.get(ADMINISTRATOR, "/api/v1/reviews").await.json();
    let review = match open["items"].as_array().unwrap().first() {
        Some(one) => handle(one),
        None => {
            let start = json!({ "rule": "source:main", "reason": "<i>yearly</i>" });
            let begun = bench.post(ADMINISTRATOR, "/api/v1/reviews", &start).await;
            assert_eq!(begun.status, 201, "{}", begun.text());
            handle(&begun.json())
        }
    };
    let items = bench.get(ADMINISTRATOR, &format!("/api/v1/reviews/{review}/items")).await.json();
    (review, handle(&items["items"][0]))
}

/// The exception that is asked for of a finding, or is asked for now.
async fn asked_for(bench: &Bench, finding: &str, reason: &str) -> String {
    let waiting = bench.get(ADMINISTRATOR, "/api/v1/exceptions?state=waiting").await.json();
    let seen = bench.get(ADMINISTRATOR, &format!("/api/v1/findings/{finding}")).await.json();
    let about = |one: &&Value| one["policy"] == seen["policy"] && one["subject"] == seen["subject"];
    if let Some(one) = waiting["items"].as_array().unwrap().iter().find(about) {
        return one["handle"].as_str().unwrap().to_owned();
    }
    let wish = json!({ "reason": reason, "compensation": reason, "until": "2026-12-24T00:00:00Z" });
    let asked = bench.post(ADMINISTRATOR, &format!("/api/v1/findings/{finding}/exceptions"), &wish).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    asked.json()["handle"].as_str().unwrap().to_owned()
}

/// A name from outside, of a principal with rights and a credential.
fn plant(bench: &Bench, name: &str) {
    let key = bench.world.create(ChaosPrincipal {
        grants: vec![(format!("shop/{name}"), name.to_owned())],
        ..ChaosPrincipal::account(name, "Value0000000000001")
    });
    bench.world.grant(&key, &format!("else/{name}"), name).unwrap();
}

/// The identities with hostile names, each with a charter, a "not mine", a dismissed finding and an owner that are.
async fn hostile_identities(bench: &Bench) -> Vec<String> {
    let person = json!({ "name": HOSTILE_PERSON, "role": "owner" });
    let added = bench.post(ADMINISTRATOR, "/api/v1/people", &person).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let rows = bench.get(ADMINISTRATOR, "/api/v1/identities?limit=500").await.json();
    let is_hostile = |name: &str| HOSTILE.iter().any(|hostile| name == format!("main/{hostile}"));
    let mut handles = Vec::new();
    for row in
        rows["items"].as_array().unwrap().iter().filter(|row| is_hostile(row["name"].as_str().unwrap()))
    {
        let handle = row["handle"].as_str().unwrap().to_owned();
        let passed = json!({ "ask": HOSTILE_PERSON, "reason": HOSTILE[0] });
        let path = format!("/api/v1/identities/{handle}/not-mine");
        assert_eq!(bench.post(OPERATOR, &path, &passed).await.status, 200);
        let charter = json!({
            "business_owner": HOSTILE_PERSON, "purpose": HOSTILE[0], "boundary": HOSTILE[1],
            "retirement_trigger": HOSTILE[2], "allowed_scope": [HOSTILE[1], HOSTILE[4]],
        });
        let given =
            json!({ "write": true, "charters": [{ "identity": handle, "as_of": null, "charter": charter }] });
        let told = bench.post(ADMINISTRATOR, "/api/v1/charters", &given).await.json();
        assert_eq!(told["charters"][0]["state"], "written", "{told}");
        bench.engine.judge_touched().await.unwrap();
        let shown = bench.get(ADMINISTRATOR, &format!("/api/v1/identities/{handle}")).await.json();
        let finding = format!("/api/v1/findings/{}/dismissal", shown["findings"][0]["id"].as_str().unwrap());
        asked_for(bench, shown["findings"][0]["id"].as_str().unwrap(), HOSTILE[1]).await;
        let dismissal = json!({ "reason": HOSTILE[1], "until": "2027-01-01T00:00:00Z" });
        assert_eq!(bench.call(OPERATOR, "PUT", &finding, Some(&dismissal)).await.status, 200);
        handles.push(handle);
    }
    handles
}

#[tokio::test]
async fn no_page_lets_a_name_from_outside_do_anything() {
    let bench = Bench::surveyed().await;
    for name in HOSTILE {
        plant(&bench, name);
    }
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let hostile: Vec<String> = hostile_identities(&bench).await;
    for handle in &hostile {
        let (mut findings, mut exceptions) = (0, 0);
        for path in every_page(&bench, handle).await {
            let page = bench.get(ADMINISTRATOR, &path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text());
            findings += usize::from(path.contains("/findings/") && !path.ends_with("/except"));
            exceptions += usize::from(path.starts_with("/exceptions/"));
            for broken in BROKEN {
                assert!(!page.text().contains(broken), "{path}: {broken:?}");
            }
        }
        assert_eq!((findings, exceptions), (1, 1), "pages of a finding and of an exception were among them");
    }
    assert_eq!(hostile.len(), HOSTILE.len());
    let shown = bench.get(ADMINISTRATOR, "/identities").await.text();
    assert!(
        shown.contains("&#60;script&#62;alert(1)") && shown.contains("\\u{202e}nimda\\u{2066}"),
        "{shown}"
    );
}

#[tokio::test]
async fn no_page_repeats_what_stands_in_the_address_as_it_is() {
    let bench = Bench::surveyed().await;
    let bad = "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E%E2%80%AE";
    for path in [
        format!("/identities?q={bad}"),
        format!("/identities?q=standing:{bad}"),
        format!("/identities?q=source:{bad}"),
        format!("/identities?q=owner:{bad}"),
        format!("/identities?after={bad}"),
        format!("/identities?{bad}=1"),
        format!("/principals?q=kind:{bad}"),
        format!("/credentials?q=state:{bad}"),
        format!("/rights?q=grantable:{bad}"),
        format!("/identities/{bad}"),
        format!("/plans/{bad}"),
        format!("/evidence/{bad}"),
        format!("/evidence?before={bad}"),
        format!("/sources/{bad}"),
        format!("/find?q={bad}"),
        format!("/identities?q={}", "x".repeat(4_000)),
    ] {
        let page = bench.get(ADMINISTRATOR, &path).await;
        assert!(page.status < 500, "{path}: {}", page.text());
        assert!(page.status == 303 || page.text().starts_with("<!doctype html>"), "{path}: {}", page.text());
        // What somebody typed stays as it is in the field they typed it into, and nowhere else.
        let text = page.text();
        let parts: Vec<&str> = text.split(" value=\"").collect();
        let around: String = parts
            .iter()
            .enumerate()
            .map(|(at, part)| if at == 0 { *part } else { part.split_once('"').unwrap().1 })
            .collect();
        for broken in ["<script>alert", "\u{202e}"] {
            assert!(
                !around.contains(broken) && !text.contains("<script>alert"),
                "{path}: {broken:?} in {text}"
            );
        }
    }
}

#[tokio::test]
async fn every_page_is_kept_from_frames_caches_and_foreign_content() {
    let bench = Bench::surveyed().await;
    let mut pages = every_page(&bench, "billing").await;
    pages.extend(["/sign-in", "/plans/zzz", "/identities/nobody"].map(String::from));
    for path in pages {
        let page = bench.get(ADMINISTRATOR, &path).await;
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"]
        {
            assert!(policy.contains(part) && !policy.contains("unsafe"), "{path}: {policy}");
        }
        assert_eq!(page.headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        // Not `no-referrer`: under it a browser sends our own forms with the origin `null`, and they are refused.
        assert_eq!(page.headers["referrer-policy"], "same-origin", "{path}");
        assert_eq!(page.headers["cache-control"], "no-store", "{path}");
        let text = page.text();
        for inline in [" style=", "<style", " onclick=", "<script>", "http://", "https://", "javascript:"] {
            // The sheet stands alone, with its one style, which its policy names by digest.
            let own_style = path == "/report" && inline == "<style" && policy.contains("style-src 'sha256-");
            assert!(!text.contains(inline) || own_style, "{path}: {inline}");
        }
    }
    for (path, media_type) in
        [("tenure.css", "text/css"), ("tenure.js", "text/javascript"), ("mark.svg", "image/svg+xml")]
    {
        let asset = bench.get(4711, &format!("/assets/{path}")).await;
        assert!(asset.headers["content-type"].to_str().unwrap().starts_with(media_type), "{path}");
    }
}

async fn session(bench: &Bench) -> String {
    let code = bench.post(OPERATOR, "/api/v1/sign-in-codes", &json!({})).await.json();
    cookie(&sign_in(bench, code["code"].as_str().unwrap()).await)
}

async fn form_from(bench: &Bench, headers: &[(&str, &str)], path: &str, form: &str) -> Reply {
    let mut request = from_network("POST", path).header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    bench.send(request.body(Body::from(form.to_owned())).unwrap()).await
}

#[tokio::test]
async fn a_form_is_taken_only_from_our_own_pages() {
    let bench = Bench::surveyed().await;
    let session = session(&bench).await;
    let (path, form) = ("/identities/billing.main/plans", "kind=disable&reason=x");
    for origin in ["http://evil.example", "null", "http://localhost:8420", "http://127.0.0.1:9999"] {
        let refused = form_from(&bench, &[("cookie", &session), ("origin", origin)], path, form).await;
        assert_eq!(refused.status, 403, "{origin}");
    }
    assert_eq!(form_from(&bench, &[("cookie", &session)], path, form).await.status, 403, "no origin at all");
    assert_eq!(bench.get(OPERATOR, "/api/v1/plans").await.json()["items"], json!([]), "nothing was drafted");
    let ours = [("cookie", session.as_str()), ("origin", "http://127.0.0.1:8420")];
    for site in ["cross-site", "same-site", "none", "SAME-ORIGIN", ""] {
        let refused =
            form_from(&bench, &[ours.as_slice(), &[("sec-fetch-site", site)]].concat(), path, form).await;
        assert_eq!(refused.status, 403, "{site:?}");
    }
    for both in
        [["http://127.0.0.1:8420", "http://evil.example"], ["http://evil.example", "http://127.0.0.1:8420"]]
    {
        let two = [("cookie", session.as_str()), ("origin", both[0]), ("origin", both[1])];
        assert_eq!(form_from(&bench, &two, path, form).await.status, 403, "a page has one origin");
    }
    assert_eq!(
        form_from(&bench, &ours[1..], path, form).await.status,
        303,
        "without a session one is led to sign in"
    );
    assert_eq!(bench.get(OPERATOR, "/api/v1/plans").await.json()["items"], json!([]), "nothing was drafted");
    assert_eq!(form_from(&bench, &ours, path, form).await.status, 303);
    let fetched = [ours.as_slice(), &[("sec-fetch-site", "same-origin")]].concat();
    assert_eq!(form_from(&bench, &fetched, path, form).await.status, 303);
}

/// Every form there is, sent by another page in the browser of somebody who may do it.
#[tokio::test]
async fn no_form_of_any_page_is_taken_from_another_page() {
    let bench = Bench::surveyed().await;
    let session = session(&bench).await;
    let before = bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"].clone();
    let mut tried = 0;
    for endpoint in tenure_server::endpoints() {
        let of_programs = ["/api", "/scim"].iter().any(|start| endpoint.path.starts_with(start));
        let is_form = endpoint.method == "POST" && !of_programs;
        if !is_form || endpoint.access == Access::Open {
            continue;
        }
        let path =
            endpoint.path.replace("{ref}", "billing").replace("{name}", "main").replace(['{', '}'], "");
        for forged in [
            [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")],
            [("origin", "http://127.0.0.1:9999"), ("sec-fetch-site", "same-site")],
            [("origin", "http://127.0.0.1:8420"), ("sec-fetch-site", "cross-site")],
            [("origin", "null"), ("sec-fetch-site", "same-origin")],
        ] {
            let headers = [forged.as_slice(), &[("cookie", session.as_str())]].concat();
            assert_eq!(form_from(&bench, &headers, &path, "").await.status, 403, "{path}: {forged:?}");
        }
        tried += 1;
    }
    assert!(tried >= 11, "{tried}");
    assert_eq!(bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"], before);
}

/// An answer to somebody's form must not be another's: what is sent under one session is done by that one.
#[tokio::test]
async fn a_form_opened_in_one_session_is_sent_by_the_one_who_sends_it() {
    let bench = Bench::surveyed().await;
    let code = bench.post(crate::bench::AUDITOR, "/api/v1/sign-in-codes", &json!({})).await.json();
    let auditor = cookie(&sign_in(&bench, code["code"].as_str().unwrap()).await);
    let opened = bench.get(OPERATOR, "/identities/billing/charter").await.text();
    let as_of = opened.split("name=\"as_of\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let form = format!(
        "as_of={as_of}&step=write&business_owner=&technical_owner=operator&purpose=&boundary=&environment=&data_class=&allowed_scope=&\
         rotation_days=&expires_at=&retirement_trigger="
    );
    let ours = [("cookie", auditor.as_str()), ("origin", "http://127.0.0.1:8420")];
    let refused = form_from(&bench, &ours, "/identities/billing/charter", &form).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let session = session(&bench).await;
    let ours = [("cookie", session.as_str()), ("origin", "http://127.0.0.1:8420")];
    let path = "/identities/billing/charter";
    assert_eq!(form_from(&bench, &ours, path, &form).await.status, 303);
    let out = form_from(&bench, &ours, "/sign-out", "").await;
    assert_eq!(out.headers["location"], "/sign-in");
    let after = form_from(&bench, &ours, path, &form).await;
    assert_eq!(
        (after.status, &after.headers["location"].to_str().unwrap()),
        (303, &"/sign-in"),
        "the session is over"
    );
}

/// Every page with a deployment larger than one looks at, and everything it loads.
#[tokio::test]
async fn no_page_is_over_its_budget() {
    const BUDGET_BYTES: usize = 150 * 1024;
    let bench = Bench::surveyed().await;
    let long = "n".repeat(60);
    for number in 0..120 {
        let name = format!("{long}-{number}");
        let grants = (0..12).map(|at| (format!("shop/{long}/{at}"), String::from("SELECT"))).collect();
        bench.world.add(ChaosPrincipal { grants, ..ChaosPrincipal::account(&name, "Value0000000000001") });
    }
    let many = (0..400).map(|at| (format!("shop/{long}/{at}"), String::from("SELECT"))).collect();
    bench.world.add(ChaosPrincipal { grants: many, ..ChaosPrincipal::account("many", "Value0000000000002") });
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let mut loaded = 0;
    for asset in ["tenure.css", "tenure.js", "mark.svg"] {
        loaded += bench.get(4711, &format!("/assets/{asset}")).await.body.len();
    }
    for path in every_page(&bench, "many").await {
        let page = bench.get(ADMINISTRATOR, &path).await;
        let bytes = page.body.len() + loaded;
        // Counted as they are made: what is sent may be smaller still.
        assert!(page.status == 200 && bytes <= BUDGET_BYTES, "{path}: {bytes} bytes");
    }
}

#[tokio::test]
async fn a_tossed_cookie_is_nobody_and_takes_no_session_away() {
    let bench = Bench::surveyed().await;
    let session = session(&bench).await;
    let get = async |cookies: &str| {
        let request = from_network("GET", "/").header("cookie", cookies);
        bench.send(request.body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(get(&session).await, 200);
    for tossed in ["tenure_session=", "tenure_session=x", "tenure_session=\"\"", "TENURE_SESSION=x"] {
        assert_eq!(get(tossed).await, 303, "{tossed}");
        // A neighbour on the same host can add a cookie of that name; ours is looked for among all of them.
        assert_eq!(get(&format!("{tossed}; {session}")).await, 200, "{tossed} first");
        assert_eq!(get(&format!("{session}; {tossed}")).await, 200, "{tossed} last");
    }
    let many = "tenure_session=x; ".repeat(200);
    assert_eq!(get(&format!("{many}{session}")).await, 303, "so many are no browser's");
}

#[tokio::test]
async fn signing_in_leads_to_the_first_page_and_never_elsewhere() {
    let bench = Bench::surveyed().await;
    let code = bench.post(OPERATOR, "/api/v1/sign-in-codes", &json!({})).await.json();
    let form = format!("code={}", code["code"].as_str().unwrap());
    let ours = [("origin", "http://127.0.0.1:8420")];
    for elsewhere in ["?next=http://evil.example", "?next=//evil.example", "?redirect=/\\evil.example"] {
        let page = form_from(&bench, &ours, &format!("/sign-in{elsewhere}"), "code=1").await;
        assert_eq!((page.status, page.headers.get("location")), (401, None), "{elsewhere}");
    }
    let with_more = form_from(&bench, &ours, "/sign-in", &format!("{form}&next=//evil.example")).await;
    assert_eq!(with_more.status, 400, "an unknown field is refused");
    let signed_in = form_from(&bench, &ours, "/sign-in?next=//evil.example", &form).await;
    assert_eq!((signed_in.status, &signed_in.headers["location"].to_str().unwrap()), (303, &"/"));
    for hostile in ["//evil.example", "http://evil.example", "\\\\evil.example", "..//evil.example"] {
        let found = bench
            .get(OPERATOR, &format!("/find?q={}", hostile.replace('\\', "%5C").replace('/', "%2F")))
            .await;
        let location = found.headers["location"].to_str().unwrap();
        assert!(location.starts_with("/identities?q=") && !location.contains("//"), "{location}");
    }
}

#[tokio::test]
async fn pages_answer_to_their_own_name_only() {
    let bench = Bench::surveyed().await;
    let session = session(&bench).await;
    let mut paths = every_page(&bench, "billing").await;
    paths.extend(["/sign-in", "/assets/tenure.js", "/find?q=billing"].map(String::from));
    for host in ["evil.example:8420", "127.0.0.1.evil.example", "", "rebound.evil.example"] {
        for path in &paths {
            let request = http::Request::builder().uri(path).header("host", host).header("cookie", &session);
            let mut request = request.body(Body::empty()).unwrap();
            request.extensions_mut().insert(tenure_server::Peer::Network);
            let reply = bench.send(request).await;
            assert_eq!(reply.status, 421, "{host} {path}");
            assert!(!reply.text().contains("billing"));
        }
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_or_odd_is_refused_as_a_page() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("disable", "billing").await["plan"]["handle"].as_str().unwrap().to_owned();
    bench.world.create(ChaosPrincipal::account("twin", "Value0000000000007"));
    bench.world.create(ChaosPrincipal::account("other", "Value0000000000007"));
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let open = bench.get(ADMINISTRATOR, "/api/v1/findings").await.json();
    let exception = asked_for(&bench, open["items"][0]["id"].as_str().unwrap(), "we need a month").await;
    let request = requested(&bench).await;
    let handoff = handed_on(&bench, "billing").await;
    let delegation = delegated(&bench).await;
    let (review, item) = reviewed(&bench).await;
    for endpoint in tenure_server::endpoints() {
        let of_programs = ["/api", "/scim"].iter().any(|start| endpoint.path.starts_with(start));
        let is_form = endpoint.method == "POST" && !of_programs;
        if is_form && endpoint.access != Access::Open {
            let path = endpoint
                .path
                .replace("{ref}", "billing")
                .replace("{name}", "main")
                .replace("{handle}", &plan)
                .replace("{exception}", &exception)
                .replace("{request}", &request)
                .replace("{handoff}", &handoff)
                .replace("{delegation}", &delegation)
                .replace("{review}", &review)
                .replace("{item}", &item);
            let path = path.replace("{id}", "nothing");
            let asker = if path.ends_with("/change") { ADMINISTRATOR } else { OPERATOR };
            let refused = send_form(&bench, asker, &path, &format!("x={}", "x".repeat(17 * 1024))).await;
            assert_eq!(refused.status, 413, "{path}: {}", refused.text());
        }
    }
    let path = "/identities/billing/plans";
    let large = format!("kind=disable&reason={}", "x".repeat(20 * 1024));
    let refused = send_form(&bench, OPERATOR, path, &large).await;
    assert_eq!(refused.status, 413, "{}", refused.text());
    assert!(refused.text().contains("larger than 16 KiB"), "{}", refused.text());
    let long = format!("kind=disable&reason={}", "x".repeat(3_000));
    assert_eq!(send_form(&bench, OPERATOR, path, &long).await.status, 422);
    for odd in [
        "",
        "kind=disable",
        "reason=x",
        "kind=disable&reason=x&more=y",
        "%ff=%ff",
        "kind=disable&kind=x&reason=y",
    ] {
        let refused = send_form(&bench, OPERATOR, path, odd).await;
        assert_eq!(refused.status, 422, "{odd}");
        assert!(refused.text().starts_with("<!doctype html>"), "{odd}");
    }
    assert_eq!(
        send_form(&bench, OPERATOR, path, "kind=disable&reason=+++").await.status,
        422,
        "a reason is needed"
    );
}

#[tokio::test]
async fn a_spreadsheet_takes_no_name_for_a_formula() {
    let bench = Bench::surveyed().await;
    plant(&bench, HOSTILE[5]);
    bench.survey("main").await;
    let file = bench.get(ADMINISTRATOR, "/api/v1/principals.csv?q=hyperlink").await.text();
    assert!(file.contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "{file}");
    let rights = bench.get(ADMINISTRATOR, "/api/v1/grants.csv?q=hyperlink").await.text();
    assert!(!rights.contains(",=HYPERLINK") && rights.contains("'=HYPERLINK"), "{rights}");
}

#[tokio::test]
async fn a_planted_secret_is_on_no_page() {
    let bench = Bench::surveyed().await;
    let reporting = bench.draft("revoke", "reporting").await["plan"].clone();
    let plan = format!("/plans/{}", reporting["handle"].as_str().unwrap());
    bench.post(OPERATOR, &format!("/api/v1{plan}/apply"), &json!({ "digest": reporting["digest"] })).await;
    bench.carry_out(reporting["id"].as_str().unwrap()).await;
    let mut pages = every_page(&bench, "billing").await;
    pages.extend([plan, String::from("/identities/reporting")]);
    let size = bench.get(ADMINISTRATOR, "/api/v1/evidence").await.json()["size"].as_u64().unwrap();
    pages.extend((0..size).map(|index| format!("/evidence/{index}")));
    for list in ["identities", "principals", "credentials", "grants"] {
        pages.push(format!("/api/v1/{list}.csv"));
    }
    for path in pages {
        let page = bench.get(ADMINISTRATOR, &path).await;
        assert_eq!(page.status, 200, "{path}");
        for canary in [SOURCE_CANARY, VALUE_CANARY] {
            assert!(!page.text().contains(canary), "{canary} on {path}");
        }
    }
}
