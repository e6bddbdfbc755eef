//! What is left of a question of access when all known facts have been put in.
//!
//! A [`Formula`] is a boolean expression over [`Atom`]s: conditions that cannot be decided here, classes of objects,
//! and facts that the estate does not hold. Smart constructors simplify at once, so that a formula without atoms is
//! exactly `True` or `False`. The [`Verdict`] that people see follows from the formula:
//!
//! ```
//! use keyfence_analysis::model::{Formula, Verdict};
//! let office = Formula::condition("aws:SourceVpce is vpce-1");
//! assert_eq!(office.verdict(), Verdict::Conditional);
//! assert_eq!(office.clone().or(Formula::always()).verdict(), Verdict::Yes);
//! assert_eq!(office.clone().and(office.negated()).verdict(), Verdict::No);
//! ```
//!
//! Comparing two formulas by implication ([`Formula::implies`]) is what makes "the condition was widened" exact: the
//! later one is a gain when it can be true where the earlier one was false.

use super::Pattern;
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// More atoms than this are not compared by truth table; the comparison then answers "not known to imply".
const TABLE_ATOMS: usize = 12;

/// One thing that cannot be decided here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// A condition of a policy, in readable form, that depends on the request.
    Condition(Arc<str>),
    /// True for the objects of one class only: those whose name matches the pattern.
    Objects(Pattern),
    /// True for the objects of a class that has no name pattern, in words (such as "objects stored before …").
    Class(Arc<str>),
    /// A fact that the estate does not hold, in words.
    Unknown(Arc<str>),
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition(text) | Self::Class(text) => f.write_str(text),
            Self::Objects(pattern) => write!(f, "only objects matching {pattern}"),
            Self::Unknown(text) => write!(f, "unknown: {text}"),
        }
    }
}

/// A simplified boolean expression over atoms.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Formula(Node);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Node {
    False,
    True,
    Atom(Atom),
    Not(Box<Node>),
    /// At least two parts, none of them `All`, `True` or `False`.
    All(BTreeSet<Node>),
    /// At least two parts, none of them `Any`, `True` or `False`.
    Any(BTreeSet<Node>),
}

/// What people are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Not allowed.
    No,
    /// Depends on a fact that is not known here.
    Unknown,
    /// Some objects only, or under a condition that cannot be decided here.
    Conditional,
    /// The whole resource, unconditionally.
    Yes,
}

