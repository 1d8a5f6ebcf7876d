//! Choosing a backend: smooth weighted round robin within the first priority group that has one to offer.

use std::collections::HashMap;

use super::affinity;
use super::settings::{Next, Settings, Slip};
use crate::Upstream;

/// The backends of a pool, and whose turn it is.
pub(crate) struct Pool {
    members: Vec<Member>,
    settings: Settings,
    /// The group that stays in use once it was needed, by a defect.
    kept: u32,
    /// Keys that stay where they moved, by a defect.
    moved: HashMap<u64, usize>,
}

/// The most keys that stay where they moved.
const MOVED_MAX: usize = 65_536;

struct Member {
    weight: i64,
    priority: u32,
    /// Whether the configuration has it.
    in_use: bool,
    /// What it is ahead by. The algorithm is nginx's smooth weighted round robin: even weights take strict turns,
    /// and others are interleaved instead of served in bursts.
    current: i64,
}

impl Pool {
    pub(crate) fn new(backends: &[Upstream], settings: &Settings) -> Self {
        let even = settings.slips(Slip::IgnoresWeights);
        let member = |backend: &Upstream| Member {
            weight: if even { i64::from(backend.weight > 0) } else { i64::from(backend.weight) },
            priority: backend.priority,
            in_use: true,
            current: 0,
        };
        Pool {
            members: backends.iter().map(member).collect(),
            settings: settings.clone(),
            kept: 0,
            moved: HashMap::new(),
        }
    }

    /// Picks among these backends only, from now on.
    pub(crate) fn use_only(&mut self, backends: &[usize]) {
        for (index, member) in self.members.iter_mut().enumerate() {
            member.in_use = backends.contains(&index);
        }
    }

