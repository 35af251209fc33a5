//! A programme through the API and on its page: checked, looked at, applied by whoever may, shown to whoever looks.
//!
//! What is not agreed to as it was shown changes nothing. Must never find a programme in force that nobody applied.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER};
use serde_json::{Value, json};

const CLASSES: &str = "[[class]]\nid = \"apps\"\nmatch = [\"name:reporting\"]\nrequired = [\"purpose\"]\nlifetime_days_max = 90\n";
const REASON: &str = "<script>alert(1)</script> first model";

const PARTNERS: &str =
    "[[partner]]\nid = \"platform\"\nkind = \"team\"\ncontact = \"operator\"\nfallback = \"left\"\n";
const CONTROLS: &str = "[[control]]\nid = \"NHI1:2025\"\nholds = \"what nobody needs is ended\"\napproves = \"platform\"\n\
    implements = \"platform\"\nmonitors = \"platform\"\nrevokes = \"platform\"\nescalation = \"administrator\"\n\
    references = [\"PR.AC-1\"]\nmode = \"enforce\"\nconsequences = [{ stage = \"warn\", after_days = 0 }]\n";

const PLAYBOOKS: &str = "[[playbook]]\nid = \"in-the-wrong-hands\"\nwhen = \"a credential is in the wrong hands\"\n\
    controls = [\"NHI1:2025\"]\nsteps = [\"stop it\", \"change it\"]\n";

const MAIN: &str = "version = 1\n[policies.shared_use]\nenabled = false\n\
    [[service_level]]\nid = \"requests\"\nfor = \"request\"\nwithin_hours = 8\npause_days_max = 2\n";

fn files() -> Value {
    json!({
        "programme.toml": MAIN, "classes.toml": CLASSES,
        "partners.toml": PARTNERS, "controls.toml": CONTROLS, "playbooks.toml": PLAYBOOKS,
    })
}

pub(crate) async fn foreseen(bench: &Bench) -> Value {
    foreseen_of(bench, &files()).await
}

pub(crate) async fn foreseen_of(bench: &Bench, files: &Value) -> Value {
    let body = json!({ "files": files });
    for _ in 0..1_000 {
        let answer = bench.post(AUDITOR, "/api/v1/programme/plan", &body).await.json();
        if !answer["foreseen"].is_null() {
            return answer["foreseen"].clone();
        }
    }
    panic!("not looked through");
}

pub(crate) async fn apply(bench: &Bench, uid: u32, word: &Value) -> crate::bench::Reply {
    let body = json!({ "files": files(), "reason": REASON, "word": word });
    bench.call(uid, "PUT", "/api/v1/programme", Some(&body)).await
}

#[tokio::test]
async fn a_programme_is_checked_looked_at_applied_and_shown() {
    let bench = Bench::surveyed().await;
    let wrong = json!({ "files": { "programme.toml": "version = 1\n[threshold]\n" } });
    let checked = bench.post(AUDITOR, "/api/v1/programme/check", &wrong).await.json();
    assert_eq!(
        (&checked["faults"][0]["line"], &checked["faults"][0]["suggestion"]),
        (&json!(2), &json!("thresholds"))
    );
    let refused = bench.post(AUDITOR, "/api/v1/programme/plan", &wrong).await;
    assert_eq!(refused.status, 422, "{}", refused.text());
    assert!(bench.get(AUDITOR, "/api/v1/programme").await.json()["applied"].is_null());
    let seen = foreseen(&bench).await;
    assert_eq!((&seen["changed"], &seen["worse"]), (&json!(1), &json!(1)), "{seen}");
    assert_eq!(seen["named"][0]["begins"], json!(["charter_incomplete", "end_too_far", "no_owner"]));

    let replay = json!({ "files": files(), "since": null });
    let mut replayed = json!(null);
    for _ in 0..1_000 {
        replayed = bench.post(AUDITOR, "/api/v1/programme/replay", &replay).await.json()["replayed"].clone();
        if !replayed.is_null() {
            break;
        }
    }
    let today = replayed["days"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&today["programme"], &today["failed"], &today["would_fail"]),
        (&json!(0), &json!(0), &json!(3)),
        "{replayed}"
    );
    assert_eq!(replayed["named"][0]["fires"], json!(["charter_incomplete", "end_too_far", "no_owner"]));

    for uid in [OPERATOR, OWNER, AUDITOR] {
        assert_eq!(apply(&bench, uid, &seen["word"]).await.status, 403, "{uid}");
    }
    assert_eq!(apply(&bench, ADMINISTRATOR, &json!("guessed")).await.status, 409);
    assert!(bench.get(AUDITOR, "/api/v1/programme").await.json()["applied"].is_null());
    let applied = apply(&bench, ADMINISTRATOR, &seen["word"]).await;
    assert_eq!((applied.status, applied.json()["version"].as_i64()), (200, Some(1)), "{}", applied.text());
    bench.engine.judge_touched().await.unwrap();
    let shown = bench.get(AUDITOR, "/api/v1/programme").await.json();
    assert_eq!((&shown["classes"][0]["identities"], &shown["waiting"]), (&json!(1), &json!(0)));
    let of_class = bench.get(AUDITOR, "/api/v1/identities?class=apps").await.json();
    let names: Vec<_> = of_class["items"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!((names, &of_class["items"][0]["class"]), (vec![json!("main/reporting")], &json!("apps")));
    assert_eq!(bench.get(AUDITOR, "/api/v1/identities?q=class:others").await.json()["items"], json!([]));
    assert_eq!(bench.get(AUDITOR, "/api/v1/programmes/1").await.json()["files"], files());
    for (version, status) in [("2", 404), ("0", 404), ("one", 400)] {
        let reply = bench.get(AUDITOR, &format!("/api/v1/programmes/{version}")).await;
        assert_eq!(reply.status, status, "{}", reply.text());
    }
}

