//! Folders and files: what is missing, unreadable, or there twice.

use std::fs;

use causeflow_models::{SourceFile, from_files, load, template};

use super::{refused, summary};

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.into(),
        text: text.into(),
    }
}

#[test]
fn names_stand_in_one_file_only() {
    let mut files = template();
    files.push(file(
        "template/z.yaml",
        "streams:\n  order.placed: {source: {rate: 5}}\nentities:\n  customer: {count: 3}\n",
    ));
    files.push(file(
        "template/zz.yaml",
        "model: {name: b, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 2}}\n",
    ));
    let found = summary(&refused(files));
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[0].starts_with(
        "template/z.yaml:2:3: `order.placed` is already defined in another file / remove"
    ));
    assert!(found[1].starts_with(
        "template/z.yaml:4:3: `customer` is already defined in another file / remove"
    ));
    assert!(
        found[2].starts_with("template/zz.yaml:1:1: there is a second `model` block / keep one")
    );
}

#[test]
fn a_model_block_is_needed() {
    let files = vec![file("a.yaml", "counters: [n]\n")];
    let found = summary(&refused(files));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("no file of this folder has a `model` block / add one"),
        "{found:?}"
    );
    for text in ["", "# nothing but a comment\n", "---\n", "\n\n"] {
        assert!(
            summary(&refused(vec![file("a.yaml", text)]))[0]
                .contains("no file of this folder has a `model` block")
        );
    }
}

#[test]
fn a_file_that_is_no_map_is_refused() {
    for text in ["just a text\n", "- a\n- b\n", "5\n"] {
        let found = summary(&refused(vec![file("a.yaml", text)]));
        assert!(
            found[0].starts_with("a.yaml:1:1: found ") && found[0].contains("expected a map"),
            "{found:?}"
        );
    }
}

#[test]
fn folders_hold_yaml_in_utf8() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().to_str().expect("the path is a text");
    let nothing = load(path).expect_err("there is no file").to_string();
    assert!(
        nothing.contains("has no .yaml files") && nothing.contains("causeflow init"),
        "{nothing}"
    );
    fs::write(folder.path().join("a.yaml"), b"model: {name: caf\xe9}\n")
        .expect("the file can be written");
    let latin = load(path).expect_err("it is not UTF-8").to_string();
    assert!(
        latin.contains("a.yaml is not UTF-8 text") && latin.contains("save it as UTF-8"),
        "{latin}"
    );
    let missing = load("tutorin").expect_err("there is none").to_string();
    assert!(
        missing.contains("did you mean `tutoring`? Otherwise give the path of a model's folder"),
        "{missing}"
    );
}

#[test]
fn a_folder_is_read_like_its_files() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for file in template() {
        let name = file
            .path
            .rsplit('/')
            .next()
            .expect("a path has a last part");
        fs::write(folder.path().join(name), &file.text).expect("the file can be written");
    }
    fs::write(folder.path().join("notes.txt"), "not a model: [").expect("the file can be written");
    let model =
        load(folder.path().to_str().expect("the path is a text")).expect("the folder is right");
    assert_eq!(model.compiled.program.streams.len(), 5);
}

/// The template in a folder.
fn template_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for file in template() {
        let name = file.path.rsplit('/').next().expect("a path has a name");
        fs::write(folder.path().join(name), &file.text).expect("the file can be written");
    }
    folder
}

#[test]
fn hidden_files_are_no_part_of_a_model() {
    let folder = template_folder();
    for name in [".hidden.yaml", ".#shop.yaml", ".yaml"] {
        fs::write(folder.path().join(name), "no model: [").expect("the file can be written");
    }
    load(folder.path().to_str().expect("the path is a text")).expect("the folder is right");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_beside_what_is_wrong_in_the_files() {
    let folder = template_folder();
    let beside = |name: &str| folder.path().join(name);
    let socket = std::os::unix::net::UnixListener::bind(beside("p.yaml"));
    socket.expect("a socket can be made");
    let link = |to: &str, name| std::os::unix::fs::symlink(to, beside(name));
    link("/dev/zero", "z.yaml").expect("a link can be made");
    link("nowhere", "n.yaml").expect("a link can be made");
    fs::write(beside("shop.yaml"), "streams:\n  a.b: {sourc: 1}\n").expect("it can be written");
    let path = folder.path().to_str().expect("the path is a text");
    let found = summary(&load(path).expect_err("there is no telling what they hold"));
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(found[0].contains("cannot read") && found[0].contains("n.yaml"));
    assert!(found[1].contains("p.yaml is not a file") && found[1].contains("remove it"));
    assert!(found[2].contains("z.yaml is not a file"));
    assert!(found[3].contains("unknown key `sourc`"));
}

#[test]
fn a_file_of_data_is_too_large() {
    let folder = template_folder();
    let large = fs::File::create(folder.path().join("a.yaml")).expect("it can be written");
    large.set_len((16 << 20) + 1).expect("it can grow");
    let path = folder.path().to_str().expect("the path is a text");
    let found = summary(&load(path).expect_err("the file is too large"));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("a.yaml is too large: a file has at most 16 MiB"));
}

#[test]
fn a_file_is_no_folder_of_a_model() {
    let folder = template_folder();
    let path = folder.path().join("shop.yaml");
    let found = load(path.to_str().expect("the path is a text")).expect_err("it is a file");
    let found = found.to_string();
    assert!(
        found.contains("is a file, expected the folder of a model"),
        "{found}"
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_are_no_matter() {
    let mut files = template();
    for file in &mut files {
        file.text = format!("\u{feff}{}", file.text.replace('\n', "\r\n"));
    }
    from_files("windows", files.clone()).expect("it is the same model");
    files[1].text = files[1].text.replace("on: shop.visited", "on: shop.visitd");
    let found = summary(&refused(files));
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("template/shop.yaml:13:14:"),
        "{found:?}"
    );
}
