"""The processes under test: the gateway and the mock vendor, each the real binary on a free port."""

import json
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
MASTER_KEY = "sk-master-of-the-gateway-4242"
OPENAI_KEY = "vendor-key-of-openai-1111"
ANTHROPIC_KEY = "vendor-key-of-anthropic-2222"
PATIENCE_S = 10


def binary() -> Path:
    """The gateway's binary: `LLM_GATEWAY_BIN`, else the one that cargo has built last."""
    named = os.environ.get("LLM_GATEWAY_BIN")
    candidates = [Path(named)] if named else [ROOT / "target" / kind / "llm-gateway" for kind in ("debug", "release")]
    built = [path for path in candidates if path.is_file()]
    if not built:
        raise FileNotFoundError(f"no gateway at {candidates}; build it: cargo build -p llm-cli")
    return max(built, key=lambda path: path.stat().st_mtime)


class Process:
    """A process that prints where it listens. Its output is read to the end, so that it never blocks."""

    def __init__(self, *arguments: str):
        # Nothing of the machine's own keys and proxies reaches the process.
        environment = {"PATH": os.environ.get("PATH", ""), "NO_PROXY": "*"}
        self.lines: list[str] = []
        self.log: list[str] = []
        self._address = threading.Event()
        self._logged = threading.Condition()
        self.url = ""
        self._child = subprocess.Popen(
            [str(binary()), *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._readers = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_log, daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        if not self._address.wait(PATIENCE_S) or not self.url:
            self.stop()
            raise RuntimeError(f"{arguments} did not start:\n" + "".join(self.lines + self.log))

    def _read_output(self):
        for line in self._child.stdout:
            self.lines.append(line)
            found = re.search(r"https?://[\d.]+:\d+", line)
            if found and not self.url:
                self.url = found.group()
                self._address.set()
        self._address.set()

    def _read_log(self):
        for line in self._child.stderr:
            with self._logged:
                self.log.append(line)
                self._logged.notify_all()

    def logged(self, word: str) -> list[str]:
        """The lines with this word, as soon as there is one."""
        with self._logged:
            self._logged.wait_for(lambda: any(word in line for line in self.log), PATIENCE_S)
            return [line for line in self.log if word in line]

    def stop(self):
        """Ends the process by its handle, and takes what it still had to say."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        for reader in self._readers:
            reader.join(PATIENCE_S)


@dataclass
class Seen:
    """A request as the mock vendor received it."""

    path: str
    query: str | None
    headers: dict[str, str]
    text: str
    outcome: str

    @property
    def body(self):
        return json.loads(self.text)


class Mock:
    """The mock vendor, with its control API."""

    def __init__(self):
        self._process = Process("mock", "--port", "0")
        self.url = self._process.url
        self._control = httpx.Client(base_url=f"{self.url}/_mock/", trust_env=False, timeout=PATIENCE_S)

    def script(self, *scripts: dict):
        """Each of the next requests follows a script of its own; one alone serves all of them."""
        self._put("script", scripts[0] if len(scripts) == 1 else list(scripts))

    def replay(self, *exchanges: dict):
        """From now on answers come from these exchanges alone."""
        self._put("exchanges", list(exchanges))

    def reset(self):
        for what in ("requests", "script", "exchanges"):
            self._control.delete(what).raise_for_status()

    def requests(self) -> list[Seen]:
        data = self._control.get("requests").raise_for_status().json()["data"]
        return [Seen(one["path"], one["query"], one["headers"], one["body"], one["outcome"]) for one in data]

    def last(self) -> Seen:
        return self.requests()[-1]

    def outcomes(self) -> list[str]:
        """How the requests ended, once all of them have."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            outcomes = [seen.outcome for seen in self.requests()]
            if "open" not in outcomes or time.monotonic() > deadline:
                return outcomes
            time.sleep(0.01)

    def record(self) -> str:
        """All that reached the vendor, as text."""
        return self._control.get("requests").text

    def stop(self):
        self._control.close()
        self._process.stop()

    def _put(self, what: str, value):
        answer = self._control.put(what, json=value)
        assert answer.is_success, answer.text


class Gateway:
    """A gateway with a configuration of its own."""

    def __init__(self, config: dict, folder: Path):
        file = folder / "config.yaml"
        # JSON is YAML.
        file.write_text(json.dumps(config, indent=1))
        self._process = Process("--config", str(file), "--port", "0", "--log-format", "json")
        self.url = self._process.url
        self.log = self._process.log
        self.logged = self._process.logged

    def stop(self):
        self._process.stop()


def config(mock_url: str, **settings) -> dict:
    """Two vendors behind plain names and wildcards, both served by the mock."""

    def deployment(name: str, model: str, base: str, key: str) -> dict:
        return {"model_name": name, "litellm_params": {"model": model, "api_base": base, "api_key": key}}

    openai = (f"{mock_url}/v1", OPENAI_KEY)
    anthropic = (mock_url, ANTHROPIC_KEY)
    return {
        "model_list": [
            deployment("gpt", "openai/gpt-4.1", *openai),
            deployment("claude", "anthropic/claude-sonnet-4-5", *anthropic),
            deployment("openai/*", "openai/*", *openai),
            deployment("anthropic/*", "anthropic/*", *anthropic),
        ],
        "general_settings": {"master_key": MASTER_KEY},
        # What a vendor says is told as it is: no request is sent twice, and none is held back for what another one met.
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        **settings,
    }
