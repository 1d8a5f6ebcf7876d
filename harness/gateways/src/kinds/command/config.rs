//! The files that a command is given: of the scenario's folder and of nowhere else.

use std::borrow::Cow;
use std::fmt;
use std::path::{Component, Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::kinds::launched::{OWN_FILES, OwnFile, Wrong};

/// The most files.
const FILES_MAX: usize = 64;

/// One file or several, each relative to the scenario's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Files(Vec<PathBuf>);

impl Files {
    /// True if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads all of them, each with its path in the gateway's directory.
    pub(super) fn read(&self, base: &Path) -> Result<Vec<(PathBuf, OwnFile)>, Wrong> {
        let read = |named: &PathBuf| {
            let inside = inside(named, base).map_err(|why| (base.join(named), why))?;
            Ok((inside, OwnFile::read(named, base)?))
        };
        self.0.iter().map(read).collect()
    }
}

/// The path of a file within the gateway's directory, which is the one that it has in the scenario's folder.
fn inside(named: &Path, base: &Path) -> Result<PathBuf, String> {
    let lies_outside = || "outside of the scenario's folder, from which alone files are taken".to_owned();
    let mut inside = PathBuf::new();
    for part in named.components() {
        match part {
            Component::Normal(part) => inside.push(part),
            Component::CurDir => {}
            _ => return Err(lies_outside()),
        }
    }
    if OWN_FILES.iter().any(|own| inside == Path::new(own)) {
        return Err("brownout has a file of this name in the gateway's directory: choose another".into());
    }
    let real = |path: &Path| path.canonicalize().map_err(|error| error.to_string());
    // A link may lead elsewhere.
    if real(&base.join(named))?.starts_with(real(base)?) { Ok(inside) } else { Err(lies_outside()) }
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Files;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a file, or a list of files")
    }

    fn visit_str<E: de::Error>(self, file: &str) -> Result<Files, E> {
        checked(vec![file.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut files: A) -> Result<Files, A::Error> {
        let mut all = Vec::new();
        while let Some(file) = files.next_element::<String>()? {
            all.push(file);
        }
        checked(all)
    }
}

fn checked<E: de::Error>(files: Vec<String>) -> Result<Files, E> {
    if files.len() > FILES_MAX {
        return Err(E::custom(format!("{} files, allowed are {FILES_MAX}", files.len())));
    }
    if files.iter().any(|file| file.is_empty() || file.contains('\0')) {
        return Err(E::custom("a file without a name"));
    }
    Ok(Files(files.into_iter().map(PathBuf::from).collect()))
}

impl JsonSchema for Files {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Files".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "string", "minLength": 1 },
                { "type": "array", "items": { "type": "string", "minLength": 1 }, "maxItems": FILES_MAX },
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_scenario_s_folder_are_taken_also_by_way_of_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("scenario");
        std::fs::create_dir_all(base.join("conf")).unwrap();
        std::fs::write(base.join("conf/a.yml"), "a").unwrap();
        std::fs::write(dir.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink("../secret", base.join("link")).unwrap();
        std::os::unix::fs::symlink("conf", base.join("within")).unwrap();
        let said = |named: &str| match inside(Path::new(named), &base) {
            Ok(inside) => format!("{named} → {}", inside.display()),
            Err(why) => format!("{named}: {why}"),
        };
        let secret = dir.path().join("secret");
        let named =
            ["./conf/a.yml", "within/a.yml", "../secret", "conf/../../secret", "link", "none", "gateway.log"];
        let mut lines: Vec<String> = named.into_iter().map(said).collect();
        lines.push(said(secret.to_str().unwrap()).replace(dir.path().to_str().unwrap(), "DIR"));
        insta::assert_snapshot!(lines.join("\n"), @r"
        ./conf/a.yml → conf/a.yml
        within/a.yml → within/a.yml
        ../secret: outside of the scenario's folder, from which alone files are taken
        conf/../../secret: outside of the scenario's folder, from which alone files are taken
        link: outside of the scenario's folder, from which alone files are taken
        none: No such file or directory (os error 2)
        gateway.log: brownout has a file of this name in the gateway's directory: choose another
        DIR/secret: outside of the scenario's folder, from which alone files are taken
        ");
    }

    #[test]
    fn one_file_may_be_written_without_a_list() {
        let read = |json: &str| serde_json::from_str::<Files>(json);
        assert_eq!(read("\"a\"").unwrap(), read("[\"a\"]").unwrap());
        assert!(read("[]").unwrap().is_empty());
        assert!(read("[\"\"]").is_err() && read("1").is_err());
    }
}
