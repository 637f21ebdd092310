"""What every client of the matrix is: an official SDK behind the face of `speakers`, and what its dialect can say."""

from dataclasses import dataclass

from speakers import Heard, Prompt


@dataclass
class Refused:
    """What an SDK's exception tells."""

    status: int
    message: str
    body: object


class Client:
    """An SDK. `can` and `tells` are in the words of `vendors.vendor`."""

    name: str
    can: frozenset[str]
    tells: frozenset[str]
    exception: type[Exception]

    def __init__(self, url: str, key: str, timeout_s: float = 10):
        raise NotImplementedError

    def ask(self, model: str, prompt: Prompt, streamed: bool) -> Heard:
        raise NotImplementedError

    def go_on(self, model: str, prompt: Prompt, heard: Heard, results: list[str], streamed: bool) -> Heard:
        """Sends the answer back as the SDK gave it, and the results of its calls, in their order."""
        raise NotImplementedError

    def reply(self, model: str, prompt: Prompt, heard: Heard, text: str, streamed: bool) -> Heard:
        """Sends the answer back as the SDK gave it, and what the user says to it."""
        raise NotImplementedError

    def refused(self, exception) -> Refused:
        raise NotImplementedError

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        raise NotImplementedError
