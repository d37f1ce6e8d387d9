"""Installs what is missing from Debian."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from settings import ROOT, StackError

CLUSTER_CONF = Path("/etc/postgresql-common/createcluster.conf")
POLICY = Path("/usr/sbin/policy-rc.d")


def names(file):
    lines = (ROOT / "Infra/local" / file).read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def missing(wanted):
    if not shutil.which("dpkg-query"):
        raise StackError("dpkg-query is missing: the stack installs and runs Debian 12's packages, and this is another system")
    result = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n", *wanted], capture_output=True, text=True, check=False)
    installed = {line.split()[0] for line in result.stdout.splitlines() if line.split()[1:2] == ["ii"]}
    # A tool that came another way (Python from source, say) serves as well.
    return [name for name in wanted if name not in installed and not (name in ("git", "python3") and shutil.which(name))]


def install(files, say):
    """Installs the packages of `files` that are missing, without a system cluster and without starting a system service."""
    wanted = missing([name for file in files for name in names(file)])
    if not wanted:
        return
    say(f"installing from Debian: {' '.join(wanted)}")
    if os.getuid() == 0:
        sudo = []
    elif shutil.which("sudo"):
        sudo = ["sudo"]
    else:
        raise StackError(f"these packages are missing, and there is neither root nor sudo to install them: {' '.join(wanted)}")
    made_policy = False
    try:
        # postgresql-15 would make a system cluster, and both servers would be started, on a machine that is not ours.
        if "postgresql-15" in wanted and not CLUSTER_CONF.exists():
            write(sudo, CLUSTER_CONF, "create_main_cluster = false\n", "644")
        if not POLICY.exists():
            write(sudo, POLICY, "#!/bin/sh\nexit 101\n", "755")
            made_policy = True
        environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
        apt = [*sudo, *environment, "apt-get", "-y", "-qq", "-o", "Dpkg::Options::=--force-confold", "-o", "Dpkg::Use-Pty=0"]
        update = subprocess.run([*apt, "update"], check=False)
        done = subprocess.run([*apt, "install", "--no-install-recommends", *wanted], check=False)
        if done.returncode != 0:
            hint = " (apt-get update had failed before)" if update.returncode else ""
            raise StackError(f"apt-get could not install {' '.join(wanted)}{hint}: its messages are above")
    finally:
        if made_policy:
            subprocess.run([*sudo, "rm", "-f", str(POLICY)], check=False)


def write(sudo, path, text, mode):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        subprocess.run([*sudo, "install", "-D", "-m", mode, file.name, str(path)], check=True)
