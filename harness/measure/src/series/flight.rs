//! How many exchanges were under way at a time.

use units::Moment;

use super::bins::Bins;

/// When exchanges were sent, and when they were done.
#[derive(Default)]
pub(super) struct Flight {
    sent: Vec<Moment>,
    done: Vec<Moment>,
}

impl Flight {
    pub(super) fn take(&mut self, sent: Moment, done: Moment) {
        self.sent.push(sent);
        self.done.push(done.max(sent));
    }

    /// The most that were under way at one moment of each bin. One that is done when another is sent is over.
    pub(super) fn most(mut self, bins: &Bins) -> Vec<u64> {
        self.sent.sort_unstable();
        self.done.sort_unstable();
        let mut most = vec![0u64; bins.count];
        let (mut now, mut done, mut last) = (0u64, 0, 0);
        for sent in self.sent {
            while done < self.done.len() && self.done[done] <= sent {
                last = carry(&mut most, last, bins.index(self.done[done]), now);
                now = now.saturating_sub(1);
                done += 1;
            }
            last = carry(&mut most, last, bins.index(sent), now);
            now += 1;
            most[last] = most[last].max(now);
        }
        for over in &self.done[done..] {
            last = carry(&mut most, last, bins.index(*over), now);
            now = now.saturating_sub(1);
        }
        most
    }
}

/// What is under way stays so until something happens: in all bins up to that of the next event.
fn carry(most: &mut [u64], from: usize, to: usize, now: u64) -> usize {
    let to = to.max(from);
    for bin in &mut most[from..=to] {
        *bin = (*bin).max(now);
    }
    to
}
