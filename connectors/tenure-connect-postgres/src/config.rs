//! What a person configured, parsed once: points, account, settings.
//!
//! Parses and never connects. An address that holds a password is refused before anything
//! else looks at it, and no message repeats any part of an address that might be one.

use rustls_pki_types::CertificateDer;
use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};
use tenure_connect::{ConfigRefused, Fingerprint, SourceConfig};
use tenure_model::{PRIMARY, Point, Secret, ShortName, printable};
use tenure_tls::{Encryption, authorities, is_loopback};
use tokio_postgres::config::{Host, SslMode};

/// Setting: the role that receives what a deleted role owned.
pub const HEIR: &str = "heir";
/// Setting: after how many seconds a change has reached every point; the manifest's lag without it.
pub const LAG_SECONDS: &str = "lag-seconds";
/// Setting: a PEM file with the authorities that sign the servers' certificates.
pub const CA_FILE: &str = "ca-file";
/// Settings `kind.<point>`: `server` or `pooler`.
pub const KIND_PREFIX: &str = "kind.";
/// Longest lag that can be set: a day.
const LAG_SECONDS_MAX: u64 = 86_400;

/// What answers at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    /// A PostgreSQL server: the primary or a replica.
    Server,
    /// Something before a server that keeps its own idea of passwords, such as PgBouncer.
    Pooler,
}

/// How to reach a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A host name or address, and a port.
    Tcp(String, u16),
    /// The directory of a Unix socket, and the port in its name.
    Socket(PathBuf, u16),
}

/// A point, understood.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) name: ShortName,
    pub(crate) address: Address,
    pub(crate) user: String,
    pub(crate) database: String,
    pub(crate) encryption: Encryption,
    pub(crate) kind: PlaceKind,
}

impl Place {
    /// True when nobody else can read the line.
    pub(crate) fn is_private(&self) -> bool {
        match &self.address {
            Address::Socket(..) => true,
            Address::Tcp(host, _) => is_loopback(host),
        }
    }
}

/// A configuration, understood.
pub(crate) struct Configured {
    /// The first is the primary.
    pub(crate) places: Vec<Place>,
    pub(crate) heir: Option<String>,
    pub(crate) password: Option<Arc<Secret<String>>>,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) fingerprint: Arc<dyn Fingerprint>,
}

/// Understands a configuration.
pub(crate) fn configured(config: SourceConfig) -> Result<Configured, ConfigRefused> {
    let settings = Settings::parse(&config.options, &config.points)?;
    let mut places = Vec::with_capacity(config.points.len());
    for point in &config.points {
        places.push(place(point, settings.kinds.get(point.name.as_str()).copied())?);
    }
    match places.first() {
        None => return Err(refused_address(PRIMARY, "there is no address")),
        Some(first) if first.name.as_str() != PRIMARY => {
            return Err(refused_address(first.name.as_str(), "the first point must be called `primary`"));
        }
        Some(first) if first.kind == PlaceKind::Pooler => {
            return Err(refused_address(PRIMARY, "the primary must be a server, not a pooler"));
        }
        Some(_) => {}
    }
    Ok(Configured {
        places,
        heir: settings.heir,
        password: config.secret,
        authorities: settings.authorities,
        fingerprint: config.fingerprint,
    })
}

/// The lag a person set for a source, if any: what `lag-seconds` says.
pub fn lag(options: &BTreeMap<String, String>) -> Result<Option<Duration>, ConfigRefused> {
    let Some(given) = options.get(LAG_SECONDS) else { return Ok(None) };
    match given.parse::<u64>() {
        Ok(seconds) if seconds <= LAG_SECONDS_MAX => Ok(Some(Duration::from_secs(seconds))),
        _ => Err(refused_setting(LAG_SECONDS, "expected a number of seconds from 0 to 86400")),
    }
}

struct Settings {
    heir: Option<String>,
    kinds: BTreeMap<String, PlaceKind>,
    authorities: Vec<CertificateDer<'static>>,
}

impl Settings {
    fn parse(options: &BTreeMap<String, String>, points: &[Point]) -> Result<Self, ConfigRefused> {
        lag(options)?;
        let mut settings = Self { heir: None, kinds: BTreeMap::new(), authorities: Vec::new() };
        for (name, value) in options {
            match name.as_str() {
                HEIR if value.is_empty() => return Err(refused_setting(name, "expected the name of a role")),
                HEIR => settings.heir = Some(value.clone()),
                LAG_SECONDS => {}
                CA_FILE => {
                    settings.authorities =
                        authorities(value.as_ref()).map_err(|why| refused_setting(name, &why.to_string()))?;
                }
                _ => {
                    let (point, kind) = kind(name, value, points)?;
                    settings.kinds.insert(point, kind);
                }
            }
        }
        Ok(settings)
    }
}

