//! `max_conns` of servers, and `limit_conn`: how many requests are under way (`ngx_http_upstream_module`, `ngx_http_limit_conn_module`).

use policy::{Limit, Scope as Of};

use super::scope::{Scope, shown};
use super::upstream::Pool;
use crate::note::Note;
use crate::place::Place;

/// The most that a policy can say.
const LIMIT_MAX: u32 = 65_536;

/// The statuses of what is turned away: no server may get more, and `limit_conn_status` where nothing is said.
const NO_SERVER: u16 = 502;
const TOO_MANY: u16 = 503;

/// Keys of a zone that are the same for all requests of a location.
const SHARED_KEYS: [&str; 5] = ["$server_name", "$server_port", "$server_addr", "$proxy_host", "$scheme"];

type Keys = Vec<(&'static str, Place)>;

/// The limit that holds for all servers alike, or for all of them together.
pub(super) fn read(
    scope: &Scope<'_>,
    pool: &Pool<'_>,
    workers: u32,
    notes: &mut Vec<Note>,
) -> Option<(Limit, Keys)> {
    let of_pool = of_pool(scope, notes);
    let of_each: Vec<_> = pool.servers.iter().map(|server| server.max_conns.as_ref()).collect();
    let Some((most, place)) = of_each.iter().flatten().next() else { return of_pool };
    let mut not = |why: &str| {
        notes.push(Note::unrehearsed(place, format!("`max_conns` is not rehearsed: {why}")));
        None
    };
    if of_pool.is_some() {
        not("`limit_conn` holds as well, and a scenario has one limit");
        return of_pool;
    }
    if workers > 1 {
        return not("each worker counts for itself; a `zone` in the upstream makes them share the count");
    }
    if !(1..=LIMIT_MAX).contains(most) || of_each.iter().any(|one| one.map(|(other, _)| other) != Some(most))
    {
        return not("it is not the same for all servers, and a scenario has one limit for all");
    }
    let limit = Limit { queue: Some(0), status: Some(NO_SERVER), ..Limit::new(*most) };
    Some((limit, vec![("limit.in_flight", place.clone())]))
}

/// `limit_conn` with a zone that all requests share.
fn of_pool(scope: &Scope<'_>, notes: &mut Vec<Note>) -> Option<(Limit, Keys)> {
    let mut found = None;
    for line in scope.all("limit_conn") {
        let most = line.argument(2).parse().ok().filter(|most| (1..=LIMIT_MAX).contains(most));
        if let Some(most) = most.filter(|_| is_shared(scope, line.argument(1)) && found.is_none()) {
            found = Some((line, most));
            continue;
        }
        let words = format!(
            "`limit_conn` by zone `{}` is not rehearsed: a scenario has one limit, that is the same for all clients",
            shown(line.argument(1))
        );
        notes.push(Note::unrehearsed(&line.place, words));
    }
    let (line, most) = found?;
    let status = scope.number("limit_conn_status", notes).map(|(status, place)| (status as u16, place));
    let mut keys = vec![("limit.in_flight", line.place_of(2).clone())];
    keys.extend(status.iter().map(|(_, place)| ("limit.status", place.clone())));
    let status = status.map_or(TOO_MANY, |(status, _)| status);
    Some((Limit { scope: Of::Pool, queue: Some(0), status: Some(status), ..Limit::new(most) }, keys))
}

/// Whether a zone counts all requests together.
fn is_shared(scope: &Scope<'_>, zone: &str) -> bool {
    let lines = scope.levels.iter().copied().flatten().filter(|line| line.name() == "limit_conn_zone");
    let of_zone = |line: &&super::tree::Directive| {
        let name = line.argument(2).strip_prefix("zone=").and_then(|rest| rest.split(':').next());
        name == Some(zone)
    };
    lines.filter(of_zone).any(|line| SHARED_KEYS.contains(&line.argument(1)))
}
