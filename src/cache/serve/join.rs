//! Several streams as one: one stream header, each packet header once, again
//! only where it really changes.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cache::stamp::Stamp;
use crate::qstream::{self, Packet};
use crate::stream::{
    Comment, Descriptor, Exception, PacketHeader, PacketId, Result, Run, Sink, StreamHeader,
};

/// What the joined stream says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Title {
    /// Beginning and end as they were asked for.
    pub range: String,
    /// Seconds of the level's bins; None for intrinsic.
    pub resolution: Option<f64>,
    /// Whether it is a QStream.
    pub qstream: bool,
}

/// Takes one stream after the other and pushes one into the next stage.
///
/// A packet type keeps its ID from stream to stream; another one that comes
/// under an ID in use gets a free one.
pub struct Joiner<N> {
    next: N,
    title: Title,
    begun: bool,
    /// The header that the output has under each ID.
    sent: Vec<Option<Arc<PacketHeader>>>,
    /// Which ID of the output each ID of the present stream has.
    ids: Vec<Option<PacketId>>,
    any_data: bool,
    /// Comments of the present stream are passed on.
    comments: bool,
    text: Vec<u8>,
    qstream: OfQStream,
}

/// What matters in QStreams alone.
#[derive(Default)]
struct OfQStream {
    /// The byte order of the output.
    big_endian: Option<bool>,
    /// By ID of the output: the datasets whose bytes have to be swapped.
    swapped: Vec<Option<Packet>>,
    /// By ID of the output: the headers of packets without a time that have been
    /// sent, and with which stream.
    whole: Vec<Option<(Arc<PacketHeader>, u64)>>,
    /// By ID of the output: its packets have no time.
    is_timeless: Vec<bool>,
    /// Labels of units that have been sent.
    labels: HashSet<Vec<u8>>,
    label_bytes: usize,
    /// The number of the present stream.
    stream: u64,
}

/// Labels are remembered up to so many bytes; further ones are sent whether they
/// have been sent before or not.
const MOST_LABELS: usize = 4 << 20;

impl<N: Sink> Joiner<N> {
    /// In front of the stage `next`.
    pub fn new(title: Title, next: N) -> Joiner<N> {
        Joiner {
            next,
            title,
            begun: false,
            sent: vec![None; PacketId::COUNT],
            ids: vec![None; PacketId::COUNT],
            any_data: false,
            comments: false,
            text: Vec::new(),
            qstream: OfQStream {
                swapped: (0..PacketId::COUNT).map(|_| None).collect(),
                whole: vec![None; PacketId::COUNT],
                is_timeless: vec![false; PacketId::COUNT],
                ..OfQStream::default()
            },
        }
    }

    /// The stage behind it.
    pub fn output(&mut self) -> &mut N {
        &mut self.next
    }

    /// Whether any data have come.
    pub fn has_data(&self) -> bool {
        self.any_data
    }

    /// Says that data went to the output past this stage.
    pub fn note_data(&mut self) {
        self.any_data = true;
    }

    /// The next calls belong to another stream.
    pub fn next_stream(&mut self, comments: bool) {
        self.ids.fill(None);
        self.comments = comments;
        self.qstream.stream += 1;
    }

    /// Whether the data of an ID can go to the output as they are.
    pub fn keeps(&self, id: PacketId) -> bool {
        let is_swapped = self.qstream.swapped.get(id.index());
        self.ids.get(id.index()) == Some(&Some(id)) && is_swapped.is_some_and(Option::is_none)
    }

    /// The end of everything.
    ///
    /// # Errors
    /// Those of the next stage.
    pub fn end(&mut self) -> Result<()> {
        if !self.begun && !self.title.qstream {
            self.stream(&StreamHeader::new())?;
        }
        if !self.any_data {
            let resolution = match self.title.resolution {
                Some(seconds) => format!("{seconds} s"),
                None => "native".to_owned(),
            };
            let message = format!(
                "No data in the interval {} at {resolution} resolution",
                self.title.range
            );
            self.next
                .exception(&Exception::new(Exception::NO_DATA, &message))?;
        }
        self.next.finish()
    }

