//! What OpenSSH itself says about keys that it made, against what the reader says.
//!
//! Keys are made in a temporary directory by the machine's `ssh-keygen`, in each format it writes. Without the
//! program the test says so loudly. It must never look at a key that was there before.

use std::path::Path;
use std::process::{Command, Stdio};
use tenure_connect_host::read::authorized_keys;
use tenure_connect_host::read::private_key::{PrivateKey, read};

const TYPES: [&[&str]; 4] = [
    &["-t", "ed25519"],
    &["-t", "rsa", "-b", "2048"],
    &["-t", "ecdsa", "-b", "256"],
    &["-t", "ecdsa", "-b", "521"],
];

fn is_installed() -> bool {
    let found =
        Command::new("ssh-keygen").arg("-?").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        println!("SKIPPED: ssh-keygen (not installed)");
    }
    found
}

/// Makes a key; answers what the reader and OpenSSH say of it.
fn made(folder: &Path, name: &str, arguments: &[&str], passphrase: &str) -> (PrivateKey, String, u32) {
    let path = folder.join(name);
    let made =
        Command::new("ssh-keygen").args(["-q", "-N", passphrase, "-f"]).arg(&path).args(arguments).status();
    assert!(made.unwrap().success());
    let told = Command::new("ssh-keygen").arg("-lf").arg(path.with_extension("pub")).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let mut words = told.split_whitespace();
    let bits = words.next().unwrap().parse().unwrap();
    let fingerprint = words.next().unwrap().to_owned();
    let line = authorized_keys::read(&std::fs::read(path.with_extension("pub")).unwrap()).things.remove(0);
    assert_eq!((&line.key.fingerprint, line.key.bits), (&fingerprint, Some(bits)), "{name}");
    let mut parsed = read(&std::fs::read(&path).unwrap());
    assert_eq!((parsed.things.len(), parsed.skipped.len()), (1, 0), "{name}");
    (parsed.things.remove(0), fingerprint, bits)
}

#[test]
fn openssh_and_the_reader_agree_on_every_key() {
    if !is_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (number, of_type) in TYPES.into_iter().enumerate() {
        for (format, encrypted) in
            [("", false), ("", true), ("PEM", false), ("PEM", true), ("PKCS8", false), ("PKCS8", true)]
        {
            let mut arguments = of_type.to_vec();
            if !format.is_empty() {
                arguments.extend(["-m", format]);
            }
            let passphrase = if encrypted { "a passphrase for a test" } else { "" };
            let name = format!("{number}-{format}-{encrypted}");
            let (key, fingerprint, bits) = made(folder.path(), &name, &arguments, passphrase);
            assert_eq!(key.encrypted, encrypted, "{name}");
            match &key.public {
                Some(public) => {
                    assert_eq!(public.ssh_fingerprint.as_deref(), Some(fingerprint.as_str()), "{name}");
                    assert_eq!(public.bits, Some(bits), "{name}");
                }
                // Only OpenSSH's own format keeps the public key outside the encrypted part.
                None => assert!(encrypted && !format.is_empty(), "{name}"),
            }
        }
    }
}
