//! `typed_extension_protocol_options`: how Envoy speaks HTTP with the hosts (`http_protocol_options.proto`).

use super::fields::{is_harmless, shown, type_of};
use crate::note::Note;
use crate::value::Value;
use crate::yaml::{object, text};

const KIND: &str = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/// What a cluster says of the protocol: of its extension, and in the old place.
fn options(cluster: &Value) -> (Option<&Value>, Option<&Value>) {
    let typed = cluster.at(&["typed_extension_protocol_options", KIND]);
    let common = typed.unwrap_or(cluster).get("common_http_protocol_options");
    (typed, common)
}

/// Tells of what is not taken over.
pub(super) fn tell(cluster: &Value, notes: &mut Vec<Note>) {
    let all = cluster.get("typed_extension_protocol_options").map(Value::entries).unwrap_or_default();
    for (key, value) in
        all.iter().filter(|(key, value)| !key.ends_with(KIND) && type_of(value) != "HttpProtocolOptions")
    {
        notes.push(Note::unknown(&value.place, format!("`{}` is not read", shown(key))));
    }
    let (typed, common) = options(cluster);
    let http2 = typed.and_then(|typed| {
        let explicit =
            typed.get("explicit_http_config").or_else(|| typed.get("use_downstream_protocol_config"));
        explicit
            .or(Some(typed))
            .and_then(|one| one.get("http2_protocol_options").or_else(|| one.get("http3_protocol_options")))
    });
    let auto = typed.and_then(|typed| typed.get("auto_config"));
    if let Some(told) = http2.or(auto).or_else(|| cluster.get("http2_protocol_options")) {
        notes.push(Note::unrehearsed(
            &told.place,
            "HTTP/2 and HTTP/3 to the hosts are not rehearsed: the backends speak HTTP/1.1",
        ));
    }
    if let Some(common) = common {
        let words = "`common_http_protocol_options` of the cluster hold in the run as well, and the policy has no word for them";
        notes.push(Note::unrehearsed(&common.place, words));
    }
}

/// The same in the run's configuration.
pub(super) fn copy(cluster: &Value) -> Option<(&'static str, Value)> {
    let common = options(cluster).1.filter(|common| is_harmless(common))?;
    let options = object([
        ("@type", text(format!("type.googleapis.com/{KIND}"))),
        ("explicit_http_config", object([("http_protocol_options", object([]))])),
        ("common_http_protocol_options", common.clone()),
    ]);
    Some(("typed_extension_protocol_options", object([(KIND, options)])))
}
