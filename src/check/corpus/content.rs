//! Breaches in what headers say and in the values of data.

use super::*;

pub(super) fn packets() -> Vec<Case> {
    let s = stream("");
    let of = |planes: &str| header("01", &format!("<packet>{planes}</packet>"));
    let x = "<x name=\"t\" type=\"sun_real8\" units=\"us2000\"/>";
    let (y, z) = (
        "<y name=\"a\" type=\"sun_real4\" units=\"V\"/>",
        "<z name=\"b\" type=\"sun_real4\" units=\"V\"/>",
    );
    let scan = "<yscan name=\"s\" type=\"sun_real4\" yUnits=\"Hz\" zUnits=\"V\" nitems=\"2\"/>";
    let body = format!("<packet>{x}{y}</packet>");
    vec![
        case(
            Rule::UnknownChild,
            &s,
            of(&format!("{x}<w/>")) + ":01:abcdefgh",
        ),
        case(Rule::UnknownChild, &s, of(&format!("{x}<qdataset/>"))),
        case(
            Rule::PropertiesPlace,
            &s,
            of(&format!("{x}<properties a=\"1\"/>{y}")),
        ),
        case(
            Rule::PacketGroup,
            &s,
            header("01", &format!("<packet group=\"g\">{x}</packet>")),
        ),
        case(
            Rule::DuplicateHeader,
            &(s.clone() + &header("01", &body)),
            header("02", &body),
        ),
        case(Rule::NoPlanes, &s, of("")),
        case(Rule::XMissing, &s, of(y)),
        case(Rule::XSeveral, &s, of(&(x.replace("\"t\"", "\"u\"") + x))),
        case(Rule::XNotFirst, &s, of(&(y.to_owned() + x))),
        case(Rule::ZWithoutXY, &s, of(&(x.to_owned() + z))),
        case(Rule::YscanWithZ, &s, of(&[x, y, scan, z].concat())),
        case(
            Rule::DuplicatePlaneName,
            &s,
            of(&[x, y, &scan.replace("\"s\"", "\"a\"")].concat()),
        ),
        case(
            Rule::DuplicatePlaneName,
            &s,
            packet("<y type=\"sun_real4\" units=\"V\"/>"),
        ),
        case(
            Rule::Das23,
            &s,
            of(
                "<xscan name=\"w\" type=\"sun_real4\" xUnits=\"s\" yUnits=\"V\" nitems=\"2\" \
                xOffsets=\"0,1\"/>",
            ),
        )
        .also(&[Rule::XMissing]),
    ]
}

pub(super) fn planes() -> Vec<Case> {
    let s = stream("");
    let of = |kind: &str| packet(&format!("<y name=\"a\" units=\"V\" type=\"{kind}\"/>"));
    let scan = |items: &str| {
        packet(&format!(
            "<yscan name=\"s\" type=\"sun_real4\" yUnits=\"Hz\" zUnits=\"V\" {items}/>"
        ))
    };
    vec![
        case(Rule::PlaneType, &s, of("real4")),
        case(Rule::PlaneType, &s, of("ascii128")),
        case(
            Rule::PlaneType,
            &s,
            packet("<y name=\"a\" units=\"V\"/>") + ":01:x",
        ),
        case(Rule::TypeName, &s, of("float")),
        case(Rule::TypeName, &s, of("double")),
        case(Rule::IntType, &s, of("little_endian_int4")),
        case(Rule::AsciiWidth, &s, of("ascii100")),
        case(Rule::TimeWidth, &s, x("type=\"time40\" units=\"us2000\"")),
        case(Rule::Nitems, &s, scan("")),
        case(Rule::Nitems, &s, scan("nitems=\"0\"")),
        case(Rule::Nitems, &s, scan("nitems=\"-1\"")),
        case(Rule::Nitems, &s, scan("nitems=\"99999999999999999999\"")),
        case(
            Rule::UnitsMissing,
            &s,
            packet("<y name=\"a\" type=\"sun_real4\"/>"),
        ),
        case(
            Rule::UnitsMissing,
            &s,
            packet("<yscan name=\"a\" type=\"sun_real4\" zUnits=\"V\" nitems=\"1\"/>"),
        ),
        case(Rule::TimeUnits, &s, x("type=\"time24\" units=\"km\"")),
        case(Rule::XReal4, &s, x("type=\"sun_real4\" units=\"us2000\"")),
        case(
            Rule::Base,
            &s,
            x("type=\"sun_real4\" units=\"s\" base=\"noon\""),
        )
        .also(&[Rule::BaseIgnored]),
        case(
            Rule::Base,
            &s,
            x("type=\"sun_real4\" units=\"km\" base=\"2010-01-01\""),
        )
        .also(&[Rule::BaseIgnored]),
        case(
            Rule::BaseIgnored,
            &s,
            x("type=\"sun_real4\" units=\"s\" base=\"2010-01-01\""),
        ),
        case(Rule::PlaneName, &s, y("name=\"amp max\"")),
        case(Rule::PlaneName, &s, y("name=\"amp.\"")),
        case(Rule::PlaneName, &s, y("name=\"2nd\"")),
    ]
}

