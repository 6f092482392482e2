//! QStreams of every kind, the same for the same seed, and what is in them.

use std::collections::BTreeMap;

use crate::layout::{Column, Layout, Rule, layout};
use crate::make::{Maker, Set};
use crate::rng::Rng;

/// A piece of the stream.
pub enum Part {
    Header,
    /// A descriptor: the index of its layout, where it is one of packets with times.
    Descriptor(u8, Option<usize>),
    /// Index of the layout, milliseconds since 2000, values by dataset.
    Record(usize, Option<i64>, Vec<Vec<f64>>),
    /// A record without a time.
    Whole,
    Extra,
}

/// A stream, piece by piece.
pub struct Made {
    pub layouts: Vec<Layout>,
    pub pieces: Vec<(Part, Vec<u8>)>,
}

/// What a stream may hold.
#[derive(Clone, Copy)]
pub struct Kinds {
    /// Descriptors that change, or are said again, on the way.
    pub redefinition: bool,
    /// Times that go back now and then.
    pub back: bool,
    /// Records without a time, and some whose time is fill.
    pub timeless: bool,
    /// Comments, labels and exceptions between the records.
    pub extras: bool,
    /// Numbers that no sum is exact of, infinities among them.
    pub wild: bool,
    /// Slices of joins, which begin where a descriptor is repeated.
    pub joins: bool,
    /// How much farther than some seconds the records are apart.
    pub pace: i64,
}

impl Kinds {
    pub const ALL: Kinds = Kinds {
        redefinition: true,
        back: true,
        timeless: true,
        extras: true,
        wild: true,
        joins: true,
        pace: 1,
    };

    /// Headers that never change, and times that only rise.
    pub const PLAIN: Kinds = Kinds {
        redefinition: false,
        back: false,
        timeless: false,
        extras: false,
        wild: false,
        joins: true,
        pace: 1,
    };
}

