//! How requests are spread over the backends: where first attempts go, and whether a choice holds for a key or a connection.

use std::collections::HashMap;

use evidence::{Entry, Tag};
use units::Stretch;

use crate::affinity::{By, Key, key};
use crate::aside::SetAside;
use crate::view::{STALL_BORNE, Sight, View};

/// Where the first attempts of a stretch went.
#[derive(Clone, Debug)]
pub struct Choices {
    /// First attempts at each backend, by its index.
    pub counts: Vec<u64>,
    /// The first one at each backend.
    pub first_at: Vec<Option<Tag>>,
    /// All of them.
    pub total: u64,
    /// How many of them tell as much as one independent choice: 1 where each request is a choice of its own, the
    /// requests of a key, or of a connection, where the gateway chooses once for each.
    pub effect: f64,
    /// Those that say nothing of the gateway.
    pub set_aside: SetAside,
}

/// Which exchanges show where a gateway sends a request first: a backend that turned it away would not be on record.
pub const FIRST_ATTEMPTS: Sight =
    Sight { attempts: true, client: false, disturbance: STALL_BORNE, first: true };

impl Choices {
    /// The spread of the requests that were due in a stretch.
    pub fn due_in(view: &View<'_>, stretch: Stretch) -> Self {
        let backends = view.brief.backends.len();
        let mut choices = Choices {
            counts: vec![0; backends],
            first_at: vec![None; backends],
            total: 0,
            effect: 1.0,
            set_aside: SetAside::default(),
        };
        let mut together: HashMap<Option<Key>, u64> = HashMap::new();
        for entry in view.entries_due(stretch) {
            let Some(first) = entry.attempts.first() else { continue };
            if let Some(why) = view.why_apart(&entry, FIRST_ATTEMPTS) {
                choices.set_aside.note(why, entry.exchange);
                continue;
            }
            let backend = usize::from(first.backend);
            let Some(count) = choices.counts.get_mut(backend) else { continue };
            *count += 1;
            choices.total += 1;
            choices.first_at[backend].get_or_insert(first.tag);
            *together.entry(chosen_by(view, &entry)).or_default() += 1;
        }
        choices.effect = effect(stickiness(view), together.values().copied());
        choices
    }

    /// The share of a backend; 0 of none.
    pub fn share(&self, backend: usize) -> f64 {
        self.counts.get(backend).map_or(0.0, |count| *count as f64 / self.total.max(1) as f64)
    }

    /// First attempts at a backend and in all, as so many independent choices.
    pub fn independent(&self, backend: usize) -> (u64, u64) {
        let total = (self.total as f64 / self.effect).floor();
        ((self.share(backend) * total).round() as u64, total as u64)
    }
}

/// What a choice may hold for: the key of a request, or its client connection where its class has no keys.
fn chosen_by(view: &View<'_>, entry: &Entry<'_>) -> Option<Key> {
    key(view, entry, By::Key).or_else(|| key(view, entry, By::Connection))
}

/// How many requests tell as much as one independent choice, if the next request of a key or a connection goes where the
/// last one went with the probability `sticky`, beyond chance.
fn effect(sticky: f64, together: impl Iterator<Item = u64>) -> f64 {
    let (mut total, mut squares) = (0.0, 0.0);
    for count in together {
        total += count as f64;
        squares += (count as f64).powi(2);
    }
    if total == 0.0 {
        return 1.0;
    }
    // Sticking to the end: a key or a connection is one choice. Sticking for a while: so much less than its requests.
    let of_a_chain = if sticky < 1.0 { (1.0 + sticky) / (1.0 - sticky) } else { f64::INFINITY };
    of_a_chain.min(squares / total).max(1.0)
}

/// Pairs of requests that it takes to tell whether choices hold for a key or a connection.
const PAIRS_MIN: u64 = 20;

/// With less agreement beyond chance than this, each request is a choice of its own.
const STICKY_MIN: f64 = 0.1;

