"""The clients of the matrix: every dialect's official SDK."""

from .chat import AnthropicMessages, OpenAIChat
from .client import Client
from .cohere import Cohere
from .converse import Converse
from .gemini import Gemini
from .ollama import Ollama
from .responses import Responses

CLIENTS: list[type[Client]] = [OpenAIChat, AnthropicMessages, Responses, Gemini, Converse, Cohere, Ollama]
