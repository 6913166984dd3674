//! How many entities there are from the start, and in how many cells they live.

use super::{ChangeKind, Expr, KindId, Program};

/// A kind of which there are not as many as its share, since there is no part of an entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uneven {
    /// The kind.
    pub kind: KindId,
    /// How many the scale asks for.
    pub wanted: f64,
    /// How many there are.
    pub there: u32,
}

/// Cells in which those of a kind cannot be dealt to their owners within the bounds that the model states, since there is no
/// part of an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Misdealt {
    /// The kind.
    pub kind: KindId,
    /// That of their owners.
    pub owner: KindId,
    /// The least and the most that one of the owners is to have.
    pub bounds: (u32, u32),
    /// In how many cells that cannot be.
    pub cells: u16,
    /// How many cells have a population.
    pub peopled: u16,
    /// How many there are in the cell that is farthest from it, and how many owners.
    pub farthest: (u32, u32),
}

impl Misdealt {
    /// What is to be told of it.
    pub fn in_words(&self, program: &Program) -> String {
        let [kind, owner] = [self.kind, self.owner].map(|kind| &program.kinds[kind].name);
        let (number, owners) = self.farthest;
        let each = match self.bounds {
            (min, max) if min == max => min.to_string(),
            (min, max) => format!("{min} to {max}"),
        };
        format!(
            "those of `{kind}` are not {each} for each `{owner}` in {} of {} cells, such as {number} for {owners}",
            self.cells, self.peopled
        )
    }
}

/// How many of a number fall to a cell, of those that have a population.
pub fn share(number: u32, peopled: u16, cell: u16) -> u32 {
    let (cells, cell) = (u32::from(peopled.max(1)), u32::from(cell));
    match cell < cells {
        true => number / cells + u32::from(cell < number % cells),
        false => 0,
    }
}

/// Numbers that differ by less than this share from what a scale asks for are as good as it gets.
const NOTICED: f64 = 0.05;

impl Program {
    /// How many entities of a kind there are from the start: as many as declared at scale 1, and at least one of each kind.
    pub fn founders(&self, kind: KindId, scale: f64) -> u32 {
        match self.kinds[kind].count {
            0 => 0,
            count => (f64::from(count) * scale).round().max(1.0) as u32,
        }
    }

    /// The kinds whose entities others look for in their cell: picked, adopted, or belonged to.
    fn looked_for(&self) -> Vec<bool> {
        let mut looked_for = vec![false; self.kinds.len()];
        let mut mark = |kind: KindId| looked_for[kind] = true;
        for kind in &self.kinds {
            kind.belongs_to
                .iter()
                .for_each(|belonging| mark(belonging.owner));
        }
        for stream in &self.streams {
            for change in &stream.changes {
                if let ChangeKind::Adopt { kind, .. } = change.what {
                    mark(kind);
                }
            }
            for e in stream.expressions() {
                e.visit(&mut |e| match e {
                    Expr::Pick(kind, ..) | Expr::PickIf(kind, ..) => mark(*kind),
                    Expr::PickWhere(pick) => mark(pick.kind),
                    _ => {}
                });
            }
        }
        // Whom all know is found everywhere.
        let shared = self.kinds.iter().map(|kind| kind.shared);
        looked_for
            .iter_mut()
            .zip(shared)
            .for_each(|(one, shared)| *one &= !shared);
        looked_for
    }

    /// The kind that bounds the number of peopled cells, with that number, where it is less than that of all cells.
    ///
    /// Who is looked for lives in every peopled cell, or others there would look in vain.
    pub fn scarcest(&self, scale: f64) -> Option<(KindId, u16)> {
        let looked_for = self.looked_for();
        let kinds = self.kind_ids().filter(|&kind| looked_for[kind]);
        let numbers = kinds.map(|kind| (kind, self.founders(kind, scale)));
        let few = numbers.filter(|&(_, number)| 0 < number && number < u32::from(self.cells));
        let scarcest = few.min_by_key(|&(_, number)| number)?;
        Some((scarcest.0, scarcest.1 as u16))
    }

    /// How many cells, from the first on, have a population.
    pub fn peopled(&self, scale: f64) -> u16 {
        self.scarcest(scale).map_or(self.cells, |(_, cells)| cells)
    }

    /// The kinds of which there are too many or too few at a scale to keep their ratio to others.
    pub fn uneven(&self, scale: f64) -> Vec<Uneven> {
        let of_kind = |kind: KindId| Uneven {
            kind,
            wanted: f64::from(self.kinds[kind].count) * scale,
            there: self.founders(kind, scale),
        };
        let noticed = |uneven: &Uneven| {
            (f64::from(uneven.there) - uneven.wanted).abs() > NOTICED * uneven.wanted
        };
        self.kind_ids().map(of_kind).filter(noticed).collect()
    }

    /// Where those of a kind cannot be dealt to their owners as the model states it, at a scale.
    pub fn misdealt(&self, scale: f64) -> Vec<Misdealt> {
        let peopled = self.peopled(scale);
        let mut found = Vec::new();
        for (kind, definition) in KindId::each(&self.kinds) {
            for belonging in &definition.belongs_to {
                let (owner, bounds) = (belonging.owner, (belonging.min, belonging.max));
                // Owners whom all cells know are dealt those of all cells.
                let everywhere = self.kinds[owner].shared;
                let in_cell = |cell| {
                    let of = |kind| match (self.founders(kind, scale), everywhere) {
                        (all, true) => all,
                        (all, false) => share(all, peopled, cell),
                    };
                    (of(kind), of(owner))
                };
                let beyond = |&(number, owners): &(u32, u32)| {
                    let [number, owners] = [number, owners].map(i64::from);
                    let (least, most) = (i64::from(bounds.0), i64::from(bounds.1));
                    (number - most * owners).max(least * owners - number)
                };
                let cells = (0..peopled).map(in_cell);
                // Where nobody is there from the start, events say who belongs to whom.
                let cells = cells.filter(|of| of.1 > 0 && beyond(of) > 0);
                let Some(farthest) = cells.clone().max_by_key(beyond) else {
                    continue;
                };
                found.push(Misdealt {
                    kind,
                    owner,
                    bounds,
                    cells: cells.count() as u16,
                    peopled,
                    farthest,
                });
            }
        }
        found
    }
}
