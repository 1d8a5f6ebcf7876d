//! The gateway's own metrics: where they are, what its series mean, and which of them are kept.

use std::ops::Range;

use evidence::Sum;
use gateways::GatewaySettings;
use judge::Demand;
use measure::brief::{MetricsBrief, UpBrief};

use super::Context;
use crate::document::place;

/// What is scraped; `None` if the scenario asks for no metrics.
pub(super) fn compile(
    context: &mut Context<'_>,
    gateway: &GatewaySettings,
    demands: &[Demand],
    spans: &[Range<usize>],
) -> Option<MetricsBrief> {
    let needs: Vec<_> = demands.iter().map(|demand| demand.expectation.contract().metrics()).collect();
    let contract = gateway.contract();
    let Some(metrics) = contract.metrics() else {
        if let Some((index, _)) = needs.iter().enumerate().find(|(_, needed)| needed.is_some()) {
            let kind = demands[index].expectation.name();
            let message = format!("`{kind}` needs the gateway's own metrics, and they are not scraped");
            context.error(&spans[index], message).help =
                Some(format!("add `[gateway.{}.metrics]`", gateway.name()));
        }
        return None;
    };
    let counters = contract.counters();
    let key = format!("gateway.{}.metrics", gateway.name());
    let wrong = match metrics.problem() {
        None if !metrics.has_place() && counters.is_none() => Some(
            "brownout knows no page of its own metrics: say where one is, by `path` on its address or by `url`, such as that of an exporter",
        ),
        problem => problem,
    };
    if let Some(wrong) = wrong {
        let span = place(context.text, &key).unwrap_or(0..0);
        context.error(&span, format!("`{key}` can't be used")).label = Some(wrong.to_owned());
    }
    // What a series means is known where its labels are: in a configuration that brownout makes.
    let counters = counters.filter(|_| !contract.has_own_configuration());
    let known = |series: Option<&'static str>| series.map(str::to_owned);
    let mut brief = MetricsBrief {
        requests: counters.and_then(|counters| known(counters.requests)),
        retries: counters.and_then(|counters| known(counters.retries)),
        errors: counters.and_then(|counters| known(counters.errors)),
        up: counters
            .and_then(|counters| counters.up)
            .map(|up| UpBrief { series: up.series.to_owned(), late: up.late }),
        kept: metrics.keep.clone(),
        shared: contract.shares_page(),
        late: needs.iter().flatten().map(|needed| needed.late).max().unwrap_or_default(),
    };
    let up = brief.up.as_ref().map(|up| &up.series);
    let counted = [&brief.requests, &brief.retries, &brief.errors].into_iter().flatten();
    let sums = counted.chain(up);
    let sums: Vec<Sum> = sums.filter_map(|sum| Sum::parse(sum).ok()).collect();
    brief.kept.extend(sums.iter().flat_map(Sum::names).map(str::to_owned));
    brief.kept.extend(needs.into_iter().flatten().flat_map(|needed| needed.names));
    brief.kept.sort_unstable();
    brief.kept.dedup();
    Some(brief)
}
