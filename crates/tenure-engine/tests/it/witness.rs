//! Witnesses: what is kept, what is refused, and what an export then shows.

use crate::bench::{Bench, actor, applied};
use tenure_evidence::{
    Ed25519Signer, Level, NoteSigner as _, Trust, VerifierKey, cosign, verify_export, witness::add_signatures,
};
use tenure_model::PlanKind;

#[tokio::test]
async fn a_cosigned_checkpoint_is_kept_and_exports_carry_it() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    let engine = &deployment.engine;
    let status = engine.log_status().await.unwrap();
    let witness = Ed25519Signer::from_seed("audit-1", &[7; 32]).unwrap();
    let text = tenure_evidence::SignedNote::parse(&status.checkpoint).unwrap().text;
    let line = cosign(&text, 1_795_262_458, &witness).unwrap();
    let cosigned = add_signatures(&status.checkpoint, &[line]).unwrap();

    let alone = engine.keep_cosigned(actor(engine).await, &status.checkpoint).await.unwrap_err();
    assert_eq!(alone.to_string(), "nobody but the log itself signed this checkpoint");
    assert_eq!(engine.keep_cosigned(actor(engine).await, &cosigned).await.unwrap(), ["audit-1"]);

    let export = engine.export_plan(plan).await.unwrap();
    let trust = Trust {
        log_keys: vec![status.keys[0].parse().unwrap()],
        witness_keys: vec![VerifierKey::cosignature_v1("audit-1", &witness.public_key()).unwrap()],
        witness_quorum: 1,
        ..Trust::default()
    };
    let verdict = verify_export(&export.bytes, &trust);
    assert!(matches!(verdict.level, Level::Verified), "{:?}", verdict.level);
    assert_eq!(verdict.cosigners.len(), 1);
}

#[tokio::test]
async fn a_checkpoint_of_another_log_or_another_tree_is_refused() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    let other = Ed25519Signer::from_seed("tenure-other", &[9; 32]).unwrap();
    let size = engine.log_status().await.unwrap().size;
    let checkpoint = tenure_evidence::Checkpoint {
        origin: String::from("tenure-other"),
        size,
        root: tenure_evidence::leaf_hash(b"another tree"),
        extensions: Vec::new(),
    };
    let note = tenure_evidence::sign_checkpoint(&checkpoint, &other).unwrap();
    let refused = engine.keep_cosigned(actor(engine).await, &note).await.unwrap_err();
    assert!(refused.to_string().starts_with("this checkpoint was not signed by the log"), "{refused}");
}
