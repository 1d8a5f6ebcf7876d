//! From the words of a file to a game day: what is named is looked up, what can't be is told, all of it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use fake_backends::listen_address;
use gateways::GatewaySettings;
use scenario::{Diagnostic, Keyed, Located, Overrides, nearest};
use units::Timespan;

use crate::address::problem_of;
use crate::day::{ApprovalRule, GameDay, Notify, PlannedRun, Preflight, Rollback};
use crate::file::{
    ApprovalTable, GameDayFile, NotifyTable, Occasion, PreflightTable, PrerequisiteOwn, RollbackTable,
    StopOwn,
};
use crate::prerequisite::PrerequisiteSettings;
use crate::schedule::{Schedule, time_zone};
use crate::stop::{Cast, StopSettings};

/// The longest text of a key, in characters.
const TEXT_MAX: usize = 500;

/// The most entries of a list.
const LIST_MAX: usize = 50;

/// The longest that a schedule may wait, and an approval may last.
const DAYS_MAX: Duration = Duration::from_hours(8784);

/// The day, as far as it could be resolved, and what is wrong with it.
pub(crate) fn resolve(file: &GameDayFile, base: &Path) -> (GameDay, Vec<Diagnostic>) {
    let mut resolving = Resolving { base, wrong: Vec::new() };
    let day = resolving.day(file);
    (day, resolving.wrong)
}

struct Resolving<'a> {
    base: &'a Path,
    wrong: Vec<Diagnostic>,
}

