//! The words for streams.

use causeflow_engine::streams::program::Source;
use causeflow_models::{
    AddDef, CauseDef, ChangeDef, CrossingDef, DayDef, Expression, Parameter, ServiceDef, SlotsDef,
    SourceDef, StreamDef, TimerDef, Weight,
};

use super::{Subject, origin};
use crate::numbers::rough;
use crate::text_table::{Align, Table};
use crate::words::{chance, circumstances, delay, join, profile, short_chance, states};

/// A parameter: its value, what it may be, what it means.
pub fn parameter(parameter: &Parameter) -> String {
    let unit = parameter.unit.as_ref();
    let unit = unit.map_or_else(String::new, |unit| format!(" {unit}"));
    let mut out = format!("{}: {}{unit}", parameter.name, parameter.value);
    if parameter.value != parameter.default {
        out += &format!(" instead of {}", parameter.default);
    }
    if let Some(range) = parameter.range() {
        out += &format!(", {range}");
    }
    match &parameter.description {
        Some(description) => out + &format!("\n  {}\n", description.trim()),
        None => out + "\n",
    }
}

/// Everything about a stream.
pub fn explain(subject: &Subject) -> String {
    let stream = subject.compiled();
    let mut out = format!("{}\n", stream.name);
    if !stream.description.is_empty() {
        out += &format!("{}\n", stream.description);
    }
    let per_day = rough(subject.per_day[subject.stream]);
    out += &format!(
        "\nDomain {}, {} cadence; about {per_day} events a day at scale 1 (estimated).\n",
        stream.domain, stream.cadence
    );
    if !stream.written {
        out += "Its events are not written, unless the stream is asked for by its name.\n";
    }
    out += &section("What makes it", makes(subject));
    if let Some(Expression(requires)) = &subject.definition().requires {
        out += &format!("  Only if `{requires}` when its time comes.\n");
    }
    out += &section("What follows from it", follows(subject));
    out += &section("What it changes", changes(subject));
    out += &section("What scenarios may bend", subject.addresses());
    out + "\nFields\n" + &fields(subject)
}

pub fn section(title: &str, lines: Vec<String>) -> String {
    let lines = if lines.is_empty() {
        vec!["nothing".to_owned()]
    } else {
        lines
    };
    format!(
        "\n{title}\n{}",
        lines
            .iter()
            .map(|line| format!("  {line}\n"))
            .collect::<String>()
    )
}

fn makes(subject: &Subject) -> Vec<String> {
    let definition = subject.definition();
    let mut lines = Vec::new();
    if let Some(source) = &definition.source {
        lines.extend(of_source(subject, source));
    }
    if let Some(timer) = &definition.timer {
        lines.extend(of_timer(timer));
    }
    lines.extend(definition.after.as_ref().map(join));
    lines.extend((definition.crossing.as_ref()).map(|crossing| crossed(definition, crossing)));
    if let Some(kind) = &definition.tracks {
        let names: Vec<&str> = definition
            .causes
            .iter()
            .map(|cause| &cause.on[..])
            .collect();
        lines.push(format!(
            "At once after each event that changes what is tracked of a {kind}, if it does: {}",
            names.join(", ")
        ));
    }
    for cause in definition
        .causes
        .iter()
        .filter(|_| !is_watching(definition))
    {
        let rate = rough(subject.rate(&cause.on));
        if let (Some(document), Some(count)) = (&definition.document, &cause.count) {
            let many = &count.0;
            lines.push(format!(
                "The lines of {document} (about {rate} a day): `{many}` of them, with it"
            ));
            continue;
        }
        lines.push(format!(
            "{} (about {rate} a day): {}, {}{}",
            cause.on,
            chance(cause),
            delay(cause),
            circumstances(cause)
        ));
        lines.extend(of_group(subject, cause));
    }
    lines.extend(definition.desk.as_ref().map(at_desk));
    lines
}

/// Whether its causes follow from what it looks at.
fn is_watching(definition: &StreamDef) -> bool {
    definition.crossing.is_some() || definition.tracks.is_some()
}

/// The level that is crossed, in words.
fn crossed(definition: &StreamDef, crossing: &CrossingDef) -> String {
    let until = match &crossing.until {
        Some(until) => format!("`{}` has held", until.0),
        None => "it has ceased to".to_owned(),
    };
    let names = definition.causes.iter().map(|cause| &cause.on[..]);
    format!(
        "At once when `{}` comes to hold of a {}, and not again until {until}: looked at after {}",
        crossing.when.0,
        crossing.of,
        names.collect::<Vec<_>>().join(", ")
    )
}

