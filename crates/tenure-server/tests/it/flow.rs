//! One whole turn of the wheel through the API, and what calls leave behind.
//!
//! `bench` holds every answer against the OpenAPI document, so these also show that it is true.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER};
use serde_json::json;
use std::collections::BTreeSet;
use tenure_evidence::{Level, Trust, verify_export};

#[tokio::test]
async fn from_found_to_proved_dead() {
    let bench = Bench::surveyed().await;
    let status = bench.get(AUDITOR, "/api/v1/status").await.json();
    assert_eq!((&status["sources"], &status["database"]), (&json!(1), &json!("sqlite")));
    let checked = bench.post(OPERATOR, "/api/v1/sources/main/check", &json!({})).await;
    assert_eq!(checked.status, 200, "{}", checked.text());

    let listed = bench.get(OWNER, "/api/v1/identities?contains=REPORT").await.json();
    assert_eq!(listed["items"][0]["name"], "main/reporting");
    let owned =
        json!({ "business_owner": "owner", "purpose": "nightly report", "environment": "production" });
    let owned =
        bench.call(OPERATOR, "PUT", "/api/v1/identities/main%2Freporting/charter", Some(&owned)).await;
    assert_eq!(owned.json()["enrolled"], true);
    bench.engine.judge_touched().await.unwrap();
    let shown = bench.get(OWNER, "/api/v1/identities/reporting").await.json();
    assert_eq!(shown["questions"][0]["answer"], "answered", "{shown}");
    let explained = bench.get(AUDITOR, "/api/v1/identities/reporting/explain").await;
    assert_eq!(explained.json()["dossier"]["name"], "main/reporting");

    let drafted = bench
        .post(
            OWNER,
            "/api/v1/plans",
            &json!({ "kind": "revoke", "identity": "reporting", "reason": "contract ended" }),
        )
        .await;
    assert_eq!(drafted.status, 201, "an owner plans for what is theirs: {}", drafted.text());
    let plan = drafted.json()["plan"].clone();
    let path = format!("/api/v1/plans/{}", plan["handle"].as_str().unwrap());
    let applied = bench.post(OPERATOR, &format!("{path}/apply"), &json!({ "digest": plan["digest"] })).await;
    assert_eq!((applied.status, &applied.json()["plan"]["state"]), (202, &json!("approved")));
    bench.carry_out(plan["id"].as_str().unwrap()).await;
    let proved = bench.get(AUDITOR, &path).await.json();
    assert_eq!((&proved["plan"]["state"], &proved["plan"]["level"]), (&json!("proved"), &json!("P4")));
    assert!(!bench.world.truth(&bench.victim).unwrap().is_accepted());

    let evidence = bench.get(AUDITOR, &format!("{path}/evidence")).await;
    assert_eq!(evidence.headers["content-type"], "application/octet-stream");
    let keys = bench.get(AUDITOR, "/api/v1/evidence").await.json()["keys"].clone();
    let log_keys = vec![keys[0].as_str().unwrap().parse().unwrap()];
    let verdict = verify_export(&evidence.body, &Trust { log_keys, ..Trust::default() });
    assert!(matches!(verdict.level, Level::Verified), "{:?}", verdict.level);

    for path in [
        "/api/v1/plans",
        "/api/v1/principals",
        "/api/v1/credentials",
        "/api/v1/findings",
        "/api/v1/people",
        "/api/v1/sources",
        "/api/v1/sources/main",
        "/api/v1/doctor",
        "/api/v1/keys",
    ] {
        assert_eq!(bench.get(AUDITOR, path).await.status, 200, "{path}");
    }
}

/// Every kind of entry that an endpoint says it leaves is left by calling it.
#[tokio::test]
async fn calls_leave_the_evidence_they_say() {
    let bench = Bench::surveyed().await;
    change_people(&bench).await;
    bench
        .call(OPERATOR, "PUT", "/api/v1/identities/billing/charter", Some(&json!({ "purpose": "bills" })))
        .await;
    confirm_and_refuse(&bench).await;
    let not_mine = json!({ "reason": "never heard of it" });
    bench.post(OPERATOR, "/api/v1/identities/reporting/not-mine", &not_mine).await;
    let first = bench.draft("disable", "billing").await["plan"].clone();
    bench
        .post(OPERATOR, &format!("/api/v1/plans/{}/withdraw", first["handle"].as_str().unwrap()), &json!({}))
        .await;
    let second = bench.draft("disable", "billing").await["plan"].clone();
    let path = format!("/api/v1/plans/{}", second["handle"].as_str().unwrap());
    bench.post(OPERATOR, &format!("{path}/apply"), &json!({ "digest": second["digest"] })).await;
    bench.carry_out(second["id"].as_str().unwrap()).await;
    let undone = bench.post(OPERATOR, &format!("{path}/undo"), &json!({})).await;
    assert_eq!(undone.status, 202, "{}", undone.text());
    bench.carry_out(second["id"].as_str().unwrap()).await;
    let to = bench.directory.path().join("backup");
    let backup = bench.post(ADMINISTRATOR, "/api/v1/backups", &json!({ "directory": to })).await;
    assert_eq!(backup.status, 201, "{}", backup.text());
    let keys = bench.get(ADMINISTRATOR, "/api/v1/keys").await.json();
    let old =
        keys.as_array().unwrap().iter().find(|key| key["ring"] == "fingerprint").unwrap()["key_id"].clone();
    assert_eq!(bench.post(ADMINISTRATOR, "/api/v1/keys/fingerprint/rotate", &json!({})).await.status, 201);
    let retired = format!("/api/v1/keys/fingerprint/{}/retire", old.as_str().unwrap());
    assert_eq!(bench.post(ADMINISTRATOR, &retired, &json!({})).await.status, 204);
    dismiss_and_set_baseline(&bench).await;
    tell_by_mail(&bench).await;
    tell_in_a_chat(&bench).await;
    let looked = bench.post(OPERATOR, "/api/v1/find", &json!({ "string": "a value nobody knows" })).await;
    assert_eq!(looked.status, 200, "{}", looked.text());
    let word = crate::programme::foreseen(&bench).await["word"].clone();
    assert_eq!(crate::programme::apply(&bench, ADMINISTRATOR, &word).await.status, 200);
    drill(&bench).await;
    let said = bench.post(ADMINISTRATOR, "/api/v1/programme/acknowledgement", &json!({})).await;
    assert_eq!(said.status, 200, "{}", said.text());
    pause_and_resume(&bench).await;
    hold_and_decide(&bench).await;
    let bench = provision(bench).await;
    crate::people_import::import(&bench, "name\nlisted\n").await;
    cosign(&bench).await;
    let secret = json!({ "write": true, "secret": "AnotherPasswordOfOurs" });
    assert_eq!(bench.call(ADMINISTRATOR, "PATCH", "/api/v1/sources/main", Some(&secret)).await.status, 200);
    assert_eq!(bench.call(ADMINISTRATOR, "DELETE", "/api/v1/sources/main", None).await.status, 204);

    let entries = bench.get(AUDITOR, "/api/v1/evidence/entries?limit=500").await.json();
    let left: BTreeSet<&str> =
        entries["items"].as_array().unwrap().iter().filter_map(|entry| entry["kind"].as_str()).collect();
    for endpoint in tenure_server::endpoints() {
        if let Some(kind) = endpoint.evidence {
            assert!(
                left.contains(kind),
                "{} {} leaves no `{kind}`: {left:?}",
                endpoint.method,
                endpoint.path
            );
        }
    }
}

