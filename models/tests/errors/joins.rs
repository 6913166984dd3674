//! What cannot be waited for.

use super::{Case, of_text};

/// A model in which events wait for others, with some places of it replaced.
fn found(edits: &[(&str, &str)]) -> Vec<String> {
    let text = r"
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
entities:
  visit: {count: 0}
  nurse: {count: 8}
desks:
  doctors: {shifts: [{from: 0h, to: 24h, agents: 2}]}
streams:
  begun:
    source: {rate: 100}
    creates: visit
  lab:
    causes: [{on: begun, delay: 1h..2h}]
    fields: {visit_id: {value: visit.id}}
  image:
    causes: [{on: begun, delay: 1h..2h}]
    fields: {visit_id: {value: visit.id}}
    lines:
      name: image.part
      count: 2
  seen:
    causes: [{on: begun, delay: 1h}]
    desk: {name: doctors, work: 5m}
  tick:
    source: {rate: 5, actor: nurse}
  home:
    after: {all: [lab, image], of: visit, within: 4h}
    fields: {visit_id: {}}
  first:
    after: {any: [lab, image], of: visit, since: begun}
  late:
    after: {none: [lab], of: visit, since: begun, within: 24h}
";
    of_text(text, edits)
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(found(&[]), Vec::<String>::new());
}

const HOME: &str = "{all: [lab, image], of: visit, within: 4h}";
const FIRST: &str = "{any: [lab, image], of: visit, since: begun}";
const LATE: &str = "{none: [lab], of: visit, since: begun, within: 24h}";

#[test]
fn each_mistake_is_told_once_where_it_stands() {
    let cases: &[Case] = &[
        (
            &[(HOME, "{all: [lab, imgae], of: visit}")],
            "27:",
            "there is no stream `imgae`",
        ),
        (
            &[(HOME, "{all: [lab, lab], of: visit}")],
            "27:",
            "`lab` stands here twice",
        ),
        (
            &[(HOME, "{all: [lab, home], of: visit}")],
            "27:",
            "home would wait for itself",
        ),
        (
            &[(HOME, "{all: [lab, image.part], of: visit}")],
            "27:",
            "`image.part` are lines, which do not see one another",
        ),
        (
            &[
                (HOME, "{all: [lab, seen], of: visit}"),
                ("    fields: {visit_id: {}}\n", ""),
            ],
            "27:",
            "`visit` is a reference to a visit in another cell in seen, expected a visit / wait for what follows from seen with `cell: visit`",
        ),
        (
            &[
                (HOME, "{all: [lab, tick], of: visit}"),
                ("    fields: {visit_id: {}}\n", ""),
            ],
            "27:",
            "`visit` is not known to tick when the event comes from the source of tick",
        ),
        (
            &[(HOME, "{all: [lab, image], of: vist}")],
            "27:",
            "there is no kind of entity `vist`",
        ),
        (
            &[(HOME, "{all: [], of: visit}")],
            "27:",
            "no stream is waited for",
        ),
        (
            &[(HOME, "{of: visit}")],
            "27:",
            "this does not say what is waited for",
        ),
        (
            &[(HOME, "{all: [lab], any: [image], of: visit}")],
            "27:",
            "`any` and `all` exclude each other",
        ),
        (
            &[(HOME, "{all: [lab, image], at_least: 2, of: visit}")],
            "27:",
            "`at_least` says how many of `any`",
        ),
        (
            &[(HOME, "{any: [lab, image], at_least: 3, of: visit}")],
            "27:",
            "found 3, expected 1 to 2",
        ),
        (
            &[(HOME, "{all: [lab, image], of: visit, within: 4}")],
            "27:",
            "this is a number, expected a duration",
        ),
        (
            &[(HOME, "{all: [lab, image], of: visit, within: nobody.x}")],
            "27:",
            "`nobody` is not known here",
        ),
        (
            &[(
                HOME,
                "{all: [lab, image], of: visit}\n    causes: [{on: begun}]",
            )],
            "27:",
            "`after` says what makes these events, and so does `causes`",
        ),
        (
            &[(FIRST, "{any: [lab, image], of: visit}")],
            "30:",
            "each of these is the first one",
        ),
        (
            &[(FIRST, "{any: [lab, image], of: visit, since: begin}")],
            "30:",
            "there is no stream `begin`",
        ),
        (
            &[(FIRST, "{any: [lab, begun], of: visit, since: begun}")],
            "30:",
            "`begun` begins it, and is waited for",
        ),
        (
            &[(LATE, "{none: [lab], of: visit, within: 24h}")],
            "32:",
            "this has no deadline",
        ),
        (
            &[(LATE, "{none: [lab], of: visit, since: began, within: 24h}")],
            "32:",
            "there is no stream `began`",
        ),
        (
            &[(LATE, "{none: [lba], of: visit, since: begun, within: 24h}")],
            "32:",
            "there is no stream `lba`",
        ),
        (
            &[(
                LATE,
                "{none: [lab], of: visit, since: begun, within: 24h, delay: 1h}",
            )],
            "32:",
            "`within` says when it follows",
        ),
        (
            &[(
                LATE,
                "{none: [lab], of: visit, since: begun, within: 24h}\n    creates: nurse",
            )],
            "32:",
            "what follows if nothing has happened creates nobody",
        ),
        (&[("    after: {any", "    aftr: {any")], "30:", "aftr"),
    ];
    for (edits, line, message) in cases {
        let told = found(edits);
        assert_eq!(told.len(), 1, "{edits:?}: {told:#?}");
        assert!(
            told[0].contains(line) && told[0].contains(message),
            "{edits:?}: {told:#?}"
        );
    }
}

/// All at once, also of several that wait.
#[test]
fn all_mistakes_are_told() {
    let told = found(&[
        (HOME, "{all: [lab, imgae], of: visit, within: 4}"),
        (FIRST, "{any: [lab, image], of: visit}"),
        (LATE, "{none: [lab], of: nurse, since: begun, within: 24h}"),
    ]);
    for message in [
        "there is no stream `imgae`",
        "expected a duration",
        "each of these is the first one",
        "`nurse` is not known to lab",
    ] {
        assert!(
            told.iter().any(|told| told.contains(message)),
            "{message}: {told:#?}"
        );
    }
}
