//! The tables as CSV, for spreadsheets and shell tools.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use csv::Writer;

use crate::columns::{Exporting, Values};
use crate::tables::{TableFormat, export};
use crate::{ExportKind, Write};

pub(crate) const KIND: ExportKind = ExportKind {
    name: "csv",
    summary: "The tables as CSV files with a header, for spreadsheets and shell tools.",
    docs: "`csv/TABLE.csv` for each table of `brownout explain evidence`. What is absent is an empty field. Times are \
           nanoseconds since the epoch of the run.",
    unit: "rows",
    write: Write::Rows(export::<Csv>),
};

struct Csv(Writer<BufWriter<File>>);

impl TableFormat for Csv {
    const ENDING: &'static str = "csv";

    fn begin(file: File, columns: &[Exporting]) -> io::Result<Self> {
        let mut writer = Writer::from_writer(BufWriter::new(file));
        writer.write_record(columns.iter().map(|column| column.name.as_str()))?;
        Ok(Csv(writer))
    }

    fn append(&mut self, columns: &[Exporting]) -> io::Result<()> {
        let rows = columns.first().map_or(0, |column| column.values.len());
        let mut digits = String::new();
        for row in 0..rows {
            for column in columns {
                digits.clear();
                self.0.write_field(field(&column.values, row, &mut digits))?;
            }
            self.0.write_record(None::<&[u8]>)?;
        }
        Ok(())
    }

    fn end(self) -> io::Result<()> {
        self.0.into_inner().map_err(|error| io::Error::other(error.to_string()))?.flush()
    }
}

/// The text of one value; `digits` is empty, and room for those of a number.
fn field<'a>(values: &'a Values, row: usize, digits: &'a mut String) -> &'a str {
    use std::fmt::Write as _;
    // Writing to a string never fails.
    let _ = match values {
        Values::Unsigned(numbers) => write!(digits, "{}", numbers[row]),
        Values::Signed(numbers) => write!(digits, "{}", numbers[row]),
        Values::Float(numbers) => write!(digits, "{}", numbers[row]),
        Values::OptionalUnsigned(numbers) => numbers[row].map_or(Ok(()), |number| write!(digits, "{number}")),
        Values::OptionalSigned(numbers) => numbers[row].map_or(Ok(()), |number| write!(digits, "{number}")),
        Values::OptionalText(texts) => return texts[row].as_deref().unwrap_or_default(),
        Values::Texts(codes, texts) => return codes[row].map_or("", |code| &texts[code as usize]),
    };
    digits
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use evidence::{BodyCheck, Evidence, Exchange, Hiccup, NO_BACKEND, Outcome, Tag, TagEcho};
    use units::Moment;

    use super::*;
    use crate::tables::GROUP;
    use crate::{ExportError, Exported, Names};

    fn csv(evidence: &Evidence, dir: &Path) -> Result<Vec<Exported>, ExportError> {
        let names = Names {
            traffic: vec!["reads".into(), "writes, slow".into()],
            backends: Vec::new(),
            faults: Vec::new(),
            actions: Vec::new(),
            headers: Vec::new(),
            phases: Vec::new(),
            request: &|_| None,
        };
        export::<Csv>(evidence, &names, dir)
    }

    #[test]
    fn a_table_has_a_header_names_units_and_nothing_for_what_is_absent() {
        let dir = tempfile::tempdir().unwrap();
        let exchange = Exchange {
            tag: Tag(7),
            class: 1,
            due: Moment(-5),
            sent: Moment(10),
            first_byte: None,
            done: Moment(30),
            outcome: Outcome::EofNoStatus,
            status: 0,
            backend: NO_BACKEND,
            attempt: 0,
            connection: 2,
            nth: 3,
            request_bytes: 4,
            request_hash: None,
            body_bytes: 0,
            body_hash: None,
            retry_after: None,
            echo: TagEcho::Absent,
            body: BodyCheck::Unknown,
            held: 0,
            disclosed: evidence::Disclosed::Unknown,
        };
        let evidence = Evidence { exchanges: vec![exchange], ..Evidence::default() };
        let files = csv(&evidence, dir.path()).unwrap();
        assert_eq!((&files[0].path, files[0].rows), (&dir.path().join("exchanges.csv"), 1));
        assert_eq!(
            fs::read_to_string(&files[0].path).unwrap(),
            "tag,traffic,due_ns,sent_ns,first_byte_ns,done_ns,outcome,status,backend,attempt,connection,nth,\
             request_bytes,request_hash,body_bytes,body_hash,retry_after,echo,body,held_ns,disclosed\n\
             7,\"writes, slow\",-5,10,,30,eof_no_status,0,,0,2,3,4,,0,,,absent,unknown,0,unknown\n"
        );
    }

    #[test]
    fn a_table_without_rows_has_its_header() {
        let dir = tempfile::tempdir().unwrap();
        for file in csv(&Evidence::default(), dir.path()).unwrap() {
            let text = fs::read_to_string(&file.path).unwrap();
            assert_eq!((file.rows, text.lines().count()), (0, 1), "{}", file.path.display());
        }
    }

    #[test]
    fn a_table_of_several_groups_has_one_header_and_every_row() {
        let dir = tempfile::tempdir().unwrap();
        let rows = GROUP as u64 + 1;
        let hiccups = (0..rows).map(|length| Hiccup { at: Moment(0), length }).collect();
        csv(&Evidence { hiccups, ..Evidence::default() }, dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join("hiccups.csv")).unwrap();
        assert_eq!(text.lines().count() as u64, rows + 1);
        assert_eq!(text.lines().last(), Some(format!("0,{}", rows - 1).as_str()));
    }

    #[test]
    fn a_place_that_can_not_be_written_to_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a-file");
        fs::write(&file, "no directory").unwrap();
        let error = csv(&Evidence::default(), &file).unwrap_err();
        assert!(error.to_string().starts_with(file.to_str().unwrap()), "{error}");
    }
}
