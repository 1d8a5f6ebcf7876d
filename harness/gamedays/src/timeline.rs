//! The timeline of a game day: what was decided and done, by whom and when. A line a step in `timeline.jsonl`, on disk before
//! the step is taken, each sealed with the hash of the one before it.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use reports::Verdict;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The file's name in the directory of a day.
pub const TIMELINE: &str = "timeline.jsonl";

/// The longest text that an entry takes from outside, in characters.
pub const TEXT_MAX: usize = 4096;

/// The longest timeline that is read, in bytes.
const FILE_MAX: u64 = 64 << 20;

/// Who does what nobody does by hand.
pub const BROWNOUT: &str = "brownout";

/// A step of a game day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number, from 0.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Who took it; `brownout` for what follows from the file.
    pub who: String,
    /// What it is.
    pub event: Event,
    /// The hash of the entry before it; empty for the first.
    pub previous: String,
}

/// What a step is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// The day was opened.
    Opened {
        /// Its name.
        name: String,
        /// What is practised.
        title: String,
        /// The version of brownout.
        brownout: String,
        /// The SHA-256 of the file `gameday.toml` beside the timeline.
        file: String,
        /// The directory from which paths in the file are looked up.
        base: String,
        /// The hosts and programs that are allowed by both the file and whoever started the day.
        allow_hosts: Vec<String>,
        /// See `allow_hosts`.
        allow_commands: bool,
    },
    /// A prerequisite is being checked.
    Checking {
        /// The prerequisite in words.
        prerequisite: String,
    },
    /// A prerequisite was checked.
    Checked {
        /// The prerequisite in words.
        prerequisite: String,
        /// Whether it is met.
        met: bool,
        /// What was found.
        found: String,
    },
    /// Somebody has agreed.
    Approval {
        /// In which role.
        role: String,
        /// When.
        given: Timestamp,
        /// With which words.
        comment: String,
        /// Why it does not count; `None` if it does.
        refused: Option<String>,
    },
    /// A web address was asked whether to go on.
    Preflight {
        /// Its address.
        url: String,
        /// Whether it said go.
        go: bool,
        /// What it said.
        found: String,
    },
    /// A run begins.
    RunBegins {
        /// Its number among the runs of the file, from 0.
        run: usize,
        /// The scenario as the file words it.
        scenario: String,
        /// The kind of gateway.
        gateway: String,
    },
    /// A run is over.
    RunEnded {
        /// Its number, from 0.
        run: usize,
        /// Its run directory, from the directory of the day.
        dir: Option<String>,
        /// What its report says, if it could be judged.
        verdict: Option<Verdict>,
        /// Why it has none, or what kept it from coming to its end.
        why: Option<String>,
    },
    /// A stop condition is met, or a person ends the day: the runs are being ended.
    Stopping {
        /// The condition in words, or the reason that the person gave.
        why: String,
        /// What was found.
        value: Option<String>,
    },
    /// The rollback is about to run.
    RollbackBegins {
        /// The program with its arguments.
        words: Vec<String>,
    },
    /// The rollback is over.
    RollbackEnded {
        /// True if its program ended with 0.
        well: bool,
        /// What became of it.
        found: String,
    },
    /// The rollback is being proven.
    ProofBegins {
        /// The scenario as the file words it.
        scenario: String,
    },
    /// The rollback is proven, or not.
    ProofEnded {
        /// True if the scenario passed.
        proven: bool,
        /// What it came to.
        found: String,
    },
    /// Somebody was told.
    Notified {
        /// Of what.
        of: String,
        /// Whom: the host.
        host: String,
        /// Whether the answer was a good one.
        well: bool,
        /// What was answered.
        found: String,
    },
    /// The day was found cut: its process had ended without a word.
    Recovered {
        /// What was under way.
        found: String,
    },
    /// The day is over.
    Closed {
        /// How it ended.
        outcome: Outcome,
        /// What has to be decided now.
        decide: Vec<String>,
    },
}

