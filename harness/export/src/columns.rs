//! The columns that tables are exported with: names instead of numbers, and units in the names of columns.

use std::collections::HashMap;

use evidence::{
    Action, Attempt, Column, Connection, Declared, Exchange, Firing, Header, Hiccup, Kind, LogLine,
    NO_BACKEND, Probe, Row, Sample, TARGET,
};

use crate::Names;

/// A column as it is exported.
pub(crate) struct Exporting {
    pub(crate) name: String,
    pub(crate) values: Values,
}

/// The values of a column, row by row.
pub(crate) enum Values {
    Unsigned(Vec<u64>),
    Signed(Vec<i64>),
    Float(Vec<f64>),
    OptionalUnsigned(Vec<Option<u64>>),
    OptionalSigned(Vec<Option<i64>>),
    /// Indices into the texts.
    Texts(Vec<Option<u32>>, Vec<String>),
    /// Texts of which hardly two are the same.
    OptionalText(Vec<Option<Box<str>>>),
}

impl Values {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Values::Unsigned(numbers) => numbers.len(),
            Values::Signed(numbers) => numbers.len(),
            Values::Float(numbers) => numbers.len(),
            Values::OptionalUnsigned(numbers) => numbers.len(),
            Values::OptionalSigned(numbers) => numbers.len(),
            Values::Texts(codes, _) => codes.len(),
            Values::OptionalText(texts) => texts.len(),
        }
    }
}

/// How a column is exported.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// As it is.
    Plain,
    /// As it is, with the unit behind its name.
    In(&'static str),
    /// By the name of the traffic class.
    Traffic,
    /// By the name of the backend.
    Backend,
    /// By the faults whose bits are set.
    Faults,
    /// By the one fault.
    Fault,
    /// By the name of the header.
    Header,
    /// By the kind of the action, with its settings.
    Action,
}

/// Judged by what a column is called: each name has one meaning in all tables.
fn treatment(declared: &Declared) -> Treatment {
    match (declared.name, declared.kind) {
        ("class", _) => Treatment::Traffic,
        ("backend", _) => Treatment::Backend,
        ("injections" | "effective", _) => Treatment::Faults,
        ("injection", _) => Treatment::Fault,
        ("header", _) => Treatment::Header,
        ("action", _) => Treatment::Action,
        ("delay" | "delay_error" | "paced" | "length" | "held", _) | (_, Kind::I64 | Kind::OptionalI64) => {
            Treatment::In("ns")
        }
        ("received" | "declared", _) => Treatment::In("bytes"),
        _ => Treatment::Plain,
    }
}

fn name_of(declared: &Declared) -> String {
    match treatment(declared) {
        Treatment::In(unit) => format!("{}_{unit}", declared.name),
        Treatment::Traffic => "traffic".into(),
        Treatment::Fault => "fault".into(),
        Treatment::Faults if declared.name == "injections" => "faults_planned".into(),
        Treatment::Faults => "faults_done".into(),
        Treatment::Plain | Treatment::Backend | Treatment::Header | Treatment::Action => declared.name.into(),
    }
}

/// Some rows of a table, column by column.
pub(crate) fn exporting<R: Row>(rows: &[R], names: &Names<'_>) -> Vec<Exporting> {
    let columns = R::to_columns(rows).into_iter().zip(R::COLUMNS);
    let column = |(column, declared): (Column, &Declared)| Exporting {
        name: name_of(declared),
        values: match (treatment(declared), column) {
            (Treatment::Traffic, Column::U16(indices)) => named(indices, &names.traffic, "traffic"),
            (Treatment::Backend, Column::U16(indices)) => named(indices, &names.backends, "backend"),
            (Treatment::Fault, Column::U16(indices)) => named(indices, &names.faults, "fault"),
            (Treatment::Faults, Column::U64(bits)) => faults(&bits, names),
            (Treatment::Header, Column::U16(indices)) => headers(indices, names),
            (Treatment::Action, Column::U16(indices)) => named(indices, &names.actions, "action"),
            (_, column) => plain(column, declared.kind),
        },
    };
    columns.map(column).collect()
}

