//! The entities' tables: who there is, with attributes and the state at the end of a run.

use crate::base::table::{Chunk, Column, ColumnSpec, ColumnType, TableSchema, Validity, Values};
use crate::streams::cell::LogicalProcess;
use crate::streams::program::{Kind, KindId, NO_ENTITY};
use crate::streams::rows::typed;
use crate::streams::world::World;

/// The table of one kind of entity.
pub fn schema(kind: &Kind) -> TableSchema {
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
        column(
            "state".into(),
            ColumnType::Text,
            false,
            "State at the end of the run",
        ),
    ];
    let values = kind.attributes.iter().chain(&kind.variables);
    columns.extend(values.map(|value| value.column.clone()));
    TableSchema {
        name: kind.name.clone(),
        columns,
    }
}

/// The rows of one kind of entity: cell by cell, those there from the start first.
pub fn rows(world: &World, cells: &[LogicalProcess], kind: KindId) -> impl Iterator<Item = Chunk> {
    let definition = &world.program.kinds[kind];
    let filled = cells
        .iter()
        .filter(move |cell| !cell.population.groups[kind].ids.is_empty());
    filled.map(move |cell| chunk(definition, cell, kind))
}

fn chunk(kind: &Kind, cell: &LogicalProcess, id: KindId) -> Chunk {
    let group = &cell.population.groups[id];
    // Who would be there only without interventions is not.
    let here: Vec<usize> = (0..group.ids.len())
        .filter(|&entity| group.state(entity as u64).is_some())
        .collect();
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
        columns.push(typed(attribute.column.kind, &pick(words)));
    }
    for (v, (variable, words)) in kind.variables.iter().zip(&group.variables).enumerate() {
        let words = pick(words);
        let owner = kind
            .belongs_to
            .iter()
            .find(|belonging| usize::from(belonging.variable) == v);
        columns.push(match owner {
            Some(belonging) => owners(cell, belonging.owner, &words),
            None => typed(variable.column.kind, &words),
        });
    }
    Chunk {
        table: id.index(),
        rows: here.len(),
        columns,
    }
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
