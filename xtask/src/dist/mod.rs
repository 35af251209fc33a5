//! `cargo xtask dist`: a static program and a Debian package of it, in `target/dist`.
//!
//! Made for the machine it runs on. One program packed twice gives the same bytes. Everything is checked before it is put
//! there: a run that fails leaves nothing that could be handed on. Reads in this order: `release.rs` (what is packed),
//! `binary.rs` (the program), `contents.rs` (what lies where), `deb.rs` (the package). For people: docs/install.md.

mod binary;
mod contents;
mod deb;
mod elf;
mod notices;
#[cfg(test)]
mod packaged;
mod release;
mod toolchain;
mod traces;

use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::repository;
use crate::stages::Stages;
use binary::Workshop;
use contents::{Built, Scratch};
use deb::{Files, Package};
use release::Release;

/// `cargo xtask dist` on the command line.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Cargo's profile; `dev` builds sooner and makes a program that is slow and large.
    #[arg(long, default_value = "release")]
    profile: String,
}

/// Something that is handed on.
struct Product {
    name: String,
    mode: u32,
    content: Vec<u8>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let root = repository::root()?;
    let target = toolchain::present()?;
    let release = Release::read(&root)?;
    let workshop = Workshop::look(&root, &target)?;
    println!("packing Tenure {} for {}", release.package_version, target.triple);
    let folder = workshop.output.join("dist");
    // What an earlier run made must not be mistaken for what this one made.
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("removing {}", folder.display()));
        }
        _ => {}
    }

    let mut stages = Stages::begin();
    let program = stages.run("build", || binary::build(&workshop, &target, &options.profile))?;
    let bytes = stages.run("check the program", || binary::check(&workshop, &release, &program))?;
    let libraries = notices::linked(&workshop.metadata, "tenure")?;
    let notices = notices::document(&libraries, &notices::bases()?)?;
    let built = Built { program: &program, bytes: bytes.clone(), notices: &notices };
    let package = stages.run("package", || contents::package(&root, &target, &release, built))?;
    let packed = stages.run("check the package", || check(&workshop, &release, &program, &package))?;

    let version = &release.package_version;
    let products = [
        Product { name: format!("tenure-{version}-{}", target.triple), mode: 0o755, content: bytes },
        Product { name: format!("tenure_{version}_{}.deb", target.debian), mode: 0o644, content: packed },
        Product { name: format!("tenure-{version}-notices.txt"), mode: 0o644, content: notices.into_bytes() },
    ];
    put(&folder, &products)?;
    println!("\nin {}:", shown(&folder, &root));
    println!("{}", table(&products));
    println!("  with the notices of {} libraries; check with: sha256sum --check SHA256SUMS", libraries.len());
    Ok(ExitCode::SUCCESS)
}

/// Refuses a package that names this machine, differs at a second writing, or does not unpack into a program
/// that runs. Answers its bytes.
fn check(workshop: &Workshop, release: &Release, program: &Path, package: &Package) -> Result<Vec<u8>> {
    must_name_nothing_of_this_machine(&package.files, &workshop.folders())?;
    let bytes = package.bytes()?;
    if package.bytes()? != bytes {
        bail!("the package differs at a second writing");
    }
    let folder = Scratch::beside(program, "package")?;
    let path = folder.path().join("tenure.deb");
    fs::write(&path, &bytes).with_context(|| format!("writing {}", path.display()))?;
    let into = folder.path().join("into");
    if !binary::unpacks_and_runs(&path, &into, release)? {
        println!("   SKIPPED: dpkg-deb (not installed); nobody else has read the package yet");
    }
    Ok(bytes)
}

/// Looks into compressed files too: a manual or a notice may name a folder as well as a program.
fn must_name_nothing_of_this_machine(files: &Files, folders: &[PathBuf]) -> Result<()> {
    for (path, file) in files {
        let mut unpacked = Vec::new();
        let content = if Path::new(path).extension().is_some_and(|extension| extension == "gz") {
            let mut decoder = flate2::read::GzDecoder::new(file.content.as_slice());
            decoder.read_to_end(&mut unpacked).with_context(|| format!("unpacking `{path}`"))?;
            &unpacked
        } else {
            &file.content
        };
        traces::must_have_none(&format!("`{path}`"), content, folders)?;
    }
    Ok(())
}

/// Writes the products and their sums.
fn put(folder: &Path, products: &[Product]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    let write = |name: &str, content: &[u8], mode: u32| {
        let path = folder.join(name);
        fs::write(&path, content).with_context(|| format!("writing {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))
            .with_context(|| format!("setting the mode of {}", path.display()))
    };
    for product in products {
        write(&product.name, &product.content, product.mode)?;
    }
    write("SHA256SUMS", sums(products).as_bytes(), 0o644)
}

/// In the form of sha256sum(1).
fn sums(products: &[Product]) -> String {
    let line =
        |product: &Product| format!("{}  {}\n", deb::hex(&Sha256::digest(&product.content)), product.name);
    products.iter().map(line).collect()
}

/// Names and sizes, a line each.
fn table(products: &[Product]) -> String {
    let width = products.iter().map(|product| product.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for product in products {
        let _ = writeln!(text, "  {:<width$}  {:>9}", product.name, mebibytes(product.content.len()));
    }
    let _ = write!(text, "  SHA256SUMS");
    text
}

fn mebibytes(bytes: usize) -> String {
    let tenths = (bytes * 10).div_ceil(1 << 20);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

/// Below the repository as a person would type it.
fn shown(folder: &Path, root: &Path) -> String {
    folder.strip_prefix(root).unwrap_or(folder).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn products() -> [Product; 2] {
        let product = |name: &str, content: &[u8]| Product {
            name: name.to_owned(),
            mode: 0o755,
            content: content.into(),
        };
        [product("a", b"abc"), product("longer", &vec![0; 1_600_000])]
    }

    #[test]
    fn a_folder_of_this_machine_is_found_in_a_compressed_file_too() {
        let folders = [PathBuf::from("/srv/build")];
        let said = |path: &str, content: Vec<u8>| {
            let files = Files::from([(path.to_owned(), deb::PackedFile::plain(content))]);
            must_name_nothing_of_this_machine(&files, &folders).map_err(|error| error.to_string())
        };
        let planted = b"see /srv/build/src/main.rs";
        let found =
            |path: &str| Err(format!("`{path}` names a folder of this machine: `/srv/build/src/main.rs`"));
        assert_eq!(said("a", planted.to_vec()), found("a"));
        assert_eq!(said("a.gz", deb::compressed(planted).unwrap()), found("a.gz"));
        assert_eq!(said("a.gz", deb::compressed(b"see /usr/share").unwrap()), Ok(()));
    }

    #[test]
    fn sums_are_what_sha256sum_reads() {
        // The example of FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n";
        assert!(sums(&products()).starts_with(abc), "{}", sums(&products()));
    }

    #[test]
    fn what_was_made_is_told_with_its_size() {
        assert_eq!(table(&products()), "  a         0.1 MiB\n  longer    1.6 MiB\n  SHA256SUMS");
    }

    #[test]
    fn products_lie_beside_their_sums_with_their_modes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("dist");
        put(&place, &products()).unwrap();
        let mode = |name: &str| fs::metadata(place.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("a"), mode("SHA256SUMS")), (0o755, 0o644));
        assert_eq!(fs::read_to_string(place.join("SHA256SUMS")).unwrap(), sums(&products()));
    }
}
