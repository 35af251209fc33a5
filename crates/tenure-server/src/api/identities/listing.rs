//! One page of identities, as the API and the console both show it.

use crate::{
    api::filter::{self, IdentityWords},
    page::{self, Page},
    problem::Problem,
    shared::Shared,
};
use serde::{Deserialize, Serialize};
use tenure_engine::{IdentityQuery, IdentityRow, OwnedBy, StoreFailure, Tx};
use tenure_model::{IdentityId, PersonId, RiskTier, Severity, Standing, printable};

/// What stands after `?`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    /// A filter as people write it; the other fields narrow it further.
    pub(crate) q: Option<String>,
    pub(crate) contains: Option<String>,
    pub(crate) standing: Option<Standing>,
    pub(crate) findings: Option<bool>,
    pub(crate) source: Option<String>,
    pub(crate) class: Option<String>,
    pub(crate) tier: Option<RiskTier>,
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
pub(crate) async fn read(shared: &Shared, wanted: Wanted, me: PersonId) -> Result<Page<Listed>, Problem> {
    let mut words = filter::identities(wanted.q.as_deref().unwrap_or_default()).strict()?;
    words.contains = wanted.contains.or(words.contains);
    words.standing = wanted.standing.or(words.standing);
    words.source = wanted.source.or(words.source);
    words.class = wanted.class.or(words.class);
    words.tier = wanted.tier.or(words.tier);
    words.findings |= wanted.findings.unwrap_or(false);
    words.built_in |= wanted.built_in.unwrap_or(false);
    filtered(shared, words, me, page::size(wanted.limit)?, wanted.after).await
}

/// Reads one page of a filter that was read; `me` is who `owner:me` means.
pub(crate) async fn filtered(
    shared: &Shared,
    words: IdentityWords,
    me: PersonId,
    size: u32,
    after: Option<String>,
) -> Result<Page<Listed>, Problem> {
    let after = match page::read_mark::<2>(after.as_deref())? {
        None => None,
        Some([name, id]) => {
            let id: IdentityId = id
                .parse()
                .map_err(|_| Problem::malformed("`after` is not a mark that this list gave out"))?;
            Some((name, id))
        }
    };
    let source = words.source.clone();
    let query = IdentityQuery {
        owner: owner(shared, words.owner, me).await?,
        contains: words.contains,
        standing: words.standing,
        kind: words.kind,
        built_in: words.built_in,
        with_findings: words.findings,
        source_name: words.source,
        class: words.class,
        tier: words.tier,
    };
    let read = move |tx: &mut Tx<'_>| {
        let found = tx.list_identities(&query, after.as_ref(), i64::from(size) + 1)?;
        let rows = found.rows.into_iter().map(|row| listed(tx, row)).collect::<Result<Vec<_>, _>>()?;
        Ok(tenure_engine::Scanned { rows, stopped_at: found.stopped_at })
    };
    let found = shared.engine.store().read("identities", read).await?;
    if let (true, Some(source)) = (found.rows.is_empty() && found.stopped_at.is_none(), source) {
        check_source(shared, source).await?;
    }
    let place = |(name, id): (String, IdentityId)| vec![name, id.to_string()];
    Ok(Page::scanned(found, size, |last| place((last.identity.name.clone(), last.identity.id)), place))
}

/// Whose identities are meant: `none`, `me`, or a person's name.
async fn owner(shared: &Shared, given: Option<String>, me: PersonId) -> Result<Option<OwnedBy>, Problem> {
    let Some(given) = given else { return Ok(None) };
    match given.as_str() {
        "none" => return Ok(Some(OwnedBy::Nobody)),
        "me" => return Ok(Some(OwnedBy::Person(me))),
        _ => {}
    }
    let named = given.clone();
    let person = shared.engine.store().read("person_named", move |tx| tx.person_named(&named)).await?;
    match person {
        Some(person) => Ok(Some(OwnedBy::Person(person.id))),
        None => Err(Problem::missing(format!("there is no person `{}`", printable(&given, 60)))
            .with_remedy("write a person's name, `none` or `me`")),
    }
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
    let open = tx.open_findings_of(identity.id)?;
    let counted: Vec<Severity> =
        open.iter().filter(|one| one.dismissed_until.is_none()).map(|one| one.severity).collect();
    let worst = counted.iter().max().copied();
    Ok(Listed { identity, owners, findings: counted.len(), worst })
}
