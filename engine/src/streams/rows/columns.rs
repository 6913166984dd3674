//! A block of rows, column by column.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::context::RowContext;
use crate::base::draw::Key;
use crate::base::fingerprint::{Digest, RowHashes, float_word, int_word, string_hash};
use crate::base::rounding::int_of;
use crate::base::scratch;
use crate::base::table::{Chunk, Column, ColumnSpec, ColumnType, Validity, Values};
use crate::base::time::Time;
use crate::streams::attribution::{Attribution, same_column};
use crate::streams::audit::{look_at_rows, look_at_variable};
use crate::streams::eval::{
    Block, Frame, Marks, Own, eval, eval_block, take_undefined, write_block,
};
use crate::streams::layout::{cell_of, from_of, index_of};
use crate::streams::program::{Expr, Slot, StreamId, is_no_time};
use crate::streams::series::{Amounts, Series};
use crate::streams::sides::{Label, Side, Sides};
use crate::streams::view::Observed;
use crate::streams::world::SOURCE_CODE;

/// Rows that are looked at together: they stay in the first-level cache until their last words have been read.
const TILE: usize = 256;

/// Rows as columns of their words. The rows lie in some pieces of memory, whole rows in each.
pub fn transpose(pieces: &[&[u64]], stride: usize) -> Vec<Vec<u64>> {
    let rows = pieces.iter().map(|piece| piece.len() / stride).sum();
    let mut columns = empty_columns(rows, stride);
    let tiles = pieces.iter().flat_map(|piece| piece.chunks(TILE * stride));
    for tile in tiles {
        for (word, column) in columns.iter_mut().enumerate() {
            column.extend(tile.chunks_exact(stride).map(|row| row[word]));
        }
    }
    columns
}

/// [`transpose`] for rows that lie anywhere.
pub fn transpose_each(rows: &[&[u64]], stride: usize) -> Vec<Vec<u64>> {
    let mut columns = empty_columns(rows.len(), stride);
    for tile in rows.chunks(TILE) {
        for (word, column) in columns.iter_mut().enumerate() {
            column.extend(tile.iter().map(|row| row[word]));
        }
    }
    columns
}

/// Columns with room for so many rows.
fn empty_columns(rows: usize, columns: usize) -> Vec<Vec<u64>> {
    let column = || {
        let mut column = scratch::column();
        column.reserve_exact(rows);
        column
    };
    std::iter::repeat_with(column).take(columns).collect()
}

/// A block of rows, column by column.
pub struct Columns {
    pub keys: Vec<u64>,
    pub times: Vec<i64>,
    cells: Vec<u16>,
    /// Which of the events of their effects they are.
    indexes: Vec<u32>,
    /// None where nothing causes the stream.
    chains: Option<Chains>,
    /// The words, a column a slot; empty where no field needs them.
    slots: Vec<Vec<u64>>,
    /// The texts that are put together, by their slots.
    texts: BTreeMap<Slot, Column>,
    /// The variables, by their places, that seem to have no finite value in some row.
    undefined: Vec<u16>,
}

/// How rows have been caused.
struct Chains {
    cause_ids: Vec<u64>,
    roots: Vec<u64>,
    /// The causing streams.
    from: Vec<StreamId>,
}

