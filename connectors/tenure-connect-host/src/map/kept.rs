//! Which copies are of an identity that is known already.
//!
//! The key of an identity is made of the place where it was first seen, and is its own from then on. What is found at
//! that place stays that identity, whatever its value has become; where nothing is found there, the identity goes on
//! at the further copies of its value. A copy that is new must never take the key of what was there before it, so
//! nothing here depends on how places sort, except where nothing is known. Pure. Next: `copies.rs`.

use super::fingerprint;
use crate::found::Found;
use std::collections::{BTreeMap, BTreeSet};
use tenure_model::PrincipalKey;

/// How the key of an identity of copies begins.
pub(crate) const KEY_START: &str = "copy:";

/// Identities of copies that the inventory holds as present, each with the fingerprint of its value.
pub(crate) type Known = BTreeMap<PrincipalKey, Option<String>>;

/// Copies of one value that are one identity; the one that names it comes first.
pub(super) struct Identity<'found> {
    /// Its key, if it is known.
    pub(super) key: Option<PrincipalKey>,
    pub(super) copies: Vec<&'found Found>,
}

/// The key that the copy in a place has when it is the first of its value.
pub(super) fn key_at(thing: &Found) -> String {
    format!("{KEY_START}{}#{}", thing.place, thing.whose)
}

/// Tells the identities of groups of copies, each group of one value and in the order in which its copies would name it.
pub(super) fn identities<'found>(groups: Vec<Vec<&'found Found>>, known: &Known) -> Vec<Identity<'found>> {
    let claims = claims(&groups, known);
    groups.into_iter().zip(claims).flat_map(|(copies, keys)| divided(copies, &keys)).collect()
}

/// A known key, and the key of the place at which it is found, if it is.
type Claim<'known> = (&'known PrincipalKey, Option<String>);

/// Who each group is, of those that are known: more than one where none of them may end.
fn claims<'known>(groups: &[Vec<&Found>], known: &'known Known) -> Vec<Vec<Claim<'known>>> {
    let mut at: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut of_value: BTreeMap<String, usize> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        of_value.extend(group.first().and_then(|copy| fingerprint(copy)).map(|mark| (mark, number)));
        for copy in group {
            at.entry(key_at(copy)).or_default().insert(number);
        }
    }
    let mut claims: Vec<Vec<Claim<'known>>> = groups.iter().map(|_| Vec::new()).collect();
    let mut claim = |group: usize, key, home| {
        if let Some(claims) = claims.get_mut(group) {
            claims.push((key, home));
        }
    };
    let (mut unchanged, mut changed, mut elsewhere) = (BTreeSet::new(), Vec::new(), Vec::new());
    for (key, value) in known {
        let same = value.as_ref().and_then(|value| of_value.get(value)).copied();
        let home = [key.0.as_str(), without_number(&key.0)].into_iter().find(|home| at.contains_key(*home));
        match (home.and_then(|home| Some((home, at.get(home)?))), same) {
            (Some((home, here)), Some(same)) if here.contains(&same) => {
                unchanged.insert(same);
                claim(same, key, Some(home.to_owned()));
            }
            (Some((home, here)), _) => changed.push((key, home, here)),
            (None, Some(same)) => elsewhere.push((key, same)),
            (None, None) => {}
        }
    }
    // What was overwritten with the value of another known identity is a copy of that one from now on.
    let mut given = BTreeSet::new();
    for (key, home, here) in changed {
        let free = |group: &&usize| !unchanged.contains(*group) && !given.contains(&(home, **group));
        if let Some(group) = here.iter().find(free).copied() {
            given.insert((home, group));
            claim(group, key, Some(home.to_owned()));
        }
    }
    for (key, group) in elsewhere {
        if claims.get(group).is_some_and(Vec::is_empty) {
            claims.get_mut(group).into_iter().for_each(|claims| claims.push((key, None)));
        }
    }
    claims
}

/// One identity for each key: with the copy at its own place, and the first of them with all further copies.
fn divided<'found>(copies: Vec<&'found Found>, keys: &[Claim<'_>]) -> Vec<Identity<'found>> {
    let mut rest = copies;
    let mut identities: Vec<Identity<'found>> = Vec::new();
    for (key, home) in keys {
        let is_home = |copy: &&'found Found| home.as_ref().is_some_and(|home| key_at(copy) == *home);
        let (own, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(is_home);
        rest = others;
        if home.is_none() || !own.is_empty() {
            identities.push(Identity { key: Some((*key).clone()), copies: own });
        }
    }
    match identities.first_mut() {
        Some(first) => first.copies.append(&mut rest),
        None => identities.push(Identity { key: None, copies: rest }),
    }
    identities
}

/// The key of the first of its kind, of one that was numbered.
fn without_number(key: &str) -> &str {
    match key.rsplit_once('#') {
        Some((first, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            first
        }
        _ => key,
    }
}
