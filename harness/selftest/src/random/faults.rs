//! What the backends do wrong: one to three faults that may overlap, for the whole phase or a part of it.

use std::fmt;

use crate::draw::Draw;

/// The faults of the phase `trouble`, in their order.
pub(super) struct Faults(pub(super) Vec<Fault>);

/// One fault.
pub(super) struct Fault {
    /// Its kind: `status`.
    pub(super) kind: &'static str,
    /// Key and settings.
    words: String,
    /// The backends that it is on; empty for all.
    on: Vec<String>,
    /// From when and for how long, in milliseconds; None for the whole phase.
    part: Option<(u64, u64)>,
}

impl Faults {
    pub(super) fn draw(draw: &mut Draw, backends: u64) -> Self {
        let count = draw.from(1, 3);
        Faults((0..count).map(|_| Fault::draw(draw, backends)).collect())
    }

    /// The kinds, each once.
    pub(super) fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<&'static str> = self.0.iter().map(|fault| fault.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

impl Fault {
    fn draw(draw: &mut Draw, backends: u64) -> Self {
        let drawn = [
            "status",
            "status",
            "too_many",
            "reset",
            "close",
            "hang",
            "latency",
            "refuse",
            "body",
            "fail_first",
        ];
        let drawn = draw.one(&drawn);
        let share = draw.from(2, 10) as f64 / 10.0;
        let (kind, words) = match drawn {
            "status" => (
                "status",
                format!("status = {{ code = {}, share = {share} }}", draw.one(&["500", "502", "503"])),
            ),
            "too_many" => ("status", format!("status = {{ code = 429, share = {share} }}")),
            "reset" => {
                let at = draw.one(&["request", "headers"]);
                ("reset", format!("reset = {{ at = \"{at}\", share = {share} }}"))
            }
            "close" => ("close", format!("close = {{ share = {share} }}")),
            "hang" => ("hang", format!("hang = {{ share = {share} }}")),
            "latency" => {
                ("latency", format!("latency = {{ fixed = \"{}ms\", share = {share} }}", draw.from(20, 900)))
            }
            "body" => ("reset", format!("reset = {{ at = \"body\", after = \"64B\", share = {share} }}")),
            "fail_first" => {
                ("fail_first", format!("fail_first = {{ attempts = {}, with = \"503\" }}", draw.from(1, 3)))
            }
            _ => ("refuse", "refuse = {}".to_owned()),
        };
        let mut on: Vec<String> =
            (0..backends).filter(|_| draw.chance(0.6)).map(|index| format!("b{index}")).collect();
        if on.len() as u64 == backends {
            on.clear();
        }
        let part = draw.chance(0.3).then(|| (draw.from(0, 2_000), draw.from(2_000, 4_000)));
        Fault { kind, words, on, part }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for fault in &self.0 {
            writeln!(f, "[[phase.inject]]")?;
            if !fault.on.is_empty() {
                writeln!(f, "on = {:?}", fault.on)?;
            }
            if let Some((from, length)) = fault.part {
                writeln!(f, "from = \"{from}ms\"\nfor = \"{length}ms\"")?;
            }
            writeln!(f, "{}", fault.words)?;
        }
        Ok(())
    }
}
