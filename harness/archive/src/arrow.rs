//! Columns as Arrow arrays and back.
//!
//! Words are dictionary columns, so that pandas, Polars and DuckDB show them by name; absent values are nulls. Columns that
//! this version does not know are passed over.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, DictionaryArray, Float64Array, Int64Array, RecordBatch, StringArray,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use evidence::{Column, Columns, Kind, Misfit, Row};

/// The schema of a table.
pub(crate) fn schema<R: Row>() -> Arc<Schema> {
    let field = |declared: &evidence::Declared| {
        let (data_type, nullable) = match declared.kind {
            Kind::U16 => (DataType::UInt16, false),
            Kind::U32 => (DataType::UInt32, false),
            Kind::U64 => (DataType::UInt64, false),
            Kind::I64 => (DataType::Int64, false),
            Kind::F64 => (DataType::Float64, false),
            Kind::OptionalU64 => (DataType::UInt64, true),
            Kind::OptionalI64 => (DataType::Int64, true),
            Kind::OptionalText => (DataType::Utf8, true),
            Kind::Words(_) => {
                (DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8)), false)
            }
        };
        Field::new(declared.name, data_type, nullable)
    };
    Arc::new(Schema::new(R::COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

/// Rows as one record batch of their table's `schema`.
pub(crate) fn to_batch<R: Row>(rows: &[R], schema: &Arc<Schema>) -> RecordBatch {
    let columns = R::to_columns(rows).into_iter().zip(R::COLUMNS);
    let arrays = columns.map(|(column, declared)| array(column, declared.kind)).collect();
    RecordBatch::try_new(schema.clone(), arrays).expect("columns follow the schema")
}

fn array(column: Column, kind: Kind) -> ArrayRef {
    match column {
        Column::U16(numbers) => Arc::new(UInt16Array::from(numbers)),
        Column::U32(numbers) => Arc::new(UInt32Array::from(numbers)),
        Column::U64(numbers) => Arc::new(UInt64Array::from(numbers)),
        Column::I64(numbers) => Arc::new(Int64Array::from(numbers)),
        Column::F64(numbers) => Arc::new(Float64Array::from(numbers)),
        Column::OptionalU64(numbers) => Arc::new(UInt64Array::from(numbers)),
        Column::OptionalI64(numbers) => Arc::new(Int64Array::from(numbers)),
        Column::OptionalText(texts) => Arc::new(StringArray::from_iter(texts)),
        Column::Words(codes) => {
            let words = if let Kind::Words(words) = kind { words } else { &[] };
            let words = StringArray::from_iter_values(words);
            Arc::new(DictionaryArray::new(UInt8Array::from(codes), Arc::new(words)))
        }
    }
}

/// A record batch, as rows are read from it.
pub(crate) struct Batch<'a>(pub(crate) &'a RecordBatch);

impl Columns for Batch<'_> {
    fn rows(&self) -> usize {
        self.0.num_rows()
    }

    fn column(&self, name: &'static str, kind: Kind) -> Result<Option<Column>, Misfit> {
        let Some(array) = self.0.column_by_name(name) else { return Ok(None) };
        let column = match kind {
            Kind::U16 => numbers::<UInt16Type>(array).map(Column::U16),
            Kind::U32 => numbers::<UInt32Type>(array).map(Column::U32),
            Kind::U64 => numbers::<UInt64Type>(array).map(Column::U64),
            Kind::I64 => numbers::<Int64Type>(array).map(Column::I64),
            Kind::F64 => numbers::<Float64Type>(array).map(Column::F64),
            Kind::OptionalU64 => optional::<UInt64Type>(array).map(Column::OptionalU64),
            Kind::OptionalI64 => optional::<Int64Type>(array).map(Column::OptionalI64),
            Kind::OptionalText => texts(array).map(Column::OptionalText),
            Kind::Words(words) => codes(array, words).map(Column::Words),
        };
        column.map(Some).ok_or(Misfit::Strange(name))
    }
}

/// `None` if the array is of another type, or a number in it is absent.
fn numbers<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<Vec<T::Native>> {
    let array = array.as_primitive_opt::<T>()?;
    (array.null_count() == 0).then(|| array.values().to_vec())
}

fn optional<T: ArrowPrimitiveType>(array: &ArrayRef) -> Option<Vec<Option<T::Native>>> {
    Some(array.as_primitive_opt::<T>()?.iter().collect())
}

fn texts(array: &ArrayRef) -> Option<Vec<Option<Box<str>>>> {
    Some(array.as_string_opt::<i32>()?.iter().map(|text| text.map(Into::into)).collect())
}

/// The words as indices into `words`, whatever the order of the file's own dictionary. `None` if one is absent or unknown.
fn codes(array: &ArrayRef, words: &[&str]) -> Option<Vec<u8>> {
    let array = array.as_dictionary_opt::<UInt8Type>()?;
    let known: Vec<Option<u8>> = array
        .values()
        .as_string_opt::<i32>()?
        .iter()
        .map(|word| words.iter().position(|known| Some(*known) == word).map(|index| index as u8))
        .collect();
    array.keys().iter().map(|code| known.get(usize::from(code?)).copied().flatten()).collect()
}
