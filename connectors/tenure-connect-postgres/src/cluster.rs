//! Whether a server belongs to the primary's cluster.
//!
//! An oid means another role in another cluster, so a configured point that leads elsewhere
//! must be neither looked at nor acted on by oid. The system identifier alone does not tell:
//! a copy that was restored from a backup and lives on by itself has the same. Never trusts
//! a name or an address.

use tokio_postgres::Transaction;

/// Which cluster a server is, and in which part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cluster {
    identifier: i64,
    /// When the server process started, in microseconds since 1970: tells one primary from another.
    started: i64,
    /// Follows a primary and accepts no changes of its own.
    standby: bool,
}

const READ: &str = "
SELECT c.system_identifier, (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint, pg_is_in_recovery()
  FROM pg_control_system() c";

impl Cluster {
    /// Reads it from a server.
    pub(crate) async fn of(transaction: &Transaction<'_>) -> Result<Self, tokio_postgres::Error> {
        let row = transaction.query_one(READ, &[]).await?;
        Ok(Self { identifier: row.try_get(0)?, started: row.try_get(1)?, standby: row.try_get(2)? })
    }

    /// True when `peer` is a standby of this primary's cluster, or this very server by another address.
    pub(crate) fn holds(self, peer: Self) -> bool {
        self.identifier == peer.identifier && (peer.standby || peer.started == self.started)
    }
}

#[cfg(test)]
mod tests {
    use super::Cluster;

    #[test]
    fn only_a_standby_or_the_primary_itself_belongs() {
        let primary = Cluster { identifier: 1, started: 10, standby: false };
        assert!(primary.holds(primary));
        assert!(primary.holds(Cluster { started: 20, standby: true, ..primary }));
        assert!(!primary.holds(Cluster { started: 20, ..primary }), "a copy that lives on by itself");
        assert!(!primary.holds(Cluster { identifier: 2, standby: true, ..primary }));
    }
}
