//! Clocks as they are kept: the late ones first, one for each step, and no stage without having been late.
//! Must never know who is asked: that is the engine's. Next: `passings.rs`.

use crate::bed::{read, write};
use std::time::Duration;
use tenure_model::{ClockKind, ClockStage, Instant, PersonId};
use tenure_store::tables::clocks::{ClockPause, ClockRow};

fn row(subject: &str, due: Instant) -> ClockRow {
    ClockRow {
        kind: ClockKind::Plan,
        subject: subject.to_owned(),
        step: 0,
        term: String::from("owner"),
        handle: String::from("k7wd2m"),
        about: String::from("main/billing"),
        rules: String::from("{}"),
        started: due.minus(Duration::from_hours(4)),
        stage: ClockStage::First,
        due,
        warns: None,
        warned: None,
        late: None,
        over: None,
        ended: None,
        pause: None,
        paused_us: 0,
    }
}

on_both! {
    fn clocks_are_listed_late_first_and_pass_on_only_when_late(bed) {
        let (store, now) = (bed.open(), bed.ids.now());
        let put = |row: &ClockRow| {
            let row = row.clone();
            write(&store, move |tx| tx.put_clock(&row))
        };
        let hour = Duration::from_hours(1);
        let (soon, later) = (row("a", now.plus(hour)), row("b", now.plus(hour * 2)));
        put(&later).unwrap();
        put(&soon).unwrap();
        let running = |most: i64| {
            let rows = read(&store, move |tx| tx.clocks_running(most));
            rows.into_iter().map(|row| row.subject).collect::<Vec<_>>()
        };
        assert_eq!((running(10), running(1)), (vec![String::from("a"), String::from("b")], vec![String::from("a")]));
        // Nobody is passed over in time, warned before it was said, or left without anybody before it was late.
        assert!(put(&ClockRow { stage: ClockStage::Fallback, ..later.clone() }).is_err());
        assert!(put(&ClockRow { warned: Some(now), ..later.clone() }).is_err());
        assert!(put(&ClockRow { over: Some(now), ..later.clone() }).is_err());
        // What stands still says until when, and is not late.
        let pause = ClockPause { since: now, until: now.plus(hour), by: PersonId::new(now, [7; 10]), reason: String::from("the vendor") };
        let paused = ClockRow { pause: Some(pause.clone()), paused_us: 7, ..later.clone() };
        put(&paused).unwrap();
        assert_eq!(read(&store, |tx| tx.clock("b", 0)).as_ref(), Some(&paused));
        assert!(put(&ClockRow { late: Some(now), ..paused.clone() }).is_err());
        assert!(put(&ClockRow { pause: Some(ClockPause { until: now, ..pause }), ..paused }).is_err());
        assert_eq!(read(&store, |tx| tx.clocks_running_of("k7wd2m")).len(), 2);
        assert_eq!(read(&store, |tx| tx.clocks_running_of("b")).len(), 1);
        put(&later).unwrap();
        let late = ClockRow { stage: ClockStage::Escalation, late: Some(now), over: Some(now), ..later };
        put(&late).unwrap();
        assert_eq!(running(10), ["b", "a"]);
        assert_eq!(read(&store, |tx| tx.clock("b", 0)).as_ref(), Some(&late));
        put(&ClockRow { ended: Some(now), ..soon }).unwrap();
        assert_eq!(running(10), ["b"]);
        let second = ClockRow { step: 1, ..late };
        put(&second).unwrap();
        let steps: Vec<i64> = read(&store, |tx| tx.clocks_of("b")).iter().map(|row| row.step).collect();
        assert_eq!(steps, [0, 1]);
        assert_eq!(read(&store, |tx| tx.clock("b", 2)), None);
    }
}
