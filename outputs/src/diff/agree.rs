//! Whether two runs agree on the columns of a stream.

use crate::advice::Advice;
use crate::error::Error;
use crate::read::FinishedRun;
use causeflow_engine::base::table::ColumnSpec;

/// Whether both sides have the same columns of the same types, in whatever order.
pub(super) fn agree(
    stream: &str,
    a: &[ColumnSpec],
    b: &[ColumnSpec],
    runs: (&FinishedRun, &FinishedRun),
) -> Result<(), Error> {
    let missing = |from: &[ColumnSpec], of: &[ColumnSpec]| {
        let lacks = |column: &&ColumnSpec| {
            !from
                .iter()
                .any(|other| (&other.name, other.kind) == (&column.name, column.kind))
        };
        let columns = of.iter().filter(lacks);
        let names: Vec<String> = columns
            .map(|column| format!("`{}` ({:?})", column.name, column.kind))
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    };
    let only = [(missing(b, a), runs.0), (missing(a, b), runs.1)];
    let only = only
        .into_iter()
        .filter_map(|(names, run)| Some(format!("only {} has {}", run.folder().display(), names?)));
    let only: Vec<String> = only.collect();
    if only.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the stream `{stream}` has other columns than in {}: {}; compare runs whose models give it the same fields",
        runs.1.folder().display(),
        only.join(", ")
    );
    Err(Error::input(runs.0.folder(), message).advising(&[Advice::SomeStreams]))
}
