"""A private PostgreSQL as a peer: its own folder, its own socket, every write synced, ended by `stop`."""

import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

BIN = "/usr/lib/postgresql/15/bin"


class Postgres:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-"))
        self.folder.chmod(0o755)
        self.data = self.folder / "pg"
        self.data.mkdir(mode=0o700)
        self.user = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user)
            shutil.chown(self.data, self.user)
        self.run(f"{BIN}/initdb", "-D", self.data, "-U", "bench", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(
                f"listen_addresses=''\nunix_socket_directories='{self.folder}'\nshared_buffers=1GB\n"
                "max_wal_size=8GB\ncheckpoint_timeout=15min\nmax_connections=200\nsynchronous_commit=on\nfsync=on\n"
            )
        self.run(f"{BIN}/pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "start")

    def run(self, *words):
        words = [str(word) for word in words]
        if os.geteuid() == 0:
            words = ["setpriv", f"--reuid={self.user}", "--clear-groups", "--", "env", "HOME=/tmp", "LC_ALL=C.UTF-8"] + words
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")

    def psql(self, sql, stdin=None):
        done = subprocess.run(
            ["psql", "-h", str(self.folder), "-U", "bench", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qAt", "-c", sql],
            check=True, capture_output=True, text=True, input=stdin,
        )
        return done.stdout.strip()

    def pgbench(self, scripts, clients, seconds):
        """Transactions a second of a script, or of several by weight; prepared statements, connection time left out."""
        files = []
        for number, (script, weight) in enumerate((scripts if isinstance(scripts, dict) else {scripts: 1}).items()):
            path = self.folder / f"script-{number}.sql"
            path.write_text(script)
            files += ["-f", f"{path}@{weight}"]
        done = subprocess.run(
            [f"{BIN}/pgbench", "-h", str(self.folder), "-U", "bench", "-n", "-M", "prepared", "-c", str(clients), "-j", "1",
             "-T", str(seconds), *files, "postgres"],
            check=True, capture_output=True, text=True,
        )
        return float(re.search(r"tps = ([\d.]+) \(without initial", done.stdout).group(1))

    def stop(self):
        self.run(f"{BIN}/pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
