//! What no sequence of readings does: let somebody leave who stands in the directory, keep somebody who is not in a whole reading,
//! or let anybody leave by a reading that was cut off.
//!
//! Drawn histories over a real OpenLDAP. Next: `ldap.rs`, the examples.

use crate::ldap::{PEOPLE, Scene, directory};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tenure_connect::chaos::Dice;
use tenure_model::Origin;
use tenure_testbed::needs;

/// Names that people of a directory have; few, so that one is used again.
const NAMES: u64 = 14;
const STEPS: usize = 60;

/// What a reading found and left, by what people were called when they joined: that never changes in these histories.
struct Read<'a> {
    before: &'a BTreeSet<String>,
    after: &'a BTreeSet<String>,
    /// Who stands in the directory, and under which name.
    there: &'a BTreeMap<String, String>,
    /// Names of those who are known here and do not stand there: whoever has one now waits until it is free.
    kept_names: &'a BTreeSet<String>,
    held: i64,
    is_cut: bool,
}

/// What a reading must not have done.
fn wrong(read: &Read<'_>) -> Option<String> {
    let left: Vec<_> = read.before.difference(read.after).collect();
    if let Some(one) = left.iter().find(|one| read.there.contains_key(**one)) {
        return Some(format!("{one} stands there, and left"));
    }
    if read.is_cut && !left.is_empty() {
        return Some(format!("{left:?} left by a reading that was cut off"));
    }
    if !read.is_cut && read.held == 0 {
        if let Some(one) = read.after.iter().find(|one| !read.there.contains_key(*one)) {
            return Some(format!("{one} does not stand there, and did not leave"));
        }
        let free =
            |(who, name): &(&String, &String)| !read.after.contains(*who) && !read.kept_names.contains(*name);
        if let Some((one, name)) = read.there.iter().find(free) {
            return Some(format!("{one} stands there as {name}, and is not here"));
        }
    }
    None
}

/// One history.
struct Told {
    scene: Scene,
    dice: Dice,
    there: BTreeMap<String, String>,
    joined: u64,
    left: usize,
    spared: usize,
    waited: usize,
}

impl Told {
    async fn begin(seed: u64) -> Self {
        let scene = Scene::of(&[]).await;
        let mut told = Self {
            scene,
            dice: Dice::new(seed),
            there: BTreeMap::new(),
            joined: 0,
            left: 0,
            spared: 0,
            waited: 0,
        };
        for _ in 0..6 {
            told.join();
        }
        told
    }

    fn one(&mut self) -> Option<(String, String)> {
        let many = u64::try_from(self.there.len()).unwrap();
        let at = usize::try_from(self.dice.roll() % many.max(1)).unwrap();
        self.there.iter().nth(at).map(|(who, name)| (who.clone(), name.clone()))
    }

    /// A name that nobody has there.
    fn name(&mut self) -> Option<String> {
        let name = format!("p{}", self.dice.roll() % NAMES);
        (!self.there.values().any(|taken| *taken == name)).then_some(name)
    }

    fn join(&mut self) {
        let Some(name) = self.name() else { return };
        self.joined += 1;
        let who = format!("Person {}", self.joined);
        let entry =
            format!("dn: uid={name},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: {who}\nsn: x\n");
        self.scene.server.add(&entry).unwrap();
        self.there.insert(who, name);
    }

    fn change(&mut self) {
        match self.dice.roll() % 3 {
            0 => self.join(),
            1 => {
                if let Some((who, name)) = self.one() {
                    self.scene.server.delete(&format!("uid={name},{PEOPLE}")).unwrap();
                    self.there.remove(&who);
                }
            }
            _ => {
                if let (Some((who, from)), Some(to)) = (self.one(), self.name()) {
                    let renamed = format!(
                        "dn: uid={from},{PEOPLE}\nchangetype: modrdn\nnewrdn: uid={to}\ndeleteoldrdn: 1\n"
                    );
                    self.scene.server.modify(&renamed).unwrap();
                    self.there.insert(who, to);
                }
            }
        }
    }

