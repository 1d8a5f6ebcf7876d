//! Mixes: classes that share one rate.

use driver::{Member, Mix, Mode, Segment};
use measure::brief::PhaseBrief;
use units::Rate;

use super::Context;
use super::mode::segments;
use crate::file::{Located, TrafficTable};

/// The largest weight. A round of a mix has as many requests as its weights add up to.
const WEIGHT_MAX: u32 = 1000;

/// All mixes of a scenario.
pub(super) struct Mixes {
    pub(super) all: Vec<Mix>,
    /// What the weights of each add up to.
    totals: Vec<u64>,
}

/// Resolves `[mix.NAME]` and `[phase.mix]`.
pub(super) fn compile(context: &mut Context<'_>, phases: &[PhaseBrief]) -> Mixes {
    let known = context.scenario.mix.names();
    for phase in &context.scenario.phase {
        for (name, _) in &phase.mix.0 {
            context.resolve("mix", "mixes", name, &known);
        }
    }
    let mut mixes = Mixes { all: Vec::new(), totals: Vec::new() };
    for (name, table) in &context.scenario.mix.0 {
        context.check_name("mix", name);
        let classes = context.scenario.traffic.0.iter().map(|(_, class)| class);
        let members: Vec<&TrafficTable> =
            classes.filter(|class| class.mix.as_ref().is_some_and(|mix| mix.value == name.value)).collect();
        if members.is_empty() {
            context.error(&name.span, format!("no traffic belongs to mix `{}`", name.escape_debug())).help =
                Some(format!(
                    "say so in traffic classes: `mix = \"{}\"` and `weight = 7`",
                    name.escape_debug()
                ));
        }
        mixes.totals.push(members.iter().map(|class| u64::from(weight(class))).sum());
        let segments =
            segments(context, table.rate.value, table.arrivals, phases, |phase| phase.mix.get(name));
        mixes.all.push(Mix { name: name.value.clone(), segments });
    }
    mixes
}

/// A weight of 0 is refused; whatever follows from it is no news.
fn weight(class: &TrafficTable) -> u32 {
    class.weight.as_ref().map_or(1, |weight| weight.value.max(1))
}

impl Mixes {
    /// How a class of a mix sends, and its place there. `None` if it names no mix; without a place if there is no such mix.
    pub(super) fn resolve(
        &self,
        context: &mut Context<'_>,
        name: &Located<String>,
        class: &TrafficTable,
    ) -> Option<(Mode, Option<Member>)> {
        let Some(mix) = &class.mix else {
            if let Some(weight) = &class.weight {
                context.error(&weight.span, "`weight` is a part of a mix, and this class names none").help =
                    Some("add `mix = \"NAME\"`, the name of a `[mix.NAME]` with a `rate`".to_owned());
            }
            return None;
        };
        check_keys(context, name, class, mix);
        let known = context.scenario.mix.names();
        let found = context.resolve("mix", "mixes", mix, &known);
        let member = found.map(|index| Member { mix: index as u16, weight: weight(class) });
        Some((Mode::Open(member.map(|member| self.part(member)).unwrap_or_default()), member))
    }

    /// The average rates of a class over time.
    fn part(&self, member: Member) -> Vec<Segment> {
        let index = usize::from(member.mix);
        let share = f64::from(member.weight) / self.totals[index].max(1) as f64;
        let part = |rate: Rate| Rate::per_second(rate.get() * share);
        let segments = self.all[index].segments.iter();
        segments.map(|whole| Segment { from: part(whole.from), to: part(whole.to), ..*whole }).collect()
    }
}

/// What a class of a mix can't say itself, and its weight.
fn check_keys(
    context: &mut Context<'_>,
    name: &Located<String>,
    class: &TrafficTable,
    mix: &Located<String>,
) {
    let mix = mix.escape_debug();
    let own = [
        ("rate", class.rate.as_ref().map(|it| &it.span)),
        ("users", class.users.as_ref().map(|it| &it.span)),
        ("think", class.think.as_ref().map(|it| &it.span)),
        ("arrivals", class.arrivals.as_ref().map(|it| &it.span)),
    ];
    for (key, span) in own {
        if let Some(span) = span {
            let message = format!("traffic `{}` has both `mix` and `{key}`", name.escape_debug());
            context.error(span, message).help =
                Some(format!("the requests of a mix come as `[mix.{mix}]` says: remove one of both"));
        }
    }
    if let Some(weight) = class.weight.as_ref().filter(|it| !(1..=WEIGHT_MAX).contains(&it.value)) {
        let message = format!("a weight of {}, allowed are 1 to {WEIGHT_MAX}", weight.value);
        context.error(&weight.span, message).help =
            Some("a class that is to send nothing is left out of the mix".to_owned());
    }
    for phase in &context.scenario.phase {
        if let Some(load) = phase.traffic.get(name) {
            let message = format!("traffic `{}` has no rate of its own", name.escape_debug());
            context.error(&load.span, message).help =
                Some(format!("change the mix in this phase: `mix.{mix} = {{ rate = \"200/s\" }}`"));
        }
    }
}
