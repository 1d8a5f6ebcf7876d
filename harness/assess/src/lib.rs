//! From a run directory to its report, and to the files that reports are written to: one way for fresh runs, old runs
//! and runs that were cut, used by the command line, the tests, and whoever else shows reports.

mod assess;
mod report_files;
mod whole_file;

pub use assess::{judge_fresh, judge_kept, judge_run, plan_of, report_of};
pub use report_files::{ReportFiles, find_format, save_reports};
pub use whole_file::write_whole;
