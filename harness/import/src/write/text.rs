//! The text of the scenario, each line of the policy with its place in the source.

use std::fmt::Write;

use super::names::{groups, of_members, plain};
use super::phases::{On, Phase, Pool, Proof, plan};
use crate::import::Import;
use crate::iso::written;
use crate::place::Sources;
use crate::xml::Asked;

/// The column in which places stand, where a line is short enough.
pub(super) const PLACES_AT: usize = 58;

/// The text of the scenario that an import becomes.
pub fn scenario(import: &Import, sources: &Sources) -> String {
    let groups = groups(&import.members);
    let pool = Pool {
        members: import.members.len(),
        has_groups: groups.iter().any(|group| *group > 0),
        gradual: import.gradual,
        counts_retried: import.counts_retried,
    };
    let proof = plan(&import.policy, pool);
    let writing = Writing { import, sources, names: of_members(&import.members), groups, proof };
    let mut text = String::new();
    // Writing to a text can't fail.
    let _ = writing.write(&mut text);
    text
}

/// The name of the gateway's own file, beside the scenario.
pub fn own_file(import: &Import) -> String {
    let ending = import.own.as_ref().map_or("", |own| own.ending);
    format!("{}.{ending}", plain(&import.subject))
}

pub(super) struct Writing<'a> {
    pub(super) import: &'a Import,
    pub(super) sources: &'a Sources,
    names: Vec<String>,
    groups: Vec<usize>,
    proof: Proof,
}

pub(super) type Written = std::fmt::Result;

