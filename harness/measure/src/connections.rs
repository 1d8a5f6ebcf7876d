//! The gateway's connections to backends: how many it opens, how many are open at a time, and whether it uses idle ones.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Attempt, Connection, ConnectionEnd, End, Entry, Tag};
use units::Moment;

use crate::aside::SetAside;
use crate::cancel::TRANSIT;
use crate::lifetimes::PASSED_ON;
use crate::strangers::Strangers;
use crate::view::{Sight, View};

/// A connection that the gateway itself closes sooner after a whole answer might as well have been kept: gateways keep idle
/// ones for 5 s (HAProxy, `pool-purge-delay`) to 60 s (nginx, `keepalive_timeout`), Envoy for an hour.
const KEEPS_FOR: Duration = Duration::from_secs(1);

/// Requests of each kind that are kept.
const KEPT: usize = 5;

/// Connections of a phase.
#[derive(Clone, Debug, Default)]
pub struct Connections {
    /// Attempts that came on a connection that had carried a request before.
    pub reused: u64,
    /// Attempts that came on a new connection although an idle one was there, or had just been closed by the gateway.
    pub missed: u64,
    /// The first few of them, with the backend.
    pub shown: Vec<(Tag, u16)>,
    /// Of attempts whose client's own connection was new, and of those whose was not: how many there are, and how many came
    /// on a reused connection.
    pub by_client: [(u64, u64); 2],
    /// Connections that were opened.
    pub opened: u64,
    /// Attempts that arrived.
    pub attempts: u64,
    /// By backend: attempts that arrived, and the most connections that were open at a time.
    pub backends: BTreeMap<u16, (u64, u64)>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Connections {
    /// Measures it. What is open and opened is counted over all traffic: a connection belongs to no class.
    pub fn of(view: &View<'_>) -> Self {
        let mut measured = Connections::default();
        let lives = Lives::of(view);
        measured.count_open(view);
        let sight = Sight { attempts: false, client: false, disturbance: Duration::MAX, first: false };
        for entry in view.entries().filter(|entry| !entry.attempts.is_empty()) {
            match view.why_apart(&entry, sight) {
                Some(why) => measured.set_aside.note(why, entry.exchange),
                None => measured.take(view, &entry, &lives),
            }
        }
        measured
    }

    fn take(&mut self, view: &View<'_>, entry: &Entry<'_>, lives: &Lives<'_>) {
        for attempt in entry.attempts {
            self.attempts += 1;
            self.backends.entry(attempt.backend).or_default().0 += 1;
            let is_reused = attempt.nth > 1;
            let (all, reused) = &mut self.by_client[usize::from(entry.exchange.nth > 1)];
            (*all, *reused) = (*all + 1, *reused + u64::from(is_reused));
            if is_reused {
                self.reused += 1;
            } else if lives.had_an_idle_one(view, attempt) {
                self.missed += 1;
                if self.shown.len() < KEPT {
                    self.shown.push((attempt.tag, attempt.backend));
                }
            }
        }
    }

    /// What is open for no longer than a connection takes to be closed and another to be opened counts as one.
    fn count_open(&mut self, view: &View<'_>) {
        let mut changes: BTreeMap<u16, Vec<(Moment, i64)>> = BTreeMap::new();
        // Whose they are can't be told.
        let early = Strangers::of(view.brief, view.ledger).early;
        let connections = view.ledger.rest().connections.iter();
        for connection in connections.filter(|one| !early.contains(&one.connection)) {
            self.opened += u64::from(view.stretch.contains(connection.accepted));
            let closed = (connection.closed - TRANSIT).max(connection.accepted + Duration::from_nanos(1));
            if connection.accepted < view.stretch.to && closed > view.stretch.from {
                let changes = changes.entry(connection.backend).or_default();
                changes.extend([(connection.accepted, 1), (closed, -1)]);
            }
        }
        for (backend, mut changes) in changes {
            changes.sort_unstable();
            // None of them closes before the stretch begins, so that no count before that is the largest.
            let open = changes.into_iter().scan(0, |open: &mut i64, (_, change)| {
                *open += change;
                Some(*open)
            });
            let most = open.max().and_then(|most| u64::try_from(most).ok()).unwrap_or(0);
            self.backends.entry(backend).or_default().1 = most;
        }
    }
}

/// The connections of the run, and what they carried.
struct Lives<'a> {
    connections: BTreeMap<u32, &'a Connection>,
    /// By backend: when a connection became idle, after a whole answer, and until when it stayed so.
    idle: BTreeMap<u16, Vec<Idle>>,
    /// The longest of them, by backend, so that those that began too long before need no look.
    longest: BTreeMap<u16, Duration>,
}

#[derive(Clone, Copy)]
struct Idle {
    from: Moment,
    to: Moment,
}

