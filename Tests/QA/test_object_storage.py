"""The contract of object storage against moto, an S3 in Python that checks signatures."""

import os
import pathlib
import shlex
import subprocess

import pytest

import s3_service
from private_stack import BINARIES, ROOT, Control, Postgres, Service
from pictures import png, png_size
from client import token

COMMAND = os.environ.get("MILLRACE_SWIFT_TEST")
requests = pytest.importorskip("requests")
pytest.importorskip("boto3")


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with s3_service.running(tmp_path_factory.mktemp("moto")) as service:
        yield service


@pytest.mark.skipif(not COMMAND, reason="needs MILLRACE_SWIFT_TEST, the command that runs built module tests")
def test_s3_keeps_the_contract_of_object_storage(s3):
    endpoint, key, secret, bucket = s3
    done = subprocess.run(
        [*shlex.split(COMMAND), "--filter", "ObjectStorageTests"], cwd=ROOT, capture_output=True, text=True, timeout=600,
        env={**os.environ, "MILLRACE_TEST_S3": endpoint, "MILLRACE_TEST_S3_KEY": key, "MILLRACE_TEST_S3_SECRET": secret})
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-5000:]
    for name in ("s3KeepsTheContract()", "s3RefusesAWrongSecret()", "s3RefusesAWrongBucketWithTheReason()"):
        assert f"Test {name} passed" in said, said[-5000:]
    # What lies in the bucket is below its owners' names.
    names = [item["Key"] for item in bucket.list_objects_v2(Bucket="millrace").get("Contents", [])]
    assert names and all(pathlib.PurePosixPath(name).parts[0] == "apps" for name in names)


@pytest.mark.skipif(
    os.environ.get("READ_ONLY") == "1" or not (BINARIES / "feed-api").exists(),
    reason="needs the machine's own PostgreSQL and the built services (MILLRACE_BIN)")
def test_uploads_lie_in_s3_where_the_operator_says_so(s3, tmp_path):
    endpoint, access_key, secret_key, bucket = s3
    postgres, services = Postgres(), []
    try:
        control = Control(postgres, tmp_path)
        keevo = Service("keevo", tmp_path)
        api = Service(
            "feed-api", tmp_path, keevo=keevo.listen, postgres=postgres.connection, master_key_file=control.master_key,
            redis="127.0.0.1:1", storage_dir=tmp_path / "objects", s3_endpoint=endpoint, s3_access_key=access_key,
            s3_secret_key=secret_key)
        services = [api, keevo]
        app = control.json("apply", control.file("s3"))
        keevo.start().wait_ready()
        api.start().wait_ready()
        base = f"http://{api.listen}/api/v1.0"
        common = {
            "headers": {"Authorization": token(app["secret"]), "Stream-Auth-Type": "jwt"}, "timeout": 60}

        def keys():
            return [item["Key"] for item in bucket.list_objects_v2(Bucket="millrace", Prefix="apps/").get("Contents", [])
                    if "/uploads/" in item["Key"]]

        def call(method, path, files=None, **query):
            return requests.request(method, f"{base}/{path}", params={"api_key": app["key"], **query}, files=files, **common)

        content = bytes(range(256)) * 12000
        added = call("POST", "files/", files={"file": ("large.bin", content)})
        assert added.status_code == 201, added.text
        url = added.json()["file"]
        assert len(keys()) == 1 and keys()[0].startswith("apps/") and not (tmp_path / "objects").exists()
        assert requests.get(url, timeout=60).content == content
        part = requests.get(url, headers={"Range": "bytes=10-2000009"}, timeout=60)
        assert part.status_code == 206 and part.content == content[10:2000010]
        image = call("POST", "images/", files={"file": ("p.png", png(40, 30))}).json()["file"]
        made = call("GET", "images/", url=image, w=20).json()["file"]
        assert png_size(requests.get(made, timeout=60).content) == (20, 15)
        assert len(keys()) == 3
        assert call("DELETE", "files/", url=url).status_code == 200
        assert len(keys()) == 2 and requests.get(url, timeout=60).status_code == 404
        bucket.delete_object(Bucket="millrace", Key=keys()[0])
    finally:
        for service in services:
            service.remove()
        postgres.remove()
