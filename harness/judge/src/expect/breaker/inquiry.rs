//! Whether a backend's arrivals can be a run of the declared breaker, and of which neighbours.

use std::time::Duration;

use measure::automata::input::Input;
use measure::automata::member::{Member, Rule, Ways};
use measure::automata::search::{Deviation, Found, Opening, may_be, search};
use measure::silence::missed_min;
use measure::view::View;
use policy::WayBack;
use units::Timespan;
use units::plural::count;

use super::departure::{Departure, Word, departure};
use super::together::Said;
use super::{Breaker, words};
use crate::claim::{Basis, Claim};

/// As many requests must be missed for a pass to exclude a flood of probes: chance explains one case in twenty.
const MISSED_LIKELY: f64 = 3.0;

/// One backend, or pool, and what is asked of it.
pub(super) struct Inquiry<'a> {
    pub demand: &'a Breaker,
    pub view: &'a View<'a>,
    pub name: &'a str,
    pub backends: &'a [u16],
    pub input: &'a Input,
}

impl Inquiry<'_> {
    /// What is claimed of the breaker itself.
    pub(super) fn breaker(&self) -> Said {
        if self.demand.stays_closed {
            let here = self.input.from(self.view.phase().from);
            let closed = Inquiry { input: &here, ..*self }.stays_closed(&self.demand.member(self.view));
            return Said { claim: closed, nothing: None };
        }
        self.looked_at(|inquiry, found| {
            let (claim, nothing) = match found {
                Err(blind) => (blind, Some(format!("{} may have been left alone from before", self.name))),
                Ok(Found::None(deviation)) => {
                    (inquiry.departed(&deviation, &inquiry.departure(&deviation)), None)
                }
                Ok(Found::Run(openings)) => {
                    let idle = inquiry.in_phase(&openings).is_empty();
                    let nothing = idle.then(|| format!("the breaker of {} had no reason to open", self.name));
                    (inquiry.admitted(&openings, None), nothing)
                }
                Ok(Found::Blurred) => (inquiry.blurred(), None),
            };
            Said { claim, nothing }
        })
    }

    /// The openings that the phase saw something of.
    fn in_phase(&self, all: &[Opening]) -> Vec<Opening> {
        let from = self.view.phase().from;
        all.iter().filter(|opening| opening.until.is_none_or(|until| until > from)).copied().collect()
    }

    /// The same, word by word.
    pub(super) fn words(&self) -> Vec<(Word, Claim)> {
        self.looked_at(|inquiry, found| match found {
            Err(blind) => Word::ALL.map(|word| (word, blind.clone())).into(),
            Ok(Found::Blurred) => Word::ALL.map(|word| (word, inquiry.blurred())).into(),
            Ok(Found::Run(openings)) => {
                Word::ALL.map(|word| (word, inquiry.admitted(&openings, Some(word)))).into()
            }
            Ok(Found::None(deviation)) => {
                let departure = inquiry.departure(&deviation);
                let rest = Claim::blind(
                    "the breaker departs from another word of what is declared, so that this one can't be told",
                    "make the gateway do the other word first",
                );
                let departed = inquiry.departed(&deviation, &departure);
                let rest = rest.seen("", inquiry.demand.demanded());
                let claim = |word| if word == departure.word { departed.clone() } else { rest.clone() };
                Word::ALL.map(|word| (word, claim(word))).into()
            }
        })
    }

    /// What the search found in the part of the run that the demand is about.
    fn looked_at<T>(&self, tell: impl Fn(&Inquiry<'_>, Result<Found, Claim>) -> T) -> T {
        let (phase, member) = (self.view.phase(), self.demand.member(self.view));
        let found = search(self.input, &member, self.demand.workers);
        let departs_before = matches!(&found, Found::None(deviation) if deviation.at < phase.from);
        if self.input.observed.from < phase.from && departs_before {
            // What went wrong in an earlier phase is judged there.
            let later = self.input.from(phase.from);
            let first = later.arrivals.first().map_or(later.observed.to, |first| first.at);
            if later.expected(phase.from, first) >= missed_min(later.arrivals.len()) {
                let blind = Claim::blind(
                    format!(
                        "{} got no requests from the start of the phase on: its breaker was open before",
                        self.name
                    ),
                    "make the phase before it longer, so that the breaker is closed again",
                );
                return tell(self, Err(blind.seen("", self.demand.demanded())));
            }
            let found = search(&later, &member, self.demand.workers);
            let later = Inquiry { input: &later, ..*self };
            return tell(&later, later.owed_to_the_past(&found, &member).map_or(Ok(found), Err));
        }
        tell(self, self.owed_to_the_past(&found, &member).map_or(Ok(found), Err))
    }

    /// What is claimed where something that could not be followed may be the reason for what fits none.
    fn owed_to_the_past(&self, found: &Found, member: &Member) -> Option<Claim> {
        let Found::None(deviation) = found else { return None };
        self.input.may_be_owed_to_the_past(deviation, member).then(|| {
            let why = format!(
                "in which state the breaker of {} was can't be told: failures that left no trace, or a change of the gateway's \
                 backends, came before",
                self.name
            );
            let remedy =
                "plan a phase without faults before this one, longer than the breaker is open and counts failures";
            Claim::blind(why, remedy).seen("", self.demand.demanded())
        })
    }

    fn blurred(&self) -> Claim {
        Claim::blind(
            format!("more courses of events at {} fit than can be followed", self.name),
            "lower the rate, or run the gateway with one worker",
        )
        .seen("", self.demand.demanded())
    }

    fn departure(&self, deviation: &Deviation) -> Departure {
        departure(self, &self.demand.member(self.view), deviation)
    }

    fn departed(&self, deviation: &Deviation, departure: &Departure) -> Claim {
        let (mut bad, mut because) = words::deviation(self, deviation);
        if let Some(does) = &departure.does {
            if departure.word == Word::WayBack {
                // The arrival that fits nothing looks like one too many; it is the way back that is another one.
                (bad, because) = (format!("the breaker of {} {does}", self.name), bad);
            }
            because.extend(["; what was seen fits a breaker that ", does, " instead"]);
        }
        let basis = Basis::Admitted { admitted: false, neighbours: Vec::new(), exposures: 1 };
        let observed = departure.does.clone().unwrap_or_else(|| bad.clone());
        Claim::on(basis)
            .says("", bad.clone())
            .because(because)
            .seen(
                if departure.does.is_some() { format!("{}: {observed}", self.name) } else { bad },
                self.demand.demanded(),
            )
            .shown(words::witnesses(self, deviation))
    }

    /// Who it is, at the beginning of a sentence.
    pub(super) fn subject(&self) -> String {
        if self.backends.len() == 1 { format!("backend {}", self.name) } else { self.name.to_owned() }
    }

    /// It can be a run of the declared breaker; of `word`, or of all words, it is asked whether others fit as well.
    fn admitted(&self, all: &[Opening], word: Option<Word>) -> Claim {
        let member = &self.demand.member(self.view);
        let openings: &[Opening] = &self.in_phase(all);
        let expected = self.demand.demanded();
        let shown = self.input.missed(openings);
        if openings.is_empty() {
            let reason = member.rule.words();
            let most = self.input.longest_run();
            return Claim::blind(
                format!(
                    "the breaker of {} had no reason to open: {reason} were not seen, at most {most} in a row",
                    self.name
                ),
                "make the fault hit more of the requests, or send more of them",
            )
            .seen(format!("at most {most} failures in a row"), expected);
        }
        if shown == 0 && word.is_none_or(|word| word == Word::Trip) {
            return self.unseen(member, openings, expected);
        }
        if shown == 0 {
            let never = format!("the breaker of {} was not seen to open", self.name);
            return Claim::blind(never, "send more requests, and make the outage longer").seen("", expected);
        }
        let words = words::story(self, openings);
        let neighbours = self.neighbours(member, openings).into_iter();
        let neighbours = neighbours.filter(|(of, _)| word.is_none_or(|word| word == *of));
        let neighbours = neighbours.map(|(_, words)| words).collect();
        let remedy = "let a result be known before the next request arrives (a fault that answers at once, a lower rate), or \
                      allow for what can't be told with `slack`; for probes, let them answer late";
        let basis = Basis::Admitted { admitted: true, neighbours, exposures: shown };
        let mut claim = Claim::on(basis)
            .says(words.clone(), "")
            .because(if self.forgets_unseen(member, openings) {
                "what arrived, and when nothing did, can be a run of this breaker and of none beside it; nothing shows how long \
                 its window is: one that forgets no failure fits as well"
            } else {
                "what arrived, and when nothing did, can be a run of this breaker and of none beside it"
            })
            .seen(
                match word {
                    Some(Word::WayBack) => {
                        format!("as declared, after {}", count(openings.len() as u64, "opening"))
                    }
                    _ => words,
                },
                expected,
            )
            .remedy(remedy);
        for (of, estimate) in self.estimates(member, openings) {
            claim = if word.is_none_or(|word| word == of) { claim.estimate(estimate) } else { claim };
        }
        claim
    }

    /// It had reason to open, and no silence shows that it did.
    fn unseen(&self, member: &Member, openings: &[Opening], expected: String) -> Claim {
        if member.panics {
            let why = format!(
                "{} may get requests while its breaker is open, because all backends are out: `all_out = \"panic\"`",
                self.name
            );
            return Claim::blind(why, "leave one backend without a fault").seen("no silence", expected);
        }
        let needed = missed_min(self.input.arrivals.len());
        let missed = openings.iter().map(|opening| {
            let end = opening.at + member.open.0;
            let from = opening.at + self.input.blur_at(opening.at);
            if end <= self.input.observed.to { self.input.expected(from, end) } else { 0.0 }
        });
        let most = missed.fold(0.0, f64::max);
        if most >= needed {
            let bad = format!(
                "the breaker of {} never opened: requests went on arriving after {}",
                self.name,
                member.rule.words()
            );
            let basis = Basis::Admitted { admitted: false, neighbours: Vec::new(), exposures: 1 };
            return Claim::on(basis)
                .says("", bad.clone())
                .because("an open breaker lets nothing through, and there was no silence")
                .seen(bad, expected);
        }
        Claim::blind(
            format!(
                "about {most:.0} requests for {} come up in {}, too few to tell a breaker's silence from chance: {:.0} are \
                 needed",
                self.name,
                self.demand.open_for,
                needed.ceil()
            ),
            "send more requests, and let the run go on for longer than the open time",
        )
        .seen("no silence that chance does not explain", expected)
    }

    /// Breakers next to the declared one that fit as well, by the word in which they differ.
    fn neighbours(&self, member: &Member, openings: &[Opening]) -> Vec<(Word, String)> {
        let exact = Member { slack: 0, leaked_max: 0, ..*member };
        let step = if matches!(member.rule, Rule::Share(..)) { 2 } else { 1 };
        let mut others: Vec<(Word, String, Member)> = Vec::new();
        for by in [-step, i64::from(member.slack) + step] {
            if let Some(rule) = member.rule.moved(by) {
                others.push((
                    Word::Trip,
                    format!("opening after {}", rule.words()),
                    Member { rule, ..exact },
                ));
            }
        }
        others.push((Word::Trip, "never opening".into(), Member { rule: Rule::Never, ..exact }));
        let (low, high) = member.open;
        let edge = Duration::from_millis(2).min(self.demand.tolerance() / 4);
        if !member.ways.check && member.ways.ramp.is_zero() {
            // However long: silences that are far too long must not speak against a time that is a little too long.
            let longer = (high + edge, high.saturating_add(self.input.observed.length()));
            others.push((Word::OpenFor, open_words("longer", high), Member { open: longer, ..*member }));
        }
        let shorter = (Duration::ZERO, low.saturating_sub(edge));
        others.push((Word::OpenFor, open_words("shorter", low), Member { open: shorter, ..*member }));
        let other_way = self.demand.way_back.map(|way| match way {
            WayBack::All | WayBack::Check => ("letting a few requests probe", Ways::probes(u32::MAX)),
            WayBack::Probe | WayBack::Ramp(_) => ("giving all traffic back at once", Ways::all()),
        });
        others
            .extend(other_way.map(|(words, ways)| (Word::WayBack, words.into(), Member { ways, ..*member })));
        let workers = self.demand.workers;
        let fits = others.into_iter().filter(|(_, _, other)| may_be(self.input, other, workers, openings));
        let mut found: Vec<(Word, String)> = fits.map(|(word, words, _)| (word, words)).collect();
        if workers > 1 && !may_be(self.input, member, workers, openings) {
            found.push((Word::Trip, "workers of which some got no traffic for a while".into()));
        }
        found.extend(self.flood(member, openings).map(|words| (Word::WayBack, words)));
        found
    }

    /// True if a breaker whose window never ends fits as well: all failures that opened it came within the window, and none
    /// before.
    fn forgets_unseen(&self, member: &Member, openings: &[Opening]) -> bool {
        let whole = self.input.observed.length();
        let rule = match member.rule {
            Rule::Count(count, _) => Rule::Count(count, whole),
            Rule::Share(share, _, min) => Rule::Share(share, whole, min),
            Rule::Never | Rule::InARow(_) => return false,
        };
        may_be(self.input, &Member { rule, ..*member }, self.demand.workers, openings)
    }

    /// That more probes at a time fit as well, where they are counted and none of the probes took long enough.
    fn flood(&self, member: &Member, openings: &[Opening]) -> Option<String> {
        let probes = self.demand.probes_max?;
        let missed: f64 = openings
            .iter()
            .filter_map(|opening| opening.until)
            .filter_map(|until| {
                let index = self.input.arrivals.partition_point(|arrival| arrival.at < until);
                let probe = self.input.arrivals.get(index)?;
                Some(self.input.expected(probe.at, probe.known))
            })
            .sum();
        let more = Member { ways: Ways::probes(probes + 1), ..*member };
        (missed < MISSED_LIKELY && may_be(self.input, &more, self.demand.workers, openings))
            .then(|| format!("letting {} probe at a time", probes + 1))
    }

    fn stays_closed(&self, member: &Member) -> Claim {
        let never = Member { rule: Rule::Never, ..*member };
        let expected = self.demand.demanded();
        let observed = format!("{} requests at {}", self.input.arrivals.len(), self.name);
        let found = search(self.input, &never, 1);
        if let Some(blind) = self.owed_to_the_past(&found, member) {
            return blind;
        }
        match found {
            Found::None(deviation) => {
                let (bad, because) = words::deviation(self, &deviation);
                let basis = Basis::Never { violations: 1, exposures: 1, needed: 1 };
                Claim::on(basis)
                    .says("", bad.clone())
                    .because(because)
                    .seen(bad, expected)
                    .shown(words::witnesses(self, &deviation))
            }
            Found::Run(_) | Found::Blurred => {
                let hit = self.view.ledger.entries().flat_map(|entry| entry.attempts.iter());
                let hit = hit.filter(|one| self.backends.contains(&one.backend) && one.effective != 0);
                let phase = self.view.phase();
                let hit = hit.filter(|one| phase.contains(one.arrived)).count();
                let silent = missed_min(self.input.arrivals.len());
                if self.input.expected(phase.from, phase.to) < silent {
                    return Claim::blind(
                        format!(
                            "{} gets too little traffic to tell a breaker's silence from chance",
                            self.name
                        ),
                        "send more requests",
                    )
                    .seen(observed, expected);
                }
                let good = format!("the breaker of {} stayed closed", self.name);
                Claim::never(0, hit as u64, None)
                    .says(good, "")
                    .because("its traffic went on without a silence that chance does not explain")
                    .seen(observed, expected)
                    .remedy("send more requests that the fault hits")
            }
        }
    }
}

fn open_words(how: &str, than: Duration) -> String {
    format!("being open for {how} than {}", Timespan(than))
}
