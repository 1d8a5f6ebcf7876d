//! From a run directory to its report: the one path for fresh runs, old runs, and runs that were cut.

use std::fs::{self, File, Metadata};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use archive::{Logged, Manifest, read_run, write_hlog};
use evidence::{Evidence, Ledger};
use hdrhistogram::Histogram;
use judge::Demand;
use measure::brief::{BackendBrief, Brief};
use measure::histograms::{HistogramKey, histograms};
use reports::{BackendItem, Inventory, Report};
use scenario::Plan;
use units::Size;

use crate::report_files::{find_format, save_reports};
use crate::whole_file::write_whole;

/// Judges a run that has just ended, and writes report and histograms beside its evidence. What only the command knows of,
/// such as a baseline, has its say by `amend` before the report is written, so that every document says the same; what it
/// returns comes back beside the report.
pub fn judge_fresh<T>(dir: &Path, amend: impl FnOnce(&mut Report) -> Result<T>) -> Result<(Report, T)> {
    let run = Recorded::read(dir)?;
    let mut report = run.judge(&run.plan.demands);
    let amended = amend(&mut report)?;
    let histograms = histograms(&run.plan.brief, &run.ledger);
    let log = histograms.iter().map(|(key, histogram)| logged(key, histogram));
    write_whole(&dir.join("histograms.hlog"), |mut out| write_hlog(&mut out, log))?;
    save_reports(std::slice::from_ref(&report), find_format("json")?, &dir.join("report.json"))?;
    Ok((report, amended))
}

fn logged<'a>(key: &HistogramKey, histogram: &'a Histogram<u64>) -> Logged<'a> {
    let HistogramKey { time, class, phase, start, length } = key;
    Logged {
        tag: format!("time={time};class={class};phase={phase}"),
        start: *start,
        length: *length,
        histogram,
    }
}

/// The report of a run directory, which is judged again, or of a saved report, which is taken at its word.
pub fn report_of(source: &Path) -> Result<Report> {
    if source.is_dir() {
        return judge_run(source, None);
    }
    let text = fs::read_to_string(source).with_context(|| format!("{}", source.display()))?;
    reports::format::read(&text).with_context(|| format!("{}", source.display()))
}

/// Judges the run in `dir`, by the demands of another plan if there is one.
pub fn judge_run(dir: &Path, instead: Option<&Plan>) -> Result<Report> {
    let run = Recorded::read(dir)?;
    match instead {
        None => Ok(run.judge(&run.plan.demands)),
        Some(other) => Ok(run.judge(&adopt(&run.plan.brief, other)?)),
    }
}

/// Judges a run whose evidence was kept in memory.
pub fn judge_kept(mut plan: Plan, manifest: Manifest, evidence: Evidence) -> Report {
    plan.brief.found_at(&manifest.backend_addresses);
    plan.brief.declared_hashes.clone_from(&manifest.declared_hashes);
    let report = unjudged(Path::new(""), &plan, manifest);
    let run = Recorded { plan, ledger: Ledger::join(evidence), report };
    run.judge(&run.plan.demands)
}

/// A run as it was recorded.
struct Recorded {
    plan: Plan,
    ledger: Ledger,
    /// The report before anything is judged.
    report: Report,
}

impl Recorded {
    fn read(dir: &Path) -> Result<Self> {
        let run = read_run(dir)?;
        let mut plan =
            plan_of(&run.manifest).with_context(|| format!("{}", dir.join("manifest.json").display()))?;
        plan.brief.found_at(&run.manifest.backend_addresses);
        plan.brief.declared_hashes.clone_from(&run.manifest.declared_hashes);
        let report = unjudged(dir, &plan, run.manifest);
        Ok(Recorded { plan, ledger: Ledger::join(run.evidence), report })
    }

    fn judge(&self, demands: &[Demand]) -> Report {
        judge::judge(&self.plan.brief, demands, &self.ledger, self.report.clone())
    }
}

/// The plan that a run was made from.
pub fn plan_of(manifest: &Manifest) -> Result<Plan> {
    let mut plan = manifest.plan.clone();
    // Before measuring and demanding were apart, the demands stood within the brief.
    if let Some(demands) = plan.pointer_mut("/brief/demands").map(serde_json::Value::take) {
        plan["demands"] = demands;
    }
    let declared = plan.pointer("/brief/policy").is_some();
    let mut plan: Plan =
        serde_json::from_value(plan).context("`plan`: not a plan as this version writes it")?;
    if !declared {
        plan.brief.policy = plan.policy.clone();
    }
    Ok(plan)
}

