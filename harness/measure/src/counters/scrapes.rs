//! The scrapes that are looked at, and how the counters grew from one to the next.

use std::collections::BTreeMap;

use evidence::{Sample, Series, Sum};
use units::plural::count;
use units::{Moment, Stretch};

use crate::view::View;

/// The scrapes of a stretch, in order.
pub(super) struct Scrapes<'a> {
    pub(super) answered: Vec<Scrape<'a>>,
    /// Those between the first and the last that came to nothing.
    pub(super) failed: u64,
    /// When the gateway was acted on.
    acted_on: Vec<Stretch>,
}

/// One scrape that was answered.
pub(super) struct Scrape<'a> {
    pub(super) asked: Moment,
    pub(super) answered: Moment,
    series: Vec<&'a Sample>,
}

/// How much a sum grew.
pub(super) struct Counted {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) resets: u64,
    /// When something may have been counted that is in no scrape.
    pub(super) blind: Vec<Stretch>,
}

impl<'a> Scrapes<'a> {
    pub(super) fn of(view: &View<'a>) -> Result<Self, String> {
        let rest = view.ledger.rest();
        let mut all: BTreeMap<u32, (&Sample, Vec<&Sample>)> = BTreeMap::new();
        for sample in rest.samples.iter().filter(|sample| sample.series.is_none()) {
            all.insert(sample.scrape, (sample, Vec::new()));
        }
        for sample in rest.samples.iter().filter(|sample| sample.series.is_some()) {
            if let Some((_, series)) = all.get_mut(&sample.scrape) {
                series.push(sample);
            }
        }
        let inside = |scrape: &Sample| {
            view.place.whole_run || (scrape.asked >= view.stretch.from && scrape.answered <= view.stretch.to)
        };
        let looked_at: Vec<_> = all.into_values().filter(|(scrape, _)| inside(scrape)).collect();
        let good = |(scrape, _): &(&Sample, Vec<&Sample>)| scrape.failed.is_none();
        let ends = looked_at.iter().position(good).zip(looked_at.iter().rposition(good));
        let (first, last) = ends.filter(|(first, last)| first < last).ok_or_else(|| too_few(&looked_at))?;
        let scrapes = looked_at.into_iter().skip(first).take(last - first + 1);
        let (answered, failed): (Vec<_>, Vec<_>) = scrapes.partition(good);
        let answered = answered.into_iter().map(|(scrape, series)| Scrape {
            asked: scrape.asked,
            answered: scrape.answered,
            series,
        });
        let acted_on = rest.actions.iter().map(|action| Stretch { from: action.began, to: action.ended });
        Ok(Scrapes {
            answered: answered.collect(),
            failed: failed.len() as u64,
            acted_on: acted_on.collect(),
        })
    }

    pub(super) fn between(&self) -> (Moment, Moment) {
        let first = self.answered.first().map(|scrape| scrape.asked);
        let last = self.answered.last().map(|scrape| scrape.answered);
        (first.unwrap_or_default(), last.unwrap_or_default())
    }

    pub(super) fn counted(&self, sum: &Sum) -> Result<Counted, String> {
        let chosen: Vec<BTreeMap<&str, f64>> =
            self.answered.iter().map(|scrape| scrape.chosen(sum)).collect::<Result<_, _>>()?;
        if !self.answered.iter().any(|scrape| scrape.knows(sum)) {
            let names: Vec<String> = sum.names().map(|name| format!("`{name}`")).collect();
            return Err(format!(
                "none of {} has {}",
                count(self.answered.len() as u64, "scrape"),
                names.join(" or ")
            ));
        }
        let mut counted = Counted { low: 0.0, high: 0.0, resets: 0, blind: Vec::new() };
        for (scrapes, figures) in self.answered.windows(2).zip(chosen.windows(2)) {
            let between = Stretch { from: scrapes[0].asked, to: scrapes[1].answered };
            let acted_on = self.acted_on.iter().any(|action| action.overlaps(&between));
            counted.add(&figures[0], &figures[1], between, acted_on);
        }
        Ok(counted)
    }
}

impl<'a> Scrape<'a> {
    /// The series that a sum adds up, with their figures.
    pub(super) fn chosen(&self, sum: &Sum) -> Result<BTreeMap<&'a str, f64>, String> {
        let mut chosen = BTreeMap::new();
        for (text, series, value) in self.series() {
            if !sum.has(&series) {
                continue;
            }
            if !value.is_finite() || value < 0.0 {
                return Err(format!("`{text}` is {value}, which is no number of anything"));
            }
            chosen.insert(text, value);
        }
        Ok(chosen)
    }

    /// Whether it has any series of these metrics, whatever its labels: one that is not there is 0 then.
    fn knows(&self, sum: &Sum) -> bool {
        self.series().any(|(_, series, _)| sum.names().any(|name| name == series.name))
    }

    fn series(&self) -> impl Iterator<Item = (&'a str, Series, f64)> {
        self.series.iter().filter_map(|sample| {
            let text = sample.series.as_deref()?;
            Some((text, Series::read(text).ok()?.0, sample.value))
        })
    }
}

impl Counted {
    /// Adds what the figures grew by from one scrape to the next.
    fn add(
        &mut self,
        before: &BTreeMap<&str, f64>,
        after: &BTreeMap<&str, f64>,
        between: Stretch,
        acted_on: bool,
    ) {
        let mut is_reset = false;
        let gone = before.keys().filter(|text| !after.contains_key(*text)).map(|text| (text, &0.0));
        for (text, now) in after.iter().chain(gone) {
            let earlier = before.get(text).copied().unwrap_or(0.0);
            if *now < earlier {
                // It began anew in between, and what it had counted since the scrape before is lost.
                is_reset = true;
                (self.low, self.high) = (self.low + now, self.high + now);
            } else {
                self.low += now - earlier;
                // One that takes the place of another may have begun at nought and have caught up.
                self.high += if acted_on { *now } else { now - earlier };
            }
        }
        self.resets += u64::from(is_reset);
        if is_reset || acted_on {
            self.blind.push(between);
        }
    }
}

fn too_few(looked_at: &[(&Sample, Vec<&Sample>)]) -> String {
    let good = looked_at.iter().filter(|(scrape, _)| scrape.failed.is_none()).count() as u64;
    let why = looked_at.iter().find_map(|(scrape, _)| scrape.failed.as_deref());
    let why = why.map(|why| format!("; one that came to nothing: {why}"));
    format!(
        "{} of the gateway's metrics in it, two are needed{}",
        count(good, "scrape"),
        why.unwrap_or_default()
    )
}
