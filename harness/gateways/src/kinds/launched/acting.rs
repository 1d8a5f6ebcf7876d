//! What is done to a gateway's program while it runs, by its own means.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::recipe::{CommandLine, Having, Parts, Place};
use super::running::Launched;
use super::{family, listeners};
use crate::acts::{Acts, Doing, NotDone};
use crate::process::Process;
use crate::ready::{self, Target};
use crate::{LaunchError, Ready, Upstreams};

/// By what means a program takes up another configuration, or is replaced by another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Renewal {
    /// Its first process gets this signal, and starts others that have the configuration as it is now in its file.
    Signal(Signal),
    /// Another process takes the listeners over, and the one before it drains.
    Successor {
        /// What it prints when it has.
        up: &'static str,
    },
    /// It is stopped in order by this signal, and started again when it has ended.
    StopAndStart(Signal),
}

/// What a product can be made to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Acting {
    /// How it takes up another configuration, if it can.
    pub(crate) reload: Option<Renewal>,
    /// How it is replaced in order, if it can be.
    pub(crate) restart: Option<Renewal>,
}

/// How long a new process or configuration may take to be in force.
const UP: Duration = Duration::from_secs(10);

/// How long a process that was stopped in order may take to finish what it has under way.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a process that was killed may take to be gone.
const GONE: Duration = Duration::from_secs(2);

/// How long one look whether it routes may take.
const ROUTED: Duration = Duration::from_secs(1);

/// How often it is looked whether it is as it should be.
const LOOK: Duration = Duration::from_millis(10);

/// So many new connections in a row must meet the new configuration: one may have waited to be accepted for longer.
const IN_A_ROW: u32 = 3;

impl Acts for Launched {
    fn reload<'a>(&'a self, config: Option<&'a Path>, backends: &'a [usize]) -> Doing<'a> {
        let config = config.map(Path::to_path_buf).or_else(|| self.having.borrow().config.clone());
        let having = Having { config, backends: backends.to_vec() };
        Box::pin(self.renew(self.start.recipe.acts().reload, having))
    }

    fn restart(&self) -> Doing<'_> {
        let having = self.having.borrow().clone();
        Box::pin(self.renew(self.start.recipe.acts().restart, having))
    }

    fn kill(&self, restart_after: Duration) -> Doing<'_> {
        Box::pin(async move {
            let having = self.having.borrow().clone();
            let serve = self.parts(self.start.place(&having, self.address))?.serve;
            let _replacing = self.replacing();
            for process in self.processes() {
                process.signal(Signal::KILL);
                self.until(GONE, process.ended()).await;
            }
            self.listens_no_longer().await?;
            self.start.launch.world.timer().sleep(restart_after).await;
            self.start_again(&serve, Replaced::Killed).await
        })
    }

    fn pause(&self, length: Duration) -> Doing<'_> {
        Box::pin(async move {
            let _paused = Paused::of(&self.processes());
            self.start.launch.world.timer().sleep(length).await;
            Ok(())
        })
    }
}

/// Processes that stand still until this is dropped, whichever group they are in: Varnish's worker is in one of its own.
struct Paused(Vec<Pid>);

impl Paused {
    fn of(processes: &[Rc<Process>]) -> Self {
        let groups = processes.iter().filter_map(|process| process.id());
        let numbers = groups.flat_map(family::of).filter_map(|number| i32::try_from(number).ok());
        let paused = Paused(numbers.filter_map(Pid::from_raw).collect());
        paused.signal(Signal::STOP);
        paused
    }

    /// One that has ended needs none.
    fn signal(&self, signal: Signal) {
        for process in &self.0 {
            let _ = kill_process(*process, signal);
        }
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
    }
}

/// What becomes of the process that was there before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Replaced {
    Killed,
    Draining { up: &'static str },
}

/// A configuration that is in its place.
struct Written {
    /// What serves with it.
    serve: CommandLine,
    /// What the gateway answers where it was made; `None` for the user's own.
    nonce: Option<String>,
}

impl Launched {
    async fn renew(&self, how: Option<Renewal>, having: Having) -> Result<(), NotDone> {
        let how = how.ok_or_else(|| NotDone::Failed("it has no means for that".into()))?;
        let generation = match how {
            Renewal::Successor { .. } => self.generation.get() + 1,
            Renewal::Signal(_) | Renewal::StopAndStart(_) => 0,
        };
        let written = self.write(&having, generation).await?;
        let _replacing = self.replacing();
        let before = self.process();
        match how {
            Renewal::Signal(signal) => {
                let workers = family::children(before.id());
                before.signal_first(signal);
                self.in_force(&before, &written, &workers).await?;
            }
            Renewal::Successor { up } => {
                self.start_again(&written.serve, Replaced::Draining { up }).await?;
                let successor = self.process();
                if written.nonce.is_some() {
                    self.in_force(&successor, &written, &[]).await?;
                }
            }
            Renewal::StopAndStart(signal) => {
                before.signal_first(signal);
                if self.until(DRAIN, before.ended()).await.is_none() {
                    before.signal(Signal::KILL);
                    self.until(GONE, before.ended()).await;
                }
                self.start_again(&written.serve, Replaced::Killed).await?;
            }
        }
        *self.having.borrow_mut() = having;
        Ok(())
    }

