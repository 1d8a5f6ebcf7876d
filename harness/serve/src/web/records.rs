//! What is kept of firings: reports, comparisons, bundles, the audit log.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use assess::{find_format, report_of, write_whole};
use axum::body::{Body, Bytes};
use futures_util::stream::unfold;
use reports::format::Options;
use reports::{ComparisonFormat, Report};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::mpsc::channel;

use super::call::{Answer, Call, text};
use super::firings::find;
use super::input::Text;
use super::problem::Problem;
use super::site::Site;
use crate::store::{RunQuery, State};

/// Two runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Two {
    /// The firing of the earlier run.
    #[schemars(range(max = 4_294_967_295_u32))]
    before: u32,
    /// The number of that run in its firing, from 0.
    #[serde(default)]
    before_run: u16,
    /// The firing of the later run.
    #[schemars(range(max = 4_294_967_295_u32))]
    after: u32,
    /// The number of that run in its firing, from 0.
    #[serde(default)]
    after_run: u16,
}

/// Which runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Made {
    /// Of this game day only.
    gameday: Option<Text<1, 200>>,
    /// Of this scenario only, as the game day's file words it.
    scenario: Option<Text<1, 1_000>>,
    /// At most so many; 50 without it.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

/// Which entries of the log.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    /// With a smaller number only: the next page begins after the last of this one.
    #[schemars(range(min = 1, max = 4_294_967_295_u32))]
    before: Option<u32>,
    /// At most so many; 50 without it.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u32>,
}

/// `GET /runs`
pub(super) fn made(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Made { gameday, scenario, limit } = call.asked()?;
    let query = RunQuery {
        gameday: gameday.map(|name| name.0),
        scenario: scenario.map(|name| name.0),
        limit: page(None, limit)?,
    };
    Answer::json(&site.office.store.made(&query)?)
}

/// The length of a page, if it can be asked for.
pub(super) fn page(before: Option<u32>, limit: Option<u32>) -> Result<u32, Problem> {
    let limit = limit.unwrap_or(50);
    if !(1..=200).contains(&limit) || before == Some(0) {
        return Err(Problem::bad("`limit` is 1 to 200, and `before` at least 1"));
    }
    Ok(limit)
}

/// `GET /firings/{id}/runs/{number}/report`
pub(super) fn report(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let report = read(site, find(site, call)?.id, call.number(1, "run")?)?;
    let format = find_format("html").map_err(|error| unreadable(&error))?;
    let mut page = Vec::new();
    (format.make)(Options::default())
        .render(&report, &mut page)
        .map_err(|error| unreadable(&error.into()))?;
    Ok(Answer::Page(page))
}

/// `GET /compare`
pub(super) fn compare(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Two { before, before_run, after, after_run } = call.asked()?;
    let before = read(site, i64::from(before), i64::from(before_run))?;
    let after = read(site, i64::from(after), i64::from(after_run))?;
    let compared = compare::compare(&before, &after);
    let compared = compared.map_err(|error| Problem::conflict(format!("they can't be compared: {error}")))?;
    let mut page = Vec::new();
    let written = ComparisonFormat::Html.render(&compared, Options::default(), &mut page);
    written.map_err(|error| unreadable(&error.into()))?;
    Ok(Answer::Page(page))
}

/// `GET /firings/{id}/bundle`
pub(super) fn bundle(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let firing = find(site, call)?;
    let Some(directory) = firing.directory.filter(|_| !matches!(firing.state, State::Due | State::Running))
    else {
        return Err(Problem::conflict(format!(
            "firing {} is {}: there is no bundle of it",
            firing.id, firing.state
        )));
    };
    let directory = site.office.data.join(directory);
    let notes = text(&site.office.store.notes(firing.id)?)?;
    let written = write_whole(&directory.join("notes.json"), |out| out.write_all(&notes));
    written.map_err(|error| {
        Problem::conflict(format!("its notes can't be written beside its record: {error}"))
    })?;
    let path = site.office.practice.bundle(&directory).map_err(Problem::conflict)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Names are ours; what a header could not carry does not come in all the same.
    let name =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || "._-".contains(*letter)).collect();
    Ok(Answer::File(path, name))
}

/// `GET /audit`
pub(super) fn audit(site: &Site, call: &Call) -> Result<Answer, Problem> {
    let Page { before, limit } = call.asked()?;
    let limit = page(before, limit)?;
    Answer::json(&site.office.store.audit(before.map_or(i64::MAX, i64::from), limit)?)
}

fn read(site: &Site, firing: i64, number: i64) -> Result<Report, Problem> {
    let missing = || Problem::missing(format_args!("run {number} of firing {firing}"));
    let kept = site.office.store.firing(firing)?.ok_or_else(missing)?;
    let runs = site.office.store.runs(firing)?;
    let run = usize::try_from(number).ok().and_then(|number| runs.get(number)).ok_or_else(missing)?;
    let directory = site.office.data.join(kept.directory.ok_or_else(missing)?).join(&run.directory);
    report_of(&directory).map_err(|error| unreadable(&error))
}

fn unreadable(error: &anyhow::Error) -> Problem {
    tracing::warn!("a report can't be shown: {error:#}");
    Problem::missing("report of this run that can be read; the server's log says why")
}

/// The bytes of a file, read as they are sent.
pub(super) fn stream(path: PathBuf) -> Body {
    const PIECE: usize = 64 << 10;
    let (sender, receiver) = channel::<std::io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        loop {
            let mut piece = vec![0; PIECE];
            let piece = file.read(&mut piece).map(|count| {
                piece.truncate(count);
                Bytes::from(piece)
            });
            let is_last = piece.as_ref().is_ok_and(Bytes::is_empty) || piece.is_err();
            if sender.blocking_send(piece).is_err() || is_last {
                return;
            }
        }
    });
    Body::from_stream(unfold(receiver, async |mut receiver| {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    }))
}
