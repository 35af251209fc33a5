//! Tickets as CSV, as Jira and ServiceNow export them: their own names of columns and of states are known, others are said.
//!
//! What a ticket names stands in a column of its own and is never guessed from its title. A ticket that was declined or is a
//! duplicate ended nothing, whatever its state is called. Next: `api/tickets/import.rs`.

use crate::csv_rows::rows;
use serde::Deserialize;
use std::collections::BTreeMap;
use tenure_engine::{TICKETS_MAX, TicketGiven};
use tenure_model::{Instant, TicketState, printable};

/// What is read of a ticket, and by which columns, in lower case; the first that is there counts.
const FIELDS: [(&str, &[&str]); 7] = [
    ("key", &["key", "issue key", "number", "ticket"]),
    ("state", &["status category", "state", "status"]),
    ("resolution", &["resolution", "close code", "close_code", "resolution code"]),
    ("closed", &["closed", "closed_at", "resolved", "resolved_at", "closed at", "resolution date"]),
    ("identity", &["identity", "cmdb_ci", "configuration item", "custom field (identity)"]),
    ("title", &["title", "summary", "short description", "short_description"]),
    ("url", &["url", "link"]),
];
/// 2000-01-01: no ticket that is exported was closed before.
const EARLIEST_US: i64 = 946_684_800_000_000;
/// Without which no ticket is read.
const NEEDED: [&str; 3] = ["key", "state", "identity"];
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
/// Faults that are told at once, at most.
const FAULTS_MAX: usize = 10;
/// Months as exports write them.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Which column holds what, where it is called otherwise.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Columns(BTreeMap<String, String>);

/// Reads tickets, or says everything that is wrong with the file. What was closed after `now` is wrong.
pub(crate) fn read(text: &str, columns: &Columns, now: Instant) -> Result<Vec<TicketGiven>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = rows(text)?.into_iter();
    let Some((line, header)) = rows.next() else {
        return Err(String::from("the file is empty; its first line names the columns"));
    };
    let places = places(&header, columns).map_err(|why| format!("line {line}: {why}"))?;
    let (mut tickets, mut faults, mut seen) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (line, cells) in rows {
        if tickets.len() == TICKETS_MAX {
            faults.push(format!("line {line}: at most {TICKETS_MAX} tickets are brought in at once"));
            break;
        }
        if cells.len() != header.len() {
            faults.push(format!("line {line}: {} cells, but {} columns", cells.len(), header.len()));
            continue;
        }
        match ticket(line, &places, &cells, now) {
            Ok(one) => {
                if let Some(before) = seen.insert(one.key.clone(), line) {
                    faults.push(format!("line {line}: the same ticket stands on line {before}"));
                }
                tickets.push(one);
            }
            Err(why) => faults.push(format!("line {line}: {why}")),
        }
    }
    let more = faults.len().saturating_sub(FAULTS_MAX);
    faults.truncate(FAULTS_MAX);
    match (faults.is_empty(), more) {
        (true, _) if tickets.is_empty() => Err(String::from("no ticket is in the file")),
        (true, _) => Ok(tickets),
        (false, 0) => Err(faults.join("; ")),
        (false, more) => Err(format!("{}; and {more} more", faults.join("; "))),
    }
}

/// In which column each field stands.
fn places(header: &[String], columns: &Columns) -> Result<BTreeMap<&'static str, usize>, String> {
    if let Some(unknown) = columns.0.keys().find(|field| !FIELDS.iter().any(|(known, _)| known == *field)) {
        let known: Vec<&str> = FIELDS.iter().map(|(field, _)| *field).collect();
        let shown = printable(unknown, 40);
        return Err(format!("`{shown}` is nothing that is read of a ticket; there are {}", known.join(", ")));
    }
    let named = |wanted: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(wanted));
    let mut places = BTreeMap::new();
    for (field, known) in FIELDS {
        let place = match columns.0.get(field) {
            Some(given) => Some(named(given.trim()).ok_or_else(|| {
                format!("there is no column `{}`; there are {}", printable(given, 60), of(header))
            })?),
            None => known.iter().find_map(|column| named(column)),
        };
        places.extend(place.map(|place| (field, place)));
    }
    let missing: Vec<&str> = NEEDED.into_iter().filter(|field| !places.contains_key(field)).collect();
    if missing.is_empty() {
        return Ok(places);
    }
    Err(format!(
        "no column says {}: name it, as in --column {}=\"…\"; there are {}",
        missing.join(", "),
        missing.first().copied().unwrap_or_default(),
        of(header)
    ))
}

fn of(header: &[String]) -> String {
    let shown: Vec<String> = header.iter().take(40).map(|one| printable(one.trim(), 60)).collect();
    shown.join(", ")
}