/// How a game day ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Outcome {
    /// All runs came to their end.
    Finished {
        /// The worst of their verdicts.
        verdict: Verdict,
    },
    /// A stop condition or a person ended it.
    Stopped {
        /// The condition in words, or the reason that the person gave.
        why: String,
        /// What was found.
        value: Option<String>,
    },
    /// It did not begin.
    Refused {
        /// What said no.
        why: Vec<String>,
    },
    /// Something of it could not be carried out, or its rollback is not proven.
    Failed {
        /// What.
        why: String,
    },
}

impl Outcome {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Finished { .. } => "finished",
            Outcome::Stopped { .. } => "stopped",
            Outcome::Refused { .. } => "refused",
            Outcome::Failed { .. } => "failed",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Finished { verdict } => write!(f, "finished: {verdict}"),
            Outcome::Stopped { why, value: None } => write!(f, "stopped: {why}"),
            Outcome::Stopped { why, value: Some(value) } => write!(f, "stopped: {why}: {value}"),
            Outcome::Refused { why } => write!(f, "refused: {}", why.join("; ")),
            Outcome::Failed { why } => write!(f, "failed: {why}"),
        }
    }
}

/// A timeline that is written.
pub struct Timeline {
    file: File,
    next: u64,
    previous: String,
}

impl Timeline {
    /// Begins the timeline of a new day.
    pub fn create(dir: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(dir.join(TIMELINE))?;
        // Held as long as this process lives, so that nobody else brings to an end what is under way.
        file.try_lock()?;
        File::open(dir)?.sync_all()?;
        Ok(Timeline { file, next: 0, previous: String::new() })
    }

    /// Goes on with the timeline of a day that was cut. A last line that is not whole is taken away: it announced nothing that
    /// was done.
    pub fn resume(dir: &Path) -> Result<(Self, Vec<Entry>), BadTimeline> {
        let path = dir.join(TIMELINE);
        let in_file = |source| BadTimeline::Io(path.display().to_string(), source);
        let file = OpenOptions::new().read(true).append(true).open(&path).map_err(in_file)?;
        file.try_lock().map_err(|_| BadTimeline::Held(path.display().to_string()))?;
        let Read { entries, whole, previous } = read(&path)?;
        file.set_len(whole).map_err(in_file)?;
        Ok((Timeline { file, next: entries.len() as u64, previous }, entries))
    }

    /// Writes a step, and returns once it is on disk.
    pub fn note(&mut self, at: Timestamp, who: &str, event: Event) -> io::Result<Entry> {
        let previous = self.previous.clone();
        let entry = Entry { number: self.next, at, who: bounded(who), event, previous };
        let (line, hash) = sealed(&entry);
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        self.next += 1;
        self.previous = hash;
        Ok(entry)
    }
}

