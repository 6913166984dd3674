//! `causeflow versions`: lists the versions of parts of a run.

use causeflow_runs::Finished;
use causeflow_runs::versions::VersionsShown;

use crate::args::VersionsArgs;
use crate::errors::Failure;
use crate::output::{Align, Table, count, print, print_json};

/// Runs the command.
pub fn run(args: &VersionsArgs) -> Result<(), Failure> {
    let run = Finished::open(&args.out)?;
    let (versions, run) = (run.versions()?, run.manifest());
    if args.json {
        return print_json(&VersionsShown::of(&versions, run));
    }
    if versions.is_empty() {
        return print("no versions: `causeflow regenerate` makes one\n");
    }
    let mut table = Table::new(&[
        ("version", Align::Left),
        ("from", Align::Left),
        ("to", Align::Left),
        ("events until", Align::Left),
        ("events", Align::Right),
        ("put in", Align::Left),
    ]);
    for version in &versions {
        table.row([
            version.entry.name.clone(),
            version.entry.from.clone(),
            version.entry.to.clone(),
            version.manifest.end.clone(),
            count(version.rows()),
            version.put_in().join(", "),
        ]);
    }
    let foreign = versions.iter().filter(|v| v.entry.of != run.fingerprint);
    let foreign: Vec<&str> = foreign.map(|version| version.entry.name.as_str()).collect();
    let warning = match foreign.is_empty() {
        true => String::new(),
        false => format!(
            "\nwarning: {} of another run than the one that lies here now; `causeflow reset` drops versions\n",
            match foreign.as_slice() {
                [one] => format!("`{one}` is a version"),
                several => format!("`{}` are versions", several.join("`, `")),
            }
        ),
    };
    print(&format!("{}{warning}", table.render(0)))
}
