//! Who may call what: every endpoint asked by every role, through the router.
//!
//! Each endpoint is asked with a request that is well-formed and gets past the access policies
//! when it may, and then fails harmlessly or only reads. A 403 is a refusal; anything that could
//! hide one (malformed, a defect) fails the test.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER, from_network};
use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tenure_server::{Access, Peer};

/// How an endpoint is asked: `{identity}` and `{plan}` stand for one that the owner owns, or not.
type Rehearsal = (&'static str, &'static str, Option<Value>);

fn rehearsals() -> Vec<Rehearsal> {
    [
        about_people(),
        about_things(),
        exceptions(),
        requests(),
        handoffs(),
        delegations(),
        about_pages_of_handoffs(),
        reviews(),
        as_of(),
        about_the_programme(),
        about_lists(),
        about_the_deployment(),
        about_pages(),
    ]
    .concat()
}

fn about_the_programme() -> Vec<Rehearsal> {
    vec![
        ("GET /api/v1/programme", "/api/v1/programme", None),
        ("POST /api/v1/programme/check", "/api/v1/programme/check", Some(json!({ "files": {} }))),
        ("POST /api/v1/programme/plan", "/api/v1/programme/plan", Some(json!({ "files": {} }))),
        ("POST /api/v1/programme/replay", "/api/v1/programme/replay", Some(json!({ "files": {} }))),
        (
            "PUT /api/v1/programme",
            "/api/v1/programme",
            Some(json!({ "files": {}, "reason": "x", "word": "x" })),
        ),
        ("GET /api/v1/programme/check", "/api/v1/programme/check", None),
        ("GET /api/v1/programme/playbooks", "/api/v1/programme/playbooks", None),
        (
            "POST /api/v1/programme/playbooks/{id}/drills",
            "/api/v1/programme/playbooks/none/drills",
            Some(json!({ "says": "x", "held": true, "reason": "x" })),
        ),
        ("POST /api/v1/programme/acknowledgement", "/api/v1/programme/acknowledgement", Some(json!({}))),
        ("GET /api/v1/identities/{ref}/who", "/api/v1/identities/{identity}/who", None),
        ("GET /api/v1/programme/consequences", "/api/v1/programme/consequences", None),
        ("GET /api/v1/programmes", "/api/v1/programmes", None),
        ("GET /api/v1/programmes/{version}", "/api/v1/programmes/1", None),
        ("GET /programme", "/programme", None),
    ]
}

fn about_people() -> Vec<Rehearsal> {
    vec![
        ("GET /api/v1/people", "/api/v1/people", None),
        ("POST /api/v1/people", "/api/v1/people", Some(json!({ "name": " ", "role": "auditor" }))),
        ("GET /api/v1/people/{name}/leaving", "/api/v1/people/nobody/leaving", None),
        ("DELETE /api/v1/people/{name}", "/api/v1/people/nobody", None),
        ("PUT /api/v1/people/{name}/role", "/api/v1/people/nobody/role", Some(json!({ "role": "auditor" }))),
        ("PUT /api/v1/people/{name}/mail", "/api/v1/people/nobody/mail", Some(json!({}))),
        ("POST /api/v1/people/{name}/test-message", "/api/v1/people/nobody/test-message", None),
        ("GET /api/v1/messages", "/api/v1/messages", None),
        ("GET /api/v1/mail", "/api/v1/mail", None),
        ("GET /api/v1/chats", "/api/v1/chats", None),
        ("PUT /api/v1/people/{name}/chat", "/api/v1/people/nobody/chat", Some(json!({}))),
        ("GET /api/v1/event-streams", "/api/v1/event-streams", None),
        ("POST /api/v1/event-streams/{name}/test", "/api/v1/event-streams/nothing/test", None),
        ("GET /messages", "/messages", None),
        ("POST /api/v1/people/{name}/token", "/api/v1/people/nobody/token", None),
        ("DELETE /api/v1/people/{name}/token", "/api/v1/people/nobody/token", None),
        ("DELETE /api/v1/people/{name}/tokens/{ref}", "/api/v1/people/nobody/tokens/none", None),
        ("GET /api/v1/people/{name}", "/api/v1/people/nobody", None),
        (
            "PUT /api/v1/people/{name}/link",
            "/api/v1/people/nobody/link",
            Some(json!({ "subject": "x", "issuer": "https://id.example.com" })),
        ),
        ("DELETE /api/v1/people/{name}/link", "/api/v1/people/nobody/link", None),
        ("GET /api/v1/provisioning-tokens", "/api/v1/provisioning-tokens", None),
        ("POST /api/v1/provisioning-tokens", "/api/v1/provisioning-tokens?days=0", None),
        ("DELETE /api/v1/provisioning-tokens/{ref}", "/api/v1/provisioning-tokens/none", None),
        ("GET /api/v1/teams", "/api/v1/teams", None),
        ("PUT /api/v1/teams/{name}/role", "/api/v1/teams/nobody/role", Some(json!({ "role": "auditor" }))),
        ("POST /api/v1/people-imports/preview", "/api/v1/people-imports/preview", Some(json!({ "csv": "" }))),
        ("POST /api/v1/people-imports", "/api/v1/people-imports", Some(json!({ "csv": "", "word": "x" }))),
        ("GET /api/v1/ldap", "/api/v1/ldap", None),
        ("POST /api/v1/ldap/{name}/preview", "/api/v1/ldap/nowhere/preview", None),
        ("POST /api/v1/ldap/{name}/readings", "/api/v1/ldap/nowhere/readings", Some(json!({ "word": "x" }))),
        ("GET /api/v1/leavings", "/api/v1/leavings", None),
        (
            "POST /api/v1/leavings/decide",
            "/api/v1/leavings/decide",
            Some(json!({ "accept": false, "seen": 0 })),
        ),
    ]
}

