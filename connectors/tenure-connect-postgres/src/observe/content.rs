//! What an extent holds, as one keyed digest: over raw rows, so that nothing need be made of them to see
//! that they are the same.
//!
//! The rows of a statement are summed up whatever their order, each hashed under a key that only we have: nobody
//! outside can make other rows of the same sum. RowSum hold stored verifiers and clear copies of passwords, so
//! nothing unkeyed leaves this file. A digest covers the rows, the statements they answer, whatever else the
//! observations are made from, and the version of this crate. Next: `database.rs`, where it is asked for.

use super::pages::{Portions, Stopped};
use crate::source::unread;
use aws_lc_rs::digest::{Context, SHA256, digest};
use std::error::Error;
use tenure_connect::{ContentDigest, Fingerprint, Recognition, SurveySink};
use tenure_model::Extent;
use tokio_postgres::{
    Row, Transaction,
    types::{FromSql, Type},
};
use zeroize::Zeroizing;

/// The domain from which the key of rows comes.
const ROW_KEY_DOMAIN: &str = "postgres-content-row-key";
/// What makes observations of rows: another version may make others.
const MAKER: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
/// Length of a column that is null; no value is as long.
const NULL: u64 = u64::MAX;
/// A block of SHA-256 (FIPS 180-4), in bytes: the key fills one.
const BLOCK_BYTES: usize = 64;
/// Longest row that has room from the start. A longer one makes the room grow, and leaves a copy behind.
const ROOM_BYTES: usize = 16 * 1024;

/// The bytes of a column as the server sent them.
struct Raw<'row>(Option<&'row [u8]>);

impl<'row> FromSql<'row> for Raw<'row> {
    fn from_sql(_: &Type, raw: &'row [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Makes digests under the key of one source.
pub(super) struct Digests<'source> {
    fingerprint: &'source dyn Fingerprint,
    row_key: [u8; BLOCK_BYTES],
}

impl<'source> Digests<'source> {
    pub(super) fn new(fingerprint: &'source dyn Fingerprint) -> Self {
        let key = digest(&SHA256, fingerprint.fingerprint(ROW_KEY_DOMAIN, MAKER.as_bytes()).as_bytes());
        let mut row_key = [0; BLOCK_BYTES];
        for (to, from) in row_key.iter_mut().zip(key.as_ref()) {
            *to = *from;
        }
        Self { fingerprint, row_key }
    }

    /// No rows yet.
    pub(super) fn rows(&self) -> RowSum {
        let mut row = Zeroizing::new(Vec::with_capacity(ROOM_BYTES));
        row.extend_from_slice(&self.row_key);
        RowSum { row, sum: [0; 4], count: 0 }
    }

    /// Reads the rows of a statement for nothing but their sum.
    pub(super) async fn read(
        &self,
        transaction: &Transaction<'_>,
        statement: &str,
    ) -> Result<RowSum, Stopped> {
        let mut sum = self.rows();
        let mut portions = Portions::of(transaction, statement, &[]).await?;
        while let Some(rows) = portions.next().await? {
            for row in &rows {
                sum.add(row).map_err(|error| unread(&error))?;
            }
        }
        Ok(sum)
    }

    /// What an extent is made from: nothing yet but its name and us.
    pub(super) fn content(&self, extent: &Extent) -> Content<'source> {
        Content { fingerprint: self.fingerprint, hash: Context::new(&SHA256) }.text(MAKER).text(&extent.0)
    }
}

/// The sum of rows, whatever their order.
pub(super) struct RowSum {
    /// The key, and after it the row in hand: hashed in one go, many times faster than piece by piece.
    row: Zeroizing<Vec<u8>>,
    sum: [u64; 4],
    count: u64,
}