fn kind(name: &str, value: &str, points: &[Point]) -> Result<(String, PlaceKind), ConfigRefused> {
    let Some(point) = name.strip_prefix(KIND_PREFIX) else {
        let known = "unknown; expected `heir`, `lag-seconds`, `ca-file` or `kind.<point>`";
        return Err(refused_setting(name, known));
    };
    if !points.iter().any(|known| known.name.as_str() == point) {
        return Err(refused_setting(name, "there is no such point"));
    }
    match value {
        "server" => Ok((point.to_owned(), PlaceKind::Server)),
        "pooler" => Ok((point.to_owned(), PlaceKind::Pooler)),
        _ => Err(refused_setting(name, "expected `server` or `pooler`")),
    }
}

fn place(point: &Point, kind: Option<PlaceKind>) -> Result<Place, ConfigRefused> {
    let name = point.name.as_str();
    let refuse = |why: &str| refused_address(name, why);
    let Some(rest) =
        ["postgres://", "postgresql://"].iter().find_map(|scheme| point.url.strip_prefix(scheme))
    else {
        return Err(refuse("expected postgres://user@host:port/database"));
    };
    if holds_password(rest) {
        return Err(ConfigRefused::PasswordInAddress { point: name.to_owned() });
    }
    // The parser's own message may quote the address; ours says where to look instead.
    let parsed: tokio_postgres::Config = point.url.parse().map_err(|_| {
        refuse(
            "expected postgres://user@host:port/database, with `sslmode` and `host` as the only parameters",
        )
    })?;
    if parsed.get_password().is_some() {
        return Err(ConfigRefused::PasswordInAddress { point: name.to_owned() });
    }
    let user = parsed.get_user().filter(|user| !user.is_empty()).ok_or_else(|| refuse("it names no user"))?;
    let address = address(&parsed).map_err(|why| refuse(&why))?;
    let place = Place {
        name: point.name.clone(),
        user: user.to_owned(),
        database: parsed
            .get_dbname()
            .filter(|database| !database.is_empty())
            .unwrap_or("postgres")
            .to_owned(),
        encryption: Encryption::Prefer,
        kind: kind.unwrap_or(if name.starts_with("pooler") { PlaceKind::Pooler } else { PlaceKind::Server }),
        address,
    };
    Ok(Place { encryption: encryption(&parsed, &point.url, &place), ..place })
}

/// Why the primary of `will` is another server than that of `was`. Its account, its database and how the line is
/// encrypted may change: roles belong to the server.
pub(crate) fn another_server(was: &[Point], will: &[Point]) -> Option<String> {
    let server = |points: &[Point]| {
        let parsed = place(points.first()?, None).ok()?;
        Some(match parsed.address {
            Address::Tcp(host, port) => Address::Tcp(host.to_ascii_lowercase(), port),
            socket @ Address::Socket(..) => socket,
        })
    };
    (server(was) != server(will)).then(|| String::from("its primary would be at another host or port"))
}

/// Looks for a password the way it can be written: `user:password@`, or a parameter of that name.
fn holds_password(rest: &str) -> bool {
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    // An encoded colon would make it part of a user's name, and that stands in evidence.
    let in_user = before_query
        .rsplit_once('@')
        .is_some_and(|(user, _)| user.contains(':') || user.to_ascii_lowercase().contains("%3a"));
    let in_query = query.split('&').any(|pair| {
        let name = pair.split('=').next().unwrap_or(pair).to_ascii_lowercase();
        name.contains("pass") || name.contains('%')
    });
    in_user || in_query
}

fn address(parsed: &tokio_postgres::Config) -> Result<Address, String> {
    if !parsed.get_hostaddrs().is_empty() {
        return Err("`hostaddr` is not supported; put the address in place of the host".to_owned());
    }
    let port = parsed.get_ports().last().copied().unwrap_or(5432);
    match parsed.get_hosts() {
        [Host::Tcp(host)] => Ok(Address::Tcp(host.clone(), port)),
        [Host::Unix(directory)] => Ok(Address::Socket(directory.clone(), port)),
        [] => Err("it names no host".to_owned()),
        _ => Err("it names several hosts; make each a point of its own".to_owned()),
    }
}

fn encryption(parsed: &tokio_postgres::Config, url: &str, place: &Place) -> Encryption {
    let said = url.split_once('?').is_some_and(|(_, query)| query.contains("sslmode="));
    match (said, parsed.get_ssl_mode()) {
        (true, SslMode::Disable) => Encryption::Disable,
        (true, SslMode::Prefer) => Encryption::Prefer,
        (false, _) => match &place.address {
            Address::Tcp(host, _) => Encryption::unless_said(host),
            Address::Socket(..) => Encryption::Prefer,
        },
        _ => Encryption::Require,
    }
}

