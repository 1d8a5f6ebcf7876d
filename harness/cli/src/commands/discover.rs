//! `brownout discover` and `brownout diff`: what a gateway really does, and what changed of it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use discover::{Cost, Options, Page, Profile, Site, discover, hold};
use gateways::Allowed;
use tokio_util::sync::CancellationToken;

use crate::args::{Diff, Discover, PageFormat};
use crate::exit::Exit;
use crate::interrupt;
use crate::output::{bars, complain, print};
use crate::scenario_source;
use assess::write_whole;

/// The tables of a scenario that say what is asked about.
const KEPT: [&str; 5] = ["gateway", "policy", "backends", "backend", "limits"];

/// The backends where nothing names any.
const BACKENDS: [&str; 3] = ["backend-a", "backend-b", "backend-c"];

/// Asks a gateway what it does.
pub(crate) fn discover_gateway(args: &Discover) -> Result<Exit> {
    let unknown = args.only.iter().find(|name| !Options::names().contains(&name.as_str()));
    if let Some(name) = unknown {
        let names = Options::names().join(", ");
        complain(&format_args!("error: there is no question `{name}`\nhelp: the questions are {names}"));
        return Ok(Exit::Usage);
    }
    let interrupts = interrupt::listen()?;
    let site = match site(args, interrupts.interrupt) {
        Ok(site) => site,
        Err(error) => {
            complain(&format_args!("{}", words(&format!("{error:#}"))));
            return Ok(Exit::Usage);
        }
    };
    let bar = bar(args.quiet);
    let watch = &mut |experiment: &str, cost: Cost| {
        bar.set_message(format!("{experiment} ({} requests so far)", cost.requests));
        bar.set_position(cost.experiments);
    };
    let options = Options { only: args.only.clone() };
    let head = site.head.clone();
    let found = discover(site, &options, watch);
    bar.finish_and_clear();
    bars().remove(&bar);
    let (profile, bill) = match found {
        Ok(found) => found,
        Err(error) => {
            complain(&format_args!("{}", words(&error.to_string())));
            return Ok(Exit::Environment);
        }
    };
    write(&args.profile, &profile.write())?;
    if let Some(path) = &args.held {
        write(path, &hold(&profile, &head, &args.path))?;
    }
    let page = Page(&profile);
    match args.format {
        PageFormat::Terminal => print(&format_args!("{page}\n{bill}\n{}", closing(args, bill.all)))?,
        PageFormat::Markdown => print(&page.markdown())?,
        PageFormat::Html => print(&page.html())?,
    }
    Ok(if profile.about.ended_early.is_some() { Exit::Inconclusive } else { Exit::Pass })
}

fn write(path: &Path, text: &str) -> Result<()> {
    write_whole(path, |out| out.write_all(text.as_bytes())).with_context(|| format!("{}", path.display()))
}

/// What it took, and where the files are.
fn closing(args: &Discover, cost: Cost) -> String {
    let Cost { experiments, time, requests } = cost;
    let profile = args.profile.display();
    let held = args.held.as_ref().map(|path| format!(", the scenario that holds it {}", path.display()));
    let held = held.unwrap_or_default();
    format!("{experiments} experiments in {time}, {requests} requests; the profile is {profile}{held}\n")
}

/// Diagnostics bring their own `error:`.
fn words(error: &str) -> String {
    if error.starts_with("error") { error.to_owned() } else { format!("error: {error}") }
}

fn bar(quiet: bool) -> indicatif::ProgressBar {
    if quiet {
        return indicatif::ProgressBar::hidden();
    }
    let style = indicatif::ProgressStyle::with_template("{spinner} {elapsed} experiment {pos}: {msg}");
    let bar = indicatif::ProgressBar::new_spinner();
    let bar = bars().add(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)));
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar
}

fn site(args: &Discover, interrupt: CancellationToken) -> Result<Site> {
    let (head, base) = match &args.scenario {
        Some(path) => of_scenario(path, args)?,
        None => (of_gateway(args)?, PathBuf::from(".")),
    };
    let mut overrides = scenario_source::overrides(&args.overrides);
    if args.scenario.is_none() {
        // The head has it already.
        overrides.gateway = None;
    }
    Ok(Site {
        head,
        overrides,
        path: args.path.clone(),
        base,
        longest: args.longest,
        simulate: args.simulate,
        at_a_time: args.at_a_time,
        out: args.out.clone(),
        allowed: Allowed {
            hosts: args.allow_host.clone(),
            commands: args.allow_commands,
            listen: args.allow_listen.clone(),
        },
        interrupt,
    })
}

