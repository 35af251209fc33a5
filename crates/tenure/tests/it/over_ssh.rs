//! A machine that is read over SSH, by the program: vouched for first, then added, surveyed, and never changed.

use crate::kill::Deployment;
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};
use tempfile::TempDir;
use tenure_testbed::{SshKey, Sshd, SshdOptions, needs};

fn put(path: &Path, mode: u32, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

struct Stage {
    deployment: Deployment,
    sshd: Sshd,
    root: String,
    key_file: String,
}

fn set() -> Stage {
    let deployment = Deployment { directory: TempDir::new().unwrap() };
    let folder = deployment.directory.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    let root = folder.join("machine");
    let key = SshKey::make(folder, "survey", "ed25519").unwrap();
    put(&folder.join("authorized_keys"), 0o644, &format!("restrict {}\n", key.public));
    put(
        &root.join("etc/passwd"),
        0o644,
        "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/srv/ada:/bin/bash\n",
    );
    put(&root.join("etc/machine-id"), 0o444, "fedcba9876543210fedcba9876543210\n");
    put(&root.join("srv/ada/.ssh/authorized_keys"), 0o644, &format!("{}\n", key.public));
    let further = vec![String::from("Subsystem sftp internal-sftp -R")];
    let sshd = Sshd::start(SshdOptions { key_files: vec![folder.join("authorized_keys")], further }).unwrap();
    deployment.done(&["init"]);
    let (root, key_file) = (root.display().to_string(), key.private().display().to_string());
    Stage { deployment, sshd, root, key_file }
}

#[test]
fn a_machine_over_ssh_is_vouched_for_then_read_and_never_changed() {
    needs!(sshd);
    let Stage { deployment, sshd, root, key_file } = set();
    let url = format!("ssh://{}@127.0.0.1:{}{root}", sshd.user(), sshd.port());
    let key_file = format!("key-file={key_file}");
    let unpinned = deployment.tenure(&["source", "add", "web-1", &url, "--option", &key_file]);
    let said = String::from_utf8(unpinned.stderr).unwrap();
    assert_eq!(unpinned.status.code(), Some(1), "{said}");
    assert!(said.contains("nobody has vouched for it; nothing was sent there"), "{said}");
    assert!(
        said.contains("own console") && said.contains("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub"),
        "{said}"
    );
    assert!(!deployment.done(&["source", "list"]).contains("web-1"));
    // The command that it says is the one that works.
    let command = said.split("tenure source add ").nth(1).unwrap().split_whitespace();
    let mut again = vec!["source", "add"];
    again.extend(command);
    let added = deployment.done(&again);
    assert!(again.iter().any(|word| word.starts_with("host-key=SHA256:")));
    let checked = deployment.done(&["source", "check", "web-1"]);
    assert!(
        checked.contains("over SSH, read-only") && checked.contains("can read accounts"),
        "{added}{checked}"
    );
    deployment.done(&["survey", "web-1"]);
    let keys = deployment.done(&["principals"]);
    assert!(keys.contains("ada/key:survey"), "{keys}");
    let revoked = deployment.tenure(&[
        "revoke",
        "web-1/ada/key:survey",
        "--yes",
        "web-1/ada/key:survey",
        "--reason",
        "test",
    ]);
    let said = String::from_utf8([revoked.stdout, revoked.stderr].concat()).unwrap();
    assert!(!revoked.status.success());
    assert!(said.contains("over SSH Tenure reads a machine and changes nothing"), "{said}");
    assert!(said.contains("sshd -T -C 'user=ada'"), "{said}");
    // The same machine by another way is noticed.
    let here = deployment.done(&["source", "add", "here", &format!("host://{root}")]);
    let here = here + &deployment.done(&["source", "check", "here"]);
    assert!(here.contains("cannot tell its principals from those of `web-1`"), "{here}");
    assert!(here.contains("both read the same machine"), "{here}");
}
