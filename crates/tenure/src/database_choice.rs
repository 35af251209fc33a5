//! Which database a deployment uses, and how it is reached: from flags, then from the file.
//!
//! A password comes from a file and never from an address. Must never connect anywhere.

use crate::{
    cli::{DatabaseKind, Global},
    configuration::DatabaseSection,
    failure::Failure,
    passwords,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tenure_engine::{Database, PostgresLocation};

/// Which database, and where.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseChoice {
    kind: DatabaseKind,
    url: Option<String>,
    password_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
}

impl DatabaseChoice {
    /// Flags beat the file. An address alone means PostgreSQL.
    pub(crate) fn of(global: &Global, file: &DatabaseSection) -> Result<Self, Failure> {
        let url = global.database_url.clone().or_else(|| file.url.clone());
        if let Some(url) = &url {
            passwords::refuse_in_address("--database-url", url, "--database-password-file")?;
        }
        let unsaid = if url.is_some() { DatabaseKind::Postgres } else { DatabaseKind::Embedded };
        Ok(Self {
            kind: global.database.or(file.kind).unwrap_or(unsaid),
            url,
            password_file: global.database_password_file.clone().or_else(|| file.password_file.clone()),
            ca_file: global.database_ca_file.clone().or_else(|| file.ca_file.clone()),
        })
    }

    /// True when the database is a file in the data directory.
    pub(crate) fn is_embedded(&self) -> bool {
        self.kind == DatabaseKind::Embedded
    }

    /// What must be known at every start.
    pub(crate) fn section(&self) -> DatabaseSection {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        DatabaseSection {
            kind: Some(self.kind).filter(|_| !self.is_embedded()),
            url: self.url.clone(),
            password_file: self.password_file.as_deref().map(absolute),
            ca_file: self.ca_file.as_deref().map(absolute),
        }
    }

    /// The database, with its password read.
    pub(crate) fn database(&self) -> Result<Database, Failure> {
        match (self.kind, &self.url) {
            (DatabaseKind::Embedded, None) => Ok(Database::Embedded),
            (DatabaseKind::Embedded, Some(_)) => {
                Err(Failure::usage("--database-url belongs to --database postgres, not to the embedded database"))
            }
            (DatabaseKind::Postgres, None) => Err(Failure::usage("--database postgres needs --database-url")
                .next("for example --database-url postgres://tenure@db.example/tenure --database-password-file F")),
            (DatabaseKind::Postgres, Some(url)) => {
                let password = self.password_file.as_deref().map(passwords::from_file).transpose()?;
                let (parameters, ca_file) = (url.clone(), self.ca_file.clone());
                Ok(Database::Postgres(Arc::new(PostgresLocation { parameters, password, ca_file })))
            }
        }
    }
}
