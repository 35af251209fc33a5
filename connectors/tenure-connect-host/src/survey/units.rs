//! A unit with its drop-ins, from the directories that systemd looks at.

use super::Survey;
use crate::catalogue::matches;
use crate::files::FileContent;
use crate::place::{Place, shown};
use crate::read::systemd;
use crate::unread::Spent;
use crate::walk::EntryKind;

/// Where the administrator's units and drop-ins are.
const OF_ADMINISTRATOR: &[u8] = b"etc/systemd/system";

impl Survey<'_> {
    /// Reads a unit, unless one of its name was read: the first directory counts (systemd.unit(5)).
    pub(super) fn unit(&mut self, place: &Place) -> Result<(), Spent> {
        if !self.units.insert(place.name().to_vec()) {
            return Ok(());
        }
        let Some(file) = self.content(place)? else { return Ok(()) };
        let drop_ins = self.drop_ins(place)?;
        let mut parts: Vec<&[u8]> = vec![file.content.expose()];
        parts.extend(drop_ins.iter().map(|drop_in| drop_in.content.expose().as_slice()));
        let name = shown(place.name());
        let parsed = systemd::read(&name, &parts, self.scanner);
        let by = if place.parent().as_bytes() == OF_ADMINISTRATOR { "administrator" } else { "package" };
        let units = parsed.things.into_iter().flat_map(|unit| unit.into_items(&name, drop_ins.len()));
        let items = units.map(|item| item.text("installed_by", by)).collect();
        self.keep(place, file.facts, None, items, parsed.skipped)
    }

    /// Drop-ins beside the unit and of the administrator, by name: the later name wins.
    fn drop_ins(&mut self, place: &Place) -> Result<Vec<FileContent>, Spent> {
        let folder = [place.name(), b".d"].concat();
        let mut places = Vec::new();
        let mut parents = vec![place.parent()];
        parents.extend(Place::parse(OF_ADMINISTRATOR));
        parents.dedup();
        for parent in parents {
            let directory = parent.join(&folder);
            let names = self.names(&directory)?;
            let fits = names
                .iter()
                .filter(|listed| listed.kind == EntryKind::File && matches(b"*.conf", &listed.name));
            places.extend(fits.map(|listed| directory.join(&listed.name)));
        }
        places.sort_by(|one, other| one.name().cmp(other.name()));
        let mut files = Vec::new();
        for place in places {
            self.done.insert(place.clone());
            files.extend(self.content(&place)?);
        }
        Ok(files)
    }
}
