//! Tests of the key-encryption key from its three sources, and of every wrong input.
//!
//! Passphrases are derived at the least cost that is accepted. No wrong input may ever be
//! quoted in its refusal, since it may be the secret with one letter wrong.

use super::{Kek, KekRefused, KekSource};
use crate::disk::RealDisk;
use crate::passphrase::PassphraseCost;
use crate::randomness::scripted::{Broken, Counting};
use std::error::Error as _;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tenure_model::Secret;

const PHRASE: &str = "correct horse battery staple";

fn from_text(text: &str) -> Result<Kek, KekRefused> {
    let source =
        KekSource::Environment { variable: "TENURE_KEK".to_owned(), value: Secret::new(text.to_owned()) };
    Kek::load(&RealDisk, &source)
}

fn from_phrase(phrase: &str, parameters: &Path) -> Result<Kek, KekRefused> {
    let source = KekSource::Passphrase {
        phrase: Secret::new(phrase.to_owned()),
        parameters: parameters.to_path_buf(),
    };
    Kek::load(&RealDisk, &source)
}

fn with_passphrase(path: &Path, phrase: &str, cost: PassphraseCost) -> Result<Kek, KekRefused> {
    Kek::create_passphrase(&RealDisk, path, &Secret::new(phrase.to_owned()), cost, &mut Counting::from(1))
}

fn said(refused: &KekRefused, dir: &Path) -> String {
    let cause = refused.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{refused}{cause}").replace(&dir.display().to_string(), "DIR")
}

#[test]
fn a_key_file_gives_the_same_key_as_its_text_in_a_variable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    let made = Kek::create_file(&RealDisk, &path, &mut Counting::from(1)).unwrap();
    let loaded = Kek::load(&RealDisk, &KekSource::File(path.clone())).unwrap();
    assert_eq!((made.id(), made.key().expose()), (loaded.id(), loaded.key().expose()));
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.len(), 45);
    for spelled in [text.as_str(), text.trim_end(), &text.replace('\n', "\r\n")] {
        assert_eq!(from_text(spelled).unwrap().id(), made.id());
    }
    assert_ne!(made.key().expose()[..8], *made.id().as_bytes(), "the id shows the key");
}

#[test]
fn a_key_file_is_never_overwritten_and_never_read_when_others_can() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    let made = Kek::create_file(&RealDisk, &path, &mut Counting::from(1)).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let again = Kek::create_file(&RealDisk, &path, &mut Counting::from(2)).unwrap_err();
    assert_eq!(Kek::load(&RealDisk, &KekSource::File(path.clone())).unwrap().id(), made.id());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = Kek::load(&RealDisk, &KekSource::File(path)).unwrap_err();
    let missing = Kek::load(&RealDisk, &KekSource::File(dir.path().join("none"))).unwrap_err();
    let lines: Vec<_> = [again, open, missing].iter().map(|refused| said(refused, dir.path())).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    the key-encryption key could not be written: `DIR/kek` exists already and is not overwritten; move it away first
    the key-encryption key could not be read: `DIR/kek` is open to others than its owner (mode 0640); run `chmod 600 DIR/kek`, and replace the keys in it if somebody may have read them
    the key-encryption key could not be read: `DIR/none` does not exist
    ");
}

#[test]
fn what_is_no_key_is_refused_without_being_quoted() {
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    assert!(from_text(key).is_ok());
    for wrong in [
        "",
        "\n",
        "hunter2",
        &key[..43],
        &format!("{key}{key}"),
        &format!("{key}\n\n"),
        &format!(" {key}"),
        &key.replace('A', "-"),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9=",
    ] {
        let refused = from_text(wrong).unwrap_err();
        assert!(matches!(refused, KekRefused::NotAKey { .. }), "{wrong}");
        assert!(
            wrong.len() < 5 || !format!("{refused} {refused:?}").contains(wrong.trim()),
            "{wrong} was quoted"
        );
    }
    insta::assert_snapshot!(from_text("hunter2").unwrap_err(), @"environment variable `TENURE_KEK` holds no key: expected 32 random bytes in base64 (44 characters), as `openssl rand -base64 32` prints them");
}