fn at_desk(desk: &ServiceDef) -> String {
    let name = &desk.name.0;
    if let Some(release) = &desk.release {
        return format!(
            "It releases all agents of the desk `{name}` that are held in the name of `{}`",
            release.0
        );
    }
    let said = |text: &Option<Expression>, words: &str| {
        let text = text.as_ref();
        text.map(|text| format!("{words} `{}`", text.0))
            .unwrap_or_default()
    };
    let priority = said(&desk.priority, ", by the priority");
    let then = match &desk.hold {
        Some(hold) => format!("whom it holds in the name of `{}`, and takes place", hold.0),
        None => format!(
            "who works on it{}; then it takes place",
            said(&desk.work, " for")
        ),
    };
    let give_up = said(&desk.give_up, ". Without one after");
    let room = said(&desk.room, ". Where as many wait as");
    let without = |text: &str| match text {
        "" => "",
        _ => ", it takes place with agent 0",
    };
    format!(
        "It waits at the desk `{name}` for an agent{priority}, {then}{give_up}{}{room}{}",
        without(&give_up),
        without(&room)
    )
}

fn of_source(subject: &Subject, source: &SourceDef) -> Vec<String> {
    let a_day = match subject.compiled().source {
        Some(Source::Arrivals { rate_per_day, .. }) => rate_per_day,
        Some(Source::Each { .. } | Source::Platform { .. }) | None => 0.0,
    };
    let mut lines = vec![format!(
        "A source: {} a day at scale 1, the mean over the reference days",
        rough(a_day)
    )];
    match &source.profile {
        None => lines.push("  at the same rate at all times".to_owned()),
        Some(name) => {
            let profiles = &subject.model.compiled.program.profiles;
            let shape = profiles
                .iter()
                .find(|profile| profile.name == *name)
                .map(|shape| profile(shape, subject.model.compiled.program.weekend));
            lines.push(format!(
                "  following the profile {name}: {}",
                shape.unwrap_or_default()
            ));
        }
    }
    if let Some(actor) = &source.actor {
        let picked = if source.weight == Some(Weight::Equal) {
            "all alike"
        } else {
            "by activity"
        };
        let states = source
            .states
            .as_ref()
            .map(|s| format!(", {}", states(s)))
            .unwrap_or_default();
        let when = source
            .when
            .as_ref()
            .map(|w| format!(", where `{}`", w.0))
            .unwrap_or_default();
        lines.push(format!(
            "  each the doing of one {actor}, picked {picked}{states}{when}"
        ));
    }
    lines
}

fn of_timer(timer: &TimerDef) -> Vec<String> {
    let every = &timer.every.0;
    let first = match (&timer.per, &timer.for_each) {
        (Some(kind), _) => {
            format!("A timer: every {every} for each {kind}, each at a phase of its own")
        }
        (None, Some(each)) => {
            let of = |(name, texts): (&String, &Vec<String>)| {
                format!("each {name} ({})", texts.join(", "))
            };
            format!(
                "A timer: every {every} for {}",
                each.iter().map(of).collect::<Vec<_>>().join(" and ")
            )
        }
        (None, None) => format!("A timer: every {every}, once for the whole business"),
    };
    let mut lines = vec![first];
    let mut more = Vec::new();
    more.extend(timer.day.map(|day| match day {
        DayDef::OfWeek(day) => format!("on {}", format!("{day:?}").to_lowercase()),
        DayDef::OfMonth(day) => format!("on day {day}"),
    }));
    let since = if timer.day.is_some() {
        "after midnight"
    } else {
        "into the period"
    };
    more.extend(timer.at.as_ref().map(|at| format!("{} {since}", at.0)));
    more.extend(
        timer
            .jitter
            .as_ref()
            .map(|jitter| format!("up to {} later", jitter.0)),
    );
    more.extend(timer.states.as_ref().map(states));
    more.extend(
        timer
            .when
            .as_ref()
            .map(|when| format!("where `{}`", when.0)),
    );
    if !more.is_empty() {
        lines.push(format!("  {}", more.join(", ")));
    }
    lines
}

fn of_group(subject: &Subject, cause: &CauseDef) -> Option<String> {
    let name = cause.outcome.as_ref()?;
    let members = subject
        .group(cause)
        .into_iter()
        .map(|(stream, member)| format!("{stream} {}", short_chance(member)));
    Some(format!(
        "  one outcome of `{name}`, exactly one of: {}",
        members.collect::<Vec<_>>().join(", ")
    ))
}

