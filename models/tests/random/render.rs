//! The YAML of a random model, in one file or in many.

use std::fmt::Write;

use super::plan::{Cause, Chance, Origin, Plan, StreamPlan, WINDOWS};
use super::{desks, each, joins, lines, relations, watched};

/// (path, text) of the files of a model.
pub type Files = Vec<(String, String)>;

/// What a coupled run changes: everything else stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct Knobs {
    /// Multiplies the rates of the sources.
    pub rate: f64,
    /// Multiplies constant probabilities outside outcome groups.
    pub probability: f64,
}

impl Default for Knobs {
    fn default() -> Self {
        Knobs {
            rate: 1.0,
            probability: 1.0,
        }
    }
}

/// A top-level key and one entry below it.
type Block = (&'static str, String);

/// The model in one file.
pub fn files(plan: &Plan, knobs: Knobs) -> Files {
    let mut text = String::new();
    let mut last = "";
    for (section, entry) in blocks(plan, knobs) {
        if section != last {
            writeln!(text, "{section}:").expect("a string takes everything");
            last = section;
        }
        text.push_str(&entry);
    }
    vec![("all.yaml".into(), text), places(), feasts(), observed()]
}

/// A table of places, in which people live and shops are.
fn places() -> (String, String) {
    let row = |i: u32| format!("place {i},{},{}.5\n", 1 + i * i % 7, i);
    let rows: String = (0..9).map(row).collect();
    ("places.csv".into(), format!("name,size,height\n{rows}"))
}

/// Dates on which nobody works, and others have other hours.
fn feasts() -> (String, String) {
    let rows = "2026-02-04,,\n02-06,02-07,\n2026-02-10,,4\n";
    ("feasts.csv".into(), format!("date,until,days\n{rows}"))
}

/// What was observed: shares, and values below which they lie.
fn observed() -> (String, String) {
    let rows = "0%,-1.5,10m\n0.25,2,2h\n100%,7,3h\n";
    ("observed.csv".into(), format!("share,value,length\n{rows}"))
}

/// The same model with more blocks, every block in a file of its own, in reverse order.
pub fn split_files(plan: &Plan, more: &[Block]) -> Files {
    let blocks = blocks(plan, Knobs::default());
    let all = blocks.iter().chain(more).rev().enumerate();
    all.map(|(i, (section, entry))| (format!("{i:03}.yaml"), format!("{section}:\n{entry}")))
        .chain([places(), feasts(), observed()])
        .collect()
}

/// Blocks that have nothing to do with a model's own streams, except that they read some of them.
pub fn extra_blocks(plan: &Plan) -> Vec<Block> {
    let read = &plan.streams[0].name;
    vec![
        ("entities", "  aardvark: {count: 30, attributes: {length_m: 'uniform(1, 2)'}, variables: {eaten: 0}}\n".into()),
        ("profiles", "  another: {weekdays: [1, 2, 3, 4, 5, 6, 7]}\n".into()),
        ("counters", "  - ants\n".into()),
        (
            "streams",
            "  a.ants.eaten:\n    source: {rate: 200, actor: aardvark, profile: another}\n    \
             changes: [{entity: aardvark, add: {eaten: 1}}, {counter: ants, add: 1}]\n    \
             fields: {length_m: {value: aardvark.length_m}, what: {choice: {ant: 3, termite: 1}}}\n"
                .into(),
        ),
        (
            "streams",
            format!(
                "  a.watched:\n    causes: [{{on: {read}, probability: 0.7, delay: 1m..1d}}]\n    \
                 fields: {{u: {{}}, label: {{}}, factor: {{}}, own: {{value: 'uniform(0, 1)'}}}}\n"
            ),
        ),
    ]
}

fn blocks(plan: &Plan, knobs: Knobs) -> Vec<Block> {
    let spec = &plan.spec;
    let zone = if spec.berlin { "Europe/Berlin" } else { "UTC" };
    let spikes = if spec.spikes {
        "  spikes: {share: 20%, size: 30%, every: 12h}\n"
    } else {
        ""
    };
    let model = format!(
        "  name: random\n  cells: {}\n  window: {}\n  warmup: {}h\n  time_zone: {zone}\n{spikes}  \
         reference: {{start: 2026-02-02, days: 28, growth_per_month: 3%}}\n",
        spec.cells, WINDOWS[spec.window].0, spec.warmup_hours
    );
    let mut blocks = vec![("model", model)];
    let hours = "[1, 1, 1, 1, 1, 2, 3, 5, 8, 9, 9, 9, 9, 9, 9, 9, 9, 10, 10, 9, 7, 5, 3, 2]";
    let at_feasts = "[9, 8, 5, 2, 1, 1, 1, 1, 1, 1, 2, 3, 3, 2, 2, 1, 1, 1, 1, 5, 8, 9, 9, 9]";
    blocks.push((
        "profiles",
        format!("  shape:\n    hours: {hours}\n    weekdays: [1, 1, 1, 1, 1, 2, 2]\n    dated: [{{dates: feasts.csv, hours: {at_feasts}}}]\n"),
    ));
    blocks.push((
        "profiles",
        "  grown: {growth: true, weekdays: [1, 2, 1, 1, 1, 1, 1]}\n".into(),
    ));
    blocks.push((
        "workdays",
        "  low: {weekend: [fri], dates: feasts.csv}\n  mid: {}\n  high: {open: [8h..12h, 13h..17h], dated: [{dates: feasts.csv, open: 9h..11h}]}\n".into(),
    ));
    blocks.push(("counters", "  - total_amount\n".into()));
    blocks.push((
        "counters",
        "  - {name: total_price, type: 'decimal(15, 2)'}\n".into(),
    ));
    blocks.push((
        "tables",
        "  place: places.csv
  observed: observed.csv
"
        .into(),
    ));
    blocks.push((
        "entities",
        person(spec.shops, spec.calendar, &watched::tracked(plan)),
    ));
    if spec.shops {
        blocks.push((
            "entities",
            "  shop: {rows: place, attributes: {level: {value: 'integer(1, 5)', type: int}}}\n"
                .into(),
        ));
    }
    if plan.streams.iter().any(|stream| at_site(stream).is_some()) {
        blocks.push(("entities", SITES.to_owned()));
    }
    if let Some(relation) = relations::relation(plan) {
        blocks.push(("relations", relation));
    }
    if plan.streams.iter().any(|stream| stream.desk) {
        blocks.push(("desks", desks::DESKS.to_owned()));
    }
    let held = plan.streams.iter().enumerate();
    let held = held.filter_map(|(index, stream)| desks::released(index, stream));
    blocks.extend(held.map(|text| ("streams", text)));
    blocks.extend((0..plan.streams.len()).map(|i| ("streams", stream(plan, i, knobs))));
    let with_lines = plan.streams.iter().filter(|stream| stream.spec.lines);
    blocks.extend(with_lines.map(|stream| ("streams", lines::follower(&stream.name))));
    let more = joins::joins(plan).into_iter().chain(each::each(plan));
    let more = more.chain(watched::watched(plan));
    let more = more.chain(relations::relations(plan));
    blocks.extend(more.map(|text| ("streams", text)));
    blocks
}

/// Fewer than some models have cells, and everybody knows them.
const SITES: &str = "  site:\n    count: 3\n    shared: true\n    states: [open, closed]\n    attributes: {room: 'uniform(5, 40)'}\n    \
                     variables: {stock: {value: room, type: int}}\n";

fn person(shops: bool, calendar: u8, tracked: &[&str]) -> String {
    let belongs = if shops {
        "    belongs_to: {shop: {min: 1, max: 8}}\n"
    } else {
        ""
    };
    let track = match tracked {
        [] => String::new(),
        names => format!("    track: [{}]\n", names.join(", ")),
    };
    let calendar = [
        "",
        "    calendar: {step: 1h, days: 4}\n",
        "    calendar: {step: 30m, days: 3, open: always}\n",
    ][usize::from(calendar)];
    format!(
        "  person:\n    count: 40\n    states: [new, active, gone]\n    starts: active\n    joins: new\n    \
         activity: 'lognormal(1, 0.5)'\n    attributes:\n      quality: {{value: 'beta(4, 2)', decimals: 3}}\n      \
         years: {{quantiles: {{0%: 18, 50%: 40, 100%: 90}}, correlates: {{quality: -0.5}}, type: int}}\n      \
         tag: {{choice: {{a: 3, b: 1}}}}\n      \
         home: {{value: 'choose(place, weight: size)'}}\n      \
         title: {{text: \"{{tag}} of {{home}}, {{years:03}} {{quality}} {{digits('##-??')}}\"}}\n    variables:\n      score: 'quality * 10'\n      \
         balance: {{value: 'years * 10', type: 'decimal(12, 2)'}}\n{belongs}{track}{calendar}"
    )
}

fn stream(plan: &Plan, index: usize, knobs: Knobs) -> String {
    let stream = &plan.streams[index];
    let mut out = format!("  {}:\n", stream.name);
    out.push_str(&origin(plan, stream, knobs));
    if !stream.causes.is_empty() {
        out.push_str("    causes:\n");
        for cause in &stream.causes {
            writeln!(out, "      - {{{}}}", cause_text(plan, cause, knobs))
                .expect("a string takes everything");
        }
    }
    if stream.desk {
        out.push_str(&desks::at_desk(index, stream));
    }
    if stream.creates {
        out.push_str("    creates: person\n");
    }
    if stream.requires {
        out.push_str("    requires: \"person.state == 'active'\"\n");
    }
    let mut lets = Vec::new();
    if picks(plan, stream) {
        let state = ["active", "gone", "new"][usize::from(stream.spec.variant % 3)];
        lets.push(format!("other: {{value: 'pick(person, {state})'}}"));
        lets.push("any: {value: 'pick(person)'}".into());
        // Among those who are asked for what changes and what does not, most often few, now and then nobody.
        let asked =
            "where: years < 2 * amount and it.quality > u and it.score < 12 and it != person";
        let in_state = ["", "active, "][usize::from(stream.spec.variant / 3 % 2)];
        lets.push(format!(
            "fit: {{value: \"pick(person, {in_state}{asked})\"}}"
        ));
    }
    if leads_to_site(plan, index) {
        lets.push(format!("{}: {{value: pick(site)}}", site(index)));
        lets.push("roomy: {value: 'pick(site, where: it.room > amount)'}".into());
    }
    if picks_distinctly(plan, stream) {
        lets.push("unlike: {value: 'pick(site, distinct, where: it.room > 12)'}".into());
    }
    if !lets.is_empty() {
        writeln!(out, "    let: {{{}}}", lets.join(", ")).expect("a string takes everything");
    }
    if stream.spec.lines {
        out.push_str(&lines::lines(stream, picks(plan, stream)));
    }
    out.push_str("    fields:\n");
    for (name, value) in fields(plan, index) {
        writeln!(out, "      {name}: {{{value}}}").expect("a string takes everything");
    }
    // Floats that modifiers bend and that are handed on, whole numbers, none at all.
    let value = ["amount", "factor", "number", ""][index % 4];
    if !value.is_empty() {
        writeln!(out, "    value: {value}").expect("a string takes everything");
    }
    let changes = changes(plan, stream);
    if !changes.is_empty() {
        writeln!(out, "    changes: [{}]", changes.join(", ")).expect("a string takes everything");
    }
    out
}

/// Whether a stream's events pick people besides the one that they are about.
pub fn picks(plan: &Plan, stream: &StreamPlan) -> bool {
    plan.spec.stateful && stream.person && stream.spec.rate.is_multiple_of(2)
}

fn origin(plan: &Plan, stream: &StreamPlan, knobs: Knobs) -> String {
    let rate = f64::from(stream.spec.rate) * knobs.rate;
    let variant = stream.spec.variant;
    let profile = ["", ", profile: shape", ", profile: grown"][usize::from(variant % 3)];
    let states = match (variant / 3) % 4 {
        _ if plan.grows() => ", states: [active]",
        0 => "",
        1 => ", states: [active, new]",
        2 => ", states: {active: 1, new: 0.5}, when: quality > 0.4",
        _ => ", weight: equal",
    };
    match stream.origin {
        Origin::Plain => format!("    source: {{rate: {rate}{profile}}}\n"),
        Origin::Actor => format!("    source: {{rate: {rate}, actor: person{profile}{states}}}\n"),
        Origin::Each => {
            let every = ["6h", "9h", "1d"][usize::from(variant % 3)];
            format!("    timer: {{every: {every}, per: person, jitter: 20m, states: [active]}}\n")
        }
        Origin::Platform => {
            let minutes = WINDOWS[plan.spec.window].1 / 60_000_000;
            match variant % 3 {
                0 => format!("    timer: {{every: {}m, at: 0m}}\n", minutes * 2),
                1 => format!("    timer: {{every: {}m, jitter: 5m}}\n", minutes * 3),
                _ => format!(
                    "    timer: {{every: {}m, for_each: {{way: [sea, air, land]}}}}\n",
                    minutes * 6
                ),
            }
        }
        Origin::None => String::new(),
    }
}

/// Whether something that follows from a stream's events goes to a site.
fn leads_to_site(plan: &Plan, index: usize) -> bool {
    let mut causes = plan.streams.iter().flat_map(|stream| &stream.causes);
    causes.any(|cause| cause.to_site && cause.parent == index)
}

/// Whether each of several events that follow from one cause picks another site.
fn picks_distinctly(plan: &Plan, stream: &StreamPlan) -> bool {
    let there = plan.streams.iter().any(|stream| at_site(stream).is_some());
    let counted = matches!(&stream.causes[..], [cause] if cause.count > 1);
    there && counted && stream.origin == Origin::None
}

/// The name of the site that a stream's events pick.
fn site(stream: usize) -> String {
    format!("site_{stream}")
}

/// The site at which a stream's events are.
pub fn at_site(stream: &StreamPlan) -> Option<String> {
    let mut causes = stream.causes.iter();
    causes
        .find(|cause| cause.to_site)
        .map(|cause| site(cause.parent))
}

fn cause_text(plan: &Plan, cause: &Cause, knobs: Knobs) -> String {
    let mut parts = vec![format!("on: {}", plan.streams[cause.parent].name)];
    match cause.chance {
        Chance::Certain => {}
        Chance::Constant(p) if cause.outcome.is_some() => parts.push(format!("probability: {p}")),
        Chance::Constant(p) => {
            parts.push(format!("probability: {}", (p * knobs.probability).min(1.0)))
        }
        Chance::ByAmount => parts.push("probability: 'clamp(amount / 40, 0, 1)'".into()),
    }
    if let Some(group) = cause.outcome {
        parts.push(format!("outcome: fate{group}"));
    }
    let (key, text) = &cause.delay;
    parts.push(format!("{key}: {text}"));
    if cause.count > 1 {
        parts.push(format!(
            "count: {}, spacing: {}s",
            cause.count,
            cause.spacing / 1_000_000
        ));
    }
    if let Some(guard) = cause.guard {
        parts.push(format!("when: amount > {guard}"));
    }
    if cause.any_cell {
        parts.push("cell: any".into());
    }
    if cause.back {
        parts.push("cell: person".into());
    }
    if cause.to_site {
        parts.push(format!("cell: {}", site(cause.parent)));
    }
    parts.join(", ")
}

fn fields(plan: &Plan, index: usize) -> Vec<(String, String)> {
    let stream = &plan.streams[index];
    let mut fields: Vec<(String, String)> = vec![
        (
            format!("id_{index}"),
            format!("value: new_id(thing{index})"),
        ),
        ("amount".into(), amount(plan, stream)),
        ("u".into(), "value: 'uniform(0, 1)'".into()),
        (
            "price".into(),
            "value: amount, type: 'decimal(10, 2)'".into(),
        ),
        (
            "taxed".into(),
            "value: 'price * 1.19 + if(u > 0.5, bigint(number), price / 3)', type: 'decimal(14, 3)'"
                .into(),
        ),
        (
            "third".into(),
            "value: 'split(price, 3, number - 3 * floor(number / 3))'".into(),
        ),
        ("label".into(), "choice: {low: 3, mid: 2, high: 1}".into()),
        ("channel".into(), "choice: {mail: 2, null: 1}".into()),
        ("reached".into(), "value: channel != none".into()),
        (
            "factor".into(),
            "by: label, cases: {low: {value: 'normal(1, 0.2)'}, else: {value: amount / 10}}".into(),
        ),
        ("number".into(), "value: index, type: int".into()),
        ("due".into(), "value: time + 1h".into()),
        ("by".into(), "value: cause".into()),
        (
            "rank".into(),
            "value: 'zipf(9, 1) + weibull(amount, 2)'".into(),
        ),
        (
            "mixed".into(),
            "value: 'mixture(2, gamma(2, 3, 1, 9), 1, 5)', correlates: {u: 0.6}".into(),
        ),
        (
            "worth".into(),
            "value: 'erlang(2, amount)', correlates: {mixed: 0.3}".into(),
        ),
        ("until".into(), "value: 'workday(time, number) + 9h'".into()),
        ("from".into(), "value: 'workday(time, number, label) + 9h'".into()),
        ("done".into(), "value: 'work_time(from, amount * 1h, label)'".into()),
        (
            "worked_h".into(),
            "value: 'if(is_workday(done, high), worked(time, done, high), worked(done, time)) / 1h'".into(),
        ),
        ("seen".into(), "quantiles: observed, correlates: {mixed: -0.4}".into()),
        ("one_part".into(), "part: {of: amount, weight: 2}".into()),
        ("other_part".into(), "part: {of: amount, weight: 1}".into()),
        (
            "said".into(),
            format!(
                "text: \"{{label}}-{{number:03}} {{id_{index}}} {{due:%d.%m.%Y}} {{{{{{price}}}}}} {{factor:.2}} {{digits('#?')}}\""
            ),
        ),
    ];
    if let [cause] = &stream.causes[..]
        && stream.origin == Origin::None
    {
        fields.push((format!("id_{}", cause.parent), String::new()));
    }
    if stream.desk {
        fields.push(("agent_number".into(), "value: agent, type: int".into()));
        if desks::waits(stream) {
            fields.push(("waited_h".into(), "value: waited / 1h".into()));
        }
    }
    if picks(plan, stream) {
        fields.push(("other_id".into(), "value: other.id".into()));
        fields.push(("other_score".into(), "value: other.score".into()));
        fields.push(("any_id".into(), "value: any.id".into()));
        fields.push(("fit_id".into(), "value: fit.id".into()));
        fields.push((
            "others".into(),
            "text: '{other.title} {any.title} {said}'".into(),
        ));
    }
    if picks_distinctly(plan, stream) {
        fields.push(("unlike_id".into(), "value: unlike.id".into()));
    }
    if leads_to_site(plan, index) {
        fields.push(("roomy_id".into(), "value: roomy.id".into()));
    }
    if let Some(site) = at_site(stream) {
        fields.push(("site_id".into(), format!("value: {site}.id")));
        fields.push(("room".into(), format!("value: {site}.room")));
        if plan.spec.stateful {
            fields.push(("stock".into(), format!("value: {site}.stock")));
        }
    }
    if stream.person {
        fields.push(("person_id".into(), "value: person.id".into()));
        fields.push(("quality".into(), "value: person.quality".into()));
        fields.push(("home".into(), "value: person.home".into()));
        fields.push(("title".into(), "value: person.title".into()));
        fields.push((
            "height".into(),
            "value: person.home.height + person.quality".into(),
        ));
        if plan.spec.stateful {
            fields.push(("state".into(), "value: person.state".into()));
            fields.push(("score".into(), "value: person.score".into()));
            fields.push((
                "stand".into(),
                "text: '{person.title}: {person.score:.1}, {person.state}, {person.balance}'"
                    .into(),
            ));
            fields.push((
                "left".into(),
                "value: 'person.balance - price', type: 'decimal(13, 2)'".into(),
            ));
        }
        if plan.spec.calendar > 0 {
            let slot = "value: 'slot(person, time + 20h, 90m, time + 1h, time + 40h)'";
            fields.push(("slot_at".into(), slot.into()));
            fields.push((
                "is_free".into(),
                "value: 'free(person, slot_at, 90m)'".into(),
            ));
            let counted = "value: 'free_slots(person, day_start(time), 6h, 1d, 2)', type: int";
            fields.push(("slots_free".into(), counted.into()));
        }
    }
    if stream.origin == Origin::Platform && stream.causes.is_empty() {
        fields.push((
            "people".into(),
            "value: 'count(person, active)', type: int".into(),
        ));
        fields.push(("counted".into(), "value: total(total_amount)".into()));
        fields.push(("priced".into(), "value: total(total_price)".into()));
        if plan.streams.iter().any(|stream| stream.desk) {
            fields.push(("queued".into(), "value: waiting(first), type: int".into()));
        }
        if plan.spec.calendar > 0 {
            fields.push(("used".into(), "value: utilisation(person)".into()));
        }
    }
    if stream.spec.lines {
        fields.extend(lines::sums(picks(plan, stream)));
    }
    // Of several ways `happens` does not tell which is meant.
    for child in plan.streams.iter().filter(|s| {
        let mut causes = s.causes.iter().filter(|_| s.ways(index) == 1);
        causes.any(|c| c.parent == index && c.outcome.is_none())
    }) {
        fields.push((
            format!("leads_to_{}", child.name.replace('.', "_")),
            format!("value: happens({})", child.name),
        ));
    }
    fields
}

/// The amount is drawn by roots, and taken over or drawn anew by what follows.
fn amount(plan: &Plan, stream: &StreamPlan) -> String {
    let drawn = "value: 'lognormal(20, 0.6, 1, 200)', decimals: 2";
    if stream.causes.is_empty() {
        return drawn.into();
    }
    if stream.origin == Origin::None {
        return if stream.spec.delay.is_multiple_of(2) {
            String::new()
        } else {
            "value: 'amount * uniform(0.5, 1.5)'".into()
        };
    }
    let parent = stream.causes[0].parent;
    let first = &plan.streams[parent].name;
    let rest = if stream.causes.len() > stream.ways(parent) {
        ", else: {value: 12.5}"
    } else {
        ""
    };
    format!("by: cause, cases: {{source: {{{drawn}}}, {first}: {{}}{rest}}}")
}

fn changes(plan: &Plan, stream: &StreamPlan) -> Vec<String> {
    if !plan.spec.stateful {
        return Vec::new();
    }
    let active = if plan.grows() {
        "{entity: person, state: active, when: u < 0.005}"
    } else {
        "{entity: person, state: active}"
    };
    if let Some(site) = at_site(stream) {
        return vec![
            format!("{{entity: {site}, add: {{stock: -1}}, when: stock > 0}}"),
            format!("{{entity: {site}, state: closed, when: stock == 1}}"),
        ];
    }
    match stream.spec.change {
        1 => vec![
            "{counter: total_amount, add: amount}".into(),
            "{counter: total_price, add: taxed}".into(),
        ],
        2 if stream.person => {
            vec!["{entity: person, add: {score: amount / 10, balance: -price}}".into()]
        }
        3 if stream.person => vec!["{entity: person, set: {score: 0}, when: amount > 30}".into()],
        4 if stream.person => vec!["{entity: person, state: gone}".into()],
        5 if stream.person => vec![
            active.into(),
            "{counter: total_amount, add: 1, when: u > 0.5}".into(),
        ],
        7 if stream.person => vec![active.into()],
        8..=11 if stream.person && plan.spec.calendar > 0 => slots_changes(stream.spec.change),
        _ => Vec::new(),
    }
}

/// What an event does to the calendar of its person; some reserve without asking whether they can.
fn slots_changes(kind: u8) -> Vec<String> {
    let changes: &[&str] = match kind {
        8 => &["{entity: person, reserve: {from: slot_at, for: 90m}, when: is_free}"],
        9 => &[
            "{entity: person, reserve: {from: time + 1h, for: 2h}}",
            "{entity: person, open: {from: time, for: 30h}, when: u > 0.3}",
        ],
        10 => &[
            "{entity: person, open: {from: time, for: 9h, times: 3}}",
            "{entity: person, block: {from: time + 20h, for: 3h, every: 12h, times: 2}, when: u > 0.5}",
        ],
        _ => &[
            "{entity: person, release: {from: 'time + u * 20h', for: 4h}, reserve: {from: slot_at, for: 1h}}",
        ],
    };
    changes.iter().map(|change| (*change).to_owned()).collect()
}
