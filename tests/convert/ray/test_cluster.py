"""The local Ray cluster that a conversion starts."""

from __future__ import annotations

import os
from importlib.util import find_spec

import psutil
import pytest

from translate.convert.ray.cluster import connect

pytestmark = pytest.mark.slow

if find_spec("ray") is None:
    pytest.skip("needs ray", allow_module_level=True)


def test_it_listens_to_this_machine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with connect() as ray:
        environment = dict(os.environ)
        assert ray.get(ray.remote(lambda: 1).remote()) == 1
        processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
        listening = {
            connection.laddr.ip
            for process in processes
            for connection in process.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN
        }
    assert listening
    assert listening <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    assert "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" not in environment  # a cluster joined later is no local one
