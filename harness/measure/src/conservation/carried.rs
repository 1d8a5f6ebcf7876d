//! Whether attempts and the connections that carried them tell the same. Both rows are a backend's own, so that where they
//! differ no gateway made it so. A connection says how many requests it carried: those that are missing are told even where no
//! answer names them.

use evidence::{Attempt, Connection, INJECTIONS_MAX, Ledger};
use units::plural::{count, were};

use crate::brief::Brief;

/// What does not fit, in words.
pub(super) fn problems(brief: &Brief, ledger: &Ledger) -> Vec<String> {
    let mut connections: Vec<&Connection> = ledger.rest().connections.iter().collect();
    connections.sort_unstable_by_key(|connection| connection.connection);
    let (mut elsewhere, mut outside, mut unhit) = (0u64, 0u64, 0u64);
    for attempt in ledger.attempts() {
        // The rows of a run that was cut may lack its last connections.
        let connection = place(&connections, attempt.connection).map(|place| connections[place]);
        if let Some(connection) = connection {
            elsewhere += u64::from(connection.backend != attempt.backend);
            outside +=
                u64::from(attempt.arrived < connection.accepted || attempt.arrived > connection.closed);
        }
        unhit += u64::from(!was_in_force(brief, attempt, connection));
    }
    let told = |number: u64, what: &str| {
        (number > 0).then(|| format!("{} {} {what}", count(number, "attempt"), were(number)))
    };
    let other_count = miscounted(ledger, &connections);
    let other_count = (other_count > 0).then(|| {
        let connections = count(other_count, "backend connection");
        format!("{connections} carried another number of requests than are on record: rows are missing, or made up")
    });
    let elsewhere = told(
        elsewhere,
        "at another backend than the connection that carried it: rows stand with the wrong backend",
    );
    let outside = told(
        outside,
        "on a connection that was not open then: the times on record are not of one clock, or rows stand with the wrong \
         connection",
    );
    let unhit = told(
        unhit,
        "hit by a fault that was not in force then: the times on record are not those of the plan, or it is the plan of \
         another run",
    );
    [elsewhere, outside, unhit, other_count].into_iter().flatten().collect()
}

/// How many connections have more or fewer requests on record than they carried. What came before the run is on record nowhere,
/// so that a connection of before it may have fewer.
fn miscounted(ledger: &Ledger, connections: &[&Connection]) -> u64 {
    let rest = ledger.rest();
    // In a run that was cut the tables end at different rows.
    if rest.cut || rest.early.is_some() || ledger.orphans() > 0 {
        return 0;
    }
    let mut carried = vec![0u32; connections.len()];
    let attempts = ledger.attempts().iter().chain(ledger.forged()).map(|attempt| attempt.connection);
    for number in attempts.chain(rest.probes.iter().map(|probe| probe.connection)) {
        if let Some(place) = place(connections, number) {
            carried[place] = carried[place].saturating_add(1);
        }
    }
    let differs = |connection: &Connection, carried: u32| {
        carried > connection.requests || (carried < connection.requests && connection.accepted.is_in_run())
    };
    connections.iter().zip(carried).filter(|(connection, carried)| differs(connection, *carried)).count()
        as u64
}

/// Where the connection of a number stands. In a whole run they are numbered from 1 without gaps, so that no search is needed.
fn place(connections: &[&Connection], number: u32) -> Option<usize> {
    let place = (number as usize).wrapping_sub(1);
    if connections.get(place).is_some_and(|connection| connection.connection == number) {
        return Some(place);
    }
    connections.binary_search_by_key(&number, |connection| connection.connection).ok()
}

/// True if each fault that hit an attempt was in force at some time of it, or of the connection before: some act on the
/// connection as a whole, and on all that it carries.
fn was_in_force(brief: &Brief, attempt: &Attempt, connection: Option<&Connection>) -> bool {
    if attempt.injections == 0 {
        return true;
    }
    let begun = connection.map_or(units::Moment(i64::MIN), |connection| connection.accepted);
    let hits = (0..INJECTIONS_MAX as u16).filter(|index| attempt.hit_by(*index));
    hits.filter_map(|index| brief.injections.get(usize::from(index)))
        .all(|fault| fault.during.from <= attempt.ended && begun < fault.during.to)
}

