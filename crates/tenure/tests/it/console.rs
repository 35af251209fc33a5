//! The console in a real browser: every page of a planted deployment, at two widths, light and dark, with and without
//! script, by keyboard alone, held against the rules of accessibility.
//!
//! The walk itself is `console/e2e/walk.mjs`. `TENURE_SCREENSHOTS=DIRECTORY` keeps a picture of every page in every
//! variant. It must never walk anything but a private deployment over private servers.

use crate::console_acts;
use crate::program::{Background, Place, Ran};
use std::{io::Write as _, process::Stdio};
use tenure_testbed::{
    Postgres, PostgresOptions, chromium_program, console_walk, needs, node_program, quote_identifier,
    quote_literal,
};

/// A shop's database: owners, readers, an administrator nobody claimed, a vendor who left, and names that bite.
const SHOP: &str = "
CREATE ROLE shop_owner NOLOGIN;
CREATE ROLE dba LOGIN CREATEROLE PASSWORD 'correct-horse-dba';
CREATE ROLE readers NOLOGIN;
CREATE ROLE former_job NOLOGIN;
CREATE ROLE analysts NOLOGIN IN ROLE readers;
CREATE ROLE batch_admin LOGIN SUPERUSER PASSWORD 'batch_admin';
CREATE ROLE old_vendor LOGIN PASSWORD 'correct-horse-vendor' VALID UNTIL '2026-01-01';
CREATE ROLE ci_deploy LOGIN PASSWORD 'correct-horse-shared';
CREATE ROLE ci_migrate LOGIN PASSWORD 'correct-horse-shared';
CREATE ROLE reporting LOGIN PASSWORD 'correct-horse-reporting' IN ROLE analysts;
CREATE ROLE billing LOGIN PASSWORD 'correct-horse-billing' IN ROLE readers;
COMMENT ON ROLE reporting IS 'monthly report for the board, until 2026';
CREATE TABLE orders (id int PRIMARY KEY, total int);
CREATE TABLE customers (id int PRIMARY KEY, name text);
CREATE TABLE invoices (id int PRIMARY KEY, total int);
ALTER TABLE orders OWNER TO shop_owner;
ALTER TABLE customers OWNER TO shop_owner;
ALTER TABLE invoices OWNER TO billing;
GRANT SELECT ON orders, customers TO readers;
GRANT SELECT ON invoices TO analysts WITH GRANT OPTION;
GRANT INSERT, UPDATE ON orders TO ci_deploy;
CREATE TABLE report_totals (month date, total int);
ALTER TABLE report_totals OWNER TO reporting;
GRANT INSERT ON report_totals TO reporting;
";

/// Names that a system allows and a page must survive.
const HOSTILE: [&str; 3] =
    ["</bdi><script>alert(1)</script>", "\u{202e}nimda\u{2066}", "\" onmouseover=\"alert(1)\nsecond line"];

/// What is walked, kept alive.
struct Planted {
    place: Place,
    up: Background,
    _shop: Postgres,
    _warehouse: Postgres,
    address: String,
    code: String,
    proposed: String,
    proved: String,
    /// The address of an open finding.
    finding: String,
    /// The address of an exception that somebody else asked for.
    exception: String,
    /// The address of a delegation that waits for whoever looks.
    delegation: String,
    /// The address of a handoff that waits for whoever looks.
    handoff: String,
    /// The address of a request that waits.
    request: String,
    request_rights: String,
    request_owner: String,
    /// The addresses of a review that is open, and of one of its items.
    review: (String, String),
    /// What the walk does with forms.
    acts: serde_json::Value,
}

/// Somebody comes from a list, answers for something, and is not on the next list.
fn somebody_leaves(place: &Place) {
    let (first, second) = ("name,teams\nada,platform\nbob,platform\n", "name,teams\nbob,platform\n");
    for (name, list, owns) in [("first.csv", first, true), ("second.csv", second, false)] {
        let file = place.open_file(name, list);
        let file = file.to_str().unwrap();
        let shown = place.done(&["people", "import", file, "--preview", "--json"]).json();
        place.done(&["people", "import", file, "--yes", shown["word"].as_str().unwrap()]);
        if owns {
            place.done(&["own", "pg-main/worker_07", "--technical-owner", "ada"]);
        }
    }
}

