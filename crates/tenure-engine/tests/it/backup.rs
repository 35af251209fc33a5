//! The ceremony: back up, lose, restore as a new log that cites the old.
//!
//! On both databases, and from one into the other. Must never go on in the old log.

use crate::bench::{Bench, actor, applied};
use std::{path::Path, sync::Arc};
use tenure_engine::{CharterChange, Database, PostgresLocation, restore};
use tenure_evidence::{Level, Trust, verify_export};
use tenure_keys::KekSource;
use tenure_model::{PlanId, PlanKind, ProofLevel, Secret};
use tenure_testbed::{Postgres, PostgresOptions};

#[tokio::test]
async fn a_restore_opens_a_new_log_that_cites_the_last_checkpoint_known() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    let to = bench.directory.path().join("backup");
    let made = deployment.engine.backup(actor(&deployment.engine).await, &to).await.unwrap();
    let engine = &deployment.engine;
    engine.own(actor(engine).await, "billing", CharterChange::default()).await.unwrap();
    let last = engine.log_status().await.unwrap();
    let old_key = engine.log_keys()[0].parse().unwrap();
    assert!(last.size > made.size);
    deployment.close().await;

    let lost = bench.directory.path().join("lost");
    std::fs::rename(bench.directory.path().join("data"), &lost).unwrap();
    let mut options = bench.options(bench.randomness());
    options.kek = Some(KekSource::File(lost.join("keys/kek")));
    let (restored, report) = restore(&to, Some(&last.checkpoint), options).await.unwrap();
    assert_eq!((report.old_size, report.last_known_size), (made.size, last.size));
    assert_ne!(report.new_origin, report.old_origin);
    let first = restored.engine.log_page(None, 100).await.unwrap().pop().unwrap().1;
    assert_eq!(first.kind, "log.opened");
    assert_eq!(
        first.facts["old_size"],
        tenure_evidence::FactValue::Integer(i64::try_from(last.size).unwrap())
    );

    let old = std::fs::read(&report.old_log[0]).unwrap();
    let verdict = verify_export(&old, &Trust { log_keys: vec![old_key], ..Trust::default() });
    assert!(matches!(verdict.level, Level::Verified), "{:?}", verdict.level);
    let shown = restored.engine.show_plan(&plan.to_string()).await.unwrap();
    assert!(shown.plan.level.is_some(), "what was known is known again");
}

#[tokio::test]
async fn only_a_checkpoint_of_this_very_log_is_cited() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let to = bench.directory.path().join("backup");
    deployment.engine.backup(actor(&deployment.engine).await, &to).await.unwrap();
    let status = deployment.engine.log_status().await.unwrap();
    deployment.close().await;
    let forged = tenure_evidence::Ed25519Signer::from_seed(&status.origin, &[3; 32]).unwrap();
    let checkpoint = tenure_evidence::Checkpoint {
        origin: status.origin.clone(),
        size: status.size + 100,
        root: tenure_evidence::leaf_hash(b"somebody's own"),
        extensions: Vec::new(),
    };
    let forged = tenure_evidence::sign_checkpoint(&checkpoint, &forged).unwrap();
    let mut options = bench.options(bench.randomness());
    options.kek = Some(KekSource::File(bench.directory.path().join("data/keys/kek")));
    options.directory = bench.directory.path().join("elsewhere");
    let refused = restore(&to, Some(&forged), options).await.err().unwrap();
    assert_eq!(refused.to_string(), "the checkpoint given was not signed by a key of this log");
    assert!(!bench.directory.path().join("elsewhere/keys").exists(), "nothing was laid out");
}

#[tokio::test]
async fn a_deployment_that_a_passphrase_opens_is_restored_with_the_passphrase_alone() {
    use tenure_keys::{Kek, PassphraseCost, RealDisk};
    use tenure_model::Secret;
    let bench = Bench::new();
    let keys = bench.directory.path().join("data/keys");
    let phrase = || Secret::new(String::from("correct horse battery staple"));
    tenure_keys::make_private_directory(&RealDisk, &bench.directory.path().join("data")).unwrap();
    tenure_keys::make_private_directory(&RealDisk, &keys).unwrap();
    let parameters = keys.join("kek.argon2id");
    Kek::create_passphrase(&RealDisk, &parameters, &phrase(), PassphraseCost::LEAST, &mut bench.randomness())
        .unwrap();
    let mut options = bench.options(bench.randomness());
    options.kek = Some(KekSource::Passphrase { phrase: phrase(), parameters });
    let deployment = tenure_engine::Deployment::open(options).await.unwrap();
    let to = bench.directory.path().join("backup");
    deployment.engine.backup(actor(&deployment.engine).await, &to).await.unwrap();
    deployment.close().await;
    std::fs::rename(bench.directory.path().join("data"), bench.directory.path().join("lost")).unwrap();
    let mut options = bench.options(Bench::seeded(2, tenure_connect::chaos::FaultRates::NONE).randomness());
    let nowhere = bench.directory.path().join("nowhere");
    options.kek = Some(KekSource::Passphrase { phrase: phrase(), parameters: nowhere });
    let (restored, report) = restore(&to, None, options).await.unwrap();
    assert_ne!(report.new_origin, report.old_origin);
    drop(restored);
}

