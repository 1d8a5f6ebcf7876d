//! Bringing the reference gateway up, in either world.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::thread;

use net::World;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::gateway::Gateway;
use super::secured::Secured;
use super::serve::serve;
use super::settings::Setup;
use crate::ready::{self, NotRouted, Target};
use crate::{Handle, InProcess, LaunchError, Ready, Running, Upstreams};

const NAME: &str = "reference";

/// Starts the gateway and waits until it routes.
pub(crate) async fn launch(
    world: &World,
    upstreams: &Upstreams,
    setup: &Setup,
) -> Result<Running, LaunchError> {
    let io_error = |source| LaunchError::Io { gateway: NAME, what: "starting it".into(), source };
    let secured = Secured::of(world, upstreams, setup.over_tls).map_err(|error| LaunchError::Tls {
        gateway: NAME,
        what: "setting up TLS".into(),
        error,
    })?;
    let tls = secured.clients.clone();
    let (say_address, address) = oneshot::channel();
    let (say_ended, ended) = oneshot::channel();
    let cancel = CancellationToken::new();
    let run = Run {
        world: world.clone(),
        upstreams: upstreams.clone(),
        setup: setup.clone(),
        secured,
        say_address,
        say_ended,
        cancel: cancel.clone(),
    };
    let mut gateway = if world.is_simulated() {
        InProcess::task(tokio::task::spawn_local(run.run()), cancel, ended, world.timer())
    } else {
        InProcess::thread(run.on_its_own_thread().map_err(io_error)?, cancel, ended, world.timer())
    };
    let gone = |_| Err(io::Error::other("it ended before it listened"));
    let address = address.await.unwrap_or_else(gone).map_err(io_error)?;
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
    Ok(Running { address, version, tls, further: Vec::new(), handle: Handle::InProcess(Box::new(gateway)) })
}

/// One run of the gateway, from its listening to its end.
struct Run {
    world: World,
    upstreams: Upstreams,
    setup: Setup,
    secured: Secured,
    say_address: oneshot::Sender<io::Result<SocketAddr>>,
    say_ended: oneshot::Sender<String>,
    cancel: CancellationToken,
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
        let listener = self.world.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = match listener {
            Ok(listening) => listening,
            Err(error) => return drop(self.say_address.send(Err(error))),
        };
        let to_backends = self.secured.backends.as_ref();
        let gateway = Rc::new(Gateway::new(&self.world, &self.upstreams, &self.setup, to_backends));
        // Whoever launches it may have gone away; then `cancel` follows.
        let _ = self.say_address.send(Ok(address));
        let ended = tokio::select! {
            biased;
            () = self.cancel.cancelled() => "it was stopped".to_owned(),
            how = serve(gateway, listener, self.secured.own) => how,
        };
        let _ = self.say_ended.send(ended);
    }
}
