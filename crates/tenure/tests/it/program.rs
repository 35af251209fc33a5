//! Running the program: clean environment, own directories, output as text.
//!
//! Nothing of the caller's environment reaches it, so that a test says everything it depends
//! on. Background processes are ended by their own id when they are dropped.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// What a run printed and how it ended.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The run, if it ended with this code.
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Everything it said, for looking for what must not be there.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.out, self.err)
    }
}

/// A place for one test: a home, a data directory in it.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) data: PathBuf,
    environment: Vec<(String, String)>,
}

impl Place {
    /// An empty place; the data directory is not made yet.
    pub(crate) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("t").tempdir().unwrap();
        let data = folder.path().join("data");
        Self { folder, data, environment: Vec::new() }
    }

    /// With an environment variable for every run.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the place.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only its owner may read.
    pub(crate) fn private_file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.path(name);
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        file.write_all(content.as_bytes()).unwrap();
        path
    }

    /// Writes a file that everybody may read.
    pub(crate) fn open_file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.private_file(name, content);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_tenure"), arguments)
    }

    /// Another program, in the same clean environment.
    pub(crate) fn command_of(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("HOME", self.folder.path())
            .env("TENURE_DATA", &self.data)
            // The machine the tests run on is nobody's business; tests of the first look name a planted one.
            .env("TENURE_HOST", "none")
            .env("PATH", "/usr/bin:/bin")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Self::finish(self.command(arguments))
    }

    /// Runs a command to its end.
    pub(crate) fn finish(mut command: Command) -> Ran {
        let output = command.output().unwrap();
        Ran {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs the program and expects that it was done.
    pub(crate) fn done(&self, arguments: &[&str]) -> Ran {
        self.run(arguments).ended(0)
    }

    /// Begins the program and leaves it running.
    pub(crate) fn begin(&self, arguments: &[&str]) -> Background {
        let mut child = self.command(arguments).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Background { child, out, said: String::new() }
    }

    /// Every file below the place, with its content.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        collect(self.folder.path(), &mut files);
        files
    }
}

fn collect(folder: &Path, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => collect(&path, files),
            Ok(kind) if kind.is_file() => files.extend(fs::read(&path).map(|content| (path, content))),
            _ => {}
        }
    }
}

/// A program that runs in the background, ended when it is dropped.
pub(crate) struct Background {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    said: String,
}

impl Background {
    /// Reads its output until a line contains `text`; answers everything it said so far.
    pub(crate) fn until(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while !self.said.contains(text) {
            assert!(Instant::now() < deadline, "it never said `{text}`: {}", self.said);
            let mut line = String::new();
            if self.out.read_line(&mut line).unwrap() == 0 {
                let mut error = String::new();
                let _ = self.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut error));
                panic!("it ended without saying `{text}`: {}{error}", self.said);
            }
            self.said.push_str(&line);
        }
        self.said.clone()
    }

    /// Asks it to stop (SIGTERM) and waits for that; answers how it ended and everything it said.
    pub(crate) fn stop(self) -> Ran {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.wait()
    }

    /// Waits until it ends by itself; answers how it ended and everything it said.
    pub(crate) fn wait(mut self) -> Ran {
        let mut err = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            let _ = stderr.read_to_string(&mut err);
            err
        });
        self.out.read_to_string(&mut self.said).unwrap();
        let status = self.child.wait().unwrap();
        let out = std::mem::take(&mut self.said);
        Ran { code: status.code().unwrap_or(-1), out, err: reader.join().unwrap() }
    }

    /// Kills it (SIGKILL): nothing is finished.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Replaces what differs from run to run: paths, ports, ids, keys, times, durations.
pub(crate) fn normalised(text: &str, place: &Place) -> String {
    let mut text =
        text.replace(&place.folder.path().display().to_string(), "[HOME]").replace("~/", "[HOME]/");
    for (pattern, replacement) in PATTERNS {
        text = replace_all(&text, pattern, replacement);
    }
    text
}