#[tokio::test]
async fn a_backup_that_was_altered_is_refused_and_a_deployment_is_never_overwritten() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let to = bench.directory.path().join("backup");
    deployment.engine.backup(actor(&deployment.engine).await, &to).await.unwrap();
    let again = deployment.engine.backup(actor(&deployment.engine).await, &to).await.unwrap_err();
    assert!(again.to_string().contains("is there already"), "{again}");
    deployment.close().await;
    let key = bench.directory.path().join("data/keys/kek");
    let mut options = bench.options(bench.randomness());
    options.kek = Some(KekSource::File(key.clone()));
    let refused = restore(&to, None, options).await.err().unwrap();
    assert!(refused.to_string().contains("holds a deployment already"), "{refused}");

    let ring = to.join("log.ring");
    let mut content = std::fs::read(&ring).unwrap();
    content[10] ^= 1;
    std::fs::write(&ring, content).unwrap();
    let mut options = bench.options(bench.randomness());
    options.kek = Some(KekSource::File(key));
    options.directory = bench.directory.path().join("elsewhere");
    let refused = restore(&to, None, options).await.err().unwrap();
    assert!(refused.to_string().contains("was altered"), "{refused}");
}

fn location(server: &Postgres, database: &str) -> Arc<PostgresLocation> {
    server.create_database(database).unwrap();
    Arc::new(PostgresLocation {
        parameters: format!(
            "host=127.0.0.1 port={} user={} dbname={database}",
            server.port(),
            server.superuser()
        ),
        password: Some(Secret::new(server.password().to_owned())),
        ca_file: None,
    })
}

/// Restores the backup and checks that what was known is known again, in a log that cites the old.
async fn restored_into(bench: &Bench, backup: &Path, database: Database, name: &str, plan: PlanId) {
    let mut options = bench.options(bench.randomness());
    options.kek = Some(KekSource::File(bench.directory.path().join("data/keys/kek")));
    options.directory = bench.directory.path().join(name);
    let is_embedded = matches!(database, Database::Embedded);
    options.database = database;
    let (restored, report) = restore(backup, None, options).await.unwrap();
    // On PostgreSQL an entry gets its number right after it was written.
    let first = loop {
        if let Some((_, first)) = restored.engine.log_page(None, 100).await.unwrap().pop() {
            break first;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((first.kind.as_str(), report.old_size), ("log.opened", report.last_known_size));
    let shown = restored.engine.show_plan(&plan.to_string()).await.unwrap();
    assert_eq!(shown.plan.level, Some(ProofLevel::P4));
    let file = bench.directory.path().join(name).join("tenure.sqlite");
    assert_eq!(file.exists(), is_embedded, "the database is in one place only");
    restored.close().await;
}

#[tokio::test]
async fn a_deployment_on_postgres_is_backed_up_and_restored_into_either_database() {
    tenure_testbed::needs!(postgres);
    let server = Postgres::start(&PostgresOptions::default()).unwrap();
    let mut bench = Bench::new();
    bench.postgres = Some(location(&server, "tenure"));
    let deployment = bench.surveyed().await;
    let plan = applied(&deployment.engine, PlanKind::Revoke, "reporting").await.plan.id;
    let deployment = bench.carry_through(deployment, plan).await;
    let to = bench.directory.path().join("backup");
    deployment.engine.backup(actor(&deployment.engine).await, &to).await.unwrap();
    deployment.close().await;
    restored_into(&bench, &to, Database::Embedded, "embedded", plan).await;
    let empty = location(&server, "empty");
    restored_into(&bench, &to, Database::Postgres(Arc::clone(&empty)), "postgres", plan).await;

    let mut options = bench.options(bench.randomness());
    options.kek = Some(KekSource::File(bench.directory.path().join("data/keys/kek")));
    options.directory = bench.directory.path().join("again");
    options.database = Database::Postgres(empty);
    let refused = restore(&to, None, options).await.err().unwrap().to_string();
    assert!(refused.contains("holds a deployment already"), "{refused}");
}

#[tokio::test]
async fn a_restore_that_fails_leaves_nothing_in_the_way_of_the_next() {
    let mut bench = Bench::new();
    let deployment = bench.surveyed().await;
    let to = bench.directory.path().join("backup");
    deployment.engine.backup(actor(&deployment.engine).await, &to).await.unwrap();
    deployment.close().await;
    let right = bench.directory.path().join("data/keys/kek");
    let elsewhere = bench.directory.path().join("elsewhere.kek");
    std::fs::copy(&right, &elsewhere).unwrap();
    let wrong = bench.directory.path().join("wrong.kek");
    tenure_keys::Kek::create_file(&tenure_keys::RealDisk, &wrong, &mut bench.randomness()).unwrap();
    let into = bench.directory.path().join("into");
    let options = |bench: &Bench, key: &Path| {
        let mut options = bench.options(bench.randomness());
        options.kek = Some(KekSource::File(key.to_owned()));
        options.directory.clone_from(&into);
        options
    };
    assert!(restore(&to, None, options(&bench, &wrong)).await.is_err());
    assert!(!into.exists(), "a half restored directory is no deployment");
    let (restored, _) = restore(&to, None, options(&bench, &elsewhere)).await.unwrap();
    restored.close().await;
    assert!(!into.join("keys/kek").exists(), "a key that is kept elsewhere stays there");
    std::fs::remove_dir_all(&into).unwrap();
    let (restored, _) = restore(&to, None, options(&bench, &right)).await.unwrap();
    restored.close().await;
    assert!(into.join("keys/kek").exists(), "one that was kept beside the rings is kept there again");
}