impl Columns {
    /// Works out what the rows' words leave open, on one side.
    pub fn new(context: &RowContext<'_>, mut words: Vec<Vec<u64>>, side: Side) -> Columns {
        let (world, definition) = (context.world, context.definition);
        let mut slots = words.split_off(context.layout.head());
        let chains = context.layout.caused.then(|| {
            let mut next = || words.pop().unwrap_or_default();
            let (packed, roots, cause_ids) = (next(), next(), next());
            let from = packed.iter().map(|&word| from_of(word)).collect();
            scratch::give_column(packed);
            Chains {
                cause_ids,
                roots,
                from,
            }
        });
        let mut next = || words.pop().unwrap_or_default();
        let (places, keys, times) = (next(), next(), next());
        let times: Vec<i64> = times.into_iter().map(|w| w as i64).collect();
        let cells: Vec<u16> = places.iter().map(|&w| cell_of(w)).collect();
        let indexes: Vec<u32> = places.iter().map(|&w| u32::from(index_of(w))).collect();
        scratch::give_column(places);
        let causes = causes(context, chains.as_ref(), keys.len());
        let later = (0..)
            .zip(&definition.variables)
            .filter(|(_, variable)| !variable.stage.is_kept());
        slots.resize(slots.len() + later.clone().count(), Vec::new());
        let (mut undefined, mut texts) = (Vec::new(), BTreeMap::new());
        take_undefined();
        let observed = Observed::default();
        let mut block = Block {
            world,
            populations: context.populations,
            observed: &observed,
            stream: context.stream,
            keys: &keys,
            times: &times,
            cells: &cells,
            causes: &causes,
            indexes: &indexes,
            side,
            slots,
        };
        for (place, variable) in later.filter(|(_, variable)| variable.written) {
            match &variable.value {
                Expr::Template(template) => {
                    texts.insert(variable.slot, write_block(template, &block));
                }
                value => {
                    let mut column = scratch::column();
                    eval_block(value, &block, &mut column);
                    block.slots[variable.slot] = column;
                }
            }
            if take_undefined().is_some() {
                undefined.push(place);
            }
        }
        let slots = block.slots;
        Columns {
            keys,
            times,
            cells,
            indexes,
            chains,
            slots,
            texts,
            undefined,
        }
    }

    /// Of the same rows on another side, what modifiers bend in them.
    pub fn bent(&mut self, context: &RowContext<'_>, side: Side) -> Bent {
        let causes = causes(context, self.chains.as_ref(), self.keys.len());
        let observed = Observed::default();
        let mut block = Block {
            world: context.world,
            populations: context.populations,
            observed: &observed,
            stream: context.stream,
            keys: &self.keys,
            times: &self.times,
            cells: &self.cells,
            causes: &causes,
            indexes: &self.indexes,
            side,
            slots: std::mem::take(&mut self.slots),
        };
        let mut bent = Bent::default();
        for &place in &context.bent.variables {
            let variable = &context.definition.variables[usize::from(place)];
            let slot = variable.slot;
            match &variable.value {
                Expr::Template(template) => {
                    bent.texts.push((slot, write_block(template, &block)));
                }
                value => {
                    let mut column = scratch::column();
                    eval_block(value, &block, &mut column);
                    // What follows reads it; what it is on the side of these rows is put back below.
                    bent.slots
                        .push((slot, std::mem::replace(&mut block.slots[slot], column)));
                }
            }
        }
        // What has no value is told of the rows that there are.
        take_undefined();
        for (slot, column) in &mut bent.slots {
            std::mem::swap(column, &mut block.slots[*slot]);
        }
        self.slots = block.slots;
        bent
    }

    /// For each row whether it has the same values where modifiers bend them.
    pub fn same(&self, context: &RowContext<'_>, bent: &Bent) -> Vec<bool> {
        let mut same = vec![true; self.keys.len()];
        for (spec, slot) in &context.definition.fields {
            if let Some(words) = bent.words(*slot) {
                let [a, b] = [&self.slots[*slot], words].map(|words| column_of(spec, words));
                same_column(&a, &b, &mut same);
            }
            let text = bent.texts.iter().find(|(other, _)| other == slot);
            if let Some(((_, a), b)) = text.zip(self.texts.get(slot)) {
                same_column(a, b, &mut same);
            }
        }
        same
    }

    /// The causing stream of a row.
    fn from(&self, row: usize) -> StreamId {
        self.chains
            .as_ref()
            .map_or(StreamId::NONE, |chains| chains.from[row])
    }

    /// The first events of the rows' chains.
    fn roots(&self) -> &[u64] {
        self.chains
            .as_ref()
            .map_or(&self.keys, |chains| &chains.roots)
    }

    /// Adds the rows to a series, each on the sides that `sides` gives; without it, on both.
    pub fn count<F: Fn(usize) -> Sides>(
        &self,
        context: &RowContext<'_>,
        series: &mut Series,
        sides: Option<F>,
    ) {
        let amounts = self.amounts(context);
        match sides {
            Some(sides) => series.add(&self.times, amounts, sides),
            None => series.add_to_both(&self.times, amounts),
        }
    }

