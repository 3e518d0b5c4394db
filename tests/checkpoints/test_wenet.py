"""WeNet's model folders are taken as they are, of any age, and what is not computed is refused."""

import json
from itertools import chain

import numpy as np
import pytest
import torch
import yaml

from dictation.checkpoints.folders import convert_folder, load_folder
from dictation.checkpoints.own import save_checkpoint
from dictation.checkpoints.wenet import read_normalization
from dictation.errors import DictationError
from dictation.recognizer import Recognizer
from dictation.text.tokenizer import build_ctc_tokenizer
from tests.wenet_folder import BINS, UNITS, first_form, second_form, settings, weights, write

CHANGES = [
    {"input_layer": "conv2d6"},
    {"input_layer": "conv2d8"},
    {"input_layer": "conv1d2"},
    {"pos_enc_layer_type": "abs_pos", "selfattention_layer_type": "selfattn"},
    {"pos_enc_layer_type": "abs_pos_whisper", "selfattention_layer_type": "selfattn"},
    {"pos_enc_layer_type": "no_pos", "selfattention_layer_type": "selfattn"},
    {"causal": False, "cnn_module_norm": "batch_norm"},
    {"causal": False},
    {"cnn_module_norm": "batch_norm"},
    {"layer_norm_type": "rms_norm", "cnn_module_norm": "rms_norm"},
    {"normalize_before": False},
    {"macaron_style": False},
    {"use_cnn_module": False},
    {"query_bias": False, "key_bias": False, "value_bias": False},
    {"mlp_bias": False, "conv_bias": False},
    *({"activation_type": name} for name in ("gelu", "hardtanh", "relu", "selu", "tanh")),
]


def named_changes(changes):
    return "-".join(map(str, chain.from_iterable(changes.items()))) or "as usual"


@torch.inference_mode()
def outputs(checkpoint):
    model = checkpoint.model
    features = model.features(0.1 * torch.sin(torch.arange(24_000) ** 1.3))[None]
    memory = model.encoder(features, torch.tensor([features.size(1)]), 4, 2).memory
    tokens = torch.tensor([[UNITS.index("<sos/eos>"), 3, 4, 5]])
    states = [
        decoder.logits(decoder(tokens, memory, None))
        for decoder in (model.decoder, model.reverse_decoder)
        if decoder is not None
    ]
    return [model.ctc_log_probs(memory), *states]


@pytest.mark.parametrize("older", [first_form, second_form])
def test_a_folder_of_any_age_is_the_same_model(tmp_path, older):
    values = settings()
    today = load_folder(write(tmp_path / "today", values))
    unused = {"encoder.encoders.0.concat_linear.weight": torch.zeros(16, 32)}
    old = load_folder(write(tmp_path / "old", older(values), weights(values) | unused))
    for ours, theirs in zip(outputs(today), outputs(old), strict=True):
        assert torch.equal(ours, theirs)


def test_the_models_name_had_another_spelling_for_a_while(tmp_path):
    folder = write(tmp_path, settings() | {"model": "asrmodel"})
    assert len(load_folder(folder).tokenizer) == len(UNITS)


@pytest.mark.parametrize("changes", CHANGES, ids=named_changes)
def test_what_was_imported_is_the_same_model(tmp_path, changes):
    loaded = load_folder(write(tmp_path / "theirs", settings(**changes)))
    save_checkpoint(loaded, tmp_path / "ours", torch.float32)
    again = load_folder(tmp_path / "ours")
    assert again.model.config == loaded.model.config
    assert again.tokenizer.encode("我是 A人") == loaded.tokenizer.encode("我是 A人")
    for ours, theirs in zip(outputs(again), outputs(loaded), strict=True):
        assert torch.equal(ours, theirs)


def test_a_single_decoder(tmp_path):
    loaded = load_folder(write(tmp_path, settings() | {"decoder": "transformer"}))
    assert loaded.model.decoder is not None
    assert loaded.model.reverse_decoder is None
    assert loaded.model.config.decoder.start == len(UNITS) - 1


def test_special_tokens_are_where_the_configuration_says(tmp_path):
    values = settings()
    values["tokenizer_conf"]["special_tokens"] = {"<blank>": 0, "<sos>": 5, "<eos>": 6}
    decoder = load_folder(write(tmp_path, values)).model.config.decoder
    assert (decoder.start, decoder.end) == (5, 6)


def test_statistics_come_from_the_file_where_the_weights_have_none(tmp_path):
    values = settings()
    theirs = {k: v for k, v in weights(values).items() if "global_cmvn" not in k}
    features = load_folder(write(tmp_path, values, theirs)).model.features
    torch.testing.assert_close(features.mean, torch.full((BINS,), 10.0))
    torch.testing.assert_close(features.inverse_deviation, torch.full((BINS,), 0.25))