/// To ports of this machine where nobody listens.
const WAYS_OUT: &str = "[mail]\nserver = \"127.0.0.1\"\nport = 9\nsecurity = \"plain\"\nfrom = \"tenure@example.com\"\n\
    [[events]]\nname = \"siem\"\nsyslog = \"127.0.0.1:9\"\nkinds = [\"plan.\", \"identity.\"]\n";

/// Ways out that lead nowhere: what waits to be sent, and what stands still, is on the pages too.
fn ways_out(place: &Place) {
    place.private_file("room-url", "https://127.0.0.1:9/a-part-that-nobody-else-knows");
    let chat = format!(
        "[[chats]]\nname = \"room\"\nkind = \"teams\"\nprivate_network = true\nurl_file = \"{}\"\n",
        place.path("room-url").display()
    );
    let password = place.private_file("ldap-password", "not a password of anything");
    let directory = format!(
        "[[ldap]]\nname = \"corp\"\nurl = \"ldap://127.0.0.1:9\"\nbind_dn = \"cn=tenure,dc=example,dc=com\"\n\
         password_file = \"{}\"\npeople_base = \"ou=people,dc=example,dc=com\"\nevery_minutes = 30\n",
        password.display()
    );
    std::fs::write(place.data.join("tenure.toml"), WAYS_OUT.to_owned() + &chat + &directory).unwrap();
}

fn planted() -> Planted {
    let shop = shop();
    let place = Place::new();
    place.private_file("shop.password", shop.password());
    place.done(&["init"]);
    ways_out(&place);
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&up.until("\n}\n")).unwrap();
    let url = shop.url("shop");
    let options = ["--option", "lag-seconds=0", "--option", "heir=dba", "--password-file", "shop.password"];
    place.done(&[&["source", "add", "pg-main", &url], options.as_slice()].concat());
    place.done(&["survey", "pg-main"]);
    let warehouse = held(&place);
    let acts = console_acts::planted(&place);
    place.done(&["people", "add", "pay desk", "--role", "owner"]);
    let own = ["--owner", "pay desk", "--technical-owner", "pay desk", "--purpose", "bills the customers"];
    place.done(&[&["own", "pg-main/billing"], own.as_slice(), &["--environment", "production"]].concat());
    tickets_say(&place);
    place.run(&["revoke", "pg-main/reporting", "--reason", "the board has another report"]).ended(4);
    let ended = ["--reason", "contract ended in January", "--yes", "old_vendor"];
    place.done(&[&["revoke", "pg-main/old_vendor"], ended.as_slice()].concat());
    let handle = |state: &str| {
        let plans = place.done(&["plans", "--json"]).json();
        let items = plans["items"].as_array().unwrap().clone();
        let plan = items.iter().find(|plan| plan["state"] == state).unwrap_or_else(|| panic!("{items:?}"));
        plan["handle"].as_str().unwrap().to_owned()
    };
    let passed =
        ["own", "pg-main/ci_deploy", "--not-mine", "--ask", "pay desk", "--reason", "it deploys the shop"];
    place.done(&passed);
    apply_programme(&place);
    somebody_leaves(&place);
    place.done(&["people", "address", "pay desk", "--mail", "pay-desk@example.com"]);
    place.done(&["people", "address", "pay desk", "--chat", "room"]);
    place.run(&["messages", "test", "pay desk"]).ended(1);
    place.run(&["messages", "test", "pay desk", "--chat"]).ended(1);
    place.run(&["events", "test", "siem"]).ended(1);
    let address = said["address"].as_str().unwrap();
    let exception = excepted(&place, address);
    let request = requested(&place, address);
    let request_rights = rights_requested(&place);
    let request_owner = owner_requested(&place);
    let handoff = handed_on(&place, address);
    let delegation = delegated(&place, address);
    let found = place.done(&["show", "pg-main/batch_admin", "--json"]).json();
    let (of, id) = (found["identity"]["handle"].as_str(), found["findings"][0]["id"].as_str());
    Planted {
        finding: format!("/identities/{}/findings/{}", of.unwrap(), id.unwrap()),
        address: said["address"].as_str().unwrap().to_owned(),
        acts,
        exception,
        delegation,
        handoff,
        request,
        request_rights,
        request_owner,
        review: reviewed(&place),
        code: said["one_time_code"].as_str().unwrap().to_owned(),
        proposed: handle("proposed"),
        proved: handle("proved"),
        _shop: shop,
        _warehouse: warehouse,
        place,
        up,
    }
}

