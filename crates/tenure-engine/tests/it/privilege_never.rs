//! What no history of requests, decisions, grants and surveys does: count a right as asked for that nobody decided.
//!
//! Random histories over the chaos world. After each event every right that stands as asked for is held against the request
//! it names: decided by others than whoever asked, by the digest that it has, naming just this right, in its time. Next:
//! `privilege.rs`.

use crate::privilege::{ORDERS, asking, key, right, wish};
use crate::requests::Scene;
use std::{collections::BTreeMap, time::Duration};
use tenure_connect::chaos::Dice;
use tenure_engine::{RequestAnswer, RequestShown};
use tenure_model::{AskedRight, RequestState};

const NAMES: [&str; 2] = ["billing", "reporting"];
const WORDS: [&str; 3] = ["DELETE", "INSERT", "TRUNCATE"];
const THINGS: [&str; 2] = [ORDERS, "shop/table/invoices"];

/// What is known of a history, apart from what the store says.
#[derive(Default)]
struct Told {
    asked: Vec<RequestShown>,
    /// Rights that were given at the source and not taken since, with how often it was surveyed before.
    given: BTreeMap<(String, AskedRight), usize>,
    surveys: usize,
    matched: usize,
    unasked: usize,
    own: usize,
}

#[tokio::test]
async fn no_right_counts_as_asked_for_without_a_decision_of_others_about_just_that_in_its_time() {
    let (mut matched, mut unasked, mut own) = (0, 0, 0);
    for seed in 0..16 {
        let scene = asking(seed + 1).await;
        let mut dice = Dice::new(seed.wrapping_mul(7_919) + 3);
        let mut told = Told::default();
        for _ in 0..70 {
            scene.bench.clock.advance(Duration::from_secs(1));
            one_event(&scene, &mut dice, &mut told).await;
            holds(&scene, &mut told, seed).await;
        }
        matched += told.matched;
        unasked += told.unasked;
        own += told.own;
    }
    assert!(
        matched > 40 && unasked > 200 && own > 20,
        "{matched} matched, {unasked} unasked, {own} decisions of their own refused: the histories try nothing"
    );
}

async fn one_event(scene: &Scene, dice: &mut Dice, told: &mut Told) {
    let name = *dice.choose(&NAMES).unwrap();
    let one = right(dice.choose(&WORDS).unwrap(), dice.choose(&THINGS).unwrap());
    let held = (name.to_owned(), one.clone());
    match dice.below(16) {
        0..=2 => {
            let by = *dice.choose(&[scene.ravi, scene.ola, scene.asha]).unwrap();
            let mut rights = vec![one];
            if dice.below(3) == 0 {
                rights.push(right("REFERENCES", ORDERS));
            }
            let days = [1, 5, 40][usize::try_from(dice.below(3)).unwrap()];
            let made = scene.engine().create_request(by, wish(scene, name, &rights, days)).await;
            told.asked.extend(made);
        }
        3..=6 => decided(scene, dice, told).await,
        7..=9 if !told.given.contains_key(&held) => {
            scene.bench.world.grant(&key(scene, name), &one.resource, &one.right).unwrap();
            told.given.insert(held, told.surveys);
        }
        10 => {
            if told.given.remove(&held).is_some() {
                scene.bench.world.revoke(&key(scene, name), &one.resource, &one.right).unwrap();
            }
        }
        11 => {
            scene.bench.clock.advance(Duration::from_hours(24 * (1 + dice.below(4))));
        }
        12 => {
            if let Some(shown) = dice.choose(&told.asked) {
                let row = scene.engine().request_row(&shown.handle).await.unwrap();
                drop(scene.engine().withdraw_request(scene.asha, &row, "").await);
            }
        }
        _ => {
            scene.survey().await;
            told.surveys += 1;
        }
    }
}

async fn decided(scene: &Scene, dice: &mut Dice, told: &mut Told) {
    let Some(shown) = dice.choose(&told.asked).cloned() else { return };
    let by = *dice.choose(&[scene.ravi, scene.ola, scene.asha]).unwrap();
    let answer = if dice.below(8) == 0 { RequestAnswer::Refuse } else { RequestAnswer::Approve };
    let outcome = scene.decide(by, &shown, answer).await;
    if by.person == shown.row.asked_by {
        assert!(outcome.is_err(), "whoever asked decides nothing: {outcome:?}");
        told.own += 1;
    }
}

/// Holds every right that is written down as gained against the request it names.
async fn holds(scene: &Scene, told: &mut Told, seed: u64) {
    for name in NAMES {
        let identity = scene.identity(name).await.id;
        let gains = scene.engine().store().read("gains", move |tx| tx.gains_of(identity, 100)).await.unwrap();
        for gain in gains {
            let Some(request) = gain.request else {
                told.unasked += 1;
                continue;
            };
            let row = scene.engine().request_row(&request.to_string()).await.unwrap();
            let shown = scene.engine().request_shown(&row).await.unwrap();
            let asked = row.wanted.privilege().unwrap();
            let what = format!("seed {seed}: {gain:?} by {row:?}");
            assert!(asked.rights.contains(&gain.right) && asked.identity == identity, "{what}");
            assert!(
                matches!(
                    row.state,
                    RequestState::Fulfilled
                        | RequestState::Approved
                        | RequestState::Lapsed
                        | RequestState::Withdrawn
                ),
                "{what}"
            );
            assert_eq!(gain.until, Some(asked.until), "{what}");
            let approved = row.approved.unwrap_or_else(|| panic!("{what}"));
            let read = move |tx: &mut tenure_store::Tx<'_>| tx.request_decisions(request);
            let made = scene.engine().store().read("decisions", read).await.unwrap();
            assert_eq!(made.len(), row.steps.len(), "{what}");
            for one in made {
                assert!(!one.refused && one.person != row.asked_by && one.digest == shown.digest, "{what}");
                assert!(one.decided <= approved && approved < row.decide_by, "{what}");
            }
            if asked.late_for.is_none() {
                let absent = row.absent.unwrap_or_else(|| panic!("{what}"));
                assert!(absent > approved && gain.seen > absent && gain.seen <= row.use_by, "{what}");
                assert!(row.use_by <= asked.until, "{what}");
            }
            told.matched += 1;
        }
    }
}
