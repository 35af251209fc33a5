//! Writes a Debian package: `deb(5)`, an `ar` archive of two compressed tar archives.
//!
//! A pure function from files to bytes: the same files and time give the same package on any machine, with or without
//! dpkg. Everything belongs to root, whoever builds. The outer archive is a few fixed fields and is written here; tar and
//! gzip come from libraries. Never reads a disk or a clock. What goes in is chosen in `contents.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

use anyhow::{Context, Result, bail};
use flate2::{Compression, GzBuilder};
use md5::{Digest as _, Md5};

const DIRECTORY_MODE: u32 = 0o755;

/// A file as it lies in a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PackedFile {
    /// The permissions.
    pub(super) mode: u32,
    pub(super) content: Vec<u8>,
}

impl PackedFile {
    /// For everybody to read.
    pub(super) fn plain(content: impl Into<Vec<u8>>) -> PackedFile {
        PackedFile { mode: 0o644, content: content.into() }
    }

    /// For everybody to run.
    pub(super) fn program(content: impl Into<Vec<u8>>) -> PackedFile {
        PackedFile { mode: 0o755, content: content.into() }
    }
}

/// Files by their path, without a slash at the start.
pub(super) type Files = BTreeMap<String, PackedFile>;

/// What a package is made of.
#[derive(Debug)]
pub(super) struct Package {
    /// The fields of the control file that do not follow from the files, each with its value, in order.
    pub(super) fields: Vec<(&'static str, String)>,
    /// Beside the control file: `postinst` and its like.
    pub(super) scripts: Files,
    pub(super) files: Files,
    /// Seconds since 1970 that everything bears.
    pub(super) epoch_seconds: u64,
}

impl Package {
    /// The package as bytes.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let mut control = self.scripts.clone();
        control.insert("control".to_owned(), PackedFile::plain(self.control()?));
        control.insert("md5sums".to_owned(), PackedFile::plain(self.sums()));
        let members = [
            ("debian-binary", b"2.0\n".to_vec()),
            ("control.tar.gz", compressed(&self.archive(&control)?)?),
            ("data.tar.gz", compressed(&self.archive(&self.files)?)?),
        ];
        let mut package = b"!<arch>\n".to_vec();
        for (name, content) in &members {
            // ar(5): name, time, owner, group, mode, length, each of fixed width; content at even offsets.
            let (time, length) = (self.epoch_seconds, content.len());
            writeln!(package, "{name:<16}{time:<12}{:<6}{:<6}{:<8}{length:<10}`", 0, 0, "100644")?;
            package.extend(content);
            package.extend((length % 2 == 1).then_some(b'\n'));
        }
        Ok(package)
    }

    fn control(&self) -> Result<String> {
        let mut text = String::new();
        for (field, value) in &self.fields {
            // A line of a value that begins at the margin would be a field of its own (deb822(5)).
            if value.is_empty() || value.lines().skip(1).any(|line| !line.starts_with(' ')) {
                bail!("the field `{field}` of the package cannot hold `{value}`");
            }
            writeln!(text, "{field}: {value}")?;
        }
        writeln!(text, "Installed-Size: {}", self.installed_kib())?;
        Ok(text)
    }

    /// In KiB, each file and each folder rounded up, as Debian Policy 5.6.20 counts.
    fn installed_kib(&self) -> usize {
        let files: usize = self.files.values().map(|file| file.content.len().div_ceil(1024)).sum();
        files + folders(&self.files).len()
    }

    fn sums(&self) -> String {
        let line =
            |(path, file): (&String, &PackedFile)| format!("{}  {path}\n", hex(&Md5::digest(&file.content)));
        self.files.iter().map(line).collect()
    }

    fn archive(&self, files: &Files) -> Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        self.append(&mut archive, tar::EntryType::Directory, "./", DIRECTORY_MODE, &[])?;
        // A folder comes before what lies in it: `a/` sorts before `a/b`.
        let folders = folders(files).into_iter().map(|folder| (folder, None));
        let files = files.iter().map(|(path, file)| (path.clone(), Some(file)));
        let all: BTreeMap<String, Option<&PackedFile>> = folders.chain(files).collect();
        for (path, file) in all {
            let path = format!("./{path}");
            match file {
                None => self.append(&mut archive, tar::EntryType::Directory, &path, DIRECTORY_MODE, &[])?,
                Some(file) => {
                    self.append(&mut archive, tar::EntryType::Regular, &path, file.mode, &file.content)?;
                }
            }
        }
        archive.into_inner().context("ending an archive")
    }

    fn append(
        &self,
        archive: &mut tar::Builder<Vec<u8>>,
        kind: tar::EntryType,
        path: &str,
        mode: u32,
        content: &[u8],
    ) -> Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root")?;
        header.set_groupname("root")?;
        header.set_mtime(self.epoch_seconds);
        header.set_size(u64::try_from(content.len())?);
        let name = header.as_gnu_mut().map(|fields| &mut fields.name[..]).unwrap_or_default();
        let Some(place) = name.get_mut(..path.len()) else {
            bail!("the path `{path}` is too long for a package");
        };
        place.copy_from_slice(path.as_bytes());
        header.set_cksum();
        archive.append(&header, content).with_context(|| format!("packing `{path}`"))
    }
}

/// Every folder above the files, each with a slash at its end.
fn folders(files: &Files) -> BTreeSet<String> {
    let above = |path: &String| {
        let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at + 1).collect();
        ends.into_iter().filter_map(|end| path.get(..end).map(str::to_owned)).collect::<Vec<_>>()
    };
    files.keys().flat_map(above).collect()
}

