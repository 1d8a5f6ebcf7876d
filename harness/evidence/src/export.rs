//! The tables as Parquet files, for pandas, Polars and DuckDB.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::{ReadError, Row, read_run};

/// Rows of one row group.
const GROUP: usize = 1 << 17;

/// Writes every table of the run in `run` into `dir`; gives the files and how many rows each has.
pub fn export_parquet(run: &Path, dir: &Path) -> Result<Vec<(PathBuf, usize)>, ReadError> {
    let evidence = read_run(run)?.evidence;
    fs::create_dir_all(dir).map_err(|source| ReadError::Io { path: dir.to_owned(), source })?;
    Ok(vec![
        write(dir, &evidence.exchanges)?,
        write(dir, &evidence.attempts)?,
        write(dir, &evidence.connections)?,
        write(dir, &evidence.probes)?,
        write(dir, &evidence.firings)?,
        write(dir, &evidence.hiccups)?,
    ])
}

fn write<R: Row>(dir: &Path, rows: &[R]) -> Result<(PathBuf, usize), ReadError> {
    let path = dir.join(R::NAME).with_extension("parquet");
    let failed = |source: std::io::Error| ReadError::Io { path: path.clone(), source };
    let file = File::create(&path).map_err(failed)?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer =
        ArrowWriter::try_new(file, R::schema(), Some(properties)).map_err(|error| failed(error.into()))?;
    for group in rows.chunks(GROUP) {
        writer.write(&R::to_batch(group)).map_err(|error| failed(error.into()))?;
    }
    writer.close().map_err(|error| failed(error.into()))?;
    Ok((path, rows.len()))
}
