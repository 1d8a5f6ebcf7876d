//! The calendar: what is due, what of it may begin, and what becomes of the rest. Each moment of a schedule is accounted for
//! exactly once, whatever clocks and restarts do.

use crate::WallTime;
use crate::practice::{ApprovalRule, Day, Order};
use crate::store::{Approval, Beside, Decided, Decision, Firing, State, Store, StoreError};

/// After so long without a look, the reason for what was missed is that nobody looked.
const LOOK: std::time::Duration = std::time::Duration::from_secs(30);

/// How far a clock may have been set back since an approval was given: one from later than that is from no clock that counts.
const CLOCK: std::time::Duration = std::time::Duration::from_mins(1);

/// Looks at the calendar at `now`: writes down what the schedules of `days` foresee, closes what can't begin, and returns what
/// begins. All of it is recorded by then.
pub(crate) fn look(store: &Store, days: &[Day], now: WallTime) -> Result<Vec<Order>, StoreError> {
    let looked = store.looked()?;
    store.reopen(now)?;
    for gone in store.scheduled()? {
        // A file with a mistake in it still has the schedule that it had.
        if !days.iter().any(|day| day.name == gone && (day.timetable.is_some() || day.problem.is_some())) {
            store.unschedule(&gone, now)?;
        }
    }
    // Game days of which not all that has passed is written down yet: which firing is the last is not known before.
    let mut behind = Vec::new();
    for day in days {
        let Some(timetable) = &day.timetable else { continue };
        if store.foresee(&day.name, &**timetable, now)? {
            behind.push(&day.name);
        }
    }
    let mut begin = Vec::new();
    loop {
        let mut is_changed = false;
        for firing in store.due(now)?.into_iter().filter(|firing| !behind.contains(&&firing.gameday)) {
            let day = days.iter().find(|day| day.name == firing.gameday);
            let decided = store.decide(firing.id, now, |beside| decide(beside, day, now, looked))?;
            is_changed |= !matches!(decided, Decided::Waits);
            if let (Decided::Begun(firing, approvals), Some(day)) = (decided, day) {
                begin.push(order(*firing, approvals, day));
            }
        }
        // There may be more than one step takes, but only where this one has closed some.
        if !is_changed {
            break;
        }
    }
    if looked.is_none_or(|looked| now < looked || looked.after(LOOK / 2) <= now) {
        store.look(now)?;
    }
    Ok(begin)
}

fn order(firing: Firing, approvals: Vec<Approval>, day: &Day) -> Order {
    Order {
        firing: firing.id,
        day: firing.gameday,
        asked_by: firing.asked_by,
        approvals,
        digest: day.digest.clone(),
        directory: firing.directory.unwrap_or_default().into(),
    }
}

/// What becomes of a firing that is due. The order of the questions is that of what people would want to hear first.
fn decide(beside: &Beside<'_>, day: Option<&Day>, now: WallTime, looked: Option<WallTime>) -> Decision {
    let firing = beside.firing;
    if now > firing.closes {
        return Decision::Close(State::Missed, why_missed(firing, now, looked));
    }
    if beside.is_overtaken {
        return Decision::Close(State::Missed, "a later one came before this one could begin".to_owned());
    }
    if let Some(button) = &beside.button {
        let why = format!("the red button is pressed, by {} since {}", button.by, button.at);
        return Decision::Close(State::Refused, why);
    }
    if let Some(other) = beside.running {
        return Decision::Close(State::Overlapped, format!("firing {other} was still running"));
    }
    let Some(day) = day else {
        return Decision::Close(State::Refused, "there is no file of this game day any more".to_owned());
    };
    if let Some(problem) = &day.problem {
        let first = problem.lines().next().unwrap_or_default();
        return Decision::Close(State::Refused, format!("the file has a mistake: {first}"));
    }
    let missing = missing(&day.approvals, &beside.approvals, firing.asked_by.as_deref(), &day.digest, now);
    if !missing.is_empty() {
        return Decision::Wait(format!("it waits for {}", missing.join(" and ")));
    }
    let began = now.timestamp().strftime("%Y-%m-%dT%H-%M-%S");
    Decision::Begin(format!("gamedays/{}/{began}-{}", firing.gameday, firing.id))
}

fn why_missed(firing: &Firing, now: WallTime, looked: Option<WallTime>) -> String {
    match looked {
        // It was looked at while it could have begun, and said then what it waits for.
        Some(_) if !firing.why.is_empty() => format!("{}, and its window has passed", firing.why),
        Some(looked) if looked.after(LOOK) < now => format!(
            "nobody looked between {looked} and {now}: the server was down, the machine asleep, or its clock was moved"
        ),
        Some(_) => "its window has passed".to_owned(),
        None => "the server was not there yet".to_owned(),
    }
}

/// The approvals that are missing, in words. One counts only for the text that it was given for, as long as it is fresh, and
/// not for what somebody asked for themselves, unless the file allows that.
pub(crate) fn missing(
    rules: &[ApprovalRule],
    approvals: &[Approval],
    asked_by: Option<&str>,
    digest: &str,
    now: WallTime,
) -> Vec<String> {
    let missing = rules.iter().filter_map(|rule| {
        let counts = |approval: &&Approval| {
            approval.role == rule.role
                && approval.digest == digest
                && approval.at.after(rule.within) >= now
                && approval.at <= now.after(CLOCK)
                && (rule.by_asker || asked_by != Some(&approval.user))
        };
        let given = approvals.iter().filter(counts).count() as u32;
        let left = rule.count.saturating_sub(given);
        let noun = if left == 1 { "approval" } else { "approvals" };
        (left > 0).then(|| format!("{left} {noun} of role {}", rule.role))
    });
    missing.collect()
}

#[cfg(test)]
mod tests;
