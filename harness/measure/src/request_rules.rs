//! Whether attempts had what the declared policy puts into requests and lacked what it takes out: headers by rule, and the
//! credential of each backend.

use evidence::{Header, Tag};
use policy::{credential_key, set_key};

use crate::aside::{SetAside, Why};
use crate::passage::{Pair, Way, pairs};
use crate::view::View;

/// Requests that are kept of those that show a broken rule.
const KEPT: usize = 5;

/// A rule of the declared policy for one header of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderRule<'a> {
    /// It arrives with the declared value.
    Set,
    /// It arrives with what was sent, and this value behind it.
    Append(&'a str),
    /// It does not arrive.
    Remove,
}

/// Attempts that would show a broken rule, and those that do.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Attempts that would.
    pub cases: u64,
    /// Those that do.
    pub broken: u64,
    /// The first few of them.
    pub shown: Vec<Tag>,
}

impl Kept {
    fn add(&mut self, tag: Tag, holds: bool) {
        self.cases += 1;
        self.broken += u64::from(!holds);
        if !holds && self.shown.len() < KEPT && self.shown.last() != Some(&tag) {
            self.shown.push(tag);
        }
    }
}

/// How a rule for one header was kept.
#[derive(Clone, Debug, Default)]
pub struct HeaderRuleKept {
    /// By first attempts.
    pub first: Kept,
    /// By further ones.
    pub further: Kept,
    /// What is not on record.
    pub set_aside: SetAside,
}

impl HeaderRuleKept {
    /// Of a header by its name. `None` if it is not on record, or the value that is to arrive is not.
    pub fn of(view: &View<'_>, name: &str, rule: HeaderRule<'_>) -> Option<Self> {
        let header = index(view, name)?;
        let hash = match rule {
            HeaderRule::Set => *view.brief.declared_hashes.get(&set_key(name))?,
            HeaderRule::Append(_) | HeaderRule::Remove => 0,
        };
        let mut found = HeaderRuleKept::default();
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            for pair in pairs(view.ledger, &entry, Way::Request, &mut found.set_aside) {
                let Some((sent, arrived)) = pair.header(header) else {
                    found.set_aside.note(Why::Lost, entry.exchange);
                    continue;
                };
                let Some(holds) = holds(rule, hash, sent, arrived) else { continue };
                let kept = if pair.is_further { &mut found.further } else { &mut found.first };
                kept.add(pair.tag, holds);
            }
        }
        Some(found)
    }
}

/// Whether a message keeps a rule; `None` if it would not show a broken one, or hashes don't tell.
fn holds(rule: HeaderRule<'_>, hash: u64, sent: &Header, arrived: &Header) -> Option<bool> {
    match rule {
        HeaderRule::Set => Some(is_value(arrived, hash)),
        // A gateway that removes nothing shows where there was something to remove.
        HeaderRule::Remove => (sent.is_there() || arrived.is_there()).then_some(!arrived.is_there()),
        HeaderRule::Append(value) => {
            let before = match (sent.is_there(), &sent.text) {
                (false, _) => String::new(),
                (true, Some(text)) => format!("{text}, "),
                (true, None) => return None,
            };
            match (arrived.is_there(), &arrived.text) {
                (true, Some(text)) => Some(items(text).eq(items(&format!("{before}{value}")))),
                (true, None) => None,
                (false, _) => Some(false),
            }
        }
    }
}

