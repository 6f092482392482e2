//! The inner loops: values of many packets into sums and counts.
//!
//! Each is one plain loop over numbers, written so that it can be compiled
//! twice: for every processor, and for those that have AVX2, where it runs
//! several items at a time. Both add in the same order, so results are the
//! same bit for bit.

use crate::stream::Encoding;

/// Packets of one type that lie in one bin, and where a plane is in them.
#[derive(Clone, Copy)]
pub(super) struct Packets<'a> {
    /// The packets, tags and all.
    pub(super) bytes: &'a [u8],
    /// Bytes of one packet.
    pub(super) stride: usize,
    /// Where the plane begins in a packet, its tag included.
    pub(super) at: usize,
}

/// Values from `low` to `high` are fill, and so is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fill {
    /// The value written for fill.
    pub(super) value: f64,
    low: f64,
    high: f64,
}

impl Fill {
    /// Everything within a relative distance of 1e-5, since fill values such
    /// as -1e31 are not exact in four bytes.
    pub(super) fn new(value: f64) -> Fill {
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
    #[inline(always)]
    pub(super) fn is_good(&self, value: f64) -> bool {
        // A bitwise "and" keeps the loops free of branches.
        !((value >= self.low) & (value <= self.high)) & !value.is_nan()
    }
}

/// What is gathered of each item.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// Sum of the good values.
    pub(super) sum: Vec<f64>,
    /// Their number.
    pub(super) count: Vec<f64>,
    /// Smallest good value, where ranges are wanted, else empty.
    pub(super) min: Vec<f64>,
    /// Largest good value, where ranges or peaks are wanted, else empty.
    pub(super) max: Vec<f64>,
    /// Running mean and sum of squared distances from it (Welford), where
    /// deviations are wanted, else empty.
    pub(super) mean: Vec<f64>,
    /// See `mean`.
    pub(super) squares: Vec<f64>,
}

impl Sums {
    /// Nothing gathered yet, of `items` items.
    pub(super) fn new(items: usize, range: bool, peak: bool, deviation: bool) -> Sums {
        let when = |wanted: bool, value: f64| vec![value; if wanted { items } else { 0 }];
        Sums {
            sum: when(true, 0.0),
            count: when(true, 0.0),
            min: when(range, f64::INFINITY),
            max: when(range || peak, f64::NEG_INFINITY),
            mean: when(deviation, 0.0),
            squares: when(deviation, 0.0),
        }
    }

    /// Back to nothing.
    pub(super) fn clear(&mut self) {
        self.sum.fill(0.0);
        self.count.fill(0.0);
        self.min.fill(f64::INFINITY);
        self.max.fill(f64::NEG_INFINITY);
        self.mean.fill(0.0);
        self.squares.fill(0.0);
    }
}

/// A value in memory.
trait Value {
    type Raw: Copy;
    fn split(data: &[u8]) -> &[Self::Raw];
    fn read(raw: Self::Raw) -> f64;
}

macro_rules! value {
    ($name:ident, $number:ty, $from:ident) => {
        struct $name;
        impl Value for $name {
            type Raw = [u8; size_of::<$number>()];
            #[inline(always)]
            fn split(data: &[u8]) -> &[Self::Raw] {
                data.as_chunks().0
            }
            #[inline(always)]
            fn read(raw: Self::Raw) -> f64 {
                f64::from(<$number>::$from(raw))
            }
        }
    };
}
value!(LittleReal4, f32, from_le_bytes);
value!(BigReal4, f32, from_be_bytes);
value!(LittleReal8, f64, from_le_bytes);
value!(BigReal8, f64, from_be_bytes);

/// Adds the packets' values of a plane of reals. False: not reals.
pub(super) fn add_reals(
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
    if collapse {
        // One item, many values: see each value as a packet of its own.
        let width = size_of::<V::Raw>();
        let plane = packets.bytes.chunks_exact(packets.stride);
        for data in plane.filter_map(|packet| packet.get(packets.at..)) {
            dispatch::<V>(
                Packets {
                    bytes: data,
                    stride: width,
                    at: 0,
                },
                fill,
                sums,
            );
        }
    } else {
        dispatch::<V>(packets, fill, sums);
    }
}