/// Text from outside, cut to what an entry takes.
pub fn bounded(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// The line of an entry, and its hash: of all that stands before it in the line.
fn sealed(entry: &Entry) -> (String, String) {
    let body = serde_json::to_string(entry).expect("an entry has only string keys");
    let hash = hex(&Sha256::digest(&body));
    (format!("{},\"hash\":\"{hash}\"}}\n", &body[..body.len() - 1]), hash)
}

/// The hash of some bytes, in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Why a timeline can't be believed.
#[derive(Debug, thiserror::Error)]
pub enum BadTimeline {
    /// It can't be read.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// The process that holds the day is still there.
    #[error("{0}: another process is holding this game day")]
    Held(String),
    /// It is not what was written.
    #[error("{path}:{line}: {why}")]
    Changed {
        /// The file.
        path: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        why: String,
    },
}

/// The entries of a day, if each of them is as it was written. A last line that is not whole is left out.
pub fn entries(dir: &Path) -> Result<Vec<Entry>, BadTimeline> {
    read(&dir.join(TIMELINE)).map(|read| read.entries)
}

struct Read {
    entries: Vec<Entry>,
    /// How many bytes are whole lines.
    whole: u64,
    previous: String,
}

fn read(path: &Path) -> Result<Read, BadTimeline> {
    let shown = path.display().to_string();
    let in_file = |source| BadTimeline::Io(shown.clone(), source);
    let size = fs::symlink_metadata(path).map_err(in_file)?;
    if !size.is_file() || size.len() > FILE_MAX {
        return Err(in_file(io::Error::other("not a regular file of up to 64 MiB")));
    }
    parse(&shown, &fs::read(path).map_err(in_file)?)
}

/// The entries of a timeline's text, if each of them is as it was written; `shown` is what it is called in errors.
pub(crate) fn chain(shown: &str, text: &[u8]) -> Result<Vec<Entry>, BadTimeline> {
    parse(shown, text).map(|read| read.entries)
}

fn parse(shown: &str, text: &[u8]) -> Result<Read, BadTimeline> {
    let mut found = Read { entries: Vec::new(), whole: 0, previous: String::new() };
    for line in text.split_inclusive(|byte| *byte == b'\n').take_while(|line| line.ends_with(b"\n")) {
        let changed =
            |why: String| BadTimeline::Changed { path: shown.to_owned(), line: found.entries.len() + 1, why };
        let (entry, hash) = std::str::from_utf8(&line[..line.len() - 1])
            .map_err(|_| "it is not UTF-8 text".to_owned())
            .and_then(unsealed)
            .map_err(changed)?;
        if entry.number != found.entries.len() as u64 || entry.previous != found.previous {
            return Err(changed("it does not follow from the line before it".to_owned()));
        }
        found.entries.push(entry);
        found.whole += line.len() as u64;
        found.previous = hash;
    }
    Ok(found)
}

fn unsealed(line: &str) -> Result<(Entry, String), String> {
    let no_entry = || "it is no entry of a timeline".to_owned();
    let (body, hash) = line.rsplit_once(",\"hash\":\"").ok_or_else(no_entry)?;
    let hash = hash.strip_suffix("\"}").ok_or_else(no_entry)?;
    let body = format!("{body}}}");
    if hex(&Sha256::digest(&body)) != hash {
        return Err("it is not what was written: its hash is another".to_owned());
    }
    let entry =
        serde_json::from_str(&body).map_err(|error| format!("it is no entry that is known: {error}"))?;
    Ok((entry, hash.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn note(text: &str) -> Event {
        Event::Recovered { found: text.to_owned() }
    }

    fn written(texts: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        let mut timeline = Timeline::create(dir.path()).unwrap();
        for text in texts {
            timeline.note(Timestamp::UNIX_EPOCH, "ana", note(text)).unwrap();
        }
        dir
    }

    #[test]
    fn an_entry_that_was_changed_dropped_or_put_in_is_told_by_its_line() {
        let dir = written(&["one", "two", "three"]);
        let path = dir.path().join(TIMELINE);
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.lines().collect();
        let error = |text: String| {
            fs::write(&path, text).unwrap();
            entries(dir.path()).unwrap_err().to_string()
        };
        assert!(error(whole.replace("two", "2wo")).contains("timeline.jsonl:2: it is not what was written"));
        assert!(error(format!("{}\n{}\n", lines[0], lines[2])).contains(":2: it does not follow"));
        assert!(
            error(format!("{}\n{}\n{}\n", lines[0], lines[0], lines[1])).contains(":2: it does not follow")
        );
        assert!(error("{}\n".to_owned()).contains(":1: it is no entry"));
    }

    #[test]
    fn a_line_that_was_cut_is_left_out_and_the_chain_goes_on_after_it() {
        let dir = written(&["one", "two"]);
        let path = dir.path().join(TIMELINE);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let (mut timeline, found) = Timeline::resume(dir.path()).unwrap();
        assert_eq!(found.len(), 1);
        timeline.note(Timestamp::UNIX_EPOCH, "ben", note("three")).unwrap();
        let texts: Vec<Event> = entries(dir.path()).unwrap().into_iter().map(|entry| entry.event).collect();
        assert_eq!(texts, [note("one"), note("three")]);
    }

    proptest! {
        #[test]
        fn any_words_come_back_as_they_were_written(text in "\\PC{0,40}|[\"{}\\\\\n,:]{0,12}", who in "\\PC{0,9}") {
            let dir = tempfile::tempdir().unwrap();
                let mut timeline = Timeline::create(dir.path()).unwrap();
            timeline.note(Timestamp::UNIX_EPOCH, &who, note(&text)).unwrap();
            let found = entries(dir.path()).unwrap();
            prop_assert_eq!((&found[0].event, &found[0].who), (&note(&text), &who));
        }
    }
}
