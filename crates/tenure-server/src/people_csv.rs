//! A list of people as CSV (RFC 4180), read strictly: every fault says its line, and its column where it has one.
//!
//! A cell is text and nothing else, whatever a spreadsheet would make of it. Roles are not read: they come from teams. Must
//! never take half of a file for a whole one. Next: `api/people/import.rs`.

use crate::csv_rows::rows;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use tenure_engine::{DirectoryGiven, LISTED_MAX, Listed, PeopleList, name_key};
use tenure_model::printable;

/// The columns there are; only the first must be there.
const COLUMNS: [&str; 6] = ["name", "external_id", "display_name", "email", "active", "teams"];
/// Characters of a cell, at most.
const CELL_CHARS_MAX: usize = 2_000;
/// Characters of a value, at most.
const TEXT_CHARS_MAX: usize = 512;
/// Teams of one person, at most.
const TEAMS_MAX: usize = 32;
/// Faults that are told at once, at most.
const FAULTS_MAX: usize = 10;
/// How alike two words are, at least, for one to be meant by the other.
const ALIKE: f64 = 0.8;

/// Reads a list, or says everything that is wrong with it.
pub(crate) fn read(text: &str) -> Result<PeopleList, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rows = rows(text)?.into_iter();
    let Some((line, header)) = rows.next() else {
        return Err(format!("the file is empty; its first line names the columns: {}", COLUMNS.join(",")));
    };
    let columns = columns(&header).map_err(|why| format!("line {line}: {why}"))?;
    let mut faults = Vec::new();
    let mut list = PeopleList::of_file(columns.contains(&"teams"));
    let (mut names, mut ids) = (BTreeMap::new(), BTreeMap::new());
    for (line, cells) in rows {
        if list.people.len() == LISTED_MAX {
            faults.push(format!("line {line}: at most {LISTED_MAX} people are on a list"));
            break;
        }
        match person(line, &columns, &cells) {
            Ok(one) => {
                let twice = [
                    ("name", Some(name_key(&one.given.name)), &mut names),
                    ("external_id", one.given.external_id.clone(), &mut ids),
                ];
                for (column, key, seen) in twice {
                    let Some(key) = key else { continue };
                    if let Some(before) = seen.insert(key, line) {
                        faults.push(at(line, column, &format!("the same stands on line {before}")));
                    }
                }
                list.people.push(one);
            }
            Err(found) => faults.extend(found),
        }
    }
    if list.people.is_empty() && faults.is_empty() {
        return Err(String::from("nobody is on the list; a list without anybody is not taken for one"));
    }
    let more = faults.len().saturating_sub(FAULTS_MAX);
    faults.truncate(FAULTS_MAX);
    match (faults.is_empty(), more) {
        (true, _) => Ok(list),
        (false, 0) => Err(faults.join("; ")),
        (false, more) => Err(format!("{}; and {more} more", faults.join("; "))),
    }
}

fn at(line: u64, column: &str, why: &str) -> String {
    format!("line {line}, column `{column}`: {why}")
}

/// The columns in the order of the file.
fn columns(header: &[String]) -> Result<Vec<&'static str>, String> {
    let mut columns = Vec::new();
    for given in header {
        let given = given.trim();
        let known = COLUMNS.into_iter().find(|column| *column == given);
        match known {
            Some(column) if columns.contains(&column) => {
                return Err(format!("the column `{column}` stands there twice"));
            }
            Some(column) => columns.push(column),
            None => return Err(unknown(given)),
        }
    }
    if columns.contains(&"name") {
        return Ok(columns);
    }
    Err(String::from("there is no column `name`, the name people sign in with"))
}

fn unknown(given: &str) -> String {
    let shown = printable(given, 40);
    if given.eq_ignore_ascii_case("role") {
        return format!(
            "there is no column `{shown}`: name `teams`, and say which role one gives with tenure people map-group"
        );
    }
    let alike = COLUMNS.map(|column| (strsim::jaro_winkler(&given.to_lowercase(), column), column));
    let near = alike.into_iter().filter(|(how, _)| *how >= ALIKE).max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((_, column)) => format!("there is no column `{shown}`; did you mean `{column}`?"),
        None => format!("there is no column `{shown}`; there are {}", COLUMNS.join(", ")),
    }
}

