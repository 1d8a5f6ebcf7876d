//! Watching and stopping a gateway, whichever kind it is.

use std::future::pending;
use std::net::SocketAddr;

use crate::acts::{Acts, NotOurs};
use crate::metrics::page;
use crate::{Handle, Launch, LaunchError, Metrics, Running};

impl Running {
    /// The same with its metrics, if they are asked for. It is stopped if they can't be had. `own` is where it was told to have
    /// them on a port of its own, and on which path.
    pub(crate) async fn telling(
        mut self,
        gateway: &'static str,
        metrics: Option<&Metrics>,
        own: Option<(SocketAddr, &str)>,
        launch: &Launch,
    ) -> Result<Self, LaunchError> {
        let Some(metrics) = metrics else { return Ok(self) };
        match page(gateway, metrics, own, &self, launch).await {
            Ok(page) => self.metrics = Some(page),
            Err(error) => {
                self.stop().await;
                return Err(error);
            }
        }
        Ok(self)
    }

    /// Waits until the gateway dies by itself, and says how. Waits for ever for a gateway that is only attached:
    /// its death shows in the traffic alone.
    pub async fn ended(&self) -> String {
        match &self.handle {
            Handle::InProcess(gateway) => gateway.ended().await,
            Handle::Launched(program) => program.ended().await,
            Handle::Attached => pending().await,
        }
    }

    /// What can be done to it.
    pub fn acts(&self) -> &dyn Acts {
        match &self.handle {
            Handle::InProcess(gateway) => &**gateway,
            Handle::Launched(program) => &**program,
            Handle::Attached => &NotOurs,
        }
    }

    /// Stops it: in order, and by force where that takes too long. One that is only attached is left alone. Gives how many
    /// bytes of its log were left out, because it printed more than is kept.
    pub async fn stop(self) -> u64 {
        match self.handle {
            Handle::InProcess(gateway) => gateway.stop().await,
            Handle::Launched(program) => return program.stop().await,
            Handle::Attached => {}
        }
        0
    }
}
