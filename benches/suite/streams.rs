//! The streams that are measured on, made once and kept.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// 500 MB of 64-channel float32 spectra, ten a second.
pub fn wide(folder: &Path) -> PathBuf {
    made(folder, "wide.d2s", 500_000_000, 64)
}

/// As [`wide`], of numbers with a fraction and both signs.
pub fn wide_reals(folder: &Path) -> PathBuf {
    let real = |whole: f32| (whole - 8e6) * 1.234_567e-5;
    made_of(&real, 1e5, folder, "reals.d2s", 500_000_000, 64)
}

/// 20 MB of what [`wide`] holds.
pub fn short(folder: &Path) -> PathBuf {
    made(folder, "short.d2s", 20_000_000, 64)
}

/// 300 MB of one-value records of 16 bytes, ten a second.
pub fn narrow(folder: &Path) -> PathBuf {
    made(folder, "narrow.d2s", 300_000_000, 1)
}

/// 78 MB of one-value records as text, time24 and ascii11, two a second.
pub fn text(folder: &Path) -> PathBuf {
    let path = folder.join("text.d2t");
    let records = 2_000_000;
    if path
        .metadata()
        .is_ok_and(|found| found.len() as usize >= records * (4 + 24 + 11))
    {
        return path;
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).expect("a file"));
    write_text(&mut out, records).expect("room for the stream");
    path
}

fn write_text(out: &mut impl Write, records: usize) -> std::io::Result<()> {
    let stream = r#"<stream version="2.2"></stream>"#;
    let packet = r#"<packet><x type="time24" units="us2000"></x><y name="v" type="ascii11" units="V"></y></packet>"#;
    write!(
        out,
        "[00]{:06}{stream}[01]{:06}{packet}",
        stream.len(),
        packet.len()
    )?;
    for index in 0..records {
        let (day, half) = (index / 172_800 + 1, index % 172_800);
        let (hour, minute) = (half / 7200, half / 120 % 60);
        let (second, part) = (half / 2 % 60, half % 2 * 500);
        let size = format!("{:.3e}", (1 + index * 7919 % 9998) as f64).replace('e', "e+0");
        let sign = if index % 2 == 0 { ' ' } else { '-' };
        writeln!(
            out,
            ":01:2017-01-{day:02}T{hour:02}:{minute:02}:{second:02}.{part:03} {sign}{size}"
        )?;
    }
    out.flush()
}

/// 500 MB of float32 waveform, 28,800 samples a second, five seconds a packet.
pub fn waveform(folder: &Path) -> PathBuf {
    let path = folder.join("waveform.d2s");
    const SIZE: usize = 500_000_000;
    if path
        .metadata()
        .is_ok_and(|found| found.len() as usize >= SIZE)
    {
        return path;
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).expect("a file"));
    write_waveform(&mut out, SIZE, 15_840).expect("room for the stream");
    path
}

fn write_waveform(out: &mut impl Write, size: usize, items: usize) -> std::io::Result<()> {
    let stream = r#"<stream version="2.2"><properties String:renderer="waveform"/></stream>"#;
    let packet = format!(
        r#"<packet><x type="little_endian_real8" units="us2000"></x><yscan name="w" type="little_endian_real4" nitems="{items}" yUnits="s" yTagInterval="{:e}" zUnits="V/m"></yscan></packet>"#,
        1.0 / 28_800.0
    );
    headers(out, stream, &packet)?;
    let mut noise = Noise(1);
    for index in 0..size.div_ceil(4 + 8 + 4 * items) {
        out.write_all(b":01:")?;
        out.write_all(&(index as f64 * 5.5e5).to_le_bytes())?;
        for _ in 0..items {
            out.write_all(&noise.next().to_le_bytes())?;
        }
    }
    out.flush()
}

/// As many records from 2000 on, one a second.
pub fn seconds(folder: &Path, records: usize, channels: usize) -> PathBuf {
    let size = records * (4 + 8 + 4 * channels);
    made_every(1e6, folder, "seconds.d2s", size, channels)
}

fn made(folder: &Path, name: &str, size: usize, channels: usize) -> PathBuf {
    made_every(1e5, folder, name, size, channels)
}

fn made_every(us: f64, folder: &Path, name: &str, size: usize, channels: usize) -> PathBuf {
    made_of(&|whole| whole, us, folder, name, size, channels)
}

/// Values are made of whole numbers below 2^24.
type Value<'a> = &'a dyn Fn(f32) -> f32;

fn made_of(
    value: Value<'_>,
    us: f64,
    folder: &Path,
    name: &str,
    size: usize,
    channels: usize,
) -> PathBuf {
    let path = folder.join(name);
    if path
        .metadata()
        .is_ok_and(|found| found.len() as usize >= size)
    {
        return path;
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).expect("a file"));
    write(&mut out, value, us, size, channels).expect("room for the stream");
    path
}

fn write(
    out: &mut impl Write,
    value: Value<'_>,
    us: f64,
    size: usize,
    channels: usize,
) -> std::io::Result<()> {
    let stream = r#"<stream version="2.2"><properties double:zFill="-1e31" double:yFill="-1e31" Datum:xTagWidth="0.1 s"/></stream>"#;
    let data = if channels == 1 {
        r#"<y name="v" type="little_endian_real4" units="V"></y>"#.to_owned()
    } else {
        let tags: Vec<String> = (1..=channels).map(|tag| format!("{}", tag * 10)).collect();
        format!(
            r#"<yscan name="v" type="little_endian_real4" nitems="{channels}" yUnits="Hz" zUnits="V" yTags="{}"></yscan>"#,
            tags.join(",")
        )
    };
    let packet =
        format!(r#"<packet><x type="little_endian_real8" units="us2000"></x>{data}</packet>"#);
    headers(out, stream, &packet)?;
    let record = 4 + 8 + 4 * channels;
    let mut noise = Noise(1);
    for index in 0..size.div_ceil(record) {
        out.write_all(b":01:")?;
        out.write_all(&(index as f64 * us).to_le_bytes())?;
        for _ in 0..channels {
            out.write_all(&value(noise.next()).to_le_bytes())?;
        }
    }
    out.flush()
}

fn headers(out: &mut impl Write, stream: &str, packet: &str) -> std::io::Result<()> {
    write!(
        out,
        "[00]{:06}{stream}[01]{:06}{packet}",
        stream.len(),
        packet.len()
    )
}

/// The same numbers in every run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32
    }
}