fn exceptions() -> Vec<Rehearsal> {
    vec![
        (
            "POST /api/v1/findings/{ref}/exceptions",
            "/api/v1/findings/nothing/exceptions",
            Some(json!({ "reason": "x", "compensation": "y", "until": "2001-01-01T00:00:00Z" })),
        ),
        ("GET /api/v1/exceptions", "/api/v1/exceptions", None),
        ("GET /api/v1/exceptions/figures", "/api/v1/exceptions/figures", None),
        ("GET /api/v1/exceptions/{ref}", "/api/v1/exceptions/nothing", None),
        (
            "PUT /api/v1/exceptions/{ref}/decision",
            "/api/v1/exceptions/nothing/decision",
            Some(json!({ "answer": "grant", "reason": "x", "digest": "y" })),
        ),
        (
            "POST /api/v1/exceptions/{ref}/withdrawal",
            "/api/v1/exceptions/nothing/withdrawal",
            Some(json!({ "reason": "x" })),
        ),
    ]
}

fn delegations() -> Vec<Rehearsal> {
    vec![
        (
            "POST /api/v1/delegations",
            "/api/v1/delegations",
            Some(json!({ "to": "nobody", "ends": "2099-01-01T00:00:00Z", "reason": "a rehearsal" })),
        ),
        ("GET /api/v1/delegations", "/api/v1/delegations", None),
        ("GET /api/v1/delegations/{ref}", "/api/v1/delegations/nothing", None),
        (
            "PUT /api/v1/delegations/{ref}/answer",
            "/api/v1/delegations/nothing/answer",
            Some(json!({ "answer": "accept" })),
        ),
        (
            "POST /api/v1/delegations/{ref}/withdrawal",
            "/api/v1/delegations/nothing/withdrawal",
            Some(json!({ "reason": "x" })),
        ),
    ]
}

fn handoffs() -> Vec<Rehearsal> {
    let wish = |more: serde_json::Value| {
        let mut wish =
            json!({ "to": "nobody", "stage": "in_use", "runbook": "the wiki", "reason": "a rehearsal" });
        wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(wish)
    };
    vec![
        ("POST /api/v1/handoffs", "/api/v1/handoffs", wish(json!({ "identity": "main/app" }))),
        (
            "POST /api/v1/handoffs/many/preview",
            "/api/v1/handoffs/many/preview",
            wish(json!({ "rule": "name:nothing" })),
        ),
        (
            "POST /api/v1/handoffs/many",
            "/api/v1/handoffs/many",
            wish(json!({ "rule": "name:nothing", "word": "x" })),
        ),
        ("GET /api/v1/handoffs", "/api/v1/handoffs", None),
        ("GET /api/v1/handoffs/{ref}", "/api/v1/handoffs/nothing", None),
        (
            "PUT /api/v1/handoffs/{ref}/answer",
            "/api/v1/handoffs/nothing/answer",
            Some(json!({ "answer": "accept", "digest": "x" })),
        ),
        (
            "POST /api/v1/handoffs/{ref}/withdrawal",
            "/api/v1/handoffs/nothing/withdrawal",
            Some(json!({ "reason": "x" })),
        ),
    ]
}

