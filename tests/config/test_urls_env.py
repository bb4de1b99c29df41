from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from config.urls_env import broker_transport, cache_settings, database_settings, storage_settings


def env_of(**values: str) -> environ.Env:
    env = environ.Env()
    env.ENVIRON = values
    return env


def test_sqlite_writes_immediately_and_keeps_a_log(tmp_path: Path) -> None:
    options = database_settings(env_of(), tmp_path)["OPTIONS"]
    assert options["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in options["init_command"]
    assert "recursive_triggers=ON" in options["init_command"]


def test_database_url_switches_to_postgresql(tmp_path: Path) -> None:
    found = database_settings(env_of(DATABASE_URL="postgres://u@h:5/n"), tmp_path)
    assert (found["ENGINE"], found["NAME"]) == ("django.db.backends.postgresql", "n")


def test_other_databases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="sqlite:// and"):
        database_settings(env_of(DATABASE_URL="mysql://u@h/n"), tmp_path)


def test_the_default_broker_is_one_folder(tmp_path: Path) -> None:
    url, options = broker_transport(env_of(), tmp_path)
    assert url == "filesystem://"
    assert options["data_folder_in"] == options["data_folder_out"]
    assert Path(options["control_folder"]).is_dir()


def test_redis_urls_switch_broker_and_cache(tmp_path: Path) -> None:
    env = env_of(BROKER_URL="redis://r/1", CACHE_URL="redis://r/2")
    assert broker_transport(env, tmp_path)[0] == "redis://r/1"
    assert cache_settings(env)["LOCATION"] == "redis://r/2"


def test_storage_url_switches_to_s3_and_refuses_others(tmp_path: Path) -> None:
    s3 = env_of(STORAGE_URL="s3://bucket/prefix?endpoint_url=http://minio")
    found = storage_settings(s3, tmp_path, production=False)["default"]
    assert found["OPTIONS"]["bucket_name"] == "bucket"
    assert found["OPTIONS"]["endpoint_url"] == "http://minio"
    with pytest.raises(ImproperlyConfigured, match="'ftp'"):
        storage_settings(env_of(STORAGE_URL="ftp://x"), tmp_path, production=False)
