//! What became of a header, or of the path and query, on its way through the gateway: what was sent against what arrived.

use evidence::{Entry, Header, Ledger, Message, Tag, TagEcho, UNKNOWN_ATTEMPT};

use crate::aside::{SetAside, Why};
use crate::view::View;

/// Messages of each fate that are kept.
const KEPT: usize = 5;

/// What became of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was not sent, and did not arrive.
    Nowhere,
    /// It was not sent, and arrived: it is the gateway's.
    Added,
    /// It was sent, and did not arrive.
    Removed,
    /// It arrived as it was sent.
    Forwarded,
    /// What arrived begins with the items that were sent, and has more behind them.
    Appended,
    /// What arrived has items that were sent, and others, in another order.
    Mixed,
    /// What arrived has nothing of what was sent.
    Replaced,
    /// What arrived is another value, and whether it has the one that was sent in it can't be told from hashes.
    Untold,
}

impl Fate {
    /// All of them.
    pub const ALL: [Fate; 8] = [
        Fate::Nowhere,
        Fate::Added,
        Fate::Removed,
        Fate::Forwarded,
        Fate::Appended,
        Fate::Mixed,
        Fate::Replaced,
        Fate::Untold,
    ];

    /// Of a header by what is on record of it at both ends.
    pub fn of(sent: &Header, arrived: &Header) -> Fate {
        match (sent.is_there(), arrived.is_there()) {
            (false, false) => Fate::Nowhere,
            (false, true) => Fate::Added,
            (true, false) => Fate::Removed,
            (true, true) if sent.is_same(arrived) => Fate::Forwarded,
            (true, true) => match (&sent.text, &arrived.text) {
                (Some(sent), Some(arrived)) => of_texts(sent, arrived),
                // Nothing that was sent can stand beside something else in as few items.
                _ if arrived.items <= 1 => Fate::Replaced,
                _ => Fate::Untold,
            },
        }
    }
}

fn of_texts(sent: &str, arrived: &str) -> Fate {
    let items = |text: &str| -> Vec<String> {
        text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    };
    let (sent, arrived) = (items(sent), items(arrived));
    if arrived.len() > sent.len() && arrived.starts_with(&sent) {
        Fate::Appended
    } else if sent == arrived {
        Fate::Forwarded
    } else if sent.iter().any(|item| arrived.contains(item)) {
        Fate::Mixed
    } else {
        Fate::Replaced
    }
}

/// Where a header is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the client to the backends, attempt by attempt.
    Request,
    /// From the backend that answered to the client.
    Answer,
}

/// One message with what is on record of it at both ends.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// The request.
    pub tag: Tag,
    /// The backend.
    pub backend: u16,
    /// Whether it is a further attempt at the request, or the answer to one.
    pub is_further: bool,
    sent: &'a [Header],
    arrived: &'a [Header],
}

impl<'a> Pair<'a> {
    /// A header at both ends, by its index in the plan; `None` if it is not on record.
    pub fn header(&self, index: u16) -> Option<(&'a Header, &'a Header)> {
        let find = |rows: &'a [Header]| rows.iter().find(|row| row.header == index);
        find(self.sent).zip(find(self.arrived))
    }
}

/// All messages of a request that went one way; what is not on record of them is noted in `aside`.
pub fn pairs<'a>(ledger: &'a Ledger, entry: &Entry<'a>, way: Way, aside: &mut SetAside) -> Vec<Pair<'a>> {
    let exchange = entry.exchange;
    let rows = ledger.headers(exchange.tag);
    let part = |message: Message, attempt: u16| {
        let first = rows.partition_point(|row| (row.message, row.attempt) < (message, attempt));
        let count = rows[first..].partition_point(|row| (row.message, row.attempt) == (message, attempt));
        &rows[first..first + count]
    };
    let answers =
        |number: u16| way == Way::Request || (number == exchange.attempt && exchange.echo == TagEcho::Same);
    let attempts = entry.attempts.iter().filter(|attempt| answers(attempt.number));
    let mut found = Vec::new();
    for attempt in attempts {
        let (sent, arrived) = match way {
            Way::Request => (part(Message::ClientSent, 0), part(Message::BackendReceived, attempt.number)),
            Way::Answer => (part(Message::BackendSent, attempt.number), part(Message::ClientReceived, 0)),
        };
        if sent.is_empty() || arrived.is_empty() || attempt.number == UNKNOWN_ATTEMPT {
            aside.note(Why::Lost, exchange);
        } else {
            let is_further = attempt.number > 1;
            found.push(Pair { tag: exchange.tag, backend: attempt.backend, is_further, sent, arrived });
        }
    }
    found
}

