//! Stream headers, packet headers, comments and exceptions.

use super::element::{Element, attr, same_attrs, set_attr, write_attrs, write_element};
use super::error::{Error, Result};
use super::frame::MAX_PACKET;
use super::plane::{Plane, PlaneKind, shown, split_children};
use super::properties::{Properties, Property};

/// What the headers of a QStream begin with.
const XML_DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn too_large(size: usize) -> Error {
    Error::malformed(format!(
        "data packets of {size} bytes are above the limit of {MAX_PACKET}"
    ))
}

/// `<stream>`: attributes as they were written, and the stream's properties.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StreamHeader {
    /// Properties of the whole stream.
    pub properties: Properties,
    attrs: Vec<(String, String)>,
    extra: Vec<Element>,
}

impl StreamHeader {
    /// An empty das2.2 stream header.
    pub fn new() -> StreamHeader {
        StreamHeader {
            attrs: vec![("version".into(), "2.2".into())],
            ..StreamHeader::default()
        }
    }

    /// A stream header from its element.
    pub fn from_element(element: Element) -> StreamHeader {
        let (properties, extra) = split_children(element.children);
        StreamHeader {
            properties,
            attrs: element.attrs,
            extra,
        }
    }

    /// An attribute as it was written.
    pub fn attr(&self, name: &str) -> Option<&str> {
        attr(&self.attrs, name)
    }

    /// Sets an attribute where it stands, or appends it.
    pub fn set_attr(&mut self, name: &str, value: impl Into<String>) {
        set_attr(&mut self.attrs, name, value);
    }

    /// Takes an attribute away.
    pub fn remove_attr(&mut self, name: &str) {
        self.attrs.retain(|(key, _)| key != name);
    }

    /// True when all bytes after this header are one zlib stream.
    pub fn is_deflated(&self) -> Result<bool> {
        match self.attr("compression").unwrap_or("none") {
            "none" | "" => Ok(false),
            "deflate" | "zlib" => Ok(true),
            other => Err(Error::malformed(format!(
                "the compression '{}' is not known, only none and deflate",
                shown(other)
            ))),
        }
    }

    /// Says whether what follows is one zlib stream.
    pub fn set_deflated(&mut self, deflated: bool) {
        match (deflated, self.attr("compression").is_some()) {
            (true, _) => set_attr(&mut self.attrs, "compression", "deflate"),
            (false, true) => set_attr(&mut self.attrs, "compression", "none"),
            (false, false) => {}
        }
    }

    /// True for a QStream, which shares das2's framing and nothing else.
    pub fn is_qstream(&self) -> bool {
        self.attr("dataset_id").is_some()
    }

    /// The header's body as XML text.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        if self.is_qstream() {
            out.push_str(XML_DECLARATION);
        }
        out.push_str("<stream");
        write_attrs(&mut out, &self.attrs);
        out.push_str(">\n");
        self.properties.write_into(&mut out, "  ");
        for element in &self.extra {
            write_element(&mut out, element);
        }
        out.push_str("</stream>\n");
        out
    }
}

/// `<packet>`: the layout of the data packets of one ID.
#[derive(Debug, Clone, Default)]
pub struct PacketHeader {
    /// Properties of this packet type.
    pub properties: Properties,
    /// The planes, in the order of the data.
    pub planes: Vec<Plane>,
    attrs: Vec<(String, String)>,
    descriptor: Option<Descriptor>,
}

/// The same definition in other words, attributes in another order, is the same.
impl PartialEq for PacketHeader {
    fn eq(&self, other: &PacketHeader) -> bool {
        same_attrs(&self.attrs, &other.attrs)
            && self.properties == other.properties
            && self.planes == other.planes
            && self.descriptor == other.descriptor
    }
}

/// The packet descriptor of a QStream, as it was written. There are no planes
/// then; what it means is known to [`crate::qstream`].
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// The `<packet>` element.
    pub element: Element,
    /// Bytes of one data packet; 0 where all values are in the header.
    pub size: usize,
    /// The byte order of the stream.
    pub big_endian: bool,
}

impl PacketHeader {
    /// A packet header with these planes, and no properties.
    pub fn new(planes: Vec<Plane>) -> PacketHeader {
        PacketHeader {
            planes,
            ..PacketHeader::default()
        }
    }

    /// The packet descriptor of a QStream.
    ///
    /// # Errors
    /// [`Error::Malformed`] for data packets above the limit.
    pub fn of_descriptor(descriptor: Descriptor) -> Result<PacketHeader> {
        let header = PacketHeader {
            descriptor: Some(descriptor),
            ..PacketHeader::default()
        };
        match header.data_size() {
            size if size > MAX_PACKET => Err(too_large(size)),
            _ => Ok(header),
        }
    }

    /// What a QStream has in place of planes.
    pub fn descriptor(&self) -> Option<&Descriptor> {
        self.descriptor.as_ref()
    }

