"""Hashed static files: what a module imports has a hashed name as well."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from secrets import token_urlsafe

from django.conf import settings as conf
from pytest_django import Settings

from config.scripts import OwnFilesFinder
from config.static import HashedStatic

IMPORTED = re.compile(r"""(?:from ?|import\()["'](\./[^"']+)["']""")


def test_every_import_of_the_reading_screen_is_hashed_and_exists(tmp_path: Path) -> None:
    shutil.copytree(Path(conf.BASE_DIR) / "static" / "reader", tmp_path / "reader")
    storage = HashedStatic(location=tmp_path, base_url="/static/")
    paths = {f"reader/{path.name}": (storage, f"reader/{path.name}")
             for path in (tmp_path / "reader").iterdir()}  # fmt: skip

    for _, _, problem in storage.post_process(paths):
        assert not isinstance(problem, Exception), problem

    main = tmp_path / "reader" / Path(storage.stored_name("reader/main.js")).name
    found = IMPORTED.findall(main.read_text())
    assert {name.split(".")[1] for name in found} >= {"/stage", "/film", "/gallery", "/lesion"}
    for name in found:
        assert re.search(r"\.[0-9a-f]{12}\.js$", name), name
        assert (tmp_path / "reader" / name).is_file()


def test_production_collects_everything_under_hashed_names(tmp_path: Path) -> None:
    own = {"PRODUCTION": "1", "SECRET_KEY": token_urlsafe(64), "ALLOWED_HOSTS": "semblance.example"}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput"]
    done = subprocess.run(
        command,
        cwd=conf.BASE_DIR,
        env={**os.environ, **own, "SEMBLANCE_VAR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Found another file" not in done.stdout
    main = next((tmp_path / "static" / "reader").glob("main.????????????.js"))
    imported = IMPORTED.findall(main.read_text())
    assert imported
    for name in imported:
        assert (main.parent / name).is_file(), name


def test_scripts_are_served_short_and_anew_when_they_change(
    tmp_path: Path, settings: Settings
) -> None:
    source = tmp_path / "static" / "reader" / "a.js"
    source.parent.mkdir(parents=True)
    source.write_text("// why\nexport const one = 1; // first\n")
    settings.STATICFILES_DIRS, settings.VAR = [source.parents[1]], tmp_path
    finder = OwnFilesFinder()

    short = Path(finder.find("reader/a.js"))
    assert short.read_text() == "export const one=1;"
    assert [name for name, _ in finder.list(None)] == ["reader/a.js"]
    assert finder.find("reader/b.js") == []

    source.write_text("export const one = 2;")
    assert Path(finder.find("reader/a.js")).read_text() == "export const one=2;"
