//! Networks by prefix length: an address is parsed once and probed once for each length in use.

use std::net::IpAddr;

use super::{Map, Posting, Sink};
use crate::sigma::matcher::{Cidr, masked, parse_address};

pub(super) struct Networks {
    /// Prefix lengths in use, for either family.
    v4: Vec<u8>,
    v6: Vec<u8>,
    table: Map<(IpAddr, u8), Box<[Posting]>>,
}

impl Networks {
    pub(super) fn build(networks: Vec<(Cidr, Box<[Posting]>)>) -> Option<Self> {
        if networks.is_empty() {
            return None;
        }
        let lengths = |v4: bool| {
            let family = networks.iter().filter(|(cidr, _)| cidr.network.is_ipv4() == v4);
            let mut lengths: Vec<u8> = family.map(|(cidr, _)| cidr.prefix).collect();
            lengths.sort_unstable();
            lengths.dedup();
            lengths
        };
        let (v4, v6) = (lengths(true), lengths(false));
        let table =
            networks.into_iter().map(|(cidr, postings)| ((cidr.network, cidr.prefix), postings)).collect();
        Some(Self { v4, v6, table })
    }

    pub(super) fn find(&self, text: &str, sink: &mut impl Sink) {
        let Some(address) = parse_address(text) else { return };
        let lengths = if address.is_ipv4() { &self.v4 } else { &self.v6 };
        for length in lengths {
            if let Some(postings) = self.table.get(&(masked(address, *length), *length)) {
                sink.hit(postings);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Collect;
    use super::*;

    #[test]
    fn nested_networks_are_all_found() {
        let network = |text, rule| {
            (Cidr::parse(text).unwrap(), vec![Posting { rule, item: Posting::NO_ITEM }].into_boxed_slice())
        };
        let networks = Networks::build(vec![
            network("10.0.0.0/8", 0),
            network("10.1.0.0/16", 1),
            network("0.0.0.0/0", 2),
            network("2001:db8::/32", 3),
        ])
        .unwrap();
        let check = |text, expect: &[u32]| {
            let mut found = Collect::default();
            networks.find(text, &mut found);
            assert_eq!(found.0.into_iter().collect::<Vec<_>>(), expect, "{text}");
        };
        check("10.1.2.3", &[0, 1, 2]);
        check("::ffff:10.2.0.1", &[0, 2]);
        check("2001:db8::5", &[3]);
        check("not an address", &[]);
    }
}
