//! Files that others may change or put another in the place of, and files where that leads nowhere.

use crate::machine::Machine;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tenure_connect_host::{Problem, ThingKind};

pub(super) fn plant(machine: &mut Machine) {
    keys(machine);
    unit(machine);
    secrets(machine);
    machine.close_the_way();
    for (folder, mode) in [("srv/open/shared", 0o777), ("srv/open/drop", 0o1777), ("srv/open/private", 0o700)]
    {
        fs::set_permissions(machine.path(folder), fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// A list of keys that everybody may add one to, and one that only looks so from its name.
fn keys(machine: &mut Machine) {
    let key = machine.draw.ssh_public_key();
    let real = [(ThingKind::AuthorizedKey, "anybody")];
    machine.plant("srv/open/.ssh/authorized_keys", 0o666, format!("{key} anybody\n"), &real);
    machine.wrong("srv/open/.ssh/authorized_keys", &[Problem::WritableByOthers]);
}

fn unit(machine: &mut Machine) {
    let unit = "[Service]\nUser=etl\nExecStart=/usr/bin/etl\n";
    let real = [(ThingKind::ServiceUnit, "open.service")];
    machine.plant("etc/systemd/system/open.service", 0o646, unit, &real);
    machine.wrong("etc/systemd/system/open.service", &[Problem::WritableByOthers]);
}

/// The same secret file in folders of four kinds.
fn secrets(machine: &mut Machine) {
    use Problem::{ReadableByOthers, ReplaceableByOthers, WritableByOthers};
    let places: [(&str, u32, &[Problem]); 4] = [
        ("srv/open/shared/.env", 0o600, &[ReplaceableByOthers]),
        ("srv/open/drop/.env", 0o600, &[]),
        ("srv/open/private/.env", 0o666, &[]),
        ("srv/open/.env", 0o606, &[ReadableByOthers, WritableByOthers]),
    ];
    for (place, mode, problems) in places {
        let password = machine.drawn("Op5-", 18);
        let real = [(ThingKind::EnvironmentSecret, "DB_PASSWORD")];
        machine.plant(place, mode, format!("DB_PASSWORD={password}\n"), &real);
        machine.wrong(place, problems);
    }
}
