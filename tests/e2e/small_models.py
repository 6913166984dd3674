"""Small random models with scenarios and external events, as files of a folder: people who look for a bed, wait at a desk, have a
calendar and come back, and interventions at whatever addresses the model lists.

Nothing here knows what a run of them comes to; the same number always gives the same model.
"""

import random

import history

STATES = "[active, away]"


def model(folder, number):
    """Writes the model and returns its name in the folder."""
    draw = random.Random(number)
    name = f"small{number}"
    path = folder / name
    path.mkdir()
    (path / "model.yaml").write_text(text(draw))
    return name


def text(draw):
    """One model: which of its parts it has is drawn, and so are its figures."""
    has = {part: draw.random() < 0.7 for part in ("beds", "desk", "calendar", "counter", "joins", "far", "homes", "closed")}
    streams = [arrived(draw, has), *followers(draw, has)]
    zone = draw.choice(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
    return "\n".join(
        [
            f"model: {{name: small, cells: {draw.choice([1, 2, 3])}, window: {draw.choice(['30m', '1h', '3h'])}, warmup: 1d, "
            f"time_zone: {zone}, reference: {{start: 2026-02-02, days: 28}}}}",
            "counters: [spent]" if has["counter"] else "",
            "profiles:",
            "  day: {hours: [1, 1, 1, 1, 1, 2, 4, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 8, 8, 7, 5, 3, 2, 1]}",
            f"  hours: {{steps: true, hours: [{', '.join(['0'] * 6 + ['1'] * 14 + ['0'] * 4)}], weekdays: [1, 1, 2, 1, 1, 0, 1]}}",
            *entities(draw, has),
            f"desks:\n  front:\n    shifts:\n      - {{from: 0h, to: 24h, agents: {draw.randint(1, 3)}}}\n"
            f"      - {{from: 9h, to: 17h, agents: {draw.randint(1, 3)}}}" if has["desk"] else "",
            "streams:",
            *streams,
            "",
        ]
    )


def entities(draw, has):
    lines = ["entities:", f"  person:\n    count: {draw.randint(60, 200)}\n    states: {STATES}", "    activity: 'lognormal(1, 0.7)'"]
    lines.append("    attributes: {patience: {value: 'uniform(0, 1)'}}\n    variables: {visits: '0'}")
    if has["homes"]:
        lines.append("    belongs_to: {home: {min: 1, max: 60}}")
    if has["calendar"]:
        lines.append(f"    calendar: {{step: 1h, days: 4, open: {draw.choice(['always', 'never'])}}}".replace(", open: never", ""))
    if has["homes"]:
        lines.append("  home: {count: 9, variables: {guests: '0'}}")
    if has["beds"]:
        lines.append(f"  bed: {{count: {draw.randint(6, 25)}, states: [free, taken]}}")
    return lines


def arrived(draw, has):
    profile = "hours" if has["closed"] else "day"
    lets = ["      mood: {value: 'normal(5, 2, 0, 10)'}"]
    fields = ["      person_id: {value: person.id}", "      kind: {choice: {short: 5, long: 3, odd: 1}}", "      mood_then: {value: mood}"]
    fields.append("      amount: {value: 'lognormal(20, 0.6, 1, 200) * (1 + mood / 20)', decimals: 2}")
    fields.append("      visits: {value: person.visits, type: int}")
    changes = ["      - {entity: person, add: {visits: 1}}"]
    if has["beds"]:
        lets.append("      bed: {value: 'pick(bed, free)'}")
        fields += ["      has_bed: {value: bed.state == 'free'}", "      bed_id: {value: bed.id}"]
        changes.append("      - {entity: bed, state: taken, when: has_bed}")
    if has["calendar"]:
        fields.append("      slot_at: {value: 'slot(person, time + 20h, 2h, time + 1h, time + 40h)'}")
        fields.append("      slot_free: {value: 'free(person, slot_at, 2h)'}")
        changes.append("      - {entity: person, reserve: {from: slot_at, for: 2h}, when: slot_free}")
        changes.append("      - {entity: person, open: {from: time, for: 30h}, when: mood > 5}")
    if has["counter"]:
        changes.append("      - {counter: spent, add: amount}")
    if has["homes"]:
        fields.append("      home_id: {value: person.home.id}")
    states = draw.choice(["[active]", "{active: 1, away: 0.3}"])
    lines = [f"  person.arrived:\n    source: {{rate: {draw.randint(150, 500)}, actor: person, states: {states}, profile: {profile}}}"]
    return "\n".join([*lines, "    let:", *lets, "    fields:", *fields, "    changes:", *changes])


def followers(draw, has):
    """What follows from an arrival, and what a timer sees of it all."""
    share = lambda low, high: round(draw.uniform(low, high), 2)
    paid = share(0.5, 0.9)
    carried = "person_id: {}, amount: {}"
    streams = [
        f"  bill.paid:\n    causes: [{{on: person.arrived, outcome: bill, probability: {paid}, delay: 1m..2d}}]\n"
        f"    fields: {{{carried}, by_card: {{value: 'bernoulli(0.6)'}}}}",
        f"  bill.open:\n    causes: [{{on: person.arrived, outcome: bill, probability: {round(1 - paid, 2)}, delay: 1d..2d}}]\n"
        f"    fields: {{{carried}, fee: {{value: 'amount * uniform(0.05, 0.2)', decimals: 2}}}}\n"
        "    changes: [{entity: person, state: away, when: 'fee > 3'}]",
        f"  person.back:\n    causes:\n      - {{on: bill.open, probability: {share(0.5, 0.9)}, delay: 2h..1d}}\n"
        f"      - {{on: bill.paid, probability: {share(0.1, 0.3)}, delay: 1h..9h}}\n    requires: \"person.state == 'away'\"\n"
        f"    fields: {{{carried}}}\n    changes: [{{entity: person, state: active}}]",
        f"  note.sent:\n    causes: [{{on: bill.open, count: 'poisson({share(1, 3)})', delay: 10m, spacing: {draw.randint(5, 90)}m}}]\n"
        "    fields: {person_id: {}, length: {value: 'integer(1, 40)', type: int}}",
    ]
    if has["beds"]:
        streams.append(
            "  person.left:\n    causes: [{on: person.arrived, when: has_bed, delay: 'lognormal(9h, 0.5, 1h, 30h)'}]\n"
            "    fields: {person_id: {}, bed_id: {}}\n    changes: [{entity: bed, state: free}]"
        )
    if has["calendar"]:
        streams.append(
            "  visit.held:\n    causes: [{on: person.arrived, when: slot_free, at: slot_at}]\n    fields: {person_id: {}, slot_at: {}}"
        )
    if has["desk"]:
        streams.append(
            f"  case.closed:\n    causes: [{{on: person.arrived, probability: {share(0.3, 0.9)}, delay: 0s..30m}}]\n"
            f"    desk: {{name: front, work: 'exponential({draw.randint(5, 12)}m)', priority: 'floor(mood_then / 4)'}}\n"
            "    fields: {person_id: {}, mood_then: {}, agent_number: {value: agent, type: int}}"
        )
    if has["far"]:
        streams.append(
            f"  word.spread:\n    causes: [{{on: bill.paid, probability: {share(0.2, 0.5)}, delay: 4h..20h, cell: any}}]\n    fields: {{amount: {{}}}}"
        )
    if has["joins"]:
        streams.append(
            "  person.joined:\n    source: {rate: 12, profile: day}\n    creates: person\n    fields: {person_id: {value: person.id}}"
        )
    seen = ["people: {value: 'count(person, active)', type: int}"]
    seen += ["spent: {value: 'total(spent)', decimals: 2}"] if has["counter"] else []
    seen += ["queue: {value: 'waiting(front)', type: int}"] if has["desk"] else []
    streams.append(f"  world.seen:\n    timer: {{every: {draw.choice(['3h', '6h'])}, at: 0m}}\n    fields: {{{', '.join(seen)}}}")
    return streams


def addresses(folder, name):
    """All addresses that the model lists, stream by stream."""
    streams = history.call_json("streams", name, folder=folder)
    found = []
    for stream in streams:
        found += history.call_json("explain", name, stream["name"], folder=folder)["addresses"]
    return found


def intervene(folder, name, number):
    """Writes scenarios `first` and `second` and a timeline of two templates, each at two or three of the model's addresses."""
    draw = random.Random(-number)
    path = folder / name / "scenarios"
    path.mkdir()
    known = addresses(folder, name)
    for scenario in ("first", "second"):
        settling = draw.choice(["immediate", "{linear: 6h}", "{half_life: 2h}"])
        lines = [f"id: {scenario}\nname: {scenario}\ndescription: Something happens.\nduration: {draw.randint(6, 30)}h"]
        lines.append(f"onset: {draw.choice(['0h', '3h'])}\nsettling: {settling}\nmodifiers:")
        lines += [f"  - {rule}" for rule in rules(draw, known)]
        if draw.random() < 0.5:
            lines += ["cascades:\n  - after: 4h\n    modifiers:", *(f"      - {rule}" for rule in rules(draw, known))]
        (path / f"{scenario}.yaml").write_text("\n".join(lines) + "\n")
    lines = ["templates:"]
    for template in ("news", "storm"):
        lines.append(
            f"  {template}:\n    type: operational\n    title: {template}\n    description: It is in the papers.\n    severity: info\n"
            f"    icon: cloud\n    timing: {{pattern: random, every: {draw.randint(14, 30)}h}}\n"
            "    expects: {streams: [person.arrived], direction: mixed, magnitude: low}\n"
            f"    delay: 1h\n    duration: {draw.randint(3, 12)}h\n    modifiers:"
        )
        lines += [f"      - {rule}" for rule in rules(draw, known)]
    (path / "events.yaml").write_text("\n".join(lines) + "\n")


def rules(draw, known):
    chosen = draw.sample(known, draw.randint(1, 3))
    return [f"{{on: {address}, multiply: {draw.choice([0.2, 0.5, 0.8, 1.3, 1.7, 2.5])}}}" for address in chosen]
