//! Where things stand in a model's files, and what is wrong there.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use crate::diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile, with_short_quotes};
use crate::place;
use crate::table::is_table;
use crate::yaml::{self, Node, Value};

/// A place in a model: a file and the path of keys in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct At {
    /// Index of the file.
    pub file: usize,
    /// The keys and list positions that lead there.
    pub path: Vec<String>,
}

impl At {
    /// The place of a top-level block's entry.
    pub fn new(file: usize, path: &[&str]) -> At {
        At {
            file,
            path: path.iter().map(|part| (*part).to_owned()).collect(),
        }
    }

    /// A place below this one.
    pub fn key(&self, key: impl ToString) -> At {
        let mut at = self.clone();
        at.path.push(key.to_string());
        at
    }
}

/// What of a model could not be read: what follows from that is not told.
#[derive(Debug, Default)]
pub struct Flaws {
    /// Entries of blocks in which something is wrong already: file, block, name.
    pub tainted: Vec<(usize, String, String)>,
    /// Blocks that may have entries that nobody could read.
    pub lost: BTreeSet<String>,
}

/// Collects what is wrong.
pub struct Reporter {
    files: Vec<SourceFile>,
    trees: Vec<Node>,
    flaws: Flaws,
    list: Vec<Diagnostic>,
    /// What has been found in what is made for relations, as it is told: where that begins and the message.
    made: BTreeSet<(usize, usize, String)>,
}

/// The name of what is made for an entry of the model, in places within it.
pub const MADE: &str = ":";

impl Reporter {
    /// A reporter on these files and their trees, with what has been found already.
    pub fn new(
        files: Vec<SourceFile>,
        trees: Vec<Node>,
        flaws: Flaws,
        list: Vec<Diagnostic>,
    ) -> Reporter {
        Reporter {
            files,
            trees,
            flaws,
            list,
            made: BTreeSet::new(),
        }
    }

    /// Whether something is wrong already in the entry to which a place belongs.
    pub fn is_tainted(&self, at: &At) -> bool {
        let [block, name, ..] = &at.path[..] else {
            return false;
        };
        let mut tainted = self.flaws.tainted.iter();
        tainted.any(|(file, of, entry)| *file == at.file && of == block && entry == name)
    }

    /// Keeps that something is wrong in the entry to which a place belongs: what follows from that is not told.
    pub fn taint(&mut self, at: &At) {
        if let [block, name, ..] = &at.path[..] {
            let entry = (at.file, block.clone(), name.clone());
            self.flaws.tainted.push(entry);
        }
    }

    /// Whether a block may have entries that nobody could read.
    pub fn is_lost(&self, block: &str) -> bool {
        self.flaws.lost.contains(block)
    }

    /// Whether an entry of a block, wherever it is, is wrong or may not have been read: what it lacks is not told.
    pub fn is_spoilt(&self, block: &str, name: &str) -> bool {
        let mut tainted = self.flaws.tainted.iter();
        self.is_lost(block) || tainted.any(|(_, of, entry)| of == block && entry == name)
    }

    /// An error that no place is to blame for.
    pub fn general(&mut self, message: &str, help: &str) {
        let general =
            Diagnostic::general(Severity::Error, message.to_owned(), Some(help.to_owned()));
        self.list.push(general);
    }

    fn push(
        &mut self,
        severity: Severity,
        at: &At,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) {
        let diagnostic = Diagnostic {
            severity,
            file: Some(at.file),
            span,
            message: with_short_quotes(message),
            help,
        };
        if at.path.get(2).is_some_and(|part| part == MADE) {
            let place = (at.file, diagnostic.span.start, diagnostic.message.clone());
            self.made.insert(place);
        }
        // One mistake may be met from several sides.
        if !self.list.contains(&diagnostic) {
            self.list.push(diagnostic);
        }
    }

    /// An error about the value at a place.
    pub fn error(&mut self, at: &At, message: impl Into<String>, help: Option<String>) {
        if !self.is_tainted(at) {
            self.certain_error(at, message, help);
        }
    }

