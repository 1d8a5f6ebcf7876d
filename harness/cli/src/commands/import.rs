//! `brownout import`: a scenario from a gateway's own configuration.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use import::{Asked, Choices, FILES_MAX, Note, NoteKind, Place, Refused, Sources, TEXT_MAX};
use scenario::Diagnostic;

use crate::args::Import;
use crate::exit::Exit;
use crate::output::{complain, complain_of, harmless, print};

/// Of the same words at several places, so many places are shown.
const PLACES_SHOWN: usize = 4;

pub(crate) fn import(args: &Import) -> Result<Exit> {
    let (sources, choices) = match read(args) {
        Ok(read) => read,
        Err((words, help)) => {
            complain(&format_args!("error: {words}\nhelp: {help}"));
            return Ok(Exit::Usage);
        }
    };
    let made = match import::import(&sources, &choices) {
        Ok(made) => made,
        Err(Refused { words, help, notes }) => {
            show_lints(&sources, &notes);
            print(&harmless(&others(&sources, &notes)))?;
            complain(&format_args!("error: {words}\nhelp: {help}"));
            return Ok(Exit::Usage);
        }
    };
    let text = import::scenario(&made, &sources);
    let file = args.out.join(format!("{}.toml", import::file_stem(&made.subject)));
    let sidecar = args.out.join("import.json");
    let own = made.own.as_ref().map(|own| (args.out.join(import::own_file(&made)), own.text.clone()));
    let own_path = own.as_ref().map(|(path, _)| path);
    if let Some(there) =
        [&file, &sidecar].into_iter().chain(own_path).find(|path| !args.force && path.exists())
    {
        complain(&format_args!("error: {} exists\nhelp: `--force` overwrites it", there.display()));
        return Ok(Exit::Usage);
    }
    show_lints(&sources, &made.notes);
    print(&harmless(&understood(&made, &sources)))?;
    print(&harmless(&others(&sources, &made.notes)))?;
    let origin = file.display().to_string();
    fs::create_dir_all(&args.out).with_context(|| format!("{}", args.out.display()))?;
    // The scenario names the gateway's own file, and is checked with it.
    if let Some((path, text)) = &own {
        fs::write(path, text).with_context(|| format!("{}", path.display()))?;
    }
    let loaded = match scenario::load_text(&origin, &text, &args.out, &scenario::Overrides::default()) {
        Ok(loaded) => loaded,
        Err(failure) => {
            if let Some((path, _)) = &own {
                fs::remove_file(path).with_context(|| format!("{}", path.display()))?;
            }
            complain_of(|colour| failure.render(colour));
            complain(&"error: the configuration is understood, and no scenario can say what it says");
            return Ok(Exit::Usage);
        }
    };
    if !loaded.warnings.is_empty() {
        complain_of(|colour| loaded.render_warnings(colour));
    }
    for (path, text) in [(&file, text), (&sidecar, import::sidecar(&made, &sources))] {
        fs::write(path, text).with_context(|| format!("{}", path.display()))?;
    }
    let mut written = format!("written  {origin}\n         {}\n", sidecar.display());
    if let Some((path, _)) = &own {
        let _ = writeln!(written, "         {}", path.display());
    }
    let how = if own.is_some() { "" } else { " --simulate" };
    print(&harmless(&format!("{written}next  brownout run{how} {origin}\n")))?;
    Ok(Exit::Pass)
}

fn read(args: &Import) -> Result<(Sources, Choices), (String, String)> {
    if args.files.len() > FILES_MAX {
        return Err((
            format!("{} files are too many", args.files.len()),
            format!("at most {FILES_MAX} are read at a time"),
        ));
    }
    let mut sources = Sources::default();
    for path in &args.files {
        sources.add(&path.display().to_string(), text(path)?);
    }
    let mut values = BTreeMap::new();
    for pair in &args.values {
        let Some((name, value)) = pair.split_once('=') else {
            return Err((format!("`--value {pair}` has no value"), "write `--value NAME=VALUE`".into()));
        };
        values.insert(name.trim().to_owned(), value.to_owned());
    }
    let request = args.request.as_deref().map(|request| asked(request, &args.headers)).transpose()?;
    Ok((sources, Choices { values, backend: args.backend.clone(), route: args.route.clone(), request }))
}

