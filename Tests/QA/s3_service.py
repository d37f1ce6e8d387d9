"""moto, an S3 in Python that checks signatures, with a bucket `millrace` and a key for it."""

import contextlib
import json
import os
import subprocess
import sys
import time

from private_stack import free_port

# Calls that moto takes without a signature: those that make the user whose signatures it then checks.
SETUP_CALLS = 3


@contextlib.contextmanager
def running(folder):
    """(endpoint, access key, secret key, boto3's client)"""
    import boto3

    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    log = open(folder / "moto.log", "w")
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
