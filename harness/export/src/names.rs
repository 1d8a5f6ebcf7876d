//! By what names a plan calls what evidence numbers.

use evidence::Exchange;
use units::Stretch;

/// The names in a plan, by the index that evidence has for each.
pub struct Names<'a> {
    /// The traffic classes.
    pub traffic: Vec<String>,
    /// The backends.
    pub backends: Vec<String>,
    /// The injections: each fault with its settings.
    pub faults: Vec<String>,
    /// What was done to the gateway: each action with its settings.
    pub actions: Vec<String>,
    /// The headers that are recorded.
    pub headers: Vec<String>,
    /// The phases in their order, and when each was.
    pub phases: Vec<(String, Stretch)>,
    /// The request that an exchange was; `None` for a traffic class that the plan does not have.
    pub request: &'a dyn Fn(&Exchange) -> Option<Request>,
}

/// A request, as far as the plan knows it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The name of its traffic class.
    pub traffic: String,
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
}

impl Names<'_> {
    /// The name of a backend; its number where the plan has none.
    pub fn backend(&self, index: u16) -> String {
        let known = self.backends.get(usize::from(index)).cloned();
        known.unwrap_or_else(|| format!("backend {index}"))
    }

    /// The faults whose bits are set.
    pub fn faults(&self, bits: u64) -> impl Iterator<Item = &str> {
        let faults = self.faults.iter().take(64).enumerate();
        faults.filter(move |(index, _)| bits >> index & 1 == 1).map(|(_, fault)| fault.as_str())
    }
}
