//! How a server is started: which program, which package, and whether its version is fixed.
//!
//! Package runners fetch whatever is newest unless told otherwise; whoever takes over the package then runs
//! with the assistant's rights. Arguments are looked at and never shown. Next: `scanned.rs`.

use crate::item::{Item, ThingKind, program};
use crate::read::scanned::{named, scanned};
use tenure_model::printable;
use tenure_secrets::Scanner;

/// Programs that fetch what they run, and the word that must follow, if any.
const RUNNERS: [(&str, &str); 9] = [
    ("npx", ""),
    ("bunx", ""),
    ("uvx", ""),
    ("pnpx", ""),
    ("pnpm", "dlx"),
    ("yarn", "dlx"),
    ("bun", "x"),
    ("pipx", "run"),
    ("docker", "run"),
];
/// Options that are followed by a value of their own.
const WITH_VALUE: [&str; 14] = [
    "-e",
    "--env",
    "-v",
    "--volume",
    "-p",
    "--publish",
    "--name",
    "--network",
    "--mount",
    "--entrypoint",
    "-w",
    "--index-url",
    "--registry",
    "--python",
];
/// Options whose value is the package itself.
const PACKAGE_OPTIONS: [&str; 3] = ["--package", "--from", "--spec"];

/// How a server is started.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Launch {
    /// The program, without arguments.
    pub(super) program: String,
    /// Whether it fetches what it runs.
    pub(super) fetched: bool,
    /// The package or image, with its version as written.
    pub(super) package: Option<String>,
    /// Whether the version is fixed.
    pub(super) pinned: bool,
}

impl Launch {
    pub(super) fn of(command: &str, arguments: &[&str]) -> Self {
        let shown = program(command.as_bytes());
        let name = shown.rsplit('/').next().unwrap_or_default().trim_end_matches(".cmd").to_owned();
        // `cmd /c npx …` and `sh -c` of one word are wrappers.
        if let ("cmd" | "env", [first, rest @ ..]) = (name.as_str(), arguments) {
            let (next, rest) =
                if *first == "/c" { rest.split_first().unwrap_or((&"", &[])) } else { (first, rest) };
            return Self::of(next, rest);
        }
        let runner = RUNNERS.iter().find(|(runner, word)| {
            *runner == name && (word.is_empty() || arguments.first().is_some_and(|first| first == word))
        });
        let Some((runner, word)) = runner else {
            return Self { program: shown, fetched: false, package: None, pinned: true };
        };
        let rest = arguments.split_at(usize::from(!word.is_empty())).1;
        let package = package(rest);
        let pinned = package.is_some_and(|package| is_pinned(runner, package));
        // An argument in the place of a package may be anything; one with a secret's form is not repeated.
        let package = package.filter(|package| is_package(package)).map(|package| printable(package, 120));
        Self { program: shown, fetched: true, package, pinned }
    }
}

/// The first argument that is no option, or what an option says the package is.
fn package<'arguments>(arguments: &[&'arguments str]) -> Option<&'arguments str> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if PACKAGE_OPTIONS.contains(argument) {
            return rest.next().copied();
        }
        if let Some((_, package)) =
            argument.split_once('=').filter(|(name, _)| PACKAGE_OPTIONS.contains(name))
        {
            return Some(package);
        }
        if WITH_VALUE.contains(argument) {
            rest.next();
        } else if !argument.starts_with('-') {
            return Some(argument);
        }
    }
    None
}

fn is_package(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@/._-:=+~^[]".contains(c);
    text.chars().all(plain) && text.len() <= 200
}

fn is_pinned(runner: &str, package: &str) -> bool {
    if runner == "docker" {
        // A tag can be moved; a digest cannot.
        return package.contains("@sha256:");
    }
    if let Some((_, version)) = package.split_once("==") {
        return !version.contains('*');
    }
    let commit =
        |reference: &str| reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
    if package.starts_with("git+") || package.starts_with("github:") {
        return package.rsplit(['@', '#']).next().is_some_and(commit);
    }
    // `@scope/name@1.2.3`: the first sign belongs to the scope.
    let version = package.get(1..).and_then(|rest| rest.rsplit_once('@')).map(|(_, version)| version);
    version.is_some_and(|version| {
        let numbers: Vec<&str> = version.split(['-', '+']).next().unwrap_or_default().split('.').collect();
        numbers.len() >= 3
            && numbers
                .iter()
                .all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Secrets among the arguments: `--token x`, `--token=x`, `NAME=x`, `Header: x`, or anything of a known form.
pub(super) fn argument_secrets(server: &str, arguments: &[&str], scanner: &Scanner) -> Vec<Item> {
    let mut found = Vec::new();
    let mut before = "";
    for argument in arguments {
        let pair = argument.split_once('=').or_else(|| argument.split_once(": "));
        let (name, value) = pair.unwrap_or((before, argument));
        let kind = ThingKind::AssistantSecret;
        let is_value = pair.is_some() || (before.starts_with('-') && !argument.starts_with('-'));
        if is_value {
            let called = name.trim_start_matches('-');
            found.extend(named(scanner, kind, &format!("{server} {called}"), name, value.as_bytes()));
        } else {
            found.extend(scanned(scanner, argument.as_bytes(), kind, &format!("{server} argument")));
        }
        before = argument;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Launch;

    fn check(line: &str, package: Option<&str>, pinned: bool) {
        let words: Vec<&str> = line.split(' ').collect();
        let launch = Launch::of(words[0], &words[1..]);
        assert_eq!((launch.package.as_deref(), launch.pinned), (package, pinned), "{line}");
    }

    #[test]
    fn a_version_that_is_fixed_is_told_from_one_that_moves() {
        check("npx -y @scope/server", Some("@scope/server"), false);
        check("npx -y @scope/server@latest", Some("@scope/server@latest"), false);
        check("npx -y @scope/server@1.2.3 --root x", Some("@scope/server@1.2.3"), true);
        check("npx -y server@1", Some("server@1"), false);
        check("cmd /c npx server@1.2.3-beta.1", Some("server@1.2.3-beta.1"), true);
        check("uvx --from server==1.2 run", Some("server==1.2"), true);
        check("uvx git+https://x.invalid/a@main", Some("git+https://x.invalid/a@main"), false);
        check("docker run -i --rm -e TOKEN image:1", Some("image:1"), false);
        check("docker run image@sha256:00", Some("image@sha256:00"), true);
        check("pnpm dlx server", Some("server"), false);
        check("pnpm start", None, true);
        check("/usr/bin/server --x", None, true);
        check("npx", None, false);
    }
}