    /// A packet header from its element.
    ///
    /// # Errors
    /// [`Error::Malformed`] for a child that is no plane, a plane that cannot
    /// be understood, no plane at all, or data packets above the limit.
    pub fn from_element(element: Element) -> Result<PacketHeader> {
        let (properties, children) = split_children(element.children);
        let planes: Vec<Plane> = children
            .into_iter()
            .map(Plane::from_element)
            .collect::<Result<_>>()?;
        let header = PacketHeader {
            properties,
            planes,
            attrs: element.attrs,
            descriptor: None,
        };
        match header.data_size() {
            0 => Err(Error::malformed("a packet header without planes")),
            size if size > MAX_PACKET => Err(too_large(size)),
            _ => Ok(header),
        }
    }

    /// Bytes of one data packet, without its tag. 0: a QStream's, whose values
    /// are in the header, so that there are no data packets.
    pub fn data_size(&self) -> usize {
        if let Some(descriptor) = &self.descriptor {
            return descriptor.size;
        }
        self.planes
            .iter()
            .fold(0, |sum: usize, plane| sum.saturating_add(plane.width()))
    }

    /// The index of the one x plane and its offset in the data, in bytes.
    ///
    /// # Errors
    /// [`Error::Unfit`] when there is none, or more than one.
    pub fn x(&self) -> Result<(usize, usize)> {
        let mut found = None;
        let mut offset = 0;
        for (index, plane) in self.planes.iter().enumerate() {
            if plane.kind == PlaneKind::X {
                if found.is_some() {
                    return Err(Error::Unfit(
                        "the packets have more than one x plane".into(),
                    ));
                }
                found = Some((index, offset));
            }
            offset += plane.width();
        }
        found.ok_or_else(|| Error::Unfit("the packets have no x plane".into()))
    }

    /// The header's body as XML text.
    pub fn to_xml(&self) -> String {
        if let Some(descriptor) = &self.descriptor {
            let mut out = String::from(XML_DECLARATION);
            write_element(&mut out, &descriptor.element);
            out.push('\n');
            return out;
        }
        let mut out = String::from("<packet");
        write_attrs(&mut out, &self.attrs);
        out.push_str(">\n");
        self.properties.write_into(&mut out, "  ");
        for plane in &self.planes {
            plane.write_into(&mut out);
        }
        out.push_str("</packet>\n");
        out
    }

    /// A property by the cascade: plane, then packet, then stream.
    pub fn cascade<'a>(
        &'a self,
        plane: &'a Plane,
        stream: &'a StreamHeader,
        name: &str,
    ) -> Option<Property<'a>> {
        plane
            .properties
            .get(name)
            .or_else(|| self.properties.get(name))
            .or_else(|| stream.properties.get(name))
    }

    /// The fill value of a plane: yFill of a y or an xscan, whose values are
    /// ys, zFill of a z or a yscan, else `fill`, else -1.0e31.
    pub fn fill(&self, plane: &Plane, stream: &StreamHeader) -> f64 {
        let own = match plane.kind {
            PlaneKind::Y | PlaneKind::XScan => "yFill",
            _ => "zFill",
        };
        [own, "fill"]
            .iter()
            .filter_map(|name| self.cascade(plane, stream, name))
            .find_map(|property| property.number())
            .unwrap_or(-1.0e31)
    }
}

/// `<comment type value source/>`: progress, log lines, anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    element: Element,
}

impl Comment {
    /// A comment of the given type.
    pub fn new(kind: &str, value: &str, source: &str) -> Comment {
        Comment {
            element: Element {
                name: "comment".into(),
                attrs: vec![
                    ("type".into(), kind.into()),
                    ("value".into(), value.into()),
                    ("source".into(), source.into()),
                ],
                ..Element::default()
            },
        }
    }

    pub(super) fn from_element(element: Element) -> Comment {
        Comment { element }
    }

    /// Its type, as it was written.
    pub fn kind(&self) -> &str {
        self.element.attr("type").unwrap_or("")
    }

    /// Its value, as it was written.
    pub fn value(&self) -> &str {
        self.element.attr("value").unwrap_or("")
    }

    /// True for taskSize and taskProgress, in whatever case.
    pub fn is_progress(&self) -> bool {
        ["tasksize", "taskprogress"]
            .iter()
            .any(|word| self.kind().eq_ignore_ascii_case(word))
    }

    /// Replaces the source.
    pub fn set_source(&mut self, source: &str) {
        set_attr(&mut self.element.attrs, "source", source);
    }

    /// The body as XML text.
    pub fn to_xml(&self) -> String {
        xml_line(&self.element)
    }
}

/// `<exception type message/>`: why there are no (more) data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    element: Element,
}

impl Exception {
    /// There are no data in the range asked for.
    pub const NO_DATA: &'static str = "NoDataInInterval";
    /// Something the client asked for is wrong.
    pub const ILLEGAL_ARGUMENT: &'static str = "IllegalArgument";
    /// Something went wrong here.
    pub const SERVER_ERROR: &'static str = "ServerError";

    /// An exception of the given type.
    pub fn new(kind: &str, message: &str) -> Exception {
        Exception {
            element: Element {
                name: "exception".into(),
                attrs: vec![
                    ("type".into(), kind.into()),
                    ("message".into(), message.into()),
                ],
                ..Element::default()
            },
        }
    }

