"""What every suite shares: one mock vendor and one gateway for the session, clients of all SDKs."""

import anthropic
import httpx
import openai
import pytest

import known
from clients import CLIENTS
from harness import MASTER_KEY, Gateway, Mock, config
from speakers import AnthropicSpeaker, OpenAISpeaker
from vendors import PASSED, VENDORS
from vendors.vectors import EMBEDDERS, RANKERS
from wires import AnthropicWire, OpenAIWire

SHORT_S = 10


def pytest_collection_modifyitems(items):
    for item in items:
        if why := known.reason(item.name):
            item.add_marker(pytest.mark.xfail(reason=why, strict=True))


@pytest.fixture(scope="session")
def running_mock():
    mock = Mock()
    yield mock
    mock.stop()


@pytest.fixture(scope="session")
def gateway(running_mock, tmp_path_factory):
    server = {"max_body_bytes": 1 << 20, "keepalive_comment_ms": 0}
    settings = config(running_mock.url, llm_gateway={"server": server})
    settings["model_list"] += [
        {"model_name": vendor.model, "litellm_params": vendor.deployment(running_mock.url)}
        for vendor in [*VENDORS, *EMBEDDERS, *RANKERS]
    ]
    # The same vendors once more, under names whose streams go on when they break off.
    going_on = {f"{one['model_name']}-goes-on": one["litellm_params"] for one in settings["model_list"][:2]}
    settings["model_list"] += [
        {"model_name": name, "litellm_params": params | {"num_retries": 2}} for name, params in going_on.items()
    ]
    settings["router_settings"] |= {"model_group_stream_continuation": dict.fromkeys(going_on, True)}
    gateway = Gateway(settings, tmp_path_factory.mktemp("gateway"))
    yield gateway
    gateway.stop()


@pytest.fixture
def mock(running_mock):
    """The mock vendor as new: no record, no script, no exchanges."""
    running_mock.reset()
    return running_mock


@pytest.fixture(scope="session")
def openai_client(gateway):
    with openai.OpenAI(
        base_url=f"{gateway.url}/v1", api_key=MASTER_KEY, max_retries=0, timeout=SHORT_S
    ) as client:
        yield client


@pytest.fixture(scope="session")
def anthropic_client(gateway):
    with anthropic.Anthropic(
        base_url=gateway.url, api_key=MASTER_KEY, max_retries=0, timeout=SHORT_S
    ) as client:
        yield client


@pytest.fixture(scope="session")
def http(gateway):
    """Plain HTTP, with the right key."""
    headers = {"authorization": f"Bearer {MASTER_KEY}"}
    with httpx.Client(base_url=gateway.url, headers=headers, trust_env=False, timeout=SHORT_S) as client:
        yield client


@pytest.fixture(params=["openai_sdk", "anthropic_sdk"])
def speaker(request):
    """Either SDK, behind one face."""
    if request.param == "openai_sdk":
        return OpenAISpeaker(request.getfixturevalue("openai_client"))
    return AnthropicSpeaker(request.getfixturevalue("anthropic_client"))


@pytest.fixture(params=["openai_vendor", "anthropic_vendor"])
def wire(request):
    """Either vendor, as it writes."""
    return OpenAIWire() if request.param == "openai_vendor" else AnthropicWire()


@pytest.fixture(scope="session")
def all_clients(gateway):
    return {kind: kind(gateway.url, MASTER_KEY) for kind in CLIENTS}


@pytest.fixture(params=CLIENTS, ids=lambda kind: f"{kind.name}_sdk")
def client(request, all_clients):
    """Each SDK of the matrix."""
    return all_clients[request.param]


@pytest.fixture(params=VENDORS, ids=lambda vendor: vendor.model.removeprefix("matrix-"))
def vendor(request, client):
    """Each vendor of the matrix, as it writes when this client asks."""
    return PASSED.get((client.name, request.param.model), request.param)


@pytest.fixture(params=["whole", "streamed"])
def streamed(request):
    """Whether the answer is streamed."""
    return request.param == "streamed"
