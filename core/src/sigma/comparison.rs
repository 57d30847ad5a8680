//! How two numbers are compared.

use std::cmp::Ordering;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    Gt,
    Gte,
    Lt,
    Lte,
    Eq,
    Neq,
}

impl Comparison {
    /// All of them, with their words in a rule.
    pub const ALL: [(&'static str, Comparison); 6] = [
        ("gt", Comparison::Gt),
        ("gte", Comparison::Gte),
        ("lt", Comparison::Lt),
        ("lte", Comparison::Lte),
        ("eq", Comparison::Eq),
        ("neq", Comparison::Neq),
    ];

    /// The word in the rule.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, comparison)| *comparison == self).map_or("", |(word, _)| word)
    }

    /// Whether the comparison holds of two numbers in this order.
    #[must_use]
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Gt => order.is_gt(),
            Comparison::Gte => order.is_ge(),
            Comparison::Lt => order.is_lt(),
            Comparison::Lte => order.is_le(),
            Comparison::Eq => order.is_eq(),
            Comparison::Neq => order.is_ne(),
        }
    }
}
