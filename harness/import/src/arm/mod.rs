//! ARM templates: JSON with comments, whose texts in brackets are expressions. Bicep comes to the same resources.

mod language;
mod read;
mod resource;

pub(crate) use read::{depth, read};
pub(crate) use resource::{Resource, Template, last_segment, resources_of};
