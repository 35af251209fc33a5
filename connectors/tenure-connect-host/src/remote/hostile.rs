//! A machine that cheats: a server of SFTP in memory that can do to us what no honest one does.
//!
//! It keeps a small tree, answers from it, and plays one trick. What is held to account: a reading ends, says that it is
//! not whole, opens nothing but regular files, and believes nothing that was opened elsewhere than it looked. Patience is
//! short here, so that a server that hangs is given up at once.

use super::conversation::{self, Broken};
use super::files::RemoteFiles;
use crate::map::observations;
use crate::survey::survey_files;
use crate::unread::{Spent, Unread};
use crate::{Budget, Limits, Reading};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tenure_connect::Fingerprint;
use tenure_model::Completeness;
use tenure_secrets::Scanner;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_millis(500);
const FILE: u32 = 0o100_600;
const FOLDER: u32 = 0o040_755;
const LINK: u32 = 0o120_777;
const PIPE: u32 = 0o010_644;

/// Rules are compiled once.
static SCANNER: LazyLock<Scanner> = LazyLock::new(|| Scanner::new().unwrap());

/// What the server does beside answering.
#[derive(Debug, Clone, PartialEq)]
enum Trick {
    None,
    /// From this question on it says nothing, hangs up, or answers so.
    SilentFrom(usize),
    CloseFrom(usize),
    BytesFrom(usize, Vec<u8>),
    /// Every listing of this directory goes on for ever.
    Endless(&'static str),
    /// A listing holds this name.
    Named(&'static str, &'static [u8]),
    /// Opening the first leads to the second, as if a link had been there at that moment.
    Leads(&'static str, &'static str),
    /// From the moment it is opened, the first is a link to the second.
    BecomesLink(&'static str, &'static str),
    /// Every read gives one byte.
    Drips,
}

#[derive(Debug, Clone)]
struct Node {
    mode: u32,
    owner: u32,
    content: Vec<u8>,
}

struct Server {
    tree: BTreeMap<String, Node>,
    trick: Trick,
    asked: usize,
    opened: Arc<Mutex<Vec<String>>>,
    handles: BTreeMap<Vec<u8>, (String, usize)>,
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend_from_slice(&u32::try_from(bytes.len()).unwrap().to_be_bytes());
    into.extend_from_slice(bytes);
}

fn attributes(node: &Node) -> Vec<u8> {
    let mut bytes = 0xf_u32.to_be_bytes().to_vec();
    bytes.extend_from_slice(&u64::try_from(node.content.len()).unwrap().to_be_bytes());
    for number in [node.owner, node.owner, node.mode, 7, 7] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    bytes
}

impl Server {
    async fn serve(mut self, mut line: DuplexStream) {
        let mut length = [0; 4];
        while line.read_exact(&mut length).await.is_ok() {
            let mut frame = vec![0; u32::from_be_bytes(length) as usize];
            line.read_exact(&mut frame).await.unwrap();
            if frame[0] == 1 {
                line.write_all(&[0, 0, 0, 5, 2, 0, 0, 0, 3]).await.unwrap();
                continue;
            }
            self.asked += 1;
            match &self.trick {
                Trick::SilentFrom(from) if self.asked >= *from => continue,
                Trick::CloseFrom(from) if self.asked >= *from => return,
                Trick::BytesFrom(from, bytes) if self.asked >= *from => {
                    if line.write_all(bytes).await.is_err() {
                        return;
                    }
                    continue;
                }
                _ => {}
            }
            let answer = self.answer(&frame);
            let mut out = Vec::new();
            put(&mut out, &answer);
            if line.write_all(&out).await.is_err() {
                return;
            }
        }
    }

