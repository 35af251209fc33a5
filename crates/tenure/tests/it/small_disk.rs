//! A disk that is really full: a small file system of its own, made by root; skipped, loudly, for others.

use std::{path::Path, process::Command};
use tenure_testbed::{Availability, ready_to_run};

/// A mounted file system in memory; unmounted when dropped.
pub(crate) struct SmallDisk {
    directory: tempfile::TempDir,
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    Command::new("mount").args(arguments).arg(at).output().is_ok_and(|output| output.status.success())
}

impl SmallDisk {
    /// `None`, and a line that says so, where mounting is not allowed.
    pub(crate) fn of(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], directory.path());
        let availability = if mounted {
            Availability::Present
        } else {
            Availability::Missing(String::from("needs root to mount a small file system"))
        };
        ready_to_run("full disk", &availability).then_some(Self { directory })
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Fills every byte that is left.
    pub(crate) fn fill(&self) {
        use std::io::Write as _;
        let filler = self.path().join("filler");
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(filler).unwrap();
        while file.write_all(&[0_u8; 4096]).is_ok() {}
    }

    /// Nothing on it can be written any more.
    pub(crate) fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], self.path()));
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.path()).output();
    }
}
