//! What a plan will do, for people: `brownout plan FILE`.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;

use driver::{Class, Mode};
use fake_backends::BackendSpec;
use gateways::{AccessLog, SCRAPED_EVERY};
use units::{Rate, Stretch, Timespan};

use crate::compile::{configuration, exposures, inline, settings};
use crate::plan::Plan;

/// A plan as people read it.
#[derive(Clone, Debug)]
pub struct Description {
    /// The scenario, with its length and seed.
    pub title: String,
    /// Why, owner, gateway and the like, each with its heading.
    pub facts: Vec<(&'static str, String)>,
    /// The phases with everything that happens in them.
    pub phases: Vec<PhaseDescription>,
    /// How many requests each class is to send, and the sum.
    pub requests: Vec<(String, String)>,
    /// The most that the plan can ask of gateway and backends.
    pub bounds: Vec<(&'static str, String)>,
    /// The configuration that the gateway is started with, with example ports; nothing for a kind that has none.
    pub configuration: Option<String>,
}

/// A phase with everything that happens in it.
#[derive(Clone, Debug)]
pub struct PhaseDescription {
    /// Its name and its time in the run.
    pub title: String,
    /// The traffic.
    pub traffic: Vec<String>,
    /// What is done to the gateway.
    pub actions: Vec<String>,
    /// What the backends do wrong.
    pub faults: Vec<String>,
    /// What will be judged.
    pub expectations: Vec<String>,
}

/// Describes a plan.
pub fn describe(plan: &Plan) -> Description {
    Description {
        title: format!("{} — {}, seed {}", plan.name, Timespan(plan.length), plan.seed),
        facts: facts(plan),
        phases: (0..plan.brief.phases.len()).map(|phase| describe_phase(plan, phase)).collect(),
        requests: requests(plan),
        bounds: bounds(plan),
        configuration: configuration(plan),
    }
}

fn facts(plan: &Plan) -> Vec<(&'static str, String)> {
    let about = &plan.brief.about;
    let words = [("why", &about.why), ("owner", &about.owner), ("rollback", &about.rollback)];
    let mut facts: Vec<_> = words.into_iter().filter_map(|(key, word)| Some((key, word.clone()?))).collect();
    let note = plan.gateway.contract().note().map(|note| format!(" ({note})")).unwrap_or_default();
    facts.push(("gateway", format!("{}{note}", plan.gateway.name())));
    facts.extend(plan.gateway.contract().commands());
    let policy = inline(&plan.policy);
    facts.push((
        "policy",
        if policy == "{}" { "none declared: the gateway's own defaults hold".to_owned() } else { policy },
    ));
    let backends = plan.brief.backends.iter().zip(&plan.pool.backends).map(|(brief, spec)| {
        let listen = if spec.listen.port() == 0 { "a free port".to_owned() } else { spec.listen.to_string() };
        let tls = if spec.tls.is_some() { ", over TLS" } else { "" };
        format!(
            "{} ({listen}, weight {}, priority {}, {} bodies{tls})",
            brief.name, brief.weight, brief.priority, spec.body
        )
    });
    facts.push(("backends", backends.collect::<Vec<_>>().join(", ")));
    facts.extend(metrics(plan).map(|metrics| ("metrics", metrics)));
    facts.extend(access_log(plan).map(|log| ("access log", log)));
    facts.extend(reached(plan).map(|words| ("reached", words)));
    if let Some(record) = &plan.pool.record {
        let hashed = |secret| if secret { " (hashed)" } else { "" };
        let names = record.headers.iter().map(|header| format!("{}{}", header.name, hashed(header.secret)));
        let target = format!("path and query{}", hashed(record.secret_target));
        facts.push(("records", names.chain([target]).collect::<Vec<_>>().join(", ")));
    }
    facts
}

/// Where the gateway's own metrics are scraped, and what is taken from them; nothing if they are not.
fn metrics(plan: &Plan) -> Option<String> {
    let contract = plan.gateway.contract();
    let (metrics, brief) = contract.metrics().zip(plan.brief.metrics.as_ref())?;
    let place = match (&metrics.url, &metrics.path) {
        (Some(url), _) => url.clone(),
        (None, Some(path)) => format!("{path} on the gateway's address"),
        (None, None) => {
            format!("{} on a port of its own", contract.counters().map_or("/", |counters| counters.path))
        }
    };
    let headers: Vec<&str> = metrics.headers.keys().map(String::as_str).collect();
    let headers = if headers.is_empty() { String::new() } else { format!(", with {}", headers.join(", ")) };
    Some(format!("{place}{headers}, every {SCRAPED_EVERY}; kept: {}", brief.kept.join(", ")))
}

/// Where the gateway's own access log is, and what a line of it looks like; nothing if it is not read.
fn access_log(plan: &Plan) -> Option<String> {
    let AccessLog { file, pattern } = plan.gateway.contract().access_log()?;
    let file = file.as_ref().map(|file| file.display().to_string());
    Some(match pattern {
        None => "each request, as brownout has the gateway write it".into(),
        Some(pattern) => format!("{}: {pattern}", file.as_deref().unwrap_or("what the gateway prints")),
    })
}

/// The backends that other machines can reach, and the flags that it takes.
fn reached(plan: &Plan) -> Option<String> {
    let outside: Vec<&BackendSpec> = plan.pool.backends.iter().filter(|one| one.is_off_loopback()).collect();
    let backends: Vec<String> = outside.iter().map(|one| format!("{} at {}", one.name, one.listen)).collect();
    let addresses: BTreeSet<IpAddr> = outside.iter().map(|one| one.listen.ip()).collect();
    let flags: Vec<String> = addresses.iter().map(|address| format!("`--allow-listen {address}`")).collect();
    (!outside.is_empty())
        .then(|| format!("other machines can reach {}: needs {}", backends.join(", "), flags.join(" ")))
}

fn describe_phase(plan: &Plan, index: usize) -> PhaseDescription {
    let phase = &plan.brief.phases[index];
    let classes = plan.driver.classes.iter().enumerate();
    let traffic = classes.filter_map(|(class, it)| load(plan, it, class, index)).collect();
    let faults =
        plan.brief.injections.iter().filter(|it| it.phase == index).map(|it| fault(plan, it)).collect();
    let demands = plan.demands.iter().filter(|it| it.phase == index).map(|it| demand(plan, it)).collect();
    let actions = plan.brief.actions.iter().filter(|it| it.phase == index).map(|it| action(plan, it));
    PhaseDescription {
        title: format!("{} ({})", phase.name, phase.during),
        traffic,
        actions: actions.collect(),
        faults,
        expectations: demands,
    }
}

fn load(plan: &Plan, class: &Class, index: usize, phase: usize) -> Option<String> {
    let during = plan.brief.phases[phase].during;
    let how = match &class.mode {
        Mode::Open(segments) => {
            let segment = segments.iter().find(|segment| segment.during == during)?;
            let rate = if segment.from == segment.to {
                segment.from.to_string()
            } else {
                format!("{} to {}", segment.from, segment.to)
            };
            let count = planned(plan, index).and_then(|planned| planned.get(phase).copied()).unwrap_or(0);
            format!("{rate}{}, {}, {count} requests", part(plan, class), word(&segment.arrivals))
        }
        Mode::Trace(trace) => match trace.due_in(during).len() {
            0 => return None,
            count => format!("as {} has it, {count} requests", trace.file.escape_debug()),
        },
        Mode::Closed { users, during: all, think } => {
            all.iter().find(|stretch| stretch.overlaps(&during))?;
            let thinking = think.map(|think| format!(" who think {}", inline(&think))).unwrap_or_default();
            format!("{users} users{thinking} (closed loop), as many requests as they get answers")
        }
    };
    let target = class.target.and_then(|target| {
        plan.gateway.contract().further_addresses().get(usize::from(target)).map(|name| format!(" to {name}"))
    });
    Some(format!("{}: {} {}{}, {how}", class.name, class.method, class.path, target.unwrap_or_default()))
}

/// The requests of a class, phase by phase; `None` for a closed loop.
fn planned(plan: &Plan, class: usize) -> Option<&[u64]> {
    plan.brief.traffic[class].planned.as_deref()
}

/// A class's part of its mix, if it belongs to one.
fn part(plan: &Plan, class: &Class) -> String {
    let Some(member) = class.mix else { return String::new() };
    let others = plan.driver.classes.iter().filter_map(|class| class.mix);
    let total: u32 = others.filter(|other| other.mix == member.mix).map(|other| other.weight).sum();
    let name = plan.driver.mixes.get(usize::from(member.mix)).map_or("", |mix| &mix.name);
    format!(" ({} of {total} in mix {name})", member.weight)
}

/// A unit variant as the file words it.
fn word(value: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned));
    word.unwrap_or_default()
}

