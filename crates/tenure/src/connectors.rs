//! The only list of connectors. One Cargo feature each; adding one is two lines here.
//!
//! This room must never know anything of a system beyond its connector and the schemes of its
//! addresses. Next: docs/adding-a-connector.md.

use std::sync::Arc;
use tenure_connect::{Connector, Manifest};

/// A connector and the address schemes it answers to.
struct BuiltIn {
    connector: Arc<dyn Connector>,
    schemes: &'static [&'static str],
}

fn list() -> Vec<BuiltIn> {
    vec![
        #[cfg(feature = "host")]
        BuiltIn { connector: Arc::new(tenure_connect_host::HostConnector), schemes: &["host"] },
        #[cfg(feature = "host")]
        BuiltIn { connector: Arc::new(tenure_connect_host::RemoteConnector), schemes: &["ssh"] },
        #[cfg(feature = "import")]
        BuiltIn {
            connector: Arc::new(tenure_connect_import::ImportConnector),
            schemes: &["csv", "json", "prowler", "cartography"],
        },
        #[cfg(feature = "postgres")]
        BuiltIn {
            connector: Arc::new(tenure_connect_postgres::PostgresConnector),
            schemes: &["postgres", "postgresql"],
        },
    ]
}

/// Every connector that is built in.
pub(crate) fn built_in() -> Vec<Arc<dyn Connector>> {
    list().into_iter().map(|entry| entry.connector).collect()
}

/// The connectors of systems where we have an account to log in with.
pub(crate) fn with_accounts() -> Vec<&'static Manifest> {
    let manifests = list().into_iter().map(|entry| entry.connector.manifest());
    manifests.filter(|manifest| manifest.takes_password).collect()
}

/// What the connector says that answers to the scheme of an address.
pub(crate) fn of_address(address: &str) -> Option<&'static Manifest> {
    at_address(address).map(|connector| connector.manifest())
}

/// The connector that answers to the scheme of an address.
pub(crate) fn at_address(address: &str) -> Option<Arc<dyn Connector>> {
    let (scheme, _) = address.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    list().into_iter().find(|entry| entry.schemes.contains(&scheme.as_str())).map(|entry| entry.connector)
}

/// Every scheme that is understood, for messages.
pub(crate) fn schemes() -> String {
    let schemes: Vec<String> =
        list().iter().flat_map(|entry| entry.schemes).map(|scheme| format!("{scheme}://")).collect();
    if schemes.is_empty() { String::from("none: no connector is built in") } else { schemes.join(", ") }
}

#[cfg(all(test, feature = "postgres", feature = "host", feature = "import"))]
mod tests {
    #[test]
    fn the_scheme_of_an_address_picks_the_connector() {
        let system = |address: &str| super::of_address(address).map(|manifest| manifest.system);
        assert_eq!(system("postgres://u@h/d"), Some("postgres"));
        assert_eq!(system("PostgreSQL://u@h/d"), Some("postgres"));
        assert_eq!(system("host:///"), Some("host"));
        assert_eq!(system("SSH://tenure@web-1"), Some("ssh"));
        assert_eq!(system("csv:///srv/list.csv"), Some("import"));
        assert_eq!(system("mysql://u@h/d"), None);
        assert_eq!(system("h:5432"), None);
        assert_eq!(
            super::schemes(),
            "host://, ssh://, csv://, json://, prowler://, cartography://, postgres://, postgresql://"
        );
    }
}