    /// The values of the rows, if the stream has a value field.
    pub fn amounts(&self, context: &RowContext<'_>) -> Amounts<'_> {
        self.amounts_beside(context, None)
    }

    /// Likewise where modifiers bend them otherwise.
    pub fn amounts_beside<'a>(
        &'a self,
        context: &RowContext<'_>,
        bent: Option<&'a Bent>,
    ) -> Amounts<'a> {
        let Some(field) = context.definition.value else {
            return Amounts::None;
        };
        let (spec, slot) = &context.definition.fields[usize::from(field)];
        let bent = bent.and_then(|bent| bent.words(*slot));
        let words = bent.unwrap_or(&self.slots[*slot]);
        match spec.kind {
            ColumnType::Int => Amounts::Wholes(words),
            ColumnType::Exact(digits) => Amounts::Exact(words, digits.scale()),
            // No other type is one of numbers.
            ColumnType::Float
            | ColumnType::Id
            | ColumnType::Time
            | ColumnType::Small
            | ColumnType::Bool
            | ColumnType::Text
            | ColumnType::String => Amounts::Floats(words),
        }
    }

    /// Who is to be named for the first field of a row that modifiers bend.
    pub fn bent_by(&self, context: &RowContext<'_>, row: usize) -> Label {
        self.on_row(context, row, |frame| {
            let variables = context.definition.variables.iter();
            let later = variables.filter(|v| !v.stage.is_kept());
            for variable in later.filter(|variable| variable.written) {
                eval(&variable.value, frame);
                if !frame.noted.get().by.is_none() {
                    break;
                }
            }
            frame.noted.get().by
        })
    }

    /// Works something out on a single row.
    fn on_row<T>(
        &self,
        context: &RowContext<'_>,
        row: usize,
        f: impl FnOnce(&Frame<'_>) -> T,
    ) -> T {
        let world = context.world;
        let word = |column: &Vec<u64>| column.get(row).copied().unwrap_or(0);
        let words: Vec<Cell<u64>> = self.slots.iter().map(|c| Cell::new(word(c))).collect();
        let observed = Observed::default();
        let marks = Marks {
            ready: Cell::new(u64::MAX),
            ..Marks::default()
        };
        let population = context.populations[usize::from(self.cells[row])];
        let about = (Key(self.keys[row]), Time(self.times[row]));
        let frame = Frame {
            stream: context.stream,
            cause: world.cause_code(self.from(row)),
            index: self.indexes[row],
            slots: &words,
            ..Frame::of_entity(world, population, &observed, about, Own::Nobody, &marks)
        };
        f(&frame)
    }

    /// The digest of the rows, as [`crate::base::fingerprint`] defines it.
    pub fn digest(&self, context: &RowContext<'_>, attribution: &Attribution<'_>) -> Digest {
        let text_hashes = context.text_hashes;
        let mut hashes = RowHashes::new(self.keys.len());
        hashes.words(&self.keys);
        hashes.column(self.times.iter().map(|&t| t as u64));
        match &self.chains {
            Some(Chains {
                cause_ids, from, ..
            }) => {
                let caused = from.iter().map(|&from| from != StreamId::NONE);
                hashes.column_where(caused, cause_ids.iter().copied());
            }
            None => hashes.missing(),
        }
        hashes.words(self.roots());
        hashes.column(self.cells.iter().map(|&c| u64::from(c)));
        attribution.digest(&mut hashes, text_hashes);
        for (spec, slot) in &context.definition.fields {
            let column = &self.slots[*slot];
            let words = column.iter().copied();
            match spec.kind {
                ColumnType::Id if spec.nullable => {
                    hashes.column_where(words.clone().map(is_there), words);
                }
                ColumnType::Id => hashes.words(column),
                ColumnType::Time if spec.nullable => hashes
                    .column_where(words.clone().map(is_time), words.map(|w| time_of(w) as u64)),
                ColumnType::Time => hashes.column(words.map(|w| time_of(w) as u64)),
                ColumnType::Float => hashes.column(words.map(|w| float_word(f64::from_bits(w)))),
                ColumnType::Int => hashes.column(words.map(|w| int_word(int_of(w)))),
                ColumnType::Exact(_) => hashes.words(column),
                ColumnType::Small => hashes.column(words.map(|w| u64::from(w as u16))),
                ColumnType::Bool => hashes.column(words.map(|w| u64::from(bool_of(w)))),
                ColumnType::Text if spec.nullable => {
                    let hash = |word: u64| text_hashes[usize::from(word as u16)];
                    hashes.column_where(words.clone().map(is_there), words.map(hash));
                }
                ColumnType::Text => {
                    hashes.column(words.map(|w| text_hashes[usize::from(w as u16)]));
                }
                ColumnType::String => self.add_texts(&mut hashes, *slot),
            }
        }
        self.look_for_kept(context);
        hashes.finish()
    }

    /// Adds a column of texts that are put together.
    fn add_texts(&self, hashes: &mut RowHashes<'_>, slot: Slot) {
        let Some(Column { values, validity }) = self.texts.get(&slot) else {
            return hashes.missing();
        };
        let Values::String(strings) = values else {
            return hashes.missing();
        };
        let words = strings.iter().map(string_hash);
        match validity {
            Validity::Mask(mask) => hashes.column_where(mask.iter().copied(), words),
            Validity::All | Validity::None => hashes.column(words),
        }
    }

    /// Notes the whole numbers among the rows' values that did not fit, and the values without a finite number.
    fn look_for_kept(&self, context: &RowContext<'_>) {
        for &place in &self.undefined {
            for row in 0..self.keys.len() {
                self.on_row(context, row, |frame| look_at_variable(frame, place));
            }
        }
        for &field in &context.world.whole_fields[context.stream] {
            let (_, slot) = &context.definition.fields[usize::from(field)];
            let words = &self.slots[*slot];
            let place = (context.stream, field);
            look_at_rows(
                &context.world.ledger,
                place,
                words,
                (&self.keys, &self.times),
            );
        }
    }

    /// The rows as they are handed over: the buffers themselves where their words need not be turned into anything else.
    pub fn into_chunk(self, context: &RowContext<'_>, attribution: Column) -> Chunk {
        let Columns {
            keys,
            mut times,
            cells,
            chains,
            slots,
            mut texts,
            ..
        } = self;
        let rows = keys.len();
        let (causes, roots) = match chains {
            Some(chains) => chains.into_columns(),
            None => (without_values(), keys.clone()),
        };
        times.shrink_to_fit();
        let mut columns = vec![
            all(Values::Id(shrunk(keys))),
            all(Values::Time(times)),
            causes,
            all(Values::Id(shrunk(roots))),
            all(Values::Small(cells)),
            attribution,
        ];
        let fields = context.definition.fields.iter();
        columns.extend(fields.map(|(spec, slot)| {
            if let Some(text) = texts.remove(slot) {
                return text;
            }
            column_of(spec, &slots[*slot])
        }));
        slots.into_iter().for_each(scratch::give_column);
        Chunk {
            table: context.stream.index(),
            rows,
            columns,
        }
    }

    /// Gives the buffers back.
    pub fn recycle(self) {
        let times = self.times.into_iter().map(|t| t as u64).collect();
        let chains = self.chains.map(|chains| [chains.cause_ids, chains.roots]);
        [self.keys, times]
            .into_iter()
            .chain(chains.into_iter().flatten())
            .chain(self.slots)
            .for_each(scratch::give_column);
    }
}

