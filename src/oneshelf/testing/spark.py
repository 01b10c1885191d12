"""Spark from the pip package alone, for tests: a standalone cluster and a Connect server on this machine.

Both listen on 127.0.0.1 only, at free ports, log into a folder of the caller's, and end with their context.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

from oneshelf.errors import Unavailable

#: How long a Java process may take to say that it is ready.
START_SECONDS_MAX = 90.0

LOCALHOST = "127.0.0.1"

#: A Java that lives for a minute: its second compiler and its parallel collectors would cost more than they save.
_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

_DEFAULTS = {
    # two hundred partitions, Spark's own default, take longer to plan than these rows to read
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": LOCALHOST,
    "spark.driver.host": LOCALHOST,
    "spark.driver.extraJavaOptions": _JAVA,
    "spark.executor.extraJavaOptions": _JAVA,
}


@contextmanager
def defaults(folder: Path) -> Iterator[None]:
    """Spark's own defaults for a small machine, in force for every Spark that starts while the context is open."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spark-defaults.conf").write_text(
        "".join(f"{key} {value}\n" for key, value in _DEFAULTS.items())
    )
    given = {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": LOCALHOST, "SPARK_DAEMON_JAVA_OPTS": _JAVA}
    before = {name: os.environ.get(name) for name in given}
    os.environ.update(given)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def connect_server(folder: Path, *, cores: int = 2) -> Iterator[str]:
    """Run a Spark Connect server in a process of its own; gives its `sc://` URL."""
    port = _free_port()
    command = [
        "spark-submit",
        *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
        *("--master", f"local[{cores}]"),
        *("--conf", f"spark.connect.grpc.binding.address={LOCALHOST}"),
        *("--conf", f"spark.connect.grpc.binding.port={port}"),
        "spark-internal",
    ]
    with _running(command, folder, "connect", ready=f":{port}"):
        yield f"sc://{LOCALHOST}:{port}"


@contextmanager
def cluster(folder: Path, *, workers: int = 2) -> Iterator[str]:
    """Run a standalone master and its workers, each in a process of its own; gives the master's `spark://` URL."""
    port = _free_port()
    url = f"spark://{LOCALHOST}:{port}"
    role = "org.apache.spark.deploy.{}".format
    master = [
        "spark-class",
        role("master.Master"),
        "--host",
        LOCALHOST,
        "--port",
        str(port),
        "--webui-port",
        "0",
    ]
    worker = [
        "spark-class",
        role("worker.Worker"),
        "--host",
        LOCALHOST,
        "--webui-port",
        "0",
        "--cores",
        "1",
        "--memory",
        "1g",
    ]
    with ExitStack() as stack:
        stack.enter_context(_running(master, folder, "master", ready="New state: ALIVE"))
        for number in range(1, workers + 1):
            name = f"worker-{number}"
            own = [*worker, "--work-dir", str(folder / f"{name}-work"), url]
            stack.enter_context(_running(own, folder, name, ready="Successfully registered with master"))
        yield url


@contextmanager
def _running(command: Sequence[str], folder: Path, name: str, *, ready: str) -> Iterator[None]:
    """Run a program of the pip package until the context ends; begin when its log says that it is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    home = _home()
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": LOCALHOST}
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  # a program of the installed package, with arguments of our own
            [str(home / "bin" / command[0]), *command[1:]],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait(process, log, ready)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, ready: str) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while ready not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unavailable(f"Spark's {log.stem} did not start.", f"See {log}.")
        time.sleep(0.1)


def _home() -> Path:
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise Unavailable("Spark is not installed.", 'Run `pip install "oneshelf[spark]"`.')
    return Path(found.origin).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOCALHOST, 0))
        return int(probe.getsockname()[1])
