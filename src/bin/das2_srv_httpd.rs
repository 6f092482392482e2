//! A small web server in front of the CGI programs, for people without Apache.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use das2_server::config::program_folder;
use das2_server::httpd::{Front, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Runs the das2 server without another web server: its programs answer at
/// /das/server and /das/log. Ctrl-C ends it.
#[derive(Parser)]
#[command(name = "das2_srv_httpd", version)]
struct Options {
    /// Address and port to listen at; other machines can connect only if the
    /// address is theirs to reach
    #[arg(long, value_name = "ADDRESS:PORT", conflicts_with = "port")]
    listen: Option<SocketAddr>,
    /// Port at 127.0.0.1; 0 for one that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Where log lines go, and what programs say on standard error; without
    /// it, to standard error. RUST_LOG chooses how much is said
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Configuration of the programs, instead of ../etc/das2server.conf
    #[arg(long, value_name = "FILE")]
    conf: Option<PathBuf>,
    /// Folder of the CGI programs, instead of this program's own
    #[arg(long, value_name = "FOLDER")]
    programs: Option<PathBuf>,
    /// Requests that are answered at once; others wait
    #[arg(long, value_name = "N", default_value_t = 64)]
    at_once: u32,
}

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("das2_srv_httpd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> io::Result<()> {
    let log = options
        .log
        .map(|path| OpenOptions::new().create(true).append(true).open(path));
    let log = log.transpose()?;
    start_log(log.as_ref())?;
    let programs = options.programs.or_else(program_folder);
    let programs = programs.ok_or_else(|| io::Error::other("give --programs FOLDER"))?;
    let front = Front {
        programs,
        conf: options.conf.map(std::path::absolute).transpose()?,
        at_once: options.at_once,
        errors: log,
    };
    let address = options
        .listen
        .unwrap_or((Ipv4Addr::LOCALHOST, options.port).into());
    let threads = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    threads.block_on(async {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            io::Error::other(format!(
                "cannot listen at {address}: {error}; try another port"
            ))
        })?;
        // Whoever started this may wait for the line to know the port.
        let mut out = io::stdout().lock();
        writeln!(out, "http://{}/das/server", listener.local_addr()?)?;
        out.flush()?;
        drop(out);
        let mut terminate = signal(SignalKind::terminate())?;
        let stop = async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        };
        serve(listener, front, stop).await;
        Ok(())
    })
}

fn start_log(file: Option<&File>) -> io::Result<()> {
    let mut logger =
        env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info"));
    if let Some(file) = file {
        logger.target(env_logger::Target::Pipe(Box::new(file.try_clone()?)));
    }
    logger.init();
    Ok(())
}
