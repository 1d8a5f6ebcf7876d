//! Which timers there are, and what each covers.
//!
//! Three backends' troubles tell them apart: an answer that never comes (each attempt, or all of them), a body that comes
//! without a pause and without an end (the whole request), and one that stops (the pause between two bytes).

use std::time::Duration;

use measure::lifetimes::{Ending, ending, lives};
use measure::view::{Sight, View};
use units::Timespan;

use super::time;
use crate::experiment::Experiment;
use crate::lab::{DiscoverError, Lab};
use crate::profile::Profile;
use crate::seen::Seen;
use crate::value::Value;

/// For so long requests are sent that a fault holds.
const FOR: Timespan = Timespan::from_secs(3);

/// The classes that it holds.
const HELD: [(&str, &str); 2] = [("get", "GET"), ("post", "POST")];

/// Two times that are further apart than this were set by two timers.
const APART: Duration = Duration::from_millis(15);

pub(crate) fn ask(lab: &mut Lab, profile: &mut Profile) -> Result<(), DiscoverError> {
    let longest = lab.site.longest;
    let hung = Waits::of(&lab.run(&held("hang", "hang = {}"))?);
    let over = Timespan(longest.saturating_add(Duration::from_secs(1)));
    let slow = given_up(&lab.run(&held("slow-body", &format!("slow_body = {{ over = \"{over}\" }}")))?);
    let stalled = given_up(&lab.run(&held("stalled-body", "stall = { after = \"1B\" }"))?);

    let (total, total_by) = match (&hung.whole, &slow) {
        (Some(whole), _) => (Some(*whole), "hang"),
        (None, Some(body)) => (Some(body.asked), "slow-body"),
        (None, None) => (None, "slow-body"),
    };
    let per_try = hung.one.or(hung.only.filter(|only| !total.is_some_and(|total| meet(*only, total))));
    match (per_try, hung.only) {
        (Some(range), _) => profile.know("timeout.per_try", time(range.low, range.high), range.count, "hang"),
        (None, Some(only)) => profile.cannot_tell(
            "timeout.per_try",
            format!("the timer for the whole request ends every attempt after {}", Timespan(only.low)),
            "hang",
        ),
        (None, None) => profile.know("timeout.per_try", Value::Beyond(longest), hung.held, "hang"),
    }
    match total {
        Some(range) => profile.know("timeout.total", time(range.low, range.high), range.count, total_by),
        None => profile.know("timeout.total", Value::Beyond(longest), hung.held, total_by),
    }
    match stalled {
        None => profile.know("timeout.idle", Value::Beyond(longest), hung.held, "stalled-body"),
        Some(body) if total.is_some_and(|total| meet(body.asked, total)) => {
            profile.cannot_tell(
                "timeout.idle",
                "the timer for the whole request comes first",
                "stalled-body",
            );
        }
        Some(body) => {
            profile.know("timeout.idle", time(body.own.low, body.own.high), body.own.count, "stalled-body");
        }
    }
    Ok(())
}

/// An experiment in which a fault holds some requests at every backend, and the calm traffic at none.
fn held(name: &str, fault: &str) -> Experiment {
    let mut experiment = Experiment::new(name, 150);
    for (class, method) in HELD {
        experiment = experiment.traffic(class, method, 2.0);
    }
    experiment =
        experiment.calm("before", Timespan::from_secs(1), &HELD.map(|(class, _)| class)).phase("held", FOR);
    for (class, _) in HELD {
        experiment = experiment.fault(&format!("when = {{ traffic = \"{class}\" }}"), fault);
    }
    experiment
}

/// The shortest and the longest of some times.
#[derive(Clone, Copy, Debug)]
struct Range {
    low: Duration,
    high: Duration,
    count: u64,
}

impl Range {
    fn of(times: &[Duration]) -> Option<Self> {
        let (low, high) = (*times.iter().min()?, *times.iter().max()?);
        Some(Range { low, high, count: times.len() as u64 })
    }
}

fn meet(one: Range, other: Range) -> bool {
    one.low <= other.high + APART && other.low <= one.high + APART
}

/// How long a gateway waits for answers that never come.
struct Waits {
    /// Requests that were held.
    held: u64,
    /// For one attempt, told by those that were followed by another one.
    one: Option<Range>,
    /// For the whole request, told by last attempts that were given up sooner than that.
    whole: Option<Range>,
    /// For a request of which no attempt was followed by another: one of the two.
    only: Option<Range>,
}

impl Waits {
    fn of(seen: &Seen) -> Self {
        let view = seen.view("held", None);
        let (mut held, mut followed, mut last) = (0, Vec::new(), Vec::new());
        for entry in sound(&view) {
            for life in lives(&view, entry, Duration::from_nanos(1)) {
                held += u64::from(life.nth == 1);
                let by_gateway = life.ending == Ending::Gateway && life.blur.is_zero();
                if by_gateway && !life.last && life.let_go.is_none() {
                    followed.push(life.length);
                } else if by_gateway && life.last {
                    last.push((life.length, life.asked));
                }
            }
        }
        let one = Range::of(&followed);
        // The last attempt lives as long as any other unless a timer for the whole request ends it.
        let cut_short = |range: Range| {
            let short = last.iter().filter(|(own, _)| *own + APART < range.low);
            Range::of(&short.map(|(_, asked)| *asked).collect::<Vec<_>>())
        };
        let asked: Vec<Duration> = last.iter().map(|(_, asked)| *asked).collect();
        let only = if one.is_none() { Range::of(&asked) } else { None };
        Waits { held, one, whole: one.and_then(cut_short), only }
    }
}

/// How long a gateway let bodies take that it gave up.
struct Body {
    /// Since the request was sent.
    asked: Range,
    /// Since the last attempt arrived.
    own: Range,
}

fn given_up(seen: &Seen) -> Option<Body> {
    let view = seen.view("held", None);
    let (mut asked, mut own) = (Vec::new(), Vec::new());
    for entry in sound(&view) {
        let Some(last) = entry.attempts.last().filter(|last| last.injections != 0) else { continue };
        if ending(&entry, last) == Ending::Gateway {
            asked.push(last.ended.since(entry.exchange.sent));
            own.push(last.duration());
        }
    }
    Some(Body { asked: Range::of(&asked)?, own: Range::of(&own)? })
}

fn sound<'a>(view: &'a View<'a>) -> impl Iterator<Item = evidence::Entry<'a>> {
    view.entries().filter(|entry| view.why_apart(entry, Sight { client: false, ..Sight::COUNTS }).is_none())
}
