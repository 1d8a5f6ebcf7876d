//! What lies in Envoy's files: listeners, clusters, routes and endpoints, of a bootstrap file and of files that it watches
//! (`path_config_source`).

use super::fields::{in_snake_case, shown, type_of};
use crate::note::Note;
use crate::place::Sources;
use crate::value::Value;
use crate::yaml;

/// The keys of a bootstrap file that are of no matter to what is done when backends fail.
const NO_MATTER: [&str; 9] = [
    "admin",
    "node",
    "stats_config",
    "stats_flush_interval",
    "stats_sinks",
    "bootstrap_extensions",
    "application_log_config",
    "watchdogs",
    "static_resources",
];

/// The resources of all files.
#[derive(Debug, Default)]
pub(super) struct Resources {
    pub(super) listeners: Vec<Value>,
    pub(super) clusters: Vec<Value>,
    /// `RouteConfiguration`s that lie outside of a listener.
    pub(super) routes: Vec<Value>,
    /// `ClusterLoadAssignment`s that lie outside of a cluster.
    pub(super) endpoints: Vec<Value>,
}

/// Reads all files.
pub(super) fn read(sources: &Sources, notes: &mut Vec<Note>) -> Resources {
    let mut found = Resources::default();
    for (file, (_, text)) in sources.files().enumerate() {
        let documents = match yaml::read(file, text) {
            Ok(documents) => documents,
            Err(note) => {
                notes.push(note);
                continue;
            }
        };
        for place in &documents.merges {
            let words =
                "Envoy knows no merge key (`<<`), and refuses the file: it is read as YAML 1.1 has it";
            notes.push(Note::lint(place, words).help("write the keys out, or name the whole by an alias"));
        }
        for place in &documents.doubled {
            notes
                .push(Note::lint(place, "this key stands in the mapping a second time: the last one counts"));
        }
        for mut root in documents.roots {
            in_snake_case(&mut root);
            found.take(&root, notes);
        }
    }
    found
}

impl Resources {
    fn take(&mut self, root: &Value, notes: &mut Vec<Note>) {
        if let Some(resources) = root.get("static_resources") {
            let of = |key| resources.get(key).map(Value::items).unwrap_or_default().iter().cloned();
            self.listeners.extend(of("listeners"));
            self.clusters.extend(of("clusters"));
            bootstrap(root, notes);
        }
        for resource in root.get("resources").map(Value::items).unwrap_or_default() {
            match type_of(resource) {
                "Listener" => self.listeners.push(resource.clone()),
                "Cluster" => self.clusters.push(resource.clone()),
                "RouteConfiguration" => self.routes.push(resource.clone()),
                "ClusterLoadAssignment" => self.endpoints.push(resource.clone()),
                other => notes.push(Note::unknown(
                    &resource.place,
                    format!("a resource of the type `{}` is not read", shown(other)),
                )),
            }
        }
    }
}

/// Keys beside the static resources.
fn bootstrap(root: &Value, notes: &mut Vec<Note>) {
    for (key, value) in root.entries() {
        let note = match key.as_str() {
            "dynamic_resources" => Note::unknown(&value.place, "what comes from a control plane is not read")
                .help("give the files that are watched, or a dump of what is active as `resources`"),
            "layered_runtime" => Note::unrehearsed(
                &value.place,
                "the runtime may change each setting while Envoy runs: it is not rehearsed",
            ),
            "overload_manager" | "hds_config" | "cluster_manager" | "default_regex_engine" | "tracing" => {
                Note::unrehearsed(&value.place, format!("`{}` is not rehearsed", shown(key)))
            }
            known if NO_MATTER.contains(&known) => continue,
            other => Note::unknown(&value.place, format!("`{}` is not read", shown(other))),
        };
        notes.push(note);
    }
}
