//! `group`: who belongs to which group (group(5)).

use super::{LineFault, Parsed, id, lines};
use crate::item::{Item, ThingKind};
use crate::place::shown;
use tenure_model::{Fact, printable};

/// Members that are shown of one group.
const MEMBERS_MAX: usize = 500;

/// A group.
#[derive(Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: Vec<u8>,
    /// Its group id.
    pub gid: u32,
    /// Its members beside those whose primary group it is.
    pub members: Vec<Vec<u8>>,
    /// The line it stands on.
    pub line: u32,
}

impl Group {
    /// As an item.
    pub fn item(&self) -> Item {
        let members: Vec<String> =
            self.members.iter().take(MEMBERS_MAX).map(|name| printable(&shown(name), 120)).collect();
        Item::new(ThingKind::Group, &shown(&self.name))
            .at_line(self.line)
            .number("gid", i64::from(self.gid))
            .number("members_count", i64::try_from(self.members.len()).unwrap_or(i64::MAX))
            .fact("members", Fact::Texts(members))
    }
}

/// Reads the groups.
pub fn read(bytes: &[u8]) -> Parsed<Group> {
    let mut parsed = Parsed::default();
    for (line, content) in lines(bytes) {
        match content {
            Ok(content) if content.trim_ascii().is_empty() => {}
            Ok(content) if content.first().is_some_and(|byte| matches!(byte, b'#' | b'+' | b'-')) => {}
            Ok(content) => parsed.keep(line, group(content, line)),
            Err(why) => parsed.skip(line, why),
        }
    }
    parsed
}

fn group(line: &[u8], number_of_line: u32) -> Result<Group, LineFault> {
    let mut parts = line.split(|byte| *byte == b':');
    let mut next = || parts.next().ok_or(LineFault::PartMissing);
    let (name, _password) = (next()?, next()?);
    let gid = id(next()?)?;
    let members = next()?.split(|byte| *byte == b',').filter(|name| !name.is_empty());
    if name.is_empty() {
        return Err(LineFault::PartMissing);
    }
    Ok(Group {
        name: name.to_vec(),
        gid,
        members: members.map(<[u8]>::to_vec).collect(),
        line: number_of_line,
    })
}

#[cfg(test)]
mod tests {
    use super::{Group, read};
    use crate::read::LineFault;

    #[test]
    fn groups_and_their_members_are_read() {
        let parsed =
            read(b"sudo:x:27:etl,deploy\n#\nempty:x:5:\nbad:x:y:\nhalf:x\nnobodys:x:4294967295:etl\n");
        let group = |name: &str, gid, members: &[&str], line| Group {
            name: name.into(),
            gid,
            members: members.iter().map(|name| name.as_bytes().to_vec()).collect(),
            line,
        };
        assert_eq!(parsed.things, [group("sudo", 27, &["etl", "deploy"], 1), group("empty", 5, &[], 3)]);
        let why: Vec<_> = parsed.skipped.iter().map(|skipped| (skipped.line, skipped.why)).collect();
        assert_eq!(
            why,
            [(4, LineFault::NotANumber), (5, LineFault::PartMissing), (6, LineFault::NotANumber)]
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            for group in read(&bytes).things { drop(group.item()); }
        }
    }
}
