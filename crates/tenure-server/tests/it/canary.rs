//! Planted secrets must appear in no answer, no log line, no error and no file.

use crate::bench::{ADMINISTRATOR, AUDITOR, Bench, OPERATOR, SOURCE_CANARY, VALUE_CANARY};
use serde_json::json;
use std::{
    io::Write,
    sync::{Arc, Mutex},
};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn holds(content: &[u8], canary: &str) -> bool {
    content.windows(canary.len()).any(|window| window == canary.as_bytes())
}

fn files_below(path: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

/// Ways in which a secret can stand where it should not, or beside something wrong.
fn bodies_with_a_secret(secret: &str) -> Vec<serde_json::Value> {
    let primary = json!([{ "name": "primary", "url": "chaos:primary" }]);
    vec![
        json!({ "name": "x", "system": "chaos", "points": primary, "secret": { "value": secret } }),
        json!({ "name": "x", "system": "chaos", "points": primary, "secret": [secret] }),
        json!({ "name": "x", "system": "chaos", "points": primary, "password": secret }),
        json!({ "name": "x", "system": "chaos", "points": secret }),
        json!({ "name": secret, "system": "chaos", "points": primary }),
        json!({ "name": "x", "system": "chaos", "points": [{ "name": "primary", "url": format!("chaos:u:{secret}@h") }], "secret": secret }),
        json!({ "name": "main", "system": "chaos", "points": primary, "secret": secret }),
        json!({ "name": "x", "system": "none", "points": primary, "secret": secret }),
        json!(secret),
        json!([secret]),
    ]
}

#[tokio::test]
async fn a_planted_secret_appears_nowhere() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let bench = Bench::surveyed().await;
    for body in &bodies_with_a_secret(SOURCE_CANARY) {
        let reply = bench.post(ADMINISTRATOR, "/api/v1/sources", body).await;
        assert!((400..500).contains(&reply.status), "{body}: {}", reply.text());
    }
    let token = bench.post(ADMINISTRATOR, "/api/v1/people/operator/token", &json!({})).await.json();
    let token = token["token"].as_str().unwrap().to_owned();
    let code = bench.post(OPERATOR, "/api/v1/sign-in-codes", &json!({})).await.json();
    let code = code["code"].as_str().unwrap().to_owned();
    let signed_in = crate::sign_in::sign_in(&bench, &code).await;
    let session = crate::sign_in::cookie(&signed_in);
    let plan = bench.draft("revoke", "reporting").await["plan"].clone();
    let path = format!("/api/v1/plans/{}", plan["handle"].as_str().unwrap());
    bench.post(OPERATOR, &format!("{path}/apply"), &json!({ "digest": plan["digest"] })).await;
    bench.carry_out(plan["id"].as_str().unwrap()).await;
    for read in [
        "/api/v1/sources",
        "/api/v1/sources/main",
        "/api/v1/identities/reporting",
        "/api/v1/credentials",
        "/api/v1/doctor",
        "/api/v1/evidence/export",
        "/metrics",
        "/",
    ] {
        assert_eq!(bench.get(AUDITOR, read).await.status, 200, "{read}");
    }
    bench.get(AUDITOR, &format!("{path}/evidence")).await;
    drop(guard);

    let logged = captured.0.lock().unwrap().clone();
    assert!(holds(&logged, "/api/v1/sources/{name}"), "routes are logged");
    assert!(!holds(&logged, "/api/v1/identities/reporting"), "paths are not");
    let session = session.split('=').nth(1).unwrap();
    for canary in [SOURCE_CANARY, VALUE_CANARY, token.as_str(), code.as_str(), session] {
        assert!(!holds(&logged, canary), "{canary} in the log");
    }
    for canary in [SOURCE_CANARY, VALUE_CANARY] {
        assert!(!holds(&bench.said(), canary), "{canary} in an answer");
    }
    let mut files = Vec::new();
    files_below(bench.directory.path(), &mut files);
    for file in files {
        let content = std::fs::read(&file).unwrap_or_default();
        for canary in [SOURCE_CANARY, VALUE_CANARY, token.as_str(), code.as_str(), session] {
            assert!(!holds(&content, canary), "{canary} in {}", file.display());
        }
    }
}
