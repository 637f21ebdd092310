"""LiteLLM's own client for its proxy, and its command line, manage the gateway: keys, teams, users, models, credentials."""

import json

import pytest
import requests

from harness import MASTER_KEY
from managed import CommandLine, client_package, start
from optional import needs

pytestmark = [needs("litellm", "tests/sdk/requirements-litellm.txt"), pytest.mark.timeout(180)]

ASK = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def managed(running_mock, tmp_path_factory):
    running_mock.reset()
    gateway = start(running_mock, tmp_path_factory.mktemp("managed"))
    yield gateway
    gateway.stop()


@pytest.fixture(scope="module")
def package():
    return client_package()


@pytest.fixture(scope="module")
def client(package, managed):
    return package.Client(managed.url, MASTER_KEY)


@pytest.fixture(scope="module")
def lite(managed, tmp_path_factory):
    return CommandLine(managed.url, tmp_path_factory.mktemp("home"))


@pytest.fixture
def as_holder(package, managed):
    """The client of a key's holder."""
    return lambda key: package.Client(managed.url, key)


def status(refused) -> int:
    return refused.value.response.status_code


def test_keys(client, package, as_holder):
    made = client.keys.generate(models=["gpt"], key_alias="client-key", duration="1d", aliases={"mine": "gpt"})
    key, token = made["key"], made["token"]
    assert key.startswith("sk-") and made["key_name"].endswith(key[-4:]) and made["expires"]
    assert key not in json.dumps(client.keys.info(key))
    info = client.keys.info(key)["info"]
    assert (info["key_alias"], info["models"], info["aliases"]) == ("client-key", ["gpt"], {"mine": "gpt"})
    assert client.keys.info(token)["info"] == info

    whole = client.keys.list(key_alias="client-key", return_full_object=True, page=1, size=10)
    assert [one["token"] for one in whole["keys"]] == [token]
    assert (whole["total_count"], whole["current_page"], whole["total_pages"]) == (1, 1, 1)
    assert client.keys.list(key_hash=token)["keys"] == [token]

    holder = as_holder(key)
    assert holder.chat.completions("gpt", ASK)["choices"]
    assert holder.chat.completions("mine", ASK)["choices"]
    with pytest.raises(requests.HTTPError) as refused:
        holder.chat.completions("claude", ASK)
    assert status(refused) == 403
    client.keys.update(key, models=["claude"], key_alias="client-key-2")
    assert holder.chat.completions("claude", ASK)["choices"]
    with pytest.raises(requests.HTTPError):
        holder.keys.generate(models=["gpt"], key_alias="more-than-mine")

    assert client.keys.delete(keys=[key])["deleted_keys"]
    with pytest.raises(package.UnauthorizedError):
        holder.chat.completions("claude", ASK)
    client.keys.generate(key_alias="by-alias")
    client.keys.delete(key_aliases=["by-alias"])
    assert client.keys.list(key_alias="by-alias")["keys"] == []
    with pytest.raises(package.UnauthorizedError):
        as_holder("sk-nobody-at-all").keys.list()


def test_teams(client):
    def change(path, **body):
        return client.http.request("POST", f"/team/{path}", json=body)

    for alias in ("client-red", "client-green", "client-blue"):
        change("new", team_alias=alias, models=["gpt"], max_budget=10)
    teams = {team["team_alias"]: team for team in client.teams.list()}
    red = teams["client-red"]
    assert (red["models"], red["max_budget"], red["spend"]) == (["gpt"], 10, 0)
    page = client.teams.list_v2(team_alias="client-", page=2, page_size=2, sort_by="team_alias", sort_order="desc")
    assert [team["team_alias"] for team in page["teams"]] == ["client-blue"]
    assert (page["total"], page["page"], page["page_size"], page["total_pages"]) == (3, 2, 2, 2)
    one = client.teams.list_v2(team_id=red["team_id"])
    assert [team["team_id"] for team in one["teams"]] == [red["team_id"]]
    assert isinstance(client.teams.get_available(), list)

    client.http.request("POST", "/user/new", json={"user_id": "client-member", "auto_create_key": False})
    change("member_add", team_id=red["team_id"], member={"role": "user", "user_id": "client-member"})
    assert [team["team_id"] for team in client.teams.list(user_id="client-member")] == [red["team_id"]]
    key = client.keys.generate(team_id=red["team_id"], key_alias="of-the-team")
    info = client.http.request("GET", f"/team/info?team_id={red['team_id']}")
    assert [one["key_alias"] for one in info["keys"]] == ["of-the-team"]
    assert client.keys.list(team_id=red["team_id"])["keys"] == [key["token"]]
    change("delete", team_ids=[team["team_id"] for team in teams.values() if team["team_alias"].startswith("client-")])
    assert not [team for team in client.teams.list() if team["team_alias"].startswith("client-")]


