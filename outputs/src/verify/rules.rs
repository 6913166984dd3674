//! What a program says about the events of a run: which effects lead to a stream, how long they take, what follows
//! from an event, where the ids in its fields come from.

use super::origins::{Making, Origin, origins};
use causeflow_engine::base::draw::Purpose;
use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::cell::MAX_COUNT;
use causeflow_engine::streams::program::{
    Effect, Expr, KindId, Place, Program, Source, Stream, StreamId,
};

/// The rules of all streams of a run, which are those of the manifest in its order.
pub(super) struct Rules {
    pub streams: Vec<StreamRules>,
    pub effects: Vec<EffectRules>,
    pub references: Vec<ReferenceRules>,
    /// Number of cells, which is also that of the platform.
    pub cells: u16,
    /// How many of them are peopled.
    pub peopled: u16,
    /// The process of the desks.
    pub desks: Option<u16>,
    /// When the warm-up begins.
    pub begin: Time,
    window: Span,
}

/// What makes a stream's events that nothing causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    None,
    InCells,
    OnPlatform,
}

/// The rules of one stream.
pub(super) struct StreamRules {
    pub columns: Vec<ColumnSpec>,
    pub roots: Roots,
    /// The effects that lead to it.
    pub incoming: Vec<u16>,
    /// What follows from each of its events, exactly one of each.
    pub groups: Vec<GroupRules>,
    /// Whether other events of the run refer to its events.
    pub is_referred_to: bool,
    /// How many causes can stand before its events, at least and at most.
    pub generations: (u32, Option<u32>),
    pub fields: Vec<FieldRules>,
}

/// The rules of an effect.
pub(super) struct EffectRules {
    /// The causing stream's name.
    pub from: String,
    /// Its place among the run's streams, if it was written.
    pub cause: Option<usize>,
    /// The place of the caused stream.
    pub to: usize,
    pub purpose: Purpose,
    /// How many events it can cause at a time.
    pub most: u64,
    pub shortest: i64,
    pub longest: Option<i64>,
    pub place: Place,
    /// The causing stream's group that it belongs to.
    pub group: Option<usize>,
    /// How many causes can stand before what it causes, at least and at most.
    pub generations: (u32, Option<u32>),
}

/// One of several effects, or a single one that always comes.
pub(super) struct GroupRules {
    /// The outcome's name; nothing for a single effect.
    pub outcome: Option<String>,
    /// The streams that may follow.
    pub streams: Vec<String>,
    /// How long it takes until one has followed; nothing if that cannot be told, or if it may not be written.
    pub within: Option<i64>,
}

/// Where an id in a field comes from.
pub(super) struct FieldRules {
    /// The place of the column.
    pub column: usize,
    /// What it may be, by the place of the effect among the stream's incoming ones; the last is for events without a
    /// cause. Nothing where the program does not say.
    pub by_effect: Vec<Option<Expected>>,
}

/// What an id may be.
#[derive(Default)]
pub(super) struct Expected {
    /// Made by the event itself.
    pub own: Vec<Making>,
    /// Made by its cause.
    pub of_cause: Vec<Making>,
    /// Of an entity of these kinds.
    pub entities: Vec<KindId>,
    /// Made by an event further back: how, and the place among the references.
    pub earlier: Option<(Making, u16)>,
}

/// A field that refers to events further back.
pub(super) struct ReferenceRules {
    pub stream: usize,
    pub column: String,
    /// The streams of which the event may be.
    pub to: Vec<usize>,
}