fn requests() -> Vec<Rehearsal> {
    vec![
        ("POST /api/v1/requests", "/api/v1/requests", Some(json!({ "kind": "create" }))),
        ("GET /api/v1/requests", "/api/v1/requests", None),
        ("GET /api/v1/requests/{ref}", "/api/v1/requests/nothing", None),
        (
            "PUT /api/v1/requests/{ref}/decision",
            "/api/v1/requests/nothing/decision",
            Some(json!({ "answer": "approve", "reason": "x", "digest": "y" })),
        ),
        (
            "POST /api/v1/requests/{ref}/withdrawal",
            "/api/v1/requests/nothing/withdrawal",
            Some(json!({ "reason": "x" })),
        ),
        (
            "POST /api/v1/ticket-imports/preview",
            "/api/v1/ticket-imports/preview",
            Some(json!({ "system": "jira", "csv": "key,state,identity\nOPS-1,open,main/app\n" })),
        ),
        (
            "POST /api/v1/ticket-imports",
            "/api/v1/ticket-imports",
            Some(json!({ "system": "jira", "csv": "key,state,identity\nOPS-1,open,main/app\n" })),
        ),
        ("GET /api/v1/tickets", "/api/v1/tickets", None),
    ]
}

fn as_of() -> Vec<Rehearsal> {
    vec![
        ("GET /api/v1/as-of", "/api/v1/as-of?at=2999-01-01", None),
        ("GET /api/v1/as-of/identities", "/api/v1/as-of/identities?at=2999-01-01", None),
        ("GET /api/v1/as-of/identities/{ref}", "/api/v1/as-of/identities/nothing?at=2999-01-01", None),
        ("GET /api/v1/as-of/population", "/api/v1/as-of/population?at=2999-01-01", None),
        ("GET /api/v1/as-of/sample", "/api/v1/as-of/sample?at=2999-01-01&seed=x&size=1", None),
        ("GET /as-of", "/as-of", None),
        ("GET /as-of/identities/{ref}", "/as-of/identities/nothing", None),
    ]
}

fn reviews() -> Vec<Rehearsal> {
    let start = || Some(json!({ "rule": "name:nothing", "reason": "x" }));
    let no_form = || Some(json!({ "no": "form" }));
    vec![
        ("POST /api/v1/reviews", "/api/v1/reviews", start()),
        ("POST /api/v1/review-previews", "/api/v1/review-previews", start()),
        ("GET /api/v1/reviews", "/api/v1/reviews", None),
        ("GET /api/v1/reviews/{ref}", "/api/v1/reviews/nothing", None),
        ("GET /api/v1/reviews/{ref}/items", "/api/v1/reviews/nothing/items", None),
        (
            "POST /api/v1/reviews/{ref}/cancellation",
            "/api/v1/reviews/nothing/cancellation",
            Some(json!({ "reason": "x" })),
        ),
        ("GET /api/v1/clocks", "/api/v1/clocks", None),
        (
            "POST /api/v1/clocks/{ref}/pause",
            "/api/v1/clocks/nothing/pause",
            Some(json!({ "until": "2026-12-01T00:00:00Z", "reason": "x" })),
        ),
        ("DELETE /api/v1/clocks/{ref}/pause", "/api/v1/clocks/nothing/pause", None),
        ("GET /api/v1/review-items", "/api/v1/review-items", None),
        ("GET /api/v1/review-items/{ref}", "/api/v1/review-items/nothing", None),
        (
            "PUT /api/v1/review-items/{ref}/decision",
            "/api/v1/review-items/nothing/decision",
            Some(json!({ "answer": "keep", "reason": "x", "digest": "y" })),
        ),
        (
            "POST /api/v1/review-items/{ref}/alike",
            "/api/v1/review-items/nothing/alike",
            Some(json!({ "answer": "keep", "reason": "x", "likeness": "y", "count": 1 })),
        ),
        ("GET /reviews", "/reviews", None),
        ("GET /reviews/{review}", "/reviews/nothing", None),
        ("POST /reviews/{review}/cancel", "/reviews/nothing/cancel", no_form()),
        ("GET /review-items/{item}", "/review-items/nothing", None),
        ("POST /review-items/{item}/decide", "/review-items/nothing/decide", no_form()),
    ]
}

