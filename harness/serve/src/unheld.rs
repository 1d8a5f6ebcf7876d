//! Telling people of firings that were not held: nothing of them runs, so that nobody else would.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::office::Office;
use crate::store::{Firing, StoreError};

/// What is said of one game day: its last firing, why it was not held, and the firings for which that speaks.
#[derive(Debug)]
struct Word {
    firing: Firing,
    why: String,
    with: Vec<i64>,
}

impl Office {
    /// Tells those who are to be told of firings that were not held, each game day's last one only: a server that was away for a
    /// year has missed thousands. On a thread of its own, because whoever is told may take long to answer.
    ///
    /// A message is sent at least once: after a kill between its sending and the record of it, the next server sends it again with
    /// the same id, by which its reader knows it.
    pub(crate) fn tell_unheld(self: &Arc<Self>) {
        // One at a time, or the same would be told twice: what is closed meanwhile, the next look finds.
        if self.telling.swap(true, Ordering::AcqRel) {
            return;
        }
        let office = self.clone();
        let tell = move || {
            if let Err(error) = office.tell_all() {
                tracing::error!(%error, "who is to be told of firings that were not held can't be looked up or recorded");
            }
            office.telling.store(false, Ordering::Release);
        };
        match self.store.untold() {
            Ok(untold) if untold.is_empty() => self.telling.store(false, Ordering::Release),
            _ => {
                if let Err(error) = std::thread::Builder::new().name("telling".into()).spawn(tell) {
                    tracing::error!(%error, "nobody is told yet of a firing that was not held");
                    self.telling.store(false, Ordering::Release);
                }
            }
        }
    }

    fn tell_all(&self) -> Result<(), StoreError> {
        last_of_each(self.store.untold()?).into_iter().try_for_each(|word| {
            let said = self.practice.unheld(&word.firing, &word.why);
            self.store.note_told(&word.firing, &word.with, &said, self.now())
        })
    }
}

/// The last firing of each game day, with why it was not held and how many went before it.
fn last_of_each(untold: Vec<Firing>) -> Vec<Word> {
    let mut each: BTreeMap<String, Vec<Firing>> = BTreeMap::new();
    for firing in untold {
        each.entry(firing.gameday.clone()).or_default().push(firing);
    }
    let words = each.into_values().filter_map(|mut firings| {
        let with = firings.iter().map(|firing| firing.id).collect();
        let firing = firings.pop()?;
        let more = match firings.len() {
            0 => String::new(),
            before => format!("; so were {before} before it"),
        };
        let why = format!("{}: {}{more}", firing.state, firing.why);
        Some(Word { firing, why, with })
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{State, WallTime};

    #[test]
    fn of_each_game_day_the_last_firing_is_told_with_how_many_went_before_it() {
        let firing = |id: i64, gameday: &str| Firing {
            id,
            gameday: gameday.to_owned(),
            due: WallTime(id),
            closes: WallTime(id),
            asked_by: None,
            comment: String::new(),
            state: State::Missed,
            why: "nobody looked".to_owned(),
            began: None,
            ended: None,
            verdict: None,
            directory: None,
        };
        let words = last_of_each(vec![firing(1, "b"), firing(2, "a"), firing(3, "b"), firing(4, "b")]);
        let words: Vec<_> =
            words.iter().map(|word| (word.firing.id, word.why.as_str(), word.with.as_slice())).collect();
        let many = "missed: nobody looked; so were 2 before it";
        assert_eq!(words, [(2, "missed: nobody looked", [2].as_slice()), (4, many, &[1, 3, 4])]);
        assert!(last_of_each(Vec::new()).is_empty());
    }
}