fn fault(plan: &Plan, injection: &measure::brief::InjectionBrief) -> String {
    let names: Vec<&str> = injection
        .backends
        .iter()
        .map(|backend| plan.brief.backends[usize::from(*backend)].name.as_str())
        .collect();
    let hidden = if injection.hides_attempts { "; hides attempts" } else { "" };
    format!(
        "{} = {} on {}, {}{hidden}",
        injection.fault,
        injection.settings,
        names.join(", "),
        injection.during
    )
}

fn action(plan: &Plan, action: &measure::brief::ActionBrief) -> String {
    let backends = action.backends.iter().map(|backend| plan.brief.backend_name(*backend));
    format!(
        "{} = {} at {:.3} s; then its backends are {}",
        action.kind,
        action.settings,
        action.at.seconds(),
        backends.collect::<Vec<_>>().join(", ")
    )
}

fn demand(plan: &Plan, demand: &judge::Demand) -> String {
    let kind = &demand.expectation;
    let traffic =
        demand.traffic.map_or("all traffic", |class| plan.brief.traffic[usize::from(class)].name.as_str());
    let settle = if demand.settle.is_zero() { String::new() } else { format!(", after {}", demand.settle) };
    let samples =
        demand.samples_min.map_or(String::new(), |least| format!(", at least {least} observations"));
    let seen = exposures(&plan.brief, demand).map(|seen| format!("; will see {seen}")).unwrap_or_default();
    format!("{} = {} of {traffic}{settle}{samples}{seen}", kind.name(), settings(kind))
}