/// What became of one header, message by message. Neither stalls nor edges of phases explain a difference.
#[derive(Clone, Debug, Default)]
pub struct Passage {
    /// Messages by what became of it: of first attempts, and of further ones.
    counts: [(u64, u64); Fate::ALL.len()],
    /// The first few of each.
    shown: [Vec<Tag>; Fate::ALL.len()],
    /// Messages that are not on record.
    pub set_aside: SetAside,
}

impl Passage {
    /// Of the header with this index in the plan, or of [`evidence::TARGET`].
    pub fn of(view: &View<'_>, way: Way, header: u16) -> Self {
        let mut passage = Passage::default();
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            for pair in pairs(view.ledger, &entry, way, &mut passage.set_aside) {
                match pair.header(header) {
                    Some((sent, arrived)) => passage.take(&pair, Fate::of(sent, arrived)),
                    None => passage.set_aside.note(Why::Lost, entry.exchange),
                }
            }
        }
        passage
    }

    fn take(&mut self, pair: &Pair<'_>, fate: Fate) {
        let (first, further) = &mut self.counts[fate as usize];
        *(if pair.is_further { further } else { first }) += 1;
        let shown = &mut self.shown[fate as usize];
        if shown.len() < KEPT && shown.last() != Some(&pair.tag) {
            shown.push(pair.tag);
        }
    }

    /// Messages with one of these fates.
    pub fn count(&self, fates: &[Fate]) -> u64 {
        fates.iter().map(|fate| self.counts[*fate as usize]).map(|(first, further)| first + further).sum()
    }

    /// Those of them that were further attempts, or answers to one.
    pub fn further(&self, fates: &[Fate]) -> u64 {
        fates.iter().map(|fate| self.counts[*fate as usize].1).sum()
    }

    /// The first few requests with this fate.
    pub fn shown(&self, fate: Fate) -> &[Tag] {
        &self.shown[fate as usize]
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn header(text: Option<&str>, secret: bool) -> Header {
        let items = text.map_or(0, |text| text.split(',').count() as u16);
        Header {
            tag: Tag(1),
            attempt: 0,
            message: Message::ClientSent,
            header: 0,
            lines: u16::from(text.is_some()),
            items,
            hash: text.map_or(0, |text| evidence::body_hash(text.as_bytes())),
            text: text.filter(|_| !secret).map(Into::into),
        }
    }

    #[rstest]
    #[case(None, None, Fate::Nowhere, Fate::Nowhere)]
    #[case(None, Some("a"), Fate::Added, Fate::Added)]
    #[case(Some("a"), None, Fate::Removed, Fate::Removed)]
    #[case(Some("a"), Some("a"), Fate::Forwarded, Fate::Forwarded)]
    #[case(Some("a, b"), Some("a,b"), Fate::Forwarded, Fate::Untold)]
    #[case(Some("a"), Some("a, b"), Fate::Appended, Fate::Untold)]
    #[case(Some("a"), Some("b, a"), Fate::Mixed, Fate::Untold)]
    #[case(Some("a, b"), Some("a"), Fate::Mixed, Fate::Replaced)]
    #[case(Some("a"), Some("ab"), Fate::Replaced, Fate::Replaced)]
    #[case(Some("a"), Some("b, c"), Fate::Replaced, Fate::Untold)]
    fn a_fate_is_told_from_texts_and_from_hashes_as_far_as_they_tell_it(
        #[case] sent: Option<&str>,
        #[case] arrived: Option<&str>,
        #[case] from_texts: Fate,
        #[case] from_hashes: Fate,
    ) {
        assert_eq!(Fate::of(&header(sent, false), &header(arrived, false)), from_texts);
        assert_eq!(Fate::of(&header(sent, true), &header(arrived, true)), from_hashes);
    }
}
