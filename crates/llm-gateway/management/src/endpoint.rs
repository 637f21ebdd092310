//! Routes: what serves them, and what is said of them in the documentation.

use std::sync::Arc;

use axum::routing::MethodRouter;

use crate::member::Member;
use crate::office::Office;
use crate::shape::Shape;

/// A member of a request or an answer, for the documentation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Param {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) shape: Shape,
    pub(crate) required: bool,
}

impl Param {
    /// One that may be left out.
    pub(crate) const fn new(name: &'static str, shape: Shape, about: &'static str) -> Self {
        Self { name, about, shape, required: false }
    }

    /// The same, which must be there.
    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Those of a record's members that may be set.
    pub(crate) fn settable<R>(members: &[Member<R>]) -> Vec<Self> {
        let set = members.iter().filter(|member| member.set.is_some());
        set.map(|member| Self::new(member.name, member.shape, member.about)).collect()
    }

    /// Those of a record's members that are shown.
    pub(crate) fn shown<R>(members: &[Member<R>]) -> Vec<Self> {
        let shown = members.iter().filter(|member| member.get.is_some());
        shown.map(|member| Self::new(member.name, member.shape, member.about)).collect()
    }
}

/// A route.
pub(crate) struct Endpoint {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) purpose: &'static str,
    pub(crate) handler: MethodRouter<Arc<Office>>,
    pub(crate) docs: Docs,
}

/// What a route takes and gives, beside what its path says.
#[derive(Debug, Default)]
pub(crate) struct Docs {
    pub(crate) query: Vec<Param>,
    /// Members of the body; `None` for no body.
    pub(crate) body: Option<Vec<Param>>,
    pub(crate) answer: Answer,
    /// The status of the answer, if it is not 200.
    pub(crate) status: Option<u16>,
}

/// What an answer is.
#[derive(Debug)]
pub(crate) enum Answer {
    /// An object with these members.
    Object(Vec<Param>),
    /// Something else.
    Other(Shape),
    /// Nothing.
    Empty,
}

impl Default for Answer {
    fn default() -> Self {
        Self::Other(Shape::Any)
    }
}

impl Endpoint {
    pub(crate) fn get(path: &'static str, purpose: &'static str, handler: MethodRouter<Arc<Office>>) -> Self {
        Self::new("GET", path, purpose, handler)
    }

    pub(crate) fn post(
        path: &'static str,
        purpose: &'static str,
        handler: MethodRouter<Arc<Office>>,
    ) -> Self {
        Self::new("POST", path, purpose, handler)
    }

    /// `handler` must answer the method alone.
    pub(crate) fn new(
        method: &'static str,
        path: &'static str,
        purpose: &'static str,
        handler: MethodRouter<Arc<Office>>,
    ) -> Self {
        Self { method, path, purpose, handler, docs: Docs::default() }
    }

    /// With members of the query.
    pub(crate) fn asks(mut self, query: impl IntoIterator<Item = Param>) -> Self {
        self.docs.query.extend(query);
        self
    }

    /// With members of the body.
    pub(crate) fn takes(mut self, body: impl IntoIterator<Item = Param>) -> Self {
        self.docs.body.get_or_insert_default().extend(body);
        self
    }

    /// With an object as its answer.
    pub(crate) fn gives(mut self, answer: impl IntoIterator<Item = Param>) -> Self {
        self.docs.answer = Answer::Object(answer.into_iter().collect());
        self
    }

    /// With more members of the answer.
    pub(crate) fn gives_too(mut self, more: impl IntoIterator<Item = Param>) -> Self {
        if let Answer::Object(answer) = &mut self.docs.answer {
            answer.extend(more);
        }
        self
    }

    /// With another status than 200.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.docs.status = Some(status);
        self
    }

    /// With status 204, and no body.
    pub(crate) fn gives_nothing(mut self) -> Self {
        self.docs.answer = Answer::Empty;
        self.status(204)
    }

    /// With another answer.
    pub(crate) fn gives_other(mut self, shape: Shape) -> Self {
        self.docs.answer = Answer::Other(shape);
        self
    }
}
