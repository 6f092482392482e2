//! The streams that are measured on, made once and kept.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// 500 MB of 64-channel float32 spectra, ten a second.
pub fn wide(folder: &Path) -> PathBuf {
    made(folder, "wide.d2s", 500_000_000, 64)
}

/// 300 MB of one-value records of 16 bytes, ten a second.
pub fn narrow(folder: &Path) -> PathBuf {
    made(folder, "narrow.d2s", 300_000_000, 1)
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
    let path = folder.join(name);
    if path
        .metadata()
        .is_ok_and(|found| found.len() as usize >= size)
    {
        return path;
    }
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&path).expect("a file"));
    write(&mut out, us, size, channels).expect("room for the stream");
    path
}

fn write(out: &mut impl Write, us: f64, size: usize, channels: usize) -> std::io::Result<()> {
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
    write!(
        out,
        "[00]{:06}{stream}[01]{:06}{packet}",
        stream.len(),
        packet.len()
    )?;
    let record = 4 + 8 + 4 * channels;
    let mut state = 1u64;
    for index in 0..size.div_ceil(record) {
        out.write_all(b":01:")?;
        out.write_all(&(index as f64 * us).to_le_bytes())?;
        for _ in 0..channels {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            out.write_all(&((state >> 40) as f32).to_le_bytes())?;
        }
    }
    out.flush()
}
