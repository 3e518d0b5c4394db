"""`dictation models`: published models found, fetched, measured, converted; reasons in one line."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from dictation.assets import AssetError, installed_models, model_folder
from dictation.catalogue.entries import CATALOGUE
from dictation.checkpoints.folders import load_folder
from dictation.checkpoints.own import save_checkpoint
from dictation.checkpoints.weights import ModelError
from dictation.cli import told
from dictation.cli.app import app
from dictation.cli.models import import_model
from dictation.cli.sizes import published_shape
from dictation.config import load_settings
from dictation.loading import load_recognizer
from dictation.model.joint import JointModel
from dictation.model.sizes import model_size
from dictation.recognizer import Recognizer
from dictation.training.vocabulary import common_characters
from tests.catalogue.server import Site, serving
from tests.language_model.arpa import write_arpa
from tests.models import tiny_checkpoint
from tests.wenet_folder import pack, settings, write

NAME = "aishell_u2pp_conformer_exp"


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "dictation" / "models"


@pytest.fixture
def packed(tmp_path):
    return pack(write(tmp_path / "theirs", settings()))


@pytest.fixture
def site(packed):
    with serving(Site(files={"/model.tar.gz": packed})) as running:
        yield running


def run(*arguments):
    return CliRunner().invoke(app, ["models", *map(str, arguments)])


def download(site):
    return run("download", NAME, "--url", f"{site.address}/model.tar.gz")


def test_a_downloaded_model_recognises_under_its_name(site, packed, data_folder, tmp_path):
    result = download(site)
    assert result.exit_code == 0, result.output
    assert hashlib.sha256(packed).hexdigest() in result.output
    assert str(data_folder / NAME) in result.output
    config = tmp_path / "config.toml"
    config.write_text(f'[model]\nname = "{NAME}"\nprecision = "fp32"\nthreads = 1\n')
    recognizer = load_recognizer(load_settings(config).model)
    assert recognizer.description.startswith(f"{NAME}, ")
    same = Recognizer.load(tmp_path / "theirs", device="cpu", precision="fp32", threads=1)
    samples = np.random.default_rng(5).normal(0, 0.1, 40_000).astype(np.float32)
    assert recognizer.transcribe(samples) == same.transcribe(samples)


def test_a_published_model_that_is_not_here_names_the_command():
    with pytest.raises(AssetError, match=f"dictation models download {NAME}"):
        model_folder(NAME)


def test_a_name_nobody_knows_names_those_that_are_here(site):
    download(site)
    with pytest.raises(AssetError, match=rf"there are: {NAME}, starter; more: dictation models"):
        model_folder("stater")


def test_the_list_has_what_is_published_and_what_is_here(site, data_folder):
    download(site)
    listed = run("list").output
    for entry in CATALOGUE:
        assert entry.name in listed
        assert entry.licence in listed
        assert all(rate.test in listed for rate in entry.rates)
    assert "starter: zh, en;" in listed
    assert listed.count("; downloaded") == 1
    values = {value["name"]: value for value in json.loads(run("list", "--json").output)}
    assert set(values) == {"starter", *(entry.name for entry in CATALOGUE)}
    assert values[NAME]["folder"] == str(data_folder / NAME)
    assert values[NAME]["rates"] == {"AISHELL-1 test": [4.63, 5.05]}
    assert values["gigaspeech_u2pp_conformer_exp"]["folder"] is None


def test_a_removed_model_is_gone(site, data_folder):
    download(site)
    assert run("path", NAME).output == f"{data_folder / NAME}\n"
    assert run("remove", NAME).exit_code == 0
    assert not (data_folder / NAME).exists()
    assert run("path").output == f"{data_folder}\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("download", "aishel"), "there is no 'aishel' in the catalogue; there are: aishell_u2pp"),
        (("download", "starter"), "starter comes with Dictation"),
        (("remove", NAME), "not among the downloaded models"),
        (("path", NAME), f"dictation models download {NAME}"),
        (("info", "nowhere"), "there is no model 'nowhere'"),
    ],
)
def test_a_wrong_name_is_told_in_one_line(command, message, capsys):
    assert told(lambda: app(["models", *command], standalone_mode=False)) == 1
    complaint = capsys.readouterr().err
    assert message in complaint
    assert complaint.count("\n") == 1


def test_a_model_that_is_not_where_it_should_be_is_told_in_one_line(site, capsys):
    command = ["models", "download", NAME, "--url", f"{site.address}/elsewhere"]
    assert told(lambda: app(command, standalone_mode=False)) == 1
    assert "404" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "source", "millions"),
    [
        ("article", "a preset", 89.8),
        ("0.6b", "a preset", 579.9),
        ("u2pp", "a preset", 48.3),
        (NAME, "not downloaded", 48.3),
        ("starter", "starter", 122.0),
    ],
)
def test_sizes_of_presets_of_published_and_of_bundled_models(name, source, millions):
    printed = run("info", name).output
    assert source in printed.splitlines()[0]
    assert f"parameters  {millions} M: encoder" in printed
    assert "fp16 or bf16" in printed
    assert "a second to CTC" in printed


def test_sizes_of_a_folder_are_those_of_its_weights(packed, tmp_path):
    values = json.loads(run("info", tmp_path / "theirs", "--json").output)
    model = load_folder(tmp_path / "theirs").model
    assert values["parameters"] == sum(each.numel() for each in model.parameters())
    assert values["source"] == str(tmp_path / "theirs")
    assert values["memory_rate"] == 25.0


def test_a_downloaded_model_is_measured_itself(site):
    download(site)
    assert json.loads(run("info", NAME, "--json").output)["parameters"] < 100_000


def test_units_may_be_chosen_for_a_model_to_be_trained():
    few, many = (json.loads(run("info", "u2pp", "--units", n, "--json").output) for n in (100, 200))
    assert few["model"]["vocabulary"] == 100
    assert few["parameters"] < many["parameters"]


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("aishell_u2pp_conformer_exp", 48.35),
        ("aishell2_u2pp_conformer_exp", 49.6),
        ("librispeech_u2pp_conformer_exp", 49.4),
        ("gigaspeech_u2pp_conformer_exp", 123.5),
        ("wenetspeech_u2pp_conformer_exp", 122.6),
        ("multi_cn_unified_conformer_exp", 47.2),
    ],
)
def test_the_published_shapes_have_the_published_sizes(name, millions):
    shape = next(entry.shape for entry in CATALOGUE if entry.name == name)
    size = model_size(published_shape(shape))
    assert size.parameters / 1e6 == pytest.approx(millions, abs=0.06)


def test_an_imported_model_recognises(tmp_path):
    source, target = write(tmp_path / "theirs", settings()), tmp_path / "ours"
    result = run("import", source, target)
    assert result.exit_code == 0, result.output
    assert "theirs: 0.0 M parameters, 15 units" in result.output
    assert (target / "config.json").is_file()
    recognizer = Recognizer.load(target, device="cpu", precision="fp32", threads=1)
    assert recognizer.description.startswith("theirs, ")


def test_without_a_folder_to_write_to_a_model_is_imported_by_its_name(tmp_path, data_folder):
    result = run("import", write(tmp_path / "theirs", settings()))
    assert result.exit_code == 0, result.output
    assert 'model.name = "theirs"' in result.output
    assert model_folder("theirs") == data_folder / "theirs"
    assert "theirs" in installed_models()
    assert f"theirs: imported; {data_folder / 'theirs'}\n" in run("list").output
    assert json.loads(run("list", "--json").output)[-1]["folder"] == str(data_folder / "theirs")
    assert run("remove", "theirs").exit_code == 0
    assert not (data_folder / "theirs").exists()


def test_an_imported_model_with_a_published_name_is_not_downloaded_over(tmp_path, site, capsys):
    assert run("import", write(tmp_path / NAME, settings())).exit_code == 0
    assert run("list").output.count("; downloaded") == 1
    command = ["models", "download", NAME, "--url", f"{site.address}/model.tar.gz"]
    assert told(lambda: app(command, standalone_mode=False)) == 1
    assert "is there already" in capsys.readouterr().err
    assert (model_folder(NAME) / "config.json").is_file()


def test_a_name_that_comes_with_dictation_is_not_taken(tmp_path, capsys):
    theirs = write(tmp_path / "starter", settings())
    assert told(lambda: import_model(theirs)) == 1
    assert "starter comes with Dictation" in capsys.readouterr().err


def test_what_a_full_disk_leaves_of_an_import_is_removed(tmp_path):
    theirs = write(tmp_path / "theirs", settings())
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000));"
        "from dictation.cli import main; main()"
    )
    arguments = ["models", "import", theirs, tmp_path / "ours"]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert "model.safetensors" in done.stderr
    assert not (tmp_path / "ours").exists()


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


def two_models(folder):
    """Return the folders of two models of one shape with weights of chance."""
    for seed, name in enumerate(("one", "other")):
        torch.manual_seed(seed)
        fresh = JointModel(tiny_checkpoint().model.config)
        save_checkpoint(replace(tiny_checkpoint(), model=fresh), folder / name, torch.float32)
    return folder / "one", folder / "other"


def test_an_average_lies_between_two_models_and_its_ends_are_these(tmp_path):
    pair = two_models(tmp_path)
    for weight in (0.0, 0.25, 1.0):
        out = tmp_path / f"at-{weight}"
        result = run("average", *pair, out, "--weight", weight)
        assert result.exit_code == 0, result.output
        one, other, mean = (load_folder(each).model.state_dict() for each in (*pair, out))
        for name, value in mean.items():
            wanted = (1 - weight) * one[name] + weight * other[name]
            torch.testing.assert_close(value, wanted, atol=1e-3, rtol=1e-3)


def test_of_a_part_alone_the_average_leaves_the_rest_to_the_first(tmp_path):
    one, other = two_models(tmp_path)
    out = tmp_path / "out"
    assert run("average", one, other, out, "--weight", 1, "--part", "encoder").exit_code == 0
    first, second, mean = (load_folder(each).model.state_dict() for each in (one, other, out))
    for name, value in mean.items():
        whose = second if name.startswith("encoder.") else first
        torch.testing.assert_close(value, whose[name], atol=1e-3, rtol=1e-3)
    refused = run("average", one, other, tmp_path / "none", "--part", "decoders")
    assert "no part 'decoders'" in str(refused.exception)


def test_a_model_is_given_the_common_characters_that_it_lacks(tmp_path):
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny", torch.float32)
    result = run("grow", tmp_path / "tiny", tmp_path / "more")
    lacking = set(common_characters()) - set(tiny_checkpoint().tokenizer.units)
    assert f"with {len(lacking)} characters more" in result.stdout
    assert lacking <= set(load_folder(tmp_path / "more").tokenizer.units)
    assert "is there already" in str(run("grow", tmp_path / "tiny", tmp_path / "more").exception)


def test_a_compressed_model_is_smaller_and_nearly_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr("dictation.checkpoints.weights._LEAST", 64)
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny", torch.float32)
    assert run("compress", tmp_path / "tiny", tmp_path / "small").exit_code == 0
    sizes = [(tmp_path / name / "model.safetensors").stat().st_size for name in ("tiny", "small")]
    assert sizes[1] < sizes[0]
    before, after = (load_folder(tmp_path / name).model for name in ("tiny", "small"))
    torch.testing.assert_close(after.ctc.weight, before.ctc.weight, rtol=0, atol=0.02)
    refused = run("compress", tmp_path / "tiny", tmp_path / "small")
    assert "is there already" in str(refused.exception)


def test_models_of_two_shapes_are_not_averaged_and_nothing_is_overwritten(tmp_path):
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny", torch.float32)
    result = run(
        "average", tmp_path / "tiny", write(tmp_path / "theirs", settings()), tmp_path / "o"
    )
    assert "shape or vocabulary is not that of" in str(result.exception)
    assert not (tmp_path / "o").exists()
    result = run("average", tmp_path / "tiny", tmp_path / "tiny", tmp_path / "tiny")
    assert "is there already" in str(result.exception)


def test_a_model_is_given_a_second_encoder_and_keeps_it(tmp_path):
    one, other = two_models(tmp_path)
    result = run("mixed", one, other, tmp_path / "both")
    assert "for mixed speech, written to" in result.stdout
    first, second, both = (load_folder(each).model for each in (one, other, tmp_path / "both"))
    for name, value in both.state_dict().items():
        wanted = second if name.startswith("mixed.") else first
        assert torch.equal(value, wanted.state_dict()[name.removeprefix("mixed.")])
    # With another one it is exchanged; nothing is lost on the way to fewer bytes.
    assert run("mixed", tmp_path / "both", one, tmp_path / "again").exit_code == 0
    again = load_folder(tmp_path / "again").model
    assert torch.equal(again.mixed.ctc.weight, first.ctc.weight)
    assert run("compress", tmp_path / "both", tmp_path / "small").exit_code == 0
    assert load_folder(tmp_path / "small").model.mixed is not None


def test_a_second_encoder_of_another_shape_is_refused(tmp_path):
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny", torch.float32)
    theirs = write(tmp_path / "theirs", settings())
    result = run("mixed", tmp_path / "tiny", theirs, tmp_path / "o")
    assert "shape or vocabulary is not that of" in str(result.exception)
    result = run("mixed", theirs, theirs, tmp_path / "o")
    assert "second encoder for mixed speech" in str(result.exception)
    assert not (tmp_path / "o").exists()


def test_a_model_is_given_n_grams_from_a_file_and_keeps_them(tmp_path):
    save_checkpoint(tiny_checkpoint(), tmp_path / "tiny", torch.float32)
    arpa = write_arpa(tmp_path)
    result = run("ngrams", tmp_path / "tiny", arpa, tmp_path / "zh")
    assert "with 4 words" in result.stdout
    result = run("ngrams", tmp_path / "zh", arpa, tmp_path / "both", "--language", "en")
    assert "with 2 words" in result.stdout
    assert {
        script: len(model) for script, model in load_folder(tmp_path / "both").ngrams.items()
    } == {"zh": 4, "en": 2}
    refused = run("ngrams", tmp_path / "tiny", tmp_path / "none.arpa", tmp_path / "o")
    assert "none.arpa: No such file" in str(refused.exception)
    assert not (tmp_path / "o").exists()
    (tmp_path / "both" / "ngrams-zh.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match=r"ngrams-zh\.safetensors: damaged"):
        load_folder(tmp_path / "both")