impl Writing<'_> {
    fn write(&self, out: &mut String) -> Written {
        let subject = &self.import.subject;
        let files: Vec<&str> = self.sources.files().map(|(name, _)| name).collect();
        writeln!(
            out,
            "# Made by `brownout import` from {}. Behind each line of the policy stands where the source says so.",
            comment(&files.join(", "))
        )?;
        self.how_to_run(out)?;
        writeln!(
            out,
            "name     = {}",
            quoted(&format!("{} does what its configuration says", plain(subject)))
        )?;
        writeln!(
            out,
            "why      = \"A policy is believed because it is configured: this shows what it does to requests when backends fail.\""
        )?;
        writeln!(out, "owner    = \"whoever answers for {}\"", plain(subject))?;
        writeln!(
            out,
            "rollback = \"Deploy the configuration before the last change, and run this scenario again.\""
        )?;
        writeln!(out, "seed     = 1\n")?;
        match &self.import.own {
            Some(own) => {
                writeln!(out, "[gateway.{}]\nconfig = {}", own.kind, quoted(&own_file(self.import)))?;
            }
            None => writeln!(out, "[gateway.reference]")?,
        }
        if self.import.own.is_none()
            && self.import.keeps_body == Some(false)
            && self.proof.replayed_in.is_some()
        {
            writeln!(
                out,
                "defects = [\"empty-retried-body\"]            # without a buffer, a further attempt has no body to send"
            )?;
        }
        self.policy(out)?;
        self.backends(out)?;
        self.traffic(out)?;
        for phase in &self.proof.phases {
            self.phase(phase, out)?;
        }
        self.expectations(out)
    }

    /// How the scenario is run, as comments.
    fn how_to_run(&self, out: &mut String) -> Written {
        let Import { gateway, subject, own, .. } = self.import;
        let file = format!("{}.toml", plain(subject));
        let Some(own) = own else {
            return writeln!(
                out,
                "#\n#   brownout run --simulate {file}      a rehearsal: the reference gateway does what the policy says\n#\n\
                 # For the real gateway, put `[gateway.url]` with its address in place of `[gateway.reference]`, and let it reach the backends\n\
                 # of the run (`listen`). A rehearsal shows what the configuration means, and nothing of what {gateway} does.\n"
            );
        };
        writeln!(
            out,
            "#\n#   brownout run {file}\n#       {gateway} itself, with {}: the lines that were understood\n\
             #   brownout run --gateway {} {file}\n#       {gateway} itself, with a configuration that is made from the policy\n\
             #   brownout run --gateway reference --simulate {file}\n#       a rehearsal: the reference gateway does what the policy says\n",
            comment(&own_file(self.import)),
            own.kind
        )
    }

    fn backends(&self, out: &mut String) -> Written {
        for ((member, name), group) in self.import.members.iter().zip(&self.names).zip(&self.groups) {
            let place = comment(&self.sources.position(&member.place).to_string());
            let heading = format!("[backend.{}]", key(name));
            writeln!(out, "\n{heading:<PLACES_AT$} # {place}")?;
            if member.weight != 1 {
                writeln!(out, "weight   = {}", member.weight.max(1))?;
            }
            if *group > 0 {
                writeln!(out, "priority = {group}")?;
            }
        }
        Ok(())
    }

    fn traffic(&self, out: &mut String) -> Written {
        let (reads, writes) = (self.proof.rate, self.proof.writes);
        let Some(Asked { method, path, headers }) = &self.import.request else {
            self.class("reads", ("GET", "/{n}"), reads, out)?;
            self.removed(out)?;
            self.class("writes", ("POST", "/"), writes, out)?;
            return self.removed(out);
        };
        let name = if brings_body(method) { "writes" } else { "reads" };
        self.class(name, (method, path), reads + writes, out)?;
        let headers: Vec<String> =
            headers.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
        if headers.is_empty() { Ok(()) } else { writeln!(out, "headers  = {{ {} }}", headers.join(", ")) }
    }

    /// Headers of the traffic that the gateway is to remove: where there are none, nothing shows that it does.
    fn removed(&self, out: &mut String) -> Written {
        let rules = self.import.policy.request_headers.as_ref();
        let removed = rules.map(|rules| rules.remove.as_slice()).unwrap_or_default();
        let sent: Vec<String> = removed.iter().map(|name| format!("{} = \"sent\"", quoted(name))).collect();
        if sent.is_empty() { Ok(()) } else { writeln!(out, "headers  = {{ {} }}", sent.join(", ")) }
    }

    /// A class of the traffic. One of writes has a body.
    fn class(&self, name: &str, (method, path): (&str, &str), rate: f64, out: &mut String) -> Written {
        let request = quoted(&format!("{method} {path}"));
        writeln!(out, "\n[traffic.{name}]\nrequest  = {request}\nrate     = \"{rate}/s\"")?;
        if name == "writes" {
            writeln!(out, "body     = {{ size = \"2KiB\" }}")?;
        }
        writeln!(out, "deadline = \"{}\"", written(self.proof.deadline))
    }

    fn phase(&self, phase: &Phase, out: &mut String) -> Written {
        writeln!(out, "\n[[phase]]\nname = \"{}\"\nfor  = \"{}\"", phase.name, written(phase.length))?;
        let Some((fault, on)) = &phase.fault else { return Ok(()) };
        let of_first: Vec<usize> = (0..self.names.len()).filter(|index| self.groups[*index] == 0).collect();
        // The lightest of the group: a further attempt seldom comes back to it, so that its failures come one by one.
        let lightest = of_first.iter().copied().min_by_key(|index| self.import.members[*index].weight);
        let on: Vec<usize> = match on {
            On::One => lightest.into_iter().collect(),
            On::FirstGroup => of_first,
            On::All => (0..self.names.len()).collect(),
        };
        let on: Vec<String> = on.into_iter().map(|index| self.names[index].clone()).collect();
        writeln!(out, "[[phase.inject]]\non = {}\n{fault}", list(&on))
    }

    fn expectations(&self, out: &mut String) -> Written {
        let proof = &self.proof;
        writeln!(
            out,
            "\n# Nobody gets somebody else's answer, or half of one.\n[[expect]]\nin        = \"steady\"\nintegrity = {{}}"
        )?;
        for words in &proof.unshown {
            writeln!(out, "\n# {}", comment(words))?;
        }
        if !proof.about.is_empty() {
            writeln!(
                out,
                "\n# Declared against observed, key by key.\n[[expect]]\npolicy = {{ about = {} }}",
                list(&proof.about)
            )?;
        }
        if let (Some(phase), Some(status)) = (&proof.shed_in, self.import.shed) {
            writeln!(out, "\n# With every backend left alone, clients are told so at once.")?;
            writeln!(out, "[[expect]]\nin   = \"{phase}\"\nshed = {{ of = [{status}], within = \"1s\" }}")?;
        }
        if let Some((phase, within)) = &proof.failover_in {
            writeln!(
                out,
                "\n# The next group takes over once all of the first one are left alone, and not before."
            )?;
            writeln!(
                out,
                "[[expect]]\nin       = \"{phase}\"\nfailover = {{ within = \"{}\" }}",
                written(*within)
            )?;
        }
        let retry = self.import.policy.retry.as_ref();
        let asked = self.import.request.as_ref().map_or("POST", |asked| asked.method.as_str());
        let writes = brings_body(asked)
            && retry.is_some_and(|retry| retry.methods.iter().any(|method| method == asked));
        if let (Some(phase), Some(_), true) = (&proof.replayed_in, self.import.keeps_body, writes) {
            writeln!(out, "\n# A further attempt brings the body that the client sent.")?;
            writeln!(
                out,
                "[[expect]]\nin          = \"{phase}\"\ntraffic     = \"writes\"\nreplay_body = {{}}"
            )?;
        }
        if let Some(phase) = &proof.recovered_in {
            writeln!(out, "\n# Once the fault is over, all is as before.\n[[expect]]")?;
            writeln!(
                out,
                "in       = \"{phase}\"\nrecovery = {{ within = \"{}\" }}",
                written(proof.back_within)
            )?;
        }
        Ok(())
    }
}

/// Whether requests of this method usually bring a body.
fn brings_body(method: &str) -> bool {
    matches!(method, "POST" | "PUT" | "PATCH")
}

pub(super) fn list(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
    format!("[{}]", items.join(", "))
}

/// A text of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut made = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => made.extend(['\\', letter]),
            letter if letter.is_control() => made.extend(format!("\\u{:04X}", u32::from(letter)).chars()),
            letter => made.push(letter),
        }
    }
    made + "\""
}

/// A key of TOML: one with a dot is quoted.
fn key(name: &str) -> String {
    if name.contains('.') { quoted(name) } else { name.to_owned() }
}

/// Text that stays on the line of its comment.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
