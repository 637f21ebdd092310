//! `POST /v2/rerank` from clients.

use llm_provider_core::{Incoming, IngressError, Outgoing, Reply, Rerank, WholeIngress};
use llm_types::{Nullable, RerankMeta, RerankRequest, RerankResponse};
use serde_json::json;

use super::to_bytes;

/// Reads Cohere's ranking requests and writes answers as Cohere's. The canonical form is Cohere's own.
#[derive(Debug, Clone, Copy, Default)]
pub struct CohereRerankIngress;

impl WholeIngress<Rerank> for CohereRerankIngress {
    fn read(&self, body: &[u8]) -> Result<Incoming<RerankRequest>, IngressError> {
        let request: RerankRequest = llm_types::from_slice(body)?;
        if request.documents.is_empty() {
            let message = "is empty: there is nothing to rank".to_owned();
            return Err(IngressError { path: "documents".to_owned(), message });
        }
        Ok(Incoming { request, notes: Vec::new() })
    }

    fn write(&self, request: &RerankRequest, response: &RerankResponse, reply: &Reply) -> Outgoing {
        let mut response = response.clone();
        if response.id.as_deref().unwrap_or_default().is_empty() {
            response.id = Nullable::Value(reply.request_id.clone());
        }
        // Cohere names no model in a ranking.
        response.model = Nullable::Absent;
        let meta = response.meta.get_or_insert_with(RerankMeta::default);
        meta.extra.entry("api_version").or_insert_with(|| json!({ "version": "2" }));
        // Some vendors rank everything, whatever was asked.
        if let Some(count) = request.top_n.get() {
            response.results.truncate(usize::try_from(*count).unwrap_or(usize::MAX));
        }
        let wants_documents = request.return_documents.get() == Some(&true);
        for result in &mut response.results {
            let at = usize::try_from(result.index).unwrap_or(usize::MAX);
            match request.documents.get(at) {
                Some(document) if wants_documents => {
                    if !result.document.is_value() {
                        let text = RerankRequest::text(document).map(|text| json!({ "text": text }));
                        result.document = Nullable::Value(text.unwrap_or_else(|| document.clone()));
                    }
                }
                _ => result.document = Nullable::Absent,
            }
        }
        Outgoing { body: to_bytes(&response), notes: Vec::new() }
    }
}
