//! Addresses of things: readable, and permanent because they end in a handle.
//!
//! `/identities/ci-deploy.pg-main~k7wdq2` says what it is and leads to exactly that one, also after it was renamed.
//! Typed by hand, `/identities/ci-deploy.pg-main`, a handle or a name will do. A name from outside never becomes
//! more of an address than letters, digits, `.`, `_` and `-`. Next: `identity.rs`.

use crate::{api, problem::Problem, shared::Shared};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tenure_engine::IdentityRow;
use tenure_model::printable;

/// Characters of the readable part, at most.
const READABLE_CHARS_MAX: usize = 60;

/// The address of an identity.
pub(super) fn of_identity(name: &str, handle: &str) -> String {
    format!("/identities/{}~{handle}", readable(name))
}

/// A filtered list.
pub(super) fn of_list(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?q={}", encoded(query)) }
}

/// A filtered list from a mark on.
pub(super) fn of_page(path: &str, query: &str, mark: &str) -> String {
    format!("{path}?q={}&after={}", encoded(query), encoded(mark))
}

/// What may stand in an address, made of any text.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// `pg-main/ci-deploy` is `ci-deploy.pg-main`.
fn readable(name: &str) -> String {
    let turned = match name.split_once('/') {
        Some((source, rest)) => format!("{rest}.{source}"),
        None => name.to_owned(),
    };
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_') { letter } else { '-' }
    };
    turned.chars().take(READABLE_CHARS_MAX).map(plain).collect()
}

/// The identity that an address means.
pub(super) async fn identity(shared: &Shared, given: &str) -> Result<IdentityRow, Problem> {
    if let Some((said, handle)) = given.rsplit_once('~') {
        let wanted = handle.to_owned();
        let found =
            shared.engine.store().read("of_handle", move |tx| tx.identities_of_handle(&wanted)).await?;
        return meant(found, said, handle);
    }
    if let Some((name, source)) = given.rsplit_once('.')
        && let Ok(row) = api::find_identity(shared, &format!("{source}/{name}")).await
    {
        return Ok(row);
    }
    api::find_identity(shared, given).await
}

/// The one of those with this handle that an address means: the only one, also by another name since, or the only
/// one of its name. Never a guess, and never what is merely called like the handle.
fn meant(found: Vec<IdentityRow>, said: &str, handle: &str) -> Result<IdentityRow, Problem> {
    let shown = printable(handle, 80);
    let several = found.len() > 1;
    let mut fits = found.into_iter().filter(|row| !several || readable(&row.name) == said);
    match (fits.next(), fits.next()) {
        (Some(row), None) => Ok(row),
        (None, _) if !several => Err(Problem::missing(format!("there is no identity `{shown}`"))),
        (None | Some(_), _) => Err(Problem::conflict(format!(
            "several identities have the handle `{shown}` and this address does not say which; look for it by its name"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{meant, of_identity, of_list, of_page};
    use tenure_engine::IdentityRow;
    use tenure_model::{Charter, IdentityId, Instant, Standing};

    fn row(name: &str) -> IdentityRow {
        IdentityRow {
            id: IdentityId::new(Instant::from_micros(1), [7; 10]),
            name: name.to_owned(),
            handle: String::from("k7wdq2"),
            charter: Charter::default(),
            enrolled: false,
            built_in: false,
            standing: Standing::Unclaimed,
            due: None,
            judged: None,
            class: None,
            tier: None,
        }
    }

    #[test]
    fn an_address_means_one_identity_or_none_and_is_never_a_guess() {
        let name = |rows: &[&str], said: &str| {
            let found = rows.iter().map(|name| row(name)).collect();
            meant(found, said, "k7wdq2").map(|row| row.name).map_err(|problem| problem.status.as_u16())
        };
        assert_eq!(name(&["pg/renamed"], "ci.pg"), Ok(String::from("pg/renamed")));
        assert_eq!(name(&["pg/ci", "pg/etl"], "etl.pg"), Ok(String::from("pg/etl")));
        assert_eq!(name(&["pg/ci", "pg/etl"], "shop.pg"), Err(409));
        assert_eq!(name(&["pg/ci", "pg/ci"], "ci.pg"), Err(409));
        assert_eq!(name(&[], "ci.pg"), Err(404));
    }

    #[test]
    fn addresses_are_readable_and_hold_nothing_hostile() {
        let all = [
            of_identity("pg-main/ci-deploy", "k7wdq2"),
            of_identity("pg-main/a/../b?c#d~e <x>\u{202e}\n", "k7wdq2"),
            of_identity(&"é".repeat(100), "k7wdq2"),
            of_list("/identities", ""),
            of_list("/identities", "owner:none \"a b\"&x=<y>"),
            of_page("/rights", "a b", "W10="),
        ];
        insta::assert_snapshot!(all.join("\n"), @r##"
/identities/ci-deploy.pg-main~k7wdq2
/identities/a-..-b-c-d-e--x---.pg-main~k7wdq2
/identities/------------------------------------------------------------~k7wdq2
/identities
/identities?q=owner%3Anone%20%22a%20b%22%26x%3D%3Cy%3E
/rights?q=a%20b&after=W10%3D
"##);
    }
}
