//! `tenure demo`: a small machine to try things on, planted below one directory.
//!
//! Everything in it is made up: values are drawn at random and open nothing, keys have no other half. It must never write
//! outside the directory it is given, nor into one that holds anything; so it writes only where nobody else can put a
//! link or another directory in the way. Next: `first_look.rs`, what is said of a machine.

use crate::{
    context::Context,
    failure::{Exit, Failure},
    place::shown,
    render::words::{count, typeable},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use serde_json::json;
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Component, Path, PathBuf},
};
use tenure_keys::{SystemRandomness, draw};

/// Letters that no reader takes for one another; their number divides 256, so that each is as likely.
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const WHAT: &str = "no machine was planted";

const PASSWD: &str = "\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1::/usr/sbin:/usr/sbin/nologin
www-data:x:33:33::/var/www:/usr/sbin/nologin
postgres:x:110:110::/var/lib/postgresql:/bin/bash
ada:x:1000:1000:Ada:/srv/home/ada:/bin/bash
deploy:x:998:998:rolls out the shop:/srv/deploy:/bin/bash
";

/// Plant a small machine to try things on: accounts, services, keys and secrets that open nothing
///
/// Everything is written below the directory, which must be empty or not there yet; values are drawn at random. It is the
/// machine of the README. What is found there reads as on a real one; take the directory away when you are done.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tenure demo /tmp/small-shop
  tenure source add demo host:///tmp/small-shop
  tenure up --data /tmp/small-data --host host:///tmp/small-shop

Exit codes: 0 planted, 1 failed, 2 usage.")]
pub(crate) struct Demo {
    /// Where: a directory that is empty or not there yet
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// A file of the machine: where, who may read it, what is in it.
struct Planted {
    file: &'static str,
    mode: u32,
    content: String,
}

impl Demo {
    pub(super) fn run(self, context: &Context) -> Result<Exit, Failure> {
        let directory = whole(&self.directory)?;
        refuse_what_is_there(&directory)?;
        let directory = made(&directory)?;
        let failed = |error: &dyn std::error::Error| Failure::new(WHAT).caused_by(error);
        let files = machine().map_err(|error| failed(&error))?;
        for one in &files {
            one.write(&directory).map_err(|error| {
                failed(&error)
                    .kept(format!("what was written so far is in {}", shown(&directory)))
                    .next("name a directory that you may write to")
            })?;
        }
        let names: Vec<&str> = files.iter().map(|one| one.file).collect();
        context.document(&json!({ "directory": directory, "files": names }));
        let files = i64::try_from(files.len()).unwrap_or(i64::MAX);
        context.say(format!(
            "Planted a small machine in {}: {}, none of them real.",
            shown(&directory),
            count(files, "file")
        ));
        if context.form == crate::context::Form::Quiet {
            context.print(shown(&directory));
        }
        let address = typeable(&format!("host://{}", directory.display()));
        context.next(format!("tenure source add demo {address}; then tenure survey demo"));
        Ok(Exit::Done)
    }
}

/// The whole path, as an address of it is written.
fn whole(given: &Path) -> Result<PathBuf, Failure> {
    if given.components().any(|part| part == Component::ParentDir) {
        return Err(Failure::usage(WHAT).because("the path goes up with `..`").next("name it without"));
    }
    std::path::absolute(given).map_err(|error| Failure::usage(WHAT).caused_by(&error))
}

/// Nobody's files are mixed with what is made up, or written over.
fn refuse_what_is_there(directory: &Path) -> Result<(), Failure> {
    let refused =
        |why: String| Err(Failure::usage(WHAT).because(why).next("name an empty or a new directory"));
    match fs::symlink_metadata(directory) {
        Err(_) => Ok(()),
        Ok(found) if !found.is_dir() => refused(format!("{} is there and no directory", shown(directory))),
        Ok(_) => match fs::read_dir(directory).map(|mut inside| inside.next().is_none()) {
            Ok(true) => Ok(()),
            Ok(false) => refused(format!("{} is not empty", shown(directory))),
            Err(error) => Err(Failure::new(WHAT).caused_by(&error)),
        },
    }
}

/// Makes the directory, and refuses it where anybody else could change what it is while it is filled: it has to be ours,
/// and every directory above it ours or the system's, and nobody else's to change but for what is their own in it.
fn made(directory: &Path) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(WHAT).caused_by(&error).next("name a directory that you may write to")
    };
    open_folders(directory).map_err(failed)?;
    let directory = directory.canonicalize().map_err(failed)?;
    let us = rustix::process::geteuid().as_raw();
    for above in directory.ancestors() {
        let found = fs::symlink_metadata(above).map_err(failed)?;
        let is_itself = above == directory;
        let is_open = found.mode() & 0o022 != 0 && (is_itself || found.mode() & 0o1000 == 0);
        if is_open || !(found.uid() == us || (found.uid() == 0 && !is_itself)) {
            let why = format!("others may change {}, and so where its files would be written", shown(above));
            return Err(Failure::usage(WHAT).because(why).next("name a new directory in your home"));
        }
    }
    refuse_what_is_there(&directory)?;
    Ok(directory)
}