    /// An error about the value at a place that does not follow from what else is wrong in its stream, such as a name
    /// that is looked for elsewhere.
    pub fn certain_error(&mut self, at: &At, message: impl Into<String>, help: Option<String>) {
        let node = self.trees[at.file].at(&at.path);
        // A whole block would bury the message: its first line is enough.
        let text = &self.files[at.file].text[node.span.clone()];
        let end = node.span.start + text.find('\n').unwrap_or(text.len());
        self.push(
            Severity::Error,
            at,
            node.span.start..end,
            message.into(),
            help,
        );
    }

    /// A warning about the value at a place.
    pub fn warning(&mut self, at: &At, message: impl Into<String>, help: Option<String>) {
        if self.is_tainted(at) {
            return;
        }
        let span = self.trees[at.file].at(&at.path).span.clone();
        self.push(Severity::Warning, at, span, message.into(), help);
    }

    /// An error about the key at a place.
    pub fn error_at_key(&mut self, at: &At, message: impl Into<String>, help: Option<String>) {
        if !self.is_tainted(at) {
            self.certain_error_at_key(at, message, help);
        }
    }

    /// Likewise, where it does not follow from what else is wrong in its stream.
    pub fn certain_error_at_key(
        &mut self,
        at: &At,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let span = self.trees[at.file].key_at(&at.path);
        self.push(Severity::Error, at, span, message.into(), help);
    }

    /// An error about a part of the expression at a place.
    pub fn error_in(
        &mut self,
        at: &At,
        part: &Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        if !self.is_tainted(at) {
            self.certain_error_in(at, part, message, help);
        }
    }

    /// Likewise, where it does not follow from what else is wrong in its stream.
    pub fn certain_error_in(
        &mut self,
        at: &At,
        part: &Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let node = self.trees[at.file].at(&at.path);
        let span = match &node.value {
            // A number is put into an expression in other words than those of the file.
            Value::Scalar { text, plain } if yaml::scalar(text, *plain).is_string() => {
                let from = node.span.start;
                let part = place::written(&self.files[at.file].text[from..], text, part);
                part.map(|part| from + part.start..from + part.end)
            }
            _ => None,
        };
        let span = span.unwrap_or(node.span.clone());
        self.push(Severity::Error, at, span, message.into(), help);
    }

    /// The file of a name in the model's folder.
    pub fn file_named(&self, name: &str) -> Option<usize> {
        let of = |file: &SourceFile| Path::new(&file.path).file_name() == Some(name.as_ref());
        self.files.iter().position(of)
    }

    /// The names of the files that hold tables.
    pub fn tables(&self) -> impl Iterator<Item = String> {
        let names = self.files.iter().filter(|file| is_table(&file.path));
        let names = names.filter_map(|file| Path::new(&file.path).file_name());
        names.map(|name| name.to_string_lossy().into_owned())
    }

    /// What a file holds.
    pub fn text(&self, file: usize) -> &str {
        &self.files[file].text
    }

    /// An error at a place of a file that is no YAML.
    pub fn error_at(
        &mut self,
        file: usize,
        span: Range<usize>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.push(
            Severity::Error,
            &At::new(file, &[]),
            span,
            message.into(),
            help,
        );
    }

    /// Whether there are no files at all.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether anything is wrong so far.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// How much has been found so far.
    pub fn found(&self) -> usize {
        self.list.len()
    }

    /// Forgets what has been found after so much.
    pub fn forget_after(&mut self, found: usize) {
        self.list.truncate(found);
    }

    /// All that is wrong, in the order of the files.
    pub fn finish(mut self) -> Diagnostics {
        let made = &self.made;
        let is_made = |d: &Diagnostic| {
            made.contains(&(d.file.unwrap_or_default(), d.span.start, d.message.clone()))
        };
        // What is wrong where a model says it is so, too, in what is made of that.
        let mut errors = self.list.iter().filter(|d| d.severity == Severity::Error);
        if errors.any(|d| !is_made(d)) {
            self.list.retain(|d| !is_made(d));
        }
        self.list
            .sort_by_key(|d| (d.file, d.span.start, d.span.end));
        Diagnostics {
            files: self.files,
            list: self.list,
        }
    }
}
