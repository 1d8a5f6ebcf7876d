//! Whether those who had to agree have agreed.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use units::plural;

use crate::day::ApprovalRule;

/// Somebody has agreed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Who.
    pub by: String,
    /// In which role.
    pub role: String,
    /// When.
    pub at: Timestamp,
    /// With which words.
    pub comment: String,
}

/// How long the clocks of two machines may be apart: an approval from later than that is from no clock that counts.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(1);

/// Why an approval does not count for any of the rules at `now`, if so.
pub(crate) fn refusal(
    approval: &Approval,
    rules: &[ApprovalRule],
    asked_by: Option<&str>,
    now: Timestamp,
) -> Option<String> {
    let Some(rule) = rules.iter().find(|rule| rule.role == approval.role) else {
        return Some(format!("no approval by the role `{}` is asked for", approval.role));
    };
    if !rule.by_asker && asked_by == Some(approval.by.as_str()) {
        return Some("whoever asked for the day does not approve it".to_owned());
    }
    let age = now.duration_since(approval.at);
    if age < -CLOCKS_APART {
        return Some(format!("it is from {}, which is yet to come", approval.at));
    }
    let within = SignedDuration::try_from(rule.within).unwrap_or(SignedDuration::MAX);
    (age > within).then(|| format!("it is from {}, longer ago than {}", approval.at, words(rule.within)))
}

/// What is missing, rule by rule, of the approvals that count.
pub(crate) fn missing(rules: &[ApprovalRule], counting: &[&Approval]) -> Vec<String> {
    let missing = rules.iter().filter_map(|rule| {
        let mut people: Vec<&str> =
            counting.iter().filter(|one| one.role == rule.role).map(|one| one.by.as_str()).collect();
        people.sort_unstable();
        people.dedup();
        let left = u64::from(rule.count).saturating_sub(people.len() as u64);
        let what = plural::count(left, "approval");
        (left > 0).then(|| format!("{what} by the role `{}` missing, of {}", rule.role, rule.count))
    });
    missing.collect()
}

/// A length of hours and days as people write it.
pub(crate) fn words(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        _ if seconds > 0 && seconds.is_multiple_of(86_400) => format!("{} d", seconds / 86_400),
        _ if seconds > 0 && seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        _ => units::Timespan(length).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(role: &str, count: u32, by_asker: bool) -> ApprovalRule {
        ApprovalRule { role: role.into(), count, within: Duration::from_hours(24), by_asker }
    }

    fn by(who: &str, hours_ago: i64) -> Approval {
        let at = NOW - SignedDuration::from_hours(hours_ago);
        Approval { by: who.into(), role: "sre".into(), at, comment: String::new() }
    }

    const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

    #[test]
    fn nobody_counts_twice_and_nobody_approves_their_own_unless_the_file_says_so() {
        let (ana, ben) = (by("ana", 1), by("ben", 1));
        assert_eq!(missing(&[rule("sre", 2, false)], &[&ana, &ana]).len(), 1);
        assert!(missing(&[rule("sre", 2, false)], &[&ana, &ben]).is_empty());
        assert!(refusal(&ana, &[rule("sre", 1, false)], Some("ana"), NOW).is_some());
        assert_eq!(refusal(&ana, &[rule("sre", 1, true)], Some("ana"), NOW), None);
        assert_eq!(refusal(&ana, &[rule("sre", 1, false)], Some("ben"), NOW), None);
    }

    #[test]
    fn what_is_too_old_from_the_future_or_from_another_role_does_not_count() {
        let rules = [rule("sre", 1, false)];
        assert_eq!(refusal(&by("ana", 24), &rules, None, NOW), None);
        assert!(
            refusal(&by("ana", 25), &rules, None, NOW).is_some_and(|why| why.contains("longer ago than 1 d"))
        );
        assert!(refusal(&by("ana", -1), &rules, None, NOW).is_some_and(|why| why.contains("yet to come")));
        assert!(refusal(&by("ana", 1), &[rule("dba", 1, false)], None, NOW).is_some());
        let two = [rule("sre", 1, false), rule("dba", 2, false)];
        assert_eq!(
            missing(&two, &[]),
            ["1 approval by the role `sre` missing, of 1", "2 approvals by the role `dba` missing, of 2"]
        );
    }
}