/// In gzip's form, without a name and without a time.
pub(super) fn compressed(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::best());
    encoder.write_all(content).context("compressing")?;
    encoder.finish().context("compressing")
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::io::Read as _;
    use std::process::Command;

    use super::*;

    fn package() -> Package {
        let file = |path: &str, file: PackedFile| (path.to_owned(), file);
        Package {
            fields: vec![
                ("Package", "trial".to_owned()),
                ("Version", "0.1.0".to_owned()),
                ("Architecture", "all".to_owned()),
                ("Maintainer", "Nobody <nobody@example.invalid>".to_owned()),
                ("Description", "a trial\n and nothing else".to_owned()),
            ],
            scripts: Files::from([file("postinst", PackedFile::program("#!/bin/sh\nexit 0\n"))]),
            files: Files::from([
                file("usr/bin/trial", PackedFile::program("#!/bin/sh\necho it runs\n")),
                file("usr/share/doc/trial/copyright", PackedFile::plain("a")),
            ]),
            epoch_seconds: 1_700_000_000,
        }
    }

    /// The members of a package, read back.
    fn members(package: &[u8]) -> HashMap<String, Vec<u8>> {
        let mut members = HashMap::new();
        let mut rest = package.strip_prefix(b"!<arch>\n").unwrap();
        while !rest.is_empty() {
            let header = std::str::from_utf8(&rest[..60]).unwrap();
            assert!(header.ends_with("`\n"), "{header:?}");
            let length: usize = header[48..58].trim().parse().unwrap();
            members.insert(header[..16].trim().to_owned(), rest[60..60 + length].to_vec());
            rest = &rest[60 + length + length % 2..];
        }
        members
    }

    fn entries(archive: &[u8]) -> Vec<(String, u32, u64, u64, u64, String)> {
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(archive).read_to_end(&mut plain).unwrap();
        let mut archive = tar::Archive::new(plain.as_slice());
        let entries = archive.entries().unwrap();
        let read = |entry: tar::Entry<'_, &[u8]>| {
            let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            let header = entry.header();
            let owner = header.username().unwrap().unwrap().to_owned();
            let ids = (header.uid().unwrap(), header.gid().unwrap());
            (path, header.mode().unwrap(), ids.0, ids.1, header.mtime().unwrap(), owner)
        };
        entries.map(|entry| read(entry.unwrap())).collect()
    }

    #[test]
    fn two_runs_give_the_same_bytes_and_another_time_others() {
        let first = package().bytes().unwrap();
        assert_eq!(first, package().bytes().unwrap());
        assert_ne!(first, Package { epoch_seconds: 1_700_000_001, ..package() }.bytes().unwrap());
    }

    #[test]
    fn everything_belongs_to_root_bears_the_time_and_comes_after_its_folder() {
        let members = members(&package().bytes().unwrap());
        assert_eq!(members["debian-binary"], b"2.0\n");
        let data = entries(&members["data.tar.gz"]);
        let paths: Vec<(&str, u32)> = data.iter().map(|entry| (entry.0.as_str(), entry.1)).collect();
        assert_eq!(
            paths,
            [
                ("./", 0o755),
                ("./usr/", 0o755),
                ("./usr/bin/", 0o755),
                ("./usr/bin/trial", 0o755),
                ("./usr/share/", 0o755),
                ("./usr/share/doc/", 0o755),
                ("./usr/share/doc/trial/", 0o755),
                ("./usr/share/doc/trial/copyright", 0o644),
            ]
        );
        for (path, _, uid, gid, time, owner) in data.iter().chain(&entries(&members["control.tar.gz"])) {
            assert_eq!((*uid, *gid, *time, owner.as_str()), (0, 0, 1_700_000_000, "root"), "{path}");
        }
    }

    #[test]
    fn a_value_that_would_become_a_field_and_a_path_that_does_not_fit_are_refused() {
        let mut smuggling = package();
        smuggling.fields.push(("Homepage", "here\nEssential: yes".to_owned()));
        let error = smuggling.bytes().unwrap_err().to_string();
        assert_eq!(error, "the field `Homepage` of the package cannot hold `here\nEssential: yes`");
        let mut long = package();
        long.files.insert("a".repeat(120), PackedFile::plain("a"));
        let error = long.bytes().unwrap_err().to_string();
        assert!(error.ends_with("is too long for a package"), "{error}");
    }

    #[test]
    fn dpkg_reads_what_was_written_and_what_it_unpacks_runs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trial.deb");
        std::fs::write(&path, package().bytes().unwrap()).unwrap();
        let dpkg = |option: &str, rest: &[&std::ffi::OsStr]| {
            Command::new("dpkg-deb").arg(option).arg(&path).args(rest).env("TZ", "UTC").output()
        };
        let Ok(about) = dpkg("--field", &[]) else {
            eprintln!(
                "SKIPPED: dpkg-deb (not installed); the package is read back by our own reader all the same"
            );
            return;
        };
        let about = String::from_utf8(about.stdout).unwrap();
        assert!(about.contains("Package: trial\n") && about.contains("Installed-Size: 7\n"), "{about}");
        let listing = String::from_utf8(dpkg("--contents", &[]).unwrap().stdout).unwrap();
        assert!(listing.contains("-rwxr-xr-x root/root"), "{listing}");
        assert!(listing.contains("2023-11-14 22:13 ./usr/bin/trial"), "{listing}");
        let into = folder.path().join("into");
        let unpacked = dpkg("--extract", &[into.as_os_str()]).unwrap();
        assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
        let ran = Command::new(into.join("usr/bin/trial")).output().unwrap();
        assert_eq!(ran.stdout, b"it runs\n");
    }
}
