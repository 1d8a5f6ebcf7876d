//! The parts of a run: how they are started, and how the load is carried to its end.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use driver::{DriverSpec, Load};
use evidence::Recorder;
use gateways::{MetricsPage, Running};
use net::{Timer, World};
use scenario::Plan;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::Span;
use units::Moment;

use crate::act::act;
use crate::conduct::Options;
use crate::error::RunError;
use crate::observe::{Change, Silence, Story};
use crate::progress::{Progress, Stage};
use crate::spawn::{Output, spawn};
use crate::{scrape, watchdog};

/// How long the driver may take to end once its own deadline is over: a bound on a defect, not on a gateway.
const DRIVER_BOUND: Duration = Duration::from_secs(5);

/// How often it is looked at which backends get nothing, for the log.
const SILENCE_STEP: Duration = Duration::from_millis(250);

/// Why a run ended before its plan did.
pub(crate) enum Early {
    Interrupted,
    GatewayEnded(String),
    Unrecorded,
}

impl Early {
    /// As the evidence words it.
    pub(crate) fn text(&self) -> String {
        match self {
            Early::Interrupted => "interrupted".into(),
            Early::GatewayEnded(how) => format!("the gateway ended: {how}"),
            Early::Unrecorded => "the evidence could not be written".into(),
        }
    }
}

/// The backends, bound.
pub(crate) struct Bound {
    pub(crate) addresses: Vec<SocketAddr>,
    /// The certificate of their authority in PEM form, if any of them speaks TLS.
    pub(crate) authority: Option<String>,
}

impl Bound {
    /// Where this machine reaches them: who listens at all addresses is reached on loopback as well.
    pub(crate) fn reached(&self) -> Vec<SocketAddr> {
        let reached = |address: &SocketAddr| match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
            IpAddr::V6(ip) if ip.is_unspecified() => (Ipv6Addr::LOCALHOST, address.port()).into(),
            _ => *address,
        };
        self.addresses.iter().map(reached).collect()
    }
}

/// What all parts of a run share.
pub(crate) struct Parts {
    pub(crate) world: World,
    pub(crate) recorder: Recorder,
    /// Says that the evidence can't be written any more.
    pub(crate) unrecorded: CancellationToken,
    /// Ends all that is not the load.
    pub(crate) stop: CancellationToken,
}

