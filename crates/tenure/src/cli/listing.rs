//! Lists: reading pages until enough, and saying when there is more.

use crate::{
    failure::Failure,
    session::{Session, shaped},
    wire::Page,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Rows of one page, as the API allows at most.
const PAGE_MAX: usize = 500;

/// What was read of a list.
pub(crate) struct Listed<T> {
    /// The rows.
    pub(crate) rows: Vec<T>,
    /// True when the list goes on.
    pub(crate) more: bool,
    /// The same as one document: `{"items": […], "next": …}`.
    pub(crate) document: Value,
}

/// How much of a list to read.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Amount {
    /// Read at most this many rows
    #[arg(long, value_name = "ROWS", default_value_t = 200)]
    pub(crate) limit: usize,
    /// Read all rows
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

impl Amount {
    pub(crate) const fn most(&self) -> usize {
        if self.all { usize::MAX } else { self.limit }
    }
}

/// Reads a list. `query` holds the filters, each `name=value` and encoded.
pub(crate) async fn read<T: DeserializeOwned>(
    session: &Session<'_>,
    what: &str,
    path: &str,
    query: &[String],
    most: usize,
) -> Result<Listed<T>, Failure> {
    let mut items: Vec<Value> = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let mut parts = query.to_vec();
        parts.push(format!("limit={}", most.saturating_sub(items.len()).clamp(1, PAGE_MAX)));
        if let Some(after) = &after {
            parts.push(format!("after={}", crate::client::part(after)));
        }
        let page: Page<Value> = shaped(&session.get(what, &format!("{path}?{}", parts.join("&"))).await?)?;
        items.extend(page.items);
        after = page.next;
        if after.is_none() || items.len() >= most {
            break;
        }
    }
    let rows = items.iter().map(shaped).collect::<Result<Vec<T>, Failure>>()?;
    Ok(Listed { rows, more: after.is_some(), document: json!({ "items": items, "next": after }) })
}
