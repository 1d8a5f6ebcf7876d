//! News: what happens, told to whoever listens. Listeners that are too slow miss some and are told so; nothing waits for them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::broadcast::{Receiver, Sender, channel};

/// How many news a listener may be behind.
const BEHIND_MAX: usize = 1_024;

/// How many news are kept for listeners that come later.
const KEPT_MAX: usize = 512;

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    /// Its number since the server started.
    pub number: u64,
    /// The firing that it is about; `null`: all.
    pub firing: Option<i64>,
    /// What happened.
    pub step: Value,
}

/// The news.
pub struct News {
    sender: Sender<Arc<Told>>,
    kept: Mutex<VecDeque<Arc<Told>>>,
}

impl Default for News {
    fn default() -> Self {
        News { sender: channel(BEHIND_MAX).0, kept: Mutex::default() }
    }
}

impl News {
    /// Tells a step.
    pub fn tell(&self, firing: Option<i64>, step: Value) {
        // Numbered and sent under the lock, so that the order is the same for all.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.back().map_or(1, |last| last.number + 1);
        let told = Arc::new(Told { number, firing, step });
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back(told.clone());
        // Nobody listens: that is all right.
        let _ = self.sender.send(told);
    }

    /// What was told after the number `since`, as far as it is kept, and what will be.
    pub fn listen(&self, since: u64) -> (Vec<Arc<Told>>, Receiver<Arc<Told>>) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.iter().filter(|told| told.number > since).cloned().collect(), self.sender.subscribe())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_hears_what_is_kept_and_all_that_comes_with_no_number_twice() {
        let news = News::default();
        for step in 0..KEPT_MAX + 3 {
            news.tell(Some(1), step.into());
        }
        let (kept, mut later) = news.listen(10);
        news.tell(None, "last".into());
        let mut numbers: Vec<u64> = kept.iter().map(|told| told.number).collect();
        numbers.push(later.try_recv().unwrap().number);
        assert_eq!(numbers, (11..=KEPT_MAX as u64 + 4).collect::<Vec<_>>());
    }
}
