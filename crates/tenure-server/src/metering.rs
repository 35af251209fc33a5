//! Numbers for whoever scrapes them: one recorder per process, rendered on request.
//!
//! Labels are routes, methods and statuses, never names or values, so that their number is
//! bounded and nothing leaks. Next: `observe.rs` counts, `api/system/metrics.rs` shows.

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Buckets of request durations, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0, 10.0];

/// The recorder of this process, installed at the first call; `None` when the process has another one.
pub(crate) fn recorder() -> Option<&'static PrometheusHandle> {
    RECORDER
        .get_or_init(|| {
            let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).ok()?;
            builder.install_recorder().ok()
        })
        .as_ref()
}
