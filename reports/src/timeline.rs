//! A witness as a timeline that can be drawn to scale, whatever draws it.
//!
//! Times become milliseconds since the client sent the request, and text becomes harmless. Figures that make no
//! sense (a saved report may be edited) are put at the start instead of stopping the drawing.

use crate::escape;
use crate::figures;
use crate::{Lane, Witness};

/// The most attempts that are drawn for a witness. The rest are counted.
const LANES_MAX: usize = 16;

/// The most faults or events that are named on a lane.
const WORDS_MAX: usize = 8;

/// The most of a drawing that the wait for the driver takes, as a share of what follows: it is brownout's own, and
/// must not push what the gateway did to the edge. What is cut off is still said in words.
const WAIT_MAX: f64 = 0.15;

/// A witness, ready to be drawn.
pub(crate) struct Timeline {
    /// `#4711 writes: delivered twice`.
    pub(crate) title: String,
    /// When the schedule wanted the request sent: at or before 0.
    pub(crate) due_ms: f64,
    /// The client's bar first, then the attempts by arrival.
    pub(crate) bars: Vec<Bar>,
    /// Attempts that are not drawn.
    pub(crate) left_out: usize,
}

/// A bar of a timeline.
pub(crate) struct Bar {
    /// `client`, or `orders-a #1`.
    pub(crate) label: String,
    /// Start, in milliseconds since the request was sent.
    pub(crate) from_ms: f64,
    /// End; never before the start.
    pub(crate) to_ms: f64,
    /// How it ended.
    pub(crate) ended: String,
    /// The faults that hit it.
    pub(crate) faults: Vec<String>,
    /// What happened inside, and when.
    pub(crate) events: Vec<(f64, String)>,
    /// The stretch before it that is worth a figure.
    pub(crate) gap: Option<Gap>,
}

/// The stretch between an attempt and what came before it.
pub(crate) struct Gap {
    /// When what came before ended, or was sent.
    pub(crate) from_ms: f64,
    /// Its length, for a label that stands at its place; negative where the two overlap.
    pub(crate) length_ms: f64,
    /// `101.5 ms after #1 ended`.
    pub(crate) words: String,
}

impl Timeline {
    /// The timeline of a witness.
    pub(crate) fn of(witness: &Witness) -> Self {
        let sent = finite(witness.client.from_ms);
        let mut bars = vec![Bar {
            label: "client".to_owned(),
            from_ms: 0.0,
            to_ms: (finite(witness.client.to_ms) - sent).max(0.0),
            ended: escape::name(&witness.client.ended),
            faults: Vec::new(),
            events: Vec::new(),
            gap: None,
        }];
        let mut before: Option<(f64, u16)> = None;
        for lane in witness.attempts.iter().take(LANES_MAX) {
            let bar = lane_bar(lane, sent, before);
            before = Some((bar.to_ms, lane.number));
            bars.push(bar);
        }
        let logged =
            witness.logged.as_ref().map(|logged| format!("; the gateway logged {}", escape::name(logged)));
        Timeline {
            title: format!(
                "#{} {}: {}{}",
                witness.tag,
                escape::name(&witness.traffic),
                escape::name(&witness.shows),
                logged.unwrap_or_default()
            ),
            due_ms: -finite(witness.lag_ms).max(0.0),
            bars,
            left_out: witness.attempts.len().saturating_sub(LANES_MAX),
        }
    }

    /// The first and the last moment that is drawn.
    pub(crate) fn span(&self) -> (f64, f64) {
        let from = self.bars.iter().map(|bar| bar.from_ms).fold(0.0, f64::min);
        let to = self.bars.iter().map(|bar| bar.to_ms).fold(0.0, f64::max);
        let wait = if to > from { self.due_ms.max((from - to) * WAIT_MAX) } else { self.due_ms };
        (from.min(wait), to)
    }

    /// Where a moment lies on the drawing: 0 at its left edge, 1 at its right.
    pub(crate) fn place(&self, at_ms: f64) -> f64 {
        let (from, to) = self.span();
        let length = to - from;
        if length > 0.0 && length.is_finite() { ((at_ms - from) / length).clamp(0.0, 1.0) } else { 0.0 }
    }
}

