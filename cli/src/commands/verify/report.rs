//! What a verification came to, for people and for programs.

use causeflow_outputs::verify::{Check, Finding, Group, Verdict};
use serde_json::{Value, json};

use crate::args::VerifyArgs;
use crate::errors::Failure;
use crate::output::{bytes, count, print, print_json, short, some};
use crate::progress::Clock;

/// A finished verification.
pub struct Report<'a> {
    pub args: &'a VerifyArgs,
    pub verdict: &'a Verdict,
    /// Why the model could not be used, if it could not.
    pub without_model: Option<&'a String>,
    pub clock: Clock,
}

impl Report<'_> {
    /// Whether nothing is wrong, and all was checked that was asked for.
    pub fn is_well(&self) -> bool {
        self.verdict.findings.is_empty() && (self.args.quick || self.left_out().is_empty())
    }

    /// Prints whether all is well, what was checked, then what was found.
    pub fn print(&self) -> Result<(), Failure> {
        let verdict = self.verdict;
        let mut text = match verdict.findings.number() {
            0 if self.is_well() => "all is well\n".to_owned(),
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
                self.clock.seconds(),
                short(self.clock.rate(verdict.rows)),
            );
        }
        text += "\n";
        if verdict.at_bounds > 0 {
            text += &format!(
                "whole numbers at the bounds of 32 bits: {}\n",
                count(verdict.at_bounds)
            );
        }
        for (what, why) in self.left_out() {
            text += &format!("not checked: {what}: {why}\n");
        }
        for (check, group) in verdict.findings.groups() {
            text += &format!("\n{}", found(check, group));
        }
        print(&text)
    }

    /// What was not checked, and why.
    fn left_out(&self) -> Vec<(&'static str, &str)> {
        let mut left_out = Vec::new();
        match (&self.verdict.left_out, self.without_model) {
            (Some(why), _) => left_out.push(("the rows", why.as_str())),
            (None, Some(why)) => left_out.push((
                "what the model says about columns, effects, delays, outcomes, cells and ids in fields, and what follows from the manifest",
                why.as_str(),
            )),
            (None, None) => {}
        }
        left_out
    }

    /// Prints all of it as one JSON object.
    pub fn print_json(&self) -> Result<(), Failure> {
        let verdict = self.verdict;
        let group = |(check, group): (Check, &Group)| {
            json!({
                "check": check.name(),
                "number": group.number,
                "help": check.help(),
                "first": group.first().map(as_json).collect::<Vec<_>>(),
            })
        };
        let left_out = |(what, why): (&str, &str)| json!({"what": what, "why": why});
        print_json(&json!({
            "ok": self.is_well(),
            "out": self.args.out.display().to_string(),
            "files": verdict.files,
            "bytes": verdict.bytes,
            "streams": verdict.streams,
            "rows": verdict.rows,
            "links": verdict.links,
            "links_to_nobody": verdict.nobody,
            "whole_numbers_at_bounds": verdict.at_bounds,
            "entities": verdict.entities,
            "not_checked": self.left_out().into_iter().map(left_out).collect::<Vec<_>>(),
            "findings": verdict.findings.groups().map(group).collect::<Vec<_>>(),
        }))
    }
}

/// The findings of one check: the first of them, and how many more there are.
fn found(check: Check, group: &Group) -> String {
    let mut text = format!("{}: {}\n", check.what(), count(group.number));
    let mut shown = 0;
    for finding in group.first() {
        shown += 1;
        text += &format!(
            "  {}\n    found {}, expected {}\n",
            place(finding),
            finding.found,
            finding.expected
        );
    }
    if group.number > shown {
        text += &format!("  and {} more\n", count(group.number - shown));
    }
    text + &format!("  help: {}\n", check.help())
}

/// Where a finding is: file and row, table and id, as far as they are known.
pub fn place(finding: &Finding) -> String {
    let mut parts = Vec::new();
    if let Some(file) = &finding.file {
        parts.push(match finding.row {
            Some(row) => format!("{file}, row {row}"),
            None => file.clone(),
        });
    }
    match (&finding.table, finding.id) {
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

/// A finding as JSON.
pub fn as_json(finding: &Finding) -> Value {
    json!({
        "file": finding.file,
        "row": finding.row,
        "table": finding.table,
        "id": finding.id.map(|id| id.to_string()),
        "column": finding.column,
        "found": finding.found,
        "expected": finding.expected,
    })
}
