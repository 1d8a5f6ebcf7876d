//! Where a table can't be read on.

use std::fmt;

/// Where a table can't be read on: its rows up to there were read, what stands behind is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The table.
    pub table: &'static str,
    /// The batch that can't be read, from 1; 0 if the head of the table can't be read, and so no batch.
    pub batch: usize,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the table `{}` is damaged at ", self.table)?;
        match self.batch {
            0 => write!(f, "its head: {}", self.why),
            batch => write!(f, "batch {batch}: {}", self.why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_batch_are_named() {
        let damage = Damage { table: "attempts", batch: 3, why: "it is cut off".into() };
        assert_eq!(damage.to_string(), "the table `attempts` is damaged at batch 3: it is cut off");
        assert_eq!(
            Damage { batch: 0, ..damage }.to_string(),
            "the table `attempts` is damaged at its head: it is cut off"
        );
    }
}