fn lane_bar(lane: &Lane, sent: f64, before: Option<(f64, u16)>) -> Bar {
    let from_ms = finite(lane.bar.from_ms) - sent;
    let gap = match before {
        None => gap(0.0, from_ms, "the request was sent"),
        Some((ended_ms, number)) => gap(ended_ms, from_ms, &format!("#{number} ended")),
    };
    let events = lane.events.iter().take(WORDS_MAX);
    Bar {
        label: format!("{} #{}", escape::plain(&lane.backend, 24), lane.number),
        from_ms,
        to_ms: (finite(lane.bar.to_ms) - sent).max(from_ms),
        ended: escape::name(&lane.bar.ended),
        faults: lane.faults.iter().take(WORDS_MAX).map(|fault| escape::name(fault)).collect(),
        events: events.map(|event| (finite(event.at_ms) - sent, escape::name(&event.what))).collect(),
        gap: Some(gap),
    }
}

fn gap(from_ms: f64, to_ms: f64, since: &str) -> Gap {
    let length_ms = to_ms - from_ms;
    let side = if length_ms < 0.0 { "before" } else { "after" };
    Gap { from_ms, length_ms, words: format!("{} {side} {since}", figures::ms(length_ms.abs())) }
}

// Larger figures than these are no times of a run, and their differences would lose the milliseconds.
fn finite(ms: f64) -> f64 {
    if ms.is_finite() && ms.abs() < 1e15 { ms } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn what_the_gateway_logged_stands_beside_what_it_did() {
        let logged = Some("503, 2 attempts, UF,URX\u{1b}[2J".to_owned());
        let timeline = Timeline::of(&Witness { logged, ..sample::witness() });
        assert_eq!(
            timeline.title,
            "#4711 writes: delivered twice; the gateway logged 503, 2 attempts, UF,URX\\u{1b}[2J"
        );
    }

    #[test]
    fn times_count_from_the_moment_the_client_sent() {
        let timeline = Timeline::of(&sample::witness());
        let bars: Vec<(f64, f64)> = timeline.bars.iter().map(|bar| (bar.from_ms, bar.to_ms)).collect();
        assert_eq!(bars, [(0.0, 412.5), (1.25, 301.25), (402.75, 411.5)]);
        assert_eq!(timeline.span(), (-12.5, 412.5));
    }

    #[test]
    fn the_gap_between_attempts_counts_from_the_end_of_the_one_before() {
        let timeline = Timeline::of(&sample::witness());
        let gaps: Vec<&str> =
            timeline.bars.iter().filter_map(|bar| bar.gap.as_ref()).map(|gap| &*gap.words).collect();
        assert_eq!(gaps, ["1.25 ms after the request was sent", "101.5 ms after #1 ended"]);
    }

    #[test]
    fn a_long_wait_for_the_driver_leaves_room_for_what_followed() {
        let mut witness = sample::witness();
        witness.lag_ms = 5_000.0;
        let timeline = Timeline::of(&witness);
        assert_eq!(timeline.span(), (-61.875, 412.5));
        assert_eq!((timeline.due_ms, timeline.bars[0].from_ms), (-5_000.0, 0.0), "it is still known");
    }

    #[test]
    fn attempts_that_overlap_say_by_how_much() {
        let mut witness = sample::witness();
        witness.attempts[1].bar.from_ms = witness.attempts[0].bar.to_ms - 20.0;
        let timeline = Timeline::of(&witness);
        assert_eq!(timeline.bars[2].gap.as_ref().map(|gap| &*gap.words), Some("20.0 ms before #1 ended"));
    }

    #[test]
    fn a_thousand_attempts_are_counted_and_not_all_drawn() {
        let mut witness = sample::witness();
        witness.attempts = vec![witness.attempts[0].clone(); 1000];
        let timeline = Timeline::of(&witness);
        assert_eq!((timeline.bars.len(), timeline.left_out), (17, 984));
    }

    #[test]
    fn figures_that_make_no_sense_can_still_be_drawn() {
        let mut witness = sample::witness();
        witness.client.to_ms = f64::NAN;
        witness.lag_ms = f64::NEG_INFINITY;
        witness.attempts[0].bar.from_ms = f64::INFINITY;
        witness.attempts[1].bar.to_ms = -1e300;
        let timeline = Timeline::of(&witness);
        for bar in &timeline.bars {
            assert!(bar.from_ms <= bar.to_ms);
            assert!((0.0..=1.0).contains(&timeline.place(bar.from_ms)));
        }
    }
}