/// Gateway, policy and backends of a scenario file, without its traffic, phases and demands.
fn of_scenario(path: &Path, args: &Discover) -> Result<(String, PathBuf)> {
    ensure!(args.config.is_none(), "--config is for a gateway without a scenario: the file names its own");
    let loaded = scenario_source::load(path, &scenario::Overrides::default())
        .or_else(|failure| completed(path, failure))
        .map_err(|failure| anyhow::anyhow!("{}", failure.render(false)))?;
    let mut table: toml::Table = loaded.text.parse()?;
    table.retain(|key, _| KEPT.contains(&key));
    Ok((format!("{table}\n"), loaded.plan.base))
}

/// What stands for the traffic and the phases of a file that has none: it is about a gateway and its backends only.
const TRAFFIC: &str = "
[traffic.asked]
request = \"GET /\"
rate = \"1/s\"
[[phase]]
name = \"asked\"
for = \"1s\"
";

/// The same file with traffic and a phase, if it has neither; what is wrong with it if it has.
fn completed(path: &Path, failure: scenario::Failure) -> Result<scenario::Loaded, scenario::Failure> {
    let lacks_both =
        |table: toml::Table| !["traffic", "mix", "phase"].iter().any(|key| table.contains_key(*key));
    // What could not be read has no text.
    if failure.text.is_empty() || !failure.text.parse().is_ok_and(lacks_both) {
        return Err(failure);
    }
    let base = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let text = format!("{}{TRAFFIC}", failure.text);
    scenario::load_text(&failure.origin, &text, base, &scenario::Overrides::default())
}

/// A gateway with a configuration of its own, or as it is where nothing is declared.
fn of_gateway(args: &Discover) -> Result<String> {
    let kind = args.overrides.gateway.as_deref().unwrap_or("reference");
    let mut gateway = toml::Table::new();
    let mut names: Vec<String> = BACKENDS.map(String::from).to_vec();
    if let Some(config) = &args.config {
        let text = fs::read_to_string(config).map_err(|error| {
            anyhow::anyhow!(
                "{}: {error}\nhelp: `--config` names the gateway's own configuration, as a file that can be read",
                config.display()
            )
        })?;
        names = named_backends(&text);
        if names.is_empty() {
            bail!(
                "{}: it names no backend of brownout\nhelp: write `{{{{backend.NAME.address}}}}` where the address of a backend stands, for two backends or more",
                config.display()
            );
        }
        gateway.insert("config".into(), config.display().to_string().into());
    }
    let table = |entries: toml::Table| toml::Value::Table(entries);
    let mut kinds = toml::Table::new();
    kinds.insert(kind.to_owned(), table(gateway));
    let backends: toml::Table = names.into_iter().map(|name| (name, table(toml::Table::new()))).collect();
    let mut head = toml::Table::new();
    head.insert("gateway".into(), table(kinds));
    head.insert("backend".into(), table(backends));
    Ok(format!("{head}\n"))
}

/// The backends that a configuration has placeholders for.
fn named_backends(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for found in text.split("{{").skip(1) {
        let inner = found.split("}}").next().unwrap_or_default().trim();
        let name =
            inner.strip_prefix("backend.").and_then(|rest| rest.rsplit_once('.')).map(|(name, _)| name);
        if let Some(name) = name.filter(|name| !names.iter().any(|known| known == name)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// A profile, or what the policy of a scenario declares.
fn read(path: &Path) -> Result<Profile> {
    let help = "name a profile that `brownout discover` has written, or a scenario file with a `[gateway]`";
    let text = fs::read_to_string(path)
        .map_err(|error| anyhow::anyhow!("{}: {error}\nhelp: {help}", path.display()))?;
    let is_scenario = text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("gateway"));
    if !is_scenario {
        return Profile::read(&text).map_err(|error| {
            anyhow::anyhow!("{}: {}\nhelp: {help}", path.display(), error.to_string().trim_end())
        });
    }
    let loaded = scenario_source::load(path, &scenario::Overrides::default());
    let plan = loaded.map_err(|failure| anyhow::anyhow!("{}", failure.render(false)))?.plan;
    Ok(Profile::declared(&plan.policy, plan.gateway.name()))
}

/// Compares two profiles.
pub(crate) fn diff(args: &Diff) -> Exit {
    let compared = read(&args.before).and_then(|before| Ok((before, read(&args.after)?)));
    let shown = compared.and_then(|(before, after)| {
        let found = discover::diff(&before, &after);
        match args.format {
            PageFormat::Terminal => print(&found)?,
            PageFormat::Markdown => print(&found.markdown())?,
            PageFormat::Html => print(&found.html())?,
        }
        Ok(if found.changes.is_empty() { Exit::Pass } else { Exit::Fail })
    });
    shown.unwrap_or_else(|error| {
        complain(&format_args!("{}", words(&format!("{error:#}"))));
        Exit::Usage
    })
}