/// A playbook of the programme in force is tried, as it was shown; nothing of it counts that was not.
async fn drill(bench: &Bench) {
    let listed = bench.get(AUDITOR, "/api/v1/programme/playbooks").await.json();
    let one = &listed["playbooks"][0];
    assert!(one["why_not"].as_str().unwrap().contains("never drilled"), "{listed}");
    let path = format!("/api/v1/programme/playbooks/{}/drills", one["id"].as_str().unwrap());
    let said =
        |says: &serde_json::Value| json!({ "says": says, "held": true, "reason": "dead in 9 minutes" });
    for who in [AUDITOR, OWNER] {
        assert_eq!(bench.post(who, &path, &said(&one["says"])).await.status, 403);
    }
    let other = bench.post(OPERATOR, &path, &said(&json!("0000000000000000"))).await;
    assert_eq!((other.status, other.problem().contains("look at it again")), (409, true), "{}", other.text());
    let secret = json!({ "says": one["says"], "held": true, "reason": "AKIAQYLPMN5HHHFPZAM2 was the key" });
    assert_eq!(bench.post(OPERATOR, &path, &secret).await.status, 422, "a secret in a reason");
    let done = bench.post(OPERATOR, &path, &said(&one["says"])).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!((&done.json()["last"]["by"], &done.json()["why_not"]), (&json!("operator"), &json!(null)));
    let page = bench.get(AUDITOR, "/programme").await.text();
    assert!(page.contains("Playbooks") && page.contains("counts until"), "{page}");
}

/// What somebody owns is confirmed as it was shown, and not as it was before; of what is not needed a plan is drafted.
async fn confirm_and_refuse(bench: &Bench) {
    let path = "/api/v1/identities/billing/confirmation";
    let seen = bench.get(AUDITOR, path).await.json();
    let answer = |needed: bool, digest: &serde_json::Value| json!({ "needed": needed, "same_scope": true, "same_owners": true, "digest": digest, "note": "replaced" });
    let stale = bench.post(OPERATOR, path, &answer(true, &json!("another"))).await;
    assert_eq!(stale.status, 409, "{}", stale.text());
    assert_eq!(bench.post(AUDITOR, path, &answer(true, &seen["digest"])).await.status, 403);
    let confirmed = bench.post(OPERATOR, path, &answer(true, &seen["digest"])).await.json();
    assert!(confirmed["plan"].is_null() && confirmed["no_plan_because"].is_null(), "{confirmed}");
    assert_eq!(bench.get(AUDITOR, path).await.json()["last"]["by"], "operator");
    let not_needed = bench.post(OPERATOR, path, &answer(false, &seen["digest"])).await.json();
    let plan = &not_needed["plan"]["plan"];
    assert_eq!(
        (&plan["kind"], &plan["state"], &plan["reason"]),
        (&json!("revoke"), &json!("proposed"), &json!("replaced"))
    );
    let withdraw = format!("/api/v1/plans/{}/withdraw", plan["handle"].as_str().unwrap());
    assert_eq!(bench.post(OPERATOR, &withdraw, &json!({})).await.status, 200);
    bench.post(OPERATOR, path, &answer(true, &seen["digest"])).await;
}

/// A directory adds people and a team, changes and takes them away; leavings are held and let happen.
async fn provision(bench: Bench) -> Bench {
    let scene = crate::scim::Scene::of(bench).await;
    let id = scene.join("ada").await;
    let name = json!({ "op": "add", "path": "displayName", "value": "Ada" });
    scene.call("PATCH", &format!("/Users/{id}"), Some(&crate::scim::patch(&[name]))).await;
    let team = scene.call("POST", "/Groups", Some(&json!({ "displayName": "team" }))).await.json();
    let path = format!("/Groups/{}", team["id"].as_str().unwrap());
    let members = json!({ "displayName": "team", "members": [{ "value": id }] });
    assert_eq!(scene.call("PUT", &path, Some(&members)).await.status, 200);
    let role = json!({ "role": "auditor" });
    let mapped = scene.bench.call(ADMINISTRATOR, "PUT", "/api/v1/teams/team/role", Some(&role)).await;
    assert_eq!(mapped.status, 200, "{}", mapped.text());
    assert_eq!(scene.call("DELETE", &path, None).await.status, 204);
    let mut ids = vec![id];
    for number in 0..5 {
        ids.push(scene.join(&format!("person-{number}")).await);
    }
    scene.bench.clock.advance(std::time::Duration::from_hours(2));
    for id in &ids {
        scene.call("DELETE", &format!("/Users/{id}"), None).await;
    }
    let decided = json!({ "accept": true, "seen": 2 });
    let decided = scene.bench.post(ADMINISTRATOR, "/api/v1/leavings/decide", &decided).await;
    assert_eq!(decided.status, 200, "{}", decided.text());
    let tokens = scene.bench.get(ADMINISTRATOR, "/api/v1/provisioning-tokens").await.json();
    let path = format!("/api/v1/provisioning-tokens/{}", tokens["items"][0]["handle"].as_str().unwrap());
    assert_eq!(scene.bench.call(ADMINISTRATOR, "DELETE", &path, None).await.status, 204);
    scene.bench
}

