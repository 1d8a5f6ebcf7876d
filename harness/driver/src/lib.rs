//! The load driver: a schedule of requests, sent on time, each recorded as an exchange.
//!
//! The schedule is a pure function of the spec and the seed, made before the run; nothing that the gateway does can
//! delay it (open loop). The driver knows one address, that of the gateway, and never judges what comes back.
//!
//! [`prepare`] checks the spec and makes the schedule, [`Load::part`] gives each thread its share, and [`drive`]
//! sends it.

mod arrivals;
mod bell;
mod connection;
mod drive;
mod job;
mod live;
mod outcome;
mod passage;
mod prepare;
mod reply;
mod request_body;
mod schedule;
mod slot;
mod spec;
mod template;
mod turns;
mod users;
mod wire;
mod worker;

pub use drive::drive;
pub use live::{Live, Progress, Totals};
pub use prepare::{Load, Part, prepare};
pub use schedule::{Due, count, count_in, schedule};
pub use spec::{Arrivals, Body, BodyContent, Class, DriverSpec, Framing, Mode, Segment};
pub use template::PrepareError;
