//! Rows to Arrow columns and back: one declaration a table gives the struct, its schema and both directions.
//!
//! Times are nanoseconds in `Int64`, absent values are nulls, and words (outcomes, ends, methods) are dictionary
//! columns, so that pandas, Polars and DuckDB show them by name.
//!
//! A table may grow: a column that was added later is declared with what stands for it in older files, where it is
//! absent, and columns that this version does not know are passed over. A column never changes its meaning.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, Int64Array, RecordBatch, StringArray, UInt8Array, UInt16Array,
    UInt32Array, UInt64Array,
};
use arrow_schema::{DataType, Schema};
use thiserror::Error;
use units::Moment;

use crate::Tag;

/// One row of a table.
pub trait Row: Sized + Clone + Send + 'static {
    /// The table's name, which is also its file name without the ending.
    const NAME: &'static str;

    /// The columns, in file order.
    fn schema() -> Arc<Schema>;

    /// Turns rows into one record batch.
    fn to_batch(rows: &[Self]) -> RecordBatch;

    /// Appends the rows of a batch to `rows`, or tells which column can't be read; then `rows` is as before.
    fn from_batch(batch: &RecordBatch, rows: &mut Vec<Self>) -> Result<(), Misfit>;

    /// Wraps rows for the recorder.
    fn into_batch(rows: Vec<Self>) -> Batch;
}

/// A batch of rows on its way to disk.
#[derive(Debug)]
#[allow(missing_docs, reason = "each variant is named after its table")]
pub enum Batch {
    Exchanges(Vec<crate::Exchange>),
    Attempts(Vec<crate::Attempt>),
    Connections(Vec<crate::Connection>),
    Probes(Vec<crate::Probe>),
    Firings(Vec<crate::Firing>),
    Hiccups(Vec<crate::Hiccup>),
}

/// A column that is not as this version reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Misfit {
    /// It is not there, and nothing stands for it.
    #[error("it has no column `{0}`")]
    Missing(&'static str),
    /// Its type is another one, or a value in it is absent or a word that this version does not know.
    #[error("its column `{0}` holds what this version does not write")]
    Strange(&'static str),
}

/// What stands for a column in files that were written before there was one.
pub(crate) enum Absent<'a, C> {
    /// The same value in every row.
    All(C),
    /// What another column says, row by row.
    As(&'a [C]),
}

impl<C: Cell + Clone> Absent<'_, C> {
    pub(crate) fn cells(self, rows: usize) -> Vec<C> {
        match self {
            Absent::All(cell) => vec![cell; rows],
            Absent::As(cells) => cells.to_vec(),
        }
    }
}

/// Reads the column of this name; `absent` is what stands for it where the batch has none.
pub(crate) fn column<C: Cell + Clone>(
    batch: &RecordBatch,
    name: &'static str,
    absent: Option<Absent<'_, C>>,
) -> Result<Vec<C>, Misfit> {
    match (batch.column_by_name(name), absent) {
        (Some(column), _) => C::cells(column).ok_or(Misfit::Strange(name)),
        (None, Some(absent)) => Ok(absent.cells(batch.num_rows())),
        (None, None) => Err(Misfit::Missing(name)),
    }
}

/// A type that can stand in a column.
pub(crate) trait Cell: Sized {
    fn data_type() -> DataType;
    fn nullable() -> bool {
        false
    }
    fn column(cells: impl Iterator<Item = Self>) -> ArrayRef;
    /// Reads the whole column; nothing if its type or a word in it is not what this version writes.
    fn cells(column: &ArrayRef) -> Option<Vec<Self>>;
}

macro_rules! primitive_cell {
    ($type:ty, $array:ty, $arrow:ty, $data:expr) => {
        impl Cell for $type {
            fn data_type() -> DataType {
                $data
            }
            fn column(cells: impl Iterator<Item = Self>) -> ArrayRef {
                Arc::new(<$array>::from_iter_values(cells))
            }
            fn cells(column: &ArrayRef) -> Option<Vec<Self>> {
                let column = column.as_primitive_opt::<$arrow>()?;
                (column.null_count() == 0).then(|| column.values().to_vec())
            }
        }
    };
}
primitive_cell!(u8, UInt8Array, UInt8Type, DataType::UInt8);
primitive_cell!(u16, UInt16Array, UInt16Type, DataType::UInt16);
primitive_cell!(u32, UInt32Array, UInt32Type, DataType::UInt32);
primitive_cell!(u64, UInt64Array, UInt64Type, DataType::UInt64);
primitive_cell!(i64, Int64Array, Int64Type, DataType::Int64);