    /// The ID of the output for a header: the one that has it already, its
    /// own where that is free, another free one, and else one that nothing
    /// else of the present stream has, which then changes its meaning.
    fn place(&self, id: PacketId, header: &Arc<PacketHeader>) -> PacketId {
        // Datasets have names of their own: two IDs for one would be two slices.
        if self.title.qstream {
            return id;
        }
        let has = |slot: &Option<Arc<PacketHeader>>| slot.as_ref() == Some(header);
        if self.sent.get(id.index()).is_some_and(has) {
            return id;
        }
        let number = |index: usize| u8::try_from(index).ok().and_then(PacketId::new);
        let taken = |wanted: PacketId| {
            let mut others = self.ids.iter().enumerate();
            others.any(|(of, place)| of != id.index() && *place == Some(wanted))
        };
        if let Some(found) = self.sent.iter().position(has).and_then(number)
            && !taken(found)
        {
            return found;
        }
        if self.sent.get(id.index()) == Some(&None) {
            return id;
        }
        let free = |index: &usize| self.sent.get(*index) == Some(&None);
        let unused = || {
            let all = std::iter::once(id.index()).chain(1..PacketId::COUNT);
            all.filter_map(number).find(|wanted| !taken(*wanted))
        };
        (1..PacketId::COUNT)
            .find(free)
            .and_then(number)
            .or_else(unused)
            .unwrap_or(id)
    }
}

impl<N: Sink> Joiner<N> {
    /// A header in the byte order of the output, and what that means for the data
    /// of its ID. Other IDs that hold a dataset of the same name have to be said
    /// again before they have data.
    fn in_order(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<Arc<PacketHeader>> {
        let (Some(descriptor), Some(packet)) = (header.descriptor(), Packet::of_header(header))
        else {
            return Ok(Arc::clone(header));
        };
        if let Some(is_timeless) = self.qstream.is_timeless.get_mut(id.index()) {
            *is_timeless = packet.size() > 0 && packet.tag().is_none();
        }
        for (other, slot) in self.sent.iter_mut().enumerate() {
            let shares = |sent: &Arc<PacketHeader>| {
                let sent = Packet::of_header(sent);
                sent.is_some_and(|sent| sent.shares_a_dataset(&packet))
            };
            if other != id.index() && slot.as_ref().is_some_and(shares) {
                *slot = None;
            }
        }
        let big_endian = self.qstream.big_endian.unwrap_or(descriptor.big_endian);
        let is_swapped = descriptor.big_endian != big_endian;
        if let Some(slot) = self.qstream.swapped.get_mut(id.index()) {
            *slot = is_swapped.then_some(packet);
        }
        if !is_swapped {
            return Ok(Arc::clone(header));
        }
        let header = PacketHeader::of_descriptor(Descriptor {
            big_endian,
            ..descriptor.clone()
        })?;
        Ok(Arc::new(header))
    }

    /// Whether packets of this ID, which have no time, have come with an earlier
    /// stream.
    fn was_sent_whole(&mut self, place: PacketId) -> bool {
        if self.qstream.is_timeless.get(place.index()) != Some(&true) {
            return false;
        }
        let sent = self.sent.get(place.index()).and_then(Option::clone);
        let stream = self.qstream.stream;
        match (self.qstream.whole.get_mut(place.index()), sent) {
            (Some(Some((header, with))), Some(sent)) if *header == sent => *with != stream,
            (Some(slot), Some(sent)) => {
                *slot = Some((sent, stream));
                false
            }
            _ => false,
        }
    }
}

impl<N: Sink> Sink for Joiner<N> {
    fn stream(&mut self, header: &StreamHeader) -> Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        let mut header = header.clone();
        Stamp::remove(&mut header);
        if header.is_qstream() {
            self.qstream.big_endian = Some(qstream::is_big_endian(&header)?);
            return self.next.stream(&header);
        }
        header.properties.set(
            "DatumRange",
            "xCacheRange",
            format!("{} UTC", self.title.range),
        );
        if let Some(seconds) = self.title.resolution {
            header
                .properties
                .set("Datum", "xCacheResolution", format!("{seconds} s"));
        }
        self.next.stream(&header)
    }