fn follows(subject: &Subject) -> Vec<String> {
    let line = |(stream, cause): (&str, &CauseDef)| {
        let group = cause
            .outcome
            .as_ref()
            .map(|name| format!(" (outcome of `{name}`)"))
            .unwrap_or_default();
        format!(
            "{stream}: {}, {}{}{group}",
            chance(cause),
            delay(cause),
            circumstances(cause)
        )
    };
    subject.effects().into_iter().map(line).collect()
}

fn changes(subject: &Subject) -> Vec<String> {
    let definition = subject.definition();
    let mut lines: Vec<String> = definition
        .creates
        .iter()
        .map(|kind| format!("a new {kind} joins"))
        .collect();
    for change in &definition.changes {
        let when = change
            .when
            .as_ref()
            .map(|when| format!(", where `{}`", when.0))
            .unwrap_or_default();
        lines.extend(of_change(change).into_iter().map(|line| line + &when));
    }
    lines
}

fn of_change(change: &ChangeDef) -> Vec<String> {
    let mut lines = Vec::new();
    let entity = change.entity.as_deref().unwrap_or_default();
    lines.extend(
        change
            .state
            .iter()
            .map(|state| format!("the {entity} becomes {state}")),
    );
    lines.extend(
        change
            .set
            .iter()
            .map(|(variable, value)| format!("{entity}.{variable} becomes `{}`", value.0)),
    );
    lines.extend(
        change
            .adopt
            .iter()
            .map(|(kind, count)| format!("{} of kind {kind} now belong to the {entity}", count)),
    );
    lines.extend(change.link.iter().map(|(relation, with)| {
        format!("the {entity} is linked, by {relation}, with the {}", with.0)
    }));
    lines.extend(change.unlink.iter().map(|(relation, with)| {
        let with = match &with.0[..] {
            "all" => "anybody".to_owned(),
            with => format!("the {with}"),
        };
        format!("the {entity} is linked no more, by {relation}, with {with}")
    }));
    match &change.add {
        Some(AddDef::Variables(added)) => {
            lines.extend(
                added.iter().map(|(variable, value)| {
                    format!("{entity}.{variable} changes by `{}`", value.0)
                }),
            );
        }
        Some(AddDef::Counter(value)) => {
            let counter = change.counter.as_deref().unwrap_or_default();
            lines.push(format!("the counter {counter} changes by `{}`", value.0));
        }
        None => {}
    }
    let done = [
        (&change.release, "is released"),
        (&change.reserve, "is reserved"),
        (&change.open, "is opened"),
        (&change.block, "is blocked"),
    ];
    for (slots, done) in done {
        let slots = slots.iter().map(of_slots);
        lines.extend(slots.map(|slots| format!("in the calendar of the {entity} {done}: {slots}")));
    }
    lines
}

/// Which slots of a calendar are meant.
fn of_slots(slots: &SlotsDef) -> String {
    let mut text = format!("from `{}` for `{}`", slots.from.0, slots.r#for.0);
    if let Some(times) = &slots.times {
        let every = slots.every.as_ref().map_or("1d", |every| &every.0);
        text.push_str(&format!(", `{}` times, every `{every}`", times.0));
    }
    text
}

fn fields(subject: &Subject) -> String {
    let (stream, definition) = (subject.compiled(), subject.definition());
    let mut table = Table::new(&[
        ("name", Align::Left),
        ("type", Align::Left),
        ("unit", Align::Left),
        ("value", Align::Left),
        ("meaning", Align::Left),
    ]);
    for (column, _) in &stream.fields {
        let value = definition
            .fields
            .get(&column.name)
            .map(origin)
            .unwrap_or_default();
        let unit = column.unit.clone().unwrap_or_default();
        let meaning = column.description.clone().unwrap_or_default();
        table.row([
            column.name.clone(),
            column.kind.name().into_owned(),
            unit,
            value,
            meaning,
        ]);
    }
    let common: Vec<String> = causeflow_engine::base::head::columns()
        .into_iter()
        .map(|c| c.name)
        .collect();
    let summed = stream.value_field().map_or(String::new(), |column| {
        format!("  History sums up {}.\n", column.name)
    });
    format!(
        "{}  and, as in every stream: {}\n{summed}",
        table.render(2),
        common.join(", ")
    )
}
