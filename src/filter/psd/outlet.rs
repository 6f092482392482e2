//! What goes out: packet headers under IDs of their own, and records.
//!
//! IDs are given from 1 on in order of first use, one to each layout, so that
//! types of the input whose spectra look the same share one. When all are
//! taken, the one that was used longest ago is given again.

use std::sync::Arc;

use crate::filter::ready::Ready;
use crate::stream::{PacketHeader, PacketId, Result, Sink};

pub(super) struct Outlet {
    /// The layout under each ID, and when it was used.
    layouts: Vec<Option<(Arc<PacketHeader>, u64)>>,
    /// IDs that belong to sample times, and are given to nothing else.
    reserved: Vec<PacketId>,
    uses: u64,
    ready: Ready,
    /// Whether any window was transformed.
    pub(super) any: bool,
}

impl Outlet {
    pub(super) fn new(reserved: Vec<PacketId>) -> Outlet {
        Outlet {
            layouts: vec![None; PacketId::COUNT],
            reserved,
            uses: 0,
            ready: Ready::default(),
            any: false,
        }
    }

    /// The ID of a layout, `wanted` if there is one; the header goes out if
    /// the ID has another, or none.
    pub(super) fn open(
        &mut self,
        header: &Arc<PacketHeader>,
        wanted: Option<PacketId>,
        next: &mut dyn Sink,
    ) -> Result<PacketId> {
        self.uses += 1;
        let id = wanted.unwrap_or_else(|| self.find(header));
        let uses = self.uses;
        if let Some(Some((known, used))) = self.layouts.get_mut(id.index())
            && (Arc::ptr_eq(known, header) || known == header)
        {
            *known = Arc::clone(header);
            *used = uses;
            return Ok(id);
        }
        self.pass(next)?;
        next.packet(id, header)?;
        if let Some(layout) = self.layouts.get_mut(id.index()) {
            *layout = Some((Arc::clone(header), uses));
        }
        Ok(id)
    }

    fn find(&self, header: &Arc<PacketHeader>) -> PacketId {
        let ids = || {
            (1..PacketId::COUNT as u8)
                .filter_map(PacketId::new)
                .filter(|id| !self.reserved.contains(id))
        };
        let layout = |id: &PacketId| self.layouts.get(id.index()).and_then(Option::as_ref);
        let same = |id: &PacketId| layout(id).is_some_and(|(known, _)| known == header);
        ids()
            .find(same)
            .or_else(|| ids().find(|id| layout(id).is_none()))
            .or_else(|| ids().min_by_key(|id| layout(id).map_or(0, |(_, used)| *used)))
            // All are reserved: the first one has to do for two.
            .unwrap_or(PacketId::FIRST)
    }

    /// Whether the header of an ID is still this one.
    pub(super) fn holds(&self, id: PacketId, header: &Arc<PacketHeader>) -> bool {
        matches!(self.layouts.get(id.index()), Some(Some((known, _))) if Arc::ptr_eq(known, header))
    }

    /// Writes a record; `fill` appends its data.
    pub(super) fn record(
        &mut self,
        id: PacketId,
        next: &mut dyn Sink,
        fill: impl FnOnce(&mut Vec<u8>),
    ) -> Result<()> {
        self.any = true;
        self.ready.record(id, next, fill)
    }

    /// Hands on what is gathered.
    pub(super) fn pass(&mut self, next: &mut dyn Sink) -> Result<()> {
        self.ready.pass(next)
    }
}
