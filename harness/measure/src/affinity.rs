//! Whether requests that belong together go to the same backend, where they go while that one is out, and whether they come back.

use std::collections::BTreeMap;
use std::time::Duration;

use evidence::{Attempt, Entry, Tag};

use crate::aside::{SetAside, Why};
use crate::choices::FIRST_ATTEMPTS;
use crate::usable::Usable;
use crate::view::View;

/// What requests have in common that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The key of their class, of which there are so many as its `keys`.
    Key,
    /// The client connection that carried them.
    Connection,
}

/// Requests that belong together: their class, and the key or the client connection in it.
pub type Key = (u16, u32);

/// The key of a request; None where its class has no keys, or where no connection is on record.
pub fn key(view: &View<'_>, entry: &Entry<'_>, by: By) -> Option<Key> {
    let exchange = entry.exchange;
    let keys = view.brief.traffic.get(usize::from(exchange.class)).map_or(0, |class| class.keys);
    match by {
        By::Key => (keys > 0).then(|| (exchange.class, exchange.tag.key(keys))),
        By::Connection => (exchange.connection > 0).then_some((exchange.class, exchange.connection)),
    }
}

/// A request that went to another backend than the one that its key belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The request.
    pub tag: Tag,
    /// Where its key belongs.
    pub home: u16,
    /// Where it went.
    pub went: u16,
}

/// So long before a request was sent its gateway may have known less of a backend than the backend itself.
const KNOWN: Duration = Duration::from_millis(2);

/// Which backends were certainly there for a request.
struct There<'a> {
    usable: Usable<'a>,
    /// A declared limit sends requests elsewhere while a backend has as many as it may have.
    limited: bool,
}

impl<'a> There<'a> {
    fn of(view: &View<'a>) -> Self {
        There { usable: Usable::of(view), limited: view.brief.policy.limit.is_some() }
    }

    /// True if nothing can have kept the gateway from choosing this backend, from before the request was sent to its arrival.
    fn certainly(&self, backend: u16, entry: &Entry<'_>, arrival: &Attempt) -> bool {
        let sent = entry.exchange.sent - KNOWN;
        !self.limited
            && self.usable.certainly(backend, sent)
            && self.usable.certainly(backend, arrival.arrived)
    }
}