impl Verdict {
    /// The word of the JSON contract.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Conditional => "conditional",
            Self::Yes => "yes",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl Formula {
    /// Allowed, whatever the request.
    #[must_use]
    pub const fn always() -> Self {
        Self(Node::True)
    }

    /// Not allowed, whatever the request.
    #[must_use]
    pub const fn never() -> Self {
        Self(Node::False)
    }

    /// True or false, known.
    #[must_use]
    pub const fn known(value: bool) -> Self {
        if value { Self::always() } else { Self::never() }
    }

    /// A condition on the request, in readable form.
    pub fn condition(text: impl Into<Arc<str>>) -> Self {
        Self(Node::Atom(Atom::Condition(text.into())))
    }

    /// Only the objects whose name matches.
    #[must_use]
    pub const fn objects(pattern: Pattern) -> Self {
        Self(Node::Atom(Atom::Objects(pattern)))
    }

    /// Only the objects of a class that is told in words.
    pub fn class(text: impl Into<Arc<str>>) -> Self {
        Self(Node::Atom(Atom::Class(text.into())))
    }

    /// A fact that is not known, in words ("the key policy of … is not in the estate").
    pub fn unknown(because: impl Into<Arc<str>>) -> Self {
        Self(Node::Atom(Atom::Unknown(because.into())))
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Node::True, one) | (one, Node::True) => Self(one),
            (Node::False, _) | (_, Node::False) => Self::never(),
            (a, b) => Self(Node::all([a, b])),
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Node::False, one) | (one, Node::False) => Self(one),
            (Node::True, _) | (_, Node::True) => Self::always(),
            (a, b) => Self(Node::any([a, b])),
        }
    }

    /// The opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.negated())
    }

    /// This, unless the other.
    #[must_use]
    pub fn unless(self, other: Self) -> Self {
        if self.is_never() { self } else { self.and(other.negated()) }
    }

    /// True of every part; true for none.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::all(parts.into_iter().map(|p| p.0)))
    }

    /// True of at least one part; false for none.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self(Node::any(parts.into_iter().map(|p| p.0)))
    }

    /// Whether this is the constant *false*.
    #[must_use]
    pub const fn is_never(&self) -> bool {
        matches!(self.0, Node::False)
    }

    /// Whether this is the constant *true*.
    #[must_use]
    pub const fn is_always(&self) -> bool {
        matches!(self.0, Node::True)
    }

    /// What people are told: *unknown* as soon as one atom is a missing fact.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match &self.0 {
            Node::False => Verdict::No,
            Node::True => Verdict::Yes,
            Node::Atom(_) | Node::Not(_) | Node::All(_) | Node::Any(_) => {
                let mut atoms = BTreeSet::new();
                self.0.atoms(&mut atoms);
                let unknown = atoms.iter().any(|a| matches!(a, Atom::Unknown(_)));
                if unknown { Verdict::Unknown } else { Verdict::Conditional }
            }
        }
    }

    /// The residual conditions in readable form; empty for a constant.
    #[must_use]
    pub fn conditions(&self) -> Vec<String> {
        match &self.0 {
            Node::False | Node::True => Vec::new(),
            Node::All(parts) => {
                let mut said: Vec<String> = parts.iter().map(ToString::to_string).collect();
                // The same unknown fact may stand for what it may allow and for what it may deny: it is said once.
                let all = said.clone();
                said.retain(|text| {
                    let again = |other: &String| {
                        text.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with(": "))
                    };
                    !text.starts_with("unknown: ") || !all.iter().any(again)
                });
                said.dedup();
                said
            }
            other @ (Node::Atom(_) | Node::Not(_) | Node::Any(_)) => vec![other.to_string()],
        }
    }

    /// A class of objects for which this may be true, when it is not true for all: one pattern of their names.
    #[must_use]
    pub fn some_objects(&self) -> Option<&Pattern> {
        fn find(node: &Node) -> Option<&Pattern> {
            match node {
                Node::Atom(Atom::Objects(pattern)) => Some(pattern),
                Node::All(parts) | Node::Any(parts) => parts.iter().find_map(find),
                Node::False | Node::True | Node::Not(_) | Node::Atom(_) => None,
            }
        }
        find(&self.0)
    }

    /// Whether `other` is true wherever this is true, as far as that can be shown. Patterns of object names are known
    /// to include each other. With more than a dozen distinct atoms the answer is `false` unless the formulas are equal
    /// or constant: a gain is rather shown once too often.
    #[must_use]
    pub fn implies(&self, other: &Self) -> bool {
        if self == other || self.is_never() || other.is_always() {
            return true;
        }
        let mut atoms = BTreeSet::new();
        self.0.atoms(&mut atoms);
        other.0.atoms(&mut atoms);
        let atoms: Vec<&Atom> = atoms.into_iter().collect();
        if atoms.len() > TABLE_ATOMS {
            return false;
        }
        (0_u32..1 << atoms.len())
            .map(|bits| Assignment { atoms: &atoms, bits })
            .filter(Assignment::is_possible)
            .all(|row| !self.0.value(&row) || other.0.value(&row))
    }
}

/// One row of a truth table: bit *i* is the value of atom *i*.
struct Assignment<'a> {
    atoms: &'a [&'a Atom],
    bits: u32,
}

impl Assignment<'_> {
    fn value(&self, atom: &Atom) -> bool {
        self.atoms.iter().position(|a| *a == atom).is_some_and(|i| self.bits >> i & 1 == 1)
    }

    /// An object that matches the narrower of two patterns matches the wider one as well.
    fn is_possible(&self) -> bool {
        self.atoms.iter().all(|narrow| match narrow {
            Atom::Objects(n) if self.value(narrow) => self.atoms.iter().all(|wide| match wide {
                Atom::Objects(w) => !w.covers(n) || self.value(wide),
                Atom::Condition(_) | Atom::Class(_) | Atom::Unknown(_) => true,
            }),
            Atom::Objects(_) | Atom::Condition(_) | Atom::Class(_) | Atom::Unknown(_) => true,
        })
    }
}

/// Whether a part and its opposite are both in the set. Only atoms can meet their opposites there: that of an `Any` is an
/// `All`, which a set of conjuncts never holds, and the other way round.
fn has_opposites(set: &BTreeSet<Node>) -> bool {
    set.iter().any(|p| matches!(p, Node::Not(inner) if set.contains(inner.as_ref())))
}

/// *A and (A or B)* is *A*, and *A or (A and B)* is *A*.
fn absorb(set: &mut BTreeSet<Node>) {
    let absorbed: Vec<Node> = set.iter().filter(|p| p.has_part_in(set)).cloned().collect();
    for part in &absorbed {
        set.remove(part);
    }
}

