//! Event streams as they are kept: each has one place in the log, which never goes back.
//!
//! On both databases. Must never know what is told. Next: `log.rs`.

use crate::bed::{read, write};
use std::time::Duration;

on_both! {
    fn a_stream_goes_on_where_it_stood_and_never_back(bed) {
        let store = bed.open();
        let now = bed.ids.now();
        let later = now.plus(Duration::from_mins(1));
        write(&store, move |tx| tx.begin_event_stream(("siem", "log-a"), 7, now)).unwrap();
        assert!(write(&store, move |tx| tx.begin_event_stream(("siem", "log-a"), 9, now)).is_err(), "there is one already");
        write(&store, move |tx| tx.begin_event_stream(("lake", "log-a"), 0, now)).unwrap();
        let row = || read(&store, |tx| tx.event_stream("siem")).unwrap();
        assert_eq!((row().next_index, row().taken, row().since), (7, None, now));
        assert_eq!(row().origin, "log-a");
        let failed = |at| write(&store, move |tx| tx.events_failed("siem", at, "it answered 503", later)).unwrap();
        failed(6);
        assert_eq!(row().attempts, 0, "it is elsewhere by now");
        failed(7);
        failed(7);
        assert_eq!((row().attempts, row().why.as_deref(), row().next), (2, Some("it answered 503"), later));
        write(&store, move |tx| tx.try_events_now("siem", now)).unwrap();
        assert_eq!((row().attempts, row().next), (2, now));
        let taken = |next, at| write(&store, move |tx| tx.events_taken("siem", next, at)).unwrap();
        taken(12, Some(later));
        assert_eq!((row().next_index, row().attempts, row().why, row().taken), (12, 0, None, Some(later)));
        taken(9, Some(now));
        assert_eq!((row().next_index, row().taken), (12, Some(later)), "another was faster");
        taken(20, None);
        assert_eq!((row().next_index, row().taken), (20, Some(later)), "what nobody asked for is passed by");
        let names: Vec<_> = read(&store, |tx| tx.event_streams()).into_iter().map(|row| row.stream).collect();
        assert_eq!(names, ["lake", "siem"]);
        write(&store, move |tx| tx.end_event_stream("siem")).unwrap();
        assert!(read(&store, |tx| tx.event_stream("siem")).is_none());
    }
}
