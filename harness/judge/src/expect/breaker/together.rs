//! What several backends say together of one declared breaker.

use crate::claim::{Basis, Claim};

/// What one backend says.
pub(super) struct Said {
    /// In full.
    pub claim: Claim,
    /// Why nothing happened at it that speaks for or against the declared breaker, in a few words.
    pub nothing: Option<String>,
}

/// The claims of all. One rule is declared for all of them: a breaker beside it must fit at each of them, and one that had no
/// reason to open takes nothing away from what another one has shown.
pub(super) fn claims(said: Vec<Said>) -> Vec<Claim> {
    let shows = |claim: &Claim| matches!(claim.basis, Basis::Admitted { admitted: true, exposures, .. } if exposures > 0);
    let fitting = said.iter().filter(|one| shows(&one.claim)).filter_map(|one| match &one.claim.basis {
        Basis::Admitted { neighbours, .. } => Some(neighbours.clone()),
        _ => None,
    });
    let Some(everywhere) =
        fitting.reduce(|one, other| one.into_iter().filter(|each| other.contains(each)).collect())
    else {
        return said.into_iter().map(|one| one.claim).collect();
    };
    let nothing: Vec<String> = said.iter().filter_map(|one| one.nothing.clone()).collect();
    let mut claims: Vec<Claim> =
        said.into_iter().filter(|one| one.nothing.is_none()).map(|one| one.claim).collect();
    for claim in claims.iter_mut().filter(|claim| shows(claim)) {
        if let Basis::Admitted { neighbours, .. } = &mut claim.basis {
            neighbours.clone_from(&everywhere);
        }
        for words in &nothing {
            claim.observed = format!("{}; {words}", claim.observed);
        }
    }
    claims
}
