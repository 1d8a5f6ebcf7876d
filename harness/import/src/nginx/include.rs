//! `include`: which of the files that were given stand in its place. Nothing is opened.

use glob::{MatchOptions, Pattern};

use super::tokens::{Broken, Word};
use super::tree::{self, Directive};
use crate::note::Note;
use crate::place::{Place, Sources};

/// Where the directory of `nginx.conf` lies by custom: what is included by these absolute names lies beside it here, too.
const HOMES: [&str; 6] = [
    "/etc/nginx/",
    "/usr/local/nginx/conf/",
    "/usr/local/etc/nginx/",
    "/opt/nginx/conf/",
    "/opt/homebrew/etc/nginx/",
    "/usr/local/openresty/nginx/conf/",
];

/// The most directives in all, those of a file counted as often as it is included.
const DIRECTIVES_MAX: usize = 100_000;

/// Files lie within each other so often at most.
const NESTED_MAX: usize = 16;

/// The most stars of a pattern: with many of them, the files are looked through again and again.
const STARS_MAX: usize = 4;

/// Files that say nothing of what happens when backends fail; who does not give them loses nothing.
const NO_MATTER: [&str; 9] = [
    "mime.types",
    "fastcgi_params",
    "fastcgi.conf",
    "uwsgi_params",
    "scgi_params",
    "koi-utf",
    "koi-win",
    "win-utf",
    "modules-enabled/*.conf",
];

/// The files with their directives, those that are included in their places. What no other file includes stands side by side.
pub(super) fn whole(sources: &Sources, notes: &mut Vec<Note>) -> Result<Vec<Directive>, Broken> {
    let files = sources.files().enumerate().map(|(file, (_, text))| tree::read(file, text));
    let files = files.collect::<Result<Vec<_>, _>>()?;
    let count = files.iter().map(|file| counted(file)).sum::<usize>();
    if count > DIRECTIVES_MAX {
        return Err(too_many(&Place::new(0, 0..0)));
    }
    let mut including = Including {
        sources,
        files: &files,
        left: DIRECTIVES_MAX,
        open: Vec::new(),
        is_read: vec![false; files.len()],
        notes,
    };
    let mut is_included = vec![false; files.len()];
    for directives in &files {
        including.mark(directives, &mut is_included);
    }
    let mut all = Vec::new();
    for file in (0..files.len()).filter(|file| !is_included[*file]) {
        all.extend(including.file(file, None)?);
    }
    // What is left has nothing that begins it: such files include each other in a circle, and are refused.
    while let Some(file) = including.is_read.iter().position(|is_read| !is_read) {
        all.extend(including.file(file, None)?);
    }
    Ok(all)
}

fn counted(directives: &[Directive]) -> usize {
    directives.iter().map(|directive| 1 + counted(directive.inside())).sum()
}

fn too_many(place: &Place) -> Broken {
    let words = format!("there are more than {DIRECTIVES_MAX} directives, with those included");
    Broken { place: place.clone(), words }
}

struct Including<'a> {
    sources: &'a Sources,
    files: &'a [Vec<Directive>],
    left: usize,
    /// The files that are being read, each within the one before.
    open: Vec<usize>,
    is_read: Vec<bool>,
    notes: &'a mut Vec<Note>,
}

