//! Tickets as CSV, as Jira and ServiceNow export them: their own names of columns and of states are known, others are said.
//!
//! What a ticket names stands in a column of its own and is never guessed from its title. Next: `ticket_words.rs`, what their words
//! mean; `api/tickets/import.rs`.

use crate::{csv_rows::rows, ticket_words::ticket};
use serde::Deserialize;
use std::collections::BTreeMap;
use tenure_engine::{TICKETS_MAX, TicketGiven};
use tenure_model::{Instant, printable};

/// What is read of a ticket, and by which columns, in lower case; the first that is there counts.
const COLUMNS: [(&str, &[&str]); 7] = [
    ("key", &["key", "issue key", "number", "ticket"]),
    ("state", &["status category", "state", "status"]),
    ("resolution", &["resolution", "close code", "close_code", "resolution code"]),
    ("closed", &["closed", "closed_at", "resolved", "resolved_at", "closed at", "resolution date"]),
    ("identity", &["identity", "cmdb_ci", "configuration item", "custom field (identity)"]),
    ("title", &["title", "summary", "short description", "short_description"]),
    ("url", &["url", "link"]),
];
/// Without which no ticket is read.
const NEEDED: [&str; 3] = ["key", "state", "identity"];
/// Faults that are told at once, at most.
const FAULTS_MAX: usize = 10;
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
        let said = |field: &str| places.get(field).and_then(|place| cells.get(*place)).map(String::as_str);
        match ticket(line, said, now) {
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
    if let Some(unknown) = columns.0.keys().find(|field| !COLUMNS.iter().any(|(known, _)| known == *field)) {
        let known: Vec<&str> = COLUMNS.iter().map(|(field, _)| *field).collect();
        let shown = printable(unknown, 40);
        return Err(format!("`{shown}` is nothing that is read of a ticket; there are {}", known.join(", ")));
    }
    let named = |wanted: &str| header.iter().position(|column| column.trim().eq_ignore_ascii_case(wanted));
    let mut places = BTreeMap::new();
    for (field, known) in COLUMNS {
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

#[cfg(test)]
mod tests {
    use super::{Columns, read};
    use crate::ticket_words::instant;
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