/// A pattern: literal characters, `9` for digits, `h` for a hexadecimal digit, `b` for base64.
type Pattern = &'static [Part];

/// A part of a pattern.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Part {
    /// These characters.
    Text(&'static str),
    /// So many digits.
    Digits(usize),
    /// Some digits, perhaps with a point.
    Number,
    /// So many lower-case hexadecimal digits.
    Hex(usize),
    /// At least so many characters of base64.
    Base64(usize),
}

use Part::{Base64, Digits, Hex, Number, Text};

const PATTERNS: &[(Pattern, &str)] = &[
    (
        &[
            Digits(4),
            Text("-"),
            Digits(2),
            Text("-"),
            Digits(2),
            Text(" "),
            Digits(2),
            Text(":"),
            Digits(2),
            Text(":"),
            Digits(2),
            Text("Z"),
        ],
        "[TIME]",
    ),
    (
        &[
            Digits(4),
            Text("-"),
            Digits(2),
            Text("-"),
            Digits(2),
            Text("T"),
            Digits(2),
            Text(":"),
            Digits(2),
            Text(":"),
            Digits(2),
            Text("."),
            Number,
            Text("Z"),
        ],
        "[TIME]",
    ),
    (&[Text("tenure-"), Hex(8), Text("+"), Hex(8), Text("+"), Base64(44)], "[LOG-KEY]"),
    (&[Text("audit-1.example+"), Hex(8), Text("+"), Base64(44)], "[WITNESS-KEY]"),
    (&[Text("key-encryption key "), Hex(16)], "key-encryption key [KEY]"),
    (
        &[Text("one-time code "), Digits(4), Text("-"), Digits(4), Text("-"), Digits(4)],
        "one-time code [CODE]",
    ),
    (&[Text("127.0.0.1:"), Number], "127.0.0.1:[PORT]"),
    (&[Text(" in "), Number, Text(" s")], " in [SECONDS] s"),
    (&[Text("("), Number, Text(" bytes)")], "([SIZE] bytes)"),
    (&[Number, Text(" KiB")], "[SIZE] KiB"),
    (&[Text("tenure-"), Hex(8)], "[LOG]"),
];

fn replace_all(text: &str, pattern: Pattern, replacement: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match matched(rest, pattern) {
            Some(length) => {
                replaced.push_str(replacement);
                rest = &rest[length..];
            }
            None => {
                replaced.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    replaced
}

/// How many bytes at the beginning of `text` match.
fn matched(text: &str, pattern: Pattern) -> Option<usize> {
    let mut at = 0;
    for part in pattern {
        let rest = &text[at..];
        let run = |is: fn(&char) -> bool| rest.chars().take_while(is).count();
        at += match part {
            Text(literal) => rest.starts_with(literal).then_some(literal.len())?,
            Digits(wanted) => (run(|c| c.is_ascii_digit()) >= *wanted).then_some(*wanted)?,
            Hex(wanted) => {
                (run(|c| c.is_ascii_digit() || ('a'..='f').contains(c)) >= *wanted).then_some(*wanted)?
            }
            Base64(least) => Some(run(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)))
                .filter(|length| length >= least)?,
            Number => {
                let digits = run(|c| c.is_ascii_digit() || *c == '.');
                let digits = rest[..digits].trim_end_matches('.').len();
                Some(digits).filter(|length| *length > 0 && rest.starts_with(|c: char| c.is_ascii_digit()))?
            }
        };
    }
    Some(at)
}

#[test]
fn what_differs_from_run_to_run_is_named() {
    let place = Place::new();
    let text = format!(
        "{}/x at 2026-11-22 01:04:54Z, 127.0.0.1:39699, P4 proved in 2.5 s: log tenure-c1d2223d.",
        place.folder.path().display()
    );
    insta::assert_snapshot!(normalised(&text, &place), @"[HOME]/x at [TIME], 127.0.0.1:[PORT], P4 proved in [SECONDS] s: log [LOG].");
}
