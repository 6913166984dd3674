//! Mistakes around desks.

use super::{END, edited, refused, summary};

const DESKS: (&str, &str) = (
    "counters:",
    "desks:\n  packers: {shifts: [{from: 8h, to: 18h, agents: 3}]}\n\ncounters:",
);

/// Adds a desk and a stream to the template; the one error that comes of it.
fn one_error(shift: &str, stream: &str) -> String {
    let stream = format!("{stream}\n{END}");
    let desks = DESKS.1.replace("{from: 8h, to: 18h, agents: 3}", shift);
    let found = summary(&refused(edited(&[(DESKS.0, &desks), (END, &stream)])));
    assert_eq!(found.len(), 1, "one mistake, one error, not {found:#?}");
    found[0].clone()
}

const SHIFT: &str = "{from: 8h, to: 18h, agents: 3}";
const PACKED: &str = "  order.packed:\n    causes: [{on: order.placed}]\n    desk: {name: packers, work: 5m}\n    fields: {order_id: {}}\n";

fn complains(found: &str, parts: &[&str]) {
    for part in parts {
        assert!(found.contains(part), "expected `{part}` in {found}");
    }
}

#[test]
fn shifts_have_full_hours_and_somebody() {
    let of_shift = |shift| one_error(shift, PACKED);
    let found = of_shift("{from: 8h, to: 17h30m, agents: 3}");
    complains(&found, &["model.yaml:", "is not a duration"]);
    let found = of_shift("{from: 8h, to: 90m, agents: 3}");
    complains(
        &found,
        &["found 90m", "expected full hours after midnight, 0h to 24h"],
    );
    let found = of_shift("{from: 8h, to: 8h, agents: 3}");
    complains(&found, &["ends as it begins", "write 0h to 24h"]);
    let found = of_shift("{from: 8h, to: 18h, agents: 0}");
    complains(&found, &["nobody ever works at this desk", "add a shift"]);
    let found = of_shift("{from: 8h, to: 18h, agents: 3, days: [monday]}");
    complains(&found, &["monday", "mon"]);
}

#[test]
fn desks_are_there_and_meant() {
    let named = |name: &str| {
        one_error(
            SHIFT,
            &PACKED.replace("name: packers", &format!("name: {name}")),
        )
    };
    complains(
        &named("packer"),
        &["there is no desk `packer`", "did you mean `packers`?"],
    );
    let either = "\"if(time > time, 'packers', 'stewards')\"";
    complains(&named(either), &["there is no desk `stewards`"]);
    let any = "\"customer_id\"";
    complains(&named(any), &["there is no desk `customer_id`"]);
    let found = one_error(SHIFT, &PACKED.replace("5m", "5"));
    complains(
        &found,
        &[
            "this is a number, expected a duration",
            "write the unit of time",
        ],
    );
}

#[test]
fn nobody_lives_at_a_desk() {
    let found = one_error(
        SHIFT,
        &PACKED.replace("{order_id: {}}", "{who: {value: customer.id}}"),
    );
    complains(
        &found,
        &[
            "customer",
            "`id`: the customer lives in a cell that this event may have left",
            "carry what is needed of the customer, such as `customer.id`",
        ],
    );
    let picked = PACKED.replace(
        "    fields:",
        "    let: {who: {value: pick(customer)}}
    fields:",
    );
    let found = one_error(SHIFT, &picked);
    complains(
        &found,
        &["`pick` finds nobody: this event takes place at a desk"],
    );
    let created = PACKED.replace("    fields:", "    creates: customer\n    fields:");
    let found = one_error(SHIFT, &created);
    complains(
        &found,
        &["no entity can be created here: this event takes place at a desk"],
    );
}