impl<'a> Lives<'a> {
    fn of(view: &View<'a>) -> Self {
        let all = &view.ledger.rest().connections;
        let connections: BTreeMap<u32, &Connection> = all.iter().map(|one| (one.connection, one)).collect();
        let mut carried: BTreeMap<u32, Vec<&Attempt>> = BTreeMap::new();
        for attempt in view.ledger.attempts() {
            carried.entry(attempt.connection).or_default().push(attempt);
        }
        let mut lives = Lives { connections, idle: BTreeMap::new(), longest: BTreeMap::new() };
        for (number, mut attempts) in carried {
            // What a fault does to connections says when they end, and not to the gateway.
            let Some(connection) = lives.connections.get(&number).filter(|one| one.injections == 0) else {
                continue;
            };
            attempts.sort_by_key(|attempt| attempt.nth);
            let last = attempts.last().map_or(connection.closed, |last| {
                let by_gateway =
                    matches!(connection.end, ConnectionEnd::GatewayFin | ConnectionEnd::GatewayRst);
                if by_gateway { connection.closed.max(last.ended + KEEPS_FOR) } else { connection.closed }
            });
            let next = attempts.iter().skip(1).map(|next| next.arrived).chain([last]);
            for (attempt, to) in attempts.iter().zip(next) {
                if attempt.end == End::Replied && attempt.body_done.is_some() {
                    let from = attempt.ended + PASSED_ON;
                    lives.idle.entry(attempt.backend).or_default().push(Idle { from, to });
                    let longest = lives.longest.entry(attempt.backend).or_default();
                    *longest = (*longest).max(to.since(from));
                }
            }
        }
        lives.idle.values_mut().for_each(|idle| idle.sort_unstable_by_key(|one| one.from));
        lives
    }

    /// True if a connection to the same backend was idle from before the attempt's own was opened until after it arrived.
    fn had_an_idle_one(&self, view: &View<'_>, attempt: &Attempt) -> bool {
        let (Some(own), Some(idle)) =
            (self.connections.get(&attempt.connection), self.idle.get(&attempt.backend))
        else {
            return false;
        };
        let longest = self.longest.get(&attempt.backend).copied().unwrap_or_default();
        // The gateway decided before its connection was accepted.
        let decided = own.accepted - PASSED_ON;
        let end = idle.partition_point(|one| one.from <= decided);
        let near = idle[..end].iter().rev().take_while(|one| one.from + longest >= attempt.arrived);
        near.into_iter().any(|one| {
            let blur = view.stalls.touching(one.from - PASSED_ON, attempt.arrived);
            one.from + blur <= decided && one.to >= attempt.arrived + TRANSIT
        })
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// Requests 50 ms apart at one backend; each on a connection that `of` chooses by its number, and how many that carried.
    fn run(calls: usize, of: impl Fn(usize) -> (u32, u32) + 'static) -> Run {
        let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
        run.calls(calls, move |n| {
            let (connection, nth) = of(n);
            let attempt = Try::ok("a").row(move |row| (row.connection, row.nth) = (connection, nth));
            Call::due("reads", 100.0 + 50.0 * n as f64).attempt(attempt)
        })
    }

    #[test]
    fn a_new_connection_beside_an_idle_one_is_a_missed_one() {
        let one_each = (0..10).fold(run(10, |n| (n as u32 + 1, 1)), |run, n| {
            run.connection(n + 1, "a", 99.9 + 50.0 * f64::from(n), 9_000.0)
        });
        one_each.view("steady", "", |view| {
            let measured = Connections::of(view);
            assert_eq!((measured.reused, measured.missed, measured.opened), (0, 9, 10));
            assert_eq!(measured.backends[&0], (10, 10));
        });
    }

    #[test]
    fn one_that_the_backend_closed_was_not_there_to_be_used_and_one_that_the_gateway_closed_might_have_been()
    {
        let closed = (0..10).fold(run(10, |n| (n as u32 + 1, 1)), |run, n| {
            run.connection(n + 1, "a", 99.9 + 50.0 * f64::from(n), 110.0 + 50.0 * f64::from(n))
        });
        let missed =
            |run: &Run| run.view("steady", "", |view| (Connections::of(view).missed, most_open(view)));
        assert_eq!(missed(&closed), (9, 1));
        assert_eq!(missed(&closed.connections_end(ConnectionEnd::BackendFin)), (0, 1));
    }

    fn most_open(view: &View<'_>) -> u64 {
        Connections::of(view).backends[&0].1
    }

    #[test]
    fn one_connection_for_all_is_reused() {
        let run = run(10, |n| (1, n as u32 + 1)).connection(1, "a", 99.0, 9_000.0);
        run.view("steady", "", |view| {
            let measured = Connections::of(view);
            assert_eq!((measured.reused, measured.missed, measured.opened), (9, 0, 1));
            assert_eq!(measured.by_client.iter().map(|(all, _)| all).sum::<u64>(), 10);
        });
    }
}