fn person(line: u64, columns: &[&'static str], cells: &[String]) -> Result<Listed, Vec<String>> {
    if cells.len() != columns.len() {
        return Err(vec![format!("line {line}: {} cells, but {} columns", cells.len(), columns.len())]);
    }
    let mut faults = Vec::new();
    let mut said: BTreeMap<&str, &str> = BTreeMap::new();
    for (column, cell) in columns.iter().zip(cells) {
        let (text, most) = (cell.trim(), if *column == "teams" { CELL_CHARS_MAX } else { TEXT_CHARS_MAX });
        if text.chars().count() > most {
            faults.push(at(line, column, &format!("it has more than {most} characters")));
        } else if printable(text, most) != text {
            let why = "it has control characters or marks that turn the reading direction";
            faults.push(at(line, column, why));
        } else if !text.is_empty() {
            said.insert(column, text);
        }
    }
    let active = match said.get("active").map(|text| text.to_ascii_lowercase()).as_deref() {
        None | Some("true" | "yes") => true,
        Some("false" | "no") => false,
        Some(_) => {
            faults.push(at(line, "active", "it is `true` or `false`; nothing is `true`"));
            true
        }
    };
    let teams = said.get("teams").map(|teams| teams.split(';').map(str::trim)).into_iter().flatten();
    let teams: BTreeSet<String> = teams.filter(|team| !team.is_empty()).map(str::to_owned).collect();
    if teams.len() > TEAMS_MAX {
        faults.push(at(line, "teams", &format!("somebody belongs to {TEAMS_MAX} teams at most")));
    }
    if !said.contains_key("name") && faults.is_empty() {
        faults.push(at(line, "name", "it is empty"));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let text = |column: &str| said.get(column).map(|text| (*text).to_owned());
    let mut resource = serde_json::Map::new();
    if let Some(name) = text("display_name") {
        resource.insert("displayName".to_owned(), json!(name));
    }
    if let Some(email) = text("email") {
        resource.insert("emails".to_owned(), json!([{ "value": email }]));
    }
    let resource = serde_json::Value::Object(resource).to_string();
    let given =
        DirectoryGiven { name: text("name").unwrap_or_default(), external_id: text("external_id"), resource };
    Ok(Listed { line, given, active, teams })
}

#[cfg(test)]
mod tests {
    use super::read;

    fn check(text: &str) -> String {
        match read(text) {
            Ok(list) => {
                let mut lines = vec![format!("teams are said: {}", list.says_teams)];
                lines.extend(list.people.iter().map(|one| {
                    let id = one.given.external_id.as_deref().unwrap_or("-");
                    let there = if one.active { "there" } else { "left" };
                    let teams: Vec<&str> = one.teams.iter().map(String::as_str).collect();
                    let (name, resource) = (&one.given.name, &one.given.resource);
                    format!("{} {name} {id} {there} [{}] {resource}", one.line, teams.join("|"))
                }));
                lines.join("\n")
            }
            Err(why) => why,
        }
    }

    #[test]
    fn a_list_is_read_as_it_stands_with_mark_of_byte_order_and_quotation_marks() {
        insta::assert_snapshot!(check(
            "\u{feff}name,email,active,teams,external_id,display_name\r\n\
             ada,ada@example.com,,platform; data;,7,\"Ada, the \"\"first\"\"\"\r\n\r\n\
             bob,,FALSE,,8,\n"
        ), @r#"
        teams are said: true
        2 ada 7 there [data|platform] {"displayName":"Ada, the \"first\"","emails":[{"value":"ada@example.com"}]}
        4 bob 8 left [] {}
        "#);
        insta::assert_snapshot!(check("name\nada"), @r"
        teams are said: false
        2 ada - there [] {}
        ");
    }

    #[test]
    fn what_a_spreadsheet_takes_for_a_formula_is_text() {
        insta::assert_snapshot!(check("name,display_name\n=1+1,\"@SUM(A1:A9)\"\n"), @r#"
        teams are said: false
        2 =1+1 - there [] {"displayName":"@SUM(A1:A9)"}
        "#);
    }

    #[test]
    fn what_is_wrong_is_said_by_line_and_column() {
        let long = format!("name,email\nada,{}\n", "x".repeat(600));
        for (text, why) in [
            (
                "",
                "the file is empty; its first line names the columns: name,external_id,display_name,email,active,teams",
            ),
            ("name\n", "nobody is on the list; a list without anybody is not taken for one"),
            ("name,emial\n", "line 1: there is no column `emial`; did you mean `email`?"),
            (
                "name,shoe size\n",
                "line 1: there is no column `shoe size`; there are name, external_id, display_name, email, active, teams",
            ),
            (
                "name,role\n",
                "line 1: there is no column `role`: name `teams`, and say which role one gives with tenure people map-group",
            ),
            ("name,email,name\n", "line 1: the column `name` stands there twice"),
            ("email\n", "line 1: there is no column `name`, the name people sign in with"),
            ("name,email\nada\n", "line 2: 1 cells, but 2 columns"),
            (
                "name,active\n,true\nbob,perhaps\n",
                "line 2, column `name`: it is empty; line 3, column `active`: it is `true` or `false`; nothing is `true`",
            ),
            (
                "name,external_id\nada,1\nADA,1\n",
                "line 3, column `name`: the same stands on line 2; line 3, column `external_id`: the same stands on line 2",
            ),
            (
                "name\na\u{0}b\n",
                "line 2, column `name`: it has control characters or marks that turn the reading direction",
            ),
            ("name\n\"ada\nbob\n", "line 2: a quotation mark is not closed"),
            ("name\n\"ada\"x\n", "line 2, character 6: a cell goes on behind its quotation mark"),
            (
                "name\nad\"a\n",
                "line 2, character 3: a quotation mark stands within a cell that does not begin with one",
            ),
            (long.as_str(), "line 2, column `email`: it has more than 512 characters"),
        ] {
            assert_eq!(check(text), why, "{text}");
        }
        let many: Vec<String> = (0..10_001).map(|number| format!("p{number}")).collect();
        assert_eq!(
            check(&format!("name\n{}\n", many.join("\n"))),
            "line 10002: at most 10000 people are on a list"
        );
        let faulty: Vec<String> = (0..12).map(|number| format!("p{number},x")).collect();
        assert!(check(&format!("name,active\n{}\n", faulty.join("\n"))).ends_with("; and 2 more"));
    }
}
