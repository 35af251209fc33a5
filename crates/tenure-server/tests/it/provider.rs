//! Signing in by a provider: who is let in, who is not, and what each attack on the way is told.
//!
//! The provider is `tenure-oidc/tests/it/hostile.rs`; what is wrong with a token or a description is tested there. Here is
//! what happens between the browser, the provider's answer and the session.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, Reply, from_network};
use crate::hostile::{CLIENT, Hostile, Play, SECRET, Tamper, with, without};
use axum::body::Body;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tenure_model::Secret;
use tenure_oidc::Address;
use tenure_server::{OidcOptions, SignInOptions, router_with};

/// A deployment with a provider, and browsers.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    pub(crate) provider: Hostile,
}

/// What a browser holds on its way.
pub(crate) struct Away {
    pub(crate) to: String,
    pub(crate) flow: String,
}

impl Scene {
    pub(crate) async fn of(mut bench: Bench, play: Play, step_up: Duration) -> Self {
        let provider = Hostile::begin(play).await;
        let options = OidcOptions {
            issuer: Address::plain(provider.issuer()).unwrap(),
            client_id: CLIENT.to_owned(),
            client_secret: Secret::new(SECRET.to_owned()),
            public_url: Address::plain("http://127.0.0.1:8420").unwrap(),
            name: String::from("Example <ID>"),
            authorities: Vec::new(),
        };
        bench.router =
            router_with(Arc::clone(&bench.engine), SignInOptions { provider: Some(options), step_up });
        let scene = Self { bench, provider };
        scene.play(|_| {});
        scene
    }

    async fn begin() -> Self {
        Self::of(Bench::empty().await, Play::default(), Duration::from_mins(15)).await
    }

    /// Goes on in another way, at the present time of the deployment.
    pub(crate) fn play(&self, change: impl FnOnce(&mut Play)) {
        let seconds = self.bench.engine.now().as_micros() / 1_000_000;
        let mut play = Play { time: Some(u64::try_from(seconds).unwrap()), ..Play::default() };
        change(&mut play);
        self.provider.play(play);
    }

    pub(crate) async fn get(&self, path: &str, cookies: &str) -> Reply {
        let request = from_network("GET", path).header("cookie", cookies);
        self.bench.send(request.body(Body::empty()).unwrap()).await
    }

    /// Sends a browser to the provider.
    pub(crate) async fn leave(&self, cookies: &str) -> Away {
        let sent = self.get("/sign-in/provider", cookies).await;
        assert_eq!(sent.status, 303, "{}", sent.text());
        let to = sent.headers["location"].to_str().unwrap().to_owned();
        Away { to, flow: first_cookie(&sent) }
    }

    /// Signs in at the provider and answers the address the browser comes back to.
    pub(crate) fn visit(&self, away: &Away) -> String {
        let fields = self.provider.visit(&away.to);
        let encoded = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("/sign-in/back?{}", pairs.join("&"))
    }

    pub(crate) async fn signs_in(&self) -> Reply {
        let away = self.leave("").await;
        self.get(&self.visit(&away), &away.flow).await
    }

    pub(crate) async fn link(&self, name: &str, whom: serde_json::Value) -> Reply {
        self.bench.call(ADMINISTRATOR, "PUT", &format!("/api/v1/people/{name}/link"), Some(&whom)).await
    }

    async fn knows(&self, session: &str) -> bool {
        self.get("/api/v1/status", session).await.status == 200
    }
}

