//! The fields of a head, where they stand in the bytes that arrived.

use std::mem::MaybeUninit;

use httparse::Header;

/// The most fields that a head can have to be read.
pub const FIELDS_MAX: usize = 100;

/// Room for the fields of one head, on the caller's stack. Making it costs nothing.
pub struct FieldSlots<'bytes>(pub(crate) [MaybeUninit<Header<'bytes>>; FIELDS_MAX]);

impl FieldSlots<'_> {
    /// Empty slots.
    pub fn new() -> Self {
        FieldSlots([const { MaybeUninit::uninit() }; FIELDS_MAX])
    }
}

impl Default for FieldSlots<'_> {
    fn default() -> Self {
        FieldSlots::new()
    }
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'head> {
    /// Its name, in the letters in which it arrived.
    pub name: &'head str,
    /// Its value, without blanks around it. Not all values are text.
    pub value: &'head [u8],
}

impl Field<'_> {
    /// Whether it is the field of this name, in whatever letters.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Whether its value, as a list, has this word (RFC 9110, section 5.6.1).
    pub fn lists(&self, word: &str) -> bool {
        items(self.value).any(|item| item.eq_ignore_ascii_case(word.as_bytes()))
    }
}

/// The items of a list.
pub(crate) fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// The fields of one head, in the order in which they arrived.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'head>(pub(crate) &'head [Header<'head>]);

impl<'head> Fields<'head> {
    /// All of them.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Field<'head>> + Clone {
        self.0.iter().map(|header| Field { name: header.name, value: header.value })
    }

    /// The value of the first field of this name.
    pub fn get(self, name: &str) -> Option<&'head [u8]> {
        self.iter().find(|field| field.is(name)).map(|field| field.value)
    }
}
