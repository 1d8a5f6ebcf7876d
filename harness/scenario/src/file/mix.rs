//! Mixes of traffic classes as the file words them.

use driver::Arrivals;
use schemars::JsonSchema;
use serde::Deserialize;
use units::Rate;

use super::Located;

/// Several traffic classes at one rate: each names the mix, and a weight. In every so many requests as the weights (without
/// their common divisor) add up to, each class has exactly its weight, in an order that the seed draws anew each time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mix")]
pub(crate) struct MixTable {
    /// Open loop: so many requests a second for all of its classes together. A phase may change it.
    pub(crate) rate: Located<Rate>,
    /// How the arrivals of all of its classes together are spread over time. Without it: `constant`.
    #[serde(default)]
    pub(crate) arrivals: Arrivals,
}