/// Of two tickets that are closed one names what is still there, and one nothing.
fn tickets_say(place: &Place) {
    let csv = "Issue key,Summary,Status,Resolved,Identity,URL\n\
        OPS-117,end the migration job,Done,2026-01-05 09:00:00,pg-main/ci_migrate,https://tickets.example/OPS-117\n\
        OPS-118,<b>end</b> the old loader,Done,2026-01-05 09:00:00,pg-main/no_such_loader,\n\
        OPS-119,end the shop,In Progress,,pg-main/ci_deploy,\n";
    place.private_file("tickets.csv", csv);
    place.done(&["tickets", "import", "tickets.csv", "--system", "jira"]);
}

/// Two exceptions of whoever bills customers: one is granted, the other waits; the address of the latter.
fn excepted(place: &Place, address: &str) -> String {
    let token = place.done(&["people", "token", "pay desk", "--quiet"]).out.trim().to_owned();
    let show = || place.done(&["show", "pg-main/billing", "--json"]).json();
    // It is judged by the programme soon after that was applied.
    crate::kill::wait_for("it is judged", || show()["findings"].as_array().unwrap().len() > 1);
    let shown = show();
    let asked: Vec<String> = shown["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let path = format!("/api/v1/findings/{}/exceptions", finding["id"].as_str().unwrap());
            let wish = serde_json::json!({
                "reason": "the new billing service comes in spring; until then the old one runs <b>as it is</b>",
                "compensation": "it is reached from the billing host alone, and its rights were narrowed",
                "instead": ["shared_use"], "until": crate::excepted::ahead(40 * 86_400),
            });
            let (status, made) = crate::excepted::call(address, &token, "POST", &path, &wish);
            assert_eq!(status, 201, "{made}");
            made["handle"].as_str().unwrap().to_owned()
        })
        .collect();
    let [first, .., last] = asked.as_slice() else { panic!("two findings are needed: {shown}") };
    let word = place.done(&["exception", "show", first, "--json"]).json()["digest"].as_str().unwrap()[..12]
        .to_owned();
    place.done(&[
        "exception",
        "grant",
        first,
        "--reason",
        "one quarter, then it is replaced",
        "--yes",
        &word,
    ]);
    format!("/exceptions/{last}")
}

/// What whoever bills customers hands on to whoever looks; its address.
fn handed_on(place: &Place, address: &str) -> String {
    let token = place.done(&["people", "token", "pay desk", "--quiet"]).out.trim().to_owned();
    let people = place.done(&["people", "list", "--json"]).json();
    let me = people["items"].as_array().unwrap().iter().find(|one| one["role"] == "administrator").unwrap();
    let charter = place.done(&["show", "pg-main/billing", "--json"]).json()["identity"]["charter"].clone();
    let role = if charter["technical_owner"].is_null() { "business" } else { "technical" };
    let wish = serde_json::json!({
        "identity": "pg-main/billing", "to": me["name"], "role": role, "stage": "changing",
        "runbook": "https://wiki.example/billing?what=to+do",
        "reason": "the <b>pay desk</b> is dissolved in spring, and the platform team takes over what it runs",
    });
    let (status, made) = crate::excepted::call(address, &token, "POST", "/api/v1/handoffs", &wish);
    assert_eq!(status, 201, "{made}");
    // Something that came to it meanwhile is shown as such.
    let plan = ["disable", "pg-main/billing", "--reason", "looked at before it is handed on", "--preview"];
    place.run(&plan);
    format!("/handoffs/{}", made["handle"].as_str().unwrap())
}

/// Whoever bills customers asks whoever looks to decide for them; its address.
fn delegated(place: &Place, address: &str) -> String {
    let token = place.done(&["people", "token", "pay desk", "--quiet"]).out.trim().to_owned();
    let people = place.done(&["people", "list", "--json"]).json();
    let me = people["items"].as_array().unwrap().iter().find(|one| one["role"] == "administrator").unwrap();
    let ends = crate::excepted::ahead(14 * 86_400);
    let wish = serde_json::json!({
        "to": me["name"], "ends": ends,
        "reason": "the <b>pay desk</b> is away until the new year, and what is asked of it must not wait so long",
    });
    let (status, made) = crate::excepted::call(address, &token, "POST", "/api/v1/delegations", &wish);
    assert_eq!(status, 201, "{made}");
    format!("/delegations/{}", made["handle"].as_str().unwrap())
}