#[test]
fn what_comes_to_a_desk_comes_from_a_cell() {
    let sourced = PACKED.replace("causes: [{on: order.placed}]", "source: {rate: 5}");
    let found = one_error(
        SHIFT,
        &sourced.replace("{order_id: {}}", "{one: {value: '1'}}"),
    );
    complains(&found, &["a stream with a desk has causes only"]);
    let timed = PACKED.replace("order.placed", "shop.snapshot");
    let found = one_error(
        SHIFT,
        &timed.replace("{order_id: {}}", "{one: {value: '1'}}"),
    );
    complains(
        &found,
        &["the desks play before shop.snapshot, which may take place on the platform"],
    );
    let found = one_error(
        SHIFT,
        &PACKED.replace("{on: order.placed}", "{on: order.placed, cell: any}"),
    );
    complains(&found, &["waits at a desk lands there", "remove `cell`"]);
    let late = "  shop.late:\n    causes: [{on: shop.snapshot}]\n";
    let packed = PACKED.replace("order.placed", "shop.late");
    let found = one_error(
        SHIFT,
        &format!(
            "{late}{}",
            packed.replace("{order_id: {}}", "{one: {value: '1'}}")
        ),
    );
    complains(
        &found,
        &["the desks play before shop.late, which may take place on the platform"],
    );
    let looked = "  desk.seen:\n    causes: [{on: order.placed}]\n    fields: {n: {value: waiting(packers)}}\n";
    let found = one_error(SHIFT, looked);
    complains(&found, &["`waiting` shows the whole business"]);
}

#[test]
fn what_comes_back_takes_its_time_and_names_who_is_away() {
    let after = |cause: &str, rest: &str| {
        let told = format!("  order.told:\n    causes: [{{on: {cause}}}]\n    {rest}\n");
        one_error(SHIFT, &format!("{PACKED}{told}"))
    };
    let knows = "fields: {country: {value: customer.country}}";
    complains(
        &after("order.packed", knows),
        &[
            "`country`: the customer lives in a cell",
            "with `cell: customer`",
        ],
    );
    complains(
        &after("order.packed, cell: customer, delay: 59m", knows),
        &[
            "takes a window at least, 1h: found a delay of 59m at the least",
            "or the `window`",
        ],
    );
    complains(
        &after("order.packed, cell: customer, at: 'time + 5m'", knows),
        &["found a delay of 5m at the least"],
    );
    complains(
        &after(
            "order.packed, cell: custmer, delay: 2h",
            "description: Nothing",
        ),
        &["`custmer` is not known here", "did you mean `customer`?"],
    );
    complains(
        &after("order.placed, cell: customer, delay: 2h", knows),
        &[
            "found a reference to a customer, expected an entity in another cell",
            "leave it out",
        ],
    );
    complains(
        &after("order.packed, cell: [customer, order_id], delay: 2h", knows),
        &["found an identifier, expected an entity in another cell"],
    );
    complains(
        &after("order.packed", "changes: [{entity: customer, state: gone}]"),
        &["`customer` is a reference to a customer in another cell, expected an entity"],
    );
}

#[test]
fn what_follows_from_desks_and_timers_of_the_platform_is_where_nobody_lives() {
    let after = |stream: &str, cause: &str, rest: &str| {
        let stream = format!("  {stream}:\n    causes: [{{on: {cause}, cell: any}}]\n    {rest}\n");
        let packed = PACKED.replace("{order_id: {}}", "{one: {value: '1'}}");
        one_error(SHIFT, &format!("{packed}{stream}"))
    };
    let creates = "creates: customer";
    complains(
        &after("order.thanked", "order.packed", creates),
        &[
            "no entity can be created here",
            "at a desk, or follows from one",
            "that a source brings",
        ],
    );
    complains(
        &after("shop.noted", "shop.snapshot", creates),
        &[
            "no entity can be created here",
            "may take place on the platform",
        ],
    );
    complains(
        &after(
            "shop.noted",
            "shop.snapshot",
            "let: {who: {value: pick(customer)}}",
        ),
        &["`pick` finds nobody", "may take place on the platform"],
    );
}

