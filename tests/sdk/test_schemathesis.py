"""What the gateway says of itself in /openapi.json holds for requests of all kinds, sensible and not.

Requests are made from the document by schemathesis, the same ones each time. Some of their ids are replaced by ids that
exist, so that they come as far as the records.
"""

import httpx
import pytest

from harness import MASTER_KEY, PATIENCE_S
from managed import start
from optional import needs

pytestmark = [needs("schemathesis", "tests/sdk/requirements.txt"), pytest.mark.timeout(180)]

# Each part of the operations is a test of its own, which may run beside the others.
PARTS = 4
EXAMPLES = 5
# What keeps the process busy, or asks vendors: nothing that a document of inputs and answers is checked with.
PASSED_OVER = {"/health", "/config/reload"}
HEADERS = {"authorization": f"Bearer {MASTER_KEY}"}


@pytest.fixture(scope="module")
def served(running_mock, tmp_path_factory):
    gateway = start(running_mock, tmp_path_factory.mktemp("schemathesis"))
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def http(served):
    with httpx.Client(base_url=served.url, headers=HEADERS, trust_env=False, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture(scope="module")
def document(http):
    return http.get("/openapi.json").raise_for_status().json()


@pytest.fixture(scope="module")
def known(http):
    """Ids of records that exist, by the names that requests have for them."""

    def made(path, **body):
        return http.post(path, json=body).raise_for_status().json()

    organization = made("/organization/new", organization_alias="known", models=["gpt"])["organization_id"]
    team = made("/team/new", team_alias="known", organization_id=organization)["team_id"]
    user = made("/user/new", user_email="known@example.com", auto_create_key=False)["user_id"]
    made("/budget/new", budget_id="known", max_budget=1)
    made("/tag/new", name="known")
    made("/customer/new", user_id="known")
    params = {"model": "openai/gpt-4.1", "api_key": "x"}
    model = made("/model/new", model_name="known", litellm_params=params)["model_id"]
    made("/credentials", credential_name="known", credential_info={}, credential_values={"api_key": "x"})
    key = made("/key/generate", key_alias="known", team_id=team)["token"]
    return {
        "organization_id": organization,
        "team_id": team,
        "user_id": user,
        "end_user_id": "known",
        "budget_id": "known",
        "model_id": model,
        "credential_name": "known",
        "key": key,
        "key_alias": "known",
        "name": "known",
        "id": model,
        "keys": [key],
        "team_ids": [team],
        "user_ids": [user],
    }


def test_the_document_is_valid(document):
    openapi_spec_validator = pytest.importorskip("openapi_spec_validator")
    openapi_spec_validator.validate(document)
    assert document["openapi"].startswith("3.1")
    assert len(document["paths"]) > 60


@pytest.mark.parametrize("part", range(PARTS))
def test_no_server_error_and_nothing_undeclared(part, served, document, known):
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as some
    from schemathesis import checks

    wanted = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    asked = 0

    def fill(members, data):
        for name in set(members or ()) & set(known) if isinstance(members, dict) else ():
            if data.draw(some.booleans()):
                members[name] = known[name]

    def ask(operation):
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), data=some.data())
        def ask_once(case, data):
            nonlocal asked
            asked += 1
            for members in (case.path_parameters, case.query, case.body):
                fill(members, data)
            case.call_and_validate(base_url=served.url, headers=HEADERS, checks=wanted, timeout=PATIENCE_S)

        ask_once()

    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    operations = [one for one in operations if one.path not in PASSED_OVER]
    faults = []
    for operation in operations[part::PARTS]:
        try:
            ask(operation)
        except* Exception as fault:
            faults += [f"{operation.method.upper()} {operation.path}: {one}" for one in fault.exceptions]
    assert not faults, "\n\n".join(faults)
    assert asked >= len(operations) // PARTS
