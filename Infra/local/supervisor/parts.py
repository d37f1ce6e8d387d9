"""What the stack consists of: programs that stay (with a probe) and steps that end."""

import os
import secrets
import signal
from dataclasses import dataclass, field
from typing import Callable, Optional

import probes
from settings import POSTGRES_BIN, ROOT, has_ipv6, run_as

# Seconds until a part must be ready. The first start of PostgreSQL makes its files; everything else takes well under a second.
READY_SECONDS = int(os.environ.get("MILLRACE_READY_SECONDS") or 60)
# Settings of the stack itself: services never see them.
OWN_VARIABLES = ("MILLRACE_PORT", "MILLRACE_VAR", "MILLRACE_APP", "MILLRACE_BIN", "MILLRACE_USER", "MILLRACE_READY_SECONDS")


@dataclass
class Part:
    name: str
    command: list
    after: tuple = ()
    environment: object = field(default_factory=dict)  # or a function that gives it when the part is started
    probe: Optional[Callable] = None  # None: a step, ready when it has ended with 0
    skip: Optional[Callable] = None  # a step that has nothing to do
    done: Optional[Callable] = None  # called when a step has ended with 0
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 12
    as_owner: bool = False
    log: str = ""  # file name in var/log, without .log; the part's own name otherwise
    input: str = os.devnull  # a file to be standard input
    output: str = ""  # for steps: a file that receives standard output
    stop_last: bool = False

    @property
    def is_step(self):
        return self.probe is None

    @property
    def log_name(self):
        return f"{self.log or self.name}.log"


def postgres_password(settings):
    """The password of PostgreSQL's only role: made once, kept beside the data, readable by the user of the stack alone."""
    file = settings.var / "keys" / "postgres.password"
    if not file.exists():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        write_private(file, secrets.token_hex(24))
    return file.read_text().strip()


def write_private(file, text):
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)


def service_environment(settings):
    """Settings that services share; each takes those it has. Variables, since a command line is seen by every user."""
    password = postgres_password(settings)
    return {
        "MILLRACE_KEEVO": settings.address("keevo"),
        "MILLRACE_POSTGRES": f"host=127.0.0.1 port={settings.ports['postgres']} dbname=millrace user=millrace "
        f"password={password} connect_timeout=3",
        "MILLRACE_REDIS": settings.address("redis"),
        "MILLRACE_MASTER_KEY_FILE": str(settings.var / "keys" / "master.key"),
        "MILLRACE_STORAGE_DIR": str(settings.var / "objects"),
        "MILLRACE_OPENAPI_FILE": str(ROOT / "docs" / "openapi.yaml"),
        "MILLRACE_LOG_FORMAT": os.environ.get("MILLRACE_LOG_FORMAT") or "json",
    }


def own_environment(settings, name):
    """The settings that each service has for itself."""
    return {
        "MILLRACE_LISTEN": settings.address(name),
        "MILLRACE_ADMIN_LISTEN": settings.address(f"{name}-admin"),
        "MILLRACE_DATA_DIR": str(settings.var / name),
    }


def postgres_parts(settings):
    data = settings.data / "pg"
    # PostgreSQL ends by itself when its folder vanishes, refuses root, and needs a C locale that every Debian has.
    base = {"LC_ALL": "C.UTF-8", "HOME": str(data)}
    make = (
        'set -e; rm -rf "$PGDATA"/*; umask 077; '
        f'{POSTGRES_BIN}/initdb -D "$PGDATA" -U millrace -A scram-sha-256 --pwfile=/dev/stdin -E UTF8; '
        f'echo "CREATE DATABASE millrace" | {POSTGRES_BIN}/postgres --single -j -D "$PGDATA" postgres; touch "$PGDATA"/millrace.made'
    )
    password = postgres_password(settings)
    (settings.data / "pg").mkdir(exist_ok=True, mode=0o700)
    yield Part(
        "postgres-files", ["/bin/sh", "-c", f"printf '%s\\n' \"$MILLRACE_SECRET\" | ({make})"],
        environment={**base, "PGDATA": str(data), "MILLRACE_SECRET": password}, as_owner=True, log="postgres",
        skip=lambda: (data / "millrace.made").exists())
    options = {
        "listen_addresses": "127.0.0.1", "port": settings.ports["postgres"], "unix_socket_directories": "",
        "shared_buffers": "64MB", "fsync": "on", "max_connections": 100,
    }
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    yield Part(
        "postgres", [str(POSTGRES_BIN / "postgres"), "-D", str(data), *flags], after=("postgres-files",), environment=base,
        probe=lambda: probes.postgres_ready(settings.address("postgres")),
        stop_signal=signal.SIGINT, as_owner=True, stop_last=True)


def redis_part(settings):
    folder = settings.data / "redis"
    folder.mkdir(exist_ok=True)
    return Part(
        "redis",
        ["redis-server", "--bind", "127.0.0.1", "--port", str(settings.ports["redis"]), "--dir", str(folder),
         "--save", "", "--appendonly", "no", "--daemonize", "no"],
        probe=lambda: probes.redis_ready(settings.address("redis")), as_owner=True, stop_last=True)


def service_part(settings, name, after=()):
    admin = settings.address(f"{name}-admin")
    return Part(
        name, [str(settings.binaries / name)], after=after,
        environment={**service_environment(settings), **own_environment(settings, name)},
        probe=lambda: probes.http_ready(admin), stop_last=name == "keevo")


def edge_part(settings):
    environment = {"MILLRACE_EDGE_PORT": str(settings.port)}
    if has_ipv6():
        environment["MILLRACE_EDGE_IPV6"] = "1"
    # Below 1024 only root may bind, and HAProxy itself becomes the other user afterwards.
    privileged = os.getuid() == 0 and settings.port < 1024
    if privileged:
        environment["MILLRACE_EDGE_USER"] = settings.owner
    for name in ("feed-api", "realtime", "analytics", "personalization", "dashboard-api"):
        environment["MILLRACE_TO_" + name.upper().replace("-", "_")] = settings.address(name)
    return Part(
        "haproxy", ["haproxy", "-db", "-f", "/dev/stdin"], environment=environment,
        # Handed over open: the other user may not be able to walk down to it.
        input=str(ROOT / "Infra/haproxy/haproxy.cfg"), as_owner=not privileged,
        probe=lambda: probes.http_ready(f"127.0.0.1:{settings.port}", "/edge-health"), stop_seconds=3)


def launch(settings, part):
    """Environment and arguments for subprocess.Popen."""
    environment = {k: v for k, v in os.environ.items() if k not in OWN_VARIABLES}
    environment.update(part.environment() if callable(part.environment) else part.environment)
    environment["MILLRACE_STACK"] = str(settings.var)  # by which a process of this stack is known
    return environment, (run_as(settings) if part.as_owner else {})
