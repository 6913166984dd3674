//! The entities' tables: who there is, with attributes and the state at a barrier: the end of a run, or its start.

use crate::base::draw::Key;
use crate::base::table::{Chunk, Column, ColumnSpec, ColumnType, TableSchema, Validity, Values};
use crate::streams::cell::LogicalProcess;
use crate::streams::eval::{Frame, Marks, Own, write_frames};
use crate::streams::program::{Kind, KindId, NO_ENTITY, TextColumn};
use crate::streams::rows::column_of;
use crate::streams::view::Observed;
use crate::streams::world::World;

/// The table of one kind of entity.
pub fn schema(kind: &Kind) -> TableSchema {
    schema_at(kind, "State at the end of the run")
}

/// The table of one kind as a run's window began: the same columns.
pub fn opening_schema(kind: &Kind) -> TableSchema {
    schema_at(kind, "State when the run began")
}

fn schema_at(kind: &Kind, state: &str) -> TableSchema {
    let column = |name: String, kind, nullable, description: &str| ColumnSpec {
        name,
        kind,
        unit: None,
        description: Some(description.to_owned()),
        nullable,
    };
    let mut columns = vec![
        column(
            format!("{}_id", kind.name),
            ColumnType::Id,
            false,
            "The entity's key",
        ),
        column(
            "cell".into(),
            ColumnType::Small,
            false,
            "The part of the population",
        ),
        column(
            "joined".into(),
            ColumnType::Time,
            true,
            "When it joined; missing for those there from the start",
        ),
        column("state".into(), ColumnType::Text, false, state),
    ];
    let values = kind.attributes.iter().chain(kind.shown_variables());
    columns.extend(values.map(|value| value.column.clone()));
    columns.extend(kind.texts.iter().map(|text| text.column.clone()));
    TableSchema {
        name: kind.name.clone(),
        columns,
    }
}

/// Rows of a chunk at most: of as many, columns of texts have room.
const CHUNK: usize = 65_536;

/// The rows of one kind of entity: cell by cell, those there from the start first.
pub fn rows(world: &World, cells: &[LogicalProcess], kind: KindId) -> impl Iterator<Item = Chunk> {
    let filled = cells
        .iter()
        .filter(move |cell| !cell.population.groups[kind].ids.is_empty());
    filled.flat_map(move |cell| {
        let group = &cell.population.groups[kind];
        let shared = world.program.kinds[kind].shared;
        // Who would be there only without interventions is not.
        let here: Vec<usize> = (0..group.ids.len())
            .filter(|&entity| group.state(entity as u64).is_some())
            .filter(|&entity| !shared || world.home(entity as u64) == cell.index)
            .collect();
        let chunk = |here: &[usize]| chunk(world, cell, kind, here);
        here.chunks(CHUNK).map(chunk).collect::<Vec<Chunk>>()
    })
}

fn chunk(world: &World, cell: &LogicalProcess, id: KindId, here: &[usize]) -> Chunk {
    let kind = &world.program.kinds[id];
    let group = &cell.population.groups[id];
    let pick = |words: &[u64]| -> Vec<u64> { here.iter().map(|&e| words[e]).collect() };
    let all = |values| Column {
        values,
        validity: Validity::All,
    };
    let code = |&entity: &usize| kind.state_codes[usize::from(group.states[entity])];
    let mut columns = vec![
        all(Values::Id(pick(&group.ids))),
        all(Values::Small(vec![cell.index; here.len()])),
        Column {
            values: Values::Time(here.iter().map(|&e| group.joined[e].0).collect()),
            validity: Validity::Mask(here.iter().map(|&e| e >= group.founders).collect()),
        },
        all(Values::Text(here.iter().map(code).collect())),
    ];
    for (attribute, words) in kind.attributes.iter().zip(&group.attributes) {
        columns.push(column_of(&attribute.column, &pick(words)));
    }
    for (v, (variable, words)) in (kind.shown_variables().iter())
        .zip(&group.variables)
        .enumerate()
    {
        let words = pick(words);
        let owner = kind
            .belongs_to
            .iter()
            .find(|belonging| usize::from(belonging.variable) == v);
        columns.push(match owner {
            Some(belonging) => owners(cell, belonging.owner, &words),
            None => column_of(&variable.column, &words),
        });
    }
    columns.extend((kind.texts.iter()).map(|text| texts(text, world, cell, id, here)));
    Chunk {
        table: id.index(),
        rows: here.len(),
        columns,
    }
}

/// The texts of some entities, as they are put together for their table.
fn texts(
    text: &TextColumn,
    world: &World,
    cell: &LogicalProcess,
    kind: KindId,
    here: &[usize],
) -> Column {
    let group = &cell.population.groups[kind];
    let observed = Observed::default();
    write_frames(&text.template, world, here.len(), |row, f| {
        let entity = here[row];
        let (own, marks) = (Own::Entity(kind, entity), Marks::default());
        let of = (Key(group.ids[entity]), group.joined[entity]);
        f(&Frame::of_entity(
            world,
            &cell.population,
            &observed,
            of,
            own,
            &marks,
        ));
    })
}

/// References within the cell as identifiers.
fn owners(cell: &LogicalProcess, owner: KindId, words: &[u64]) -> Column {
    Column {
        values: Values::Id(
            words
                .iter()
                .map(|&word| cell.population.id(owner, word))
                .collect(),
        ),
        validity: Validity::Mask(words.iter().map(|&word| word != NO_ENTITY).collect()),
    }
}
