//! The timeline of a game day: what was decided and done, by whom and when. A line a step in `timeline.jsonl`, on disk before
//! the step is taken, each sealed with the hash of the one before it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::event::{Entry, Event};

/// The file's name in the directory of a day.
pub const TIMELINE: &str = "timeline.jsonl";

/// The longest text that an entry takes from outside, in characters.
pub const TEXT_MAX: usize = 4096;

/// The longest timeline that is read, in bytes.
const FILE_MAX: u64 = 64 << 20;

/// Who does what nobody does by hand.
pub const BROWNOUT: &str = "brownout";

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

    /// One whose every step fails, as on a full disk.
    #[cfg(test)]
    pub(crate) fn broken(dir: &Path) -> Self {
        fs::write(dir.join(TIMELINE), "").unwrap();
        let file = File::open(dir.join(TIMELINE)).unwrap();
        Timeline { file, next: 0, previous: String::new() }
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
    use std::fmt::Write;
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
