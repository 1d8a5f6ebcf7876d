//! The command that runs the same scenario again.

use crate::Report;
use crate::escape;

/// The most overrides that are repeated; a command line has a handful.
const OVERRIDES_MAX: usize = 50;

/// The command line that runs the scenario of a report again with the same draws, quoted for a POSIX shell.
pub(crate) fn command(report: &Report) -> String {
    let simulate = if report.simulated { " --simulate" } else { "" };
    let path = quoted(&escape::plain(&report.scenario_path, 300));
    // Of a scenario that could not even be read, no gateway is known.
    let gateway = match report.gateway.as_str() {
        "" => String::new(),
        gateway => format!(" --gateway {}", quoted(&escape::name(gateway))),
    };
    let mut set = String::new();
    for one in report.overrides.iter().take(OVERRIDES_MAX) {
        set.push_str(" --set ");
        set.push_str(&quoted(&escape::plain(one, 300)));
    }
    // Nor is the seed, and the file's own is the better one.
    let seed = if gateway.is_empty() { String::new() } else { format!(" --seed {}", report.seed) };
    format!("brownout run {path}{gateway}{seed}{set}{simulate}")
}

// A command that people copy must not carry another one inside a file's name.
fn quoted(word: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || "_./:=@%+,-".contains(character);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(bare) {
        return word.to_owned();
    }
    // A leading dash would be read as an option, quoted or not.
    let prefix = if word.starts_with('-') { "./" } else { "" };
    format!("'{prefix}{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_command_names_scenario_gateway_and_seed() {
        let command = command(&sample::report());
        assert_eq!(command, "brownout run scenarios/retry-503.toml --gateway haproxy --seed 7");
    }

    #[test]
    fn a_file_name_can_not_smuggle_a_command() {
        let mut report = sample::report();
        report.scenario_path = "a b'; rm -rf $HOME #.toml".to_owned();
        assert!(command(&report).starts_with(r"brownout run 'a b'\''; rm -rf $HOME #.toml' --gateway"));
        report.scenario_path = "--out=x".to_owned();
        assert!(command(&report).starts_with("brownout run './--out=x' --gateway"));
    }

    #[test]
    fn what_the_command_line_changed_is_changed_again() {
        let mut report = sample::report();
        report.overrides = vec!["traffic.reads.rate=\"5/s\"".to_owned(), "--help".to_owned()];
        let expected = r#"--seed 7 --set 'traffic.reads.rate="5/s"' --set './--help'"#;
        assert!(command(&report).ends_with(expected));
    }

    #[test]
    fn a_simulated_run_is_simulated_again() {
        let mut report = sample::report();
        report.simulated = true;
        assert!(command(&report).ends_with(" --simulate"));
    }
}
