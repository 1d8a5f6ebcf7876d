//! API Management policies: XML whose attributes and texts hold C# expressions, as they come.

mod blank;
mod condition;
mod lexer;
mod policy;

pub use condition::Asked;
pub(crate) use condition::{Case, Condition, Ended, Verdict};
pub(crate) use policy::{Attribute, Element, read};
