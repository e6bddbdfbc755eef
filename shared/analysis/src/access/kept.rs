//! Answers that are kept while many questions are asked of one state.

use std::borrow::Borrow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;

/// Answers by question.
pub(super) struct Kept<K, V>(RefCell<HashMap<K, V>>);

impl<K: Eq + Hash, V: Clone> Kept<K, V> {
    /// The answer, found when it is asked for the first time.
    pub(super) fn of<Q>(&self, key: &Q, find: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let known = self.0.borrow().get(key).cloned();
        known.unwrap_or_else(|| {
            // Not borrowed while looking: finding one may need another.
            let found = find();
            self.0.borrow_mut().insert(key.to_owned(), found.clone());
            found
        })
    }
}

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

/// How many subjects answers are kept for: a store is asked about together with what it stands in.
const SUBJECTS: usize = 4;

/// Answers by question, for the few subjects that were asked about last.
pub(super) struct KeptFor<S, K, V>(RefCell<Vec<(S, HashMap<K, V>)>>);

impl<S: Eq + Clone, K: Eq + Hash + Clone, V: Clone> KeptFor<S, K, V> {
    /// The answer, found when it is asked for the first time, or after it was forgotten.
    pub(super) fn of(&self, subject: &S, key: &K, find: impl FnOnce() -> V) -> V {
        let known = |(_, answers): &(S, HashMap<K, V>)| answers.get(key).cloned();
        let found = self.0.borrow().iter().find(|(s, _)| s == subject).and_then(known);
        found.unwrap_or_else(|| {
            // Not borrowed while looking: finding one may need another.
            let found = find();
            let mut kept = self.0.borrow_mut();
            let place = kept.iter().position(|(s, _)| s == subject);
            let mut answers = place.map_or_else(HashMap::new, |place| kept.remove(place).1);
            answers.insert(key.clone(), found.clone());
            kept.truncate(SUBJECTS - 1);
            kept.insert(0, (subject.clone(), answers));
            found
        })
    }
}

impl<S, K, V> Default for KeptFor<S, K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_found_once() {
        let kept: Kept<u8, u8> = Kept::default();
        assert_eq!((kept.of(&1, || 5), kept.of(&1, || 6), kept.of(&2, || 7)), (5, 5, 7));
    }

    #[test]
    fn answers_on_subjects_of_long_ago_are_forgotten() {
        let kept: KeptFor<usize, u8, u8> = KeptFor::default();
        assert_eq!((kept.of(&0, &1, || 5), kept.of(&0, &1, || 6)), (5, 5));
        // Another subject is asked about while the first is.
        assert_eq!(kept.of(&0, &2, || kept.of(&1, &1, || 7)), 7);
        assert_eq!((kept.of(&1, &1, || 8), kept.of(&0, &1, || 9)), (7, 5));
        for other in 2..2 + SUBJECTS {
            kept.of(&other, &1, || 0);
        }
        assert_eq!(kept.of(&0, &1, || 9), 9);
    }
}
