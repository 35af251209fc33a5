//! Signing in to the console: a one-time code, or what a provider said, becomes a session.
//!
//! A code is printed where only its holder looks (the terminal that ran `tenure up`, or an
//! answer over the socket), lives ten minutes and works once. Sessions are random, kept only
//! as hashes, end after twelve hours and with the process. A right code always works: were it to
//! wait because of wrong ones, anybody could keep everybody out. Guessing is hopeless without
//! that: 10,000 guesses a second for all ten minutes find one code with a chance of six in a
//! million. Who guesses learns soon that it is noticed, and the log says it. A session knows when its person showed who
//! they are: what is dangerous asks for that (`step_up.rs`). Next: `provider.rs`, the other way in.

use crate::problem::Problem;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tenure_engine::{Engine, EngineFailure, token_hash};
use tenure_model::{Instant, PersonId, Secret};

/// How long a code may wait to be used.
pub(crate) const CODE_LIFE: Duration = Duration::from_mins(10);
/// How long a session lasts.
pub(crate) const SESSION_LIFE: Duration = Duration::from_hours(12);
/// Codes and sessions at a time, at most; the oldest goes first.
const HELD_MAX: usize = 1_000;
/// Wrong codes within `WRONG_WINDOW`, from anybody, before further wrong ones are told to slow down.
const WRONG_MAX: u32 = 5;
const WRONG_WINDOW: Duration = Duration::from_mins(1);
/// Characters of what is typed, at most.
const TYPED_CHARS_MAX: usize = 64;
const COOKIE: &str = "tenure_session";
/// Cookies of that name that are looked at, at most.
const COOKIES_MAX: usize = 16;

/// Codes that wait and sessions that last.
#[derive(Default)]
pub(crate) struct SignIn(Mutex<Held>);

#[derive(Default)]
struct Held {
    codes: HashMap<[u8; 32], Code>,
    sessions: HashMap<[u8; 32], Session>,
    wrong: Wrong,
}

/// Wrong codes since a moment: a count, however many there are.
#[derive(Default)]
struct Wrong {
    since: Option<Instant>,
    count: u32,
}

/// A code that waits.
struct Code {
    person: PersonId,
    ends: Instant,
    /// A session begun with it lasts no longer: what it was made with ends then.
    until: Option<Instant>,
}

/// A session that lasts.
struct Session {
    person: PersonId,
    begun: Instant,
    ends: Instant,
    /// When they showed who they are; nothing when their provider does not say.
    signed_in: Option<Instant>,
    /// The page they were sent to sign in again from: one of our own.
    back: Option<String>,
}

/// What ends by itself.
trait Ends {
    fn ends(&self) -> Instant;
}

impl Ends for Code {
    fn ends(&self) -> Instant {
        self.ends
    }
}

impl Ends for Session {
    fn ends(&self) -> Instant {
        self.ends
    }
}

/// Whose session a request belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SessionFound {
    pub(crate) person: PersonId,
    /// Since when it lasts: who left meanwhile and is back signs in anew.
    pub(crate) begun: Instant,
    /// When they showed who they are, if that is known.
    pub(crate) signed_in: Option<Instant>,
}

/// Somebody who showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) person: PersonId,
    pub(crate) signed_in: Option<Instant>,
    /// Their session lasts no longer.
    pub(crate) until: Option<Instant>,
}

/// Whether a browser may send a cookie over a plain line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Never.
    Encrypted,
    /// To this machine, as everything here.
    Plain,
}

impl Line {
    /// The cookie's attribute.
    pub(crate) const fn attribute(self) -> &'static str {
        match self {
            Self::Encrypted => "; Secure",
            Self::Plain => "",
        }
    }
}

/// A session that begins: its cookie, and the page it begins on.
pub(crate) struct Begun {
    pub(crate) cookie: HeaderValue,
    pub(crate) to: String,
}

