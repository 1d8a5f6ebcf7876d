//! Rows as columns of plain numbers and texts: what stands between a row and any file format.
//!
//! A table may grow: a column that was added later is declared with what stands for it in older files, where it is
//! absent. A column never changes its meaning.

use thiserror::Error;
use units::Moment;

use crate::Tag;

/// One column of some rows, in their order.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant is named after what it holds")]
pub enum Column {
    U16(Vec<u16>),
    U32(Vec<u32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
    OptionalU64(Vec<Option<u64>>),
    OptionalI64(Vec<Option<i64>>),
    OptionalText(Vec<Option<Box<str>>>),
    /// Indices into the words of the column's [`Kind`].
    Words(Vec<u8>),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is named after what it holds")]
pub enum Kind {
    U16,
    U32,
    U64,
    I64,
    F64,
    OptionalU64,
    OptionalI64,
    OptionalText,
    /// One of these words, which are fewer than 256.
    Words(&'static [&'static str]),
}

/// A column as its table declares it.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What it means, with its unit: a sentence or two.
    pub doc: &'static str,
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

/// Where columns are read from.
pub trait Columns {
    /// How many rows there are.
    fn rows(&self) -> usize;

    /// The column of this name: `None` if there is none, a misfit if it does not hold what `kind` says, all of it.
    fn column(&self, name: &'static str, kind: Kind) -> Result<Option<Column>, Misfit>;
}

/// What stands for a column in files that were written before there was one.
pub(crate) enum Absent<'a, C> {
    /// The same value in every row.
    All(C),
    /// What another column says, row by row.
    As(&'a [C]),
}

/// Reads the column of this name; `absent` is what stands for it where there is none.
pub(crate) fn cells<C: Cell>(
    from: &impl Columns,
    name: &'static str,
    absent: Option<Absent<'_, C>>,
) -> Result<Vec<C>, Misfit> {
    match (from.column(name, C::KIND)?, absent) {
        (Some(column), _) => {
            let cells = C::cells(column).filter(|cells| cells.len() == from.rows());
            cells.ok_or(Misfit::Strange(name))
        }
        (None, Some(Absent::All(cell))) => Ok(vec![cell; from.rows()]),
        (None, Some(Absent::As(cells))) => Ok(cells.to_vec()),
        (None, None) => Err(Misfit::Missing(name)),
    }
}

/// A type that can stand in a column.
pub(crate) trait Cell: Clone {
    const KIND: Kind;
    fn column(cells: impl Iterator<Item = Self>) -> Column;
    /// `None` if the column is of another kind, or has a word that there is not.
    fn cells(column: Column) -> Option<Vec<Self>>;
}

macro_rules! number_cell {
    ($type:ty, $kind:ident, $out:expr, $in:expr) => {
        impl Cell for $type {
            const KIND: Kind = Kind::$kind;
            fn column(cells: impl Iterator<Item = Self>) -> Column {
                Column::$kind(cells.map($out).collect())
            }
            fn cells(column: Column) -> Option<Vec<Self>> {
                match column {
                    Column::$kind(numbers) => Some(numbers.into_iter().map($in).collect()),
                    _ => None,
                }
            }
        }
    };
}
number_cell!(u16, U16, |cell| cell, |number| number);
number_cell!(u32, U32, |cell| cell, |number| number);
number_cell!(u64, U64, |cell| cell, |number| number);
number_cell!(i64, I64, |cell| cell, |number| number);
number_cell!(f64, F64, |cell| cell, |number| number);
number_cell!(Tag, U64, |tag: Tag| tag.0, Tag);
number_cell!(Moment, I64, |moment: Moment| moment.0, Moment);
number_cell!(Option<u64>, OptionalU64, |cell| cell, |number| number);
number_cell!(Option<Moment>, OptionalI64, |cell: Option<Moment>| cell.map(|at| at.0), |number| number
    .map(Moment));

impl Cell for Option<Box<str>> {
    const KIND: Kind = Kind::OptionalText;
    fn column(cells: impl Iterator<Item = Self>) -> Column {
        Column::OptionalText(cells.collect())
    }
    fn cells(column: Column) -> Option<Vec<Self>> {
        if let Column::OptionalText(texts) = column { Some(texts) } else { None }
    }
}

/// A closed set of words.
pub(crate) trait Word: Copy + 'static {
    const ALL: &'static [Self];
    const WORDS: &'static [&'static str];
    fn code(self) -> u8;
}

impl<W: Word> Cell for W {
    const KIND: Kind = Kind::Words(W::WORDS);
    fn column(cells: impl Iterator<Item = Self>) -> Column {
        Column::Words(cells.map(Word::code).collect())
    }
    fn cells(column: Column) -> Option<Vec<Self>> {
        let Column::Words(codes) = column else { return None };
        codes.into_iter().map(|code| W::ALL.get(usize::from(code)).copied()).collect()
    }
}
