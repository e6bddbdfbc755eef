//! Numbers that look random and are the same on every machine and in every release: a seed names a case for ever.

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, not including, `limit`; 0 when that is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    /// True in so many cases of a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of the items; none when there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// One of the words.
    pub fn word(&mut self, words: &[&str]) -> String {
        self.pick(words).map_or_else(String::new, ToString::to_string)
    }

    /// From one to `most` of the items, in any order, perhaps some twice.
    pub fn some<T: Clone>(&mut self, items: &[T], most: usize) -> Vec<T> {
        let many = 1 + self.below(most);
        (0..many).filter_map(|_| self.pick(items).cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn a_seed_names_its_sequence_for_ever() {
        let mut random = Random::new(1);
        assert_eq!([random.below(1000), random.below(1000), random.below(1000)], [465, 519, 590]);
    }
}