impl Made {
    pub fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|(_, b)| b.clone()).collect()
    }

    /// The times of the records, in milliseconds since 2000.
    pub fn times(&self) -> impl Iterator<Item = i64> {
        self.pieces.iter().filter_map(|(part, _)| match part {
            Part::Record(_, ms, _) => *ms,
            _ => None,
        })
    }

    /// The records with `begin <= t < end`, by packet ID.
    pub fn range(&self, begin: i64, end: i64) -> BTreeMap<u8, Vec<Vec<u8>>> {
        let mut all: BTreeMap<u8, Vec<Vec<u8>>> = BTreeMap::new();
        for (part, bytes) in &self.pieces {
            if let Part::Record(layout, Some(ms), _) = part
                && (begin..end).contains(ms)
            {
                let id = self.layouts[*layout].id;
                all.entry(id).or_default().push(bytes.clone());
            }
        }
        all
    }

    /// Everything before the first record.
    pub fn head(&self) -> Vec<u8> {
        let is_head = |part: &Part| !matches!(part, Part::Record(..) | Part::Whole);
        let head = self.pieces.iter().take_while(|(part, _)| is_head(part));
        head.flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

/// A stream of so many records.
pub fn random(seed: u64, records: usize, kinds: Kinds) -> Made {
    random_of_order(seed, records, kinds, Rng(!seed).one_in(2))
}

/// The same, with the most significant byte first or last.
pub fn random_of_order(seed: u64, records: usize, kinds: Kinds, big: bool) -> Made {
    Making::new(Rng(seed), Maker::new(big), kinds).make(records)
}

struct Making {
    random: Rng,
    maker: Maker,
    kinds: Kinds,
    made: Made,
    /// The layout of each type at present.
    present: Vec<usize>,
}

impl Making {
    fn new(random: Rng, maker: Maker, kinds: Kinds) -> Making {
        Making {
            random,
            maker,
            kinds,
            made: Made {
                layouts: Vec::new(),
                pieces: Vec::new(),
            },
            present: Vec::new(),
        }
    }

    fn push(&mut self, part: Part) {
        let bytes = std::mem::take(&mut self.maker.bytes);
        self.made.pieces.push((part, bytes));
    }

    fn make(mut self, records: usize) -> Made {
        self.push(Part::Header);
        self.maker
            .extra("<enumerationUnit name=\"mode\" value=\"1\" label=\"one\" color=\"#ff0000\"/>");
        self.push(Part::Extra);
        let types = 1 + self.random.below(4);
        for which in 0..types {
            self.present.push(0);
            self.redefine(which);
        }
        self.maker.raw(
            50,
            "<qdataset id=\"f\" rank=\"1\"><properties/><values values=\"1,2\" length=\"2\"/></qdataset>",
        );
        self.push(Part::Descriptor(50, None));
        if self.kinds.timeless {
            let set = Set {
                rank: 1,
                length: Some(3),
                ..Set::times("Hz", "ascii9")
            };
            self.maker.describe(60, &[Set { id: "w", ..set }]);
            self.push(Part::Descriptor(60, None));
        }
        let step = self.kinds.pace * self.random.pick(&[1000, 1000, 2000, 7000]);
        // 2000-01-03T12:00, or within a second of it.
        let mut now = 216_000_000 + self.random.pick(&[0, 0, 1000, 999, -1]);
        for _ in 0..records {
            self.interlude(types);
            let which = self.random.below(types);
            self.record(which, now);
            let steps = self.random.pick(&[0, 1, 1, 1, 1, 1, 1, 2, 17]);
            now += steps * step + self.random.pick(&[0, 0, 0, 1, 250]);
            if self.kinds.back && self.random.one_in(15) {
                now -= 6 * step;
            }
        }
        self.made
    }

    fn redefine(&mut self, which: usize) {
        let layout = layout(&mut self.random, self.kinds, which);
        self.present[which] = self.made.layouts.len();
        self.made.layouts.push(layout);
        self.describe(which);
    }

    fn describe(&mut self, which: usize) {
        let index = self.present[which];
        let layout = &self.made.layouts[index];
        let (id, bundle) = (layout.id, layout.bundle.clone());
        let sets: Vec<Set> = layout.columns.iter().map(|c| c.set.clone()).collect();
        self.maker.describe(id, &sets);
        self.push(Part::Descriptor(id, Some(index)));
        if let Some((id, xml)) = bundle {
            self.maker.raw(id, &xml);
            self.push(Part::Descriptor(id, None));
        }
    }

    /// What may lie between two records.
    fn interlude(&mut self, types: usize) {
        let which = self.random.below(types);
        if self.kinds.redefinition && self.random.one_in(25) {
            match self.random.one_in(3) {
                true => self.describe(which),
                false => self.redefine(which),
            }
        }
        if self.kinds.timeless && self.random.one_in(20) {
            let value = self.random.below(1000) as f64;
            self.maker.record(60, &[&[value, -value, 0.5]]);
            self.push(Part::Whole);
        }
        if self.kinds.extras && self.random.one_in(20) {
            let xml = self.random.pick(&[
                "<enumerationUnit name=\"mode\" value=\"2\" label=\"two\"/>",
                "<comment type=\"log:info\" message=\"x &amp; y\"/>",
                "<exception type=\"NoDataInInterval\" message=\"a gap\"/>",
            ]);
            self.maker.extra(xml);
            self.push(Part::Extra);
        }
    }

    fn record(&mut self, which: usize, now: i64) {
        let index = self.present[which];
        let layout = self.made.layouts[index].clone();
        let ms = now.div_euclid(layout.clock.step) * layout.clock.step;
        let is_number = !layout.clock.encoding.starts_with("time");
        let is_real = matches!(layout.clock.encoding, "double" | "real8" | "ascii24");
        let lost = self.kinds.timeless && is_number && is_real && self.random.one_in(20);
        let values: Vec<Vec<f64>> = layout
            .columns
            .iter()
            .map(|column| match column.rule {
                Rule::Times if lost => vec![-1e31],
                Rule::Times => vec![layout.clock.number(ms)],
                _ => self.values(column),
            })
            .collect();
        let slices: Vec<&[f64]> = values.iter().map(Vec::as_slice).collect();
        self.maker.record(layout.id, &slices);
        let ms = Some(ms).filter(|_| !lost);
        self.push(Part::Record(index, ms, values));
    }

    fn values(&mut self, column: &Column) -> Vec<f64> {
        let items = column.set.length.unwrap_or(1);
        let mut values: Vec<f64> = (0..items).map(|_| self.value(column)).collect();
        if column.rule == Rule::MinMax {
            values.sort_by(f64::total_cmp);
        }
        values
    }

    fn value(&mut self, column: &Column) -> f64 {
        let random = &mut self.random;
        let encoding = column.set.encoding.as_str();
        if encoding.starts_with("time") {
            return 1e15 + random.below(1_000_000) as f64 * 1e6;
        }
        if let Some(fill) = column.fill.filter(|_| random.one_in(5)) {
            return fill;
        }
        let small = random.below(200) as f64 - 100.0;
        match encoding {
            "hex8" => small + 100.0,
            "byte" | "int2" | "short" => small,
            "int4" | "integer" | "int8" | "long" => small * random.pick(&[1.0, 1.0, 1e6]),
            _ => match random.below(40) {
                0 => f64::NAN,
                1 if self.kinds.wild => f64::INFINITY,
                2 if self.kinds.wild => 1e12 * small,
                3 if self.kinds.wild => small / 1e6,
                4 => 0.0,
                5..9 if self.kinds.wild && matches!(encoding, "double" | "float") => {
                    random.unit() * small
                }
                _ => small + random.pick(&[0.0, 0.5, 0.25]),
            },
        }
    }
}
