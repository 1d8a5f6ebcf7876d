//! Bringing the reference gateway up, in either world.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::thread;

use net::World;
use tokio::sync::oneshot;

use super::acting::Acting;
use super::front::Front;
use super::secured::Secured;
use super::settings::Setup;
use super::tells::tell;
use crate::in_process::{Reins, reins};
use crate::ready::{self, NotRouted, Target};
use crate::{Handle, InProcess, LaunchError, Ready, Running, Unsupported, Upstreams};

const NAME: &str = "reference";

/// Starts the gateway and waits until it routes; gives where it tells its metrics as well, if it has to.
pub(crate) async fn launch(
    world: &World,
    upstreams: &Upstreams,
    setup: &Setup,
) -> Result<(Running, Option<SocketAddr>), LaunchError> {
    let io_error = |source| LaunchError::Io { gateway: NAME, what: "starting it".into(), source };
    let secured = Secured::of(world, upstreams, setup.over_tls).map_err(|error| LaunchError::Tls {
        gateway: NAME,
        what: "setting up TLS".into(),
        error,
    })?;
    let tls = secured.clients.clone();
    let (say_address, address) = oneshot::channel();
    let (reins, hold) = reins();
    let run = Run {
        world: world.clone(),
        upstreams: filled(world, upstreams)?,
        setup: setup.clone(),
        secured,
        say_address,
        reins,
    };
    let gateway = if world.is_simulated() {
        InProcess::task(tokio::task::spawn_local(run.run()), hold, world.timer())
    } else {
        InProcess::thread(run.on_its_own_thread().map_err(io_error)?, hold, world.timer())
    };
    let gone = |_| Err(io::Error::other("it ended before it listened"));
    let (address, page) = address.await.unwrap_or_else(gone).map_err(io_error)?;
    let host = address.to_string();
    let target = Target { address, host: &host, tls: tls.as_ref() };
    let asked = Ready::default();
    let ready = tokio::select! {
        biased;
        ready = ready::wait_until_routed(world, target, &asked) => ready,
        status = gateway.ended() => {
            return Err(LaunchError::Ended { gateway: NAME, status, last_words: "none".into() });
        }
    };
    if let Err(NotRouted { waited, last_probe }) = ready {
        gateway.stop().await;
        let (last_words, help) = ("none".into(), String::new());
        return Err(LaunchError::NotReady { gateway: NAME, waited, last_probe, last_words, help });
    }
    let version = Some(concat!("brownout ", env!("CARGO_PKG_VERSION")).to_owned());
    let handle = Handle::InProcess(Box::new(gateway));
    let (metrics, access_log, further) = (None, None, Vec::new());
    Ok((Running { address, version, tls, further, metrics, access_log, handle }, page))
}

/// The same with the values of the policy's variables in it; in the simulated world, with words in their place.
fn filled(world: &World, upstreams: &Upstreams) -> Result<Upstreams, LaunchError> {
    let simulated = world.is_simulated();
    let value = |name: &str| if simulated { Some(policy::stand_in(name)) } else { std::env::var(name).ok() };
    let filled = upstreams.policy.filled(value).map_err(|name| {
        let why =
            format!("the environment variable `{name}` is not set: set it before the run, `export {name}=…`");
        LaunchError::Unsupported(vec![Unsupported { key: "policy", why }])
    });
    Ok(Upstreams { policy: filled?, ..upstreams.clone() })
}

/// Where it listens, and where it tells its metrics if it has to.
type Places = (SocketAddr, Option<SocketAddr>);

/// One run of the gateway, from its listening to its end.
struct Run {
    world: World,
    upstreams: Upstreams,
    setup: Setup,
    secured: Secured,
    say_address: oneshot::Sender<io::Result<Places>>,
    reins: Reins,
}

impl Run {
    fn on_its_own_thread(self) -> io::Result<thread::JoinHandle<()>> {
        thread::Builder::new().name("reference-gateway".into()).spawn(move || {
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, self.run()),
                Err(error) => drop(self.say_address.send(Err(error))),
            }
        })
    }

    async fn run(self) {
        let bind = || {
            let listener = self.world.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            Ok((listener.local_addr()?, listener))
        };
        let bound = bind().and_then(|main| Ok((main, self.setup.tells.then(bind).transpose()?)));
        let ((address, listener), page) = match bound {
            Ok(bound) => bound,
            Err(error) => return drop(self.say_address.send(Err(error))),
        };
        let (page_address, page) = page.unzip();
        let to_backends = self.secured.backends.as_ref();
        let front = Rc::new(Front::new(&self.world, &self.upstreams, &self.setup, to_backends));
        // Whoever launches it may have gone away; then `cancel` follows.
        let _ = self.say_address.send(Ok((address, page_address)));
        let Reins { cancel, say_ended, orders } = self.reins;
        let telling = tell(front.clone(), page);
        let acting = Acting::new(&self.world, address, self.secured.own, front);
        let ended = tokio::select! {
            biased;
            () = cancel.cancelled() => "it was stopped".to_owned(),
            how = acting.serve(listener, orders) => how,
            never = telling => match never {},
        };
        let _ = say_ended.send(ended);
    }
}
