//! What a demand says of measured figures, before anything is decided: one way to build a judgement, for every kind.

use evidence::Tag;
use measure::aside::SetAside;
use reports::Estimate;

/// With fewer cases, a `Never` proves nothing, whatever the scenario asks for: 10 clean cases exclude a misbehaviour in
/// more than 26 % of cases, and a total defect with certainty.
pub const CASES_MIN: u64 = 10;

/// What is claimed of some cells, with all that a finding says of it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What decides.
    pub basis: Basis,
    /// The sentence if it holds: what the gateway did.
    pub good: String,
    /// The sentence if it is broken: what the gateway did instead.
    pub bad: String,
    /// Why the one or the other follows from what was seen.
    pub because: String,
    /// What was seen, with units.
    pub observed: String,
    /// What was demanded, with units.
    pub expected: String,
    /// The figures with their intervals.
    pub estimates: Vec<Estimate>,
    /// Observations that are not the gateway's.
    pub set_aside: SetAside,
    /// The exchanges that show it, each with what it shows; the first few are kept.
    pub witnesses: Vec<(Tag, String)>,
    /// Of the expectation `policy`: the key that it judges.
    pub key: Option<Key>,
    /// What to change in the scenario to get an answer, where the basis leaves it open.
    pub remedy: String,
    /// Which planned faults must have taken effect for it to hold.
    pub proof: Proof,
}

/// A key of the declared policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key: `timeout.per_try`.
    pub key: String,
    /// Its value in words.
    pub declared: String,
}

impl Key {
    /// A key with its value in words.
    pub fn new(key: &str, declared: &str) -> Self {
        Key { key: key.into(), declared: declared.into() }
    }
}

/// Which planned faults must have been seen to take effect before a claim can hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// All that are planned in the phase, on the demanded traffic.
    #[default]
    Phase,
    /// Those of one kind in the phase.
    Kind(String),
    /// Those that the claim looks back at: it has looked itself, and says what is missing.
    Own(Option<String>),
}

/// What decides a claim.
#[derive(Clone, Debug)]
pub enum Basis {
    /// One case is enough to break it.
    Never {
        /// Cases that break it.
        violations: u64,
        /// Cases in which a gateway that breaks it would have shown it.
        exposures: u64,
        /// How many of them prove something.
        needed: u64,
    },
    /// At most a share of the cases may be bad.
    Mostly {
        /// Bad cases.
        bad: u64,
        /// All cases.
        count: u64,
        /// The share that is allowed: it is broken if chance hardly explains more.
        allowed: f64,
        /// The share that a pass must exclude. Below `allowed` where a busy machine allows more than it lets pass.
        refuted: f64,
    },
    /// A figure must lie between two bounds; None has no bound on that side.
    Within {
        /// The interval in which the figure lies.
        low: f64,
        /// Its upper end.
        high: f64,
        /// The lower bound.
        least: Option<f64>,
        /// The upper bound.
        most: Option<f64>,
        /// Cases that it rests on.
        count: u64,
        /// How many prove something.
        needed: u64,
    },
    /// A statistical test of its own.
    Tested {
        /// The probability of what was seen, or worse, if the demand is met.
        p_broken: f64,
        /// The probability of what was seen, or better, if the demand is just not met.
        p_kept: f64,
        /// Observations.
        count: u64,
        /// How many would tell, if that can be said.
        needed: Option<u64>,
    },
    /// Whether the arrivals can be a run of the declared machine.
    Admitted {
        /// True if they can.
        admitted: bool,
        /// Machines next to the declared one that they can be a run of as well, in words.
        neighbours: Vec<String>,
        /// Cases in which another machine would have shown.
        exposures: u64,
    },
    /// Nothing can be told, because …
    Blind(String),
}

impl Claim {
    /// A claim on this basis, with nothing said yet.
    pub fn on(basis: Basis) -> Self {
        Claim {
            basis,
            good: String::new(),
            bad: String::new(),
            because: String::new(),
            observed: String::new(),
            expected: String::new(),
            estimates: Vec::new(),
            set_aside: SetAside::default(),
            witnesses: Vec::new(),
            key: None,
            remedy: String::new(),
            proof: Proof::default(),
        }
    }

    /// A claim that one case breaks. `asked` is the scenario's own `samples_min`.
    pub fn never(violations: u64, exposures: u64, asked: Option<u64>) -> Self {
        Claim::on(Basis::Never { violations, exposures, needed: asked.unwrap_or(0).max(CASES_MIN) })
    }

    /// Nothing can be told, because …; and what to change.
    pub fn blind(why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Claim::on(Basis::Blind(why.into())).remedy(remedy)
    }

    /// The sentences if it holds and if it is broken.
    pub fn says(mut self, good: impl Into<String>, bad: impl Into<String>) -> Self {
        (self.good, self.bad) = (good.into(), bad.into());
        self
    }

    /// Why the one or the other follows.
    pub fn because(mut self, because: impl Into<String>) -> Self {
        self.because = because.into();
        self
    }

    /// What was seen, and what was demanded.
    pub fn seen(mut self, observed: impl Into<String>, expected: impl Into<String>) -> Self {
        (self.observed, self.expected) = (observed.into(), expected.into());
        self
    }

    /// A figure with its interval.
    pub fn estimate(mut self, estimate: Estimate) -> Self {
        self.estimates.push(estimate);
        self
    }

    /// What is not the gateway's.
    pub fn aside(mut self, set_aside: SetAside) -> Self {
        self.set_aside = set_aside;
        self
    }

    /// The exchanges that show it.
    pub fn shown(mut self, witnesses: Vec<(Tag, String)>) -> Self {
        self.witnesses = witnesses;
        self
    }

    /// What to change in the scenario to get an answer.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }

    /// Which key of the policy it judges. Such a claim may look at another phase than its demand does, and rests on its
    /// own exposures.
    pub fn of_key(mut self, key: Key) -> Self {
        self.key = Some(key);
        if self.proof == Proof::Phase {
            self.proof = Proof::Own(None);
        }
        self
    }

    /// Which faults it rests on.
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }

    /// Cases in which a gateway that breaks the claim would have shown it.
    pub fn exposures(&self) -> u64 {
        match &self.basis {
            Basis::Never { exposures, .. } | Basis::Admitted { exposures, .. } => *exposures,
            Basis::Mostly { count, .. } | Basis::Within { count, .. } | Basis::Tested { count, .. } => *count,
            Basis::Blind(_) => 0,
        }
    }
}
