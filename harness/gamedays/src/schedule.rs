//! When a game day comes round: a cron expression in a time zone, and how long after its moment it may still begin.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::civil::{Civil, Zoned};

/// The most firings that are looked at in one step: a server that was away for a year, with one each minute, catches up in
/// several.
pub const FIRINGS_MAX: usize = 10_000;

/// A schedule.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The expression as it was written.
    pub text: String,
    /// The name of the zone.
    pub zone: String,
    /// How long after its moment it may still begin.
    pub window: Duration,
    cron: Cron,
    time_zone: TimeZone,
}

/// What is due at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The firing that may begin now.
    pub begin: Option<Timestamp>,
    /// Firings that have passed: their windows are over, or a later one has come before they could begin.
    pub missed: Vec<Timestamp>,
    /// Until when all firings are accounted for: the next question begins there.
    pub until: Timestamp,
}

/// What daylight saving does to a firing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// The clock is put forward over the time: it does not exist on that day.
    Skipped(DateTime),
    /// The clock is put back over the time: it exists twice on that day.
    Twice(DateTime),
}

impl Schedule {
    /// Reads a schedule. What is wrong is said of the expression.
    pub fn new(text: &str, zone: &str, window: Duration) -> Result<Self, String> {
        let time_zone = time_zone(zone)?;
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(text).map_err(|error| {
            let error = error.to_string();
            format!("`{text}` is not a cron expression: {}", error.trim_end_matches('.').to_lowercase())
        })?;
        Ok(Schedule { text: text.to_owned(), zone: zone.to_owned(), window, cron, time_zone })
    }

