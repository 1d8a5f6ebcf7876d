//! What every kind that is a product does in the same way, said once.

use futures_util::future::LocalBoxFuture;

use super::Program;
use super::product::{Product, Settings, configuration, refuses, start};
use crate::{Counters, Gateway, Launch, LaunchError, Means, Metrics, Running, Unsupported, Upstreams};

/// A kind that is a product with settings; which these are is all that it has to say.
pub(crate) trait OfProduct {
    /// The product.
    fn product(&self) -> &'static Product;

    /// What the scenario says of it.
    fn settings(&self) -> Settings<'_>;
}

impl<Kind: OfProduct> Gateway for Kind {
    fn configuration(&self, upstreams: &Upstreams) -> Result<Option<String>, Vec<Unsupported>> {
        configuration(self.product(), self.settings(), upstreams)
    }

    fn has_own_configuration(&self) -> bool {
        self.settings().config.is_some()
    }

    fn metrics(&self) -> Option<&Metrics> {
        self.settings().metrics
    }

    fn counters(&self) -> Option<&'static Counters> {
        self.product().tells.as_ref().map(|tells| &tells.counters)
    }

    fn program(&self) -> Option<Program> {
        Some(Program::of(self.product()))
    }

    fn refuses(&self, means: &Means<'_>, upstreams: &Upstreams) -> Option<String> {
        refuses(self.product(), self.settings(), means, upstreams)
    }

    fn launch<'a>(&'a self, launch: &'a Launch) -> LocalBoxFuture<'a, Result<Running, LaunchError>> {
        Box::pin(start(self.product(), self.settings(), launch))
    }
}
