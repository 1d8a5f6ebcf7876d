//! What a report shows beside its findings, whatever is demanded. Each part goes over the whole ledger and needs no other one,
//! so that they are made at the same time.

use evidence::Ledger;
use measure::brief::Brief;
use measure::{behaviour, conservation, counters, series, tables};
use rayon::join;
use reports::Report;

/// The parts.
pub(crate) struct Figures {
    /// What of the record does not hang together.
    pub broken: Vec<String>,
    /// The report of the run with the figures in it, and no finding yet.
    pub report: Report,
}

impl Figures {
    /// Of a ledger, into what is known of its run.
    pub(crate) fn of(brief: &Brief, ledger: &Ledger, run: Report) -> Self {
        let lines = || join(|| series::series(brief, ledger), || conservation::problems(brief, ledger));
        let behaviour = || {
            let breakers = series::breakers(brief, ledger);
            (behaviour::behaviour(brief, ledger, &breakers), breakers)
        };
        let tables = move || Report {
            phases: tables::phases(brief, ledger),
            traffic: tables::traffic(brief, ledger),
            backends: tables::backends(brief, ledger),
            injections: tables::injections(brief, ledger),
            latencies: tables::latencies(brief, ledger),
            bands: series::bands(brief),
            actions: tables::actions(brief, ledger),
            metrics: counters::table(brief, ledger),
            ..run
        };
        let (((series, distributions), broken), ((behaviour, breakers), report)) =
            join(lines, || join(behaviour, tables));
        Figures { broken, report: Report { series, distributions, behaviour, breakers, ..report } }
    }
}
