//! Documents that are made from the endpoints, compared with what is committed.

use crate::bench::{ADMINISTRATOR, Bench};
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
