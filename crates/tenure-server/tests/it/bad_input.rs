//! A table of bad inputs and the exact texts they get; every endpoint has at least one line.
//!
//! The golden text is for a person to review: does each answer say what is wrong and what to do, and
//! does none say more than the caller may know?

use crate::bench::{ADMINISTRATOR, Bench, from_network};
use axum::body::Body;
use http::Request;
use std::{collections::BTreeSet, fmt::Write as _};
use tenure_server::Peer;

/// An endpoint, a path that leads there (empty: the endpoint's own, with a method it does not have) and
/// a body. `{plan}` and `{key}` are real ones, `{long}` is larger than a body may be, `{81}`,
/// `{2001}` and `{65537}` so many letters.
type Bad = (&'static str, &'static str, Option<&'static str>);

const SYSTEM: &[Bad] = &[
    ("GET /api/v1/status", "", None),
    ("GET /api/v1/mail", "", None),
    ("GET /api/v1/chats", "", None),
    ("GET /api/v1/event-streams", "", None),
    ("POST /api/v1/event-streams/{name}/test", "/api/v1/event-streams/%0A/test", None),
    ("GET /api/v1/doctor", "", None),
    ("GET /api/v1/report", "/api/v1/report?since=yesterday", None),
    ("GET /api/v1/report", "/api/v1/report?after=x", None),
    ("POST /api/v1/backups", "/api/v1/backups", Some(r#"{"directory":"backup"}"#)),
    ("POST /api/v1/backups", "/api/v1/backups", Some(r#"{"directory":"/"}"#)),
    ("POST /api/v1/backups", "/api/v1/backups", Some(r#"{"directory":"/nowhere/at/all"}"#)),
    ("GET /api/v1/keys", "", None),
    ("POST /api/v1/keys/{ring}/rotate", "/api/v1/keys/house/rotate", None),
    ("POST /api/v1/keys/{ring}/{key_id}/retire", "/api/v1/keys/log/nothing/retire", None),
    ("POST /api/v1/keys/{ring}/{key_id}/retire", "/api/v1/keys/log/{key}/retire", None),
    ("GET /api/v1/openapi.json", "", None),
    ("GET /metrics", "", None),
    ("GET /healthz", "", None),
    ("GET /readyz", "", None),
];

const PEOPLE: &[Bad] = &[
    ("GET /api/v1/people", "", None),
    ("POST /api/v1/people", "/api/v1/people", Some("")),
    ("POST /api/v1/people", "/api/v1/people", Some("[]")),
    ("POST /api/v1/people", "/api/v1/people", Some("{\"name\":")),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"a"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"a","role":"king"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"a","role":"owner","admin":true}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"a","name":"b","role":"owner"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"","role":"owner"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"a\u0000b","role":"owner"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"a\u202eb","role":"owner"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"{81}","role":"owner"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"owner","role":"owner"}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"b","role":"owner","local_uid":1001}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some(r#"{"name":"b","role":"owner","local_uid":-1}"#)),
    ("POST /api/v1/people", "/api/v1/people", Some("{long}")),
    ("GET /api/v1/people/{name}/leaving", "/api/v1/people/nobody/leaving", None),
    ("DELETE /api/v1/people/{name}", "/api/v1/people/nobody", None),
    ("DELETE /api/v1/people/{name}", "/api/v1/people/administrator", None),
    ("PUT /api/v1/people/{name}/role", "/api/v1/people/nobody/role", Some(r#"{"role":"owner"}"#)),
    ("PUT /api/v1/people/{name}/role", "/api/v1/people/auditor/role", Some(r#"{"role":"king"}"#)),
    ("PUT /api/v1/people/{name}/role", "/api/v1/people/auditor/role", Some(r#"{"role":"auditor"}"#)),
    ("PUT /api/v1/people/{name}/role", "/api/v1/people/administrator/role", Some(r#"{"role":"owner"}"#)),
    ("DELETE /api/v1/people/{name}/token", "/api/v1/people/auditor/token", None),
    ("POST /api/v1/people/{name}/token", "/api/v1/people/nobody/token", None),
    ("POST /api/v1/people/{name}/token", "/api/v1/people/%ff/token", None),
    ("POST /api/v1/people/{name}/token", "/api/v1/people/auditor/token?days=0", None),
    ("POST /api/v1/people/{name}/token", "/api/v1/people/auditor/token?days=366", None),
    ("POST /api/v1/people/{name}/token", "/api/v1/people/auditor/token?days=-1", None),
    ("POST /api/v1/people/{name}/token", "/api/v1/people/auditor/token?for=ever", None),
    ("DELETE /api/v1/people/{name}/tokens/{ref}", "/api/v1/people/auditor/tokens/none", None),
    ("GET /api/v1/people/{name}", "/api/v1/people/nobody", None),
    ("PUT /api/v1/people/{name}/link", "/api/v1/people/auditor/link", Some("{}")),
    ("PUT /api/v1/people/{name}/mail", "/api/v1/people/nobody/mail", Some(r#"{"address":"a@example.com"}"#)),
    ("PUT /api/v1/people/{name}/mail", "/api/v1/people/auditor/mail", Some(r#"{"address":"a@b@c"}"#)),
    ("PUT /api/v1/people/{name}/mail", "/api/v1/people/auditor/mail", Some(r#"{"mail":"a@example.com"}"#)),
    ("PUT /api/v1/people/{name}/chat", "/api/v1/people/nobody/chat", Some(r#"{"chat":"room"}"#)),
    ("PUT /api/v1/people/{name}/chat", "/api/v1/people/auditor/chat", Some(r#"{"chat":"kitchen"}"#)),
    ("PUT /api/v1/people/{name}/chat", "/api/v1/people/auditor/chat", Some(r#"{"address":"room"}"#)),
    ("POST /api/v1/people/{name}/test-message", "/api/v1/people/auditor/test-message", None),
    ("POST /api/v1/people/{name}/test-message", "/api/v1/people/auditor/test-message?way=chat", None),
    ("POST /api/v1/people/{name}/test-message", "/api/v1/people/auditor/test-message?way=fax", None),
    ("GET /api/v1/messages", "/api/v1/messages?failed=perhaps", None),
    ("PUT /api/v1/people/{name}/link", "/api/v1/people/auditor/link", Some(r#"{"subject":"x"}"#)),
    ("PUT /api/v1/people/{name}/link", "/api/v1/people/auditor/link", Some(r#"{"name":"x"}"#)),
    ("DELETE /api/v1/people/{name}/link", "/api/v1/people/auditor/link", None),
    ("POST /api/v1/sign-in-codes", "", None),
];

const SOURCES: &[Bad] = &[
    ("GET /api/v1/sources", "", None),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"x","system":"chaos","points":[],"pasword":"hunter2"}"#),
    ),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"x","system":"chaos","points":[],"secret":12345}"#),
    ),
    ("POST /api/v1/sources", "/api/v1/sources", Some(r#"{"name":"x","system":"chaos","points":"hunter2"}"#)),
    ("POST /api/v1/sources", "/api/v1/sources", Some(r#"{"name":"x","points":[]}"#)),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"Not A Name","system":"chaos","points":[]}"#),
    ),
    ("POST /api/v1/sources", "/api/v1/sources", Some(r#"{"name":"x","system":"chaos","points":[]}"#)),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"x","system":"chaos","points":[{"name":"replica","url":"chaos:a"}]}"#),
    ),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(
            r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"chaos:a"},{"name":"primary","url":"chaos:b"}]}"#,
        ),
    ),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"x","system":"oracle","points":[{"name":"primary","url":"chaos:a"}]}"#),
    ),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"http://a"}]}"#),
    ),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"chaos:u:hunter2@a"}]}"#),
    ),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(
            r#"{"name":"x","system":"chaos","points":[{"name":"primary","url":"chaos:a"}],"options":{"colour":"red"}}"#,
        ),
    ),
    (
        "POST /api/v1/sources",
        "/api/v1/sources",
        Some(r#"{"name":"main","system":"chaos","points":[{"name":"primary","url":"chaos:a"}]}"#),
    ),
    ("GET /api/v1/sources/{name}", "/api/v1/sources/nowhere", None),
    ("GET /api/v1/sources/{name}", "/api/v1/sources/a%0Ab%E2%80%AEc", None),
    ("PATCH /api/v1/sources/{name}", "/api/v1/sources/nowhere", Some(r#"{"write":true}"#)),
    ("PATCH /api/v1/sources/{name}", "/api/v1/sources/main", Some(r#"{"write":"yes"}"#)),
    ("PATCH /api/v1/sources/{name}", "/api/v1/sources/main", Some(r#"{"write":true,"heir":"x"}"#)),
    (
        "PATCH /api/v1/sources/{name}",
        "/api/v1/sources/main",
        Some(r#"{"write":true,"options":{"{81}":"x"}}"#),
    ),
    (
        "PATCH /api/v1/sources/{name}",
        "/api/v1/sources/main",
        Some(r#"{"write":true,"points":{"No Name":"x"}}"#),
    ),
    ("PATCH /api/v1/sources/{name}", "/api/v1/sources/main", Some(r#"{"write":true,"secret":["hunter2"]}"#)),
    ("GET /api/v1/sources/{name}/leaving", "/api/v1/sources/nowhere/leaving", None),
    ("DELETE /api/v1/sources/{name}", "/api/v1/sources/nowhere", None),
    ("POST /api/v1/sources/{name}/check", "/api/v1/sources/nowhere/check", None),
    ("POST /api/v1/sources/{name}/surveys", "/api/v1/sources/nowhere/surveys", None),
    (
        "POST /api/v1/sources/{name}/surveys/decide",
        "/api/v1/sources/main/surveys/decide",
        Some(r#"{"believe":"yes"}"#),
    ),
    (
        "POST /api/v1/sources/{name}/surveys/decide",
        "/api/v1/sources/main/surveys/decide",
        Some(r#"{"believe":true}"#),
    ),
    (
        "POST /api/v1/sources/{name}/surveys/decide",
        "/api/v1/sources/nowhere/surveys/decide",
        Some(r#"{"believe":true}"#),
    ),
    ("GET /api/v1/surveys/{id}", "/api/v1/surveys/x", None),
    ("GET /api/v1/surveys/{id}", "/api/v1/surveys/01900000-0000-7000-8000-000000000000", None),
];

const IDENTITIES: &[Bad] = &[
    ("GET /api/v1/identities", "/api/v1/identities?limit=0", None),
    ("GET /api/v1/identities", "/api/v1/identities?limit=501", None),
    ("GET /api/v1/identities", "/api/v1/identities?limit=many", None),
    ("GET /api/v1/identities", "/api/v1/identities?after=x", None),
    ("GET /api/v1/identities", "/api/v1/identities?standing=fine", None),
    ("GET /api/v1/identities", "/api/v1/identities?findings=maybe", None),
    ("GET /api/v1/identities", "/api/v1/identities?colour=red", None),
    ("GET /api/v1/identities", "/api/v1/identities?source=nope", None),
    ("GET /api/v1/identities/{ref}", "/api/v1/identities/nobody", None),
    ("GET /api/v1/identities/{ref}", "/api/v1/identities/%00", None),
    (
        "GET /api/v1/identities/{ref}",
        "/api/v1/identities/%27%20OR%201%3D1%20--%20%3Cscript%3E%0A%E2%80%AE",
        None,
    ),
    ("GET /api/v1/identities/{ref}", "/api/v1/identities/01900000-0000-7000-8000-000000000000", None),
    ("GET /api/v1/identities/{ref}/explain", "/api/v1/identities/nobody/explain", None),
    ("GET /api/v1/identities/{ref}/by-hand", "/api/v1/identities/nobody/by-hand", None),
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"owner":"me"}"#),
    ),
    ("POST /api/v1/find", "/api/v1/find", Some("{}")),
    ("POST /api/v1/find", "/api/v1/find", Some(r#"{"string":""}"#)),
    ("POST /api/v1/find", "/api/v1/find", Some(r#"{"string":["hunter2"]}"#)),
    ("POST /api/v1/find", "/api/v1/find", Some(r#"{"sting":"hunter2"}"#)),
    ("POST /api/v1/find", "/api/v1/find", Some(r#"{"string":"{65537}"}"#)),
    ("POST /api/v1/find", "/api/v1/find", Some(r#"{"string":"hunter2","fingerprint":"SHA256:x"}"#)),
    ("POST /api/v1/find", "/api/v1/find", Some(r#"{"fingerprint":"hunter2"}"#)),
    ("POST /api/v1/find", "/api/v1/find", Some("{long}")),
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"technical_owner":"nobody"}"#),
    ),
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"expires_at":"tomorrow"}"#),
    ),
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"expires_at":"2001-01-01T00:00:00Z"}"#),
    ),
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"environment":"prod"}"#),
    ),
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"rotation_days":-1}"#),
    ),
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"purpose":"{2001}"}"#),
    ),
    ("GET /api/v1/principals", "/api/v1/principals?after=WyJhIl0", None),
    ("GET /api/v1/identities.csv", "/api/v1/identities.csv?q=standing:fine", None),
    ("GET /api/v1/principals.csv", "/api/v1/principals.csv?q=kind:fine", None),
    ("GET /api/v1/credentials.csv", "/api/v1/credentials.csv?limit=1", None),
    ("GET /api/v1/plans.csv", "/api/v1/plans.csv?q=x", None),
    ("GET /api/v1/sources.csv", "/api/v1/sources.csv?limit=1", None),
    ("GET /api/v1/grants.csv", "/api/v1/grants.csv?q=grantable:no", None),
    ("GET /api/v1/grants", "/api/v1/grants?after=W10", None),
    ("GET /api/v1/credentials", "/api/v1/credentials?limit=-1", None),
    ("GET /api/v1/findings", "/api/v1/findings?after=WyItMSJd", None),
    ("GET /api/v1/findings", "/api/v1/findings?new=true&dismissed=true", None),
    ("GET /api/v1/findings", "/api/v1/findings?new=perhaps", None),
    ("GET /api/v1/queue", "/api/v1/queue?limit=0", None),
    ("GET /api/v1/findings", "/api/v1/findings?rests_on=perhaps", None),
    ("GET /api/v1/findings/{ref}", "/api/v1/findings/nothing", None),
    ("GET /api/v1/findings/{ref}/beside", "/api/v1/findings/nothing/beside", None),
    ("PUT /api/v1/findings/{ref}/dismissal", "/api/v1/findings/nothing/dismissal", Some(r#"{"reason":"x"}"#)),
    (
        "PUT /api/v1/findings/{ref}/dismissal",
        "/api/v1/findings/nothing/dismissal",
        Some(r#"{"reason":"x","until":"2030-01-01T00:00:00Z"}"#),
    ),
    ("DELETE /api/v1/findings/{ref}/dismissal", "/api/v1/findings/%0A/dismissal", None),
    ("GET /api/v1/findings", "/api/v1/findings?dismissed=true&excepted=true", None),
    (
        "POST /api/v1/findings/{ref}/exceptions",
        "/api/v1/findings/nothing/exceptions",
        Some(r#"{"reason":"x","until":"2030-01-01T00:00:00Z"}"#),
    ),
    (
        "POST /api/v1/findings/{ref}/exceptions",
        "/api/v1/findings/nothing/exceptions",
        Some(r#"{"reason":"x","compensation":"y","until":"for ever"}"#),
    ),
    (
        "POST /api/v1/findings/{ref}/exceptions",
        "/api/v1/findings/nothing/exceptions",
        Some(r#"{"reason":"x","compensation":"y","until":"2030-01-01T00:00:00Z"}"#),
    ),
    ("GET /api/v1/exceptions", "/api/v1/exceptions?state=all", None),
    ("GET /api/v1/exceptions", "/api/v1/exceptions?limit=0", None),
    ("GET /api/v1/exceptions/figures", "", None),
    ("GET /api/v1/exceptions/{ref}", "/api/v1/exceptions/nothing", None),
    (
        "PUT /api/v1/exceptions/{ref}/decision",
        "/api/v1/exceptions/nothing/decision",
        Some(r#"{"answer":"perhaps","reason":"x","digest":"y"}"#),
    ),
    (
        "PUT /api/v1/exceptions/{ref}/decision",
        "/api/v1/exceptions/nothing/decision",
        Some(r#"{"answer":"grant"}"#),
    ),
    ("POST /api/v1/exceptions/{ref}/withdrawal", "/api/v1/exceptions/%0A/withdrawal", Some("{}")),
    ("POST /api/v1/requests", "", Some("{}")),
    ("POST /api/v1/requests", "/api/v1/requests", Some("{}")),
    ("POST /api/v1/requests", "/api/v1/requests", Some(r#"{"kind":"creation"}"#)),
    ("POST /api/v1/requests", "/api/v1/requests", Some(r#"{"source":"nowhere","environment":"prod"}"#)),
    ("POST /api/v1/requests", "/api/v1/requests", Some(r#"{"kind":"privilege"}"#)),
    ("POST /api/v1/requests", "/api/v1/requests", Some(r#"{"kind":"ownership"}"#)),
    (
        "POST /api/v1/requests",
        "/api/v1/requests",
        Some(
            r#"{"kind":"ownership","identity":"main/billing","to":"nobody-here","rights":[{"right":"a","resource":"b"}],"runbook":"see the wiki","reason":"x"}"#,
        ),
    ),
    (
        "POST /api/v1/requests",
        "/api/v1/requests",
        Some(r#"{"kind":"privilege","identity":"main/billing","rights":[{"right":"SELECT"}]}"#),
    ),
    (
        "POST /api/v1/requests",
        "/api/v1/requests",
        Some(
            r#"{"kind":"privilege","identity":"main/billing","source":"main","rights":[{"right":"","resource":"a"}],"until":"2020-01-01T00:00:00Z","reason":"x"}"#,
        ),
    ),
    ("POST /api/v1/ticket-imports/preview", "", Some("{}")),
    ("POST /api/v1/ticket-imports/preview", "", Some(r#"{"system":"Jira!","csv":"key"}"#)),
    ("POST /api/v1/ticket-imports", "", Some(r#"{"system":"jira","csv":"key,state\nA,done\n"}"#)),
    ("POST /api/v1/ticket-imports", "", Some(r#"{"system":"jira","csv":"a,\"b"}"#)),
    (
        "POST /api/v1/ticket-imports",
        "",
        Some(r#"{"system":"jira","csv":"key,state,identity\n","columns":{"who":"x"}}"#),
    ),
    ("GET /api/v1/tickets", "/api/v1/tickets?which=dead", None),
    ("GET /api/v1/as-of", "/api/v1/as-of", None),
    ("GET /api/v1/as-of", "/api/v1/as-of?at=yesterday", None),
    ("GET /api/v1/as-of", "/api/v1/as-of?at=2999-01-01", None),
    ("GET /api/v1/as-of/identities", "/api/v1/as-of/identities?at=2999-01-01&standing=fine", None),
    ("GET /api/v1/as-of/identities", "/api/v1/as-of/identities?at=2999-01-01&after=x", None),
    ("GET /api/v1/as-of/identities/{ref}", "/api/v1/as-of/identities/nothing?at=2999-01-01", None),
    ("GET /api/v1/as-of/population", "/api/v1/as-of/population?at=2999-01-01&limit=0", None),
    ("GET /api/v1/as-of/sample", "/api/v1/as-of/sample?at=2999-01-01&seed=x", None),
    ("GET /api/v1/as-of/sample", "/api/v1/as-of/sample?at=2999-01-01&seed=x&size=-1", None),
    ("GET /api/v1/tickets", "/api/v1/tickets?limit=0", None),
    ("GET /api/v1/requests", "/api/v1/requests?state=waiting", None),
    ("GET /api/v1/requests", "/api/v1/requests?limit=0", None),
    ("GET /api/v1/requests/{ref}", "/api/v1/requests/nothing", None),
    ("GET /api/v1/requests/{ref}", "/api/v1/requests/nothing?wait=61", None),
    ("GET /api/v1/requests/{ref}", "/api/v1/requests/nothing?wait=long", None),
    (
        "PUT /api/v1/requests/{ref}/decision",
        "/api/v1/requests/nothing/decision",
        Some(r#"{"answer":"perhaps","reason":"x","digest":"y"}"#),
    ),
    (
        "PUT /api/v1/requests/{ref}/decision",
        "/api/v1/requests/nothing/decision",
        Some(r#"{"answer":"approve"}"#),
    ),
    ("POST /api/v1/requests/{ref}/withdrawal", "/api/v1/requests/%0A/withdrawal", Some("{}")),
    ("POST /api/v1/delegations", "/api/v1/delegations", Some("{}")),
    (
        "POST /api/v1/delegations",
        "/api/v1/delegations",
        Some(r#"{"to":"operator","ends":"some day","reason":"x"}"#),
    ),
    (
        "POST /api/v1/delegations",
        "/api/v1/delegations",
        Some(r#"{"to":"operator","ends":"2099-01-01T00:00:00Z","reason":"x"}"#),
    ),
    (
        "POST /api/v1/delegations",
        "/api/v1/delegations",
        Some(r#"{"to":"operator","ends":"2099-01-01T00:00:00Z","kinds":["everything"],"reason":"x"}"#),
    ),
    ("GET /api/v1/delegations", "/api/v1/delegations?state=waiting", None),
    ("GET /api/v1/delegations", "/api/v1/delegations?limit=0", None),
    ("GET /api/v1/delegations/{ref}", "/api/v1/delegations/nothing", None),
    (
        "PUT /api/v1/delegations/{ref}/answer",
        "/api/v1/delegations/nothing/answer",
        Some(r#"{"answer":"perhaps"}"#),
    ),
    ("POST /api/v1/delegations/{ref}/withdrawal", "/api/v1/delegations/%0A/withdrawal", Some("{}")),
    ("POST /api/v1/handoffs", "/api/v1/handoffs", Some("{}")),
    (
        "POST /api/v1/handoffs",
        "/api/v1/handoffs",
        Some(r#"{"identity":"main/app","to":"operator","stage":"soon","runbook":"x","reason":"x"}"#),
    ),
    (
        "POST /api/v1/handoffs",
        "/api/v1/handoffs",
        Some(r#"{"identity":"main/nothing","to":"operator","stage":"in_use","runbook":"x","reason":"x"}"#),
    ),
    (
        "POST /api/v1/handoffs",
        "/api/v1/handoffs",
        Some(
            r#"{"identity":"main/app","to":"operator","role":"technical","stage":"in_use","runbook":" ","reason":"x"}"#,
        ),
    ),
    (
        "POST /api/v1/handoffs/many/preview",
        "/api/v1/handoffs/many/preview",
        Some(r#"{"rule":"colour:red","to":"operator","stage":"in_use","runbook":"x","reason":"x"}"#),
    ),
    (
        "POST /api/v1/handoffs/many",
        "/api/v1/handoffs/many",
        Some(r#"{"rule":"name:nothing","to":"operator","stage":"in_use","runbook":"x","reason":"x"}"#),
    ),
    ("GET /api/v1/handoffs", "/api/v1/handoffs?state=waiting", None),
    ("GET /api/v1/handoffs", "/api/v1/handoffs?limit=0", None),
    ("GET /api/v1/handoffs/{ref}", "/api/v1/handoffs/nothing", None),
    ("PUT /api/v1/handoffs/{ref}/answer", "/api/v1/handoffs/nothing/answer", Some(r#"{"answer":"perhaps"}"#)),
    ("PUT /api/v1/handoffs/{ref}/answer", "/api/v1/handoffs/nothing/answer", Some(r#"{"answer":"accept"}"#)),
    ("POST /api/v1/handoffs/{ref}/withdrawal", "/api/v1/handoffs/%0A/withdrawal", Some("{}")),
    ("POST /api/v1/reviews", "", Some("{}")),
    ("POST /api/v1/reviews", "", Some(r#"{"rule":"colour:red","reason":"yearly"}"#)),
    ("POST /api/v1/reviews", "", Some(r#"{"rule":"name:nothing-of-it","reason":"yearly"}"#)),
    ("POST /api/v1/reviews", "", Some(r#"{"rule":"name:*","reason":" "}"#)),
    ("POST /api/v1/review-previews", "", Some(r#"{"rule":"name:*","reason":"x","until":"soon"}"#)),
    ("GET /api/v1/reviews", "/api/v1/reviews?state=waiting", None),
    ("GET /api/v1/reviews/{ref}", "/api/v1/reviews/nothing", None),
    ("GET /api/v1/reviews/{ref}/items", "/api/v1/reviews/nothing/items?state=waiting", None),
    ("GET /api/v1/reviews/{ref}/items", "/api/v1/reviews/nothing/items?limit=0", None),
    ("POST /api/v1/reviews/{ref}/cancellation", "/api/v1/reviews/nothing/cancellation", Some("{}")),
    ("GET /api/v1/clocks", "/api/v1/clocks?late=perhaps", None),
    ("POST /api/v1/clocks/{ref}/pause", "/api/v1/clocks/nothing/pause", Some("{}")),
    (
        "POST /api/v1/clocks/{ref}/pause",
        "/api/v1/clocks/nothing/pause",
        Some(r#"{"until":"tomorrow","reason":"why"}"#),
    ),
    ("DELETE /api/v1/clocks/{ref}/pause", "/api/v1/clocks/%0A/pause", None),
    ("GET /api/v1/review-items", "/api/v1/review-items?limit=0", None),
    ("GET /api/v1/inbox", "/api/v1/inbox?person=nobody-here", None),
    ("GET /api/v1/inbox", "/api/v1/inbox?of=asha", None),
    ("GET /api/v1/review-items/{ref}", "/api/v1/review-items/%0A", None),
    (
        "PUT /api/v1/review-items/{ref}/decision",
        "/api/v1/review-items/nothing/decision",
        Some(r#"{"answer":"burn","reason":"x","digest":"y"}"#),
    ),
    (
        "POST /api/v1/review-items/{ref}/alike",
        "/api/v1/review-items/nothing/alike",
        Some(r#"{"answer":"keep","reason":"x"}"#),
    ),
    ("GET /api/v1/sources/{name}/baseline", "/api/v1/sources/nowhere/baseline", None),
    ("PUT /api/v1/sources/{name}/baseline", "/api/v1/sources/nowhere/baseline", None),
];

const OWNERSHIP: &[Bad] = &[
    (
        "PUT /api/v1/identities/{ref}/charter",
        "/api/v1/identities/reporting/charter",
        Some(r#"{"retirement_trigger":"untill:2027-03-31"}"#),
    ),
    ("GET /api/v1/identities/{ref}/confirmation", "/api/v1/identities/nobody/confirmation", None),
    (
        "POST /api/v1/identities/{ref}/confirmation",
        "/api/v1/identities/reporting/confirmation",
        Some(r#"{"needed":true,"digest":"x"}"#),
    ),
    (
        "POST /api/v1/identities/{ref}/confirmation",
        "/api/v1/identities/reporting/confirmation",
        Some(r#"{"needed":true,"same_scope":true,"same_owners":true,"digest":"x"}"#),
    ),
    (
        "POST /api/v1/identities/{ref}/confirmation",
        "/api/v1/identities/reporting/confirmation",
        Some(r#"{"needed":true,"same_scope":true,"same_owners":false,"digest":"x"}"#),
    ),
    ("POST /api/v1/identities/{ref}/not-mine", "/api/v1/identities/reporting/not-mine", Some("{}")),
    (
        "POST /api/v1/identities/{ref}/not-mine",
        "/api/v1/identities/reporting/not-mine",
        Some(r#"{"reason":" "}"#),
    ),
    (
        "POST /api/v1/identities/{ref}/not-mine",
        "/api/v1/identities/reporting/not-mine",
        Some(r#"{"reason":"{2001}"}"#),
    ),
    (
        "POST /api/v1/identities/{ref}/not-mine",
        "/api/v1/identities/reporting/not-mine",
        Some(r#"{"reason":"x","ask":"nobody"}"#),
    ),
    (
        "POST /api/v1/identities/{ref}/not-mine",
        "/api/v1/identities/reporting/not-mine",
        Some(r#"{"reason":"x","ask":"administrator"}"#),
    ),
    (
        "POST /api/v1/identities/{ref}/not-mine",
        "/api/v1/identities/nobody/not-mine",
        Some(r#"{"reason":"x"}"#),
    ),
    ("GET /api/v1/suggestions", "/api/v1/suggestions?passed=perhaps", None),
    ("GET /api/v1/suggestions", "/api/v1/suggestions?after=WyJhIl0", None),
    ("GET /api/v1/suggestions", "/api/v1/suggestions?limit=0", None),
    ("GET /api/v1/programme", "", None),
    ("GET /api/v1/programme/check", "", None),
    ("GET /api/v1/programme/playbooks", "", None),
    (
        "POST /api/v1/programme/playbooks/{id}/drills",
        "/api/v1/programme/playbooks/none/drills",
        Some(r#"{"says":"x","held":true,"reason":"it went well"}"#),
    ),
    (
        "POST /api/v1/programme/playbooks/{id}/drills",
        "/api/v1/programme/playbooks/none/drills",
        Some(r#"{"says":"x","held":"yes","reason":" "}"#),
    ),
    ("POST /api/v1/programme/acknowledgement", "/api/v1/programme/acknowledgement", Some("{}")),
    ("GET /api/v1/programme/consequences", "", None),
    ("GET /api/v1/identities/{ref}/who", "/api/v1/identities/nobody/who", None),
    ("GET /api/v1/programmes", "", None),
    ("GET /api/v1/programmes/{version}", "/api/v1/programmes/one", None),
    ("GET /api/v1/programmes/{version}", "/api/v1/programmes/7", None),
    ("POST /api/v1/programme/check", "/api/v1/programme/check", Some(r#"{"files":["a"]}"#)),
    ("POST /api/v1/programme/check", "/api/v1/programme/check", Some(r#"{"file":{}}"#)),
    ("POST /api/v1/programme/plan", "/api/v1/programme/plan", Some(r#"{"files":{}}"#)),
    (
        "POST /api/v1/programme/plan",
        "/api/v1/programme/plan",
        Some(r#"{"files":{"programme.toml":"version = 1\n[policy]\n"}}"#),
    ),
    (
        "POST /api/v1/programme/replay",
        "/api/v1/programme/replay",
        Some(r#"{"files":{},"from":"2026-11-01"}"#),
    ),
    (
        "POST /api/v1/programme/replay",
        "/api/v1/programme/replay",
        Some(r#"{"files":{"programme.toml":"version = 1"},"since":"the first of May"}"#),
    ),
    (
        "POST /api/v1/programme/replay",
        "/api/v1/programme/replay",
        Some(r#"{"files":{"programme.toml":"version = 1"},"since":"1970-01-01"}"#),
    ),
    ("PUT /api/v1/programme", "/api/v1/programme", Some(r#"{"files":{"programme.toml":"version = 1"}}"#)),
    (
        "PUT /api/v1/programme",
        "/api/v1/programme",
        Some(r#"{"files":{"programme.toml":"version = 1"},"reason":" ","word":"x"}"#),
    ),
    (
        "PUT /api/v1/programme",
        "/api/v1/programme",
        Some(r#"{"files":{"programme.toml":"version = 1"},"reason":"{2001}","word":"x"}"#),
    ),
    ("GET /api/v1/claimable", "/api/v1/claimable", None),
    ("GET /api/v1/claimable", "/api/v1/claimable?rule=web-*", None),
    ("GET /api/v1/claimable", "/api/v1/claimable?rule=kind:human", None),
    ("GET /api/v1/claimable", "/api/v1/claimable?rule=tag:team%3D", None),
    ("POST /api/v1/claims", "/api/v1/claims", Some(r#"{"rule":"kind:key"}"#)),
    ("POST /api/v1/claims", "/api/v1/claims", Some(r#"{"rule":"kind:key","claims":[]}"#)),
    ("POST /api/v1/claims", "/api/v1/claims", Some(r#"{"rule":"web-*","claims":[]}"#)),
    ("POST /api/v1/claims", "/api/v1/claims", Some(r#"{"claims":[{"identity":"reporting"}]}"#)),
    (
        "POST /api/v1/claims",
        "/api/v1/claims",
        Some(r#"{"claims":[{"identity":"01900000-0000-7000-8000-000000000000","owner":"me"}]}"#),
    ),
    (
        "POST /api/v1/claims",
        "/api/v1/claims",
        Some(r#"{"claims":[{"identity":"01900000-0000-7000-8000-000000000000"}]}"#),
    ),
    ("GET /api/v1/charters", "/api/v1/charters?after=x", None),
    ("POST /api/v1/charters", "/api/v1/charters", Some(r#"{"charters":[]}"#)),
    ("POST /api/v1/charters", "/api/v1/charters", Some(r#"{"write":true,"charters":[]}"#)),
    (
        "POST /api/v1/charters",
        "/api/v1/charters",
        Some(r#"{"write":true,"charters":[{"identity":"reporting","charter":{"owner":"me"}}]}"#),
    ),
    (
        "POST /api/v1/charters",
        "/api/v1/charters",
        Some(r#"{"write":true,"charters":[{"identity":"reporting","charter":{"purpose":"{2001}"}}]}"#),
    ),
];

const PLANS: &[Bad] = &[
    ("GET /api/v1/plans", "/api/v1/plans?before=x", None),
    ("POST /api/v1/plans", "/api/v1/plans", Some(r#"{"kind":"kill","identity":"reporting","reason":"x"}"#)),
    ("POST /api/v1/plans", "/api/v1/plans", Some(r#"{"kind":"revoke","identity":"nobody","reason":"x"}"#)),
    ("POST /api/v1/plans", "/api/v1/plans", Some(r#"{"kind":"revoke","identity":"reporting","reason":" "}"#)),
    ("POST /api/v1/plans", "/api/v1/plans", Some(r#"{"kind":"revoke","identity":"tenure","reason":"x"}"#)),
    (
        "POST /api/v1/plans",
        "/api/v1/plans",
        Some(r#"{"kind":"revoke","identity":"reporting","reason":"{2001}"}"#),
    ),
    ("POST /api/v1/plans", "/api/v1/plans", Some(r#"{"kind":"revoke","identity":"reporting"}"#)),
    (
        "POST /api/v1/plans",
        "/api/v1/plans",
        Some(r#"{"kind":"tighten","identity":"/srv/ci/.env","reason":"x"}"#),
    ),
    (
        "POST /api/v1/plans",
        "/api/v1/plans",
        Some(r#"{"kind":"tighten","identity":"reporting","reason":"x"}"#),
    ),
    (
        "POST /api/v1/plans",
        "/api/v1/plans",
        Some(r#"{"kind":"revoke","identity":"reporting","reason":"x","readers":"owner"}"#),
    ),
    ("GET /api/v1/plans/{ref}", "/api/v1/plans/zz", None),
    ("POST /api/v1/plans/{ref}/apply", "/api/v1/plans/{plan}/apply", Some(r#"{"digest":"another"}"#)),
    ("POST /api/v1/plans/{ref}/apply", "/api/v1/plans/{plan}/apply", Some("{}")),
    ("POST /api/v1/plans/{ref}/apply", "/api/v1/plans/zzz/apply", Some(r#"{"digest":"x"}"#)),
    ("POST /api/v1/plans/{ref}/undo", "/api/v1/plans/{plan}/undo", None),
    ("POST /api/v1/plans/{ref}/withdraw", "/api/v1/plans/zzz/withdraw", None),
    ("GET /api/v1/plans/{ref}/evidence", "/api/v1/plans/zzz/evidence", None),
    ("GET /api/v1/plans/{ref}/events", "/api/v1/plans/zzz/events", None),
];

const EVIDENCE: &[Bad] = &[
    ("GET /api/v1/evidence", "", None),
    ("GET /api/v1/evidence/entries", "/api/v1/evidence/entries?before=-1", None),
    ("GET /api/v1/evidence/cosignatures", "", None),
    (
        "POST /api/v1/evidence/cosignatures",
        "/api/v1/evidence/cosignatures",
        Some(r#"{"checkpoint":"nothing"}"#),
    ),
    (
        "POST /api/v1/evidence/cosignatures",
        "/api/v1/evidence/cosignatures",
        Some(
            r#"{"checkpoint":"tenure-other\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— tenure-other AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\n"}"#,
        ),
    ),
    ("GET /api/v1/evidence/export", "/api/v1/evidence/export?first=9&end=3", None),
    ("GET /log/checkpoint", "", None),
    ("GET /log/tile/{*path}", "/log/tile/0/999", None),
    ("GET /log/tile/{*path}", "/log/tile/0/x000/000", None),
    ("GET /log/tile/{*path}", "/log/tile/0/000.p/0", None),
    ("GET /log/tile/{*path}", "/log/tile/../checkpoint", None),
];

/// What a directory sends that is bad is in `scim.rs`.
const DIRECTORY: &[Bad] = &[
    ("POST /api/v1/ticket-hooks/{system}", "/api/v1/ticket-hooks/snow", Some("{}")),
    ("POST /api/v1/ticket-hooks/{system}", "/api/v1/ticket-hooks/snow", Some("[")),
    ("GET /api/v1/provisioning-tokens", "", None),
    ("POST /api/v1/provisioning-tokens", "/api/v1/provisioning-tokens?days=0", None),
    ("POST /api/v1/provisioning-tokens", "/api/v1/provisioning-tokens?days=366", None),
    ("DELETE /api/v1/provisioning-tokens/{ref}", "/api/v1/provisioning-tokens/none", None),
    ("GET /api/v1/teams", "", None),
    ("PUT /api/v1/teams/{name}/role", "/api/v1/teams/nobody/role", Some(r#"{"role":"owner"}"#)),
    ("PUT /api/v1/teams/{name}/role", "/api/v1/teams/nobody/role", Some(r#"{"role":"king"}"#)),
    ("POST /api/v1/people-imports/preview", "/api/v1/people-imports/preview", Some(r#"{"csv":"emial"}"#)),
    (
        "POST /api/v1/people-imports/preview",
        "/api/v1/people-imports/preview",
        Some(r#"{"csv":"name\noperator\n"}"#),
    ),
    ("POST /api/v1/people-imports", "/api/v1/people-imports", Some(r#"{"csv":"name\nada\n"}"#)),
    ("POST /api/v1/people-imports", "/api/v1/people-imports", Some(r#"{"csv":"name\nada\n","word":"x"}"#)),
    ("GET /api/v1/ldap", "", None),
    ("POST /api/v1/ldap/{name}/preview", "/api/v1/ldap/none/preview", None),
    ("POST /api/v1/ldap/{name}/preview", "/api/v1/ldap/nowhere/preview", None),
    ("POST /api/v1/ldap/{name}/readings", "/api/v1/ldap/nowhere/readings", Some(r#"{"word":"x"}"#)),
    ("POST /api/v1/ldap/{name}/readings", "/api/v1/ldap/nowhere/readings", Some(r#"{"wort":"x"}"#)),
    ("GET /api/v1/leavings", "", None),
    ("POST /api/v1/leavings/decide", "/api/v1/leavings/decide", Some(r#"{"accept":true}"#)),
    ("POST /api/v1/leavings/decide", "/api/v1/leavings/decide", Some(r#"{"accept":true,"seen":1}"#)),
    ("GET /scim/v2/ServiceProviderConfig", "", None),
    ("GET /scim/v2/ResourceTypes", "", None),
    ("GET /scim/v2/ResourceTypes/{id}", "/scim/v2/ResourceTypes/User", None),
    ("GET /scim/v2/Schemas", "", None),
    ("GET /scim/v2/Schemas/{id}", "/scim/v2/Schemas/x", None),
    ("GET /scim/v2/Users", "/scim/v2/Users", None),
    ("POST /scim/v2/Users", "/scim/v2/Users", Some("{}")),
    ("GET /scim/v2/Users/{id}", "/scim/v2/Users/x", None),
    ("PUT /scim/v2/Users/{id}", "/scim/v2/Users/x", Some("{}")),
    ("PATCH /scim/v2/Users/{id}", "/scim/v2/Users/x", Some("{}")),
    ("DELETE /scim/v2/Users/{id}", "/scim/v2/Users/x", None),
    ("GET /scim/v2/Groups", "/scim/v2/Groups", None),
    ("POST /scim/v2/Groups", "/scim/v2/Groups", Some("{}")),
    ("GET /scim/v2/Groups/{id}", "/scim/v2/Groups/x", None),
    ("PUT /scim/v2/Groups/{id}", "/scim/v2/Groups/x", Some("{}")),
    ("PATCH /scim/v2/Groups/{id}", "/scim/v2/Groups/x", Some("{}")),
    ("DELETE /scim/v2/Groups/{id}", "/scim/v2/Groups/x", None),
    ("POST /scim/v2/Users/.search", "/scim/v2/Users/.search", Some("{}")),
    ("POST /scim/v2/Groups/.search", "/scim/v2/Groups/.search", Some("{}")),
    ("POST /scim/v2/.search", "/scim/v2/.search", Some("{}")),
];

const TABLE: &[&[Bad]] = &[SYSTEM, PEOPLE, DIRECTORY, SOURCES, IDENTITIES, OWNERSHIP, PLANS, EVIDENCE];

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
    for (endpoint, path, body) in TABLE.iter().copied().flatten() {
        let (method, own) = endpoint.split_once(' ').unwrap();
        // Without a path of its own a row is sent as it is named; without a body too there is nothing bad but another method.
        let (method, path) = match (path.is_empty(), body) {
            (true, None) => ("PATCH", own),
            (true, Some(_)) => (method, own),
            (false, _) => (method, *path),
        };
        let filled = path.replace("{plan}", &plan).replace("{key}", &key);
        let mut request = Request::builder().method(method).uri(&filled);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let sent = body.unwrap_or_default();
        let sent = sent
            .replace("{long}", &"x".repeat(300_000))
            .replace("{81}", &"y".repeat(81))
            .replace("{65537}", &"z".repeat(65_537));
        let sent = sent.replace("{2001}", &"z".repeat(2_001));
        let mut request = request.body(Body::from(sent)).unwrap();
        request.extensions_mut().insert(Peer::Local { uid: ADMINISTRATOR });
        let reply = bench.send(request).await;
        assert!(reply.status >= 400, "{method} {path} {body:?} was accepted: {}", reply.text());
        let size = bench.engine.log_status().await.unwrap().size;
        let problem = reply.problem().replace(&plan, "{plan}").replace(&key, "{key}");
        let problem = problem.replace(&format!("0 to {size};"), "0 to {size};");
        let _ = writeln!(
            text,
            "{method} {path} {}
    {problem}",
            body.unwrap_or_default()
        );
    }
    insta::assert_snapshot!(text);
    assert!(!text.contains("hunter2\n") && !bench.said().windows(7).any(|said| said == b"hunter2"));
}

#[test]
fn every_endpoint_of_the_api_is_given_bad_input() {
    let tried: BTreeSet<&str> = TABLE.iter().copied().flatten().map(|(endpoint, ..)| *endpoint).collect();
    // Pages are tried in `console_guard.rs`.
    let api = |path: &str| {
        ["/api/", "/log/", "/metrics", "/healthz", "/readyz"].iter().any(|of| path.starts_with(of))
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
