//! Where errors within expressions are shown: at the words that they are about, however the expression is written.

use super::{edited, refused};

/// The text that the one error of an expression is shown at. The expression stands in place of a customer's id.
fn blamed(expression: &str) -> String {
    let value = format!("\n        value: {expression}\n        unit: x\n      after");
    let wrong = refused(edited(&[(" {value: customer.id}\n      pages", &value)]));
    let [error] = &wrong.list[..] else {
        panic!("{wrong}");
    };
    let file = &wrong.files[error.file.expect("a file is to blame")];
    file.text[error.span.clone()].to_owned()
}

#[test]
fn an_expression_of_several_lines_is_blamed_in_the_right_one() {
    for expression in [
        "1 +\n          2 +\n          nope",
        "\"1 +\n          2 +\n          nope\"",
        "'1 +\n\n          2 +\n          nope'",
        ">-\n          1 +\n          2 + nope",
        "|\n          1 +\n          2 + nope",
        "|2\n            1 +\n            2 + nope",
    ] {
        assert_eq!(blamed(expression), "nope", "{expression}");
    }
}

#[test]
fn escapes_do_not_shift_what_is_blamed() {
    for expression in [
        "\"\\x31 + \\u0032 + nope\"",
        "'if(1 == 1, ''a'', nope)'",
        "\"if(1 == 1, '\u{1f980}', nope)\"",
    ] {
        assert_eq!(blamed(expression), "nope", "{expression}");
    }
    assert_eq!(blamed("\"\\x31 + n\\x6fpe\""), "n\\x6fpe");
}

/// YAML's numbers are put into expressions in another way: then all of it is blamed.
#[test]
fn a_number_is_blamed_as_a_whole() {
    let files = edited(&[("delay: 2d}", "delay: 1.0e-7}")]);
    let wrong = refused(files);
    let span = wrong.list[0].span.clone();
    assert_eq!(&wrong.files[1].text[span], "1.0e-7", "{wrong}");
}