/// The request of `--request` and `--header`.
fn asked(request: &str, headers: &[String]) -> Result<Asked, (String, String)> {
    let shown = request.escape_debug();
    let is_plain = |text: &str| !text.chars().any(|letter| letter.is_control() || letter.is_whitespace());
    let (method, path) = request.split_once(' ').unwrap_or((request, ""));
    if !method.bytes().all(|byte| byte.is_ascii_uppercase()) || !path.starts_with('/') || !is_plain(path) {
        let help = "write a method in upper case and a path: `--request \"POST /chat/completions\"`";
        return Err((format!("`--request {shown}` is no request"), help.into()));
    }
    let path = path.split('?').next().unwrap_or(path);
    let mut made = Asked { method: method.to_owned(), path: path.to_owned(), headers: BTreeMap::new() };
    for header in headers {
        let named = header.split_once(':').map(|(name, value)| (name.trim(), value.trim()));
        let Some((name, value)) = named.filter(|(name, value)| is_header(name, value)) else {
            let words = format!("`--header {}` is no header", header.escape_debug());
            return Err((words, "write `--header \"x-tier: gold\"`".into()));
        };
        let name = name.to_lowercase();
        if SECRET.iter().any(|word| name.contains(word)) && !value.contains("{{env.") {
            let words =
                format!("`--header {name}: …` looks like a secret, and headers stand in the scenario");
            return Err((
                words,
                format!("write `--header \"{name}: {{{{env.NAME}}}}\"`: it is read when the scenario is run"),
            ));
        }
        made.headers.insert(name, value.to_owned());
    }
    Ok(made)
}

/// A header whose name has one of these in it is taken to hold a secret.
const SECRET: [&str; 6] = ["authorization", "cookie", "key", "token", "secret", "password"];

/// RFC 9110, sections 5.1 and 5.5, without what is not ASCII.
fn is_header(name: &str, value: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_letter) && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn text(path: &Path) -> Result<String, (String, String)> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        let words = error.to_string().to_lowercase();
        let words = words.split(" (os error").next().unwrap_or_default().to_owned();
        (format!("{shown}: the file can't be read: {words}"), "a configuration is a regular file".to_owned())
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(TEXT_MAX as u64 + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    if bytes.len() > TEXT_MAX {
        return Err((
            format!("{shown}: the file is longer than 4 MiB"),
            "no configuration is that long: name its parts".into(),
        ));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        (format!("{shown}: not UTF-8 text, from byte {at} on"), "save it as UTF-8".to_owned())
    })?;
    // A byte order mark is no part of the text.
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// Mistakes, as diagnostics with their lines.
fn show_lints(sources: &Sources, notes: &[Note]) {
    for (file, (name, text)) in sources.files().enumerate() {
        let of_file = notes.iter().filter(|note| note.kind == NoteKind::Lint && note.place.file == file);
        let diagnostic = |note: &Note| {
            let diagnostic = Diagnostic::warning(&note.words).at(note.place.start..note.place.end);
            note.help.as_ref().map_or(diagnostic.clone(), |help| diagnostic.help(help))
        };
        let diagnostics: Vec<Diagnostic> = of_file.map(diagnostic).collect();
        if !diagnostics.is_empty() {
            complain_of(|colour| scenario::render(&diagnostics, name, text, colour));
        }
    }
}

/// What was taken over, with its places.
fn understood(made: &import::Import, sources: &Sources) -> String {
    let at = |place: &Place| sources.position(place);
    let mut lines = format!(
        "understood  {}, {}\n",
        made.subject,
        units::plural::count(made.members.len() as u64, "backend")
    );
    for member in &made.members {
        let _ = writeln!(lines, "  {:<42} {}", format!("backend.{}", member.name), at(&member.place));
    }
    for (key, place) in &made.sources {
        let _ = writeln!(lines, "  {:<42} {}", format!("policy.{key}"), at(place));
    }
    lines
}

/// What was not taken over, and which readings were chosen: the same words once, with their places.
fn others(sources: &Sources, notes: &[Note]) -> String {
    let mut text = String::new();
    let chapters = [
        (NoteKind::Choice, "readings taken where the documentation leaves it open"),
        (NoteKind::Unrehearsed, "understood, and not rehearsed"),
        (NoteKind::Unknown, "not understood"),
    ];
    for (kind, title) in chapters {
        let mut by_words: Vec<(&Note, Vec<&Place>)> = Vec::new();
        for note in notes.iter().filter(|note| note.kind == kind) {
            match by_words.iter_mut().find(|(known, _)| known.words == note.words) {
                Some((_, places)) => places.push(&note.place),
                None => by_words.push((note, vec![&note.place])),
            }
        }
        if by_words.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{title}");
        for (note, places) in by_words {
            let shown: Vec<String> =
                places.iter().take(PLACES_SHOWN).map(|place| sources.position(place).to_string()).collect();
            let more = places.len().saturating_sub(PLACES_SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let _ = writeln!(text, "  {}{more}: {}", shown.join(", "), note.words);
            if let Some(help) = &note.help {
                let _ = writeln!(text, "    help: {help}");
            }
        }
    }
    text
}
