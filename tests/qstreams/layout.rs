//! What packets of QStreams may hold: times of every kind, data of every kind.

use crate::generator::Kinds;
use crate::make::Set;
use crate::rng::Rng;

/// How times are written.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pub units: &'static str,
    pub encoding: &'static str,
    /// Its numbers in a millisecond, and the number of the beginning of 2000.
    scale: f64,
    at_2000: f64,
    /// Milliseconds of a step that it can say.
    pub step: i64,
}

const fn clock(
    units: &'static str,
    encoding: &'static str,
    scale: f64,
    at_2000: f64,
    step: i64,
) -> Clock {
    Clock {
        units,
        encoding,
        scale,
        at_2000,
        step,
    }
}

const CLOCKS: [Clock; 14] = [
    clock("us2000", "double", 1e3, 0.0, 1),
    clock("us2000", "real8", 1e3, 0.0, 1),
    clock("us2000", "int8", 1e3, 0.0, 1),
    clock("us2000", "time24", 1e3, 0.0, 1),
    clock("us2000", "time27", 1e3, 0.0, 1),
    clock("", "time31", 1e3, 0.0, 1),
    clock("t1970", "time20", 1e-3, 946_684_800.0, 1000),
    clock("t1970", "double", 1e-3, 946_684_800.0, 1),
    clock("mj1958", "double", 1.0 / 86_400e3, 15_340.0, 1),
    clock("t2000", "double", 1e-3, 0.0, 1),
    clock("t2000", "int4", 1e-3, 0.0, 1000),
    clock("cdfTT2000", "int8", 1e6, -43_135_816e6, 1),
    clock("seconds since 2000-01-01", "ascii24", 1e-3, 0.0, 1),
    clock("ms1970", "double", 1.0, 946_684_800e3, 1),
];

impl Clock {
    /// What a packet holds of a time in milliseconds since 2000.
    pub fn number(&self, ms: i64) -> f64 {
        let ms = ms as f64;
        match self.encoding {
            text if text.starts_with("time") => ms * 1e6,
            _ if self.scale >= 1.0 => ms * self.scale + self.at_2000,
            // Whole divisors round once.
            _ => (ms + self.zero_ms().abs() as f64) / (1.0 / self.scale).round(),
        }
    }

    /// The milliseconds since 2000 of a time in this encoding, as it is read.
    pub fn ms(&self, encoding: &str, read: f64) -> f64 {
        match encoding.starts_with("time") {
            true => read / 1e3,
            false => (read - self.at_2000) / self.scale,
        }
    }

    /// Where bins are counted from, in milliseconds since 2000: the zero of the unit,
    /// of TT2000 the beginning of 2000.
    pub fn zero_ms(&self) -> i64 {
        match self.units {
            "cdfTT2000" => 0,
            _ => (-self.at_2000 / self.scale).round() as i64,
        }
    }
}

/// What becomes of a dataset when it is binned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    Times,
    Mean,
    MinMax,
    First,
}

#[derive(Clone)]
pub struct Column {
    pub set: Set,
    pub rule: Rule,
    pub fill: Option<f64>,
}

/// The packets of one ID, as one descriptor says.
#[derive(Clone)]
pub struct Layout {
    pub id: u8,
    pub clock: Clock,
    pub columns: Vec<Column>,
    /// Whether a repeated descriptor begins a slice.
    pub is_joined: bool,
    /// Another descriptor that has to come with it.
    pub bundle: Option<(u8, String)>,
}

const IDS: [[u8; 2]; 4] = [[1, 2], [7, 4], [30, 31], [99, 98]];
const TIMES: [&str; 4] = ["t", "when", "t_3", "ds_0"];
const NAMES: [[&str; 4]; 4] = [
    ["a", "b", "c", "d"],
    ["a1", "b1", "c1", "d1"],
    ["a2", "b2", "c2", "d2"],
    ["ds_1", "ds_2", "ds_3", "ds_4"],
];

/// Names of those that run along nothing.
const ALONE: [[&str; 4]; 4] = [
    ["p", "q", "r", "s"],
    ["p1", "q1", "r1", "s1"],
    ["p2", "q2", "r2", "s2"],
    ["p3", "q3", "r3", "s3"],
];

