//! Folders of YAML files.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::builtin::BUILT_IN;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile, nearest, suggestion};

/// Files that hold more than people write are something else, such as data.
const MOST_BYTES: u64 = 16 << 20;

/// The YAML files that stand in a folder itself, in no particular order; those of folders within it
/// are not looked at, and neither are hidden ones, whose names begin with a dot.
///
/// # Errors
/// When the folder or a file cannot be read, is too large, or is not UTF-8 text: all such files are told.
pub fn read_folder(folder: &Path) -> Result<Vec<SourceFile>, Diagnostics> {
    let (files, unreadable) = read(folder)?;
    if unreadable.is_empty() {
        return Ok(files);
    }
    Err(Diagnostics {
        files: Vec::new(),
        list: unreadable,
    })
}

/// Likewise: the files that can be read, and what is wrong with the others, in the order of their paths.
pub(crate) fn read(folder: &Path) -> Result<(Vec<SourceFile>, Vec<Diagnostic>), Diagnostics> {
    let entries = std::fs::read_dir(folder).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = entries.map_err(|error| Diagnostics {
        files: Vec::new(),
        list: vec![unreadable(folder, &error)],
    })?;
    let mut paths: Vec<_> = entries.iter().map(std::fs::DirEntry::path).collect();
    paths.sort();
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for path in paths.iter().filter(|path| is_yaml(path)) {
        match text(path) {
            Ok(text) => files.push(SourceFile {
                path: path.display().to_string(),
                text,
            }),
            Err(error) => wrong.push(error),
        }
    }
    Ok((files, wrong))
}

/// A table's file, if it is there.
pub(crate) fn table(path: &Path) -> Option<Result<SourceFile, Diagnostic>> {
    let file = |text| SourceFile {
        path: path.display().to_string(),
        text,
    };
    path.exists().then(|| text(path).map(file))
}

/// A folder without files is no model.
pub(crate) fn empty(folder: &Path) -> Diagnostics {
    let help = "`causeflow init DIR` writes a small model to start from";
    let message = format!("the folder {} has no .yaml files", folder.display());
    Diagnostics::general(message, Some(help.into()))
}

/// Neither a built-in model nor a folder.
pub(crate) fn none(model: &str) -> Diagnostics {
    if Path::new(model).exists() {
        let message = format!("{model} is a file, expected the folder of a model");
        let help = "give the folder in which the model's .yaml files stand";
        return Diagnostics::general(message, Some(help.into()));
    }
    let names = || BUILT_IN.iter().map(|(name, _)| *name);
    let help = match nearest(model, names()) {
        Some(name) => Some(format!(
            "did you mean `{name}`? Otherwise give the path of a model's folder"
        )),
        None => suggestion(model, names())
            .map(|help| format!("{help}; or give the path of a model's folder")),
    };
    let message = format!("there is no built-in model and no folder `{model}`");
    Diagnostics::general(message, help)
}

fn is_yaml(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    // Editors leave locks and copies of this kind beside the files.
    let hidden = name.as_encoded_bytes().starts_with(b".");
    let ending = path.extension();
    !hidden && ending.is_some_and(|e| e == "yaml" || e == "yml") && !path.is_dir()
}

/// The text of a file. What is no file is not opened: a pipe would never end.
fn text(path: &Path) -> Result<String, Diagnostic> {
    let shown = path.display();
    let kind = std::fs::metadata(path).map_err(|e| unreadable(path, &e))?;
    if !kind.is_file() {
        let message = format!("{shown} is not a file, expected a text in YAML");
        return Err(refusal(message, "remove it from the folder, or rename it"));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(path, &e))?;
    if bytes.len() as u64 > MOST_BYTES {
        let message = format!(
            "{shown} is too large: a file has at most {} MiB",
            MOST_BYTES >> 20
        );
        return Err(refusal(message, "split it, or remove it from the folder"));
    }
    String::from_utf8(bytes).map_err(|e| {
        refusal(
            format!("{shown} is not UTF-8 text: {e}"),
            "save it as UTF-8",
        )
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    refusal(
        format!("cannot read {}: {error}", path.display()),
        "check that it exists and that you may read it",
    )
}

fn refusal(message: String, help: &str) -> Diagnostic {
    Diagnostic::general(Severity::Error, message, Some(help.into()))
}
