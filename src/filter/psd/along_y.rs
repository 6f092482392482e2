//! Windows along the items of a scan: every packet is a stretch of waveform.

use std::sync::Arc;

use crate::stream::{
    Encoding, Error, PacketHeader, PacketId, Plane, PlaneKind, Result, Run, Sink, StreamHeader,
    YTags,
};

use super::axis::Axis;
use super::frequency::{Frequencies, Spacing};
use super::header;
use super::options::Spectra;
use super::outlet::Outlet;
use super::samples::{Samples, write};
use super::transform::Transform;

/// Steps of tags that differ from their mean by more than this fraction are
/// counted; MAX_ODD of them are let pass.
const ODD: f64 = 0.01;
const MAX_ODD: usize = 2;

/// A packet type whose scans are transformed.
pub(super) struct AlongY {
    axis: Axis,
    x_encoding: Encoding,
    columns: Vec<Column>,
    header: Arc<PacketHeader>,
    id: PacketId,
    /// Steps of x from one item to the next, and to the first item.
    per_item: f64,
    to_first: f64,
    /// Items of the longest scan.
    items: usize,
    scans: usize,
    length: usize,
    step: usize,
}

enum Column {
    /// Goes out as it came: where it stands in a packet, and whether it is
    /// text, whose last byte may be the end of a line.
    Copy(std::ops::Range<usize>, bool),
    Scan(Box<Scan>),
}

/// A scan on its way.
struct Scan {
    samples: Samples,
    items: usize,
    encoding: Encoding,
    /// Which densities are written, and what makes them of power.
    from: usize,
    count: usize,
    scale: f64,
    /// The window, once data have come.
    window: Vec<f64>,
    /// The densities of the window, encoded.
    out: Vec<u8>,
}

/// How the window of a scan went.
#[derive(PartialEq)]
enum Went {
    /// There are densities.
    Well,
    /// All of them are 0.
    Silent,
    /// There are no samples, or not all are good.
    Fill,
}

/// A scan that can be transformed: what becomes of it.
struct Fit {
    per_item: f64,
    first: f64,
    frequencies: Frequencies,
}

impl AlongY {
    /// Understands a packet type; its header goes out. None where nothing can
    /// be transformed; `notes` say what is left out and why.
    ///
    /// # Errors
    /// No x or several, scans with different steps, a full house; with
    /// `no_skip` whatever would be left out.
    pub(super) fn new(
        input: &PacketHeader,
        stream: &StreamHeader,
        spectra: &Spectra,
        notes: &mut Vec<String>,
    ) -> Result<Option<AlongY>> {
        let axis = Axis::new(input)?;
        let mut columns = Vec::new();
        let mut planes = Vec::new();
        let mut fits: Option<(f64, f64)> = None;
        let (mut scans, mut items, mut offset) = (0, 0, 0);
        for plane in &input.planes {
            let at = offset;
            offset += plane.width();
            if plane.kind == PlaneKind::X {
                continue;
            }
            if !plane.kind.is_scan() {
                let place = at + Run::TAG..at + Run::TAG + plane.width();
                columns.push(Column::Copy(place, plane.encoding().is_text()));
                planes.push(plane.clone());
                continue;
            }
            let fit = match fit(plane, &axis, spectra) {
                Ok(fit) => fit,
                Err(reason) => {
                    let what = format!("plane '{}' {reason}", plane.name());
                    if spectra.no_skip {
                        return Err(Error::Unfit(what));
                    }
                    notes.push(format!("{what}; it is left out"));
                    continue;
                }
            };
            let (per_item, _) = *fits.get_or_insert((fit.per_item, fit.first));
            if (per_item - fit.per_item).abs() > 1e-6 * per_item {
                return Err(Error::Unfit(
                    "two scans of one packet have different steps, so their spectra have no \
                     common time"
                        .into(),
                ));
            }
            let samples = Samples::new(plane, at, input, stream);
            let out = header::spectrum(plane, samples.fill(), &fit.frequencies);
            columns.push(Column::Scan(Box::new(Scan {
                items: plane.items(),
                encoding: out.encoding(),
                from: fit.frequencies.from,
                count: fit.frequencies.count,
                scale: 1.0 / fit.frequencies.step,
                window: Vec::new(),
                out: Vec::new(),
                samples,
            })));
            planes.push(out);
            scans += 1;
            items = items.max(plane.items());
        }
        let Some((per_item, to_first)) = fits else {
            return Ok(None);
        };
        let step = spectra.step();
        let apart = step as f64 * per_item;
        let x = axis.written(apart);
        let x_encoding = x.encoding();
        planes.insert(0, x);
        // A packet that holds one window has its spectra as far apart as the
        // packets lie.
        let known = header::known_width(&axis, input, stream)
            .filter(|_| items < spectra.length + step)
            .unwrap_or(0.0);
        let width = header::tag_width(&axis, known.max(2.0 * apart), spectra);
        Ok(Some(AlongY {
            axis,
            x_encoding,
            columns,
            header: Arc::new(header::packet(input, planes, width)),
            id: PacketId::FIRST,
            per_item,
            to_first,
            items,
            scans,
            length: spectra.length,
            step,
        }))
    }

    /// Sends the header.
    pub(super) fn open(&mut self, outlet: &mut Outlet, next: &mut dyn Sink) -> Result<()> {
        self.id = outlet.open(&self.header, None, next)?;
        Ok(())
    }

