//! The first run, as a newcomer has it: one command on a planted machine, and where it leads.
//!
//! Its transcript is docs/first-run.md, and the first command of it stands in the README. `UPDATE_TOUR=1` rewrites
//! both; without it, they are compared with times, ids and ports levelled. Next: `first_look.rs`, the single behaviours.

use crate::program::Place;
use crate::transcript::{self, Transcript, typed};
use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

const HEAD: &str = "# The first run\n\n\
One command on a machine that a small shop could have. Everything below is the output of\n\
`crates/tenure/tests/it/first_run.rs`, which runs in CI on a planted machine; only paths, ids, keys and times were put in\n\
place of those of that run. On your own machine it is `tenure up`, without `--host`.\n";

/// Letters of a value that looks like a secret, made here so that this file holds none.
fn value(prefix: &str, seed: u64, length: usize) -> String {
    let letters = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";
    let mut state = seed;
    let drawn = (0..length).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[usize::try_from(state >> 33).unwrap() % letters.len()])
    });
    format!("{prefix}{}", drawn.collect::<String>())
}

/// A public key as `ssh-keygen` writes it; nobody has the other half.
fn public_key(seed: u8, comment: &str) -> String {
    let mut blob = vec![0, 0, 0, 11];
    blob.extend_from_slice(b"ssh-ed25519");
    blob.extend_from_slice(&[0, 0, 0, 32]);
    blob.extend(std::iter::repeat_n(seed, 32));
    format!("ssh-ed25519 {} {comment}\n", base64(&blob))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[usize::try_from(word >> (18 - 6 * place) & 63).unwrap()];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn planted(place: &Place) -> PathBuf {
    let root = place.folder.path().join("machine");
    let put = |file: &str, mode: u32, content: &str| {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    };
    fs::create_dir_all(&root).unwrap();
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
    put(
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n\
         www-data:x:33:33::/var/www:/usr/sbin/nologin\npostgres:x:110:110::/var/lib/postgresql:/bin/bash\n\
         ada:x:1000:1000:Ada:/srv/home/ada:/bin/bash\ndeploy:x:998:998:rolls out the shop:/srv/deploy:/bin/bash\n",
    );
    put("etc/group", 0o644, "sudo:x:27:ada\ndocker:x:99:deploy\n");
    put("etc/os-release", 0o644, "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
    let unit = |user: &str, program: &str| format!("[Service]\nUser={user}\nExecStart={program}\n");
    put("etc/systemd/system/shop.service", 0o644, &unit("deploy", "/srv/deploy/shop"));
    put("usr/lib/systemd/system/cron.service", 0o644, &unit("root", "/usr/sbin/cron"));
    put("etc/cron.d/backup", 0o644, "0 3 * * * deploy /srv/deploy/backup\n");
    put("root/.ssh/authorized_keys", 0o600, &public_key(7, "ops@old-laptop"));
    put(
        "srv/deploy/.ssh/authorized_keys",
        0o600,
        &(public_key(7, "ops@old-laptop") + &public_key(9, "ci@build")),
    );
    let aws = format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        value("AKIA", 3, 16).to_ascii_uppercase().replace(['0', '1', '8', '9'], "A"),
        value("", 4, 40)
    );
    put("srv/home/ada/.aws/credentials", 0o644, &aws);
    let servers = format!(
        r#"{{"mcpServers": {{"tickets": {{"command": "npx", "args": ["-y", "tickets-server"], "env": {{"TICKETS_TOKEN": "{}"}}}}}}}}"#,
        value("", 5, 36)
    );
    put("srv/home/ada/.cursor/mcp.json", 0o600, &servers);
    put("srv/deploy/.pgpass", 0o600, &format!("db.shop.example:5432:shop:app:{}\n", value("", 6, 24)));
    root
}

/// Each handle, and one that stays the same from run to run.
fn place_handles(listed: &serde_json::Value) -> Vec<(String, String)> {
    let handle = |row: &serde_json::Value| row["handle"].as_str().unwrap().to_owned();
    let stable = (b'a'..).map(|letter| format!("k7wd2{}", char::from(letter)));
    listed["items"].as_array().unwrap().iter().map(handle).zip(stable).collect()
}

#[test]
fn the_first_run() {
    let place = Place::new();
    let root = planted(&place);
    let mut transcript = Transcript::default();
    let host = format!("host://{}", root.display());
    let mut up = place.begin(&["up", "--listen", "127.0.0.1:0", "--host", &host]);
    let said = up.until("Next: ");
    transcript.heading("One command");
    transcript.prose("Nothing is configured, nothing on the machine is changed, and no secret leaves it: values are kept as keyed fingerprints.");
    transcript.said("tenure up", &said);
    transcript.heading("What is there");
    transcript.prose(
        "What comes with the system is its vendor's; the rest is somebody's, and nobody has said yet whose.",
    );
    typed(&mut transcript, &place, "tenure identities", 0);
    transcript.heading("What is wrong whoever owns it");
    typed(&mut transcript, &place, "tenure findings --queue", 0);
    transcript.heading("One of them, from its copy to what is known");
    typed(&mut transcript, &place, "tenure show 'this-host/~ada/.aws/credentials[profile default]'", 0);
    transcript.heading("What could not be seen");
    typed(&mut transcript, &place, "tenure source list", 0);
    let listed = place.done(&["identities", "--json"]).json();
    up.stop().ended(0);
    let log = said.lines().find_map(|line| line.trim().strip_prefix("tenure-")).unwrap().to_owned();
    let home = place.path("").display().to_string();
    let handles = place_handles(&listed);
    let mut pairs = vec![
        (host.as_str(), "host:///"),
        (log.as_str(), "7f3a09c1+8c1e52d0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"),
        (log.split('+').next().unwrap(), "7f3a09c1"),
        (home.trim_end_matches('/'), "~"),
    ];
    pairs.extend(handles.iter().map(|(from, to)| (from.as_str(), to.as_str())));
    let text = transcript::settled(HEAD, &transcript.0, &pairs);
    transcript::compare("docs/first-run.md", &text);
    transcript::compare_part("README.md", "first", &transcript::command_of(&text, "tenure up"));
}
