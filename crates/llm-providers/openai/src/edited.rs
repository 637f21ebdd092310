//! [`Edited`]: an object written with some of its members changed on the way, so that nothing is copied first.

use std::borrow::Cow;
use std::cell::RefCell;

use llm_provider_core::Edit;
use llm_types::Extra;
use serde::ser::{Error, Impossible, Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// An object, and the changes to its members.
pub(crate) struct Edited<'a, T, R> {
    /// The object; its serde form is a map.
    pub(crate) object: &'a T,
    /// A member that is written from elsewhere.
    pub(crate) replace: Option<(&'static str, R)>,
    /// The changes. Of several for one member the first counts.
    pub(crate) edits: &'a [Edit],
    /// Members that are written unless the object has its own.
    pub(crate) defaults: Option<&'a Extra>,
    /// Those of them that it has.
    pub(crate) own: RefCell<Vec<String>>,
    /// Where the changes stand that met a member.
    pub(crate) met: RefCell<Vec<usize>>,
}

impl<'a, T: Serialize, R: Serialize> Edited<'a, T, R> {
    /// Writes the object; gives the edits that met a member.
    pub(crate) fn write(
        object: &'a T,
        replace: Option<(&'static str, R)>,
        edits: &'a [Edit],
        out: &mut Vec<u8>,
    ) -> Result<Vec<&'a Edit>, serde_json::Error> {
        Self::write_with(object, replace, edits, None, out)
    }

    /// As [`Edited::write`], with members that are added unless the object has them.
    pub(crate) fn write_with(
        object: &'a T,
        replace: Option<(&'static str, R)>,
        edits: &'a [Edit],
        defaults: Option<&'a Extra>,
        out: &mut Vec<u8>,
    ) -> Result<Vec<&'a Edit>, serde_json::Error> {
        let edited =
            Self { object, replace, edits, defaults, own: RefCell::default(), met: RefCell::default() };
        serde_json::to_writer(out, &edited)?;
        Ok(edited.met.into_inner().into_iter().map(|index| &edits[index]).collect())
    }
}

impl<T: Serialize, R: Serialize> Serialize for Edited<'_, T, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.object.serialize(TopLevel { edited: self, inner: serializer })
    }
}

fn raw<E: Error>(json: &str) -> Result<&RawValue, E> {
    serde_json::from_str(json).map_err(E::custom)
}

/// The map while it is written.
struct Members<'a, T, R, M> {
    edited: &'a Edited<'a, T, R>,
    inner: M,
    /// The name whose value comes next, where name and value come apart.
    name: Option<String>,
}

impl<T, R: Serialize, M: SerializeMap> Members<'_, T, R, M> {
    fn entry<V: ?Sized + Serialize>(&mut self, name: &str, value: &V) -> Result<(), M::Error> {
        if self.edited.defaults.is_some_and(|defaults| defaults.contains_key(name)) {
            self.edited.own.borrow_mut().push(name.to_owned());
        }
        let found = self.edited.edits.iter().position(|edit| edit.name() == name);
        if let Some(index) = found {
            self.edited.met.borrow_mut().push(index);
        }
        match found.map(|index| &self.edited.edits[index]) {
            Some(Edit::Remove { .. }) => Ok(()),
            Some(Edit::Set { json, .. }) => self.inner.serialize_entry(name, raw(json)?),
            Some(Edit::Rename { to, .. }) => self.inner.serialize_entry(to.as_ref(), value),
            None => match &self.edited.replace {
                Some((replaced, with)) if *replaced == name => self.inner.serialize_entry(name, with),
                _ => self.inner.serialize_entry(name, value),
            },
        }
    }
}

/// A member's name; every object here has strings for names.
fn text<K: ?Sized + Serialize, E: Error>(key: &K) -> Result<Cow<'static, str>, E> {
    match serde_json::to_value(key) {
        Ok(Value::String(text)) => Ok(text.into()),
        _ => Err(E::custom("a member's name is no string")),
    }
}

