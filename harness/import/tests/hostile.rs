//! Files that are cut and bent: nothing panics, and every place lies in its file.

use import::{Choices, Sources};
use proptest::prelude::*;

const BICEP: &str = include_str!("../../../docs/tutorials/azure-api-management/orders.bicep");
const POLICY: &str = include_str!("../../../docs/tutorials/azure-api-management/orders.xml");
const JSON: &str = r#"{ "parameters": { "a": { "defaultValue": [1, "b"] } }, "resources": [ { "type": "Microsoft.ApiManagement/service/backends", "name": "[concat('s/', parameters('a')[1])]", "properties": { "pool": { "services": [ { "id": "/backends/a", "weight": 2 } ] } } } ] }"#;

const HAPROXY: &str = include_str!("haproxy.cfg");
const ROUTE: &str = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: a}\nspec:\n  rules:\n  - timeouts: {request: 5s}\n    retry: {attempts: 2, codes: [503], backoff: 1s}\n    backendRefs: [{name: b, weight: 2}, {name: c}]\n";
const ENVOY: &str = include_str!("envoy.yaml");

const CADDY: &str = include_str!("caddy.json");

const TRAEFIK: [&str; 2] = [include_str!("traefik.toml"), include_str!("traefik.yaml")];

const NGINX: &str = include_str!("nginx.conf");

/// A text with some of it cut out, doubled, or replaced.
fn bent(text: &'static str) -> impl Strategy<Value = String> {
    let edit = (0..text.len(), 0..40_usize, "[{}\\[\\]()<>'\"@$!.?é&;:= a-c\n]{0,4}");
    prop::collection::vec(edit, 0..6).prop_map(move |edits| {
        let mut made = text.to_owned();
        for (at, length, new) in edits {
            let boundary =
                |at: usize| (0..=at.min(made.len())).rev().find(|at| made.is_char_boundary(*at)).unwrap_or(0);
            let (start, end) = (boundary(at), boundary(at + length));
            made.replace_range(start..end, &new);
        }
        made
    })
}

fn places_lie_in_their_files(name: &str, text: &str) {
    let mut sources = Sources::default();
    sources.add(name, text.to_owned());
    let (places, scenario) = match import::import(&sources, &Choices::default()) {
        Ok(made) => {
            let places: Vec<_> = made
                .notes
                .iter()
                .map(|note| note.place.clone())
                .chain(made.sources.values().cloned())
                .collect();
            (places, import::scenario(&made, &sources) + &import::sidecar(&made, &sources))
        }
        Err(refused) => (refused.notes.iter().map(|note| note.place.clone()).collect(), String::new()),
    };
    for place in places {
        assert!(place.start <= place.end && place.end <= text.len(), "{place:?} of {}", text.len());
        sources.position(&place);
    }
    assert!(!scenario.contains('\u{1b}'));
}

proptest! {
    #[test]
    fn bicep(text in bent(BICEP)) {
        places_lie_in_their_files("a.bicep", &text);
    }

    #[test]
    fn templates(text in bent(JSON)) {
        places_lie_in_their_files("a.json", &text);
    }

    #[test]
    fn policies(text in bent(POLICY)) {
        places_lie_in_their_files("a.xml", &text);
    }

    #[test]
    fn envoy(text in bent(ENVOY)) {
        let other = "              - match: {path: /billing}\n                route: {cluster: billing}\n";
        places_lie_in_their_files("a.yaml", &text.replace(other, ""));
    }

    #[test]
    fn routes(text in bent(ROUTE)) {
        places_lie_in_their_files("a.yaml", &text);
    }

    #[test]
    fn any_text_that_may_be_yaml(text in "static_resources:[ \n\t]{0,3}([-{}\\[\\]:,&*!<?|>'\"%@`#a-c0-9 \n\té]{0,80})") {
        places_lie_in_their_files("a.yaml", &text);
    }

    #[test]
    fn haproxy(text in bent(HAPROXY)) {
        places_lie_in_their_files("a.cfg", &text);
    }

    #[test]
    fn nginx(text in bent(NGINX)) {
        places_lie_in_their_files("a.conf", &text);
    }

    #[test]
    fn caddy(text in bent(CADDY)) {
        places_lie_in_their_files("a.json", &text);
    }

    #[test]
    fn traefik(toml in bent(TRAEFIK[0]), yaml in bent(TRAEFIK[1])) {
        places_lie_in_their_files("a.toml", &toml);
        places_lie_in_their_files("a.yaml", &yaml);
    }
}
