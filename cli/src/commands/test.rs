//! `causeflow test`: plays several seeds of a model, and says whether its rows are as it expects them.

use causeflow_runs::expect::{TestSpec, Tested, test};
use causeflow_runs::pool;

use crate::args::TestArgs;
use crate::control::Front;
use crate::errors::Failure;
use crate::interrupt;
use crate::output::{print_as, some};

/// Runs the command.
pub fn run(args: &TestArgs) -> Result<(), Failure> {
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let front = Front { quiet: args.quiet };
    let spec = TestSpec {
        model: args.model.clone(),
        parameters: args.set.given(),
        seeds: args.seeds,
        seed: args.seed,
        start: args.start.clone(),
        days: args.days,
        scale: args.scale,
        only: args.only.clone(),
    };
    let tested = pool.install(|| test(&spec, &front))?;
    print_as(args.json, &tested, || text(&tested))?;
    match tested.holds {
        true => Ok(()),
        false => Err(Failure::difference()),
    }
}

fn text(tested: &Tested) -> String {
    let mut text = String::new();
    for one in &tested.expectations {
        let word = if one.holds { "holds" } else { "FAILS" };
        text += &format!(
            "{word}  {}\n       expected {}\n       found    {}\n",
            one.name, one.expected, one.found
        );
    }
    let fail = tested.expectations.iter().filter(|one| !one.holds).count();
    let number = tested.expectations.len();
    let all = some(number, "expectation");
    text += &match fail {
        0 => format!("{all} of {}: all hold", tested.model),
        fail => format!("{all} of {}: {fail} of them fail", tested.model),
    };
    let (seeds, percent) = (some(tested.seeds.len(), "seed"), 100.0 * tested.confidence);
    text + &format!(
        "; {seeds} from {} to {} at scale {}, means with their {percent:.0} % confidence interval\n",
        tested.start, tested.end, tested.scale
    )
}
