//! What a program says about the events of a run, as the rules that its rows are checked by.

use causeflow_engine::base::draw::Purpose;
use causeflow_engine::base::head;
use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::entities;
use causeflow_engine::streams::program::MAX_COUNT;
use causeflow_engine::streams::program::{
    Binary, Destination, Each, Effect, ExactBinary, Expr, Gathered, Joined, Kind, Program, Slot,
    Source, Stream, StreamId,
};
use causeflow_outputs::verify::{
    EffectRules, Expected, FieldRules, Gathering, GroupRules, HistoryRules, InCell, JoinRules,
    JoinedRules, KindRules, LinesRules, Making, ReferenceRules, Roots, Rules, StreamRules,
    SumRules,
};

use super::origins::{Origin, origins};

/// The rules for a run of a bent program, of which these streams were written; nothing if it does not have one of them.
pub(super) fn of(program: &Program, names: &[&str], (start, scale): (Time, f64)) -> Option<Rules> {
    let ids = names.iter().map(|name| program.stream(name));
    let written = Written(ids.collect::<Option<_>>()?);
    let generations = generations(program);
    let mut rules = Rules {
        streams: Vec::new(),
        effects: Vec::new(),
        references: Vec::new(),
        lines: Vec::new(),
        joins: Vec::new(),
        histories: Vec::new(),
        kinds: program.kinds.iter().map(kind).collect(),
        cells: program.cells,
        peopled: program.peopled(scale),
        desks: program.desk_process(),
        begin: (start - program.warmup).floor_to(program.window),
        window: program.window,
    };
    for &id in &written.0 {
        let stream = &program.streams[id];
        rules.streams.push(StreamRules {
            columns: stream.schema().columns,
            roots: roots(stream),
            incoming: Vec::new(),
            groups: Vec::new(),
            is_referred_to: false,
            generations: generations[id],
            fields: Vec::new(),
        });
    }
    let made_from = effects(&mut rules, program, &written, &generations);
    for (place, &id) in written.0.iter().enumerate() {
        fields(&mut rules, program, (place, id), &made_from, &written);
    }
    let of_lines = written.0.iter().enumerate();
    let of_lines = of_lines.filter_map(|(place, &id)| lines(program, (place, id), &written));
    rules.lines = of_lines.collect();
    let joins = written.0.iter().enumerate();
    let joins = joins.filter_map(|(place, &id)| join(program, (place, id), &written));
    rules.joins = joins.collect();
    let histories = written.0.iter().enumerate();
    let histories = histories.filter_map(|(place, &id)| history(program, place, id));
    rules.histories = histories.collect();
    Some(rules)
}

/// The streams of a run, by their places in it.
struct Written(Vec<StreamId>);

impl Written {
    fn place(&self, stream: StreamId) -> Option<usize> {
        self.0.iter().position(|id| *id == stream)
    }
}

/// Adds the rules of all effects that lead to streams of the run, and of what follows from their events. Returns what each
/// was made from.
fn effects<'a>(
    rules: &mut Rules,
    program: &'a Program,
    written: &Written,
    generations: &[(u32, Option<u32>)],
) -> Vec<(StreamId, &'a Effect)> {
    let mut made_from = Vec::new();
    for (from, stream) in StreamId::each(&program.streams) {
        let groups = groups(program, stream, written);
        let cause = written.place(from);
        let group_of = |effect: &Effect| {
            let mut groups = groups.iter();
            groups.position(|(_, of)| of.contains(&effect.purpose))
        };
        for effect in stream.all_effects() {
            let Some(to) = written.place(effect.stream) else {
                continue;
            };
            let (least, most) = generations[from];
            let number = rules.effects.len() as u16;
            rules.streams[to].incoming.push(number);
            rules.effects.push(EffectRules {
                from: stream.name.clone(),
                cause,
                to,
                purpose: effect.purpose,
                most: effect.count.as_ref().map_or(1, |_| MAX_COUNT as u64),
                each: effect.each.as_ref().map(|each| told(program, effect, each)),
                shortest: shortest(effect, program),
                longest: effect.longest_under(&program.modified).map(|span| span.0),
                cell: match &effect.destination {
                    Destination::Same => InCell::OfCause,
                    Destination::AnyCell => InCell::Drawn,
                    Destination::Desk => InCell::OfDesks,
                    Destination::CellOf(_) => InCell::OfEntity,
                },
                group: group_of(effect),
                generations: (least.saturating_add(1), most.map(|most| most + 1)),
            });
            made_from.push((from, effect));
            if let Some(cause) = cause {
                rules.streams[cause].is_referred_to = true;
            }
        }
        if let Some(cause) = cause {
            rules.streams[cause].groups = groups.into_iter().map(|(rule, _)| rule).collect();
        }
    }
    made_from
}

