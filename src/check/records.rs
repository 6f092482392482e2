//! Data packets: the layout that a header gives them, and what their values
//! add up to.

use super::report::{Log, PacketSummary, Place, PlaneSummary, shown};
use super::rule::Rule;
use super::track::{Order, Scale, Track, X};
use super::value::ValueType;
use crate::stream::PacketId;
use crate::time::{self, Time};

/// One column: a plane of a das2 packet, a dataset of a QStream packet.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub kind: &'static str,
    pub name: String,
    pub type_name: String,
    pub units: String,
    pub value_type: ValueType,
    pub items: usize,
    /// None for coordinates, which have none.
    pub fill: Option<f64>,
    pub values: u64,
    pub filled: u64,
}

impl Column {
    /// Bytes a packet.
    pub(super) fn width(&self) -> usize {
        self.items.saturating_mul(self.value_type.width())
    }
}

/// What one packet ID means at present.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub id: PacketId,
    pub columns: Vec<Column>,
    /// Bytes of a data packet without its tag.
    pub width: usize,
    /// The column that is x, and what its values mean.
    pub x: Option<(usize, Scale)>,
    /// x never goes back, say the properties.
    pub claims_monotonic: bool,
    /// What makes two headers the same.
    pub hash: u64,
    /// QStreams: all values are in the header.
    pub is_inline: bool,
    pub headers: u64,
    pub records: u64,
    pub track: Track,
}

impl Layout {
    /// A layout before any data. Its width is set from its columns.
    pub(super) fn new(id: PacketId, columns: Vec<Column>, x: Option<(usize, Scale)>) -> Layout {
        let widths = columns.iter().map(Column::width);
        Layout {
            width: widths.fold(0, usize::saturating_add),
            id,
            columns,
            x,
            claims_monotonic: false,
            hash: 0,
            is_inline: false,
            headers: 1,
            records: 0,
            track: Track::default(),
        }
    }

    /// Checks one data packet; `place` is that of its first value.
    pub(super) fn check(&mut self, bytes: &[u8], place: Place, log: &mut Log) {
        self.records += 1;
        let x_column = self.x.as_ref().map(|(column, _)| *column);
        let mut rest = bytes;
        let mut offset = place.offset;
        let columns = self.columns.len();
        for (number, column) in self.columns.iter_mut().enumerate() {
            let Some((field, after)) = rest.split_at_checked(column.width()) else {
                return;
            };
            let here = Place { offset, ..place };
            let is_last = number + 1 == columns;
            let first = column.check(field, is_last, here, log);
            if x_column == Some(number) {
                x_value(&mut self.track, first, self.claims_monotonic, here, log);
            }
            offset += field.len() as u64;
            rest = after;
        }
    }

    /// All that was seen.
    pub(super) fn summary(&self) -> PacketSummary {
        let x = self.x.as_ref();
        PacketSummary {
            id: self.id.to_string(),
            headers: self.headers,
            records: self.records,
            record_bytes: self.width,
            planes: self.columns.iter().map(Column::summary).collect(),
            x: x.and_then(|(_, scale)| self.track.summary(scale)),
        }
    }
}

/// Follows x. None: the value could not be read, which has been said.
fn x_value(track: &mut Track, x: Option<X>, claimed: bool, place: Place, log: &mut Log) {
    let Some(x) = x else { return };
    if let X::Number(number) = x
        && !number.is_finite()
    {
        return log.add(Rule::XValue, place, || format!("x is {number}"));
    }
    if track.push(x) == Order::Back && claimed {
        log.add(Rule::MonotonicClaim, place, || {
            "x goes back, though a property says it never does".into()
        });
    }
}

impl Column {
    /// Counts fill and finds fields that cannot be read. Gives the first value.
    fn check(&mut self, bytes: &[u8], is_last: bool, place: Place, log: &mut Log) -> Option<X> {
        self.values += self.items as u64;
        let test = FillTest::new(self.fill);
        self.filled += match self.value_type {
            ValueType::Real4 { big: true } => tally(bytes, |b| f32::from_be_bytes(b).into(), test),
            ValueType::Real4 { big: false } => tally(bytes, |b| f32::from_le_bytes(b).into(), test),
            ValueType::Real8 { big: true } => tally(bytes, f64::from_be_bytes, test),
            ValueType::Real8 { big: false } => tally(bytes, f64::from_le_bytes, test),
            ValueType::Int { width, .. } => bytes
                .chunks_exact(width)
                .filter_map(|value| self.value_type.number(value))
                .filter(|value| test.is_fill(*value))
                .count() as u64,
            ValueType::Ascii(width) | ValueType::Hex(width) => {
                return self.numbers(bytes, width, is_last, place, log);
            }
            ValueType::Time(width) => return self.times(bytes, width, place, log),
        };
        self.value_type.number(bytes).map(X::Number)
    }

