import pytest

from researchclaw import shipped as module
from researchclaw.shipped import shipped
from stages.errors import SettingsError


def test_the_sandbox_of_this_checkout_is_found():
    assert (shipped("sandbox") / "harness" / "evaluate.py").is_file()


def test_a_wheel_keeps_the_files_below_the_package(tmp_path, monkeypatch):
    (tmp_path / "researchclaw" / "_shipped" / "templates").mkdir(parents=True)
    (tmp_path / "templates").mkdir()
    (tmp_path / "config.arc.yaml").touch()
    monkeypatch.setattr(module, "__file__", str(tmp_path / "researchclaw" / "shipped.py"))
    assert shipped("templates") == tmp_path / "researchclaw" / "_shipped" / "templates"
    assert shipped("config.arc.yaml") == tmp_path / "config.arc.yaml"
    with pytest.raises(SettingsError, match="lacks 'configs'"):
        shipped("configs")


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(SettingsError, match="templates, configs, sandbox"):
        shipped("tests")