/// The column in which events that reach each of several entities say whom.
fn told(program: &Program, effect: &Effect, each: &Each) -> Option<usize> {
    let stream = &program.streams[effect.stream];
    let whom = each.slot?;
    let is_whom = |slot: &Slot| {
        let mut variables = stream.variables.iter();
        let value = variables.find(|variable| variable.slot == *slot);
        let value = value.map(|variable| &variable.value);
        matches!(value, Some(Expr::EntityId(kind, of))
            if *kind == each.kind && matches!(**of, Expr::Slot(of) if of == whom))
    };
    let place = stream.fields.iter().position(|(_, slot)| is_whom(slot));
    place.map(|place| head::FIELDS + place)
}

/// Works out where the ids in a stream's fields come from.
fn fields(
    rules: &mut Rules,
    program: &Program,
    (place, id): (usize, StreamId),
    made_from: &[(StreamId, &Effect)],
    written: &Written,
) {
    let stream = &program.streams[id];
    let incoming = rules.streams[place].incoming.iter();
    let by = incoming.map(|&effect| Some(made_from[usize::from(effect)]));
    let by: Vec<Option<(StreamId, &Effect)>> = by.chain([None]).collect();
    for (at, (column, slot)) in stream.fields.iter().enumerate() {
        if column.kind != ColumnType::Id {
            continue;
        }
        let mut by_effect = Vec::new();
        for &by in &by {
            let found = origins(program, id, *slot, by);
            let reference = |to| ReferenceRules {
                stream: place,
                column: column.name.clone(),
                to,
            };
            by_effect.push(found.and_then(|found| expected(rules, &found, reference, written)));
        }
        if by_effect.iter().any(Option::is_some) {
            rules.streams[place].fields.push(FieldRules {
                column: head::FIELDS + at,
                by_effect,
            });
        }
    }
}

/// What an id of these origins may be; nothing if it may come from several kinds of earlier events, or from events that were
/// not written.
fn expected(
    rules: &mut Rules,
    origins: &[Origin],
    reference: impl Fn(Vec<usize>) -> ReferenceRules,
    written: &Written,
) -> Option<Expected> {
    let mut expected = Expected::default();
    let mut earlier: Option<(Making, Vec<usize>)> = None;
    for origin in origins {
        match *origin {
            Origin::Entity(kind) => expected.entities.push(kind.index()),
            Origin::Event {
                making,
                back,
                stream,
            } => match (making, back) {
                (Making::Nothing, _) | (_, 0) => expected.own.push(making),
                (_, 1) => expected.of_cause.push(making),
                _ => {
                    let stream = written.place(stream)?;
                    let (first, streams) = earlier.get_or_insert((making, Vec::new()));
                    if *first != making {
                        return None;
                    }
                    streams.push(stream);
                }
            },
        }
    }
    if let Some((making, streams)) = earlier {
        for &stream in &streams {
            rules.streams[stream].is_referred_to = true;
        }
        expected.earlier = Some((making, rules.references.len() as u16));
        rules.references.push(reference(streams));
    }
    Some(expected)
}

/// The rules of a stream whose events are lines.
fn lines(
    program: &Program,
    (place, id): (usize, StreamId),
    written: &Written,
) -> Option<LinesRules> {
    let lines = &program.streams[id];
    let of = lines.document?;
    let document = &program.streams[of];
    let effect = document.effects.iter().find(|effect| effect.stream == id)?;
    let mut names = lines.fields.iter();
    let number = names.position(|(column, _)| column.name == LINE)?;
    let sum = |(at, (column, slot)): (usize, &(ColumnSpec, Slot))| {
        let variable = document.variables.iter().find(|v| v.slot == *slot)?;
        let (gathered, power) = variable.value.gathered()?;
        let mut values = lines.fields.iter();
        let value = values.position(|(_, slot)| *slot == gathered.value);
        let (gathering, of) = match gathered.gathered {
            Gathered::Count => (Gathering::Count, None),
            Gathered::Numbers(Binary::Min) | Gathered::Exact(ExactBinary::Min) => {
                (Gathering::Min, Some(value?))
            }
            Gathered::Numbers(Binary::Max) | Gathered::Exact(ExactBinary::Max) => {
                (Gathering::Max, Some(value?))
            }
            Gathered::Numbers(_) | Gathered::Exact(_) => (Gathering::Sum, Some(value?)),
        };
        Some(SumRules {
            name: column.name.clone(),
            column: head::FIELDS + at,
            of: of.map(|of| head::FIELDS + of),
            gathering,
            digits: match column.kind {
                ColumnType::Exact(digits) => Some(digits),
                _ => None,
            },
            power,
        })
    };
    Some(LinesRules {
        document: written.place(of),
        lines: place,
        purpose: effect.purpose,
        number: head::FIELDS + number,
        sums: document.fields.iter().enumerate().filter_map(sum).collect(),
    })
}