    /// The first firing after a moment; `None` if there is none.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let after = Zoned(after.to_zoned_datetime(self.time_zone.clone()));
        self.cron.find_next_occurrence(&after, false).ok().map(|found| found.0.timestamp())
    }

    /// The firings after a moment, in order.
    pub fn firings(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> {
        std::iter::successors(self.next(after), |last| self.next(*last))
    }

    /// What is due at `now`, of the firings after `since`. Each firing is told once, as missed or as the one to begin, if each
    /// question begins where the last one ended.
    pub fn due(&self, since: Timestamp, now: Timestamp) -> Due {
        let mut passed: Vec<Timestamp> =
            self.firings(since).take_while(|firing| *firing <= now).take(FIRINGS_MAX).collect();
        // Where there are more, the rest comes with the next question.
        let until = if passed.len() == FIRINGS_MAX { passed[FIRINGS_MAX - 1] } else { now.max(since) };
        let in_time = |firing: &Timestamp| {
            now.duration_since(*firing)
                <= SignedDuration::try_from(self.window).unwrap_or(SignedDuration::MAX)
        };
        let begin = passed.pop_if(|last| until >= now && in_time(last));
        Due { begin, missed: passed, until }
    }

    /// The shortest time between two of its next firings.
    pub fn shortest_gap(&self, after: Timestamp) -> Option<Duration> {
        let firings: Vec<Timestamp> = self.firings(after).take(100).collect();
        let gaps = firings.windows(2).map(|pair| pair[1].duration_since(pair[0]).unsigned_abs());
        gaps.min()
    }

    /// The firings of the next year that stand in an hour which daylight saving takes away or gives twice.
    pub fn clock_changes(&self, after: Timestamp) -> Vec<ClockChange> {
        let until = after + SignedDuration::from_hours(366 * 24);
        let changes = self.time_zone.following(after).take_while(|change| change.timestamp() <= until);
        changes.filter_map(|change| self.met_by(change.timestamp())).collect()
    }

    /// Looks whether the expression has a time that is skipped or repeated when the clock changes at `at`.
    fn met_by(&self, at: Timestamp) -> Option<ClockChange> {
        let before = self.time_zone.to_offset(at - SignedDuration::from_nanos(1)).to_datetime(at);
        let after = self.time_zone.to_offset(at).to_datetime(at);
        let (from, to) = (before.min(after), before.max(after));
        let found = self.cron.find_next_occurrence(&Civil(from), true).ok()?.0;
        if found >= to {
            return None;
        }
        // An expression that fires all day long loses nothing by an hour.
        let next = self.cron.find_next_occurrence(&Civil(found), false);
        let hourly = next.is_ok_and(|next| next.0 <= found + HOUR);
        let change = if before < after { ClockChange::Skipped(found) } else { ClockChange::Twice(found) };
        (!hourly).then_some(change)
    }

    /// A moment as the clocks of the zone show it.
    pub fn local(&self, moment: Timestamp) -> String {
        moment.to_zoned_datetime(self.time_zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string()
    }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A zone by its IANA name.
pub(crate) fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| format!("unknown time zone `{name}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn berlin(text: &str) -> Schedule {
        Schedule::new(text, "Europe/Berlin", Duration::from_hours(1)).unwrap()
    }

    #[test]
    fn a_schedule_keeps_to_the_clocks_of_its_zone() {
        let schedule = berlin("0 10 * * TUE");
        let firings: Vec<String> =
            schedule.firings(at("2026-03-20T00:00:00Z")).take(3).map(|firing| firing.to_string()).collect();
        assert_eq!(firings, ["2026-03-24T09:00:00Z", "2026-03-31T08:00:00Z", "2026-04-07T08:00:00Z"]);
        assert_eq!(schedule.local(at("2026-03-31T08:00:00Z")), "Tue 2026-03-31 10:00 CEST");
    }

    #[test]
    fn times_that_daylight_saving_takes_or_gives_twice_are_told_and_fire_once_all_the_same() {
        let schedule = berlin("30 2 * * *");
        let changes = schedule.clock_changes(at("2026-01-01T00:00:00Z"));
        assert_eq!(
            changes,
            [
                ClockChange::Skipped("2026-03-29T02:30:00".parse().unwrap()),
                ClockChange::Twice("2026-10-25T02:30:00".parse().unwrap())
            ]
        );
        let year = at("2027-01-01T00:00:00Z");
        assert_eq!(
            schedule.firings(at("2026-01-01T00:00:00Z")).take_while(|firing| *firing < year).count(),
            365
        );
        assert!(berlin("0 10 * * *").clock_changes(at("2026-01-01T00:00:00Z")).is_empty());
        assert!(berlin("*/5 * * * *").clock_changes(at("2026-01-01T00:00:00Z")).is_empty());
    }

    #[test]
    fn what_never_comes_round_has_no_next_firing_and_what_is_no_expression_is_refused() {
        assert_eq!(berlin("0 0 30 2 *").next(at("2026-01-01T00:00:00Z")), None);
        for wrong in ["", "often", "0 25 * * *", "* * * * * *", "0 10 * * XYZ"] {
            assert!(
                Schedule::new(wrong, "UTC", Duration::ZERO).is_err_and(|why| why.contains("cron")),
                "{wrong}"
            );
        }
        assert!(Schedule::new("0 1 * * *", "Europe/Berlim", Duration::ZERO).is_err());
    }

    #[test]
    fn a_firing_begins_within_its_window_and_is_missed_after_it() {
        let schedule = berlin("0 10 * * *");
        let (night, ten) = (at("2026-07-01T00:00:00Z"), at("2026-07-01T08:00:00Z"));
        let due = |now| schedule.due(night, at(now));
        assert_eq!(due("2026-07-01T07:59:59Z"), Due { until: at("2026-07-01T07:59:59Z"), ..Due::default() });
        assert_eq!(due("2026-07-01T09:00:00Z").begin, Some(ten));
        assert_eq!(due("2026-07-01T09:00:01Z").missed, [ten]);
        let (later, next) = (due("2026-07-02T08:00:00Z"), at("2026-07-02T08:00:00Z"));
        assert_eq!((later.begin, later.missed), (Some(next), vec![ten]));
    }

    #[test]
    fn in_a_year_with_outages_each_firing_is_begun_or_missed_and_none_twice() {
        let schedule = berlin("*/30 * * * *");
        let (begin, end) = (at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"));
        let (mut now, mut since, mut step) = (begin, begin, 1u64);
        let mut told = Vec::new();
        while now < end {
            // Mostly a look a minute; now and then nobody looks for up to two days.
            step = step.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let away = if step >> 60 == 0 { (step >> 20) % 172_800 } else { 60 };
            now = (now + SignedDuration::from_secs(away as i64)).min(end);
            let due = schedule.due(since, now);
            since = due.until;
            told.extend(due.missed.into_iter().chain(due.begin));
        }
        let all: Vec<Timestamp> = schedule.firings(begin).take_while(|firing| *firing <= end).collect();
        assert_eq!(told, all);
    }
}