macro_rules! wrapped_cell {
    ($type:ty, $inner:ty, $wrap:expr) => {
        impl Cell for $type {
            fn data_type() -> DataType {
                <$inner>::data_type()
            }
            fn column(cells: impl Iterator<Item = Self>) -> ArrayRef {
                <$inner>::column(cells.map(|cell| cell.0))
            }
            fn cells(column: &ArrayRef) -> Option<Vec<Self>> {
                Some(<$inner>::cells(column)?.into_iter().map($wrap).collect())
            }
        }
    };
}
wrapped_cell!(Tag, u64, Tag);
wrapped_cell!(Moment, i64, Moment);

macro_rules! optional_cell {
    ($type:ty, $array:ty, $arrow:ty, $out:expr, $in:expr) => {
        impl Cell for Option<$type> {
            fn data_type() -> DataType {
                <$type>::data_type()
            }
            fn nullable() -> bool {
                true
            }
            fn column(cells: impl Iterator<Item = Self>) -> ArrayRef {
                Arc::new(<$array>::from_iter(cells.map(|cell| cell.map($out))))
            }
            fn cells(column: &ArrayRef) -> Option<Vec<Self>> {
                Some(column.as_primitive_opt::<$arrow>()?.iter().map(|cell| cell.map($in)).collect())
            }
        }
    };
}
optional_cell!(Moment, Int64Array, Int64Type, |moment: Moment| moment.0, Moment);
optional_cell!(u64, UInt64Array, UInt64Type, |number: u64| number, |number: u64| number);

/// A closed set of words, stored as a dictionary column.
pub(crate) trait Word: Copy + 'static {
    const ALL: &'static [(Self, &'static str)];
    fn code(self) -> u8;
}

impl<W: Word> Cell for W {
    fn data_type() -> DataType {
        DataType::Dictionary(Box::new(DataType::UInt8), Box::new(DataType::Utf8))
    }
    fn column(cells: impl Iterator<Item = Self>) -> ArrayRef {
        let words = StringArray::from_iter_values(W::ALL.iter().map(|(_, word)| *word));
        let codes = UInt8Array::from_iter_values(cells.map(Word::code));
        Arc::new(DictionaryArray::new(codes, Arc::new(words)))
    }
    fn cells(column: &ArrayRef) -> Option<Vec<Self>> {
        let column = column.as_dictionary_opt::<UInt8Type>()?;
        let known: Vec<Option<W>> = column
            .values()
            .as_string_opt::<i32>()?
            .iter()
            .map(|word| W::ALL.iter().find(|(_, known)| Some(*known) == word).map(|(value, _)| *value))
            .collect();
        column.keys().iter().map(|code| known.get(usize::from(code?)).copied().flatten()).collect()
    }
}

/// Declares an enum whose variants are stored, shown and serialized by name.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+ }

        impl crate::table::Word for $name {
            const ALL: &'static [(Self, &'static str)] = &[$(($name::$variant, $word),)+];
            fn code(self) -> u8 { self as u8 }
        }

        impl $name {
            /// The word by which files and reports call it.
            pub fn word(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(self.word()) }
        }
    };
}
pub(crate) use words;

/// Declares a table: its row struct, schema, and both directions. `column: type = absent` gives what stands for the
/// column in older files, an [`Absent`] that may name the columns before it.
macro_rules! table {
    ($(#[$meta:meta])* $name:ident in $file:literal as $batch:ident {
        $($(#[$field_meta:meta])* $field:ident: $type:ty $(= $absent:expr)?,)+
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[$field_meta])* pub $field: $type,)+ }

        impl crate::table::Row for $name {
            const NAME: &'static str = $file;

            fn schema() -> std::sync::Arc<arrow_schema::Schema> {
                std::sync::Arc::new(arrow_schema::Schema::new(vec![$(arrow_schema::Field::new(
                    stringify!($field),
                    <$type as crate::table::Cell>::data_type(),
                    <$type as crate::table::Cell>::nullable(),
                ),)+]))
            }

            fn to_batch(rows: &[Self]) -> arrow_array::RecordBatch {
                let columns = vec![$(<$type as crate::table::Cell>::column(rows.iter().map(|row| row.$field)),)+];
                arrow_array::RecordBatch::try_new(Self::schema(), columns).expect("columns follow the schema")
            }

            fn from_batch(
                batch: &arrow_array::RecordBatch,
                rows: &mut Vec<Self>,
            ) -> Result<(), crate::table::Misfit> {
                $(let $field: Vec<$type> = crate::table::column(
                    batch,
                    stringify!($field),
                    crate::table::absent!($($absent)?),
                )?;)+
                rows.reserve(batch.num_rows());
                for index in 0..batch.num_rows() {
                    rows.push($name { $($field: $field[index],)+ });
                }
                Ok(())
            }

            fn into_batch(rows: Vec<Self>) -> crate::table::Batch { crate::table::Batch::$batch(rows) }
        }
    };
}
pub(crate) use table;

/// What a declaration says of a column's absence.
macro_rules! absent {
    () => {
        None
    };
    ($absent:expr) => {
        Some($absent)
    };
}
pub(crate) use absent;