/// The rules of a stream whose events follow from several others together, if fields of all of them name the entity to which they
/// happen.
fn join(program: &Program, (place, id): (usize, StreamId), written: &Written) -> Option<JoinRules> {
    let join = program.streams[id].join.as_ref()?;
    let column = |field: u16| head::FIELDS + usize::from(field);
    let joined = |joined: &Joined| {
        Some(JoinedRules {
            stream: written.place(joined.stream)?,
            column: column(joined.named_by?),
        })
    };
    let name = |joined: &Joined| program.streams[joined.stream].name.clone();
    Some(JoinRules {
        follows: JoinedRules {
            stream: place,
            column: column(join.named_by?),
        },
        members: join.members.iter().map(joined).collect::<Option<_>>()?,
        names: join.members.iter().map(name).collect(),
        at_least: usize::from(join.at_least),
        since: match &join.since {
            Some(since) => Some(joined(since)?),
            None => None,
        },
        within: join.within.map(|span| span.0),
    })
}

/// The rules of a history: its fields are the entity, what is tracked, since when, until when, and what made it so.
fn history(program: &Program, place: usize, id: StreamId) -> Option<HistoryRules> {
    let stream = &program.streams[id];
    let kind = stream.tracks?;
    let columns = entities::schema(&program.kinds[kind]).columns;
    let kept = |name: &str| columns.iter().position(|column| column.name == name);
    let fields: Vec<&ColumnSpec> = stream.fields.iter().map(|(column, _)| column).collect();
    let [_, values @ .., since, _, _] = &fields[..] else {
        return None;
    };
    let (first, last) = (head::FIELDS + 1, head::FIELDS + 1 + values.len());
    Some(HistoryRules {
        stream: place,
        kind: kind.index(),
        name: program.kinds[kind].name.clone(),
        entity: head::FIELDS,
        since: last,
        until: last + 1,
        values: (first..last).collect(),
        kept_since: kept(&since.name)?,
        kept: values
            .iter()
            .map(|value| kept(&value.name))
            .collect::<Option<_>>()?,
    })
}

/// The column with the number of a line.
const LINE: &str = "line";

/// Where the state stands in the table of any kind.
const STATE: usize = 3;

fn kind(kind: &Kind) -> KindRules {
    let columns = entities::schema(kind).columns;
    let unique = (0..columns.len()).filter(|&at| kind.unique.contains(&columns[at].name));
    let attributes = STATE + 1..STATE + 1 + kind.attributes.len();
    let texts = columns.len() - kind.texts.len()..columns.len();
    let fixed = (1..STATE).chain(attributes).chain(texts);
    KindRules {
        name: kind.name.clone(),
        states: kind.states.clone(),
        unique: unique.collect(),
        fixed: fixed.collect(),
        opening: kind.opening.then(|| entities::opening_schema(kind).columns),
        columns,
    }
}

fn roots(stream: &Stream) -> Roots {
    match stream.source {
        None => Roots::None,
        Some(Source::Platform { .. }) => Roots::OnPlatform,
        Some(Source::Arrivals { .. } | Source::Each { .. }) => Roots::InCells,
    }
}

/// Spans are cut to whole microseconds one by one, so that a sum of two may be one short.
fn shortest(effect: &Effect, program: &Program) -> i64 {
    let slack = i64::from(effect.spacing.is_some());
    (effect.shortest_under(&program.modified).0 - slack).max(0)
}

