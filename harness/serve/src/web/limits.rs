//! How often somebody may ask: a bucket of tokens for each address. Guessing tokens is hopeless at any rate; this keeps one
//! client from taking the server from the others.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::WallTime;

/// Requests that an address may make at once.
const BURST: f64 = 200.0;

/// Requests that it gets back each second.
const PER_SECOND: f64 = 50.0;

/// What a wrong token costs more than an ordinary request: two a second, in the long run.
const WRONG: f64 = 24.0;

/// The addresses that are kept in mind. Of more, the full buckets are forgotten, which changes nothing for them.
const ADDRESSES_MAX: usize = 4_096;

#[derive(Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: WallTime,
}

impl Bucket {
    fn at(self, now: WallTime) -> Self {
        // A clock that is set back gives nothing, and takes nothing.
        let seconds = (now.0 - self.at.0).max(0) as f64 / 1e3;
        Bucket { tokens: (self.tokens + seconds * PER_SECOND).min(BURST), at: now }
    }
}

/// The buckets.
#[derive(Default)]
pub(super) struct Limits(Mutex<HashMap<IpAddr, Bucket>>);

impl Limits {
    /// Takes one token; false if there is none.
    pub(super) fn ask(&self, address: IpAddr, now: WallTime) -> bool {
        self.take(address, now, 1.0)
    }

    /// Takes what a wrong token costs.
    pub(super) fn wrong(&self, address: IpAddr, now: WallTime) {
        self.take(address, now, WRONG);
    }

    fn take(&self, address: IpAddr, now: WallTime, price: f64) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&address) {
            buckets.retain(|_, bucket| bucket.at(now).tokens < BURST);
            if buckets.len() >= ADDRESSES_MAX {
                return false;
            }
        }
        let full = Bucket { tokens: BURST, at: now };
        let bucket = buckets.entry(address).or_insert(full);
        *bucket = bucket.at(now);
        let has_one = bucket.tokens >= 1.0;
        bucket.tokens = (bucket.tokens - price).max(-BURST);
        has_one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 2));

    #[test]
    fn who_asks_too_often_waits_and_nobody_else_does() {
        let limits = Limits::default();
        let granted = (0..1_000).filter(|_| limits.ask(ONE, WallTime(0))).count();
        assert_eq!(granted, BURST as usize);
        assert!(limits.ask(OTHER, WallTime(0)));
        assert!(!limits.ask(ONE, WallTime(100)), "asking on costs as well");
        assert!(limits.ask(ONE, WallTime(60_000)));
    }

    #[test]
    fn wrong_tokens_are_dear() {
        let limits = Limits::default();
        let tries = (0..1_000).take_while(|_| {
            limits.wrong(ONE, WallTime(0));
            limits.ask(ONE, WallTime(0))
        });
        assert!(tries.count() < 10);
    }

    #[test]
    fn no_more_addresses_are_kept_than_there_is_room_for() {
        let limits = Limits::default();
        for number in 0..2 * ADDRESSES_MAX as u32 {
            limits.ask(IpAddr::V4(number.into()), WallTime(i64::from(number)));
        }
        assert!(limits.0.lock().unwrap().len() <= ADDRESSES_MAX);
    }
}
