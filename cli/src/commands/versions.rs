//! `causeflow versions`: lists the versions of parts of a run.

use causeflow_outputs::Manifest;
use serde_json::json;

use crate::args::VersionsArgs;
use crate::errors::Failure;
use crate::output::{Align, Table, count, print, print_json};
use crate::versions::{self, Version};

/// Runs the command.
pub fn run(args: &VersionsArgs) -> Result<(), Failure> {
    let run = Manifest::read(&args.out)?;
    let versions = versions::all(&args.out)?;
    if args.json {
        let list: Vec<_> = versions
            .iter()
            .map(|version| as_json(version, &run))
            .collect();
        return print_json(&json!({ "versions": list }));
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

/// A version, for programs.
pub fn as_json(version: &Version, run: &Manifest) -> serde_json::Value {
    json!({
        "name": version.entry.name,
        "folder": version.folder.display().to_string(),
        "from": version.entry.from,
        "to": version.entry.to,
        "until": version.manifest.end,
        "put_in": version.put_in(),
        "rows": version.rows(),
        "fingerprint": version.manifest.fingerprint,
        "of_this_run": version.entry.of == run.fingerprint,
    })
}
