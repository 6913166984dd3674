//! Servers by number, and which job each of them serves.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Servers {
    /// A bit a server: whether it serves.
    busy: Vec<u64>,
    /// By server: the place of the job that it serves, or served last.
    jobs: Vec<u32>,
    count: u32,
}

impl Servers {
    /// How many serve.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The lowest number that is free begins to serve the job at `slot`. O(servers / 64).
    #[inline]
    pub(super) fn take(&mut self, slot: u32) -> u32 {
        // Most stations have fewer than 64 servers.
        let word = match self.busy.first() {
            Some(first) if *first != u64::MAX => 0,
            _ => self.first_with_room(),
        };
        let bit = self.busy[word].trailing_ones();
        self.busy[word] |= 1 << bit;
        let server = word as u32 * 64 + bit;
        self.jobs[server as usize] = slot;
        self.count += 1;
        server
    }

    /// The first word that has a free server, which may be a new one.
    #[cold]
    fn first_with_room(&mut self) -> usize {
        let word = self.busy.iter().position(|word| *word != u64::MAX);
        word.unwrap_or_else(|| {
            self.busy.push(0);
            self.jobs.resize(self.busy.len() * 64, 0);
            self.busy.len() - 1
        })
    }

    /// A server is free again. O(1).
    #[inline]
    pub(super) fn free(&mut self, server: u32) {
        self.busy[server as usize / 64] &= !(1 << (server % 64));
        self.count -= 1;
    }

    /// Those who serve, by number, and the places of their jobs.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.jobs.iter().enumerate().filter_map(|(server, slot)| {
            let busy = self.busy[server / 64] >> (server % 64) & 1 == 1;
            busy.then_some((server as u32, *slot))
        })
    }
}
