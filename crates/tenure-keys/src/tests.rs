//! Planted secrets appear nowhere: not in `Debug`, not in errors, not in files in clear.
//!
//! One test goes once through the whole room with secrets it knows, collects all that was
//! shown or written, and looks for each secret in every spelling. It must never be made to
//! pass by leaving a place out. The rooms' own tests are beside them.

use crate::disk::{Disk, RealDisk};
use crate::escrow::{Escrow, SealedValue};
use crate::fingerprint::{Fingerprint, FingerprintOf};
use crate::kek::{Kek, KekSource};
use crate::keyring::Keyring;
use crate::passphrase::PassphraseCost;
use crate::password::generate_password;
use crate::randomness::scripted::Counting;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tenure_model::{Instant, Secret};

const CANARY: &str = "canary-Zx81-horse-staple";
const ID: &str = "01990f3e-0000-7000-8000-00000000abcd";
const NOW: Instant = Instant::from_micros(1_795_262_458_000_000);

/// Bytes in the ways they could be printed or stored.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let list = format!("{secret:?}");
    let mut all = vec![secret.to_vec(), hex.to_uppercase().into_bytes(), hex.into_bytes()];
    all.push(list.trim_matches(['[', ']']).as_bytes().to_vec());
    for text in [STANDARD.encode(secret), STANDARD_NO_PAD.encode(secret), URL_SAFE_NO_PAD.encode(secret)] {
        all.push(text.into_bytes());
    }
    all
}

fn assert_absent(place: &str, content: &[u8], secrets: &[Vec<u8>]) {
    for secret in secrets {
        for spelled in spellings(secret) {
            assert!(
                !content.windows(spelled.len()).any(|window| window == spelled),
                "a secret is in {place}"
            );
        }
    }
}

fn files_below(dir: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(dir)
        .unwrap()
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files_below(&path) } else { vec![path] }
        })
        .collect()
}

/// The whole chain of an error, shown and debugged.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(cause) = next {
        let _ = write!(text, " {cause} {cause:?}");
        next = cause.source();
    }
    text
}

#[test]
fn planted_secrets_are_in_no_file_no_debug_output_and_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let mut randomness = Counting::from(1);
    let phrase = Secret::new(CANARY.to_owned());
    let parameters = dir.path().join("kek.argon2id");
    let kek =
        Kek::create_passphrase(disk.as_ref(), &parameters, &phrase, PassphraseCost::LEAST, &mut randomness)
            .unwrap();
    let keys = dir.path().join("keys");
    let mut ring = Keyring::create(&disk, &keys, &kek, "log", NOW, &mut randomness).unwrap();
    ring.sealer.rotate(NOW, &kek, &mut randomness).unwrap();
    ring.log.rotate(NOW, &kek, &mut randomness).unwrap();
    let escrow = Escrow::open(Arc::clone(&disk), &dir.path().join("escrow")).unwrap();

    let bytes = Secret::new(CANARY.as_bytes().to_vec());
    let sealed = ring.sealer.seal(&bytes, b"row", &mut randomness).unwrap();
    let kept = escrow.keep(ID, &phrase, &ring.sealer, &mut randomness).unwrap();
    let print = ring.fingerprints.take(FingerprintOf::Value, &bytes);
    let password = generate_password(&mut randomness).unwrap();
    let source = KekSource::Passphrase { phrase: Secret::new(CANARY.to_owned()), parameters };
    let secrets =
        [CANARY.as_bytes().to_vec(), kek.key().expose().to_vec(), password.expose().as_bytes().to_vec()];

    let shown =
        format!("{kek:?} {ring:?} {escrow:?} {sealed:?} {kept:?} {print:?} {print} {password:?} {source:?}");
    assert_absent("Debug output", shown.as_bytes(), &secrets);

    let variable =
        KekSource::Environment { variable: "KEK".to_owned(), value: Secret::new(CANARY.to_owned()) };
    let file = dir.path().join("kek");
    crate::files::write_new_private(disk.as_ref(), &file, CANARY.as_bytes()).unwrap();
    let other = Kek::create_file(disk.as_ref(), &dir.path().join("other"), &mut randomness).unwrap();
    let errors = [
        chain(&Kek::load(disk.as_ref(), &variable).unwrap_err()),
        chain(&Kek::load(disk.as_ref(), &KekSource::File(file.clone())).unwrap_err()),
        chain(&Keyring::open(&disk, &keys, &other).unwrap_err()),
        chain(&ring.sealer.open(&sealed, b"other row").unwrap_err()),
        chain(
            &escrow
                .reveal(ID, &SealedValue::from_bytes(CANARY.as_bytes().to_vec()), &ring.sealer)
                .unwrap_err(),
        ),
        chain(&escrow.keep(ID, &phrase, &ring.sealer, &mut randomness).unwrap_err()),
        chain(&CANARY.parse::<Fingerprint>().unwrap_err()),
    ];
    assert_absent("an error", errors.join("\n").as_bytes(), &secrets);

    std::fs::remove_file(file).unwrap();
    for path in files_below(dir.path()) {
        assert_absent(&path.display().to_string(), &std::fs::read(&path).unwrap(), &secrets);
    }
}
