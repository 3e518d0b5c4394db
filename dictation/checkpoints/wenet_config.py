"""WeNet's train.yaml, in the three forms it has had since 2020, as values that have been checked.

Forms and keys: WeNet v1.0.0, v2.0.0 and its main branch of 2025.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dictation.checkpoints.weights import ModelError


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# How a model was trained: of no account for what it computes.
_TRAINING_ONLY = _names("""
    accum_grad checkpoint data_type dataset dtype early_stop enc_init enc_init_mods epoch grad_clip
    init_infos lfmmi_dir log_interval max_epoch model_dir num_workers optim optim_conf patience
    pin_memory prefetch save_interval save_states scheduler scheduler_conf step train_engine use_amp
""")
_KNOWN = _names("""
    cmvn cmvn_conf cmvn_file collate_conf ctc ctc_conf dataset_conf decoder decoder_conf encoder
    encoder_conf input_dim is_json_cmvn model model_conf non_lang_syms output_dim raw_wav
    split_with_space tokenizer tokenizer_conf vocab_size
""")
_DROPOUT = _names("""
    attention_dropout_rate dropout_rate positional_dropout_rate self_attention_dropout_rate
    src_attention_dropout_rate
""")
# How a model was trained, how torch computes it, or what no released code ever read.
_ENCODER_IGNORED = _DROPOUT | _names("""
    gradient_checkpointing positionwise_conv_kernel_size positionwise_layer_type static_chunk_size
    use_dynamic_chunk use_dynamic_left_chunk use_sdpa
""")
_DECODER_IGNORED = _DROPOUT | _names("gradient_checkpointing use_sdpa")
_MODEL_IGNORED = _names("""
    ctc_weight ignore_id length_normalized_loss lfmmi_dir lsm_weight reverse_weight special_tokens
""")
_CTC_IGNORED = _names("dropout_rate reduce")
_TOKENIZER_KNOWN = _names("""
    bpe_path connect_symbol is_multilingual non_lang_syms_path num_languages special_tokens
    split_with_space symbol_table_path upper
""")
_BIASES = _names("key_bias mlp_bias query_bias value_bias")
# What must have this value (or be absent): nothing else is built here.
_ENCODER_FIXED: dict[str, tuple[Any, ...]] = {
    "concat_after": (False,),
    "conv_inner_factor": (2,),
    "n_kv_head": (None,),
    "head_dim": (None,),
    "mlp_type": ("position_wise_feed_forward",),
}
_DECODER_FIXED: dict[str, tuple[Any, ...]] = {
    "concat_after": (False,),
    "input_layer": ("embed",),
    "use_output_layer": (True,),
    "src_attention": (True,),
    "n_kv_head": (None,),
    "head_dim": (None,),
    "mlp_type": ("position_wise_feed_forward",),
}
_ENCODER_READ = _BIASES | _names("""
    activation_type attention_heads causal cnn_module_kernel cnn_module_norm conv_bias conv_norm_eps
    final_norm input_layer layer_norm_type linear_units macaron_style norm_eps normalize_before
    num_blocks output_size pos_enc_layer_type selfattention_layer_type use_cnn_module
""")
_DECODER_READ = _BIASES | _names("""
    activation_type attention_heads layer_norm_type linear_units norm_eps normalize_before
    num_blocks r_num_blocks tie_word_embedding
""")
# Where the features are described, what counts first.
_FEATURES = ("fbank_conf", "feature_extraction_conf", "mfcc_conf")
_FEATURES_READ = _names("mel_bins num_mel_bins")
# Sound is not dithered when it is recognised.
_FEATURES_IGNORED = _names("dither")
_FEATURES_FIXED = {
    "feature_type": "fbank",
    "frame_length": 25,
    "frame_shift": 10,
    "using_pitch": False,
    "window_type": "povey",
}
_MOST_VALUES = 100_000


@dataclass(frozen=True)
class TokenSettings:
    """How texts are cut. `kind` None: the yaml does not say. `start`, `end`: as they stand there,
    None: nothing does. `units`, `pieces`, `tags`: names of files in the folder."""

    kind: str | None
    units: str | None
    pieces: str | None
    tags: str | None
    split_with_space: bool
    start: object
    end: object


@dataclass(frozen=True)
class WenetConfig:
    """What train.yaml says of a model. `cmvn`: the name of a file in the folder, None: none."""

    mel_bins: int
    encoder: Mapping[str, Any]
    decoder: Mapping[str, Any]
    cmvn: str | None
    cmvn_is_json: bool
    tokens: TokenSettings


def read_wenet_config(path: Path) -> WenetConfig:
    """Read a train.yaml of any age; raises ModelError for what this program does not compute."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: not a WeNet configuration ({reason})") from error
    if not _is_small(values):
        raise ModelError(f"{path}: not a WeNet configuration (it repeats itself without end)")
    return _Reader(path, values).config()


def _is_small(values: object) -> bool:
    """Count what is in a YAML file: by its aliases, a few lines can stand for billions."""
    waiting, count = [values], 0
    while waiting and count <= _MOST_VALUES:
        value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
    return count <= _MOST_VALUES


