//! Settings of a fault that move while it is in force: from others to its own, number by number.

use std::sync::OnceLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value, json};
use units::{ByteRate, Size, Timespan};

use crate::fault::FaultSettings;

/// In so many steps of the same length do the settings move: a hundredth of the way is below what a draw or a timer shows.
const STEPS: u32 = 100;

/// The way of a fault's settings, from others to its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ramp {
    /// Where they begin: those of the fault's settings that move, with their numbers at the start, such as
    /// `{ fixed = "0ms" }`.
    pub from: Map<String, Value>,
    /// How long the way takes; the fault's own settings hold from there on. Without it: as long as the fault is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Timespan>,
    #[serde(skip)]
    steps: OnceLock<Vec<FaultSettings>>,
}

impl Ramp {
    /// A ramp that takes so long.
    pub fn new(from: Map<String, Value>, over: Timespan) -> Self {
        Ramp { from, over: Some(over), steps: OnceLock::new() }
    }

    /// What keeps the settings of `fault` from moving so; `None` if they can.
    pub fn problem(&self, fault: &FaultSettings) -> Option<String> {
        steps(&self.from, fault).err()
    }

    /// All settings on the way to those of `fault`, each for the same time; none if they can't move so.
    pub fn steps(&self, fault: &FaultSettings) -> &[FaultSettings] {
        self.steps.get_or_init(|| steps(&self.from, fault).unwrap_or_default())
    }

    /// The settings so long after the start of a fault; `None` once they are its own.
    pub(crate) fn at(&self, fault: &FaultSettings, since: Duration) -> Option<&FaultSettings> {
        let over = self.over.unwrap_or_default().as_nanos().max(1);
        let step = since.as_nanos().saturating_mul(u128::from(STEPS)) / over;
        self.steps(fault).get(usize::try_from(step).unwrap_or(usize::MAX))
    }
}

fn steps(from: &Map<String, Value>, fault: &FaultSettings) -> Result<Vec<FaultSettings>, String> {
    if from.is_empty() {
        return Err("`from` is empty: expected a setting of the fault with its number at the start".into());
    }
    let settings = serde_json::to_value(fault).map_err(|error| error.to_string())?;
    let to = settings.get(fault.name()).cloned().unwrap_or_default();
    let step = |step: u32| {
        let part = f64::from(step) / f64::from(STEPS);
        let settings = json!({ fault.name(): between(&Value::Object(from.clone()), &to, part)? });
        let settings: FaultSettings = serde_json::from_value(settings).map_err(|error| error.to_string())?;
        match settings.contract().problem() {
            Some(problem) => Err(format!("{:.0} % of the way: {problem}", part * 100.0)),
            None => Ok(settings),
        }
    };
    (0..STEPS).map(step).collect()
}

/// A part of the way from one value to another; in tables, for what both have.
fn between(from: &Value, to: &Value, part: f64) -> Result<Value, String> {
    let on_the_way = |from: f64, to: f64| from + (to - from) * part;
    let whole = |from: u64, to: u64| Value::from(on_the_way(from as f64, to as f64).round() as u64);
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => {
            let mut all = to.clone();
            for (key, from) in from {
                let Some(to) = all.get_mut(key) else {
                    let known: Vec<String> = to.keys().map(|known| format!("`{known}`")).collect();
                    let has = if known.is_empty() { "nothing".to_owned() } else { known.join(", ") };
                    return Err(format!(
                        "`{key}` has no number to go to: give the fault one; what it has is {has}"
                    ));
                };
                *to = between(from, to, part).map_err(|problem| format!("`{key}`: {problem}"))?;
            }
            Ok(Value::Object(all))
        }
        (Value::Number(first), Value::Number(last)) => {
            if let (Some(first), Some(last)) = (first.as_u64(), last.as_u64()) {
                return Ok(whole(first, last));
            }
            let number = |number: &Number| number.as_f64().unwrap_or(f64::NAN);
            Ok(Value::from(on_the_way(number(first), number(last))))
        }
        // A size is written as the number that it is.
        (Value::String(first), Value::Number(last)) => {
            let (size, last) = (first.parse::<Size>()?, last.as_u64());
            last.map(|last| whole(size.0, last)).ok_or_else(|| no_way(from, to))
        }
        (Value::String(first), Value::String(last)) => {
            if let Ok(last) = last.parse::<Timespan>() {
                let nanos = |length: Timespan| length.as_nanos() as f64;
                let first = first.parse::<Timespan>()?;
                let length = Duration::from_nanos(on_the_way(nanos(first), nanos(last)).round() as u64);
                return serde_json::to_value(Timespan(length)).map_err(|error| error.to_string());
            }
            let last = last.parse::<ByteRate>().map_err(|_| no_way(from, to))?;
            let bytes = whole(first.parse::<ByteRate>()?.get(), last.get());
            Ok(Value::from(format!("{bytes}B/s")))
        }
        _ => Err(no_way(from, to)),
    }
}