def test_users(client, package, managed):
    users = package.UsersManagementClient(managed.url, MASTER_KEY)
    made = users.create_user({"user_email": "client@example.com", "user_role": "internal_user", "max_budget": 5})
    name = made["user_id"]
    assert made["key"].startswith("sk-")
    info = users.get_user(name)
    assert (info["user_id"], info["user_info"]["user_email"]) == (name, "client@example.com")
    assert len(info["keys"]) == 1 and info["teams"] == []
    assert users.get_user_v2(name)["user_role"] == "internal_user"
    listed = users.list_users({"user_email": "client@example.com", "page_size": 10})
    assert [user["user_id"] for user in listed] == [name]
    mine = package.UsersManagementClient(managed.url, made["key"]).get_user()
    assert mine["user_id"] == name
    users.delete_user([name])
    with pytest.raises(package.exceptions.NotFoundError):
        users.get_user(name)
    with pytest.raises(package.UnauthorizedError):
        package.UsersManagementClient(managed.url, made["key"]).get_user()


def test_models(client, package, running_mock):
    params = {"model": "openai/gpt-4.1-mini", "api_base": f"{running_mock.url}/v1", "api_key": "sk-of-a-vendor-777"}
    made = client.models.new("client-model", params, {"mode": "chat"})
    found = client.models.get(model_name="client-model")
    name = found["model_info"]["id"]
    assert made["model_id"] == name
    assert found["litellm_params"]["model"] == "openai/gpt-4.1-mini"
    assert "sk-of-a-vendor-777" not in json.dumps([made, client.models.info()])
    assert client.models.get(model_id=name) == found
    assert "client-model" in [model["id"] for model in client.models.list()]
    assert client.chat.completions("client-model", ASK)["choices"]
    assert running_mock.last().headers["authorization"].endswith("-777")
    client.models.update(name, params | {"model": "openai/gpt-4.1-nano"}, {"mode": "chat"})
    assert client.chat.completions("client-model", ASK)["choices"]
    assert running_mock.last().body["model"] == "gpt-4.1-nano"
    groups = [group["model_group"] for group in client.model_groups.info()]
    assert {"gpt", "claude", "client-model"} <= set(groups)
    client.models.delete(name)
    with pytest.raises(package.exceptions.NotFoundError):
        client.models.get(model_id=name)
    with pytest.raises(package.exceptions.NotFoundError):
        client.models.delete(name)
    assert "client-model" not in [model["id"] for model in client.models.list()]


def test_credentials(client, running_mock):
    secret = "sk-of-a-credential-555"
    client.credentials.create("client-credential", {"custom_llm_provider": "openai"}, {"api_key": secret})
    listed = client.credentials.list()
    assert "client-credential" in [one["credential_name"] for one in listed["credentials"]]
    shown = client.credentials.get("client-credential")
    assert shown["credential_info"] == {"custom_llm_provider": "openai"}
    assert secret not in json.dumps([listed, shown])
    params = {"model": "openai/gpt-4.1", "api_base": f"{running_mock.url}/v1", "litellm_credential_name": "client-credential"}
    name = client.models.new("by-credential", params)["model_id"]
    assert client.chat.completions("by-credential", ASK)["choices"]
    assert running_mock.last().headers["authorization"].endswith(secret[-4:])
    client.models.delete(name)
    client.credentials.delete("client-credential")
    with pytest.raises(requests.HTTPError) as refused:
        client.credentials.get("client-credential")
    assert status(refused) == 404