impl Resolving<'_> {
    fn error(&mut self, span: &Range<usize>, message: impl Into<String>) -> &mut Diagnostic {
        self.wrong.push(Diagnostic::error(message).at(span.clone()));
        self.wrong.last_mut().expect("it was just put there")
    }

    fn day(&mut self, file: &GameDayFile) -> GameDay {
        let allow_hosts = self.texts("allow_hosts", &file.allow_hosts);
        let (stages, gateway) = self.stages(file);
        let mut day = GameDay {
            name: String::new(),
            title: self.text("title", &file.title),
            why: self.optional("why", file.why.as_ref()),
            owner: self.optional("owner", file.owner.as_ref()),
            operator: self.optional("operator", file.operator.as_ref()),
            note_taker: self.optional("note_taker", file.note_taker.as_ref()),
            runbooks: self.texts("runbooks", &file.runbooks),
            decide: self.texts("decide", &file.decide),
            allow_commands: file.allow_commands,
            allow_listen: self.addresses(&file.allow_listen),
            stages,
            schedule: self.schedule(file),
            schedule_at: file.schedule.as_ref().map_or(0..0, |table| table.cron.span.clone()),
            approvals: file.approval.iter().map(|table| self.approval(table, file)).collect(),
            preflights: file.preflight.iter().map(|table| self.preflight(table, &allow_hosts)).collect(),
            prerequisites: file.prerequisite.iter().map(|table| table.kind.clone()).collect(),
            stops: file.stop.iter().map(|table| table.kind.clone()).collect(),
            rollback: file.rollback.as_ref().map(|table| self.rollback(table, file)),
            notifies: file.notify.iter().map(|table| self.notify(table, &allow_hosts)).collect(),
            further: self.further(file, gateway.as_deref()),
            base: self.base.to_owned(),
            origin: String::new(),
            text: String::new(),
            warnings: Vec::new(),
            allow_hosts,
        };
        self.kinds(&mut day, &file.prerequisite, &file.stop);
        for runbook in &file.runbooks {
            if !runbook.starts_with("https://") && !runbook.starts_with("http://") {
                self.error(&runbook.span, format!("`{}` is not the address of a runbook", runbook.value))
                    .help =
                    Some("give its whole address, such as `https://wiki.example.com/checkout`".into());
            }
        }
        day
    }

    /// Text as people read it: bounded, and without characters that a terminal would obey.
    fn text(&mut self, key: &str, text: &Located<String>) -> String {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.error(&text.span, format!("`{key}` is empty"));
        } else if length > TEXT_MAX {
            self.error(&text.span, format!("`{key}` has {length} characters, allowed are {TEXT_MAX}"));
        } else if text.chars().any(|letter| letter.is_control() && letter != '\n') {
            self.error(&text.span, format!("`{key}` has a control character in it"));
        }
        text.value.clone()
    }

    fn optional(&mut self, key: &str, text: Option<&Located<String>>) -> Option<String> {
        text.map(|text| self.text(key, text))
    }

    fn texts(&mut self, key: &str, texts: &[Located<String>]) -> Vec<String> {
        if let Some(more) = texts.get(LIST_MAX) {
            self.error(&more.span, format!("`{key}` has {} entries, allowed are {LIST_MAX}", texts.len()));
        }
        texts.iter().map(|text| self.text(key, text)).collect()
    }

    /// The runs by stage, and the gateway that the first of them names.
    fn stages(&mut self, file: &GameDayFile) -> (Vec<Vec<PlannedRun>>, Option<String>) {
        if file.run.is_empty() {
            let help = "add `[[run]]` with `scenario = \"first-look\"`";
            self.wrong.push(Diagnostic::error("the game day has no run").help(help));
        }
        if let Some(more) = file.run.get(LIST_MAX) {
            let count = file.run.len();
            self.error(&more.scenario.span, format!("the game day has {count} runs, allowed are {LIST_MAX}"));
        }
        let mut stages: Vec<Vec<PlannedRun>> = Vec::new();
        let mut last: Option<&str> = None;
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for table in file.run.iter().take(LIST_MAX) {
            let gateway = table.gateway.as_ref().map(|kind| kind.as_str());
            let beside = table.beside.as_ref().map(|name| name.as_str());
            let joins = beside.is_some() && beside == last;
            if let (Some(name), false) = (&table.beside, joins)
                && !names.insert(name.as_str())
            {
                self.error(&name.span, format!("the runs beside `{}` do not follow each other", name.value));
            }
            last = beside;
            if let Some(kind) = table.gateway.as_ref().filter(|kind| !is_kind(kind)) {
                self.unknown_gateway(kind);
                continue;
            }
            let Some(run) = self.scenario(&table.scenario, gateway) else { continue };
            match stages.last_mut().filter(|_| joins) {
                Some(stage) => stage.push(run),
                None => stages.push(vec![run]),
            }
        }
        let first = file.run.first().and_then(|table| table.gateway.as_ref());
        (stages, first.filter(|kind| is_kind(kind)).map(|kind| kind.value.clone()))
    }

    fn unknown_gateway(&mut self, kind: &Located<String>) {
        let names = GatewaySettings::KINDS.iter().map(|kind| kind.name);
        let near = nearest(kind, names.clone()).map(|near| format!("did you mean `{near}`? "));
        let list: Vec<String> = names.map(|name| format!("`{name}`")).collect();
        self.error(&kind.span, format!("unknown gateway kind `{}`", kind.value)).help =
            Some(format!("{}the kinds are {}", near.unwrap_or_default(), list.join(", ")));
    }

    /// A scenario by its path beside the file, or by its name in the library.
    fn scenario(&mut self, word: &Located<String>, gateway: Option<&str>) -> Option<PlannedRun> {
        let overrides = Overrides { gateway: gateway.map(str::to_owned), ..Overrides::default() };
        let path = self.base.join(word.as_str());
        let in_library = scenarios::find(word).filter(|_| !path.exists());
        let loaded = match in_library {
            Some(entry) => {
                scenario::load_text(&format!("{}.toml", entry.name), entry.text, Path::new("."), &overrides)
            }
            None => scenario::load(&path, &overrides),
        };
        let path = if in_library.is_some() { word.as_str().into() } else { path };
        let failure = match loaded {
            Ok(loaded) => return Some(PlannedRun { scenario: word.value.clone(), path, loaded }),
            Err(failure) => failure,
        };
        if !path.exists() && in_library.is_none() {
            let names = scenarios::LIBRARY.iter().map(|entry| entry.name);
            let near = nearest(word, names).map(|near| format!("did you mean `{near}` of the library? "));
            let help = "it is a path from the directory of this file, or a name of `brownout list scenarios`";
            self.error(&word.span, format!("there is no scenario `{}`", word.value)).help =
                Some(format!("{}{help}", near.unwrap_or_default()));
            return None;
        }
        let first = failure.diagnostics.first().map(|first| first.message.clone()).unwrap_or_default();
        let shown = path.display();
        let by = gateway.map(|kind| format!(" --gateway {kind}")).unwrap_or_default();
        self.error(&word.span, format!("the scenario `{}` can't be run: {first}", word.value)).help =
            Some(format!("`brownout check {shown}{by}` shows all that is wrong with it"));
        None
    }

    /// The scenarios that are named elsewhere than in runs.
    fn further(&mut self, file: &GameDayFile, gateway: Option<&str>) -> BTreeMap<String, PlannedRun> {
        let of_kinds = file.prerequisite.iter().filter_map(|table| {
            let value = table.kind.contract().scenario()?.to_owned();
            Some(Located { value, span: table.span.clone() })
        });
        let proof = file.rollback.as_ref().and_then(|rollback| rollback.proof.clone());
        let named: Vec<Located<String>> = of_kinds.chain(proof).collect();
        let found = named.iter().filter_map(|word| Some((word.value.clone(), self.scenario(word, gateway)?)));
        found.collect()
    }

    fn span(
        &mut self,
        key: &str,
        length: Option<&Located<Timespan>>,
        default: u64,
        most: Duration,
    ) -> Duration {
        let Some(length) = length else { return Duration::from_secs(default) };
        if length.is_zero() || length.0 > most {
            let message = format!("`{key}` is {}, allowed are up to {}", length.value, Timespan(most));
            self.error(&length.span, message);
        }
        length.value.0
    }

    fn schedule(&mut self, file: &GameDayFile) -> Option<Schedule> {
        let table = file.schedule.as_ref()?;
        let window = self.span("window", table.window.as_ref(), 3600, DAYS_MAX);
        let zone = table.zone.as_ref().map_or("UTC", |zone| zone.as_str());
        if let Some(name) = table.zone.as_ref().filter(|zone| time_zone(zone).is_err()) {
            let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
            let near = nearest(name, known.iter().map(String::as_str));
            let help = near.map_or("use a name such as `Europe/Berlin`".to_owned(), |near| {
                format!("did you mean `{near}`?")
            });
            self.error(&name.span, format!("unknown time zone `{}`", name.value)).help = Some(help);
        }
        // What is wrong with the expression is told beside what is wrong with the zone.
        let zone = if time_zone(zone).is_ok() { zone } else { "UTC" };
        match Schedule::new(&table.cron, zone, window) {
            Ok(schedule) => Some(schedule),
            Err(why) => {
                self.error(&table.cron.span, why).help = Some(
                    "five fields: minute, hour, day of the month, month, day of the week; `0 10 * * TUE` is each Tuesday at \
                     10:00"
                        .to_owned(),
                );
                None
            }
        }
    }

    fn approval(&mut self, table: &ApprovalTable, file: &GameDayFile) -> ApprovalRule {
        let rule = ApprovalRule {
            role: self.text("role", &table.role),
            count: table.count.as_ref().map_or(1, |count| count.value),
            within: self.span("within", table.within.as_ref(), 86_400, DAYS_MAX),
            by_asker: table.by_asker,
        };
        if let Some(count) = table.count.as_ref().filter(|count| !(1..=20).contains(&count.value)) {
            self.error(&count.span, format!("`count` is {}, allowed are 1 to 20", count.value));
        }
        let same = file.approval.iter().filter(|other| other.role.value == table.role.value);
        if same.clone().count() > 1
            && same.map(|other| other.role.span.start).min() != Some(table.role.span.start)
        {
            self.error(&table.role.span, format!("a second approval by the role `{}`", rule.role)).help =
                Some("say how many are needed by `count`".to_owned());
        }
        rule
    }

    fn address(&mut self, url: &Located<String>, allow_hosts: &[String]) -> String {
        if let Some(problem) = problem_of(url, allow_hosts) {
            self.error(&url.span, problem);
        }
        url.value.clone()
    }

    /// Addresses of this machine.
    fn addresses(&mut self, texts: &[Located<String>]) -> Vec<IpAddr> {
        self.texts("allow_listen", texts);
        let mut read = Vec::new();
        for text in texts {
            match listen_address(text) {
                Ok(address) => read.push(address),
                Err(expected) => {
                    let message = format!("`{}` is no address", text.escape_debug());
                    self.error(&text.span, message).label = Some(expected);
                }
            }
        }
        read
    }

    fn preflight(&mut self, table: &PreflightTable, allow_hosts: &[String]) -> Preflight {
        Preflight {
            url: self.address(&table.url, allow_hosts),
            within: self.span("within", table.within.as_ref(), 5, Duration::from_mins(1)),
        }
    }

    fn rollback(&mut self, table: &RollbackTable, file: &GameDayFile) -> Rollback {
        let words = &table.run;
        if words.first().is_none_or(|program| program.trim().is_empty()) {
            self.error(&words.span, "the rollback names no program").help =
                Some("such as `run = [\"./rollback.sh\", \"checkout\"]`".to_owned());
        } else if words.len() > LIST_MAX || words.iter().any(|word| word.contains('\0') || word.len() > 4096)
        {
            self.error(&words.span, "the rollback has more than 50 words, or one that is no word");
        }
        if !file.allow_commands {
            self.error(&words.span, "the rollback runs a program, which the file does not allow").help =
                Some("add `allow_commands = true`; the command line has to allow it, too".to_owned());
        }
        Rollback {
            words: words.value.clone(),
            when: table.when,
            proof: table.proof.as_ref().map(|proof| proof.value.clone()),
            within: self.span("within", table.within.as_ref(), 60, Duration::from_hours(1)),
        }
    }

    fn notify(&mut self, table: &NotifyTable, allow_hosts: &[String]) -> Notify {
        let secret = table.secret.as_ref().and_then(|secret| {
            let name = secret.strip_prefix("{{env.").and_then(|rest| rest.strip_suffix("}}"));
            let fits = |name: &&str| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            };
            let name = name.filter(fits);
            if name.is_none() {
                // Not quoted, since it may be the secret itself.
                self.wrong.push(
                    Diagnostic::error(format!(
                        "`secret` for `{}` has to name a variable of the environment",
                        table.url.value
                    ))
                    .help("write `secret = \"{{env.NAME}}\"`: the secret itself belongs in no file"),
                );
            }
            name.map(str::to_owned)
        });
        let on = table.on.clone().unwrap_or_else(|| Occasion::ALL.into());
        Notify { url: self.address(&table.url, allow_hosts), on, secret }
    }

    /// What kinds have against this day.
    fn kinds(
        &mut self,
        day: &mut GameDay,
        prerequisites: &[Keyed<PrerequisiteOwn, PrerequisiteSettings>],
        stops: &[Keyed<StopOwn, StopSettings>],
    ) {
        let cast = Cast { runs: day.runs().collect(), allow_hosts: &day.allow_hosts };
        let of_prerequisites = prerequisites.iter().filter_map(|table| {
            Some((&table.span, table.kind.name(), table.kind.contract().problem(&cast)?))
        });
        // Where no run could be loaded, nothing can be said of what they have.
        let loaded = !cast.runs.is_empty();
        let of_stops = stops.iter().filter(|_| loaded).filter_map(|table| {
            Some((&table.span, table.kind.name(), table.kind.contract().problem(&cast)?))
        });
        for (span, name, problem) in of_prerequisites.chain(of_stops).collect::<Vec<_>>() {
            self.error(span, format!("`{name}`: {problem}"));
        }
    }
}

fn is_kind(name: &Located<String>) -> bool {
    GatewaySettings::KINDS.iter().any(|kind| kind.name == name.as_str())
}
