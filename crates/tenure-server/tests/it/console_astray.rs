//! Requests that went astray: the address of a form opened as a page, addresses that are not there, odd methods.
//!
//! People get a page with the way on, programs a problem document; what was asked for is never repeated. Next:
//! `console_manners.rs`.

use crate::bench::{Bench, OPERATOR, Reply, from_network};
use crate::console::{led_to, send_form};
use crate::console_acts::encoded;
use crate::sign_in::{code, cookie, sign_in};
use axum::body::Body;

const PLACES: &str = "aria-label=\"Places\"";

#[tokio::test]
async fn after_a_refused_form_its_address_leads_back_to_the_page_it_stands_on() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("revoke", "reporting").await["plan"].clone();
    let page = format!("/plans/{}", plan["handle"].as_str().unwrap());
    let form = format!("{page}/apply");
    let typed = format!("name=another&digest={}", encoded(plan["digest"].as_str().unwrap()));
    let refused = send_form(&bench, OPERATOR, &form, &typed).await;
    assert!(refused.text().contains("Another name was typed"), "{}", refused.text());
    assert_eq!(led_to(&bench.get(OPERATOR, &form).await), page);
    assert_eq!(bench.get(OPERATOR, &page).await.status, 200);
    for (form, page) in [
        ("/identities/reporting.main/plans", "/identities/reporting.main"),
        ("/identities/a%2Fb/charter/not-mine", "/identities/a%2Fb/charter"),
        ("/sources/main/decide?again=1", "/sources/main"),
        ("/sign-out", "/"),
    ] {
        assert_eq!(led_to(&bench.get(OPERATOR, form).await), page, "{form}");
    }
}

#[tokio::test]
async fn every_form_of_the_console_can_be_opened_as_a_page() {
    let bench = Bench::surveyed().await;
    let mut forms = 0;
    for endpoint in tenure_server::endpoints() {
        let of_programs = ["/api", "/scim"].iter().any(|start| endpoint.path.starts_with(start));
        if endpoint.method != "POST" || of_programs {
            continue;
        }
        forms += 1;
        let path = endpoint.path.replace("{ref}", "reporting.main").replace("{name}", "main");
        let opened = bench.get(OPERATOR, &path).await;
        let is_problem =
            opened.headers.get("content-type").is_some_and(|kind| kind == "application/problem+json");
        assert!(opened.status != 405 && !is_problem, "{path}: {} {}", opened.status, opened.text());
    }
    assert!(forms > 10, "{forms}");
}

fn is_page(reply: &Reply) -> bool {
    reply.headers["content-type"] == "text/html; charset=utf-8"
        && reply.headers.contains_key("content-security-policy")
}

#[tokio::test]
async fn an_address_that_is_not_there_says_so_as_a_page_to_people_and_as_a_problem_to_programs() {
    let bench = Bench::surveyed().await;
    for path in [
        "/nowhere",
        "/plans/",
        "/identities/a/b/c/d",
        "/apiary",
        "/%3Cscript%3Ealert(1)%3C/script%3E?%3Cb%3E",
    ] {
        for method in ["GET", "POST", "DELETE", "BREW"] {
            let known = bench.call(OPERATOR, method, path, None).await;
            let text = known.text();
            assert!(known.status == 404 && is_page(&known), "{method} {path}: {} {text}", known.status);
            assert!(text.contains(PLACES) && text.contains("find what you look for"), "{text}");
            assert!(!text.contains("alert(1)") && !text.contains("<b>"), "{text}");
        }
        let stranger = bench.send(from_network("GET", path).body(Body::empty()).unwrap()).await;
        let text = stranger.text();
        assert!(stranger.status == 404 && is_page(&stranger), "{path}: {} {text}", stranger.status);
        assert!(!text.contains(PLACES) && text.contains("sign in") && text.contains("href=\"/\""), "{text}");
        assert!(!text.contains("alert(1)") && !text.contains("<b>"), "{text}");
    }
    for path in ["/api", "/api/v1/nothing", "/log", "/log/nothing", "/healthz/x"] {
        let told = bench.get(OPERATOR, path).await;
        assert_eq!(
            told.problem(),
            "404 there is no such address here [GET /api/v1/openapi.json lists all of them]"
        );
        assert_eq!(told.headers["content-type"], "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn an_odd_method_is_refused_as_a_page_and_a_head_has_no_body() {
    let bench = Bench::surveyed().await;
    let odd = bench.call(OPERATOR, "DELETE", "/plans", None).await;
    assert!(
        odd.status == 405 && is_page(&odd) && odd.text().contains(PLACES),
        "{} {}",
        odd.status,
        odd.text()
    );
    assert_eq!(odd.headers["allow"], "GET,HEAD");
    assert_eq!(
        bench.call(OPERATOR, "DELETE", "/api/v1/plans", None).await.problem(),
        "405 this address is there, but not for that method"
    );
    bench.call(OPERATOR, "BREW7", "/plans", None).await;
    let counted = bench.get(OPERATOR, "/metrics").await.text();
    assert!(counted.contains("method=\"other\"") && !counted.contains("BREW"), "{counted}");
    for (path, status) in [("/nowhere", 404), ("/plans", 200), ("/sources/main/survey", 303)] {
        let head = bench.call(OPERATOR, "HEAD", path, None).await;
        assert_eq!((head.status, head.text().as_str()), (status, ""), "{path}");
    }
}

#[tokio::test]
async fn whoever_is_signed_in_finds_the_way_on_from_an_address_that_is_not_there() {
    let bench = Bench::surveyed().await;
    let session = cookie(&sign_in(&bench, &code(&bench).await).await);
    let ask = |method: &str| {
        from_network(method, "/nowhere").header("cookie", &session).body(Body::empty()).unwrap()
    };
    let found = bench.send(ask("GET")).await;
    assert!(found.status == 404 && found.text().contains(PLACES), "{}", found.text());
    // Another page sent it: nothing of whoever is signed in is told.
    let foreign = bench.send(ask("POST")).await;
    assert!(
        foreign.status == 404 && !foreign.text().contains(PLACES),
        "{} {}",
        foreign.status,
        foreign.text()
    );
}
