//! What `--help` says beyond the words of the arguments: commands in groups, examples, exit codes.

use std::fmt::Write;

use clap::{Command, CommandFactory};

use crate::args::Args;

/// Every command with its examples, in the groups of the help page.
const GROUPS: &[(&str, &[(&str, &str)])] = &[
    ("Test a gateway", &[("run", RUN), ("check", CHECK), ("plan", PLAN), ("init", INIT), ("import", IMPORT)]),
    ("Ask a gateway", &[("discover", DISCOVER), ("diff", DIFF)]),
    ("Read a run", &[("analyze", ANALYZE), ("report", REPORT), ("export", EXPORT)]),
    ("Compare runs", &[("compare", COMPARE), ("baseline", BASELINE), ("history", HISTORY)]),
    ("Practise", &[("gameday", GAMEDAY), ("serve", SERVE)]),
    ("Look things up", &[("list", LIST), ("explain", EXPLAIN), ("schema", SCHEMA)]),
    ("Set up", &[("doctor", DOCTOR), ("selftest", SELFTEST), ("completions", COMPLETIONS), ("man", MAN)]),
];

const RUN: &str = "  brownout run first-look                                   on the reference gateway
  brownout run retry.toml --gateway haproxy                 the same scenario against a real gateway
  brownout run retry.toml --set 'gateway.reference.defects=[\"retries-post\"]'
  brownout run retry.toml --simulate                        no sockets, no waiting
  brownout run ci/ --report junit=junit.xml                 a folder of scenarios, for CI
  brownout run faults/ --report summary=faults.html         a family of the library, on one page";
const CHECK: &str = "  brownout check scenarios/*.toml
  brownout check retry.toml --gateway nginx                 can nginx do what the policy declares?";
const PLAN: &str = "  brownout plan first-look
  brownout plan retry.toml --gateway envoy                  with the configuration that envoy would get";
const INIT: &str = "  brownout init                                             asks on a terminal
  brownout init --gateway haproxy --backends 3 --policy timeout,retry --out retry.toml";
const DISCOVER: &str =
    "  brownout discover --gateway haproxy --config mine.cfg     its timers, retries, breaker
  brownout discover retry.toml --only timers,retries        the gateway of a scenario file
  brownout discover retry.toml --profile now.toml           then `brownout diff profile.toml now.toml`";
const DIFF: &str = "  brownout diff profile.toml now.toml
  brownout diff profile.toml now.toml --format markdown            for a pull request
  brownout diff retry.toml profile.toml                     does it do what the policy declares?";
const IMPORT: &str =
    "  brownout import main.bicep policy.xml --out rehearsal     a scenario of what they declare
  brownout import main.bicep --backend orders --value retries=3 --out rehearsal";
const ANALYZE: &str = "  brownout analyze runs/2026-05-04T10-22-00-first-look
  brownout analyze RUN --scenario stricter.toml             the same evidence, other demands";
const REPORT: &str = "  brownout report RUN --format html --out report.html
  brownout report report.json --format markdown             from a saved report";
const EXPORT: &str = "  brownout export RUN --parquet                             to RUN/parquet
  brownout export RUN --csv --har --out tables              to tables/csv and tables/har";
const COMPARE: &str = "  brownout compare BEFORE AFTER
  brownout compare BEFORE AFTER --format markdown           for a pull request";
const BASELINE: &str = "  brownout baseline save RUN                                then commit the file";
const HISTORY: &str = "  brownout history
  brownout history runs --format html --out history.html";
const GAMEDAY: &str =
    "  brownout gameday check gamedays/checkout.toml             everything that can be said before
  brownout gameday plan gamedays/checkout.toml --markdown   what a change board reads
  brownout gameday run gamedays/checkout.toml --asked-by ben
  brownout gameday list gamedays                            what comes next, and how the last ones ended";
const LIST: &str = "  brownout list scenarios
  brownout list faults";
