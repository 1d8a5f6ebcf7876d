//! The pages and the JSON API. Who asks, and whether they may, is looked at in one place ([`guard`]); which requests there are
//! stands in one table ([`endpoints`]), of which the router and the OpenAPI document are made.

mod assets;
mod call;
mod dispatch;
mod endpoints;
mod firings;
mod gamedays;
mod guard;
mod headers;
mod input;
mod limits;
mod live;
mod openapi;
mod problem;
mod profiles;
mod records;
mod sessions;
mod site;
mod switch;
#[cfg(test)]
mod tests;
mod timeline;

pub use openapi::document;
pub(crate) use site::{Site, router};