const ENCODINGS: [&str; 18] = [
    "double", "real8", "float", "real4", "double", "float", "int8", "long", "int4", "integer",
    "int2", "short", "byte", "ascii10", "ascii15", "ascii24", "hex8", "time24",
];

/// The packets of one type, made up anew.
pub fn layout(random: &mut Rng, kinds: Kinds, which: usize) -> Layout {
    let [id, bundle_id] = IDS[which];
    let clock = random.pick(&CLOCKS);
    let times = Column {
        set: Set {
            id: TIMES[which],
            ..Set::times(clock.units, clock.encoding)
        }
        .with("CADENCE", "rank0dataset", "1.0E6 units:UNITS=microseconds"),
        rule: Rule::Times,
        fill: None,
    };
    let count = 1 + random.below(4);
    // Datasets that are times themselves come behind the one that tells it.
    let at = if random.one_in(4) {
        random.below(count + 1)
    } else {
        0
    };
    let mut columns = Vec::new();
    let mut members = Vec::new();
    for index in 0..=count {
        if index == at {
            columns.push(times.clone());
        }
        if index < count {
            let is_behind = index >= at;
            let names = [NAMES[which][index], ALONE[which][index]];
            columns.push(data(random, names, TIMES[which], is_behind, &mut members));
        }
    }
    let bundle = Some(members).filter(|m| !m.is_empty()).map(|members| {
        let members = format!("{},{}", TIMES[which], members.join(","));
        let xml = format!(
            "<qdataset id=\"bundle{which}\" rank=\"2\"><properties/><values bundle=\"{members}\"/></qdataset>"
        );
        (bundle_id, xml)
    });
    let is_joined = kinds.joins && random.one_in(6);
    for column in columns.iter_mut().filter(|_| is_joined) {
        column.set.rank += 1;
        if column.set.rank > 2 {
            column.rule = Rule::First;
        }
    }
    Layout {
        id,
        clock,
        columns,
        is_joined,
        bundle,
    }
}

/// A dataset with data. Those that run along the times because a bundle says so are
/// put among its members.
fn data(
    random: &mut Rng,
    [id, alone]: [&'static str; 2],
    times: &'static str,
    may_be_time: bool,
    members: &mut Vec<&'static str>,
) -> Column {
    let mut encoding = random.pick(&ENCODINGS);
    if encoding.starts_with("time") && !may_be_time {
        encoding = "double";
    }
    let kind = random.below(12);
    let length = match kind {
        0 => Some(6),
        1 => Some(2),
        _ if random.one_in(3) => Some(1 + random.below(7)),
        _ => None,
    };
    let mut set = Set {
        id,
        rank: 1 + usize::from(length.is_some()),
        units: "V",
        length,
        ..Set::times("", encoding)
    };
    let mut rule = Rule::Mean;
    match kind {
        0 => {
            (set.rank, set.lengths, rule) = (3, "2,3", Rule::First);
        }
        1 => {
            set = set.with("BINS_1", "String", "min,max");
            rule = Rule::MinMax;
        }
        2 => {
            (set.units, rule) = ("mode", Rule::First);
        }
        3 => (set.id, rule) = (alone, Rule::First),
        4 if length.is_none() => members.push(id),
        _ => {}
    }
    if kind != 3 && !members.contains(&id) {
        set = set.with("DEPEND_0", "qdataset", times);
    }
    if encoding.starts_with("time") && kind != 2 {
        set.units = "us2000";
    }
    let fill = match encoding {
        _ if encoding.starts_with("time") => None,
        "hex8" => random.pick(&[None, Some(255.0)]),
        "byte" | "int2" | "short" | "int4" | "integer" | "int8" | "long" => {
            random.pick(&[None, Some(-99.0), Some(0.0)])
        }
        _ => random.pick(&[None, Some(-99.0), Some(-1e31), Some(0.0)]),
    };
    if let Some(fill) = fill {
        set = set.with("FILL_VALUE", "Double", &format!("{fill:e}"));
    }
    Column { set, rule, fill }
}