impl<T, R: Serialize, M: SerializeMap> SerializeMap for Members<'_, T, R, M> {
    type Ok = M::Ok;
    type Error = M::Error;

    fn serialize_key<K: ?Sized + Serialize>(&mut self, key: &K) -> Result<(), M::Error> {
        self.name = Some(text(key)?.into_owned());
        Ok(())
    }

    fn serialize_value<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), M::Error> {
        let name = self.name.take().ok_or_else(|| M::Error::custom("a value without a name"))?;
        self.entry(&name, value)
    }

    fn serialize_entry<K, V>(&mut self, key: &K, value: &V) -> Result<(), M::Error>
    where
        K: ?Sized + Serialize,
        V: ?Sized + Serialize,
    {
        self.entry(&text(key)?, value)
    }

    fn end(mut self) -> Result<M::Ok, M::Error> {
        for (index, edit) in self.edited.edits.iter().enumerate() {
            if let Edit::Set { name, json } = edit
                && !self.edited.met.borrow().contains(&index)
            {
                self.inner.serialize_entry(name.as_ref(), raw(json)?)?;
            }
        }
        let own = self.edited.own.borrow();
        for (name, value) in
            self.edited.defaults.into_iter().flatten().filter(|(name, _)| !own.contains(name))
        {
            self.inner.serialize_entry(name, value)?;
        }
        self.inner.end()
    }
}

/// The object itself: a map and nothing else.
struct TopLevel<'a, T, R, S> {
    edited: &'a Edited<'a, T, R>,
    inner: S,
}

macro_rules! refuse {
    ($($method:ident($($argument:ty),*);)+) => { $(
        fn $method(self, $(_: $argument),*) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("not an object"))
        }
    )+ };
}

macro_rules! refuse_compound {
    ($($method:ident($($argument:ty),*) -> $kind:ident;)+) => { $(
        fn $method(self, $(_: $argument),*) -> Result<Self::$kind, S::Error> {
            Err(S::Error::custom("not an object"))
        }
    )+ };
}

impl<'a, T, R: Serialize, S: Serializer> Serializer for TopLevel<'a, T, R, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Impossible<S::Ok, S::Error>;
    type SerializeTuple = Impossible<S::Ok, S::Error>;
    type SerializeTupleStruct = Impossible<S::Ok, S::Error>;
    type SerializeTupleVariant = Impossible<S::Ok, S::Error>;
    type SerializeMap = Members<'a, T, R, S::SerializeMap>;
    type SerializeStruct = Impossible<S::Ok, S::Error>;
    type SerializeStructVariant = Impossible<S::Ok, S::Error>;

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        // How many members there will be is not known: some are taken out, some are added.
        Ok(Members { edited: self.edited, inner: self.inner.serialize_map(None)?, name: None })
    }

    fn serialize_some<V: ?Sized + Serialize>(self, value: &V) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<V: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<V: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &V,
    ) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("not an object"))
    }

    refuse! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(&'static str);
        serialize_unit_variant(&'static str, u32, &'static str);
    }

    refuse_compound! {
        serialize_seq(Option<usize>) -> SerializeSeq;
        serialize_tuple(usize) -> SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant;
        serialize_struct(&'static str, usize) -> SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant;
    }
}

#[cfg(test)]
mod tests {
    use llm_types::{ChatRequest, Message};
    use serde_json::json;

    use super::*;

    #[test]
    fn members_are_set_renamed_removed_replaced_and_added() {
        let mut request = ChatRequest::new("alias", vec![Message::user("hi")]);
        request.seed = 7.into();
        request.n = 2.into();
        request.extra.insert("top_k".to_owned(), json!(3));
        let edits = [
            Edit::set_text("model", "real"),
            Edit::Rename { name: "seed".into(), to: "random_seed".into() },
            Edit::Remove { name: "n".into(), reason: "one only".into() },
            Edit::Remove { name: "top_k".into(), reason: "".into() },
            Edit::Remove { name: "absent".into(), reason: "".into() },
            Edit::Set { name: "added".into(), json: "[1]".to_owned() },
        ];
        let mut out = Vec::new();
        let met = Edited::write(&request, Some(("messages", "gone")), &edits, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"model":"real","messages":"gone","random_seed":7,"added":[1]}"#
        );
        assert_eq!(met.iter().map(|edit| edit.name()).collect::<Vec<_>>(), ["model", "n", "seed", "top_k"]);
    }

    #[test]
    fn a_default_does_not_speak_over_the_request() {
        let defaults = json!({"stream": false, "user": "u", "own": 1, "other": 2});
        let Value::Object(defaults) = defaults else { unreachable!() };
        let mut request = ChatRequest::new("m", Vec::new());
        request.stream = true.into();
        request.extra.insert("own".to_owned(), json!(3));
        let mut out = Vec::new();
        let none = None::<(&'static str, ())>;
        Edited::write_with(&request, none, &[], Some(&defaults), &mut out).unwrap();
        let written: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            written,
            json!({"model": "m", "messages": [], "stream": true, "own": 3, "user": "u", "other": 2})
        );
    }
}