fn refused_address(point: &str, why: &str) -> ConfigRefused {
    ConfigRefused::Address { point: point.to_owned(), why: why.to_owned() }
}

fn refused_setting(name: &str, why: &str) -> ConfigRefused {
    ConfigRefused::Setting { name: printable(name, 60), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenure_model::{Instant, SourceId};

    struct Plain;
    impl Fingerprint for Plain {
        fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
            format!("{domain}:{}", value.len())
        }
    }

    fn parse(points: &[(&str, &str)], options: &[(&str, &str)]) -> Result<Configured, ConfigRefused> {
        let point = |(name, url): &(&str, &str)| Point {
            name: ShortName::parse(name).unwrap(),
            url: (*url).to_owned(),
        };
        configured(SourceConfig {
            id: SourceId::new(Instant::from_micros(0), [0; 10]),
            name: ShortName::parse("pg").unwrap(),
            points: points.iter().map(point).collect(),
            secret: None,
            options: options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            fingerprint: Arc::new(Plain),
        })
    }

    fn refusal(url: &str, options: &[(&str, &str)]) -> String {
        parse(&[("primary", url)], options).err().map_or("accepted".to_owned(), |refused| refused.to_string())
    }

    #[test]
    fn bad_addresses_and_settings_are_refused_in_plain_words() {
        let rows: Vec<String> = [
            ("mysql://u@h/d", vec![]),
            ("postgres://u:hunter2@h/d", vec![]),
            ("postgres://u:@h/d", vec![]),
            ("postgres://u%3Ahunter2@h/d", vec![]),
            ("postgres://u@h/d?password=hunter2", vec![]),
            ("postgres://u@h/d?sslpassword=hunter2", vec![]),
            ("postgres://u@h/d?%70assword=hunter2", vec![]),
            ("postgres://u:hun/ter2@h/d", vec![]),
            ("postgres://h/d", vec![]),
            ("postgres://u@h1,h2/d", vec![]),
            ("postgres://u@h:port/d", vec![]),
            ("postgres://u@h/d?fast=yes", vec![]),
            ("postgres://u@h/d", vec![("heir", "")]),
            ("postgres://u@h/d", vec![("lag-seconds", "soon")]),
            ("postgres://u@h/d", vec![("kind.primary", "pooler")]),
            ("postgres://u@h/d", vec![("kind.primary", "thing")]),
            ("postgres://u@h/d", vec![("kind.other", "server")]),
            ("postgres://u@h/d", vec![("speed", "11")]),
        ]
        .iter()
        .map(|(url, options)| refusal(url, options))
        .collect();
        insta::assert_snapshot!(rows.join("\n"));
    }

    #[test]
    fn what_is_said_of_the_settings_is_what_is_known() {
        let told = refusal("postgres://u@h/d", &[("nothing", "1")]);
        let (_, known) = told.split_once("expected ").unwrap();
        let known: std::collections::BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
        let said = crate::MANIFEST.settings.iter().map(|one| one.name).collect();
        assert_eq!(known, said);
    }

    #[test]
    fn the_line_is_encrypted_unless_it_is_private() {
        let encryption = |url: &str| parse(&[("primary", url)], &[]).unwrap().places[0].encryption;
        assert_eq!(encryption("postgres://u@db.example/d"), Encryption::Require);
        assert_eq!(encryption("postgres://u@127.0.0.1:5433/d"), Encryption::Prefer);
        assert_eq!(encryption("postgres://u@[::1]:5433/d"), Encryption::Prefer);
        assert_eq!(encryption("postgres://u@/d?host=/run/postgresql"), Encryption::Prefer);
        assert_eq!(encryption("postgres://u@127.0.0.1/d?sslmode=require"), Encryption::Require);
        assert_eq!(encryption("postgres://u@db.example/d?sslmode=prefer"), Encryption::Prefer);
        assert_eq!(encryption("postgres://u@db.example/d?sslmode=disable"), Encryption::Disable);
    }

    #[test]
    fn a_point_called_pooler_is_one_unless_said_otherwise() {
        let points = [("primary", "postgres://u@h/d"), ("pooler-1", "postgres://u@h:6432/d")];
        assert_eq!(parse(&points, &[]).unwrap().places[1].kind, PlaceKind::Pooler);
        let said = parse(&points, &[("kind.pooler-1", "server")]).unwrap();
        assert_eq!(said.places[1].kind, PlaceKind::Server);
    }
}