/// What whoever bills customers asks for: one is refused, the other waits; the address of the latter.
fn requested(place: &Place, address: &str) -> String {
    let token = place.done(&["people", "token", "pay desk", "--quiet"]).out.trim().to_owned();
    let ask = |principal: &str| {
        let wish = serde_json::json!({
            "source": "pg-main", "principal": principal, "business_owner": "pay desk", "technical_owner": "pay desk",
            "purpose": "the nightly load of <b>orders</b>", "boundary": "from the etl host",
            "allowed_scope": ["SELECT on orders", "INSERT on orders_by_day"], "environment": "production",
            "expires_at": crate::excepted::ahead(86_400 * 90), "retirement_trigger": "unused:90",
            "store": "federation", "reason": "the report of the board is made from it",
        });
        let (status, made) = crate::excepted::call(address, &token, "POST", "/api/v1/requests", &wish);
        assert_eq!(status, 201, "{made}");
        made["handle"].as_str().unwrap().to_owned()
    };
    let refused = ask("orders_copy");
    place.done(&["request", "refuse", &refused, "--reason", "there is one already: orders_export"]);
    format!("/requests/{}", ask("orders_load"))
}

/// What asks for further rights of what is there; its address.
fn rights_requested(place: &Place) -> String {
    let until = crate::excepted::ahead(86_400 * 60);
    let ask =
        ["request", "privilege", "pg-main/reporting", "--right", "SELECT on shop/table/public.<b>orders</b>"];
    let more = [
        "--right",
        "INSERT on shop/table/public.orders_by_day",
        "--until",
        &until,
        "--reason",
        "the board's report",
    ];
    let asked = place.done(&[&ask[..], &more[..], &["--json"]].concat()).json();
    format!("/requests/{}", asked["handle"].as_str().unwrap())
}

/// What asks for somebody to answer for what nobody does; its address.
fn owner_requested(place: &Place) -> String {
    let ask = ["request", "ownership", "pg-main/ci_deploy", "--to", "pay desk", "--stage", "changing"];
    let more = [
        "--runbook",
        "https://wiki.example/ci?what=to+do",
        "--reason",
        "whoever built the <b>pipeline</b> has left, and the pay desk deploys with it",
    ];
    let asked = place.done(&[&ask[..], &more[..], &["--json"]].concat()).json();
    format!("/requests/{}", asked["handle"].as_str().unwrap())
}

/// A review of what is enrolled; its address, and that of what whoever bills customers answers for.
fn reviewed(place: &Place) -> (String, String) {
    let start = ["review", "start", "--rule", "source:pg-main", "--reason", "before the <b>audit</b>"];
    let review = place.done(&[&start[..], &["--json"]].concat()).json();
    let review = review["handle"].as_str().unwrap();
    let items = || {
        let shown = place.done(&["review", "show", review, "--json"]).json();
        shown["listed"]["items"].as_array().unwrap().clone()
    };
    crate::kill::wait_for("all are looked at", || items().iter().all(|one| !one["recommends"].is_null()));
    let items = items();
    let item = items.iter().find(|one| one["identity_name"] == "pg-main/billing").unwrap();
    (format!("/reviews/{review}"), format!("/review-items/{}", item["handle"].as_str().unwrap()))
}

