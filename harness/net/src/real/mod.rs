//! The real world: tokio's sockets, and a timer on the kernel's `timerfd`.

mod alarm;
mod sockets;

pub(crate) use alarm::Alarm;
pub use sockets::is_of_this_machine;
pub(crate) use sockets::{Fillers, bind, connect};
