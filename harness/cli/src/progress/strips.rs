//! What reached each backend over the run so far, as a strip of characters: where a breaker opens, it falls silent.
//!
//! It shows arrivals and claims no state: states are the judge's to tell, from the whole ledger.

use std::time::Duration;

/// Characters of a strip: the whole run.
const CELLS: usize = 40;

/// From few attempts to as many as the busiest backend had in any cell.
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A cell in which nothing arrived.
const SILENT: char = '·';

/// How long nothing must arrive before it is said in words.
const SILENCE_MIN: Duration = Duration::from_secs(1);

/// The strips of all backends.
pub(super) struct Strips {
    /// The time that a cell stands for.
    cell: Duration,
    backends: Vec<Strip>,
    now: Duration,
}

#[derive(Default)]
struct Strip {
    cells: Vec<u64>,
    total: u64,
    /// When the total was last seen to grow.
    grew: Duration,
}

impl Strips {
    /// Empty strips of a run of `length`.
    pub(super) fn new(backends: usize, length: Duration) -> Self {
        let cell = (length / CELLS as u32).max(Duration::from_millis(1));
        Strips { cell, backends: (0..backends).map(|_| Strip::default()).collect(), now: Duration::ZERO }
    }

    /// Notes how many attempts have reached each backend until `now`, which never goes back.
    pub(super) fn note(&mut self, now: Duration, totals: &[u64]) {
        self.now = now;
        let cell = ((now.as_nanos() / self.cell.as_nanos()) as usize).min(CELLS - 1);
        for (strip, total) in self.backends.iter_mut().zip(totals) {
            strip.cells.resize(cell + 1, 0);
            let new = total.saturating_sub(strip.total);
            strip.cells[cell] += new;
            strip.total = *total;
            if new > 0 {
                strip.grew = now;
            }
        }
    }

    /// The strip of a backend, with the attempts so far before it, and how long it has been silent.
    pub(super) fn line(&self, backend: usize) -> String {
        let strip = &self.backends[backend];
        let highest = self.backends.iter().flat_map(|strip| &strip.cells).max().copied().unwrap_or(0);
        let cells: String = strip.cells.iter().map(|count| level(*count, highest)).collect();
        let silence = self.now.saturating_sub(strip.grew);
        let words = if silence < SILENCE_MIN || strip.total == 0 {
            String::new()
        } else {
            format!("  silent for {} s", silence.as_secs())
        };
        format!("{:>8} attempts  {cells}{words}", strip.total)
    }
}

fn level(count: u64, highest: u64) -> char {
    if count == 0 {
        return SILENT;
    }
    let level = (count * LEVELS.len() as u64).div_ceil(highest.max(count));
    LEVELS[level as usize - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strips of a run of 40 s, a cell a second, with the arrivals of each second at two backends.
    fn strips(arrivals: &[(u64, u64)]) -> Strips {
        let mut strips = Strips::new(2, Duration::from_secs(40));
        let (mut first, mut second) = (0, 0);
        for (index, (at_first, at_second)) in arrivals.iter().enumerate() {
            (first, second) = (first + at_first, second + at_second);
            strips.note(Duration::from_millis(index as u64 * 1000 + 900), &[first, second]);
        }
        strips
    }

    #[test]
    fn a_backend_that_is_left_alone_is_seen_to_be_silent() {
        let strips = strips(&[(80, 80), (80, 10), (160, 0), (160, 0), (120, 40)]);
        assert_eq!(strips.line(0), "     600 attempts  ▄▄██▆");
        assert_eq!(strips.line(1), "     130 attempts  ▄▁··▂");
    }

    #[test]
    fn a_silence_that_lasts_is_said() {
        let strips = strips(&[(80, 80), (80, 80), (160, 0), (160, 0)]);
        assert_eq!(strips.line(1), "     160 attempts  ▄▄··  silent for 2 s");
    }

    #[test]
    fn what_comes_after_the_end_stays_in_the_last_cell() {
        let mut strips = Strips::new(1, Duration::from_secs(4));
        strips.note(Duration::from_secs(400), &[7]);
        assert_eq!(strips.line(0), format!("       7 attempts  {}█", "·".repeat(CELLS - 1)));
    }

    #[test]
    fn a_run_that_has_no_length_yet_has_an_empty_strip() {
        assert_eq!(Strips::new(1, Duration::ZERO).line(0), "       0 attempts  ");
    }
}
