//! What may be anybody's: where other machines can reach a backend, not all that comes to it comes from the gateway.
//!
//! A request of the run carries its tag, and so its connection is the gateway's. Of an arrival without a tag on a connection
//! that carried no request of the run nobody can tell whose it is.

use std::collections::{BTreeSet, HashSet};

use evidence::Ledger;
use units::plural::count;
use units::{Moment, Stretch};

use crate::brief::Brief;

/// What came to backends off loopback, and may be anybody's.
#[derive(Clone, Debug, Default)]
pub struct Strangers {
    /// When arrivals without a tag of this run came, in order.
    pub arrivals: Vec<Moment>,
    /// When connections were accepted that carried no request of the run, in order.
    pub connections: Vec<Moment>,
    /// Connections without a request of the run that were there before it began, by their numbers: those by which it was seen that the
    /// gateway routes are among them.
    pub early: HashSet<u32>,
    /// The backends that they came to, by their index.
    pub backends: BTreeSet<u16>,
}

impl Strangers {
    /// Looks for them in the whole run.
    pub fn of(brief: &Brief, ledger: &Ledger) -> Self {
        let mut strangers = Strangers::default();
        if brief.backends.iter().all(|backend| !backend.off_loopback) {
            return strangers;
        }
        let carried: HashSet<u32> = ledger.attempts().iter().map(|attempt| attempt.connection).collect();
        let may_be_anybodys = |backend: u16, connection: u32| {
            brief.backends.get(usize::from(backend)).is_some_and(|backend| backend.off_loopback)
                && !carried.contains(&connection)
        };
        for one in ledger.rest().probes.iter().filter(|one| may_be_anybodys(one.backend, one.connection)) {
            strangers.arrivals.push(one.arrived);
            strangers.backends.insert(one.backend);
        }
        let connections = &ledger.rest().connections;
        for one in connections.iter().filter(|one| may_be_anybodys(one.backend, one.connection)) {
            if one.accepted.is_in_run() {
                strangers.connections.push(one.accepted);
                strangers.backends.insert(one.backend);
            } else {
                strangers.early.insert(one.connection);
            }
        }
        strangers.arrivals.sort_unstable();
        strangers.connections.sort_unstable();
        strangers
    }

    /// True if one of them came at a moment.
    pub fn came_at(&self, at: Moment) -> bool {
        self.arrivals.binary_search(&at).is_ok() || self.connections.binary_search(&at).is_ok()
    }

    /// True if any of them came in a stretch.
    pub fn came_in(&self, during: Stretch) -> bool {
        let any = |moments: &[Moment]| {
            moments.get(moments.partition_point(|at| *at < during.from)).is_some_and(|at| *at < during.to)
        };
        any(&self.arrivals) || any(&self.connections)
    }

    /// That they came, in words; `None` where none did.
    pub fn told(&self, brief: &Brief) -> Option<String> {
        let names = self.backends.iter().map(|backend| format!("`{}`", brief.backend_name(*backend)));
        let names: Vec<String> = names.collect();
        (!names.is_empty()).then(|| {
            format!(
                "{} without a tag and {} without a request of the run came to {}, which other machines can reach: they may be \
                 anybody's",
                count(self.arrivals.len() as u64, "arrival"),
                count(self.connections.len() as u64, "connection"),
                names.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try, at};

    /// A request, a connection without one, and two arrivals without a tag: one of them on the connection of the request.
    fn run() -> Run {
        let run = Run::new().phase("steady", 10.0).backend("a").class("reads", Method::Get);
        let attempt = Try::ok("a").row(|row| (row.connection, row.nth) = (1, 1));
        let run = run.call(Call::due("reads", 10.0).attempt(attempt));
        let run = run
            .connection(1, "a", 9.0, 9_000.0)
            .connection(2, "a", 20.0, 30.0)
            .connection(3, "a", -9.0, 9_000.0);
        run.checks("a", "/health", 500.0, [200, 200]).check_connections([1, 2])
    }

    #[test]
    fn on_loopback_all_that_comes_is_the_gateways() {
        let (brief, ledger) = run().build();
        assert_eq!(Strangers::of(&brief, &ledger).told(&brief), None);
    }

    #[test]
    fn off_loopback_what_shares_no_connection_with_a_request_of_the_run_may_be_anybodys() {
        let (brief, ledger) = run().off_loopback("a").build();
        let strangers = Strangers::of(&brief, &ledger);
        assert_eq!((strangers.arrivals.len(), strangers.connections.len()), (1, 1));
        assert!(strangers.early.contains(&3), "what came before the run is no stranger's for sure");
        assert!(strangers.came_at(at(20.0)) && strangers.came_in(Stretch { from: at(19.0), to: at(21.0) }));
        let told = "1 arrival without a tag and 1 connection without a request of the run came to `a`, which other machines can \
                    reach: they may be anybody's";
        assert_eq!(strangers.told(&brief).as_deref(), Some(told));
    }
}