impl Node {
    fn negated(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            Self::Not(inner) => *inner,
            Self::All(parts) => Self::any(parts.into_iter().map(Self::negated)),
            Self::Any(parts) => Self::all(parts.into_iter().map(Self::negated)),
            atom @ Self::Atom(_) => Self::Not(Box::new(atom)),
        }
    }

    fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut set = BTreeSet::new();
        for part in parts {
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::All(inner) => set.extend(inner),
                other @ (Self::Atom(_) | Self::Not(_) | Self::Any(_)) => {
                    set.insert(other);
                }
            }
        }
        if has_opposites(&set) {
            return Self::False;
        }
        absorb(&mut set);
        Self::of(set, Self::True, Self::All)
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut set = BTreeSet::new();
        for part in parts {
            match part {
                Self::False => {}
                Self::True => return Self::True,
                Self::Any(inner) => set.extend(inner),
                other @ (Self::Atom(_) | Self::Not(_) | Self::All(_)) => {
                    set.insert(other);
                }
            }
        }
        if has_opposites(&set) {
            return Self::True;
        }
        absorb(&mut set);
        Self::of(set, Self::False, Self::Any)
    }

    fn has_part_in(&self, set: &BTreeSet<Self>) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|p| set.contains(p)),
            Self::False | Self::True | Self::Atom(_) | Self::Not(_) => false,
        }
    }

    fn of(mut set: BTreeSet<Self>, empty: Self, many: fn(BTreeSet<Self>) -> Self) -> Self {
        match set.len() {
            0 => empty,
            1 => set.pop_first().unwrap_or(empty),
            _ => many(set),
        }
    }

    fn atoms<'a>(&'a self, into: &mut BTreeSet<&'a Atom>) {
        match self {
            Self::False | Self::True => {}
            Self::Atom(atom) => {
                into.insert(atom);
            }
            Self::Not(inner) => inner.atoms(into),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|p| p.atoms(into)),
        }
    }

    fn value(&self, row: &Assignment<'_>) -> bool {
        match self {
            Self::False => false,
            Self::True => true,
            Self::Atom(atom) => row.value(atom),
            Self::Not(inner) => !inner.value(row),
            Self::All(parts) => parts.iter().all(|p| p.value(row)),
            Self::Any(parts) => parts.iter().any(|p| p.value(row)),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = |f: &mut fmt::Formatter<'_>, parts: &BTreeSet<Self>, word: &str| {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    write!(f, " {word} ")?;
                }
                match part {
                    Self::All(_) | Self::Any(_) => write!(f, "({part})")?,
                    Self::False | Self::True | Self::Atom(_) | Self::Not(_) => write!(f, "{part}")?,
                }
            }
            Ok(())
        };
        match self {
            Self::False => f.write_str("never"),
            Self::True => f.write_str("always"),
            Self::Atom(atom) => write!(f, "{atom}"),
            // What is not known is not known either way.
            Self::Not(inner) if matches!(**inner, Self::Atom(Atom::Unknown(_))) => {
                write!(f, "{inner}")
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::All(parts) => join(f, parts, "and"),
            Self::Any(parts) => join(f, parts, "or"),
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn formula() -> impl Strategy<Value = Formula> {
        let leaf = prop_oneof![
            Just(Formula::always()),
            Just(Formula::never()),
            (0_u8..4).prop_map(|i| Formula::condition(format!("c{i}"))),
            Just(Formula::unknown("u")),
            Just(Formula::objects(Pattern::new("b/x/*"))),
            Just(Formula::objects(Pattern::new("b/x/y/*"))),
        ];
        leaf.prop_recursive(4, 24, 3, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
                inner.prop_map(Formula::negated),
            ]
        })
    }

    proptest! {
        #[test]
        fn adding_a_deny_never_widens(allow in formula(), deny in formula()) {
            prop_assert!(allow.clone().unless(deny).implies(&allow));
        }

        #[test]
        fn adding_an_allow_never_narrows(a in formula(), b in formula()) {
            prop_assert!(a.implies(&a.clone().or(b)));
        }

        #[test]
        fn negation_twice_means_the_same(a in formula()) {
            let twice = a.clone().negated().negated();
            prop_assert!(twice.implies(&a) && a.implies(&twice));
        }

        #[test]
        fn a_formula_and_its_opposite_exclude_each_other(a in formula()) {
            prop_assert!(a.clone().and(a.negated()).implies(&Formula::never()));
        }
    }

    #[test]
    fn a_wider_pattern_is_implied_by_a_narrower_one() {
        let narrow = Formula::objects(Pattern::new("b/x/y/*"));
        let wide = Formula::objects(Pattern::new("b/x/*"));
        assert!(narrow.implies(&wide));
        assert!(!wide.implies(&narrow));
    }

    #[test]
    fn an_unknown_fact_beside_a_condition_is_unknown() {
        let both = Formula::condition("c").and(Formula::unknown("u"));
        assert_eq!(both.verdict(), Verdict::Unknown);
        assert_eq!(both.conditions(), ["c", "unknown: u"]);
    }
}
