//! Glob patterns as AWS policies and Azure role definitions use them: `*` is any run of characters, `?` is one.
//!
//! ```
//! use keyfence_analysis::model::Pattern;
//! let objects = Pattern::new("arn:aws:s3:::exports/*");
//! assert!(objects.matches("arn:aws:s3:::exports/2026/a.csv"));
//! assert!(Pattern::new("arn:aws:s3:::*").covers(&objects));
//! assert!(objects.meets(&Pattern::new("*/2026/*")));
//! ```

use std::fmt;
use std::sync::Arc;

/// A glob pattern. Comparison is case-sensitive; who needs another folding folds both sides first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Arc<str>);

impl Pattern {
    /// Every string is a pattern.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same pattern in lower case, for grammars that do not tell cases apart.
    #[must_use]
    pub fn lowercase(&self) -> Self {
        Self(self.0.to_lowercase().into())
    }

    /// Whether the pattern has no wildcard.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Whether `text` matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        glob(self.0.as_bytes(), text.as_bytes())
    }

    /// Whether everything that `other` matches is matched by this pattern too. A `?` of the other pattern is only
    /// covered by a `?` or `*` here, a `*` only by a `*`; so the answer may be *no* for a few patterns that do cover
    /// each other (`*?` and `?*`), never *yes* for patterns that do not.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        glob_covers(self.0.as_bytes(), other.0.as_bytes())
    }

    /// How much of what another pattern stands for is matched by this one.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Overlap {
        let shared = self.0.bytes().zip(other.0.bytes()).take_while(|(a, b)| a == b).count();
        let ours = self.0.as_bytes().get(shared);
        let theirs = other.0.as_bytes().get(shared);
        let wild = |c: Option<&u8>| matches!(c, Some(b'*' | b'?'));
        let starless = !self.0.bytes().take(shared).any(|c| c == b'*');
        // The first letters that differ decide most cases.
        if starless && !wild(ours) && !wild(theirs) {
            return if ours.is_none() && theirs.is_none() { Overlap::Whole } else { Overlap::None };
        }
        // Nearly all patterns of objects are a text with one star at its end.
        if let (Some(own), Some(theirs)) = (self.beginning(), other.beginning()) {
            return if theirs.starts_with(own) {
                Overlap::Whole
            } else if own.starts_with(theirs) {
                Overlap::Part
            } else {
                Overlap::None
            };
        }
        if self.covers(other) {
            Overlap::Whole
        } else if self.meets(other) {
            Overlap::Part
        } else {
            Overlap::None
        }
    }

    /// The text before the only wildcard, a star at the end.
    fn beginning(&self) -> Option<&str> {
        self.0.strip_suffix('*').filter(|text| !text.contains(['*', '?']))
    }

    /// Whether there is a string that both match.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        globs_meet(self.0.as_bytes(), other.0.as_bytes())
    }
}

/// How much of what a pattern stands for is matched by another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlap {
    /// All of it.
    Whole,
    /// Some of it.
    Part,
    /// Nothing.
    None,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Linear-space, quadratic-time matching with one remembered star.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&x) if x == b'?' || x == c => {
                // One `?` stands for one character, not for one byte of it.
                t += if x == b'?' { utf8_len(c) } else { 1 };
                p += 1;
            }
            Some(_) | None => match star {
                Some((sp, st)) => {
                    star = Some((sp, st + 1));
                    (p, t) = (sp + 1, st + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|c| *c == b'*'))
}

const fn utf8_len(first: u8) -> usize {
    match first {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xFF => 4,
        0..=0xBF => 1,
    }
}

/// Treats the wildcards of `other` as letters that only wildcards match: `*` by `*`, `?` by `?` or `*`.
fn glob_covers(pattern: &[u8], other: &[u8]) -> bool {
    reachable(pattern, other, |p, o| match (p, o) {
        (b'*', _) => true,
        (b'?', o) => o != b'*',
        (p, o) => p == o,
    })
}

/// Dynamic programme over (pattern position) states while walking `other` letter by letter.
fn reachable(pattern: &[u8], other: &[u8], fits: impl Fn(u8, u8) -> bool) -> bool {
    let close = |states: &mut Vec<bool>| {
        for (i, p) in pattern.iter().enumerate() {
            if *p == b'*' && states.get(i) == Some(&true) {
                set(states, i + 1);
            }
        }
    };
    let mut states = vec![false; pattern.len() + 1];
    set(&mut states, 0);
    close(&mut states);
    for o in other {
        let mut next = vec![false; pattern.len() + 1];
        for (i, p) in pattern.iter().enumerate() {
            if states.get(i) == Some(&true) && fits(*p, *o) {
                set(&mut next, if *p == b'*' { i } else { i + 1 });
            }
        }
        close(&mut next);
        states = next;
    }
    states.last() == Some(&true)
}

fn set(states: &mut [bool], i: usize) {
    if let Some(state) = states.get_mut(i) {
        *state = true;
    }
}

/// Intersection of two globs: walk pairs of positions.
fn globs_meet(a: &[u8], b: &[u8]) -> bool {
    let width = b.len() + 1;
    let mut seen = vec![false; (a.len() + 1) * width];
    let mut todo = vec![(0_usize, 0_usize)];
    while let Some((i, j)) = todo.pop() {
        match seen.get_mut(i * width + j) {
            Some(s) if !*s => *s = true,
            Some(_) | None => continue,
        }
        match (a.get(i), b.get(j)) {
            (None, None) => return true,
            (Some(b'*'), Some(b'*')) => todo.extend([(i + 1, j), (i, j + 1)]),
            (Some(b'*'), Some(_)) => todo.extend([(i + 1, j), (i, j + 1)]),
            (Some(_), Some(b'*')) => todo.extend([(i, j + 1), (i + 1, j)]),
            (Some(b'*'), None) => todo.push((i + 1, j)),
            (None, Some(b'*')) => todo.push((i, j + 1)),
            (Some(x), Some(y)) if x == y || *x == b'?' || *y == b'?' => todo.push((i + 1, j + 1)),
            (Some(_), Some(_)) | (None, Some(_)) | (Some(_), None) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_a_covered_pattern_matches_is_matched(p in "[ab*?]{0,6}", q in "[ab*?]{0,6}", t in "[ab]{0,6}") {
            let (p, q) = (Pattern::new(p), Pattern::new(q));
            if p.covers(&q) && q.matches(&t) {
                prop_assert!(p.matches(&t));
            }
            let expect = match (p.covers(&q), p.meets(&q)) {
                (true, _) => Overlap::Whole,
                (false, true) => Overlap::Part,
                (false, false) => Overlap::None,
            };
            prop_assert_eq!(p.overlap(&q), expect);
        }

        #[test]
        fn patterns_with_a_common_match_meet(p in "[ab*?]{0,6}", q in "[ab*?]{0,6}", t in "[ab]{0,6}") {
            let (p, q) = (Pattern::new(p), Pattern::new(q));
            if p.matches(&t) && q.matches(&t) {
                prop_assert!(p.meets(&q));
            }
        }
    }

    #[test]
    fn a_question_mark_is_one_character() {
        assert!(Pattern::new("a?c").matches("aéc"));
        assert!(!Pattern::new("a?c").matches("ac"));
        assert!(Pattern::new("*").matches(""));
        assert!(!Pattern::new("x/*/y").covers(&Pattern::new("x/*")));
    }
}
