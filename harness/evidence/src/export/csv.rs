//! The tables as CSV, for spreadsheets and shell tools. Times are nanoseconds since the epoch; absent values are empty.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use arrow_csv::WriterBuilder;

use super::tables::{GROUP, TableFormat, export};
use super::{ExportError, Exported};
use crate::{Evidence, Row};

/// Writes every table as `csv/TABLE.csv` within `base`, each with a header.
pub fn export_csv(evidence: &Evidence, base: &Path) -> Result<Vec<Exported>, ExportError> {
    export::<Csv>(evidence, base)
}

struct Csv;

impl TableFormat for Csv {
    const NAME: &'static str = "csv";

    fn write<R: Row>(file: File, rows: &[R]) -> io::Result<()> {
        let mut writer = WriterBuilder::new().with_header(true).build(BufWriter::new(file));
        // The header comes with the first batch, so that an empty table has an empty batch.
        let empty = rows.is_empty().then_some(rows);
        for group in empty.into_iter().chain(rows.chunks(GROUP)) {
            writer.write(&R::to_batch(group)).map_err(io::Error::other)?;
        }
        writer.into_inner().flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use units::Moment;

    use super::*;
    use crate::{BodyCheck, Exchange, Hiccup, NO_BACKEND, Outcome, Tag, TagEcho};

    #[test]
    fn a_table_has_a_header_words_by_name_and_nothing_for_what_is_absent() {
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
            echo: TagEcho::Absent,
            body: BodyCheck::Unknown,
        };
        let evidence = Evidence { exchanges: vec![exchange], ..Evidence::default() };
        let files = export_csv(&evidence, dir.path()).unwrap();
        assert_eq!(files[0], Exported { path: dir.path().join("csv/exchanges.csv"), rows: 1 });
        assert_eq!(
            fs::read_to_string(&files[0].path).unwrap(),
            "tag,class,due,sent,first_byte,done,outcome,status,backend,attempt,connection,nth,request_bytes,\
             request_hash,body_bytes,body_hash,echo,body\n\
             7,1,-5,10,,30,eof_no_status,0,65535,0,2,3,4,,0,,absent,unknown\n"
        );
    }

    #[test]
    fn a_table_without_rows_has_its_header() {
        let dir = tempfile::tempdir().unwrap();
        for file in export_csv(&Evidence::default(), dir.path()).unwrap() {
            let text = fs::read_to_string(&file.path).unwrap();
            assert_eq!((file.rows, text.lines().count()), (0, 1), "{}", file.path.display());
        }
    }

    #[test]
    fn a_table_of_several_batches_has_one_header_and_every_row() {
        let dir = tempfile::tempdir().unwrap();
        let rows = GROUP as u64 + 1;
        let hiccups = (0..rows).map(|length| Hiccup { at: Moment(0), length }).collect();
        export_csv(&Evidence { hiccups, ..Evidence::default() }, dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join("csv/hiccups.csv")).unwrap();
        assert_eq!(text.lines().count() as u64, rows + 1);
        assert_eq!(text.lines().last(), Some(format!("0,{}", rows - 1).as_str()));
    }

    #[test]
    fn a_place_that_can_not_be_written_to_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("csv"), "a file").unwrap();
        let error = export_csv(&Evidence::default(), dir.path()).unwrap_err();
        assert!(error.to_string().starts_with(dir.path().join("csv").to_str().unwrap()), "{error}");
    }
}
