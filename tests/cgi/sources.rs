//! Lists, definitions, redirects.

use crate::site::{RANGE, Site};

#[test]
fn lists_and_definitions() {
    let site = Site::new("");
    let list = site.get("server=LIST");
    assert_eq!(list.text(), "args|Arguments\r\ndata|Three records\r\n");
    assert_eq!(
        (list.status(), list.content_type()),
        (200, "text/plain; charset=utf-8")
    );
    site.dsdf(
        "data",
        "description = 'A (good) one'\nreader = 'x'\nexampleRange = '2017-01-01 to 2018-01-01'\n",
    );
    assert_eq!(site.get("server=discovery").text(), "data|A (good) one\r\n");
    let packet = site.get("server=dsdf&dataset=data");
    assert_eq!(
        (packet.status(), packet.content_type()),
        (200, "text/vnd.das2.das2stream")
    );
    let text = packet.text();
    assert!(
        text.contains("description=\"A (good) one\"") && !text.contains("reader"),
        "{text}"
    );
    assert_eq!(
        site.browse("server=dsdf&dataset=data").content_type(),
        "text/plain; charset=utf-8"
    );
}

#[test]
fn the_random_example_byte_for_byte() {
    let site = Site::new("");
    site.dsdf(
        "Examples/Random",
        "description = 'Produce random values between -10 and +10'\nreader = 'x'\ndas2Stream = 1\n\
         reducer = 'not_reducible'\ntechContact = 'Your Name <your.name@yourplace.edu>'\n\
         exampleRange_00 = '2017-01-01 to 2017-03-01 UTC'\n",
    );
    let expected = "[00]000211<stream>\r\n  <properties description=\"Produce random values between -10 \
        and +10\" das2Stream=\"1\" techContact=\"Your Name &lt;your.name@yourplace.edu&gt;\" \
        exampleRange_00=\"2017-01-01 to 2017-03-01 UTC\" />\r\n</stream>";
    assert_eq!(expected.len(), 221);
    assert_eq!(
        site.get("server=dsdf&dataset=Examples%2FRandom.dsdf")
            .text(),
        expected
    );
}

#[test]
fn hidden_sources_answer_and_renamed_ones_point_elsewhere() {
    let site = Site::new("");
    site.dsdf("data", "reader = 'x'\nhidden = 0\n");
    site.dsdf("args", "rename = 'new'\n");
    assert_eq!(site.get("server=list").text(), "");
    assert_eq!(site.get("server=dsdf&dataset=data").status(), 200);
    assert_eq!(site.get("server=dsdf&dataset=args").status(), 301);
}

#[test]
fn redirects_keep_the_query() {
    let site = Site::new("");
    site.dsdf("Old", "rename = 'New One/D+'\n");
    let range = "start_time=2017-01-01T00%3A00&end_time=2017-01-02";
    let answer = site.get(&format!(
        "x=a%20b%2Bc&y=Old&server=dataset&dataset=Old&{range}"
    ));
    assert_eq!(answer.status(), 301);
    assert_eq!(
        answer.header("Location").unwrap(),
        format!(
            "http://das.example.org/das/server?x=a%20b%2Bc&y=Old&server=dataset&dataset=New%20One/D%2B&{range}"
        )
    );
    let answer = site.get_path("/data/Old", "time.min=2017-01-01&time.max=2018-01-01");
    assert_eq!(
        answer.header("Location").unwrap(),
        "http://das.example.org/das/server/data/New%20One/D+?time.min=2017-01-01&time.max=2018-01-01"
    );
    // Odd bytes of the client never break the header.
    let answer = site.get(&format!(
        "server=dataset&dataset=Old&{range}&z=\"<\u{e9}>\r\nX: y"
    ));
    assert!(
        answer
            .header("Location")
            .unwrap()
            .ends_with("&z=%22%3C%C3%A9%3E%0D%0AX:%20y")
    );
    let answer = site.get(&format!(
        "server=dataset&dataset=Old&{range}&z={}",
        "x".repeat(3000)
    ));
    assert_eq!(answer.status(), 414);
}

