//! Which backends get nothing while others do: what a breaker, an ejection or a closed listener looks like from outside.

use std::time::Duration;

use units::Moment;

/// How long a backend must get nothing before it is said.
const LEAST: Duration = Duration::from_secs(1);

/// How many arrivals the others must have meanwhile: without traffic, silence says nothing.
const OTHERS: u64 = 20;

/// What changed at a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It has got nothing for a while, and others have.
    Left,
    /// It gets requests again, after so long.
    Back(Duration),
}

/// The backends of a run.
pub(crate) struct Silence(Vec<Backend>);

struct Backend {
    arrivals: u64,
    /// When it was last seen to get something, and what all had got by then.
    at: Moment,
    all: u64,
    silent: bool,
}

impl Silence {
    pub(crate) fn of(backends: usize) -> Self {
        let new = || Backend { arrivals: 0, at: Moment::EPOCH, all: 0, silent: false };
        Silence((0..backends).map(|_| new()).collect())
    }

    /// Notes how many attempts have reached each backend until `now`, and tells what changed, by the backend's index.
    pub(crate) fn note(&mut self, now: Moment, arrivals: &[u64]) -> Vec<(usize, Change)> {
        let all = arrivals.iter().sum();
        let mut changes = Vec::new();
        for (index, (backend, count)) in self.0.iter_mut().zip(arrivals).enumerate() {
            if *count > backend.arrivals {
                if backend.silent {
                    changes.push((index, Change::Back(now.since(backend.at))));
                }
                *backend = Backend { arrivals: *count, at: now, all, silent: false };
            } else if !backend.silent && now.since(backend.at) >= LEAST && all - backend.all >= OTHERS {
                backend.silent = true;
                changes.push((index, Change::Left));
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::super::observer::testing::at;
    use super::*;

    #[test]
    fn a_backend_that_is_left_alone_and_asked_again_is_told_once_each() {
        let mut silence = Silence::of(2);
        assert_eq!(silence.note(at(500), &[50, 50]), []);
        assert_eq!(silence.note(at(1400), &[140, 50]), []);
        assert_eq!(silence.note(at(1500), &[150, 50]), [(1, Change::Left)]);
        assert_eq!(silence.note(at(2500), &[250, 50]), []);
        assert_eq!(silence.note(at(3500), &[350, 51]), [(1, Change::Back(Duration::from_secs(3)))]);
        assert_eq!(silence.note(at(3600), &[360, 60]), []);
    }

    #[test]
    fn where_nobody_gets_anything_no_one_is_left_alone() {
        let mut silence = Silence::of(2);
        silence.note(at(100), &[5, 5]);
        assert_eq!(silence.note(at(60_000), &[5, 5]), []);
    }
}
