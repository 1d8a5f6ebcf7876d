//! When a backend's listener is not to answer, and how.

use evidence::Firing;
use units::{Moment, Stretch};

use crate::fault::Listening;
use crate::{Injection, PoolSpec};

/// The injections that act on one backend's listener.
pub(super) struct Windows(Vec<(u16, Stretch)>);

impl Windows {
    /// Those that act on it in this way.
    pub(super) fn of(spec: &PoolSpec, backend: u16, how: Listening) -> Self {
        let closing = spec.injections.iter().enumerate().filter(|(_, injection)| {
            injection.fault.contract().listener() == Some(how)
                && injection.backends.contains(&backend)
                && injection.during.from < injection.during.to
        });
        let stretches = |(index, injection): (usize, &Injection)| {
            injection.stretches(backend).into_iter().map(move |stretch| (index as u16, stretch))
        };
        Windows(closing.flat_map(stretches).collect())
    }

    /// The injections in force at `now`, one bit each; 0 if the listener is open.
    pub(super) fn in_force(&self, now: Moment) -> u64 {
        let active = self.0.iter().filter(|(_, during)| during.contains(now));
        active.fold(0, |bits, (index, _)| bits | 1 << index)
    }

    /// The next moment after `now` at which one starts.
    pub(super) fn next_start(&self, now: Moment) -> Option<Moment> {
        self.0.iter().map(|(_, during)| during.from).filter(|from| *from > now).min()
    }

    /// The next moment after `now` at which one ends.
    pub(super) fn next_end(&self, now: Moment) -> Option<Moment> {
        self.0.iter().map(|(_, during)| during.to).filter(|to| *to > now).min()
    }

    /// What each injection did while the listener was closed. The one that ends last was in force until it listened
    /// again.
    pub(super) fn firings(&self, backend: u16, closed: Stretch) -> Vec<Firing> {
        let touched = || self.0.iter().filter(|(_, during)| during.overlaps(&closed));
        let last = touched().map(|(_, during)| during.to).max().unwrap_or(closed.to);
        let firing = |(injection, during): &(u16, Stretch)| Firing {
            injection: *injection,
            backend,
            from: during.from.max(closed.from),
            to: if during.to == last { closed.to } else { during.to },
        };
        touched().map(firing).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from: i64, to: i64) -> Stretch {
        Stretch { from: Moment(from), to: Moment(to) }
    }

    #[test]
    fn overlapping_windows_keep_the_listener_closed_and_fire_each_for_itself() {
        let windows = Windows(vec![(0, stretch(10, 20)), (3, stretch(15, 30)), (4, stretch(50, 60))]);
        assert_eq!(windows.in_force(Moment(9)), 0);
        assert_eq!(windows.in_force(Moment(15)), 0b1001);
        assert_eq!(windows.in_force(Moment(20)), 0b1000);
        assert_eq!(windows.next_start(Moment(30)), Some(Moment(50)));
        assert_eq!(windows.next_end(Moment(15)), Some(Moment(20)));
        let firings = windows.firings(7, stretch(11, 32));
        let found: Vec<_> =
            firings.iter().map(|firing| (firing.injection, firing.from.0, firing.to.0)).collect();
        assert_eq!(found, [(0, 11, 20), (3, 15, 32)]);
    }
}
