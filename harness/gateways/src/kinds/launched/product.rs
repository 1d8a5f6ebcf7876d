//! How one kind differs from the others.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::acting::Acting;
use super::files::{OwnFile, Wrong};
use super::machine::Machine;
use super::program;
use super::recipe::{CommandLine, Parts, Place, Recipe};
use super::template::{Page, Values};
use super::{NONCE, launch};
use crate::access_log::{LogReader, Pattern, Source};
use crate::{
    AccessLog, Counters, Handle, Launch, LaunchError, Means, Metrics, Ready, Running, Unsupported, Upstreams,
};

/// One kind of gateway that is a program.
pub(crate) struct Product {
    /// The kind's key.
    pub(crate) name: &'static str,
    /// The names that its program may have; the first one that is found is taken.
    pub(crate) programs: &'static [&'static str],
    /// The environment variable that may name the program.
    pub(crate) variable: &'static str,
    /// How it is installed, for people.
    pub(crate) install: &'static str,
    /// The key of the user's own file, for messages.
    pub(crate) config_key: &'static str,
    /// The name of the configuration in the gateway's directory, where the user's own file suggests no other.
    pub(crate) file: &'static str,
    /// Endings of the user's own file that are kept because the program goes by them.
    pub(crate) endings: &'static [&'static str],
    /// The signal that the program gets if brownout dies without having stopped it.
    pub(crate) orphaned: &'static str,
    /// Whether the program is told by an argument where to listen, so that no configuration has to say it.
    pub(crate) listens_by_argument: bool,
    /// The configuration that the policy asks for, with `{{listen.…}}` and the nonce to be filled in.
    pub(crate) generate: fn(&Upstreams, &Machine) -> Result<String, Vec<Unsupported>>,
    /// How the program is called to serve.
    pub(crate) serve: fn(&Call<'_>) -> Vec<String>,
    /// How the program is called to check a configuration, if it can.
    pub(crate) check: Option<fn(&Call<'_>) -> Vec<String>>,
    /// How it is made to tell its metrics, if it can.
    pub(crate) tells: Option<Tells>,
    /// How it is made to log each request, if brownout knows how.
    pub(crate) logs: Option<Logs>,
    /// What it can be made to do while it runs.
    pub(crate) acts: Acting,
    /// How the program is called to say its version.
    pub(crate) ask_version: &'static [&'static str],
    /// The version in what it then says.
    pub(crate) version: fn(&str) -> Option<String>,
}

/// How a program is made to tell its metrics on a port of its own.
pub(crate) struct Tells {
    /// A configuration that is made from the policy, with what makes it tell them at `{{metrics.address}}`.
    pub(crate) add: fn(String) -> String,
    /// What its series mean, and the path of its page.
    pub(crate) counters: Counters,
}

/// How a program is made to log each request.
pub(crate) struct Logs {
    /// A configuration that is made from the policy, with what makes it do so.
    pub(crate) add: fn(String) -> String,
    /// The file in its directory; `None` if it prints them.
    pub(crate) file: Option<&'static str>,
    /// What a line looks like, as [`AccessLog::pattern`] says it.
    pub(crate) pattern: &'static str,
}

/// What the program's arguments are made of. It is called in the directory `dir`.
pub(crate) struct Call<'a> {
    /// The gateway's directory.
    pub(crate) dir: &'a Path,
    /// The name of the configuration in it.
    pub(crate) file: &'a str,
    /// Where it has to listen.
    pub(crate) address: SocketAddr,
    /// The configuration itself.
    pub(crate) text: &'a str,
    /// Where it has to tell its metrics, if they are asked for there.
    pub(crate) metrics: Option<SocketAddr>,
    /// Whether it has to log each request.
    pub(crate) logs: bool,
    /// Which process in turn it is, from 0, of a gateway that is acted on; `None` if no action is planned.
    pub(crate) generation: Option<u32>,
}

/// The settings that all these kinds have.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    /// The user's own configuration.
    pub(crate) config: Option<&'a Path>,
    /// The program.
    pub(crate) binary: Option<&'a Path>,
    /// How it is asked whether it is ready.
    pub(crate) ready: Option<&'a Ready>,
    /// How its metrics are asked for, if they are.
    pub(crate) metrics: Option<&'a Metrics>,
    /// How its access log is asked for, if it is.
    pub(crate) access_log: Option<&'a AccessLog>,
}