#[test]
fn what_all_share_changes_where_it_lives() {
    let with = |more: &str, stream: &str| {
        let kind = format!(
            "entities:\n  product:\n    count: 4\n    shared: true\n    attributes: {{price: 3}}\n    variables: {{left: 9}}\n{more}"
        );
        let stream = format!("{stream}\n{END}");
        let found = summary(&refused(edited(&[("entities:\n", &kind), (END, &stream)])));
        assert_eq!(found.len(), 1, "one mistake, one error, not {found:#?}");
        found[0].clone()
    };
    let bought = |rest: &str| {
        format!(
            "  order.wished:\n    causes: [{{on: order.placed}}]\n    let: {{product: {{value: pick(product)}}}}\n{rest}"
        )
    };
    complains(
        &with("", &bought("    fields: {left: {value: product.left}}\n")),
        &[
            "`left` of a product changes, and is known only where that lives",
            "`cell: product`",
        ],
    );
    complains(
        &with(
            "",
            &bought("    changes: [{entity: product, add: {left: 1}}]\n"),
        ),
        &[
            "a reference to a product, which may live in another cell",
            "with `cell: product`",
        ],
    );
    complains(
        &with("", &bought("    fields: {n: {value: product.state}}\n")),
        &["`state` of a product changes"],
    );
    let picked = "  order.wished:\n    causes: [{on: order.placed}]\n    let: {product: {value: 'pick(product, active)'}}\n    fields: {id: {value: product.id}}\n";
    complains(&with("", picked), &["nobody is picked by it"]);
    let acted =
        "  product.aged:\n    source: {rate: 3, actor: product}\n    fields: {n: {value: '1'}}\n";
    complains(
        &with("", acted),
        &["a product is shared: all cells know it, and in none it acts"],
    );
    let each =
        "  product.aged:\n    timer: {every: 1d, per: product}\n    fields: {n: {value: '1'}}\n";
    complains(
        &with("", each),
        &["a product is shared", "a timer without `per`"],
    );
    let made = "  product.made:\n    causes: [{on: order.placed}]\n    creates: product\n    fields: {n: {value: '1'}}\n";
    complains(
        &with("", made),
        &["a product is shared: all of them are there from the start"],
    );
    let owned = "    belongs_to: {customer: {min: 0, max: 9}}\n";
    complains(
        &with(owned, ""),
        &[
            "all cells know a product, and a customer only one",
            "shared: true",
        ],
    );
}

#[test]
fn who_is_held_is_released_and_it_is_clear_what_is_wanted() {
    let with = |desk: &str| one_error(SHIFT, &PACKED.replace("name: packers, work: 5m", desk));
    let found = with("name: packers");
    complains(&found, &["does not say what is wanted", "hold: patient_id"]);
    let found = with("name: packers, work: 5m, hold: order_id");
    complains(
        &found,
        &["`hold` and `work` exclude each other", "keep one"],
    );
    let found = with("name: packers, hold: order_id");
    complains(&found, &["nothing releases who is held", "release: .."]);
    let found = with("name: packers, release: order_id");
    complains(&found, &["nobody is held at this desk", "hold: .."]);
    let found = with("name: packers, work: 5m, give_up: -1m");
    complains(&found, &["this give_up is negative"]);
    let found = with("name: packers, work: 5m, room: 0.5");
    complains(&found, &["room"]);
    let held = PACKED.replace("work: 5m", "hold: order_id");
    let released = "  order.sent:\n    causes: [{on: order.packed, delay: 1h}]\n    desk: {name: packers, release: order_id, priority: 1}\n";
    let found = one_error(SHIFT, &format!("{held}{released}"));
    complains(&found, &["waits for nobody", "`priority`"]);
}

#[test]
fn a_desk_has_shifts_or_a_capacity() {
    let desks = |desk: &str| {
        let stream = format!("{PACKED}\n{END}");
        let desks = format!("desks:\n  packers: {desk}\n\ncounters:");
        let found = summary(&refused(edited(&[(DESKS.0, &desks), (END, &stream)])));
        assert_eq!(found.len(), 1, "one mistake, one error, not {found:#?}");
        found[0].clone()
    };
    let found = desks("{capacity: 0}");
    complains(&found, &["nobody ever works at this desk"]);
    let found = desks("{}");
    complains(&found, &["nobody ever works at this desk", "capacity"]);
    let found = desks("{capacity: 3, shifts: [{from: 8h, to: 18h, agents: 3}]}");
    complains(&found, &["exclude each other"]);
    let found = desks("{capacity: 2000000}");
    complains(&found, &["at most 1000000 agents"]);
}
