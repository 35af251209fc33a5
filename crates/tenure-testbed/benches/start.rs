//! How long private servers take to start and to end, one after the other.
//!
//! A live suite starts one or more servers per test, so these times are what such a suite costs. Reports
//! the median of a few rounds as `FIGURE` lines; nothing fails by them.

use std::time::{Duration, Instant};

use anyhow::Result;
use tenure_testbed::{
    Availability, PgBouncer, PgBouncerAuth, PgBouncerOptions, PoolMode, Postgres, PostgresOptions, Replica,
    pgbouncer_available, postgres_available,
};

const ROUNDS: usize = 9;

fn main() -> Result<()> {
    for (name, availability) in [("postgres", postgres_available()), ("pgbouncer", pgbouncer_available())] {
        if let Availability::Missing(reason) = availability {
            println!("SKIPPED: {name} ({reason})");
            return Ok(());
        }
    }
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let options = PgBouncerOptions { auth: PgBouncerAuth::AuthQuery, pool_mode: PoolMode::Session };
        let (primary, starting) = timed(|| Postgres::start(&PostgresOptions::default()));
        let primary = primary?;
        let (replica, copying) = timed(|| Replica::start(&primary));
        let (pooler, pooling) = timed(|| PgBouncer::start(&primary, options));
        let servers = (pooler?, replica?, primary);
        let ((), ending) = timed(|| drop(servers));
        for (list, time) in times.iter_mut().zip([starting, copying, pooling, ending]) {
            list.push(time);
        }
    }
    let names = ["start of a primary", "start of a replica", "start of a PgBouncer", "end of all three"];
    for (name, mut list) in names.into_iter().zip(times) {
        list.sort();
        let median = list.get(ROUNDS / 2).copied().unwrap_or_default();
        println!("FIGURE {name} | {} ms", median.as_millis());
    }
    Ok(())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let answer = work();
    (answer, begun.elapsed())
}