fn dispatch<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
    let mut done = false;
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        avx2::add_plain::<V>(packets, fill, sums);
        done = true;
    }
    if !done {
        add_plain::<V>(packets, fill, sums);
    }
    if !sums.mean.is_empty() {
        add_spread::<V>(packets, fill, sums);
    }
}

/// The one module of the project with unsafe code.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod avx2 {
    use super::{Fill, Packets, Sums, Value};

    /// [`super::add_plain`], compiled for AVX2.
    pub(super) fn add_plain<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
        #[target_feature(enable = "avx2")]
        fn with_avx2<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
            super::add_plain::<V>(packets, fill, sums);
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
fn add_plain<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
    let width = size_of::<V::Raw>();
    let length = sums.sum.len() * width;
    let planes = packets
        .bytes
        .chunks_exact(packets.stride)
        .filter_map(|packet| packet.get(packets.at..packets.at + length));
    if let ([sum], [count], [], []) = (
        sums.sum.as_mut_slice(),
        sums.count.as_mut_slice(),
        sums.min.as_slice(),
        sums.max.as_slice(),
    ) {
        // One value a packet: keep the sums in registers.
        let (mut s, mut n) = (*sum, *count);
        for data in planes {
            for &raw in V::split(data) {
                let value = V::read(raw);
                let good = fill.is_good(value);
                s += if good { value } else { 0.0 };
                n += if good { 1.0 } else { 0.0 };
            }
        }
        (*sum, *count) = (s, n);
        return;
    }
    for data in planes {
        let values = V::split(data);
        for ((&raw, sum), count) in values.iter().zip(&mut sums.sum).zip(&mut sums.count) {
            let value = V::read(raw);
            let good = fill.is_good(value);
            *sum += if good { value } else { 0.0 };
            *count += if good { 1.0 } else { 0.0 };
        }
        for (&raw, min) in values.iter().zip(&mut sums.min) {
            let value = V::read(raw);
            let low = if value < *min { value } else { *min };
            *min = if fill.is_good(value) { low } else { *min };
        }
        for (&raw, max) in values.iter().zip(&mut sums.max) {
            let value = V::read(raw);
            let high = if value > *max { value } else { *max };
            *max = if fill.is_good(value) { high } else { *max };
        }
    }
}

/// Welford's running mean and squares; after the counts have been added, so
/// it counts for itself backwards from them.
fn add_spread<V: Value>(packets: Packets<'_>, fill: Fill, sums: &mut Sums) {
    let width = size_of::<V::Raw>();
    let items = sums.mean.len();
    let planes = || {
        packets
            .bytes
            .chunks_exact(packets.stride)
            .filter_map(|packet| packet.get(packets.at..packets.at + items * width))
    };
    let mut counts = sums.count.clone();
    for data in planes() {
        for (&raw, count) in V::split(data).iter().zip(&mut counts) {
            *count -= f64::from(u8::from(fill.is_good(V::read(raw))));
        }
    }
    for data in planes() {
        let spread = sums.mean.iter_mut().zip(&mut sums.squares);
        for ((&raw, count), (mean, squares)) in V::split(data).iter().zip(&mut counts).zip(spread) {
            let value = V::read(raw);
            if fill.is_good(value) {
                *count += 1.0;
                let distance = value - *mean;
                *mean += distance / *count;
                *squares += distance * (value - *mean);
            }
        }
    }
}

/// Adds one value of an item by hand: text, integers, times.
pub(super) fn add_one(value: f64, item: usize, fill: Fill, sums: &mut Sums) {
    if !fill.is_good(value) {
        return;
    }
    let (Some(sum), Some(count)) = (sums.sum.get_mut(item), sums.count.get_mut(item)) else {
        return;
    };
    *sum += value;
    *count += 1.0;
    if let Some(min) = sums.min.get_mut(item) {
        *min = min.min(value);
    }
    if let Some(max) = sums.max.get_mut(item) {
        *max = max.max(value);
    }
    if let (Some(mean), Some(squares)) = (sums.mean.get_mut(item), sums.squares.get_mut(item)) {
        let distance = value - *mean;
        *mean += distance / *count;
        *squares += distance * (value - *mean);
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
                0 => -1e31,
                1 => f32::NAN,
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
            assert_eq!(fast.count, slow.count);
            assert_eq!(fast.min, slow.min);
            assert_eq!(fast.max, slow.max);
            assert_eq!(fast.squares, slow.squares);
        }
    }
}