fn about_things() -> Vec<Rehearsal> {
    vec![
        ("GET /api/v1/status", "/api/v1/status", None),
        ("GET /api/v1/doctor", "/api/v1/doctor", None),
        ("GET /api/v1/report", "/api/v1/report", None),
        ("GET /api/v1/inbox", "/api/v1/inbox", None),
        ("GET /report", "/report", None),
        ("POST /api/v1/sign-in-codes", "/api/v1/sign-in-codes", None),
        ("GET /api/v1/sources", "/api/v1/sources", None),
        (
            "POST /api/v1/sources",
            "/api/v1/sources",
            Some(json!({ "name": "x", "system": "chaos", "points": [] })),
        ),
        ("GET /api/v1/sources/{name}", "/api/v1/sources/main", None),
        ("DELETE /api/v1/sources/{name}", "/api/v1/sources/nowhere", None),
        ("POST /api/v1/sources/{name}/check", "/api/v1/sources/nowhere/check", None),
        ("GET /api/v1/sources/{name}/baseline", "/api/v1/sources/main/baseline", None),
        ("PUT /api/v1/sources/{name}/baseline", "/api/v1/sources/nowhere/baseline", None),
        ("POST /api/v1/sources/{name}/surveys", "/api/v1/sources/nowhere/surveys", None),
        (
            "POST /api/v1/sources/{name}/surveys/decide",
            "/api/v1/sources/nowhere/surveys/decide",
            Some(json!({ "believe": false })),
        ),
        ("GET /api/v1/surveys/{id}", "/api/v1/surveys/nothing", None),
        ("GET /api/v1/identities", "/api/v1/identities", None),
        ("GET /api/v1/identities/{ref}", "/api/v1/identities/{identity}", None),
        ("GET /api/v1/identities/{ref}/explain", "/api/v1/identities/{identity}/explain", None),
        ("GET /api/v1/identities/{ref}/by-hand", "/api/v1/identities/{identity}/by-hand", None),
        ("GET /api/v1/identities/{ref}/confirmation", "/api/v1/identities/{identity}/confirmation", None),
        (
            "POST /api/v1/identities/{ref}/confirmation",
            "/api/v1/identities/{identity}/confirmation",
            Some(json!({ "needed": true, "same_scope": true, "same_owners": false, "digest": "x" })),
        ),
        (
            "PUT /api/v1/identities/{ref}/charter",
            "/api/v1/identities/{identity}/charter",
            Some(json!({ "expires_at": "2001-01-01T00:00:00Z" })),
        ),
        ("POST /api/v1/find", "/api/v1/find", Some(json!({}))),
        ("GET /api/v1/findings", "/api/v1/findings", None),
        ("GET /api/v1/queue", "/api/v1/queue", None),
        ("GET /api/v1/findings/{ref}", "/api/v1/findings/nothing", None),
        ("GET /api/v1/findings/{ref}/beside", "/api/v1/findings/nothing/beside", None),
        (
            "PUT /api/v1/findings/{ref}/dismissal",
            "/api/v1/findings/nothing/dismissal",
            Some(json!({ "reason": "x", "until": "2001-01-01T00:00:00Z" })),
        ),
        ("DELETE /api/v1/findings/{ref}/dismissal", "/api/v1/findings/nothing/dismissal", None),
        ("GET /api/v1/plans", "/api/v1/plans", None),
        (
            "POST /api/v1/plans",
            "/api/v1/plans",
            Some(json!({ "kind": "disable", "identity": "{identity}", "reason": " " })),
        ),
        ("GET /api/v1/plans/{ref}", "/api/v1/plans/{plan}", None),
        (
            "POST /api/v1/plans/{ref}/apply",
            "/api/v1/plans/{plan}/apply",
            Some(json!({ "digest": "another" })),
        ),
        ("POST /api/v1/plans/{ref}/undo", "/api/v1/plans/{plan}/undo", None),
        ("POST /api/v1/plans/{ref}/withdraw", "/api/v1/plans/{plan}/withdraw", None),
        ("GET /api/v1/plans/{ref}/evidence", "/api/v1/plans/{plan}/evidence", None),
        ("GET /api/v1/plans/{ref}/events", "/api/v1/plans/{settled}/events", None),
    ]
}