/// One class with two identities, and one with none; a control whose people are there, and one that lacks some.
fn apply_programme(place: &Place) {
    let programme = place.folder.path().join("programme");
    std::fs::create_dir(&programme).unwrap();
    let level = |of: &str| {
        format!(
            "[[service_level]]\nid = \"{of}s\"\nfor = \"{of}\"\nwithin_hours = 8\npause_days_max = 5\nfallback = [\"person:on leave <b>\"]\n"
        )
    };
    let main = String::from("version = 1\n") + &level("request") + &level("exception");
    std::fs::write(programme.join("programme.toml"), main).unwrap();
    let classes = "[[class]]\nid = \"customer-facing\"\nmatch = [\"name:billing source:pg-main\", \"tag:team=pay\"]\n\
                   required = [\"purpose\", \"boundary\", \"expires_at\"]\nlifetime_days_max = 365\n\
                   [[class]]\nid = \"agents\"\nmatch = [\"kind:agent\"]\ncredential_kinds = [\"certificate\", \"token\"]\n\
                   rotation_days_max = 30\n";
    std::fs::write(programme.join("classes.toml"), classes).unwrap();
    let people = place.done(&["people", "list", "--json"]).json();
    let me = people["items"].as_array().unwrap().iter().find(|one| one["role"] == "administrator").unwrap();
    let me = me["name"].as_str().unwrap();
    let partner = |id: &str, contact: &str| {
        format!("[[partner]]\nid = \"{id}\"\nkind = \"team\"\ncontact = \"{contact}\"\nfallback = \"{me}\"\n")
    };
    let partners = partner("platform", "pay desk") + &partner("security", "on leave <b>until spring</b>");
    std::fs::write(programme.join("partners.toml"), partners).unwrap();
    let control = |id: &str, implements: &str| {
        format!(
            "[[control]]\nid = \"{id}\"\nholds = \"no value lives longer than was agreed\"\napproves = \"platform\"\n\
             implements = \"{implements}\"\nmonitors = \"platform\"\nrevokes = \"platform\"\nescalation = \"{me}\"\n\
             references = [\"PR.AC-1\"]\n"
        )
    };
    let controls = control("NHI7:2025", "platform") + &control("NHI1:2025", "security");
    std::fs::write(programme.join("controls.toml"), controls).unwrap();
    let playbook = "[[playbook]]\nid = \"wrong-hands\"\nwhen = \"a credential is <b>in the wrong hands</b>\"\n\
        controls = [\"NHI7:2025\"]\nsteps = [\"find whose it is: tenure who NAME\", \"stop it: tenure disable NAME\"]\n";
    let second = playbook.replace("wrong-hands", "off-course").replace("[\"NHI7:2025\"]", "[\"NHI1:2025\"]");
    std::fs::write(programme.join("playbooks.toml"), playbook.to_owned() + &second).unwrap();
    let directory = programme.to_str().unwrap();
    let plan = place.done(&["programme", "plan", directory, "--json"]).json();
    let word = plan["foreseen"]["word"].as_str().unwrap();
    let why = "who bills customers says for how long <b>and why</b>";
    place.done(&["programme", "apply", directory, "--reason", why, "--yes", word]);
    place.done(&["programme", "acknowledge"]);
    place.done(&["programme", "drill", "off-course", "--failed", "--reason", "nobody knew who may stop it"]);
}

fn shop() -> Postgres {
    let hba_lines = vec![String::from("host shop batch_admin 127.0.0.1/32 trust")];
    let shop = Postgres::start(&PostgresOptions { hba_lines, ..PostgresOptions::default() }).unwrap();
    shop.create_database("shop").unwrap();
    shop.sql("shop", SHOP).unwrap();
    for name in HOSTILE {
        shop.sql("shop", &format!("CREATE ROLE {} LOGIN", quote_identifier(name))).unwrap();
    }
    for number in 0..30 {
        shop.sql("shop", &format!("CREATE ROLE worker_{number:02} LOGIN IN ROLE readers")).unwrap();
    }
    let unfinished = format!("COMMENT ON ROLE ci_deploy IS {}", quote_literal("<b>deploys</b>"));
    shop.sql("shop", &unfinished).unwrap();
    shop
}

/// A second server that lost most of its roles between two surveys: the second one is held.
fn held(place: &Place) -> Postgres {
    let warehouse = Postgres::start(&PostgresOptions::default()).unwrap();
    place.private_file("warehouse.password", warehouse.password());
    let roles =
        |verb: &str| (0..12).map(|n| format!("{verb} ROLE loader_{n};")).collect::<Vec<_>>().join(" ");
    warehouse.sql("postgres", &roles("CREATE")).unwrap();
    let url = warehouse.url("postgres");
    place.done(&["source", "add", "warehouse", &url, "--password-file", "warehouse.password"]);
    place.done(&["survey", "warehouse"]);
    warehouse.sql("postgres", &roles("DROP")).unwrap();
    place.run(&["survey", "warehouse"]).ended(4);
    warehouse
}

