//! What the page's script reads: the series of the run as JSON that can't end its element.

use serde_json::{Value, json};

use super::plot::Run;
use crate::escape;
use crate::{BreakerStrip, CountLine, Report};

/// The most lines, breakers and stretches that are handed over, as many as are drawn.
const LINES_MAX: usize = 16;
const STRIPS_MAX: usize = 24;
const STRETCHES_MAX: usize = 400;
const ROWS_MAX: usize = 64;

/// The data of a run with series.
pub(super) fn json(report: &Report, run: &Run<'_>) -> String {
    let series = &report.series;
    let bins = run.time.bins;
    let phases = run
        .phases
        .iter()
        .map(|phase| json!({ "name": escape::name(&phase.name), "from": phase.from_s, "to": phase.to_s }));
    let bands = run.bands.iter().map(|band| {
        let name =
            format!("{} on {}", escape::name(&band.name), escape::plain(&band.backends.join(", "), 120));
        json!({ "name": name, "from": band.from_s, "to": band.to_s })
    });
    let heat = series
        .heat
        .rows
        .iter()
        .take(ROWS_MAX)
        .map(|row| json!({ "from": row.from_ms, "to": row.to_ms, "counts": cut(&row.counts, bins) }));
    let known = report.breakers.iter().filter(|strip| !strip.stretches.is_empty());
    let data = json!({
        "bins": bins,
        "bin": series.bin_s,
        "end": series.end_s,
        "phases": phases.collect::<Vec<_>>(),
        "bands": bands.collect::<Vec<_>>(),
        "outcomes": lines(&series.outcomes, bins),
        "attempts": lines(&series.attempts, bins),
        "response": [
            cut(&series.response.p50_ms, bins),
            cut(&series.response.p90_ms, bins),
            cut(&series.response.p99_ms, bins),
            cut(&series.response.max_ms, bins),
        ],
        "heat": heat.collect::<Vec<_>>(),
        "tries": [cut(&series.attempts_mean, bins), cut(&series.attempts_max, bins)],
        "flight": cut(&series.in_flight_max, bins),
        "lag": cut(&series.lag_p99_ms, bins),
        "stall": cut(&series.hiccup_max_ms, bins),
        "breakers": known.take(STRIPS_MAX).map(strip).collect::<Vec<_>>(),
    });
    harmless(&data.to_string())
}

fn lines(lines: &[CountLine], bins: usize) -> Vec<Value> {
    let line =
        |line: &CountLine| json!({ "name": escape::name(&line.name), "counts": cut(&line.counts, bins) });
    lines.iter().take(LINES_MAX).map(line).collect()
}

fn strip(strip: &BreakerStrip) -> Value {
    let stretches = strip.stretches.iter().take(STRETCHES_MAX);
    let stretches = stretches.map(|stretch| json!([stretch.from_s, stretch.to_s, stretch.state]));
    json!({ "name": escape::name(&strip.backend), "stretches": stretches.collect::<Vec<_>>() })
}

fn cut<T>(values: &[T], bins: usize) -> &[T] {
    &values[..values.len().min(bins)]
}

/// JSON in which no character has a meaning in HTML: such characters stand in strings only, where JSON has another
/// way to write them.
fn harmless(json: &str) -> String {
    json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn data_can_not_end_its_element() {
        let mut report = sample::report();
        report.phases[0].name = "</script><script>alert(1)</script><!--&amp;".to_owned();
        let run = Run::of(&report).expect("the sample has series");
        let data = json(&report, &run);
        assert!(!data.contains(['<', '>', '&']));
        let read: Value = serde_json::from_str(&data).expect("it is still JSON");
        assert_eq!(read["phases"][0]["name"], report.phases[0].name);
    }
}
