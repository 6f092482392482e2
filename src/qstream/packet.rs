//! All datasets of a packet descriptor.

use std::collections::HashSet;

use crate::stream::{Element, Error, PacketHeader, Result};

use super::dataset::{Dataset, Part, Values, shown};

/// What the data packets of one ID hold, and which datasets its descriptor
/// brings besides.
#[derive(Debug, Clone, PartialEq)]
pub struct Packet {
    /// The datasets, in the order of the data.
    pub datasets: Vec<Dataset>,
}

impl Packet {
    /// Understands a `<packet>`.
    ///
    /// # Errors
    /// [`Error::Malformed`]: a child that is no qdataset, none at all, or one
    /// that is not understood.
    pub fn of_element(element: &Element, big_endian: bool) -> Result<Packet> {
        if let Some(other) = element.children.iter().find(|e| e.name != "qdataset") {
            return Err(Error::malformed(format!(
                "<{}> is no qdataset, and the layout of the data depends on it",
                shown(&other.name)
            )));
        }
        if element.children.is_empty() {
            return Err(Error::malformed("a packet descriptor without a qdataset"));
        }
        let datasets = element.children.iter();
        let datasets = datasets.map(|dataset| Dataset::of_element(dataset, big_endian));
        Ok(Packet {
            datasets: datasets.collect::<Result<_>>()?,
        })
    }

    /// What the header of a QStream's packets holds; None for a das2 header.
    pub fn of_header(header: &PacketHeader) -> Option<Packet> {
        let descriptor = header.descriptor()?;
        Packet::of_element(&descriptor.element, descriptor.big_endian).ok()
    }

    /// Bytes of a data packet, without its tag; 0: there are none.
    pub fn size(&self) -> usize {
        let widths = self.datasets.iter().map(Dataset::width);
        widths.fold(0, usize::saturating_add)
    }

    /// The datasets that have values in data packets, each with its index and
    /// where in a packet these begin, in bytes after the tag.
    pub fn columns(&self) -> impl Iterator<Item = (usize, usize, &Dataset)> {
        let mut at = 0;
        self.datasets
            .iter()
            .enumerate()
            .filter_map(move |(index, dataset)| {
                dataset.in_packets()?;
                let here = at;
                at += dataset.width();
                Some((index, here, dataset))
            })
    }

    /// The dataset that tells the time of a packet: the first that is a time.
    /// None where there is none, or a packet is no record of it.
    pub fn tag(&self) -> Option<(usize, usize, &Dataset)> {
        self.columns()
            .find(|(_, _, dataset)| dataset.time_unit().is_some())
            .filter(|(_, _, dataset)| dataset.is_streamed())
    }

    /// The datasets that put others together, with those.
    pub fn composed(&self) -> impl Iterator<Item = (&Dataset, &[String])> {
        self.datasets
            .iter()
            .filter_map(|dataset| match &dataset.values {
                Values::Composed(members) => Some((dataset, members.as_slice())),
                _ => None,
            })
    }

    /// Whether both bring a dataset of the same name.
    pub fn shares_a_dataset(&self, other: &Packet) -> bool {
        let ids: HashSet<&str> = other.datasets.iter().map(|d| d.id.as_str()).collect();
        self.datasets.iter().any(|d| ids.contains(d.id.as_str()))
    }

    /// Turns the numbers of a packet's data to the other byte order.
    pub fn swap_bytes(&self, data: &mut [u8]) {
        for (_, at, dataset) in self.columns() {
            let Some((encoding, items)) = dataset.in_packets() else {
                continue;
            };
            let width = encoding.width();
            if encoding.is_text() || width < 2 {
                continue;
            }
            let values = data.get_mut(at..at + items * width).unwrap_or_default();
            values.chunks_exact_mut(width).for_each(<[u8]>::reverse);
        }
    }

    /// Sees to it that blocks can keep what the packets are: of a join, where the data
    /// of two blocks are put together, nobody could tell which slice goes on.
    ///
    /// # Errors
    /// [`Error::Unfit`].
    pub fn check_for_blocks(header: &PacketHeader) -> Result<()> {
        match Packet::of_header(header) {
            Some(packet) if packet.is_joined() => Err(Error::Unfit(
                "the QStream is a join, in which a repeated descriptor begins a slice: slices \
                 would not be the same after blocks are put together; write no cacheLevel for \
                 this source, or let its reader write datasets of one rank less"
                    .into(),
            )),
            _ => Ok(()),
        }
    }

    /// Whether a repeated descriptor begins a slice of its own, as the datasets
    /// have more indices than their records and their number make up.
    pub fn is_joined(&self) -> bool {
        let slice = Part::SliceRecord;
        let is_slice =
            |values: &Values| matches!(values, Values::Packets { part, .. } if *part == slice);
        self.datasets
            .iter()
            .any(|dataset| is_slice(&dataset.values))
    }
}
