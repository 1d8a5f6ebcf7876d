//! The pages: `/` as JSON, `/metrics` as OpenMetrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use crate::{Progress, RECENT};

/// The media type of OpenMetrics 1.0 text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// All pages that there are.
pub(super) fn pages(progress: Arc<Progress>) -> Router {
    Router::new().route("/", get(state)).route("/metrics", get(metrics)).with_state(progress)
}

async fn state(State(progress): State<Arc<Progress>>) -> impl IntoResponse {
    Json(live_state(&progress))
}

/// The live state of a run as JSON, for whoever shows it.
pub fn live_state(progress: &Progress) -> Value {
    let counts = progress.live.progress();
    let seen = progress.now().map(|now| (progress.faults_on(now).collect::<Vec<_>>(), progress.sight(now)));
    let (on, sight) = seen.unwrap_or_default();
    let millis = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1e3);
    json!({
        "scenario": progress.scenario,
        "gateway": progress.gateway,
        "stage": progress.stage().word(),
        "phases": progress.phases.iter().map(|(name, during)| json!({
            "phase": name,
            "from_seconds": during.from.seconds(),
            "to_seconds": during.to.seconds(),
        })).collect::<Vec<_>>(),
        "phase": progress.phase().map(|index| &progress.phases[index].0),
        "seconds": progress.now().map(units::Moment::seconds),
        "length_seconds": progress.length.as_secs_f64(),
        "exchanges": {
            "scheduled": progress.scheduled,
            "sent": counts.sent,
            "done": counts.done,
            "failed": counts.failed,
            "skipped": counts.skipped,
            "in_flight": counts.in_flight,
        },
        "failures": {
            "planned": sight.failures.planned,
            "unplanned": sight.failures.unplanned,
            "unreached": sight.failures.unreached,
        },
        "faults": on.iter().map(|fault| json!({
            "fault": fault.kind,
            "settings": fault.settings,
            "backends": fault.backends,
        })).collect::<Vec<_>>(),
        "recent": {
            "seconds": RECENT.as_secs(),
            "endings": sight.recent.endings.iter().cloned().collect::<BTreeMap<_, _>>(),
            "p50_ms": millis(sight.recent.p50),
            "p99_ms": millis(sight.recent.p99),
        },
        "attempts": progress.backends.iter().cloned().zip(progress.attempts()).collect::<BTreeMap<_, _>>(),
    })
}

async fn metrics(State(progress): State<Arc<Progress>>) -> impl IntoResponse {
    let counts = progress.live.progress();
    let sight = progress.now().map(|now| progress.sight(now)).unwrap_or_default();
    let mut registry = Registry::with_prefix("brownout");
    let seconds = progress.now().map_or(0.0, units::Moment::seconds);
    registry.register("run_seconds", "Time since the epoch of the run", ConstGauge::new(seconds));
    for (name, help, value) in [
        ("exchanges_scheduled", "Exchanges that the schedule has", progress.scheduled),
        ("exchanges_sent", "Requests sent to the gateway", counts.sent),
        ("exchanges_done", "Exchanges that are over, however they ended", counts.done),
        ("exchanges_failed", "Exchanges that did not succeed", counts.failed),
        ("exchanges_skipped", "Requests never sent, because too many were in flight", counts.skipped),
        (
            "failures_planned",
            "Failures of exchanges that a fault or a client's planned leaving explains",
            sight.failures.planned,
        ),
        (
            "failures_unplanned",
            "Failures of exchanges with attempts on which no fault took effect",
            sight.failures.unplanned,
        ),
        (
            "failures_unreached",
            "Failures of exchanges without an attempt on record",
            sight.failures.unreached,
        ),
        ("exchanges_in_flight", "Requests under way", counts.in_flight),
    ] {
        registry.register(name, help, ConstGauge::new(value));
    }
    let attempts = Family::<[(&str, String); 1], Gauge<u64, AtomicU64>>::default();
    registry.register("attempts", "Attempts that have reached a backend", attempts.clone());
    for (backend, count) in progress.backends.iter().zip(progress.attempts()) {
        attempts.get_or_create(&[("backend", backend.clone())]).set(count);
    }
    let mut text = String::new();
    // Writing to a string can't fail.
    let _ = encode(&mut text, &registry);
    ([(CONTENT_TYPE, OPENMETRICS)], text)
}
