//! How many clients leave while a backend is at work for them, and how many requests end by a timer meanwhile.

use measure::brief::FaultDoes;
use measure::view::Place;
use units::Timespan;

use super::Outlook;

impl Outlook<'_> {
    /// Requests whose client leaves while a fault holds their attempt for at least so much longer, on average.
    pub fn left_behind(&self, longer: Timespan) -> Option<f64> {
        self.classes().map(|class| self.left_behind_of(class, longer)).sum()
    }

    /// Requests that a declared timer ends while a fault holds their attempt, on average.
    pub fn timed_out(&self) -> Option<f64> {
        let timeout = &self.brief.policy.timeout;
        let Some(timer) = [timeout.per_try, timeout.total].into_iter().flatten().min() else {
            return Some(0.0);
        };
        let attempts = self.brief.policy.retry.as_ref().map_or(1, |retry| retry.attempts.max(1));
        self.failing(attempts, holds_for(timer))
    }

    fn left_behind_of(&self, class: usize, longer: Timespan) -> Option<f64> {
        let traffic = &self.brief.traffic[class];
        let place = Place { traffic: u16::try_from(class).ok(), ..self.place };
        let of_class = Outlook { place, ..*self };
        let cases = |patience: Timespan, share: f64| -> Option<f64> {
            if share <= 0.0 || patience.is_zero() || of_class.is_over_by(patience) {
                return Some(0.0);
            }
            Some(of_class.failing(1, holds_for(Timespan(*patience + *longer)))? * share)
        };
        let early = traffic.leaving.map(|leaving| (leaving.after, leaving.share.get()));
        let (patience, share) = early.unwrap_or_default();
        Some(cases(patience, share)? + cases(traffic.deadline, 1.0 - share)?)
    }

    /// True if the declared timers end a request before a client leaves that waits so long.
    fn is_over_by(&self, patience: Timespan) -> bool {
        let policy = &self.brief.policy;
        let attempts = policy.retry.as_ref().map_or(1, |retry| u32::from(retry.attempts).max(1));
        let tried = policy.timeout.per_try.map(|per_try| per_try.saturating_mul(attempts));
        [tried, policy.timeout.total.map(|total| *total)].into_iter().flatten().any(|over| over <= *patience)
    }
}

/// Whether a fault holds an attempt for at least so long.
fn holds_for(length: Timespan) -> impl Fn(FaultDoes) -> bool + Copy {
    move |does| match does {
        FaultDoes::Hangs => true,
        FaultDoes::Delays { least, .. } => least >= length,
        _ => false,
    }
}
