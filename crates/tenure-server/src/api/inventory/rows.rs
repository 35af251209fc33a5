//! Pages of principals, credentials and rights, as the API, the console and the CSV files all show them.

use crate::{
    api::filter,
    page::{self, Page},
    problem::Problem,
    shared::Shared,
};
use serde::Deserialize;
use tenure_engine::{
    CredentialQuery, CredentialRow, GrantQuery, Held, HeldGrant, PrincipalQuery, PrincipalRow, Tx,
};
use tenure_model::CredentialId;

/// What stands after `?` of a filtered list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) q: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) after: Option<String>,
}

fn bad_mark() -> Problem {
    Problem::malformed("`after` is not a mark that this list gave out")
}

/// One page of principals by name. Without a filter built-in ones are there too.
pub(crate) async fn principals(
    shared: &Shared,
    words: Option<filter::PrincipalWords>,
    wanted: Wanted,
) -> Result<Page<Held<PrincipalRow>>, Problem> {
    let size = page::size(wanted.limit)?;
    let after = match page::read_mark::<2>(wanted.after.as_deref())? {
        None => None,
        Some([name, id]) => Some((name, id.parse().map_err(|_| bad_mark())?)),
    };
    let query = words.map_or(PrincipalQuery { built_in: true, ..PrincipalQuery::default() }, |words| {
        PrincipalQuery {
            contains: words.contains,
            kind: words.kind,
            source_name: words.source,
            presence: words.presence,
            built_in: words.built_in,
        }
    });
    let read = move |tx: &mut Tx<'_>| tx.list_principals(&query, after.as_ref(), i64::from(size) + 1);
    let found = shared.engine.store().read("principals", read).await?;
    let place = |(name, id): (String, tenure_model::PrincipalId)| vec![name, id.to_string()];
    Ok(Page::scanned(found, size, |last| place((last.row.name.clone(), last.row.id)), place))
}

/// One page of credentials, oldest first.
pub(crate) async fn credentials(
    shared: &Shared,
    words: filter::CredentialWords,
    wanted: Wanted,
) -> Result<Page<Held<CredentialRow>>, Problem> {
    let size = page::size(wanted.limit)?;
    let after: Option<CredentialId> = page::read_mark_of(wanted.after.as_deref())?;
    let query = CredentialQuery {
        contains: words.contains,
        kind: words.kind,
        state: words.state,
        source_name: words.source,
    };
    let read = move |tx: &mut Tx<'_>| tx.list_credentials(&query, after.as_ref(), i64::from(size) + 1);
    let found = shared.engine.store().read("credentials", read).await?;
    let place = |id: CredentialId| vec![id.to_string()];
    Ok(Page::scanned(found, size, |last| place(last.row.id), place))
}

/// One page of rights, holder by holder.
pub(crate) async fn grants(
    shared: &Shared,
    words: filter::GrantWords,
    wanted: Wanted,
) -> Result<Page<Held<HeldGrant>>, Problem> {
    let size = page::size(wanted.limit)?;
    let after = page::read_mark::<4>(wanted.after.as_deref())?;
    let query = GrantQuery {
        contains: words.contains,
        right: words.right,
        source_name: words.source,
        grantable: words.grantable,
    };
    let read = move |tx: &mut Tx<'_>| tx.list_grants(&query, after.as_ref(), i64::from(size) + 1);
    let found = shared.engine.store().read("grants", read).await?;
    Ok(Page::scanned(found, size, |last| last.row.place().to_vec(), |place| place.to_vec()))
}