fn about_lists() -> Vec<Rehearsal> {
    vec![
        ("GET /api/v1/identities.csv", "/api/v1/identities.csv", None),
        (
            "POST /api/v1/identities/{ref}/not-mine",
            "/api/v1/identities/{identity}/not-mine",
            Some(json!({ "reason": " " })),
        ),
        ("GET /api/v1/suggestions", "/api/v1/suggestions", None),
        ("GET /api/v1/claimable", "/api/v1/claimable?rule=name:nothing-*", None),
        ("POST /api/v1/claims", "/api/v1/claims", Some(json!({ "rule": "kind:key", "claims": [] }))),
        ("GET /api/v1/charters", "/api/v1/charters", None),
        ("POST /api/v1/charters", "/api/v1/charters", Some(json!({ "write": false, "charters": [] }))),
        ("GET /api/v1/sources.csv", "/api/v1/sources.csv", None),
        ("GET /api/v1/plans.csv", "/api/v1/plans.csv", None),
        ("GET /api/v1/principals", "/api/v1/principals", None),
        ("GET /api/v1/principals.csv", "/api/v1/principals.csv", None),
        ("GET /api/v1/credentials", "/api/v1/credentials", None),
        ("GET /api/v1/credentials.csv", "/api/v1/credentials.csv", None),
        ("GET /api/v1/grants", "/api/v1/grants", None),
        ("GET /api/v1/grants.csv", "/api/v1/grants.csv", None),
    ]
}

fn about_pages_of_handoffs() -> Vec<Rehearsal> {
    let no_form = || Some(json!({ "no": "form" }));
    vec![
        ("GET /handoffs", "/handoffs", None),
        ("GET /delegations", "/delegations", None),
        ("POST /delegations", "/delegations", no_form()),
        ("GET /delegations/{delegation}", "/delegations/nothing", None),
        ("POST /delegations/{delegation}/answer", "/delegations/nothing/answer", no_form()),
        ("POST /delegations/{delegation}/withdraw", "/delegations/nothing/withdraw", no_form()),
        ("GET /handoffs/{handoff}", "/handoffs/nothing", None),
        ("GET /clocks/{ref}", "/clocks/nothing", None),
        ("POST /clocks/{ref}/pause", "/clocks/nothing/pause", no_form()),
        ("POST /clocks/{ref}/resume", "/clocks/nothing/resume", no_form()),
        ("POST /handoffs/{handoff}/answer", "/handoffs/nothing/answer", no_form()),
        ("POST /handoffs/{handoff}/withdraw", "/handoffs/nothing/withdraw", no_form()),
        ("GET /identities/{ref}/rights/new", "/identities/{identity}/rights/new", None),
        ("POST /identities/{ref}/rights/new", "/identities/{identity}/rights/new", no_form()),
        ("GET /identities/{ref}/owner/new", "/identities/{identity}/owner/new", None),
        ("POST /identities/{ref}/owner/new", "/identities/{identity}/owner/new", no_form()),
        ("GET /identities/{ref}/handoff", "/identities/{identity}/handoff", None),
        ("POST /identities/{ref}/handoff", "/identities/{identity}/handoff", no_form()),
    ]
}

