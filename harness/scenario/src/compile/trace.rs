//! Arrival traces: files that say when requests are due.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use driver::Trace;
use measure::brief::PhaseBrief;
use units::Moment;

use super::Context;
use super::phases::LENGTH_MAX;
use crate::file::Located;
use crate::load::io_words;

/// The longest file that is read, in bytes.
const BYTES_MAX: u64 = 32 << 20;

/// The most offsets: a plan has them all, some 13 bytes each.
const OFFSETS_MAX: usize = 1_000_000;

/// What an error says of the file.
const FORM: &str = "a trace has one offset from the start of the run in each line, in seconds: `12.5`";

/// What is wrong, and what to do.
type Wrong = (String, String);

/// Reads the trace that a class names, as far as the phases go.
pub(super) fn compile(context: &mut Context<'_>, file: &Located<String>, phases: &[PhaseBrief]) -> Trace {
    let mut due = match read(context.base, file).and_then(|text| parse(file, &text)) {
        Ok(due) => due,
        Err((message, help)) => {
            context.error(&file.span, message).help = Some(help);
            Vec::new()
        }
    };
    let Some(end) = phases.last().map(|phase| phase.during.to) else { return Trace::default() };
    let all = due.len();
    due.truncate(due.partition_point(|due| *due < end));
    let later = all - due.len();
    if later > 0 {
        let message = format!(
            "{later} of the {all} requests of the trace are due after the last phase, which ends at {} s: they are not sent",
            end.seconds()
        );
        context.warning(&file.span, message).help =
            Some("make a phase longer, or the trace shorter".to_owned());
    }
    Trace { file: file.value.clone(), due, later: later as u64 }
}