fn pages(planted: &Planted) -> serde_json::Value {
    let identity = |name: &str| {
        let shown = planted.place.done(&["show", name, "--json"]).json();
        format!("/identities/{}", shown["identity"]["handle"].as_str().unwrap())
    };
    let page = |name: &str, path: &str| serde_json::json!({ "name": name, "path": path });
    let proposed = format!("/plans/{}", planted.proposed);
    serde_json::json!([
        { "name": "now", "path": "/", "prints": true },
        page("identities", "/identities"),
        page("identities-filtered", "/identities?q=owner%3Anone%20source%3Apg-main%20ci"),
        page("identities-none", "/identities?q=standing%3Afine%20zzz"),
        page("principals", "/principals?q=source%3Apg-main"),
        page("credentials", "/credentials"),
        page("rights", "/rights"),
        page("systems", "/systems"),
        page("identity", &identity("pg-main/reporting")),
        page("identity-owned", &identity("pg-main/billing")),
        page("identity-hostile", &identity(&format!("pg-main/{}", HOSTILE[0]))),
        page("plans", "/plans"),
        { "name": "plan-proposed", "path": proposed },
        page("plan-proved", &format!("/plans/{}", planted.proved)),
        page("evidence", "/evidence"),
        { "name": "entry", "path": "/evidence/5", "live": true },
        page("sources", "/sources"),
        page("source", "/sources/pg-main"),
        page("source-held", "/sources/warehouse"),
        page("source-change", "/sources/pg-main/change"),
        page("programme", "/programme"),
        page("people", "/people"),
        page("doctor", "/doctor"),
        { "name": "report", "path": "/report?since=2026-01-01T00%3A00%3A00Z", "prints": true },
        page("whose", "/whose"),
        page("charter", &format!("{}/charter", identity("pg-main/ci_deploy"))),
        page("charter-owned", &format!("{}/charter", identity("pg-main/billing"))),
        page("charter-hostile", &format!("{}/charter", identity(&format!("pg-main/{}", HOSTILE[0])))),
        page("finding", &planted.finding),
        page("except", &format!("{}/except", planted.finding)),
        page("exceptions", "/exceptions"),
        page("exception", &planted.exception),
        page("tickets", "/tickets"),
        page("as-of", "/as-of"),
        page("as-of-identity", &format!("/as-of{}", identity("pg-main/billing"))),
        page("identity-ticketed", &identity("pg-main/ci_migrate")),
        page("clock", &planted.request.replace("/requests/", "/clocks/")),
        page("messages", "/messages"),
        page("delegations", "/delegations"),
        page("delegation", &planted.delegation),
        page("handoffs", "/handoffs"),
        page("handoff", &planted.handoff),
        page("handoff-new", &format!("{}/handoff", identity("pg-main/reporting"))),
        page("requests", "/requests"),
        page("request", &planted.request),
        page("request-new", "/requests/new"),
        page("request-rights", &planted.request_rights),
        page("request-owner", &planted.request_owner),
        page("owner-new", &format!("{}/owner/new", identity("pg-main/ci_deploy"))),
        page("rights-new", &format!("{}/rights/new", identity("pg-main/reporting"))),
        page("reviews", "/reviews"),
        page("review", &planted.review.0),
        page("review-filtered", &format!("{}?state=open&recommends=keep", planted.review.0)),
        page("review-item", &planted.review.1),
        page("confirm", &format!("{}/confirm", identity("pg-main/billing"))),
        page("finding-group", planted.acts[0]["findings"][0].as_str().unwrap()),
        page("identity-file", planted.acts[0]["identity"].as_str().unwrap()),
        page("source-change-machine", "/sources/box/change"),
        { "name": "missing", "path": "/identities/nobody-at-all", "status": 404 },
    ])
}

fn walk(planted: &Planted) -> Ran {
    let second = planted.place.done(&["people", "code", "--quiet"]).out.trim().to_owned();
    let task = serde_json::json!({
        "address": planted.address,
        "codes": [planted.code, second],
        "chromium": chromium_program(),
        "screenshots": std::env::var("TENURE_SCREENSHOTS").ok(),
        "pages": pages(planted),
        "filter": { "text": "ci_", "finds": "ci_deploy", "hides": "billing" },
        "form": {
            "path": "/identities/worker_05.pg-main",
            "charter": "/identities/worker_06.pg-main/charter",
            "less": "/identities/former_job.pg-main",
        },
        "acts": planted.acts,
        "keys": { "n": "/", "i": "/identities", "p": "/plans", "e": "/evidence", "s": "/sources", "m": "/programme", "r": "/report", "d": "/doctor", "q": "/requests", "v": "/reviews" },
    });
    let script = console_walk().join("walk.mjs");
    let node = node_program().unwrap();
    let mut command =
        planted.place.command_of(node.to_str().unwrap(), &[script.canonicalize().unwrap().to_str().unwrap()]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(task.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn every_page_keeps_the_promises_of_the_console() {
    needs!(postgres, chromium);
    let planted = planted();
    let walked = walk(&planted);
    assert!(walked.code == 0, "{}\n{}", walked.out, walked.err);
    planted.up.stop().ended(0);
}
