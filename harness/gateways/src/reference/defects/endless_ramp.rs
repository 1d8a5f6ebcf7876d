//! The defect `endless-ramp`.

use policy::WayBack;
use units::Timespan;

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "endless-ramp",
    docs: "The ramp on which traffic comes back takes twenty times as long as declared.",
    source: "Kong/kong#15001: targets did not get their traffic back.",
    caught: ("ramp", "balance"),
    also: &["recovery"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_breaker(|rules| {
        if let WayBack::Ramp(length) = &mut rules.way_back {
            *length = Timespan(length.saturating_mul(20));
        }
    });
}
