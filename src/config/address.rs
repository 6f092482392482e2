//! Ranges of network addresses, as VIEW_LOG_ALLOW and TEST_FROM list them.

use std::fmt;
use std::net::IpAddr;

/// One address, or a CIDR range such as `192.168.0.0/16` or `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressRange {
    network: IpAddr,
    /// Leading bits that count, at most 32 or 128.
    prefix: u8,
}

impl AddressRange {
    /// The range that `text` names; None if it names none.
    pub fn parse(text: &str) -> Option<AddressRange> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().ok()?;
        let widest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => widest,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        (prefix <= widest).then_some(AddressRange { network, prefix })
    }

    /// Whether `address` lies in the range. An IPv4 address that is written as
    /// IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let prefix = match self.network {
                    IpAddr::V4(_) => self.prefix,
                    IpAddr::V6(_) => self.prefix.saturating_sub(96),
                };
                let difference = network.to_bits() ^ address.to_bits();
                difference.leading_zeros() >= u32::from(prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let difference = network.to_bits() ^ address.to_bits();
                difference.leading_zeros() >= u32::from(self.prefix)
            }
            _ => false,
        }
    }
}

/// As VIEW_LOG_ALLOW has it.
impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = if self.network.is_ipv4() { 32 } else { 128 };
        match self.prefix == widest {
            true => write!(f, "{}", self.network),
            false => write!(f, "{}/{}", self.network, self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let cases = [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("::ffff:127.0.0.1", "127.0.0.1", true),
            ("192.168.0.0/16", "192.168.250.1", true),
            ("192.168.0.0/16", "192.169.0.1", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::2", true),
            ("2001:db8::/32", "2001:db9::2", false),
            ("::1", "::1", true),
        ];
        for (range, address, inside) in cases {
            let text = range;
            let range = AddressRange::parse(text).unwrap();
            assert_eq!(range.to_string(), text);
            assert_eq!(
                range.contains(address.parse().unwrap()),
                inside,
                "{range:?} {address}"
            );
        }
    }

    #[test]
    fn no_ranges() {
        for text in [
            "",
            "localhost",
            "10.0.0",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "1.2.3.4/8/8",
        ] {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }
}
