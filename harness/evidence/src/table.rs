//! One declaration a table gives the row's struct, its columns, and both directions between them.
//!
//! Times are nanoseconds, absent values are `None`, and words (outcomes, ends, methods) are known by name.

use crate::column::{Column, Columns, Declared, Misfit};

/// One row of a table.
pub trait Row: Sized + Clone + Send + 'static {
    /// The table's name, which is also its file name without the ending.
    const NAME: &'static str;

    /// What a row is: the first sentence of its documentation.
    const DOC: &'static str;

    /// The columns, in file order.
    const COLUMNS: &'static [Declared];

    /// The rows column by column, as [`Row::COLUMNS`] declares them.
    fn to_columns(rows: &[Self]) -> Vec<Column>;

    /// Appends the rows that `columns` makes up to `rows`, or tells which column can't be read; then `rows` is as before.
    fn from_columns(columns: &impl Columns, rows: &mut Vec<Self>) -> Result<(), Misfit>;

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
    Headers(Vec<crate::Header>),
    Actions(Vec<crate::Action>),
    Samples(Vec<crate::Sample>),
    LogLines(Vec<crate::LogLine>),
}

/// Declares an enum whose variants are stored, shown and serialized by name.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)+ }

        impl crate::column::Word for $name {
            const ALL: &'static [Self] = &[$($name::$variant,)+];
            const WORDS: &'static [&'static str] = &[$($word,)+];
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

/// Declares a table: its row struct, its columns, and both directions. `column: type = absent` gives what stands for the
/// column in older files, an [`Absent`](crate::column::Absent) that may name the columns before it.
macro_rules! table {
    ($(#[doc = $doc:literal])* $name:ident in $file:literal as $batch:ident {
        $($(#[doc = $field_doc:literal])* $field:ident: $type:ty $(= $absent:expr)?,)+
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name { $($(#[doc = $field_doc])* pub $field: $type,)+ }

        impl crate::table::Row for $name {
            const NAME: &'static str = $file;
            const DOC: &'static str = concat!($($doc, "\n"),*);
            const COLUMNS: &'static [crate::column::Declared] = &[$(crate::column::Declared {
                name: stringify!($field),
                kind: <$type as crate::column::Cell>::KIND,
                doc: concat!($($field_doc, "\n"),*),
            },)+];

            fn to_columns(rows: &[Self]) -> Vec<crate::column::Column> {
                vec![$(<$type as crate::column::Cell>::column(rows.iter().map(|row| Clone::clone(&row.$field))),)+]
            }

            fn from_columns(
                columns: &impl crate::column::Columns,
                rows: &mut Vec<Self>,
            ) -> Result<(), crate::column::Misfit> {
                $(let $field: Vec<$type> = crate::column::cells(
                    columns,
                    stringify!($field),
                    crate::table::absent!($($absent)?),
                )?;)+
                rows.reserve(columns.rows());
                for index in 0..columns.rows() {
                    rows.push($name { $($field: Clone::clone(&$field[index]),)+ });
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
