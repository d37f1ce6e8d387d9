"""Where everything of one stack lies, and which ports it takes."""

import hashlib
import os
import pwd
import socket
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
POSTGRES_BIN = Path("/usr/lib/postgresql/15/bin")

# Offsets from MILLRACE_PORT. When one of them is taken, the whole block moves up by PORT_STEP, at most PORT_TRIES times.
OFFSETS = {
    "feed-api": 1, "keevo": 2, "realtime": 3, "analytics": 4, "personalization": 5, "dashboard-api": 6, "worker": 7,
    "postgres": 8, "redis": 9,
    "feed-api-admin": 11, "keevo-admin": 12, "realtime-admin": 13, "analytics-admin": 14, "personalization-admin": 15,
    "dashboard-api-admin": 16, "worker-admin": 17,
}
PORT_STEP = 20
PORT_TRIES = 50


class StackError(Exception):
    """Something a person has to hear: what happened, and what to do or read."""


@dataclass
class Settings:
    port: int
    var: Path
    apps: list
    binaries: Path
    owner: str  # who runs PostgreSQL and Redis
    data: Path  # where their data lies: var, or elsewhere when the owner cannot enter var
    ports: dict = field(default_factory=dict)

    @property
    def run(self):
        return self.var / "run"

    @property
    def log(self):
        return self.var / "log"

    @property
    def base_url(self):
        return f"http://localhost:{self.port}"

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"


def read_settings():
    text = os.environ.get("MILLRACE_PORT") or "8080"
    if not text.isdigit() or not 1 <= int(text) <= 64000:
        raise StackError(f'MILLRACE_PORT is "{text}": write a whole number from 1 to 64000')
    var = Path(os.environ.get("MILLRACE_VAR") or ROOT / "var").absolute()
    apps = [Path(p).absolute() for p in (os.environ.get("MILLRACE_APP") or "").split(":") if p]
    if not apps:
        apps = [ROOT / "Infra/local/apps/demo.json"]
    for app in apps:
        if not app.is_file():
            raise StackError(f"the app file {app} does not exist: MILLRACE_APP takes a.json or a.json:b.json")
    if len(apps) > 2:
        raise StackError(f"MILLRACE_APP names {len(apps)} files: write one or two")
    binaries = Path(os.environ.get("MILLRACE_BIN") or ROOT / ".build/release").absolute()
    owner = os.environ.get("MILLRACE_USER") or ("nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
    try:
        if pwd.getpwnam(owner).pw_uid == 0:
            raise StackError("MILLRACE_USER is root, which PostgreSQL refuses: name an unprivileged user")
    except KeyError:
        raise StackError(f'there is no user "{owner}" (MILLRACE_USER): name one that exists') from None
    return Settings(port=int(text), var=var, apps=apps, binaries=binaries, owner=owner, data=var)


def run_as(settings):
    """Arguments of subprocess.Popen that make a child the owner of the data."""
    if os.getuid() != 0:
        return {}
    entry = pwd.getpwnam(settings.owner)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def prepare_folders(settings):
    """Makes var/, var/run and var/log, and finds where PostgreSQL and Redis can keep their data."""
    for folder, mode in ((settings.var, 0o755), (settings.run, 0o700), (settings.log, 0o755)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StackError(f"{folder} cannot be made: {error.strerror}; MILLRACE_VAR names another folder") from None
        os.chmod(folder, mode)
    if os.getuid() != 0:
        return
    if not enterable(settings.var, settings.owner):
        # For instance a clone in /root, which only root may enter.
        name = hashlib.sha256(str(settings.var).encode()).hexdigest()[:12]
        settings.data = Path("/var/lib/millrace") / name
        settings.data.mkdir(parents=True, exist_ok=True)
        (settings.var / "data-elsewhere").write_text(f"{settings.data}\n")
    entry = pwd.getpwnam(settings.owner)
    for name in ("pg", "redis"):
        folder = settings.data / name
        folder.mkdir(exist_ok=True, mode=0o700)
        os.chown(folder, entry.pw_uid, entry.pw_gid)


def enterable(folder, user):
    """Whether `user` may walk down to `folder`; only the bits for others are looked at, which is what nobody has."""
    entry = pwd.getpwnam(user)
    for part in [folder, *folder.parents]:
        status = part.stat()
        if status.st_uid == entry.pw_uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == entry.pw_gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return False
    return True


def port_is_free(port):
    """Whether nothing listens there: a bind without SO_REUSEPORT fails when something does."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        if family == socket.AF_INET6 and not has_ipv6():
            continue
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


def choose_ports(settings):
    """The origin's port must be free; the others are a block above it, moved up together when one is taken."""
    if not port_is_free(settings.port):
        raise StackError(
            f"port {settings.port} is in use{holder(settings.port)}: "
            f"end that, or choose another with MILLRACE_PORT=…; `stack status` tells whether it is this stack")
    for attempt in range(PORT_TRIES):
        ports = {name: settings.port + offset + attempt * PORT_STEP for name, offset in OFFSETS.items()}
        if max(ports.values()) <= 65535 and all(port_is_free(port) for port in ports.values()):
            settings.ports = ports
            return
    raise StackError(
        f"no {len(OFFSETS)} free ports were found above {settings.port}: choose another with MILLRACE_PORT=…")


def holder(port):
    """Who listens on a port, as far as this user may see it."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            words = row.split()
            if words[3] == "0A" and int(words[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(f"socket:[{words[9]}]")
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) in inodes:
                    return f" by process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue
    return ""