impl Planted {
    fn write(&self, directory: &Path) -> std::io::Result<()> {
        let path = directory.join(self.file);
        if let Some(folder) = path.parent() {
            open_folders(folder)?;
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(self.mode).open(&path)?;
        file.write_all(self.content.as_bytes())?;
        // A narrow umask would make the file tighter than the machine is meant to have it.
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(self.mode))
    }
}

/// Makes a folder and those above it that are missing, for everybody to enter whatever the umask.
fn open_folders(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder.parent() {
        open_folders(above)?;
    }
    fs::create_dir(folder)?;
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))
}

/// The files of a machine that a small shop could have.
fn machine() -> Result<Vec<Planted>, tenure_keys::RandomnessFailed> {
    let unit = |user: &str, program: &str| format!("[Service]\nUser={user}\nExecStart={program}\n");
    let laptop = public_key("ops@old-laptop")?;
    let aws = format!(
        "[default]\naws_access_key_id = AKIA{}\naws_secret_access_key = {}\n",
        letters::<16>()?,
        mixed::<40>()?
    );
    let servers = format!(
        r#"{{"mcpServers": {{"tickets": {{"command": "npx", "args": ["-y", "tickets-server"], "env": {{"TICKETS_TOKEN": "{}"}}}}}}}}"#,
        mixed::<36>()?
    );
    let file = |file, mode, content| Planted { file, mode, content };
    Ok(vec![
        file("etc/passwd", 0o644, String::from(PASSWD)),
        file("etc/group", 0o644, String::from("sudo:x:27:ada\ndocker:x:99:deploy\n")),
        file("etc/os-release", 0o644, String::from("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n")),
        file("etc/systemd/system/shop.service", 0o644, unit("deploy", "/srv/deploy/shop")),
        file("usr/lib/systemd/system/cron.service", 0o644, unit("root", "/usr/sbin/cron")),
        file("etc/cron.d/backup", 0o644, String::from("0 3 * * * deploy /srv/deploy/backup\n")),
        file("root/.ssh/authorized_keys", 0o600, laptop.clone()),
        file("srv/deploy/.ssh/authorized_keys", 0o600, laptop + &public_key("ci@build")?),
        file("srv/home/ada/.aws/credentials", 0o644, aws),
        file("srv/home/ada/.cursor/mcp.json", 0o600, servers),
        file("srv/deploy/.pgpass", 0o600, format!("db.shop.example:5432:shop:app:{}\n", mixed::<24>()?)),
    ])
}

/// Random letters and digits.
fn letters<const N: usize>() -> Result<String, tenure_keys::RandomnessFailed> {
    let drawn: [u8; N] = draw(&mut SystemRandomness)?;
    Ok(drawn
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect())
}

/// The same, small ones among them.
fn mixed<const N: usize>() -> Result<String, tenure_keys::RandomnessFailed> {
    let small: [u8; N] = draw(&mut SystemRandomness)?;
    let letters = letters::<N>()?;
    let cased = letters.chars().zip(small);
    Ok(cased.map(|(letter, byte)| if byte & 1 == 0 { letter.to_ascii_lowercase() } else { letter }).collect())
}

/// A public key as `ssh-keygen` writes it (RFC 4253 section 6.6, RFC 8709); nobody has the other half.
fn public_key(comment: &str) -> Result<String, tenure_keys::RandomnessFailed> {
    let drawn: [u8; 32] = draw(&mut SystemRandomness)?;
    let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &drawn].concat();
    Ok(format!("ssh-ed25519 {} {comment}\n", STANDARD.encode(blob)))
}