impl Including<'_> {
    fn mark(&self, directives: &[Directive], included: &mut [bool]) {
        for directive in directives {
            if directive.name() == "include" {
                for file in self.named(directive.argument(1)) {
                    included[file] = true;
                }
            }
            self.mark(directive.inside(), included);
        }
    }

    fn file(&mut self, file: usize, by: Option<&Place>) -> Result<Vec<Directive>, Broken> {
        if let Some(place) = by.filter(|_| self.open.contains(&file)) {
            let names: Vec<String> = self.open.iter().chain([&file]).map(|file| self.name(*file)).collect();
            let words = format!("files include each other in a circle: {}", names.join(", "));
            return Err(Broken { place: place.clone(), words });
        }
        if let Some(place) = by.filter(|_| self.open.len() >= NESTED_MAX) {
            let words = format!("files include each other more than {NESTED_MAX} deep");
            return Err(Broken { place: place.clone(), words });
        }
        self.open.push(file);
        self.is_read[file] = true;
        let files = self.files;
        let made = self.spread(&files[file]);
        self.open.pop();
        made
    }

    fn name(&self, file: usize) -> String {
        self.sources.name(file).escape_debug().to_string()
    }

    fn spread(&mut self, directives: &[Directive]) -> Result<Vec<Directive>, Broken> {
        let mut all = Vec::new();
        for directive in directives {
            let Some(left) = self.left.checked_sub(1) else { return Err(too_many(&directive.place)) };
            self.left = left;
            if let ("include", Some(word)) = (directive.name(), directive.words.get(1)) {
                all.extend(self.included(word)?);
                continue;
            }
            let block = directive.block.as_ref().map(|inner| self.spread(inner)).transpose()?;
            let Directive { words, place, .. } = directive;
            all.push(Directive { words: words.clone(), block, place: place.clone() });
        }
        Ok(all)
    }

    fn included(&mut self, word: &Word) -> Result<Vec<Directive>, Broken> {
        let files = self.named(&word.text);
        if files.is_empty() && !NO_MATTER.iter().any(|known| word.text.ends_with(known)) {
            let words = format!("`{}` is none of the files that were given", word.text.escape_debug());
            let note = Note::unknown(&word.place, words);
            self.notes.push(note.help("name it behind the others, by a path as seen from the first one"));
        }
        let mut all = Vec::new();
        for file in files {
            all.extend(self.file(file, Some(&word.place))?);
        }
        Ok(all)
    }

    /// The files that an `include` names, in the order of their names, as nginx reads them.
    fn named(&self, pattern: &str) -> Vec<usize> {
        let main = self.sources.name(0);
        let beside = main.rfind('/').map_or("", |end| &main[..=end]);
        let relative = HOMES.iter().find_map(|home| pattern.strip_prefix(home));
        let relative = relative.or_else(|| (!pattern.starts_with('/')).then_some(pattern));
        let pattern = match relative {
            Some(relative) => format!("{}{relative}", Pattern::escape(plain(beside))),
            None => pattern.to_owned(),
        };
        let is_short = pattern.matches('*').count() <= STARS_MAX;
        let Some(pattern) = Pattern::new(&pattern).ok().filter(|_| is_short) else { return Vec::new() };
        let options = MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let mut found: Vec<(usize, &str)> = self
            .sources
            .files()
            .map(|(name, _)| plain(name))
            .enumerate()
            .filter(|(_, name)| pattern.matches_with(name, options))
            .collect();
        found.sort_by_key(|(_, name)| *name);
        found.into_iter().map(|(file, _)| file).collect()
    }
}

/// A path without its leading `./`.
fn plain(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(files: &[(&str, &str)]) -> Result<(Vec<String>, Vec<String>), String> {
        let mut sources = Sources::default();
        for (name, text) in files {
            sources.add(name, (*text).to_owned());
        }
        let mut notes = Vec::new();
        let all = whole(&sources, &mut notes).map_err(|broken| broken.words)?;
        let shown = |one: &Directive| {
            let inside: Vec<&str> = one.inside().iter().map(Directive::name).collect();
            format!("{} {}", one.name(), inside.join(" ")).trim().to_owned()
        };
        Ok((all.iter().map(shown).collect(), notes.into_iter().map(|note| note.words).collect()))
    }

    #[test]
    fn a_file_stands_where_it_is_included_by_its_path_as_seen_from_the_first_one() {
        let main = "user a; http { include /etc/nginx/conf.d/*.conf; include mime.types; include x/*; b; }";
        let files = [
            ("etc/nginx.conf", main),
            ("etc/conf.d/z.conf", "z;"),
            ("./etc/conf.d/a.conf", "a;"),
            ("etc/conf.d/.hidden.conf", "h;"),
            ("etc/conf.d/deep/d.conf", "d;"),
            ("etc/conf.d/a.txt", "t;"),
        ];
        let (all, notes) = read(&files).unwrap();
        assert_eq!(all, ["user", "http a z b", "h", "d", "t"]);
        assert_eq!(notes, ["`x/*` is none of the files that were given"]);
        let (all, _) = read(&[("nginx.conf", "http { include a.conf; }"), ("a.conf", "a;")]).unwrap();
        assert_eq!(all, ["http a"]);
    }

    #[test]
    fn a_circle_that_nothing_begins_is_refused_beside_files_that_are_well() {
        let files = [("a.conf", "a;"), ("b.conf", "include c.conf;"), ("c.conf", "include b.conf;")];
        assert!(read(&files).unwrap_err().contains("in a circle: b.conf, c.conf, b.conf"));
    }

    #[test]
    fn circles_and_files_that_grow_without_end_are_refused() {
        let circle =
            [("a.conf", "include b.conf;"), ("b.conf", "include c.conf;"), ("c.conf", "include b.conf;")];
        assert_eq!(
            read(&circle).unwrap_err(),
            "files include each other in a circle: a.conf, b.conf, c.conf, b.conf"
        );
        assert!(read(&[("a.conf", "include a.conf;")]).unwrap_err().contains("in a circle: a.conf, a.conf"));
        let growing = |files: usize| {
            let names: Vec<String> = (0..files).map(|at| format!("{at}.conf")).collect();
            let texts: Vec<String> = (1..=files).map(|at| format!("include {at}.conf;").repeat(10)).collect();
            let files: Vec<(&str, &str)> =
                names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
            read(&files).unwrap_err()
        };
        assert!(growing(10).contains("more than 100000 directives"));
        assert!(growing(30).contains("more than 16 deep"));
    }
}