/// The text of a file in the directory of the scenario, or below it.
fn read(base: &Path, named: &str) -> Result<String, Wrong> {
    let shown = named.escape_debug();
    let unreadable = |error: std::io::Error| {
        let message = format!("{shown}: the trace can't be read: {}", io_words(&error));
        (message, "its path counts from the scenario's directory".to_owned())
    };
    let path = inside(base, Path::new(named)).map_err(unreadable)?.ok_or_else(|| {
        let message = format!("{shown}: the trace lies outside of the scenario's directory");
        (message, "copy it beside the scenario, and name it without `/` and `..` at its start".to_owned())
    })?;
    // Asked first, because to open a pipe waits for its other end.
    if !fs::metadata(&path).map_err(unreadable)?.is_file() {
        return Err((format!("{shown}: the trace is not a file"), FORM.to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(unreadable)?;
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > BYTES_MAX {
        let message = format!("{shown}: the trace is longer than {}", units::Size(BYTES_MAX));
        return Err((message, "take a part of it".to_owned()));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|byte| *byte == b'\n').count();
        let column = valid.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
        (format!("{shown}:{line}:{column}: this is not UTF-8 text"), FORM.to_owned())
    })
}

/// The path below `base`, with all links followed; `None` if it leads out of there.
fn inside(base: &Path, named: &Path) -> std::io::Result<Option<PathBuf>> {
    let leads_out = |part: Component<'_>| !matches!(part, Component::Normal(_) | Component::CurDir);
    if named.components().any(leads_out) {
        return Ok(None);
    }
    let path = base.join(named).canonicalize()?;
    Ok(path.starts_with(base.canonicalize()?).then_some(path))
}

fn parse(file: &str, text: &str) -> Result<Vec<Moment>, Wrong> {
    let mut due: Vec<Moment> = Vec::new();
    let lines = text.trim_start_matches('\u{feff}').lines().enumerate();
    let mut lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let mut first = true;
    for (index, line) in &mut lines {
        let is_heading =
            first && line.trim_start().starts_with(|letter: char| letter.is_alphabetic() || letter == '"');
        first = false;
        if is_heading {
            continue;
        }
        let place = || {
            let column = line.chars().take_while(|letter| letter.is_whitespace()).count() + 1;
            format!("{}:{}:{column}", file.escape_debug(), index + 1)
        };
        let moment = offset(line.trim()).map_err(|(what, help)| (format!("{}: {what}", place()), help))?;
        if let Some(before) = due.last().filter(|before| **before > moment) {
            let message = format!(
                "{}: {} s comes after {} s: the offsets are not in order",
                place(),
                moment.seconds(),
                before.seconds()
            );
            return Err((
                message,
                "offsets count from the start of the run, and not from each other".to_owned(),
            ));
        }
        if due.len() == OFFSETS_MAX {
            return Err((
                format!("{}: more than {OFFSETS_MAX} offsets", place()),
                "take a part of them".to_owned(),
            ));
        }
        due.push(moment);
    }
    if due.is_empty() {
        return Err((format!("{}: the trace has no offset", file.escape_debug()), FORM.to_owned()));
    }
    Ok(due)
}

/// One offset.
fn offset(text: &str) -> Result<Moment, Wrong> {
    let shown: String = text.chars().take(40).collect();
    let seconds: f64 = text
        .parse()
        .ok()
        .filter(|seconds: &f64| seconds.is_finite())
        .ok_or_else(|| (format!("`{}` is not an offset", shown.escape_debug()), FORM.to_owned()))?;
    if seconds < 0.0 || seconds > LENGTH_MAX.as_secs_f64() {
        let message =
            format!("an offset of `{}` s, allowed are 0 to {}", shown.escape_debug(), LENGTH_MAX.as_secs());
        return Err((
            message,
            "offsets count from the start of the run: take the time of the first one from all".to_owned(),
        ));
    }
    Ok(Moment::after_epoch(Duration::from_secs_f64(seconds)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parsed(text: &str) -> Result<Vec<f64>, String> {
        let due = parse("a.csv", text).map_err(|(message, _)| message)?;
        Ok(due.iter().map(|moment| moment.seconds()).collect())
    }

    #[test]
    fn a_heading_comments_and_empty_lines_are_passed_over() {
        let text = "\u{feff}# made by hand\n\noffset_s\r\n0\r\n  0.25 \n# noon\n1e1\n";
        assert_eq!(parsed(text), Ok(vec![0.0, 0.25, 10.0]));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, expected) in [
            ("", "a.csv: the trace has no offset"),
            ("offset\n", "a.csv: the trace has no offset"),
            ("0\n  x1\n", "a.csv:2:3: `x1` is not an offset"),
            ("offset\noffset\n", "a.csv:2:1: `offset` is not an offset"),
            ("0.5;GET\n", "a.csv:1:1: `0.5;GET` is not an offset"),
            ("nan\ninf\n", "a.csv:2:1: `inf` is not an offset"),
            ("-1\n", "a.csv:1:1: an offset of `-1` s, allowed are 0 to 86400"),
            ("1764230400.5\n", "a.csv:1:1: an offset of `1764230400.5` s, allowed are 0 to 86400"),
            ("1\n# then\n0.5\n", "a.csv:3:1: 0.5 s comes after 1 s: the offsets are not in order"),
        ] {
            assert_eq!(parsed(text), Err(expected.to_owned()), "{text:?}");
        }
        let many = "0\n".repeat(OFFSETS_MAX);
        assert_eq!(parsed(&many).map(|due| due.len()), Ok(OFFSETS_MAX));
        assert_eq!(parsed(&format!("{many}0")), Err("a.csv:1000001:1: more than 1000000 offsets".to_owned()));
    }

    #[test]
    fn a_path_that_leads_out_of_the_directory_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("scenarios");
        fs::create_dir(&base).unwrap();
        fs::write(base.join("in.csv"), "0").unwrap();
        fs::write(dir.path().join("out.csv"), "0").unwrap();
        std::os::unix::fs::symlink(dir.path().join("out.csv"), base.join("link.csv")).unwrap();
        let leads = |named: &str| inside(&base, Path::new(named)).unwrap().is_some();
        assert!(leads("in.csv") && leads("./in.csv"));
        assert!(!leads("../out.csv") && !leads("link.csv"));
        assert!(!leads(&dir.path().join("out.csv").display().to_string()));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_with_its_place(text in "\\PC{0,12}(\n[0-9 .eE#,-]{0,9}){0,6}") {
            if let Ok(due) = parse("a.csv", &text) {
                prop_assert!(!due.is_empty() && due.is_sorted());
            }
        }

        #[test]
        fn offsets_that_are_written_are_read_again(mut offsets in prop::collection::vec(0.0..86400.0f64, 1..50)) {
            offsets.sort_by(f64::total_cmp);
            let text: Vec<String> = offsets.iter().map(f64::to_string).collect();
            let read = parsed(&text.join("\n")).unwrap();
            prop_assert!(read.iter().zip(&offsets).all(|(read, written)| (read - written).abs() < 2e-9));
        }
    }
}
