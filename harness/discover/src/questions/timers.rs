//! Which timers there are, and what each covers.
//!
//! Four troubles of backends tell them apart: an answer that never comes (each attempt, or all of them), a body that comes
//! without a pause and without an end (the whole request), one that stops (the pause between two bytes), and an upload that is read
//! slowly.

use std::time::Duration;

use evidence::Outcome;
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

/// How large an upload is, in bytes: more than sockets on the way take at once.
const UPLOAD: u64 = 1 << 20;

/// Two times that are further apart than this were set by two timers.
const APART: Duration = Duration::from_millis(15);

/// Fewer requests than this tell nothing.
const CASES_MIN: u64 = 3;

pub(crate) fn experiments(lab: &Lab<'_>) -> [Experiment; 4] {
    let over = lab.site.longest.saturating_add(Duration::from_secs(1));
    [
        held("hang", "hang = {}"),
        held("slow-body", &format!("slow_body = {{ over = \"{}\" }}", Timespan(over))),
        held("stalled-body", "stall = { after = \"1B\" }"),
        uploads(over),
    ]
}

/// Uploads that backends take so long to read.
fn uploads(over: Duration) -> Experiment {
    let rate = (UPLOAD as f64 / over.as_secs_f64()).max(1.0) as u64;
    Experiment::new("slow-upload", 150.0)
        .plain("upload", "POST", 3.0)
        .with(&format!("body = {{ size = \"{UPLOAD}B\" }}"))
        .calm("before", Timespan::from_secs(1), &["upload"])
        .phase("held", FOR)
        .fault("when = { traffic = \"upload\" }", &format!("slow_read = {{ rate = \"{rate}B/s\" }}"))
}

pub(crate) fn ask(lab: &mut Lab<'_>, profile: &mut Profile) -> Result<(), DiscoverError> {
    let longest = lab.site.longest;
    let [hung, slow, stalled, upload] = experiments(lab);
    let (hung, slow, stalled) = (lab.run(&hung)?, lab.run(&slow)?, lab.run(&stalled)?);
    let upload = lab.run(&upload)?;
    let waits = Waits::of(&hung);

    let slow_body = Body::of(&slow);
    let (total, seen) = match waits.whole.or(slow_body.map(|body| body.asked)) {
        Some(total) if waits.whole.is_some() => (Some(total), &hung),
        other => (other, &slow),
    };
    let per_try = waits.one.or(waits.only.filter(|only| !total.is_some_and(|total| meet(*only, total))));
    match (per_try, waits.only) {
        (Some(range), _) => profile.know("timeout.per_try", time(range.low, range.high), range.count, "hang"),
        // What the timer for the whole request ended would have gone on.
        (None, Some(only)) => shadowed(profile, "timeout.per_try", only, "hang"),
        (None, None) => none_within(profile, "timeout.per_try", &hung, longest),
    }
    tell_upload(&upload, total, longest, profile);
    match total {
        Some(range) => profile.know("timeout.total", time(range.low, range.high), range.count, &seen.name),
        None => none_within(profile, "timeout.total", seen, longest),
    }
    tell_covered(&hung, total, &waits, profile);
    match Body::of(&stalled) {
        None => none_within(profile, "timeout.idle", &stalled, longest),
        Some(body) if total.is_some_and(|total| meet(body.asked, total)) => {
            shadowed(profile, "timeout.idle", body.own, &stalled.name);
        }
        Some(body) => {
            profile.know("timeout.idle", time(body.own.low, body.own.high), body.own.count, &stalled.name);
        }
    }
    Ok(())
}