    fn packet(&mut self, id: PacketId, header: &Arc<PacketHeader>) -> Result<()> {
        let header = &self.in_order(id, header)?;
        let place = self.place(id, header);
        if let Some(slot) = self.ids.get_mut(id.index()) {
            *slot = Some(place);
        }
        // Of a join a repeated descriptor is the next slice.
        let is_next = Packet::of_header(header).is_some_and(|packet| packet.is_joined());
        match self.sent.get_mut(place.index()) {
            Some(slot) if is_next || slot.as_ref() != Some(header) => {
                *slot = Some(Arc::clone(header));
                self.next.packet(place, header)
            }
            _ => Ok(()),
        }
    }

    fn run(&mut self, run: Run<'_>) -> Result<()> {
        let Some(Some(place)) = self.ids.get(run.id.index()).copied() else {
            return Ok(());
        };
        if self.was_sent_whole(place) {
            return Ok(());
        }
        self.any_data = true;
        let swapped = self.qstream.swapped.get(place.index());
        let swapped = swapped.and_then(Option::as_ref);
        if place == run.id && swapped.is_none() {
            return self.next.run(run);
        }
        self.text.clear();
        self.text.extend(run.bytes);
        for packet in self.text.chunks_exact_mut(run.stride) {
            if let (Some(datasets), Some(data)) = (swapped, packet.get_mut(Run::TAG..)) {
                datasets.swap_bytes(data);
            }
            if let Some(tag) = packet.first_chunk_mut() {
                *tag = place.data_tag();
            }
        }
        self.next.run(Run {
            id: place,
            bytes: &self.text,
            ..run
        })
    }

    fn comment(&mut self, comment: &Comment) -> Result<()> {
        // Progress of one part says nothing about the whole.
        match self.comments && !comment.is_progress() {
            true => self.next.comment(comment),
            false => Ok(()),
        }
    }

    fn exception(&mut self, exception: &Exception) -> Result<()> {
        // That there are no data in one part is no news about the whole.
        match self.comments && !exception.is_no_data() {
            true => self.next.exception(exception),
            false => Ok(()),
        }
    }

    /// The labels of a QStream's units, each once.
    fn unknown(&mut self, body: &[u8]) -> Result<()> {
        let is_label = memchr::memmem::find(body, b"<enumerationUnit").is_some();
        if !self.title.qstream || !is_label || self.qstream.labels.contains(body) {
            return Ok(());
        }
        if self.qstream.label_bytes < MOST_LABELS {
            self.qstream.label_bytes += body.len();
            self.qstream.labels.insert(body.to_vec());
        }
        self.next.unknown(body)
    }

    fn flush(&mut self) -> Result<()> {
        self.next.flush()
    }

    /// The end of one of the streams.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    fn abort(&mut self, exception: &Exception) -> Result<()> {
        if !self.begun && !self.title.qstream {
            self.stream(&StreamHeader::new())?;
        }
        self.next.abort(exception)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::{Reader, Writer};

