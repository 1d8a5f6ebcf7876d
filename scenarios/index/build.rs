//! Lists the scenarios of the library's folders, so that a file that is put there belongs to it.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let library = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("..");
    let library = library.canonicalize()?;
    let mut list = String::from("&[");
    for folder in folders(&library)? {
        watch(&folder)?;
        let family = folder.file_name().unwrap_or_default().to_string_lossy();
        for file in scenarios(&folder)? {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let path = file.to_string_lossy();
            writeln!(list, "Entry {{ name: \"{family}/{name}\", text: include_str!({path:?}) }},")
                .map_err(io::Error::other)?;
        }
    }
    list.push(']');
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    fs::write(Path::new(&out).join("folders.rs"), list)
}

/// Has this built anew once something changes in a folder.
fn watch(folder: &Path) -> io::Result<()> {
    writeln!(io::stdout(), "cargo::rerun-if-changed={}", folder.display())
}

/// The folders of the library, without this crate's own.
fn folders(library: &Path) -> io::Result<Vec<PathBuf>> {
    watch(library)?;
    entries(library, |path| path.is_dir() && !path.ends_with("index"))
}

fn scenarios(folder: &Path) -> io::Result<Vec<PathBuf>> {
    entries(folder, |path| path.extension().is_some_and(|ending| ending == "toml"))
}

fn entries(folder: &Path, wanted: impl Fn(&Path) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
