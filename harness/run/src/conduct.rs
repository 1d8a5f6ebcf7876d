//! One run from start to end: backends, gateway, epoch, load, and back; its evidence goes to disk, or stays in memory.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use archive::{Manifest, Recording};
use driver::DriverSpec;
use evidence::{Evidence, Kept, Losses, Recorder, Redaction, RunNonce};
use gateways::{Allowed, Launch, Trust, Upstream, Upstreams};
use net::World;
use scenario::Plan;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, info_span};
use units::{Moment, Timespan};

use crate::observe::{Story, watching};
use crate::parts::{Bound, Early, Parts};
use crate::status::{self, StatusPage};
use crate::{Progress, RunError, Stage, access_log, descriptors, directory};

/// From the moment that the gateway is ready to the epoch: long enough for all threads to be waiting.
const LEAD: Duration = Duration::from_millis(20);

/// The same where the gateway's metrics are scraped: long enough for the first page to be there.
const LEAD_SCRAPED: Duration = Duration::from_millis(250);

/// What a run is told beside its plan.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory in which the run directory is made.
    pub out: PathBuf,
    /// Where the scenario was read from, as the user named it.
    pub scenario_path: String,
    /// The scenario as it is run, with every override in it.
    pub scenario_text: String,
    /// The settings that the command line changed in it, as `path=value`.
    pub overrides: Vec<String>,
    /// True for the simulated world.
    pub simulate: bool,
    /// What a scenario may do because the user said so.
    pub allowed: Allowed,
    /// Where the live state is served.
    pub status: Option<StatusPage>,
    /// Ends the run in order: what was recorded is kept and judged.
    pub interrupt: CancellationToken,
    /// Ends the run at once.
    pub abort: CancellationToken,
}

/// A run whose evidence is on disk.
#[derive(Debug)]
pub struct Finished {
    /// Where the evidence lies.
    pub dir: PathBuf,
    /// Why it ended before its plan did, if it did.
    pub early: Option<String>,
}

/// What can be told of `plan` before anything is started, and would end a run: what nobody allowed, an address that this machine
/// does not have, a secret that is not there.
pub fn preflight(plan: &Plan, allowed: &Allowed) -> Result<(), RunError> {
    fake_backends::permit(&plan.pool, &allowed.listen)?;
    preflight_simulated(plan, allowed)
}

/// The same for the simulated world, in which nobody else can reach a backend.
fn preflight_simulated(plan: &Plan, allowed: &Allowed) -> Result<(), RunError> {
    plan.gateway.contract().permit(allowed)?;
    if let Some(metrics) = plan.gateway.contract().metrics() {
        metrics.permit(plan.gateway.name(), allowed)?;
    }
    resolved(plan, false).map(|_| ())
}

/// What has the values of secrets in it, and is never written.
struct Resolved {
    load: DriverSpec,
    /// What the policy puts into requests.
    put_in: scenario::PutIn,
    /// How values are to be hashed.
    redaction: Redaction,
}

/// The load and the policy with their secrets. A simulated run is the same every time, so that its hashes could be guessed: it is
/// sent words in place of secrets.
fn resolved(plan: &Plan, simulated: bool) -> Result<Resolved, RunError> {
    let in_words = |diagnostic: scenario::Diagnostic| {
        let help = diagnostic.help.map(|help| format!("\nhelp: {help}")).unwrap_or_default();
        RunError::Secret(diagnostic.message + &help)
    };
    let mut load = plan.driver.clone();
    if simulated {
        scenario::stand_in_secrets(&mut load).map_err(in_words)?;
        let put_in = scenario::stand_in_put_in(&plan.policy).map_err(in_words)?;
        return Ok(Resolved { load, put_in, redaction: Redaction::repeatable(plan.driver.nonce) });
    }
    let mut secrets = scenario::resolve_secrets(&mut load).map_err(in_words)?;
    let put_in = scenario::resolve_put_in(&plan.policy, &mut secrets).map_err(in_words)?;
    Ok(Resolved { load, put_in, redaction: Redaction::of(secrets.values()) })
}

/// Runs `plan` to its end, or to the first of: an interrupt, the gateway's death, a failure of the environment.
pub fn run(plan: &Plan, options: &Options, progress: &Arc<Progress>) -> Result<Finished, RunError> {
    in_world(plan, options, progress, async |world| on_disk(&world, plan.clone(), options, progress).await)
}

