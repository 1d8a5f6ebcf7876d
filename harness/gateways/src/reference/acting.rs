//! Serving while it is acted on: reloaded, restarted, killed.

use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use net::tls::ServerTls;
use net::{Listener, World};
use tokio::sync::mpsc;

use super::front::Front;
use super::serve::serve;
use super::settings::Slip;
use crate::acts::NotDone;
use crate::in_process::{Order, What};

/// How long nobody listens while a gateway restarts that ends before it begins.
const AWAY: Duration = Duration::from_millis(200);

/// A gateway that can be acted on.
pub(super) struct Acting {
    world: World,
    address: SocketAddr,
    tls: Option<ServerTls>,
    front: Rc<Front>,
}

/// The clients, served until it is dropped.
type Serving = Pin<Box<dyn Future<Output = String>>>;

impl Acting {
    pub(super) fn new(world: &World, address: SocketAddr, tls: Option<ServerTls>, front: Rc<Front>) -> Self {
        Acting { world: world.clone(), address, tls, front }
    }

    /// Serves clients and does what it is told, until the task of a connection panics; the text says how.
    pub(super) async fn serve(self, listener: Listener, mut orders: mpsc::Receiver<Order>) -> String {
        let mut listener = Rc::new(listener);
        let mut serving = self.clients(&listener);
        loop {
            let order = tokio::select! {
                biased;
                how = &mut serving => return how,
                Some(order) = orders.recv() => order,
            };
            let slips = |slip| self.front.current().settings.slips(slip);
            let away = match order.what {
                What::Reload(backends) => {
                    self.front.reload(&backends);
                    if slips(Slip::ReloadDropsConnections) {
                        serving = self.clients(&listener);
                    }
                    None
                }
                What::Restart => {
                    self.front.replace();
                    slips(Slip::RestartRefusesForAWhile).then_some(AWAY)
                }
                What::Kill(restart_after) => {
                    self.front.replace();
                    Some(restart_after)
                }
            };
            if let Some(away) = away {
                drop(serving);
                drop(listener);
                self.world.timer().sleep(away).await;
                listener = match self.world.bind(self.address) {
                    Ok(again) => Rc::new(again),
                    Err(error) => {
                        let how = format!("it can't listen again: {error}");
                        // Whoever gave the order may have gone.
                        let _ = order.done.send(Err(NotDone::Down(how.clone())));
                        return how;
                    }
                };
                serving = self.clients(&listener);
            }
            let _ = order.done.send(Ok(()));
        }
    }

    fn clients(&self, listener: &Rc<Listener>) -> Serving {
        Box::pin(serve(self.front.clone(), listener.clone(), self.tls.clone()))
    }
}
