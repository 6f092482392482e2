//! One block, looked through from end to end.

use std::fs::File;
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use crate::cache::serve::dialect_of;
use crate::cache::stamp::{Form, Stamp};
use crate::check::check_stream;
use crate::filter::x_time::{Window, XTime};
use crate::stream::{
    Exception, FileInput, PacketHeader, PacketId, Reader, Result, Run, Sink, sink_ignores,
};

/// Opens a plain file. Whatever else stands in its place is not waited for.
pub(super) fn open_plain(path: &Path) -> io::Result<File> {
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no file")),
    }
}

/// What is wrong with a block's file, in words; nothing for a good block. Its records are
/// to lie in `times`.
pub(super) fn findings(file: &File, times: Window, stamp: Option<&Stamp>) -> Vec<String> {
    let mut found = Vec::new();
    let copy = || file.try_clone().map_err(|error| error.to_string());
    let rewind = || std::io::Seek::rewind(&mut &*file).map_err(|error| error.to_string());
    let whole = || -> std::result::Result<_, String> {
        rewind()?;
        let report = check_stream(copy()?);
        rewind()?;
        let mut order = Order::new(times);
        let read = Reader::of(dialect_of(file), FileInput::new(copy()?)).pump(&mut order);
        Ok((report, order, read.map_err(|error| error.to_string())))
    };
    match whole() {
        Err(reason) => found.push(reason),
        Ok((report, order, read)) => {
            let errors = report.findings.iter();
            let errors =
                errors.filter(|finding| finding.rule.severity() == crate::check::Severity::Error);
            found.extend(errors.map(|finding| finding.to_string()));
            found.extend(read.err());
            found.extend(order.findings(stamp));
        }
    }
    found
}

/// Times of a block's records.
struct Order {
    begin: f64,
    end: f64,
    times: Vec<Option<XTime>>,
    last: f64,
    outside: u64,
    back: u64,
    /// Headers have come behind data.
    late_headers: u64,
    any: bool,
    exceptions: Vec<String>,
}

impl Order {
    fn new(within: Window) -> Order {
        Order {
            begin: within.low,
            end: within.high,
            times: (0..PacketId::COUNT).map(|_| None).collect(),
            last: f64::NEG_INFINITY,
            outside: 0,
            back: 0,
            late_headers: 0,
            any: false,
            exceptions: Vec::new(),
        }
    }

    fn findings(&self, stamp: Option<&Stamp>) -> Vec<String> {
        let mut found = self.exceptions.clone();
        if self.outside > 0 {
            found.push(format!("{} records lie outside of its span", self.outside));
        }
        let form = stamp.map_or(Form::Unknown, |stamp| stamp.form);
        if form == Form::Sorted && self.back > 0 {
            found.push(format!("{} records are not in order of time", self.back));
        }
        if form.is_known() && self.late_headers > 0 {
            found.push("packet headers stand among its data".into());
        }
        found
    }
}

impl Sink for Order {
    sink_ignores!(stream, comment, unknown, flush, finish, abort);

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        self.late_headers += u64::from(self.any);
        if let Some(slot) = self.times.get_mut(id.index()) {
            *slot = XTime::find(header)?;
        }
        Ok(())
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        self.any = true;
        let Some(Some(x)) = self.times.get(run.id.index()) else {
            return Ok(());
        };
        for packet in run.bytes.chunks_exact(run.stride) {
            let Some(time) = x.us2000(packet)? else {
                self.outside += 1;
                continue;
            };
            let inside = time.reaches(self.begin) && !time.reaches(self.end);
            self.outside += u64::from(!inside);
            self.back += u64::from(time.side < self.last);
            self.last = time.side;
        }
        Ok(())
    }

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        if !exception.is_no_data() && self.exceptions.len() < 3 {
            let (kind, message) = (exception.kind(), exception.message());
            self.exceptions.push(format!("it says {kind}: {message}"));
        }
        Ok(())
    }
}