    fn answer(&mut self, frame: &[u8]) -> Vec<u8> {
        let length = u32::from_be_bytes(frame[5..9].try_into().unwrap()) as usize;
        let (text, rest) = (&frame[9..9 + length], &frame[9 + length..]);
        let with = |kind: u8, rest: &[u8]| [&[kind], &frame[1..5], rest].concat();
        let status = |code: u32| with(101, &code.to_be_bytes());
        let path = String::from_utf8_lossy(text).trim_end_matches('/').to_owned();
        match frame[0] {
            3 | 11 => {
                let Some(to) = self.open(&path) else { return status(2) };
                let handle = self.asked.to_be_bytes().to_vec();
                self.handles.insert(handle.clone(), (to, 0));
                let mut body = Vec::new();
                put(&mut body, &handle);
                with(102, &body)
            }
            4 => {
                self.handles.remove(text);
                status(0)
            }
            5 => {
                let (of, _) = &self.handles[text];
                let from = usize::try_from(u64::from_be_bytes(rest[..8].try_into().unwrap())).unwrap();
                let content = &self.tree[of].content;
                let many = if self.trick == Trick::Drips { 1 } else { 32 * 1024 };
                if from >= content.len() {
                    return status(1);
                }
                let mut body = Vec::new();
                put(&mut body, &content[from..content.len().min(from + many)]);
                with(103, &body)
            }
            7 => self.tree.get(&path).map_or_else(|| status(2), |node| with(105, &attributes(node))),
            8 => with(105, &attributes(&self.tree[&self.handles[text].0])),
            12 => self.listing(text).map_or_else(|| status(1), |names| with(104, &names)),
            16 => {
                let mut body = 1_u32.to_be_bytes().to_vec();
                for part in [text, b"", &[0; 4]].iter().take(2) {
                    put(&mut body, part);
                }
                body.extend_from_slice(&[0; 4]);
                with(104, &body)
            }
            _ => status(8),
        }
    }

    fn open(&mut self, path: &str) -> Option<String> {
        self.opened.lock().unwrap().push(path.to_owned());
        let mut to = path.to_owned();
        match self.trick.clone() {
            Trick::Leads(from, leads) if path == from => leads.clone_into(&mut to),
            Trick::BecomesLink(from, leads) if path == from => {
                self.tree.insert(path.to_owned(), Node { mode: LINK, owner: 1000, content: Vec::new() });
                leads.clone_into(&mut to);
            }
            _ => {}
        }
        self.tree.contains_key(&to).then_some(to)
    }

    fn listing(&mut self, handle: &[u8]) -> Option<Vec<u8>> {
        let (of, part) = self.handles.get_mut(handle)?;
        *part += 1;
        let prefix = format!("{of}/");
        let mut names: Vec<(Vec<u8>, Node)> = Vec::new();
        let plain = Node { mode: FILE, owner: 1000, content: Vec::new() };
        match &self.trick {
            Trick::Endless(endless) if endless == of => {
                names.extend((0..100).map(|one| (format!("{part}-{one}").into_bytes(), plain.clone())));
            }
            _ if *part > 1 => return None,
            Trick::Named(place, name) if place == of => names.push((name.to_vec(), plain)),
            _ => {}
        }
        if *part == 1 {
            names.extend(self.tree.iter().filter_map(|(path, node)| {
                let name = path.strip_prefix(&prefix).filter(|rest| !rest.contains('/'))?;
                Some((name.as_bytes().to_vec(), node.clone()))
            }));
        }
        if names.is_empty() {
            return None;
        }
        let mut body = u32::try_from(names.len()).unwrap().to_be_bytes().to_vec();
        for (name, node) in names {
            put(&mut body, &name);
            put(&mut body, b"");
            body.extend(attributes(&node));
        }
        Some(body)
    }
}

struct Plain;

impl Fingerprint for Plain {
    fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
        format!("{domain}:{}", String::from_utf8_lossy(value))
    }
}

/// A machine with one person, whose home holds a token, a link out of it and a pipe; and what is not theirs.
fn tree() -> BTreeMap<String, Node> {
    let node = |mode, owner, content: &str| Node { mode, owner, content: content.as_bytes().to_vec() };
    let netrc = |password: &str| format!("machine git.example\nlogin ci\npassword {password}\n");
    [
        ("", node(FOLDER, 0, "")),
        ("/m", node(FOLDER, 0, "")),
        ("/m/etc", node(FOLDER, 0, "")),
        ("/m/etc/passwd", node(0o100_644, 0, "eve:x:1000:1000::/srv/eve:/bin/bash\n")),
        ("/m/home", node(FOLDER, 0, "")),
        ("/m/srv", node(FOLDER, 0, "")),
        ("/m/srv/eve", node(FOLDER, 1000, "")),
        ("/m/srv/eve/.netrc", node(FILE, 1000, &netrc("of-eve"))),
        ("/m/srv/eve/.pgpass", node(PIPE, 1000, "")),
        ("/m/srv/eve/.aws", node(LINK, 1000, "")),
        ("/m/srv/eve/.kube", node(FOLDER, 1000, "")),
        ("/m/srv/eve/.kube/config", node(FILE, 1000, "kind: Config\n")),
        ("/elsewhere", node(FOLDER, 0, "")),
        ("/elsewhere/.netrc", node(FILE, 0, &netrc("of-root"))),
        ("/elsewhere/config", node(FILE, 1000, "kind: Config, of somebody else\n")),
    ]
    .into_iter()
    .map(|(path, node)| (path.to_owned(), node))
    .collect()
}

