//! What shows health checks: a backend that fails them now and then.

use policy::HealthCheck;

use super::{On, Planning, RATE, WRITES, seconds};

/// So many requests of a backend between two of its checks show whether it is left alone; of fewer, chance may give it none.
const BETWEEN_CHECKS: f64 = 18.0;

impl Planning<'_> {
    /// One backend fails its checks for long enough to be out, and is well for long enough to be back; its requests are answered.
    pub(super) fn health_check(&mut self, check: &HealthCheck) {
        let HealthCheck { every, fall, rise, .. } = check;
        let (every, fall, rise) = (every.as_secs_f64(), f64::from(*fall), f64::from(*rise));
        let turns = fall + rise + 6.0;
        let fault = format!(
            "status = {{ code = 503 }}\nwhen = {{ probe = true }}\nflap = {{ period = \"{}\", duty = {:.2} }}",
            seconds(every * turns),
            (fall + 2.5) / turns
        );
        self.outage("checks-fail", 3.0 * every * turns, fault, On::One);
        self.about(&["health_check.every", "health_check.path"]);
        let between = RATE.1 * (1.0 + WRITES) * every / self.pool.members as f64;
        if self.pool.members > 1 && between >= BETWEEN_CHECKS && self.policy.breaker.is_none() {
            self.about(&["health_check.fall", "health_check.rise"]);
        } else {
            let words = "of `fall` and `rise` nothing is shown: too few requests come to a backend between two of its checks";
            self.proof.unshown.push(words.into());
        }
    }
}
