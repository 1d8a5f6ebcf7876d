//! What has to be decided after a game day: each question of its file stays open until somebody answers it. Answers stand on the
//! timeline, behind the end of the day, and are sealed as all of it is.

use std::path::Path;

use jiff::Timestamp;

use crate::event::{Entry, Event};
use crate::timeline::{BadTimeline, Timeline, bounded};

/// A question, and the entry that answers it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The question.
    pub question: String,
    /// The last answer, with who gave it and when; `None` while it is open.
    pub answer: Option<Entry>,
}

/// Why an answer can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The timeline can't be read or written, or is not what was written.
    #[error(transparent)]
    Timeline(#[from] BadTimeline),
    /// The day is not over.
    #[error("it is not over: what has to be decided is told at its end")]
    Open,
    /// There is no such question.
    #[error("there is no question {number}: {count} had to be decided")]
    NoQuestion {
        /// Its number, from 1.
        number: usize,
        /// How many there are.
        count: usize,
    },
}

/// The questions of a day that is over, in the order of its file; none while it goes on.
pub fn decisions(entries: &[Entry]) -> Vec<Decision> {
    let questions = entries.iter().find_map(|entry| match &entry.event {
        Event::Closed { decide, .. } => Some(decide.as_slice()),
        _ => None,
    });
    let answer = |wanted: &String| {
        let answers =
            |entry: &&Entry| matches!(&entry.event, Event::Decided { question, .. } if question == wanted);
        entries.iter().rev().find(answers).cloned()
    };
    let decision = |question: &String| Decision { question: question.clone(), answer: answer(question) };
    questions.unwrap_or_default().iter().map(decision).collect()
}

/// Writes the answer to a question, by its number from 1, on the timeline of the day in `dir`.
pub fn decide(
    dir: &Path,
    number: usize,
    who: &str,
    answer: &str,
    at: Timestamp,
) -> Result<Entry, DecideError> {
    let (mut timeline, entries) = Timeline::resume(dir)?;
    if !entries.iter().any(|entry| matches!(entry.event, Event::Closed { .. })) {
        return Err(DecideError::Open);
    }
    let questions = decisions(&entries);
    let asked = number.checked_sub(1).and_then(|index| questions.get(index));
    let Some(Decision { question, .. }) = asked else {
        return Err(DecideError::NoQuestion { number, count: questions.len() });
    };
    let event = Event::Decided { question: question.clone(), answer: bounded(answer) };
    let written = timeline.note(at, who, event);
    Ok(written.map_err(|error| BadTimeline::Io(dir.display().to_string(), error))?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::event::Outcome;
    use crate::timeline::{TIMELINE, entries};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn over(questions: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut timeline = Timeline::create(dir.path()).unwrap();
        let decide = questions.iter().map(ToString::to_string).collect();
        let outcome = Outcome::Refused { why: vec!["it rains".to_owned()] };
        timeline.note(NOW, "brownout", Event::Closed { outcome, decide }).unwrap();
        dir
    }

    #[test]
    fn each_question_stays_open_until_it_is_answered_and_the_last_answer_holds() {
        let dir = over(&["One retry?", "Who mends it?"]);
        decide(dir.path(), 2, "ana", "the edge team", NOW).unwrap();
        decide(dir.path(), 2, "ben", "payments", NOW).unwrap();
        let found = decisions(&entries(dir.path()).unwrap());
        let told: Vec<_> = found
            .iter()
            .map(|one| {
                (
                    one.question.as_str(),
                    one.answer.as_ref().map(|entry| (entry.who.as_str(), entry.event.to_string())),
                )
            })
            .collect();
        let last = ("ben", "decided: Who mends it? payments".to_owned());
        assert_eq!(told, [("One retry?", None), ("Who mends it?", Some(last))]);
    }

    #[test]
    fn what_was_not_asked_is_not_answered_and_a_day_that_goes_on_asks_nothing() {
        let dir = over(&["One retry?"]);
        for number in [0, 2] {
            let refused = decide(dir.path(), number, "ana", "x", NOW).unwrap_err().to_string();
            assert!(refused.contains(&format!("no question {number}")), "{refused}");
        }
        let open = tempfile::tempdir().unwrap();
        drop(Timeline::create(open.path()).unwrap());
        assert!(matches!(decide(open.path(), 1, "ana", "x", NOW), Err(DecideError::Open)));
    }

    #[test]
    fn an_answer_that_was_changed_afterwards_is_found() {
        let dir = over(&["One retry?"]);
        decide(dir.path(), 1, "ana", "yes", NOW).unwrap();
        let path = dir.path().join(TIMELINE);
        let changed = fs::read_to_string(&path).unwrap().replace("\"yes\"", "\"no\"");
        fs::write(&path, changed).unwrap();
        assert!(entries(dir.path()).unwrap_err().to_string().contains(":2: it is not what was written"));
    }
}
