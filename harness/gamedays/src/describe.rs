//! A game day as a change board reads it, before anything is done: as text, or as Markdown.

use std::fmt::{self, Write};
use std::time::Duration;

use jiff::Timestamp;
use units::{Timespan, plural};

use crate::approvals::words;
use crate::day::{GameDay, PlannedRun};
use crate::file::When;

/// The whole day, in sections of lines.
pub struct Description {
    title: String,
    sections: Vec<(&'static str, Vec<String>)>,
}

/// Describes a day, as it is seen at `now`.
pub fn describe(day: &GameDay, now: Timestamp) -> Description {
    let sections = vec![
        ("Why and who", people(day)),
        ("When", when(day, now)),
        ("Who has to agree", agree(day)),
        ("What has to hold before", before(day)),
        ("What is run", runs(day)),
        ("What ends it", ends(day)),
        ("How it is undone", undone(day)),
        ("What it may reach", reach(day)),
        ("Who is told", told(day)),
        ("What has to be decided afterwards", day.decide.clone()),
    ];
    let sections = sections.into_iter().filter(|(_, lines)| !lines.is_empty()).collect();
    Description { title: day.title.clone(), sections }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        for (heading, lines) in &self.sections {
            writeln!(f, "\n{heading}")?;
            lines.iter().try_for_each(|line| writeln!(f, "  {}", line.replace('\n', "\n    ")))?;
        }
        Ok(())
    }
}

impl Description {
    /// The same in Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n", escaped(&self.title));
        for (heading, lines) in &self.sections {
            let _ = write!(text, "\n## {heading}\n\n");
            for line in lines {
                let _ = writeln!(text, "- {}", escaped(line).replace('\n', "  \n  "));
            }
        }
        text
    }
}

/// Words of a file that Markdown is not to obey. What stands in backticks is left as it is.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut quoted = false;
    for letter in text.chars() {
        quoted ^= letter == '`';
        if !quoted && "<>*_[]#|\\".contains(letter) {
            shown.push('\\');
        }
        shown.push(letter);
    }
    shown
}

fn people(day: &GameDay) -> Vec<String> {
    let labelled = [("owner", &day.owner), ("operator", &day.operator), ("notes", &day.note_taker)];
    let people = labelled.into_iter().filter_map(|(label, who)| Some(format!("{label}: {}", who.as_ref()?)));
    let runbooks = day.runbooks.iter().map(|runbook| format!("runbook: {runbook}"));
    day.why.clone().into_iter().chain(people).chain(runbooks).collect()
}

fn when(day: &GameDay, now: Timestamp) -> Vec<String> {
    let Some(schedule) = &day.schedule else { return vec!["when somebody starts it".to_owned()] };
    let rule = format!(
        "`{}` in {}; it may begin up to {} later, after that it is missed",
        schedule.text,
        schedule.zone,
        words(schedule.window)
    );
    let next = schedule.firings(now).take(3).map(|firing| format!("next: {}", schedule.local(firing)));
    std::iter::once(rule).chain(next).collect()
}

fn agree(day: &GameDay) -> Vec<String> {
    let rules = day.approvals.iter().map(|rule| {
        let by_asker = if rule.by_asker { "whoever asked may be one of them" } else { "not whoever asked" };
        let (count, within) = (rule.count, words(rule.within));
        format!(
            "{} by the role {}, not older than {within}; {by_asker}",
            plural::count(count.into(), "approval"),
            rule.role
        )
    });
    let preflights = day.preflights.iter().map(|preflight| {
        format!("`{}` has to answer 2xx within {}", preflight.url, Timespan(preflight.within))
    });
    rules.chain(preflights).collect()
}

fn before(day: &GameDay) -> Vec<String> {
    day.prerequisites.iter().map(|prerequisite| prerequisite.contract().words()).collect()
}

fn runs(day: &GameDay) -> Vec<String> {
    let total = Timespan(day.length());
    let stages = day.stages.iter().enumerate().flat_map(|(number, stage)| {
        let beside = if stage.len() > 1 { " (side by side)" } else { "" };
        stage.iter().map(move |run| format!("{}. {}{beside}", number + 1, run_words(run)))
    });
    stages.chain([format!("{total} in all, and what starting and judging take")]).collect()
}

fn run_words(run: &PlannedRun) -> String {
    let plan = &run.loaded.plan;
    let mut text = format!("`{}` on {}, {}", run.scenario, plan.gateway.name(), Timespan(plan.length));
    if let Some(why) = &plan.brief.about.why {
        let _ = write!(text, ": {why}");
    }
    for phase in scenario::describe(plan).phases {
        let faults = if phase.faults.is_empty() { "no fault".to_owned() } else { phase.faults.join("; ") };
        let _ = write!(text, "\n{}: {faults}", phase.title);
    }
    text
}

fn ends(day: &GameDay) -> Vec<String> {
    let stops = day.stops.iter().map(|stop| stop.contract().words());
    stops.chain(["a person: Ctrl-C, or the button of the server".to_owned()]).collect()
}

fn undone(day: &GameDay) -> Vec<String> {
    let Some(rollback) = &day.rollback else { return vec!["nothing is undone".to_owned()] };
    let when = match rollback.when {
        When::Always => "always",
        When::Deviation => "if it was stopped, failed, or did not pass",
        When::Never => "never by itself",
    };
    let within = Timespan(rollback.within);
    let run = format!("`{}` within {within}, {when}", rollback.words.join(" "));
    let proof = match &rollback.proof {
        Some(proof) => format!("proven by `{proof}`, which has to pass after it"),
        None => "not proven by anything".to_owned(),
    };
    vec![run, proof]
}

fn reach(day: &GameDay) -> Vec<String> {
    let hosts = if day.allow_hosts.is_empty() { "none".to_owned() } else { day.allow_hosts.join(", ") };
    let commands = if day.allow_commands { "may be run" } else { "may not be run" };
    let mut words = vec![format!("hosts beyond this machine: {hosts}"), format!("programs: {commands}")];
    if !day.allow_listen.is_empty() {
        let addresses: Vec<String> = day.allow_listen.iter().map(ToString::to_string).collect();
        words.push(format!("backends may listen where other machines reach them: {}", addresses.join(", ")));
    }
    for run in day.runs().chain(day.further.values()) {
        for (what, command) in run.loaded.plan.gateway.contract().commands() {
            words.push(format!("`{}` has the program, {what}: `{command}`", run.scenario));
        }
    }
    words
}

fn told(day: &GameDay) -> Vec<String> {
    let told = day.notifies.iter().map(|notify| {
        let of: Vec<&str> = notify.on.iter().map(|occasion| occasion.word()).collect();
        let signed = if notify.secret.is_some() { "signed" } else { "not signed" };
        format!("`{}`: {}; {signed}", notify.url, of.join(", "))
    });
    told.collect()
}

/// The longest that is said to be no overlap between a day and the next one.
pub(crate) fn overlaps(day: &GameDay, now: Timestamp) -> Option<Duration> {
    day.schedule.as_ref()?.shortest_gap(now).filter(|gap| *gap <= day.length())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_file_are_shown_in_markdown_and_not_obeyed() {
        assert_eq!(escaped("a <b>*c*</b> `x_y*` [z](u)"), "a \\<b\\>\\*c\\*\\</b\\> `x_y*` \\[z\\](u)");
    }
}
