//! What is dangerous asks a session for a recent sign-in; tokens have ends.
//!
//! Time is the bench's own and stands still between steps. Next: `provider.rs`, how a provider's session begins.

use crate::bench::{ADMINISTRATOR, Bench, Reply, from_network};
use crate::console_acts::encoded;
use crate::hostile::{Play, with, without};
use crate::provider::{Scene, first_cookie};
use crate::sign_in::{cookie, sign_in};
use axum::body::Body;
use serde_json::{Value, json};
use std::time::Duration;

const OURS: &str = "http://127.0.0.1:8420";

async fn as_session(bench: &Bench, session: &str, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let mut request = from_network(method, path).header("cookie", session).header("origin", OURS);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    bench.send(request.body(body).unwrap()).await
}

async fn session_by_code(bench: &Bench) -> String {
    let code = bench.post(ADMINISTRATOR, "/api/v1/sign-in-codes", &json!({})).await.json();
    cookie(&sign_in(bench, code["code"].as_str().unwrap()).await)
}

async fn form(bench: &Bench, session: &str, path: &str, text: &str) -> Reply {
    let request = from_network("POST", path)
        .header("cookie", session)
        .header("origin", OURS)
        .header("content-type", "application/x-www-form-urlencoded");
    bench.send(request.body(Body::from(text.to_owned())).unwrap()).await
}

async fn adds_somebody(scene: &Scene, session: &str, name: &str) -> Reply {
    let person = json!({ "name": name, "role": "auditor" });
    as_session(&scene.bench, session, "POST", "/api/v1/people", Some(&person)).await
}

#[tokio::test]
async fn a_session_decides_what_is_dangerous_only_soon_after_its_person_signed_in() {
    let scene = Scene::of(Bench::empty().await, Play::default(), Duration::from_mins(15)).await;
    let session = session_by_code(&scene.bench).await;
    assert_eq!(adds_somebody(&scene, &session, "first").await.status, 201);
    scene.bench.clock.advance(Duration::from_mins(14));
    assert_eq!(adds_somebody(&scene, &session, "second").await.status, 201);
    scene.bench.clock.advance(Duration::from_mins(1));
    let refused = adds_somebody(&scene, &session, "third").await;
    assert_eq!(refused.json()["type"], "urn:tenure:problem:sign-in-again");
    insta::assert_snapshot!(refused.problem(), @"401 this is decided by somebody who signed in less than 15 minutes ago [sign in once more at /sign-in, then send it again]");
    // Nor does it make itself a way around that.
    let code = as_session(&scene.bench, &session, "POST", "/api/v1/sign-in-codes", None).await;
    assert_eq!(code.status, 401);
    let token = as_session(&scene.bench, &session, "POST", "/api/v1/people/operator/token", None).await;
    assert_eq!(token.status, 401);
    assert_eq!(as_session(&scene.bench, &session, "GET", "/api/v1/people", None).await.status, 200);
    // An account of this machine and a token have no such moment.
    let person = json!({ "name": "third", "role": "auditor" });
    assert_eq!(scene.bench.post(ADMINISTRATOR, "/api/v1/people", &person).await.status, 201);
    assert_eq!(adds_somebody(&scene, &session_by_code(&scene.bench).await, "fourth").await.status, 201);
}

#[tokio::test]
async fn how_recent_a_sign_in_must_be_is_what_is_configured() {
    let after = async |step_up: Duration, passed: Duration| {
        let scene = Scene::of(Bench::empty().await, Play::default(), step_up).await;
        let session = session_by_code(&scene.bench).await;
        scene.bench.clock.advance(passed);
        adds_somebody(&scene, &session, "somebody").await.status
    };
    let minutes = Duration::from_mins;
    assert_eq!(after(minutes(5), minutes(5)).await, 401);
    assert_eq!(after(minutes(60), minutes(5)).await, 201);
    assert_eq!(after(minutes(60), minutes(60)).await, 401);
}

