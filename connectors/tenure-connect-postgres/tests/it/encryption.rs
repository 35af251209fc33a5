//! Encrypted lines: what each `sslmode` demands, and that an encrypted line is watched too.

use crate::stage::{act, name, runtime, secret, shown, start_with, target, try_source};
use tenure_connect::{Act, OutsideFailure};
use tenure_testbed::{Certificate, Postgres, PostgresOptions, needs};

fn encrypted() -> (Postgres, Certificate) {
    let made = Certificate::for_loopback().unwrap();
    let postgres = start_with(PostgresOptions {
        data_files: vec![
            ("server.crt".to_owned(), made.certificate.clone().into_bytes()),
            ("server.key".to_owned(), made.key.clone().into_bytes()),
        ],
        settings: vec![("ssl".to_owned(), "on".to_owned())],
        hba_lines: vec!["hostnossl all tls_only all reject".to_owned()],
        ..PostgresOptions::default()
    });
    (postgres, made)
}

#[test]
fn each_mode_demands_what_it_says() {
    needs!(postgres);
    let folder = tempfile::tempdir().unwrap();
    let (postgres, made) = encrypted();
    std::fs::write(folder.path().join("cert.pem"), made.certificate).unwrap();
    let url = |mode: &str| format!("{}?sslmode={mode}", postgres.url("postgres"));
    let authority = folder.path().join("cert.pem").display().to_string();
    let check = |url: String, options: &[(&str, &str)]| {
        let source = try_source(&[("primary", url)], postgres.password(), options).unwrap();
        runtime().block_on(source.check()).map(|_| ())
    };
    for mode in ["disable", "prefer"] {
        assert_eq!(check(url(mode), &[]), Ok(()), "{mode}");
    }
    let unknown = check(url("require"), &[]).unwrap_err();
    assert!(
        matches!(unknown, OutsideFailure::Refused { .. } | OutsideFailure::Unreachable { .. }),
        "{unknown}"
    );
    assert!(unknown.to_string().contains("certificate"), "{unknown}");
    assert_eq!(check(url("require"), &[("ca-file", &authority)]), Ok(()));
    let other_name = url("require").replace("127.0.0.1", "localhost");
    let failure = check(other_name, &[("ca-file", &authority)]).unwrap_err();
    assert!(failure.to_string().contains("certificate"), "{failure}");
    let missing =
        try_source(&[("primary", url("require"))], "x", &[("ca-file", "/nowhere.pem")]).err().unwrap();
    assert!(missing.to_string().starts_with("the setting `ca-file` cannot be used"), "{missing}");
}

#[test]
fn an_encrypted_line_is_watched_like_an_open_one() {
    needs!(postgres);
    let (postgres, _) = encrypted();
    postgres.sql("postgres", "CREATE ROLE tls_only LOGIN PASSWORD 'first'").unwrap();
    let role = target(&postgres, "tls_only");
    let point = |mode: &str| vec![("primary", format!("{}?sslmode={mode}", postgres.url("postgres")))];
    let source = try_source(&point("prefer"), postgres.password(), &[]).unwrap();
    let open = try_source(&point("disable"), postgres.password(), &[]).unwrap();
    runtime().block_on(async {
        let value = secret("first");
        let probe = async |source: &dyn tenure_connect::Source, value: &tenure_model::Secret<String>| {
            shown(&source.probe(&name("primary"), &role, value).await)
        };
        assert_eq!(probe(&*source, &value).await, "accepted");
        assert!(probe(&*open, &value).await.starts_with("cannot know: the access rules"));
        assert!(probe(&*source, &secret("wrong")).await.starts_with("refused: 28P01"));
        act(&*source, &role, Act::Disable).await.unwrap();
        assert!(probe(&*source, &value).await.starts_with("refused: 28000"));
    });
}
