//! When nothing can be written down: what is refused says which way is left, and that way works.

use crate::bench::{AUDITOR, Bench, OPERATOR};
use serde_json::json;

#[tokio::test]
async fn a_plan_that_cannot_be_written_names_the_way_by_hand_and_that_way_only_reads() {
    let bench = Bench::surveyed().await;
    let plan = bench.draft("revoke", "reporting").await["plan"].clone();
    let (handle, digest) = (plan["handle"].as_str().unwrap(), plan["digest"].as_str().unwrap());
    let before = bench.engine.log_status().await.unwrap().size;
    bench.break_disk();
    let shown = bench.get(OPERATOR, "/api/v1/identities/reporting").await.json();
    let identity = shown["identity"]["handle"].as_str().unwrap().to_owned();
    let body = json!({ "kind": "revoke", "identity": "reporting", "reason": "leaked" });
    for (path, body) in [
        ("/api/v1/plans".to_owned(), body),
        (format!("/api/v1/plans/{handle}/apply"), json!({ "digest": digest })),
    ] {
        let refused = bench.post(OPERATOR, &path, &body).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.problem().replace(&identity, "IDENTITY"), @"503 the disk did not confirm a write; Tenure stopped writing. Check the disk, then start Tenure again [if it cannot wait until that is mended: `tenure revoke IDENTITY --by-hand` prints the system's own commands]");
        }
    }
    let by_hand = bench.get(AUDITOR, "/api/v1/identities/reporting/by-hand").await;
    assert_eq!(by_hand.status, 200, "{}", by_hand.text());
    insta::assert_snapshot!(by_hand.text(), @r#"[{"source_name":"main","principal_name":"reporting","commands":[]}]"#);
    assert_eq!(bench.engine.log_status().await.unwrap().size, before, "nothing was recorded");
    assert!(bench.world.effects().is_empty(), "nothing was done");
}

/// The twin: what is refused for another reason is not told to act behind Tenure's back.
#[tokio::test]
async fn a_plan_that_is_refused_for_another_reason_does_not_name_it() {
    let bench = Bench::surveyed().await;
    let body = json!({ "kind": "revoke", "identity": "tenure", "reason": "x" });
    let refused = bench.post(OPERATOR, "/api/v1/plans", &body).await;
    assert!(refused.status >= 400 && !refused.text().contains("--by-hand"), "{}", refused.text());
}
