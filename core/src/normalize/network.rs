//! The network of whoever logs in: the neighbours of an address often belong to the same person.
//!
//! Only where a line states something about a login, so that no other line has a field more.

use std::net::IpAddr;

use crate::event::address::is_inner;
use crate::event::{Event, Kind, Origin, PathId, canonical};

/// For correlations: `203.0.113.0/24`, `2001:db8:1:2::/64`.
pub(super) const FIELD: &str = "soctop.source.network";

/// Facts about logins.
const LOGINS: [&str; 3] = ["login_failed", "login_attempted", "login_succeeded"];

/// Adds the network of the address, where it is nobody's own.
pub(super) fn relate(event: &mut Event, path: PathId) {
    if event.get(canonical::FACT_ENTRY).is_none() {
        return;
    }
    if !event.all(canonical::EVENT_ACTION).any(|action| LOGINS.contains(&action)) {
        return;
    }
    let Some(network) = event.get(canonical::SOURCE_IP).and_then(network) else { return };
    let span = event.append_text(&network);
    event.push(path, Kind::String, span, Origin::Canonical);
}

/// 24 bits of an IPv4 address and 64 of an IPv6 one, which is what one customer has; none for addresses that are used
/// inside of networks, where neighbours are colleagues.
fn network(address: &str) -> Option<String> {
    let ip = address.parse::<IpAddr>().ok()?.to_canonical();
    if is_inner(ip) {
        return None;
    }
    Some(match ip {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_network_and_colleagues_have_none() {
        for (address, expect) in [
            ("203.0.113.9", Some("203.0.113.0/24")),
            ("::ffff:203.0.113.200", Some("203.0.113.0/24")),
            ("2001:db8:1:2::9", Some("2001:db8:1:2::/64")),
            ("10.1.2.3", None),
            ("192.168.7.9", None),
            ("100.64.0.9", None),
            ("fe80::1", None),
            ("fd00::1", None),
            ("pc.example", None),
        ] {
            assert_eq!(network(address).as_deref(), expect, "{address}");
        }
    }
}
