//! The rules, as data, by whose secrets they are. Facts about forms come from the vendors' documentation and
//! announcements; each has labelled examples in `tests/it/examples`.

mod ai;
mod cloud;
mod forge;
mod generic;
mod keys;
mod products;

use crate::rule::Rule;

/// All rules, enabled or not. Where two see the same bytes, the surer one counts, then the earlier one.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [cloud::RULES, forge::RULES, ai::RULES, keys::RULES, products::RULES, generic::RULES]
        .into_iter()
        .flatten()
}
