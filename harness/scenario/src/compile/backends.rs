//! Backends: where they listen, how large their answers are, their share of the traffic.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use fake_backends::BackendSpec;
use units::Size;

use super::{Context, request};
use crate::file::{BackendTable, Located};

/// Port 0 of the loopback interface: any free port.
pub(super) const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The heaviest weight: what HAProxy takes (`weight`, 0 to 256).
const WEIGHT_MAX: u32 = 256;

/// The last priority group.
const PRIORITY_MAX: u32 = 15;

/// Bytes of a normal answer's body where the file says nothing.
const BODY: Size = Size(1024);

/// Resolves `[backend.NAME]`.
pub(super) fn compile(context: &mut Context<'_>) -> Vec<BackendSpec> {
    let tables = &context.scenario.backend.0;
    if tables.is_empty() {
        context.note(
            crate::Diagnostic::error("the scenario has no backend").help("add one: `[backend.orders-a]`"),
        );
    }
    let mut taken = BTreeMap::new();
    tables.iter().map(|(name, table)| backend(context, name, table, &mut taken)).collect()
}

fn backend(
    context: &mut Context<'_>,
    name: &Located<String>,
    table: &BackendTable,
    taken: &mut BTreeMap<SocketAddr, String>,
) -> BackendSpec {
    context.check_name("backend", name);
    let limit = context.scenario.limits.body;
    if let Some(body) = table.body.as_ref().filter(|body| body.value > limit) {
        context.error(&body.span, format!("a body of {}, over `limits.body` = {limit}", body.value)).help =
            Some("make it smaller, or raise `limits.body`".to_owned());
    }
    if let Some(weight) = table.weight.as_ref().filter(|weight| !(1..=WEIGHT_MAX).contains(&weight.value)) {
        context.error(&weight.span, format!("a weight of {}, allowed are 1 to {WEIGHT_MAX}", weight.value));
    }
    if let Some(priority) = table.priority.as_ref().filter(|priority| priority.value > PRIORITY_MAX) {
        context
            .error(&priority.span, format!("priority {}, allowed are 0 to {PRIORITY_MAX}", priority.value));
    }
    let listen = table.listen.as_ref().and_then(|listen| address(context, listen));
    if let (Some(address), Some(place)) = (listen.filter(|address| address.port() != 0), &table.listen) {
        if let Some((_, other)) = taken.iter().find(|(taken, _)| overlap(**taken, address)) {
            context.error(&place.span, format!("the address {address} is already that of backend `{other}`"));
        }
        taken.insert(address, name.value.clone());
    }
    let body = table.body.as_ref().map_or(BODY, |body| body.value);
    let headers = request::answer_headers(context, &table.headers);
    let (name, listen) = (name.value.clone(), listen.unwrap_or(ANY_PORT));
    let tls = context.scenario.tls_of(table);
    BackendSpec { name, listen, body, headers, tls }
}

/// True if the system has no room for both: `[::]` takes a port of all addresses, `0.0.0.0` of those of IPv4.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let takes = |one: SocketAddr, other: SocketAddr| match one.ip() {
        IpAddr::V4(ip) => ip.is_unspecified() && other.ip().to_canonical().is_ipv4(),
        IpAddr::V6(ip) => ip.is_unspecified(),
    };
    one == other || (one.port() == other.port() && (takes(one, other) || takes(other, one)))
}

fn address(context: &mut Context<'_>, listen: &Located<String>) -> Option<SocketAddr> {
    let Ok(address) = listen.parse::<SocketAddr>() else {
        let noted = context.error(&listen.span, format!("`{}` is not an address", listen.escape_debug()));
        noted.label = Some("expected an address of this machine with a port".to_owned());
        noted.help = Some("for example `127.0.0.1:9001`".to_owned());
        return None;
    };
    if address.ip().is_multicast() || address.ip() == Ipv4Addr::BROADCAST {
        let noted = context.error(&listen.span, format!("{} is the address of many machines", address.ip()));
        noted.help = Some("expected an address of this machine, such as `127.0.0.1`".to_owned());
        return None;
    }
    Some(address)
}
