//! The scenario file: its shape, its diagnostics, and the compiler to a plan.
//!
//! The only room that knows both the words of the file and the inputs of the parts. It opens nothing but the file
//! that it is asked to read, and starts nothing.

mod compile;
mod describe;
mod diagnostic;
mod document;
mod file;
mod load;
mod names;
mod overrides;
mod plan;
mod schema;
mod secrets;
mod wording;

pub use describe::{Description, describe};
pub use diagnostic::{Diagnostic, Severity, render};
pub use file::{Keyed, Kinds, Located};
pub use load::{Failure, Loaded, TEXT_MAX, load, load_text, read_text};
pub use names::nearest;
pub use overrides::Overrides;
pub use plan::{Limits, Plan};
pub use schema::{schema, schema_of};
pub use secrets::{PutIn, Secrets, resolve_put_in, resolve_secrets, stand_in_put_in, stand_in_secrets};
pub use wording::reword;