/// Runs `plan` in the simulated world and writes nothing: for runs by the thousand that nobody will look at again.
pub fn run_in_memory(
    plan: &Plan,
    options: &Options,
    progress: &Arc<Progress>,
) -> Result<(Manifest, Evidence), RunError> {
    let options = &Options { simulate: true, ..options.clone() };
    in_world(plan, options, progress, async |world| {
        let kept = Kept::default();
        let unrecorded = CancellationToken::new();
        let run = Run { world: &world, plan, options, progress, dir: &options.out, unrecorded };
        let mut manifest = manifest(plan, options, &options.out);
        let ended = run.conduct(kept.recorder(), &mut manifest, |_| Ok(())).await?;
        let early = ended.early.as_ref().map(Early::text);
        Ok((manifest, kept.finish(ended.at, early, ended.losses)))
    })
}

fn in_world<T>(
    plan: &Plan,
    options: &Options,
    progress: &Arc<Progress>,
    conduct: impl AsyncFnOnce(World) -> Result<T, RunError>,
) -> Result<T, RunError> {
    let conducted = |world: World| async move {
        progress.follow(&world);
        tokio::select! {
            biased;
            () = options.abort.cancelled() => Err(RunError::Aborted),
            finished = conduct(world) => finished,
        }
    };
    let preflight = if options.simulate { preflight_simulated } else { preflight };
    preflight(plan, &options.allowed)?;
    options.status.as_ref().map_or(Ok(()), StatusPage::permit)?;
    let span = info_span!("run", scenario = plan.name, gateway = plan.gateway.name(), seed = plan.seed);
    let conducted = |world| conducted(world).instrument(span);
    if options.simulate {
        if !plan.gateway.contract().can_be_simulated() {
            return Err(RunError::NotSimulable(plan.gateway.name()));
        }
        return net::simulate_with_transit(plan.seed, conducted);
    }
    descriptors::provide(plan)?;
    let refused = |source| RunError::Part { part: "run", source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(refused)?;
    tokio::task::LocalSet::new().block_on(&runtime, conducted(World::real()))
}

async fn on_disk(
    world: &World,
    mut plan: Plan,
    options: &Options,
    progress: &Arc<Progress>,
) -> Result<Finished, RunError> {
    let dir = directory::create(&options.out, &plan.name)
        .map_err(|source| RunError::Evidence { path: options.out.clone(), source })?;
    let in_dir = |source| RunError::Evidence { path: dir.clone(), source };
    if !world.is_simulated() {
        let nonce = fresh_nonce();
        (plan.pool.nonce, plan.driver.nonce) = (nonce, nonce);
    }
    let mut manifest = manifest(&plan, options, &dir);
    manifest.plan = serde_json::to_value(&plan).expect("a plan has only string keys");
    let unrecorded = CancellationToken::new();
    let gives_up = unrecorded.clone();
    let story = Story::of(&plan, &Span::current());
    let (watch, watched) = watching(progress.observer.clone(), story, world.is_simulated())
        .map_err(|source| RunError::Part { part: "observer", source })?;
    let recording =
        Recording::create_watched(&dir, &manifest, move || gives_up.cancel(), watch).map_err(in_dir)?;
    let run = Run { world, plan: &plan, options, progress, dir: &dir, unrecorded };
    let started = |manifest: &Manifest| recording.rewrite(manifest).map_err(in_dir);
    let ended = run.conduct(recording.recorder(), &mut manifest, started).await?;
    let early = ended.early.as_ref().map(Early::text);
    let unrecorded = |source| RunError::Unrecorded { dir: dir.clone(), source };
    if manifest.gateway_log_left_out > 0 {
        recording.rewrite(&manifest).map_err(unrecorded)?;
    }
    recording.finish(ended.at, early.clone(), ended.losses).map_err(unrecorded)?;
    // What was recorded is told before the verdict is; a log that panicked is no reason to lose the run.
    let _ = watched.join();
    progress.enter(Stage::Done);
    match ended.early {
        Some(Early::GatewayEnded(how)) => {
            Err(RunError::GatewayEnded { at: Timespan(ended.at.since(Moment::EPOCH)), how, dir })
        }
        _ => Ok(Finished { dir, early }),
    }
}

/// What a run needs, wherever its evidence goes.
struct Run<'a> {
    world: &'a World,
    plan: &'a Plan,
    options: &'a Options,
    progress: &'a Arc<Progress>,
    /// Where the gateway may put its files.
    dir: &'a Path,
    /// Cancelled when a row can't be written any more.
    unrecorded: CancellationToken,
}

/// How it ended.
struct Ended {
    at: Moment,
    early: Option<Early>,
    losses: Losses,
}

