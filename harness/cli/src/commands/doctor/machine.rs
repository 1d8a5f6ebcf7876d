//! Limits, ports, clock and cores.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_getres};

use super::found::{Found, Health};

/// Open files below which no run works: the default limits of a scenario hold 1024 connections on the driver's side,
/// and as many on the backends'.
const FILES_MIN: u64 = 1024;

/// Open files that the default limits of a scenario may use: 1024 connections of the driver, twice as many inside the
/// reference gateway, and as many at the backends.
const FILES_WANTED: u64 = 8192;

/// Free local ports below which closed connections (60 s in TIME-WAIT) may use them up.
const PORTS_WANTED: u64 = 10_000;

/// A sleep that is later than this at the median makes every schedule late.
const LATENESS_MAX: Duration = Duration::from_millis(1);

pub(super) fn examine() -> Vec<Found> {
    vec![open_files(), loopback(), free_ports(), clock(), cores()]
}

fn open_files() -> Found {
    const WHAT: &str = "open files";
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let shown = |limit: Option<u64>| limit.map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
    let figure = format!("{} (at most {})", shown(limit.current), shown(limit.maximum));
    let wanted = limit.maximum.unwrap_or(FILES_WANTED).min(FILES_WANTED);
    let help = format!("`ulimit -n {wanted}` in this shell, or `limits.connections` in the scenario");
    match current {
        ..FILES_MIN => Found::not(Health::Missing, WHAT, figure, help),
        FILES_MIN..FILES_WANTED => Found::not(Health::Warning, WHAT, figure, help),
        _ => Found::well(WHAT, figure),
    }
}

#[expect(clippy::disallowed_methods, reason = "the real loopback is what is asked about, outside of any run")]
fn loopback() -> Found {
    match TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))) {
        Ok(_) => Found::well("loopback", "127.0.0.1 can be listened on"),
        Err(error) => Found::not(
            Health::Missing,
            "loopback",
            format!("127.0.0.1 can't be listened on: {error}"),
            "bring the interface `lo` up: `ip link set lo up`",
        ),
    }
}

fn free_ports() -> Found {
    const WHAT: &str = "free ports";
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").ok();
    let range = range.as_deref().and_then(port_range);
    let Some((low, high)) = range else {
        let help = "only Linux is supported";
        return Found::not(Health::Warning, WHAT, "not known: there is no /proc/sys/net", help);
    };
    let sockets = |file: &str| fs::read_to_string(file).map_or(0, |text| text.lines().skip(1).count() as u64);
    let taken = sockets("/proc/net/tcp") + sockets("/proc/net/tcp6");
    let free = u64::from(high - low).saturating_sub(taken);
    let figure = format!("about {free} from {low} to {high}");
    if free >= PORTS_WANTED {
        return Found::well(WHAT, figure);
    }
    let help =
        "wait a minute for closed connections, or `sysctl -w net.ipv4.ip_local_port_range=\"15000 60999\"`";
    Found::not(Health::Warning, WHAT, figure, help)
}

fn port_range(text: &str) -> Option<(u16, u16)> {
    let (low, high) = text.trim().split_once(char::is_whitespace)?;
    let (low, high) = (low.parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some((low, high))
}

fn clock() -> Found {
    const WHAT: &str = "clock";
    let resolution = clock_getres(ClockId::Monotonic);
    let resolution =
        Duration::new(resolution.tv_sec.unsigned_abs(), resolution.tv_nsec.unsigned_abs() as u32);
    let late = lateness();
    let figure = format!("resolution {resolution:?}, a sleep of 1 ms is late by {late:.0?} at the median");
    if late <= LATENESS_MAX && resolution <= Duration::from_micros(1) {
        return Found::well(WHAT, figure);
    }
    let help = "expect inconclusive findings about times: use a quieter machine, or wider tolerances";
    Found::not(Health::Warning, WHAT, figure, help)
}

/// By how much sleeps of 1 ms are late, at the median of 31.
#[expect(
    clippy::disallowed_methods,
    reason = "the machine's own clock is what is asked about, outside of any run"
)]
fn lateness() -> Duration {
    const SLEEP: Duration = Duration::from_millis(1);
    let mut late: Vec<Duration> = (0..31)
        .map(|_| {
            let begun = Instant::now();
            thread::sleep(SLEEP);
            begun.elapsed().saturating_sub(SLEEP)
        })
        .collect();
    late.sort_unstable();
    late[late.len() / 2]
}

fn cores() -> Found {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    if cores > 1 {
        return Found::well("cores", cores.to_string());
    }
    let help = "driver, gateway and backends share one core: keep rates low, or give brownout more";
    Found::not(Health::Warning, "cores", "1", help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_range_is_read_as_the_kernel_writes_it() {
        assert_eq!(port_range("32768\t60999\n"), Some((32768, 60999)));
        assert_eq!(port_range("60999 32768"), None);
        assert_eq!(port_range(""), None);
    }
}
