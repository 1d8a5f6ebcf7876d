//! Tables with a few keys of their own, and one key more that chooses a kind: `on = ["a"]` beside `status = { … }`.
//!
//! Serde's own means for this, `flatten`, would lose the place of every error. Here the map of the file is sieved as
//! it is read: own keys go to the table's struct, the kind's key goes to the registry, with all places kept.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::StrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess,
    VariantAccess, Visitor,
};
use serde_json::{Value, json};

use super::{Kinds, Located};
use crate::names::nearest;

/// A table of own keys with one kind among them.
#[derive(Clone, Debug)]
pub struct Keyed<O, K> {
    /// The own keys.
    pub own: O,
    /// The kind with its settings.
    pub kind: K,
    /// Where the kind's key stands.
    pub span: Range<usize>,
}

impl<'de, O: Deserialize<'de>, K: Kinds + Deserialize<'de>> Deserialize<'de> for Keyed<O, K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Table(PhantomData))
    }
}

struct Table<O, K>(PhantomData<(O, K)>);

impl<'de, O: Deserialize<'de>, K: Kinds + Deserialize<'de>> Visitor<'de> for Table<O, K> {
    type Value = Keyed<O, K>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a table with one {}", K::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Keyed<O, K>, A::Error> {
        let mut sieve = Sieve { map, own: &[], kind: None };
        let own = O::deserialize(&mut sieve)?;
        let Some((kind, span)) = sieve.kind else {
            return Err(A::Error::custom(format!("no {} given, expected one of {}", K::WHAT, kinds::<K>())));
        };
        Ok(Keyed { own, kind, span })
    }
}

fn kinds<K: Kinds>() -> String {
    quoted(K::ALL.iter().map(|kind| kind.name))
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The map of the file, with the kind taken out of it on the way.
struct Sieve<A, K> {
    map: A,
    own: &'static [&'static str],
    kind: Option<(K, Range<usize>)>,
}

impl<'de, A: MapAccess<'de>, K: Kinds + Deserialize<'de>> Deserializer<'de> for &mut Sieve<A, K> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.own = fields;
        visitor.visit_map(self)
    }

    serde::forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl<'de, A: MapAccess<'de>, K: Kinds + Deserialize<'de>> MapAccess<'de> for &mut Sieve<A, K> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        let mut seed = seed;
        loop {
            let sorter =
                Sorter::<S, K> { seed, own: self.own, taken: self.kind.is_some(), kinds: PhantomData };
            match self.map.next_key_seed(sorter)? {
                None => return Ok(None),
                Some(Sorted::Own(key)) => return Ok(Some(key)),
                Some(Sorted::Kind { name, span, unused }) => {
                    let kind = self.map.next_value_seed(Settings { name, kind: PhantomData })?;
                    self.kind = Some((kind, span));
                    seed = unused;
                }
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Tells own keys from kinds. Errors are raised while a key is read, because then they point at it.
struct Sorter<S, K> {
    seed: S,
    own: &'static [&'static str],
    taken: bool,
    kinds: PhantomData<K>,
}

enum Sorted<T, S> {
    Own(T),
    Kind { name: &'static str, span: Range<usize>, unused: S },
}

impl<'de, S: DeserializeSeed<'de>, K: Kinds> DeserializeSeed<'de> for Sorter<S, K> {
    type Value = Sorted<S::Value, S>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let key = Located::<String>::deserialize(deserializer)?;
        if self.own.contains(&key.as_str()) {
            let own: StrDeserializer<'_, D::Error> = key.as_str().into_deserializer();
            return self.seed.deserialize(own).map(Sorted::Own);
        }
        let names = K::ALL.iter().map(|kind| kind.name);
        match names.clone().find(|name| *name == key.as_str()) {
            Some(name) if self.taken => {
                Err(D::Error::custom(format!("a second {}, `{name}`, in one table", K::WHAT)))
            }
            Some(name) => Ok(Sorted::Kind { name, span: key.span, unused: self.seed }),
            None => {
                // A slip in one of the table's own keys is not taken for a kind.
                let near = nearest(&key, self.own.iter().copied().chain(names));
                let own = near.is_some_and(|near| self.own.contains(&near));
                let known = if own { quoted(self.own.iter().copied()) } else { kinds::<K>() };
                let (what, key) = (if own { "key" } else { K::WHAT }, key.as_str());
                Err(D::Error::custom(format!("unknown {what} `{key}`, expected one of {known}")))
            }
        }
    }
}

/// Reads the value of the kind's key as the settings of that kind.
struct Settings<K> {
    name: &'static str,
    kind: PhantomData<K>,
}

impl<'de, K: Deserialize<'de>> DeserializeSeed<'de> for Settings<K> {
    type Value = K;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K, D::Error> {
        K::deserialize(Tagged { name: self.name, settings: deserializer })
    }
}

/// A key and its value, as the externally tagged enum that a registry is.
struct Tagged<D> {
    name: &'static str,
    settings: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tagged<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, D: Deserializer<'de>> EnumAccess<'de> for Tagged<D> {
    type Error = D::Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), D::Error> {
        let name: StrDeserializer<'_, D::Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de, D: Deserializer<'de>> VariantAccess<'de> for Tagged<D> {
    type Error = D::Error;

    fn unit_variant(self) -> Result<(), D::Error> {
        <()>::deserialize(self.settings)
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, D::Error> {
        seed.deserialize(self.settings)
    }
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, D::Error> {
        self.settings.deserialize_tuple(len, visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.settings.deserialize_struct(self.name, fields, visitor)
    }
}

/// The own keys, plus one property a kind, exactly one of which is there.
impl<O: JsonSchema, K: Kinds + JsonSchema> JsonSchema for Keyed<O, K> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}With{}", O::schema_name(), K::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut table = O::json_schema(generator);
        let registry = K::json_schema(generator).to_value();
        let variants = registry.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties = table.ensure_object().entry("properties").or_insert_with(|| json!({}));
        for variant in &variants {
            for (kind, settings) in variant["properties"].as_object().into_iter().flatten() {
                properties[kind] = settings.clone();
            }
        }
        let one_of: Vec<Value> = K::ALL.iter().map(|kind| json!({ "required": [kind.name] })).collect();
        table.insert("oneOf".to_owned(), Value::Array(one_of));
        table
    }
}
