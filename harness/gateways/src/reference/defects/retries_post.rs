//! The defect `retries-post`.

use super::Entry;
use crate::reference::settings::Settings;

pub(super) const DEFECT: Entry = Entry {
    name: "retries-post",
    docs: "The methods of the retry policy are ignored, so that a failed POST is sent again.",
    source: "istio/istio#13851, traefik/traefik#8990: POST requests were replayed by default.",
    caught: ("retry-never-posts", "no_replay"),
    also: &["attempts"],
    bend,
};

fn bend(settings: &mut Settings) {
    settings.bend_retry(|retry| retry.methods = None);
}
