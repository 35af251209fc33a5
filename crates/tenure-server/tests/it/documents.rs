//! Documents that are made from the endpoints, compared with what is committed.

use crate::{
    bench::{ADMINISTRATOR, Bench},
    shape,
};
use serde_json::json;
use std::{fmt::Write as _, path::Path};
use tenure_server::Access;

/// Compares with a committed file; a difference is left beside it to be reviewed and renamed.
fn check_golden(path: &Path, made: &str) {
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    if committed != made {
        let beside = path.with_added_extension("new");
        std::fs::write(&beside, made).unwrap();
        panic!("{} is not what is made now; review {} and rename it", path.display(), beside.display());
    }
}

#[tokio::test]
async fn the_openapi_document_is_the_committed_one() {
    let bench = Bench::empty().await;
    let served = bench.get(ADMINISTRATOR, "/api/v1/openapi.json").await;
    assert_eq!(served.json()["openapi"], "3.1.0");
    check_golden(&Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json"), &served.text());
}

#[test]
fn the_table_in_the_handbook_is_made_from_the_endpoints() {
    let mut table = String::from("| call | for | action, resource | leaves |\n|---|---|---|---|\n");
    for endpoint in tenure_server::endpoints() {
        let access = match endpoint.access {
            Access::Open => String::from("open"),
            Access::Signed => String::from("signed"),
            Access::Provisioning => String::from("provisioning token"),
            Access::Decided { action, kind } => format!("{action} {kind}"),
        };
        let leaves = endpoint.evidence.map(|kind| format!("`{kind}`")).unwrap_or_default();
        let _ = writeln!(
            table,
            "| `{} {}` | {} | {access} | {leaves} |",
            endpoint.method, endpoint.path, endpoint.about
        );
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api.md");
    let committed = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = committed.split_once("<!-- endpoints -->\n").expect("the mark before the table");
    let (_, after) = rest.split_once("<!-- end of endpoints -->").expect("the mark after the table");
    check_golden(&path, &format!("{before}<!-- endpoints -->\n{table}<!-- end of endpoints -->{after}"));
}

/// A field that is in the document is known to the endpoint, and none else is.
#[tokio::test]
async fn the_shapes_of_requests_are_those_the_endpoints_take() {
    let bench = Bench::empty().await;
    let mut tried = 0;
    for (path, item) in shape::document()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
            // Unsigned, nothing of it is looked at: `tickets_json.rs` says what its form does not know.
            if path.starts_with("/api/v1/ticket-hooks/") {
                continue;
            }
            let Some(name) = schema.as_str().and_then(|schema| schema.rsplit('/').next()) else { continue };
            let shape = &shape::document()["components"]["schemas"][name];
            assert_eq!(shape["additionalProperties"], false, "{name}");
            let is_unknown = async |field: &str| {
                let (method, path) = (method.to_uppercase(), path.replace(['{', '}'], ""));
                let reply = bench.call(ADMINISTRATOR, &method, &path, Some(&json!({ field: null }))).await;
                assert!(reply.status >= 400, "{method} {path}");
                reply.text().contains("unknown field")
            };
            for field in shape["properties"].as_object().unwrap().keys() {
                assert!(!is_unknown(field).await, "{path} does not know `{field}`");
            }
            assert!(is_unknown("something_else").await, "{path} takes anything");
            tried += 1;
        }
    }
    assert!(tried >= 7, "{tried}");
}
