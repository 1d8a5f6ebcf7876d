//! Evidence that shows what another gateway would have left: rows of a recorded run are changed, and the run is sealed
//! again as if it had been recorded so.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use archive::{Manifest, read_run, write_run};
use evidence::{Attempt, Connection, Evidence, Exchange, Firing, Hiccup, Probe};
use serde_json::Value;

/// A run directory whose rows are being changed.
pub struct Doctored {
    dir: PathBuf,
    manifest: Manifest,
    evidence: Evidence,
}

impl Doctored {
    /// Reads the run directory `dir`.
    ///
    /// # Panics
    /// If it can't be read.
    pub fn open(dir: &Path) -> Self {
        let run = read_run(dir).unwrap_or_else(|error| panic!("{error}"));
        Doctored { dir: dir.to_owned(), manifest: run.manifest, evidence: run.evidence }
    }

    /// The one run directory within `out`.
    ///
    /// # Panics
    /// If there is none, or if there are several.
    pub fn only_run_in(out: &Path) -> Self {
        let entries = std::fs::read_dir(out).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
        let dirs: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
        let [dir] = &dirs[..] else { panic!("{}: expected one run, found {}", out.display(), dirs.len()) };
        Doctored::open(dir)
    }

    /// Changes what the client saw.
    pub fn exchanges(mut self, change: impl FnOnce(&mut Vec<Exchange>)) -> Self {
        change(&mut self.evidence.exchanges);
        self
    }

    /// Changes what reached the backends.
    pub fn attempts(mut self, change: impl FnOnce(&mut Vec<Attempt>)) -> Self {
        change(&mut self.evidence.attempts);
        self
    }

    /// Changes the connections that backends accepted.
    pub fn connections(mut self, change: impl FnOnce(&mut Vec<Connection>)) -> Self {
        change(&mut self.evidence.connections);
        self
    }

    /// Changes the arrivals that are no attempts.
    pub fn probes(mut self, change: impl FnOnce(&mut Vec<Probe>)) -> Self {
        change(&mut self.evidence.probes);
        self
    }

    /// Changes when listeners were closed.
    pub fn firings(mut self, change: impl FnOnce(&mut Vec<Firing>)) -> Self {
        change(&mut self.evidence.firings);
        self
    }

    /// Changes when the machine stalled.
    pub fn hiccups(mut self, change: impl FnOnce(&mut Vec<Hiccup>)) -> Self {
        change(&mut self.evidence.hiccups);
        self
    }

    /// Changes the plan that the run says it was.
    pub fn plan(mut self, change: impl FnOnce(&mut Value)) -> Self {
        change(&mut self.manifest.plan);
        self
    }

    /// Changes all tables at once, and how the run ended.
    pub fn evidence(mut self, change: impl FnOnce(&mut Evidence)) -> Self {
        change(&mut self.evidence);
        self
    }

    /// Has connections carry what is on record of them, as they would have with the gateway that is shown: an attempt that was moved
    /// to another backend came on a connection there, and each connection carried what it did.
    #[must_use]
    pub fn carried(mut self) -> Self {
        let Evidence { attempts, connections, probes, .. } = &mut self.evidence;
        let mut next = connections.iter().map(|row| row.connection).max().unwrap_or(0);
        let mut moved: HashMap<(u32, u16), u32> = HashMap::new();
        let by_number: HashMap<u32, usize> =
            connections.iter().enumerate().map(|(index, row)| (row.connection, index)).collect();
        for attempt in attempts.iter_mut() {
            let Some(index) = by_number.get(&attempt.connection).copied() else { continue };
            if connections[index].backend == attempt.backend {
                continue;
            }
            attempt.connection = *moved.entry((attempt.connection, attempt.backend)).or_insert_with(|| {
                next += 1;
                connections.push(Connection {
                    backend: attempt.backend,
                    connection: next,
                    ..connections[index].clone()
                });
                next
            });
        }
        let mut carried: HashMap<u32, u32> = HashMap::new();
        for number in attempts.iter().map(|row| row.connection).chain(probes.iter().map(|row| row.connection))
        {
            *carried.entry(number).or_default() += 1;
        }
        for row in connections.iter_mut().filter(|row| row.accepted.is_in_run()) {
            row.requests = carried.get(&row.connection).copied().unwrap_or(0);
        }
        self
    }

    /// Writes the run where it was, sealed: nothing tells it from one that was recorded so.
    ///
    /// # Panics
    /// If it can't be written.
    pub fn save(self) -> PathBuf {
        write_run(&self.dir, &self.manifest, &self.evidence)
            .unwrap_or_else(|error| panic!("{}: {error}", self.dir.display()));
        self.dir
    }
}
