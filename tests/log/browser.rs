//! The page in a real browser.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::site::{RANGE, Site};

/// Widths of windows, in CSS pixels: a narrow phone, a wide screen. Windows of
/// headless Chromium are no narrower than 500, so the phone is a frame.
const PHONE: u32 = 320;
const SCREEN: u32 = 1200;

fn chromium() -> Option<PathBuf> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .flat_map(|folder| names.map(|name| folder.join(name)))
        .find(|path| path.is_file());
    if found.is_none() {
        // Past the capture of test output: this has to be seen.
        let _ = writeln!(std::io::stderr(), "skipped: no chromium");
    }
    found
}

/// das2_srv_httpd in front of a site, gone with this value.
struct Served(Child, String);

impl Served {
    fn start(site: &Site) -> Served {
        let mut child = Command::new(env!("CARGO_BIN_EXE_das2_srv_httpd"))
            .args(["--port", "0", "--conf"])
            .arg(site.path("das2server.conf"))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_suffix("/das/server").unwrap().to_owned();
        Served(child, address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Seen {
    dom: String,
    /// What pages wrote to the console, and what of them was not allowed.
    console: Vec<String>,
}

fn browse(browser: &Path, folder: &Path, url: &str, width: u32, options: &[&str]) -> Seen {
    let output = Command::new("timeout")
        .arg("60")
        .arg(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            "--v=0",
        ])
        .args([
            "--no-first-run",
            "--disable-extensions",
            "--hide-scrollbars",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .arg(format!("--window-size={width},900"))
        .args(options)
        .args(["--dump-dom", url])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Seen {
        dom: String::from_utf8(output.stdout).unwrap(),
        console: said
            .lines()
            .filter(|line| line.contains("CONSOLE"))
            .map(str::to_owned)
            .collect(),
    }
}

/// A site with requests of every kind, and names of all lengths.
fn asked_site() -> Site {
    let site = Site::new("SERVER_ID = test\nVIEW_LOG_URL = log\nVIEW_LOG_ALLOW = 127.0.0.1");
    for file in ["das2server.css", "logo.svg"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("static")
            .join(file);
        site.write(&format!("static/{file}"), std::fs::read(path).unwrap());
    }
    site.source(
        "loud",
        "echo 'a complaint' >&2; printf '%0300d\\n' 7 >&2; data",
        "",
    );
    let long = "Folder/With/A_Very_Long_Name_Without_Any_Blank".repeat(3);
    for query in [
        "server=id".to_owned(),
        format!("server=dataset&dataset=loud&{RANGE}&resolution=60&params=x"),
        format!("server=dataset&dataset={long}&{RANGE}"),
        "server=nope".to_owned(),
        format!(
            "server=dataset&dataset=data&start_time={}&end_time=2",
            "9".repeat(500)
        ),
    ] {
        let ask = site.ask().variable("REMOTE_ADDR", "127.0.0.1");
        ask.query(&query)
            .variable("HTTP_USER_AGENT", "x".repeat(500))
            .answer();
    }
    site
}

#[test]
fn the_page_in_a_browser() {
    let Some(browser) = chromium() else { return };
    let site = asked_site();
    let served = Served::start(&site);
    let folder = site.path("browser");
    std::fs::create_dir(&folder).unwrap();
    let page = format!("{}/das/log", served.1);

    // Light and dark, nothing refused by the policy, and no script that runs.
    for (name, scheme) in [("light", "1"), ("dark", "0")] {
        let shot = folder.join(format!("{name}.png"));
        let options = [
            format!("--screenshot={}", shot.display()),
            format!("--blink-settings=preferredColorScheme={scheme}"),
        ];
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let seen = browse(&browser, &folder, &page, SCREEN, &options);
        assert_eq!(seen.console, [""; 0]);
        assert_eq!(
            seen.dom.matches("class=\"request ").count(),
            5,
            "{}",
            seen.dom
        );
        assert!(seen.dom.contains("Delete all that 127.0.0.1 has asked"));
    }

    // Measured from the outside: a frame of the same host would be refused, so
    // a copy of the page is looked at, with the style sheet of the site.
    let html = site
        .ask_log()
        .variable("REMOTE_ADDR", "127.0.0.1")
        .answer()
        .text();
    let (head, rest) = html.split_once("</head>").unwrap();
    let opened = rest.replace("<details", "<details open");
    let copy = format!("{head}</head>{opened}");
    let copy = copy.replace("\"/das/server/static/", "\"static/");
    site.write("copy.html", copy);
    site.write("measure.html", MEASURE);
    let url = format!("file://{}", site.path("measure.html").display());
    let options = [
        "--allow-file-access-from-files",
        "--virtual-time-budget=10000",
        "--blink-settings=preferredColorScheme=0",
    ];
    let seen = browse(&browser, &folder, &url, SCREEN, &options);
    let measured = seen.dom.split("<output>").nth(1).unwrap_or_default();
    let measured = measured.split("</output>").next().unwrap_or_default();
    let numbers: Vec<&str> = measured.split(' ').collect();
    let [phone, wide, dark] = numbers.as_slice() else {
        panic!("{measured}: {}", seen.dom)
    };
    assert_eq!(phone.parse(), Ok(PHONE), "wider than a phone");
    assert_eq!(wide.parse(), Ok(SCREEN - 100));
    assert_eq!(*dark, "rgb(16,22,29)", "the dark scheme's paper");
    keep(&folder);
}

/// Loads the copy in frames of two widths and writes how wide it became.
const MEASURE: &str = r#"<!DOCTYPE html><body><output></output>
<iframe src="copy.html" style="width:320px;height:900px;border:0"></iframe>
<iframe src="copy.html" style="width:1100px;height:900px;border:0"></iframe>
<script>addEventListener("load", () => {
    const pages = [...document.querySelectorAll("iframe")].map(f => f.contentDocument);
    const widths = pages.map(page => page.documentElement.scrollWidth);
    const paper = getComputedStyle(pages[0].body).backgroundColor.replaceAll(" ", "");
    document.querySelector("output").textContent = [...widths, paper].join(" ");
});</script>"#;

/// Where DAS2_TEST_SHOTS names a folder, people can look at the pictures.
fn keep(folder: &Path) {
    let Some(shots) = std::env::var_os("DAS2_TEST_SHOTS") else {
        return;
    };
    for name in ["light.png", "dark.png"] {
        let _ = std::fs::copy(folder.join(name), Path::new(&shots).join(name));
    }
}
