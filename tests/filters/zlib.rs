//! das2_deflate and das2_inflate.

use std::io::{Read, Write};

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress};

use crate::builder::{Builder, encode, le8, x_y};
use crate::generator::{Kinds, random};
use crate::parsed::Parsed;
use crate::processes::{Running, command, fed};
use crate::programs::ok;
use crate::running::{bytes_of, fails, run_in_pieces, words};

/// Where the zlib stream begins.
fn after_header(bytes: &[u8]) -> usize {
    let length: usize = std::str::from_utf8(&bytes[4..10]).unwrap().parse().unwrap();
    10 + length
}

/// A stream deflated by hand: header, then what follows it.
fn deflated(header: &str, rest: &[u8]) -> Vec<u8> {
    let mut bytes = format!("[00]{:06}{header}", header.len()).into_bytes();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(rest).unwrap();
    bytes.extend(zlib.finish().unwrap());
    bytes
}

#[test]
fn the_header_is_plain_and_the_rest_is_one_zlib_stream_of_level_6() {
    let input = random(8000, 300, Kinds::ALL);
    let plain = bytes_of(&words("das2_inflate"), &input);
    let zipped = bytes_of(&words("das2_deflate"), &input);
    let at = after_header(&zipped);
    let header = String::from_utf8(zipped[..at].to_vec()).unwrap();
    assert!(header.contains("compression=\"deflate\""), "{header}");
    // RFC 1950: a window of 32 KiB, level 6 is the default one.
    assert_eq!(zipped[at..at + 2], [0x78, 0x9c]);
    let mut decoder = ZlibDecoder::new(&zipped[at..]);
    let mut rest = Vec::new();
    decoder.read_to_end(&mut rest).unwrap();
    assert_eq!(
        decoder.total_in() as usize,
        zipped.len() - at,
        "nothing follows"
    );
    assert_eq!(rest, plain[after_header(&plain)..]);
    assert!(zipped.len() < plain.len());
}

#[test]
fn there_and_back_again() {
    for seed in 8100..8120 {
        let input = random(seed, 80, Kinds::ALL);
        let plain = bytes_of(&words("das2_inflate"), &input);
        let zipped = bytes_of(&words("das2_deflate"), &input);
        // Deflating twice is deflating once.
        assert_eq!(bytes_of(&words("das2_deflate"), &zipped), zipped);
        for sizes in [&[usize::MAX][..], &[1], &[1000, 7]] {
            let back = run_in_pieces(&words("das2_inflate"), &zipped, sizes);
            assert!(back.error.is_none());
            let (back, plain) = (Parsed::new(&back.bytes), Parsed::new(&plain));
            assert_eq!(back.stream.attr("compression"), Some("none"));
            assert_eq!(back.items.len(), plain.items.len());
            let bytes =
                |p: &Parsed| -> Vec<Vec<u8>> { p.records().iter().map(|r| r.bytes()).collect() };
            assert_eq!(bytes(&back), bytes(&plain));
        }
        // Plain input passes.
        assert_eq!(bytes_of(&words("das2_inflate"), &plain), plain);
    }
}

#[test]
fn what_is_complete_can_be_inflated_when_the_input_pauses() {
    let data: Vec<(f64, f64)> = (0..20_000).map(|i| (f64::from(i), f64::from(i))).collect();
    let input = x_y("float", "name=\"a\" units=\"V\"", &data);
    let mut running = Running::start("das2_deflate");
    // A part of few packets, and one that is larger than any buffer.
    for part in [input.len() - 5000, 4900, 100] {
        let from = match part {
            4900 => input.len() - 5000,
            100 => input.len() - 100,
            _ => 0,
        };
        running.feed(&input[from..from + part]);
        let whole = (from + part - after_header(&input)) / 16 * 16;
        running.wait_for("inflatable records", |got| {
            if got.len() < 10 || got.len() < after_header(got) {
                return false;
            }
            let mut out = Vec::with_capacity(input.len() * 2);
            Decompress::new(true)
                .decompress_vec(&got[after_header(got)..], &mut out, FlushDecompress::Sync)
                .unwrap();
            out.len() >= whole - 200
        });
    }
    let zipped = running.end();
    let back = Parsed::new(&bytes_of(&words("das2_inflate"), &zipped));
    assert_eq!(back.records().len(), 20_000);
}

