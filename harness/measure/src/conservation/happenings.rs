//! Whether what is on record of the run as a whole can have been so: faults on listeners and actions by the plan, and nothing
//! that ends before it begins.

use evidence::{Action, Firing, Ledger};
use units::plural::count;

use crate::brief::Brief;

/// What can't have been so, in words.
pub(super) fn problems(brief: &Brief, ledger: &Ledger) -> Vec<String> {
    let rest = ledger.rest();
    let unplanned = rest.firings.iter().filter(|firing| !is_planned_firing(brief, firing)).count()
        + rest.actions.iter().filter(|action| !is_planned_action(brief, action)).count();
    let backwards = rest.firings.iter().filter(|firing| firing.to < firing.from).count()
        + rest.actions.iter().filter(|action| action.ended < action.began).count()
        + rest.samples.iter().filter(|sample| sample.answered < sample.asked).count()
        + rest.connections.iter().filter(|connection| connection.closed < connection.accepted).count();
    let unplanned = (unplanned > 0).then(|| {
        format!(
            "{} of closed listeners and actions where the plan has none: the times on record are not those of the plan, or it \
             is the plan of another run",
            count(unplanned as u64, "row")
        )
    });
    let backwards = (backwards > 0).then(|| {
        format!(
            "{} of closed listeners, actions, scrapes and connections with an end before the beginning: the times are not those \
             of a run",
            count(backwards as u64, "row")
        )
    });
    [unplanned, backwards].into_iter().flatten().collect()
}

fn is_planned_firing(brief: &Brief, firing: &Firing) -> bool {
    brief.injections.get(usize::from(firing.injection)).is_some_and(|fault| {
        fault.closes_listener
            && fault.backends.contains(&firing.backend)
            && fault.during.contains(firing.from)
    })
}

/// An action waits for its moment, and may be late.
fn is_planned_action(brief: &Brief, action: &Action) -> bool {
    brief.actions.get(usize::from(action.action)).is_some_and(|planned| action.began >= planned.at)
}

#[cfg(test)]
mod tests {
    use evidence::{Connection, ConnectionEnd, Evidence, Method, Sample};
    use rstest::rstest;

    use super::*;
    use crate::testing::{Run, at};

    /// A listener that is closed for a second, and a reload.
    fn told(change: impl FnOnce(&mut Evidence)) -> Vec<String> {
        let run =
            Run::new().phase("steady", 5.0).phase("outage", 5.0).backend("a").class("reads", Method::Get);
        let run = run.fault("outage", "refuse", &["a"]).firing("refuse", "a", 5_000.0, 10_001.0);
        let run = run.action("outage", "reload", &["a"], (6_000.0, 6_100.0));
        let (brief, ledger) = run.build();
        let mut evidence = ledger.rest().clone();
        change(&mut evidence);
        problems(&brief, &Ledger::join(evidence))
    }

    #[test]
    fn what_happened_as_planned_is_no_matter() {
        assert_eq!(told(|_| ()), Vec::<String>::new());
        assert_eq!(told(|rows| rows.firings.clear()), Vec::<String>::new());
    }

    #[rstest]
    #[case::a_listener_that_was_closed_before(|rows: &mut Evidence| rows.firings[0].from = at(1_000.0))]
    #[case::a_fault_that_the_plan_does_not_have(|rows: &mut Evidence| rows.firings[0].injection = 7)]
    #[case::a_reload_before_its_time(|rows: &mut Evidence| rows.actions[0].began = at(1_000.0))]
    fn what_the_plan_does_not_have_is_told(#[case] change: fn(&mut Evidence)) {
        let told = told(change);
        assert!(told[0].starts_with("1 row of closed listeners and actions where the plan"), "{told:?}");
    }

    #[rstest]
    #[case::a_firing(|rows: &mut Evidence| rows.firings[0].to = at(4_000.0))]
    #[case::an_action(|rows: &mut Evidence| rows.actions[0].ended = at(4_000.0))]
    #[case::a_scrape(|rows: &mut Evidence| rows.samples.push(Sample {
        scrape: 0,
        asked: at(2.0),
        answered: at(1.0),
        series: None,
        value: 0.0,
        failed: None,
    }))]
    #[case::a_connection(|rows: &mut Evidence| rows.connections.push(Connection {
        backend: 0,
        connection: 1,
        accepted: at(2.0),
        closed: at(1.0),
        requests: 0,
        injections: 0,
        effective: 0,
        end: ConnectionEnd::GatewayFin,
    }))]
    fn an_end_before_the_beginning_is_told(#[case] change: fn(&mut Evidence)) {
        let told = told(change);
        assert!(told[0].contains("with an end before the beginning"), "{told:?}");
    }
}