impl SignIn {
    /// Makes a code for a person. What it opens lasts until `until` at most.
    pub(crate) fn new_code(
        &self,
        engine: &Engine,
        person: PersonId,
        until: Option<Instant>,
    ) -> Result<(Secret<String>, Instant), EngineFailure> {
        let code = engine.draw_code()?;
        let ends = engine.now().plus(CODE_LIFE);
        let hash = token_hash(&code);
        insert(&mut self.held().codes, engine.now(), hash, Code { person, ends, until });
        Ok((code, ends))
    }

    /// Trades a code, as typed, for a session. One that the browser has ends.
    pub(crate) fn begin(&self, engine: &Engine, headers: &HeaderMap, typed: &str) -> Result<Begun, Problem> {
        let now = engine.now();
        let Code { person, until, .. } = self.use_code(typed, now)?;
        let back = self.back_of(headers, now);
        let shown = Shown { person, signed_in: Some(now), until };
        self.open(engine, headers, shown, (Line::Plain, back))
    }

    /// Begins a session of somebody who showed who they are, on this page or the first one.
    pub(crate) fn open(
        &self,
        engine: &Engine,
        headers: &HeaderMap,
        shown: Shown,
        (line, back): (Line, Option<String>),
    ) -> Result<Begun, Problem> {
        let now = engine.now();
        let Shown { person, signed_in, until } = shown;
        let session = engine.draw_token()?;
        let longest = now.plus(SESSION_LIFE);
        let ends = until.map_or(longest, |until| until.min(longest));
        self.end(headers);
        let begun = Session { person, begun: now, ends, signed_in, back: None };
        insert(&mut self.held().sessions, now, token_hash(&session), begun);
        let text = format!(
            "{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{}",
            session.expose(),
            ends.since(now).as_secs(),
            line.attribute()
        );
        let mut cookie = HeaderValue::from_str(&text).map_err(|_| Problem::ours())?;
        cookie.set_sensitive(true);
        Ok(Begun { cookie, to: back.unwrap_or_else(|| String::from("/")) })
    }

    /// Notes the page of ours that somebody is to come back to once they signed in again.
    pub(crate) fn come_back(&self, headers: &HeaderMap, page: &str) {
        let mut held = self.held();
        for hash in hashes_of(headers) {
            if let Some(session) = held.sessions.get_mut(&hash) {
                session.back = Some(page.to_owned());
            }
        }
    }

    /// The page that somebody was sent to sign in again from.
    pub(crate) fn back_of(&self, headers: &HeaderMap, now: Instant) -> Option<String> {
        let hashes = hashes_of(headers);
        let held = self.held();
        let sessions = hashes.iter().filter_map(|hash| held.sessions.get(hash));
        sessions.into_iter().find(|session| session.ends > now).and_then(|session| session.back.clone())
    }

    fn use_code(&self, typed: &str, now: Instant) -> Result<Code, Problem> {
        // Looked up by its hash, in a table keyed at random: the time it takes says nothing about a code.
        let hash = as_printed(typed).map(|code| token_hash(&Secret::new(code)));
        let mut held = self.held();
        let code = hash.and_then(|hash| held.codes.remove(&hash)).filter(|code| code.ends > now);
        match code {
            Some(code) => Ok(code),
            None if held.wrong.is_too_much(now) => {
                let detail = "too many wrong codes are being tried; a right one still works";
                Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Slow down", detail))
            }
            None => Err(Problem::unknown_asker("this code is wrong, was used, or is older than 10 minutes")),
        }
    }

    /// Whose session a request belongs to.
    pub(crate) fn session_of(&self, headers: &HeaderMap, now: Instant) -> Option<SessionFound> {
        let hashes = hashes_of(headers);
        let held = self.held();
        let sessions = hashes.iter().filter_map(|hash| held.sessions.get(hash));
        let found = sessions.into_iter().find(|session| session.ends > now)?;
        Some(SessionFound { person: found.person, begun: found.begun, signed_in: found.signed_in })
    }

