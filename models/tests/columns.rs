//! Fields are worked out column by column, and must have the bits that each event alone would have.

use std::cell::Cell;

use causeflow_engine::base::draw::{Key, mix};
use causeflow_engine::base::time::Time;
use causeflow_engine::streams::eval::{Block, Frame, Marks, Own, eval, eval_block};
use causeflow_engine::streams::play::RunResult;
use causeflow_engine::streams::population::Population;
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_engine::streams::sides::Side;
use causeflow_engine::streams::view::Observed;

use crate::support::{START, play, program, settings};

/// Cases of all kinds: those that all or nearly all rows take, constant ones, draws, and branches within branches.
const SHOP: &str = "
model: {name: shop, cells: 2, window: 6h, warmup: 1d, reference: {start: 2026-02-02, days: 28}}
streams:
  sold:
    source: {rate: 100}
    let:
      kind: {choice: {a: 1, b: 1, c: 5, d: 1}}
      rare: {choice: {often: 97, seldom: 3}}
      even: {choice: {e1: 1, e2: 1, e3: 1, e4: 1, e5: 1, e6: 1, e7: 1, e8: 1, e9: 1, e10: 1, e11: 1, e12: 1, e13: 1, e14: 1, e15: 1, e16: 1, e17: 1, e18: 1}}
      one: {by: kind, cases: {a: {value: '1'}, b: {value: '2'}, else: {value: '3'}}}
    fields:
      back: {value: 'happens(returned)'}
      normal: {value: 'normal(one, 2)'}
      normal_each: {value: 'normal(one, one / 3)'}
      lognormal: {value: 'lognormal(one, 0.45)'}
      lognormal_far: {value: 'lognormal(0.001, normal * 20)'}
      within: {value: 'lognormal(one, 0.5, 0.5, 4)'}
      law: {value: 'lognormal(62, 0.8, 1, 2000)'}
      waiting: {value: 'exponential(one)'}
      waiting_within: {value: 'exponential(one, 0.1, 2)'}
      both: {value: 'if(rare == \"often\", lognormal(one, 0.3), exponential(2))'}
      other: {value: 'if(rare == \"seldom\", 7, lognormal(one, 0.3))'}
      half: {value: 'if(bernoulli(0.5), uniform(one, 5), if(bernoulli(0.2), 3, poisson(one)))'}
      same: {by: rare, cases: {often: {choice: {x: 3, y: 1}}, else: {choice: {x: 1, z: 3}}}}
      mixed: {by: kind, cases: {a: {choice: {x: 3, y: 1}}, b: {value: \"'y'\"}, c: {choice: {x: 1, y: 1, z: 1}}, else: {value: \"if(one == 3, 'x', 'z')\"}}}
  returned:
    causes: [{on: sold, probability: 0.02, delay: 1h}]
    fields: {kind: {}}
";

/// Compares both ways for so many rows of each stream.
fn compare(result: &RunResult, rows: u64) {
    let world = &result.world;
    let populations: Vec<&Population> = result.cells.iter().map(|cell| &cell.population).collect();
    let observed = Observed::default();
    let keys: Vec<u64> = (0..rows).map(|row| mix(row ^ rows << 32)).collect();
    let times: Vec<i64> = keys
        .iter()
        .map(|key| START.0 + (key >> 24) as i64)
        .collect();
    let cells: Vec<u16> = keys.iter().map(|key| (key % 2) as u16).collect();
    let indexes: Vec<u32> = keys.iter().map(|key| (key % 3) as u32).collect();
    let causes = vec![1; keys.len()];
    for (stream, definition) in StreamId::each(&world.program.streams) {
        let mut block = Block {
            world,
            populations: &populations,
            observed: &observed,
            stream,
            keys: &keys,
            times: &times,
            cells: &cells,
            causes: &causes,
            indexes: &indexes,
            side: Side::FACTUAL,
            slots: vec![Vec::new(); 64],
        };
        // What events carry may be anything.
        for slot in 0..usize::from(definition.carried) {
            block.slots[slot] = keys.iter().map(|key| key % 5).collect();
        }
        for variable in definition.variables.iter().filter(|v| !v.stage.is_kept()) {
            let mut column = Vec::new();
            eval_block(&variable.value, &block, &mut column);
            assert_eq!(column.len(), keys.len(), "{}", variable.name);
            for (row, &word) in column.iter().enumerate() {
                let slots = block
                    .slots
                    .iter()
                    .map(|c| Cell::new(c.get(row).copied().unwrap_or(0)));
                let slots: Vec<Cell<u64>> = slots.collect();
                let marks = Marks {
                    ready: Cell::new(u64::MAX),
                    ..Marks::default()
                };
                let population = populations[usize::from(cells[row])];
                let about = (Key(keys[row]), Time(times[row]));
                let frame = Frame {
                    stream,
                    cause: causes[row],
                    index: indexes[row],
                    slots: &slots,
                    ..Frame::of_entity(world, population, &observed, about, Own::Nobody, &marks)
                };
                assert_eq!(
                    word,
                    eval(&variable.value, &frame),
                    "{} of row {row} of {rows}",
                    variable.name
                );
            }
            block.slots[variable.slot] = column;
        }
    }
}

fn shop() -> Program {
    program(&[("shop.yaml".to_owned(), SHOP.to_owned())])
}

#[test]
fn columns_have_the_bits_of_each_event_alone() {
    let result = play(&shop(), &settings(1, 1)).result;
    for rows in [1, 2, 3, 15, 64, 100, 1000, 2048, 5000] {
        compare(&result, rows);
    }
}
