//! `GET /metrics`: numbers in the text format of Prometheus.

use crate::api::prelude::*;
use crate::metering;
use metrics::gauge;
use tenure_engine::Tx;
use tenure_model::Standing;

pub(crate) static ENDPOINT: Endpoint = Endpoint {
    verb: Verb::Get,
    path: "/metrics",
    access: Access::Decided { action: ApiAction::ReadMetrics, kind: ApiResourceKind::System },
    evidence: None,
    about: "Numbers in the text format of Prometheus.",
    query: &[],
    takes: None,
    answers: Answers::Bytes("text/plain; version=0.0.4"),
    route: || get(handle),
};

async fn handle(State(shared): State<Shared>, asked: Asked) -> Result<impl IntoResponse, Problem> {
    asked.authorise(Whose::Nobodys)?;
    let read = |tx: &mut Tx<'_>| {
        Ok((tx.head()?.size, tx.standings()?, tx.count_open_findings()?, tx.plans_at_work()?.len()))
    };
    let (log_size, standings, findings, plans) = shared.engine.store().read("metrics", read).await?;
    let Some(recorder) = metering::recorder() else {
        return Err(Problem::missing("this process records no metrics"));
    };
    for standing in Standing::ALL {
        let count = standings.iter().find(|(found, ..)| found == standing).map_or(0, |(_, count, _)| *count);
        gauge!("tenure_identities", "standing" => standing.as_str()).set(as_gauge(count));
    }
    gauge!("tenure_log_entries").set(as_gauge(i64::try_from(log_size).unwrap_or(i64::MAX)));
    gauge!("tenure_findings_open").set(as_gauge(findings));
    gauge!("tenure_plans_at_work").set(as_gauge(i64::try_from(plans).unwrap_or(i64::MAX)));
    recorder.run_upkeep();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], recorder.render()))
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; counts stay far below 2^53")]
fn as_gauge(count: i64) -> f64 {
    count as f64
}
