"""`dictation models import`: a WeNet folder becomes one of ours, or the reason is told."""

import pytest
from typer.testing import CliRunner

from dictation.cli import told
from dictation.cli.app import app
from dictation.cli.models import import_model
from dictation.recognizer import Recognizer
from tests.wenet_folder import settings, write


def test_an_imported_model_recognises(tmp_path):
    source, target = write(tmp_path / "theirs", settings()), tmp_path / "ours"
    result = CliRunner().invoke(app, ["models", "import", str(source), str(target)])
    assert result.exit_code == 0, result.output
    assert "theirs: 0.0 M parameters, 15 units" in result.output
    assert (target / "config.json").is_file()
    recognizer = Recognizer.load(target, device="cpu", precision="fp32", threads=1)
    assert recognizer.description.startswith("theirs, ")


def not_a_model(tmp_path):
    (tmp_path / "theirs" / "final.pt").write_bytes(b"nothing")


def target_in_use(tmp_path):
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "letter.txt").write_text("dear")


@pytest.mark.parametrize(
    ("damage", "message"), [(not_a_model, "read safely"), (target_in_use, "is there already")]
)
def test_why_not_is_told_in_one_line(tmp_path, capsys, damage, message):
    write(tmp_path / "theirs", settings())
    damage(tmp_path)
    assert told(lambda: import_model(tmp_path / "theirs", tmp_path / "ours")) == 1
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1