pub(super) fn tags() -> Vec<Case> {
    let s = stream("");
    vec![
        case(Rule::YtagsCount, &s, yscan("yTags=\"1\"")),
        case(Rule::YtagsCount, &s, yscan("yTags=\"1,2,3\"")),
        case(Rule::YtagsNumber, &s, yscan("yTags=\"1,x\"")),
        case(Rule::YtagsNumber, &s, yscan("yTags=\"2010-01-01,2\"")),
        case(Rule::YtagsFinite, &s, yscan("yTags=\"1,nan\"")),
        case(Rule::YtagsInterval, &s, yscan("yTagInterval=\"0\"")),
        case(Rule::YtagsInterval, &s, yscan("yTagInterval=\"-1\"")),
        case(Rule::YtagsInterval, &s, yscan("yTagInterval=\"a\"")),
        case(
            Rule::YtagsBoth,
            &s,
            yscan("yTags=\"1,2\" yTagInterval=\"1\""),
        ),
        case(Rule::YtagsBoth, &s, yscan("yTags=\"1,2\" yOffsets=\"1,2\"")).also(&[Rule::Das23]),
        case(Rule::YtagsCount, &s, yscan("yOffsets=\"1,2,3\"")).also(&[Rule::Das23]),
        case(
            Rule::YtagsInterval,
            &s,
            yscan("xUnits=\"s\" xOffsetInterval=\"0\""),
        )
        .also(&[Rule::Das23]),
        case(Rule::YtagsMin, &s, yscan("yOffsetMin=\"5\"")).also(&[Rule::Das23]),
        case(
            Rule::YtagsMax,
            &s,
            yscan("yTagInterval=\"1\" yTagMax=\"5\""),
        ),
        case(Rule::YtagsMin, &s, yscan("yTagMin=\"5\"")),
    ]
}

pub(super) fn property_cases() -> Vec<Case> {
    let s = stream("");
    vec![
        case(Rule::PropertyType, "", properties("float:a=\"1\"")),
        case(Rule::PropertyType, "", properties("Double:a=\"1\"")),
        case(Rule::PropertyName, "", properties("a-b=\"1\"")),
        case(Rule::PropertyName, "", properties("String:=\"1\"")),
        case(Rule::PropertyValue, "", properties("double:a=\"b\"")),
        case(Rule::PropertyValue, "", properties("DatumRange:a=\"1 Hz\"")),
        case(Rule::PropertyTwice, "", properties("a=\"1\" int:a=\"1\"")),
        case(Rule::XTagWidthDatum, "", properties("xTagWidth=\"60 s\"")),
        case(
            Rule::XTagWidthDatum,
            &properties("Datum:xTagWidth=\"60 V\""),
            y("name=\"a\""),
        ),
        case(
            Rule::CacheProperty,
            "",
            properties("TimeRange:xCacheRange=\"2010-01-01 to 2010-01-02\""),
        ),
        case(
            Rule::CacheProperty,
            "",
            properties("double:xCacheResolution=\"60\""),
        ),
        case(
            Rule::MonotonicType,
            "",
            properties("boolean:monotonicXTags=\"true\""),
        ),
        case(Rule::FillNumber, "", properties("zFill=\"none\"")),
        case(
            Rule::PropertyValue,
            &s,
            packet(
                "<y name=\"a\" type=\"sun_real4\" units=\"V\">\
                 <properties boolean:b=\"1\"/></y>",
            ),
        ),
    ]
}

