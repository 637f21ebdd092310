"""The vendors of the matrix, by the names of the models that stand for them."""

from .anthropic import Anthropic
from .bedrock import Bedrock, BedrockNova
from .cohere import Cohere
from .gemini import Gemini
from .ollama import Ollama
from .openai import Azure, DeepSeek, Mistral, OpenAI
from .responses import AzurePassed, OpenAIPassed, OpenAIResponses
from .vendor import Vendor

VENDORS: list[Vendor] = [
    OpenAI(),
    OpenAIResponses(),
    Anthropic(),
    Gemini(),
    Bedrock(),
    BedrockNova(),
    Cohere(),
    Ollama(),
    Mistral(),
    Azure(),
    DeepSeek(),
]

# Vendors that are asked otherwise by clients of one dialect: client's name and model -> vendor.
PASSED: dict[tuple[str, str], Vendor] = {
    ("responses", OpenAI.model): OpenAIPassed(),
    ("responses", Azure.model): AzurePassed(),
}