/// What modifiers bend in some rows, as it is on one side.
#[derive(Default)]
pub struct Bent {
    slots: Vec<(Slot, Vec<u64>)>,
    texts: Vec<(Slot, Column)>,
}

impl Bent {
    fn words(&self, slot: Slot) -> Option<&Vec<u64>> {
        let mut slots = self.slots.iter();
        slots
            .find(|(other, _)| *other == slot)
            .map(|(_, words)| words)
    }

    /// Gives the buffers back.
    pub fn recycle(self) {
        let slots = self.slots.into_iter();
        slots.for_each(|(_, words)| scratch::give_column(words));
    }
}

/// The codes of the causing streams' names.
fn causes(context: &RowContext<'_>, chains: Option<&Chains>, rows: usize) -> Vec<u16> {
    let code = |&from: &StreamId| context.world.cause_code(from);
    match chains {
        Some(chains) => chains.from.iter().map(code).collect(),
        None => vec![SOURCE_CODE; rows],
    }
}

/// A field of some rows, as it is handed over.
pub fn column_of(spec: &ColumnSpec, words: &[u64]) -> Column {
    let column = typed(spec.kind, words);
    match spec.nullable {
        true => where_there(column, words),
        false => column,
    }
}

impl Chains {
    /// The causes, and the first events of the chains.
    fn into_columns(self) -> (Column, Vec<u64>) {
        let Chains {
            cause_ids,
            roots,
            from,
        } = self;
        let uncaused = from.iter().filter(|&&from| from == StreamId::NONE).count();
        if uncaused == from.len() {
            scratch::give_column(cause_ids);
            return (without_values(), roots);
        }
        let validity = match uncaused {
            0 => Validity::All,
            _ => Validity::Mask(from.iter().map(|&from| from != StreamId::NONE).collect()),
        };
        let values = Values::Id(shrunk(cause_ids));
        (Column { values, validity }, roots)
    }
}

