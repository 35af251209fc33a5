//! One attempt to log in with a value at one point, and what its answer means.
//!
//! The meaning is taken from what was seen on the wire, not guessed from a code alone: a
//! server that never asked for a password says nothing about it; an error that follows the
//! server's "authentication ok" did not refuse the password, except class 28, which refuses
//! the role itself (NOLOGIN is looked at after the password). A name may have been given to
//! another role since: what that one refuses says nothing about the former password, which it
//! may well take. Whatever is not understood is `CannotKnow`, never `Refused`. The attempt runs
//! no statement.

use crate::{
    client::{Login, OpenFailed, PROBE_APPLICATION, Session, Unopened},
    config::Place,
    failure::{bounded, words},
    role,
    source::{PostgresSource, unread},
    wire::Handshake,
};
use tenure_connect::{OutsideFailure, Target};
use tenure_model::{ProbeAnswer, Secret, ShortName};

/// What one attempt led to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A session was there.
    Open,
    /// The server or pooler answered with an error.
    Error {
        /// SQLSTATE.
        code: String,
        /// Code and message.
        words: String,
    },
    /// No answer at all.
    NoAnswer(String),
    /// Something this connector does not do.
    Unsupported(String),
}

/// Tries `value` at `point`, once.
pub(crate) async fn probe(
    source: &PostgresSource,
    point: &ShortName,
    target: &Target,
    value: &Secret<String>,
) -> ProbeAnswer {
    let Some(place) = source.place(point) else {
        return ProbeAnswer::CannotKnow { why: format!("there is no point `{point}`") };
    };
    let (seen, outcome) = attempt(source, place, &target.name, value).await;
    let answer = answer(seen, outcome);
    if !matches!(answer, ProbeAnswer::Refused { .. }) {
        return answer;
    }
    // Asked after the attempt: a namesake made in between would have been tried.
    match namesake(source, target).await {
        Ok(None) => answer,
        Ok(Some(oid)) => cannot(&format!(
            "another role of this name is there (oid {oid}), and what it refuses says nothing about the former password"
        )),
        Err(failure) => ProbeAnswer::Unreachable {
            why: bounded(&format!("the primary could not be asked whose name this is: {failure}")),
        },
    }
}

async fn namesake(source: &PostgresSource, target: &Target) -> Result<Option<u32>, OutsideFailure> {
    let mut session = source.open(&source.primary).await?;
    let transaction = session.look().await.map_err(|error| unread(&error))?;
    let found = role::namesake(&transaction, target).await;
    drop(transaction);
    session.close().await;
    found
}

/// Opens a session as the role and closes it again.
pub(crate) async fn attempt(
    source: &PostgresSource,
    place: &Place,
    user: &str,
    value: &Secret<String>,
) -> (Handshake, Outcome) {
    let login =
        Login { user, password: Some(value), database: &place.database, application: PROBE_APPLICATION };
    match Session::open(place, &source.encryptor, &login).await {
        Ok(session) => {
            let seen = session.seen;
            session.close().await;
            (seen, Outcome::Open)
        }
        Err(OpenFailed { seen, why }) => (seen, outcome(&why)),
    }
}

fn outcome(why: &Unopened) -> Outcome {
    match why {
        Unopened::Answer(answer) => {
            Outcome::Error { code: answer.code().code().to_owned(), words: bounded(&words(answer)) }
        }
        Unopened::Line(_) | Unopened::Silence => Outcome::NoAnswer(bounded(&why.to_string())),
        Unopened::Unsupported(words) => Outcome::Unsupported(bounded(words)),
    }
}

/// What an attempt means.
pub(crate) fn answer(seen: Handshake, outcome: Outcome) -> ProbeAnswer {
    if seen.cut {
        return cannot("the point asks for the password in clear over a line that is not encrypted");
    }
    match outcome {
        Outcome::Open if seen.asked => ProbeAnswer::Accepted,
        Outcome::Open => cannot("the point lets the role in without asking for a password"),
        Outcome::Error { code, words } => of_error(seen, &code, words),
        Outcome::NoAnswer(why) => ProbeAnswer::Unreachable { why },
        Outcome::Unsupported(why) => cannot(&why),
    }
}

