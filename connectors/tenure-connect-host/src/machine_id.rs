//! By what a machine is known again at another address: its machine-id (machine-id(5)), as a keyed fingerprint.
//!
//! The id itself is meant to be kept to the machine, so it leaves this connector only as a fingerprint under our key. A machine
//! that has none, or whose image says `uninitialized`, is known by nothing. Next: `observe.rs`.

use crate::files::Files;
use crate::limits::Budget;
use crate::map::ExtentContent;
use crate::place::Place;
use tenure_connect::Fingerprint;
use tenure_model::{Fact, Observation, PrincipalKind, names};

/// Domain of fingerprints of a machine-id.
const DOMAIN: &str = "host-machine-id";
/// Where it is: the second on systems without systemd.
const PLACES: [&[u8]; 2] = [b"etc/machine-id", b"var/lib/dbus/machine-id"];

/// The fingerprint of the machine whose files these are.
pub(crate) fn read(files: &dyn Files, budget: &Budget<'_>, fingerprint: &dyn Fingerprint) -> Option<String> {
    id(files, budget).map(|id| fingerprint.fingerprint(DOMAIN, &id))
}

/// The id itself, 32 hexadecimal digits: it names the folder of the machine's journal, and is not to be shown.
pub(crate) fn id(files: &dyn Files, budget: &Budget<'_>) -> Option<Vec<u8>> {
    PLACES.into_iter().find_map(|path| {
        let file = files.read(&Place::parse(path)?, budget).ok()?;
        let id = file.content.expose().trim_ascii().to_ascii_lowercase();
        let is_one =
            id.len() == 32 && id.iter().all(u8::is_ascii_hexdigit) && id.iter().any(|digit| *digit != b'0');
        is_one.then_some(id)
    })
}

/// Says of the machine by what it is known again.
pub(crate) fn say(extents: &mut [(String, ExtentContent)], machine: Option<String>) {
    let Some(machine) = machine else { return };
    for observation in extents.iter_mut().flat_map(|(_, content)| &mut content.observations) {
        if let Observation::Principal(principal) = observation
            && principal.kind == PrincipalKind::Machine
        {
            principal.facts.insert(names::MACHINE_ID.to_owned(), Fact::Text(machine.clone()));
        }
    }
}
