//! Signing in to the console: a one-time code becomes a session.
//!
//! A code is printed where only its holder looks (the terminal that ran `tenure up`, or an
//! answer over the socket), lives ten minutes and works once. Sessions are random, kept only
//! as hashes, end after twelve hours and with the process. A right code always works: were it to
//! wait because of wrong ones, anybody could keep everybody out. Guessing is hopeless without
//! that: 10,000 guesses a second for all ten minutes find one code with a chance of six in a
//! million. Who guesses learns soon that it is noticed, and the log says it.

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
    codes: HashMap<[u8; 32], Grant>,
    sessions: HashMap<[u8; 32], Grant>,
    wrong: Wrong,
}

/// Wrong codes since a moment: a count, however many there are.
#[derive(Default)]
struct Wrong {
    since: Option<Instant>,
    count: u32,
}

#[derive(Clone, Copy)]
struct Grant {
    person: PersonId,
    ends: Instant,
}

/// A session that begins: its cookie.
pub(crate) struct Begun {
    pub(crate) cookie: HeaderValue,
}

impl SignIn {
    /// Makes a code for a person.
    pub(crate) fn new_code(
        &self,
        engine: &Engine,
        person: PersonId,
    ) -> Result<(Secret<String>, Instant), EngineFailure> {
        let code = engine.draw_code()?;
        let ends = engine.now().plus(CODE_LIFE);
        let hash = token_hash(&code);
        insert(&mut self.held().codes, engine.now(), hash, Grant { person, ends });
        Ok((code, ends))
    }

    /// Trades a code, as typed, for a session.
    pub(crate) fn begin(&self, engine: &Engine, typed: &str) -> Result<Begun, Problem> {
        let now = engine.now();
        let person = self.use_code(typed, now)?;
        let session = engine.draw_token()?;
        let grant = Grant { person, ends: now.plus(SESSION_LIFE) };
        insert(&mut self.held().sessions, now, token_hash(&session), grant);
        let text = format!(
            "{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}",
            session.expose(),
            SESSION_LIFE.as_secs()
        );
        let mut cookie = HeaderValue::from_str(&text).map_err(|_| Problem::ours())?;
        cookie.set_sensitive(true);
        Ok(Begun { cookie })
    }

    fn use_code(&self, typed: &str, now: Instant) -> Result<PersonId, Problem> {
        // Looked up by its hash, in a table keyed at random: the time it takes says nothing about a code.
        let hash = as_printed(typed).map(|code| token_hash(&Secret::new(code)));
        let mut held = self.held();
        let grant = hash.and_then(|hash| held.codes.remove(&hash)).filter(|grant| grant.ends > now);
        match grant {
            Some(grant) => Ok(grant.person),
            None if held.wrong.is_too_much(now) => {
                let detail = "too many wrong codes are being tried; a right one still works";
                Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many", "Slow down", detail))
            }
            None => Err(Problem::unknown_asker("this code is wrong, was used, or is older than 10 minutes")),
        }
    }

    /// Whose session a request belongs to.
    pub(crate) fn session_of(&self, headers: &HeaderMap, now: Instant) -> Option<PersonId> {
        let hashes: Vec<_> = cookies_of(headers).map(|session| token_hash(&session)).collect();
        let held = self.held();
        let grants = hashes.iter().filter_map(|hash| held.sessions.get(hash));
        grants.into_iter().find(|grant| grant.ends > now).map(|grant| grant.person)
    }

    /// Ends the session of a request; says how the browser forgets it.
    pub(crate) fn end(&self, headers: &HeaderMap) -> HeaderValue {
        for session in cookies_of(headers) {
            self.held().sessions.remove(&token_hash(&session));
        }
        HeaderValue::from_static("tenure_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0")
    }

    /// Ends every session and voids every code of a person.
    pub(crate) fn forget(&self, person: PersonId) {
        let mut held = self.held();
        held.codes.retain(|_, grant| grant.person != person);
        held.sessions.retain(|_, grant| grant.person != person);
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

fn insert(grants: &mut HashMap<[u8; 32], Grant>, now: Instant, hash: [u8; 32], grant: Grant) {
    grants.retain(|_, held| held.ends > now);
    if grants.len() >= HELD_MAX
        && let Some(oldest) = grants.iter().min_by_key(|(_, held)| held.ends).map(|(hash, _)| *hash)
    {
        grants.remove(&oldest);
    }
    grants.insert(hash, grant);
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

/// Every value under the session's name, the first few: whoever controls a neighbouring name or port can add cookies
/// of that name, and must not keep anybody out with them. Only a value that we gave is a session.
fn cookies_of(headers: &HeaderMap) -> impl Iterator<Item = Secret<String>> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let named = pairs.filter(|(name, _)| *name == COOKIE).take(COOKIES_MAX);
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
        let status = |now| sign_in.use_code("1111-2222-3333", now).unwrap_err().status.as_u16();
        assert_eq!(
            (0..7).map(|second| status(at(second))).collect::<Vec<_>>(),
            [401, 401, 401, 401, 401, 429, 429]
        );
        assert_eq!(status(at(59)), 429);
        assert_eq!(status(at(60)), 401, "the first wrong code was a minute ago");
    }
}