class _Reader:
    """One yaml being read; every complaint names its file and key."""

    def __init__(self, path: Path, values: object) -> None:
        self._path = path
        self._values = self._table(values, "the file")

    def config(self) -> WenetConfig:
        values = self._values
        self._expect_known(values, "", _KNOWN | _TRAINING_ONLY)
        self._expect_one_of("encoder", values.get("encoder", "conformer"), "conformer")
        self._expect_one_of(
            "decoder", values.get("decoder", "bitransformer"), "transformer", "bitransformer"
        )
        # For some weeks of 2023 it was written without the underscore.
        self._expect_one_of("model", values.get("model", "asr_model"), "asr_model", "asrmodel")
        self._expect_one_of("ctc", values.get("ctc", "ctc"), "ctc")
        ctc = self._section("ctc_conf")
        self._expect_known(ctc, "ctc_conf.", _CTC_IGNORED | {"ctc_blank_id"})
        self._expect_one_of("ctc_conf.ctc_blank_id", ctc.get("ctc_blank_id", 0), 0)
        model = self._section("model_conf")
        self._expect_known(model, "model_conf.", _MODEL_IGNORED | {"apply_non_blank_embedding"})
        self._expect_one_of(
            "model_conf.apply_non_blank_embedding",
            model.get("apply_non_blank_embedding", False),
            False,
        )
        cmvn, is_json = self._cmvn()
        return WenetConfig(
            mel_bins=self._mel_bins(),
            encoder=self._part("encoder_conf", _ENCODER_READ, _ENCODER_IGNORED, _ENCODER_FIXED),
            decoder=self._part("decoder_conf", _DECODER_READ, _DECODER_IGNORED, _DECODER_FIXED),
            cmvn=cmvn,
            cmvn_is_json=is_json,
            tokens=self._tokens(),
        )

    def _part(
        self,
        name: str,
        read: frozenset[str],
        ignored: frozenset[str],
        fixed: Mapping[str, tuple[Any, ...]],
    ) -> Mapping[str, Any]:
        section = self._section(name)
        self._expect_known(section, f"{name}.", read | ignored | fixed.keys())
        for key, allowed in fixed.items():
            if key in section:
                self._expect_one_of(f"{name}.{key}", section[key], *allowed)
        return {key: value for key, value in section.items() if key in read}

    def _mel_bins(self) -> int:
        # The oldest form has both tables, with the features in the second.
        data = self._section("collate_conf") | self._section("dataset_conf")
        self._expect_one_of("dataset_conf.feats_type", data.get("feats_type", "fbank"), "fbank")
        where = next((key for key in _FEATURES if key in data), "fbank_conf")
        if where == "mfcc_conf":
            raise ModelError(f"{self._path}: {where} is not supported, only fbank_conf")
        features = self._table(data.get(where, {}), where)
        known = _FEATURES_READ | _FEATURES_IGNORED | _FEATURES_FIXED.keys()
        self._expect_known(features, f"{where}.", known)
        for key, allowed in _FEATURES_FIXED.items():
            self._expect_one_of(key, features.get(key, allowed), allowed)
        resampled = self._table(data.get("resample_conf", {}), "resample_conf")
        self._expect_one_of("resample_rate", resampled.get("resample_rate", 16_000), 16_000)
        bins = self._values.get("input_dim") or features.get(
            "num_mel_bins", features.get("mel_bins", 80)
        )
        if not isinstance(bins, int):
            raise ModelError(f"{self._path}: input_dim is {bins!r}, not a number of mel bins")
        return bins

    def _cmvn(self) -> tuple[str | None, bool]:
        values = self._values
        if "cmvn" in values or "cmvn_conf" in values:
            section = self._section("cmvn_conf")
            self._expect_one_of("cmvn", values.get("cmvn"), None, "global_cmvn")
            file = section.get("cmvn_file") if values.get("cmvn") else None
            return _name(file), bool(section.get("is_json_cmvn", True))
        # The oldest form had JSON for raw audio and Kaldi's text for Kaldi's features.
        oldest = "collate_conf" in values
        is_json = values.get("is_json_cmvn", values.get("raw_wav", False) if oldest else True)
        return _name(values.get("cmvn_file")), bool(is_json)

    def _tokens(self) -> TokenSettings:
        values, section = self._values, self._section("tokenizer_conf")
        kind = values.get("tokenizer")
        self._expect_one_of("tokenizer", kind, None, "char", "bpe")
        self._expect_known(section, "tokenizer_conf.", _TOKENIZER_KNOWN)
        self._expect_one_of("tokenizer_conf.upper", section.get("upper", True), True)
        special = self._table(section.get("special_tokens") or {}, "special_tokens")
        self._expect_one_of("special_tokens.<blank>", special.get("<blank>", 0), 0)
        tags = section.get("non_lang_syms_path", values.get("non_lang_syms"))
        split = section.get("split_with_space", values.get("split_with_space", False))
        return TokenSettings(
            kind=kind,
            units=_name(section.get("symbol_table_path")),
            pieces=_name(section.get("bpe_path")),
            tags=_name(tags),
            split_with_space=bool(split),
            start=special.get("<sos>"),
            end=special.get("<eos>"),
        )

    def _section(self, name: str) -> dict[str, Any]:
        return self._table(self._values.get(name) or {}, name)

    def _table(self, values: object, where: str) -> dict[str, Any]:
        if not isinstance(values, dict):
            raise ModelError(f"{self._path}: {where} is not a table of keys and values")
        return values

    def _expect_known(self, section: Mapping[str, Any], prefix: str, known: frozenset[str]) -> None:
        if unknown := sorted(str(key) for key in section if key not in known):
            raise ModelError(f"{self._path}: this program does not know {prefix}{unknown[0]}")

    def _expect_one_of(self, key: str, value: object, *allowed: object) -> None:
        if value not in allowed:
            choices = " or ".join(str(choice) for choice in allowed if choice is not None)
            raise ModelError(
                f"{self._path}: {key} {value} is not supported, only {choices or 'none'}"
            )


def _name(path: object) -> str | None:
    """The last part of a path on the machine that trained the model."""
    return None if not path else str(path).replace("\\", "/").rsplit("/", 1)[-1]
