//! What a person configured: which file, of which kind, read how far.
//!
//! Parses and never opens anything: whether the file is there is asked by `check` and by every survey.

use crate::limits::{FILE_BYTES_MAX, RECORDS_MAX};
use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};
use tenure_connect::{ConfigRefused, Fingerprint, SourceConfig};
use tenure_model::{PRIMARY, ShortName, printable};

/// Setting: the mapping file, absolute.
pub const MAPPING: &str = "mapping";
/// Setting: the largest file that is read, in bytes.
pub const BYTES_MAX: &str = "bytes-max";
/// Setting: how many records are read, at most.
pub const RECORDS_MAX_SETTING: &str = "records-max";
/// What is told of settings that do not exist.
const KNOWN: &str = "unknown; expected `mapping`, `bytes-max` or `records-max`";

tenure_model::noun! {
    /// The kinds of files that are understood; each is the scheme of an address.
    pub enum Format as "format" {
        /// Rows of cells, by a mapping.
        Csv = "csv",
        /// Objects, in a list or one after the other, by a mapping.
        Json = "json",
        /// Findings of Prowler in JSON-OCSF.
        Prowler = "prowler",
        /// A graph that Cartography gathered, exported by APOC.
        Cartography = "cartography",
    }
}

impl Format {
    /// Whether a mapping says what its columns mean.
    pub const fn needs_mapping(self) -> bool {
        matches!(self, Self::Csv | Self::Json)
    }
}

/// How far a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) file_bytes_max: u64,
    pub(crate) records_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes_max: FILE_BYTES_MAX, records_max: RECORDS_MAX }
    }
}

/// A configuration, understood.
pub(crate) struct Configured {
    pub(crate) point: ShortName,
    pub(crate) format: Format,
    pub(crate) path: PathBuf,
    pub(crate) mapping: Option<PathBuf>,
    pub(crate) limits: Limits,
    pub(crate) fingerprint: Arc<dyn Fingerprint>,
}

/// Understands a configuration.
pub(crate) fn configured(config: SourceConfig) -> Result<Configured, ConfigRefused> {
    let address = |why: &str| ConfigRefused::Address { point: PRIMARY.to_owned(), why: why.to_owned() };
    let point = match config.points.as_slice() {
        [only] if only.name.as_str() == PRIMARY => only,
        [] => return Err(address("there is no address")),
        [_] => return Err(address("the only point must be called `primary`")),
        _ => return Err(address("a file is one point; add each file as a source of its own")),
    };
    let expected =
        "expected csv:///file, json:///file, prowler:///file or cartography:///file, with the whole path";
    let (scheme, rest) = point.url.split_once("://").ok_or_else(|| address(expected))?;
    let format: Format = scheme.to_ascii_lowercase().parse().map_err(|_| address(expected))?;
    let path = absolute(rest).ok_or_else(|| address(expected))?;
    let mut limits = Limits::default();
    let mut mapping = None;
    for (name, value) in &config.options {
        match name.as_str() {
            MAPPING => {
                let given = absolute(value);
                mapping = Some(given.ok_or_else(|| setting(MAPPING, "expected the whole path of a file"))?);
            }
            BYTES_MAX => limits.file_bytes_max = number(name, value)?,
            RECORDS_MAX_SETTING => limits.records_max = number(name, value)?,
            _ => return Err(setting(&printable(name, 60), KNOWN)),
        }
    }
    match (&mapping, format.needs_mapping()) {
        (None, true) => {
            Err(setting(MAPPING, "a file of this kind needs one: --option mapping=/path/mapping.toml"))
        }
        (Some(_), false) => Err(setting(MAPPING, "a file of this kind has a mapping built in")),
        _ => Ok(Configured {
            point: point.name.clone(),
            format,
            path,
            mapping,
            limits,
            fingerprint: config.fingerprint,
        }),
    }
}

/// An absolute path in its plain form, without `.`, `..` and control characters.
fn absolute(given: &str) -> Option<PathBuf> {
    let path = Path::new(given);
    let mut parts = path.components();
    let begins = parts.next() == Some(Component::RootDir);
    let plain = begins
        && path.file_name().is_some()
        && !given.ends_with('/')
        && !given.chars().any(char::is_control)
        && parts.all(|part| matches!(part, Component::Normal(_)));
    plain.then(|| path.to_path_buf())
}

fn number(name: &str, value: &str) -> Result<u64, ConfigRefused> {
    let number = value.parse::<u64>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| setting(name, "expected a whole number above 0"))
}

fn setting(name: &str, why: &str) -> ConfigRefused {
    ConfigRefused::Setting { name: name.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::configured;
    use std::sync::Arc;
    use tenure_connect::{Fingerprint, SourceConfig};
    use tenure_model::{Instant, Point, ShortName, SourceId};

    struct Plain;
    impl Fingerprint for Plain {
        fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
            format!("{domain}:{}", value.len())
        }
    }

    fn check(points: &[(&str, &str)], options: &[(&str, &str)]) -> String {
        let point = |(name, url): &(&str, &str)| Point {
            name: ShortName::parse(name).unwrap(),
            url: (*url).to_owned(),
        };
        let told = configured(SourceConfig {
            id: SourceId::new(Instant::from_micros(0), [0; 10]),
            name: ShortName::parse("crm").unwrap(),
            points: points.iter().map(point).collect(),
            secret: None,
            options: options.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            fingerprint: Arc::new(Plain),
        });
        told.map_or_else(
            |refused| refused.to_string(),
            |taken| format!("{} {}", taken.format, taken.path.display()),
        )
    }

    #[test]
    fn what_is_said_of_the_settings_is_what_is_known() {
        let told = check(&[("primary", "prowler:///a")], &[("nothing", "1")]);
        let (_, known) = told.split_once("expected ").unwrap();
        let known: std::collections::BTreeSet<&str> = known.split('`').skip(1).step_by(2).collect();
        let said = crate::MANIFEST.settings.iter().map(|one| one.name).collect();
        assert_eq!(known, said);
    }

    #[test]
    fn addresses_and_settings_are_understood_or_refused_in_plain_words() {
        let mapping = [("mapping", "/m.toml")];
        let rows = [
            check(&[("primary", "csv:///srv/list.csv")], &mapping),
            check(&[("primary", "Prowler:///srv/out put.json")], &[]),
            check(&[("primary", "csv://srv/list.csv")], &mapping),
            check(&[("primary", "csv:///srv/../list.csv")], &mapping),
            check(&[("primary", "csv:///srv/")], &mapping),
            check(&[("primary", "csv:///srv/a\nb")], &mapping),
            check(&[("primary", "xml:///srv/list")], &mapping),
            check(&[("primary", "/srv/list.csv")], &mapping),
            check(&[("other", "csv:///srv/list.csv")], &mapping),
            check(&[("primary", "csv:///a"), ("b", "csv:///b")], &mapping),
            check(&[], &mapping),
            check(&[("primary", "csv:///srv/list.csv")], &[]),
            check(&[("primary", "cartography:///srv/list.csv")], &mapping),
            check(&[("primary", "csv:///srv/list.csv")], &[("mapping", "m.toml")]),
            check(&[("primary", "prowler:///a")], &[("bytes-max", "lots")]),
            check(&[("primary", "prowler:///a")], &[("records-max", "0")]),
            check(&[("primary", "prowler:///a")], &[("lag-seconds", "3")]),
        ];
        insta::assert_snapshot!(rows.join("\n"));
    }
}
