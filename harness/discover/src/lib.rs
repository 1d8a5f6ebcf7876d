//! The failure policy that a gateway really has: a battery of short experiments, each a scenario that is run on a gateway of
//! its own, and the profile of what they showed.
//!
//! The room demands nothing. It measures by the facts of `measure`, without any declared policy, and what can't be told
//! is *unknown*, with the reason.

mod battery;
mod bill;
mod declared;
mod diff;
mod experiment;
mod hold;
mod lab;
mod page;
mod profile;
mod questions;
mod seen;
mod value;

pub use battery::{Options, discover};
pub use bill::Bill;
pub use diff::{Change, Diff, diff};
pub use hold::hold;
pub use lab::{Cost, DiscoverError, Site, Watch};
pub use page::Page;
pub use profile::{About, Fact, Profile, ProfileError};
pub use value::Value;