/// What a survey of it came to.
struct Outcome {
    reading: Reading,
    ended: BTreeMap<String, Completeness>,
    broken: Option<Broken>,
    opened: Vec<String>,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

fn with<T: Send + 'static>(
    trick: Trick,
    limits: Limits,
    work: impl FnOnce(Result<RemoteFiles, Unread>) -> T + Send + 'static,
) -> (T, Vec<String>) {
    with_patience(trick, limits, PATIENCE, work)
}

fn with_patience<T: Send + 'static>(
    trick: Trick,
    limits: Limits,
    patience: Duration,
    work: impl FnOnce(Result<RemoteFiles, Unread>) -> T + Send + 'static,
) -> (T, Vec<String>) {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let server =
        Server { tree: tree(), trick, asked: 0, opened: Arc::clone(&opened), handles: BTreeMap::new() };
    let done = runtime().block_on(async move {
        let (near, far) = tokio::io::duplex(1 << 20);
        tokio::spawn(server.serve(far));
        let until = Instant::now() + limits.time_max;
        let (asking, talk) = conversation::begin(near, patience, until).await.unwrap();
        tokio::spawn(talk);
        tokio::task::spawn_blocking(move || work(RemoteFiles::open(asking, b"/m", limits))).await.unwrap()
    });
    let opened = opened.lock().unwrap().clone();
    (done, opened)
}

fn survey(trick: Trick, limits: Limits) -> Outcome {
    let ((reading, broken), opened) = with(trick, limits, move |files| {
        let files = files.unwrap();
        let elapsed = || Duration::ZERO;
        let reading = survey_files(&files, &Budget::new(limits, &elapsed), &Plain, &SCANNER);
        (reading, files.broken())
    });
    let ended =
        observations(&reading, &crate::map::Known::new(), "ask", &Budget::new(limits, &|| Duration::ZERO))
            .into_iter();
    let ended = ended.map(|(extent, content)| (extent, content.completeness)).collect();
    Outcome { reading, ended, broken, opened }
}

fn values(outcome: &Outcome) -> String {
    format!("{:?}", outcome.reading.found.iter().map(|found| &found.mark).collect::<Vec<_>>())
}

fn why(outcome: &Outcome, extent: &str) -> String {
    match outcome.ended.get(extent) {
        Some(Completeness::Part { why, .. }) => why.clone(),
        other => panic!("{extent}: {other:?}"),
    }
}

#[test]
fn an_honest_server_is_read_and_links_and_pipes_are_not_opened() {
    let seen = survey(Trick::None, Limits::default());
    assert!(values(&seen).contains("of-eve") && !values(&seen).contains("of-root"));
    assert_eq!(seen.broken, None);
    assert_eq!(seen.ended["accounts"], Completeness::Whole);
    let told = why(&seen, "home/eve");
    assert!(told.contains("/srv/eve/.pgpass: it is a named pipe"), "{told}");
    assert!(told.contains("/srv/eve/.aws/credentials: a symbolic link is on the way"), "{told}");
    assert!(
        !seen.opened.iter().any(|path| path.contains(".pgpass") || path.contains(".aws")),
        "{:?}",
        seen.opened
    );
    assert!(seen.opened.iter().all(|path| path.starts_with("/m")));
}

