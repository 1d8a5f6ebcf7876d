//! From nodes of the grammar to expressions.

use tree_sitter::Node;

use super::spread::{IN_LIST, IN_OBJECT};
use crate::expression::{Expression, Kind};
use crate::place::Place;
use crate::value::What;

/// A text that is read, and its number.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) file: usize,
    pub(crate) text: &'a str,
}

impl<'a> Text<'a> {
    pub(crate) fn of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or("")
    }

    pub(crate) fn place(&self, node: Node<'_>) -> Place {
        Place::new(self.file, node.byte_range())
    }

    /// The expression that a node stands for.
    pub(crate) fn expression(&self, node: Node<'_>) -> Expression {
        let place = self.place(node);
        Expression { kind: self.kind(node).unwrap_or_else(|| self.unread(node)), place }
    }

    fn unread(&self, node: Node<'_>) -> Kind {
        let words: String = self.of(node).chars().take(60).collect();
        Kind::Unread(format!("`{}` is not understood", words.escape_debug()))
    }

    fn kind(&self, node: Node<'_>) -> Option<Kind> {
        let field = |name| node.child_by_field_name(name);
        Some(match node.kind() {
            "null" => Kind::Literal(What::Null),
            "boolean" => Kind::Literal(What::Bool(self.of(node) == "true")),
            "number" => Kind::Literal(What::Number(self.of(node).trim().parse().ok()?)),
            "string" => Kind::Text(named(node).map(|part| self.part(part)).collect()),
            "identifier" | "compatible_identifier" => Kind::Name(self.of(node).into()),
            "parenthesized_expression" => self.expression(named(node).next()?).kind,
            "array" => Kind::List(named(node).map(|item| self.item(item)).collect()),
            "object" => Kind::Object(self.entries(node)),
            "member_expression" => Kind::Member {
                of: Box::new(self.expression(field("object")?)),
                key: Box::new(Expression::text(self.of(field("property")?), &self.place(field("property")?))),
                safe: self.is_safe(node),
            },
            "subscript_expression" => Kind::Member {
                of: Box::new(self.expression(field("object")?)),
                key: Box::new(self.expression(field("index")?)),
                safe: self.is_safe(node),
            },
            "call_expression" => {
                let name = field("function").or_else(|| node.named_child(0))?;
                let arguments = named(node).find(|child| child.kind() == "arguments")?;
                let arguments = named(arguments).map(|argument| self.expression(argument)).collect();
                Kind::Call(self.of(name).to_lowercase(), arguments)
            }
            "ternary_expression" => {
                let parts = ["condition", "consequence", "alternative"];
                let parts = parts.map(|name| field(name).map(|part| self.expression(part)));
                Kind::Call("if".into(), parts.into_iter().collect::<Option<_>>()?)
            }
            "unary_expression" => {
                let name = if self.of(field("operator")?) == "!" { "not" } else { "minus" };
                Kind::Call(name.into(), vec![self.expression(field("argument")?)])
            }
            "binary_expression" => {
                let sides = vec![self.expression(field("left")?), self.expression(field("right")?)];
                operator(self.of(field("operator")?), sides, &self.place(node))?
            }
            "for_statement" => self.each(node)?,
            "if_statement" => {
                let mut parts =
                    named(node).filter(|part| part.kind() != "comment").map(|part| self.expression(part));
                let nothing = Expression::new(Kind::Literal(What::Null), &self.place(node));
                Kind::Call("if".into(), vec![parts.next()?, parts.next()?, nothing])
            }
            "resource_expression" => Kind::Name(self.of(field("resource")?).into()),
            _ => return None,
        })
    }

    /// A part of a text.
    fn part(&self, node: Node<'_>) -> Expression {
        let place = self.place(node);
        match node.kind() {
            "interpolation" => match named(node).next() {
                Some(inner) => self.expression(inner),
                None => Expression::new(self.unread(node), &place),
            },
            "escape_sequence" => {
                let text = match self.of(node) {
                    "\\n" => "\n",
                    "\\r" => "\r",
                    "\\t" => "\t",
                    other => other.trim_start_matches('\\'),
                };
                Expression::text(text, &place)
            }
            _ => Expression::text(self.of(node), &place),
        }
    }

    /// An item of a list: three negations are a spread.
    fn item(&self, node: Node<'_>) -> Expression {
        let place = self.place(node);
        if self.of(node).starts_with(IN_LIST) {
            let inner = (0..IN_LIST.len()).try_fold(node, |node, _| node.child_by_field_name("argument"));
            if let Some(inner) = inner {
                return Expression::new(Kind::Spread(Box::new(self.expression(inner))), &place);
            }
        }
        self.expression(node)
    }

    fn entries(&self, object: Node<'_>) -> Vec<(Expression, Expression)> {
        let properties = named(object).filter(|child| child.kind() == "object_property");
        let entry = |property: Node<'_>| {
            let mut parts = named(property).filter(|part| part.kind() != "comment");
            let key = parts.next().filter(|key| key.kind() != "resource_declaration")?;
            let value = parts.next()?;
            let name = match key.kind() {
                "string" => self.expression(key),
                _ => Expression::text(self.of(key), &self.place(key)),
            };
            let mut value = self.expression(value);
            if self.text.get(key.start_byte()..).is_some_and(|rest| rest.starts_with(IN_OBJECT)) {
                let place = value.place.clone();
                value = Expression::new(Kind::Spread(Box::new(value)), &place);
            }
            Some((name, value))
        };
        properties.filter_map(entry).collect()
    }

    /// A loop, also one with a condition: of what does not meet it, there is nothing.
    fn each(&self, node: Node<'_>) -> Option<Kind> {
        let (initializer, body) =
            (node.child_by_field_name("initializer"), node.child_by_field_name("body")?);
        let pair = named(node).find(|child| child.kind() == "for_loop_parameters");
        let mut names = match (pair, initializer) {
            (Some(pair), _) => named(pair).map(|name| self.of(name).to_owned()).collect(),
            (None, Some(name)) => vec![self.of(name).to_owned()],
            (None, None) => return None,
        }
        .into_iter();
        let is_over = |child: &Node<'_>| {
            !matches!(child.kind(), "for_loop_parameters" | "comment")
                && Some(*child) != initializer
                && *child != body
        };
        let over = self.expression(named(node).find(is_over)?);
        let (item, index) = (names.next()?, names.next());
        Some(Kind::For { item, index, over: Box::new(over), body: Box::new(self.expression(body)) })
    }

    fn is_safe(&self, node: Node<'_>) -> bool {
        let mut cursor = node.walk();
        node.children(&mut cursor).any(|child| matches!(self.of(child), ".?" | "?." | "[?" | "?"))
    }
}

/// The named children of a node.
pub(crate) fn named(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    (0..node.named_child_count()).filter_map(move |index| node.named_child(index as u32))
}

/// An operator as the function of its name.
fn operator(operator: &str, sides: Vec<Expression>, place: &Place) -> Option<Kind> {
    let name = match operator {
        "==" | "=~" => "equals",
        "!=" | "!~" => {
            let same = Expression::call("equals", sides, place);
            return Some(Kind::Call("not".into(), vec![same]));
        }
        "&&" => "and",
        "||" => "or",
        ">" => "greater",
        ">=" => "greaterorequals",
        "<" => "less",
        "<=" => "lessorequals",
        "+" => "add",
        "-" => "sub",
        "*" => "mul",
        "/" => "div",
        "%" => "mod",
        "??" => "coalesce",
        _ => return None,
    };
    Some(Kind::Call(name.into(), sides))
}
