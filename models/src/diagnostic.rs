//! What is wrong with a model: where, what was found, what was expected, and what to write instead.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A text file that a model is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Its path as messages show it.
    pub path: String,
    /// What it holds.
    pub text: String,
}

/// Whether something stops a model from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The model cannot run.
    Error,
    /// It can, but probably does not do what is meant.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops the model from running.
    pub severity: Severity,
    /// The file, as an index into [`Diagnostics::files`]; none where no file is to blame.
    pub file: Option<usize>,
    /// The bytes of the file that it is about.
    pub span: Range<usize>,
    /// What was found, and what was expected.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// All that is wrong with a model, with the files that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// The files.
    pub files: Vec<SourceFile>,
    /// What is wrong, in the order of the files.
    pub list: Vec<Diagnostic>,
}

impl Diagnostic {
    /// What no file is to blame for.
    pub fn general(severity: Severity, message: String, help: Option<String>) -> Diagnostic {
        Diagnostic {
            severity,
            file: None,
            span: 0..0,
            message,
            help,
        }
    }
}

impl Diagnostics {
    /// Whether anything stops the model from running.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity == Severity::Error)
    }

    /// An error that no file is to blame for.
    pub fn general(message: String, help: Option<String>) -> Diagnostics {
        Diagnostics {
            files: Vec::new(),
            list: vec![Diagnostic::general(Severity::Error, message, help)],
        }
    }

    /// Line and column, from 1, at which a diagnostic stands.
    pub fn position(&self, diagnostic: &Diagnostic) -> Option<(usize, usize)> {
        let text = &self.files[diagnostic.file?].text;
        let before = text.get(..diagnostic.span.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        Some((line, column))
    }

    /// The report for a person, with the lines concerned; `colour` for a terminal.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let mut out = String::new();
        for diagnostic in &self.list {
            let level = match diagnostic.severity {
                Severity::Error => Level::ERROR,
                Severity::Warning => Level::WARNING,
            };
            let mut group = Group::with_title(level.primary_title(&diagnostic.message));
            if let Some(file) = diagnostic.file {
                let file = &self.files[file];
                group = group.element(
                    Snippet::source(&file.text)
                        .path(&file.path)
                        .annotation(AnnotationKind::Primary.span(diagnostic.span.clone())),
                );
            }
            if let Some(help) = &diagnostic.help {
                group = group.element(Level::HELP.message(help));
            }
            out.push_str(&renderer.render(&[group]));
            out.push_str("\n\n");
        }
        let count = |severity| self.list.iter().filter(|d| d.severity == severity).count();
        let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
        let some = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        if errors > 0 {
            out.push_str(&some(errors, "error"));
        }
        if warnings > 0 {
            out.push_str(if errors > 0 { ", " } else { "" });
            out.push_str(&some(warnings, "warning"));
        }
        out
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

/// The nearest of some names to a misspelt one, if any is near enough.
pub fn nearest<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= (wrong.len().max(name.len()) / 3).max(1))
        .min()
        .map(|(_, name)| name)
}

/// "Did you mean" for the nearest name, or the names there are.
pub fn suggestion<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    names.dedup();
    match nearest(wrong, names.iter().copied()) {
        Some(name) => Some(format!("did you mean `{name}`?")),
        None if names.is_empty() => None,
        None if names.len() <= 12 => Some(format!("there are: {}", names.join(", "))),
        None => Some(format!(
            "there are: {}, and {} more",
            names[..8].join(", "),
            names.len() - 8
        )),
    }
}

/// A number as messages show it: of one with many digits the size.
pub(crate) fn number(x: f64) -> String {
    let size = x.abs();
    if size >= 1e12 || (size > 0.0 && size < 1e-9) {
        format!("{x:e}")
    } else {
        x.to_string()
    }
}

/// A text as messages show it: of one that is longer than any name only the beginning.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 100;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// A message in which what is quoted is shortened.
pub(crate) fn with_short_quotes(message: String) -> String {
    let parts = message.split('`').enumerate();
    let parts: Vec<String> = parts
        .map(|(i, part)| match i % 2 {
            1 => shortened(part),
            _ => part.to_owned(),
        })
        .collect();
    parts.join("`")
}
