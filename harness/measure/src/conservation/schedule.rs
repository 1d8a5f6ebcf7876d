//! Whether requests were due when the plan has them due. The schedule is made before the run and is the same every time, so
//! that another number of a class in a phase is no doing of the gateway.

use evidence::Ledger;
use units::plural::{count, were};

use crate::brief::Brief;

/// Requests beyond those that the plan has of their class in their phase, in words. Those that are missing are told by the
/// gaps in the tags.
pub(super) fn misplaced(brief: &Brief, ledger: &Ledger) -> Option<String> {
    let mut left: Vec<Option<Vec<u64>>> = brief.traffic.iter().map(|class| class.planned.clone()).collect();
    let mut more = 0u64;
    for entry in ledger.entries() {
        let (class, due) = (usize::from(entry.exchange.class), entry.exchange.due);
        // Closed-loop traffic has no schedule, and plans of older builds don't tell it.
        let Some(planned) = left.get_mut(class).and_then(Option::as_mut) else { continue };
        let phase = brief.phases.iter().position(|phase| phase.during.contains(due));
        match phase.and_then(|phase| planned.get_mut(phase)) {
            Some(left) if *left > 0 => *left -= 1,
            _ => more += 1,
        }
    }
    (more > 0).then(|| {
        format!(
            "{} {} due where the plan has fewer of their class: the times on record are not those of the plan, or it is the \
             plan of another run",
            count(more, "request"),
            were(more)
        )
    })
}

#[cfg(test)]
mod tests {
    use evidence::{Evidence, Method};
    use rstest::rstest;
    use units::Moment;

    use super::*;
    use crate::testing::{Call, Run};

    /// 100 requests of each of two classes over two phases, as planned.
    fn told(change: impl FnOnce(&mut Evidence)) -> Option<String> {
        let run = Run::new().phase("steady", 5.0).phase("outage", 5.0).backend("a");
        let run = run.class("reads", Method::Get).class("writes", Method::Post);
        let run = run.calls(100, |n| Call::due("reads", 100.0 * n as f64));
        let (mut brief, ledger) = run.calls(100, |n| Call::due("writes", 100.0 * n as f64)).build();
        brief.traffic.iter_mut().for_each(|class| class.planned = Some(vec![50, 50]));
        let mut evidence = ledger.rest().clone();
        evidence.exchanges.extend(ledger.entries().map(|entry| entry.exchange.clone()));
        change(&mut evidence);
        misplaced(&brief, &Ledger::join(evidence))
    }

    fn later(row: &mut evidence::Exchange, by: i64) {
        row.due = Moment(row.due.0 + by);
    }

    #[test]
    fn what_was_due_as_planned_is_no_matter_and_neither_is_what_is_missing() {
        assert_eq!(told(|_| ()), None);
        assert_eq!(told(|rows| rows.exchanges.retain(|row| row.tag.0 % 7 != 3)), None);
    }

    #[rstest]
    #[case::a_class_that_is_late_by_a_second(|rows: &mut Evidence| {
        rows.exchanges.iter_mut().filter(|row| row.class == 1).for_each(|row| later(row, 1_000_000_000));
    }, 10)]
    #[case::a_class_that_is_early_by_a_second(|rows: &mut Evidence| {
        rows.exchanges.iter_mut().filter(|row| row.class == 1).for_each(|row| later(row, -1_000_000_000));
    }, 10)]
    #[case::the_requests_of_another_class(|rows: &mut Evidence| {
        rows.exchanges.iter_mut().filter(|row| row.due.0 < 2_000_000_000).for_each(|row| row.class = 0);
    }, 20)]
    #[case::a_failed_request_that_stands_in_another_phase(|rows: &mut Evidence| {
        later(&mut rows.exchanges[104], -2_000_000_000);
    }, 1)]
    fn what_was_due_at_another_time_is_told(#[case] change: fn(&mut Evidence), #[case] number: u64) {
        let told = told(change).unwrap();
        assert!(told.starts_with(&count(number, "request")), "{told}");
    }
}
