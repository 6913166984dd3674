//! In which states those are who are there from the start, and to whom they belong.

use std::collections::BTreeMap;

use causeflow_engine::streams::program::KindId;
use causeflow_engine::streams::world::Settings;
use proptest::prelude::*;

use crate::support::{Played, Value, compile, play, program, property, settings};

/// Each of `count` shops tells its state once in the first day.
fn played(count: u32, starts: &str, seed: u64) -> Played {
    let text = format!(
        "model: {{name: shops, cells: 4, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n\
         entities:\n  shop: {{count: {count}, states: [open, new, shut], starts: {starts}}}\n\
         streams:\n  \
           told:\n    timer: {{every: 1d, per: shop}}\n    \
             fields: {{shop_id: {{value: 'shop.id'}}, state: {{value: 'shop.state'}}}}\n"
    );
    let program = program(&[("a.yaml".into(), text)]);
    play(&program, &settings(seed, 24))
}

/// The state of each shop.
fn states(played: &Played) -> BTreeMap<u64, String> {
    let rows = played.rows["told"].iter();
    let states = rows.map(|row| match (&row.fields["shop_id"], &row.fields["state"]) {
        (Value::Id(id), Value::Text(state)) => (*id, state.clone()),
        other => panic!("{other:?}"),
    });
    states.collect()
}

proptest! {
    #![proptest_config(property(30))]

    /// Shares follow the weights: each count lies within five standard deviations, which fails for one seed in a million.
    #[test]
    fn states_are_drawn_by_weight(weights in prop::array::uniform3(0..20_u32), seed in any::<u64>()) {
        let total: u32 = weights.iter().sum();
        prop_assume!(total > 0);
        let [open, new, shut] = weights;
        let starts = format!("{{shut: {shut}, open: {open}, new: {new}}}");
        let count = 4000;
        let states = states(&played(count, &starts, seed));
        prop_assert_eq!(states.len(), count as usize);
        for (state, weight) in [("open", open), ("new", new), ("shut", shut)] {
            let share = f64::from(weight) / f64::from(total);
            let found = states.values().filter(|of| *of == state).count() as f64;
            let expected = share * f64::from(count);
            prop_assert!((found - expected).abs() <= 5.0 * (expected * (1.0 - share)).sqrt(), "{state}: {found} for {expected}");
        }
    }

    /// How many belong to each owner lies within the bounds, but in cells of which it is told that they cannot be.
    #[test]
    fn owners_have_what_is_stated_or_it_is_told(
        (cells, houses) in (1..7_u16, 1..40_u32),
        (min, room, place) in (0..4_u32, 0..4_u32, 0.0..=1.0),
        scale in prop::sample::select(vec![1.0, 0.5, 0.13]),
        (shared, seed) in (any::<bool>(), any::<u64>()),
    ) {
        let max = (min + room).max(1);
        let guests = houses * min + (place * f64::from(houses * (max - min))) as u32;
        prop_assume!(guests > 0);
        let text = format!(
            "model: {{name: homes, cells: {cells}, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n\
             entities:\n  house: {{count: {houses}, shared: {shared}}}\n  guest: {{count: {guests}, belongs_to: {{house: {{min: {min}, max: {max}}}}}}}\n\
             streams:\n  came: {{source: {{rate: 1}}}}\n"
        );
        let model = compile(&[("a.yaml".into(), text)]).expect("it is right");
        let program = &model.compiled.program;
        let settings = Settings { scale, ..settings(seed, 1) };
        let played = play(program, &settings);
        let mut of_cells = Vec::new();
        for cell in &played.result.cells {
            let [house, guest] = [KindId(1), KindId(0)].map(|kind| &cell.population.groups[kind]);
            let mut numbers = vec![0; house.founders];
            for &owner in &guest.variables[0] {
                numbers[owner as usize] += 1;
            }
            of_cells.push(numbers);
        }
        if shared {
            // A house has guests from all cells.
            let number = |house: usize| of_cells.iter().map(|numbers| numbers[house]).sum();
            let all: Vec<u32> = (0..of_cells[0].len()).map(number).collect();
            of_cells = vec![all; usize::from(program.peopled(scale))];
        }
        let is_beyond = |numbers: &&Vec<u32>| numbers.iter().any(|number| !(min..=max).contains(number));
        let beyond = of_cells.iter().filter(is_beyond).count() as u16;
        let told = program.misdealt(scale);
        prop_assert_eq!(told.first().map_or(0, |told| told.cells), beyond);
        if let Some(told) = told.first() {
            let (number, owners) = told.farthest;
            prop_assert!(number > owners * max || number < owners * min);
        }
        // What a model says is at scale 1, and is told with it.
        let warned = model.compiled.warnings.list.iter();
        let warned = warned.filter(|warning| warning.message.contains("for each `house`"));
        prop_assert_eq!(warned.count(), program.misdealt(1.0).len());
    }

    /// Whoever is in a state stays there when another one's weight moves, unless the draw falls between the two; and one
    /// state for all is the same as its name.
    #[test]
    fn a_weight_moves_only_whom_it_has_to(weight in 1..50_u32, seed in any::<u64>()) {
        let of = |starts: &str| states(&played(500, starts, seed));
        let (few, more) = (of(&format!("{{new: {weight}, open: 50}}")), of(&format!("{{new: {}, open: 50}}", weight + 10)));
        prop_assert!(few.iter().all(|(id, state)| state != "new" || more[id] == "new"));
        prop_assert_eq!(of("{shut: 3}"), of("shut"));
    }
}
