//! What fuzzing begins with: the files of the planted machine, by the family of readers that reads them.
//!
//! Not a test: `cargo xtask fuzz` runs it. Nothing of it is committed, because the files look like credentials.

use std::fs;
use std::path::{Path, PathBuf};

/// Families, and parts of the paths whose files they begin with.
const FAMILIES: [(&str, &[&str]); 9] = [
    ("certificates", &[".crt", ".der", ".pem", ".cer"]),
    ("keys", &[".key", ".pem", "id_ed25519", "authorized_keys", "ssh_host_", "by_name", ".ppk"]),
    ("accounts", &["etc/passwd", "etc/shadow", "etc/group"]),
    ("services", &[".service", ".timer", ".conf", "cron", ".plist"]),
    ("ssh_server", &["sshd_config"]),
    ("trees", &[".json", ".yml", ".yaml", ".toml", ".kube/config"]),
    (
        "sections",
        &[
            ".aws/",
            ".npmrc",
            ".pypirc",
            ".netrc",
            ".pgpass",
            ".cnf",
            ".git-credentials",
            ".terraformrc",
            ".vault-token",
        ],
    ),
    ("environment", &[".env", ".bashrc", ".fish", "etc/default"]),
    ("hints", &[".gitconfig", "CODEOWNERS"]),
];

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.push(path);
        }
    }
}

#[test]
#[ignore = "it writes what `cargo xtask fuzz` begins with"]
fn write_the_seeds_of_the_fuzz_targets() {
    let into = PathBuf::from(std::env::var_os("TENURE_FUZZ_SEEDS").unwrap());
    let machine = crate::planted::machine();
    let mut planted = Vec::new();
    files(machine.folder.path(), &mut planted);
    for (family, parts) in FAMILIES {
        let folder = into.join(family);
        fs::create_dir_all(&folder).unwrap();
        let fits = |path: &&PathBuf| parts.iter().any(|part| path.to_string_lossy().contains(part));
        for (number, path) in planted.iter().filter(fits).enumerate() {
            fs::copy(path, folder.join(format!("planted-{number}"))).unwrap();
        }
        assert!(fs::read_dir(&folder).unwrap().next().is_some(), "{family}");
    }
}
