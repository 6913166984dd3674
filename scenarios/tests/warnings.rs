//! Warnings, and files that are damaged at random.

use causeflow_scenarios::Library;
use proptest::prelude::*;

use crate::errors::scenario;
use crate::support::{property, summary, with};

#[test]
fn warnings_do_not_keep_a_scenario_from_running() {
    let cases = [
        (
            "{on: customer.tutor.search/rate, multiply: 1}",
            "stays as it is with this",
        ),
        (
            "{on: payment.failure/probability, shift: 0}",
            "stays as it is with this",
        ),
        (
            "{on: system.api.error/delay, multiply: 3}",
            "is 0, and stays 0",
        ),
        (
            "{on: payment.refund.issued/probability/session.noshow.tutor, multiply: 3}",
            "is 1 already",
        ),
        (
            "{on: customer.tutor.search/rate, multiply: 2}\n  - {on: customer.tutor.search/volume, multiply: 2}",
            "move one parameter",
        ),
    ];
    for (modifiers, wanted) in cases {
        let library: Library = with(&[("own.yaml", &scenario(&format!("  - {modifiers}\n")))]);
        let told = summary(&library.problems_of("own"));
        assert!(
            told.iter().any(|told| told.contains(wanted)),
            "{modifiers}: {told:?}"
        );
        assert!(library.scenario("own").is_ok());
    }
    let meant = "  - {on: customer.tutor.search/rate, multiply: 2}\n  - {on: customer.tutor.search/rate, multiply: 2, precedence: 1}\n";
    let library = with(&[("own.yaml", &scenario(meant))]);
    assert_eq!(summary(&library.problems_of("own")), Vec::<String>::new());
}

proptest! {
    #![proptest_config(property(150))]

    #[test]
    fn no_file_makes_it_panic(cut in 0usize..1600, with_what in "[a-z:{}\\[\\], \n/.0-9-]{0,12}") {
        let text = include_str!("../tutoring/exam-season-surge.yaml").replace("exam-season-surge", "own");
        let mut text: Vec<char> = text.chars().collect();
        let cut = cut.min(text.len());
        let until = (cut + with_what.len()).min(text.len());
        text.splice(cut..until, with_what.chars());
        let library = with(&[("own.yaml", &text.into_iter().collect::<String>())]);
        prop_assert_eq!(library.scenarios().filter(|scenario| scenario.id != "own").count() >= 9, true);
        let problems = library.problems();
        prop_assert!(problems.render(true).len() >= problems.render(false).len());
    }
}
