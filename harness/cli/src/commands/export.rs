//! `brownout export`: the tables of a run for other tools.

use anyhow::Result;

use crate::args::Export;
use crate::exit::Exit;
use crate::output::{complain, harmless, print};

pub(crate) fn export(args: &Export) -> Result<Exit> {
    let dir = args.out.clone().unwrap_or_else(|| args.run.join("parquet"));
    match evidence::export_parquet(&args.run, &dir) {
        Ok(files) => {
            for (path, rows) in files {
                print(&harmless(&format!("{}  {rows} rows\n", path.display())))?;
            }
            Ok(Exit::Pass)
        }
        Err(error) => {
            complain(&format_args!("error: {error}"));
            Ok(Exit::Usage)
        }
    }
}
