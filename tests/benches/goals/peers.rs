//! The peers: nginx that answers 200, and wrk.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::cpu;

type Failure = Box<dyn std::error::Error>;

/// An nginx of one process that answers every request with 200; ended and reaped when dropped.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) address: SocketAddr,
    _dir: TempDir,
}

impl Nginx {
    /// Starts it with this `location /` body.
    pub(crate) fn start(location: &str) -> Result<Self, Failure> {
        let dir = tempfile::tempdir()?;
        let address = free_address()?;
        let path = dir.path().display();
        let user = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
        let configuration = format!(
            "daemon off; master_process off; {user} pid {path}/nginx.pid; error_log {path}/error.log;
             events {{ worker_connections 4096; }}
             http {{ access_log off; keepalive_requests 1000000000;
               client_body_temp_path {path}/b; proxy_temp_path {path}/p; fastcgi_temp_path {path}/f;
               uwsgi_temp_path {path}/u; scgi_temp_path {path}/s;
               server {{ listen {address} reuseport; location / {{ {location} }} }} }}"
        );
        let file = dir.path().join("nginx.conf");
        fs::write(&file, configuration)?;
        let child = Command::new(program("nginx")?)
            .args([
                "-p",
                &path.to_string(),
                "-c",
                &file.display().to_string(),
                "-e",
                &format!("{path}/error.log"),
            ])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let nginx = Nginx { child, address, _dir: dir };
        for _ in 0..100 {
            if answers(address) {
                return Ok(nginx);
            }
            cpu::pause(Duration::from_millis(20));
        }
        Err("nginx did not get ready".into())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What wrk did, and what it cost.
pub(crate) struct Wrk {
    pub(crate) requests: f64,
    pub(crate) cpu: f64,
}

/// Runs wrk on one thread with 64 connections; each request carries a new tag if `tagged`.
pub(crate) fn wrk(address: SocketAddr, seconds: u32, tagged: Option<&str>) -> Result<Wrk, Failure> {
    let dir = tempfile::tempdir()?;
    let script = dir.path().join("tag.lua");
    let mut arguments = format!("-t1 -c64 -d{seconds}s http://{address}/");
    if let Some(prefix) = tagged {
        fs::write(
            &script,
            format!(
                "local n = -1\nfunction request()\n  n = n + 1\n  \
                 return \"GET / HTTP/1.1\\r\\nHost: b\\r\\nx-brownout-tag: {prefix}-\" .. n .. \"\\r\\n\\r\\n\"\nend\n"
            ),
        )?;
        arguments = format!("-s {} {arguments}", script.display());
    }
    let program = program("wrk")?;
    let timed = format!("TIMEFORMAT='cpu %U %S'; time {program} {arguments}");
    let output = Command::new("bash").args(["-c", &timed]).output()?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let number = |word: &str, after: usize| -> Option<f64> {
        let line = text.lines().find(|line| line.trim_start().starts_with(word) || line.contains(word))?;
        line.split_whitespace().nth(after)?.parse().ok()
    };
    let requests = number("requests in", 0).ok_or_else(|| format!("wrk said: {text}"))?;
    let cpu = number("cpu ", 1).zip(number("cpu ", 2)).ok_or_else(|| format!("bash said: {text}"))?;
    Ok(Wrk { requests, cpu: cpu.0 + cpu.1 })
}

/// A port of the loopback interface that is free now.
#[allow(clippy::disallowed_methods, reason = "a bench uses real sockets")]
pub(crate) fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

#[allow(clippy::disallowed_methods, reason = "a bench uses real sockets")]
fn answers(address: SocketAddr) -> bool {
    let Ok(mut stream) = TcpStream::connect(address) else { return false };
    let asked = stream.write_all(b"GET / HTTP/1.0\r\n\r\n");
    let mut answer = [0; 12];
    asked.is_ok() && stream.read_exact(&mut answer).is_ok() && answer.starts_with(b"HTTP/1.")
}

fn program(name: &str) -> Result<String, Failure> {
    let dirs = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/usr/local/sbin";
    let found = dirs.split(':').map(|dir| format!("{dir}/{name}")).find(|path| fs::metadata(path).is_ok());
    Ok(found.ok_or_else(|| format!("{name} is not installed: bash tests/setup-gateways.sh --bench"))?)
}