    /// Transforms the packets of a run.
    pub(super) fn add(
        &mut self,
        run: Run<'_>,
        transform: &mut Transform,
        outlet: &mut Outlet,
        next: &mut dyn Sink,
    ) -> Result<()> {
        for (index, packet) in run.bytes.chunks_exact(run.stride).enumerate() {
            let Some(x) = self.axis.point(run, index)? else {
                continue;
            };
            let mut start = 0;
            while start + self.length <= self.items {
                if self.transform(packet, start, transform, outlet) {
                    let centre = (start + self.length / 2) as f64;
                    let x = x.plus(self.to_first + centre * self.per_item);
                    if !outlet.holds(self.id, &self.header) {
                        self.open(outlet, next)?;
                    }
                    outlet.record(self.id, next, |out| self.write(packet, x, out))?;
                }
                start += self.step;
            }
        }
        Ok(())
    }

    /// The window at `start` of all scans. True when it makes a record.
    fn transform(
        &mut self,
        packet: &[u8],
        start: usize,
        transform: &mut Transform,
        outlet: &mut Outlet,
    ) -> bool {
        let mut any = false;
        let mut sound = false;
        for column in &mut self.columns {
            if let Column::Scan(scan) = column {
                let went = scan.transform(packet, start, (self.length, self.step), transform);
                any |= went != Went::Fill;
                sound |= went == Went::Well;
            }
        }
        outlet.any |= any;
        any && (sound || self.scans > 1)
    }

    fn write(&self, packet: &[u8], x: super::axis::Point, out: &mut Vec<u8>) {
        self.axis.write(x, self.x_encoding, out);
        for column in &self.columns {
            match column {
                Column::Copy(place, is_text) => {
                    out.extend(packet.get(place.clone()).unwrap_or_default());
                    if let (true, Some(last @ b'\n')) = (is_text, out.last_mut()) {
                        *last = b' ';
                    }
                }
                Column::Scan(scan) => out.extend(&scan.out),
            }
        }
        let is_text = self.header.planes.last().map(|p| p.encoding().is_text());
        if let (Some(true), Some(last)) = (is_text, out.last_mut()) {
            *last = b'\n';
        }
    }
}

impl Scan {
    /// Makes the densities of the window at `start`, or fill.
    fn transform(
        &mut self,
        packet: &[u8],
        start: usize,
        (length, step): (usize, usize),
        transform: &mut Transform,
    ) -> Went {
        self.out.clear();
        let went = self.power(packet, start, (length, step), transform);
        if went != Went::Well {
            let fill = std::iter::repeat_n(self.samples.fill(), self.count);
            write(fill, self.encoding, &mut self.out);
        }
        went
    }

    fn power(
        &mut self,
        packet: &[u8],
        start: usize,
        (length, step): (usize, usize),
        transform: &mut Transform,
    ) -> Went {
        if start + length > self.items {
            return Went::Fill;
        }
        self.window.resize(length, 0.0);
        // What the window shares with the one before it is there already.
        let kept = match start {
            0 => 0,
            _ => length - step.min(length),
        };
        self.window.copy_within(length - kept.., 0);
        let fresh = self.window.get_mut(kept..).unwrap_or_default();
        self.samples.read(packet, start + kept, fresh);
        if !self.samples.all_good(&self.window) {
            return Went::Fill;
        }
        let Some(power) = transform.power(&self.window) else {
            return Went::Fill;
        };
        let wanted = power.get(self.from..self.from + self.count);
        let wanted = wanted.unwrap_or_default();
        if wanted.iter().all(|&power| power == 0.0) {
            return Went::Silent;
        }
        let scale = self.scale;
        let densities = wanted.iter().map(|power| power * scale);
        write(densities, self.encoding, &mut self.out);
        Went::Well
    }
}

/// What becomes of a scan; the error says why nothing does.
fn fit(plane: &Plane, axis: &Axis, spectra: &Spectra) -> std::result::Result<Fit, String> {
    let items = plane.items();
    if items < spectra.length {
        return Err(format!(
            "has {items} items, fewer than the {} of a transform",
            spectra.length
        ));
    }
    if let Encoding::Time(_) = plane.encoding() {
        return Err("holds times".into());
    }
    let (first, step) = match plane.tags() {
        YTags::Interval { first, step } => (first, step),
        YTags::List(tags) => (tags.first().copied().unwrap_or(0.0), steady(&tags)?),
    };
    let unit = plane.tag_units().unwrap_or("");
    let Some(steps) = axis.steps_in(unit) else {
        return Err(format!(
            "has tags in '{}', which cannot be added to x",
            unit.chars().take(40).collect::<String>()
        ));
    };
    match Frequencies::new(plane, spectra.length, Spacing::new(step, unit))? {
        Some(frequencies) => Ok(Fit {
            per_item: step * steps,
            first: first * steps,
            frequencies,
        }),
        None => Err("has all its frequencies trimmed away".into()),
    }
}

/// The mean step of tags that are as good as equally far apart.
fn steady(tags: &[f64]) -> std::result::Result<f64, String> {
    let (Some(first), Some(last)) = (tags.first(), tags.last()) else {
        return Err("has no tags".into());
    };
    let mean = (last - first) / (tags.len() - 1) as f64;
    if !(mean > 0.0 && mean.is_finite()) {
        return Err("has tags that do not rise".into());
    }
    let pairs = tags.iter().zip(tags.iter().skip(1));
    let odd = pairs.filter(|(a, b)| ((*b - *a) / mean - 1.0).abs() > ODD);
    match odd.count() {
        0..=MAX_ODD => Ok(mean),
        odd => Err(format!(
            "has {odd} steps of its tags that differ from their mean by more than 1 %"
        )),
    }
}