/// The first cookie of an answer, as a browser sends it back.
pub(crate) fn first_cookie(reply: &Reply) -> String {
    reply.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// What a page says about why nobody was let in; nobody got a session.
fn refused(reply: &Reply) -> String {
    let cookies = reply.headers.get_all("set-cookie");
    assert!(!cookies.iter().any(|cookie| cookie.to_str().unwrap().contains("tenure_session")));
    let text = reply.text();
    let told = text.split_once("Not signed in: ").map_or("", |(_, rest)| rest);
    let told = told.split_once("</div>").map_or(told, |(told, _)| told);
    format!("{} {}", reply.status, told.replace("</p><p>", " [").replace("</p>", "]"))
}

#[tokio::test]
async fn who_is_linked_is_let_in_and_who_is_not_is_told_what_to_do() {
    let scene = Scene::begin().await;
    let page = scene.get("/sign-in", "").await.text();
    assert!(page.contains(
        r#"<a class="button" href="/sign-in/provider">Sign in with <bdi>Example &#60;ID&#62;</bdi>"#
    ));
    let stranger = scene.signs_in().await;
    insta::assert_snapshot!(refused(&stranger), @"403 Example &#60;ID&#62; knows you, and Tenure does not: no person here is linked to your account. [an administrator links it to you: tenure people link NAME --subject &#39;subject-1&#39;]");

    assert_eq!(scene.link("auditor", json!({ "subject": "subject-1" })).await.status, 200);
    let away = scene.leave("").await;
    let back = scene.visit(&away);
    let let_in = scene.get(&back, &away.flow).await;
    assert_eq!(let_in.status, 200, "{}", let_in.text());
    // A strict cookie is not sent on a way that began elsewhere: the page leads on from here.
    assert!(let_in.text().contains(r#"<meta http-equiv="refresh" content="0; url=/">"#));
    let session = first_cookie(&let_in);
    assert!(scene.knows(&session).await);
    let whole: Vec<&str> =
        let_in.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(whole[0].ends_with("; HttpOnly; SameSite=Strict; Path=/; Max-Age=43200"), "{whole:?}");
    assert_eq!(whole[1], "tenure_flow=; HttpOnly; SameSite=Lax; Path=/sign-in/back; Max-Age=0");
    let shown = scene.get("/", &session).await;
    assert!(shown.text().contains("<bdi>auditor</bdi>"), "the role stays Tenure's");
    let plain = Bench::empty().await;
    let missing = plain.send(from_network("GET", "/sign-in/provider").body(Body::empty()).unwrap()).await;
    assert_eq!(missing.status, 404, "where no provider is configured");
    assert!(!plain.get(ADMINISTRATOR, "/sign-in").await.text().contains("/sign-in/provider"));
}

#[tokio::test]
async fn a_sign_in_comes_back_once_in_the_browser_it_began_in_and_soon() {
    let scene = Scene::begin().await;
    scene.link("auditor", json!({ "subject": "subject-1" })).await;
    let mut rows = Vec::new();
    let (mine, theirs) = (scene.leave("").await, scene.leave("").await);
    assert_ne!(mine.flow, theirs.flow);
    let back = scene.visit(&mine);
    rows.push(refused(&scene.get(&back, &theirs.flow).await));
    rows.push(refused(&scene.get(&back, &mine.flow).await));
    let without_cookie = scene.leave("").await;
    rows.push(refused(&scene.get(&scene.visit(&without_cookie), "").await));
    rows.push(refused(&scene.get("/sign-in/back", &theirs.flow).await));
    rows.push(refused(&scene.get("/sign-in/back?state=made-up&code=x", &theirs.flow).await));
    let long = "x".repeat(5_000);
    rows.push(refused(&scene.get(&format!("/sign-in/back?state={long}&code=x"), &theirs.flow).await));
    assert_eq!(scene.get(&scene.visit(&theirs), &theirs.flow).await.status, 200, "the twin is let in");
    let away = scene.leave("").await;
    let back = scene.visit(&away);
    assert_eq!(scene.get(&back, &away.flow).await.status, 200);
    rows.push(refused(&scene.get(&back, &away.flow).await));
    let late = scene.leave("").await;
    scene.bench.clock.advance(Duration::from_mins(10));
    scene.play(|_| {});
    rows.push(refused(&scene.get(&scene.visit(&late), &late.flow).await));
    insta::assert_snapshot!(rows.join("\n"));
}

#[tokio::test]
async fn a_provider_that_lies_lets_nobody_in_and_the_page_says_which_lie_it_was() {
    let scene = Scene::begin().await;
    scene.link("auditor", json!({ "subject": "subject-1" })).await;
    let mut rows = Vec::new();
    let lies: Vec<Tamper> = vec![
        with("nonce", json!("another")),
        with("aud", json!("another")),
        with("iss", json!("https://id.example.com")),
        with("exp", json!(1)),
        without("nonce"),
    ];
    for claims in lies {
        scene.play(|play| play.claims = claims);
        rows.push(refused(&scene.signs_in().await));
    }
    scene.play(|play| play.answers_as = |_| Some(String::from("https://evil.example")));
    rows.push(refused(&scene.signs_in().await));
    scene.play(|play| play.answers_as = |_| None);
    rows.push(refused(&scene.signs_in().await));
    scene.play(|_| {});
    assert_eq!(scene.signs_in().await.status, 200, "without a lie they are let in");
    for error in ["access_denied", "%3Cscript%3Ealert(1)%3C/script%3E", "server_error"] {
        let away = scene.leave("").await;
        let state = scene.provider.visit(&away.to)["state"].clone();
        let back = format!("/sign-in/back?state={state}&error={error}&error_description=%3Cscript%3E");
        rows.push(refused(&scene.get(&back, &away.flow).await));
    }
    let said = rows.join("\n");
    assert!(!said.contains("script") && !said.contains("evil"), "{said}");
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn no_address_that_a_browser_brings_is_where_a_sign_in_ends() {
    let scene = Scene::begin().await;
    scene.link("auditor", json!({ "subject": "subject-1" })).await;
    for more in ["to", "next", "return_to", "redirect_uri", "target_link_uri"] {
        let sent = scene.get(&format!("/sign-in/provider?{more}=//evil.example"), "").await;
        let away =
            Away { to: sent.headers["location"].to_str().unwrap().to_owned(), flow: first_cookie(&sent) };
        assert!(!away.to.contains("evil"), "{}", away.to);
        let back = format!("{}&{more}=https://evil.example", scene.visit(&away));
        let let_in = scene.get(&back, &away.flow).await;
        assert_eq!(let_in.status, 200);
        assert!(!let_in.text().contains("evil"), "{}", let_in.text());
    }
}

#[tokio::test]
async fn an_address_named_beforehand_finds_its_person_once_and_only_verified() {
    let scene = Scene::begin().await;
    assert_eq!(scene.link("auditor", json!({ "email": "Ada@Example.com" })).await.status, 200);
    for claims in [
        with("email_verified", json!(false)),
        without("email_verified"),
        with("email", json!("bob@example.com")),
    ] {
        scene.play(|play| play.claims = claims);
        assert_eq!(scene.signs_in().await.status, 403);
    }
    scene.play(|_| {});
    assert_eq!(scene.signs_in().await.status, 200);
    let newest = scene.bench.get(ADMINISTRATOR, "/api/v1/evidence/entries?limit=1").await.text();
    assert!(newest.contains("person.link_found") && !newest.contains("subject-1"), "{newest}");
    let shown = scene.bench.get(ADMINISTRATOR, "/api/v1/people/auditor").await.json();
    assert_eq!(shown["links"][0]["subject"], "subject-1");
    assert_eq!(scene.bench.get(AUDITOR, "/api/v1/people/auditor").await.status, 403, "personal data");
    // Somebody else who has the address now is somebody else.
    scene.play(|play| play.subject = "subject-2");
    assert_eq!(scene.signs_in().await.status, 403);
}

#[tokio::test]
async fn who_is_unlinked_or_removed_is_out_at_once() {
    let scene = Scene::begin().await;
    scene.link("auditor", json!({ "subject": "subject-1" })).await;
    let session = first_cookie(&scene.signs_in().await);
    assert!(scene.knows(&session).await);
    let path = "/api/v1/people/auditor/link";
    assert_eq!(scene.bench.call(ADMINISTRATOR, "DELETE", path, None).await.status, 204);
    assert!(!scene.knows(&session).await);
    assert_eq!(scene.signs_in().await.status, 403);
    let again = scene.bench.call(ADMINISTRATOR, "DELETE", path, None).await.problem();
    insta::assert_snapshot!(again, @"404 there is no link for `auditor`");

    scene.link("auditor", json!({ "subject": "subject-1" })).await;
    let session = first_cookie(&scene.signs_in().await);
    assert!(scene.knows(&session).await);
    assert_eq!(scene.bench.call(ADMINISTRATOR, "DELETE", "/api/v1/people/auditor", None).await.status, 200);
    assert!(!scene.knows(&session).await);
    assert_eq!(scene.signs_in().await.status, 403, "the account is nobody's now");
    assert_eq!(
        scene.link("owner", json!({ "subject": "subject-1" })).await.status,
        200,
        "and may be another's"
    );
}

#[tokio::test]
async fn links_that_cannot_be_are_refused_in_plain_words() {
    let scene = Scene::begin().await;
    let long = "x".repeat(256);
    let mut rows = Vec::new();
    for whom in [
        json!({}),
        json!({ "subject": "a", "email": "a@example.com" }),
        json!({ "subject": "" }),
        json!({ "subject": long }),
        json!({ "subject": "ä" }),
        json!({ "email": "nobody" }),
        json!({ "email": "a\u{202e}@example.com" }),
        json!({ "name": "auditor" }),
    ] {
        rows.push(scene.link("auditor", whom).await.problem());
    }
    assert_eq!(scene.link("auditor", json!({ "subject": "a" })).await.status, 200);
    rows.push(scene.link("owner", json!({ "subject": "a" })).await.problem());
    rows.push(scene.link("nobody", json!({ "subject": "b" })).await.problem());
    let plain = Bench::empty().await;
    let unconfigured = json!({ "subject": "a" });
    rows.push(
        plain.call(ADMINISTRATOR, "PUT", "/api/v1/people/owner/link", Some(&unconfigured)).await.problem(),
    );
    insta::assert_snapshot!(rows.join("\n"));
}
