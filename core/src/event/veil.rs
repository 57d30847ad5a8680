//! Pseudonyms: what stands in the place of a secret once it has left memory.
//!
//! A pseudonym, `‹secret:3fa1c2d4e5b6›`, ends in twelve digits of a keyed hash of what it stands for, without
//! ASCII case. So equal secrets stay equal and different ones different, across runs and machines that share the
//! key, and nobody without the key can try out what it may be.
//!
//! Correlation compares values as they were read, and yet holds none that may not be stored: a value of which
//! redaction hides a part is *veiled*. It is what may be shown of it, followed by the digits of the whole,
//! `/reset?token=‹secret:3fa1c2d4e5b6›‹=a0b1c2d3e4f5›`. [`shown`] is the first part, [`compared`] the second.

/// Digits of a pseudonym.
const DIGITS: usize = 12;
const OPEN: &str = "‹";
const CLOSE: &str = "›";
/// Between what may be shown of a value and the digits of the whole.
const SEAL: &str = "‹=";
/// Longest part of a veiled value that is shown, in bytes; with its seal it fits where values are cut to 256.
const SHOWN_BYTES: usize = 224;

/// The words of pseudonyms.
pub const SECRET: &str = "secret";
pub const EMAIL: &str = "email";
pub const CARD: &str = "card";

/// Makes pseudonyms under one key.
#[derive(Clone, Copy)]
pub struct Pseudonyms {
    key: [u8; 32],
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pseudonyms")
    }
}

impl Pseudonyms {
    /// Under `key`, which is to be kept secret, and kept: under another one pseudonyms are others.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Appends the pseudonym of `text`.
    pub fn push(&self, word: &str, text: &str, out: &mut String) {
        out.push_str(OPEN);
        out.push_str(word);
        out.push(':');
        self.push_digits(text, out);
        out.push_str(CLOSE);
    }

    /// The value `raw`, of which `shown` may be shown, as it is compared and stored.
    #[must_use]
    pub fn veiled(&self, raw: &str, shown: &str) -> String {
        let mut end = shown.len().min(SHOWN_BYTES);
        while !shown.is_char_boundary(end) {
            end -= 1;
        }
        let mut veiled = shown.get(..end).unwrap_or_default().to_owned();
        veiled.push_str(SEAL);
        self.push_digits(raw, &mut veiled);
        veiled.push_str(CLOSE);
        veiled
    }

    /// Whether a value must be veiled although all of it may be shown: elsewhere the same one may not (an address),
    /// or it imitates a veiled one.
    #[must_use]
    pub fn must_veil(text: &str) -> bool {
        memchr::memchr2(b'@', OPEN.as_bytes()[0], text.as_bytes()).is_some()
            && (text.contains('@') || text.contains(SEAL))
    }

    fn push_digits(&self, text: &str, out: &mut String) {
        let hash = blake3::keyed_hash(&self.key, text.to_ascii_lowercase().as_bytes()).to_hex();
        out.push_str(hash.get(..DIGITS).unwrap_or_default());
    }
}

/// What may be shown of a value that may be veiled.
#[must_use]
pub fn shown(value: &str) -> &str {
    seal_at(value).and_then(|at| value.get(..at)).unwrap_or(value)
}

/// What a value that may be veiled is compared by: the digits of the whole, else the value itself. Pseudonyms that
/// stand alone are compared by their digits, too: that is how a line of the index has them.
#[must_use]
pub fn compared(value: &str) -> &str {
    if !value.ends_with(CLOSE) || (seal_at(value).is_none() && !is_pseudonym(value)) {
        return value;
    }
    value.get(value.len() - DIGITS - CLOSE.len()..).unwrap_or(value)
}

/// Whether a text is a pseudonym and nothing else.
#[must_use]
pub fn is_pseudonym(text: &str) -> bool {
    let inner = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE));
    let parts = inner.and_then(|inner| inner.split_once(':'));
    parts.is_some_and(|(word, digits)| [SECRET, EMAIL, CARD].contains(&word) && are_digits(digits))
}

/// Whether the digits of a pseudonym begin at `at`.
#[must_use]
pub fn in_pseudonym(text: &str, at: usize) -> bool {
    let word = text.get(..at).and_then(|before| before.strip_suffix(':'));
    let digits = text.get(at..at + DIGITS).is_some_and(are_digits);
    digits
        && word.is_some_and(|before| {
            [SECRET, EMAIL, CARD]
                .iter()
                .any(|word| before.strip_suffix(word).is_some_and(|before| before.ends_with(OPEN)))
        })
}

fn seal_at(value: &str) -> Option<usize> {
    let at = value.strip_suffix(CLOSE)?.len().checked_sub(DIGITS + SEAL.len())?;
    let digits = value.get(at..)?.strip_prefix(SEAL)?.strip_suffix(CLOSE)?;
    are_digits(digits).then_some(at)
}

fn are_digits(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_compare_equal_however_much_of_them_is_shown() {
        let pseudonyms = Pseudonyms::new([7; 32]);
        let all = pseudonyms.veiled("Maria@shop.example", "Maria@shop.example");
        let mut nothing = String::new();
        pseudonyms.push(EMAIL, "maria@shop.example", &mut nothing);
        let part = pseudonyms.veiled("maria@shop.example", "maria@‹secret:000000000000›");
        assert_eq!(shown(&all), "Maria@shop.example");
        assert_eq!(compared(&all), compared(&part));
        assert_eq!(compared(&all), compared(&nothing));
        assert_ne!(compared(&all), compared(&pseudonyms.veiled("mario@shop.example", "x")));
        assert_ne!(compared(&all), compared(&Pseudonyms::new([8; 32]).veiled("maria@shop.example", "x")));
    }

    #[test]
    fn plain_values_are_what_they_are() {
        for text in ["", "x", "‹secret:xyz›", "a‹=›", "‹›", "‹=0123456789a›", "it is ‹secret:000000000000›"]
        {
            assert_eq!((shown(text), compared(text)), (text, text));
        }
    }

    #[test]
    fn nobody_can_forge_what_a_value_is_compared_by() {
        let forged = "bob‹=0123456789ab›";
        assert!(Pseudonyms::must_veil(forged));
        let veiled = Pseudonyms::new([7; 32]).veiled(forged, forged);
        assert_eq!(shown(&veiled), forged);
        assert_ne!(compared(&veiled), compared("eve‹=0123456789ab›"));
    }

    #[test]
    fn a_long_value_is_cut_before_its_seal() {
        let long = "é".repeat(1_000);
        let veiled = Pseudonyms::new([7; 32]).veiled(&long, &long);
        assert!(veiled.len() <= 256 && long.starts_with(shown(&veiled)));
        assert!(!shown(&veiled).is_empty() && compared(&veiled).len() < 20);
    }
}