#[test]
fn a_stream_that_is_cut_off_is_an_error_after_all_complete_packets() {
    let data: Vec<(f64, f64)> = (0..500).map(|i| (f64::from(i), f64::from(i))).collect();
    let input = x_y("float", "name=\"a\" units=\"V\"", &data);
    let zipped = bytes_of(&words("das2_deflate"), &input);
    let mut most = 0;
    for length in (after_header(&zipped) + 200..zipped.len()).step_by(17) {
        let (error, output) = fails(&words("das2_inflate"), &zipped[..length]);
        assert!(error.contains("end in the middle"), "{error}");
        assert_eq!(output.exceptions().len(), 1);
        let count = output.records().len();
        assert!(count >= most);
        most = count;
    }
    assert!(most > 400, "{most}");
    // The last bytes are the checksum: all packets are there.
    let (_, output) = fails(&words("das2_inflate"), &zipped[..zipped.len() - 1]);
    assert_eq!(output.records().len(), 500);
}

#[test]
fn exceptions_and_failures_are_deflated_too() {
    let mut s = Builder::new();
    s.comment("log:info", "text")
        .exception("NoDataInInterval", "none");
    let zipped = bytes_of(&words("das2_deflate"), &s.take());
    let back = Parsed::new(&bytes_of(&words("das2_inflate"), &zipped));
    assert_eq!((back.comments().len(), back.exceptions().len()), (1, 1));
    let input = x_y("float", "units=\"\"", &[(0.0, 1.0), (1.0, 2.0)]);
    for broken in [&input[..input.len() - 1], b"garbage"] {
        let output = fed(command("das2_deflate"), broken);
        assert_eq!(output.status.code(), Some(1));
        let back = Parsed::new(&ok("das2_inflate", &output.stdout));
        assert_eq!(back.exceptions()[0].attr("type"), Some("ServerError"));
        assert_eq!(back.records().len(), usize::from(broken.len() > 10));
    }
}

/// A megabyte that becomes a gigabyte takes no more memory than one that does not.
#[test]
fn what_expands_a_thousandfold_is_bounded() {
    let mut s = Builder::new();
    s.packet(
        1,
        "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"1000\" \
         yUnits=\"Hz\" zUnits=\"\"/>",
    );
    let head = s.take();
    let at = after_header(&head);
    let mut fields = vec![encode("double", 1e6)];
    fields.extend(vec![vec![0; 4]; 1000]);
    let packet = Builder { bytes: Vec::new() }.data(1, &fields).take();
    // Ten thousand of them are 40 MB.
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::best());
    zlib.write_all(&head[at..]).unwrap();
    for _ in 0..10_000 {
        zlib.write_all(&packet).unwrap();
    }
    let comment = "<comment type=\"log:info\" value=\"done\" source=\"\"/>";
    write!(zlib, "[xx]{:06}{comment}", comment.len()).unwrap();
    zlib.flush().unwrap();
    let zipped = zlib.get_ref().clone();
    assert!(zipped.len() < 200_000, "{}", zipped.len());
    let header = "<stream compression=\"deflate\"></stream>";
    for line in [
        "das2_bin_avgsec -r -s 60",
        "das2_bin_peakavgsec 60",
        "das2_bin_avg 60e6",
        "das2_bin_ratesec -m 60",
        "das2_histo",
        "das2_inflate",
        "das2_binary",
    ] {
        let mut running = Running::start(line);
        running.feed(format!("[00]{:06}{header}", header.len()).as_bytes());
        running.feed(&zipped);
        running.wait_for("comment", |got| {
            let tail = &got[got.len().saturating_sub(200)..];
            tail.windows(8).any(|w| w == b"log:info")
        });
        let peak = running.peak();
        assert!(peak < 16 << 20, "{line}: {} kB", peak >> 10);
    }
}

/// A packet type that promises sixteen megabytes a packet, of zeros.
#[test]
fn one_packet_that_expands_has_the_largest_size_there_is() {
    let items = 4_194_300;
    let mut s = Builder::new();
    s.packet(
        1,
        &format!(
            "<x type=\"double\" units=\"us2000\"/><yscan type=\"float\" nitems=\"{items}\" \
             yUnits=\"Hz\" zUnits=\"\"/>"
        ),
    );
    let head = s.take();
    let mut rest = head[after_header(&head)..].to_vec();
    rest.extend(b":01:");
    rest.extend(le8(0.0));
    rest.resize(rest.len() + 4 * items, 0);
    let zipped = deflated("<stream compression=\"deflate\"></stream>", &rest);
    assert!(zipped.len() < 20_000);
    let output = Parsed::new(&ok("das2_bin_avgsec 60", &zipped));
    assert_eq!(output.records().len(), 1);
    // One item more is too large, and said so before anything is inflated.
    let larger = String::from_utf8_lossy(&head[after_header(&head)..])
        .replace(&items.to_string(), "4194310")
        .into_bytes();
    let zipped = deflated("<stream compression=\"deflate\"></stream>", &larger);
    let (error, _) = fails(&words("das2_inflate"), &zipped);
    assert!(error.contains("limit"), "{error}");
}
