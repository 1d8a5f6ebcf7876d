//! The scenario that `brownout init` writes: complete, commented, and true to what was asked for.

use std::fmt::Write;

/// What the scenario is to have.
pub(crate) struct Wishes {
    /// The kind of gateway.
    pub(crate) gateway: String,
    /// How many backends.
    pub(crate) backends: u8,
    /// Whether the gateway gives up on slow attempts.
    pub(crate) timeout: bool,
    /// Whether it tries failed reads again.
    pub(crate) retry: bool,
    /// Whether it has circuit breakers.
    pub(crate) breaker: bool,
}

/// The scenario.
pub(crate) fn scenario(wishes: &Wishes) -> String {
    [
        HEAD.to_owned(),
        gateway(&wishes.gateway),
        policy(wishes),
        backends(wishes),
        traffic(wishes),
        phases(wishes),
        expectations(wishes),
    ]
    .join("\n")
}

const HEAD: &str = r#"# A brownout scenario. `brownout plan FILE` shows all that will happen, `brownout run FILE` makes it happen.
# `brownout list faults` and `brownout list expectations` show what else can stand here, `brownout explain NAME` how.

name     = "one backend fails"
why      = "Say here what would go wrong in production if this failed."
owner    = "the team that answers for it"
rollback = "Say here what to do when it fails."
seed     = 7                               # the same file and seed plan the same faults and the same schedule
"#;

fn gateway(kind: &str) -> String {
    let about = match kind {
        "reference" => {
            "# The gateway under test: brownout's own, which does what the policy says. For a real one, see\n\
             # `brownout list gateways`."
        }
        "url" => {
            "# The gateway under test runs already. Its upstreams must be the backends below.\n\
             # Only this machine is sent load, unless `--allow-host` names the host."
        }
        "command" => {
            "# The gateway under test: any program, which `brownout run --allow-commands` starts. It has to stay in the foreground and\n\
             # to listen at {{listen.address}}. Files of this folder are filled in as well: config = \"gateway.conf\"."
        }
        _ => {
            "# The gateway under test, started by brownout with a configuration made from the policy below.\n\
             # `brownout plan` prints it. To test your own file instead, name it here; {{backend.NAME.address}} in it\n\
             # becomes the address of a backend, {{listen.address}} the one that it must listen on."
        }
    };
    let key = match kind {
        "reference" => {
            "# defects = [\"retries-post\"]              # what it is to do wrong: `brownout list defects`\n"
        }
        "url" => "address = \"http://127.0.0.1:8080\"\n",
        "command" => "run = [\"my-gateway\", \"--listen={{listen.address}}\"]\n",
        _ => "# config = \"gateway.conf\"\n",
    };
    format!("{about}\n[gateway.{kind}]\n{key}")
}

fn policy(wishes: &Wishes) -> String {
    let mut text = String::from("# What the gateway is declared to do when backends fail.\n[policy]\n");
    if wishes.timeout {
        text += "timeout = { connect = \"500ms\", per_try = \"1s\" }\n";
    }
    if retries(wishes) {
        let on = if haproxy_sees_only(wishes) {
            "[\"connect-failure\"]                # HAProxy's breaker does not see what is retried for another reason"
        } else {
            match wishes.gateway.as_str() {
                "caddy" => {
                    "[\"connect-failure\", \"reset\", \"timeout\"]  # Caddy never tries again on a status"
                }
                "traefik" => {
                    "[\"503\", \"connect-failure\"]     # a reset only together with 502, a timeout with 504"
                }
                "apache" => "[\"connect-failure\"]            # Apache tries again for no other reason",
                _ => "[\"503\", \"connect-failure\", \"reset\", \"timeout\"]",
            }
        };
        let _ = write!(
            text,
            "\n[policy.retry]\n\
             attempts = 2                               # arrivals in total: the first one and one more\n\
             on       = {on}\n\
             methods  = [\"GET\"]                         # a write might be carried out twice\n"
        );
        if takes_turns(wishes) {
            text += "other_backend = false                      # whichever backend's turn it is\n";
        }
    }
    if wishes.breaker {
        let _ = write!(text, "\n[policy.breaker]\ntrip     = {}\nopen_for = \"2s\"\n", trip(&wishes.gateway));
        text += match wishes.gateway.as_str() {
            "apache" => {
                "way_back = \"all\"                            # it has no probe\n\
                 fails    = [\"connect-failure\", \"timeout\", \"503\"]  # never a reset\n"
            }
            "envoy" | "haproxy" | "caddy" | "traefik" => {
                "way_back = \"all\"                            # it has no probe\n"
            }
            "nginx" => {
                "way_back = \"probe\"                          # one live request\ntick     = \"1s\"                             # it reads a clock of whole seconds\n"
            }
            _ => "",
        };
    }
    text
}