fn no_way(from: &Value, to: &Value) -> String {
    format!("there is no way from {from} to {to}: expected two numbers, lengths of time, sizes or rates")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn fault(text: &str) -> FaultSettings {
        #[derive(Deserialize)]
        struct Line {
            inject: FaultSettings,
        }
        toml::from_str::<Line>(&format!("inject.{text}")).unwrap().inject
    }

    fn from(text: &str) -> Ramp {
        Ramp { over: Some(Timespan::from_secs(10)), ..toml::from_str(&format!("from = {text}")).unwrap() }
    }

    #[rstest]
    #[case("latency = { fixed = '500ms' }", "{ fixed = '0ms' }", "fixed", json!("250ms"))]
    #[case("latency = { fixed = '0ms' }", "{ fixed = '1ms' }", "fixed", json!("500us"))]
    #[case("status = { code = 503 }", "{ share = 0 }", "share", json!(0.5))]
    #[case("capacity = { workers = 21, takes = '10ms' }", "{ workers = 1 }", "workers", json!(11))]
    #[case("throttle = { rate = '1KiB/s' }", "{ rate = '3KiB/s' }", "rate", json!("2048B/s"))]
    #[case("cut = { at = 'body', after = '1KiB' }", "{ after = '3KiB' }", "after", json!(2048))]
    #[case(
        "latency = { uniform = { from = '2ms', to = '4ms' } }",
        "{ uniform = { to = '2ms' } }",
        "uniform",
        json!({ "from": "2ms", "to": "3ms" })
    )]
    fn numbers_of_any_kind_are_half_way_in_the_middle(
        #[case] to: &str,
        #[case] start: &str,
        #[case] key: &str,
        #[case] middle: Value,
    ) {
        let to = fault(to);
        let settings = from(start).at(&to, Duration::from_secs(5)).cloned().unwrap();
        assert_eq!(serde_json::to_value(settings).unwrap()[to.name()][key], middle);
    }

    #[test]
    fn it_begins_where_it_says_and_is_over_when_it_says() {
        let (to, ramp) = (fault("latency = { fixed = '500ms' }"), from("{ fixed = '0ms' }"));
        let at = |millis| {
            let settings = ramp.at(&to, Duration::from_millis(millis))?;
            Some(serde_json::to_value(settings).unwrap()["latency"]["fixed"].as_str()?.to_owned())
        };
        assert_eq!([at(0), at(99), at(100)], ["0s", "0s", "5ms"].map(|text| Some(text.to_owned())));
        assert_eq!([at(9_999), at(10_000)], [Some("495ms".to_owned()), None]);
    }

    #[rstest]
    #[case("hang = {}", "{}", "`from` is empty")]
    #[case("latency = { fixed = '5ms' }", "{ fixxed = '1ms' }", "`fixxed` has no number to go to")]
    #[case("latency = { fixed = '5ms' }", "{ fixed = '1KiB' }", "`1KiB` is not a length of time")]
    #[case("latency = { fixed = '5ms' }", "{ fixed = 3 }", "no way from 3 to \"5ms\"")]
    #[case("cut = { by = 'rst' }", "{ by = 'fin' }", "no way from \"fin\" to \"rst\"")]
    #[case("cut = { at = 'body', after = '1KiB' }", "{ after = 'all' }", "`all` is not a size")]
    #[case("status = { code = 503 }", "{ share = 3 }", "share")]
    #[case("status = { code = 503 }", "{ code = 100 }", "0 % of the way: `100` is not a final status")]
    #[case("capacity = { workers = 2, takes = '1ms' }", "{ workers = 0 }", "0 % of the way: `workers = 0`")]
    #[case("throttle = { rate = '1KiB/s' }", "{ rate = '0B/s' }", "at least one byte a second")]
    fn what_can_not_move_is_refused(#[case] to: &str, #[case] start: &str, #[case] expected: &str) {
        let problem = from(start).problem(&fault(to)).unwrap();
        assert!(problem.contains(expected), "{problem}");
        assert!(from(start).at(&fault(to), Duration::ZERO).is_none());
    }

    proptest! {
        #[test]
        fn whatever_stands_in_a_file_is_a_ramp_or_a_problem(key in "[a-z]{1,8}|fixed|share", value: f64, text in ".{0,12}") {
            for value in [json!(value), json!(text), json!([text]), json!({ &text: value }), Value::Null] {
                let ramp = Ramp::new(Map::from_iter([(key.clone(), value)]), Timespan::from_secs(1));
                let to = fault("latency = { fixed = '500ms', share = 0.5 }");
                prop_assert_eq!(ramp.problem(&to).is_some(), ramp.at(&to, Duration::ZERO).is_none());
            }
        }
    }
}
