//! The inner loops: values of many packets into sums and counts.
//!
//! Each is one plain loop over numbers, written so that it can be compiled
//! twice: for every processor, and for those that have AVX2, where it runs
//! several items at a time. Both add in the same order, so results are the
//! same bit for bit.

use crate::stream::Encoding;

/// Packets of one type that lie in one bin, and where a plane is in them.
#[derive(Clone, Copy)]
pub(in crate::filter) struct Packets<'a> {
    /// The packets, tags and all.
    pub(in crate::filter) bytes: &'a [u8],
    /// Bytes of one packet.
    pub(in crate::filter) stride: usize,
    /// Where the plane begins in a packet, its tag included.
    pub(in crate::filter) at: usize,
    /// Bytes of the plane in a packet.
    pub(in crate::filter) length: usize,
}

/// Values from `low` to `high` are fill, and so is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::filter) struct Fill {
    /// The value written for fill.
    pub(in crate::filter) value: f64,
    low: f64,
    high: f64,
}

impl Fill {
    /// Everything within a relative distance of 1e-5, since fill values such
    /// as -1e31 are not exact in four bytes.
    pub(in crate::filter) fn new(value: f64) -> Fill {
        let is_fill = |v: f64| v == value || ((value - v) / value).abs() < 1e-5;
        let reach = |factor: f64| {
            // The rounded product is within a few steps of the last value
            // that passes the test; walk to it.
            let mut edge = value * factor;
            let outward = factor > 1.0;
            let away = |v: f64| {
                if outward == (v > 0.0) {
                    v.next_up()
                } else {
                    v.next_down()
                }
            };
            let back = |v: f64| {
                if outward == (v > 0.0) {
                    v.next_down()
                } else {
                    v.next_up()
                }
            };
            for _ in 0..64 {
                if is_fill(edge) {
                    break;
                }
                edge = back(edge);
            }
            for _ in 0..64 {
                if !is_fill(away(edge)) {
                    break;
                }
                edge = away(edge);
            }
            edge
        };
        if value == 0.0 || !value.is_finite() {
            return Fill {
                value,
                low: value,
                high: value,
            };
        }
        let (a, b) = (reach(1.0 + 1e-5), reach(1.0 - 1e-5));
        Fill {
            value,
            low: a.min(b),
            high: a.max(b),
        }
    }

    /// True for a value to be used.
    #[inline]
    pub(in crate::filter) fn is_good(&self, value: f64) -> bool {
        !value.is_nan() && !(self.low..=self.high).contains(&value)
    }

    /// True when all values are finite and to be used.
    pub(in crate::filter) fn all_good(&self, values: &[f64]) -> bool {
        let (low, high) = (self.low, self.high);
        let bad = |v: f64| !v.is_finite() | ((v >= low) & (v <= high));
        // Blocks without a way out of the middle are done several at a time.
        values
            .chunks(64)
            .all(|block| !block.iter().fold(false, |any, &v| any | bad(v)))
    }

    fn bounds8(self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The outermost four-byte numbers within the bounds, so that the test
    /// says the same of a four-byte number and of its double.
    pub(in crate::filter) fn bounds4(self) -> (f32, f32) {
        let (low, high) = (self.low as f32, self.high as f32);
        (
            if f64::from(low) < self.low {
                low.next_up()
            } else {
                low
            },
            if f64::from(high) > self.high {
                high.next_down()
            } else {
                high
            },
        )
    }
}

/// What is gathered of each item.
#[derive(Debug, Clone, Default)]
pub(in crate::filter) struct Sums {
    /// Sum of the good values.
    pub(in crate::filter) sum: Vec<f64>,
    /// Packets in which every item was good.
    whole: f64,
    /// Good values in all other packets.
    count: Vec<f64>,
    /// Smallest good value, where ranges are wanted, else empty.
    pub(in crate::filter) min: Vec<f64>,
    /// Largest good value, where ranges or peaks are wanted, else empty.
    pub(in crate::filter) max: Vec<f64>,
    /// Running mean, sum of squared distances from it, and number (Welford),
    /// where deviations are wanted, else empty.
    spread: Vec<Spread>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Spread {
    mean: f64,
    squares: f64,
    count: f64,
}

impl Sums {
    /// Nothing gathered yet, of `items` items.
    pub(in crate::filter) fn new(items: usize, range: bool, peak: bool, deviation: bool) -> Sums {
        let when = |wanted: bool, value: f64| vec![value; if wanted { items } else { 0 }];
        Sums {
            sum: when(true, 0.0),
            whole: 0.0,
            count: when(true, 0.0),
            min: when(range, f64::INFINITY),
            max: when(range || peak, f64::NEG_INFINITY),
            spread: vec![Spread::default(); if deviation { items } else { 0 }],
        }
    }

