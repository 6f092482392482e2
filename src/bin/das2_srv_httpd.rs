//! A small web server in front of the CGI programs, for people without Apache.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use das2_server::config::program_folder;
use das2_server::httpd::{Front, HttpdArgs, programs_of, serve};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    match run(HttpdArgs::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("das2_srv_httpd: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: HttpdArgs) -> io::Result<()> {
    let log = options.log.as_deref().map(open_log).transpose()?;
    start_log(log.as_ref())?;
    let front = Front {
        programs: programs_of(options.programs.or_else(program_folder))?,
        conf: options.conf.map(std::path::absolute).transpose()?,
        at_once: options.at_once,
        client_timeout: Duration::from_secs(options.client_timeout.max(1)),
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

fn open_log(path: &Path) -> io::Result<File> {
    let opened = OpenOptions::new().create(true).append(true).open(path);
    opened.map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
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