/// Forms are asked with a body that is none: whoever may is told that, and nothing happens.
fn about_pages() -> Vec<Rehearsal> {
    let no_form = || Some(json!({ "no": "form" }));
    vec![
        ("GET /", "/", None),
        ("GET /identities", "/identities", None),
        ("GET /principals", "/principals", None),
        ("GET /credentials", "/credentials", None),
        ("GET /rights", "/rights", None),
        ("GET /systems", "/systems", None),
        ("GET /find", "/find?q=billing", None),
        ("GET /identities/{ref}", "/identities/{identity}", None),
        ("POST /identities/{ref}/plans", "/identities/{identity}/plans", no_form()),
        ("GET /identities/{ref}/charter", "/identities/{identity}/charter", None),
        ("POST /identities/{ref}/charter", "/identities/{identity}/charter", no_form()),
        ("GET /identities/{ref}/confirm", "/identities/{identity}/confirm", None),
        ("POST /identities/{ref}/confirm", "/identities/{identity}/confirm", no_form()),
        ("POST /identities/{ref}/charter/not-mine", "/identities/{identity}/charter/not-mine", no_form()),
        ("GET /identities/{ref}/findings/{id}", "/identities/{identity}/findings/nothing", None),
        (
            "POST /identities/{ref}/findings/{id}/dismiss",
            "/identities/{identity}/findings/nothing/dismiss",
            no_form(),
        ),
        (
            "POST /identities/{ref}/findings/{id}/count",
            "/identities/{identity}/findings/nothing/count",
            no_form(),
        ),
        (
            "GET /identities/{ref}/findings/{id}/except",
            "/identities/{identity}/findings/nothing/except",
            None,
        ),
        (
            "POST /identities/{ref}/findings/{id}/except",
            "/identities/{identity}/findings/nothing/except",
            no_form(),
        ),
        ("GET /tickets", "/tickets", None),
        ("GET /requests", "/requests", None),
        ("GET /requests/new", "/requests/new", None),
        ("POST /requests/new", "/requests/new", no_form()),
        ("GET /requests/{request}", "/requests/nothing", None),
        ("POST /requests/{request}/decide", "/requests/nothing/decide", no_form()),
        ("POST /requests/{request}/withdraw", "/requests/nothing/withdraw", no_form()),
        ("GET /exceptions", "/exceptions", None),
        ("GET /exceptions/{exception}", "/exceptions/nothing", None),
        ("POST /exceptions/{exception}/decide", "/exceptions/nothing/decide", no_form()),
        ("POST /exceptions/{exception}/withdraw", "/exceptions/nothing/withdraw", no_form()),
        ("GET /whose", "/whose", None),
        ("POST /whose", "/whose", no_form()),
        ("GET /plans", "/plans", None),
        ("GET /plans/{handle}", "/plans/{plan}", None),
        ("POST /plans/{handle}/apply", "/plans/{plan}/apply", no_form()),
        ("POST /plans/{handle}/withdraw", "/plans/{plan}/withdraw", no_form()),
        ("POST /plans/{handle}/undo", "/plans/{plan}/undo", no_form()),
        ("GET /evidence", "/evidence", None),
        ("GET /evidence/{index}", "/evidence/0", None),
        ("GET /sources", "/sources", None),
        ("GET /sources/{name}", "/sources/main", None),
        ("GET /sources/{name}/change", "/sources/main/change", None),
        ("POST /sources/{name}/change", "/sources/main/change", no_form()),
        ("POST /sources/{name}/survey", "/sources/main/survey", no_form()),
        ("POST /sources/{name}/decide", "/sources/main/decide", no_form()),
        ("POST /programme/acknowledgement", "/programme/acknowledgement", no_form()),
        ("GET /people", "/people", None),
        ("GET /doctor", "/doctor", None),
    ]
}

fn about_the_deployment() -> Vec<Rehearsal> {
    vec![
        ("GET /api/v1/sources/{name}/leaving", "/api/v1/sources/main/leaving", None),
        ("PATCH /api/v1/sources/{name}", "/api/v1/sources/nowhere", Some(json!({ "write": false }))),
        ("GET /api/v1/evidence", "/api/v1/evidence", None),
        ("GET /api/v1/evidence/entries", "/api/v1/evidence/entries", None),
        ("GET /api/v1/evidence/export", "/api/v1/evidence/export", None),
        ("GET /api/v1/evidence/cosignatures", "/api/v1/evidence/cosignatures", None),
        (
            "POST /api/v1/evidence/cosignatures",
            "/api/v1/evidence/cosignatures",
            Some(json!({ "checkpoint": "nothing" })),
        ),
        ("POST /api/v1/backups", "/api/v1/backups", Some(json!({ "directory": "relative" }))),
        ("GET /api/v1/keys", "/api/v1/keys", None),
        ("POST /api/v1/keys/{ring}/rotate", "/api/v1/keys/nothing/rotate", None),
        ("POST /api/v1/keys/{ring}/{key_id}/retire", "/api/v1/keys/nothing/0/retire", None),
        ("GET /api/v1/openapi.json", "/api/v1/openapi.json", None),
        ("GET /metrics", "/metrics", None),
    ]
}