    /// Back to nothing.
    pub(in crate::filter) fn clear(&mut self) {
        self.sum.fill(0.0);
        self.whole = 0.0;
        self.count.fill(0.0);
        self.min.fill(f64::INFINITY);
        self.max.fill(f64::NEG_INFINITY);
        self.spread.fill(Spread::default());
    }

    /// Number of good values of each item.
    pub(in crate::filter) fn counts(&self) -> impl Iterator<Item = f64> + use<'_> {
        self.count.iter().map(|count| count + self.whole)
    }

    /// Standard deviation of an item over n - 1; 0 for one value.
    pub(in crate::filter) fn deviation(&self, item: usize) -> Option<f64> {
        let spread = self.spread.get(item)?;
        Some(if spread.count > 1.0 {
            (spread.squares / (spread.count - 1.0)).sqrt()
        } else {
            0.0
        })
    }
}

impl Spread {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let distance = value - self.mean;
        self.mean += distance / self.count;
        self.squares += distance * (value - self.mean);
    }
}

/// A value in memory.
trait Value {
    type Raw: Copy;
    type Number: Copy + PartialOrd + Into<f64>;
    fn split(data: &[u8]) -> &[Self::Raw];
    fn read(raw: Self::Raw) -> Self::Number;
    /// The bounds of fill among the numbers of this type.
    fn bounds(fill: Fill) -> (Self::Number, Self::Number);
}

macro_rules! value {
    ($name:ident, $number:ty, $from:ident, $bounds:ident) => {
        struct $name;
        impl Value for $name {
            type Raw = [u8; size_of::<$number>()];
            type Number = $number;
            #[inline(always)]
            fn split(data: &[u8]) -> &[Self::Raw] {
                data.as_chunks().0
            }
            #[inline(always)]
            fn read(raw: Self::Raw) -> $number {
                <$number>::$from(raw)
            }
            fn bounds(fill: Fill) -> ($number, $number) {
                fill.$bounds()
            }
        }
    };
}
value!(LittleReal4, f32, from_le_bytes, bounds4);
value!(BigReal4, f32, from_be_bytes, bounds4);
value!(LittleReal8, f64, from_le_bytes, bounds8);
value!(BigReal8, f64, from_be_bytes, bounds8);

/// Adds the packets' values of a plane of reals. False: not reals.
pub(in crate::filter) fn add_reals(
    packets: Packets<'_>,
    encoding: Encoding,
    fill: Fill,
    collapse: bool,
    sums: &mut Sums,
) -> bool {
    match encoding {
        Encoding::Real4 { big: false } => add::<LittleReal4>(packets, fill, collapse, sums),
        Encoding::Real4 { big: true } => add::<BigReal4>(packets, fill, collapse, sums),
        Encoding::Real8 { big: false } => add::<LittleReal8>(packets, fill, collapse, sums),
        Encoding::Real8 { big: true } => add::<BigReal8>(packets, fill, collapse, sums),
        _ => return false,
    }
    true
}

