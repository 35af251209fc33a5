//! What a ticket says, in the words of the systems that keep them: states, resolutions, instants.
//!
//! A ticket that was declined or is a duplicate ended nothing, whatever its state is called. What it names is never guessed. Pure.
//! Next: `tickets_csv.rs` reads them from a file, `tickets_json.rs` from a post.

use tenure_engine::TicketGiven;
use tenure_model::{Instant, TicketState, printable};

/// 2000-01-01: no ticket that is exported was closed before.
const EARLIEST_US: i64 = 946_684_800_000_000;
/// States in which a ticket says that what it asked for is done, in lower case.
const CLOSED: [&str; 8] =
    ["done", "closed", "resolved", "complete", "completed", "closed complete", "fixed", "implemented"];
/// States and resolutions by which nothing was done.
const DROPPED: [&str; 16] = [
    "won't do",
    "won't fix",
    "wont do",
    "wont fix",
    "duplicate",
    "declined",
    "rejected",
    "cancelled",
    "canceled",
    "cannot reproduce",
    "closed incomplete",
    "closed skipped",
    "not a bug",
    "invalid",
    "abandoned",
    "not solved",
];
/// Characters of a cell, at most.
const TEXT_CHARS_MAX: usize = 1_000;
/// Months as exports write them.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// What is read of a ticket.
pub(crate) const FIELDS: [&str; 7] = ["key", "state", "resolution", "closed", "identity", "title", "url"];

/// A ticket of its fields; `said` answers what each says. What was closed after `now` is wrong.
pub(crate) fn ticket<'text>(
    line: u64,
    said: impl Fn(&str) -> Option<&'text str>,
    now: Instant,
) -> Result<TicketGiven, String> {
    let text = |field: &str| said(field).map(str::trim).filter(|text| !text.is_empty());
    for field in FIELDS {
        if text(field).is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX) {
            return Err(format!("`{field}` has more than {TEXT_CHARS_MAX} characters"));
        }
    }
    let needed = |field: &str| text(field).ok_or_else(|| format!("`{field}` is empty"));
    // What names nothing is a ticket all the same: an export is full of them, and each is listed as such.
    let (key, names) = (needed("key")?.to_owned(), text("identity").unwrap_or_default().to_owned());
    let state = state(needed("state")?, text("resolution"));
    let closed = match (state, text("closed")) {
        (TicketState::Closed, None) => {
            return Err(String::from("it is closed and does not say when (`closed`)"));
        }
        (TicketState::Closed, Some(given)) => {
            let at = instant(given).ok_or_else(|| {
                format!(
                    "`{}` is no instant that is understood, such as 2026-11-01 12:00:00",
                    printable(given, 60)
                )
            })?;
            if at < Instant::from_micros(EARLIEST_US) {
                return Err(format!("it was closed at {at:#}, before there were such tickets"));
            }
            if at > now {
                return Err(format!("it was closed at {at:#}, which has not come yet"));
            }
            Some(at)
        }
        (TicketState::Open | TicketState::Dropped, _) => None,
    };
    let url = text("url");
    if url.is_some_and(|url| !is_address(url)) {
        return Err(String::from(
            "`url` is no address that people open: http or https, without a password in it",
        ));
    }
    Ok(TicketGiven {
        line,
        title: text("title").unwrap_or(&key).to_owned(),
        url: url.map(str::to_owned),
        key,
        state,
        closed,
        names,
    })
}

/// An address of a page, without who signs in there.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#', '\\']).next().unwrap_or_default());
    host.is_some_and(|host| !host.is_empty() && !host.contains('@'))
}

fn state(given: &str, resolution: Option<&str>) -> TicketState {
    let is_among = |words: &[&str], text: &str| {
        let lower = text.to_lowercase().replace('\u{2019}', "'").replace(" - ", " ");
        words.contains(&lower.as_str())
    };
    if is_among(&DROPPED, given) || resolution.is_some_and(|resolution| is_among(&DROPPED, resolution)) {
        TicketState::Dropped
    } else if is_among(&CLOSED, given) {
        TicketState::Closed
    } else {
        TicketState::Open
    }
}

/// RFC 3339, `2026-11-01`, `2026-11-01 12:00:00` and `01/Nov/26 10:12 AM`, the last three taken as UTC.
pub(crate) fn instant(given: &str) -> Option<Instant> {
    if let Ok(at) = Instant::parse(given) {
        return Some(at);
    }
    let (day, time) = given.split_once(' ').unwrap_or((given, "00:00:00"));
    let day = match day.split('/').collect::<Vec<_>>().as_slice() {
        [of_month, month, year] => {
            let month = MONTHS.iter().position(|name| month.eq_ignore_ascii_case(name))? + 1;
            let year = if year.len() == 2 { format!("20{year}") } else { (*year).to_owned() };
            format!("{year}-{month:02}-{of_month:0>2}")
        }
        _ => day.to_owned(),
    };
    let (clock, half) = time.split_once(' ').map_or((time, ""), |(clock, half)| (clock, half.trim()));
    let mut parts = clock.split(':');
    let hour: u32 = parts.next()?.parse().ok()?;
    let rest: Vec<&str> = parts.collect();
    let hour = match half.to_ascii_lowercase().as_str() {
        "" => hour,
        "am" if (1..=12).contains(&hour) => hour % 12,
        "pm" if (1..=12).contains(&hour) => hour % 12 + 12,
        _ => return None,
    };
    let (minute, second) = match rest.as_slice() {
        [minute] => (*minute, "00"),
        [minute, second] => (*minute, *second),
        _ => return None,
    };
    Instant::parse(&format!("{day}T{hour:02}:{minute}:{second}Z")).ok()
}
