//! A small scenario from its parts: three phases, a fault in the second one, one expectation. What other gateways do is
//! shown by another policy than the one that is demanded, by a defect of the reference gateway, or by doctored evidence.

use std::path::Path;

use reports::{Report, Verdict};
use scenario::Overrides;
use tempfile::TempDir;

use crate::doctor::Doctored;
use crate::{complaints, judged, simulate};

/// A scenario that is being put together.
#[derive(Clone, Debug)]
pub struct Case {
    policy: String,
    backends: String,
    traffic: String,
    lengths: [&'static str; 3],
    injections: Vec<String>,
    expect: String,
    set: Vec<String>,
    seed: u64,
}

impl Case {
    /// One expectation, as the keys of its table; a total outage by status 503 on two backends, 200 reads a second, and
    /// the phases `steady`, `outage` and `after`.
    pub fn expecting(expect: &str) -> Self {
        Case {
            policy: String::new(),
            backends: "[backend.a]\n[backend.b]\n".into(),
            traffic: "[traffic.reads]\nrequest = \"GET /items/{n}\"\nrate = \"200/s\"\n".into(),
            lengths: ["3s", "8s", "5s"],
            injections: Vec::new(),
            expect: expect.into(),
            set: Vec::new(),
            seed: 7,
        }
    }

    /// A key of the policy; once for each.
    pub fn policy(mut self, key: &str) -> Self {
        self.policy.push_str(key);
        self.policy.push('\n');
        self
    }

    /// A fault instead of the total outage, as the keys of its table; several act together.
    pub fn fault(mut self, keys: &str) -> Self {
        self.injections.push(keys.into());
        self
    }

    /// Other backends, as tables.
    pub fn backends(mut self, tables: &str) -> Self {
        self.backends = tables.into();
        self
    }

    /// Other traffic, as tables.
    pub fn traffic(mut self, tables: &str) -> Self {
        self.traffic = tables.into();
        self
    }

    /// Another rate of the reads.
    pub fn rate(self, rate: &str) -> Self {
        let traffic = self.traffic.replace("200/s", rate);
        Case { traffic, ..self }
    }

    /// How long the three phases last.
    pub fn lasting(mut self, lengths: [&'static str; 3]) -> Self {
        self.lengths = lengths;
        self
    }

    /// A defect of the reference gateway.
    pub fn defect(mut self, name: &str) -> Self {
        self.set.push(format!("gateway.reference.defects=[\"{name}\"]"));
        self
    }

    /// Another seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The scenario file.
    pub fn text(&self) -> String {
        let outage = [String::from("on = [\"a\", \"b\"]\nstatus = { code = 503 }")];
        let injections = if self.injections.is_empty() { &outage[..] } else { &self.injections };
        let injections: String =
            injections.iter().fold(String::new(), |text, keys| text + "[[phase.inject]]\n" + keys + "\n");
        let [steady, outage, after] = self.lengths;
        let phase = |name: &str, length: &str| format!("[[phase]]\nname = \"{name}\"\nfor = \"{length}\"\n");
        format!(
            "name = \"case\"\n[gateway.reference]\n[policy]\n{}{}{}{}{}{injections}{}[[expect]]\n{}\n",
            self.policy,
            self.backends,
            self.traffic,
            phase("steady", steady),
            phase("outage", outage),
            phase("after", after),
            self.expect
        )
    }

    /// What `check` says of it: its warnings, or why it is refused.
    pub fn checked(&self) -> Result<String, String> {
        let overrides = Overrides { set: self.set.clone(), ..Overrides::default() };
        let loaded = scenario::load_text("case.toml", &self.text(), Path::new("."), &overrides);
        loaded.map(|loaded| loaded.render_warnings(false)).map_err(|failure| failure.render(false))
    }

    /// The report of its run.
    pub fn report(&self) -> Report {
        self.doctored(|run| run)
    }

    /// The report of its run after its evidence was changed.
    ///
    /// # Panics
    /// If it is refused.
    pub fn doctored(&self, change: impl FnOnce(Doctored) -> Doctored) -> Report {
        let out = TempDir::new().expect("a directory can be made");
        let set: Vec<&str> = self.set.iter().map(String::as_str).collect();
        simulate(&self.text(), &set, self.seed, out.path());
        judged(&change(Doctored::only_run_in(out.path())).carried().save())
    }

    /// Nothing is left of a pass: it fails, proves nothing, or is refused before it runs.
    #[track_caller]
    pub fn never_passes(&self) {
        if self.checked().is_ok() {
            assert_not(&self.report(), Verdict::Pass);
        }
    }

    /// The gateway is right, and not blamed.
    #[track_caller]
    pub fn never_fails(&self) {
        assert_not(&self.report(), Verdict::Fail);
    }

    /// The gateway is right, and passes.
    #[track_caller]
    pub fn passes(&self) {
        assert_verdict(&self.report(), Verdict::Pass);
    }

    /// The gateway is wrong, and is failed.
    #[track_caller]
    pub fn fails(&self) {
        assert_verdict(&self.report(), Verdict::Fail);
    }
}

/// The report has this verdict.
#[track_caller]
pub fn assert_verdict(report: &Report, verdict: Verdict) {
    assert_eq!(report.verdict, verdict, "{}", complaints(report));
}

/// The report has another verdict.
#[track_caller]
pub fn assert_not(report: &Report, verdict: Verdict) {
    assert_ne!(report.verdict, verdict, "{}", complaints(report));
}