impl Parts {
    /// Binds the pool and starts to serve; gives what is bound, and what becomes of it.
    pub(crate) async fn start_backends(
        &self,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<(Bound, Output<fake_backends::PoolTotals>), RunError> {
        let (say_bound, bound) = oneshot::channel();
        let (world, recorder, stop) = (self.world.clone(), self.recorder.clone(), self.stop.clone());
        let spec = plan.pool.clone();
        let serving = spawn(&self.world, "fake backends", move || async move {
            let pool = match fake_backends::bind(&world, &spec) {
                Ok(pool) => pool,
                Err(error) => {
                    say_bound.send(Err(error)).ok();
                    return fake_backends::PoolTotals::default();
                }
            };
            let bound = Bound { addresses: pool.addresses().to_vec(), authority: pool.authority() };
            say_bound.send(Ok((bound, pool.arrivals()))).ok();
            watchdog::beside(&world, &recorder, &stop);
            pool.serve(spec, recorder, stop).await
        })?;
        let (bound, arrivals) = bound.await.map_err(|_| RunError::PartEnded("fake backends"))??;
        progress.count(arrivals);
        Ok((bound, serving))
    }

    /// Starts to scrape the gateway's metrics, if the scenario asks for them.
    pub(crate) fn start_scraping(
        &self,
        plan: &Plan,
        page: Option<MetricsPage>,
    ) -> Result<Scraping, RunError> {
        let over = CancellationToken::new();
        let Some((page, brief)) = page.zip(plan.brief.metrics.clone()) else {
            return Ok(Scraping { over, done: None });
        };
        let (world, recorder, until) = (self.world.clone(), self.recorder.clone(), over.clone());
        let scrape = move || scrape::scrape(world, page, brief, recorder, until);
        Ok(Scraping { over, done: Some(spawn(&self.world, "metrics", scrape)?) })
    }

    /// Starts the driver, with the load that has its secrets in it, and the watchdog, and waits until the load is done or something
    /// ends it early.
    pub(crate) async fn carry_the_load(
        &self,
        plan: &Plan,
        mut spec: DriverSpec,
        gateway: &Running,
        (options, progress): (&Options, &Arc<Progress>),
    ) -> Result<Option<Early>, RunError> {
        spec.target = gateway.address;
        let (further, further_tls): (Vec<_>, Vec<_>) = gateway.further.iter().cloned().unzip();
        spec.further_targets = further;
        let tls = std::iter::once(gateway.tls.clone()).chain(further_tls).collect();
        let until = Moment::after_epoch(plan.length + plan.grace);
        let load = driver::prepare(&spec)?.ending_at(until).over_tls(tls);
        let stop_driving = CancellationToken::new();
        let driven = self.start_driving(&load, &stop_driving, progress)?;
        let timer = self.world.timer();
        let driven = async {
            driven.await?;
            // The schedule may be over long before the last phase is: what the gateway does then is on record too.
            let planned = timer.sleep_until(Moment::after_epoch(plan.length));
            tokio::select! {
                () = planned => {}
                () = stop_driving.cancelled() => {}
            }
            Ok(())
        };
        tokio::pin!(driven);
        progress.enter(Stage::Running);
        let story = Story::of(plan, &Span::current());
        let end = async {
            for phase in &plan.brief.phases {
                timer.sleep_until(phase.during.from).await;
                tracing::info!(parent: story.phase(phase.during.from), length = ?phase.during.length(), "a phase begins");
            }
            timer.sleep_until(Moment::after_epoch(plan.length)).await;
            progress.enter(Stage::Draining);
            timer.sleep_until(until + DRIVER_BOUND).await;
        };
        let early = tokio::select! {
            biased;
            never = tell_of_silence(self.world.timer(), progress) => match never {},
            never = act(plan, gateway, (&self.world, &self.recorder), &story) => match never {},
            driven = &mut driven => return driven.map(|()| None),
            () = options.interrupt.cancelled() => Early::Interrupted,
            how = gateway.ended() => Early::GatewayEnded(how),
            () = self.unrecorded.cancelled() => Early::Unrecorded,
            () = end => return Err(RunError::PartEnded("driver")),
        };
        stop_driving.cancel();
        timer.until(timer.now() + DRIVER_BOUND, driven).await.ok_or(RunError::PartEnded("driver"))??;
        Ok(Some(early))
    }

    /// Starts the watchdog and all parts of the load; resolves when the load is over.
    fn start_driving(
        &self,
        load: &Load,
        stop_driving: &CancellationToken,
        progress: &Progress,
    ) -> Result<impl Future<Output = Result<(), RunError>> + use<>, RunError> {
        let (world, recorder, stop) = (self.world.clone(), self.recorder.clone(), self.stop.clone());
        spawn(&self.world, "watchdog", move || watchdog::watch(world, recorder, stop))?;
        let mut workers = Vec::new();
        for part in load.parts() {
            let (world, recorder, live) = (self.world.clone(), self.recorder.clone(), progress.live.clone());
            let stop = stop_driving.clone();
            let drive = move || {
                watchdog::beside(&world, &recorder, &stop);
                driver::drive(world, part, recorder, live, stop)
            };
            workers.push(spawn(&self.world, "driver", drive)?);
        }
        Ok(async {
            for worker in workers {
                worker.await.map_err(|_| RunError::PartEnded("driver"))?;
            }
            Ok(())
        })
    }
}

/// The scraping of the gateway's metrics, under way.
pub(crate) struct Scraping {
    over: CancellationToken,
    done: Option<Output<()>>,
}

impl Scraping {
    /// Has the last page scraped, and waits for it.
    pub(crate) async fn end(mut self) -> Result<(), RunError> {
        self.over.cancel();
        match self.done.take() {
            None => Ok(()),
            Some(done) => done.await.map_err(|_| RunError::PartEnded("metrics")),
        }
    }
}

impl Drop for Scraping {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

/// Logs which backends get nothing while others do, for as long as it is polled.
async fn tell_of_silence(timer: Timer, progress: &Progress) -> Infallible {
    if !tracing::enabled!(tracing::Level::DEBUG) {
        return std::future::pending().await;
    }
    let mut silence = Silence::of(progress.backends.len());
    loop {
        timer.sleep(SILENCE_STEP).await;
        let now = timer.now();
        for (index, change) in silence.note(now, &progress.attempts()) {
            let backend = progress.backends[index].as_str();
            match change {
                Change::Left => {
                    tracing::debug!(%now, backend, "a backend gets nothing, and others do: a breaker may have opened");
                }
                Change::Back(after) => tracing::debug!(%now, backend, ?after, "a backend is asked again"),
            }
        }
    }
}