/// What follows exactly once from each event of a stream, and the purposes of the effects concerned.
fn groups(
    program: &Program,
    stream: &Stream,
    written: &Written,
) -> Vec<(GroupRules, Vec<Purpose>)> {
    let outcomes = stream.outcomes.iter().map(|group| {
        let effects: Vec<&Effect> = group.effects.iter().collect();
        (Some(group.name.clone()), effects)
    });
    let always = |effect: &&Effect| {
        effect.when.is_none()
            && effect.count.is_none()
            && effect.each.is_none()
            && matches!(effect.probability, Expr::Num(p) if p >= 1.0)
    };
    let always = stream.effects.iter().filter(always);
    let always = always.map(|effect| (None, vec![effect]));
    let group = |(outcome, effects): (Option<String>, Vec<&Effect>)| {
        let stream = |effect: &&Effect| &program.streams[effect.stream];
        let sure = effects.iter().all(|effect| {
            written.place(effect.stream).is_some() && stream(effect).requires.is_none()
        });
        let longest = effects
            .iter()
            .map(|effect| effect.longest_under(&program.modified));
        let longest = longest.collect::<Option<Vec<Span>>>();
        let longest = longest.and_then(|spans| spans.into_iter().max());
        let rules = GroupRules {
            outcome,
            streams: effects
                .iter()
                .map(|effect| stream(effect).name.clone())
                .collect(),
            within: longest.filter(|_| sure).map(|span| span.0),
        };
        (rules, effects.iter().map(|effect| effect.purpose).collect())
    };
    outcomes.chain(always).map(group).collect()
}

/// For each stream, how many causes can stand before its events: the least, and the most if there is one.
fn generations(program: &Program) -> Vec<(u32, Option<u32>)> {
    let streams = program.streams.len();
    let sources = program.streams.iter().map(|stream| stream.source.is_some());
    let roots: Vec<bool> = sources.collect();
    let mut least: Vec<u32> = roots
        .iter()
        .map(|&root| if root { 0 } else { u32::MAX })
        .collect();
    let mut most: Vec<Option<u32>> = vec![Some(0); streams];
    // Without a circle, all paths have ended after so many rounds.
    for _ in 0..=streams {
        for (from, stream) in StreamId::each(&program.streams) {
            for effect in stream.all_effects() {
                let to = effect.stream;
                least[to] = least[to].min(least[from].saturating_add(1));
                most[to] = match (most[to], most[from]) {
                    (Some(to), Some(from)) if (from as usize) < streams => Some(to.max(from + 1)),
                    _ => None,
                };
            }
        }
    }
    least.into_iter().zip(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn whatever_of_a_run_was_written_its_rules_are_about_that(kept in any::<u64>(), turned in any::<bool>()) {
            let model = causeflow_models::load("tutoring").unwrap();
            let program = &model.compiled.program;
            let named = (0..64).zip(&program.streams).filter(|(at, _)| kept >> at & 1 == 1);
            let mut names: Vec<&str> = named.map(|(_, stream)| stream.name.as_str()).collect();
            if turned {
                names.reverse();
            }
            let rules = of(program, &names, (Time(0), 1.0)).unwrap();
            prop_assert_eq!(rules.streams.len(), names.len());
            let mut led = 0;
            for (place, stream) in rules.streams.iter().enumerate() {
                led += stream.incoming.len();
                for &effect in &stream.incoming {
                    let effect = &rules.effects[usize::from(effect)];
                    prop_assert_eq!(effect.to, place);
                    prop_assert_eq!(effect.cause, names.iter().position(|name| *name == effect.from));
                    prop_assert!(effect.longest.is_none_or(|longest| effect.shortest <= longest));
                    prop_assert!(effect.generations.0 > 0);
                    if let Some(cause) = effect.cause {
                        prop_assert!(rules.streams[cause].is_referred_to);
                    }
                }
                for field in &stream.fields {
                    prop_assert_eq!(stream.columns[field.column].kind, ColumnType::Id);
                    prop_assert_eq!(field.by_effect.len(), stream.incoming.len() + 1);
                    for (_, reference) in field.by_effect.iter().flatten().filter_map(|e| e.earlier) {
                        let reference = &rules.references[usize::from(reference)];
                        prop_assert_eq!(reference.stream, place);
                        prop_assert_eq!(&reference.column, &stream.columns[field.column].name);
                        prop_assert!(reference.to.iter().all(|&to| rules.streams[to].is_referred_to));
                    }
                }
            }
            prop_assert_eq!(led, rules.effects.len());
        }
    }

    #[test]
    fn a_stream_that_the_model_does_not_have_has_no_rules() {
        let model = causeflow_models::load("tutoring").unwrap();
        let names = ["booking.requested", "no.such"];
        assert_eq!(of(&model.compiled.program, &names, (Time(0), 1.0)), None);
    }
}
