//! What the exit code says.

use std::process::ExitCode;

use fake_backends::BindError;
use gateways::LaunchError;
use reports::Verdict;
use run::RunError;

/// The exit codes, in the order in which they win over each other when several scenarios are run: a proven failure
/// says most, then what kept brownout from judging at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// 0: every demand was met.
    Pass,
    /// 2: the evidence proves nothing either way.
    Inconclusive,
    /// 3: the scenario or the command line is wrong.
    Usage,
    /// 4: the environment failed: the gateway did not start, a port was taken.
    Environment,
    /// 6: a game day did not begin, because something said no.
    Refused,
    /// 5: a game day was stopped by one of its conditions, or by a person.
    Stopped,
    /// 1: a demand was not met.
    Fail,
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Exit::Pass,
            Verdict::Inconclusive => Exit::Inconclusive,
            Verdict::Fail => Exit::Fail,
        }
    }
}

impl From<&RunError> for Exit {
    fn from(error: &RunError) -> Self {
        match error {
            // Nothing was judged, and neither the scenario nor the environment is to blame.
            RunError::Aborted => Exit::Inconclusive,
            RunError::NotSimulable(_)
            | RunError::Backends(BindError::NotAllowed { .. })
            | RunError::StatusExposed { .. }
            | RunError::Gateway(
                LaunchError::Unsupported(_)
                | LaunchError::NotAllowed { .. }
                | LaunchError::CommandNotAllowed { .. }
                | LaunchError::Configuration { .. },
            ) => Exit::Usage,
            _ => Exit::Environment,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Pass => 0,
            Exit::Fail => 1,
            Exit::Inconclusive => 2,
            Exit::Usage => 3,
            Exit::Environment => 4,
            Exit::Stopped => 5,
            Exit::Refused => 6,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proven_failure_wins_over_everything_and_a_pass_over_nothing() {
        let all = [Exit::Pass, Exit::Fail, Exit::Inconclusive, Exit::Usage, Exit::Environment];
        assert_eq!(all.into_iter().max(), Some(Exit::Fail));
        assert_eq!(all.into_iter().min(), Some(Exit::Pass));
    }
}
