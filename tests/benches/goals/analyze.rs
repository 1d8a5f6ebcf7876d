//! `brownout analyze` on a recorded run of a million exchanges with their attempts: time and memory.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use archive::{Manifest, Recording};
use evidence::{Attempt, BodyCheck, End, Exchange, Losses, Method, Outcome, Planned, Tag, TagEcho};
use scenario::{Overrides, load_text};
use units::Moment;

use crate::cpu;
use crate::memory::resident_peak;
use crate::overhead::binary;
use crate::table::Row;

const EXCHANGES: u64 = 1_000_000;

/// Every kind of expectation, and the whole policy.
const ALL_KINDS: &str = include_str!("all-kinds.toml");

pub(crate) fn measure() -> crate::Outcome {
    let dir = tempfile::tempdir()?;
    let run = dir.path().join("run");
    record(&run)?;
    let (seconds, megabytes) = analyze(&run)?;
    let first_look = Row {
        what: "analyze 1 000 000 exchanges with 1 250 000 attempts",
        measured: format!("{seconds:.2} s, {megabytes:.0} MB"),
        goal: "2 s, 500 MB",
        met: seconds <= 2.0 && megabytes <= 500.0,
    };
    let (seconds, megabytes) = analyze(&simulate(dir.path())?)?;
    let all_kinds = Row {
        what: "the same of 950 000 exchanges with all kinds of expectation, a breaker, and `policy`",
        measured: format!("{seconds:.2} s, {megabytes:.0} MB"),
        goal: "1.5 s, 400 MB",
        met: seconds <= 1.5 && megabytes <= 400.0,
    };
    Ok(vec![first_look, all_kinds])
}

/// Runs [`ALL_KINDS`] in the simulated world, and gives its run directory.
fn simulate(dir: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let (scenario, out) = (dir.join("all-kinds.toml"), dir.join("simulated"));
    std::fs::write(&scenario, ALL_KINDS)?;
    let mut run = Command::new(binary()?);
    run.args(["run", "--simulate", "--quiet", "--out"]).arg(&out).arg(&scenario);
    let output = run.output()?;
    let made = std::fs::read_dir(&out).ok().and_then(|mut dirs| dirs.next());
    let made = made.ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(made?.path())
}

/// How long `brownout analyze` takes, in seconds, and its peak memory, in megabytes.
fn analyze(run: &Path) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let before = cpu::now();
    let mut child = Command::new(binary()?)
        .arg("analyze")
        .arg(run)
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .spawn()?;
    let status = Path::new("/proc").join(child.id().to_string()).join("status");
    let mut peak = 0;
    let code = loop {
        peak = peak.max(resident_peak(&status).unwrap_or(0));
        if let Some(code) = child.try_wait()? {
            break code;
        }
        cpu::pause(Duration::from_millis(2));
    };
    let seconds = cpu::now() - before;
    if !matches!(code.code(), Some(0..=2)) {
        return Err(format!("brownout analyze: {code}").into());
    }
    Ok((seconds, peak as f64 / 1024.0))
}

/// A first look at a higher rate: a quarter of the requests in the faulty phase take a second attempt.
pub(crate) fn record(dir: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let entry = scenarios::LIBRARY.iter().find(|entry| entry.name == "first-look").ok_or("no first-look")?;
    let loaded = load_text("first-look.toml", entry.text, Path::new("."), &Overrides::default())?;
    let manifest =
        Manifest { plan: serde_json::to_value(&loaded.plan)?, simulated: true, ..crate::driver::manifest() };
    let recording = Recording::create(dir, &manifest, || {})?;
    let recorder = recording.recorder();
    let (mut exchanges, mut attempts) = (recorder.sheet(), recorder.sheet());
    let step = loaded.plan.length.as_nanos() as i64 / EXCHANGES as i64;
    for number in 0..EXCHANGES {
        let due = Moment(number as i64 * step);
        let tries = if number % 4 == 0 { 2 } else { 1 };
        exchanges.push(exchange(number, due, tries));
        for attempt in 1..=tries {
            attempts.push(arrival(number, due, attempt, tries));
        }
    }
    drop((exchanges, attempts, recorder));
    recording.finish(Moment::after_epoch(loaded.plan.length), None, Losses::default())?;
    Ok(())
}

fn exchange(number: u64, due: Moment, tries: u16) -> Exchange {
    Exchange {
        tag: Tag(number),
        class: 0,
        due,
        sent: due + Duration::from_micros(30),
        first_byte: Some(due + Duration::from_micros(700 + number % 900)),
        done: due + Duration::from_micros(800 + number % 900),
        outcome: Outcome::Complete,
        status: 200,
        backend: (number + u64::from(tries)) as u16 % 2,
        attempt: tries,
        connection: (number % 64) as u32 + 1,
        nth: (number / 64) as u32 + 1,
        request_bytes: 0,
        request_hash: None,
        body_bytes: 1024,
        body_hash: None,
        retry_after: None,
        echo: TagEcho::Same,
        body: BodyCheck::Intact,
        held: 0,
        disclosed: evidence::Disclosed::Unknown,
    }
}

fn arrival(number: u64, due: Moment, attempt: u16, tries: u16) -> Attempt {
    let failed = attempt < tries;
    let arrived = due + Duration::from_micros(200 * u64::from(attempt));
    Attempt {
        tag: Tag(number),
        backend: (number + u64::from(attempt)) as u16 % 2,
        number: attempt,
        connection: (number % 64) as u32 + 1,
        nth: (number / 64) as u32 + 1,
        method: Method::Get,
        arrived,
        body_done: Some(arrived),
        declared: None,
        received: 0,
        body_hash: 0,
        injections: u64::from(failed),
        effective: u64::from(failed),
        planned: if failed { Planned::Status } else { Planned::Answer },
        delay: 0,
        delay_error: 0,
        paced: 0,
        status: if failed { 503 } else { 200 },
        answer_bytes: 0,
        answer_hash: None,
        retry_after: None,
        retry_at: None,
        replied: Some(arrived + Duration::from_micros(90)),
        ended: arrived + Duration::from_micros(100),
        end: End::Replied,
    }
}
