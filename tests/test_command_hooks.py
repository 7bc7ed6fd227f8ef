"""`kedro` outside a project: nothing is sent to anyone, and the error says where to go."""

import socket
import subprocess
import threading
import tomllib
from pathlib import Path

import pytest

from tests.support.project import KEDRO, PYTHONPATH, ROOT, environment

pytestmark = pytest.mark.whole_run


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PYTHONPATH with the entry points of this checkout: the installed ones may be another's."""
    folder = tmp_path_factory.mktemp("site")
    metadata = folder / "synthetic_textcat-0.dist-info"
    metadata.mkdir()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [
        line
        for group, points in project["entry-points"].items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in points.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: synthetic-textcat\nVersion: 0\n", encoding="utf-8")
    return f"{folder}:{PYTHONPATH}"


class _Proxy:
    """A proxy that counts whom it is asked to reach, and reaches none."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(1000))

    def close(self) -> None:
        """Listens no more."""
        self._socket.close()


@pytest.mark.parametrize("command", ["run --pipelines generate", "--version"])
def test_outside_a_project_nothing_is_sent(installed: str, tmp_path: Path, command: str) -> None:
    proxy = _Proxy()
    given = environment(PYTHONPATH=installed, HTTPS_PROXY=proxy.url, HTTP_PROXY=proxy.url)
    for switch in ("DO_NOT_TRACK", "KEDRO_DISABLE_TELEMETRY"):
        given.pop(switch, None)
    done = subprocess.run(
        [KEDRO, *command.split()], cwd=tmp_path, env=given, capture_output=True, text=True, timeout=60, check=False
    )
    proxy.close()

    assert proxy.asked == []
    assert "Heap" not in done.stdout + done.stderr
    assert "usage data" not in done.stdout + done.stderr
    if command.startswith("run"):
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1].startswith("Error: `kedro run` works in a project, and ")
        assert f"Next: change directory to the project, with `cd {ROOT}`" in done.stderr
    else:
        assert done.returncode == 0