    fn stream(parts: &[(u8, &str, &[u8])]) -> Vec<u8> {
        let mut bytes = b"[00]000017<stream></stream>".to_vec();
        for (id, units, data) in parts {
            let packet = format!(r#"<packet><x type="float" units="{units}"/></packet>"#);
            bytes.extend(format!("[{id:02}]{:06}{packet}", packet.len()).into_bytes());
            for value in *data {
                bytes.extend(format!(":{id:02}:").into_bytes());
                bytes.extend([*value; 4]);
            }
        }
        bytes
    }

    fn joined(streams: &[Vec<u8>]) -> String {
        let mut out = Vec::new();
        let title = Title {
            qstream: false,
            range: "A to B".into(),
            resolution: Some(10.0),
        };
        let mut joiner = Joiner::new(title, Writer::new(&mut out));
        for stream in streams {
            joiner.next_stream(false);
            Reader::new(&stream[..]).pump(&mut joiner).unwrap();
        }
        joiner.end().unwrap();
        drop(joiner);
        Reader::new(&out[..])
            .pump(&mut Writer::new(std::io::sink()))
            .unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn the_same_header_is_sent_once_and_keeps_its_id() {
        let text = joined(&[
            stream(&[(1, "t2000", b"ab"), (2, "t1970", b"c")]),
            stream(&[(1, "t2000", b"d"), (2, "t1970", b"e")]),
        ]);
        assert_eq!(text.matches("<packet").count(), 2);
        assert!(text.ends_with(":01:dddd:02:eeee"), "{text}");
        assert!(text.contains("Datum:xCacheResolution=\"10 s\""));
    }

    #[test]
    fn the_same_header_under_another_id_is_put_under_the_first() {
        let text = joined(&[
            stream(&[(1, "t2000", b"a"), (2, "t1970", b"b")]),
            stream(&[(1, "t1970", b"c"), (2, "t2000", b"d")]),
        ]);
        assert_eq!(text.matches("<packet").count(), 2);
        assert!(text.ends_with(":02:cccc:01:dddd"), "{text}");
    }

    #[test]
    fn the_same_header_in_other_words_is_sent_once() {
        let stream = |packet: &str| {
            let bytes = format!("[00]000017<stream></stream>[01]{:06}{packet}", packet.len());
            [bytes.as_bytes(), b":01:aaaabbbb"].concat()
        };
        let words = [
            r#"<packet><x type="float" units="t2000"/><y type="float" name="v" units=""><properties a="1" double:b="2"/></y></packet>"#,
            "<packet>\n<x units='t2000' type='float'/> <y units='' name='v' type='float'><properties double:b='2' a='1'/></y></packet>",
        ];
        let text = joined(&words.map(stream));
        assert_eq!(text.matches("<packet").count(), 1, "{text}");
        assert!(text.ends_with(":01:aaaabbbb:01:aaaabbbb"), "{text}");
        let other = words[1].replace("a='1'", "a='3'");
        let text = joined(&[stream(words[0]), stream(&other)]);
        assert!(text.ends_with(":02:aaaabbbb"), "{text}");
    }

    #[test]
    fn another_header_gets_a_free_id() {
        let text = joined(&[stream(&[(1, "t2000", b"a")]), stream(&[(1, "t1970", b"b")])]);
        assert!(
            text.contains(":01:aaaa") && text.ends_with(":02:bbbb"),
            "{text}"
        );
        let mut many: Vec<_> = (1..=99).map(|id| (id, "t2000", &b"x"[..])).collect();
        many[0].1 = "us2000";
        let text = joined(&[stream(&many), stream(&[(5, "mj1958", b"z")])]);
        assert!(text.ends_with(":05:zzzz"), "{text}");
    }

    #[test]
    fn an_id_in_use_never_changes_its_meaning() {
        // Every ID has been given away, and 1 and 2 have changed places.
        let units: Vec<String> = (1..=99).map(|n| format!("V{n}")).collect();
        let all: Vec<_> = (1..=99)
            .map(|id: u8| (id, units[usize::from(id) - 1].as_str(), &b"x"[..]))
            .collect();
        let text = joined(&[
            stream(&all),
            stream(&[(2, "V1", b"a"), (1, "V100", b"b"), (2, "V1", b"c")]),
        ]);
        let (before, after) = text.split_once(":01:aaaa").unwrap();
        assert!(before.contains("V99"));
        assert!(!after.contains("[01]"), "{after}");
        assert!(after.ends_with(":01:cccc"), "{after}");
    }

    #[test]
    fn nothing_is_said_to_be_no_data() {
        let text = joined(&[]);
        assert!(text.contains("NoDataInInterval") && text.contains("A to B at 10 s"));
    }
}