/// A column in which no value is missing.
fn all(values: Values) -> Column {
    let validity = Validity::All;
    Column { values, validity }
}

/// A column of ids in which all values are missing.
fn without_values() -> Column {
    Column {
        values: Values::Id(Vec::new()),
        validity: Validity::None,
    }
}

/// A buffer that is handed over: it may have been one for more rows, and waits until many others have joined it.
fn shrunk(mut column: Vec<u64>) -> Vec<u64> {
    column.shrink_to_fit();
    column
}

/// Whether a word is the id of somebody, or the code of a text that is not empty.
#[inline(always)]
fn is_there(word: u64) -> bool {
    word != 0
}

/// Whether a word is a time at all: before those of which columns know lies what is none.
#[inline(always)]
fn is_time(word: u64) -> bool {
    !is_no_time(f64::from_bits(word))
}

/// A column with the values that are there.
fn where_there(column: Column, words: &[u64]) -> Column {
    let there = match column.values {
        Values::Time(_) => is_time,
        Values::Id(_)
        | Values::Float(_)
        | Values::Int(_)
        | Values::Exact(..)
        | Values::Small(_)
        | Values::Bool(_)
        | Values::Text(_)
        | Values::String(_) => is_there,
    };
    let validity = match words.iter().all(|&word| there(word)) {
        true => Validity::All,
        false => Validity::Mask(words.iter().map(|&word| there(word)).collect()),
    };
    Column { validity, ..column }
}

/// The time that a word stands for, within what calendars can show.
#[inline(always)]
fn time_of(word: u64) -> i64 {
    (f64::from_bits(word) as i64).clamp(Time::EARLIEST.0, Time::LATEST.0)
}

/// The truth value that a word stands for.
#[inline(always)]
fn bool_of(word: u64) -> bool {
    f64::from_bits(word) != 0.0
}

/// A column of words as a column of its type.
pub fn typed(kind: ColumnType, words: &[u64]) -> Column {
    let words_of = words.iter().copied();
    let values = match kind {
        ColumnType::Id => Values::Id(words.to_vec()),
        ColumnType::Time => Values::Time(words_of.map(time_of).collect()),
        // -0 counts as 0, in files as in digests.
        ColumnType::Float => Values::Float(words_of.map(|w| f64::from_bits(w) + 0.0).collect()),
        ColumnType::Int => Values::Int(words_of.map(int_of).collect()),
        ColumnType::Exact(digits) => Values::Exact(words_of.map(|w| w as i64).collect(), digits),
        ColumnType::Small => Values::Small(words_of.map(|w| w as u16).collect()),
        ColumnType::Bool => Values::Bool(words_of.map(bool_of).collect()),
        ColumnType::Text => Values::Text(words_of.map(|w| w as u16).collect()),
        // Words do not say what it is.
        ColumnType::String => Values::String(words.iter().map(|_| "").collect()),
    };
    all(values)
}
