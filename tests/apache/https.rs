//! Passwords travel with requests: the same instance behind https, with a
//! certificate that is made for the test.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::server::{Passwords, Site};

const CLOSED: &str = "/das/server?server=dataset&dataset=Examples/Auth&start_time=2017-01-01&end_time=2017-01-02&ascii=1";

/// An Apache that speaks https only, and what a client needs to trust it.
struct Secure {
    site: Site,
    folder: tempfile::TempDir,
}

impl Secure {
    fn start() -> Option<Secure> {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (key, certificate) = (path("key.pem"), path("cert.pem"));
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ]);
        openssl.args([
            "-subj",
            "/CN=localhost",
            "-keyout",
            &key,
            "-out",
            &certificate,
        ]);
        openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
        match openssl.output() {
            Ok(made) => assert!(made.status.success(), "{made:?}"),
            Err(_) => return skipped("no openssl"),
        }
        let lines = format!(
            "LoadModule ssl_module \"MODULES/mod_ssl.so\"\nSSLEngine on\n\
             SSLCertificateFile \"{certificate}\"\nSSLCertificateKeyFile \"{key}\"\n"
        );
        let site = Site::start_with(Passwords::Rewrite, &lines)?;
        Some(Secure { site, folder })
    }

    /// An address of the server, by the name of the certificate.
    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.site.address().port())
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// curl's answer to these options, the status as its last line.
    fn curl(&self, options: &[&str], path: &str) -> String {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-w", "\n%{http_code}", "--noproxy", "*", "--cacert"]);
        curl.arg(self.certificate())
            .args(options)
            .arg(self.url(path));
        text(&curl.output().unwrap())
    }
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn skipped<T>(why: &str) -> Option<T> {
    // Past the capture of test output: this has to be seen.
    let _ = writeln!(std::io::stderr(), "skipped: {why}");
    None
}

#[test]
fn passwords_travel_by_https() {
    if Command::new("curl").arg("--version").output().is_err() {
        return skipped("no curl").unwrap_or_default();
    }
    let Some(secure) = Secure::start() else {
        return;
    };
    assert!(secure.curl(&[], CLOSED).ends_with("\n401"));
    assert!(
        secure
            .curl(&["-u", "testuser:wrong"], CLOSED)
            .ends_with("\n401")
    );
    let data = secure.curl(&["-u", "testuser:test"], CLOSED);
    assert!(
        data.contains(":01:2017-01-01") && data.ends_with("\n200"),
        "{data}"
    );
    // What the server says of itself is https too.
    let page = secure.curl(&[], "/das/server");
    assert!(
        page.contains(&format!("vap+das2server:{}", secure.url("/das/server"))),
        "{page}"
    );
    // Who does not trust the certificate sends no password.
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--noproxy", "*", "-u", "testuser:test"]);
    assert!(
        !curl
            .arg(secure.url(CLOSED))
            .output()
            .unwrap()
            .status
            .success()
    );
}

/// Loads sources with PySPEDAS, the closed one with a password out of .netrc,
/// and prints the number of values of each.
const PYSPEDAS: &str = r#"
import sys, warnings
warnings.simplefilter("ignore")
from pyspedas import get_data
from pyspedas.utilities.das2.das2ascii import das2ascii
from pyspedas.utilities.das2.das2info import das2info
from pyspedas.utilities.das2.das2tplot import das2tplot
url = sys.argv[1]
for name in ("Examples/Random", "Examples/Auth"):
    assert name in das2info(url=url, server="list")
    assert "reader" not in das2info(url=url, server="dsdf", dataset=name)
    data = das2ascii(url=url, server="dataset", dataset=name,
                     start_time="2017-01-01 00:00:00", end_time="2017-01-02")
    names = das2tplot(datastr=data, prefix="x_")
    times, values = get_data(names[0])[:2]
    assert 1483228800 <= times[0] < times[-1] < 1483315200, times
    print("LOADED", name, len(names), len(values))
"#;

#[test]
fn pyspedas_loads_examples() {
    // Too much to be installed for a test: `pip install pyspedas` into a virtual
    // environment, and its bin in front of PATH.
    let python = |script: &str| {
        let mut python = Command::new("python3");
        python.args(["-c", script]);
        python
    };
    let mut look = python("import importlib.util as u, sys; sys.exit(not u.find_spec('pyspedas'))");
    if !look.output().is_ok_and(|found| found.status.success()) {
        return skipped("no pyspedas for python3").unwrap_or_default();
    }
    let Some(secure) = Secure::start() else {
        return;
    };
    let netrc = secure.folder.path().join("netrc");
    std::fs::write(&netrc, "machine localhost login testuser password test\n").unwrap();
    let mut load = python(PYSPEDAS);
    load.arg(secure.url("/das/server"));
    load.env("REQUESTS_CA_BUNDLE", secure.certificate());
    load.env("NETRC", netrc).env("NO_PROXY", "localhost");
    load.env("HOME", secure.folder.path())
        .current_dir(Path::new("/tmp"));
    let loaded = load.output().unwrap();
    let said = text(&loaded);
    for name in ["Examples/Random", "Examples/Auth"] {
        let line = said
            .lines()
            .find(|line| line.starts_with(&format!("LOADED {name}")));
        let numbers = line.unwrap_or_else(|| panic!("{said}{}", secure.site.logs()));
        assert!(numbers.ends_with(" 1 200"), "{numbers}");
    }
}
