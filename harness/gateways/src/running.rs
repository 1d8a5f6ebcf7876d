//! Watching and stopping a gateway, whichever kind it is.

use std::future::pending;

use crate::{Handle, Running};

impl Running {
    /// Waits until the gateway dies by itself, and says how. Waits for ever for a gateway that is only attached:
    /// its death shows in the traffic alone.
    pub async fn ended(&mut self) -> String {
        match &mut self.handle {
            Handle::InProcess(gateway) => gateway.ended().await,
            Handle::Process(process) => process.ended().await,
            Handle::Attached => pending().await,
        }
    }

    /// Stops it: in order, and by force where that takes too long. One that is only attached is left alone. Gives how many
    /// bytes of its log were left out, because it printed more than is kept.
    pub async fn stop(self) -> u64 {
        match self.handle {
            Handle::InProcess(gateway) => gateway.stop().await,
            Handle::Process(process) => return process.stop().await,
            Handle::Attached => {}
        }
        0
    }
}
