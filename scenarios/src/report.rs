//! Gathers everything that is wrong, by the scenario that it makes unusable.

use causeflow_models::yaml::{Node, YamlError};
use causeflow_models::{Diagnostic, Diagnostics, Severity};

/// Something read from a file, with the place where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Sited<T> {
    /// What was read.
    pub def: T,
    /// The file, as an index into the library's files.
    pub file: usize,
    /// Where it stands.
    pub node: Node,
}

impl<T> Sited<T> {
    /// The place of a part of it.
    pub fn part<U>(&self, path: &[&str], def: U) -> Sited<U> {
        Sited {
            def,
            file: self.file,
            node: self.at(path).clone(),
        }
    }

    /// The node at a path of keys and positions, or the nearest one above that exists.
    pub fn at(&self, path: &[&str]) -> &Node {
        let path: Vec<String> = path.iter().map(|&key| key.to_owned()).collect();
        self.node.at(&path)
    }
}

/// One thing that is wrong, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    /// The scenario or template that it is about.
    pub owner: Option<String>,
    /// What is wrong.
    pub diagnostic: Diagnostic,
}

/// All that has been found so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// The findings.
    pub findings: Vec<Finding>,
    /// Whose findings come next.
    pub owner: Option<String>,
}

impl Report {
    /// Adds an error about a part of something.
    pub fn error<T>(
        &mut self,
        sited: &Sited<T>,
        path: &[&str],
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.add(Severity::Error, sited, path, message.into(), help.into());
    }

    /// Adds a warning about a part of something.
    pub fn warning<T>(
        &mut self,
        sited: &Sited<T>,
        path: &[&str],
        message: impl Into<String>,
        help: impl Into<Option<String>>,
    ) {
        self.add(Severity::Warning, sited, path, message.into(), help.into());
    }

    /// Adds what is wrong with a file's text or structure.
    pub fn refuse(&mut self, file: usize, error: YamlError) {
        let owner = self.owner.clone();
        let diagnostic = error.in_file(file);
        self.findings.push(Finding { owner, diagnostic });
    }

    fn add<T>(
        &mut self,
        severity: Severity,
        sited: &Sited<T>,
        path: &[&str],
        message: String,
        help: Option<String>,
    ) {
        let diagnostic = Diagnostic {
            severity,
            file: Some(sited.file),
            span: sited.at(path).span.clone(),
            message,
            help,
        };
        let owner = self.owner.clone();
        self.findings.push(Finding { owner, diagnostic });
    }

    /// The number of errors so far; whoever compiles a part sees from it whether that went well.
    pub fn errors(&self) -> usize {
        self.findings
            .iter()
            .filter(|finding| is_error(finding))
            .count()
    }

    /// Whether there are errors about a scenario or template.
    pub fn is_wrong(&self, owner: &str) -> bool {
        let owns = |finding: &&Finding| finding.owner.as_deref() == Some(owner);
        self.findings.iter().filter(owns).any(is_error)
    }
}

fn is_error(finding: &Finding) -> bool {
    finding.diagnostic.severity == Severity::Error
}

/// A warning that no file is to blame for.
pub(crate) fn warning(message: String) -> Diagnostic {
    Diagnostic::general(Severity::Warning, message, None)
}

/// All errors in one; those with files are all about the library's.
pub(crate) fn gathered(errors: Vec<Diagnostics>) -> Diagnostics {
    let files = errors
        .iter()
        .find(|e| !e.files.is_empty())
        .map(|e| e.files.clone());
    let mut list: Vec<Diagnostic> = Vec::new();
    for diagnostic in errors.into_iter().flat_map(|error| error.list) {
        if !list.contains(&diagnostic) {
            list.push(diagnostic);
        }
    }
    Diagnostics {
        files: files.unwrap_or_default(),
        list,
    }
}
