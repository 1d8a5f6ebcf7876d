//! The tables as Parquet files, for pandas, Polars and DuckDB.

use std::fs::File;
use std::io;
use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{Type, TypePtr};

use crate::columns::{Exporting, Values};
use crate::tables::{TableFormat, export};
use crate::{ExportKind, Write};

pub(crate) const KIND: ExportKind = ExportKind {
    name: "parquet",
    summary: "The tables as Parquet files, for pandas, Polars and DuckDB.",
    docs: "`parquet/TABLE.parquet` for each table of `brownout explain evidence`. What is absent is null. Times are \
           nanoseconds since the epoch of the run.",
    unit: "rows",
    write: Write::Rows(export::<Parquet>),
};

struct Parquet(SerializedFileWriter<File>);

impl TableFormat for Parquet {
    const ENDING: &'static str = "parquet";

    fn begin(file: File, columns: &[Exporting]) -> io::Result<Self> {
        let fields = columns.iter().map(field).collect::<Result<_, _>>()?;
        let schema = Type::group_type_builder("row").with_fields(fields).build()?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        Ok(Parquet(SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties))?))
    }

    fn append(&mut self, columns: &[Exporting]) -> io::Result<()> {
        let mut group = self.0.next_row_group()?;
        for column in columns {
            let mut writer =
                group.next_column()?.ok_or_else(|| io::Error::other("fewer columns than the schema has"))?;
            write(&mut writer, &column.values)?;
            writer.close()?;
        }
        group.close()?;
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        self.0.finish()?;
        Ok(())
    }
}

fn field(column: &Exporting) -> Result<TypePtr, parquet::errors::ParquetError> {
    let unsigned = Some(LogicalType::integer(64, false));
    let (physical, logical, repetition) = match column.values {
        Values::Unsigned(_) => (Physical::INT64, unsigned, Repetition::REQUIRED),
        Values::Signed(_) => (Physical::INT64, None, Repetition::REQUIRED),
        Values::Float(_) => (Physical::DOUBLE, None, Repetition::REQUIRED),
        Values::OptionalUnsigned(_) => (Physical::INT64, unsigned, Repetition::OPTIONAL),
        Values::OptionalSigned(_) => (Physical::INT64, None, Repetition::OPTIONAL),
        Values::Texts(..) | Values::OptionalText(_) => {
            (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL)
        }
    };
    let builder = Type::primitive_type_builder(&column.name, physical);
    builder.with_logical_type(logical).with_repetition(repetition).build().map(Arc::new)
}

fn write(writer: &mut SerializedColumnWriter<'_>, values: &Values) -> io::Result<()> {
    match values {
        Values::Unsigned(numbers) => {
            let numbers: Vec<i64> = numbers.iter().map(|number| number.cast_signed()).collect();
            writer.typed::<Int64Type>().write_batch(&numbers, None, None)?;
        }
        Values::Signed(numbers) => {
            writer.typed::<Int64Type>().write_batch(numbers, None, None)?;
        }
        Values::Float(numbers) => {
            writer.typed::<DoubleType>().write_batch(numbers, None, None)?;
        }
        Values::OptionalUnsigned(numbers) => {
            let present: Vec<i64> = numbers.iter().flatten().map(|number| number.cast_signed()).collect();
            writer.typed::<Int64Type>().write_batch(&present, Some(&levels(numbers)), None)?;
        }
        Values::OptionalSigned(numbers) => {
            let present: Vec<i64> = numbers.iter().flatten().copied().collect();
            writer.typed::<Int64Type>().write_batch(&present, Some(&levels(numbers)), None)?;
        }
        Values::Texts(codes, texts) => {
            let texts: Vec<ByteArray> = texts.iter().map(|text| ByteArray::from(text.as_str())).collect();
            let present: Vec<ByteArray> =
                codes.iter().flatten().map(|code| texts[*code as usize].clone()).collect();
            writer.typed::<ByteArrayType>().write_batch(&present, Some(&levels(codes)), None)?;
        }
        Values::OptionalText(texts) => {
            let present: Vec<ByteArray> =
                texts.iter().flatten().map(|text| ByteArray::from(&**text)).collect();
            writer.typed::<ByteArrayType>().write_batch(&present, Some(&levels(texts)), None)?;
        }
    }
    Ok(())
}

/// Parquet's definition levels of an optional column: 1 where there is a value.
fn levels<T>(values: &[Option<T>]) -> Vec<i16> {
    values.iter().map(|value| i16::from(value.is_some())).collect()
}