const EXPLAIN: &str = "  brownout explain                                          what there is
  brownout explain breaker                                  an expectation, and the part of a policy
  brownout explain retry-503                                a scenario of the library
  brownout explain fault/status                             where a name has several meanings
  brownout explain exit/4                                   an exit code
  brownout explain eof_in_body                              how an exchange ended";
const SCHEMA: &str =
    "  brownout schema > brownout.schema.json                    `#:schema ./brownout.schema.json` names it";
const DOCTOR: &str = "  brownout doctor
  brownout doctor --gateway haproxy                         exit code 4 if haproxy is missing";
const SELFTEST: &str =
    "  brownout selftest                                         defects, policy mutants, the correct gateway
  brownout selftest --seeds 1000 --correct-only             is the correct gateway ever blamed?";
const SERVE: &str = "  brownout serve --data DIR                                 game days of `gamedays/`, at http://127.0.0.1:7777/
  brownout serve user add ana --role operate --data DIR     prints her token, once
  brownout serve user add ben --role approve --approves-as sre --data DIR
  brownout serve audit --data DIR                           was the audit log changed?";
const COMPLETIONS: &str = "  brownout completions bash > ~/.local/share/bash-completion/completions/brownout
  brownout completions zsh > \"${fpath[1]}/_brownout\"
  brownout completions fish > ~/.config/fish/completions/brownout.fish";
const MAN: &str = "  brownout man | man -l -
  brownout man --out ~/.local/share/man/man1";

const EXIT_CODES: &str = "  0  pass: every expectation was met, with evidence
  1  fail: an expectation was not met
  2  inconclusive: the evidence proves nothing either way
  3  the scenario or the command line is wrong
  4  the environment failed: the gateway did not start, a port was taken
  5  a game day was stopped by one of its conditions, or by a person
  6  a game day was refused: an approval, a prerequisite or a preflight said no";

/// The command line with its help in full.
pub(crate) fn command() -> Command {
    let mut command = Args::command();
    let page = page(&command);
    for (name, examples) in GROUPS.iter().flat_map(|(_, commands)| *commands) {
        let examples = format!("{}\n{examples}", heading(&command, "Examples:"));
        command = command.mut_subcommand(name, |command| command.after_help(examples));
    }
    command.help_template(page)
}

fn page(command: &Command) -> String {
    let mut page = String::from("{about}\n\n{usage-heading} {usage}\n");
    let width = command.get_subcommands().map(|command| command.get_name().len()).max().unwrap_or(0);
    for (group, commands) in GROUPS {
        let _ = write!(page, "\n{}\n", heading(command, &format!("{group}:")));
        for (name, _) in *commands {
            let about = command.find_subcommand(name).and_then(Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(page, "  {}  {about}", literal(command, &format!("{name:width$}")));
        }
    }
    let _ = write!(page, "\n{}\n{{options}}\n", heading(command, "Options:"));
    let _ = write!(page, "\n{}\n{EXIT_CODES}\n", heading(command, "Exit codes:"));
    page + "\n`brownout COMMAND --help` shows the options of a command, and examples."
}

fn heading(command: &Command, text: &str) -> String {
    let style = command.get_styles().get_header();
    format!("{style}{text}{style:#}")
}

fn literal(command: &Command, text: &str) -> String {
    let style = command.get_styles().get_literal();
    format!("{style}{text}{style:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_one_group_and_has_examples_that_clap_accepts() {
        let mut grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, commands)| *commands).map(|(name, _)| *name).collect();
        let command = command();
        let mut all: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        all.sort_unstable();
        assert_eq!(grouped, all);
        for example in
            GROUPS.iter().flat_map(|(_, commands)| *commands).flat_map(|(_, examples)| examples.lines())
        {
            let shell = example.trim().split("   ").next().unwrap_or_default();
            let words = shell.split([' ', '\'']).filter(|word| !word.is_empty());
            let words = words.take_while(|word| !matches!(*word, ">" | "|"));
            assert!(command.clone().try_get_matches_from(words).is_ok(), "{shell}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }
}
