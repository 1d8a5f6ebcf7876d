//! Health checks: requests of the gateway's own, apart from the traffic and without its tag.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use net::{Timer, World};

use super::attempt::{Outgoing, attempt};
use super::body::drain;
use super::connections::{Backend, Connections};
use super::settings::Settings;

/// How long a check may take. HAProxy's `timeout check` and Envoy's health checks take a second by custom as well.
const WITHIN: Duration = Duration::from_secs(1);

/// What it takes to check each backend.
#[derive(Clone)]
pub(crate) struct Checks(Rc<Inner>);

struct Inner {
    world: World,
    timer: Timer,
    settings: Settings,
    backends: Vec<Backend>,
}

impl Checks {
    pub(crate) fn new(world: &World, settings: &Settings, backends: Vec<Backend>) -> Self {
        let (world, timer, settings) = (world.clone(), world.timer(), settings.clone());
        Checks(Rc::new(Inner { world, timer, settings, backends }))
    }

    pub(crate) fn backends(&self) -> usize {
        self.0.backends.len()
    }

    pub(crate) fn timer(&self) -> &Timer {
        &self.0.timer
    }

    /// Asks a backend for `/`, on a connection of its own: true if it answers with a success in time.
    pub(crate) async fn is_well(&self, backend: usize) -> bool {
        let Inner { world, timer, settings, backends } = &*self.0;
        let connections = Connections::new(world, timer, backends[backend].clone(), settings);
        let mut headers = HeaderMap::new();
        // An address is a valid header value; nothing is asked of one that were none.
        let Ok(host) = HeaderValue::from_str(&backends[backend].address.to_string()) else { return false };
        headers.insert(header::HOST, host);
        let check = Outgoing {
            method: Method::GET,
            uri: Uri::from_static("/"),
            headers,
            body: Bytes::new(),
            key: None,
        };
        match attempt(settings, timer, &connections, &check, Some(timer.now() + WITHIN)).await {
            Ok(answer) => {
                let well = answer.response.status().is_success();
                drain(answer, timer);
                well
            }
            Err(_) => false,
        }
    }
}