    fn numbers(
        &mut self,
        bytes: &[u8],
        width: usize,
        is_last: bool,
        place: Place,
        log: &mut Log,
    ) -> Option<X> {
        let test = FillTest::new(self.fill);
        let mut first = None;
        for (item, field) in bytes.chunks_exact(width).enumerate() {
            let offset = place.offset + (item * width) as u64;
            let here = Place { offset, ..place };
            check_separator(field, is_last && item + 1 == self.items, here, log);
            let value = self.value_type.number(field);
            if value.is_none() {
                log.add(Rule::NumberField, here, || {
                    format!("'{}' is no number", field.escape_ascii())
                });
            }
            if value.is_none_or(|value| test.is_fill(value)) {
                self.filled += 1;
            }
            if item == 0 {
                first = value.map(X::Number);
            }
        }
        first
    }

    fn times(&mut self, bytes: &[u8], width: usize, place: Place, log: &mut Log) -> Option<X> {
        let mut first = None;
        for (item, field) in bytes.chunks_exact(width).enumerate() {
            let offset = place.offset + (item * width) as u64;
            let here = Place { offset, ..place };
            let text = field.trim_ascii();
            if self.kind == "qdataset" && !text.is_empty() && text.iter().all(|b| *b == b'*') {
                // How QStreams write a fill time.
                self.filled += 1;
                continue;
            }
            let time = time_field(field, here, log);
            if self.fill.is_some() && time.is_none_or(is_fill_time) {
                self.filled += 1;
            }
            if item == 0 {
                first = time.map(X::Time);
            }
        }
        first
    }

    fn summary(&self) -> PlaneSummary {
        let share = self.filled as f64 / self.values as f64;
        PlaneSummary {
            kind: self.kind,
            name: shown(&self.name),
            type_name: shown(&self.type_name),
            units: shown(&self.units),
            items: self.items,
            values: self.values,
            fill: if self.fill.is_some() { self.filled } else { 0 },
            fill_share: (self.fill.is_some() && self.values > 0).then_some(share),
        }
    }
}

fn time_field(field: &[u8], place: Place, log: &mut Log) -> Option<Time> {
    match time::parse_field(field) {
        Ok(time) => {
            if !is_iso(field) {
                log.add(Rule::TimeForm, place, || {
                    format!("'{}' is not in ISO form", field.escape_ascii())
                });
            }
            Some(time)
        }
        Err(e) => {
            log.add(Rule::TimeField, place, || e.to_string());
            None
        }
    }
}

/// The shape of `yyyy-mm-dd` or `yyyy-ddd`, with a time after a `T` or nothing.
fn is_iso(field: &[u8]) -> bool {
    let Some((year, rest)) = field.split_at_checked(5) else {
        // Five bytes hold no more than a year; its parser has judged it.
        return true;
    };
    let [digits @ .., b'-'] = year else {
        return false;
    };
    let end = |byte: &u8| matches!(byte, b'T' | b'Z');
    let date = rest.split(end).next().unwrap_or(rest);
    let date = date.trim_ascii_end();
    digits.iter().all(u8::is_ascii_digit)
        && date
            .iter()
            .all(|byte| byte.is_ascii_digit() || *byte == b'-')
        && !is_day_first(date)
}

/// Whether, behind the year, the first of two numbers is no month: das2 programs then
/// take it for the day, and `2017-13-01` is 13 January to them.
fn is_day_first(date: &[u8]) -> bool {
    let mut parts = date.split(|byte| *byte == b'-');
    let first = parts.next().and_then(|part| std::str::from_utf8(part).ok());
    let first = first.and_then(|part| part.parse::<u32>().ok());
    parts.next().is_some() && first.is_some_and(|month| month > 12)
}

/// das2C writes a fill time so.
fn is_fill_time(time: Time) -> bool {
    time.calendar().year == 1
}

fn check_separator(field: &[u8], ends_packet: bool, place: Place, log: &mut Log) {
    match field.last() {
        Some(b' ') => {}
        Some(b'\n') if ends_packet => {}
        _ => log.add(Rule::FieldSeparator, place, || {
            format!("'{}' does not end in a blank", field.escape_ascii())
        }),
    }
}

/// A value is fill when it is NaN, or within 1e-5 of the fill value.
#[derive(Clone, Copy)]
struct FillTest {
    fill: f64,
    within: f64,
}

impl FillTest {
    /// Without a fill value only NaN counts, and nobody asks.
    fn new(fill: Option<f64>) -> FillTest {
        let fill = fill.unwrap_or(f64::NAN);
        FillTest {
            fill,
            within: 1e-5 * fill.abs(),
        }
    }

    fn is_fill(self, value: f64) -> bool {
        value.is_nan() || value == self.fill || (value - self.fill).abs() < self.within
    }
}

/// How many of the values are fill.
fn tally<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64, test: FillTest) -> u64 {
    let (values, _) = bytes.as_chunks::<N>();
    let fill = values.iter().filter(|bytes| test.is_fill(value(**bytes)));
    fill.count() as u64
}
