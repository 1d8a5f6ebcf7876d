//! Reads a table up to the last batch that can be read.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use evidence::{Damage, Misfit, Row};

use super::ReadError;
use super::files::{exists, io_at, regular};
use super::frames::Frames;
use crate::arrow::Batch;
use crate::writing::{may_be_absent, table_path};

/// Rows of one table: the ledger counts attempts in 32 bits, and no machine that judges holds as many.
const ROWS_MAX: usize = 1 << 30;

/// Rows of a table, and where it can't be read on.
pub(super) struct Read<R> {
    pub(super) rows: Vec<R>,
    pub(super) damage: Option<Damage>,
}

impl<R> Read<R> {
    /// Notes the damage, and gives the rows.
    pub(super) fn into_rows(self, damaged: &mut Vec<Damage>) -> Vec<R> {
        damaged.extend(self.damage);
        self.rows
    }
}

/// Reads a table up to the last batch that can be read: in a run that was cut, the rest of the file is no batch.
pub(super) fn read_table<R: Row>(dir: &Path) -> Result<Read<R>, ReadError> {
    let path = table_path(dir, R::NAME);
    if may_be_absent(R::NAME) && !exists(&path) {
        return Ok(Read { rows: Vec::new(), damage: None });
    }
    let bytes = regular(&path)?;
    let file = File::open(&path).map_err(io_at(&path))?;
    let mut frames = Frames::new(BufReader::new(file), bytes);
    let mut read = Read { rows: Vec::new(), damage: None };
    let mut batches = 0;
    while let Some(batch) = frames.next() {
        let number = if frames.has_schema() { batches + 1 } else { 0 };
        let taken = batch.and_then(|batch| {
            if read.rows.len() + batch.num_rows() > ROWS_MAX {
                return Err(format!("with it the table has more than {ROWS_MAX} rows"));
            }
            Ok(R::from_columns(&Batch(&batch), &mut read.rows))
        });
        let why = match taken {
            Ok(Ok(())) => {
                batches += 1;
                continue;
            }
            // Not this batch but the whole table is of another kind.
            Ok(Err(misfit @ Misfit::Missing(_))) => {
                return Err(ReadError::Table { path, table: R::NAME, misfit });
            }
            Ok(Err(misfit @ Misfit::Strange(_))) => misfit.to_string(),
            Err(why) => why,
        };
        read.damage = Some(Damage { table: R::NAME, batch: number, why });
        break;
    }
    Ok(read)
}