impl Settings<'_> {
    /// Whether it has to log each request as brownout says.
    fn logs(&self) -> bool {
        self.access_log.is_some() && self.config.is_none()
    }

    /// Whether it has to tell its metrics on a port of brownout's choice.
    fn tells(&self) -> bool {
        self.metrics.is_some_and(|metrics| !metrics.has_place())
    }

    /// Where it has to, before that is known.
    fn page(&self) -> Page {
        if self.tells() { Page::Later } else { Page::None }
    }
}

/// The configuration to show: what is known only when the gateway is started stays a placeholder.
pub(super) fn configuration(
    product: &Product,
    settings: Settings<'_>,
    upstreams: &Upstreams,
) -> Result<Option<String>, Vec<Unsupported>> {
    let made = |text: String| {
        added(text, product.tells.as_ref().filter(|_| settings.tells()), logs_of(product, settings))
    };
    let Some(config) = settings.config else {
        return (product.generate)(upstreams, &Machine::here()).map(|text| Some(made(text)));
    };
    let values = Values { metrics: settings.page(), ..Values::to_show(upstreams) };
    let own = OwnFile::read(config, &upstreams.base);
    own.and_then(|own| own.text(&values, product.listens_by_argument)).map(Some).map_err(|(path, why)| {
        vec![Unsupported { key: product.config_key, why: format!("{}: {why}", path.display()) }]
    })
}

/// How it is made to log each request, if it has to.
fn logs_of<'a>(product: &'a Product, settings: Settings<'_>) -> Option<&'a Logs> {
    product.logs.as_ref().filter(|_| settings.logs())
}

/// A configuration that is made from the policy, with what makes the gateway tell of itself.
fn added(mut made: String, tells: Option<&Tells>, logs: Option<&Logs>) -> String {
    for add in [tells.map(|tells| tells.add), logs.map(|logs| logs.add)].into_iter().flatten() {
        made = add(made);
    }
    made
}

/// The access log that a program writes, or prints, from now on.
pub(in crate::kinds) fn access_log(file: Option<&Path>, pattern: &str, launch: &Launch) -> Option<LogReader> {
    let path = launch.dir.join(file.unwrap_or(Path::new(launch::LOG)));
    Some(LogReader::new(Source::end_of(path, file.is_none()), Pattern::parse(pattern).ok()?))
}

/// Starts `product` and waits until a routed request is answered by a backend.
pub(super) async fn start(
    product: &'static Product,
    settings: Settings<'_>,
    launch: &Launch,
) -> Result<Running, LaunchError> {
    let base = &launch.upstreams.base;
    let own = settings.config.map(|config| OwnFile::read(config, base)).transpose().map_err(wrong)?;
    let program = program::find(product, settings.binary, base)?;
    let ready = settings.ready.cloned().unwrap_or_default();
    let tells = product.tells.as_ref().filter(|_| settings.tells());
    // What a configuration of the user's own needs, it says itself.
    let policy = &launch.upstreams.policy;
    let variables = if own.is_none() { variables(policy)? } else { Vec::new() };
    let logs = logs_of(product, settings);
    let known = Known { product, own, program, ready, tells, logs, variables };
    let mut running = launch::launch(Box::new(known), launch).await?;
    running.access_log = match (settings.access_log, logs) {
        (Some(_), Some(logs)) => access_log(logs.file.map(Path::new), logs.pattern, launch),
        (Some(AccessLog { file, pattern: Some(pattern) }), None) => {
            access_log(file.as_deref(), pattern, launch)
        }
        _ => None,
    };
    let own = match &running.handle {
        Handle::Launched(launched) => launched.metrics().zip(tells.map(|tells| tells.counters.path)),
        _ => None,
    };
    running.telling(product.name, settings.metrics, own, launch).await
}

/// A product with its program and the user's own configuration.
struct Known {
    product: &'static Product,
    own: Option<OwnFile>,
    program: PathBuf,
    ready: Ready,
    /// If it has to tell its metrics on a port of its own.
    tells: Option<&'static Tells>,
    /// If it has to log each request.
    logs: Option<&'static Logs>,
    /// The variables that the policy names, with their values.
    variables: Vec<(String, String)>,
}

/// The variables that a policy names, with their values.
fn variables(policy: &policy::Policy) -> Result<Vec<(String, String)>, LaunchError> {
    let value = |name: &str| {
        super::template::secret(name)
            .map(|value| (name.to_owned(), value))
            .map_err(|why| LaunchError::Unsupported(vec![Unsupported { key: "policy", why }]))
    };
    policy.variables().into_iter().map(value).collect()
}

