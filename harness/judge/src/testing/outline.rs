//! A whole finding as text, for snapshots.

use std::fmt::Write;

use reports::{Finding, WitnessBar};

/// Everything that a finding says, a line each.
pub(crate) fn outline(finding: &Finding) -> String {
    let Finding { id, verdict, summary, observed, expected, because, observations, from_s, to_s, .. } =
        finding;
    let mut text = format!("{verdict}: {id}, {from_s}–{to_s} s, {observations} observations\n");
    for (name, words) in
        [("summary", summary), ("observed", observed), ("expected", expected), ("because", because)]
    {
        let _ = writeln!(text, "{name}: {words}");
    }
    if let Some(resolution) = &finding.resolution {
        let _ = writeln!(text, "resolution: {resolution}");
    }
    for witness in &finding.witnesses {
        let _ = writeln!(
            text,
            "#{} {} {}: {}",
            witness.tag,
            witness.traffic,
            bar(&witness.client),
            witness.shows
        );
        for lane in &witness.attempts {
            let events: Vec<String> =
                lane.events.iter().map(|event| format!("{} at {:.1}", event.what, event.at_ms)).collect();
            let (faults, events) = (lane.faults.join(", "), events.join(", "));
            let _ = writeln!(
                text,
                "  {} at {} {} [{faults}] {events}",
                lane.number,
                lane.backend,
                bar(&lane.bar)
            );
        }
    }
    text
}

fn bar(bar: &WitnessBar) -> String {
    format!("{:.1}–{:.1} ms {}", bar.from_ms, bar.to_ms, bar.ended)
}