#[tokio::test]
async fn its_page_says_what_is_in_force_how_many_are_of_each_class_and_what_is_left_out() {
    let bench = Bench::surveyed().await;
    let before = bench.get(AUDITOR, "/programme").await.text();
    assert!(before.contains("No programme was applied; the defaults are in force."), "{before}");
    let word = foreseen(&bench).await["word"].clone();
    assert_eq!(apply(&bench, ADMINISTRATOR, &word).await.status, 200);
    let waiting = bench.get(AUDITOR, "/programme").await.text();
    assert!(waiting.contains("wait to be judged by it."), "{waiting}");
    bench.engine.judge_touched().await.unwrap();
    let page = bench.get(AUDITOR, "/programme").await.text();
    for said in [
        "Programme 1 is in force, applied",
        "href=\"/identities?q=class%3Aapps\">apps</a>",
        "<code>name:reporting</code>",
        "purpose, an end at most 90 days ahead",
        "<code>shared_use</code>",
        "aria-current=\"page\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("<script>alert") && !page.contains("wait to be judged"), "{page}");
    let list = bench.get(AUDITOR, "/identities?q=class%3Aapps").await.text();
    assert!(list.contains("main/reporting") && !list.contains("main/billing"));
    let handle =
        bench.get(AUDITOR, "/api/v1/identities?class=apps").await.json()["items"][0]["handle"].clone();
    let found = bench.get(AUDITOR, &format!("/find?q={}", handle.as_str().unwrap())).await;
    let identity = bench.get(AUDITOR, crate::console::led_to(&found)).await.text();
    assert!(
        identity.contains("<dt>Class</dt><dd><a href=\"/identities?q=class%3Aapps\">apps</a>"),
        "{identity}"
    );
}

#[tokio::test]
async fn the_check_names_who_is_missing_and_only_oneself_says_that_messages_reach_one() {
    let bench = Bench::surveyed().await;
    let path = "/api/v1/programme/acknowledgement";
    let unnamed = bench.post(OPERATOR, path, &json!({})).await;
    assert_eq!(unnamed.status, 422, "{}", unnamed.text());
    let word = foreseen(&bench).await["word"].clone();
    assert_eq!(apply(&bench, ADMINISTRATOR, &word).await.status, 200);
    bench.engine.judge_touched().await.unwrap();
    let checked = bench.get(AUDITOR, "/api/v1/programme/check").await.json();
    let control = &checked["controls"][0];
    assert_eq!(
        (&control["ready"], &control["references"]),
        (&json!(false), &json!(["PR.AA-01", "PR.AA-05"]))
    );
    let faults = [
        "`left`, fallback of `platform`, is nobody of this deployment",
        "`administrator`, its escalation, never said that messages reach them (tenure programme acknowledge)",
    ];
    assert_eq!(control["faults"], json!(faults));
    assert_eq!(control["warnings"][0]["warning"], "one_partner_everywhere");

    for (uid, status) in [(AUDITOR, 403), (OWNER, 422), (OPERATOR, 200), (ADMINISTRATOR, 200)] {
        let said = bench.post(uid, path, &json!({})).await;
        assert_eq!(said.status, status, "{}", said.text());
    }
    let checked = bench.get(AUDITOR, "/api/v1/programme/check").await.json();
    assert_eq!(checked["controls"][0]["faults"], json!([faults[0]]));
    let contacts: Vec<_> =
        checked["contacts"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(contacts, ["administrator", "left", "operator"]);
    let who = bench.get(AUDITOR, "/api/v1/identities/reporting/who").await.json();
    assert_eq!(
        (&who["people"][0]["name"], &who["people"][0]["may_stop"]),
        (&json!("operator"), &json!(true))
    );
    assert_eq!(who["fault"], json!(null));
    assert_eq!(bench.get(OWNER, "/api/v1/programme/consequences").await.json()["items"], json!([]));
}

#[tokio::test]
async fn its_page_says_who_is_missing_and_has_a_button_for_whoever_is_named() {
    let bench = Bench::surveyed().await;
    let word = foreseen(&bench).await["word"].clone();
    assert_eq!(apply(&bench, ADMINISTRATOR, &word).await.status, 200);
    bench.engine.judge_touched().await.unwrap();
    let page = bench.get(ADMINISTRATOR, "/programme").await.text();
    for said in
        ["not ready", "what nobody needs is ended", "nobody of this name is there", "Messages reach me"]
    {
        assert!(page.contains(said), "{said}: {page}");
    }
    for uid in [AUDITOR, OWNER] {
        assert!(!bench.get(uid, "/programme").await.text().contains("Messages reach me"), "{uid}");
    }
    let sent = crate::console::send_form(&bench, ADMINISTRATOR, "/programme/acknowledgement", "").await;
    assert_eq!((sent.status, crate::console::led_to(&sent)), (303, "/programme"), "{}", sent.text());
    assert!(!bench.get(ADMINISTRATOR, "/programme").await.text().contains("its escalation, never said"));
    let found = bench.get(AUDITOR, "/find?q=main/reporting").await;
    let identity = bench.get(AUDITOR, crate::console::led_to(&found)).await.text();
    assert!(
        identity.contains("Who may stop it now") && identity.contains("<bdi>operator</bdi>"),
        "{identity}"
    );
    bench.engine.follow_consequences().await.unwrap();
    let lines = bench.get(AUDITOR, "/programme").await.text();
    assert!(!lines.contains("What follows by itself"), "nothing is lapsed: {lines}");
}

#[tokio::test]
async fn pages_say_by_when_a_step_is_decided_and_whom_the_programme_asks_in_vain() {
    let bench = Bench::surveyed().await;
    let wish = json!({
        "source": "main", "principal": "etl", "business_owner": "administrator", "technical_owner": "owner",
        "purpose": "load", "boundary": "one host", "allowed_scope": ["SELECT on orders"], "environment": "test",
        "expires_at": "2027-03-31T00:00:00Z", "retirement_trigger": "unused:90", "store": "federation", "reason": "it is needed",
    });
    let asked = bench.post(OPERATOR, "/api/v1/requests", &wish).await.json();
    let its = format!("/requests/{}", asked["handle"].as_str().unwrap());
    assert!(
        !bench.get(AUDITOR, &its).await.text().contains("Service level"),
        "the twin: no programme says so"
    );
    let main = "version = 1\n[[service_level]]\nid = \"requests\"\nfor = \"request\"\nwithin_hours = 8\ncalendar = \"office\"\nfallback = [\"person:<b>nell\"]\n";
    let calendars = "[[calendar]]\nid = \"office\"\ntime_zone = \"UTC\"\nhours = [\"mon-fri 09:00-17:00\"]\n";
    let files = json!({ "programme.toml": main, "calendars.toml": calendars });
    let word = foreseen_of(&bench, &files).await["word"].clone();
    let body = json!({ "files": files, "reason": "in eight hours", "word": word });
    assert_eq!(bench.call(ADMINISTRATOR, "PUT", "/api/v1/programme", Some(&body)).await.status, 200);
    bench.engine.follow_clocks().await.unwrap();
    let page = bench.get(AUDITOR, &its).await.text();
    assert!(
        page.contains("<dt>Service level</dt><dd>due <time")
            && page.contains(" of office</bdi>), else it passes on."),
        "{page}"
    );
    let page = bench.get(AUDITOR, "/programme").await.text();
    assert!(
        page.contains("Waiting under a service level") && page.contains(&format!("href=\"{its}\"")),
        "{page}"
    );
    assert!(
        page.contains("Asked of nobody") && page.contains("`&#60;b&#62;nell` is nobody of this deployment"),
        "{page}"
    );
    let of = |of: &str| format!("/api/v1/clocks?of={of}");
    let one = bench.get(AUDITOR, &of(asked["handle"].as_str().unwrap())).await.json();
    assert_eq!((one["items"].as_array().unwrap().len(), &one["items"][0]["subject"]), (1, &asked["id"]));
    assert_eq!(bench.get(AUDITOR, &of("other")).await.json()["items"], json!([]));
}