/// Whether a message has a header once, and with the value of this hash.
fn is_value(header: &Header, hash: u64) -> bool {
    header.lines == 1 && header.hash == hash
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

fn index(view: &View<'_>, name: &str) -> Option<u16> {
    let known = view.brief.headers.iter().position(|header| header.name.eq_ignore_ascii_case(name));
    known.map(|index| index as u16)
}

/// Where the declared credentials went.
#[derive(Clone, Debug, Default)]
pub struct CredentialsKept {
    /// By the backend's index: attempts there, which are to have its credential, if it has one.
    pub at: Vec<Kept>,
    /// By the backend's index: attempts at the others, which are not to have its credential.
    pub elsewhere: Vec<Kept>,
    /// Further attempts at any backend, which are to have its credential and no other one.
    pub further: Kept,
    /// What is not on record.
    pub set_aside: SetAside,
}

/// A part of the credentials: its index in the plan, and the hash of what each backend is to get.
struct Part {
    header: u16,
    hashes: Vec<Option<u64>>,
}

impl CredentialsKept {
    /// Of all credentials of the declared policy. `None` if they are not on record.
    pub fn of(view: &View<'_>) -> Option<Self> {
        let (parts, backends) = (parts(view)?, view.brief.backends.len());
        let mut found = CredentialsKept {
            at: vec![Kept::default(); backends],
            elsewhere: vec![Kept::default(); backends],
            ..CredentialsKept::default()
        };
        for entry in view.entries().filter(|entry| entry.exchange.was_sent()) {
            for pair in pairs(view.ledger, &entry, Way::Request, &mut found.set_aside) {
                found.take(&pair, &parts);
            }
        }
        Some(found)
    }

    fn take(&mut self, pair: &Pair<'_>, parts: &[Part]) {
        let here = usize::from(pair.backend);
        let arrived: Option<Vec<&Header>> =
            parts.iter().map(|part| pair.header(part.header).map(|(_, arrived)| arrived)).collect();
        let (Some(arrived), true) = (arrived, here < self.at.len()) else { return };
        let both = || parts.iter().zip(&arrived);
        let has_one = both().any(|(part, _)| part.hashes[here].is_some());
        let is_own = both().all(|(part, header)| part.hashes[here].is_none_or(|hash| is_value(header, hash)));
        if has_one {
            self.at[here].add(pair.tag, is_own);
        }
        let mut is_clean = true;
        for (other, elsewhere) in self.elsewhere.iter_mut().enumerate().filter(|(other, _)| *other != here) {
            // A credential that both have in common tells nothing.
            let differs =
                |part: &Part| part.hashes[other].is_some() && part.hashes[other] != part.hashes[here];
            if !parts.iter().any(differs) {
                continue;
            }
            let leaks = both().any(|(part, header)| {
                differs(part) && header.is_there() && Some(header.hash) == part.hashes[other]
            });
            elsewhere.add(pair.tag, !leaks);
            is_clean &= !leaks;
        }
        if pair.is_further {
            self.further.add(pair.tag, is_own && is_clean);
        }
    }
}

fn parts(view: &View<'_>) -> Option<Vec<Part>> {
    let credentials = &view.brief.policy.credentials;
    let mut names: Vec<String> =
        credentials.values().flat_map(policy::Credential::parts).map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    let part = |name: String| {
        let hash = |backend: &str| view.brief.declared_hashes.get(&credential_key(backend, &name)).copied();
        let hashes = view.brief.backends.iter().map(|backend| hash(&backend.name)).collect();
        Some(Part { header: index(view, &name)?, hashes })
    };
    let parts: Vec<Part> = names.into_iter().map(part).collect::<Option<_>>()?;
    parts.iter().all(|part| part.hashes.iter().any(Option::is_some)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use evidence::{Method, is_secret_header};
    use serde_json::json;

    use super::*;
    use crate::testing::{Call, Run, Try};

    fn run() -> Run {
        let policy = json!({
            "request_headers": { "set": { "x-plan": "gold" }, "append": { "x-team": "edge" }, "remove": ["x-inside"] },
            "credentials": { "a": { "header": { "x-key": "k-a" } }, "b": { "header": { "x-key": "k-b" } } },
        });
        assert!(is_secret_header("x-key"));
        let run = Run::new().phase("steady", 5.0).backend("a").backend("b").class("reads", Method::Get);
        run.policy(serde_json::from_value(policy).unwrap())
            .records(&["x-plan", "x-team", "x-inside", "x-key"])
    }

    fn sent() -> Call {
        Call::due("reads", 100.0).sends("x-team", "app").sends("x-inside", "1").sends("x-plan", "free")
    }

    fn tried(backend: &str) -> Try {
        let key = format!("k-{backend}");
        let attempt = Try::ok(backend).gets("x-plan", Some("gold")).gets("x-team", Some("app, edge"));
        attempt.gets("x-inside", None).gets("x-key", Some(&key))
    }

    fn broken(call: Call) -> [(u64, u64, u64); 3] {
        run().call(call).view("steady", "reads", |view| {
            let of = |name, rule| {
                let kept = HeaderRuleKept::of(view, name, rule).unwrap();
                (kept.first.cases + kept.further.cases, kept.first.broken, kept.further.broken)
            };
            [
                of("x-plan", HeaderRule::Set),
                of("x-team", HeaderRule::Append("edge")),
                of("x-inside", HeaderRule::Remove),
            ]
        })
    }

    #[test]
    fn rules_that_are_kept_show_nothing_and_each_that_is_not_shows_itself() {
        let second = |attempt| sent().attempt(tried("a").status(503)).attempt(attempt);
        assert_eq!(broken(second(tried("b"))), [(2, 0, 0); 3]);
        assert_eq!(
            broken(second(tried("b").gets("x-plan", Some("free")))),
            [(2, 0, 1), (2, 0, 0), (2, 0, 0)]
        );
        let twice = tried("b").gets("x-team", Some("app, edge, edge"));
        assert_eq!(broken(second(twice)), [(2, 0, 0), (2, 0, 1), (2, 0, 0)]);
        assert_eq!(broken(second(tried("b").gets("x-inside", Some("1")))), [(2, 0, 0), (2, 0, 0), (2, 0, 1)]);
        assert_eq!(broken(sent().attempt(Try::ok("a"))), [(1, 1, 0); 3]);
    }

    #[test]
    fn a_header_that_nobody_sends_shows_nothing_of_its_removal() {
        let call = Call::due("reads", 100.0).attempt(tried("a").gets("x-team", Some("edge")));
        assert_eq!(broken(call), [(1, 0, 0), (1, 0, 0), (0, 0, 0)]);
    }

    #[test]
    fn a_credential_belongs_to_one_backend() {
        let of = |second: Try| {
            run().call(sent().attempt(tried("a").status(503)).attempt(second)).view(
                "steady",
                "reads",
                |view| {
                    let kept = CredentialsKept::of(view).unwrap();
                    let tell = |kept: &Kept| (kept.cases, kept.broken);
                    [
                        tell(&kept.at[0]),
                        tell(&kept.at[1]),
                        tell(&kept.elsewhere[0]),
                        tell(&kept.elsewhere[1]),
                        tell(&kept.further),
                    ]
                },
            )
        };
        assert_eq!(of(tried("b")), [(1, 0), (1, 0), (1, 0), (1, 0), (1, 0)]);
        assert_eq!(of(tried("b").gets("x-key", Some("k-a"))), [(1, 0), (1, 1), (1, 1), (1, 0), (1, 1)]);
        assert_eq!(of(tried("b").gets("x-key", None)), [(1, 0), (1, 1), (1, 0), (1, 0), (1, 1)]);
    }

    #[test]
    fn without_the_declared_values_nothing_is_told() {
        let bare =
            Run::new().phase("steady", 5.0).backend("a").class("reads", Method::Get).records(&["x-plan"]);
        bare.view("steady", "reads", |view| {
            assert!(HeaderRuleKept::of(view, "x-plan", HeaderRule::Set).is_none());
            assert!(HeaderRuleKept::of(view, "x-other", HeaderRule::Remove).is_none());
        });
    }
}
