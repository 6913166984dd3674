//! `causeflow init`: a small working model in a new folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use causeflow_runs::file_name;

use crate::errors::{Failure, shell_word};
use crate::output::print;

const SCHEMA: &str = "causeflow.schema.json";

/// Runs the command.
pub fn run(dir: &Path) -> Result<(), Failure> {
    refuse_unless_empty(dir)?;
    let files = files()?;
    let mut written = Vec::new();
    for (name, text) in &files {
        if let Err(error) = write(dir, name, text, &mut written) {
            // Half a model would be in the way of the next attempt.
            written.iter().for_each(|path| drop(fs::remove_file(path)));
            let path = dir.join(name);
            return Err(Failure::machine(format!(
                "writing {} failed: {error}",
                path.display()
            )));
        }
    }
    let shown = shell_word(dir);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    print(&format!(
        "Wrote {} to {shown}.\n\nNext:\n  \
         causeflow check {shown}                   says what is wrong, also after your changes\n  \
         causeflow explain {shown} order.placed    says what makes a stream and what follows\n  \
         causeflow run {shown} --days 7            plays a week into out/shop-42\n\n\
         docs/models.md explains every key; an editor with a YAML language server completes them.\n",
        names.join(", "),
    ))
}

fn refuse_unless_empty(dir: &Path) -> Result<(), Failure> {
    let shown = dir.display();
    let message = match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => return Ok(()),
        Ok(false) => format!("the folder {shown} is not empty"),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => return Ok(()),
            io::ErrorKind::NotADirectory => format!("{shown} is a file"),
            _ => return Err(Failure::machine(format!("reading {shown} failed: {error}"))),
        },
    };
    let help = "choose a folder that is empty or does not exist yet";
    Err(Failure::input(message, help))
}

/// The template's files with a line that points editors at the schema, and the schema.
fn files() -> Result<Vec<(String, String)>, Failure> {
    let schema = serde_json::to_string_pretty(&causeflow_models::schema());
    let schema = schema.map_err(|error| Failure::machine(format!("cannot write JSON: {error}")))?;
    let modeline = format!("# yaml-language-server: $schema={SCHEMA}\n");
    let template = causeflow_models::template().into_iter();
    let mut files: Vec<(String, String)> = template
        .map(|file| {
            (
                file_name(&file.path).to_owned(),
                modeline.clone() + &file.text,
            )
        })
        .collect();
    files.push((SCHEMA.to_owned(), schema + "\n"));
    Ok(files)
}

fn write(dir: &Path, name: &str, text: &str, written: &mut Vec<PathBuf>) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let path = dir.join(name);
    written.push(path.clone());
    fs::write(path, text)
}
