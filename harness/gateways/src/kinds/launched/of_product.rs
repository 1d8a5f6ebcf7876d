//! What every kind that is a product does in the same way, said once.

use futures_util::future::LocalBoxFuture;

use super::Program;
use super::product::{Product, Settings, configuration, refuses, start};
use crate::{
    AccessLog, Counters, Gateway, Launch, LaunchError, Means, Metrics, Running, Unsupported, Upstreams,
};

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

    fn access_log(&self) -> Option<&AccessLog> {
        self.settings().access_log
    }

    fn knows_access_log(&self) -> bool {
        self.product().logs.is_some() && !self.has_own_configuration()
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

/// Makes a kind one of a product, by the settings that all these kinds have.
macro_rules! of_product {
    ($kind:ident, $product:ident) => {
        impl $crate::kinds::launched::OfProduct for $kind {
            fn product(&self) -> &'static $crate::kinds::launched::Product {
                &$product
            }

            fn settings(&self) -> $crate::kinds::launched::Settings<'_> {
                // Taken apart, so that a setting of one kind alone can't be passed over in silence.
                let Self { config, binary, ready, metrics, access_log } = self;
                let (config, binary) = (config.as_deref(), binary.as_deref());
                let (ready, metrics, access_log) = (ready.as_ref(), metrics.as_ref(), access_log.as_ref());
                $crate::kinds::launched::Settings { config, binary, ready, metrics, access_log }
            }
        }
    };
}
pub(in crate::kinds) use of_product;
