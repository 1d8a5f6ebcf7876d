//! Runs in this process, each on a thread of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};

use assess::judge_fresh;
use evidence::Batch;
use run::{Options, Progress, RunError};
use scenario::Plan;
use tokio_util::sync::CancellationToken;
use units::Moment;

use crate::environment::{RunEnd, RunOrder, Underway};
use crate::tally::Tally;

struct Run {
    tally: Arc<Tally>,
    progress: Arc<Progress>,
    interrupt: CancellationToken,
    end: Receiver<RunEnd>,
}

/// Starts a run, which `abort` ends at once.
pub(super) fn begin(order: &RunOrder<'_>, abort: &CancellationToken) -> Result<Box<dyn Underway>, String> {
    let loaded = &order.run.loaded;
    run::preflight(&loaded.plan, &order.allowed).map_err(|error| error.to_string())?;
    let progress = Arc::new(Progress::new(&loaded.plan, driver::scheduled(&loaded.plan.driver)));
    let tally = Arc::new(tally_of(&loaded.plan));
    let counting = tally.clone();
    progress.on_rows(move |batch| match batch {
        Batch::Exchanges(rows) => rows.iter().for_each(|row| counting.note(row)),
        Batch::Samples(rows) => rows.iter().for_each(|row| counting.scrapes.note(row)),
        _ => {}
    });
    let interrupt = CancellationToken::new();
    let options = Options {
        out: order.out.to_owned(),
        scenario_path: order.run.path.display().to_string(),
        scenario_text: loaded.text.clone(),
        overrides: Vec::new(),
        simulate: false,
        allowed: order.allowed.clone(),
        status: None,
        interrupt: interrupt.clone(),
        abort: abort.clone(),
    };
    let (sender, end) = sync_channel(1);
    let (plan, followed) = (loaded.plan.clone(), progress.clone());
    let body = move || {
        // Nobody waits any more where the day has given up.
        let _ = sender.send(make(&plan, &options, &followed));
    };
    std::thread::Builder::new().name("run".into()).spawn(body).map_err(|error| error.to_string())?;
    Ok(Box::new(Run { tally, progress, interrupt, end }))
}

fn tally_of(plan: &Plan) -> Tally {
    let classes = plan.brief.traffic.iter().map(|class| class.name.clone()).collect();
    let backends = plan.pool.backends.iter().map(|backend| backend.name.clone()).collect();
    Tally::new(classes, backends)
}

fn make(plan: &Plan, options: &Options, progress: &Arc<Progress>) -> RunEnd {
    match run::run(plan, options, progress) {
        Ok(finished) => RunEnd { why: finished.early, ..judge(&finished.dir) },
        Err(error) => {
            let dir = dir_of(&error);
            let judged = dir.map(|dir| judge(&dir)).unwrap_or_default();
            RunEnd { why: Some(error.to_string()), ..judged }
        }
    }
}

/// Where the evidence is of a run that was cut short, if there is any.
fn dir_of(error: &RunError) -> Option<PathBuf> {
    match error {
        RunError::GatewayEnded { dir, .. } => Some(dir.clone()),
        _ => None,
    }
}

/// Judges a run from its directory, and leaves its report there.
pub(super) fn judge(dir: &Path) -> RunEnd {
    let judged = judge_fresh(dir, |_| Ok(()));
    let verdict = judged.as_ref().ok().map(|(report, ())| report.verdict);
    let why = judged.err().map(|error| format!("what was recorded can't be judged: {error:#}"));
    RunEnd { dir: Some(dir.to_owned()), verdict, why }
}

impl Underway for Run {
    fn tally(&self) -> Arc<Tally> {
        self.tally.clone()
    }

    fn attempts(&self) -> Vec<u64> {
        self.progress.attempts()
    }

    fn now(&self) -> Option<Moment> {
        self.progress.now().filter(|now| *now >= Moment::EPOCH)
    }

    fn progress(&self) -> Option<Arc<Progress>> {
        Some(self.progress.clone())
    }

    fn unseen(&self) -> u64 {
        self.progress.unseen()
    }

    fn interrupt(&self) {
        self.interrupt.cancel();
    }

    fn ended(&mut self) -> Option<RunEnd> {
        match self.end.try_recv() {
            Ok(end) => Some(end),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                Some(RunEnd { why: Some("it ended unexpectedly".to_owned()), ..RunEnd::default() })
            }
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // A run that nobody follows any more must not go on.
        self.interrupt.cancel();
    }
}
