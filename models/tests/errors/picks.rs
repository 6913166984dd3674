//! Picks by a condition, and mistakes in them.

use super::{Case, of_text};

/// A model with some, with some places of it replaced.
fn found(edits: &[(&str, &str)]) -> Vec<String> {
    let text = r"
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
parameters:
  least: {value: 2}
entities:
  branch: {count: 4}
  product: {count: 9, shared: true, attributes: {category: {choice: {tea: 1, pot: 1}}, price: 'uniform(1, 9)'}, variables: {sold: 0}}
  tutor: {count: 9, states: [free, busy], starts: free, belongs_to: {branch: {min: 1, max: 9}}, attributes: {grade: 'integer(1, 9)'}, variables: {load: 0}}
  student: {count: 20, attributes: {grade: 'integer(1, 9)'}}
streams:
  asked:
    source: {rate: 100, actor: student}
    let:
      tutor: {value: 'pick(tutor, free, where: load < most and it.branch != none and grade <= student.grade)'}
      product: {value: 'pick(product, where: category == wanted and it.price < 3)'}
      friend: {value: 'pick(student, where: it != student)'}
    fields:
      most: {value: 'integer(1, 4)'}
      price: {value: product.price}
      wanted: {choice: {tea: 1, pot: 1}}
  told:
    causes: [{on: asked, count: 2, delay: 1h}]
    let: {one: {value: 'pick(tutor, distinct, where: grade > level)'}}
    fields: {level: {value: most}, one_id: {value: one.id}}
  added:
    source: {rate: 9, actor: branch}
    fields:
      busy: {value: 'count(tutor.branch, busy, where: grade > 3)'}
      loads: {value: 'sum(tutor.branch, load, of: branch)'}
";
    of_text(text, edits)
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(found(&[]), Vec::<String>::new());
}

#[test]
fn each_mistake_is_told_once_where_it_stands() {
    let cases: &[Case] = &[
        (
            &[("sum(tutor.branch, load", "sum(tutr.branch, load")],
            "29:",
            "there is no kind of entity `tutr`",
        ),
        (
            &[("sum(tutor.branch, load", "sum(tutor.brunch, load")],
            "29:",
            "a tutor does not belong to a `brunch`",
        ),
        (
            &[("sum(tutor.branch, load", "sum(tutor.branch, hour")],
            "29:",
            "this asks nothing of the tutor: it is the same for all of them",
        ),
        (
            &[("sum(tutor.branch, load, of", "sum(tutor.branch, off")],
            "29:",
            "`sum` does not know `off:`",
        ),
        (
            &[(
                "sum(tutor.branch, load, of: branch",
                "sum(tutor.branch, of: branch",
            )],
            "29:",
            "`sum` takes one value to add up, besides over whom, found 0",
        ),
        (
            &[("of: branch", "of: 3")],
            "29:",
            "this is a number, expected a reference to a branch / `of: ...` says to whom they belong",
        ),
        (
            &[
                ("branch: {count: 4}", "branch: {count: 4, shared: true}"),
                ("actor: branch", "actor: tutor"),
                ("of: branch", "of: tutor.branch"),
                (", where: grade > 3", ""),
            ],
            "28:",
            "a tutor and its branch may live in different cells, and none knows all of them",
        ),
        (
            &[("load, of", "state, of")],
            "29:",
            "this is a text, expected a number or a duration",
        ),
        (
            &[("{rate: 9, actor: branch}", "{rate: 9, actor: student}")],
            "28:",
            "`branch` is not known here",
        ),
        (
            &[("where: load < most", "were: load < most")],
            "14:",
            "`pick` does not know `were:` / write `where: ` and a condition",
        ),
        (
            &[("free, where: load", "where: load > 0, where: load")],
            "14:",
            "there is a second `where` / join them with `and`",
        ),
        (
            &[("where: category == wanted", "category: wanted, where: true")],
            "15:",
            "`pick` does not know `category:` / write `where: ` and a condition, such as `where: category == ...`",
        ),
        (
            &[("it.price < 3", "price < 3")],
            "15:",
            "`price` is known of the product who is asked and of the event / write `it.price` for that of the product",
        ),
        (
            &[("category == wanted", "product.category == wanted")],
            "15:",
            "a product who is asked is `it`, and has bare names: `category`",
        ),
        (
            &[("it.price < 3", "it.prices < 3")],
            "15:",
            "a product has no `prices`",
        ),
        (
            &[("it.price < 3", "sold < 3")],
            "15:",
            "`sold` of a product changes, and is known only where that lives",
        ),
        (
            &[("category == wanted and it.price < 3", "wanted == \\'tea\\'")],
            "15:",
            "this asks nothing of the product: it is the same",
        ),
        (
            &[("it.price < 3", "it.price < uniform(1, 3)")],
            "15:",
            "a draw would be the same for each product who is asked / give it a name with `let`",
        ),
        (
            &[("it.branch != none", "it.branch == pick(branch)")],
            "14:",
            "a draw would be the same for each tutor",
        ),
        (
            &[("it != student", "grade")],
            "16:",
            "this is a number, expected a truth value",
        ),
        (
            &[("load < most", "load < mist")],
            "14:",
            "`mist` is not known here when the event comes from the source of asked / did you mean `most`?",
        ),
        (
            &[(
                "pick(student, where: it",
                "pick(student, free, 3, where: it",
            )],
            "16:",
            "`pick` takes a kind, and a state, `distinct` and a condition (`where: ...`) if wanted, found 3",
        ),
        (
            &[
                ("least: {value: 2}", "it: {value: 2}"),
                ("it.branch != none and ", ""),
                (" and it.price < 3", ""),
            ],
            "16:",
            "`it` is the student who is asked, and the event knows another `it`",
        ),
        (
            &[("(student, where", "(student, distinct, where")],
            "16:",
            "`distinct` tells lines of one document apart, or events of one cause",
        ),
        (
            &[("count: 2, ", "")],
            "23:",
            "and here is one alone / it stands in `lines`, or in a stream whose causes have a `count`",
        ),
        (
            &[("delay: 1h}", "delay: 1h}, {on: asked, delay: 2h}")],
            "23:",
            "the ways from one cause have draws of their own",
        ),
        (
            &[("{value: most}", "{value: 'most + index'}")],
            "23:",
            "what is asked differs from one to the next, who would not know of each other / ask what the cause knows",
        ),
        (
            &[("{value: most}", "{value: 'integer(1, most)'}")],
            "23:",
            "what is asked differs from one to the next",
        ),
        (
            &[("grade > level", "load < level")],
            "23:",
            "events of one cause take place at different times, and which tutor fits changes in between",
        ),
        (
            &[("tutor, distinct", "tutor, free, distinct")],
            "23:",
            "which tutor fits changes in between",
        ),
        (
            &[("grade > level", "grade > hour")],
            "23:",
            "which tutor fits changes in between",
        ),
        (
            &[(
                "count: 2, delay: 1h}]",
                "count: 2, delay: 1h}]\n    creates: tutor",
            )],
            "24:",
            "which tutor fits changes in between",
        ),
    ];
    super::all_are_told(cases, found);
}
