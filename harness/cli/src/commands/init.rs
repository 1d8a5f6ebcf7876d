//! `brownout init`: a commented scenario to start from, after a few flags or questions.

use std::fs;
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::args::{Init, PolicyPart};
use crate::exit::Exit;
use crate::output::{complain, complain_of, harmless, print};
use crate::scenario_template::{self, Wishes};

pub(crate) fn init(args: &Init) -> Result<Exit> {
    let to_stdout = args.out == Path::new("-");
    if !to_stdout && !args.force && args.out.exists() {
        let file = args.out.display();
        complain(&format_args!(
            "error: {file} exists\nhelp: `--force` overwrites it, `--out FILE` writes another"
        ));
        return Ok(Exit::Usage);
    }
    let Some(wishes) = wishes(args)? else { return Ok(Exit::Usage) };
    let text = scenario_template::scenario(&wishes);
    if let Err(failure) =
        scenario::load_text("brownout.toml", &text, Path::new("."), &scenario::Overrides::default())
    {
        complain_of(|colour| failure.render(colour));
        complain(&"help: leave the part out of `--policy`, or choose another gateway");
        return Ok(Exit::Usage);
    }
    if to_stdout {
        print(&text)?;
        return Ok(Exit::Pass);
    }
    fs::write(&args.out, text).with_context(|| format!("{}", args.out.display()))?;
    let file = args.out.display();
    let next = if wishes.gateway == "reference" { " --simulate" } else { "" };
    print(&harmless(&format!(
        "{file} written\nnext  brownout plan {file}\n      brownout run {file}{next}\n"
    )))?;
    Ok(Exit::Pass)
}

/// What is wanted, from flags, answers and defaults; nothing if an answer or a flag makes no sense.
fn wishes(args: &Init) -> Result<Option<Wishes>> {
    let asking = io::stdin().is_terminal() && io::stderr().is_terminal();
    let kinds: Vec<&str> = gateways::GatewaySettings::KINDS.iter().map(|kind| kind.name).collect();
    let gateway = match &args.gateway {
        Some(kind) => kind.clone(),
        None => ask(asking, &format!("Which gateway? ({})", kinds.join(", ")), "reference")?,
    };
    if !kinds.contains(&gateway.as_str()) {
        complain(&format_args!(
            "error: unknown gateway kind `{gateway}`\nhelp: the kinds are {}",
            kinds.join(", ")
        ));
        return Ok(None);
    }
    let Some(backends) = backends(args, asking)? else { return Ok(None) };
    let Some(policy) = policy(args, asking)? else { return Ok(None) };
    if policy.contains(&PolicyPart::None) && policy.len() > 1 {
        refuse("none", "`none` alone, or the parts without it");
        return Ok(None);
    }
    let has = |part| policy.contains(&part);
    Ok(Some(Wishes {
        gateway,
        backends,
        timeout: has(PolicyPart::Timeout),
        retry: has(PolicyPart::Retry),
        breaker: has(PolicyPart::Breaker),
    }))
}

fn backends(args: &Init, asking: bool) -> Result<Option<u8>> {
    if args.backends.is_some() {
        return Ok(args.backends);
    }
    let answer = ask(asking, "How many backends? (1 to 16)", "2")?;
    let backends = answer.parse().ok().filter(|backends| (1..=16).contains(backends));
    if backends.is_none() {
        refuse(&answer, "a number from 1 to 16");
    }
    Ok(backends)
}

fn policy(args: &Init, asking: bool) -> Result<Option<Vec<PolicyPart>>> {
    if args.policy.is_some() {
        return Ok(args.policy.clone());
    }
    let answer =
        ask(asking, "What does it do about failures? (timeout, retry, breaker, none)", "timeout,retry")?;
    let parts = answer.split(',').map(|part| PolicyPart::from_str(part.trim(), false).ok());
    let parts: Option<Vec<PolicyPart>> = parts.collect();
    if parts.is_none() {
        refuse(&answer, "some of timeout, retry, breaker, with commas between them, or none");
    }
    Ok(parts)
}

fn refuse(answer: &str, expected: &str) {
    complain(&format_args!("error: `{answer}`: expected {expected}"));
}

/// The answer to a question, or the default where nobody is asked or nothing is answered.
fn ask(asking: bool, question: &str, default: &str) -> Result<String> {
    if !asking {
        return Ok(default.to_owned());
    }
    write!(io::stderr().lock(), "{question} [{default}] ")?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim();
    Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() })
}
