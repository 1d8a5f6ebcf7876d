//! The gateway's own access log: how a scenario asks for it, what its lines tell, and reading it after the run.

mod pattern;
mod reading;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use pattern::Pattern;
pub use pattern::Told;
pub use reading::LogReader;
pub(crate) use reading::{LINES_MAX, Source};
pub use settings::AccessLog;
