//! A programme over days that are past: what it would have found, on which day, beside what was found.
//!
//! Over the chaos world, in virtual time. What was recorded at the end of each day is the oracle: whoever puts a day back says
//! the same of it. Next: `tenure-engine/src/verbs/programme/replay.rs`.

use crate::bench::{Bench, actor};
use crate::consequences::apply;
use std::{sync::Arc, time::Duration};
use tenure_connect::chaos::{ChaosPrincipal, Dice};
use tenure_engine::{
    Belief, CharterChange, Deployment, Dismissal, Engine, FindingRow, ProgrammeReplayed, Replayed,
};
use tenure_judge::ProgrammeFiles;
use tenure_model::{Instant, PrincipalKey, Standing};

const DAY: Duration = Duration::from_hours(24);
const AT_ONCE: &str = "[thresholds.grace_days]\nlow = 0\nmedium = 0\nhigh = 0\ncritical = 0\n";
const APPS: &str =
    "[[class]]\nid = \"apps\"\nmatch = [\"name:reporting\", \"name:billing\"]\nrequired = [\"purpose\"]\n";

fn files(main: &str, classes: &str) -> ProgrammeFiles {
    let all = [("programme.toml", format!("version = 1\n{main}")), ("classes.toml", classes.to_owned())];
    ProgrammeFiles(all.into_iter().map(|(name, text)| (name.to_owned(), text)).collect())
}

async fn replay(engine: &Arc<Engine>, files: &ProgrammeFiles) -> Arc<ProgrammeReplayed> {
    match engine.replay_programme(files, (None, None), Duration::from_mins(5)).await.unwrap() {
        Replayed::Made(replayed) => replayed,
        Replayed::UnderWay { judged, of } => panic!("{judged} of {of}"),
    }
}

/// To the last second of the day, in which everything is judged as it is then.
async fn evening(bench: &Bench, engine: &Engine) {
    let day = i64::try_from(DAY.as_micros()).unwrap();
    let now = engine.now().as_micros();
    let end = Instant::from_micros(now.div_euclid(day) * day + day).minus(Duration::from_secs(1));
    bench.clock.advance(end.since(engine.now()));
    engine.judge_touched().await.unwrap();
}

async fn owned(engine: &Engine, name: &str, purpose: &str) {
    let change = CharterChange { purpose: Some(purpose.to_owned()), ..CharterChange::default() };
    // What was never surveyed is nobody's yet.
    let _ = engine.own(actor(engine).await, name, change).await;
}

async fn survey(engine: &Engine) {
    engine.survey(None, "main", Belief::Believe).await.unwrap();
}

/// Four days of history; on the third, `reporting` gets a purpose.
async fn history(bench: &mut Bench) -> Deployment {
    let deployment = bench.surveyed().await;
    let engine = &deployment.engine;
    for day in 0..4 {
        if day == 2 {
            owned(engine, "main/reporting", "the monthly report").await;
        }
        evening(bench, engine).await;
        bench.clock.advance(Duration::from_secs(2));
    }
    deployment
}

#[tokio::test]
async fn what_a_programme_would_have_found_is_told_day_by_day_and_nothing_is_written() {
    let mut bench = Bench::new();
    let deployment = history(&mut bench).await;
    let engine = &deployment.engine;
    let log = engine.log_page(None, 1).await.unwrap();
    let replayed = replay(engine, &files(AT_ONCE, APPS)).await;
    let days: Vec<_> = replayed
        .days
        .iter()
        .map(|one| (one.programme, one.failed, one.would_fail, one.would_lapse))
        .collect();
    // Both have no purpose and no owner; from the third day on one has the purpose, and whoever claimed it as owner.
    let both = replayed.days[0].would_fail;
    assert!(both >= 4, "{replayed:?}");
    assert_eq!(days[..2], [(0, 0, both, 2), (0, 0, both, 2)], "{replayed:?}");
    assert!(days[2].2 < both && days[2] == days[3], "{days:?}");
    assert_eq!(replayed.days.len(), 5, "today is not over, and one of them");
    let incomplete = replayed.policies.iter().find(|one| one.policy == "charter_incomplete").unwrap();
    assert_eq!((incomplete.fires, incomplete.spares, incomplete.first), (2, 0, replayed.since));
    assert_eq!((replayed.identities, replayed.differ, replayed.lapse, replayed.not_judged), (4, 2, 2, 0));
    let names: Vec<_> = replayed.named.iter().map(|one| (one.name.as_str(), one.lapses.unwrap())).collect();
    assert_eq!(names, [("main/billing", replayed.since), ("main/reporting", replayed.since)]);
    assert_eq!(engine.show("billing").await.unwrap().identity.standing, Standing::Unclaimed);
    assert_eq!(engine.log_page(None, 1).await.unwrap(), log, "nothing was written");
    // The twin: what asks for nothing would have found nothing.
    let nothing = replay(engine, &files(AT_ONCE, "")).await;
    assert_eq!((nothing.differ, nothing.named.len(), nothing.policies.len()), (0, 0, 0), "{nothing:?}");
}

