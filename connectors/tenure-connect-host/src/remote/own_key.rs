//! The private key that Tenure logs in to another machine with: read from its file for each connection, kept nowhere.
//!
//! A file that others may read or replace is refused, as `ssh` refuses it. This file must never put any of the key, or
//! of a passphrase, into an error. Next: `line.rs`.

use russh::keys::PrivateKey;
use rustix::fs::{FileType, Mode, OFlags};
use std::io::Read as _;
use std::path::Path;
use tenure_connect::OutsideFailure;
use tenure_model::{Secret, printable};
use zeroize::Zeroizing;

/// Largest key file that is read, in bytes.
const KEY_BYTES_MAX: u64 = 64 * 1024;

/// Reads the key. `passphrase` opens it when it is encrypted.
pub(super) fn read(path: &Path, passphrase: Option<&Secret<String>>) -> Result<PrivateKey, OutsideFailure> {
    let shown = printable(&path.display().to_string(), 200);
    let refused = |why: &str, remedy: &str| OutsideFailure::Refused {
        code: String::from("key file"),
        why: format!("`{shown}`: {why}"),
        remedy: remedy.to_owned(),
    };
    let text = content(path).map_err(|(why, remedy)| refused(&why, remedy))?;
    let another = "make one for this alone: ssh-keygen -t ed25519, and put its public half on that machine";
    let text =
        std::str::from_utf8(&text).map_err(|_| refused("it is not a private key of OpenSSH", another))?;
    let key = PrivateKey::from_openssh(text).map_err(|_| {
        refused("it is not a private key of OpenSSH (`-----BEGIN OPENSSH PRIVATE KEY-----`)", another)
    })?;
    if key.algorithm().is_rsa() {
        return Err(refused("it is an RSA key, which this client does not sign with", another));
    }
    if !key.is_encrypted() {
        return Ok(key);
    }
    let Some(passphrase) = passphrase else {
        let remedy = "add the source again with --password-file FILE that holds its passphrase, or use a key without one";
        return Err(refused("it is encrypted, and no passphrase was given", remedy));
    };
    key.decrypt(passphrase.expose()).map_err(|_| {
        refused("its passphrase is another one", "add the source again with the right --password-file")
    })
}

/// The file's bytes, if it is ours alone.
fn content(path: &Path) -> Result<Zeroizing<Vec<u8>>, (String, &'static str)> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let handle = rustix::fs::open(path, flags, Mode::empty()).map_err(|errno| {
        let why = std::io::Error::from_raw_os_error(errno.raw_os_error()).to_string();
        (
            format!("it could not be opened: {why}"),
            "give the path of a key that the account Tenure runs as may read",
        )
    })?;
    let stat = rustix::fs::fstat(&handle)
        .map_err(|_| (String::from("it could not be looked at"), "give the path of a file"))?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err((String::from("it is not a regular file"), "give the path of a private key"));
    }
    let us = rustix::process::geteuid().as_raw();
    if stat.st_uid != us && stat.st_uid != 0 {
        return Err((
            String::from("it belongs to another account"),
            "chown it to the account Tenure runs as",
        ));
    }
    if stat.st_mode & 0o077 != 0 {
        let why = format!("others may read or change it (mode {:04o})", stat.st_mode & 0o7777);
        return Err((why, "if nobody has read it: chmod 0600; otherwise make a new key"));
    }
    let mut content = Zeroizing::new(Vec::with_capacity(usize::try_from(KEY_BYTES_MAX).unwrap_or(0) + 1));
    let read = std::fs::File::from(handle).take(KEY_BYTES_MAX + 1).read_to_end(&mut content);
    match read {
        Ok(read) if u64::try_from(read).is_ok_and(|read| read <= KEY_BYTES_MAX) => Ok(content),
        Ok(_) => Err((String::from("it is too large for a key"), "give the path of a private key")),
        Err(why) => Err((format!("it could not be read: {why}"), "give the path of a private key")),
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use tempfile::TempDir;
    use tenure_model::Secret;

    fn put(folder: &TempDir, mode: u32, content: &[u8]) -> PathBuf {
        let path = folder.path().join(format!("key-{mode:o}-{}", content.len()));
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn why(path: &std::path::Path) -> String {
        read(path, None).err().unwrap().to_string()
    }

    #[test]
    fn a_key_that_others_may_read_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for mode in [0o644, 0o640, 0o604, 0o620, 0o601] {
            let path = put(&folder, mode, b"-----BEGIN OPENSSH PRIVATE KEY-----\n");
            assert!(why(&path).contains(&format!("others may read or change it (mode {mode:04o})")));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_and_none_of_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = put(&folder, 0o600, b"hunter2 hunter2");
        assert!(why(&path).contains("not a private key of OpenSSH") && !why(&path).contains("hunter2"));
        assert!(why(&put(&folder, 0o600, &vec![b'a'; 70_000])).contains("too large"));
        assert!(why(&put(&folder, 0o600, b"\xff")).contains("not a private key"));
        assert!(why(folder.path()).contains("not a regular file"));
        assert!(why(&folder.path().join("gone")).contains("could not be opened"));
    }

    #[test]
    fn an_encrypted_key_needs_its_passphrase() {
        let Ok(made) = std::process::Command::new("ssh-keygen").arg("-V").output() else { return };
        drop(made);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-a", "1", "-N", "open sesame", "-f"])
            .arg(&path)
            .status();
        assert!(made.unwrap().success());
        assert!(why(&path).contains("it is encrypted, and no passphrase was given"));
        let open = |given: &str| read(&path, Some(&Secret::new(given.to_owned())));
        let wrong = open("hunter2").err().unwrap().to_string();
        assert!(wrong.contains("its passphrase is another one") && !wrong.contains("hunter2"));
        assert!(!open("open sesame").unwrap().is_encrypted());
    }
}