/// A token is made and taken away, a role changed, a person removed.
async fn change_people(bench: &Bench) {
    let owner = "/api/v1/people/owner";
    let (token, role) = (format!("{owner}/token"), format!("{owner}/role"));
    assert_eq!(bench.post(ADMINISTRATOR, &token, &json!({})).await.status, 201);
    assert_eq!(bench.call(ADMINISTRATOR, "DELETE", &token, None).await.status, 204);
    let link = format!("{owner}/link");
    let account = json!({ "subject": "248289761001", "issuer": "https://id.example.com" });
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", &link, Some(&account)).await.status, 200);
    assert_eq!(bench.call(ADMINISTRATOR, "DELETE", &link, None).await.status, 204);
    let auditor = json!({ "role": "auditor" });
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", &role, Some(&auditor)).await.status, 200);
    assert_eq!(bench.call(ADMINISTRATOR, "DELETE", owner, None).await.status, 200);
}

/// An exception is asked for, taken back, asked for anew, granted by somebody else and taken back.
async fn except_and_take_back(bench: &Bench, finding: &str) {
    let path = format!("/api/v1/findings/{finding}/exceptions");
    let wish =
        json!({ "reason": "a rehearsal", "compensation": "nothing real", "until": "2026-12-01T00:00:00Z" });
    let own = bench.post(ADMINISTRATOR, &path, &wish).await.json();
    let decide = |one: &serde_json::Value| {
        let handle = one["handle"].as_str().unwrap_or_else(|| panic!("{one}"));
        (
            format!("/api/v1/exceptions/{handle}"),
            json!({ "answer": "grant", "reason": "for the rehearsal", "digest": one["digest"] }),
        )
    };
    let (its, grant) = decide(&own);
    let refused = bench.call(ADMINISTRATOR, "PUT", &format!("{its}/decision"), Some(&grant)).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(bench.post(AUDITOR, &format!("{its}/withdrawal"), &json!({})).await.status, 403);
    assert_eq!(bench.post(ADMINISTRATOR, &format!("{its}/withdrawal"), &json!({})).await.status, 200);
    let (its, grant) = decide(&bench.post(ADMINISTRATOR, &path, &wish).await.json());
    let granted = bench.call(OPERATOR, "PUT", &format!("{its}/decision"), Some(&grant)).await;
    assert_eq!(granted.json()["state"], "granted", "{}", granted.text());
    assert_eq!(bench.get(AUDITOR, "/api/v1/queue").await.json()["excepted"], 1);
    let listed = bench.get(AUDITOR, "/api/v1/findings?excepted=true").await.json();
    assert_eq!(listed["items"][0]["exception_state"], "granted", "{listed}");
    assert_eq!(bench.get(AUDITOR, "/api/v1/exceptions").await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(bench.get(AUDITOR, "/api/v1/exceptions/figures").await.json()["standing"], 1);
    let back = bench.post(OPERATOR, &format!("{its}/withdrawal"), &json!({ "reason": "over" })).await;
    assert_eq!(back.json()["state"], "ended", "{}", back.text());
    assert_eq!(bench.get(AUDITOR, &its).await.json()["ended_why"], "taken back: over");
}

/// Something is asked for, taken back, asked for anew, and approved by somebody else.
async fn ask_and_decide(bench: &Bench) {
    let wish = json!({
        "source": "main", "principal": "asked-for", "business_owner": "administrator", "technical_owner": "operator",
        "purpose": "a rehearsal", "boundary": "here", "allowed_scope": ["none"], "environment": "test",
        "rotation_days": 30, "retirement_trigger": "unused:30", "store": "federation", "reason": "a rehearsal",
    });
    let decide = |one: &serde_json::Value| {
        let handle = one["handle"].as_str().unwrap_or_else(|| panic!("{one}"));
        (
            format!("/api/v1/requests/{handle}"),
            json!({ "answer": "approve", "reason": "for the rehearsal", "digest": one["digest"] }),
        )
    };
    let asked = bench.post(ADMINISTRATOR, "/api/v1/requests", &wish).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let (its, approve) = decide(&asked.json());
    let refused = bench.call(ADMINISTRATOR, "PUT", &format!("{its}/decision"), Some(&approve)).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(bench.post(AUDITOR, &format!("{its}/withdrawal"), &json!({})).await.status, 403);
    assert_eq!(bench.post(ADMINISTRATOR, &format!("{its}/withdrawal"), &json!({})).await.status, 200);
    let (its, approve) = decide(&bench.post(ADMINISTRATOR, "/api/v1/requests", &wish).await.json());
    let approved = bench.call(OPERATOR, "PUT", &format!("{its}/decision"), Some(&approve)).await;
    assert_eq!(approved.json()["state"], "approved", "{}", approved.text());
    assert_eq!(bench.get(AUDITOR, &format!("{its}?wait=0")).await.json()["usable"], false);
    let listed = bench.get(AUDITOR, "/api/v1/requests?state=approved").await.json();
    assert_eq!(listed["items"][0]["decisions"][0]["person_name"], "operator", "{listed}");
}

/// Somebody is told by mail through a server that is not there: it is kept, tried, and shown to whoever may see people.
async fn tell_by_mail(bench: &Bench) {
    let address = json!({ "address": "operator@example.com" });
    assert_eq!(bench.call(OPERATOR, "PUT", "/api/v1/people/operator/mail", Some(&address)).await.status, 403);
    let set = bench.call(ADMINISTRATOR, "PUT", "/api/v1/people/operator/mail", Some(&address)).await;
    assert_eq!(set.status, 200, "{}", set.text());
    assert!(!set.text().contains("example.com"), "{}", set.text());
    let shown = bench.get(ADMINISTRATOR, "/api/v1/people/operator").await.json();
    assert_eq!(shown["mail"], "operator@example.com");
    let tried = bench.post(ADMINISTRATOR, "/api/v1/people/operator/test-message", &json!({})).await;
    assert_eq!(tried.json()["attempts"], 1, "{}", tried.text());
    assert!(tried.json()["why"].as_str().unwrap().contains("is it up"), "{}", tried.text());
    let listed = bench.get(AUDITOR, "/api/v1/messages?failed=true").await.json();
    assert_eq!(
        (&listed["items"][0]["to"], &listed["items"][0]["kind"]),
        (&json!("operator"), &json!("test"))
    );
    assert_eq!(bench.get(AUDITOR, "/api/v1/mail").await.json()["mail"]["server"], "127.0.0.1");
    let tried = bench.post(ADMINISTRATOR, "/api/v1/event-streams/siem/test", &json!({})).await.json();
    assert_eq!((&tried["attempts"], &tried["to"]), (&json!(1), &json!("127.0.0.1:1")), "{tried}");
    assert_eq!(bench.post(OPERATOR, "/api/v1/event-streams/siem/test", &json!({})).await.status, 403);
    let streams = bench.get(AUDITOR, "/api/v1/event-streams").await.json();
    assert!(
        streams[0]["why"].as_str().unwrap().contains("refused") && streams[0]["behind"] != 0,
        "{streams}"
    );
    let page = bench.get(AUDITOR, "/messages").await.text();
    assert!(page.contains("siem") && page.contains("stands still"), "{page}");
    assert!(page.contains("is tried again") && !page.contains("operator@example.com"), "{page}");
    assert_eq!(bench.get(OWNER, "/messages").await.status, 403);
}

/// Somebody is told in a chat that is not there: it is kept and tried, and its address is shown to nobody.
async fn tell_in_a_chat(bench: &Bench) {
    let chat = json!({ "chat": "room" });
    assert_eq!(bench.call(OPERATOR, "PUT", "/api/v1/people/operator/chat", Some(&chat)).await.status, 403);
    let set = bench.call(ADMINISTRATOR, "PUT", "/api/v1/people/operator/chat", Some(&chat)).await;
    assert_eq!(set.status, 200, "{}", set.text());
    assert_eq!(bench.get(ADMINISTRATOR, "/api/v1/people/operator").await.json()["chat"], "room");
    let path = "/api/v1/people/operator/test-message?way=chat";
    let tried = bench.post(ADMINISTRATOR, path, &json!({})).await;
    assert_eq!(
        (&tried.json()["attempts"], &tried.json()["way"]),
        (&json!(1), &json!("chat")),
        "{}",
        tried.text()
    );
    assert!(tried.json()["why"].as_str().unwrap().contains("not reached"), "{}", tried.text());
    let chats = bench.get(AUDITOR, "/api/v1/chats").await;
    let expected = json!({
        "name": "room", "kind": "slack", "details": false, "people": 1, "console": "https://tenure.example.com"
    });
    assert_eq!(chats.json()["chats"], json!([expected]));
    let page = bench.get(AUDITOR, "/messages").await.text();
    assert!(page.contains("1 person is told without names") && page.contains("in a chat"), "{page}");
    for said in [page, chats.text(), tried.text(), set.text()] {
        assert!(!said.contains("nobody-else") && !said.contains("127.0.0.1:1/"), "{said}");
    }
    assert_eq!(bench.get(OWNER, "/api/v1/chats").await.status, 403);
}

/// Somebody lets another decide in their place, who accepts; one declines; either ends it.
async fn let_another_decide(bench: &Bench) {
    let ends = bench.engine.now().plus(std::time::Duration::from_hours(24 * 3));
    let wish = json!({ "to": "operator", "ends": ends, "kinds": ["request"], "reason": "a rehearsal" });
    assert_eq!(bench.post(AUDITOR, "/api/v1/delegations", &wish).await.status, 403);
    let offered = bench.post(ADMINISTRATOR, "/api/v1/delegations", &wish).await;
    assert_eq!(offered.status, 201, "{}", offered.text());
    let its = format!("/api/v1/delegations/{}", offered.json()["handle"].as_str().unwrap());
    let accept = json!({ "answer": "accept" });
    for who in [ADMINISTRATOR, AUDITOR] {
        let refused = bench.call(who, "PUT", &format!("{its}/answer"), Some(&accept)).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
    }
    let accepted = bench.call(OPERATOR, "PUT", &format!("{its}/answer"), Some(&accept)).await.json();
    assert_eq!((&accepted["state"], &accepted["counts"]), (&json!("accepted"), &json!(true)), "{accepted}");
    let listed = bench.get(AUDITOR, "/api/v1/delegations").await.json();
    assert_eq!(listed["items"][0]["to_name"], "operator", "{listed}");
    assert_eq!(bench.post(AUDITOR, &format!("{its}/withdrawal"), &json!({})).await.status, 403);
    let ended =
        bench.post(OPERATOR, &format!("{its}/withdrawal"), &json!({ "reason": "away too" })).await.json();
    assert_eq!(ended["ended_why"], "ended before its time: away too", "{ended}");
    assert_eq!(bench.get(AUDITOR, &its).await.json()["decided"], json!([]));
    let over = bench.get(AUDITOR, "/api/v1/delegations?state=over").await.json();
    assert_eq!(over["items"][0]["state"], "withdrawn", "{over}");
}

/// What nobody owns is asked for, for oneself, decided by another, offered, and declined.
async fn ask_for_an_owner(bench: &Bench) {
    let mut wish = json!({
        "kind": "ownership", "identity": "main/billing", "role": "business",
        "runbook": "https://wiki.example/billing", "reason": "a rehearsal",
    });
    assert_eq!(bench.post(AUDITOR, "/api/v1/requests", &wish).await.status, 403);
    let owned = bench.post(ADMINISTRATOR, "/api/v1/requests", &wish).await;
    assert!(owned.status == 422 && owned.text().contains("can offer it themselves"), "{}", owned.text());
    wish["identity"] = json!("main/reporting");
    let asked = bench.post(OPERATOR, "/api/v1/requests", &wish).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let asked = asked.json();
    assert_eq!((&asked["to_name"], &asked["handoff"]), (&json!("operator"), &json!(null)), "{asked}");
    assert_eq!(bench.post(ADMINISTRATOR, "/api/v1/requests", &wish).await.status, 409, "one is about it");
    let its = format!("/api/v1/requests/{}/decision", asked["handle"].as_str().unwrap());
    let approve = json!({ "answer": "approve", "reason": "a rehearsal", "digest": asked["digest"] });
    for who in [OPERATOR, AUDITOR] {
        let refused = bench.call(who, "PUT", &its, Some(&approve)).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
    }
    let decided = bench.call(ADMINISTRATOR, "PUT", &its, Some(&approve)).await.json();
    assert_eq!(decided["state"], "fulfilled", "{decided}");
    let handoff = format!("/api/v1/handoffs/{}", decided["handoff"].as_str().unwrap());
    assert_eq!(bench.get(AUDITOR, &handoff).await.json()["request"], asked["id"]);
    let no = json!({ "answer": "decline", "reason": "not ours" });
    let declined = bench.call(OPERATOR, "PUT", &format!("{handoff}/answer"), Some(&no)).await;
    assert_eq!(declined.json()["state"], "declined", "{}", declined.text());
}

/// What waits under a service level is paused by whoever gains nothing by it, in the API and in the console.
async fn pause_and_resume(bench: &Bench) {
    let wish = json!({
        "source": "main", "principal": "waits", "business_owner": "operator", "technical_owner": "operator",
        "purpose": "a rehearsal", "boundary": "here", "allowed_scope": ["none"], "environment": "test",
        "rotation_days": 30, "retirement_trigger": "unused:30", "store": "federation", "reason": "a rehearsal",
    });
    let asked = bench.post(OPERATOR, "/api/v1/requests", &wish).await.json();
    bench.engine.follow_clocks().await.unwrap();
    let handle = asked["handle"].as_str().unwrap();
    let its = format!("/api/v1/clocks/{handle}/pause");
    let until = bench.engine.now().plus(std::time::Duration::from_hours(24));
    let body = json!({ "until": until, "reason": "waits for the vendor" });
    for who in [OWNER, AUDITOR, OPERATOR] {
        let refused = bench.post(who, &its, &body).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
    }
    let paused = bench.post(ADMINISTRATOR, &its, &body).await;
    assert_eq!(paused.json()["paused"]["reason"], "waits for the vendor", "{}", paused.text());
    assert_eq!(bench.post(ADMINISTRATOR, &its, &body).await.status, 409, "twice");
    let page = bench.get(AUDITOR, &format!("/clocks/{handle}")).await.text();
    assert!(page.contains("waits for the vendor") && !page.contains("action=\"/clocks"), "{page}");
    let page = bench.get(ADMINISTRATOR, &format!("/clocks/{handle}")).await.text();
    assert!(page.contains("Let it run again</button>") && !page.contains("Pause it</button>"), "{page}");
    assert_eq!(bench.call(OPERATOR, "DELETE", &its, None).await.status, 403);
    let runs = bench.call(ADMINISTRATOR, "DELETE", &its, None).await;
    assert_eq!(runs.json()["paused"], json!(null), "{}", runs.text());
    let page = bench.get(ADMINISTRATOR, &format!("/clocks/{handle}")).await.text();
    assert!(page.contains("Pause it</button>"), "{page}");
    let back = bench.post(OPERATOR, &format!("/api/v1/requests/{handle}/withdrawal"), &json!({})).await;
    assert_eq!(back.status, 200, "{}", back.text());
    bench.engine.follow_clocks().await.unwrap();
    assert_eq!(bench.get(AUDITOR, &format!("/clocks/{handle}")).await.status, 404);
}

/// What nobody owns is offered by an operator, declined once, taken back once, shown by rule, and accepted.
async fn hand_on(bench: &Bench) {
    let wish = json!({
        "identity": "main/billing", "to": "administrator", "role": "business", "stage": "in_use",
        "runbook": "https://wiki.example/billing", "reason": "a rehearsal",
    });
    assert_eq!(bench.post(AUDITOR, "/api/v1/handoffs", &wish).await.status, 403);
    let offer = async || {
        let made = bench.post(OPERATOR, "/api/v1/handoffs", &wish).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let one = made.json();
        (format!("/api/v1/handoffs/{}", one["handle"].as_str().unwrap()), one["digest"].clone())
    };
    let (its, digest) = offer().await;
    assert_eq!(bench.post(OPERATOR, "/api/v1/handoffs", &wish).await.status, 409, "one waits");
    let accept = json!({ "answer": "accept", "digest": digest });
    for who in [OPERATOR, AUDITOR] {
        let refused = bench.call(who, "PUT", &format!("{its}/answer"), Some(&accept)).await;
        assert_eq!(refused.status, 403, "{}", refused.text());
    }
    let no = json!({ "answer": "decline", "reason": "not ours" });
    let declined = bench.call(ADMINISTRATOR, "PUT", &format!("{its}/answer"), Some(&no)).await;
    assert_eq!(declined.json()["state"], "declined", "{}", declined.text());
    let (its, _) = offer().await;
    assert_eq!(bench.get(AUDITOR, "/api/v1/handoffs").await.json()["items"][0]["role"], "business");
    let back = bench.post(OPERATOR, &format!("{its}/withdrawal"), &json!({ "reason": "over" })).await;
    assert_eq!(back.json()["ended_why"], "taken back: over", "{}", back.text());
    let mut many = json!({ "rule": "name:billing" });
    let rest = wish.as_object().unwrap().iter().filter(|(key, _)| *key != "identity");
    many.as_object_mut().unwrap().extend(rest.map(|(key, value)| (key.clone(), value.clone())));
    let shown = bench.post(OPERATOR, "/api/v1/handoffs/many/preview", &many).await.json();
    assert_eq!(shown["names"], json!(["main/billing"]), "{shown}");
    assert_eq!(bench.post(OPERATOR, "/api/v1/handoffs/many", &many).await.status, 409, "without the word");
    many["word"] = shown["word"].clone();
    let made = bench.post(OPERATOR, "/api/v1/handoffs/many", &many).await.json();
    let its = format!("/api/v1/handoffs/{}", made["offered"][0]["handle"].as_str().unwrap());
    let who = bench.get(AUDITOR, "/api/v1/identities/main%2Fbilling/who").await.json();
    assert_eq!(who["handoffs"][0]["to_name"], "administrator", "{who}");
    let accept = json!({ "answer": "accept", "digest": bench.get(AUDITOR, &its).await.json()["digest"] });
    let accepted = bench.call(ADMINISTRATOR, "PUT", &format!("{its}/answer"), Some(&accept)).await;
    assert_eq!(accepted.json()["state"], "accepted", "{}", accepted.text());
}

/// A ticket is looked at, brought in by whoever may ask for surveys, and listed with what was observed since.
async fn bring_tickets(bench: &Bench) {
    let csv = "key,state,identity,closed\nOPS-1,done,main/billing,2020-01-01\n";
    let sent = json!({ "system": "jira", "csv": csv });
    assert_eq!(bench.post(AUDITOR, "/api/v1/ticket-imports", &sent).await.status, 403);
    let foreseen = bench.post(OPERATOR, "/api/v1/ticket-imports/preview", &sent).await;
    assert_eq!(foreseen.json()["tickets"][0]["outcome"], "alive", "{}", foreseen.text());
    assert_eq!(bench.get(AUDITOR, "/api/v1/tickets").await.json()["items"], json!([]));
    assert_eq!(bench.get(AUDITOR, "/api/v1/clocks?late=true").await.json()["items"], json!([]));
    assert_eq!(bench.post(OPERATOR, "/api/v1/ticket-imports", &sent).await.json()["added"], 1);
    let listed = bench.get(AUDITOR, "/api/v1/tickets?which=seen_since").await.json();
    assert_eq!(listed["items"][0]["identity_name"], "main/billing", "{listed}");
    let opened = json!({ "system": "jira", "csv": csv.replace("done", "open") });
    let posted = crate::hooks::signed(bench, &crate::hooks::ticket("CHG-9", "closed", "10:00:00")).await;
    assert_eq!(posted.json()["heard"], "added", "{}", posted.text());
    // Whoever answers for it does not take the claim back.
    assert_eq!(bench.post(OPERATOR, "/api/v1/ticket-imports", &opened).await.status, 409);
    assert_eq!(bench.post(ADMINISTRATOR, "/api/v1/ticket-imports", &opened).await.json()["changed"], 1);
}

#[tokio::test]
async fn what_was_is_counted_listed_and_drawn_and_an_owner_sees_no_entries() {
    let bench = Bench::surveyed().await;
    assert_eq!(bench.get(AUDITOR, "/api/v1/as-of").await.status, 400);
    let day = bench.engine.now().to_string()[..10].to_owned();
    let then = bench.get(AUDITOR, &format!("/api/v1/as-of?at={day}")).await.json();
    assert_eq!(then["day"], json!(null));
    assert_ne!(then["figures"]["standings"], json!([]));
    assert_eq!(bench.get(OWNER, &format!("/api/v1/as-of?at={day}")).await.status, 403);
    let path = format!("/api/v1/as-of/identities?at={day}&built_in=true&limit=1");
    let listed = bench.get(OWNER, &path).await.json();
    let mark = listed["next"].as_str().unwrap();
    let further = bench.get(OWNER, &format!("{path}&after={mark}")).await.json();
    assert_ne!(further["items"][0]["id"], listed["items"][0]["id"]);
    let lines = bench.get(AUDITOR, &format!("/api/v1/as-of/population?at={day}")).await.json();
    // A page that follows is of the instant of the first.
    let first = bench.get(AUDITOR, &format!("/api/v1/as-of/population?at={day}&limit=1")).await.json();
    let mark = first["next"].as_str().unwrap();
    let path = format!("/api/v1/as-of/population?at=1999-01-01&limit=500&after={mark}");
    let rest = bench.get(AUDITOR, &path).await.json();
    assert_eq!(rest["items"].as_array().unwrap()[..], lines["items"].as_array().unwrap()[1..]);
    let drawn = bench.get(AUDITOR, &format!("/api/v1/as-of/sample?at={day}&seed=7&size=1")).await.json();
    assert_eq!(drawn["population"], lines["items"].as_array().unwrap().len());
    let charter = json!({ "purpose": "bills" });
    let billing = "/api/v1/identities/main%2Fbilling/charter";
    assert_eq!(bench.call(OPERATOR, "PUT", billing, Some(&charter)).await.status, 200);
    let one = format!("/api/v1/as-of/identities/main%2Fbilling?at={day}");
    let (theirs, audited) = (bench.get(OWNER, &one).await.json(), bench.get(AUDITOR, &one).await.json());
    assert_eq!((&theirs["entries"], &theirs["identity"]), (&json!([]), &audited["identity"]));
    assert_ne!(audited["entries"], json!([]), "{audited}");
}

/// A review is foreseen, begun, given up, begun anew, and decided by somebody who may.
async fn review_and_decide(bench: &Bench) {
    let start = json!({ "rule": "name:*billing", "reason": "a rehearsal" });
    let meant = bench.post(OPERATOR, "/api/v1/review-previews", &start).await.json();
    assert_eq!(meant["items"], 1, "{meant}");
    assert_eq!(bench.post(AUDITOR, "/api/v1/reviews", &start).await.status, 403);
    let begin = async || {
        let begun = bench.post(OPERATOR, "/api/v1/reviews", &start).await;
        assert_eq!(begun.status, 201, "{}", begun.text());
        format!("/api/v1/reviews/{}", begun.json()["handle"].as_str().unwrap())
    };
    let (its, why) = (begin().await, json!({ "reason": "begun too early" }));
    assert_eq!(bench.post(AUDITOR, &format!("{its}/cancellation"), &why).await.status, 403);
    let over = bench.post(OPERATOR, &format!("{its}/cancellation"), &why).await.json();
    assert_eq!((&over["state"], &over["ended_by_name"]), (&json!("cancelled"), &json!("operator")));
    let its = begin().await;
    assert_eq!(bench.get(AUDITOR, "/api/v1/reviews").await.json()["items"][0]["state"], "open");
    assert_eq!(bench.get(AUDITOR, &its).await.json()["waits_for"], "1 decision");
    let items = bench.get(AUDITOR, &format!("{its}/items?state=open")).await.json();
    let item = format!("/api/v1/review-items/{}", items["items"][0]["handle"].as_str().unwrap());
    let seen = bench.get(AUDITOR, &item).await.json();
    let mine = bench.get(ADMINISTRATOR, "/api/v1/review-items").await.json();
    assert_eq!(mine["items"][0]["id"], seen["item"]["id"]);
    waits_for(bench, &seen["item"]["id"]).await;
    let alike = json!({ "answer": "keep", "reason": "a rehearsal of it", "likeness": "other", "count": 1 });
    let refused = bench.post(ADMINISTRATOR, &format!("{item}/alike"), &alike).await;
    assert_eq!(refused.status, 409, "{}", refused.text());
    let keep = json!({ "answer": "keep", "reason": "a rehearsal of it", "digest": seen["digest"] });
    let decision = format!("{item}/decision");
    assert_eq!(bench.call(AUDITOR, "PUT", &decision, Some(&keep)).await.status, 403);
    // Whoever can change it does not review it.
    assert_eq!(bench.call(OPERATOR, "PUT", &decision, Some(&keep)).await.status, 403);
    let made = bench.call(ADMINISTRATOR, "PUT", &decision, Some(&keep)).await;
    assert_eq!(made.json()["item"]["item"]["state"], "done", "{}", made.text());
}

/// What waits stands in the inbox of whoever may decide it, and of nobody else; somebody else's is an administrator's to see.
async fn waits_for(bench: &Bench, subject: &serde_json::Value) {
    let has = async |uid: u32, query: &str| {
        let inbox = bench.get(uid, &format!("/api/v1/inbox{query}")).await.json();
        let waiting = inbox["waiting"].as_array().unwrap_or_else(|| panic!("{inbox}")).clone();
        waiting.iter().any(|one| one["subject"] == *subject)
    };
    assert!(has(ADMINISTRATOR, "").await);
    assert!(!has(ADMINISTRATOR, "?person=operator").await, "whoever can change it does not review it");
    assert!(!has(OPERATOR, "").await && !has(AUDITOR, "").await);
    assert!(has(ADMINISTRATOR, "?person=administrator").await);
    assert_eq!(bench.get(OPERATOR, "/api/v1/inbox?person=administrator").await.status, 403);
    assert_eq!(bench.get(OPERATOR, "/api/v1/inbox?person=operator").await.status, 200);
    let note = bench.get(AUDITOR, "/api/v1/inbox").await.json()["note"].clone();
    assert!(note.as_str().unwrap().contains("an auditor decides nothing"), "{note}");
}

/// Two hold one value; one finding is dismissed and that taken back, and what is there is made no news.
async fn dismiss_and_set_baseline(bench: &Bench) {
    use tenure_connect::chaos::ChaosPrincipal;
    let before = bench.get(AUDITOR, "/api/v1/sources/main/baseline").await.json();
    for name in ["twin-a", "twin-b"] {
        bench.world.create(ChaosPrincipal::account(name, "Value0000000000007"));
    }
    bench.survey("main").await;
    bench.engine.judge_touched().await.unwrap();
    let queue = bench.get(AUDITOR, "/api/v1/queue?new=true").await.json();
    let handle = queue["items"][0]["finding"].as_str().unwrap_or_else(|| panic!("{queue}")).to_owned();
    let path = format!("/api/v1/findings/{handle}/dismissal");
    let end = json!({ "reason": "a rehearsal", "until": "2020-01-01T00:00:00Z" });
    assert_eq!(bench.call(OPERATOR, "PUT", &path, Some(&end)).await.status, 422);
    let until = json!({ "reason": "a rehearsal", "until": "2027-03-31T00:00:00Z" });
    let dismissed = bench.call(OPERATOR, "PUT", &path, Some(&until)).await;
    assert_eq!(dismissed.json()["dismissed_until"], "2027-03-31T00:00:00Z", "{}", dismissed.text());
    assert_eq!(bench.get(AUDITOR, "/api/v1/queue").await.json()["dismissed"], 1);
    let listed = bench.get(AUDITOR, "/api/v1/findings?dismissed=true").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(bench.call(AUDITOR, "DELETE", &path, None).await.status, 403);
    assert_eq!(bench.call(OPERATOR, "DELETE", &path, None).await.status, 200);
    except_and_take_back(bench, &handle).await;
    ask_and_decide(bench).await;
    bring_tickets(bench).await;
    review_and_decide(bench).await;
    ask_for_an_owner(bench).await;
    let_another_decide(bench).await;
    hand_on(bench).await;
    let set = bench.call(ADMINISTRATOR, "PUT", "/api/v1/sources/main/baseline", None).await.json();
    assert_eq!((&set["new"], set["baseline"] != before["baseline"]), (&json!(0), true), "{set}");
}

/// A witness signs the present checkpoint, and the log keeps that.
async fn cosign(bench: &Bench) {
    use tenure_evidence::{Ed25519Signer, SignedNote, witness::add_signatures};
    let note = bench.get(AUDITOR, "/api/v1/evidence").await.json()["checkpoint"].as_str().unwrap().to_owned();
    let witness = Ed25519Signer::from_seed("audit-1", &[7; 32]).unwrap();
    let line =
        tenure_evidence::cosign(&SignedNote::parse(&note).unwrap().text, 1_795_262_458, &witness).unwrap();
    let cosigned = json!({ "checkpoint": add_signatures(&note, &[line]).unwrap() });
    let kept = bench.post(ADMINISTRATOR, "/api/v1/evidence/cosignatures", &cosigned).await;
    assert_eq!((kept.status, kept.json()), (201, json!({ "witnesses": ["audit-1"] })));
    let listed = bench.get(AUDITOR, "/api/v1/evidence/cosignatures").await.json();
    assert_eq!(listed[0]["witness"], "audit-1");
}

/// Makes a survey that would lose much, sees it held, and discards it.
async fn hold_and_decide(bench: &Bench) {
    use tenure_connect::chaos::ChaosPrincipal;
    let keys: Vec<_> = (0..8)
        .map(|number| {
            bench.world.create(ChaosPrincipal::account(&format!("app-{number}"), "Value0000000000001"))
        })
        .collect();
    bench.survey("main").await;
    for key in &keys {
        bench.world.remove(key).unwrap();
    }
    let held = bench.survey("main").await;
    assert_eq!(held["survey"]["state"], "held", "{held}");
    let decided =
        bench.post(OPERATOR, "/api/v1/sources/main/surveys/decide", &json!({ "believe": true })).await;
    assert_eq!(decided.status, 200, "{}", decided.text());
}

#[tokio::test]
async fn lists_are_read_page_by_page() {
    use tenure_connect::chaos::ChaosPrincipal;
    let bench = Bench::surveyed().await;
    for number in 0..7 {
        bench.world.create(ChaosPrincipal::account(&format!("app-{number}"), "Value0000000000001"));
    }
    bench.survey("main").await;
    for list in ["identities", "principals", "credentials", "evidence/entries"] {
        let key = if list == "evidence/entries" { "index" } else { "id" };
        let whole = bench.get(AUDITOR, &format!("/api/v1/{list}?limit=500")).await.json();
        let whole: Vec<_> = whole["items"].as_array().unwrap().iter().map(|item| item[key].clone()).collect();
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let page = bench.get(AUDITOR, &format!("/api/v1/{list}?limit=3{after}")).await.json();
            pages.extend(page["items"].as_array().unwrap().iter().map(|item| item[key].clone()));
            let Some(next) = page["next"].as_str() else { break };
            after = if key == "index" { format!("&before={next}") } else { format!("&after={next}") };
        }
        assert!(whole.len() > 6, "{list}");
        assert_eq!(pages, whole, "{list}");
    }
}

