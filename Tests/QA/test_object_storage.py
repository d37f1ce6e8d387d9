"""The contract of object storage against moto, an S3 in Python that checks signatures."""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

import pytest

from private_stack import ROOT, free_port

COMMAND = os.environ.get("MILLRACE_SWIFT_TEST")
boto3 = pytest.importorskip("boto3")
pytestmark = pytest.mark.skipif(not COMMAND, reason="needs MILLRACE_SWIFT_TEST, the command that runs built module tests")
# Calls that moto takes without a signature: those that make the user whose signatures it then checks.
SETUP_CALLS = 3


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    log = open(tmp_path_factory.mktemp("moto") / "moto.log", "w")
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log,
        env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(SETUP_CALLS)})
    try:
        def client(service, key, secret):
            return boto3.client(
                service, endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret)

        iam = client("iam", "any", "any")
        deadline = time.monotonic() + 30
        while True:
            try:
                iam.create_user(UserName="millrace")
                break
            except Exception as problem:  # not listening yet
                assert process.poll() is None and time.monotonic() < deadline, problem
                time.sleep(0.1)
        key = iam.create_access_key(UserName="millrace")["AccessKey"]
        allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
        iam.put_user_policy(UserName="millrace", PolicyName="all", PolicyDocument=json.dumps(allow))
        bucket = client("s3", key["AccessKeyId"], key["SecretAccessKey"])
        bucket.create_bucket(Bucket="millrace")
        yield endpoint, key["AccessKeyId"], key["SecretAccessKey"], bucket
    finally:
        process.kill()
        process.wait()
        log.close()


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
