//! In which states those are who are there from the start.

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::support::{Played, Value, play, program, property, settings};

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
