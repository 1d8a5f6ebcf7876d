//! What is claimed of keys: that they stay, that only those of a backend that is out move, and that they come back.

use evidence::Tag;
use measure::affinity::{Gathered, Homes, Kept, Stray};
use measure::brief::Brief;
use measure::failover::Outage;
use measure::view::View;
use units::plural::count;

use super::{Affinity, out_before};
use crate::against::{Bad, at_most_bad};
use crate::claim::Claim;
use crate::estimates;

/// Requests that are shown.
const SHOWN: usize = 5;

impl Affinity {
    /// Keys stay while all is well.
    pub(super) fn stays(&self, view: &View<'_>) -> Claim {
        let homes = Homes::of(view, self.by.into(), &out_before(view.brief, view.place.phase));
        let (strays, further) = (homes.strays.len() as u64, homes.further);
        let of = count(further, "further request");
        let seen = format!("{strays} of {of} went to another backend than the one of their key before");
        let (keys, phase) = (count(homes.keys(), "key"), view.phase_name());
        Claim::never(strays, further, view.place.samples_min)
            .says(
                format!("each of {keys} stayed at its backend in `{phase}`"),
                format!("{seen} in `{phase}`"),
            )
            .because(seen.clone())
            .seen(seen, "every request of a key goes where the one before went")
            .shown(shown(view.brief, &homes.strays))
            .aside(homes.set_aside)
            .remedy("send more requests, so that each key comes again, or have fewer `keys`")
    }

    /// What becomes of keys while backends are out.
    pub(super) fn moves(&self, view: &View<'_>, before: usize, outage: &Outage) -> [Claim; 2] {
        let homes = self.homes(view, before);
        [self.others_stay(view, &homes, outage), self.gather(view, &homes, outage)]
    }

    fn others_stay(&self, view: &View<'_>, homes: &Homes, outage: &Outage) -> Claim {
        let kept = Kept::of(view, self.by.into(), homes, &outage.out, |home| !outage.out.contains(&home));
        let (away, phase) = (kept.away.len() as u64, view.phase_name());
        let seen = format!("{away} of {} moved whose backend was in order", count(kept.keys, "key"));
        let cases = Bad { bad: away, count: kept.keys };
        at_most_bad(cases, self.moved_max.get(), view.place.samples_min)
            .says(
                format!("keys of backends in order stayed where they were in `{phase}`"),
                format!("{seen} in `{phase}`"),
            )
            .because(seen.clone())
            .seen(seen, self.demanded())
            .estimate(estimates::share("keys that moved needlessly", away, kept.keys))
            .shown(shown(view.brief, &kept.away))
            .aside(kept.set_aside)
            .remedy("give the class more `keys`, or send more requests before the fault")
    }

    fn gather(&self, view: &View<'_>, homes: &Homes, outage: &Outage) -> Claim {
        let found = Gathered::of(view, self.by.into(), homes, &outage.out);
        let (scattered, phase) = (found.scattered.len() as u64, view.phase_name());
        let of = count(found.further, "further request");
        let seen = format!("{scattered} of {of} of keys whose backend was out went to yet another one");
        Claim::never(scattered, found.further, view.place.samples_min)
            .says(
                format!("keys whose backend was out went to one other in `{phase}`"),
                format!("{seen} in `{phase}`"),
            )
            .because(seen.clone())
            .seen(seen, "a key whose backend is out goes to one other")
            .shown(shown(view.brief, &found.scattered))
            .aside(found.set_aside)
            .remedy("send more requests, so that each key comes again while its backend is out")
    }

    /// Keys are back at their backend once it is in use again.
    pub(super) fn back(&self, view: &View<'_>, before: usize, after: usize, outage: &Outage) -> Claim {
        let homes = self.homes(view, before);
        let later = view.at_phase(after);
        let kept = Kept::of(&later, self.by.into(), &homes, &[], |home| outage.out.contains(&home));
        let (away, phase) = (kept.away.len() as u64, later.phase_name());
        let of = count(kept.keys, "key");
        let seen = format!("{away} of {of} went elsewhere although their backend was in use again");
        Claim::never(away, kept.keys, view.place.samples_min)
            .says(format!("{of} came back to their backend in `{phase}`"), format!("{seen} in `{phase}`"))
            .because(seen.clone())
            .seen(seen, "a key comes back to its backend when that one is in use again")
            .shown(shown(view.brief, &kept.away))
            .aside(kept.set_aside)
            .remedy("have so many `keys` that some of them come only after the fault, or send more requests after it")
    }

    fn homes(&self, view: &View<'_>, before: usize) -> Homes {
        Homes::of(&view.at_phase(before), self.by.into(), &out_before(view.brief, before))
    }
}

fn shown(brief: &Brief, strays: &[Stray]) -> Vec<(Tag, String)> {
    let name = |backend: u16| brief.backend_name(backend);
    let shows = |stray: &Stray| {
        let words = format!("went to `{}`; its key belongs to `{}`", name(stray.went), name(stray.home));
        (stray.tag, words)
    };
    strays.iter().take(SHOWN).map(shows).collect()
}