fn of_error(seen: Handshake, code: &str, words: String) -> ProbeAnswer {
    let of_role = matches!(code, "28000" | "28P01");
    match (seen.asked, seen.authenticated) {
        // Asked, and no: the value or the role was turned away.
        (true, _) if of_role => ProbeAnswer::Refused { how: words },
        // Asked, said yes, and failed later: a missing database, a full server, a lacking privilege.
        (true, true) => ProbeAnswer::Accepted,
        // A pooler turns away in its own words; one that does not know the user may do so without asking.
        (_, false) if is_pooler_refusal(&words) => ProbeAnswer::Refused { how: words },
        (false, false) if of_role => {
            cannot(&format!("the access rules turn us away before any password is asked for: {words}"))
        }
        (false, true) => cannot(&format!("the point never asked for a password: {words}")),
        (_, false) if is_unreachable(code) => ProbeAnswer::Unreachable { why: words },
        (_, false) => cannot(&format!("an answer that is not understood: {words}")),
    }
}

/// How PgBouncer says no, in words that PostgreSQL never uses (seen live; `client.c`). Only the beginning
/// counts, because what follows may quote a name that somebody chose.
const POOLER_REFUSALS: [&str; 3] =
    ["08P01 SASL authentication failed", "08P01 password authentication failed", "08P01 no such user"];

fn is_pooler_refusal(words: &str) -> bool {
    POOLER_REFUSALS.iter().any(|refusal| words.starts_with(refusal))
}

/// Full, starting, stopping: says nothing about the value.
fn is_unreachable(code: &str) -> bool {
    code.starts_with("53") || matches!(code, "57P01" | "57P02" | "57P03")
}

fn cannot(why: &str) -> ProbeAnswer {
    ProbeAnswer::CannotKnow { why: bounded(why) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(asked: bool, authenticated: bool) -> Handshake {
        Handshake { asked, authenticated, ..Handshake::default() }
    }

    fn error(code: &str, text: &str) -> Outcome {
        Outcome::Error { code: code.to_owned(), words: format!("{code} {text}") }
    }

    fn shown(answer: &ProbeAnswer) -> String {
        match answer {
            ProbeAnswer::Refused { how } => format!("refused: {how}"),
            ProbeAnswer::Accepted => "accepted".to_owned(),
            ProbeAnswer::Unreachable { why } => format!("unreachable: {why}"),
            ProbeAnswer::CannotKnow { why } => format!("cannot know: {why}"),
        }
    }

    #[test]
    fn what_an_answer_of_a_server_means() {
        let server = |asked, authenticated, outcome| shown(&answer(seen(asked, authenticated), outcome));
        let rows = [
            server(true, true, Outcome::Open),
            server(false, true, Outcome::Open),
            server(true, false, error("28P01", "password authentication failed")),
            server(true, true, error("28000", "role is not permitted to log in")),
            server(false, false, error("28000", "no pg_hba.conf entry")),
            server(false, true, error("28000", "role does not exist")),
            server(true, true, error("3D000", "database does not exist")),
            server(true, true, error("42501", "permission denied for database")),
            server(true, true, error("53300", "too many connections for role")),
            server(false, false, error("53300", "sorry, too many clients already")),
            server(false, false, error("57P03", "the database system is starting up")),
            server(true, false, error("XX000", "something new")),
            server(true, false, Outcome::NoAnswer("connection reset".to_owned())),
            server(false, false, Outcome::Unsupported("unsupported authentication method".to_owned())),
        ];
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn what_an_answer_of_a_pooler_means() {
        let pooler = |asked, authenticated, outcome| shown(&answer(seen(asked, authenticated), outcome));
        let rows = [
            pooler(true, false, error("28P01", "password authentication failed")),
            pooler(true, false, error("08P01", "SASL authentication failed")),
            pooler(false, false, error("08P01", "no such user: x")),
            pooler(false, false, error("28000", "no pg_hba.conf entry")),
            pooler(true, false, error("08P01", "server login has been failing")),
            pooler(true, false, error("08P01", "no such database: x")),
            pooler(true, false, error("08P01", "bouncer config error of \"no such user\"")),
        ];
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn a_clear_password_wish_proves_nothing() {
        let seen = Handshake { asked: true, cut: true, ..Handshake::default() };
        insta::assert_snapshot!(
            shown(&answer(seen, Outcome::NoAnswer("x".to_owned()))),
            @"cannot know: the point asks for the password in clear over a line that is not encrypted"
        );
    }
}
