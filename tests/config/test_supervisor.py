import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.supervisor import AlreadyRunning, Child, Supervisor, sweep_broker

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
ROOT = Path(__file__).resolve().parents[2]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_stop_ends_every_child(tmp_path: Path) -> None:
    house = Supervisor([Child("a", SLEEP), Child("b", SLEEP)], tmp_path)
    house.start()
    pids = [process.pid for process in house.running.values()]
    house.stop()
    assert not any(alive(pid) for pid in pids)


def test_names_the_child_that_ended(tmp_path: Path) -> None:
    house = Supervisor([Child("long", SLEEP), Child("short", ["true"])], tmp_path)
    house.start()
    assert house.wait() == "short"
    house.stop()


def test_refuses_a_second_start(tmp_path: Path) -> None:
    first = Supervisor([], tmp_path)
    with pytest.raises(AlreadyRunning, match="already running"):
        Supervisor([], tmp_path)
    first.stop()
    Supervisor([], tmp_path).stop()


@pytest.mark.skipif(sys.platform != "linux", reason="parent-death signal is Linux's")
def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path;"
        "from config.supervisor import Child, Supervisor;"
        f"s = Supervisor([Child('a', {SLEEP!r})], Path({str(tmp_path)!r})); s.start();"
        "print(s.running['a'].pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def test_sweep_keeps_tasks_and_drops_control_messages(tmp_path: Path) -> None:
    messages = tmp_path / "broker" / "messages"
    messages.mkdir(parents=True)
    (messages / "1_a.default.msg").touch()
    (messages / "1_b.celery.pidbox.msg").touch()
    sweep_broker(tmp_path)
    assert [path.name for path in messages.iterdir()] == ["1_a.default.msg"]
