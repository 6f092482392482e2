//! The rules, one table: what a finding is called and how bad it is.

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Readers get along with it, or some of them; writers should not make it.
    Warning,
    /// The stream does not conform.
    Error,
}

macro_rules! rules {
    ($($rule:ident $severity:ident $name:literal $meaning:literal)*) => {
        /// A rule that a stream can break.
        // What looks like a link in a meaning is a tag, such as [00].
        #[allow(rustdoc::broken_intra_doc_links)]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = concat!("`", $name, "`: ", $meaning, ".")] $rule,)*
        }

        impl Rule {
            /// All rules.
            pub const ALL: &[Rule] = &[$(Rule::$rule,)*];

            /// Its short, stable name.
            pub fn name(self) -> &'static str {
                match self { $(Rule::$rule => $name,)* }
            }

            /// How bad it is to break it; always the same for one rule.
            pub fn severity(self) -> Severity {
                match self { $(Rule::$rule => Severity::$severity,)* }
            }
        }
    };
}

rules! {
    // The input as a whole.
    Input Error "input" "the input cannot be read"
    Empty Error "empty" "there is nothing in the stream"
    Das3 Error "das3" "a das3 stream, which is not checked"
    // Framing.
    Tag Error "tag" "no packet tag where one is due"
    Length Error "length" "the length of a header is not six digits"
    LengthBlanks Warning "length-blanks" "a length padded with blanks in place of zeros"
    StrayNewline Warning "stray-newline" "a blank or line break before a packet tag"
    UppercaseXx Warning "uppercase-xx" "an [XX] tag in capitals"
    CutOff Error "cut-off" "the stream ends inside a packet or its compressed data"
    UnknownId Error "unknown-id" "data of an ID that no header has defined"
    StreamFirst Error "stream-first" "the first packet is not the stream header"
    SecondStreamHeader Warning "second-stream-header" "a further stream header"
    StreamDiffers Error "stream-differs" "a QStream's repeated stream descriptor differs from the first"
    Exception00 Warning "exception-00" "an exception under the tag [00] after the beginning"
    AfterException Warning "after-exception" "headers or data follow an exception"
    PacketSize Error "packet-size" "a data packet larger than any reader takes"
    PacketLarge Warning "packet-large" "a data packet too large for some readers"
    HeaderLarge Warning "header-large" "a header too large for das2C's programs"
    HeadersTogether Error "headers-together" "the headers of all packet IDs are more than readers keep"
    Zlib Error "zlib" "the compressed data are damaged"
    // Headers.
    Xml Error "xml" "a header is not one well-formed XML element"
    Doctype Error "doctype" "a header with a document type declaration"
    XmlDeclaration Warning "xml-declaration" "an XML declaration too long for das2C"
    Utf8 Warning "utf8" "a header that is not UTF-8"
    UnknownRoot Warning "unknown-root" "a header whose element no reader knows"
    WrongRoot Error "wrong-root" "a header element under the wrong tag"
    UnknownAttribute Warning "unknown-attribute" "an attribute without a meaning"
    UnknownElement Warning "unknown-element" "a child element without a meaning"
    UnknownChild Error "unknown-child" "a child of a packet that is no plane"
    PropertiesTwice Warning "properties-twice" "more than one properties element"
    PropertiesPlace Warning "properties-place" "a packet's properties after its planes"
    PacketGroup Warning "packet-group" "the attribute group, on which das2C crashes"
    Version Warning "version" "a version that does not exist"
    Compression Error "compression" "an unknown compression"
    CompressionName Warning "compression-name" "a compression by a name that not all readers know"
    ByteOrder Error "byte-order" "an unknown byte order"
    DuplicateHeader Warning "duplicate-header" "two packet IDs with identical headers"
    // Planes.
    NoPlanes Error "no-planes" "a packet without planes"
    PlaneCount Warning "plane-count" "more planes than das2C's programs take"
    PlaneType Error "plane-type" "a plane without a type, or with an unknown one"
    TypeName Warning "type-name" "a type by a name that clients do not know"
    IntType Warning "int-type" "integers, which no client reads"
    AsciiWidth Warning "ascii-width" "a width of asciiN that some readers refuse"
    TimeWidth Warning "time-width" "a width of timeN that some readers refuse"
    Nitems Error "nitems" "nitems is missing, zero or too large"
    NitemsLarge Warning "nitems-large" "more items than das2C's programs take"
    UnitsMissing Warning "units-missing" "a plane without units"
    TimeUnits Warning "time-units" "times as text whose units are no time"
    XReal4 Warning "x-real4" "times as four-byte reals, good to a minute at best"
    Base Error "base" "a base that is no time, or with units that are no length of time"
    BaseIgnored Warning "base-ignored" "a base, which readers do not apply"
    XMissing Warning "x-missing" "a packet without an x plane"
    XSeveral Warning "x-several" "several x planes in a packet"
    XNotFirst Warning "x-not-first" "an x plane that is not the first plane"
    ZWithoutXY Warning "z-without-xy" "a z plane without x and y as its coordinates"
    YscanWithZ Warning "yscan-with-z" "yscan and z planes in one packet"
    Das23 Warning "das2.3" "a das2.3 feature, which clients do not implement"
    DuplicatePlaneName Warning "duplicate-plane-name" "two planes of one name in a packet"
    PlaneName Warning "plane-name" "a plane's name that is no identifier, nor several joined by dots"
    YtagsCount Error "ytags-count" "not as many tags as items"
    YtagsNumber Error "ytags-number" "a tag that is no number"
    YtagsFinite Warning "ytags-finite" "a tag that is infinite or NaN"
    YtagsInterval Error "ytags-interval" "a tag interval that is not above zero"
    YtagsBoth Warning "ytags-both" "tags as a list and as an interval"
    YtagsMax Warning "ytags-max" "tags given by their interval and maximum, which readers get wrong"
    YtagsMin Warning "ytags-min" "a first or last tag without an interval, which is ignored"
    Qdataset Error "qdataset" "a qdataset without id, rank or readable lengths"
    InlineMixed Warning "inline-mixed" "inline and streamed datasets in one packet"
    InlineData Error "inline-data" "data packets of an ID whose values are in its header"
    // Properties.
    PropertyType Warning "property-type" "a property type that clients refuse"
    PropertyName Warning "property-name" "a property name that das2C refuses"
    PropertyValue Warning "property-value" "a property value that is not of its type"
    PropertyTwice Warning "property-twice" "a property given twice in one place"
    XTagWidthDatum Warning "xTagWidth-datum" "an xTagWidth that is no Datum of x"
    CacheProperty Warning "cache-property" "xCacheRange or xCacheResolution of a type that clients do not read"
    MonotonicType Warning "monotonic-type" "monotonicXTags of another type than String"
    FillNumber Warning "fill-number" "a fill value that is no number"
    MonotonicClaim Warning "monotonic-claim" "x goes back though a property says it never does"
    // Values.
    TimeField Error "time-field" "a time value that is no time"
    TimeForm Warning "time-form" "a time value that is not in ISO form"
    NumberField Warning "number-field" "a number value that is no number, taken as fill"
    FieldSeparator Warning "field-separator" "a text value that does not end in a blank, or in a newline at the end of a packet"
    XValue Warning "x-value" "an x value that is NaN, infinite or no time"
    // Comments and exceptions.
    CommentAttribute Warning "comment-attribute" "a comment without type or value"
    TaskSize Warning "task-size" "a taskSize that is no integer above zero"
    TaskProgress Warning "task-progress" "a taskProgress before any taskSize, or outside it"
    LogLevel Warning "log-level" "a log comment of an unknown level"
    ExceptionAttribute Warning "exception-attribute" "an exception without type or message"
}
