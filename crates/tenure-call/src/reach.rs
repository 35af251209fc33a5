//! Which machines are called: those that a name leads to are looked at one by one before one is.
//!
//! The machine that was looked at is the one that is called, so that a name that leads elsewhere a moment later leads nowhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tenure_tls::is_loopback;

/// Whether a call may lead into a private network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateAddresses {
    /// Only public addresses, and this machine by its own name.
    Refused,
    /// Private ones too; never link-local ones.
    Allowed,
}

/// Why no machine of this name is called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotReachable {
    /// The name leads to no machine.
    #[error("`{host}` leads to no address: is its name right?")]
    Unknown {
        /// The name.
        host: String,
    },
    /// It leads where nothing must ever go.
    #[error("`{host}` leads to {address}, which is {what}: nothing is ever sent there")]
    Never {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
        /// What kind of address that is.
        what: &'static str,
    },
    /// It leads into a private network, and nobody allowed that.
    #[error("`{host}` leads to {address}, which is private: allow private addresses there if that is meant")]
    Private {
        /// The name.
        host: String,
        /// The address.
        address: IpAddr,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Public,
    Private,
    Loopback,
    Never(&'static str),
}

/// The addresses that may be called, where each that a name leads to may be: of a name that leads to both kinds, none is.
pub fn allowed(
    host: &str,
    addresses: impl IntoIterator<Item = IpAddr>,
    private: PrivateAddresses,
) -> Result<Vec<IpAddr>, NotReachable> {
    let mut found = Vec::new();
    for address in addresses {
        let refused = |what| NotReachable::Never { host: host.to_owned(), address, what };
        match kind(address) {
            Kind::Never(what) => return Err(refused(what)),
            Kind::Loopback if !is_loopback(host) => return Err(refused("this machine under another name")),
            Kind::Public | Kind::Private if is_loopback(host) => {
                return Err(refused("another machine under this one's name"));
            }
            Kind::Private if private == PrivateAddresses::Refused => {
                return Err(NotReachable::Private { host: host.to_owned(), address });
            }
            Kind::Public | Kind::Private | Kind::Loopback => found.push(address),
        }
    }
    if found.is_empty() { Err(NotReachable::Unknown { host: host.to_owned() }) } else { Ok(found) }
}

fn kind(address: IpAddr) -> Kind {
    match address.to_canonical() {
        IpAddr::V4(address) => kind_v4(address),
        IpAddr::V6(address) => kind_v6(address),
    }
}

fn kind_v4(address: Ipv4Addr) -> Kind {
    let [first, second, ..] = address.octets();
    match address {
        _ if address.is_loopback() => Kind::Loopback,
        _ if address.is_link_local() => Kind::Never("link-local, where clouds keep the keys of machines"),
        _ if first == 0 || address.is_multicast() || first >= 240 => Kind::Never("no machine's address"),
        _ if address == Ipv4Addr::new(100, 100, 100, 200) => {
            Kind::Never("where a cloud keeps the keys of machines")
        }
        // A range that carriers share, and private networks use.
        _ if first == 100 && (64..128).contains(&second) => Kind::Private,
        // Oracle's metadata service stands here.
        _ if first == 192 && address.octets().starts_with(&[192, 0, 0]) => {
            Kind::Never("no machine's address")
        }
        _ if address.is_private() => Kind::Private,
        _ => Kind::Public,
    }
}

fn kind_v6(address: Ipv6Addr) -> Kind {
    let [first, second, ..] = address.segments();
    let embedded = |high: u16, low: u16| kind_v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    let [.., high, low] = address.segments();
    match address {
        _ if address.is_loopback() => Kind::Loopback,
        _ if address.is_unspecified() || address.is_multicast() => Kind::Never("no machine's address"),
        _ if address.is_unicast_link_local() => {
            Kind::Never("link-local, where clouds keep the keys of machines")
        }
        _ if address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) => {
            Kind::Never("where a cloud keeps the keys of machines")
        }
        _ if address.is_unique_local() => Kind::Private,
        // An address of version 4 inside one of version 6 is what it leads to.
        _ if first == 0x64 && second == 0xff9b => embedded(high, low),
        _ if first == 0x2002 => embedded(second, address.segments()[2]),
        _ => Kind::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::{PrivateAddresses as P, allowed};
    use std::net::IpAddr;

    fn may(host: &str, addresses: &[&str], private: P) -> Result<String, String> {
        let addresses = addresses.iter().map(|address| address.parse::<IpAddr>().unwrap());
        allowed(host, addresses, private).map(|all| format!("{all:?}")).map_err(|why| why.to_string())
    }

    #[test]
    fn public_machines_are_called_and_private_ones_where_somebody_allowed_it() {
        for public in ["203.0.113.9", "8.8.8.8", "2001:4860::1", "100.63.0.1", "172.32.0.1"] {
            assert!(may("mail.example.com", &[public], P::Refused).is_ok(), "{public}");
        }
        for private in ["10.0.0.1", "172.16.0.1", "192.168.1.1", "fc00::1", "100.64.0.1", "::ffff:10.0.0.1"] {
            assert!(may("mail.example.com", &[private], P::Refused).is_err(), "{private}");
            assert!(may("mail.example.com", &[private], P::Allowed).is_ok(), "{private}");
        }
    }

    #[test]
    fn link_local_machines_are_never_called_however_they_are_written() {
        for never in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fe80::1",
            "fd00:ec2::254",
            "192.0.0.192",
            "100.100.100.200",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            for private in [P::Refused, P::Allowed] {
                assert!(may("mail.example.com", &[never], private).is_err(), "{never}");
            }
            // A good one before it does not open the way.
            assert!(may("mail.example.com", &["203.0.113.9", never], P::Allowed).is_err(), "{never}");
        }
    }

    #[test]
    fn this_machine_is_called_by_its_own_name_only() {
        assert!(may("localhost", &["127.0.0.1"], P::Refused).is_ok());
        assert!(may("127.0.0.1", &["127.0.0.1"], P::Refused).is_ok());
        assert!(may("mail.example.com", &["127.0.0.1"], P::Allowed).is_err());
        assert!(may("mail.example.com", &["::1"], P::Allowed).is_err());
        assert!(may("localhost", &["10.1.2.3"], P::Allowed).is_err(), "nor another by this one's");
        assert!(may("mail.example.com", &[], P::Allowed).unwrap_err().contains("no address"));
    }
}
