//! What happened as traces, in the JSON of the OpenTelemetry protocol: for Jaeger, Tempo and whatever else takes OTLP.
//!
//! A trace is an exchange: a span of the client, and below it a span of each attempt at its backend. Spans of the gateway join
//! the same trace, if it sends any, because every request carried its `traceparent`. Spans are made while they are written.

mod span;

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use evidence::RunNonce;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use self::span::{Attribute, Span};
use crate::{ExportError, ExportKind, Exported, Names, Run, Write};

pub(crate) const KIND: ExportKind = ExportKind {
    name: "otlp",
    summary: "The exchanges with their attempts as traces, in the JSON of the OpenTelemetry protocol.",
    docs: "`otlp/traces.json`, one `ExportTraceServiceRequest`. A trace is an exchange; its root span is the client's, from \
           when the request was due until it was over, with the events `sent` and `first byte`; below it is a span of each \
           attempt, in the service that is named like its backend, with `http.request.resend_count` from the second on, \
           and an event for each fault that was planned for it. Send it with `curl --data @traces.json \
           --header 'content-type: application/json' http://COLLECTOR:4318/v1/traces`.",
    unit: "spans",
    write: Write::Exchanges(export),
};

fn export(run: &Run<'_>, dir: &Path) -> Result<Vec<Exported>, ExportError> {
    let path = dir.join("traces.json");
    match write(run, &path) {
        Ok(rows) => Ok(vec![Exported { path, rows, left_out: None }]),
        Err(source) => Err(ExportError { path, source }),
    }
}

fn write(run: &Run<'_>, path: &Path) -> io::Result<usize> {
    let started: Timestamp = run.manifest.started.parse().map_err(|error| {
        let what = format!("`{}` is not when a run can have started: {error}", run.manifest.started);
        io::Error::new(io::ErrorKind::InvalidData, what)
    })?;
    let traces = Traces { run, started: started.as_nanosecond(), nonce: run.manifest.nonce };
    let attempts = run.ledger.attempts().len();
    let backends = (0..run.names.backends.len() as u16).map(Service::Backend);
    let document = Document {
        resource_spans: std::iter::once(Service::Client)
            .chain(backends)
            .map(|service| ResourceSpans::new(&traces, service))
            .collect(),
    };
    let mut file = BufWriter::new(File::create(path)?);
    serde_json::to_writer(&mut file, &document)?;
    file.flush()?;
    Ok(run.ledger.entries().len() + attempts)
}

/// What spans are made of.
pub(crate) struct Traces<'a> {
    run: &'a Run<'a>,
    /// The epoch, in nanoseconds since 1970.
    started: i128,
    nonce: RunNonce,
}

impl<'a> Traces<'a> {
    fn names(&self) -> &'a Names<'a> {
        self.run.names
    }
}

/// Whose spans they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Client,
    Backend(u16),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    resource_spans: Vec<ResourceSpans<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    resource: Resource,
    scope_spans: [ScopeSpans<'a>; 1],
}

#[derive(Serialize)]
struct Resource {
    attributes: Vec<Attribute>,
}

#[derive(Serialize)]
struct ScopeSpans<'a> {
    scope: Scope,
    spans: Spans<'a>,
}

#[derive(Serialize)]
struct Scope {
    name: &'static str,
    version: &'static str,
}

impl<'a> ResourceSpans<'a> {
    fn new(traces: &'a Traces<'a>, service: Service) -> Self {
        let name = match service {
            Service::Client => "brownout".to_owned(),
            Service::Backend(index) => traces.names().backend(index),
        };
        let manifest = traces.run.manifest;
        let attributes = vec![
            Attribute::text("service.name", name),
            Attribute::text("service.instance.id", manifest.run.clone()),
            Attribute::text("brownout.run", manifest.run.clone()),
            Attribute::text("brownout.gateway", manifest.gateway.clone()),
            Attribute::flag("brownout.simulated", manifest.simulated),
        ];
        ResourceSpans {
            resource: Resource { attributes },
            scope_spans: [ScopeSpans {
                scope: Scope { name: "brownout", version: env!("CARGO_PKG_VERSION") },
                spans: Spans { traces, service },
            }],
        }
    }
}

struct Spans<'a> {
    traces: &'a Traces<'a>,
    service: Service,
}

impl Serialize for Spans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entries = self.traces.run.ledger.entries();
        match self.service {
            Service::Client => {
                serializer.collect_seq(entries.map(|entry| Span::of_exchange(self.traces, entry.exchange)))
            }
            Service::Backend(index) => serializer.collect_seq(entries.flat_map(|entry| {
                let here = entry.attempts.iter().filter(move |attempt| attempt.backend == index);
                here.map(|attempt| Span::of_attempt(self.traces, attempt))
            })),
        }
    }
}

#[cfg(test)]
mod tests;