/// Another plan's demands on this run: phases and traffic are matched by name.
fn adopt(own: &Brief, other: &Plan) -> Result<Vec<Demand>> {
    let phase = |index: usize| {
        let name = &other.brief.phases[index].name;
        own.phases
            .iter()
            .position(|phase| phase.name == *name)
            .with_context(|| format!("the run has no phase `{name}`"))
    };
    let traffic = |index: Option<u16>| -> Result<Option<u16>> {
        let Some(index) = index else { return Ok(None) };
        let name = &other.brief.traffic[usize::from(index)].name;
        let found = own.traffic.iter().position(|traffic| traffic.name == *name);
        found.map(|index| Some(index as u16)).with_context(|| format!("the run has no traffic `{name}`"))
    };
    let demands = other.demands.iter().map(|demand| {
        Ok(Demand { phase: phase(demand.phase)?, traffic: traffic(demand.traffic)?, ..demand.clone() })
    });
    demands.collect()
}

/// What the manifest says of a run, as its report has it.
fn unjudged(dir: &Path, plan: &Plan, manifest: Manifest) -> Report {
    Report {
        inventory: inventory(dir, plan, &manifest),
        remarks: reached(plan, &manifest)
            .into_iter()
            .chain(log_left_out(manifest.gateway_log_left_out))
            .collect(),
        overrides: manifest.overrides,
        brownout: manifest.brownout,
        run: manifest.run,
        scenario_path: manifest.scenario_path,
        gateway: manifest.gateway,
        gateway_version: manifest.gateway_version,
        simulated: manifest.simulated,
        seed: manifest.seed,
        started: manifest.started,
        ..Report::default()
    }
}

/// Which backends other machines could reach, and where they listened.
fn reached(plan: &Plan, manifest: &Manifest) -> Option<String> {
    let named = plan.brief.backends.iter().zip(&manifest.backend_addresses);
    let outside = named.filter(|(backend, _)| backend.off_loopback && !manifest.simulated);
    let words: Vec<String> =
        outside.map(|(backend, address)| format!("`{}` at {address}", backend.name)).collect();
    (!words.is_empty()).then(|| format!("other machines could reach the backends {}", words.join(", ")))
}

fn log_left_out(bytes: u64) -> Option<String> {
    (bytes > 0).then(|| {
        let size = Size(bytes);
        format!("the gateway printed more than is kept: {size} are left out of the middle of its log")
    })
}

/// The most of a configuration that a report carries, in bytes; the whole of it lies beside the evidence.
const CONFIGURATION_MAX: u64 = 64 << 10;

fn inventory(dir: &Path, plan: &Plan, manifest: &Manifest) -> Inventory {
    let (machine, limits) = (&manifest.machine, &plan.limits);
    let declared = plan.policy != policy::Policy::default();
    let limits = serde_json::to_value(limits).ok();
    let limits = limits.as_ref().and_then(serde_json::Value::as_object).into_iter().flatten();
    let words = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Inventory {
        gateway_address: manifest.gateway_address.map(|address| address.to_string()),
        backends: backends(plan, &manifest.backend_addresses),
        // In the words of the scenario file.
        policy: declared.then(|| toml::to_string(&plan.policy).unwrap_or_default()),
        configuration: configuration(&dir.join("gateway")),
        configuration_made: Some(!plan.gateway.contract().has_own_configuration()),
        scenario: Some(manifest.scenario_text.clone()).filter(|text| !text.is_empty()),
        machine: Some(format!("{}, {}, {} cores", machine.system, machine.architecture, machine.cores)),
        limits: limits.map(|(name, value)| (name.clone(), words(value))).collect(),
    }
}

/// The addresses of the backends. The judge knows the rest.
fn backends(plan: &Plan, addresses: &[SocketAddr]) -> Vec<BackendItem> {
    let named = plan.brief.backends.iter().zip(addresses);
    let item = |(backend, address): (&BackendBrief, &SocketAddr)| BackendItem {
        name: backend.name.clone(),
        address: Some(address.to_string()),
        ..BackendItem::default()
    };
    named.map(item).collect()
}

/// The start of the configuration that was made for a gateway: the first file beside the evidence that is no log. No link
/// is followed: evidence that was handed over could else put any file of its reader into the report.
fn configuration(gateway: &Path) -> Option<String> {
    let own = |path: &Path, is: fn(&Metadata) -> bool| fs::symlink_metadata(path).is_ok_and(|meta| is(&meta));
    if !own(gateway, Metadata::is_dir) {
        return None;
    }
    let files = fs::read_dir(gateway).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_configuration = |path: &PathBuf| {
        let ending = path.extension().unwrap_or_default();
        own(path, Metadata::is_file)
            && (["yaml", "yml", "cfg", "conf", "json", "toml"].iter().any(|known| ending == *known)
                || path.file_name().is_some_and(|name| name == "Caddyfile"))
    };
    let first = files.filter(is_configuration).min()?;
    let mut bytes = Vec::new();
    File::open(first).ok()?.take(CONFIGURATION_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
