"""Requests made from the API's description, right and wrong ones: no status that is not described, no 5xx, no body that is not
as described.

OPENAPI_EXAMPLES requests an operation (200; `make evidence`: 700), from OPENAPI_SEED, which is printed: the same seed sends the
same requests again.
"""

import os
import pathlib
import random

import hypothesis
import hypothesis.strategies as st
import pytest
import requests
import schemathesis
import yaml
from client import token
from conftest import required
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance, response_schema_conformance, status_code_conformance)

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES") or (700 if os.environ.get("MILLRACE_EVIDENCE") == "1" else 200))
SEED = int(os.environ.get("OPENAPI_SEED") or random.SystemRandom().randrange(2**32))
DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "openapi.yaml"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


# What any request may be answered: the description's `default`.
ANYWHERE = ("404", "405", "414", "431")


def described():
    """The description with `default` meaning these statuses only: every other one has to be named."""
    description = yaml.safe_load(DOCUMENT.read_text())
    for path, item in list(description["paths"].items()):
        if not path.startswith("/api/"):
            del description["paths"][path]
            continue
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                general = operation["responses"].pop("default", None)
                for status in ANYWHERE if general else ():
                    operation["responses"].setdefault(status, general)
    return description


def named():
    """The statuses that each operation names itself."""
    paths = yaml.safe_load(DOCUMENT.read_text())["paths"]
    return {
        f"{method.upper()} {path}": {str(status) for status in operation["responses"]}
        for path, item in paths.items() for method, operation in item.items() if method != "parameters" and method != "description"}


NAMED = named()
SCHEMA = schemathesis.openapi.from_dict(described())
OPERATIONS = [result.ok() for result in SCHEMA.get_all_operations()]


@pytest.fixture(scope="module")
def session(request):
    required("BASE_URL")
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    if reporter:
        reporter.write_line(f"OPENAPI_SEED={SEED} OPENAPI_EXAMPLES={EXAMPLES}")
    with requests.Session() as session:
        yield session


def callers(secret):
    """Who asks: mostly a server, else a user, a token for reading one feed, a wrong one, nobody."""
    server = token(secret)
    return st.sampled_from(
        [server] * 6
        + [token(secret, user_id="fuzz"), token(secret, resource="*", action="read", feed_id="userfuzz"), server + "x", ""])


def send(operation, session, count, mode):
    secret, base = required("API_SECRET"), required("BASE_URL").rstrip("/")

    @hypothesis.seed(SEED)
    @hypothesis.settings(
        max_examples=count, deadline=None, database=None, phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck), print_blob=False)
    @hypothesis.given(st.data())
    def run(data):
        case = data.draw(operation.as_strategy(generation_mode=mode))
        # Groups that exist let requests get further than to a refusal of the path.
        for name, known in (("slug", ["user", "timeline", "flat"]), ("id", ["fuzz", "1"]), ("name", ["fuzz"])):
            if name in (case.path_parameters or {}) and data.draw(st.integers(0, 9)) < 8:
                case.path_parameters[name] = data.draw(st.sampled_from(known))
        caller = data.draw(callers(secret))
        case.headers.pop("X-Api-Key", None)
        headers = {"Stream-Auth-Type": "jwt", "Authorization": caller}
        if "Idempotency-Key" in case.headers and data.draw(st.booleans()):
            case.headers.pop("Idempotency-Key")
        params = {"api_key": required("API_KEY")}
        if isinstance(case.query, dict):
            case.query.pop("api_key", None)
        response = case.call(base_url=base, session=session, headers=headers, params=params, timeout=30)
        case.validate_response(response, checks=CHECKS)
        if response.status_code == 404 and "404" not in NAMED[operation.label]:
            assert response.json()["detail"] == "there is nothing at this path"

    run()


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_generated_requests_are_answered_as_described(session, operation):
    try:
        for mode in MODES:
            send(operation, session, EXAMPLES // len(MODES), mode)
    except BaseException as error:
        error.add_note(f"again: OPENAPI_SEED={SEED} OPENAPI_EXAMPLES={EXAMPLES}")
        raise
