//! A command with all that is filled in: for people to see, and for a start.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use super::{Command, NAME};
use crate::kinds::launched::{
    CommandLine, Filled, Parts, Place, Recipe, Values, Wrong, named_program, secrets,
};
use crate::{LaunchError, Ready, Unsupported, Upstreams};

/// How long a program may take to end on its signal. It is what docker gives a container.
const STOP: Duration = Duration::from_secs(10);

/// The most letters of a version.
const VERSION_MAX: usize = 100;

const RUN: &str = "gateway.command.run";
const CONFIG: &str = "gateway.command.config";
const CHECK: &str = "gateway.command.check";
const VERSION: &str = "gateway.command.version";
const ENV: &str = "gateway.command.env";

/// What is wrong, by the key of the scenario.
type Result<T> = std::result::Result<T, Unsupported>;

/// The files to show, with everything that is wrong about the command.
pub(super) fn shown(
    command: &Command,
    upstreams: &Upstreams,
) -> std::result::Result<Option<String>, Vec<Unsupported>> {
    let values = Values::to_show(upstreams);
    let (mut wrong, mut listens) = (Vec::new(), false);
    let mut take = |found: Result<Vec<Filled>>| match found {
        Ok(filled) => listens |= filled.iter().any(|text| text.listens),
        Err(why) => wrong.push(why),
    };
    take(words(&command.run, RUN, &values));
    take(
        command
            .check
            .as_ref()
            .map_or(Ok(Vec::new()), |check| words(check, CHECK, &values))
            .map(drop_listening),
    );
    take(
        command
            .version
            .as_ref()
            .map_or(Ok(Vec::new()), |version| words(version, VERSION, &values))
            .map(drop_listening),
    );
    take(environment(command, &values).map(|env| env.into_iter().map(|(_, value)| value).collect()));
    let files = files(command, upstreams, &values).map_err(|(path, why)| unsupported(CONFIG, path, &why));
    let files = match files {
        Ok(files) => files,
        Err(why) => {
            wrong.push(why);
            return Err(wrong);
        }
    };
    listens |= files.iter().any(|(_, text)| text.listens);
    if !listens && wrong.is_empty() {
        let why = "nothing tells it where to listen: expected `{{listen.address}}` or `{{listen.port}}` in `run`, in `env` or in a file of `config`";
        wrong.push(Unsupported { key: RUN, why: why.into() });
    }
    if wrong.is_empty() { Ok(listing(files)) } else { Err(wrong) }
}

/// Other commands may be told where the gateway listens; that does not make it listen there.
fn drop_listening(filled: Vec<Filled>) -> Vec<Filled> {
    filled.into_iter().map(|text| Filled { listens: false, ..text }).collect()
}

/// All files as one text; several have their names before them.
fn listing(files: Vec<(PathBuf, Filled)>) -> Option<String> {
    let several = files.len() > 1;
    let texts = files.into_iter().map(|(path, file)| {
        if several { format!("==> {} <==\n{}", path.display(), file.text) } else { file.text }
    });
    texts.reduce(|all, text| format!("{all}\n{text}"))
}

fn unsupported(key: &'static str, path: impl Into<PathBuf>, why: &str) -> Unsupported {
    Unsupported { key, why: format!("{}: {why}", path.into().display()) }
}

fn words(words: &[String], key: &'static str, values: &Values<'_>) -> Result<Vec<Filled>> {
    let fill = |word: &String| values.fill(word).map_err(|wrong| Unsupported { key, why: wrong.why });
    words.iter().map(fill).collect()
}

fn environment<'a>(command: &'a Command, values: &Values<'_>) -> Result<Vec<(&'a str, Filled)>> {
    let values = Values { secrets: true, ..*values };
    let fill = |(name, value): (&'a String, &String)| {
        let filled = values.fill(value);
        filled.map(|filled| (name.as_str(), filled)).map_err(|wrong| Unsupported { key: ENV, why: wrong.why })
    };
    command.env.iter().map(fill).collect()
}

