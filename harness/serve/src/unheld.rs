//! Telling people of firings that were not held: nothing of them runs, so that nobody else would.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::office::Office;
use crate::store::Firing;

impl Office {
    /// Tells those who are to be told of firings that were closed, each game day's last one only: a server that was away for a
    /// year has missed thousands. On a thread of its own, because whoever is told may take long to answer. A message is sent at
    /// most once: one that a kill comes before is not sent, and not on the audit log.
    pub(crate) fn tell_unheld(self: &Arc<Self>, closed: Vec<Firing>) {
        let told = last_of_each(closed);
        if told.is_empty() {
            return;
        }
        let office = self.clone();
        let tell = move || {
            for (firing, why) in told {
                for said in office.practice.unheld(&firing, &why) {
                    if let Err(error) = office.store.note_told(firing.id, &said, office.now()) {
                        tracing::error!(%error, firing = firing.id, "who was told can't be recorded");
                    }
                }
            }
        };
        if let Err(error) = std::thread::Builder::new().name("telling".into()).spawn(tell) {
            tracing::error!(%error, "nobody is told of a firing that was not held");
        }
    }
}

/// The last firing of each game day, with why it was not held and how many went before it.
fn last_of_each(closed: Vec<Firing>) -> Vec<(Firing, String)> {
    let mut last: BTreeMap<String, (usize, Firing)> = BTreeMap::new();
    for firing in closed {
        let before = last.get(&firing.gameday).map_or(0, |(before, _)| before + 1);
        last.insert(firing.gameday.clone(), (before, firing));
    }
    let told = last.into_values().map(|(before, firing)| {
        let more = if before == 0 { String::new() } else { format!("; so were {before} before it") };
        let why = format!("{}: {}{more}", firing.state, firing.why);
        (firing, why)
    });
    told.collect()
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
        let told = last_of_each(vec![firing(1, "b"), firing(2, "a"), firing(3, "b"), firing(4, "b")]);
        let told: Vec<_> = told.iter().map(|(firing, why)| (firing.id, why.as_str())).collect();
        let many = "missed: nobody looked; so were 2 before it";
        assert_eq!(told, [(2, "missed: nobody looked"), (4, many)]);
        assert!(last_of_each(Vec::new()).is_empty());
    }
}
