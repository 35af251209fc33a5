//! Reading a filtered list a page at a time, however rare its matches are: a page looks through a bounded number
//! of rows, and says where it stopped when they held too few. It must never count, sort or look through a whole
//! table. Next: `list_identities.rs`.

use crate::StoreFailure;

/// Rows of one look.
const WINDOW_ROWS: i64 = 20_000;
/// Rights of one look, each of which is read with whose it is.
const WINDOW_RIGHTS: i64 = 10_000;
/// Looks of one page: so many windows are looked through before a page is answered as it is.
const WINDOWS_MAX: usize = 5;

/// A page of a filtered list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanned<T, K> {
    /// Rows that match, in order.
    pub rows: Vec<T>,
    /// The key up to which was looked, when the page is short and there is more to look through.
    pub stopped_at: Option<K>,
}

/// What a page looks through: the rows after `after`, up to and with `end`. There is always an end, so that the
/// database looks no further.
pub(super) struct Span<'keys, K> {
    pub(super) after: Option<&'keys K>,
    pub(super) end: &'keys K,
    /// Rows wanted, at most.
    pub(super) most: i64,
}

/// How a window ends: so many rows further, or with the last row of all.
type Ends<Further, Last> = (Further, Last);

/// How much one page looks through.
#[derive(Clone, Copy)]
pub(super) struct Look {
    window_rows: i64,
    windows_max: usize,
}

/// A page of most lists.
pub(super) const LOOK: Look = Look { window_rows: WINDOW_ROWS, windows_max: WINDOWS_MAX };
/// A page of rights.
pub(super) const LOOK_AT_RIGHTS: Look = Look { window_rows: WINDOW_RIGHTS, ..LOOK };

/// Looks window by window. `further` answers the key that is so many rows after another (nothing when there are fewer),
/// `last` the last key of all; `rows` those of a span that match.
pub(super) fn scan<C, T, K>(
    look: Look,
    context: &mut C,
    after: Option<K>,
    page_size: i64,
    (further, last): Ends<
        impl Fn(&mut C, Option<&K>, i64) -> Result<Option<K>, StoreFailure>,
        impl Fn(&mut C) -> Result<Option<K>, StoreFailure>,
    >,
    rows: impl Fn(&mut C, &Span<'_, K>) -> Result<Vec<T>, StoreFailure>,
) -> Result<Scanned<T, K>, StoreFailure> {
    let mut found = Vec::new();
    let mut at = after;
    for _ in 0..look.windows_max {
        let (end, is_last) = match further(context, at.as_ref(), look.window_rows)? {
            Some(end) => (end, false),
            None => match last(context)? {
                Some(end) => (end, true),
                None => return Ok(Scanned { rows: found, stopped_at: None }),
            },
        };
        let lacking = page_size - i64::try_from(found.len()).unwrap_or(page_size);
        found.extend(rows(context, &Span { after: at.as_ref(), end: &end, most: lacking })?);
        let is_full = i64::try_from(found.len()).is_ok_and(|count| count >= page_size);
        if is_last || is_full {
            return Ok(Scanned { rows: found, stopped_at: None });
        }
        at = Some(end);
    }
    Ok(Scanned { rows: found, stopped_at: at })
}

/// A pattern for LIKE that finds `text` anywhere, in any case of ASCII; the column is lowered by the statement.
pub(super) fn containing(text: &str) -> String {
    format!("%{}%", literal(text).to_ascii_lowercase())
}

/// A text that stands for itself in a pattern for LIKE.
pub(super) fn literal(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::{Look, Scanned, containing, scan};

    /// A table of numbers up to 100, in windows of ten, three to a page.
    fn check(wanted: impl Fn(i64) -> bool, after: Option<i64>, page_size: usize) -> Scanned<i64, i64> {
        let look = Look { window_rows: 10, windows_max: 3 };
        let further = |(): &mut (), after: Option<&i64>, rows: i64| {
            Ok(Some(after.copied().unwrap_or(0) + rows).filter(|end| *end <= 100))
        };
        let rows = |(): &mut (), span: &super::Span<'_, i64>| {
            let (from, to) = (span.after.copied().unwrap_or(0), *span.end);
            let most = usize::try_from(span.most).unwrap();
            Ok((from + 1..=to).filter(|number| wanted(*number)).take(most).collect())
        };
        let ends = (further, |(): &mut ()| Ok(Some(100)));
        scan(look, &mut (), after, i64::try_from(page_size).unwrap(), ends, rows).unwrap()
    }

    #[test]
    fn a_page_is_full_or_the_end_or_says_where_it_stopped() {
        let full = check(|number| number % 5 == 0, None, 4);
        assert_eq!((full.rows, full.stopped_at), (vec![5, 10, 15, 20], None));
        let rare = check(|number| number == 45, None, 4);
        assert_eq!((rare.rows, rare.stopped_at), (vec![], Some(30)));
        let further = check(|number| number == 45, Some(30), 4);
        assert_eq!((further.rows, further.stopped_at), (vec![45], Some(60)));
        let last = check(|number| number == 95, Some(90), 4);
        assert_eq!((last.rows, last.stopped_at), (vec![95], None));
    }

    #[test]
    fn what_a_pattern_would_understand_is_escaped() {
        assert_eq!(containing("50%_A\\"), "%50\\%\\_a\\\\%");
    }
}
