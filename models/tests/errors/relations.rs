//! Relations, and links that cannot be.

use causeflow_models::{SourceFile, from_files};

use super::{Case, of_text, summary};

/// A model with two of them, with some places of it replaced.
fn found(edits: &[(&str, &str)]) -> Vec<String> {
    let text = r"
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
entities:
  region: {count: 4, shared: true}
  student: {count: 20, variables: {grade: '3'}}
  tutor: {count: 6, states: [here, gone]}
relations:
  tutors: {of: student, to: tutor, back: students, starts: {min: 1, max: 2}}
  friends: {of: student, to: student, back: befriended}
streams:
  tutor.wanted:
    source: {rate: 100, actor: student}
    let: {tutor: {value: 'pick(tutor, where: not linked(student.tutors, it))'}, other: {value: 'pick(student, where: it != student)'}}
    fields: {many: {value: 'count(student.tutors, here)', type: int}, grades: {value: 'sum(tutor.students, grade)'}}
    changes:
      - {entity: student, link: {tutors: tutor}}
      - {entity: student, link: {friends: other}, when: 'count(student.friends) < 4'}
  tutor.left:
    source: {rate: 10, actor: tutor}
    changes:
      - {entity: tutor, unlink: {students: all}}
  student.told:
    causes:
      - {on: tutor.left, each: tutor.students}
    fields: {one: {value: 'linked(student.tutors, tutor)'}}
  every.hour:
    timer: {every: 1h}
    fields: {y: {value: '1'}}
";
    of_text(text, edits)
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(found(&[]), Vec::<String>::new());
}

#[test]
fn each_mistake_is_told_once_where_it_stands() {
    let cases: &[Case] = &[
        (
            &[("of: student, to: tutor,", "of: student, to: tuter,")],
            "8:",
            "there is no kind of entity `tuter`",
        ),
        (
            &[("of: student, to: tutor,", "of: student, to: region,")],
            "8:",
            "a region is shared, and lives in one cell",
        ),
        (
            &[("min: 1, max: 2", "min: 3, max: 2")],
            "8:",
            "`min` is more than `max`",
        ),
        (
            &[("back: befriended", "back: friends")],
            "9:",
            "from both ends it is called the same",
        ),
        (
            &[("back: befriended", "back: students")],
            "8:",
            "`students` is what the relation friends is called",
        ),
        (
            &[("back: befriended", "back: grade")],
            "9:",
            "`grade` is something else of those who are linked",
        ),
        (
            &[("link: {friends: other}", "link: {friend: other}")],
            "17:",
            "there is no relation `friend`",
        ),
        (
            &[("link: {tutors: tutor}", "link: {students: tutor}")],
            "16:",
            "a student has no students",
        ),
        (
            &[("link: {tutors: tutor}", "link: {tutors: other}")],
            "16:",
            "this is a reference to a student, expected a tutor",
        ),
        (
            &[("link: {tutors: tutor}", "link: {tutors: tuto}")],
            "16:",
            "`tuto`",
        ),
        (
            &[("link: {tutors: tutor}", "link: {tutors: pick(tutor)}")],
            "16:",
            "who is linked has a name here",
        ),
        (
            &[("link: {friends: other}", "link: {tutors: tutor}")],
            "15:",
            "an event links once by tutors",
        ),
        (
            &[("count(student.tutors, here)", "count(student.tutors, her)")],
            "14:",
            "a tutor has no state `her`",
        ),
        (
            &[("sum(tutor.students, grade)", "sum(student.students, grade)")],
            "14:",
            "this is a reference to a student, and of a tutor there are students",
        ),
        (
            &[(
                "linked(student.tutors, tutor)",
                "linked(student.tutors, student)",
            )],
            "25:",
            "this is a reference to a student, expected a reference to a tutor",
        ),
        (
            &[("linked(student.tutors, tutor)", "linked(student, tutor)")],
            "25:",
            "`linked` asks whether two are linked by a relation",
        ),
        (
            &[("each: tutor.students}", "each: tutor.student}")],
            "24:",
            "a tutor does not belong to a `student`",
        ),
        (
            &[("{value: '1'}", "{value: 'count(student.tutors)'}")],
            "28:",
            "`count` finds nobody",
        ),
    ];
    super::all_are_told(cases, found);
}

/// Nothing but that: what is made of it is not told of, too.
#[test]
fn one_mistake_is_told_once() {
    for edit in [
        ("link: {tutors: tutor}", "link: {tutors: other}"),
        (
            "when: 'count(student.friends) < 4'",
            "when: 'count(student.friends) < x'",
        ),
    ] {
        assert_eq!(found(&[edit]).len(), 1, "{edit:?}");
    }
    let nobody = found(&[
        (", starts: {min: 1, max: 2}", ""),
        ("      - {entity: student, link: {tutors: tutor}}\n", ""),
    ]);
    assert!(nobody[0].contains("nobody is ever linked"), "{nobody:?}");
}

/// A graph from a table, with some places of the model or the table replaced.
fn of_table(model: (&str, &str), table: (&str, &str)) -> Vec<String> {
    let text = "model: {name: m, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}\n\
                tables: {app: apps.csv}\n\
                entities: {service: {rows: app}, person: {count: 3}}\n\
                relations:\n  needs: {of: service, to: service, rows: needs.csv}\n\
                streams:\n  failed: {source: {rate: 9, actor: service}, fields: {many: {value: count(service.needs)}}}\n";
    let rows = "service,needs\na,b\na,c\nc,a\n";
    assert!(text.contains(model.0) && rows.contains(table.0));
    let file = |path: &str, text: String| SourceFile {
        path: path.into(),
        text,
    };
    let files = vec![
        file("m/m.yaml", text.replacen(model.0, model.1, 1)),
        file("m/apps.csv", "name\na\nb\nc\n".into()),
        file("m/needs.csv", rows.replacen(table.0, table.1, 1)),
    ];
    match from_files("m", files) {
        Ok(_) => Vec::new(),
        Err(wrong) => summary(&wrong),
    }
}

#[test]
fn what_is_wrong_in_a_table_of_links_is_told_there() {
    assert_eq!(of_table(("", ""), ("", "")), Vec::<String>::new());
    let cases = [
        (
            ("cells: 1", "cells: 2"),
            ("", ""),
            "m/m.yaml:5:",
            "lives in one cell",
        ),
        (
            ("to: service", "to: person"),
            ("", ""),
            "m/m.yaml:5:",
            "a person is not made of a row",
        ),
        (
            ("rows: needs.csv", "rows: need.csv"),
            ("", ""),
            "m/m.yaml:5:",
            "there is no file `need.csv`",
        ),
        (
            (
                "rows: needs.csv",
                "rows: needs.csv, starts: {min: 1, max: 2}",
            ),
            ("", ""),
            "m/m.yaml:5:",
            "and no others",
        ),
        (
            ("", ""),
            ("service,needs", "service,need"),
            "m/needs.csv:1:",
            "there is no column `needs`",
        ),
        (
            ("", ""),
            ("c,a", "c,d"),
            "m/needs.csv:4:3",
            "no service is made of a row `d`",
        ),
        (
            ("", ""),
            ("a,c", "a,b"),
            "m/needs.csv:3:",
            "these two stand here a second time",
        ),
    ];
    for (model, table, place, message) in cases {
        let told = of_table(model, table);
        let right = |t: &String| t.starts_with(place) && t.contains(message);
        assert!(
            told.len() == 1 && told.iter().all(right),
            "{message}: {told:#?}"
        );
    }
}
