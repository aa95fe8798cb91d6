"""Debian's PostgreSQL 15 with a cluster in a folder of its own."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path

BIN = Path("/usr/lib/postgresql/15/bin")
READY_SECONDS = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class PostgresError(RuntimeError):
    pass


class Postgres:
    """Runs as the user postgres where we are root: the server refuses to be root's."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir()
        os.chmod(self.folder.parent, 0o755)  # the user postgres goes through it
        self.port = free_port()
        self.user = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        data = self.folder / "data"
        subprocess.run([BIN / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"],
                       check=True, capture_output=True, cwd=self.folder, **self.user)
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [BIN / "postgres", "-D", data, "-c", "listen_addresses=127.0.0.1", "-p",
                 str(self.port), "-c", f"unix_socket_directories={self.folder}", "-c",
                 "wal_level=logical", "-c", "fsync=off"],
                stdout=log, stderr=log, cwd=self.folder, **self.user)
        deadline = time.monotonic() + READY_SECONDS
        while subprocess.run([BIN / "pg_isready", "-q", *self.where()]).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise PostgresError(f"no PostgreSQL: {self.log()}")
            time.sleep(0.05)

    def where(self):
        return ["-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]

    def sql(self, text):
        """Carried out when this returns."""
        done = subprocess.run([BIN / "psql", *self.where(), "-qXAt", "-v", "ON_ERROR_STOP=1"],
                              input=text, capture_output=True, text=True)
        if done.returncode != 0:
            raise PostgresError(f"psql: {done.stderr[-300:]}")
        return done.stdout

    def log(self):
        return (self.folder / "log").read_text()[-2000:]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()  # its children notice
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