#[tokio::test]
async fn a_provider_must_ask_anew_and_leads_back_to_the_page_of_the_decision() {
    let scene = Scene::of(Bench::surveyed().await, Play::default(), Duration::from_mins(15)).await;
    assert_eq!(scene.link("administrator", json!({ "subject": "subject-1" })).await.status, 200);
    let plan = scene.bench.draft("disable", "billing").await["plan"].clone();
    let page = format!("/plans/{}", plan["handle"].as_str().unwrap());
    let typed = format!("name=billing&digest={}", encoded(plan["digest"].as_str().unwrap()));
    let apply = format!("{page}/apply");
    let session = first_cookie(&scene.signs_in().await);
    scene.bench.clock.advance(Duration::from_mins(20));

    let refused = form(&scene.bench, &session, &apply, &typed).await;
    assert_eq!((refused.status, refused.headers["location"].to_str().unwrap()), (303, "/sign-in"));
    let again = scene.get("/sign-in", &session).await.text();
    assert!(
        again.contains("<h1>Sign in again</h1>") && again.contains("less than 15 minutes old"),
        "{again}"
    );
    let away = scene.leave(&session).await;
    assert!(away.to.ends_with("&prompt=login&max_age=0"), "{}", away.to);
    // A provider that remembers them from twenty minutes ago does not do.
    let then = scene.bench.engine.now().as_micros() / 1_000_000 - 20 * 60;
    scene.play(|play| play.claims = with("auth_time", json!(then)));
    let remembered = scene.get(&scene.visit(&away), &away.flow).await;
    assert_eq!(remembered.status, 403);
    assert!(remembered.text().contains("does not say that you signed in anew"), "{}", remembered.text());

    scene.play(|_| {});
    let away = scene.leave(&session).await;
    let let_in = scene.get(&scene.visit(&away), &away.flow).await;
    assert!(let_in.text().contains(&format!(r#"content="0; url={page}""#)), "{}", let_in.text());
    let fresh = first_cookie(&let_in);
    assert_eq!(scene.get("/api/v1/status", &session).await.status, 401, "the former session is over");
    let applied = form(&scene.bench, &fresh, &apply, &typed).await;
    assert_eq!((applied.status, applied.headers["location"].to_str().unwrap()), (303, page.as_str()));
    let shown = scene.bench.get(ADMINISTRATOR, &format!("/api/v1{page}")).await.json();
    assert_eq!(shown["plan"]["state"], "approved");
}

#[tokio::test]
async fn a_code_leads_back_to_the_page_of_the_decision_too() {
    let scene = Scene::of(Bench::surveyed().await, Play::default(), Duration::from_mins(15)).await;
    let plan = scene.bench.draft("disable", "billing").await["plan"]["handle"].as_str().unwrap().to_owned();
    let session = session_by_code(&scene.bench).await;
    scene.bench.clock.advance(Duration::from_mins(20));
    let refused = form(&scene.bench, &session, &format!("/plans/{plan}/undo"), "").await;
    assert_eq!(refused.headers["location"], "/sign-in");
    let code = scene.bench.post(ADMINISTRATOR, "/api/v1/sign-in-codes", &json!({})).await.json();
    let typed = format!("code={}", code["code"].as_str().unwrap());
    let back = form(&scene.bench, &session, "/sign-in", &typed).await;
    assert_eq!(
        (back.status, back.headers["location"].to_str().unwrap()),
        (303, format!("/plans/{plan}").as_str())
    );
    let former = scene.get("/api/v1/status", &session).await.status;
    assert_eq!(former, 401, "the former session is over");
}

#[tokio::test]
async fn of_whom_the_provider_does_not_say_when_they_signed_in_is_asked_at_once() {
    let scene = Scene::of(Bench::empty().await, Play::default(), Duration::from_mins(15)).await;
    assert_eq!(scene.link("administrator", json!({ "subject": "subject-1" })).await.status, 200);
    scene.play(|play| play.claims = without("auth_time"));
    let session = first_cookie(&scene.signs_in().await);
    assert_eq!(adds_somebody(&scene, &session, "somebody").await.status, 401);
    scene.play(|_| {});
    let session = first_cookie(&scene.signs_in().await);
    assert_eq!(adds_somebody(&scene, &session, "somebody").await.status, 201);
}

async fn status_with(bench: &Bench, token: &str) -> Reply {
    let request = from_network("GET", "/api/v1/status").header("authorization", format!("Bearer {token}"));
    bench.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_token_ends_and_says_so_to_its_holder() {
    let bench = Bench::empty().await;
    let make = async |query: &str| {
        bench.call(ADMINISTRATOR, "POST", &format!("/api/v1/people/auditor/token{query}"), None).await
    };
    let first = make("").await.json();
    let (first, handle) =
        (first["token"].as_str().unwrap().to_owned(), first["handle"].as_str().unwrap().to_owned());
    let second = make("?days=1").await.json()["token"].as_str().unwrap().to_owned();
    for token in [&first, &second] {
        assert_eq!(status_with(&bench, token).await.status, 200, "both count: one is replaced without a gap");
    }
    let request =
        from_network("POST", "/api/v1/sign-in-codes").header("authorization", format!("Bearer {second}"));
    let code = bench.send(request.body(Body::empty()).unwrap()).await.json();
    let session = cookie(&sign_in(&bench, code["code"].as_str().unwrap()).await);
    bench.clock.advance(Duration::from_hours(11));
    let request = from_network("GET", "/api/v1/status").header("cookie", &session);
    assert_eq!(bench.send(request.body(Body::empty()).unwrap()).await.status, 200);
    bench.clock.advance(Duration::from_hours(13));
    insta::assert_snapshot!(status_with(&bench, &second).await.problem(), @"401 this token ended at 2026-11-22T12:00:00Z [an administrator makes another: tenure people token NAME]");
    assert_eq!(status_with(&bench, &first).await.status, 200);
    let shown = bench.get(ADMINISTRATOR, "/api/v1/people/auditor").await.json();
    let over: Vec<_> =
        shown["tokens"].as_array().unwrap().iter().map(|token| token["over"].clone()).collect();
    assert_eq!(over, [json!(true), json!(false)]);
    assert!(!shown.to_string().contains(&first));
    let one = format!("/api/v1/people/auditor/tokens/{handle}");
    assert_eq!(bench.call(ADMINISTRATOR, "DELETE", &one, None).await.status, 204);
    insta::assert_snapshot!(status_with(&bench, &first).await.problem(), @"401 this token is nobody's; it may have been taken away");
    let gone = bench.call(ADMINISTRATOR, "DELETE", &one, None).await.problem();
    assert_eq!(gone, format!("404 there is no token `{handle}`"));
    for bad in ["?days=0", "?days=366", "?days=99999"] {
        assert!(make(bad).await.status >= 400, "{bad}");
    }
    insta::assert_snapshot!(make("?days=366").await.problem(), @"422 a token lasts from 1 to 365 days");
}

#[tokio::test]
async fn what_a_token_opened_ends_with_it() {
    let bench = Bench::empty().await;
    let made = bench.call(ADMINISTRATOR, "POST", "/api/v1/people/auditor/token?days=1", None).await.json();
    bench.clock.advance(Duration::from_hours(20));
    let token = format!("Bearer {}", made["token"].as_str().unwrap());
    let request = from_network("POST", "/api/v1/sign-in-codes").header("authorization", token);
    let code = bench.send(request.body(Body::empty()).unwrap()).await.json();
    let session = cookie(&sign_in(&bench, code["code"].as_str().unwrap()).await);
    let known = async || {
        let request = from_network("GET", "/api/v1/status").header("cookie", &session);
        bench.send(request.body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(known().await, 200);
    bench.clock.advance(Duration::from_hours(5));
    assert_eq!(known().await, 401);
}

#[tokio::test]
async fn a_token_that_ends_soon_is_spoken_of() {
    let bench = Bench::empty().await;
    let tokens = async || {
        let checks = bench.get(ADMINISTRATOR, "/api/v1/doctor").await.json();
        let checks = checks["items"].as_array().or(checks.as_array()).unwrap().clone();
        checks.into_iter().find(|check| check["what"] == "tokens").unwrap()
    };
    assert_eq!(tokens().await["state"], "well");
    bench.call(ADMINISTRATOR, "POST", "/api/v1/people/auditor/token?days=15", None).await;
    assert_eq!(tokens().await["state"], "well");
    bench.clock.advance(Duration::from_hours(24));
    let check = tokens().await;
    assert_eq!(check["state"], "look");
    assert!(check["found"].as_str().unwrap().contains("of auditor"), "{check}");
}
