//! One page of identities, as the API and the console both show it.

use crate::{
    page::{self, Page},
    problem::Problem,
    shared::Shared,
};
use serde::{Deserialize, Serialize};
use tenure_engine::{IdentityFilter, IdentityRow, StoreFailure, Tx};
use tenure_model::{IdentityId, Severity, Standing, printable};

/// What stands after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) contains: Option<String>,
    pub(crate) standing: Option<Standing>,
    pub(crate) findings: Option<bool>,
    pub(crate) source: Option<String>,
    pub(crate) built_in: Option<bool>,
    pub(crate) limit: Option<u32>,
    pub(crate) after: Option<String>,
}

/// One identity in a list.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    #[serde(flatten)]
    pub(crate) identity: IdentityRow,
    /// Names of its owners.
    pub(crate) owners: Vec<String>,
    /// How many findings are open.
    pub(crate) findings: usize,
    /// How bad the worst of them is.
    pub(crate) worst: Option<Severity>,
}

/// Reads one page.
pub(crate) async fn read(shared: &Shared, wanted: Wanted) -> Result<Page<Listed>, Problem> {
    let size = page::size(wanted.limit)?;
    let after = match page::read_mark::<2>(wanted.after.as_deref())? {
        None => None,
        Some([name, id]) => {
            let id: IdentityId = id
                .parse()
                .map_err(|_| Problem::malformed("`after` is not a mark that this list gave out"))?;
            Some((name, id))
        }
    };
    let source = wanted.source.clone();
    let filter = IdentityFilter {
        name_contains: wanted.contains,
        standing: wanted.standing,
        built_in: wanted.built_in.unwrap_or(false),
        with_findings: wanted.findings.unwrap_or(false),
        source_name: wanted.source,
    };
    let read = move |tx: &mut Tx<'_>| {
        let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
        let rows = tx.identities(&filter, after, i64::from(size) + 1)?;
        rows.into_iter().map(|row| listed(tx, row)).collect::<Result<Vec<_>, _>>()
    };
    let rows = shared.engine.store().read("identities", read).await?;
    if let (true, Some(source)) = (rows.is_empty(), source) {
        check_source(shared, source).await?;
    }
    Ok(Page::cut(rows, size, |last| vec![last.identity.name.clone(), last.identity.id.to_string()]))
}

/// A name that no source has is told, with those there are: an empty list would look like an answer.
async fn check_source(shared: &Shared, name: String) -> Result<(), Problem> {
    let names = |tx: &mut Tx<'_>| {
        Ok(tx.sources()?.into_iter().map(|source| source.name.to_string()).collect::<Vec<_>>())
    };
    let names = shared.engine.store().read("sources", names).await?;
    if names.contains(&name) {
        return Ok(());
    }
    let problem = Problem::missing(format!("there is no source `{}`", printable(&name, 60)));
    Err(problem.with_remedy(if names.is_empty() {
        String::from("there is none yet; add one first (tenure source add)")
    } else {
        format!("there are: {}", names.join(", "))
    }))
}

fn listed(tx: &mut Tx<'_>, identity: IdentityRow) -> Result<Listed, StoreFailure> {
    let mut owners = Vec::new();
    let named = [identity.charter.business_owner, identity.charter.technical_owner];
    for id in named.into_iter().flatten() {
        let name = tx.person(id)?.map_or_else(|| String::from("(left)"), |person| person.name);
        if !owners.contains(&name) {
            owners.push(name);
        }
    }
    let findings = tx.open_findings_of(identity.id)?;
    let worst = findings.iter().map(|finding| finding.severity).max();
    Ok(Listed { identity, owners, findings: findings.len(), worst })
}
