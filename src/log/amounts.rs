//! Numbers for people, three digits of them at most.

/// A number of bytes in a unit that suits it.
pub fn bytes_text(bytes: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64;
    let mut unit = "";
    for next in UNITS {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    format!("{} {unit}", few_digits(value))
}

/// A time, given in milliseconds, in a unit that suits it.
pub fn duration_text(milliseconds: f64) -> String {
    match milliseconds {
        ms if ms < 999.5 => format!("{} ms", few_digits(ms)),
        ms if ms < 119_500.0 => format!("{} s", few_digits(ms / 1e3)),
        ms => {
            let seconds = (ms / 1e3).round() as u64;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

fn few_digits(value: f64) -> String {
    let decimals = usize::from(value < 9.95);
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_units() {
        for (count, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (999_499, "999 kB"),
            (999_500, "1.0 MB"),
            (12_345_678, "12 MB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(bytes_text(count), text);
        }
        for (time, text) in [
            (0.44, "0.4 ms"),
            (34.2, "34 ms"),
            (999.6, "1.0 s"),
            (119_000.0, "119 s"),
            (200_000.0, "3 min 20 s"),
        ] {
            assert_eq!(duration_text(time), text);
        }
    }
}
