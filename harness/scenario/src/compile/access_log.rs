//! The gateway's own access log: whether it is there where a demand needs it, and whether it can be understood.

use std::ops::Range;

use gateways::{AccessLog, GatewaySettings};
use judge::Demand;

use super::Context;
use crate::document::place;

/// Refuses a demand on a log that is not asked for, and a log that nobody can read.
pub(super) fn check(
    context: &mut Context<'_>,
    gateway: &GatewaySettings,
    demands: &[Demand],
    spans: &[Range<usize>],
) {
    let contract = gateway.contract();
    let key = format!("gateway.{}.access_log", gateway.name());
    let Some(log) = contract.access_log() else {
        let reads = |demand: &Demand| demand.expectation.contract().reads_access_log();
        if let Some(index) = demands.iter().position(reads) {
            let kind = demands[index].expectation.name();
            let message = format!("`{kind}` needs the gateway's own access log, and it is not asked for");
            context.error(&spans[index], message).help = Some(format!("add `[{key}]`"));
        }
        return;
    };
    let wrong = if contract.knows_access_log() {
        (*log != AccessLog::default()).then_some(
            "brownout makes its configuration, and knows what the log looks like: write `access_log = {}`",
        )
    } else if contract.is_launched() && !contract.has_own_configuration() {
        Some(
            "brownout does not know how to have it log each request: take a configuration of your own that does",
        )
    } else if log.pattern.is_none() {
        Some("brownout does not know what its lines look like: say so by `pattern`")
    } else if log.file.is_none() && !contract.is_launched() {
        Some("brownout does not start it, and does not see what it prints: name the `file` of the log")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        let span = place(context.text, &key).unwrap_or(0..0);
        context.error(&span, format!("`{key}` can't be used")).label = Some(wrong.to_owned());
    }
}