    pub(super) fn from_element(element: Element) -> Exception {
        Exception { element }
    }

    /// Its type, as it was written.
    pub fn kind(&self) -> &str {
        self.element.attr("type").unwrap_or("")
    }

    /// Whether it says no more than that there are no data: in whatever letters, and also
    /// as the name of a Java class, since readers write both.
    pub fn is_no_data(&self) -> bool {
        self.kind().to_ascii_lowercase().contains("nodatainint")
    }

    /// Its message.
    pub fn message(&self) -> &str {
        self.element.attr("message").unwrap_or(&self.element.text)
    }

    /// The body as XML text.
    pub fn to_xml(&self) -> String {
        xml_line(&self.element)
    }
}

fn xml_line(element: &Element) -> String {
    if !element.children.is_empty() || !element.text.is_empty() {
        let mut out = String::new();
        write_element(&mut out, element);
        out.push('\n');
        return out;
    }
    let mut out = format!("<{}", element.name);
    write_attrs(&mut out, &element.attrs);
    out.push_str(" />\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKET: &str = r#"<packet group="g">
        <properties Datum:xTagWidth="1 s" double:fill="9"/>
        <x type="time24" units="us2000"></x>
        <y type="sun_real4" name="a&amp;b" units="V/m" odd="kept"/>
        <yscan type="little_endian_real8" nitems="3" yTags="1,2,3" yUnits="Hz" zUnits="nT^2/Hz">
          <properties double:zFill="0"/>
        </yscan></packet>"#;

    fn packet(text: &str) -> Result<PacketHeader> {
        PacketHeader::from_element(Element::parse(text.as_bytes())?)
    }

    #[test]
    fn a_packet_header_reads_back_as_it_was() {
        let header = packet(PACKET).unwrap();
        assert_eq!(header.data_size(), 24 + 4 + 24);
        assert_eq!(packet(&header.to_xml()).unwrap(), header);
        assert!(header.to_xml().contains("odd=\"kept\""));
        assert!(header.to_xml().contains("group=\"g\""));
        assert!(header.to_xml().contains("zUnits=\"nT^2/Hz\""));
        assert!(header.to_xml().contains("</y>"));
    }

    #[test]
    fn fill_comes_from_the_nearest_that_applies() {
        let header = packet(PACKET).unwrap();
        let stream = StreamHeader::from_element(
            Element::parse(br#"<stream><properties double:yFill="5"/></stream>"#).unwrap(),
        );
        let planes = &header.planes;
        assert_eq!(header.fill(&planes[1], &stream), 5.0);
        assert_eq!(header.fill(&planes[2], &stream), 0.0);
        let plain = StreamHeader::new();
        assert_eq!(header.fill(&planes[1], &plain), 9.0);
        let bare = packet(r#"<packet><x type="double"/><y type="float"/></packet>"#).unwrap();
        assert_eq!(bare.fill(&bare.planes[1], &plain), -1.0e31);
    }

    #[test]
    fn x_may_stand_anywhere_but_once() {
        let p = packet(r#"<packet><y type="float"/><x type="double"/></packet>"#).unwrap();
        assert_eq!(p.x().unwrap(), (1, 4));
        let p = packet(r#"<packet><x type="double"/><x type="double"/></packet>"#).unwrap();
        assert!(p.x().is_err());
        let p = packet(r#"<packet><y type="float"/></packet>"#).unwrap();
        assert!(p.x().is_err());
    }

    #[test]
    fn what_cannot_be_laid_out_is_refused() {
        for bad in [
            "<packet/>",
            "<packet><x units='us2000'/></packet>",
            "<packet><x type='real4'/></packet>",
            "<packet><x type='ascii0'/></packet>",
            "<packet><x type='ascii128'/></packet>",
            "<packet><q type='ascii10'/></packet>",
            "<packet><yscan type='float'/></packet>",
            "<packet><yscan type='float' nitems='0'/></packet>",
            "<packet><yscan type='float' nitems='-3'/></packet>",
            "<packet><yscan type='double' nitems='9999999'/></packet>",
            "<packet><yscan type='float' nitems='99999999999999999999'/></packet>",
            "<packet><yscan type='float' nitems='2' yTags='1'/></packet>",
        ] {
            assert!(packet(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_yscan_collapses_to_a_y() {
        let mut plane = packet(PACKET).unwrap().planes[2].clone();
        plane.collapse();
        assert_eq!(plane.kind, PlaneKind::Y);
        assert_eq!((plane.units(), plane.items()), ("nT^2/Hz", 1));
        assert_eq!(plane.attr("yTags"), None);
    }

    #[test]
    fn compression_words() {
        let header = |word: &str| {
            StreamHeader::from_element(
                Element::parse(format!("<stream compression='{word}'/>").as_bytes()).unwrap(),
            )
            .is_deflated()
        };
        assert!(!header("none").unwrap());
        assert!(header("deflate").unwrap());
        assert!(header("zlib").unwrap());
        assert!(header("bzip2").is_err());
    }
}
