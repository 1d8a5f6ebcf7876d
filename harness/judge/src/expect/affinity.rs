//! `affinity`: requests that belong together go to the same backend.

mod claims;
#[cfg(test)]
mod tests;

use measure::affinity::By as Measured;
use measure::aftermath::calm_before;
use measure::brief::Brief;
use measure::failover::Outage;
use measure::view::{Place, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use units::Share;

use super::Expectation;
use crate::claim::{CASES_MIN, Claim};
use crate::forecast::{Forecast, Outlook};

/// Requests with the same key go to the same backend; when that one is out, to one other, and no other key moves.
///
/// # What it checks
/// The key of a request is that of its class (`keys = 50`, with `{key}` in a header, a cookie or the path) or, with
/// `by = "connection"`, the client connection. Looked at is where each request goes *first*.
///
/// - In a phase without faults: every request of a key goes where the one before went. After a fault, a key may come back once.
/// - In a phase with a fault, against the last phase without one before it: a key whose backend the fault is on goes to one
///   other backend and stays there, with first and further attempts; of the other keys, at most the share `moved_max` (0 by
///   default) goes elsewhere. What still reaches a backend that the fault is on is left out: it shows the gateway whether that one
///   works again.
/// - With `comes_back`, in the phase after it: keys are back at their backend once it certainly is in use.
///
/// A move counts only where the backend that was left was certainly in use: requests came to it and succeeded shortly before and
/// after.
///
/// # Why it matters
/// Sessions, caches and uploads in parts live at one backend. A gateway that forgets it logs users out; one that deals all
/// keys anew when one backend goes empties the caches of all the others at the worst moment.
///
/// # When it can't tell
/// Inconclusive with fewer than 10 further requests of keys, or fewer than 10 keys whose backend was known. With two
/// backends of which one is out there is nowhere else to go to. A fault that turns connections away (`refuse`) hides who
/// asked there first. Where the policy declares a `limit`, a full backend explains a move. If no key at all comes back, the
/// backend is not in use, so that nobody can tell: have so many `keys` that some of them come only after the fault. Hash rings
/// may move a few keys needlessly by design: say how many with `moved_max`.
///
/// # Example
/// ```toml
/// [[expect]]
/// in       = "outage"
/// affinity = { by = "key", comes_back = true }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Affinity {
    /// What requests have in common that belong together.
    #[serde(default)]
    pub by: By,
    /// The share of the keys that may move although their backend is in order, below 1.
    #[serde(default = "none")]
    pub moved_max: Share,
    /// Whether keys come back to their backend after the fault, in the phase that follows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub comes_back: bool,
}

/// What requests have in common that belong together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The key of their class: one of its `keys`.
    #[default]
    Key,
    /// The client connection that carried them.
    Connection,
}

impl From<By> for Measured {
    fn from(by: By) -> Self {
        match by {
            By::Key => Measured::Key,
            By::Connection => Measured::Connection,
        }
    }
}

fn none() -> Share {
    Share::new(0.0).unwrap_or_default()
}

/// Why something can't be seen, and what to change.
type Unseen = (String, String);

impl Expectation for Affinity {
    fn claims(&self, view: &View<'_>) -> Vec<Claim> {
        let (brief, Place { phase, traffic, .. }) = (view.brief, view.place);
        let blind = |(why, remedy)| Claim::blind(why, remedy).seen("", self.demanded());
        if let Err(unseen) = self.keyed(brief, traffic) {
            return vec![blind(unseen)];
        }
        let Some(outage) = Outage::of(brief, phase, traffic) else {
            return vec![self.stays(view)];
        };
        let before = match Self::compared(brief, phase, &outage) {
            Ok(before) => before,
            Err(unseen) => return vec![blind(unseen)],
        };
        let back = self.comes_back.then(|| match after(brief, phase, traffic) {
            Ok(after) => self.back(view, before, after, &outage),
            Err(unseen) => blind(unseen),
        });
        self.moves(view, before, &outage).into_iter().chain(back).collect()
    }

    fn forecast(&self, outlook: &Outlook<'_>) -> Vec<Forecast> {
        let (brief, Place { phase, traffic, .. }) = (outlook.brief, outlook.place);
        if let Err((why, _)) = self.keyed(brief, traffic) {
            return vec![Forecast::CannotPass(why)];
        }
        let in_use = (0..brief.backends.len()).filter(|backend| outlook.share_of(*backend) > 0.0).count();
        if in_use < 2 {
            return vec![Forecast::CannotFail("all requests go to the one backend there is".into())];
        }
        let Some(outage) = Outage::of(brief, phase, traffic) else {
            return self.further(outlook).into_iter().collect();
        };
        let after = if self.comes_back { after(brief, phase, traffic).err() } else { None };
        if let Some((why, _)) = Self::compared(brief, phase, &outage).err().or(after) {
            return vec![Forecast::CannotPass(why)];
        }
        let share = |out: bool| -> f64 {
            let of = |backend: &usize| outage.out.contains(&(*backend as u16)) == out;
            (0..brief.backends.len()).filter(of).map(|backend| outlook.share_of(backend)).sum()
        };
        let Some(keys) = self.seen_twice(outlook) else { return Vec::new() };
        let of = |what: &str, share: f64| Forecast::exposures(what, keys * share, CASES_MIN);
        let back = self.comes_back.then(|| of("keys that can come back", share(true)));
        std::iter::once(of("keys whose backend is in order", share(false))).chain(back).collect()
    }

    fn problem(&self) -> Option<String> {
        (self.moved_max.get() >= 1.0).then(|| "`moved_max = 1` allows that all keys move".into())
    }
}

impl Affinity {
    /// That the traffic has keys, where they are asked for.
    fn keyed(&self, brief: &Brief, traffic: Option<u16>) -> Result<(), Unseen> {
        let mut classes = brief.traffic.iter().enumerate();
        let here = |index: usize| traffic.is_none_or(|traffic| usize::from(traffic) == index);
        if self.by == By::Connection || classes.any(|(index, class)| here(index) && class.keys > 0) {
            return Ok(());
        }
        let remedy = "give the traffic `keys = 500` and put `{key}` into what the gateway looks at, or write `by = \"connection\"`";
        Err(("the traffic has no keys".into(), remedy.into()))
    }

    /// The phase by which the backend of each key is known; why there is none, or nothing to see, and what to change.
    fn compared(brief: &Brief, phase: usize, outage: &Outage) -> Result<usize, Unseen> {
        let well = (0..brief.backends.len() as u16).filter(|backend| !outage.out.contains(backend)).count();
        if well < 2 {
            let why = "with fewer than two backends in order, keys have nowhere to go needlessly".into();
            return Err((why, "leave two backends without a fault".into()));
        }
        let name = &brief.phases[phase].name;
        calm_before(brief, outage.during.from).ok_or_else(|| {
            let why =
                format!("there is no phase without faults before `{name}` that shows where keys belong");
            (why, "add a phase without faults before it".into())
        })
    }

    /// How many requests come whose key has come before, as far as the plan tells.
    fn further(&self, outlook: &Outlook<'_>) -> Option<Forecast> {
        if self.by == By::Connection {
            return None;
        }
        let of_class = |class: usize| {
            let (keys, due) = (outlook.brief.traffic[class].keys, outlook.requests_of(class)?);
            Some(if keys > 0 { (due - distinct(keys, due)).max(0.0) } else { 0.0 })
        };
        let further: Option<f64> = outlook.classes().map(of_class).sum();
        Some(Forecast::exposures("further requests of a key", further?, CASES_MIN))
    }

    /// How many keys come in the phase of which the backend is known by then, if as many requests come before.
    fn seen_twice(&self, outlook: &Outlook<'_>) -> Option<f64> {
        if self.by == By::Connection {
            return None;
        }
        let of_class = |class: usize| {
            let keys = outlook.brief.traffic[class].keys;
            let part = distinct(keys, outlook.requests_of(class)?) / f64::from(keys.max(1));
            Some(f64::from(keys) * part * part)
        };
        outlook.classes().map(of_class).sum()
    }

    fn demanded(&self) -> String {
        let back = if self.comes_back { ", and comes back after it" } else { "" };
        format!(
            "a key goes to one backend; if that is out, to one other{back}, and at most {} of the other keys move",
            self.moved_max
        )
    }
}

/// How many of so many keys are drawn at least once.
fn distinct(keys: u32, requests: f64) -> f64 {
    let keys = f64::from(keys.max(1));
    keys * (1.0 - (-requests / keys).exp())
}

/// The phase after an outage, in which keys come back.
fn after(brief: &Brief, phase: usize, traffic: Option<u16>) -> Result<usize, Unseen> {
    let next = Some(phase + 1).filter(|next| *next < brief.phases.len());
    next.filter(|next| Outage::of(brief, *next, traffic).is_none()).ok_or_else(|| {
        let name = &brief.phases[phase].name;
        let why = format!("no phase without faults follows `{name}`, in which keys could come back");
        (why, "add one after it".to_owned())
    })
}

/// The backends that a fault was on before a phase.
fn out_before(brief: &Brief, phase: usize) -> Vec<u16> {
    let from = brief.phases[phase].during.from;
    let earlier = brief.injections.iter().filter(|injection| injection.during.from < from);
    earlier.flat_map(|injection| injection.backends.iter().copied()).collect()
}