fn files(
    command: &Command,
    upstreams: &Upstreams,
    values: &Values<'_>,
) -> std::result::Result<Vec<(PathBuf, Filled)>, Wrong> {
    let files = command.config.read(&upstreams.base)?;
    files.into_iter().map(|(path, file)| Ok((path, file.filled(values)?))).collect()
}

/// A command that is about to be started.
pub(super) struct Prepared {
    command: Command,
    upstreams: Upstreams,
    ready: Ready,
}

impl Prepared {
    pub(super) fn new(command: &Command, upstreams: &Upstreams) -> Self {
        let ready = command.ready.clone().unwrap_or_default();
        Prepared { command: command.clone(), upstreams: upstreams.clone(), ready }
    }

    /// The words as they are run, with what of the environment is known by now.
    fn line(
        &self,
        said: &[String],
        key: &'static str,
        values: &Values<'_>,
    ) -> std::result::Result<CommandLine, LaunchError> {
        let wrong = |wrong| LaunchError::Unsupported(vec![wrong]);
        let mut filled = words(said, key, values).map_err(wrong)?.into_iter().map(|word| word.text);
        let program = filled.next().unwrap_or_default();
        let program = named_program(&program, &self.upstreams.base).ok_or_else(|| LaunchError::Missing {
            gateway: NAME,
            program: program.clone(),
            searched:
                "PATH, /usr/local/sbin, /usr/sbin; with a slash in its name, from the scenario's folder"
                    .into(),
        })?;
        let environment = environment(&self.command, &Values { reveal: true, ..*values }).map_err(wrong)?;
        let known = environment.into_iter().filter(|(_, value)| value.whole);
        let environment = known.map(|(name, value)| (name.to_owned(), value.text)).collect();
        Ok(CommandLine { program, arguments: filled.collect(), environment })
    }
}

impl Recipe for Prepared {
    fn name(&self) -> &'static str {
        NAME
    }

    fn orphaned(&self) -> &'static str {
        self.command.stop.name()
    }

    fn stop(&self) -> (Signal, Duration) {
        (self.command.stop.signal(), STOP)
    }

    fn secrets(&self) -> Vec<(String, String)> {
        self.command
            .env
            .values()
            .flat_map(|value| secrets(value))
            .filter_map(std::result::Result::ok)
            .collect()
    }

    fn ready(&self) -> &Ready {
        &self.ready
    }

    fn version(&self) -> std::result::Result<Option<CommandLine>, LaunchError> {
        let values = Values::to_show(&self.upstreams);
        let ask = self.command.version.as_ref();
        ask.map(|ask| self.line(ask, VERSION, &values)).transpose()
    }

    fn understood(&self, said: &str) -> Option<String> {
        let line = said.lines().map(str::trim).find(|line| !line.is_empty())?;
        Some(line.chars().filter(|letter| !letter.is_control()).take(VERSION_MAX).collect())
    }

    fn parts(&self, place: &Place<'_>) -> std::result::Result<Parts, LaunchError> {
        let values = Values { place: Some((place.address, place.dir)), ..Values::to_show(place.upstreams) };
        let serve = self.line(&self.command.run, RUN, &values)?;
        let files = files(&self.command, place.upstreams, &values)
            .map_err(|(path, why)| LaunchError::Configuration { path, why })?;
        // Of several files any may be to blame: the first one stands for all.
        let blamed = files.first().map_or(serve.program.clone(), |(path, _)| place.upstreams.base.join(path));
        let check = self.command.check.as_ref();
        let check = check.map(|check| Ok((self.line(check, CHECK, &values)?, blamed))).transpose()?;
        let files = files.into_iter().map(|(path, file)| (path, file.text)).collect();
        Ok(Parts { files, serve, check, tells_nonce: false })
    }
}
