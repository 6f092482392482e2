//! Which datasets run along which times, and which are labels in disguise.

use std::collections::{BTreeMap, BTreeSet};

use crate::qstream::{Dataset, Packet};
use crate::stream::Element;

/// So many bundles and units are known at a time; others are as if they were
/// not there.
const MOST: usize = 10_000;

/// What the descriptors so far have said of other datasets.
#[derive(Default)]
pub(super) struct Links {
    /// Datasets that are put together of others: DEPEND_0 and members.
    bundles: BTreeMap<String, (Option<String>, Vec<String>)>,
    /// Names of units whose numbers are labels.
    enumerations: BTreeSet<String>,
}

impl Links {
    /// Takes note of a descriptor.
    pub(super) fn packet(&mut self, packet: &Packet) {
        for (dataset, members) in packet.composed() {
            if self.bundles.len() < MOST || self.bundles.contains_key(&dataset.id) {
                let value = (dataset.depend_0.clone(), members.to_vec());
                self.bundles.insert(dataset.id.clone(), value);
            }
        }
    }

    /// Takes note of what may be an `<enumerationUnit>`.
    pub(super) fn extra(&mut self, body: &[u8]) {
        if let Ok(element) = Element::parse(body)
            && element.name == "enumerationUnit"
            && let Some(name) = element.attr("name")
            && self.enumerations.len() < MOST
        {
            self.enumerations.insert(name.to_owned());
        }
    }

    /// Whether a dataset runs along the one with the times: its DEPEND_0 says so,
    /// or that of a bundle it is in, or they are in one bundle.
    pub(super) fn runs_along(&self, dataset: &Dataset, times: &str) -> bool {
        let is_times = |name: &Option<String>| name.as_deref() == Some(times);
        let holds = |members: &[String], id: &str| members.iter().any(|member| member == id);
        is_times(&dataset.depend_0)
            || self.bundles.values().any(|(depend_0, members)| {
                holds(members, &dataset.id) && (is_times(depend_0) || holds(members, times))
            })
    }

    /// Whether the numbers of a dataset are labels.
    pub(super) fn is_enumeration(&self, dataset: &Dataset) -> bool {
        dataset.is_enumeration || self.enumerations.contains(&dataset.units)
    }
}