/// What the owner owns, and what they do not.
struct Things {
    identity: &'static str,
    plan: String,
    settled: String,
}

async fn things(bench: &Bench, identity: &'static str, owner: &str) -> Things {
    let path = format!("/api/v1/identities/{identity}/charter");
    let charter = json!({ "technical_owner": owner });
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", &path, Some(&charter)).await.status, 200);
    let handle = |plan: Value| plan["plan"]["handle"].as_str().unwrap().to_owned();
    let settled = handle(bench.draft("disable", identity).await);
    bench.post(ADMINISTRATOR, &format!("/api/v1/plans/{settled}/withdraw"), &json!({})).await;
    Things { identity, plan: handle(bench.draft("disable", identity).await), settled }
}

async fn is_allowed(bench: &Bench, uid: u32, rehearsal: &Rehearsal, things: &Things) -> bool {
    let (name, path, body) = rehearsal;
    let fill = |text: &str| {
        text.replace("{identity}", things.identity)
            .replace("{plan}", &things.plan)
            .replace("{settled}", &things.settled)
    };
    let method = name.split(' ').next().unwrap();
    let body = body.as_ref().map(|body| serde_json::from_str::<Value>(&fill(&body.to_string())).unwrap());
    let reply = bench.call(uid, method, &fill(path), body.as_ref()).await;
    assert!(![400, 401, 405, 415, 500].contains(&reply.status), "{name}: {} {}", reply.status, reply.text());
    reply.status != 403
}

#[tokio::test]
async fn every_role_asks_every_endpoint() {
    let bench = Bench::surveyed().await;
    let owned = things(&bench, "billing", "owner").await;
    let other = things(&bench, "reporting", "operator").await;
    let roles =
        [("administrator", ADMINISTRATOR), ("operator", OPERATOR), ("owner", OWNER), ("auditor", AUDITOR)];
    let mut text = format!("{:<48}", "over the socket");
    for (role, _) in roles {
        let _ = write!(text, "{role:>14}");
    }
    text.push('\n');
    for rehearsal in rehearsals() {
        let mut row = format!("{:<48}", rehearsal.0);
        for (_, uid) in roles {
            let mark = match (
                is_allowed(&bench, uid, &rehearsal, &owned).await,
                is_allowed(&bench, uid, &rehearsal, &other).await,
            ) {
                (true, true) => "+",
                (true, false) => "o",
                (false, false) => "·",
                (false, true) => "owning takes a right away",
            };
            let _ = write!(row, "{mark:>14}");
        }
        let _ = writeln!(text, "{row}");
    }
    text.push_str("\n+ always   o only what they own   · never\n");
    insta::assert_snapshot!(text);
}

/// What the owner may not take, told; then what they may. Afterwards nothing can be planned about what
/// they could not take.
#[tokio::test]
async fn an_owner_takes_over_nothing() {
    let bench = Bench::surveyed().await;
    let claim = async |uid: u32, identity: &str, charter: Value| {
        bench.call(uid, "PUT", &format!("/api/v1/identities/{identity}/charter"), Some(&charter)).await
    };
    assert_eq!(claim(OPERATOR, "billing", json!({})).await.status, 200);
    let mut text = String::new();
    for (identity, charter) in [
        ("billing", json!({ "business_owner": "owner" })),
        ("billing", json!({ "technical_owner": "owner" })),
        ("billing", json!({ "purpose": "mine" })),
        ("billing", json!({})),
        ("root", json!({ "business_owner": "owner" })),
        ("tenure", json!({ "business_owner": "owner" })),
        ("reporting", json!({ "business_owner": "auditor" })),
        ("reporting", json!({ "business_owner": "no such person" })),
    ] {
        let said = claim(OWNER, identity, charter.clone()).await.problem();
        let _ = writeln!(text, "{identity} {charter}: {said}");
    }
    insta::assert_snapshot!(text);
    for identity in ["billing", "root", "tenure", "reporting"] {
        let plan = json!({ "kind": "revoke", "identity": identity, "reason": "mine now" });
        assert_eq!(bench.post(OWNER, "/api/v1/plans", &plan).await.status, 403, "{identity}");
    }
    assert_eq!(claim(OWNER, "reporting", json!({ "business_owner": "owner" })).await.status, 200);
    assert_eq!(claim(OWNER, "reporting", json!({ "purpose": "reports" })).await.status, 200);
}

