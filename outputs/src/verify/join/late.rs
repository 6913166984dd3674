//! References to what is not there. It may lie before the start of the run, and whether it can is only known when the
//! root of the chain was looked for in a part of its own.

use super::super::finding::Check;
use super::super::ids::Ids;
use super::super::records::{Late, Records};
use super::super::store::Kind;
use super::{Checking, Join, Scratch};
use crate::error::Error;

impl Join<'_> {
    /// Puts off what is not there until it is known whether its root is.
    pub(super) fn late(&self, late: Late, checking: &mut Checking<'_>) -> Result<(), Error> {
        match self.is_whole {
            true => checking.outbox.push(Kind::Late, late.record()),
            false => Ok(()),
        }
    }

    /// Checks what was put off: a root within the run means that all of its chain lies within it.
    pub fn check_late(&self, part: usize, scratch: &mut Scratch<'_>) -> Result<(), Error> {
        let most = self.store.words(part, Kind::Late) / 2;
        if most == 0 {
            return Ok(());
        }
        let Scratch {
            events: late,
            buffer,
            checking,
        } = scratch;
        self.store.read(part, Kind::Late, buffer, late)?;
        checking.ids.clear(most);
        for record in Records(late) {
            checking.ids.insert(record[0], 0);
        }
        let mut here = Ids::with_room(most);
        let mut note = |id: u64| {
            if checking.ids.get(id).is_some() {
                here.insert(id, 0);
            }
        };
        self.store.visit(part, Kind::Ids, buffer, |ids| {
            ids.iter().for_each(|&id| note(id));
            Ok(())
        })?;
        self.store.visit(part, Kind::Events, buffer, |words| {
            Records(words).for_each(|record| note(record[0]));
            Ok(())
        })?;
        for late in Records(late).map(Late::of) {
            if here.get(late.root).is_some() {
                self.is_missing(late, checking);
            }
        }
        Ok(())
    }

    fn is_missing(&self, late: Late, checking: &mut Checking<'_>) {
        let place = (usize::from(late.stream), 0, late.id);
        let reference = late.reference.zip(self.rules);
        let reference = reference.map(|(at, rules)| &rules.references[usize::from(at)]);
        let check = match reference {
            Some(_) => Check::Reference,
            None => Check::MissingCause,
        };
        checking.findings.add(check, place, || {
            let within = format!("as its root {} is in the run", late.root);
            match reference {
                Some(of) => {
                    let found = format!("an id made by event {}, which is not there", late.missing);
                    let expected = format!("{}, {within}", self.maker(&of.to));
                    self.finding(place, &of.column, found, expected)
                }
                None => {
                    let found = format!("{}, which is not there", late.missing);
                    let expected = format!("an event of the run, {within}");
                    self.finding(place, "cause_id", found, expected)
                }
            }
        });
    }

    /// The events that an id can be made by, in words.
    pub(super) fn maker(&self, streams: &[usize]) -> String {
        let names: Vec<&str> = streams.iter().map(|&stream| self.names[stream]).collect();
        format!(
            "an id made by an earlier event of its chain, of {}",
            names.join(" or ")
        )
    }
}
