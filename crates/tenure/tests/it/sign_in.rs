//! Signing in by a real OpenID provider (npm `oidc-provider`) in a real browser without script; and tokens from before
//! tokens had an end.
//!
//! What a provider that lies is told stands in `tenure-oidc`, what a browser that lies is told in `tenure-server`.

use crate::program::{Background, Place};
use std::{
    fs, io::Write as _, net::TcpListener, os::unix::fs::DirBuilderExt as _, process::Stdio, time::Duration,
};
use tenure_model::Instant;
use tenure_testbed::{OidcProvider, chromium_program, console_walk, needs, node_program};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A deployment that runs with a provider.
struct Scene {
    place: Place,
    up: Background,
    address: String,
    _provider: OidcProvider,
}

fn scene() -> Scene {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("http://127.0.0.1:{port}");
    let provider = OidcProvider::start("tenure", SECRET, &format!("{address}/sign-in/back")).unwrap();
    let place = Place::new();
    let secret = place.private_file("client.secret", SECRET);
    fs::DirBuilder::new().mode(0o700).create(&place.data).unwrap();
    let text = format!(
        "[oidc]\nissuer = \"{}\"\nclient_id = \"tenure\"\nclient_secret_file = \"{}\"\npublic_url = \"{address}\"\nname = \"Example\"\n",
        provider.issuer(),
        secret.display()
    );
    fs::write(place.data.join("tenure.toml"), text).unwrap();
    let mut up = place.begin(&["up", "--listen", &format!("127.0.0.1:{port}"), "--json"]);
    up.until("\n}\n");
    Scene { place, up, address, _provider: provider }
}

impl Scene {
    /// What a browser saw in the end.
    fn browse(&self, login: &str) -> serde_json::Value {
        let script = console_walk().join("provider.mjs").canonicalize().unwrap();
        let task = serde_json::json!({
            "address": self.address,
            "login": login,
            "chromium": chromium_program().unwrap(),
            "screenshots": std::env::var("TENURE_SCREENSHOTS").ok(),
        });
        let node = node_program().unwrap();
        let mut command = self.place.command_of(node.to_str().unwrap(), &[script.to_str().unwrap()]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(task.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
    }

    fn me(&self) -> String {
        let people = self.place.done(&["people", "list", "--json"]).json();
        people["items"][0]["name"].as_str().unwrap().to_owned()
    }
}

#[test]
fn somebody_signs_in_by_a_real_provider_once_an_administrator_linked_them() {
    needs!(oidc, chromium);
    let scene = scene();
    let stranger = scene.browse("ada");
    let text = stranger["text"].as_str().unwrap();
    assert!(text.contains("no person here is linked to your account"), "{stranger}");
    assert!(text.contains("tenure people link NAME --subject 'ada'"), "{stranger}");
    assert_eq!(stranger["session"], serde_json::Value::Null);

    let me = scene.me();
    scene.place.done(&["people", "link", &me, "--subject", "ada"]);
    let known = scene.browse("ada");
    assert_eq!(known["url"], format!("{}/", scene.address), "{known}");
    assert!(known["text"].as_str().unwrap().contains("Sign out"), "{known}");
    assert_eq!(known["session"], serde_json::json!({ "httpOnly": true, "sameSite": "Strict" }));
    let other = scene.browse("bob");
    assert!(other["text"].as_str().unwrap().contains("no person here is linked"), "{other}");

    let shown = scene.place.done(&["people", "show", &me]);
    assert!(shown.out.contains("as subject ada."), "{shown:?}");
    scene.place.done(&["people", "unlink", &me]);
    assert!(scene.browse("ada")["text"].as_str().unwrap().contains("no person here is linked"));
    let entries = scene.place.done(&["evidence", "log", "--json"]).all();
    for kind in ["person.linked", "person.unlinked"] {
        assert!(entries.contains(kind), "{entries}");
    }
    let said = scene.up.stop().ended(0).all();
    for secret in [SECRET, "tenure_flow", "tenure_session"] {
        assert!(!said.contains(secret), "{said}");
    }
}

/// As version 2 kept it: one token of a person, in their row, without an end.
#[test]
fn a_token_from_before_tokens_had_an_end_gets_one_when_the_deployment_is_opened() {
    let place = Place::new();
    place.done(&["init"]);
    let people = place.done(&["people", "list", "--json"]).json();
    let me = people["items"][0]["name"].as_str().unwrap().to_owned();
    place.done(&["people", "token", &me, "--days", "7"]);
    let database = rusqlite::Connection::open(place.data.join("tenure.sqlite")).unwrap();
    database
        .execute_batch("UPDATE people SET token_hash = (SELECT token_hash FROM tokens); DELETE FROM tokens;")
        .unwrap();
    drop(database);
    let shown = place.done(&["people", "show", &me, "--json"]).json();
    let tokens = shown["tokens"].as_array().unwrap();
    assert_eq!((tokens.len(), &tokens[0]["over"]), (1, &serde_json::json!(false)), "{shown}");
    let at = |name: &str| Instant::parse(tokens[0][name].as_str().unwrap()).unwrap();
    assert_eq!(at("ends").since(at("issued")), Duration::from_hours(24 * 90));
    assert!(place.done(&["evidence", "log", "--json"]).all().contains("person.token_given_end"));
    let again = place.done(&["people", "show", &me, "--json"]).json();
    assert_eq!(again["tokens"], shown["tokens"], "once");
}
