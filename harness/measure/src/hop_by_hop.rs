//! Headers that belong to one connection, and whether a gateway passed them on all the same (RFC 9110, section 7.6.1).

use evidence::{Header, Tag};

use crate::aside::SetAside;
use crate::passage::{Pair, Way, pairs};
use crate::view::View;

/// The header that names others.
pub const CONNECTION: &str = "connection";

/// What an intermediary removes even where `connection` does not name it.
pub const ALWAYS: [&str; 4] = ["keep-alive", "proxy-connection", "te", "upgrade"];

/// Messages that are kept.
const KEPT: usize = 5;

/// Messages with headers that belong to one connection.
#[derive(Clone, Debug, Default)]
pub struct HopByHop {
    /// Messages that had any.
    pub messages: u64,
    /// Those in which one arrived as it was sent.
    pub passed_on: u64,
    /// The first few of them, with the header.
    pub shown: Vec<(Tag, String)>,
    /// Messages that are not on record.
    pub set_aside: SetAside,
}

impl HopByHop {
    /// Of messages that go one way.
    pub fn of(view: &View<'_>, way: Way) -> Self {
        let mut found = HopByHop::default();
        let index = |name: &str| {
            let at = view.brief.headers.iter().position(|header| header.name.eq_ignore_ascii_case(name));
            at.map(|index| index as u16)
        };
        let Some(connection) = index(CONNECTION) else { return found };
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            for pair in pairs(view.ledger, &entry, way, &mut found.set_aside) {
                let Some((nominates, renews)) = pair.header(connection) else { continue };
                let (nominates, renews) = (items(nominates), items(renews));
                let by_name = nominates.iter().map(String::as_str);
                let names = by_name.chain(ALWAYS.into_iter().filter(|name| !is_in(&nominates, name)));
                let sent: Vec<_> =
                    names.filter_map(|name| Some((name, present(&pair, index(name)?)?))).collect();
                // Such as the gateway may well name for its own connection, where it has the same value.
                let own = |name: &str| ALWAYS.contains(&name) && is_in(&renews, name);
                let passed_on = sent.iter().find(|(name, same)| *same && !own(name));
                found.messages += u64::from(!sent.is_empty());
                if let Some((name, _)) = passed_on {
                    found.passed_on += 1;
                    if found.shown.len() < KEPT {
                        found.shown.push((pair.tag, (*name).to_owned()));
                    }
                }
            }
        }
        found
    }
}

/// The items of a `connection` header.
fn items(connection: &Header) -> Vec<String> {
    let text = connection.text.as_deref().unwrap_or_default();
    text.split(',').map(|item| item.trim().to_ascii_lowercase()).filter(|item| !item.is_empty()).collect()
}

fn is_in(items: &[String], name: &str) -> bool {
    items.iter().any(|item| item == name)
}

/// Whether a header that was sent arrived as it was; `None` if it was not sent.
fn present(pair: &Pair<'_>, index: u16) -> Option<bool> {
    let (sent, arrived) = pair.header(index)?;
    sent.is_there().then(|| sent.is_same(arrived))
}