/// Whether failed reads are tried again. nginx counts a status towards its breaker only where it retries it.
fn retries(wishes: &Wishes) -> bool {
    wishes.retry || (wishes.breaker && wishes.gateway == "nginx")
}

/// HAProxy's breaker is blind to what is retried, unless the connection could not be made.
fn haproxy_sees_only(wishes: &Wishes) -> bool {
    wishes.breaker && wishes.gateway == "haproxy"
}

/// Whether there are writes. nginx does not count the 503 of a request that it may not repeat, so that the breaker
/// would be another for writes than for reads.
fn writes(wishes: &Wishes) -> bool {
    !(wishes.breaker && wishes.gateway == "nginx")
}

/// Whether a further attempt goes to whichever backend's turn it is, which may be the same one.
fn takes_turns(wishes: &Wishes) -> bool {
    match wishes.gateway.as_str() {
        "caddy" | "traefik" | "varnish" => true,
        // A backend to which no connection could be made is out for a time.
        "apache" => !wishes.breaker,
        _ => false,
    }
}

/// What opens a breaker: nginx counts failures within a time, the others those in a row as well.
fn trip(gateway: &str) -> &'static str {
    match gateway {
        "nginx" => "{ count = 5, within = \"2s\" }",
        // It forgets each failure by itself, so that with more than one the open time can't be declared.
        // For Apache the first failure is always enough.
        "caddy" | "apache" => "{ consecutive = 1 }",
        _ => "{ consecutive = 5 }",
    }
}

fn backends(wishes: &Wishes) -> String {
    let mut text = String::from("# Fake backends. They record every attempt that reaches them.\n");
    for number in 1..=wishes.backends {
        let _ = writeln!(text, "[backend.{}]", backend(number));
        if wishes.gateway == "url" {
            let _ = writeln!(text, "listen = \"127.0.0.1:{}\"", 9000 + u16::from(number));
        }
    }
    text
}

fn backend(number: u8) -> String {
    format!("b{number}")
}

fn traffic(wishes: &Wishes) -> String {
    if writes(wishes) {
        return format!("{READS}\n{WRITES}");
    }
    format!("{READS}# No writes: nginx does not count the 503 of a request that it may not repeat.\n")
}

const READS: &str = r#"# Traffic arrives on schedule, whatever the gateway does.
[traffic.reads]
request  = "GET /items/{n}"                # {n} is the number of the request
rate     = "100/s"
arrivals = "poisson"                       # as many independent users would arrive
"#;

const WRITES: &str = r#"[traffic.writes]
request = "POST /items"
rate    = "25/s"
body    = { size = "2KiB" }
"#;

fn phases(wishes: &Wishes) -> String {
    // A breaker needs failures in a row; a retry is better seen on some failures among successes.
    let fault = match (wishes.breaker, wishes.gateway.as_str()) {
        (true, _) => "status = { code = 503 }",
        (false, "caddy") => "reset  = { share = 0.5 }",
        (false, "apache") if retries(wishes) => "refuse = {}",
        (false, _) => "status = { code = 503, share = 0.5 }",
    };
    format!(
        "# Phases follow each other. Every outage is followed by a recovery: some gateways never find back.\n\
         [[phase]]\nname = \"steady\"\nfor  = \"3s\"\n\n\
         [[phase]]\nname = \"outage\"\nfor  = \"6s\"\n\
         [[phase.inject]]\non     = [\"{}\"]\n{fault}\n\n\
         [[phase]]\nname = \"recovery\"\nfor  = \"8s\"\n",
        backend(1)
    )
}

