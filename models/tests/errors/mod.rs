//! Bad input: every mistake is met with the file, the line, what was found and expected, and what to
//! write instead. Each test makes one mistake in the template, the model that people start from.

mod calendars;
mod constants;
mod dates;
mod desks;
mod each;
mod expectations;
mod expressions;
mod files;
mod joins;
mod laws;
mod lines;
mod many;
mod meant;
mod names;
mod owners;
mod parameters;
mod picks;
mod places;
mod relations;
mod shapes;
mod structure;
mod tables;
mod values;
mod watched;

use causeflow_models::{Diagnostics, Severity, SourceFile, from_files, template};

/// One mistake in the template.
struct Mistake {
    /// What is replaced, the first time that it stands in the template, and by what.
    edit: (&'static str, &'static str),
    /// A part of the line that must be shown; its first occurrence in the edited file.
    line: &'static str,
    /// A part of the message.
    message: &'static str,
    /// A part of the help; empty where no help is needed.
    help: &'static str,
}

/// What stands at the end of the template: what is to be added goes before it.
const END: &str = "  shop.snapshot:\n";

/// The template with some texts replaced; each must be there.
fn edited(edits: &[(&str, &str)]) -> Vec<SourceFile> {
    let mut files = template();
    for (from, to) in edits {
        let file = files.iter_mut().find(|file| file.text.contains(from));
        let file = file.unwrap_or_else(|| panic!("the template has no `{from}`"));
        file.text = file.text.replacen(from, to, 1);
    }
    files
}

/// What is wrong with files that must not load; the report must be showable, with colours and without.
fn refused(files: Vec<SourceFile>) -> Diagnostics {
    let wrong = from_files("test", files).expect_err("the model is wrong");
    assert!(wrong.has_errors(), "a refusal says why");
    assert!(wrong.render(true).len() >= wrong.render(false).len());
    wrong
}

/// The errors as `file:line: message / help`, for messages of tests.
fn summary(wrong: &Diagnostics) -> Vec<String> {
    let show = |d: &causeflow_models::Diagnostic| {
        let place = wrong.position(d).map_or((0, 0), |place| place);
        let file = d.file.map_or("-", |file| &wrong.files[file].path);
        format!(
            "{file}:{}:{}: {} / {}",
            place.0,
            place.1,
            d.message,
            d.help.as_deref().unwrap_or("")
        )
    };
    wrong
        .list
        .iter()
        .filter(|d| d.severity == Severity::Error)
        .map(show)
        .collect()
}

/// What is replaced by what, the line that is to blame, and what is told.
type Case = (
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
);

/// The errors in a model of one file with some places of it replaced; each must be there.
fn of_text(text: &str, edits: &[(&str, &str)]) -> Vec<String> {
    let mut text = text.to_owned();
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    let path = "m/m.yaml".to_owned();
    match from_files("m", vec![SourceFile { path, text }]) {
        Ok(_) => Vec::new(),
        Err(wrong) => summary(&wrong),
    }
}

/// Checks that each case alone is told at its line in its words, with one more error at most. In edits, `\'` is a quote within quotes.
fn all_are_told(cases: &[Case], found: impl Fn(&[(&str, &str)]) -> Vec<String>) {
    let mut wrong = Vec::new();
    for (edits, line, message) in cases {
        let edits: Vec<(&str, String)> = edits
            .iter()
            .map(|(a, b)| (*a, b.replace("\\\'", "''")))
            .collect();
        let edits: Vec<(&str, &str)> = edits.iter().map(|(a, b)| (*a, &**b)).collect();
        let told = found(&edits);
        let place = format!("m/m.yaml:{line}");
        let right = told
            .iter()
            .any(|t| t.starts_with(&place) && t.contains(message));
        if !right || told.len() > 2 {
            wrong.push((line, message, told));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Checks that each mistake alone leads to one error, at its place and in its words.
fn check(mistakes: &[Mistake]) {
    for Mistake {
        edit,
        line,
        message,
        help,
    } in mistakes
    {
        let files = edited(&[*edit]);
        let file = files.iter().find(|file| file.text.contains(line));
        let file = file.unwrap_or_else(|| panic!("no line has `{line}`"));
        let before = &file.text[..file.text.find(line).expect("the line was found")];
        let place = format!("{}:{}:", file.path, before.matches('\n').count() + 1);
        let found = summary(&refused(files));
        assert_eq!(found.len(), 1, "one mistake, one error, not {found:#?}");
        assert!(
            found[0].starts_with(&place),
            "expected {place} in {}",
            found[0]
        );
        let (said, advice) = found[0].rsplit_once(" / ").expect("the summary has both");
        assert!(said.contains(message), "expected `{message}` in {said}");
        assert!(advice.contains(help), "expected `{help}` in {advice}");
        assert!(
            help.is_empty() == advice.is_empty(),
            "the advice is `{advice}`"
        );
    }
}

#[test]
fn the_template_itself_is_right() {
    let model = from_files("template", template()).expect("the template loads");
    assert_eq!(model.compiled.warnings.list, []);
}
