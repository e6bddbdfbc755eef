//! The source of all chance: everything else of this crate is a function of it.

use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};

/// Draws numbers, names and choices from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// True in this many of a hundred cases.
    pub(crate) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// A number below `end`; 0 where there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.random_range(0..end) }
    }

    /// A number from `first` to `last`.
    pub(crate) fn between(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// A number below `end`, the small ones more often: few things are used by many.
    pub(crate) fn low(&mut self, end: usize) -> usize {
        self.below(end).min(self.below(end))
    }

    /// One of these; the default of the type where there is none.
    pub(crate) fn one<T: Clone + Default>(&mut self, of: &[T]) -> T {
        of.choose(&mut self.0).cloned().unwrap_or_default()
    }

    /// One of these, if there is any.
    pub(crate) fn any<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.choose(&mut self.0)
    }

    /// One of these, each as often as its weight says.
    pub(crate) fn weighted<T: Copy + Default>(&mut self, of: &[(usize, T)]) -> T {
        let mut left = self.below(of.iter().map(|(weight, _)| weight).sum());
        for (weight, value) in of {
            if left < *weight {
                return *value;
            }
            left -= weight;
        }
        T::default()
    }

    /// Up to this many different ones of these.
    pub(crate) fn some<T: Clone>(&mut self, of: &[T], count: usize) -> Vec<T> {
        of.sample(&mut self.0, count.min(of.len())).cloned().collect()
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        items.shuffle(&mut self.0);
    }

    /// A total cut into shares of at least this much where it suffices; the rest falls unevenly.
    pub(crate) fn shares(&mut self, total: usize, parts: usize, least: usize) -> Vec<usize> {
        let least = least.min(total / parts.max(1));
        let mut order: Vec<usize> = (0..parts).collect();
        self.shuffle(&mut order);
        let mut shares = vec![least; parts];
        for _ in 0..total - least * parts {
            let at = order.get(self.low(parts)).copied().unwrap_or_default();
            if let Some(share) = shares.get_mut(at) {
                *share += 1;
            }
        }
        shares
    }

    fn signs(&mut self, alphabet: &[u8], count: usize) -> String {
        (0..count).map(|_| char::from(self.one(alphabet))).collect()
    }

    /// Hexadecimal digits in lower case.
    pub(crate) fn hex(&mut self, count: usize) -> String {
        self.signs(b"0123456789abcdef", count)
    }

    /// Decimal digits, the first of them no zero.
    pub(crate) fn digits(&mut self, count: usize) -> String {
        let first = self.signs(b"123456789", 1);
        first + &self.signs(b"0123456789", count.saturating_sub(1))
    }

    /// Capital letters and digits, as in the unique ids of IAM.
    pub(crate) fn capitals(&mut self, count: usize) -> String {
        self.signs(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", count)
    }

    /// A UUID of version 4.
    pub(crate) fn uuid(&mut self) -> String {
        let variant = self.signs(b"89ab", 1);
        format!(
            "{}-{}-4{}-{variant}{}-{}",
            self.hex(8),
            self.hex(4),
            self.hex(3),
            self.hex(3),
            self.hex(12)
        )
    }

    /// A moment of the years 2022 to 2025, as APIs write it.
    pub(crate) fn time(&mut self) -> String {
        format!(
            "{}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            self.between(2022, 2025),
            self.between(1, 12),
            self.between(1, 28),
            self.below(24),
            self.below(60),
            self.below(60)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_draws() {
        let mut first = Draw::new(1);
        assert_eq!(first.uuid(), Draw::new(1).uuid());
        assert_ne!(first.uuid(), Draw::new(1).uuid());
    }

    #[test]
    fn weights_of_nothing_never_come() {
        let mut draw = Draw::new(2);
        assert!((0..200).all(|_| draw.weighted(&[(1, 'a'), (0, 'b'), (3, 'c')]) != 'b'));
    }

    #[test]
    fn shares_make_up_the_total() {
        let shares = Draw::new(4).shares(1_000, 7, 20);
        assert_eq!(shares.iter().sum::<usize>(), 1_000);
        assert!(shares.iter().all(|s| *s >= 20));
        assert_eq!(Draw::new(4).shares(3, 7, 20).iter().sum::<usize>(), 3);
    }

    #[test]
    fn nothing_to_choose_from_is_no_failure() {
        let mut draw = Draw::new(3);
        assert_eq!(draw.below(0), 0);
        assert_eq!(draw.one::<&str>(&[]), "");
        assert!(draw.some::<u8>(&[], 3).is_empty());
    }
}
