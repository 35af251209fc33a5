//! Pages of a list: how many at most, and where the next one begins.
//!
//! A list is ordered by a key, and a page begins after the last key of the one before
//! (keyset pages), so that nothing is skipped or shown twice when rows come and go. The mark
//! is opaque to callers: base64 of a JSON array of texts.

use crate::{problem::Problem, shared::Shared};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use tenure_engine::{Scanned, StoreFailure, Tx};

/// Items on one page when nothing is said.
const PAGE_SIZE: u32 = 100;
/// Items on one page, at most.
pub(crate) const PAGE_SIZE_MAX: u32 = 500;

/// What stands after `?` of a list that is read page by page and takes no filter.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    limit: Option<u32>,
    after: Option<String>,
}

impl Paging {
    /// A page of so many items, from a mark on.
    pub(crate) const fn from(limit: u32, after: Option<String>) -> Self {
        Self { limit: Some(limit), after }
    }

    /// Reads one page. `rows` is given where it begins (nothing for the first) and how many rows to read;
    /// `mark` names the row that a page ended with, from where it began, its last row and its size.
    pub(crate) async fn read<K, T, R, M>(
        self,
        shared: &Shared,
        what: &'static str,
        mut rows: R,
        mark: M,
    ) -> Result<Page<T>, Problem>
    where
        K: FromStr + Copy + Send + 'static,
        T: Send + 'static,
        R: FnMut(&mut Tx<'_>, Option<K>, i64) -> Result<Vec<T>, StoreFailure> + Send + 'static,
        M: FnOnce(Option<K>, &T, u32) -> String,
    {
        let size = size(self.limit)?;
        let after: Option<K> = read_mark_of(self.after.as_deref())?;
        let store = shared.engine.store();
        let rows = store.read(what, move |tx| rows(tx, after, i64::from(size) + 1)).await?;
        Ok(Page::cut(rows, size, |last| vec![mark(after, last, size)]))
    }
}

/// One page.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// Where the next page begins; nothing when this is the last.
    pub(crate) next: Option<String>,
}

impl<T> Page<T> {
    /// A list that is whole.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page of `size` made from what a bounded look found. `next` may be there although the page is short: what
    /// was looked through held no more matches.
    pub(crate) fn scanned<K>(
        found: Scanned<T, K>,
        size: u32,
        key: impl FnOnce(&T) -> Vec<String>,
        stopped: impl FnOnce(K) -> Vec<String>,
    ) -> Self {
        let further = found.stopped_at.map(|at| mark(&stopped(at)));
        let page = Self::cut(found.rows, size, key);
        Self { next: page.next.or(further), ..page }
    }

    /// The same page of something else.
    pub(crate) fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next: self.next }
    }

    /// A page of `size` made from `size + 1` rows, or from fewer when there are no more.
    pub(crate) fn cut(mut items: Vec<T>, size: u32, key: impl FnOnce(&T) -> Vec<String>) -> Self {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(|last| mark(&key(last)));
        Self { items, next }
    }
}

/// How many items were asked for.
pub(crate) fn size(limit: Option<u32>) -> Result<u32, Problem> {
    match limit {
        None => Ok(PAGE_SIZE),
        Some(limit @ 1..=PAGE_SIZE_MAX) => Ok(limit),
        Some(_) => Err(Problem::malformed(format!("`limit` is a number from 1 to {PAGE_SIZE_MAX}"))),
    }
}

/// Where a page begins that goes on behind this key.
pub(crate) fn mark(key: &[String]) -> String {
    // Texts always become JSON.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default())
}

/// Reads a mark back into its `N` texts.
pub(crate) fn read_mark<const N: usize>(after: Option<&str>) -> Result<Option<[String; N]>, Problem> {
    let Some(after) = after else { return Ok(None) };
    let wrong = || Problem::malformed("`after` is not a mark that this list gave out");
    let bytes = URL_SAFE_NO_PAD.decode(after).map_err(|_| wrong())?;
    let key: Vec<String> = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    key.try_into().map(Some).map_err(|_| wrong())
}

/// Reads the one part of a mark as an id or number.
pub(crate) fn read_mark_of<T: FromStr>(after: Option<&str>) -> Result<Option<T>, Problem> {
    let Some([text]) = read_mark::<1>(after)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Problem::malformed("`after` is not a mark that this list gave out"))
}

#[cfg(test)]
mod tests {
    use super::{Page, read_mark, read_mark_of, size};

    #[test]
    fn a_page_says_where_the_next_begins_only_when_there_is_one() {
        let page = Page::cut(vec![1, 2, 3], 2, |last| vec![last.to_string()]);
        assert_eq!((page.items, read_mark_of::<u64>(page.next.as_deref()).unwrap()), (vec![1, 2], Some(2)));
        assert_eq!(Page::cut(vec![1, 2], 2, |_| Vec::new()).next, None);
    }

    #[test]
    fn foreign_marks_and_sizes_are_refused() {
        for bad in ["x", "", "W10", "WyJhIiwiYiJd", "\u{e9}"] {
            assert!(read_mark::<1>(Some(bad)).is_err(), "{bad}");
        }
        assert!(size(Some(0)).is_err() && size(Some(501)).is_err());
        assert_eq!((size(Some(500)).unwrap(), size(None).unwrap()), (500, 100));
    }
}