#[tokio::test]
async fn each_day_is_held_against_what_was_in_force_on_it() {
    let mut bench = Bench::new();
    let deployment = history(&mut bench).await;
    let engine = &deployment.engine;
    let wanted = files(AT_ONCE, APPS);
    apply(engine, wanted.clone()).await;
    evening(&bench, engine).await;
    bench.clock.advance(DAY);
    let replayed = replay(engine, &wanted).await;
    let versions: Vec<_> = replayed.days.iter().map(|one| one.programme).collect();
    assert_eq!(versions, [0, 0, 0, 0, 1, 1]);
    let same = |at: usize| replayed.days[at].failed == replayed.days[at].would_fail;
    assert!(!same(3) && same(4) && same(5), "{:?}", replayed.days);
    assert!(replayed.policies.iter().all(|one| one.spares == 0), "{:?}", replayed.policies);
    let lax = replay(engine, &files(AT_ONCE, "")).await;
    assert!(lax.policies.iter().any(|one| one.policy == "charter_incomplete" && one.spares > 0));
    let last = lax.days.last().unwrap();
    assert!(last.lapsed > 0 && last.would_lapse < last.lapsed, "{last:?}");
}

#[tokio::test]
async fn grace_runs_from_the_day_on_which_it_would_first_have_failed() {
    let mut bench = Bench::new();
    let deployment = history(&mut bench).await;
    let engine = &deployment.engine;
    let text = "[thresholds.grace_days]\nlow = 2\nmedium = 2\nhigh = 2\ncritical = 2\n";
    let replayed = replay(engine, &files(text, APPS)).await;
    let lapsed: Vec<_> = replayed.days.iter().map(|one| one.would_lapse).collect();
    assert_eq!(lapsed[..2], [0, 0], "{replayed:?}");
    assert!(lapsed[2] > 0, "two days after the first: {lapsed:?}");
}

#[tokio::test]
async fn days_of_which_nothing_is_kept_or_too_many_or_turned_round_are_refused() {
    let mut bench = Bench::new();
    let deployment = history(&mut bench).await;
    let engine = &deployment.engine;
    let day = |at: Instant| at.to_string()[..10].to_owned();
    let first = engine.kept_since().await.unwrap();
    let (today, ever) = (engine.now(), files("", ""));
    let ask = async |since: Option<String>, until: Option<String>| {
        let asked =
            engine.replay_programme(&ever, (since.as_deref(), until.as_deref()), Duration::from_mins(5));
        asked.await.map(|_| ()).map_err(|error| error.to_string())
    };
    assert_eq!(ask(Some(day(first)), Some(day(today))).await, Ok(()));
    assert_eq!(ask(Some(day(first)), Some(day(first))).await, Ok(()), "one day is enough");
    let now = day(today);
    for (since, until) in [(Some(&now), None), (Some(&now), Some(&now)), (None, Some(&now))] {
        assert_eq!(ask(since.cloned(), until.cloned()).await, Ok(()));
    }
    for (since, until, expected) in [
        (Some(day(first.minus(DAY))), None, "is not kept here"),
        (Some(day(today)), Some(day(first)), "say the first day, then the last"),
        (None, Some(day(today.plus(DAY * 2))), "is to come"),
        (Some(String::from("May")), None, "neither a day"),
    ] {
        let why = ask(since, until).await.unwrap_err();
        assert!(why.contains(expected), "{expected}: {why}");
    }
    bench.clock.advance(DAY * 120);
    let why = ask(Some(day(first)), None).await.unwrap_err();
    assert!(why.contains("more than 92 days"), "{why}");
    let refused =
        engine.replay_programme(&files("[threshold]\n", ""), (None, None), Duration::from_mins(5)).await;
    assert!(refused.unwrap_err().to_string().contains("threshold"));
}

/// What counts now, and how many have lapsed.
async fn recorded(engine: &Engine) -> (i64, i64) {
    let findings = engine.store().read("findings", |tx| tx.open_findings(0, 1_000)).await.unwrap();
    let counts = |one: &&FindingRow| one.dismissed_until.is_none() && one.excepted_until.is_none();
    let mut lapsed = 0;
    let ids = engine.store().read("ids", |tx| tx.all_identities(None, 1_000)).await.unwrap();
    for id in ids {
        let standing = engine.show(&id.to_string()).await.unwrap().identity.standing;
        lapsed += i64::from(standing == Standing::Lapsed);
    }
    (i64::try_from(findings.iter().filter(counts).count()).unwrap(), lapsed)
}