#[test]
fn no_endpoint_goes_without_an_authorisation_test() {
    let tested: Vec<&str> = rehearsals().iter().map(|(name, ..)| *name).collect();
    let (mut untested, mut open) = (Vec::new(), Vec::new());
    for endpoint in tenure_server::endpoints() {
        let name = format!("{} {}", endpoint.method, endpoint.path);
        match endpoint.access {
            Access::Open => open.push(name),
            // What opens these, and what does not, is tested in `scim.rs`.
            Access::Provisioning => assert!(endpoint.path.starts_with("/scim/v2/"), "{name}"),
            // What opens these, and what does not, is tested in `hooks.rs`.
            Access::Signed => assert!(endpoint.path.starts_with("/api/v1/ticket-hooks/"), "{name}"),
            Access::Decided { .. } if !tested.contains(&name.as_str()) => untested.push(name),
            Access::Decided { .. } => {}
        }
    }
    insta::assert_snapshot!(untested.join("\n"), @"");
    insta::assert_snapshot!(open.join("\n"), @r"
    GET /healthz
    GET /readyz
    GET /log/checkpoint
    GET /log/tile/{*path}
    GET /sign-in
    POST /sign-in
    GET /sign-in/provider
    GET /sign-in/back
    POST /sign-out
    GET /assets/tenure.css
    GET /assets/tenure.js
    GET /assets/mark.svg
    ");
}

#[tokio::test]
async fn without_a_known_person_nothing_but_open_endpoints_answers() {
    let bench = Bench::surveyed().await;
    for (name, path, body) in rehearsals() {
        let method = name.split(' ').next().unwrap();
        let path = path.replace(['{', '}'], "");
        let unknown = bench.call(4711, method, &path, body.as_ref()).await;
        assert_eq!(unknown.status, 403, "{name}");
        assert!(unknown.text().contains("4711"), "{name} says which account is unknown");
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let stranger = bench.send(from_network(method, &path).body(body).unwrap()).await;
        let expected = if path.starts_with("/api") || path == "/metrics" { 401 } else { 303 };
        assert_eq!(stranger.status, expected, "{name}");
    }
    let unknown = bench.get(4711, "/api/v1/status").await;
    insta::assert_snapshot!(unknown.problem(), @r#"403 the local account 4711 is not known to Tenure [an administrator adds it: POST /api/v1/people with {"name": …, "role": …, "local_uid": 4711}]"#);
    let stranger = bench.send(from_network("GET", "/api/v1/status").body(Body::empty()).unwrap()).await;
    insta::assert_snapshot!(stranger.problem(), @"401 this needs a token or a session [send `authorization: Bearer …`, sign in at /sign-in, or use the socket in the data directory]");
    assert_eq!(stranger.headers["www-authenticate"], "Bearer realm=\"tenure\"");
}

#[tokio::test]
async fn an_account_of_this_machine_is_not_one_over_the_network() {
    let bench = Bench::empty().await;
    let mut request =
        Request::builder().uri("/api/v1/status").header("host", "localhost").body(Body::empty()).unwrap();
    request.extensions_mut().insert(Peer::Network);
    assert_eq!(bench.send(request).await.status, 401);
    let backup = json!({ "directory": "/nowhere/at/all" });
    let token = bench.post(ADMINISTRATOR, "/api/v1/people/administrator/token", &json!({})).await.json();
    let request = from_network("POST", "/api/v1/backups")
        .header("authorization", format!("Bearer {}", token["token"].as_str().unwrap()))
        .header("content-type", "application/json")
        .body(Body::from(backup.to_string()))
        .unwrap();
    insta::assert_snapshot!(bench.send(request).await.problem(), @"403 a backup is made from the machine Tenure runs on, over its socket");
}
