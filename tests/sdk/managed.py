"""A gateway with a database of its own, and LiteLLM's clients of its management API."""

import os
import subprocess
import sysconfig
from pathlib import Path

from harness import MASTER_KEY, Gateway, Mock, config

# LiteLLM would fetch its table of prices from the internet.
QUIET = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "*", "no_proxy": "*"}


def start(mock: Mock, folder: Path) -> Gateway:
    """A gateway that keeps keys and tenants in a folder."""
    return Gateway(config(mock.url, llm_gateway={"database": {"data_dir": str(folder / "data")}}), folder)


def client_package():
    """LiteLLM's client, which takes seconds to import."""
    os.environ.update(QUIET)
    import litellm.proxy.client as package

    return package


class CommandLine:
    """LiteLLM's command line against one gateway."""

    def __init__(self, url: str, home: Path, key: str = MASTER_KEY):
        self._program = Path(sysconfig.get_path("scripts")) / "litellm-proxy"
        self._environment = QUIET | {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(home),
            "COLUMNS": "400",
            "LITELLM_PROXY_URL": url,
            "LITELLM_PROXY_API_KEY": key,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [str(self._program), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
        )

    def __call__(self, *arguments: str) -> str:
        """What a command that succeeds prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout
