//! Which credential of a client reached which backend, and what bodies of errors disclose.

use std::collections::HashMap;

use evidence::{Disclosed, Message, NO_BACKEND, Tag};

use crate::aside::SetAside;
use crate::passage::{Fate, Way, pairs};
use crate::view::View;

/// Requests of each kind that are kept.
const KEPT: usize = 5;

/// Requests of one kind.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    /// How many there are.
    pub count: u64,
    /// The first few.
    pub shown: Vec<Tag>,
}

impl Cases {
    fn add(&mut self, tag: Tag) {
        self.count += 1;
        if self.shown.len() < KEPT {
            self.shown.push(tag);
        }
    }
}

/// What reached one backend of a credential that clients sent.
#[derive(Clone, Debug, Default)]
pub struct AtBackend {
    /// Attempts of requests that had it.
    pub attempts: u64,
    /// Those that it reached as it was sent, or with more items behind it.
    pub reached: Cases,
    /// Those that it did not reach.
    pub missing: Cases,
    /// Those that may have it among other items, which hashes don't tell.
    pub untold: u64,
}

/// Where a credential went.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// By the backend's index.
    pub backends: Vec<AtBackend>,
    /// Attempts that would have shown a credential of another request: clients sent different ones.
    pub distinct: u64,
    /// Attempts that had the credential of another request.
    pub foreign: Cases,
    /// What is not on record.
    pub set_aside: SetAside,
}

impl Credentials {
    /// Of the header with this index in the plan.
    pub fn of(view: &View<'_>, header: u16) -> Self {
        let owners = owners(view, header);
        let differ = owners.len() > 1;
        let backends = vec![AtBackend::default(); view.brief.backends.len()];
        let mut found = Credentials { backends, ..Credentials::default() };
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            for pair in pairs(view.ledger, &entry, Way::Request, &mut found.set_aside) {
                let Some((sent, arrived)) = pair.header(header) else { continue };
                found.distinct += u64::from(differ);
                let others =
                    arrived.is_there() && !arrived.is_same(sent) && owners.contains_key(&arrived.hash);
                if others {
                    found.foreign.add(pair.tag);
                }
                let Some(at) = found.backends.get_mut(usize::from(pair.backend)) else { continue };
                if !sent.is_there() {
                    continue;
                }
                at.attempts += 1;
                match Fate::of(sent, arrived) {
                    Fate::Forwarded | Fate::Appended | Fate::Mixed => at.reached.add(pair.tag),
                    Fate::Untold => at.untold += 1,
                    Fate::Nowhere | Fate::Added | Fate::Removed | Fate::Replaced => at.missing.add(pair.tag),
                }
            }
        }
        found
    }
}

/// The values that clients sent in the whole run, by hash.
fn owners(view: &View<'_>, header: u16) -> HashMap<u64, Tag> {
    let mut owners = HashMap::new();
    for entry in view.ledger.entries() {
        let rows = view.ledger.headers(entry.exchange.tag).iter();
        let sent = rows.filter(|row| row.message == Message::ClientSent && row.header == header);
        owners.extend(sent.filter(|row| row.is_there()).map(|row| (row.hash, row.tag)));
    }
    owners
}

/// What the bodies of errors that the gateway made itself disclose.
#[derive(Clone, Debug, Default)]
pub struct Disclosures {
    /// Errors whose bodies were searched.
    pub searched: u64,
    /// Those with a credential of the request in them.
    pub credentials: Cases,
    /// Those with the address of a backend in them.
    pub addresses: Cases,
}

impl Disclosures {
    /// Of the errors that clients saw.
    pub fn of(view: &View<'_>) -> Self {
        let mut found = Disclosures::default();
        for exchange in view.entries().map(|entry| entry.exchange) {
            if exchange.backend != NO_BACKEND || exchange.disclosed == Disclosed::Unknown {
                continue;
            }
            found.searched += 1;
            match exchange.disclosed {
                Disclosed::Credential => found.credentials.add(exchange.tag),
                Disclosed::Address => found.addresses.add(exchange.tag),
                Disclosed::Nothing | Disclosed::Unknown => {}
            }
        }
        found
    }
}