impl Run<'_> {
    /// From the backends to the load, and back. `started` is told the manifest once the gateway is ready.
    async fn conduct(
        &self,
        recorder: Recorder,
        manifest: &mut Manifest,
        started: impl FnOnce(&Manifest) -> Result<(), RunError>,
    ) -> Result<Ended, RunError> {
        let Run { world, plan, options, progress, dir, .. } = *self;
        let (unrecorded, stop) = (self.unrecorded.clone(), CancellationToken::new());
        let Resolved { mut load, put_in, redaction } = resolved(plan, world.is_simulated())?;
        let hash = |(key, value): (String, String)| (key, redaction.hash(value.as_bytes()));
        manifest.declared_hashes = put_in.into_iter().map(hash).collect();
        let recorder = recorder.redacting(redaction);
        let parts = Parts { world: world.clone(), recorder, unrecorded, stop };
        let page = options.status.as_ref().map(|page| status::serve(page, progress.clone())).transpose()?;
        let (bound, backends) = parts.start_backends(plan, progress).await?;
        for (backend, address) in plan.pool.backends.iter().zip(&bound.addresses) {
            tracing::info!(backend = backend.name, %address, "a backend listens");
        }
        let launch = Launch {
            world: world.clone(),
            upstreams: upstreams(plan, &bound),
            dir: dir.join("gateway"),
            allowed: options.allowed.clone(),
            acted_on: !plan.actions.is_empty(),
        };
        let mut gateway = tokio::select! {
            biased;
            () = options.interrupt.cancelled() => return Err(RunError::Aborted),
            gateway = plan.gateway.contract().launch(&launch) => gateway?,
        };
        tracing::info!(
            gateway = plan.gateway.name(),
            version = gateway.version.as_deref(),
            address = %gateway.address,
            "the gateway routes"
        );
        manifest.gateway_version.clone_from(&gateway.version);
        manifest.gateway_address = Some(gateway.address);
        load.backends = bound.reached();
        manifest.backend_addresses = bound.addresses;
        let ahead = if gateway.metrics.is_some() { LEAD_SCRAPED } else { LEAD };
        world.set_epoch_in(ahead);
        manifest.started = (directory::wall_clock() + ahead).to_string();
        started(manifest)?;

        let scraping = parts.start_scraping(plan, gateway.metrics.take())?;
        let early = parts.carry_the_load(plan, load, &gateway, (options, progress)).await?;
        let at = world.now();
        scraping.end().await?;
        parts.stop.cancel();
        let totals = backends.await.map_err(|_| RunError::PartEnded("fake backends"))?;
        let access_log = gateway.access_log.take();
        manifest.gateway_log_left_out = gateway.stop().await;
        if let Some(log) = access_log {
            access_log::record(log, manifest.gateway_log_left_out, (&parts.recorder, plan.pool.nonce));
        }
        drop(page);
        let losses = Losses { rows: 0, connections: totals.turned_away, shortages: world.shortages() };
        Ok(Ended { at, early, losses })
    }
}

fn upstreams(plan: &Plan, bound: &Bound) -> Upstreams {
    let named = plan.pool.backends.iter().zip(&plan.brief.backends).zip(bound.reached());
    let backends = named.map(|((spec, brief), address)| Upstream {
        name: spec.name.clone(),
        address,
        weight: brief.weight,
        priority: brief.priority,
        tls: spec.tls.is_some(),
    });
    Upstreams {
        backends: backends.collect(),
        policy: plan.policy.clone(),
        trust: bound
            .authority
            .clone()
            .map(|authority| Trust { name: fake_backends::TLS_NAME.to_owned(), authority }),
        base: plan.base.clone(),
        seed: plan.seed,
    }
}

/// What is known before the gateway is started; the plan itself is left out.
fn manifest(plan: &Plan, options: &Options, dir: &Path) -> Manifest {
    Manifest {
        format: archive::FORMAT,
        brownout: env!("CARGO_PKG_VERSION").to_owned(),
        run: dir.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        scenario_path: options.scenario_path.clone(),
        scenario_text: options.scenario_text.clone(),
        overrides: options.overrides.clone(),
        plan: serde_json::Value::Null,
        seed: plan.seed,
        nonce: plan.pool.nonce,
        gateway: plan.gateway.name().to_owned(),
        gateway_version: None,
        gateway_address: None,
        backend_addresses: Vec::new(),
        declared_hashes: BTreeMap::new(),
        gateway_log_left_out: 0,
        simulated: options.simulate,
        started: directory::wall_clock().to_string(),
        machine: directory::machine(),
    }
}

/// Different from run to run, so that a gateway that outlives a run can't bring its late retries into the next, and not
/// to be guessed, so that nobody else can make tags up: the standard library draws its hash keys from the system.
fn fresh_nonce() -> RunNonce {
    RunNonce(RandomState::new().build_hasher().finish())
}
