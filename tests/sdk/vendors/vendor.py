"""What every vendor of the matrix has beside its wire: where it is asked, with what key, and what it can."""

from dataclasses import dataclass

from harness import Seen
from wires import exchange

MATRIX_KEY = "vendor-key-of-the-matrix-7777"
# What a wire can carry; the matrix asks for it only where both ends can.
THINKS, SIGNS, IDS, IMAGES, SCHEMA, REFUSES = "thinks", "signs", "ids", "images", "schema", "refuses"
# Counts of `Usage` beside those that every wire has.
CACHED, CACHE_WRITE, THINKING = "cached", "cache_write", "thinking"


@dataclass
class Refusal:
    """How a vendor refuses: its status, its words and its body."""

    status: int
    message: str
    body: dict
    headers: dict


class Vendor:
    """A vendor as the matrix asks it; the classes beside this one write and read its wire."""

    name: str
    model: str
    can: frozenset[str] = frozenset()
    tells: frozenset[str] = frozenset()
    # How a schema for the answer is told: by a word that the wire has for it, as the input of a tool, or in the prompt.
    form = "word"
    # Whether the request says in its body that a stream is wanted.
    flagged = True
    # What every request of this vendor must have.
    key_header = ("authorization", f"Bearer ***{MATRIX_KEY[-4:]}")

    def deployment(self, mock_url: str) -> dict:
        raise NotImplementedError

    def address(self, streamed: bool) -> str:
        raise NotImplementedError

    def refusal(self, kind: str) -> Refusal:
        """`kind` is one of `key`, `model`, `rate` and `window`."""
        raise NotImplementedError

    def refuses(self, kind: str, streamed: bool) -> dict:
        refusal = self.refusal(kind)
        return exchange(self.address(streamed), refusal.body, status=refusal.status, headers=refusal.headers)

    def check_head(self, seen: Seen, streamed: bool):
        """Where the request went, and with what key."""
        query = f"?{seen.query}" if seen.query else ""
        assert seen.path + query == self.address(streamed)
        name, value = self.key_header
        assert seen.headers[name] == value
        assert seen.headers["content-type"] == "application/json"
        if self.flagged:
            assert bool(seen.body.get("stream")) == streamed
        else:
            assert "stream" not in seen.body