@pytest.mark.parametrize(
    "name", ["words.txt", "lang_char.txt", "dict.txt", "train_960_unigram5000_units.txt"]
)
def test_units_are_found_under_the_names_they_have_had(tmp_path, name):
    folder = write(tmp_path, second_form(settings()))
    (folder / "units.txt").rename(folder / name)
    assert load_folder(folder).tokenizer.units == tuple(UNITS)


def test_units_are_found_under_the_name_the_configuration_has_for_them(tmp_path):
    values = settings()
    values["tokenizer_conf"]["symbol_table_path"] = "data/tokens-of-mine.txt"
    folder = write(tmp_path, values)
    (folder / "units.txt").rename(folder / "tokens-of-mine.txt")
    assert load_folder(folder).tokenizer.units == tuple(UNITS)


def test_the_shape_is_that_of_the_weights(tmp_path):
    """train.yaml of a model that was changed by hand: WeNet goes by what is in final.pt, too."""
    theirs = weights(settings())
    folder = write(tmp_path, settings(num_blocks=5, linear_units=7, cnn_module_kernel=3), theirs)
    encoder = load_folder(folder).model.config.encoder
    assert (encoder.blocks, encoder.block.ffn_width, encoder.block.kernel_size) == (2, 24, 5)


def test_kaldis_binary_statistics_are_refused(tmp_path):
    file = tmp_path / "global_cmvn"
    file.write_bytes(b"\0BDM \x04\x02\0\0\0\x51\0\0\0" + bytes(range(256)))
    with pytest.raises(DictationError, match=r"global_cmvn: not feature statistics"):
        read_normalization(file, is_json=False)


