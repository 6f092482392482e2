//! Any bytes through reader and writer: no panic, and what was written reads
//! back as itself, in whatever pieces it arrives.
#![no_main]

use std::io;

use das2_server::stream::{Exception, Input, Reader, Sink, Writer};
use libfuzzer_sys::fuzz_target;

struct Pieces<'a>(&'a [u8], usize);

impl Input for Pieces<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(into.len()).min(self.0.len());
        into[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
    fn would_wait(&mut self) -> bool {
        true
    }
}

fn copy(bytes: &[u8], size: usize) -> (bool, Vec<u8>) {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let good = Reader::new(Pieces(bytes, size)).pump(&mut writer).is_ok();
    if !good {
        writer
            .abort(&Exception::new(Exception::SERVER_ERROR, "broken"))
            .unwrap();
    }
    drop(writer);
    (good, out)
}

fuzz_target!(|data: &[u8]| {
    let size = data.first().map_or(1, |&byte| usize::from(byte) + 1);
    let data = data.get(1..).unwrap_or_default();
    let (good, once) = copy(data, usize::MAX);
    let (good_in_pieces, pieces) = copy(data, size);
    assert_eq!((good, &once), (good_in_pieces, &pieces));
    let (again, twice) = copy(&once, usize::MAX);
    assert!(again, "our own output is refused");
    assert_eq!(once, twice);
});