fn plain(column: Column, kind: Kind) -> Values {
    match column {
        Column::U16(numbers) => Values::Unsigned(numbers.into_iter().map(u64::from).collect()),
        Column::U32(numbers) => Values::Unsigned(numbers.into_iter().map(u64::from).collect()),
        Column::U64(numbers) => Values::Unsigned(numbers),
        Column::I64(numbers) => Values::Signed(numbers),
        Column::F64(numbers) => Values::Float(numbers),
        Column::OptionalU64(numbers) => Values::OptionalUnsigned(numbers),
        Column::OptionalI64(numbers) => Values::OptionalSigned(numbers),
        Column::OptionalText(texts) => Values::OptionalText(texts),
        Column::Words(codes) => {
            let words = if let Kind::Words(words) = kind { words } else { &[] };
            let codes = codes.into_iter().map(|code| Some(u32::from(code))).collect();
            Values::Texts(codes, words.iter().map(|word| (*word).to_owned()).collect())
        }
    }
}

/// What HTTP/2 calls the path and query of a request (RFC 9113, section 8.3.1).
const PATH: &str = ":path";

/// The path and query stands behind all headers.
fn headers(mut indices: Vec<u16>, names: &Names<'_>) -> Values {
    let known = [&names.headers[..], &[PATH.to_owned()]].concat();
    let target = names.headers.len() as u16;
    for index in indices.iter_mut().filter(|index| **index == TARGET) {
        *index = target;
    }
    named(indices, &known, "header")
}

/// Numbers that the plan has no name for are told as such: evidence may be of another plan than the manifest says.
fn named(indices: Vec<u16>, names: &[String], what: &str) -> Values {
    let mut texts = names.to_vec();
    let mut unnamed = HashMap::new();
    let mut text_of = |index: u16| {
        if index == NO_BACKEND {
            return None;
        }
        if usize::from(index) < names.len() {
            return Some(u32::from(index));
        }
        Some(*unnamed.entry(index).or_insert_with(|| {
            texts.push(format!("{what} {index}"));
            texts.len() as u32 - 1
        }))
    };
    let codes = indices.into_iter().map(&mut text_of).collect();
    Values::Texts(codes, texts)
}

fn faults(bits: &[u64], names: &Names<'_>) -> Values {
    let (mut texts, mut known) = (Vec::new(), HashMap::new());
    let mut text_of = |bits: u64| {
        (bits != 0).then(|| {
            *known.entry(bits).or_insert_with(|| {
                texts.push(names.faults(bits).collect::<Vec<_>>().join(" + "));
                texts.len() as u32 - 1
            })
        })
    };
    let codes = bits.iter().map(|bits| text_of(*bits)).collect();
    Values::Texts(codes, texts)
}

/// A table as it is exported, for reference pages.
pub struct Described {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// What a row is.
    pub docs: &'static str,
    /// The name of each column, and what it means, in one line.
    pub columns: Vec<(String, String)>,
}

/// What a column means, in one line and without the numbers that its export has names for.
fn docs_of(declared: &Declared) -> String {
    let words = declared.doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let numbers = [
        (", one bit each by their index in the plan", ""),
        (", one bit each", ""),
        (", by its index in the plan", ""),
        ("[`NO_BACKEND`]", "absent"),
        ("[`TARGET`]", "`:path`"),
    ];
    numbers.into_iter().fold(words, |text, (number, name)| text.replace(number, name))
}

/// Every table, in the order in which they are listed.
pub fn tables() -> Vec<Described> {
    fn described<R: Row>() -> Described {
        let columns = R::COLUMNS.iter().map(|declared| (name_of(declared), docs_of(declared)));
        Described { name: R::NAME, docs: R::DOC, columns: columns.collect() }
    }
    vec![
        described::<Exchange>(),
        described::<Attempt>(),
        described::<Connection>(),
        described::<Probe>(),
        described::<Firing>(),
        described::<Hiccup>(),
        described::<Header>(),
        described::<Action>(),
        described::<Sample>(),
        described::<LogLine>(),
    ]
}
