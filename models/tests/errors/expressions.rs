//! Expressions as other languages, and people, write them.

use super::{Mistake, check, edited, refused, summary};

/// The one error of an expression that stands in place of a customer's id.
fn one_error(expression: &str) -> String {
    let value = format!("{{value: \"{expression}\"}}");
    let found = summary(&refused(edited(&[("{value: customer.id}", &value)])));
    assert_eq!(found.len(), 1, "{expression}: {found:#?}");
    found[0].clone()
}

#[test]
fn what_other_languages_write_is_met_with_what_to_write_here() {
    for (expression, advice) in [
        (
            "true && true",
            "`&&` has no meaning in an expression / write `and`",
        ),
        ("true || true", "write `or`"),
        (
            "2 ** 3",
            "`**` has no meaning in an expression / write pow(x, y)",
        ),
        ("2 ^ 3", "write pow(x, y)"),
        ("1 = 1", "to compare, write `==`"),
        (
            "1 === 1",
            "`===` has no meaning in an expression / write `==`",
        ),
        ("1 <> 1", "write `!=`"),
        ("!true", "write `not`"),
        ("50 %", "a share has its sign right behind the number: 30%"),
        ("\u{201c}a\u{201d}", "straight quotes"),
        ("1_000", "`1_000` is not a number / write 1000"),
        (
            "0x10",
            "`0x10` is not a number / write numbers in decimal digits",
        ),
        ("1e400", "this number is too large"),
        ("1h30m / 1h", "write a sum: 1h + 30m"),
        ("5min / 1h", "did you mean `5m`?"),
        ("hour()", "it is a value: write `hour`, without parentheses"),
        ("agent()", "it is a value: write `agent`"),
    ] {
        let found = one_error(expression);
        assert!(found.contains(advice), "{expression}: {found}");
    }
}

#[test]
fn truth_values_are_no_numbers() {
    for (expression, advice) in [
        (
            "if(5 < hour < 3, 1, 2)",
            "`<` does not go with a truth value and a number / to compare twice, write `a < b and b < c`",
        ),
        (
            "-true",
            "`-` does not go with a truth value / to count with a truth value, write if(..., 1, 0)",
        ),
        (
            "true + 1",
            "`+` does not go with a truth value and a number / to count",
        ),
        (
            "if(true < false, 1, 2)",
            "`<` does not go with a truth value and a truth value",
        ),
        (
            "if(true == 1, 1, 2)",
            "`==` does not go with a truth value and a number",
        ),
    ] {
        let found = one_error(expression);
        assert!(found.contains(advice), "{expression}: {found}");
    }
}

#[test]
fn a_value_is_not_offered_to_itself() {
    let found = one_error("customer_ids");
    assert!(!found.contains("did you mean `customer_id`"), "{found}");
}

#[test]
fn durations_as_people_write_them_are_met_with_one_unit() {
    check(&[Mistake {
        edit: ("every: 1h", "every: 1h30m"),
        line: "every: 1h30m",
        message: "`1h30m` is not a duration such as",
        help: "did you mean `90m`?",
    }]);
}

#[test]
fn cases_need_what_they_depend_on() {
    check(&[Mistake {
        edit: ("{value: customer.id}", "{cases: {a: 1}}"),
        line: "{cases: {a: 1}}",
        message: "`cases` needs `by`",
        help: "add `by`",
    }]);
}
