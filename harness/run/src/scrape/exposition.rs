//! A page of metrics in the text format of Prometheus, read strictly: a line that is not understood makes the whole page worth
//! nothing.
//!
//! Prometheus documentation, "Exposition formats", text format 0.0.4. What OpenMetrics adds (`# EOF`, exemplars) is passed over.

use evidence::Series;

/// The most series that are kept of one page.
const SERIES_MAX: usize = 1_000;

/// The longest name of a series with its labels, in bytes.
const NAME_MAX: usize = 1024;

/// What is kept of a page.
#[derive(Debug, PartialEq)]
pub(super) struct Kept {
    /// How many series it tells.
    pub(super) told: usize,
    /// Those that are kept, as they are written, with their figures.
    pub(super) series: Vec<(Box<str>, f64)>,
}

/// Reads a page, and keeps the series of the metrics with these names.
pub(super) fn read(page: &[u8], names: &[String]) -> Result<Kept, String> {
    let page = str::from_utf8(page).map_err(|_| "the page is not UTF-8 text")?;
    let mut kept = Kept { told: 0, series: Vec::new() };
    for (index, line) in page.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let at = |why: String| format!("line {} of the page: {why}", index + 1);
        let (series, rest) = Series::read(line).map_err(at)?;
        let value = value(rest).ok_or_else(|| at("expected a number after the series".into()))?;
        kept.told += 1;
        if !names.contains(&series.name) {
            continue;
        }
        let text = line[..line.len() - rest.len()].trim_end();
        if text.len() > NAME_MAX {
            return Err(at(format!("a series of more than {NAME_MAX} bytes")));
        }
        if kept.series.len() == SERIES_MAX {
            return Err(format!("more than {SERIES_MAX} series of the metrics that are kept"));
        }
        kept.series.push((text.into(), value));
    }
    Ok(kept)
}

/// The figure of a line, before its time and what follows a `#`, if there is any.
fn value(rest: &str) -> Option<f64> {
    let rest = rest.split(" # ").next()?;
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?.parse().ok()?;
    let time = words.next().map(str::parse::<f64>);
    (rest.starts_with([' ', '\t']) && time.is_none_or(|time| time.is_ok()) && words.next().is_none())
        .then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(page: &str) -> Result<Kept, String> {
        read(page.as_bytes(), &["hits_total".into(), "up".into()])
    }

    #[test]
    fn the_series_that_are_asked_for_are_kept_as_they_are_written() {
        let page = "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{code=\"5xx\", a=\"}\"} 12 1700000000\n\
                    other 1e3\nup +Inf\n\nhits_total 3 # {id=\"x\"} 1\n# EOF\n";
        let series =
            [("hits_total{code=\"5xx\", a=\"}\"}", 12.0), ("up", f64::INFINITY), ("hits_total", 3.0)];
        let series = series.map(|(text, value)| (text.into(), value)).to_vec();
        assert_eq!(kept(page), Ok(Kept { told: 4, series }));
    }

    #[test]
    fn a_page_with_a_line_that_is_none_is_worth_nothing_and_says_which() {
        let wrong = ["up 1\n<html>", "up", "up one", "up 1 2 3", "up{a=\"b\"}1", "up 1 then"];
        let said: Vec<String> = wrong.iter().map(|page| kept(page).unwrap_err()).collect();
        insta::assert_snapshot!(said.join("\n"));
        assert_eq!(read(&[0xff], &[]), Err("the page is not UTF-8 text".into()));
    }

    #[test]
    fn a_page_with_more_than_is_kept_is_refused() {
        let line = |number: usize| format!("up{{n=\"{number}\"}} 1");
        let page = |count: usize| (0..count).map(line).collect::<Vec<_>>().join("\n");
        assert_eq!(kept(&page(SERIES_MAX)).unwrap().series.len(), SERIES_MAX);
        assert!(kept(&page(SERIES_MAX + 1)).is_err());
        assert!(kept(&format!("up{{n=\"{}\"}} 1", "x".repeat(NAME_MAX))).is_err());
    }
}
