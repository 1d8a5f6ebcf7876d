//! Why the verdicts can be trusted: every defect of the reference gateway is caught, small changes of a declared policy are
//! noticed, and the correct gateway is never blamed; in the simulated world, over many seeds.

mod cores;
mod draw;
mod made_up;
mod mutants;
mod outcome;
mod pairs;
mod random;
mod selftest;
mod trial;

pub use made_up::{Case, Group, MadeUp, made_up};
pub use mutants::{Mutant, mutants};
pub use outcome::{CorrectRow, Fate, MutantRow, Outcome};
pub use random::random_scenario;
pub use selftest::{Options, selftest};
pub use trial::{Trial, TrialError};