impl Known {
    fn call(&self, arguments: Vec<String>) -> CommandLine {
        CommandLine { program: self.program.clone(), arguments, environment: self.variables.clone() }
    }

    fn text(&self, place: &Place<'_>, own: Option<&OwnFile>) -> Result<String, LaunchError> {
        let metrics = place.metrics.map_or(Page::None, Page::At);
        let values =
            Values { place: Some((place.address, place.dir)), metrics, ..Values::to_show(place.upstreams) };
        if let Some(own) = own {
            return own.text(&values, self.product.listens_by_argument).map_err(wrong);
        }
        let generate = self.product.generate;
        let made = generate(&place.chosen(), &Machine::here()).map_err(LaunchError::Unsupported)?;
        let made = added(made, self.tells, self.logs);
        values
            .fill(&made.replace(NONCE, place.nonce))
            .map(|filled| filled.text)
            .map_err(|unfilled| wrong((place.dir.join(self.product.file), unfilled.to_string())))
    }

    /// The name that the configuration has in the gateway's directory, whichever it is at the time.
    fn file(&self) -> String {
        let ending = self.own.as_ref().map(OwnFile::ending);
        match ending.filter(|ending| self.product.endings.contains(&ending.as_str())) {
            Some(ending) => Path::new(self.product.file).with_extension(ending).display().to_string(),
            None => self.product.file.to_owned(),
        }
    }
}

impl Recipe for Known {
    fn name(&self) -> &'static str {
        self.product.name
    }

    fn orphaned(&self) -> &'static str {
        self.product.orphaned
    }

    fn secrets(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    fn ready(&self) -> &Ready {
        &self.ready
    }

    fn version(&self) -> Result<Option<CommandLine>, LaunchError> {
        Ok(Some(self.call(self.product.ask_version.iter().map(ToString::to_string).collect())))
    }

    fn understood(&self, said: &str) -> Option<String> {
        (self.product.version)(said)
    }

    fn acts(&self) -> Acting {
        self.product.acts
    }

    fn tells(&self) -> bool {
        self.tells.is_some()
    }

    fn parts(&self, place: &Place<'_>) -> Result<Parts, LaunchError> {
        let other = place.having.config.as_deref().map(|config| OwnFile::read(config, &place.upstreams.base));
        let other = other.transpose().map_err(wrong)?;
        let own = other.as_ref().or(self.own.as_ref());
        let (mut file, text) = (self.file(), self.text(place, own)?);
        if place.trial {
            file.insert_str(0, "next-");
        }
        let Place { dir, address, metrics, generation, .. } = *place;
        let logs = self.logs.is_some() && own.is_none();
        let call = Call { dir, file: &file, address, text: &text, metrics, logs, generation };
        let serve = self.call((self.product.serve)(&call));
        let made = dir.join(&file);
        // What is made from a policy was never refused by a gateway, and its check would cost each start its time. A gateway that
        // runs must not be lost to it.
        let blamed = own.map_or(place.trial.then_some(&made), |own| Some(&own.path));
        let check = blamed.zip(self.product.check);
        let check = check.map(|(blamed, check)| (self.call(check(&call)), blamed.clone()));
        Ok(Parts { files: vec![(file.into(), text)], serve, check, tells_nonce: own.is_none() })
    }
}

fn wrong((path, why): Wrong) -> LaunchError {
    LaunchError::Configuration { path, why }
}

/// Why it can't be acted on so, if it can't.
pub(super) fn refuses(
    product: &Product,
    settings: Settings<'_>,
    means: &Means<'_>,
    upstreams: &Upstreams,
) -> Option<String> {
    let (name, key) = (product.name, product.config_key);
    match means {
        Means::Kill | Means::Pause => None,
        Means::Restart => product.acts.restart.is_none()
            .then(|| format!("{name} has no means by which it is restarted in order")),
        Means::Reload { .. } if product.acts.reload.is_none() => {
            Some(format!("{name} has no means by which it takes up another configuration"))
        }
        Means::Reload { config: None, chooses } => (*chooses && settings.config.is_some()).then(|| {
            format!("which backends {name} has is said by `{key}`: write `reload = {{ config = \"…\" }}` with another one")
        }),
        Means::Reload { config: Some(config), .. } => {
            configuration(product, Settings { config: Some(config), ..settings }, upstreams)
                .err()
                .map(|wrong| wrong.into_iter().map(|one| one.why).collect::<Vec<_>>().join("; "))
        }
    }
}
