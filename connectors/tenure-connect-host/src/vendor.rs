//! Accounts that a vendor ships: part of the system, not somebody's to own.
//!
//! By name and user id range, from the accounts that a fresh Debian (base-passwd and common packages) or Red Hat
//! (setup and common packages) system has. A name alone is not enough: an account of a vendor's name with a
//! person's user id is somebody's. Next: `survey.rs`.

use crate::read::passwd::{Account, PEOPLE_UID_MIN};

/// Whose built-in account it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Vendor {
    /// Every Unix has it.
    Unix,
    /// Debian and its relatives.
    Debian,
    /// Red Hat and its relatives.
    RedHat,
    /// systemd's own.
    Systemd,
    /// macOS.
    Apple,
    /// A package of the distribution.
    Package,
}

impl Vendor {
    /// The name of the vendor's class.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Debian => "debian",
            Self::RedHat => "red_hat",
            Self::Systemd => "systemd",
            Self::Apple => "apple",
            Self::Package => "package",
        }
    }
}

const UNIX: [&str; 8] = ["root", "daemon", "bin", "sys", "sync", "mail", "news", "nobody"];
const DEBIAN: [&str; 12] = [
    "games",
    "man",
    "lp",
    "uucp",
    "proxy",
    "www-data",
    "backup",
    "list",
    "irc",
    "gnats",
    "_apt",
    "messagebus",
];
const RED_HAT: [&str; 12] = [
    "adm",
    "shutdown",
    "halt",
    "operator",
    "ftp",
    "dbus",
    "tss",
    "polkitd",
    "chrony",
    "libstoragemgmt",
    "sssd",
    "unbound",
];
const SYSTEMD: [&str; 6] = [
    "systemd-network",
    "systemd-resolve",
    "systemd-timesync",
    "systemd-coredump",
    "systemd-oom",
    "systemd-journal-remote",
];
const PACKAGES: [&str; 36] = [
    "sshd",
    "_chrony",
    "avahi",
    "rtkit",
    "colord",
    "geoclue",
    "pulse",
    "saned",
    "usbmux",
    "dnsmasq",
    "postfix",
    "Debian-exim",
    "Debian-snmp",
    "ntp",
    "ntpsec",
    "uuidd",
    "tcpdump",
    "landscape",
    "pollinate",
    "syslog",
    "fwupd-refresh",
    "lxd",
    "rpc",
    "rpcuser",
    "statd",
    "_rpc",
    "apache",
    "nginx",
    "mysql",
    "postgres",
    "redis",
    "rabbitmq",
    "openldap",
    "memcached",
    "named",
    "bind",
];

/// The vendor of an account, if it is one that a vendor ships.
pub fn vendor_of(account: &Account) -> Option<Vendor> {
    let name = core::str::from_utf8(&account.name).ok()?;
    // `nobody` is 65534 everywhere but on macOS, where it is the largest number there is.
    let of_system = account.uid < PEOPLE_UID_MIN || matches!(account.uid, 65_534 | u32::MAX | 4_294_967_294);
    if !of_system || (name == "root") != (account.uid == 0) {
        return None;
    }
    let tables: [(&[&str], Vendor); 5] = [
        (&UNIX, Vendor::Unix),
        (&DEBIAN, Vendor::Debian),
        (&RED_HAT, Vendor::RedHat),
        (&SYSTEMD, Vendor::Systemd),
        (&PACKAGES, Vendor::Package),
    ];
    let known = tables.iter().find(|(names, _)| names.contains(&name)).map(|(_, vendor)| *vendor);
    // macOS marks its own with an underscore and keeps them below 500; they have no shell.
    known.or_else(|| {
        let apple = name.starts_with('_') && account.uid < 500 && !account.has_login_shell();
        apple.then_some(Vendor::Apple)
    })
}

#[cfg(test)]
mod tests {
    use super::{Vendor, vendor_of};
    use crate::read::passwd::read;

    fn check(line: &str, vendor: Option<Vendor>) {
        assert_eq!(vendor_of(&read(line.as_bytes()).things[0]), vendor, "{line}");
    }

    #[test]
    fn accounts_that_come_with_the_system_are_the_vendors() {
        check("root:x:0:0:root:/:/bin/bash", Some(Vendor::Unix));
        check("nobody:x:65534:65534::/:/usr/sbin/nologin", Some(Vendor::Unix));
        check("www-data:x:33:33::/var/www:/usr/sbin/nologin", Some(Vendor::Debian));
        check("polkitd:x:997:997::/:/sbin/nologin", Some(Vendor::RedHat));
        check("systemd-network:x:998:998::/:/usr/sbin/nologin", Some(Vendor::Systemd));
        check("postgres:x:110:110::/var/lib/postgresql:/bin/bash", Some(Vendor::Package));
        check("_mdnsresponder:*:65:65::/var/empty:/usr/bin/false", Some(Vendor::Apple));
    }

    #[test]
    fn a_vendors_name_on_another_account_is_somebodys() {
        check("www-data:x:1033:33::/:/bin/bash", None);
        check("toor:x:0:0::/:/bin/bash", None);
        check("root:x:1001:0::/:/bin/bash", None);
        check("etl:x:998:998::/srv/etl:/usr/sbin/nologin", None);
        check("_mine:*:501:20::/:/bin/zsh", None);
    }
}