#[test]
fn a_server_that_stops_anywhere_leaves_a_part_and_never_a_hang() {
    let many = [5, 25, 60, 90];
    let garbage = [0, 0, 0, 9, 101, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let huge = [0xff, 0xff, 0xff, 0xff, 0, 0];
    for from in many {
        for (trick, how) in [
            (Trick::SilentFrom(from), Broken::Silent),
            (Trick::CloseFrom(from), Broken::Closed),
            (Trick::BytesFrom(from, garbage.to_vec()), Broken::Garbage),
            (Trick::BytesFrom(from, huge.to_vec()), Broken::Garbage),
            (Trick::BytesFrom(from, vec![0, 0, 0, 1, 7]), Broken::Garbage),
        ] {
            let seen = survey(trick.clone(), Limits::default());
            assert_eq!(seen.broken, Some(how), "{trick:?}");
            let whole = seen.ended.values().filter(|ended| **ended == Completeness::Whole).count();
            assert!(whole < seen.ended.len(), "{trick:?} {:?}", seen.ended);
            let said = format!("{:?}", seen.ended);
            assert!(said.contains("the connection to the machine was lost"), "{trick:?} {said}");
        }
    }
}

#[test]
fn a_reading_ends_when_its_time_is_over_although_each_answer_may_take_longer() {
    let limits = Limits { time_max: PATIENCE, ..Limits::default() };
    let (reading, _) = with_patience(Trick::SilentFrom(20), limits, Duration::from_hours(1), move |files| {
        let files = files.unwrap();
        survey_files(&files, &Budget::new(limits, &|| Duration::ZERO), &Plain, &SCANNER)
    });
    assert_eq!(reading.ended_by, Some(Spent::Time));
}

#[test]
fn a_listing_without_end_is_cut_at_the_limit_and_said() {
    let limits = Limits { directory_entries_max: 5_000, ..Limits::default() };
    let seen = survey(Trick::Endless("/m/srv/eve"), limits);
    assert!(why(&seen, "home/eve").contains("directory_entries_max"), "{:?}", seen.ended);
    assert!(values(&seen).contains("of-eve"), "the known places are read all the same");
    let limits = Limits { bytes_max: 20_000, ..Limits::default() };
    let seen = survey(Trick::Endless("/m/home"), limits);
    assert!(why(&seen, "accounts").contains("bytes_max"), "{:?}", seen.ended);
}

#[test]
fn a_name_that_is_a_way_elsewhere_ends_the_conversation() {
    for name in [b"../../elsewhere".as_slice(), b"a/b", b"", b"a\0b", &[b'x'; 2_000]] {
        let seen = survey(Trick::Named("/m/home", name), Limits::default());
        assert_eq!(seen.broken, Some(Broken::Garbage), "{name:?}");
        assert!(seen.opened.iter().all(|path| path.starts_with("/m") && !path.contains("..")));
    }
    let seen = survey(Trick::Named("/m/home", b".."), Limits::default());
    assert_eq!(seen.broken, None);
    assert!(seen.opened.iter().all(|path| !path.contains("..")));
}

#[test]
fn a_file_that_is_swapped_for_a_link_while_it_is_opened_is_not_believed() {
    for trick in [
        Trick::Leads("/m/srv/eve/.netrc", "/elsewhere/.netrc"),
        Trick::BecomesLink("/m/srv/eve/.netrc", "/elsewhere/.netrc"),
        // The same owner and mode: size tells it.
        Trick::Leads("/m/srv/eve/.kube/config", "/elsewhere/config"),
        Trick::BecomesLink("/m/srv/eve/.kube/config", "/elsewhere/config"),
        // A directory on the way.
        Trick::BecomesLink("/m/srv/eve/.kube", "/elsewhere"),
    ] {
        let seen = survey(trick.clone(), Limits::default());
        assert!(!values(&seen).contains("of-root"), "{trick:?}");
        let told = why(&seen, "home/eve");
        let of = if format!("{trick:?}").contains("netrc") { ".netrc: " } else { ".kube" };
        let named = told.split("; ").any(|one| {
            one.contains(of) && (one.contains("it was replaced") || one.contains("a symbolic link"))
        });
        assert!(named, "{trick:?} {told}");
    }
}

#[test]
fn a_server_that_gives_byte_after_byte_is_read_to_the_end() {
    let seen = survey(Trick::Drips, Limits::default());
    assert!(values(&seen).contains("of-eve"));
    assert_eq!(seen.broken, None);
}
