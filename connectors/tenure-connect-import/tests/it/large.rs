//! A million rows: read in a stream, in pages, with nothing lost and nothing kept.

use crate::bed::{Bed, KEY_ONLY};
use async_trait::async_trait;
use std::io::Write as _;
use tenure_connect::{NotObservable, SinkClosed, SurveySink};
use tenure_model::{Completeness, Extent, Instant, Observation};

/// Counts what comes, and how much of it is there at one time.
#[derive(Default)]
struct Counter {
    seen: usize,
    largest: usize,
    whole: bool,
}

#[async_trait]
impl SurveySink for Counter {
    async fn page(&mut self, _: &Extent, page: Vec<Observation>) -> Result<(), SinkClosed> {
        self.seen += page.len();
        self.largest = self.largest.max(page.len());
        Ok(())
    }

    async fn end(&mut self, _: &Extent, completeness: Completeness) -> Result<(), SinkClosed> {
        self.whole = completeness == Completeness::Whole;
        Ok(())
    }

    async fn not_observable(&mut self, _: NotObservable) -> Result<(), SinkClosed> {
        Ok(())
    }
}

/// The most memory this process ever held, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

/// Each test runs in a process of its own, so that the peak is that of this reading.
#[tokio::test]
async fn a_million_rows_are_read_in_bounded_memory() {
    let bed = Bed::new();
    bed.write("mapping.toml", KEY_ONLY);
    let mut file = std::io::BufWriter::new(std::fs::File::create(bed.path("list.csv")).unwrap());
    writeln!(file, "id,note").unwrap();
    for number in 0..1_000_000 {
        writeln!(file, "{number},a remark that nobody asked for and that is dropped with its row").unwrap();
    }
    file.into_inner().unwrap();
    let source = bed.source("csv", "list.csv", &[("mapping", "mapping.toml")]);
    let before = peak_kib();
    let mut counter = Counter::default();
    source.observe(Instant::from_micros(0), &mut counter).await.unwrap();
    assert_eq!((counter.seen, counter.whole), (1_000_000, true));
    assert!(counter.largest <= tenure_connect::PAGE_MAX);
    let more = peak_kib().saturating_sub(before);
    // 24 bytes of keys a row, twice while the table of them grows, and what a page holds: far below the file.
    assert!(more < 200 << 10, "{more} KiB more than before");
}
