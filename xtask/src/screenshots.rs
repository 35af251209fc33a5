//! `cargo xtask screenshots`: walks the console in a browser as its test does, and keeps pictures for docs/console.md.
//!
//! It must never draw a picture of anything but the test's own private deployment. Next:
//! `crates/tenure/tests/it/console.rs`, which plants it, and `console/e2e/walk.mjs`, which walks.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::repository;
use crate::servers::{self, Installing, Skipping};
use crate::stages::must_succeed;
use crate::test::cargo_at;

/// Pictures of the wide pages, light; and a few of the narrow ones, dark.
const KEPT: [&str; 27] = [
    "sign-in-1280-light",
    "now-1280-light",
    "now-390-dark",
    "identities-1280-light",
    "identities-390-dark",
    "identities-filtered-1280-light",
    "principals-1280-light",
    "credentials-1280-light",
    "rights-1280-light",
    "identity-1280-light",
    "identity-390-dark",
    "charter-previewed-1280-light",
    "finding-1280-light",
    "exceptions-1280-light",
    "exception-1280-light",
    "whose-1280-light",
    "report-1280-light",
    "plans-1280-light",
    "plan-proposed-1280-light",
    "plan-proposed-390-dark",
    "plan-proved-1280-light",
    "evidence-1280-light",
    "entry-1280-light",
    "sources-1280-light",
    "source-held-1280-light",
    "programme-1280-light",
    "doctor-1280-light",
];

/// Bytes of all pictures together, at most.
const BYTES_MAX: u64 = 3_500 * 1024;

pub(crate) fn run() -> Result<ExitCode> {
    let root = repository::root()?;
    servers::ensure(Installing::Allowed, Skipping::IsFailure)?;
    let taken = root.join("target/screenshots");
    let walk = ["test", "--locked", "-p", "tenure", "--test", "it", "console::every_page"];
    must_succeed(cargo_at(&root).args(walk).env("TENURE_SCREENSHOTS", &taken))?;
    let bytes = keep(&taken, &root.join("docs/console"))?;
    println!("{} pictures of {} KiB in docs/console", KEPT.len(), bytes / 1024);
    if bytes > BYTES_MAX {
        bail!("that is too much: {} KiB are the limit", BYTES_MAX / 1024);
    }
    Ok(ExitCode::SUCCESS)
}

/// Copies what is kept; answers how large it is.
fn keep(taken: &Path, kept: &Path) -> Result<u64> {
    fs::create_dir_all(kept).with_context(|| format!("creating {}", kept.display()))?;
    let mut bytes = 0;
    for name in KEPT {
        let from = taken.join(format!("{name}.png"));
        bytes += fs::copy(&from, kept.join(format!("{name}.png")))
            .with_context(|| format!("copying {}", from.display()))?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::KEPT;

    #[test]
    fn every_picture_that_is_kept_is_shown_and_the_other_way_round() {
        let root = crate::repository::root().unwrap();
        let shown = std::fs::read_to_string(root.join("docs/console.md")).unwrap();
        for name in KEPT {
            assert!(shown.contains(&format!("(console/{name}.png)")), "{name} is not shown");
            assert!(root.join(format!("docs/console/{name}.png")).is_file(), "{name} is not there");
        }
        assert_eq!(shown.matches("](console/").count(), KEPT.len());
    }
}
