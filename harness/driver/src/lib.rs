//! The load driver: a schedule of requests, sent on time, each recorded as an exchange.
//!
//! The schedule is a pure function of the spec and the seed, made before the run; nothing that the gateway does can
//! delay it (open loop). The driver knows one address, that of the gateway, and never judges what comes back.
//!
//! [`prepare`] checks the spec and makes the schedule, [`Load::part`] gives each thread its share, and [`drive`]
//! sends it. While it does, three owners share the state of a thread: what is in flight and on record (`ExchangeLog`),
//! which connections are idle and who waits for one (`ConnectionPool`), and which users are about to ask (`Users`).

mod arrivals;
mod client;
mod drive;
mod exchange_log;
mod fields;
mod job;
mod live;
mod mix;
mod pieces;
mod pool;
mod prepare;
mod prepare_error;
mod schedule;
mod sender;
mod source;
mod spec;
mod template;
mod think;
mod trouble;
mod users;

pub use drive::drive;
pub use live::{Live, Progress, Totals};
pub use prepare::{Load, Part, prepare};
pub use prepare_error::PrepareError;
pub use schedule::{counts, schedule, scheduled};
pub use source::Due;
pub use spec::{Arrivals, Body, BodyContent, Class, DriverSpec, Framing, Member, Mix, Mode, Segment, Trace};
pub use think::Think;
pub use trouble::{Abort, AbortBy, ExpectContinue, Read, Stall, Trouble, Upload};
