//! What stays when the gateway is acted on: it knows which gateway a request comes to, before and after.

use std::cell::RefCell;
use std::rc::Rc;

use net::World;
use net::tls::ClientTls;

use super::gateway::Gateway;
use super::settings::{Setup, Slip};
use crate::Upstreams;

/// The gateway that requests come to, and what it takes to make another one.
pub(crate) struct Front {
    world: World,
    upstreams: Upstreams,
    setup: Setup,
    to_backends: Option<ClientTls>,
    current: RefCell<Rc<Gateway>>,
}

impl Front {
    pub(crate) fn new(
        world: &World,
        upstreams: &Upstreams,
        setup: &Setup,
        to_backends: Option<&ClientTls>,
    ) -> Self {
        let current = RefCell::new(Rc::new(Gateway::new(world, upstreams, setup, to_backends)));
        Front {
            world: world.clone(),
            upstreams: upstreams.clone(),
            setup: setup.clone(),
            to_backends: to_backends.cloned(),
            current,
        }
    }

    /// The gateway that a request comes to which begins now.
    pub(crate) fn current(&self) -> Rc<Gateway> {
        self.current.borrow().clone()
    }

    /// Requests that begin from now on come to these backends only. What the gateway has learned of them stays.
    pub(crate) fn reload(&self, backends: &[usize]) {
        let settings = &self.current().settings;
        if settings.slips(Slip::ReloadForgetsBreakers) || settings.slips(Slip::DrainNeverEnds) {
            self.replace();
        }
        self.current().use_only(backends);
    }

    /// Requests that begin from now on come to another gateway, which has learned nothing yet. Those under way come to their
    /// end where they are.
    pub(crate) fn replace(&self) {
        let old = self.current();
        let new = Gateway::new(&self.world, &self.upstreams, &self.setup, self.to_backends.as_ref());
        new.use_only(&old.in_use());
        *self.current.borrow_mut() = Rc::new(new);
    }
}