#[test]
fn sources_on_another_server() {
    let site = Site::new("");
    site.dsdf(
        "far",
        "server = 'https://far.example.org/das/server/'\nrename = 'there'\n",
    );
    let query = format!("server=dataset&dataset=far&{RANGE}");
    let answer = site.get(&query);
    assert_eq!(
        answer.header("Location").unwrap(),
        format!("https://far.example.org/das/server?server=dataset&dataset=there&{RANGE}")
    );
    site.dsdf(
        "far",
        "server = 'https://far.example.org/das/server'\ndescription = 'x'\n",
    );
    let location = site.get(&query).header("Location").unwrap().to_owned();
    assert_eq!(
        location,
        format!("https://far.example.org/das/server?{query}")
    );
    // Its keywords can be read here all the same.
    let packet = site.get("server=dsdf&dataset=far");
    assert!(
        packet
            .text()
            .contains("server=\"https://far.example.org/das/server\"")
    );
}

#[test]
fn redirects_in_a_ring_are_the_sites_mistake() {
    let site = Site::new("");
    site.dsdf("itself", "rename = 'itself'\n");
    site.dsdf("a", "rename = 'b'\n");
    site.dsdf("b", "rename = 'a'\n");
    site.dsdf(
        "here",
        "server = 'http://das.example.org/das/server/'\nreader = 'x'\n",
    );
    for name in ["itself", "a", "here"] {
        let answer = site.get(&format!("server=dataset&dataset={name}&{RANGE}"));
        assert_eq!(
            (answer.status(), answer.exception().as_str()),
            (500, "InternalServerError")
        );
    }
    site.dsdf("c", "rename = 'data'\n");
    assert_eq!(
        site.get(&format!("server=dataset&dataset=c&{RANGE}"))
            .status(),
        301
    );
}

#[test]
fn redirects_can_be_switched_off() {
    let site = Site::new("IGNORE_REDIRECT = True");
    let more = "rename = 'x'\nserver = 'http://far.example.org/s'";
    site.dsdf(
        "args",
        &format!("reader = 'args'\ndas2Stream = 1\n{more}\n"),
    );
    assert_eq!(site.args(""), ["2017-01-01", "2017-01-02"]);
    assert_eq!(site.get("server=dsdf&dataset=args").status(), 200);
}

#[test]
fn closed_sources_ask_for_a_password_before_anything_else() {
    let site = Site::new("");
    let keywords = "readAccess = 'GROUP:g'\nsecurityRealm = 'My \"Random\" Realm'\n\
                    validRange = '1990-01-01 to 1991-01-01'";
    site.source("closed", "touch \"$0.ran\"; exit 3", keywords);
    for request in [
        site.ask()
            .query(&format!("server=dataset&dataset=closed&{RANGE}")),
        site.ask()
            .query(RANGE)
            .variable("PATH_INFO", "/data/closed"),
        site.ask()
            .query(&format!("server=dataset&dataset=closed&{RANGE}"))
            .variable("REQUEST_METHOD", "HEAD"),
    ] {
        let answer = request.answer();
        assert_eq!(answer.status(), 401);
        assert_eq!(
            answer.header("WWW-Authenticate"),
            Some("Basic realm=\"My Random Realm\"")
        );
    }
    assert!(!site.path("bin/closed.ran").exists());
    assert_eq!(site.get("server=dsdf&dataset=closed").status(), 200);
    site.source("closed", "exit 3", "groupAccess = 'g'");
    let answer = site.get(&format!("server=dataset&dataset=closed&{RANGE}"));
    assert_eq!(
        answer.header("WWW-Authenticate"),
        Some("Basic realm=\"/das/server/closed\"")
    );
}