/// How often the next request of a key, or of a client connection where there are no keys, goes where the last one went, beyond
/// chance, from 0 to 1.
///
/// It is told from the whole run: it is how the gateway chooses, and a stretch in which one backend gets everything does
/// not show it.
fn stickiness(view: &View<'_>) -> f64 {
    if view.brief.backends.len() == 1 {
        // There is nothing to choose.
        return 0.0;
    }
    let mut last: HashMap<Option<Key>, u16> = HashMap::new();
    let mut counts: HashMap<u16, u64> = HashMap::new();
    let (mut pairs, mut same) = (0u64, 0u64);
    for entry in view.ledger.entries().filter(|entry| view.takes(entry.exchange.class)) {
        let Some(first) = entry.attempts.first() else { continue };
        *counts.entry(first.backend).or_default() += 1;
        if let Some(before) = last.insert(chosen_by(view, &entry), first.backend) {
            pairs += 1;
            same += u64::from(before == first.backend);
        }
    }
    let total: u64 = counts.values().sum();
    let by_chance: f64 = counts.values().map(|count| (*count as f64 / total.max(1) as f64).powi(2)).sum();
    if pairs < PAIRS_MIN {
        // Hardly any connection carried a second request.
        return 0.0;
    }
    if by_chance >= 1.0 {
        // Everything went to one backend: nobody can tell one choice from many.
        return 1.0;
    }
    let beyond = (same as f64 / pairs as f64 - by_chance) / (1.0 - by_chance);
    if beyond < STICKY_MIN { 0.0 } else { beyond.min(1.0) }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::model::Draws;
    use crate::testing::{Call, Run, Try};

    /// 1 000 requests over 20 client connections, each request at a backend that `choose` names by its number and that
    /// of its connection.
    fn run(choose: impl Fn(usize, u32) -> bool + Copy + 'static) -> Run {
        let run = Run::new().phase("p", 10.0).backend("a").backend("b").class("reads", Method::Get);
        run.calls(1_000, move |n| {
            let connection = (n % 20) as u32 + 1;
            Call::due("reads", 10.0 * n as f64)
                .attempt(Try::ok(if choose(n, connection) { "a" } else { "b" }))
                .row(move |exchange| exchange.connection = connection)
        })
    }

    fn independent(run: &Run) -> (u64, u64) {
        run.view("p", "reads", |view| Choices::due_in(view, view.stretch).independent(0))
    }

    #[test]
    fn a_choice_for_each_request_is_as_many_choices() {
        assert_eq!(independent(&run(|n, _| Draws(n as u64).part() < 0.5)).1, 1_000);
        assert_eq!(independent(&run(|n, _| (n / 20 + n) % 2 == 0)), (500, 1_000));
    }

    #[test]
    fn a_choice_for_each_connection_is_as_many_choices_as_connections() {
        assert_eq!(independent(&run(|_, connection| connection <= 12)), (12, 20));
    }

    #[test]
    fn a_choice_for_each_key_is_as_many_choices_as_keys() {
        let run = Run::new().phase("p", 10.0).backend("a").backend("b").class("reads", Method::Get).keys(50);
        let run = run.calls(1_000, |n| {
            let home = if Tag(n as u64).key(50) < 30 { "a" } else { "b" };
            Call::due("reads", 10.0 * n as f64).attempt(Try::ok(home))
        });
        let (hits, count) = independent(&run);
        assert!((40..=50).contains(&count) && (24..=34).contains(&hits), "{hits} of {count}");
    }

    #[test]
    fn everything_at_one_backend_may_be_one_choice_for_each_connection() {
        assert_eq!(independent(&run(|_, _| true)), (20, 20));
    }

    #[test]
    fn with_one_backend_there_is_no_choice_that_could_hold_for_a_connection() {
        let run = Run::new().phase("p", 10.0).backend("a").class("reads", Method::Get);
        let run = run.calls(100, |n| {
            let call = Call::due("reads", 10.0 * n as f64).attempt(Try::ok("a"));
            call.row(|exchange| exchange.connection = 1)
        });
        assert_eq!(independent(&run), (100, 100));
    }

    #[test]
    fn how_a_gateway_chooses_is_seen_where_it_chooses() {
        let run = run(|n, _| n >= 500 || (n / 20 + n) % 2 == 0).phase("after", 1.0);
        let late = run.view("p", "reads", |view| {
            Choices::due_in(view, Stretch { from: crate::testing::at(5_000.0), to: view.stretch.to })
        });
        assert_eq!(late.counts, [500, 0]);
        assert!(late.effect < 4.0, "{}", late.effect);
    }
}