#[cfg(test)]
mod tests {
    use evidence::{Evidence, Method};
    use rstest::rstest;
    use units::Moment;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// 100 requests that fail at `a` and are answered by `b`, on a connection each backend.
    fn told(change: impl FnOnce(&mut Evidence)) -> Vec<String> {
        let run = Run::new().phase("steady", 5.0).phase("outage", 5.0).backend("a").backend("b");
        let run = run.class("reads", Method::Get).fault("outage", "status", &["a"]);
        let run = run.connection(1, "a", 0.0, 10_000.0).connection(2, "b", 0.0, 10_000.0);
        let run = run.calls(100, |n| {
            Call::due("reads", 5_100.0 + 45.0 * n as f64)
                .attempt(Try::hit("a", "status"))
                .attempt(Try::ok("b"))
        });
        let (brief, ledger) = run.build();
        let mut evidence = ledger.rest().clone();
        for entry in ledger.entries() {
            evidence.exchanges.push(entry.exchange.clone());
            evidence.attempts.extend(entry.attempts.iter().cloned());
        }
        change(&mut evidence);
        problems(&brief, &Ledger::join(evidence))
    }

    #[test]
    fn attempts_on_their_connections_are_no_matter_and_neither_are_connections_that_are_missing() {
        assert_eq!(told(|_| ()), Vec::<String>::new());
        assert_eq!(told(|rows| rows.connections.truncate(1)), Vec::<String>::new());
        assert_eq!(told(|rows| rows.connections.clear()), Vec::<String>::new());
    }

    #[test]
    fn a_fault_that_acts_on_a_connection_acts_on_what_it_carries_later() {
        let late = |row: &mut Attempt| {
            (row.arrived, row.ended) =
                (Moment(row.arrived.0 + 60_000_000_000), Moment(row.ended.0 + 60_000_000_000));
        };
        let told = told(|rows| {
            rows.connections.iter_mut().for_each(|row| row.closed = Moment(i64::MAX));
            rows.attempts.iter_mut().for_each(late);
        });
        assert_eq!(told, Vec::<String>::new());
    }

    #[test]
    fn attempts_that_no_answer_names_are_missed_on_their_connection() {
        let told = |from: f64| {
            told(|rows| {
                rows.connections[0].accepted = crate::testing::at(from);
                rows.attempts.retain(|row| row.backend != 0 || row.tag.0 % 10 != 3);
            })
        };
        let expected = "1 backend connection carried another number of requests than are on record: rows are missing, or made up";
        assert_eq!(told(0.0), [expected]);
        assert_eq!(told(-5.0), Vec::<String>::new(), "what came before the run is not on record");
    }

    #[rstest]
    #[case::a_failed_attempt_that_stands_with_the_other_backend(
        |rows: &mut Evidence| rows.attempts[0].backend = 1,
        "1 attempt was at another backend than the connection that carried it"
    )]
    #[case::connections_that_were_closed_before(
        |rows: &mut Evidence| rows.connections[1].closed = Moment(1_000_000_000),
        "100 attempts were on a connection that was not open then"
    )]
    #[case::hits_of_a_fault_that_came_later(
        |rows: &mut Evidence| {
            let earlier = |at: Moment| Moment(at.0 - 5_000_000_000);
            rows.exchanges.iter_mut().for_each(|row| row.sent = earlier(row.sent));
            let attempts = rows.attempts.iter_mut();
            attempts.for_each(|row| (row.arrived, row.ended) = (earlier(row.arrived), earlier(row.ended)));
        },
        "100 attempts were hit by a fault that was not in force then"
    )]
    fn what_does_not_fit_is_told(#[case] change: fn(&mut Evidence), #[case] expected: &str) {
        let told = told(change);
        assert!(told[0].starts_with(expected), "{told:?}");
    }
}
