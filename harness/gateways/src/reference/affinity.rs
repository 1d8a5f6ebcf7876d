//! What keeps requests that belong together at one backend: their key, and the backend that it chooses.

use http::{HeaderMap, header};
use policy::{Affinity, AffinityBy};
use units::Draw;

/// The key of a request, by what the policy says; None if it carries none. `client` is the number of its connection.
pub(crate) fn key(affinity: &Affinity, headers: &HeaderMap, path: &str, client: u64) -> Option<u64> {
    match &affinity.by {
        AffinityBy::Connection => Some(client),
        AffinityBy::Path => Some(hash(path.as_bytes())),
        AffinityBy::Header(name) => headers.get(name).map(|value| hash(value.as_bytes())),
        AffinityBy::Cookie(name) => {
            let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
            let mut pairs =
                lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(found, _)| found == name).map(|(_, value)| hash(value.as_bytes()))
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(Draw::new(0), |draw, byte| draw.with(u64::from(*byte))).bits()
}

/// The backend among `candidates` that a key belongs to, by rendezvous hashing (Thaler and Ravishankar 1996, with the weights
/// of Schindelhauer and Schomaker 2005): if one goes, only its own keys move.
pub(crate) fn chosen(key: u64, candidates: &[usize], weight: impl Fn(usize) -> i64) -> Option<usize> {
    let score = |backend: usize| {
        let drawn = Draw::new(key).with(backend as u64).bits() as f64 / u64::MAX as f64;
        -(weight(backend) as f64) / drawn.clamp(f64::MIN_POSITIVE, 1.0 - f64::EPSILON).ln()
    };
    candidates.iter().copied().max_by(|one, other| score(*one).total_cmp(&score(*other)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_is_the_value_of_what_the_policy_names() {
        let mut headers = HeaderMap::new();
        headers.insert("x-user", HeaderValue::from_static("7"));
        headers.append("cookie", HeaderValue::from_static("a=1; session=7"));
        headers.append("cookie", HeaderValue::from_static("b=2"));
        let of = |by: AffinityBy| key(&Affinity { by, comes_back: false }, &headers, "/7", 3);
        assert!(of(AffinityBy::Header("x-user".into())).is_some());
        assert_eq!(of(AffinityBy::Cookie("session".into())), of(AffinityBy::Header("X-User".into())));
        assert_ne!(of(AffinityBy::Cookie("a".into())), of(AffinityBy::Cookie("b".into())));
        assert_eq!(of(AffinityBy::Cookie("c".into())), None);
        assert_ne!(of(AffinityBy::Path), of(AffinityBy::Header("x-user".into())));
        assert_eq!(of(AffinityBy::Connection), Some(3));
    }

    #[test]
    fn if_a_backend_goes_only_its_own_keys_move() {
        let all = [0, 1, 2];
        for key in 0..1_000 {
            let before = chosen(key, &all, |_| 1).unwrap();
            let after = chosen(key, &[1, 2], |_| 1).unwrap();
            assert!(before == 0 || before == after, "{key}");
        }
        assert_eq!(chosen(1, &[], |_| 1), None);
    }

    #[test]
    fn keys_are_shared_by_weight() {
        let heavy = (0..10_000).filter(|key| chosen(*key, &[0, 1], |one| [3, 1][one]) == Some(0)).count();
        assert!((7_300..7_700).contains(&heavy), "{heavy}");
    }
}
