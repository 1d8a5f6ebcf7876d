//! Scenarios made up from a seed: a policy, faults that overlap and hide, and expectations that follow from the policy, so
//! that the correct gateway must never fail them.
//!
//! - `declared`: a policy
//! - `faults`: what the backends do wrong
//! - `demands`: what follows from the policy

mod declared;
mod demands;
mod faults;

use std::fmt::Write;
use std::path::Path;

use declared::Declared;
use demands::Demanded;
use faults::Faults;
use judge::forecast::Forecast;
use scenario::{Overrides, Plan};

use crate::draw::Draw;

/// How long the last phase goes on after the gateway must have recovered, in milliseconds: long enough for the 300 requests
/// that it takes to exclude one failure in a hundred.
const AFTER_MS: u64 = 6_000;

/// What stands between the expectations that the plan shows and the others.
const UNSHOWN: &str = "# By what `brownout check` says, the plan hardly shows what follows. It must not fail, and may be left open.";

/// A scenario that the correct reference gateway must not fail.
///
/// What `brownout check` says of an expectation is taken to heart, as whoever writes a scenario would: one that can't be
/// shown by the plan comes last, after a comment that says so.
pub fn random_scenario(seed: u64) -> String {
    let mut draw = Draw::of(seed);
    let backends = draw.from(1, 4);
    let declared = Declared::draw(&mut draw);
    let faults = Faults::draw(&mut draw, backends);
    let within = declared.recovery_ms();
    let plan = plan(seed, &mut draw, &declared, &faults, backends);
    let plan = format!("{plan}\n[[phase]]\nname = \"recovery\"\nfor = \"{}ms\"\n", within + AFTER_MS);
    let (mut shown, mut unshown) = (plan.clone(), String::new());
    for demanded in demands::of(&declared, &faults) {
        let sorted = sorted(&plan, demanded);
        let _ = sorted.shown.into_iter().try_for_each(|text| write!(shown, "\n{text}"));
        let _ = sorted.unshown.into_iter().try_for_each(|text| write!(unshown, "\n{text}"));
    }
    if unshown.is_empty() { shown } else { format!("{shown}\n{UNSHOWN}\n{unshown}") }
}

/// The line, from 1, up to which the expectations of a made-up scenario are ones that its plan shows.
pub(crate) fn shown_to(text: &str) -> u32 {
    let shown = text.lines().position(|line| line == UNSHOWN);
    shown.map_or(u32::MAX, |line| line as u32 + 1)
}

/// Everything up to the phase of the faults.
fn plan(seed: u64, draw: &mut Draw, declared: &Declared, faults: &Faults, backends: u64) -> String {
    let mut text = format!(
        "name = \"made up {seed}\"\nwhy = \"whatever is declared holds\"\nowner = \"nobody\"\nseed = {seed}\n\n\
         [gateway.reference]\n\n{declared}"
    );
    for backend in 0..backends {
        let _ = writeln!(text, "[backend.b{backend}]");
    }
    let poisson = if draw.chance(0.5) { "arrivals = \"poisson\"\n" } else { "" };
    let (reads, writes) = (draw.from(60, 250), draw.from(20, 80));
    let _ = writeln!(
        text,
        "\n[traffic.reads]\nrequest = \"GET /r/{{n}}\"\nrate = \"{reads}/s\"\n{poisson}deadline = \"8s\"\n\n\
         [traffic.writes]\nrequest = \"POST /w\"\nrate = \"{writes}/s\"\nbody = {{ size = \"1KiB\" }}\ndeadline = \"8s\"\n\n\
         [[phase]]\nname = \"steady\"\nfor = \"6s\"\n\n[[phase]]\nname = \"trouble\"\nfor = \"{}s\"\n{faults}",
        draw.from(6, 16)
    );
    text
}

/// An expectation, as far as the plan shows it, and the rest of it.
#[derive(Default)]
struct Sorted {
    shown: Option<String>,
    unshown: Option<String>,
}

/// Takes an expectation apart by what `brownout check` says of it. What is refused outright is left out.
fn sorted(plan: &str, demanded: Demanded) -> Sorted {
    let loaded = |text: &str| {
        let whole = format!("{plan}\n{text}");
        scenario::load_text("made-up.toml", &whole, Path::new("."), &Overrides::default())
    };
    let is_shown =
        |text: &str| loaded(text).is_ok_and(|loaded| loaded.warnings.is_empty() && is_ample(&loaded.plan));
    match demanded {
        Demanded::Whole(text) if is_shown(&text) => Sorted { shown: Some(text), unshown: None },
        Demanded::Whole(text) => {
            Sorted { shown: None, unshown: Some(text).filter(|text| loaded(text).is_ok()) }
        }
        Demanded::Keys(keys) => {
            let about =
                |keys: &[String]| format!("[[expect]]\nin = \"trouble\"\npolicy = {{ about = {keys:?} }}\n");
            let one = |key: &String| about(std::slice::from_ref(key));
            let (shown, others): (Vec<String>, Vec<String>) =
                keys.into_iter().partition(|key| is_shown(&one(key)));
            let others: Vec<String> = others.into_iter().filter(|key| loaded(&one(key)).is_ok()).collect();
            let text = |keys: Vec<String>| (!keys.is_empty()).then(|| about(&keys));
            Sorted { shown: text(shown), unshown: text(others) }
        }
    }
}

/// True if so many cases are foreseen that chance hardly leaves too few: three standard deviations more than are needed.
fn is_ample(plan: &Plan) -> bool {
    let foreseen = plan.demands.iter().flat_map(|demand| demand.foreseen(&plan.brief));
    foreseen.into_iter().all(|forecast| match forecast {
        Forecast::Exposures { expected, needed, .. } => expected >= needed + 3.0 * needed.sqrt(),
        Forecast::CannotFail(_) | Forecast::CannotPass(_) | Forecast::Doubtful(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_makes_a_scenario_that_check_has_no_word_against_and_always_the_same() {
        for seed in 0..100 {
            let text = random_scenario(seed);
            assert_eq!(text, random_scenario(seed));
            let load = |text: &str| {
                let loaded = scenario::load_text("made-up.toml", text, Path::new("."), &Overrides::default());
                loaded.unwrap_or_else(|failure| panic!("{}\n{text}", failure.render(false)))
            };
            load(&text);
            let shown = text.split(UNSHOWN).next().unwrap_or_default();
            assert_eq!(load(shown).render_warnings(false), "", "{text}");
        }
    }

    #[test]
    fn together_they_have_all_that_a_policy_and_its_faults_may_be() {
        let all: String = (0..300).map(random_scenario).collect();
        for part in [
            "consecutive =",
            "count =",
            "share =",
            "\"429\"",
            "workers =",
            "scope = \"pool\"",
            "way_back = \"all\"",
            "ramp =",
            "way_back = \"check\"",
            "open_grows",
            "poisson",
            "refuse",
            "fail_first",
            "\nfrom =",
            "all_out",
            "attempts = { max",
            "no_replay",
            "timeout = { per_try",
            "backoff = {",
            "breaker = {",
            "status = { of",
            "availability",
            "recovery = {",
            "integrity",
            "shed",
            "policy = { about",
        ] {
            assert!(all.contains(part), "no scenario has `{part}`");
        }
    }
}