impl RowSum {
    /// Adds one row: each column after its length.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), tokio_postgres::Error> {
        for column in 0..row.len() {
            let Raw(raw) = row.try_get(column)?;
            let length = raw.map_or(NULL, |raw| raw.len() as u64);
            self.row.extend_from_slice(&length.to_le_bytes());
            self.row.extend_from_slice(raw.unwrap_or_default());
        }
        self.include();
        Ok(())
    }

    /// Adds the row in hand to the sum.
    fn include(&mut self) {
        let hash = digest(&SHA256, &self.row);
        self.row.truncate(BLOCK_BYTES);
        for (lane, bytes) in self.sum.iter_mut().zip(hash.as_ref().chunks_exact(8)) {
            let mut number = [0; 8];
            number.copy_from_slice(bytes);
            *lane = lane.wrapping_add(u64::from_le_bytes(number));
        }
        self.count += 1;
    }
}

/// Everything that the observations of an extent are made from.
pub(super) struct Content<'source> {
    fingerprint: &'source dyn Fingerprint,
    hash: Context,
}

impl Content<'_> {
    /// Adds a text, such as a statement.
    pub(super) fn text(mut self, text: &str) -> Self {
        self.hash.update(&(text.len() as u64).to_le_bytes());
        self.hash.update(text.as_bytes());
        self
    }

    /// Adds the answer to a statement.
    pub(super) fn answer(self, statement: &str, rows: &RowSum) -> Self {
        let mut with = self.text(statement);
        with.hash.update(&rows.count.to_le_bytes());
        for lane in rows.sum {
            with.hash.update(&lane.to_le_bytes());
        }
        with
    }

    /// The digest, under our key.
    pub(super) fn digest(self) -> ContentDigest {
        ContentDigest::keyed(self.fingerprint, self.hash.finish().as_ref())
    }
}

/// Offers a digest; true when the extent is ended by that.
pub(super) async fn is_recognised(
    sink: &mut dyn SurveySink,
    extent: &Extent,
    digest: &ContentDigest,
) -> Result<bool, Stopped> {
    Ok(sink.offer(extent, digest).await? == Recognition::Unchanged)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Keyed(&'static str);

    impl Fingerprint for Keyed {
        fn fingerprint(&self, domain: &str, value: &[u8]) -> String {
            let hash = digest(&SHA256, &[self.0.as_bytes(), domain.as_bytes(), value].concat());
            format!("{:?}", hash.as_ref())
        }
    }

    fn sum_of(digests: &Digests<'_>, rows: &[&str]) -> RowSum {
        let mut sum = digests.rows();
        for row in rows {
            sum.row.extend_from_slice(row.as_bytes());
            sum.include();
        }
        sum
    }

    fn digest_of(key: &'static str, statement: &str, rows: &[&str]) -> ContentDigest {
        let keyed = Keyed(key);
        let digests = Digests::new(&keyed);
        let sum = sum_of(&digests, rows);
        digests.content(&Extent("roles".to_owned())).answer(statement, &sum).digest()
    }

    #[test]
    fn the_order_of_rows_does_not_matter_and_everything_else_does() {
        let one = digest_of("k", "SELECT", &["a", "b", "b"]);
        assert_eq!(one, digest_of("k", "SELECT", &["b", "a", "b"]));
        let others = [
            digest_of("k", "SELECT", &["a", "b"]),
            digest_of("k", "SELECT", &["a", "a", "b"]),
            digest_of("k", "SELECT", &["a", "b", "b", "b"]),
            digest_of("k", "SELECT 1", &["a", "b", "b"]),
            digest_of("another key", "SELECT", &["a", "b", "b"]),
            digest_of("k", "SELECT", &[]),
        ];
        for other in others {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn the_sum_of_rows_depends_on_the_key() {
        let (one, other) = (Keyed("k"), Keyed("another key"));
        let sums = [Digests::new(&one), Digests::new(&other)].map(|digests| sum_of(&digests, &["a"]).sum);
        assert_ne!(sums[0], sums[1], "or anybody could look for rows that have the same sum");
    }

    #[test]
    fn another_extent_of_the_same_rows_has_another_digest() {
        let keyed = Keyed("k");
        let digests = Digests::new(&keyed);
        let of = |name: &str| digests.content(&Extent(name.to_owned())).digest();
        assert_ne!(of("memberships"), of("inherited-memberships"));
    }
}