def test_chat_and_http(client, package):
    whole = client.chat.completions("gpt", ASK, temperature=0, max_tokens=20, user="somebody")
    assert whole["choices"][0]["message"]["content"]
    pieces = [chunk["choices"][0]["delta"] for chunk in client.chat.completions_stream("gpt", ASK) if chunk["choices"]]
    assert "".join(piece.get("content") or "" for piece in pieces)
    assert client.http.request("GET", "/v1/models")["data"]
    with pytest.raises(requests.HTTPError) as refused:
        client.http.request("POST", "/key/generate", json={"max_budget": "lots"})
    assert status(refused) == 400


def test_the_command_line_manages_keys(lite, client):
    made = json.loads(lite("keys", "generate", "--models", "gpt,claude", "--key-alias", "cli-key", "--duration", "1d"))
    assert made["key"].startswith("sk-") and made["models"] == ["gpt", "claude"]
    table = lite("keys", "list", "--key-alias", "cli-key")
    assert "Showing 1 keys out of 1" in table and made["token"] in table
    listed = json.loads(lite("keys", "list", "--key-alias", "cli-key", "--format", "json"))
    assert [one["key_alias"] for one in listed["keys"]] == ["cli-key"]
    gone = json.loads(lite("keys", "delete", "--keys", made["key"]))
    assert len(gone["deleted_keys"]) == 1
    assert client.keys.list(key_alias="cli-key")["total_count"] == 0
    refused = lite.run("keys", "generate", "--duration", "soon")
    assert refused.returncode == 1 and "HTTP 400" in refused.stderr, refused


def test_the_command_line_manages_users_and_shows_teams(lite, client):
    client.http.request("POST", "/team/new", json={"team_id": "cli-team", "team_alias": "Team of the CLI"})
    email = "cli@example.com"
    made = json.loads(lite("users", "create", "--email", email, "--alias", "CLI", "--team", "cli-team", "--max-budget", "3"))
    name = made["user_id"]
    row = next(line for line in lite("users", "list").splitlines() if name in line)
    assert email in row and "internal_user" in row and "cli-team" in row
    shown = json.loads(lite("users", "get", "--id", name))
    assert (shown["user_id"], shown["user_info"]["max_budget"]) == (name, 3)
    assert "Team of the CLI" in lite("teams", "list")
    assert "teams" in lite("teams", "available")
    lite("users", "delete", name)
    assert name not in lite("users", "list")
    client.http.request("POST", "/team/delete", json={"team_ids": ["cli-team"]})


def test_the_command_line_manages_models_and_credentials(lite, running_mock):
    base = f"{running_mock.url}/v1"
    added = lite("models", "add", "cli-model", "-p", "model=openai/gpt-4.1", "-p", f"api_base={base}", "-p", "api_key=x", "-i", "mode=chat")
    name = json.loads(added)["model_id"]
    assert "cli-model" in lite("models", "list")
    shown = json.loads(lite("models", "get", "--name", "cli-model"))
    assert shown["model_info"]["id"] == name
    columns = ("--columns", "public_model,upstream_model,id,created_at")
    row = next(line for line in lite("models", "info", *columns).splitlines() if name in line)
    assert "cli-model" in row and "openai/gpt-4.1" in row
    lite("models", "update", name, "-p", "model=openai/gpt-4.1-nano", "-p", f"api_base={base}", "-p", "api_key=x")
    assert json.loads(lite("models", "get", "--id", name))["litellm_params"]["model"] == "openai/gpt-4.1-nano"
    lite("models", "delete", name)
    assert name not in lite("models", "info", *columns)

    lite("credentials", "create", "cli-credential", "--info", '{"custom_llm_provider": "openai"}', "--values", '{"api_key": "sk-hidden"}')
    assert "cli-credential" in lite("credentials", "list") and "sk-hidden" not in lite("credentials", "get", "cli-credential")
    lite("credentials", "delete", "cli-credential")
    assert "cli-credential" not in lite("credentials", "list")


def test_the_command_line_asks_anything(lite):
    listed = json.loads(lite("http", "request", "GET", "/v1/models"))
    assert {"gpt", "claude"} <= {model["id"] for model in listed["data"]}
    body = json.dumps({"model": "gpt", "messages": ASK})
    assert json.loads(lite("http", "request", "POST", "/chat/completions", "-j", body))["choices"]