struct History {
    keys: Vec<(String, PrincipalKey)>,
    made: u32,
    dismissed: u32,
}

impl History {
    async fn one_event(&mut self, bench: &Bench, engine: &Engine, dice: &mut Dice) {
        let (name, key) = dice.choose(&self.keys).unwrap().clone();
        let path = format!("main/{name}");
        match dice.below(10) {
            0 | 1 => owned(engine, &path, dice.choose(&["bills", "reports", ""]).unwrap()).await,
            2 => {
                let expires_at = Some(engine.now().plus(DAY * u32::try_from(dice.below(4)).unwrap()));
                let change = CharterChange { expires_at, ..CharterChange::default() };
                let _ = engine.own(actor(engine).await, &path, change).await;
            }
            3 => {
                let _ = bench.world.grant(&key, "shop/table/orders", "DELETE");
                let _ = bench.world.grant(&key, "shop/table/invoices", "owner");
            }
            4 => {
                let _ = bench.world.revoke(&key, "shop/table/orders", "DELETE");
                let _ = match dice.below(3) {
                    0 => bench.world.forbid(&key),
                    1 => bench.world.allow(&key),
                    _ => bench.world.rename(&key, &format!("{name}{}", dice.below(3))),
                };
            }
            5 => {
                self.made += 1;
                let _ = bench.world.set_value(&key, &format!("ANewValue{:06}", self.made));
            }
            6 if self.keys.len() < 6 => {
                self.made += 1;
                let name = format!("app{}", self.made);
                let one = ChaosPrincipal::account(&name, &format!("OwnValue{:06}", self.made));
                let one = ChaosPrincipal { admin: dice.below(2) == 0, ..one };
                self.keys.push((name, bench.world.create(one)));
            }
            6 => {
                let _ = bench.world.remove(&key);
            }
            7 | 8 => self.dismiss(engine, dice).await,
            _ => survey(engine).await,
        }
        engine.judge_touched().await.unwrap();
    }

    async fn dismiss(&mut self, engine: &Engine, dice: &mut Dice) {
        let open = engine.store().read("findings", |tx| tx.open_findings(0, 100)).await.unwrap();
        let Some(one) = dice.choose(&open) else { return };
        let until = engine.now().plus(DAY * u32::try_from(1 + dice.below(4)).unwrap());
        let said = Dismissal { reason: String::from("a rehearsal"), until, rests_on_digest: None };
        if one.dismissed_until.is_some() {
            let _ = engine.withdraw_dismissal(actor(engine).await, one).await;
        } else if engine.dismiss(actor(engine).await, one, said).await.is_ok() {
            self.dismissed += 1;
        }
    }
}

#[tokio::test]
async fn what_was_recorded_on_each_day_of_drawn_histories_is_what_putting_it_back_says() {
    let (mut failed, mut lapsed, mut dismissed, mut changed) = (0, 0, 0, 0);
    for seed in 0..8 {
        let mut bench = Bench::seeded(seed + 1, tenure_connect::chaos::FaultRates::NONE);
        let deployment = bench.surveyed().await;
        let engine = &deployment.engine;
        let mut dice = Dice::new(seed.wrapping_mul(6_151) + 11);
        let keys = vec![
            (String::from("reporting"), bench.victim.clone()),
            (String::from("billing"), bench.bystander.clone()),
        ];
        let mut history = History { keys, made: 0, dismissed: 0 };
        apply(engine, files(AT_ONCE, APPS)).await;
        let mut told = Vec::new();
        for day in 0..9 {
            for _ in 0..dice.below(6) {
                bench.clock.advance(Duration::from_mins(7));
                history.one_event(&bench, engine, &mut dice).await;
            }
            if day == 5 {
                apply(engine, files("", APPS)).await;
                changed += 1;
            }
            evening(&bench, engine).await;
            told.push(recorded(engine).await);
            bench.clock.advance(Duration::from_secs(2));
        }
        let replayed = replay(engine, &files("[thresholds]\nrotation_days_max = 30\n", APPS)).await;
        let said: Vec<_> = replayed.days.iter().map(|one| (one.failed, one.lapsed)).collect();
        assert_eq!(said[..told.len()], told[..], "seed {seed}: {:#?}", replayed.days);
        failed += told.iter().map(|one| one.0).sum::<i64>();
        lapsed += told.iter().map(|one| one.1).sum::<i64>();
        dismissed += history.dismissed;
    }
    assert!(
        failed > 80 && lapsed > 30 && dismissed > 10 && changed == 8,
        "{failed} failed, {lapsed} lapsed, {dismissed} dismissed: the histories try nothing"
    );
}
