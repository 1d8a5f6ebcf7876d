//! Expressions of templates, whichever language they were written in: Bicep, or the bracketed texts of ARM templates.

use crate::place::Place;
use crate::value::What;

/// An expression, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expression {
    pub(crate) kind: Kind,
    pub(crate) place: Place,
}

/// What an expression does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// A value as it stands.
    Literal(What),
    /// A text of parts.
    Text(Vec<Expression>),
    /// A list; a [`Kind::Spread`] in it adds the items of another.
    List(Vec<Expression>),
    /// An object, key by key; a [`Kind::Spread`] as a value adds the keys of another, and its own key is not looked at.
    Object(Vec<(Expression, Expression)>),
    /// The items or keys of another list or object.
    Spread(Box<Expression>),
    /// A parameter, a variable, a resource, or what a loop calls its item.
    Name(String),
    /// A key of an object; nothing where there is none if it is `safe`.
    Member { of: Box<Expression>, key: Box<Expression>, safe: bool },
    /// A function of the template language. Operators are functions too: `==` is `equals`.
    Call(String, Vec<Expression>),
    /// A list, item by item.
    For { item: String, index: Option<String>, over: Box<Expression>, body: Box<Expression> },
    /// What no reader of ours reads: its words.
    Unread(String),
}

impl Expression {
    pub(crate) fn new(kind: Kind, place: &Place) -> Self {
        Expression { kind, place: place.clone() }
    }

    pub(crate) fn text(text: impl Into<String>, place: &Place) -> Self {
        Expression::new(Kind::Literal(What::Text(text.into())), place)
    }

    pub(crate) fn call(function: &str, arguments: Vec<Expression>, place: &Place) -> Self {
        Expression::new(Kind::Call(function.into(), arguments), place)
    }
}