fn expectations(wishes: &Wishes) -> String {
    let mut text = String::from(
        "# Without faults, everything works: this says that the test itself is sound.\n\
         [[expect]]\nin           = \"steady\"\navailability = { min = 0.99 }\n",
    );
    // A breaker shields the backends, and too few writes fail that a gateway could send again.
    if writes(wishes) && !wishes.breaker {
        text += "\n# A write that reached a backend is never sent again.\n\
                 [[expect]]\nin        = \"outage\"\ntraffic   = \"writes\"\nno_replay = {}\n";
    }
    text += "\n# Nobody gets somebody else's answer, or half of one.\n\
         [[expect]]\nintegrity = {}\n\n\
         # Once the fault is over, everything is back to normal.\n\
         [[expect]]\nin       = \"recovery\"\nrecovery = { within = \"4s\" }\n";
    // A breaker shields the backends from most requests, and too few are left that would show how often they are tried.
    let attempts = match (retries(wishes), wishes.backends) {
        _ if wishes.breaker => None,
        // No backend sees a connection that could not be made.
        (true, _) if wishes.gateway == "apache" => None,
        (false, _) => Some(("A read that failed is not tried again.", "max = 1")),
        (true, 0 | 1) => Some(("A read that fails is tried once more, and never more often.", "exactly = 2")),
        (true, _) => Some(("A read that fails is tried once more.", "min = 2")),
    };
    if let Some((why, bound)) = attempts {
        let _ = write!(
            text,
            "\n# {why}\n[[expect]]\nin       = \"outage\"\ntraffic  = \"reads\"\nattempts = {{ {bound} }}\n"
        );
    }
    if retries(wishes) && wishes.backends > 1 && !wishes.breaker {
        let (elsewhere, share) = if takes_turns(wishes) { ("", "0.95") } else { (" elsewhere", "0.99") };
        let _ = write!(
            text,
            "\n# Users of reads see little of the outage, because failed ones are tried again{elsewhere}.\n\
             [[expect]]\nin           = \"outage\"\ntraffic      = \"reads\"\navailability = {{ min = {share} }}\n"
        );
    }
    if wishes.breaker {
        let _ = write!(
            text,
            "\n# The failing backend is left alone, and taken back when it is well again.\n\
             [[expect]]\nin      = \"outage\"\n\
             breaker = {{ trips_after = {}, open_for = \"2s\"{}, recovers_within = \"4s\" }}\n",
            trip(&wishes.gateway),
            // Its `fail_timeout` counts whole seconds, and is over in the one that follows.
            if wishes.gateway == "nginx" { ", tolerance = \"1s\"" } else { "" }
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_asked_for_becomes_a_scenario_that_can_be_run() {
        for gateway in ["reference", "url"] {
            for backends in [1, 2, 3, 16] {
                for parts in 0..8_u8 {
                    let (timeout, retry, breaker) = (parts & 1 > 0, parts & 2 > 0, parts & 4 > 0);
                    let wishes = Wishes { gateway: gateway.into(), backends, timeout, retry, breaker };
                    let text = scenario(&wishes);
                    let loaded = scenario::load_text(
                        "x.toml",
                        &text,
                        std::path::Path::new("."),
                        &scenario::Overrides::default(),
                    );
                    let loaded = loaded.unwrap_or_else(|failure| panic!("{text}\n{failure}"));
                    assert_eq!(loaded.plan.pool.backends.len(), usize::from(backends));
                    assert_eq!(loaded.plan.policy.retry.is_some(), retry);
                    assert_eq!(loaded.plan.policy.breaker.is_some(), breaker);
                }
            }
        }
    }
}
