//! Names of the source as a scenario takes them: letters, digits, `-`, `_` and `.`.

use std::collections::BTreeSet;

use crate::import::Member;

/// The longest name.
const NAME_MAX: usize = 60;

/// The members by names that a scenario takes, each only once.
pub(crate) fn of_members(members: &[Member]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let fresh = |member: &Member| {
        let name = plain(&member.name);
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken.contains(name));
        let free = free.unwrap_or(name);
        taken.insert(free.clone());
        free
    };
    members.iter().map(fresh).collect()
}

/// The name of the scenario's file, and of the gateway's own beside it, without an ending.
pub fn file_stem(subject: &str) -> String {
    plain(subject)
}

/// A name of which other signs are made dashes.
pub(super) fn plain(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    let name: String =
        name.chars().take(NAME_MAX).map(|letter| if fits(letter) { letter } else { '-' }).collect();
    if name.is_empty() { "backend".into() } else { name }
}

/// The priority groups as a scenario counts them: from 0, without gaps.
pub(super) fn groups(members: &[Member]) -> Vec<usize> {
    let order: BTreeSet<u32> = members.iter().map(|member| member.priority).collect();
    let rank = |member: &Member| order.iter().position(|priority| *priority == member.priority).unwrap_or(0);
    members.iter().map(rank).collect()
}
