//! A directory at `/scim/v2`: people join, change, leave and come back; too many leavings wait for a person.
//!
//! What an independent client makes of it is tested in `tenure` with the real one. Next: docs/people.md.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, Reply, from_network};
use crate::sign_in::{code, cookie, sign_in};
use axum::body::Body;
use serde_json::{Value, json};
use std::time::Duration;
use tenure_model::{Instant, Origin, PersonId, Role};
use tenure_server::Access;

/// A bench and a directory that may call it.
pub(crate) struct Scene {
    pub(crate) bench: Bench,
    token: String,
}

impl Scene {
    async fn new() -> Self {
        Self::of(Bench::surveyed().await).await
    }

    pub(crate) async fn of(bench: Bench) -> Self {
        let made = bench.post(ADMINISTRATOR, "/api/v1/provisioning-tokens", &json!({})).await;
        let token = made.json()["token"].as_str().unwrap().to_owned();
        Self { bench, token }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        self.call_if(method, path, body, None).await
    }

    async fn call_if(&self, method: &str, path: &str, body: Option<&Value>, version: Option<&str>) -> Reply {
        let mut request = from_network(method, &format!("/scim/v2{path}"))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/scim+json");
        if let Some(version) = version {
            request = request.header("if-match", version);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.bench.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn join(&self, name: &str) -> String {
        let made = self.call("POST", "/Users", Some(&json!({ "userName": name }))).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn active(&self, id: &str, active: bool) -> Reply {
        let operation = json!({ "op": "replace", "path": "active", "value": active });
        self.call("PATCH", &format!("/Users/{id}"), Some(&patch(&[operation]))).await
    }

    async fn kinds(&self) -> Vec<String> {
        let entries = self.bench.get(AUDITOR, "/api/v1/evidence/entries?limit=500").await.json();
        let kind = |entry: &Value| entry["kind"].as_str().unwrap().to_owned();
        entries["items"].as_array().unwrap().iter().map(kind).collect()
    }

    async fn role(&self, name: &str) -> Option<String> {
        let people = self.bench.get(AUDITOR, "/api/v1/people").await.json();
        let found = people["items"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
        found.map(|person| person["role"].as_str().unwrap().to_owned())
    }
}

pub(crate) fn patch(operations: &[Value]) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
}

/// Status, kind and words of an error, on one line.
fn error(reply: &Reply) -> String {
    let said = reply.json();
    assert_eq!(said["status"], reply.status.to_string(), "{said}");
    let kind = said["scimType"].as_str().map(|kind| format!(" {kind}")).unwrap_or_default();
    format!("{}{kind}: {}", reply.status, said["detail"].as_str().unwrap())
}

async fn charter(bench: &Bench, identity: &str) -> Value {
    bench.get(AUDITOR, &format!("/api/v1/identities/{identity}")).await.json()["identity"]["charter"].clone()
}

#[tokio::test]
async fn who_leaves_answers_for_nothing_and_takes_it_up_again_when_they_come_back() {
    let scene = Scene::new().await;
    let id = scene.join("ada").await;
    let owner = json!({ "business_owner": "ada", "technical_owner": "ada" });
    let path = "/api/v1/identities/billing/charter";
    assert_eq!(scene.bench.call(ADMINISTRATOR, "PUT", path, Some(&owner)).await.status, 200);
    let made = scene.bench.post(ADMINISTRATOR, "/api/v1/people/ada/token", &json!({})).await.json();
    let bearer = format!("Bearer {}", made["token"].as_str().unwrap());
    let asks = async || {
        let request = from_network("GET", "/api/v1/status").header("authorization", &bearer);
        scene.bench.send(request.body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(asks().await, 200);

    let left = scene.active(&id, false).await;
    assert_eq!((left.status, &left.json()["active"]), (200, &json!(false)), "{}", left.text());
    assert_eq!(asks().await, 401, "their tokens ended");
    assert_eq!(charter(&scene.bench, "billing").await["business_owner"], Value::Null);
    scene.bench.engine.judge_touched().await.unwrap();
    let findings = scene.bench.get(AUDITOR, "/api/v1/identities/billing").await.text();
    assert!(findings.contains("no_owner"), "{findings}");
    assert_eq!(scene.role("ada").await, None);
    assert_eq!(scene.call("GET", &format!("/Users/{id}"), None).await.json()["userName"], "ada", "kept");

    // Meanwhile somebody else took one of the two up.
    let other = json!({ "technical_owner": "operator" });
    assert_eq!(scene.bench.call(ADMINISTRATOR, "PUT", path, Some(&other)).await.status, 200);
    assert_eq!(scene.active(&id, true).await.json()["active"], true);
    let charter = charter(&scene.bench, "billing").await;
    assert_eq!(charter["business_owner"], id, "{charter}");
    assert_ne!(charter["technical_owner"], id, "what somebody else answers for stays theirs");
    assert_eq!(asks().await, 401, "a token that ended stays ended");
    let kinds = scene.kinds().await;
    for kind in ["person.joined", "person.left"] {
        assert!(kinds.iter().any(|one| one == kind), "{kinds:?}");
    }
    assert_eq!(scene.call("DELETE", &format!("/Users/{id}"), None).await.status, 204);
    assert_eq!(scene.call("GET", &format!("/Users/{id}"), None).await.status, 404);
    assert_eq!(scene.call("DELETE", &format!("/Users/{id}"), None).await.status, 404, "once");
    let bodies = scene.bench.get(AUDITOR, "/api/v1/evidence/export").await.text();
    assert!(!bodies.contains("\"ada\""), "the name is erased");
    scene.join("ada").await;
}

#[tokio::test]
async fn a_provisioning_token_opens_nothing_else_and_nothing_else_opens_this() {
    let scene = Scene::new().await;
    let ask = async |path: &str, header: Option<(&str, String)>| {
        let mut request = from_network("GET", path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        scene.bench.send(request.body(Body::empty()).unwrap()).await
    };
    let ours = || Some(("authorization", format!("Bearer {}", scene.token)));
    assert_eq!(ask("/scim/v2/Users", ours()).await.status, 200);
    for path in ["/api/v1/status", "/api/v1/people", "/", "/metrics"] {
        assert_ne!(ask(path, ours()).await.status, 200, "{path}");
    }
    let made = scene.bench.post(ADMINISTRATOR, "/api/v1/people/administrator/token", &json!({})).await.json();
    let persons = format!("Bearer {}", made["token"].as_str().unwrap());
    let refused = ask("/scim/v2/Users", Some(("authorization", persons))).await;
    insta::assert_snapshot!(error(&refused));
    assert_eq!(refused.headers["www-authenticate"], "Bearer realm=\"tenure\"");
    insta::assert_snapshot!(error(&ask("/scim/v2/Users", None).await));
    let by_account = scene.bench.get(ADMINISTRATOR, "/scim/v2/Users").await;
    assert_eq!(by_account.status, 401, "nor does an account of this machine");
    for uid in [OPERATOR, AUDITOR] {
        assert_eq!(scene.bench.post(uid, "/api/v1/provisioning-tokens", &json!({})).await.status, 403);
    }
    let listed = scene.bench.get(ADMINISTRATOR, "/api/v1/provisioning-tokens").await;
    assert!(!listed.text().contains(&scene.token));
    scene.bench.clock.advance(Duration::from_hours(24 * 90));
    let over = ask("/scim/v2/Users", ours()).await;
    assert!(error(&over).starts_with("401: this provisioning token ended at "), "{}", over.text());
    let handle = listed.json()["items"][0]["handle"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/provisioning-tokens/{handle}");
    assert_eq!(scene.bench.call(ADMINISTRATOR, "DELETE", &path, None).await.status, 204);
    assert_eq!(ask("/scim/v2/Users", ours()).await.status, 401);
}

#[tokio::test]
async fn every_endpoint_knows_one_kind_of_token_and_no_other() {
    let scene = Scene::new().await;
    let made = scene.bench.post(ADMINISTRATOR, "/api/v1/people/administrator/token", &json!({})).await.json();
    let persons = format!("Bearer {}", made["token"].as_str().unwrap());
    let session = cookie(&sign_in(&scene.bench, &code(&scene.bench).await).await);
    let ours = format!("Bearer {}", scene.token);
    let ask = async |method: &str, path: &str, shown: (&str, &str)| {
        let request = from_network(method, path).header(shown.0, shown.1);
        scene.bench.send(request.body(Body::empty()).unwrap()).await.status
    };
    let (mut closed, mut provisioning) = (0, 0);
    for endpoint in tenure_server::endpoints() {
        let (method, path) = (endpoint.method, endpoint.path.replace(['{', '}', '*'], ""));
        match endpoint.access {
            Access::Open | Access::Signed => {}
            Access::Provisioning => {
                for shown in [("authorization", persons.as_str()), ("cookie", session.as_str())] {
                    assert_eq!(ask(method, &path, shown).await, 401, "{method} {path}: {}", shown.0);
                }
                assert_ne!(ask(method, &path, ("authorization", &ours)).await, 401, "{method} {path}");
                provisioning += 1;
            }
            Access::Decided { .. } => {
                let refused = ask(method, &path, ("authorization", &ours)).await;
                assert!([401, 303].contains(&refused), "{method} {path}: {refused}");
                closed += 1;
            }
        }
    }
    assert!(closed > 100 && provisioning == 20, "{closed} {provisioning}");
}

#[tokio::test]
async fn a_session_does_not_outlive_a_leaving_whoever_forgot_to_end_it() {
    for leaves in [false, true] {
        let scene = Scene::new().await;
        let id: PersonId = scene.join("ada").await.parse().unwrap();
        let made = scene.bench.post(ADMINISTRATOR, "/api/v1/people/ada/token", &json!({})).await.json();
        let request = from_network("POST", "/api/v1/sign-in-codes")
            .header("authorization", format!("Bearer {}", made["token"].as_str().unwrap()))
            .header("content-type", "application/json");
        let code = scene.bench.send(request.body(Body::from("{}")).unwrap()).await.json();
        let session = cookie(&sign_in(&scene.bench, code["code"].as_str().unwrap()).await);
        let asks = async || {
            let request = from_network("GET", "/").header("cookie", &session);
            scene.bench.send(request.body(Body::empty()).unwrap()).await.status
        };
        assert_eq!(asks().await, 200);
        let engine = &scene.bench.engine;
        let by = tenure_engine::Provisioner { token: tenure_model::TokenId::new(engine.now(), [7; 10]) };
        for active in [!leaves, true] {
            let row = engine.provisioned(id).await.unwrap();
            let given = tenure_engine::DirectoryGiven {
                name: row.name,
                external_id: row.external_id,
                resource: row.resource,
            };
            engine.change_provisioned(by, (id, row.version), given, active).await.unwrap();
        }
        assert_eq!(asks().await, if leaves { 303 } else { 200 });
    }
}

#[tokio::test]
async fn a_directory_touches_nobody_of_ours_and_gives_itself_nothing() {
    let scene = Scene::new().await;
    for name in ["operator", "OPERATOR", "Owner"] {
        let taken = scene.call("POST", "/Users", Some(&json!({ "userName": name }))).await;
        assert_eq!((taken.status, &taken.json()["scimType"]), (409, &json!("uniqueness")), "{name}");
    }
    let id = scene.join("Zoë").await;
    let taken = scene.call("POST", "/Users", Some(&json!({ "userName": "ZOË" }))).await;
    insta::assert_snapshot!(error(&taken));
    let people = scene.bench.get(ADMINISTRATOR, "/api/v1/people").await.json();
    let local = people["items"].as_array().unwrap().iter().find(|one| one["name"] == "operator").unwrap();
    let path = format!("/Users/{}", local["id"].as_str().unwrap());
    for method in ["GET", "DELETE"] {
        assert_eq!(scene.call(method, &path, None).await.status, 404, "a person of ours is not there for it");
    }
    let hostile = json!({
        "userName": "mallory", "id": id, "role": "administrator", "roles": [{ "value": "administrator" }],
        "local_uid": 0, "origin": "local", "version": 99, "groups": [{ "value": "x" }],
        "meta": { "version": "W/\"99\"", "created": "2001-01-01T00:00:00Z" }, "token_hash": "00",
    });
    let made = scene.call("POST", "/Users", Some(&hostile)).await.json();
    assert_ne!(made["id"], id);
    assert_eq!(made["meta"]["version"], "W/\"1\"");
    for name in ["role", "roles", "local_uid", "origin", "groups", "token_hash"] {
        assert_eq!(made.get(name), None, "{name}");
    }
    assert_eq!(scene.role("mallory").await.as_deref(), Some("owner"));
    let path = format!("/Users/{id}");
    for (name, expected) in [("id", "mutability"), ("meta.version", "mutability"), ("role", "invalidPath")] {
        let operation = json!({ "op": "replace", "path": name, "value": "administrator" });
        let refused = scene.call("PATCH", &path, Some(&patch(&[operation]))).await;
        assert_eq!((refused.status, &refused.json()["scimType"]), (400, &json!(expected)), "{name}");
    }
    let by_hand = json!({ "role": "administrator" });
    let by_hand = scene.bench.call(ADMINISTRATOR, "PUT", "/api/v1/people/mallory/role", Some(&by_hand)).await;
    assert_eq!(by_hand.status, 409, "their role comes from their teams: {}", by_hand.text());
}

#[tokio::test]
async fn a_change_of_an_old_version_is_refused_and_the_same_change_twice_is_one() {
    let scene = Scene::new().await;
    let id = scene.join("ada").await;
    let path = format!("/Users/{id}");
    let named = |name: &str| json!({ "userName": "ada", "displayName": name, "active": true });
    let newer = scene.call_if("PUT", &path, Some(&named("newer")), Some("W/\"1\"")).await;
    assert_eq!((newer.status, newer.headers["etag"].to_str().unwrap()), (200, "W/\"2\""));
    let older = scene.call_if("PUT", &path, Some(&named("older")), Some("W/\"1\"")).await;
    insta::assert_snapshot!(error(&older));
    assert_eq!(scene.call_if("DELETE", &path, None, Some("W/\"1\"")).await.status, 412);
    let before = scene.kinds().await.len();
    for _ in 0..3 {
        let again = scene.call("PUT", &path, Some(&named("newer"))).await;
        assert_eq!(again.json()["meta"]["version"], "W/\"2\"");
    }
    assert_eq!(scene.kinds().await.len(), before, "what changes nothing leaves no trace");
    let without = json!({ "userName": "ada", "displayName": "newer" });
    scene.active(&id, false).await;
    let replaced = scene.call("PUT", &path, Some(&without)).await.json();
    assert_eq!(replaced["active"], false, "nobody comes back because nothing is said");
}

/// So many people of a directory who are not new any more.
async fn settled(scene: &Scene, many: usize) -> Vec<String> {
    let now = Instant::parse("2026-11-21T12:00:01Z").unwrap();
    let rows: Vec<tenure_engine::DirectoryRow> = (0..many)
        .map(|number| {
            let mut random = [7; 10];
            random[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
            tenure_engine::DirectoryRow {
                person: PersonId::new(now, random),
                name: format!("person-{number}"),
                role: Role::Owner,
                origin: Origin::Scim,
                active: true,
                external_id: None,
                resource: String::from("{}"),
                version: 1,
                created: now,
                changed: now,
            }
        })
        .collect();
    let ids = rows.iter().map(|row| row.person.to_string()).collect();
    let add =
        move |tx: &mut tenure_engine::Tx<'_>| rows.iter().try_for_each(|row| tx.add_directory_person(row));
    scene.bench.engine.store().write("settled", add).await.unwrap();
    scene.bench.clock.advance(Duration::from_hours(2));
    ids
}

/// Each leaving ends what somebody may do with tokens and decisions, also where they are back a moment later.
#[tokio::test]
async fn a_client_that_takes_everybody_away_and_back_stops_at_the_line_too() {
    let scene = Scene::new().await;
    let ids = settled(&scene, 20).await;
    for id in &ids[..4] {
        for active in [false, true] {
            assert_eq!(scene.active(id, active).await.status, 200);
        }
    }
    assert_eq!(scene.active(&ids[0], false).await.status, 503, "nor the same ones again");
    for id in &ids[4..] {
        assert_eq!(scene.active(id, false).await.status, 503);
        assert_eq!(scene.call("DELETE", &format!("/Users/{id}"), None).await.status, 503);
    }
}

#[tokio::test]
async fn a_client_that_deactivates_everybody_stops_at_the_line_until_a_person_decides() {
    let scene = Scene::new().await;
    let ids = settled(&scene, 20).await;
    for id in &ids[..4] {
        assert_eq!(scene.active(id, false).await.status, 200);
    }
    let held = scene.active(&ids[4], false).await;
    insta::assert_snapshot!(error(&held));
    assert_eq!(held.headers["retry-after"], "3600");
    for id in &ids[4..] {
        assert_eq!(scene.active(id, false).await.status, 503, "and again");
        assert_eq!(scene.call("DELETE", &format!("/Users/{}", ids[5]), None).await.status, 503);
    }
    let held = scene.bench.get(AUDITOR, "/api/v1/leavings").await.json();
    assert_eq!(held["items"].as_array().unwrap().len(), 16, "each once");
    let kinds = scene.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "person.leaving_held").count(), 16);
    assert_eq!(scene.active(&ids[19], true).await.status, 200, "the directory takes one back");
    scene.bench.clock.advance(Duration::from_hours(3));
    assert_eq!(scene.active(&ids[4], false).await.status, 503, "time does not release what is held");
    let newcomer = scene.join("newcomer").await;
    assert_eq!(scene.active(&newcomer, false).await.status, 200, "who is new and has nothing may go");

    let decide = async |uid: u32, accept: bool, seen: i64| {
        let body = json!({ "accept": accept, "seen": seen });
        scene.bench.post(uid, "/api/v1/leavings/decide", &body).await
    };
    assert_eq!(decide(OPERATOR, true, 15).await.status, 403);
    insta::assert_snapshot!(decide(ADMINISTRATOR, true, 16).await.problem());
    assert_eq!(decide(ADMINISTRATOR, false, 15).await.json(), json!({ "left": 0 }));
    assert_eq!(scene.call("GET", &format!("/Users/{}", ids[4]), None).await.json()["active"], true);
    // The line is four an hour again.
    for id in &ids[4..8] {
        assert_eq!(scene.active(id, false).await.status, 200);
    }
    for id in &ids[8..] {
        assert_eq!(scene.active(id, false).await.status, 503);
    }
    assert_eq!(decide(ADMINISTRATOR, true, 12).await.json(), json!({ "left": 12 }));
    for id in &ids {
        assert_eq!(scene.call("GET", &format!("/Users/{id}"), None).await.json()["active"], false);
    }
    insta::assert_snapshot!(decide(ADMINISTRATOR, true, 0).await.problem());
}

#[tokio::test]
async fn of_ten_thousand_people_one_in_five_leave_and_not_one_more() {
    let scene = Scene::new().await;
    let ids = settled(&scene, 10_000).await;
    let page = scene.call("GET", "/Users?filter=userName%20sw%20%22person-99%22&count=5", None).await.json();
    assert_eq!((&page["totalResults"], &page["itemsPerPage"]), (&json!(111), &json!(5)));
    let exactly = scene.call("GET", "/Users?filter=userName%20eq%20%22PERSON-77%22", None).await.json();
    assert_eq!(exactly["Resources"][0]["userName"], "person-77");
    let mut left = 1_997;
    let gone: Vec<PersonId> = ids[..left].iter().map(|id| id.parse().unwrap()).collect();
    let now = scene.bench.clock.now();
    let leave = move |tx: &mut tenure_engine::Tx<'_>| {
        gone.iter().try_for_each(|id| {
            let leaving = tx.leaving(*id)?;
            tx.count_leaving(*id, now)?;
            tx.leave(&leaving, now)
        })
    };
    scene.bench.engine.store().write("gone", leave).await.unwrap();
    for id in &ids[left..2_004] {
        match scene.active(id, false).await.status {
            200 => left += 1,
            503 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(left, 2_000);
}

#[tokio::test]
async fn a_team_gives_the_role_that_a_person_mapped_and_no_other() {
    let scene = Scene::new().await;
    let (ada, bob) = (scene.join("ada").await, scene.join("bob").await);
    let team = json!({ "displayName": "platform", "members": [{ "value": ada }] });
    let made = scene.call("POST", "/Groups", Some(&team)).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/Groups/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(scene.role("ada").await.as_deref(), Some("owner"));
    let map = async |uid: u32, role: Value| {
        let body = json!({ "role": role });
        scene.bench.call(uid, "PUT", "/api/v1/teams/platform/role", Some(&body)).await
    };
    assert_eq!(map(OPERATOR, json!("operator")).await.status, 403);
    assert_eq!(map(ADMINISTRATOR, json!("operator")).await.json()["members"], 1);
    assert_eq!(scene.role("ada").await.as_deref(), Some("operator"));
    let add = json!({ "op": "Add", "path": "members", "value": [{ "value": bob }] });
    assert_eq!(scene.call("PATCH", &path, Some(&patch(&[add]))).await.status, 200);
    assert_eq!(scene.role("bob").await.as_deref(), Some("operator"));
    let remove = json!({ "op": "remove", "path": format!("members[value eq \"{ada}\"]") });
    let changed = scene.call("PATCH", &path, Some(&patch(&[remove]))).await.json();
    assert_eq!(changed["members"].as_array().unwrap().len(), 1, "{changed}");
    assert_eq!(scene.role("ada").await.as_deref(), Some("owner"));
    let of_bob = scene.call("GET", &format!("/Users/{bob}"), None).await.json();
    assert_eq!(of_bob["groups"][0]["display"], "platform");

    // Administration is mapped over the socket alone.
    let token =
        scene.bench.post(ADMINISTRATOR, "/api/v1/people/administrator/token", &json!({})).await.json();
    let request = from_network("PUT", "/api/v1/teams/platform/role")
        .header("authorization", format!("Bearer {}", token["token"].as_str().unwrap()))
        .header("content-type", "application/json");
    let request = request.body(Body::from(json!({ "role": "administrator" }).to_string())).unwrap();
    insta::assert_snapshot!(scene.bench.send(request).await.problem());
    assert_eq!(map(ADMINISTRATOR, json!("administrator")).await.status, 200);
    let bobs = scene.bench.post(ADMINISTRATOR, "/api/v1/people/bob/token", &json!({})).await.json();
    let remove = from_network("DELETE", "/api/v1/people/administrator")
        .header("authorization", format!("Bearer {}", bobs["token"].as_str().unwrap()));
    assert_eq!(scene.bench.send(remove.body(Body::empty()).unwrap()).await.status, 200);
    let last = scene.active(&bob, false).await;
    insta::assert_snapshot!(error(&last));
    assert_eq!(scene.call("DELETE", &format!("/Users/{bob}"), None).await.status, 409);
    assert_eq!(scene.call("DELETE", &path, None).await.status, 409, "nor goes the team that makes them one");
    assert_eq!(scene.role("bob").await.as_deref(), Some("administrator"));
}

fn deep_filter() -> String {
    format!("{}userName pr{}", "(".repeat(500), ")".repeat(500))
}

#[tokio::test]
async fn hostile_filters_get_exact_texts() {
    use std::fmt::Write as _;
    let scene = Scene::new().await;
    let mut text = String::new();
    let deep = deep_filter();
    let wide = vec!["userName pr"; 200].join(" or ");
    let long = format!("userName eq \"{}\"", "a".repeat(5_000));
    for filter in [
        "",
        "userName",
        "userName eq",
        "userName eq ada",
        "userName is \"a\"",
        "(userName pr",
        "userName pr)",
        "userName eq \"a",
        "active gt true",
        "emails[value eq \"a\"",
        "emails[",
        "not userName pr",
        "userName[value pr]",
        &deep,
        &wide,
        &long,
    ] {
        let search = json!({ "filter": filter });
        let reply = scene.call("POST", "/Users/.search", Some(&search)).await;
        let shown: String = filter.chars().take(30).collect();
        let _ = writeln!(text, "filter {shown}\n  {}", error(&reply));
    }
    let filtered = scene.call("GET", "/Schemas?filter=id%20pr", None).await;
    let _ = writeln!(text, "GET /Schemas?filter\n  {}", error(&filtered));
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn hostile_paths_and_values_get_exact_texts_and_change_nothing() {
    use std::fmt::Write as _;
    let scene = Scene::new().await;
    let id = scene.join("ada").await;
    let team = scene.call("POST", "/Groups", Some(&json!({ "displayName": "t" }))).await.json();
    let team = format!("/Groups/{}", team["id"].as_str().unwrap());
    let mut text = String::new();
    let depth = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let many: Vec<Value> = (0..10_001).map(|_| json!({ "value": id })).collect();
    let user = format!("/Users/{id}");
    let replaces =
        |path: &str, value: Value| patch(&[json!({ "op": "replace", "path": path, "value": value })]);
    let cases = [
        ("PATCH", &user, patch(&[])),
        ("PATCH", &user, json!({ "Operations": [] })),
        ("PATCH", &user, patch(&[json!({ "op": "move" })])),
        ("PATCH", &user, patch(&[json!({ "op": "remove" })])),
        ("PATCH", &user, patch(&[json!({ "op": "remove", "path": "userName" })])),
        ("PATCH", &user, replaces("name.givenName.x.y.z", json!("a"))),
        ("PATCH", &user, replaces("emails[type eq \"work\"].value", json!("a@example.com"))),
        ("PATCH", &user, replaces(&format!("emails[{}]", deep_filter()), json!({}))),
        ("PATCH", &user, replaces("userName", json!("a\u{0}b"))),
        ("PATCH", &user, replaces("userName", json!("a\u{202e}b"))),
        ("PATCH", &user, replaces("userName", json!(7))),
        ("PATCH", &user, replaces("userName", json!("a".repeat(600)))),
        ("PATCH", &user, replaces("active", json!("perhaps"))),
        ("PUT", &user, json!({ "displayName": "no name" })),
        ("PATCH", &team, replaces("members", Value::Array(many))),
        ("PATCH", &team, replaces("members", json!([{ "value": "nobody" }]))),
        (
            "PATCH",
            &team,
            replaces("members", json!([{ "value": PersonId::new(scene.bench.clock.now(), [1; 10]) }])),
        ),
        ("PATCH", &team, replaces("members", json!([{ "value": id, "type": "Group" }]))),
    ];
    for (method, path, body) in cases {
        let reply = scene.call(method, path, Some(&body)).await;
        let shown: String = body["Operations"].to_string().chars().take(60).collect();
        let _ = writeln!(text, "{method} {shown}\n  {}", error(&reply));
    }
    for body in [depth, "x".repeat(600_000), String::from("[]"), String::from("{")] {
        let request = from_network("POST", "/scim/v2/Users")
            .header("authorization", format!("Bearer {}", scene.token))
            .header("content-type", "application/scim+json");
        let reply = scene.bench.send(request.body(Body::from(body)).unwrap()).await;
        let _ = writeln!(text, "POST\n  {}", error(&reply));
    }
    insta::assert_snapshot!(text);
    assert_eq!(scene.call("GET", &user, None).await.json()["userName"], "ada", "nothing was changed");
}