fn ticket(
    line: u64,
    places: &BTreeMap<&'static str, usize>,
    cells: &[String],
    now: Instant,
) -> Result<TicketGiven, String> {
    let text = |field: &str| {
        let cell = places.get(field).and_then(|place| cells.get(*place)).map(|cell| cell.trim());
        cell.filter(|text| !text.is_empty())
    };
    for field in FIELDS.iter().map(|(field, _)| *field) {
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
fn instant(given: &str) -> Option<Instant> {
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

#[cfg(test)]
mod tests {
    use super::{Columns, instant, read};
    use tenure_model::{Instant, TicketState};

    fn now() -> Instant {
        Instant::parse("2026-11-20T00:00:00Z").unwrap()
    }

    fn check(text: &str) -> Result<String, String> {
        checked(text, &Columns::default())
    }

    fn checked(text: &str, columns: &Columns) -> Result<String, String> {
        let tickets = read(text, columns, now())?;
        let line = |one: super::TicketGiven| {
            let closed = one.closed.map(|at| at.to_string()).unwrap_or_default();
            format!("{} {} {closed} {} | {}", one.key, one.state, one.names, one.title)
        };
        Ok(tickets.into_iter().map(line).collect::<Vec<_>>().join("\n"))
    }

    #[test]
    fn exports_are_read_as_they_are_written() {
        let jira = "Issue key,Summary,Status,Status Category,Resolution,Resolved,Custom field (Identity)\n\
            OPS-1,\"end etl, please\",Closed,Done,Done,01/Nov/26 10:12 PM,pg-main/etl\n\
            OPS-2,not this one,Closed,Done,Won't Do,02/Nov/26 9:00 AM,pg-main/app\n\
            OPS-3,still,In Progress,In Progress,,,pg-main/mail\n";
        insta::assert_snapshot!(check(jira).unwrap(), @r"
        OPS-1 closed 2026-11-01T22:12:00Z pg-main/etl | end etl, please
        OPS-2 dropped  pg-main/app | not this one
        OPS-3 open  pg-main/mail | still
        ");
        let servicenow = "\u{feff}number,short_description,state,close_code,closed_at,cmdb_ci\r\n\
            TASK0010001,Retire svc,Closed Complete,,2026-11-01 10:12:13,svc\r\n\
            TASK0010002,Retire other,Closed Incomplete,,2026-11-01 10:12:13,other\r\n";
        insta::assert_snapshot!(check(servicenow).unwrap(), @r"
        TASK0010001 closed 2026-11-01T10:12:13Z svc | Retire svc
        TASK0010002 dropped  other | Retire other
        ");
        let columns = Columns([("identity".to_owned(), "Service account".to_owned())].into());
        let own = "key,state,closed,service account\nA-1,done,2026-11-01,pg/x\n";
        assert_eq!(checked(own, &columns).unwrap(), "A-1 closed 2026-11-01T00:00:00Z pg/x | A-1");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let wrong = |text: &str| check(text).unwrap_err();
        insta::assert_snapshot!(wrong(""), @"the file is empty; its first line names the columns");
        insta::assert_snapshot!(wrong("key,state\nA,done\n"), @r#"line 1: no column says identity: name it, as in --column identity="…"; there are key, state"#);
        insta::assert_snapshot!(wrong("key,state,identity,closed\n"), @"no ticket is in the file");
        let first = "key,state,identity,closed,url\nA,done,pg/x,,\nB,done,pg/x,soon,\nC,done,pg/x,2026-12-01,\nD,done,,2026-11-01,\nE,done,pg/x\n";
        insta::assert_snapshot!(wrong(&format!("{first}F,done,pg/x,0001-01-01,\nG,open,pg/x,,javascript:alert(1)\nH,open,pg/x,,https://u:p@h/x\n")), @"line 2: it is closed and does not say when (`closed`); line 3: `soon` is no instant that is understood, such as 2026-11-01 12:00:00; line 4: it was closed at 2026-12-01T00:00:00Z, which has not come yet; line 6: 3 cells, but 5 columns; line 7: it was closed at 0001-01-01T00:00:00Z, before there were such tickets; line 8: `url` is no address that people open: http or https, without a password in it; line 9: `url` is no address that people open: http or https, without a password in it");
        assert!(
            check("key,state,identity,closed,url\nD,done,,2026-11-01,https://tickets.example/a@b\n").is_ok()
        );
        insta::assert_snapshot!(wrong("key,state,identity,closed\nA,open,pg/x,\nA,open,pg/y,\n"), @"line 3: the same ticket stands on line 2");
        let columns = Columns([("owner".to_owned(), "x".to_owned())].into());
        insta::assert_snapshot!(checked("key\n", &columns).unwrap_err(), @"line 1: `owner` is nothing that is read of a ticket; there are key, state, resolution, closed, identity, title, url");
    }

    #[test]
    fn instants_of_exports_are_read_and_others_are_not() {
        let said = |given: &str| instant(given).map(|at| at.to_string());
        for (given, wanted) in [
            ("2026-11-01T12:00:00+02:00", Some("2026-11-01T10:00:00Z")),
            ("2026-11-01 23:59:59", Some("2026-11-01T23:59:59Z")),
            ("1/Nov/26 12:05 AM", Some("2026-11-01T00:05:00Z")),
            ("01/Nov/2026 12:05 PM", Some("2026-11-01T12:05:00Z")),
            ("01/Nov/26 13:05 PM", None),
            ("32/Nov/26 1:05 PM", None),
            ("11/01/2026", None),
            ("2026-11-01 1", None),
            ("", None),
        ] {
            assert_eq!(said(given).as_deref(), wanted, "{given}");
        }
        assert_eq!(TicketState::ALL.len(), 3);
    }
}