    /// Who of the directory is here, and the names of all who are known.
    async fn here(&self) -> (BTreeSet<String>, BTreeMap<String, String>) {
        let read =
            self.scene.engine().store().read("here", |tx| tx.directory_people(Origin::Ldap, None, i64::MAX));
        let rows = read.await.unwrap();
        let called = |resource: &str| {
            let said: serde_json::Value = serde_json::from_str(resource).unwrap();
            said["displayName"].as_str().unwrap().to_owned()
        };
        let here = rows.iter().filter(|row| row.active).map(|row| called(&row.resource)).collect();
        (here, rows.iter().map(|row| (called(&row.resource), row.name.clone())).collect())
    }

    async fn read(mut self, is_cut: bool) -> Self {
        let ldap = directory(&self.scene.server, "corp", (PEOPLE, is_cut));
        self.scene = self.scene.again(vec![ldap]).await;
        let (before, names) = self.here().await;
        self.scene.engine().follow_ldap().await;
        let last = self.scene.engine().ldap_shown().remove(0).last.unwrap();
        // Three entries are given whole: then it was not cut off.
        let is_cut = last.why.is_some();
        let (after, _) = self.here().await;
        let held = self.scene.engine().held_leavings_count().await.unwrap();
        let kept_names = names.iter().filter(|(who, _)| !self.there.contains_key(*who));
        let kept_names: BTreeSet<String> = kept_names
            .map(|(_, name)| name.clone())
            // Two who swap their names in one step wait for each other.
            .chain(
                names
                    .iter()
                    .filter(|(who, name)| self.there.get(*who) != Some(*name))
                    .map(|(_, name)| name.clone()),
            )
            .collect();
        let read = Read {
            before: &before,
            after: &after,
            there: &self.there,
            kept_names: &kept_names,
            held,
            is_cut,
        };
        if let Some(why) = wrong(&read) {
            panic!("{why}\nbefore {before:?}\nafter {after:?}\nthere {:?}\nnames {names:?}", self.there);
        }
        self.left += before.difference(&after).count();
        self.waited += usize::from(held > 0);
        if is_cut {
            self.spared += before.iter().filter(|one| !self.there.contains_key(*one)).count();
        }
        self
    }
}

#[tokio::test]
async fn whoever_stands_in_the_last_whole_reading_is_here_and_nobody_who_stands_there_ever_left() {
    needs!(ldap);
    let (mut left, mut spared, mut waited) = (0, 0, 0);
    for seed in 1..=4 {
        let mut told = Told::begin(seed).await;
        for _ in 0..STEPS {
            match told.dice.roll() % 4 {
                0 => {
                    let is_cut = told.dice.roll() % 2 == 0;
                    told = told.read(is_cut).await;
                }
                1 => {
                    let _now = told.scene.bench.clock.advance(Duration::from_mins(told.dice.roll() % 180));
                }
                _ => told.change(),
            }
        }
        let told = told.read(false).await;
        left += told.left;
        spared += told.spared;
        waited += told.waited;
    }
    // What these histories are for happened in them.
    assert!(
        left > 5 && spared > 2 && waited > 0,
        "{left} left, {spared} were spared, {waited} readings waited"
    );
}

#[test]
fn what_must_not_happen_would_be_seen() {
    let set = |who: &[&str]| who.iter().map(|one| (*one).to_owned()).collect::<BTreeSet<String>>();
    let there = BTreeMap::from([(String::from("ada"), String::from("a"))]);
    let (ada, bob, both, nobody) = (set(&["ada"]), set(&["bob"]), set(&["ada", "bob"]), set(&[]));
    let of = |before, after, is_cut| {
        wrong(&Read { before, after, there: &there, kept_names: &nobody, held: 0, is_cut })
    };
    assert_eq!(of(&both, &ada, false), None);
    assert!(of(&both, &bob, false).unwrap().contains("stands there, and left"));
    assert!(of(&both, &ada, true).unwrap().contains("cut off"));
    assert!(of(&both, &both, false).unwrap().contains("did not leave"));
    assert!(of(&bob, &nobody, false).unwrap().contains("is not here"));
    assert_eq!(of(&both, &both, true), None, "its twin");
}
