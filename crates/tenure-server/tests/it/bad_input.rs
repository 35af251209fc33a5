//! A table of bad inputs and the exact texts they get; every endpoint has at least one line.

use crate::bench::{ADMINISTRATOR, Bench, from_network};
use axum::body::Body;
use http::Request;
use std::{collections::BTreeSet, fmt::Write as _};
use tenure_server::Peer;

struct Bad {
    endpoint: &'static str,
    call: String,
    body: Option<String>,
}

fn bad(endpoint: &'static str, path: impl Into<String>) -> Bad {
    let method = endpoint.split(' ').next().unwrap();
    Bad { endpoint, call: format!("{method} {}", path.into()), body: None }
}

fn with(endpoint: &'static str, path: &str, body: &str) -> Bad {
    Bad { body: Some(body.to_owned()), ..bad(endpoint, path) }
}

/// An endpoint that takes nothing can only be called with the wrong method.
fn wrong_method(endpoint: &'static str) -> Bad {
    let path = endpoint.split(' ').nth(1).unwrap();
    Bad { endpoint, call: format!("PATCH {path}"), body: None }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn table() -> Vec<Bad> {
    let long = "x".repeat(300_000);
    vec![
        wrong_method("GET /api/v1/status"),
        wrong_method("GET /api/v1/doctor"),
        wrong_method("GET /api/v1/people"),
        with("POST /api/v1/people", "/api/v1/people", ""),
        with("POST /api/v1/people", "/api/v1/people", "[]"),
        with("POST /api/v1/people", "/api/v1/people", "{\"name\":"),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"a"}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"a","role":"king"}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"a","role":"owner","admin":true}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"a","name":"b","role":"owner"}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"","role":"owner"}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"a\u0000b","role":"owner"}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"a\u202eb","role":"owner"}"#),
        with(
            "POST /api/v1/people",
            "/api/v1/people",
            &format!(r#"{{"name":"{}","role":"owner"}}"#, "y".repeat(81)),
        ),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"owner","role":"owner"}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"b","role":"owner","local_uid":1001}"#),
        with("POST /api/v1/people", "/api/v1/people", r#"{"name":"b","role":"owner","local_uid":-1}"#),
        with("POST /api/v1/people", "/api/v1/people", &long),
        bad("POST /api/v1/people/{name}/token", "/api/v1/people/nobody/token"),
        bad("POST /api/v1/people/{name}/token", "/api/v1/people/%ff/token"),
        wrong_method("POST /api/v1/sign-in-codes"),
        wrong_method("GET /api/v1/sources"),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":[],"pasword":"hunter2"}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":[],"secret":12345}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":"hunter2"}"#,
        ),
        with("POST /api/v1/sources", "/api/v1/sources", r#"{"name":"x","points":[]}"#),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"Not A Name","system":"chaos","points":[]}"#,
        ),
        with("POST /api/v1/sources", "/api/v1/sources", r#"{"name":"x","system":"chaos","points":[]}"#),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":[{"name":"replica","url":"chaos:a"}]}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"chaos:a"},{"name":"primary","url":"chaos:b"}]}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"oracle","points":[{"name":"primary","url":"chaos:a"}]}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"http://a"}]}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"chaos:u:hunter2@a"}]}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"chaos:a"}],"options":{"colour":"red"}}"#,
        ),
        with(
            "POST /api/v1/sources",
            "/api/v1/sources",
            r#"{"name":"main","system":"chaos","points":[{"name":"primary","url":"chaos:a"}]}"#,
        ),
        bad("GET /api/v1/sources/{name}", "/api/v1/sources/nowhere"),
        bad("GET /api/v1/sources/{name}", "/api/v1/sources/a%0Ab%E2%80%AEc"),
        bad("DELETE /api/v1/sources/{name}", "/api/v1/sources/nowhere"),
        bad("POST /api/v1/sources/{name}/check", "/api/v1/sources/nowhere/check"),
        bad("POST /api/v1/sources/{name}/surveys", "/api/v1/sources/nowhere/surveys"),
        with(
            "POST /api/v1/sources/{name}/surveys/decide",
            "/api/v1/sources/main/surveys/decide",
            r#"{"believe":"yes"}"#,
        ),
        with(
            "POST /api/v1/sources/{name}/surveys/decide",
            "/api/v1/sources/main/surveys/decide",
            r#"{"believe":true}"#,
        ),
        with(
            "POST /api/v1/sources/{name}/surveys/decide",
            "/api/v1/sources/nowhere/surveys/decide",
            r#"{"believe":true}"#,
        ),
        bad("GET /api/v1/surveys/{id}", "/api/v1/surveys/x"),
        bad("GET /api/v1/surveys/{id}", "/api/v1/surveys/01900000-0000-7000-8000-000000000000"),
        bad("GET /api/v1/identities", "/api/v1/identities?limit=0"),
        bad("GET /api/v1/identities", "/api/v1/identities?limit=501"),
        bad("GET /api/v1/identities", "/api/v1/identities?limit=many"),
        bad("GET /api/v1/identities", "/api/v1/identities?after=x"),
        bad("GET /api/v1/identities", "/api/v1/identities?standing=fine"),
        bad("GET /api/v1/identities", "/api/v1/identities?findings=maybe"),
        bad("GET /api/v1/identities", "/api/v1/identities?colour=red"),
        bad("GET /api/v1/identities/{ref}", "/api/v1/identities/nobody"),
        bad("GET /api/v1/identities/{ref}", "/api/v1/identities/%00"),
        bad(
            "GET /api/v1/identities/{ref}",
            "/api/v1/identities/%27%20OR%201%3D1%20--%20%3Cscript%3E%0A%E2%80%AE",
        ),
        bad("GET /api/v1/identities/{ref}", "/api/v1/identities/01900000-0000-7000-8000-000000000000"),
        bad("GET /api/v1/identities/{ref}/explain", "/api/v1/identities/nobody/explain"),
        with(
            "PUT /api/v1/identities/{ref}/charter",
            "/api/v1/identities/reporting/charter",
            r#"{"owner":"me"}"#,
        ),
        with(
            "PUT /api/v1/identities/{ref}/charter",
            "/api/v1/identities/reporting/charter",
            r#"{"technical_owner":"nobody"}"#,
        ),
        with(
            "PUT /api/v1/identities/{ref}/charter",
            "/api/v1/identities/reporting/charter",
            r#"{"expires_at":"tomorrow"}"#,
        ),
        with(
            "PUT /api/v1/identities/{ref}/charter",
            "/api/v1/identities/reporting/charter",
            r#"{"expires_at":"2001-01-01T00:00:00Z"}"#,
        ),
        with(
            "PUT /api/v1/identities/{ref}/charter",
            "/api/v1/identities/reporting/charter",
            r#"{"environment":"prod"}"#,
        ),
        with(
            "PUT /api/v1/identities/{ref}/charter",
            "/api/v1/identities/reporting/charter",
            r#"{"rotation_days":-1}"#,
        ),
        bad("GET /api/v1/principals", "/api/v1/principals?after=WyJhIl0"),
        bad("GET /api/v1/credentials", "/api/v1/credentials?limit=-1"),
        bad("GET /api/v1/findings", "/api/v1/findings?after=WyItMSJd"),
        bad("GET /api/v1/plans", "/api/v1/plans?before=x"),
        with("POST /api/v1/plans", "/api/v1/plans", r#"{"kind":"kill","identity":"reporting","reason":"x"}"#),
        with("POST /api/v1/plans", "/api/v1/plans", r#"{"kind":"revoke","identity":"nobody","reason":"x"}"#),
        with(
            "POST /api/v1/plans",
            "/api/v1/plans",
            r#"{"kind":"revoke","identity":"reporting","reason":" "}"#,
        ),
        with("POST /api/v1/plans", "/api/v1/plans", r#"{"kind":"revoke","identity":"tenure","reason":"x"}"#),
        with("POST /api/v1/plans", "/api/v1/plans", r#"{"kind":"revoke","identity":"reporting"}"#),
        bad("GET /api/v1/plans/{ref}", "/api/v1/plans/zz"),
        with("POST /api/v1/plans/{ref}/apply", "/api/v1/plans/{plan}/apply", r#"{"digest":"another"}"#),
        with("POST /api/v1/plans/{ref}/apply", "/api/v1/plans/{plan}/apply", "{}"),
        with("POST /api/v1/plans/{ref}/apply", "/api/v1/plans/zzz/apply", r#"{"digest":"x"}"#),
        bad("POST /api/v1/plans/{ref}/undo", "/api/v1/plans/{plan}/undo"),
        bad("POST /api/v1/plans/{ref}/withdraw", "/api/v1/plans/zzz/withdraw"),
        bad("GET /api/v1/plans/{ref}/evidence", "/api/v1/plans/zzz/evidence"),
        bad("GET /api/v1/plans/{ref}/events", "/api/v1/plans/zzz/events"),
        wrong_method("GET /api/v1/evidence"),
        bad("GET /api/v1/evidence/entries", "/api/v1/evidence/entries?before=-1"),
        bad("GET /api/v1/evidence/export", "/api/v1/evidence/export?first=9&end=3"),
        with("POST /api/v1/backups", "/api/v1/backups", r#"{"directory":"backup"}"#),
        with("POST /api/v1/backups", "/api/v1/backups", r#"{"directory":"/"}"#),
        with("POST /api/v1/backups", "/api/v1/backups", r#"{"directory":"/nowhere/at/all"}"#),
        wrong_method("GET /api/v1/keys"),
        bad("POST /api/v1/keys/{ring}/rotate", "/api/v1/keys/house/rotate"),
        bad("POST /api/v1/keys/{ring}/{key_id}/retire", "/api/v1/keys/log/nothing/retire"),
        bad("POST /api/v1/keys/{ring}/{key_id}/retire", "/api/v1/keys/log/{key}/retire"),
        wrong_method("GET /api/v1/openapi.json"),
        wrong_method("GET /metrics"),
        wrong_method("GET /healthz"),
        wrong_method("GET /readyz"),
        wrong_method("GET /log/checkpoint"),
        bad("GET /log/tile/{*path}", "/log/tile/0/999"),
        bad("GET /log/tile/{*path}", "/log/tile/0/x000/000"),
        bad("GET /log/tile/{*path}", "/log/tile/0/000.p/0"),
        bad("GET /log/tile/{*path}", "/log/tile/../checkpoint"),
    ]
}

#[tokio::test]
async fn bad_input_gets_exact_texts() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("disable", "billing").await["plan"]["handle"].as_str().unwrap().to_owned();
    let keys = bench.get(ADMINISTRATOR, "/api/v1/keys").await.json();
    let key = keys.as_array().unwrap().iter().find(|key| key["ring"] == "log").unwrap()["key_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut text = String::new();
    for Bad { call, body, .. } in table() {
        let filled = call.replace("{plan}", &plan).replace("{key}", &key);
        let (method, path) = filled.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let mut request = request.body(Body::from(body.clone().unwrap_or_default())).unwrap();
        request.extensions_mut().insert(Peer::Local { uid: ADMINISTRATOR });
        let reply = bench.send(request).await;
        assert!(reply.status >= 400, "{call} {body:?} was accepted: {}", reply.text());
        let problem = reply.problem().replace(&plan, "{plan}").replace(&key, "{key}");
        let body =
            body.map(|body| if body.len() > 160 { String::from("(long)") } else { body }).unwrap_or_default();
        let _ = writeln!(text, "{call} {body}\n    {problem}");
    }
    insta::assert_snapshot!(text);
    assert!(!text.contains("hunter2\n") && !bench.said().windows(7).any(|said| said == b"hunter2"));
}

#[test]
fn every_endpoint_of_the_api_is_given_bad_input() {
    let table = table();
    let tried: BTreeSet<&str> = table.iter().map(|bad| bad.endpoint).collect();
    let api = |path: &str| {
        !path.starts_with("/assets")
            && !path.starts_with("/sign-")
            && path != "/"
            && path != "/plans/{handle}"
    };
    let untried: Vec<String> = tenure_server::endpoints()
        .iter()
        .filter(|endpoint| api(endpoint.path))
        .map(|endpoint| format!("{} {}", endpoint.method, endpoint.path))
        .filter(|name| !tried.contains(name.as_str()))
        .collect();
    assert!(untried.is_empty(), "{untried:?}");
}

#[tokio::test]
async fn requests_that_no_browser_of_ours_sends_are_turned_away() {
    let bench = Bench::empty().await;
    let mut text = String::new();
    let say = |what: &str, reply: &crate::bench::Reply, text: &mut String| {
        let _ = writeln!(text, "{what}: {}", reply.problem());
    };
    let local = |request: http::request::Builder, body: &'static str| {
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(Peer::Local { uid: ADMINISTRATOR });
        request
    };
    let reply = bench.send(local(Request::post("/api/v1/people"), "{}")).await;
    say("no content type", &reply, &mut text);
    let form = Request::post("/api/v1/people").header("content-type", "application/x-www-form-urlencoded");
    say("a form", &bench.send(local(form, "name=x")).await, &mut text);
    let reply = bench.send(local(Request::get("/api/v2/status"), "")).await;
    say("an address that is not there", &reply, &mut text);
    let host = Request::get("/api/v1/status").header("host", "evil.example").body(Body::empty()).unwrap();
    say("another host", &bench.send(host).await, &mut text);
    let origin =
        from_network("POST", "/sign-in").header("origin", "http://evil.example").body(Body::empty()).unwrap();
    say("another origin", &bench.send(origin).await, &mut text);
    let token = from_network("GET", "/api/v1/status")
        .header("authorization", "Bearer nonsense")
        .body(Body::empty())
        .unwrap();
    say("a token that is nobody's", &bench.send(token).await, &mut text);
    insta::assert_snapshot!(text);
}