impl Rules {
    /// The rules for a run of a bent program, of which these streams were written.
    pub fn new(program: &Program, names: &[&str], (start, scale): (Time, f64)) -> Rules {
        let ids: Vec<Option<StreamId>> = names.iter().map(|name| program.stream(name)).collect();
        let written = |stream: StreamId| ids.iter().position(|id| *id == Some(stream));
        let generations = generations(program);
        let mut rules = Rules {
            streams: names.iter().map(|_| StreamRules::unknown()).collect(),
            effects: Vec::new(),
            references: Vec::new(),
            cells: program.cells,
            peopled: program.peopled(scale),
            desks: program.desk_process(),
            begin: (start - program.warmup).floor_to(program.window),
            window: program.window,
        };
        for (place, id) in ids.iter().enumerate() {
            if let Some(stream) = id.map(|id| &program.streams[usize::from(id)]) {
                let rule = &mut rules.streams[place];
                rule.columns = stream.schema().columns;
                rule.roots = roots(stream);
            }
        }
        // For each effect of the rules, what it was made from.
        let mut made_from = Vec::new();
        for (from, stream) in (0..).zip(&program.streams) {
            let groups = groups(program, stream, &written);
            let cause = written(from);
            let group_of = |effect: &Effect| {
                groups
                    .iter()
                    .position(|(_, of)| of.contains(&effect.purpose))
            };
            for effect in stream.all_effects() {
                let Some(to) = written(effect.stream) else {
                    continue;
                };
                let (least, most) = generations[usize::from(from)];
                let number = rules.effects.len() as u16;
                rules.streams[to].incoming.push(number);
                rules.effects.push(EffectRules {
                    from: stream.name.clone(),
                    cause,
                    to,
                    purpose: effect.purpose,
                    most: effect.count.as_ref().map_or(1, |_| MAX_COUNT as u64),
                    shortest: shortest(effect, program),
                    longest: effect.longest_under(&program.modified).map(|span| span.0),
                    place: effect.place,
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
        for (place, id) in ids.iter().enumerate() {
            if let Some(id) = *id {
                rules.streams[place].generations = generations[usize::from(id)];
                rules.fields(program, (place, id), &made_from, &written);
            }
        }
        rules
    }

    /// The end of the window in which a time lies.
    pub fn barrier_after(&self, time: Time) -> Time {
        let since = (time - self.begin).0.div_euclid(self.window.0.max(1));
        self.begin + Span((since + 1) * self.window.0)
    }

    /// Works out where the ids in a stream's fields come from.
    fn fields(
        &mut self,
        program: &Program,
        (place, id): (usize, StreamId),
        made_from: &[(StreamId, &Effect)],
        written: &impl Fn(StreamId) -> Option<usize>,
    ) {
        let stream = &program.streams[usize::from(id)];
        let common = Stream::common_columns().len();
        let incoming = self.streams[place].incoming.clone();
        let by = incoming
            .iter()
            .map(|&effect| Some(made_from[usize::from(effect)]));
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
                by_effect.push(found.and_then(|found| self.expected(&found, reference, written)));
            }
            if by_effect.iter().any(Option::is_some) {
                self.streams[place].fields.push(FieldRules {
                    column: common + at,
                    by_effect,
                });
            }
        }
    }

    /// What an id of these origins may be; nothing if it may come from several kinds of earlier events, or from
    /// events that were not written.
    fn expected(
        &mut self,
        origins: &[Origin],
        reference: impl Fn(Vec<usize>) -> ReferenceRules,
        written: &impl Fn(StreamId) -> Option<usize>,
    ) -> Option<Expected> {
        let mut expected = Expected::default();
        let mut earlier: Option<(Making, Vec<usize>)> = None;
        for origin in origins {
            match (origin.making, origin.back) {
                (Making::Entity(kind), _) => expected.entities.push(kind),
                (Making::Nothing, _) | (_, 0) => expected.own.push(origin.making),
                (_, 1) => expected.of_cause.push(origin.making),
                _ => {
                    let stream = written(origin.stream)?;
                    let (making, streams) = earlier.get_or_insert((origin.making, Vec::new()));
                    if *making != origin.making {
                        return None;
                    }
                    streams.push(stream);
                }
            }
        }
        if let Some((making, streams)) = earlier {
            for &stream in &streams {
                self.streams[stream].is_referred_to = true;
            }
            expected.earlier = Some((making, self.references.len() as u16));
            self.references.push(reference(streams));
        }
        Some(expected)
    }
}

impl StreamRules {
    fn unknown() -> StreamRules {
        StreamRules {
            columns: Vec::new(),
            roots: Roots::None,
            incoming: Vec::new(),
            groups: Vec::new(),
            is_referred_to: false,
            generations: (0, None),
            fields: Vec::new(),
        }
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
    written: &impl Fn(StreamId) -> Option<usize>,
) -> Vec<(GroupRules, Vec<Purpose>)> {
    let outcomes = stream.outcomes.iter().map(|group| {
        let effects: Vec<&Effect> = group.effects.iter().collect();
        (Some(group.name.clone()), effects)
    });
    let always = |effect: &&Effect| {
        effect.when.is_none()
            && effect.count.is_none()
            && matches!(effect.probability, Expr::Num(p) if p >= 1.0)
    };
    let always = stream.effects.iter().filter(always);
    let always = always.map(|effect| (None, vec![effect]));
    let group = |(outcome, effects): (Option<String>, Vec<&Effect>)| {
        let stream = |effect: &&Effect| &program.streams[usize::from(effect.stream)];
        let sure = effects
            .iter()
            .all(|effect| written(effect.stream).is_some() && stream(effect).requires.is_none());
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
        for (from, stream) in program.streams.iter().enumerate() {
            for effect in stream.all_effects() {
                let to = usize::from(effect.stream);
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
