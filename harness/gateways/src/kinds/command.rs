//! The kind `command`: any program as a gateway.

mod config;
mod recipe;
mod stop;

use std::collections::BTreeMap;

use futures_util::future::LocalBoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de};

use self::config::Files;
use self::recipe::Prepared;
use self::stop::Stop;
use super::launched::{self, secrets};
use crate::{
    AccessLog, Allowed, Gateway, Launch, LaunchError, Means, Metrics, Ready, Running, Unsupported, Upstreams,
};

const NAME: &str = "command";

/// The most words of a command, and the most entries of its environment.
const WORDS_MAX: usize = 256;

/// Any program, started by a command of your own.
///
/// `run` is the program with its arguments, word by word: no shell reads them. A program with a slash in its name is looked up
/// from the scenario's folder, any other on the `PATH`. It has to stay in the foreground. In all texts `{{listen.address}}`,
/// `{{backend.NAME.address}}` (or `.host`, `.port`) and `{{dir}}` are filled in, as in a configuration of your own; it has to listen
/// where they say. It is started in a directory of its own, `{{dir}}`, with `PATH`, `HOME` (that directory) and `LANG=C` as its only
/// environment beside `env`.
///
/// The policy is not translated: it says what you expect of the program.
///
/// A scenario could so run anything, so `brownout run` does it only with `--allow-commands`. `brownout check` and `brownout plan`
/// show the commands and run none.
///
/// It is stopped by a signal to its whole process group, and killed if it has not ended 10 s later; whatever it leaves behind in its group
/// is killed as well. A container is no child of `docker run`: let docker stop it (`--rm --init`, and an image that ends on the
/// signal in time), or look for it yourself after a run that was killed.
///
/// # Example
/// `[gateway.command]` with `run = ["docker", "run", "--rm", "--init", "--network=host", "--volume={{dir}}:/kong:ro",
/// "--env=KONG_DATABASE=off", "--env=KONG_DECLARATIVE_CONFIG=/kong/kong.yml", "--env=KONG_PROXY_LISTEN={{listen.address}}",
/// "kong:3.9"]`, `config = "kong.yml"` and `ready = { path = "/orders/0", within = "60s" }`
/// `[gateway.command]` with `run = ["dotnet", "Yarp.dll"]`, `config = "appsettings.json"` and
/// `env = { ASPNETCORE_URLS = "http://{{listen.address}}", API_KEY = "{{env.API_KEY}}" }`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program that serves, and its arguments.
    #[serde(deserialize_with = "words")]
    #[schemars(length(min = 1, max = 256))]
    pub run: Vec<String>,
    /// A file, or a list of files, of the scenario's folder. They are filled in and put into the gateway's directory under the same
    /// names. Nothing outside of the scenario's folder is taken.
    #[serde(default, skip_serializing_if = "Files::is_empty")]
    pub config: Files,
    /// A command that looks at the files before the program is started, and ends with 0 if they are fine; within 10 s.
    #[serde(default, deserialize_with = "some_words", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub check: Option<Vec<String>>,
    /// A command that prints the version in its first line; within 10 s.
    #[serde(default, deserialize_with = "some_words", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256))]
    pub version: Option<Vec<String>>,
    /// The environment of all of these commands, by name. `{{env.NAME}}` in a value is the variable `NAME` of brownout's own
    /// environment: it is given to the program, and never written down, not even where the program prints it. A secret can't stand in `run` or in a file, which others
    /// can read.
    #[serde(default, deserialize_with = "environment", skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The signal that ends it.
    #[serde(default)]
    pub stop: Stop,
    /// How it is asked whether it is ready. Without it: a backend has to answer `GET /` within 10 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<Ready>,
    /// Its own metrics, which are scraped during the run if this is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// Its own access log, which is read after the run if this is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_log: Option<AccessLog>,
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    if words.first().is_none_or(|program| program.trim().is_empty()) {
        return Err(de::Error::custom(
            "no program: expected its name and its arguments, `[\"name\", \"argument\"]`",
        ));
    }
    if words.len() > WORDS_MAX {
        return Err(de::Error::custom(format!("{} words, allowed are {WORDS_MAX}", words.len())));
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err(de::Error::custom("a word with a NUL in it, which no program can be given"));
    }
    Ok(words)
}

fn some_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<String>>, D::Error> {
    words(deserializer).map(Some)
}

fn environment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let env = BTreeMap::<String, String>::deserialize(deserializer)?;
    if env.len() > WORDS_MAX {
        return Err(de::Error::custom(format!("{} variables, allowed are {WORDS_MAX}", env.len())));
    }
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'=';
    match env.iter().find(|(name, value)| name.is_empty() || !name.bytes().all(fits) || value.contains('\0'))
    {
        None => Ok(env),
        Some((name, _)) => {
            let message = format!("`{}` can't be a variable of an environment", name.escape_debug());
            Err(de::Error::custom(message))
        }
    }
}

impl Command {
    /// The variables of brownout's own environment that are asked for and not there, as `env` says them.
    fn unset(&self) -> Vec<Unsupported> {
        let unset = self.env.values().flat_map(|value| secrets(value)).filter_map(Result::err);
        unset.map(|why| Unsupported { key: "gateway.command.env", why }).collect()
    }
}

impl Gateway for Command {
    fn configuration(&self, upstreams: &Upstreams) -> Result<Option<String>, Vec<Unsupported>> {
        recipe::shown(self, upstreams)
    }

    fn has_own_configuration(&self) -> bool {
        true
    }

    fn commands(&self) -> Vec<(&'static str, String)> {
        let others = [("check", &self.check), ("version", &self.version)];
        let others = others.into_iter().filter_map(|(what, words)| Some((what, words.as_ref()?)));
        [("run", &self.run)]
            .into_iter()
            .chain(others)
            .map(|(what, words)| (what, format!("{words:?}")))
            .collect()
    }

    fn permit(&self, allowed: &Allowed) -> Result<(), LaunchError> {
        if !allowed.commands {
            return Err(LaunchError::CommandNotAllowed { gateway: NAME, command: format!("{:?}", self.run) });
        }
        match self.unset() {
            unset if unset.is_empty() => Ok(()),
            unset => Err(LaunchError::Unsupported(unset)),
        }
    }

    fn metrics(&self) -> Option<&Metrics> {
        self.metrics.as_ref()
    }

    fn access_log(&self) -> Option<&AccessLog> {
        self.access_log.as_ref()
    }

    fn refuses(&self, means: &Means<'_>, _: &Upstreams) -> Option<String> {
        (*means != Means::Kill)
            .then(|| format!("brownout has no means by which a program of your own is {}", means.word()))
    }

    fn launch<'a>(&'a self, launch: &'a Launch) -> LocalBoxFuture<'a, Result<Running, LaunchError>> {
        Box::pin(async move {
            self.permit(&launch.allowed)?;
            let prepared = Box::new(Prepared::new(self, &launch.upstreams));
            let mut running = launched::launch(prepared, launch).await?;
            if let Some(AccessLog { file, pattern: Some(pattern) }) = &self.access_log {
                running.access_log = launched::access_log(file.as_deref(), pattern, launch);
            }
            running.telling(NAME, self.metrics.as_ref(), None, launch).await
        })
    }
}