def test_kaldis_text_says_what_json_says(tmp_path):
    file = tmp_path / "global_cmvn"
    file.write_text(f" [\n  {'40 ' * BINS} 4\n  {'464 ' * BINS} 0 ]\n")
    mean, inverse = read_normalization(file, is_json=False)
    torch.testing.assert_close(mean, torch.full((BINS,), 10.0))
    torch.testing.assert_close(inverse, torch.full((BINS,), 0.25))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"encoder": "squeezeformer"}, "encoder squeezeformer is not supported"),
        ({"encoder": "branchformer"}, "encoder branchformer is not supported"),
        ({"encoder": "e_branchformer"}, "encoder e_branchformer is not supported"),
        ({"encoder": "efficientConformer"}, "encoder efficientConformer is not supported"),
        ({"encoder": "transformer"}, "encoder transformer is not supported"),
        ({"model": "paraformer"}, "model paraformer is not supported"),
        ({"tokenizer": "whisper"}, "tokenizer whisper is not supported"),
        ({"frobnicate": 1}, "does not know frobnicate"),
        ({"encoder_conf": {"mlp_type": "moe"}}, "encoder_conf.mlp_type moe"),
        ({"encoder_conf": {"frobnicate": 1}}, "does not know encoder_conf.frobnicate"),
        ({"encoder_conf": {"input_layer": "dwconv2d4"}}, "input_layer dwconv2d4"),
        ({"encoder_conf": {"pos_enc_layer_type": "rope_pos"}}, "pos_enc_layer_type rope_pos"),
        ({"encoder_conf": {"selfattention_layer_type": "shaw_rel_selfattn"}}, "shaw_rel_selfattn"),
        ({"encoder_conf": {"concat_after": True}}, "encoder_conf.concat_after True"),
        ({"model_conf": {"apply_non_blank_embedding": True}}, "apply_non_blank_embedding"),
        ({"dataset_conf": {"resample_conf": {"resample_rate": 8000}}}, "resample_rate 8000"),
        ({"dataset_conf": {"feats_type": "mfcc"}}, "feats_type mfcc"),
        (
            {"dataset_conf": {"fbank_conf": {"num_mel_bins": BINS, "window_type": "hamming"}}},
            "window_type hamming is not supported, only povey",
        ),
        (
            {"dataset_conf": {"fbank_conf": {"num_mel_bins": BINS, "low_freq": 60}}},
            "does not know fbank_conf.low_freq",
        ),
        ({"ctc_conf": {"ctc_blank_id": 3}}, "ctc_blank_id 3"),
        ({"encoder_conf": 3}, "encoder_conf is not a table"),
        ({"encoder_conf": {"norm_eps": -1}}, "encoder_conf.norm_eps -1 is no small number"),
        ({"encoder_conf": {"norm_eps": ".nan"}}, "encoder_conf.norm_eps '.nan' is no number"),
        ({"encoder_conf": {"norm_eps": "nan"}}, "encoder_conf.norm_eps 'nan' is no small number"),
        ({"encoder_conf": {"norm_eps": None}}, "encoder_conf.norm_eps None is no number"),
        ({"decoder_conf": {"attention_heads": 3}}, "decoder_conf.attention_heads 3 for width 16"),
        ({"decoder_conf": {"attention_heads": "two"}}, "decoder_conf.attention_heads 'two'"),
        ({"tokenizer_conf": {"special_tokens": {"<sos>": 99}}}, "<sos> 99 is none of 15 units"),
        ({"tokenizer_conf": {"special_tokens": {"<eos>": "end"}}}, "<eos> 'end' is none of"),
    ],
)
def test_what_is_not_computed_is_refused_by_name(tmp_path, change, message):
    folder = write(tmp_path, settings())
    values = settings()
    for key, value in change.items():
        merged = isinstance(value, dict) and key in values
        values[key] = values[key] | value if merged else value
    (folder / "train.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(DictationError) as caught:
        load_folder(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_other_features_are_refused_by_name(tmp_path):
    values = settings()
    values["dataset_conf"] = {"mfcc_conf": {"num_mel_bins": BINS, "num_ceps": BINS}}
    with pytest.raises(DictationError, match="mfcc_conf is not supported, only fbank_conf"):
        load_folder(write(tmp_path, values))


class Harm:
    def __reduce__(self):
        return print, ("harm",)


def extra_weight(folder):
    theirs = weights(settings()) | {"encoder.encoders.0.surprise.weight": torch.zeros(3)}
    torch.save(theirs, folder / "final.pt")


def missing_weight(folder):
    theirs = weights(settings())
    del theirs["encoder.encoders.1.norm_ff.weight"]
    torch.save(theirs, folder / "final.pt")


def weight_of_no_block(folder):
    theirs = weights(settings()) | {"encoder.encoders.first.norm_ff.weight": torch.zeros(16)}
    torch.save(theirs, folder / "final.pt")


def reshaped(name, *shape):
    def damage(folder):
        torch.save(weights(settings()) | {name: torch.zeros(shape)}, folder / "final.pt")

    return damage


def statistics(**changed):
    def damage(folder):
        theirs = {k: v for k, v in weights(settings()).items() if "global_cmvn" not in k}
        torch.save(theirs, folder / "final.pt")
        sums = {"mean_stat": [40.0] * BINS, "var_stat": [464.0] * BINS, "frame_num": 4}
        (folder / "global_cmvn").write_text(json.dumps(sums | changed))

    return damage


def no_units(folder):
    (folder / "units.txt").write_text("")


def damaged_pieces(folder):
    (folder / "train.yaml").write_text(yaml.safe_dump(settings() | {"tokenizer": "bpe"}))
    (folder / "bpe.model").write_bytes(b"nothing")


def harmful_weights(folder):
    torch.save({"weight": Harm()}, folder / "final.pt")


def cut_weights(folder):
    whole = (folder / "final.pt").read_bytes()
    (folder / "final.pt").write_bytes(whole[: len(whole) // 2])


def no_weights(folder):
    (folder / "final.pt").unlink()


def gap_in_units(folder):
    text = (folder / "units.txt").read_text()
    (folder / "units.txt").write_text(text.replace(" 3\n", " 99\n"))


def few_units(folder):
    (folder / "units.txt").write_text("<blank> 0\n<unk> 1\n")


def no_yaml(folder):
    (folder / "train.yaml").write_text("encoder: [")


def endless_yaml(folder):
    (folder / "train.yaml").write_text("[" * 3000)


def impossible_date(folder):
    (folder / "train.yaml").write_text("encoder: 2021-99-99")


def repeating_yaml(folder):
    lines = "".join(f"- &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    (folder / "train.yaml").write_text(f"encoder:\n- &a0 [1]\n{lines}")


def endless_weights(folder):
    theirs = weights(settings())
    name = "ctc.ctc_lo.weight"
    theirs[name] = torch.zeros(1).expand(theirs[name].shape)
    torch.save(theirs, folder / "final.pt")


def weights_of_no_device(folder):
    theirs = {name: weight.to("meta") for name, weight in weights(settings()).items()}
    torch.save(theirs, folder / "final.pt")


def no_tags(folder):
    values = settings()
    values["tokenizer_conf"]["non_lang_syms_path"] = "tags.txt"
    (folder / "train.yaml").write_text(yaml.safe_dump(values))
    (folder / "tags.txt").write_bytes(b"\xff")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (repeating_yaml, "repeats itself without end"),
        (endless_weights, "not a table of weights"),
        (weights_of_no_device, "not a table of weights"),
        (no_tags, "tags.txt: not UTF-8"),
        (extra_weight, "unknown weight: encoder.blocks.0.surprise.weight"),
        (missing_weight, "weight missing: encoder.blocks.1.ffn_norm.weight"),
        (weight_of_no_block, "unknown weight: encoder.blocks.first.ffn_norm.weight"),
        (reshaped("ctc.ctc_lo.weight"), "ctc.ctc_lo.weight has 0 dimensions, not 2"),
        (reshaped("ctc.ctc_lo.weight", 15, 8), "is (16,), wanted (8,)"),
        (reshaped("encoder.encoders.0.self_attn.pos_bias_u"), "pos_bias_u has 0 dimensions"),
        (reshaped("encoder.encoders.0.self_attn.pos_bias_u", 3, 5), "width 16 and 3 heads"),
        (reshaped("encoder.encoders.0.feed_forward.w_1.weight", 24), "w_1.weight has 1 dimensions"),
        (reshaped("encoder.encoders.0.conv_module.depthwise_conv.weight"), "has 0 dimensions"),
        (reshaped("decoder.left_decoder.embed.0.weight"), "embed.0.weight has 0 dimensions"),
        (statistics(frame_num=0), "not feature statistics"),
        (statistics(mean_stat=[float("nan")] * BINS), "not feature statistics"),
        (
            statistics(mean_stat=[40.0] * (BINS - 1), var_stat=[464.0] * (BINS - 1)),
            f"statistics of {BINS - 1} bins, not of {BINS}",
        ),
        (no_units, "has no <unk>"),
        (damaged_pieces, "damaged sentencepiece model"),
        (harmful_weights, "not weights that can be read safely"),
        (cut_weights, "not weights that can be read safely"),
        (no_weights, "No such file"),
        (gap_in_units, "without a gap"),
        (few_units, "units.txt has 2 units"),
        (no_yaml, "not a WeNet configuration"),
        (endless_yaml, "not a WeNet configuration"),
        (impossible_date, "not a WeNet configuration"),
    ],
)
def test_a_damaged_folder_is_named_in_one_line(tmp_path, damage, message, capsys):
    folder = write(tmp_path, settings())
    damage(folder)
    with pytest.raises(DictationError) as caught:
        load_folder(folder)
    assert message in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "harm" not in capsys.readouterr().out


def lost_pieces(folder):
    (folder / "pieces.model").unlink()


def spoilt_pieces(folder):
    (folder / "pieces.model").write_bytes(b"nothing")


def tokens_of_another_kind(folder):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | {"wenet_tokens": "bpe"}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lost_pieces, "pieces.model: No such file"),
        (spoilt_pieces, "damaged sentencepiece model"),
        (tokens_of_another_kind, "damaged wenet_tokens"),
    ],
)
def test_a_damaged_import_is_named_in_one_line(tmp_path, damage, message):
    pieces = build_ctc_tokenizer("", ["HELLO WORLD AND ALL THE OTHER WORDS"] * 9, 70).pieces
    theirs = write(tmp_path / "theirs", settings() | {"tokenizer": "bpe"})
    (theirs / "bpe.model").write_bytes(pieces)
    convert_folder(theirs, tmp_path / "ours")
    assert load_folder(tmp_path / "ours").tokenizer.pieces == pieces
    damage(tmp_path / "ours")
    with pytest.raises(DictationError) as caught:
        load_folder(tmp_path / "ours")
    assert message in str(caught.value)
    assert str(tmp_path / "ours") in str(caught.value)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"input_layer": "conv2d6"},
        {"input_layer": "conv2d8"},
        {
            "input_layer": "conv1d2",
            "pos_enc_layer_type": "abs_pos_whisper",
            "selfattention_layer_type": "selfattn",
        },
        {"causal": False, "cnn_module_norm": "batch_norm"},
        {"pos_enc_layer_type": "abs_pos", "selfattention_layer_type": "selfattn"},
    ],
    ids=["as usual", "sixth", "eighth", "half", "centred", "absolute"],
)
def test_it_streams_and_transcribes(tmp_path, changes, precision):
    folder = write(tmp_path, settings(**changes))
    recognizer = Recognizer.load(folder, device="cpu", precision=precision, threads=1)
    samples = np.random.default_rng(1).normal(0, 0.1, 32_000).astype(np.float32)
    stream = recognizer.stream(chunk_ms=640)
    captions = [stream.accept(part) for part in np.split(samples, 10)]
    assert any(caption is not None for caption in captions)
    assert stream.finish().words == recognizer.transcribe(samples).words
