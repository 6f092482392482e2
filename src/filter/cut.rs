//! Keeps the packets of a time range: `begin <= x < end`.

use std::sync::Arc;

use crate::stream::{PacketHeader, PacketId, Result, Run, Sink};

use super::x_time::{Window, XTime, at, first, rest};

/// Passes the packets of a range and drops all others. Headers, comments and
/// exceptions pass, and the packets of a QStream that hold no time.
pub struct Cut<N> {
    next: N,
    begin: f64,
    end: f64,
    surely: Window,
    times: Vec<Option<XTime>>,
}

impl<N: Sink> Cut<N> {
    /// Keeps what lies between two times in us2000, in front of `next`.
    pub fn new(begin: f64, end: f64, next: N) -> Cut<N> {
        Cut {
            next,
            begin,
            end,
            surely: Window::surely_within(begin, end),
            times: (0..PacketId::COUNT).map(|_| None).collect(),
        }
    }
}

/// Whether the first packet of a run is wanted, and how many at its front
/// share that answer. Those inside `surely` are wanted without being asked.
pub(crate) fn stretch(
    x: &XTime,
    run: Run<'_>,
    surely: Window,
    wanted: &dyn Fn(&[u8]) -> Result<bool>,
) -> Result<(bool, usize)> {
    let packet = |index: usize| run.bytes.get(index * run.stride..).unwrap_or_default();
    let front = wanted(packet(0)).map_err(|error| at(error, run, 0))?;
    let mut count = 1;
    while count < run.len() {
        if front {
            count += x.count_inside(rest(run, count), surely);
        }
        if count < run.len() {
            if wanted(packet(count)).map_err(|error| at(error, run, count))? != front {
                break;
            }
            count += 1;
        }
    }
    Ok((front, count))
}

impl<N: Sink> Sink for Cut<N> {
    crate::hand_on!(next: stream, comment, exception, unknown, flush, finish, abort);

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let x = XTime::find(header)?;
        if let Some(slot) = self.times.get_mut(id.index()) {
            *slot = x;
        }
        self.next.packet(id, header)
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some(x)) = self.times.get(run.id.index()) else {
            return self.next.run(run);
        };
        let (begin, end) = (self.begin, self.end);
        let wanted = |packet: &[u8]| {
            let time = x.us2000(packet)?;
            Ok(time.is_some_and(|time| time.reaches(begin) && !time.reaches(end)))
        };
        let mut remaining = run;
        while !remaining.is_empty() {
            let (keep, count) = stretch(x, remaining, self.surely, &wanted)?;
            if keep {
                self.next.run(first(remaining, count))?;
            }
            remaining = rest(remaining, count);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Reader, Writer};

    fn stream(units: &str, kind: &str, times: &[Vec<u8>]) -> Vec<u8> {
        let packet = format!(r#"<packet><x type="{kind}" units="{units}"/></packet>"#);
        let mut bytes = b"[00]000017<stream></stream>".to_vec();
        bytes.extend(format!("[01]{:06}{packet}", packet.len()).into_bytes());
        for time in times {
            bytes.extend(b":01:");
            bytes.extend(time);
        }
        bytes
    }

    fn kept(bytes: &[u8], begin: f64, end: f64) -> usize {
        let mut out = Vec::new();
        let mut cut = Cut::new(begin, end, Writer::new(&mut out));
        Reader::new(bytes).pump(&mut cut).unwrap();
        drop(cut);
        out.windows(4).filter(|four| four == b":01:").count()
    }

    #[test]
    fn joined_ranges_hold_everything_once() {
        let times: Vec<Vec<u8>> = (0..200)
            .map(|i| (f64::from(i) * 0.5e6).to_le_bytes().to_vec())
            .collect();
        let bytes = stream("us2000", "little_endian_real8", &times);
        assert_eq!(kept(&bytes, 10e6, 20e6), 20);
        assert_eq!(kept(&bytes, 0.0, 1e9), 200);
        assert_eq!(kept(&bytes, -1e9, 0.0), 0);
        let parts: usize = (0..100)
            .map(|i| kept(&bytes, f64::from(i) * 1.25e6, f64::from(i + 1) * 1.25e6))
            .sum();
        assert_eq!(parts, 200);
    }

    #[test]
    fn days_cannot_say_most_edges_and_lie_on_them_all_the_same() {
        let times: Vec<Vec<u8>> = (0..600)
            .map(|i| (15_340.0 + f64::from(i) / 86_400.0).to_be_bytes().to_vec())
            .collect();
        let bytes = stream("mj1958", "double", &times);
        for edge in 1..599 {
            let edge = f64::from(edge);
            assert_eq!(kept(&bytes, -1.0, edge * 1e6), edge as usize, "{edge}");
        }
    }

    #[test]
    fn text_and_times_out_of_order() {
        let times: Vec<Vec<u8>> = [3, 1, 2, 9, 2]
            .map(|s| format!("2000-01-01T00:00:0{s}.000\n").into_bytes())
            .to_vec();
        let bytes = stream("UTC", "time24", &times);
        assert_eq!(kept(&bytes, 2e6, 9e6), 3);
    }
}