/// Where the requests of each key went first.
#[derive(Clone, Debug, Default)]
pub struct Homes {
    /// By key: the backend where its requests belong, and whether one of them went elsewhere.
    by_key: BTreeMap<Key, (u16, bool)>,
    /// Requests that were not the first of their key.
    pub further: u64,
    /// Those of them that went elsewhere than the one before, although its backend was certainly in use.
    pub strays: Vec<Stray>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Homes {
    /// The homes that first attempts of the view's stretch show. Those of `returning` were out before: keys may come back there.
    pub fn of(view: &View<'_>, by: By, returning: &[u16]) -> Self {
        let (mut found, there) = (Homes::default(), There::of(view));
        for entry in view.entries() {
            let Some((key, first)) = key(view, &entry, by).zip(entry.attempts.first()) else { continue };
            if let Some(why) = view.why_apart(&entry, FIRST_ATTEMPTS) {
                found.set_aside.note(why, entry.exchange);
                continue;
            }
            let went = first.backend;
            let (home, strayed) = found.by_key.entry(key).or_insert((went, false));
            if *home != went && returning.contains(&went) {
                *home = went;
            } else if *home != went && !there.certainly(*home, &entry, first) {
                *strayed = true;
                found.set_aside.note(Why::Unavailable, entry.exchange);
            } else {
                found.further += 1;
                if *home != went {
                    *strayed = true;
                    found.strays.push(Stray { tag: first.tag, home: *home, went });
                }
            }
        }
        // The first one of each key shows nothing.
        found.further = found.further.saturating_sub(found.by_key.len() as u64);
        found
    }

    /// How many keys there are.
    pub fn keys(&self) -> u64 {
        self.by_key.len() as u64
    }

    /// The backend to which all requests of a key went; None if there was none, or if they went to several.
    fn home(&self, key: Key) -> Option<u16> {
        self.by_key.get(&key).filter(|(_, strayed)| !strayed).map(|(home, _)| *home)
    }
}

/// Whether keys of which the backend is known are there at another time.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Keys that were seen again while their backend was certainly in use.
    pub keys: u64,
    /// Those of them that went elsewhere: the first such request of each.
    pub away: Vec<Stray>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Kept {
    /// Measures it over the view's stretch, of the keys that belong to one of the backends `of`. What goes first to one that is
    /// `out` may show the gateway whether it works again, and is passed over.
    pub fn of(view: &View<'_>, by: By, homes: &Homes, out: &[u16], of: impl Fn(u16) -> bool) -> Self {
        let (mut found, there) = (Kept::default(), There::of(view));
        let mut seen: BTreeMap<Key, Option<Stray>> = BTreeMap::new();
        for entry in view.entries() {
            let first = entry.attempts.first().filter(|first| !out.contains(&first.backend));
            let Some((key, first)) = key(view, &entry, by).zip(first) else { continue };
            let Some(home) = homes.home(key).filter(|home| of(*home)) else { continue };
            if let Some(why) = view.why_apart(&entry, FIRST_ATTEMPTS) {
                found.set_aside.note(why, entry.exchange);
                continue;
            }
            let went = first.backend;
            if went != home && !there.certainly(home, &entry, first) {
                found.set_aside.note(Why::Unavailable, entry.exchange);
                continue;
            }
            let stray = (went != home).then_some(Stray { tag: first.tag, home, went });
            let away = seen.entry(key).or_default();
            *away = away.or(stray);
        }
        found.keys = seen.len() as u64;
        found.away = seen.into_values().flatten().collect();
        found
    }
}

/// Where the requests of keys go whose backend is out.
#[derive(Clone, Debug, Default)]
pub struct Gathered {
    /// Requests that were not the first of their key to go elsewhere.
    pub further: u64,
    /// Those of them that went to a third backend.
    pub scattered: Vec<Stray>,
    /// What says nothing of the gateway.
    pub set_aside: SetAside,
}

impl Gathered {
    /// Measures it over the view's stretch: where a request arrives first that is not `out`, at the first attempt or a further
    /// one. What arrives at one that is out may show the gateway whether it works again.
    pub fn of(view: &View<'_>, by: By, homes: &Homes, out: &[u16]) -> Self {
        let (mut found, there) = (Gathered::default(), There::of(view));
        let mut others: BTreeMap<Key, u16> = BTreeMap::new();
        for entry in view.entries() {
            let elsewhere = entry.attempts.iter().find(|attempt| !out.contains(&attempt.backend));
            let Some((key, arrival)) = key(view, &entry, by).zip(elsewhere) else { continue };
            if homes.home(key).is_none_or(|home| !out.contains(&home)) {
                continue;
            }
            if let Some(why) = view.why_apart(&entry, FIRST_ATTEMPTS) {
                found.set_aside.note(why, entry.exchange);
                continue;
            }
            let went = arrival.backend;
            match others.get(&key).copied() {
                None => {
                    others.insert(key, went);
                }
                Some(other) if other != went && !there.certainly(other, &entry, arrival) => {
                    found.set_aside.note(Why::Unavailable, entry.exchange);
                }
                Some(home) => {
                    found.further += 1;
                    if home != went {
                        found.scattered.push(Stray { tag: arrival.tag, home, went });
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use evidence::Method;

    use super::*;
    use crate::testing::{Call, Run, Try};

    /// 300 requests of 20 keys; a key's requests go where `choose` says by the number of the request and the key.
    fn run(choose: impl Fn(usize, u32) -> usize + 'static) -> Run {
        let run = Run::new().phase("p", 3.0).class("reads", Method::Get).keys(20);
        let run = run.backend("a").backend("b").backend("c");
        run.calls(300, move |n| {
            let name = ["a", "b", "c"][choose(n, Tag(n as u64).key(20)) % 3];
            Call::due("reads", 10.0 * n as f64).attempt(Try::ok(name))
        })
    }

    fn homes(run: &Run, by: By) -> Homes {
        run.view("p", "reads", |view| Homes::of(view, by, &[]))
    }

    #[test]
    fn a_key_that_stays_has_one_home() {
        let found = homes(&run(|_, key| key as usize), By::Key);
        assert_eq!((found.keys(), found.further, found.strays.len()), (20, 280, 0));
    }

    #[test]
    fn turns_are_no_home_however_regular_they_are() {
        let found = homes(&run(|n, _| n), By::Key);
        assert!(found.strays.len() > 100, "{}", found.strays.len());
    }

    #[test]
    fn a_key_may_come_back_to_a_backend_that_was_out() {
        let comes_back = run(|n, key| if n < 150 && key % 3 == 0 { 1 } else { key as usize });
        let of = |returning: &[u16]| {
            comes_back.view("p", "reads", |view| Homes::of(view, By::Key, returning).strays.len())
        };
        assert_eq!(of(&[0]), 0);
        assert!(of(&[]) > 0);
    }

    #[test]
    fn a_client_connection_belongs_together_where_that_is_asked() {
        let run = Run::new().phase("p", 1.0).class("reads", Method::Get).backend("a").backend("b");
        let run = run.calls(40, |n| {
            let connection = (n % 4) as u32 + 1;
            let call = Call::due("reads", n as f64).attempt(Try::ok(if connection < 3 { "a" } else { "b" }));
            call.row(move |exchange| exchange.connection = connection)
        });
        let found = homes(&run, By::Connection);
        assert_eq!((found.keys(), found.strays.len()), (4, 0));
        assert_eq!(homes(&run, By::Key).keys(), 0, "a class without keys has none");
    }

    #[test]
    fn a_backend_that_may_have_been_left_alone_is_no_home_that_was_left() {
        let run = Run::new().phase("p", 3.0).class("reads", Method::Get).keys(20).backend("a").backend("b");
        // `a` fails at half time without any fault, and everything goes to `b` from then on.
        let run = run.calls(300, |n| {
            let key = Tag(n as u64).key(20);
            let call = Call::due("reads", 10.0 * n as f64);
            match n {
                0..150 => call.attempt(Try::ok(["a", "b"][key as usize % 2])),
                150 => call.attempt(Try::ok("a").status(503)),
                _ => call.attempt(Try::ok("b")),
            }
        });
        let found = homes(&run, By::Key);
        assert_eq!(found.strays, []);
        assert!(found.set_aside.count(Why::Unavailable) > 10);
    }
}
