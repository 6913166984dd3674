//! What a verification came to, for people.

use causeflow_outputs::verify::{Check, Group};
use causeflow_runs::verify::{Found, NotChecked, Verification};

use crate::control::Clock;
use crate::errors::words;
use crate::output::{bytes, count, short, some};

/// Whether all is well, what was checked, then what was found.
pub fn text(verification: &Verification, clock: Clock) -> String {
    let verdict = &verification.verdict;
    let mut text = match verdict.findings.number() {
        0 if verification.is_well() => "all is well\n".to_owned(),
        0 => "nothing wrong was found, and not all was checked\n".to_owned(),
        1 => "1 thing is wrong\n".to_owned(),
        number => format!("{} things are wrong\n", count(number)),
    };
    text += &format!(
        "checked {} in {}",
        bytes(verdict.bytes as f64),
        some(verdict.files, "file")
    );
    if verdict.left_out.is_none() {
        text += &format!(
            ", {} rows in {}, {} links between them{}, {} entities\n{:.1} s, {} rows/s",
            count(verdict.rows),
            some(verdict.streams, "stream"),
            count(verdict.links),
            match verdict.nobody {
                0 => String::new(),
                nobody => format!(", {} to nobody", count(nobody)),
            },
            count(verdict.entities),
            clock.seconds(),
            short(clock.rate(verdict.rows)),
        );
    }
    text += "\n";
    if verdict.at_bounds > 0 {
        text += &format!(
            "whole numbers at the bounds of 32 bits: {}\n",
            count(verdict.at_bounds)
        );
    }
    for NotChecked { what, why } in verification.left_out(words) {
        text += &format!("not checked: {what}: {why}\n");
    }
    for (check, group) in verdict.findings.groups() {
        text += &format!("\n{}", found(check, group));
    }
    text
}

/// The findings of one check: the first of them, and how many more there are.
fn found(check: Check, group: &Group) -> String {
    let mut text = format!("{}: {}\n", check.what(), count(group.number));
    let mut shown = 0;
    for finding in group.first() {
        shown += 1;
        let finding = Found::of(finding);
        text += &format!("  {}\n    {}\n", place(&finding), told(&finding));
    }
    if group.number > shown {
        text += &format!("  and {} more\n", count(group.number - shown));
    }
    text + &format!("  help: {}\n", check.help())
}

/// What was found and what was expected.
pub fn told(finding: &Found) -> String {
    let text = format!("found {}, expected {}", finding.found, finding.expected);
    let advice = finding.advice.map(|advice| format!(": {}", words(advice)));
    text + &advice.unwrap_or_default()
}

/// Where a finding is: file and row, table and id, as far as they are known.
pub fn place(finding: &Found) -> String {
    let mut parts = Vec::new();
    if let Some(file) = &finding.file {
        parts.push(match finding.row {
            Some(row) => format!("{file}, row {row}"),
            None => file.clone(),
        });
    }
    match (&finding.table, &finding.id) {
        (Some(table), Some(id)) => parts.push(format!("{table} {id}")),
        (Some(table), None) => parts.push(table.clone()),
        (None, Some(id)) => parts.push(format!("event {id}")),
        (None, None) => {}
    }
    if let Some(column) = &finding.column {
        parts.push(format!("column {column}"));
    }
    parts.join(", ")
}
