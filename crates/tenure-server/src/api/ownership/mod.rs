//! Ownership people can do: suggestions, rules, "not mine", charters in and out.

pub(super) mod charters;
pub(super) mod claim;
pub(super) mod claimable;
pub(super) mod import;
pub(super) mod pass_on;
pub(super) mod suggestions;

use crate::{
    page::{self, Page},
    problem::Problem,
};
use tenure_engine::{IdentityKey, Scanned};
use tenure_judge::{ApiResource, ApiResourceKind, Claim, Rule};
use tenure_model::IdentityId;

/// What is asked about several identities at once, before each of them is asked about: whether this person may claim
/// anything at all.
pub(crate) const ANYTHING: ApiResource = ApiResource {
    kind: ApiResourceKind::Identity,
    owned_by_actor: false,
    in_place_of_owner: false,
    claim: Claim {
        owned: false,
        built_in: false,
        privileged: false,
        names_another: false,
        ends_anothers: false,
    },
};

/// Where a page of identities begins.
pub(crate) fn key_after(after: Option<&str>) -> Result<Option<IdentityKey>, Problem> {
    let Some([name, id]) = page::read_mark::<2>(after)? else { return Ok(None) };
    let id: IdentityId =
        id.parse().map_err(|_| Problem::malformed("`after` is not a mark that this list gave out"))?;
    Ok(Some((name, id)))
}

/// The page as it was looked through, which may end before it is full.
pub(crate) fn looked_through<T>(scanned: Scanned<T, IdentityKey>) -> Page<T> {
    let next = scanned.stopped_at.map(|(name, id)| page::mark(&[name, id.to_string()]));
    Page { items: scanned.rows, next }
}

fn rule(text: &str) -> Result<Rule, Problem> {
    Rule::parse(text).map_err(|refused| Problem::refused(refused.to_string()))
}
