//! Which files a scenario and the external events come from, and their digests.

use causeflow_models::SourceFile;
use causeflow_models::yaml::{Node, Value, parse};
use causeflow_scenarios::Library;

use crate::model::digest;

/// What a file says about itself at its top.
struct Header<'a> {
    file: &'a SourceFile,
    id: Option<String>,
    extends: Option<String>,
    has_templates: bool,
}

/// The digest over a scenario's file and those of the scenarios that it extends.
pub fn of_scenario(library: &Library, id: &str) -> String {
    let headers = headers(library);
    let mut files: Vec<&SourceFile> = Vec::new();
    let mut wanted = Some(id);
    while let Some(id) = wanted {
        // Files of one's own come last, and take the place of built-in ones.
        let header = headers.iter().rev().find(|h| h.id.as_deref() == Some(id));
        let header = header.filter(|header| !files.contains(&header.file));
        files.extend(header.map(|header| header.file));
        wanted = header.and_then(|header| header.extends.as_deref());
    }
    digest(files)
}

/// The digest over all files of event templates; nothing without any.
pub fn of_events(library: &Library) -> Option<String> {
    let headers = headers(library);
    let files = headers.iter().filter(|header| header.has_templates);
    let files: Vec<&SourceFile> = files.map(|header| header.file).collect();
    (!files.is_empty()).then(|| digest(files))
}

/// Whether a text holds external events and not a scenario.
pub fn holds_events(text: &str) -> bool {
    parse(text).is_ok_and(|tree| {
        entry(&tree, "templates").is_some()
            || entry(&tree, "events").is_some() && entry(&tree, "id").is_none()
    })
}

fn headers(library: &Library) -> Vec<Header<'_>> {
    let header = |file| {
        header(file).unwrap_or(Header {
            file,
            id: None,
            extends: None,
            has_templates: false,
        })
    };
    library.files().iter().map(header).collect()
}

fn header(file: &SourceFile) -> Option<Header<'_>> {
    let tree = parse(&file.text).ok()?;
    Some(Header {
        file,
        id: entry(&tree, "id").and_then(text),
        extends: entry(&tree, "extends").and_then(text),
        has_templates: entry(&tree, "templates").is_some(),
    })
}

fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    let Value::Map(entries) = &node.value else {
        return None;
    };
    let mut entries = entries.iter();
    entries
        .find(|(name, ..)| name == key)
        .map(|(.., node)| node)
}

fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use causeflow_scenarios::built_in;

    #[test]
    fn a_scenarios_digest_is_that_of_what_it_is_made_of() {
        let model = causeflow_models::load("tutoring").expect("the built-in model is right");
        let file = |name: &str, text: &str| SourceFile {
            path: name.to_owned(),
            text: text.to_owned(),
        };
        let library = |own: Vec<SourceFile>| {
            Library::from_files(&model.compiled.program, built_in("tutoring"), own)
        };
        let short = |duration: &str| {
            let text = format!("id: short\nextends: payment-outage\nduration: {duration}\n");
            file("short.yaml", &text)
        };
        let plain = library(Vec::new());
        let own = library(vec![short("1h")]);
        let outage = |library: &Library| of_scenario(library, "payment-outage");
        assert_eq!(outage(&plain), outage(&own));
        assert_ne!(outage(&own), of_scenario(&own, "short"));
        let other = library(vec![short("2h")]);
        assert_ne!(of_scenario(&other, "short"), of_scenario(&own, "short"));
        assert_eq!(of_events(&plain), of_events(&own));
        assert!(holds_events("events: []") && !holds_events("id: x\nevents: []"));
    }
}