/// Each value is found at its own place, not at that of its packet.
pub(super) fn values() -> Vec<Case> {
    let numbers = numbers();
    let number_at = numbers.clone() + ":01:2017-01-01T00:00:00.000 ";
    let x8 = stream("") + &x("type=\"sun_real8\" units=\"us2000\"") + ":01:";
    let claim = properties("monotonicXTags=\"true\"")
        + &packet("<y name=\"a\" type=\"ascii11\" units=\"V\"/>")
        + &record(5, "1.0")
        + ":01:";
    let last = record(6, "1.0");
    vec![
        case(
            Rule::TimeField,
            &(numbers.clone() + ":01:"),
            "2017-13-01T25:00:00.000        1.0\n".to_owned() + &last,
        ),
        case(
            Rule::TimeField,
            &(numbers.clone() + ":01:"),
            "                               1.0\n",
        ),
        case(
            Rule::TimeForm,
            &(numbers.clone() + ":01:"),
            "1 Mar 2017 12:30               1.0\n".to_owned() + &last,
        ),
        case(
            Rule::TimeForm,
            &(numbers.clone() + ":01:"),
            "2017-13-01T12:30:00.000        1.0\n".to_owned() + &last,
        ),
        case(
            Rule::NumberField,
            &number_at,
            "       one\n".to_owned() + &last,
        ),
        case(
            Rule::NumberField,
            &number_at,
            "          \n".to_owned() + &last,
        ),
        case(
            Rule::FieldSeparator,
            &number_at,
            "       1.0\t".to_owned() + &last,
        ),
        case(
            Rule::FieldSeparator,
            &number_at,
            "1.00000e+00".to_owned() + &last,
        ),
        case(Rule::XValue, &x8, f64::NAN.to_be_bytes()),
        case(Rule::XValue, &x8, f64::INFINITY.to_be_bytes()),
        case(
            Rule::MonotonicClaim,
            &claim,
            record(4, "1.0").trim_start_matches(":01:"),
        ),
    ]
}

pub(super) fn extras() -> Vec<Case> {
    let s = stream("");
    let comment = |kind: &str, value: &str| {
        header(
            "xx",
            &format!("<comment type=\"{kind}\" value=\"{value}\"/>"),
        )
    };
    let sized = s.clone() + &comment("taskSize", "100");
    vec![
        case(
            Rule::CommentAttribute,
            &s,
            header("xx", "<comment value=\"a\"/>"),
        ),
        case(Rule::TaskSize, &s, comment("taskSize", "0")),
        case(Rule::TaskProgress, &s, comment("taskProgress", "1")),
        case(Rule::TaskProgress, &sized, comment("taskprogress", "101")),
        case(Rule::LogLevel, &s, comment("log:loud", "a")),
        case(
            Rule::ExceptionAttribute,
            &s,
            header("xx", "<exception>text</exception>"),
        ),
    ]
}

pub(super) fn qstreams() -> Vec<Case> {
    let values = "<values encoding=\"double\" length=\"\"/>";
    let of = |rule, dataset: &str| {
        let (s, p) = qstream(dataset);
        case(rule, &s, p)
    };
    let one = format!("<qdataset id=\"a\" rank=\"1\">{values}</qdataset>");
    let inline = "<qdataset id=\"b\" rank=\"1\"><values values=\"1,2\"/></qdataset>";
    let (s, p) = qstream(&one);
    let (_, inlined) = qstream(inline);
    vec![
        case(
            Rule::StreamDiffers,
            &(s.clone() + &p),
            stream("dataset_id=\"other\""),
        ),
        case(
            Rule::ByteOrder,
            "",
            stream("dataset_id=\"a\" byte_order=\"pdp\""),
        ),
        of(Rule::Qdataset, "<qdataset rank=\"1\"/>"),
        of(Rule::Qdataset, &one.replace("rank=\"1\"", "rank=\"4\"")),
        of(Rule::Qdataset, &one.replace("length=\"\"", "length=\"a\"")),
        of(Rule::Qdataset, "<qdataset id=\"a\" rank=\"1\"/>"),
        of(Rule::PlaneType, &one.replace("double", "sun_real8")),
        of(Rule::UnknownChild, "<y/>"),
        of(Rule::NoPlanes, ""),
        of(Rule::InlineMixed, &(one.clone() + inline)),
        case(Rule::InlineData, &(s.clone() + &inlined), ":01:"),
        of(
            Rule::PacketLarge,
            &one.replace("rank=\"1\"", "rank=\"2\"")
                .replace("length=\"\"", "length=\"200000\""),
        ),
        of(
            Rule::PropertyType,
            &one.replace(
                "<values",
                "<properties><property name=\"A\" type=\"float\" value=\"1\"/></properties><values",
            ),
        ),
        case(
            Rule::UnknownAttribute,
            "",
            stream("dataset_id=\"a\" compression=\"deflate\""),
        ),
    ]
}
