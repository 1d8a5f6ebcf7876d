//! The declarations of a Bicep file, and the resources that they come to.

use tree_sitter::{Node, Parser};

use super::spread::without_spreads;
use super::tree::{Text, named};
use super::typed::without_types;
use crate::arm::{Resource, Template, resources_of};
use crate::evaluate::{Bound, Scope};
use crate::expression::{Expression, Kind};
use crate::given::Given;
use crate::note::Note;
use crate::place::Place;
use crate::value::What;

/// Of what the grammar does not understand, so many places are told.
const TOLD_MAX: usize = 20;

/// Reads a file of this number.
pub(crate) fn read(file: usize, text: &str, given: &Given) -> Template {
    let refused = |at: usize, words: &str| Template::refused(&Place::new(file, at..at), words);
    let spelled = match without_spreads(&without_types(text)) {
        Ok(spelled) => spelled,
        Err(at) => return refused(at, "brackets lie too deep in each other: at most 64 are read"),
    };
    let mut parser = Parser::new();
    let parsed = parser
        .set_language(&tree_sitter_bicep::LANGUAGE.into())
        .ok()
        .and_then(|()| parser.parse(&spelled, None));
    let Some(tree) = parsed else { return refused(0, "the file can't be read as Bicep") };
    let mut reading = Reading {
        text: Text { file, text: &spelled },
        given,
        scope: Scope::default(),
        declared: Vec::new(),
        notes: Vec::new(),
    };
    reading.errors(tree.root_node());
    reading.block(tree.root_node(), None);
    let Reading { scope, declared, notes, .. } = reading;
    let values = declared.iter().map(|(kind, symbol)| (kind.as_str(), scope.evaluate(symbol)));
    let resources: Vec<Resource> = values.flat_map(|(kind, value)| resources_of(kind, value)).collect();
    Template { resources, notes }
}

struct Reading<'a> {
    text: Text<'a>,
    given: &'a Given,
    scope: Scope,
    /// The type of each resource, and the expression that stands for it.
    declared: Vec<(String, Expression)>,
    notes: Vec<Note>,
}

impl Reading<'_> {
    /// Tells what the grammar does not understand.
    fn errors(&mut self, root: Node<'_>) {
        let mut left = vec![root];
        while let Some(node) = left.pop() {
            if self.notes.len() >= TOLD_MAX {
                return;
            }
            if node.is_error() || node.is_missing() {
                let place = self.text.place(node);
                self.notes.push(Note::unknown(
                    &place,
                    "this is not understood as Bicep, and what is around it may not be either",
                ));
            } else if node.has_error() {
                left.extend((0..node.child_count()).rev().filter_map(|index| node.child(index)));
            }
        }
    }

    /// Statements of the file, or the resources inside of a resource of type `parent`.
    fn block(&mut self, block: Node<'_>, parent: Option<&str>) {
        for statement in named(block) {
            match statement.kind() {
                "parameter_declaration" => self.parameter(statement),
                "variable_declaration" => {
                    if let [name, value] = named(statement).collect::<Vec<_>>()[..] {
                        let value = self.text.expression(value);
                        self.scope.bind(self.text.of(name), Bound::Expression(value));
                    }
                }
                "resource_declaration" => self.resource(statement, parent),
                "object_property" => self.block(statement, parent),
                "module_declaration" => {
                    let place = self.text.place(statement);
                    let name = named(statement).find(|child| child.kind() == "string");
                    let name = name.map_or("", |name| self.text.of(name));
                    self.notes.push(
                        Note::unknown(&place, format!("the module {name} is not followed"))
                            .help("name its file as well: it is read with the defaults of its parameters, and `--value`"),
                    );
                }
                _ => {}
            }
        }
    }

    fn parameter(&mut self, statement: Node<'_>) {
        let children: Vec<Node<'_>> = named(statement).filter(|child| child.kind() != "comment").collect();
        let Some(name) = children.first() else { return };
        let place = self.text.place(statement);
        // What follows the name and the type, if anything does, is the default.
        let default = children
            .iter()
            .skip(1)
            .find(|child| child.start_byte() > name.end_byte() && is_value(**child, statement));
        let is_nullable = children
            .iter()
            .any(|child| self.text.of(*child).ends_with('?') && child.kind().ends_with("type"));
        let name = self.text.of(*name);
        let bound = match (self.given.value(name, &place), default) {
            (Some(value), _) => Bound::Value(value),
            (None, Some(default)) => Bound::Expression(self.text.expression(*default)),
            (None, None) if is_nullable => {
                Bound::Expression(Expression::new(Kind::Literal(What::Null), &place))
            }
            (None, None) => Bound::Missing(place),
        };
        self.scope.bind(name, bound);
    }

    fn resource(&mut self, statement: Node<'_>, parent: Option<&str>) {
        let children: Vec<Node<'_>> = named(statement).filter(|child| child.kind() != "comment").collect();
        let [name, kind, .., body] = children[..] else { return };
        let kind = self.text.of(kind).trim_matches('\'');
        let kind = kind.split('@').next().unwrap_or(kind).to_lowercase();
        let kind = parent.map_or_else(|| kind.clone(), |parent| format!("{parent}/{kind}"));
        let place = self.text.place(statement);
        let made = Expression::call(
            "resource",
            vec![Expression::text(&kind, &place), self.text.expression(body)],
            &place,
        );
        let name = self.text.of(name);
        self.scope.bind(name, Bound::Expression(made));
        if !self.text.of(statement)[..body.start_byte() - statement.start_byte()].contains(" existing") {
            self.declared.push((kind.clone(), Expression::new(Kind::Name(name.into()), &place)));
        }
        let inner = if body.kind() == "object" {
            Some(body)
        } else {
            named(body).find(|child| child.kind() == "object")
        };
        if let Some(inner) = inner {
            let children =
                named(inner).filter(|child| named(*child).any(|one| one.kind() == "resource_declaration"));
            for child in children.collect::<Vec<_>>() {
                self.block(child, Some(&kind));
            }
        }
    }
}

/// True for the part of a parameter behind its `=`.
fn is_value(child: Node<'_>, statement: Node<'_>) -> bool {
    let mut cursor = statement.walk();
    statement.children(&mut cursor).any(|one| one.kind() == "=" && one.end_byte() <= child.start_byte())
}
