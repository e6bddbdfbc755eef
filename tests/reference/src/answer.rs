//! What a reference says of one concrete request.

/// Allowed or refused; or the vendor's words do not decide it, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The cloud lets the request through.
    Allowed,
    /// The cloud refuses it.
    Refused,
    /// The documentation, or what an estate can hold, leaves it open.
    Undecided(&'static str),
}

impl Answer {
    /// True is allowed.
    #[must_use]
    pub const fn of(value: bool) -> Self {
        if value { Self::Allowed } else { Self::Refused }
    }

    /// Allowed if one part is; open if none is and one is open.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut open = Self::Refused;
        for part in parts {
            match part {
                Self::Allowed => return Self::Allowed,
                Self::Undecided(_) => open = part,
                Self::Refused => {}
            }
        }
        open
    }

    /// Refused if one part is; open if none is and one is open.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut open = Self::Allowed;
        for part in parts {
            match part {
                Self::Refused => return Self::Refused,
                Self::Undecided(_) => open = part,
                Self::Allowed => {}
            }
        }
        open
    }

    /// The opposite.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Allowed => Self::Refused,
            Self::Refused => Self::Allowed,
            Self::Undecided(why) => Self::Undecided(why),
        }
    }
}
