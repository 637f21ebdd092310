"""Vendors of vectors and of rankings: requests and answers as each vendor documents them.

Sources: OpenAI API reference, "Embeddings"; Gemini API reference, "Embeddings"; Cohere API reference, "Embed V2" and
"Rerank V2"; Ollama docs, "Generate embeddings"; Amazon Bedrock user guide, "Cohere Embed models"; Mistral API
reference, "Embeddings"; Voyage AI docs, "Rerankers"; read 2026-11.
"""

from wires import exchange

from .vendor import MATRIX_KEY


class Embedder:
    """A vendor that makes vectors."""

    model: str
    path: str
    # Whether it tells how many tokens it has read.
    counts = True

    def deployment(self, mock_url: str) -> dict:
        raise NotImplementedError

    def answer(self, vectors: list[list[float]], tokens: int) -> dict:
        raise NotImplementedError

    def texts(self, body: dict) -> list[str]:
        raise NotImplementedError

    def embeds(self, vectors: list[list[float]], tokens: int) -> dict:
        return exchange(self.path, self.answer(vectors, tokens))


class OpenAI(Embedder):
    model = "vectors-openai"
    path = "/v1/embeddings"
    upstream = "openai/text-embedding-3-small"

    def deployment(self, mock_url: str) -> dict:
        return {"model": self.upstream, "api_base": f"{mock_url}/v1", "api_key": MATRIX_KEY}

    def answer(self, vectors: list[list[float]], tokens: int) -> dict:
        data = [{"object": "embedding", "index": index, "embedding": one} for index, one in enumerate(vectors)]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": "text-embedding-3-small", "usage": usage}

    def texts(self, body: dict) -> list[str]:
        return body["input"]


class Mistral(OpenAI):
    model = "vectors-mistral"
    upstream = "mistral/mistral-embed"


class Gemini(Embedder):
    # Google's SDK joins texts for models with its own name in theirs.
    model = "vectors-google"
    path = "/v1beta/models/gemini-embedding-001:batchEmbedContents"
    counts = False

    def deployment(self, mock_url: str) -> dict:
        return {"model": "gemini/gemini-embedding-001", "api_base": f"{mock_url}/v1beta", "api_key": MATRIX_KEY}

    def answer(self, vectors: list[list[float]], tokens: int) -> dict:
        return {"embeddings": [{"values": one} for one in vectors]}

    def texts(self, body: dict) -> list[str]:
        assert {one["model"] for one in body["requests"]} == {"models/gemini-embedding-001"}
        return ["".join(part["text"] for part in one["content"]["parts"]) for one in body["requests"]]


class Cohere(Embedder):
    model = "vectors-cohere"
    path = "/v2/embed"

    def deployment(self, mock_url: str) -> dict:
        return {"model": "cohere/embed-v4.0", "api_base": mock_url, "api_key": MATRIX_KEY}

    def answer(self, vectors: list[list[float]], tokens: int) -> dict:
        return {
            "id": "da6e531f-54c5-4a73-bf92-f60566d8d753",
            "embeddings": {"float": vectors},
            "texts": [],
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": tokens}},
        }

    def texts(self, body: dict) -> list[str]:
        assert body["input_type"] and body["embedding_types"] in (["float"], ["base64"])
        return body["texts"]


class Ollama(Embedder):
    model = "vectors-ollama"
    path = "/api/embed"

    def deployment(self, mock_url: str) -> dict:
        return {"model": "ollama/all-minilm", "api_base": mock_url, "api_key": MATRIX_KEY}

    def answer(self, vectors: list[list[float]], tokens: int) -> dict:
        return {"model": "all-minilm", "embeddings": vectors, "total_duration": 1, "prompt_eval_count": tokens}

    def texts(self, body: dict) -> list[str]:
        return body["input"]


class BedrockCohere(Embedder):
    model = "vectors-bedrock"
    path = "/model/cohere.embed-multilingual-v3/invoke"
    counts = False

    def deployment(self, mock_url: str) -> dict:
        return {"model": "bedrock/cohere.embed-multilingual-v3", "api_base": mock_url, "api_key": MATRIX_KEY}

    def answer(self, vectors: list[list[float]], tokens: int) -> dict:
        return {"id": "5e6d", "response_type": "embeddings_floats", "embeddings": vectors, "texts": []}

    def texts(self, body: dict) -> list[str]:
        assert body["input_type"]
        return body["texts"]


EMBEDDERS: list[Embedder] = [OpenAI(), Mistral(), Gemini(), Cohere(), Ollama(), BedrockCohere()]


class CohereRanker:
    model = "ranks-cohere"
    path = "/v2/rerank"
    count = "top_n"

    def deployment(self, mock_url: str) -> dict:
        return {"model": "cohere/rerank-v3.5", "api_base": mock_url, "api_key": MATRIX_KEY}

    def ranks(self, scores: list[tuple[int, float]]) -> dict:
        results = [{"index": index, "relevance_score": score} for index, score in scores]
        meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
        return exchange(self.path, {"id": "07734bd2", "results": results, "meta": meta})


class VoyageRanker(CohereRanker):
    model = "ranks-voyage"
    path = "/v1/rerank"
    count = "top_k"

    def deployment(self, mock_url: str) -> dict:
        return {"model": "voyage/rerank-2.5", "api_base": f"{mock_url}/v1", "api_key": MATRIX_KEY}

    def ranks(self, scores: list[tuple[int, float]]) -> dict:
        data = [{"index": index, "relevance_score": score} for index, score in scores]
        usage = {"total_tokens": 26}
        return exchange(self.path, {"object": "list", "data": data, "model": "rerank-2.5", "usage": usage})


RANKERS = [CohereRanker(), VoyageRanker()]
