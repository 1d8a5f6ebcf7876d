//! The defect `checks-the-root`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "checks-the-root",
    docs: "Health checks ask for `/`, whatever path is configured.",
    source: "apache/apisix#8868: the configured path of the health check gets no request.",
    caught: ("failure/health-checks", "probes"),
    also: &[],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_health(|health| health.path = http::Uri::from_static("/"));
}