/// How long an upload may take that is read slowly, told by the gateway's own answers: that it has let go, a backend learns only when it
/// has read what was under way.
fn tell_upload(seen: &Seen, total: Option<Range>, longest: Timespan, profile: &mut Profile) {
    let key = "timeout.upload";
    let view = seen.view("held", Some("upload"));
    let given_up = |entry: evidence::Entry<'_>| {
        let exchange = entry.exchange;
        let left =
            matches!(exchange.outcome, Outcome::ClientTimeout | Outcome::ClientAbort | Outcome::Unfinished);
        let last = entry.attempts.last().filter(|last| last.injections != 0 && !left)?;
        let by_gateway = !exchange.answered_by_backend() && exchange.done >= last.arrived;
        by_gateway.then(|| (exchange.done.since(last.arrived), exchange.service_time()))
    };
    let ends: Vec<(Duration, Duration)> = sound(&view).filter_map(given_up).collect();
    let all = Range::of(&ends.iter().map(|(own, _)| *own).collect::<Vec<_>>());
    let by_total = |asked: &Duration| total.is_some_and(|total| *asked + APART >= total.low);
    let of_its_own = ends.iter().filter(|(_, asked)| !by_total(asked)).map(|(own, _)| *own);
    match (Range::of(&of_its_own.collect::<Vec<_>>()), all) {
        (Some(range), _) => profile.know(key, time(range.low, range.high), range.count, &seen.name),
        // Of those that were tried again, the last may have had little time left.
        (None, Some(all)) => shadowed(profile, key, Range { low: all.high, ..all }, &seen.name),
        (None, None) => none_within(profile, key, seen, longest),
    }
}

/// Whether the timer for the whole request holds over all attempts, or for each alone: told by requests that were tried again until
/// it was over.
fn tell_covered(hung: &Seen, total: Option<Range>, waits: &Waits, profile: &mut Profile) {
    let Some(total) = total.filter(|_| waits.one.is_some()) else { return };
    let view = hung.view("held", None);
    let asked = sound(&view).filter(|entry| entry.attempts.len() > 1).filter_map(|entry| {
        let last = entry.attempts.last()?;
        (ending(&entry, last) == Ending::Gateway).then(|| last.ended.since(entry.exchange.sent))
    });
    let beyond = asked.filter(|asked| *asked > total.high + APART).count() as u64;
    let key = "timeout.total_over_attempts";
    if beyond >= CASES_MIN {
        profile.know(key, Value::word("no"), beyond, &hung.name);
    } else if let Some(whole) = waits.whole.filter(|whole| whole.count >= CASES_MIN) {
        profile.know(key, Value::word("yes"), whole.count, &hung.name);
    } else {
        let why = "no request was tried again for so long that the timer would have ended it";
        profile.cannot_tell(key, why, &hung.name);
    }
}

/// That no timer fired within so long, if enough requests lasted for it. A stall of the machine makes that no less true.
fn none_within(profile: &mut Profile, key: &str, seen: &Seen, longest: Timespan) {
    let view = seen.view("held", None);
    let endured = view.entries().filter_map(|entry| entry.attempts.last());
    let endured = endured.filter(|last| last.injections != 0 && last.duration() >= *longest).count() as u64;
    if endured >= CASES_MIN {
        profile.know(key, Value::Beyond(longest), endured, &seen.name);
    } else {
        let why = "no request that could be timed was ended, and too few lasted long enough: repeat it on a quieter machine";
        profile.cannot_tell(key, why, &seen.name);
    }
}

/// That no timer fired until the one for the whole request did.
fn shadowed(profile: &mut Profile, key: &str, ended: Range, name: &str) {
    profile.know(key, Value::Beyond(super::whole(ended.low)), ended.count, name);
}

/// An experiment in which a fault holds some requests at every backend, and the calm traffic at none.
fn held(name: &str, fault: &str) -> Experiment {
    let mut experiment = Experiment::new(name, 150.0);
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
        let (mut followed, mut last) = (Vec::new(), Vec::new());
        for entry in sound(&view) {
            for life in lives(&view, entry, Duration::from_nanos(1)) {
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
        Waits { one, whole: one.and_then(cut_short), only }
    }
}

/// How long a gateway let bodies take that it gave up.
#[derive(Clone, Copy, Debug)]
struct Body {
    /// Since the request was sent.
    asked: Range,
    /// Since the last attempt arrived.
    own: Range,
}

impl Body {
    fn of(seen: &Seen) -> Option<Self> {
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
}

fn sound<'a>(view: &'a View<'a>) -> impl Iterator<Item = evidence::Entry<'a>> {
    view.entries().filter(|entry| view.why_apart(entry, Sight { client: false, ..Sight::COUNTS }).is_none())
}
