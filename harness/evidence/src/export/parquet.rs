//! The tables as Parquet files, for pandas, Polars and DuckDB.

use std::fs::File;
use std::io;
use std::path::Path;

use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::tables::{GROUP, TableFormat, export};
use super::{ExportError, Exported};
use crate::{Evidence, Row};

/// Writes every table as `parquet/TABLE.parquet` within `base`.
pub fn export_parquet(evidence: &Evidence, base: &Path) -> Result<Vec<Exported>, ExportError> {
    export::<Parquet>(evidence, base)
}

struct Parquet;

impl TableFormat for Parquet {
    const NAME: &'static str = "parquet";

    fn write<R: Row>(file: File, rows: &[R]) -> io::Result<()> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut writer = ArrowWriter::try_new(file, R::schema(), Some(properties))?;
        for group in rows.chunks(GROUP) {
            writer.write(&R::to_batch(group))?;
        }
        writer.close()?;
        Ok(())
    }
}