#[test]
fn a_passphrase_gives_the_same_key_again_and_a_wrong_one_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek.argon2id");
    let made = with_passphrase(&path, PHRASE, PassphraseCost::LEAST).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(from_phrase(PHRASE, &path).unwrap().key().expose(), made.key().expose());
    let refused = from_phrase("correct horse battery stable", &path).unwrap_err();
    insta::assert_snapshot!(said(&refused, dir.path()), @"wrong passphrase: it does not give key-encryption key c5e928a56b650eec, which `DIR/kek.argon2id` was made for");
    // Referee: another implementation of Argon2id gives this kek_id from this salt and cost.
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
    {
      "version": 1,
      "kdf": "argon2id",
      "memory_kib": 19456,
      "passes": 2,
      "lanes": 1,
      "salt": "bIKlYsuAjRDWMr6JyFE+vw",
      "kek_id": "c5e928a56b650eec"
    }
    "#);
}

#[test]
fn every_changed_byte_of_the_parameters_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek.argon2id");
    with_passphrase(&path, PHRASE, PassphraseCost::LEAST).unwrap();
    let written = std::fs::read(&path).unwrap();
    for place in 0..written.len() {
        let mut changed = written.clone();
        changed[place] ^= 0x01;
        std::fs::write(&path, changed).unwrap();
        assert!(from_phrase(PHRASE, &path).is_err(), "byte {place}");
    }
    std::fs::write(&path, [b"\n", written.as_slice()].concat()).unwrap();
    assert!(matches!(from_phrase(PHRASE, &path), Err(KekRefused::ParametersAltered { .. })));
}

#[test]
fn a_passphrase_that_is_short_or_a_cost_that_is_mad_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek.argon2id");
    let cost = PassphraseCost::LEAST;
    let mut lines = vec![said(&with_passphrase(&path, "hunter2", cost).unwrap_err(), dir.path())];
    for cost in [
        PassphraseCost { memory_kib: 8, ..cost },
        PassphraseCost { memory_kib: u32::MAX, ..cost },
        PassphraseCost { passes: 1, ..cost },
        PassphraseCost { passes: 1_000_000, ..cost },
        PassphraseCost { lanes: 0, ..cost },
    ] {
        lines.push(said(&with_passphrase(&path, PHRASE, cost).unwrap_err(), dir.path()));
    }
    insta::assert_snapshot!(lines.join("\n"), @r"
    the passphrase is shorter than 12 characters; take five random words or more
    a passphrase cost of memory_kib 8, passes 2, lanes 1 is refused; it must be within 19456 to 4194304, 2 to 64, 1 to 64
    a passphrase cost of memory_kib 4294967295, passes 2, lanes 1 is refused; it must be within 19456 to 4194304, 2 to 64, 1 to 64
    a passphrase cost of memory_kib 19456, passes 1, lanes 1 is refused; it must be within 19456 to 4194304, 2 to 64, 1 to 64
    a passphrase cost of memory_kib 19456, passes 1000000, lanes 1 is refused; it must be within 19456 to 4194304, 2 to 64, 1 to 64
    a passphrase cost of memory_kib 19456, passes 2, lanes 0 is refused; it must be within 19456 to 4194304, 2 to 64, 1 to 64
    ");
    assert!(!path.exists());
}

#[test]
fn without_randomness_there_is_no_key_and_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kek");
    assert!(matches!(Kek::create_file(&RealDisk, &path, &mut Broken), Err(KekRefused::NoRandomness(_))));
    let phrase = Secret::new(PHRASE.to_owned());
    let cost = PassphraseCost::LEAST;
    let refused = Kek::create_passphrase(&RealDisk, &path, &phrase, cost, &mut Broken);
    assert!(matches!(refused, Err(KekRefused::NoRandomness(_))));
    assert!(!path.exists());
}
