//! Sets by key, as the reverse indexes of the three clouds keep them.

use std::collections::{BTreeMap, BTreeSet};

/// A set of values for each key; no set is empty.
pub(super) type Sets<K, V> = BTreeMap<K, BTreeSet<V>>;

pub(super) fn add<K: Ord, V: Ord>(sets: &mut Sets<K, V>, key: K, value: V) {
    sets.entry(key).or_default().insert(value);
}

pub(super) fn take<K: Ord, V: Ord>(sets: &mut Sets<K, V>, key: &K, value: &V) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}

/// Adds or takes away.
pub(super) fn put<K: Ord, V: Ord>(sets: &mut Sets<K, V>, key: K, value: V, there: bool) {
    if there { add(sets, key, value) } else { take(sets, &key, &value) }
}