    /// The backends that it picks among.
    pub(crate) fn in_use(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|&index| self.members[index].in_use).collect()
    }

    /// The next backend among those that `admits` lets through; `tried` are those that this request has met
    /// already, the latest last. Requests with the same `key` go to the same one. Nothing if none is let through.
    ///
    /// A backend that this request has met counts as out for it as long as another is there, so that a further
    /// attempt goes to the next priority group rather than to the same backend once more.
    pub(crate) fn pick(
        &mut self,
        tried: &[usize],
        next: Next,
        key: Option<u64>,
        admits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let latest = tried.last().copied();
        let may_be = |&i: &usize| self.members[i].in_use && self.members[i].weight > 0 && admits(i);
        let open: Vec<usize> = (0..self.members.len()).filter(may_be).collect();
        let among = |wanted: &dyn Fn(usize) -> bool| -> Vec<usize> {
            open.iter().copied().filter(|&backend| wanted(backend)).collect()
        };
        let untried = among(&|backend| !tried.contains(&backend));
        let not_latest = among(&|backend| Some(backend) != latest);
        match next {
            Next::Same if latest.is_some_and(|latest| open.contains(&latest)) => latest,
            Next::Other if !untried.is_empty() => self.turn(&untried, key),
            Next::Other if !not_latest.is_empty() => self.turn(&not_latest, key),
            _ => self.turn(&open, key),
        }
    }

    /// Takes the turn among `candidates` of the lowest priority number.
    fn turn(&mut self, candidates: &[usize], key: Option<u64>) -> Option<usize> {
        let priorities = || candidates.iter().map(|&backend| self.members[backend].priority);
        let first = priorities().filter(|priority| *priority >= self.kept).min().or(priorities().min())?;
        if self.slips(Slip::KeepsTheSpare) {
            self.kept = first;
        }
        let last = self.last_group(candidates, first);
        let joins = |&backend: &usize| (first..=last).contains(&self.members[backend].priority);
        let group: Vec<usize> = candidates.iter().copied().filter(joins).collect();
        if let Some(key) = key {
            return self.of_key(key, &group, first);
        }
        if self.slips(Slip::LeansOnTheNext) {
            let all: Vec<usize> = self.of_group(first).collect();
            let turn = self.smooth(&all)?;
            return group.iter().copied().find(|&backend| backend >= turn).or(group.first().copied());
        }
        self.smooth(&group)
    }

    /// The backend of a key, among those of a group that are in use.
    fn of_key(&mut self, key: u64, group: &[usize], priority: u32) -> Option<usize> {
        if self.slips(Slip::DealsKeysAnew) {
            return group.get(key as usize % group.len().max(1)).copied();
        }
        if let Some(moved) = self.moved.get(&key).filter(|moved| group.contains(moved)) {
            return Some(*moved);
        }
        let weight = |backend: usize| self.members[backend].weight;
        let chosen = affinity::chosen(key, group, weight);
        if self.slips(Slip::KeepsMovedKeys) && self.moved.len() < MOVED_MAX {
            let all: Vec<usize> = self.of_group(priority).collect();
            let moved = chosen.filter(|_| affinity::chosen(key, &all, weight) != chosen);
            self.moved.extend(moved.map(|moved| (key, moved)));
        }
        chosen
    }

    /// Takes the turn among all of a group by weight.
    fn smooth(&mut self, group: &[usize]) -> Option<usize> {
        let total: i64 = group.iter().map(|&backend| self.members[backend].weight).sum();
        for &backend in group {
            let member = &mut self.members[backend];
            member.current += member.weight;
        }
        // `max_by_key` would take the last of equals; the first is the one that is named first in the scenario.
        let best = group.iter().copied().rev().max_by_key(|&backend| self.members[backend].current)?;
        self.members[best].current -= total;
        Some(best)
    }

    fn slips(&self, slip: Slip) -> bool {
        self.settings.slips(slip)
    }

    /// The backends of a group that take turns, whether a breaker leaves them alone or not; not those that maintenance took out.
    fn of_group(&self, priority: u32) -> impl Iterator<Item = usize> {
        let takes = move |(_, member): &(usize, &Member)| {
            member.in_use && member.priority == priority && member.weight > 0
        };
        self.members.iter().enumerate().filter(takes).map(|(backend, _)| backend)
    }

    /// Up to which group the traffic goes: the first one, unless a defect lets the next one join it.
    fn last_group(&self, candidates: &[usize], first: u32) -> u32 {
        let of_first = self.of_group(first).count();
        let here = candidates.iter().filter(|backend| self.members[**backend].priority == first).count();
        if !self.slips(Slip::SpillsEarly) || here == of_first {
            return first;
        }
        let later = candidates.iter().map(|&backend| self.members[backend].priority);
        later.filter(|priority| *priority > first).min().unwrap_or(first)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use proptest::prelude::*;

    use super::*;

    fn pool(ranks: &[(u32, u32)]) -> Pool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let upstream =
            |&(weight, priority): &_| Upstream { name: String::new(), address, weight, priority, tls: false };
        let settings = Settings::new(&policy::Policy::default(), &[]);
        Pool::new(&ranks.iter().map(upstream).collect::<Vec<_>>(), &settings)
    }

    fn picks(pool: &mut Pool, count: usize) -> Vec<usize> {
        (0..count).filter_map(|_| pool.pick(&[], Next::Any, None, |_| true)).collect()
    }

    #[test]
    fn weights_are_interleaved_as_nginx_does() {
        assert_eq!(picks(&mut pool(&[(5, 0), (1, 0), (1, 0)]), 7), [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn nobody_is_picked_from_an_empty_pool_or_when_all_are_out() {
        assert_eq!(pool(&[]).pick(&[], Next::Any, None, |_| true), None);
        assert_eq!(pool(&[(1, 0), (1, 1)]).pick(&[], Next::Other, None, |_| false), None);
        assert_eq!(pool(&[(0, 0)]).pick(&[], Next::Any, None, |_| true), None);
    }

    #[test]
    fn the_same_backend_is_left_only_when_it_is_out() {
        let mut pool = pool(&[(1, 0), (1, 0)]);
        assert_eq!(pool.pick(&[1], Next::Same, None, |_| true), Some(1));
        assert_eq!(pool.pick(&[1], Next::Same, None, |backend| backend == 0), Some(0));
    }

    #[test]
    fn when_all_have_been_met_it_is_at_least_not_the_latest_again() {
        let mut pool = pool(&[(9, 0), (1, 0)]);
        assert_eq!(pool.pick(&[1, 0], Next::Other, None, |_| true), Some(1));
        assert_eq!(pool.pick(&[0], Next::Other, None, |backend| backend == 0), Some(0));
    }

    proptest! {
        #[test]
        fn over_a_full_turn_each_gets_exactly_its_weight(weights in prop::collection::vec(0..9_u32, 1..6)) {
            let ranks: Vec<_> = weights.iter().map(|weight| (*weight, 0)).collect();
            let turn: u32 = weights.iter().sum();
            let picked = picks(&mut pool(&ranks), turn as usize);
            for (backend, weight) in weights.iter().enumerate() {
                prop_assert_eq!(picked.iter().filter(|pick| **pick == backend).count(), *weight as usize);
            }
        }
    }
}
