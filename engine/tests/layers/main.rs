//! Every layer uses only what lies below it, in the whole workspace: crates by their manifests and their sources, and the
//! layers and rooms of the engine by what their sources name.

mod invented;
mod paths;
mod rules;

use std::path::{Path, PathBuf};

use rules::{CRATES, LAYERS, LIBRARIES, check, may_use};

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of what is in a folder, sorted; nothing if there is no such folder.
fn entries(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("a name in UTF-8"))
        .filter(|name| name != "target")
        .collect();
    names.sort();
    names
}

/// All Rust sources below a folder, by their paths from the workspace's folder on.
fn sources(folder: &str, found: &mut Vec<String>) {
    for name in entries(&workspace().join(folder)) {
        let path = format!("{folder}/{name}");
        if workspace().join(&path).is_dir() {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn sources_use_only_what_lies_below_them() {
    let mut all = Vec::new();
    CRATES.iter().for_each(|of| sources(of.name, &mut all));
    assert!(all.len() > 500, "only {} sources", all.len());
    let found = all
        .iter()
        .flat_map(|file| check(file, &text(&workspace().join(file))));
    let found: Vec<String> = found.map(|finding| finding.to_string()).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn manifests_ask_only_for_crates_below_them() {
    for of in CRATES {
        let file = format!("{}/Cargo.toml", of.name);
        let mut section = String::new();
        for (line, text) in (1..).zip(text(&workspace().join(&file)).lines()) {
            if text.starts_with('[') {
                section = text.to_string();
            }
            let asked = text.strip_prefix("causeflow-");
            let asked = asked.and_then(|rest| rest.split(['.', ' ', '=']).next());
            let in_sources = !section.contains("dev-dependencies");
            let allowed = asked.and_then(|asked| may_use(of, in_sources, asked));
            if let (Some(asked), Some(allowed)) = (asked, allowed) {
                panic!("{file}:{line}: {} uses {asked}; {allowed}", of.name);
            }
        }
    }
}

#[test]
fn every_crate_and_every_room_is_listed() {
    let manifest = text(&workspace().join("Cargo.toml"));
    let members = manifest.lines().find(|line| line.starts_with("members"));
    let members: Vec<&str> = members
        .expect("members")
        .split('"')
        .skip(1)
        .step_by(2)
        .collect();
    let listed: Vec<&str> = CRATES.iter().map(|of| of.name).collect();
    assert_eq!(members, listed);

    let mut layers = entries(&workspace().join("engine/src"));
    layers.retain(|name| name != "lib.rs");
    let mut listed: Vec<&str> = LAYERS.iter().map(|(layer, _)| *layer).collect();
    listed.sort_unstable();
    assert_eq!(layers, listed);
    for (layer, rooms) in LAYERS {
        let there = entries(&workspace().join("engine/src").join(layer));
        let there = there.iter().map(|name| name.trim_end_matches(".rs"));
        let there: Vec<&str> = there.filter(|name| *name != "mod").collect();
        let mut rooms = rooms.to_vec();
        rooms.sort_unstable();
        assert_eq!(there, rooms, "the rooms of {layer}");
    }
}

/// docs/design.md says of each room what it is for, in the order of the list.
#[test]
fn the_page_on_the_design_lists_the_rooms() {
    let page = text(&workspace().join("docs/design.md"));
    let mut listed: Vec<String> = Vec::new();
    for (layer, _) in LAYERS {
        let begins = format!("| `{layer}/");
        let rows = page.lines().filter_map(|line| line.strip_prefix(&begins));
        let names = rows.flat_map(|row| {
            let names = row.split('|').next().unwrap_or_default().split('`');
            names.step_by(2)
        });
        let names = names.filter(|name| !name.trim().is_empty());
        listed.extend(names.map(|name| format!("{layer}/{name}")));
    }
    let rooms = LAYERS.iter().flat_map(|(layer, rooms)| {
        let rooms = rooms.iter();
        rooms.map(move |room| format!("{layer}/{room}"))
    });
    assert_eq!(listed, rooms.collect::<Vec<_>>());
}

/// A module of several files has one way to be laid out: `name/mod.rs`.
#[test]
fn modules_with_files_of_their_own_are_folders() {
    let mut all = Vec::new();
    CRATES.iter().for_each(|of| sources(of.name, &mut all));
    for file in all {
        let folder = file.trim_end_matches(".rs");
        let mut within = Vec::new();
        sources(folder, &mut within);
        assert!(
            within.is_empty(),
            "{file} belongs into {folder}/mod.rs, beside {within:?}"
        );
    }
}

/// The lines of a source that name a flag of a command line, in anything but a comment.
fn flags(source: &str) -> Vec<usize> {
    let names_flag = |line: &str| {
        let mut flags = line.match_indices("--");
        flags.any(|(at, dashes)| {
            let after = line[at + dashes.len()..].chars().next();
            !line[..at].ends_with('-') && after.is_some_and(|c| c.is_ascii_lowercase())
        })
    };
    let lines = (1..).zip(source.lines());
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//") && names_flag(line))
        .map(|(line, _)| line)
        .collect()
}

/// What a library says fits every front: a command line words it with its flags itself.
#[test]
fn libraries_name_no_flags() {
    let source =
        "// --out\nlet a = b - -c;\nlet rule = \"-----a\";\nlet help = \"add --force to it\";";
    assert_eq!(flags(source), [4]);
    for library in LIBRARIES {
        let mut all = Vec::new();
        sources(&format!("{library}/src"), &mut all);
        for file in all {
            let found = flags(&text(&workspace().join(&file)));
            assert!(found.is_empty(), "{file} names flags in lines {found:?}");
        }
    }
}
