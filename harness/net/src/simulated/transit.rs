//! How long what is sent takes to arrive.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// The transit time that one direction of a connection has throughout, in microseconds: from one rack to the next
/// up to one zone of a cloud region to another.
const FIXED: std::ops::RangeInclusive<i64> = 50..=500;

/// What each segment takes on top, in microseconds: queues on the way, and the two systems. With the above, a
/// direction takes 0.05 to 1 ms.
const JITTER: std::ops::RangeInclusive<i64> = 0..=500;

/// The golden ratio as a fraction of 2^64: consecutive numbers times this are far apart (Knuth, volume 3, 6.4).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// One direction of a connection. Segments arrive in the order in which they were sent, as TCP has it.
pub(crate) struct Path {
    /// Absent where nothing takes any time.
    drawn: Option<Drawn>,
}

struct Drawn {
    /// Nanoseconds.
    fixed: i64,
    draws: Pcg64Mcg,
    /// When the latest segment arrives, in nanoseconds of the clock.
    latest: i64,
}

impl Path {
    /// A path on which everything arrives at once.
    pub(crate) fn instant() -> Self {
        Path { drawn: None }
    }

    /// Path `number` of the world of this seed: each draws on its own, so that one connection more changes no other.
    pub(crate) fn drawn(seed: u64, number: u64) -> Self {
        let mut draws = Pcg64Mcg::seed_from_u64(seed ^ number.wrapping_add(1).wrapping_mul(GOLDEN));
        let fixed = draws.random_range(FIXED) * 1000;
        Path { drawn: Some(Drawn { fixed, draws, latest: i64::MIN }) }
    }

    /// When a segment arrives that is sent `now`, in nanoseconds of the same clock; nothing if it is there already.
    pub(crate) fn arrival(&mut self, now: i64) -> Option<i64> {
        let drawn = self.drawn.as_mut()?;
        let jitter = drawn.draws.random_range(JITTER) * 1000;
        drawn.latest = drawn.latest.max(now + drawn.fixed + jitter);
        Some(drawn.latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_takes_between_50_microseconds_and_a_millisecond_and_none_overtakes_another() {
        for number in 0..1000 {
            let mut path = Path::drawn(7, number);
            let mut before = i64::MIN;
            for sent in (0..200_000_000).step_by(1_000_000) {
                let arrived = path.arrival(sent).unwrap();
                assert!((50_000..=1_000_000).contains(&(arrived - sent)), "{}", arrived - sent);
                assert!(arrived >= before);
                before = arrived;
            }
            // Sent together, they arrive one behind the other.
            let together: Vec<_> = (0..100).map(|_| path.arrival(300_000_000).unwrap()).collect();
            assert!(together.is_sorted());
        }
    }

    #[test]
    fn seeds_and_connections_have_transit_times_of_their_own() {
        let first = |seed, number| Path::drawn(seed, number).arrival(0).unwrap();
        assert_eq!(first(1, 0), first(1, 0));
        let distinct = |times: Vec<i64>| times.into_iter().collect::<std::collections::BTreeSet<_>>().len();
        // A thousand draws from some 950 values leave about 620 different ones.
        assert!(distinct((0..1000).map(|number| first(1, number)).collect()) > 400);
        assert!(distinct((0..1000).map(|seed| first(seed, 0)).collect()) > 400);
    }

    #[test]
    fn an_instant_path_takes_no_time() {
        assert_eq!(Path::instant().arrival(5), None);
    }
}
