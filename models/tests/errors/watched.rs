//! What cannot be tracked, and levels that cannot be crossed.

use super::{Case, of_text};

/// A model in which something is watched, with some places of it replaced.
fn found(edits: &[(&str, &str)]) -> Vec<String> {
    let text = r"
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
entities:
  team: {count: 4}
  sensor:
    count: 20
    states: [up, down]
    belongs_to: {team: {min: 1, max: 9}}
    attributes: {limit: 'uniform(5, 9)'}
    variables: {level: '5', seen: '0'}
    track: [level, state]
streams:
  sensor.read:
    source: {rate: 100, actor: sensor}
    let: {other: {value: pick(sensor)}}
    fields: {level: {value: 'uniform(0, 10)'}}
    changes:
      - {entity: sensor, set: {level: level}}
      - {entity: other, state: down, when: level > 9}
  sensor.seen:
    source: {rate: 100, actor: sensor}
    fields: {x: {value: '1'}}
    changes: [{entity: sensor, add: {seen: 1}}]
  level.high:
    crossing: {of: sensor, when: level > limit, until: level < 4}
    fields: {sensor_id: {value: sensor.id}}
";
    of_text(text, edits)
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(found(&[]), Vec::<String>::new());
}

const CROSSING: &str = "{of: sensor, when: level > limit, until: level < 4}";

#[test]
fn each_mistake_is_told_once_where_it_stands() {
    let cases: &[Case] = &[
        (
            &[("track: [level, state]", "track: [levl, state]")],
            "11:",
            "a sensor has no variable `levl`",
        ),
        (
            &[("track: [level, state]", "track: [limit]")],
            "11:",
            "`limit` is an attribute, which never changes",
        ),
        (
            &[("track: [level, state]", "track: [team]")],
            "11:",
            "to which team a sensor belongs is not tracked",
        ),
        (
            &[("track: [level, state]", "track: [level, level]")],
            "11:",
            "`level` stands here twice",
        ),
        (
            &[("seen: '0'}", "seen: '0', valid_from: '0'}")],
            "11:",
            "`valid_from` is a column of what is tracked",
        ),
        (
            &[("sensor.seen:", "sensor.history:")],
            "11:",
            "there is a stream `sensor.history`, which is the name of this history",
        ),
        (
            &[
                ("track: [level, state]", "track: [seen]"),
                ("add: {seen: 1}", "add: {level: 1}"),
            ],
            "11:",
            "no event ever changes seen of a sensor",
        ),
        (
            &[("entity: other, state", "entity: pick(sensor), state")],
            "19:",
            "a sensor is watched (`track`, `crossing`), so whom this changes has a name",
        ),
        (
            &[(CROSSING, "{of: senser, when: level > limit}")],
            "25:",
            "there is no kind of entity `senser`",
        ),
        (
            &[(CROSSING, "{of: sensor, when: lvel > limit}")],
            "25:",
            "`lvel` is not an attribute of sensor that is known here",
        ),
        (
            &[(CROSSING, "{of: sensor, when: limit > 4}")],
            "25:",
            "this never changes: it reads no variable of the sensor, nor its state",
        ),
        (
            &[(CROSSING, "{of: sensor, when: level + 4}")],
            "25:",
            "expected a truth value",
        ),
        (
            &[(CROSSING, "{of: sensor, when: 'level > uniform(1, 2)'}")],
            "25:",
            "`when` looks at the sensor alone, and draws nothing",
        ),
        (
            &[("    crossing:", "    source: {rate: 5}\n    crossing:")],
            "26:",
            "`crossing` says what makes these events, and so does `source`",
        ),
        (
            &[("    crossing:", "    creates: team\n    crossing:")],
            "25:",
            "an event of a crossing has no `creates`",
        ),
        (
            &[(
                "sensor_id: {value: sensor.id}}\n",
                "sensor_id: {value: sensor.id}}\n    changes: [{entity: sensor, set: {level: 0}}]\n",
            )],
            "",
            "time would stand still",
        ),
        (
            &[(CROSSING, "{when: level > 4}")],
            "25:",
            "the key `of` is missing here",
        ),
    ];
    super::all_are_told(cases, found);
}
