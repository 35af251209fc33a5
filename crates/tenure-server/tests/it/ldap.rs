//! Directories that are read by LDAP, as the API and the console tell them.
//!
//! What a reading does is tested in `tenure-engine`, `ldap.rs`; the command in `tenure`.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, OWNER};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tenure_engine::LdapDirectory;
use tenure_ldap::{Attributes, Directory, Part, PrivateAddresses, Security};
use tenure_model::Secret;
use tenure_testbed::{LdapOptions, LdapServer, needs};

fn directory(server: &LdapServer) -> Arc<LdapDirectory> {
    let (bind_dn, password) = server.reader();
    let part = |base: &str, class: &str| Part {
        base: format!("ou={base},dc=example,dc=com"),
        filter: format!("(objectClass={class})"),
    };
    let directory = Directory {
        host: String::from("127.0.0.1"),
        port: server.tls_port(),
        security: Security::Tls,
        private: PrivateAddresses::Refused,
        authorities: tenure_tls::authorities(&server.certificate()).unwrap(),
        bind_dn,
        password: Arc::new(Secret::new(password)),
        people: part("people", "inetOrgPerson"),
        groups: Some(part("groups", "groupOfNames")),
        attributes: Attributes::open_ldap(),
        people_max: 100,
        patience: Duration::from_mins(1),
    };
    Arc::new(LdapDirectory::new(String::from("corp"), directory, Some(Duration::from_mins(30))))
}

#[tokio::test]
async fn a_reading_is_shown_and_happens_by_its_word_and_the_page_says_what_became_of_it() {
    needs!(ldap);
    let server = LdapServer::start(LdapOptions::default()).unwrap();
    server.add_person("ada").unwrap();
    let bench = Bench::reading(vec![directory(&server)]).await;
    let listed = bench.get(AUDITOR, "/api/v1/ldap").await;
    let expected = json!({
        "name": "corp", "host": "127.0.0.1", "port": server.tls_port(), "security": "tls", "every_minutes": 30, "last": null
    });
    assert_eq!(listed.json()["directories"], json!([expected]));
    assert_eq!(bench.get(OWNER, "/api/v1/ldap").await.status, 403);
    let page = bench.get(AUDITOR, "/people").await.text();
    assert!(page.contains("Directories") && page.contains("nothing since the start"), "{page}");

    let preview = "/api/v1/ldap/corp/preview";
    assert_eq!(bench.post(OPERATOR, preview, &json!({})).await.status, 403);
    let shown = bench.post(ADMINISTRATOR, preview, &json!({})).await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    assert_eq!(shown.json()["changes"]["joins"], json!({ "count": 1, "names": ["ada"] }));
    let word = json!({ "word": shown.json()["changes"]["word"] });
    let readings = "/api/v1/ldap/corp/readings";
    assert_eq!(bench.post(OPERATOR, readings, &word).await.status, 403);
    let other = bench.post(ADMINISTRATOR, readings, &json!({ "word": "0000000000000000" })).await;
    assert_eq!((other.status, other.problem().contains("look at it again")), (409, true), "{}", other.text());
    let done = bench.post(ADMINISTRATOR, readings, &word).await;
    assert_eq!((done.status, done.json()), (200, shown.json()));
    assert_eq!(bench.get(ADMINISTRATOR, "/api/v1/people/ada").await.status, 200);
    let last = bench.get(AUDITOR, "/api/v1/ldap").await.json()["directories"][0]["last"].clone();
    assert_eq!((&last["people"], &last["why"]), (&json!(1), &Value::Null));
    let page = bench.get(AUDITOR, "/people").await.text();
    assert!(page.contains("directory (LDAP)") && page.contains("1 person"), "{page}");

    server.kill9().unwrap();
    let away = bench.post(ADMINISTRATOR, preview, &json!({})).await;
    assert!(away.problem().contains("no line to the directory"), "{}", away.text());
    for said in [listed.text(), shown.text(), other.text(), away.text(), page] {
        assert!(!said.contains("the directory's own word") && !said.contains("cn=reader"), "{said}");
    }
}