    /// Ends the session of a request; says how the browser forgets it.
    pub(crate) fn end(&self, headers: &HeaderMap) -> HeaderValue {
        self.end_these(&hashes_of(headers));
        HeaderValue::from_static("tenure_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")
    }

    /// Ends the sessions of these hashes, where they are any.
    pub(crate) fn end_these(&self, hashes: &[[u8; 32]]) {
        let mut held = self.held();
        for hash in hashes {
            held.sessions.remove(hash);
        }
    }

    /// Ends every session and voids every code of a person.
    pub(crate) fn forget(&self, person: PersonId) {
        let mut held = self.held();
        held.codes.retain(|_, code| code.person != person);
        held.sessions.retain(|_, session| session.person != person);
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wrong {
    /// Counts a wrong code; true when there were too many in this window.
    fn is_too_much(&mut self, now: Instant) -> bool {
        if self.since.is_none_or(|since| now.since(since) >= WRONG_WINDOW) {
            *self = Self { since: Some(now), count: 0 };
        }
        self.count = self.count.saturating_add(1);
        if self.count == WRONG_MAX + 1 {
            tracing::warn!("many wrong codes are being tried at the sign-in");
        }
        self.count > WRONG_MAX
    }
}

fn insert<T: Ends>(all: &mut HashMap<[u8; 32], T>, now: Instant, hash: [u8; 32], one: T) {
    all.retain(|_, held| held.ends() > now);
    if all.len() >= HELD_MAX
        && let Some(oldest) = all.iter().min_by_key(|(_, held)| held.ends()).map(|(hash, _)| *hash)
    {
        all.remove(&oldest);
    }
    all.insert(hash, one);
}

/// Twelve digits, however they were typed, as a code is printed.
fn as_printed(typed: &str) -> Option<String> {
    if typed.chars().count() > TYPED_CHARS_MAX {
        return None;
    }
    let digits: Vec<char> = typed.chars().filter(|typed| !typed.is_whitespace() && *typed != '-').collect();
    if digits.len() != 12 || !digits.iter().all(char::is_ascii_digit) {
        return None;
    }
    let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
    Some(groups.join("-"))
}

/// Hashes of what a browser sends as its session.
pub(crate) fn hashes_of(headers: &HeaderMap) -> Vec<[u8; 32]> {
    cookies_named(headers, COOKIE).map(|session| token_hash(&session)).collect()
}

/// Every value under a cookie's name, the first few: whoever controls a neighbouring name or port can add cookies
/// of that name, and must not keep anybody out with them. Only a value that we gave counts.
pub(crate) fn cookies_named<'a>(
    headers: &'a HeaderMap,
    wanted: &'static str,
) -> impl Iterator<Item = Secret<String>> + 'a {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let named = pairs.filter(move |(name, _)| *name == wanted).take(COOKIES_MAX);
    named.map(|(_, value)| Secret::new(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{SignIn, as_printed};
    use tenure_model::Instant;

    #[test]
    fn a_code_is_understood_however_it_was_typed() {
        for typed in ["4821-7730-1196", " 482177301196 ", "4821 7730 1196", "4 8 2 1-77301196"] {
            assert_eq!(as_printed(typed).as_deref(), Some("4821-7730-1196"), "{typed}");
        }
        for wrong in ["", "4821-7730-119", "4821-7730-119x", "٤821-7730-1196", &"1".repeat(100)] {
            assert_eq!(as_printed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn wrong_codes_are_told_to_slow_down_for_a_minute() {
        let sign_in = SignIn::default();
        let at = |seconds: i64| Instant::from_micros(seconds * 1_000_000);
        let status = |now| {
            let refused = sign_in.use_code("1111-2222-3333", now).err();
            refused.map(|problem| problem.status.as_u16())
        };
        assert_eq!(
            (0..7).map(|second| status(at(second))).collect::<Vec<_>>(),
            [401, 401, 401, 401, 401, 429, 429].map(Some)
        );
        assert_eq!(status(at(59)), Some(429));
        assert_eq!(status(at(60)), Some(401), "the first wrong code was a minute ago");
    }
}
