//! Names for networks of our own, so that a row says `vpn` and not only an address.

use std::sync::Arc;

use crate::sigma::matcher::{Cidr, parse_address};

/// Networks with names, as they are configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownNetworks(Arc<Vec<(String, Cidr)>>);

impl KnownNetworks {
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = (String, Cidr)>) -> Self {
        let mut networks: Vec<(String, Cidr)> = networks.into_iter().collect();
        // The narrowest network that holds an address names it.
        networks.sort_by_key(|(_, network)| std::cmp::Reverse(network.prefix));
        Self(Arc::new(networks))
    }

    /// The name of the narrowest network that holds the address; none for what is no address.
    #[must_use]
    pub fn name_of(&self, address: &str) -> Option<&str> {
        if self.0.is_empty() {
            return None;
        }
        let address = parse_address(address)?;
        self.0.iter().find(|(_, network)| network.contains(address)).map(|(name, _)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_network_names_an_address() {
        let network = |name: &str, text| (name.to_owned(), Cidr::parse(text).unwrap());
        let known = KnownNetworks::new([network("office", "10.0.0.0/8"), network("scanner", "10.1.2.3/32")]);
        assert_eq!(known.name_of("10.1.2.3"), Some("scanner"));
        assert_eq!(known.name_of("::ffff:10.9.9.9"), Some("office"));
        assert_eq!(known.name_of("203.0.113.9"), None);
        assert_eq!(known.name_of("lena"), None);
    }
}
