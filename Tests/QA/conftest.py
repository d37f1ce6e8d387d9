"""What the tests against a running stack share.

The stack is named by MILLRACE_STACK_ENV (the var/run/stack.env of `make up`), or by BASE_URL, API_KEY and API_SECRET. A second
app (APP2_KEY, APP2_SECRET) lets the two probe each other. With READ_ONLY=1 only tests marked `reads` run.
"""

import os
import pathlib
import uuid

import pytest

# The SDK would talk to localhost:8000 whatever it is told.
os.environ.pop("LOCAL", None)

ENVIRONMENT_FILE = os.environ.get("MILLRACE_STACK_ENV")
if ENVIRONMENT_FILE:
    for line in pathlib.Path(ENVIRONMENT_FILE).read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            name, value = line.removeprefix("export ").split("=", 1)
            os.environ.setdefault(name, value.strip("'\""))


def pytest_configure(config):
    config.addinivalue_line("markers", "reads: writes nothing, and so runs with READ_ONLY=1 too")


def pytest_collection_modifyitems(items):
    if os.environ.get("READ_ONLY") == "1":
        for item in items:
            if "reads" not in item.keywords:
                item.add_marker(pytest.mark.skip(reason="READ_ONLY=1"))


def required(name):
    value = os.environ.get(name)
    if not value:
        pytest.skip(f"{name} is not given")
    return value


@pytest.fixture(scope="session")
def base_url():
    return required("BASE_URL")


def sdk_client(key, secret, app_id):
    import stream

    return stream.connect(key, secret, app_id, base_url=required("BASE_URL"), timeout=20)


@pytest.fixture(scope="session")
def client():
    """The official SDK, unmodified, as the first app's server."""
    return sdk_client(required("API_KEY"), required("API_SECRET"), os.environ.get("APP_ID", ""))


@pytest.fixture(scope="session")
def other_client():
    """The same as the second app's server."""
    return sdk_client(required("APP2_KEY"), required("APP2_SECRET"), os.environ.get("APP2_ID", ""))


@pytest.fixture
def unique():
    """Makes names that no other test or run uses."""
    return lambda prefix="t": f"{prefix}-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def feed(client, unique):
    """Makes a feed nobody else uses."""
    return lambda group="user": client.feed(group, unique())