fn add<V: Value>(packets: Packets<'_>, fill: Fill, collapse: bool, sums: &mut Sums) {
    if !collapse {
        return dispatch::<V>(packets, fill, sums);
    }
    // One item, many values: see each value as a packet of its own.
    let planes = packets.bytes.chunks_exact(packets.stride);
    for data in planes.filter_map(|packet| packet.get(packets.at..packets.at + packets.length)) {
        let values = Packets {
            bytes: data,
            stride: size_of::<V::Raw>(),
            at: 0,
            length: size_of::<V::Raw>(),
        };
        dispatch::<V>(values, fill, sums);
    }
}

fn dispatch<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        return avx2::add_packets::<V>(packets, fill, sums);
    }
    add_packets::<V>(packets, fill, sums);
}

/// With `web::start` and `stream::number_text` the only unsafe code of the project.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2 {
    use super::{Fill, Packets, Sums, Value};

    /// [`super::add_packets`], compiled for AVX2.
    pub(in crate::filter) fn add_packets<V: Value>(
        packets: Packets<'_>,
        fill: Fill,
        sums: &mut Sums,
    ) {
        #[target_feature(enable = "avx2")]
        fn with_avx2<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
            super::add_packets::<V>(packets, fill, sums);
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the function is safe code; the one thing that calling
            // it demands is a processor with AVX2, which the line above has
            // found.
            unsafe { with_avx2::<V>(packets, fill, sums) }
        }
    }
}

#[inline(always)]
fn add_packets<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
    let planes = packets
        .bytes
        .chunks_exact(packets.stride)
        .filter_map(|packet| packet.get(packets.at..packets.at + packets.length));
    if sums.sum.len() == 1 {
        add_singles::<V>(planes, fill, sums);
    } else {
        add_rows::<V>(planes, fill, sums);
    }
}

/// One value a packet: sum and count stay in registers.
#[inline(always)]
fn add_singles<'a, V: Value>(planes: impl Iterator<Item = &'a [u8]>, fill: Fill, sums: &mut Sums) {
    let (low, high) = V::bounds(fill);
    let good = planes
        .filter_map(|data| V::split(data).first())
        .map(|&raw| V::read(raw))
        .filter(|&number| is_good::<V>(number, low, high));
    let (mut total, mut count) = (0.0, 0.0);
    if let Some(sum) = sums.sum.first() {
        total = *sum;
    }
    if sums.min.is_empty() && sums.max.is_empty() && sums.spread.is_empty() {
        for number in good {
            total += number.into();
            count += 1.0;
        }
    } else {
        for number in good {
            let value = number.into();
            total += value;
            count += 1.0;
            add_extremes(value, 0, sums);
        }
    }
    sums.sum.iter_mut().for_each(|sum| *sum = total);
    sums.count.iter_mut().for_each(|sum| *sum += count);
}

/// Many values a packet. Most packets hold no fill: one look over all items
/// tells, and then nothing needs to be masked or counted.
#[inline(always)]
fn add_rows<'a, V: Value>(planes: impl Iterator<Item = &'a [u8]>, fill: Fill, sums: &mut Sums) {
    let (low, high) = V::bounds(fill);
    for data in planes {
        let values = V::split(data);
        let mut whole = true;
        for &raw in values {
            whole &= is_good::<V>(V::read(raw), low, high);
        }
        if whole {
            sums.whole += 1.0;
            let wide = |raw: V::Raw| -> f64 { V::read(raw).into() };
            for (&raw, sum) in values.iter().zip(&mut sums.sum) {
                *sum += wide(raw);
            }
            for (&raw, min) in values.iter().zip(&mut sums.min) {
                *min = if wide(raw) < *min { wide(raw) } else { *min };
            }
            for (&raw, max) in values.iter().zip(&mut sums.max) {
                *max = if wide(raw) > *max { wide(raw) } else { *max };
            }
            for (&raw, spread) in values.iter().zip(&mut sums.spread) {
                spread.add(wide(raw));
            }
        } else {
            for (item, &raw) in values.iter().enumerate() {
                add_one(V::read(raw).into(), item, fill, sums);
            }
        }
    }
}