#[tokio::test]
async fn a_survey_that_fails_says_why() {
    let bench = Bench::surveyed().await;
    bench.world.take_down("the cable was pulled");
    let shown = bench.survey("main").await;
    insta::assert_snapshot!(shown["failure"].as_str().unwrap_or_default(), @"source `main` could not be reached: connection refused");
    let checked = bench.post(OPERATOR, "/api/v1/sources/main/check", &json!({})).await;
    insta::assert_snapshot!(checked.problem(), @"502 source `main` could not be reached: connection refused");
}

#[tokio::test]
async fn a_plan_is_told_again_whenever_it_has_changed_until_it_has_settled() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("disable", "billing").await["plan"].clone();
    let path = format!("/api/v1/plans/{}", plan["handle"].as_str().unwrap());
    let events = format!("{path}/events");
    let digest = json!({ "digest": plan["digest"] });
    let apply = format!("{path}/apply");
    let (told, ()) = tokio::join!(bench.get(AUDITOR, &events), async {
        bench.post(OPERATOR, &apply, &digest).await;
        bench.carry_out(plan["id"].as_str().unwrap()).await;
    });
    let text = told.text();
    let states: Vec<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| {
            serde_json::from_str::<serde_json::Value>(data).unwrap()["plan"]["state"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(states.last().map(String::as_str), Some("proved"), "{states:?}");
    assert!(states.len() >= 2 && text.starts_with("event: plan\n"), "{text}");
}

#[tokio::test]
async fn whoever_may_not_plan_learns_nothing_of_files() {
    let bench = Bench::surveyed().await;
    let asked = json!({ "kind": "tighten", "identity": "/srv/ci/.env", "reason": "others can read it" });
    let denied = bench.post(AUDITOR, "/api/v1/plans", &asked).await;
    assert_eq!(denied.status, 403, "{}", denied.text());
    assert!(!denied.text().contains("survey"), "{}", denied.text());
    let told = bench.post(ADMINISTRATOR, "/api/v1/plans", &asked).await;
    assert_eq!(told.status, 422, "{}", told.text());
    assert!(told.text().contains("no survey saw a credential in"), "{}", told.text());
}
