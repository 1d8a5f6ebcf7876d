//! `brownout compare`: two runs of a scenario, or of two gateways, held against each other.

use std::path::Path;

use anyhow::{Context, Result};
use reports::format::Options;
use reports::{Answer, Comparison, ComparisonFormat};

use crate::args::{Compare, CompareFormat};
use crate::exit::Exit;
use crate::output::{complain, print, stdout_look};
use assess::{report_of, write_whole};

pub(crate) fn compare(args: &Compare) -> Exit {
    let compared = report_of(&args.before)
        .and_then(|before| Ok((before, report_of(&args.after)?)))
        .and_then(|(before, after)| Ok(compare::compare(&before, &after)?))
        .and_then(|comparison| {
            write(&comparison, args.format.into(), args.out.as_deref())?;
            Ok(Exit::from(comparison.answer))
        });
    compared.unwrap_or_else(|error| {
        complain(&format_args!("error: {error:#}"));
        Exit::Usage
    })
}

/// Writes a comparison to a file, or to standard output without one.
pub(crate) fn write(comparison: &Comparison, format: ComparisonFormat, out: Option<&Path>) -> Result<()> {
    let Some(path) = out else {
        let mut text = Vec::new();
        format.render(comparison, stdout_look(), &mut text)?;
        return print(&String::from_utf8_lossy(&text));
    };
    write_whole(path, |out| format.render(comparison, Options::default(), out))
        .with_context(|| format!("{}", path.display()))
}

impl From<Answer> for Exit {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Same | Answer::Better => Exit::Pass,
            // Whether a change is good is not for brownout to say.
            Answer::CantTell | Answer::Changed => Exit::Inconclusive,
            Answer::Worse => Exit::Fail,
        }
    }
}

impl From<CompareFormat> for ComparisonFormat {
    fn from(format: CompareFormat) -> Self {
        match format {
            CompareFormat::Terminal => ComparisonFormat::Terminal,
            CompareFormat::Markdown => ComparisonFormat::Markdown,
            CompareFormat::Html => ComparisonFormat::Html,
            CompareFormat::Json => ComparisonFormat::Json,
        }
    }
}