/// A bitwise "and" keeps the loops free of branches.
#[inline(always)]
#[allow(clippy::eq_op)] // NaN is the one number that is not itself
fn is_good<V: Value>(number: V::Number, low: V::Number, high: V::Number) -> bool {
    !((number >= low) & (number <= high)) & (number == number)
}

/// Adds one value of an item by hand: text, integers, times, packets with
/// fill in them.
pub(in crate::filter) fn add_one(value: f64, item: usize, fill: Fill, sums: &mut Sums) {
    if !fill.is_good(value) {
        return;
    }
    if let (Some(sum), Some(count)) = (sums.sum.get_mut(item), sums.count.get_mut(item)) {
        *sum += value;
        *count += 1.0;
    }
    add_extremes(value, item, sums);
}

/// What is gathered besides the sum, for those planes that want it.
#[inline(always)]
fn add_extremes(value: f64, item: usize, sums: &mut Sums) {
    if let Some(min) = sums.min.get_mut(item) {
        *min = min.min(value);
    }
    if let Some(max) = sums.max.get_mut(item) {
        *max = max.max(value);
    }
    if let Some(spread) = sums.spread.get_mut(item) {
        spread.add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_is_what_the_relative_test_says() {
        for value in [-1e31, 100.0, -100.0, 1e-40, 9999.0, -0.25] {
            let fill = Fill::new(value);
            let test = |v: f64| v == value || ((value - v) / value).abs() < 1e-5;
            for edge in [fill.low, fill.high] {
                assert!(test(edge), "{value} {edge}");
                assert!(!fill.is_good(edge));
            }
            assert!(!test(fill.low.next_down()) && fill.is_good(fill.low.next_down()));
            assert!(!test(fill.high.next_up()) && fill.is_good(fill.high.next_up()));
            assert!(
                !fill.is_good(value) && !fill.is_good(f64::from(value as f32)) || value == 1e-40
            );
        }
        assert!(!Fill::new(100.0).is_good(100.0009) && Fill::new(100.0).is_good(100.002));
        assert!(!Fill::new(0.0).is_good(-0.0) && Fill::new(0.0).is_good(1e-300));
        assert!(!Fill::new(f64::NAN).is_good(f64::NAN) && Fill::new(f64::NAN).is_good(1.0));
        assert!(!Fill::new(-1e31).is_good(f64::NAN) && Fill::new(-1e31).is_good(f64::INFINITY));
    }

    /// Both ways of adding give the same bits.
    #[test]
    fn the_fast_loops_agree_with_the_plain_one() {
        let stride = 4 + 8 + 67 * 4;
        let mut bytes = Vec::new();
        let mut state = 1u64;
        for _ in 0..50 * stride / 4 {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            let value = match state >> 60 {
                0 if state & 0xc0 == 0 => -1e31,
                1 if state & 0xc0 == 0 => f32::NAN,
                _ => (state >> 40) as f32 * 1e-3,
            };
            bytes.extend(value.to_le_bytes());
        }
        for (range, deviation) in [(false, false), (true, false), (true, true)] {
            let fill = Fill::new(-1e31);
            let packets = Packets {
                bytes: &bytes,
                stride,
                at: 12,
                length: 67 * 4,
            };
            let mut fast = Sums::new(67, range, range, deviation);
            assert!(add_reals(
                packets,
                Encoding::Real4 { big: false },
                fill,
                false,
                &mut fast
            ));
            let mut slow = Sums::new(67, range, range, deviation);
            for packet in bytes.chunks_exact(stride) {
                for (item, raw) in packet[12..].chunks_exact(4).enumerate() {
                    let value = f64::from(f32::from_le_bytes(raw.try_into().unwrap()));
                    add_one(value, item, fill, &mut slow);
                }
            }
            assert_eq!(fast.sum, slow.sum);
            assert!(fast.counts().eq(slow.counts()));
            assert_eq!(fast.min, slow.min);
            assert_eq!(fast.max, slow.max);
            assert_eq!(fast.spread, slow.spread);
        }
    }
}