    /// Puts the configuration in its place, if the program's own checker has nothing against it.
    async fn write(&self, having: &Having, generation: u32) -> Result<Written, NotDone> {
        let nonce = super::launch::nonce();
        let place = self.start.place(having, self.address);
        let generation = place.generation.map(|_| generation);
        let place = Place { nonce: &nonce, generation, ..place };
        let trial = self.parts(Place { trial: true, ..place })?;
        if let Some((check, blamed)) = trial.check {
            self.start.write(&trial.files).map_err(failed)?;
            self.start.check(&check, blamed).await.map_err(failed)?;
        }
        let Parts { files, serve, tells_nonce, .. } = self.parts(place)?;
        self.start.write(&files).map_err(failed)?;
        Ok(Written { serve, nonce: tells_nonce.then_some(nonce) })
    }

    /// What it is started with. Asked for before anything is done to it: what is wrong here costs it nothing.
    fn parts(&self, place: Place<'_>) -> Result<Parts, NotDone> {
        self.start.recipe.parts(&place).map_err(failed)
    }

    /// A process that is not among those that were killed, such as a container's, may still have the port. Then nothing was
    /// done to it. What a killed process had started is killed as well, and may take a while until its port is closed.
    async fn listens_no_longer(&self) -> Result<(), NotDone> {
        let closed = async {
            while self.start.launch.world.connect(self.address).await.is_ok() {
                self.start.launch.world.timer().sleep(LOOK).await;
            }
        };
        if self.until(GONE, closed).await.is_some() {
            return Ok(());
        }
        self.note_down();
        let words =
            "its processes were killed, and its port still takes connections: what serves is not one of them";
        Err(NotDone::Failed(words.into()))
    }

    /// Waits until new connections meet the configuration that was written.
    async fn in_force(&self, process: &Process, written: &Written, before: &[u32]) -> Result<(), NotDone> {
        let timer = self.start.launch.world.timer();
        let limit = timer.now() + UP;
        let mut in_a_row = 0;
        while in_a_row < IN_A_ROW {
            if process.id().is_none() {
                self.note_down();
                return Err(NotDone::Down(format!("it ended: {}", super::launch::words(process))));
            }
            if timer.now() > limit {
                let words = super::launch::words(process);
                return Err(NotDone::Failed(format!(
                    "it was not in force after {UP:?}; last words: {words}"
                )));
            }
            let new = match &written.nonce {
                _ if listeners::accept(before, self.address.port()) => false,
                Some(nonce) => self.start.answers_with(self.address, nonce).await,
                None => {
                    let now = family::children(process.id());
                    now.iter().any(|one| !before.contains(one)) && self.routes().await
                }
            };
            in_a_row = if new { in_a_row + 1 } else { 0 };
            if !new {
                timer.sleep(LOOK).await;
            }
        }
        Ok(())
    }

    async fn routes(&self) -> bool {
        let host = self.address.to_string();
        let target = Target { address: self.address, host: &host, tls: None };
        let look = Ready { within: ROUTED.into(), ..self.start.recipe.ready().clone() };
        ready::wait_until_routed(&self.start.launch.world, target, &look).await.is_ok()
    }

    /// Starts another process with the configuration in its place, and waits until it routes.
    async fn start_again(&self, serve: &CommandLine, replaced: Replaced) -> Result<(), NotDone> {
        let process = self.start.serve(serve).map_err(|error| self.down(&error))?;
        let process = Rc::new(process);
        let before = self.current.replace(process.clone());
        self.generation.set(if replaced == Replaced::Killed { 0 } else { self.generation.get() + 1 });
        if let Replaced::Draining { up } = replaced {
            self.older.borrow_mut().push(before);
            let timer = self.start.launch.world.timer();
            let limit = timer.now() + UP;
            while !process.has_said(up) && process.id().is_some() && timer.now() < limit {
                timer.sleep(LOOK).await;
            }
        }
        let ready = self.start.recipe.ready();
        self.start.routes(&process, self.address, ready).await.map_err(|error| self.down(&error))
    }

    fn down(&self, error: &LaunchError) -> NotDone {
        self.note_down();
        NotDone::Down(error.to_string())
    }

    async fn until<T>(&self, bound: Duration, what: impl Future<Output = T>) -> Option<T> {
        let timer = self.start.launch.world.timer();
        timer.until(timer.now() + bound, what).await
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn failed(error: LaunchError) -> NotDone {
    NotDone::Failed(error.to_string())
}

/// The backends whose placeholders a configuration of the user's has, by their index; `None` if it can't be read.
pub fn backends_in(config: &Path, upstreams: &Upstreams) -> Option<Vec<usize>> {
    let (_, text) = super::files::read_text(&PathBuf::from(config), &upstreams.base).ok()?;
    let has = |name: &str| {
        ["address", "host", "port"].iter().any(|part| {
            text.match_indices("{{").any(|(at, _)| {
                let inside = text[at + 2..].split("}}").next().unwrap_or_default().trim();
                inside == format!("backend.{name}.{part}")
            })
        })
    };
    let backends = upstreams.backends.iter().enumerate();
    Some(backends.filter(|(_, backend)| has(&backend.name)).map(|(index, _)| index).collect())
}