fn requests(plan: &Plan) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    let mut total = 0;
    for (index, class) in plan.driver.classes.iter().enumerate() {
        let count = planned(plan, index).map(|planned| planned.iter().sum::<u64>());
        total += count.unwrap_or(0);
        let shown =
            count.map_or_else(|| format!("at most {}", plan.driver.exchanges_max), |count| count.to_string());
        rows.push((class.name.clone(), shown + &of_trace(plan, class)));
    }
    rows.push(("scheduled in total".to_owned(), total.to_string()));
    rows
}

fn bounds(plan: &Plan) -> Vec<(&'static str, String)> {
    let rates = plan.brief.phases.iter().map(|phase| peak(plan, phase.during));
    let peak = rates.fold(0.0, f64::max);
    let attempts = plan.policy.retry.as_ref().map_or(1, |retry| retry.attempts.max(1));
    let amplified = Rate::per_second(peak * f64::from(attempts));
    let longest = plan.grace + plan.length;
    vec![
        ("at the gateway", format!("{} requests, open loop, in the busiest phase", Rate::per_second(peak))),
        ("at the backends", format!("{amplified} attempts, if every request is tried {attempts} time(s)")),
        (
            "under way at a time",
            format!("{} requests on {} connections", plan.driver.in_flight_max, plan.driver.connections_max),
        ),
        ("over after", format!("{} at the latest", Timespan(longest))),
    ]
}

/// How a trace lies to the phases, if a class has one.
fn of_trace(plan: &Plan, class: &Class) -> String {
    let Mode::Trace(trace) = &class.mode else { return String::new() };
    let last = trace.due.last().map_or(0.0, |last| last.seconds());
    let rest = match trace.later {
        0 => format!("the run goes on to {:.3} s", plan.length.as_secs_f64()),
        later => format!("{later} later ones are after the last phase, and not sent"),
    };
    format!(" of {}, the last at {last:.3} s; {rest}", trace.file.escape_debug())
}

/// The highest total rate in a phase.
fn peak(plan: &Plan, during: Stretch) -> f64 {
    let rates: Vec<_> = plan.driver.classes.iter().filter_map(|class| class.rates_in(during)).collect();
    let (start, end) = rates.iter().fold((0.0, 0.0), |(a, b), (start, end)| (a + start, b + end));
    f64::max(start, end)
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for (key, fact) in &self.facts {
            writeln!(f, "  {key:<9} {fact}")?;
        }
        for phase in &self.phases {
            writeln!(f, "\nphase {}", phase.title)?;
            let parts = [
                ("send", &phase.traffic),
                ("act", &phase.actions),
                ("inject", &phase.faults),
                ("expect", &phase.expectations),
            ];
            for (word, lines) in parts {
                for line in lines {
                    writeln!(f, "  {word:<7} {line}")?;
                }
            }
        }
        writeln!(f, "\nrequests")?;
        let width = self.requests.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, count) in &self.requests {
            writeln!(f, "  {name:<width$}  {count}")?;
        }
        writeln!(f, "\nat the most")?;
        for (what, bound) in &self.bounds {
            writeln!(f, "  {what:<19}  {bound}")?;
        }
        if let Some(configuration) = &self.configuration {
            writeln!(f, "\ngateway configuration (ports of backends are examples)")?;
            for line in configuration.lines() {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}
