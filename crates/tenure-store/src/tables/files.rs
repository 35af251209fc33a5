//! Files in which credentials lie: whose they are, which a principal has, and what runs as an account that reads them.
//!
//! Reads the inventory and nothing else. A place is known from a credential's fact `file` and from sightings, which name
//! a line behind a colon. A path that people give is compared as it is; it must never be taken for a pattern.

use super::{inventory::PrincipalRow, list_scan::literal};
use crate::{StoreFailure, Tx, value::named};
use tenure_model::{Facts, PrincipalId, SourceId, names, text};

/// Things of one file that are looked at, at most.
const IN_ONE_FILE_MAX: i64 = 200;

/// A sighting's place without the line.
fn without_line(place: &str) -> &str {
    match place.rsplit_once(':') {
        Some((file, line)) if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) => file,
        _ => place,
    }
}

impl Tx<'_> {
    /// Principals that are there and have a credential in the file at this path, with the path from the root, by name,
    /// at sources that are read. A path may also be given as it is shown: from somebody's home.
    pub fn principals_in_file(&mut self, path: &str) -> Result<Vec<(PrincipalRow, String)>, StoreFailure> {
        let written = serde_json::to_string(path)
            .map_err(|error| StoreFailure::Shape { table: "credentials", why: error.to_string() })?;
        let pattern = |name| format!("%{}%", literal(&format!("\"{name}\":{{\"text\":{written}}}")));
        let held: Vec<(PrincipalId, Facts)> = self.query(
            "credentials",
            "SELECT c.principal_id, c.facts FROM credentials c JOIN principals p ON p.principal_id = c.principal_id \
             JOIN sources s ON s.source_id = c.source_id WHERE (c.facts LIKE $1 ESCAPE '\\' OR c.facts LIKE $2 ESCAPE '\\') \
             AND p.presence = 'present' AND c.state NOT IN ('gone', 'removed') AND s.removed_us IS NULL ORDER BY p.name LIMIT $3",
            &[pattern(names::FILE).into(), pattern(names::PLACE).into(), IN_ONE_FILE_MAX.into()],
            |row| Ok((row.parsed(0)?, row.json(1)?)),
        )?;
        let seen: Vec<(PrincipalId, String)> = self.query(
            "sightings",
            "SELECT p.principal_id, g.place FROM sightings g JOIN sources s ON s.source_id = g.source_id \
             JOIN principals p ON p.source_id = g.source_id AND p.name = g.principal_name \
             WHERE (g.place = $1 OR g.place LIKE $2 ESCAPE '\\') AND p.presence = 'present' \
             AND s.removed_us IS NULL ORDER BY p.name LIMIT $3",
            &[path.into(), format!("{}:%", literal(path)).into(), IN_ONE_FILE_MAX.into()],
            |row| Ok((row.parsed(0)?, row.text(1)?)),
        )?;
        // SQLite compares without regard to case here; what counts is what is written.
        let held = held.into_iter().filter_map(|(id, facts)| {
            let is_it = [names::FILE, names::PLACE].iter().any(|name| text(&facts, name) == Some(path));
            text(&facts, names::FILE).filter(|_| is_it).map(|file| (id, file.to_owned()))
        });
        let seen = seen.into_iter().filter(|(_, place)| without_line(place) == path);
        let mut found: Vec<(PrincipalRow, String)> = Vec::new();
        for (id, file) in held.chain(seen.map(|(id, _)| (id, path.to_owned()))) {
            if found.iter().all(|(known, _)| known.id != id) {
                found.push((self.principal(id)?, file));
            }
        }
        Ok(found)
    }

    /// Files in which copies of a principal's credential were seen, without lines, in order.
    pub fn sighted_files(
        &mut self,
        source: SourceId,
        principal_name: &str,
    ) -> Result<Vec<String>, StoreFailure> {
        let places: Vec<String> = self.query(
            "sightings",
            "SELECT place FROM sightings WHERE source_id = $1 AND principal_name = $2 ORDER BY place LIMIT 100",
            &[named(source), principal_name.into()],
            |row| row.text(0),
        )?;
        let mut files: Vec<String> = places.iter().map(|place| without_line(place).to_owned()).collect();
        files.dedup();
        Ok(files)
    }

    /// Names of what is there and runs as an account of the same source, at most ten.
    pub fn runs_as(&mut self, source: SourceId, account: &str) -> Result<Vec<String>, StoreFailure> {
        self.query(
            "grants",
            "SELECT DISTINCT p.name FROM grants g JOIN principals p ON p.principal_id = g.principal_id \
             WHERE g.source_id = $1 AND g.resource = $2 AND g.right_name = 'run as' AND p.presence = 'present' \
             ORDER BY p.name LIMIT 10",
            &[named(source), format!("account/{account}").into()],
            |row| row.text(0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::without_line;

    #[test]
    fn a_place_is_told_from_its_line() {
        assert_eq!(without_line("/srv/ci/.env:12"), "/srv/ci/.env");
        assert_eq!(without_line("/srv/ci/a:b"), "/srv/ci/a:b");
        assert_eq!(without_line("/srv/ci/x:"), "/srv/ci/x:");
    }
}
