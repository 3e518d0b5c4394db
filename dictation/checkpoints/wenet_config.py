"""WeNet's train.yaml, in the three forms it has had since 2020, as values that have been checked.

Forms and keys: WeNet v1.0.0, v2.0.0 and its main branch of 2025.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from dictation.checkpoints.own import ModelError

_TRAINING_ONLY = frozenset(
    [
        "accum_grad",
        "grad_clip",
        "log_interval",
        "max_epoch",
        "optim",
        "optim_conf",
        "scheduler",
        "scheduler_conf",
        "train_engine",
        "use_amp",
        "dtype",
        "save_states",
        "save_interval",
        "model_dir",
        "dataset",
        "lfmmi_dir",
        "init_infos",
        "data_type",
        "patience",
        "early_stop",
        "checkpoint",
        "enc_init",
        "enc_init_mods",
        "pin_memory",
        "num_workers",
        "prefetch",
        "deepspeed",
        "ddp_backend",
        "fsdp_config",
        "step",
        "epoch",
        "lrs",
        "cv_loss",
        "loss_dict",
        "tag",
        "lora_reinit",
        "override_config",
        "raw_wav",
        "timeout",
        "num_trainings",
        "freeze_modules",
        "speaker_conf",
        "langs",
    ]
)
_KNOWN = frozenset(
    [
        "encoder",
        "encoder_conf",
        "decoder",
        "decoder_conf",
        "model",
        "model_conf",
        "ctc",
        "ctc_conf",
        "dataset_conf",
        "collate_conf",
        "cmvn",
        "cmvn_conf",
        "cmvn_file",
        "is_json_cmvn",
        "tokenizer",
        "tokenizer_conf",
        "input_dim",
        "output_dim",
        "vocab_size",
        "split_with_space",
        "non_lang_syms",
    ]
)
_DROPOUT = (
    "dropout_rate positional_dropout_rate attention_dropout_rate self_attention_dropout_rate "
    "src_attention_dropout_rate"
)
# These say how a model was trained, how torch computes it, or what no released code ever read.
_ENCODER_IGNORED = frozenset(
    f"{_DROPOUT} use_dynamic_chunk use_dynamic_left_chunk static_chunk_size gradient_checkpointing "
    "use_sdpa positionwise_conv_kernel_size positionwise_layer_type".split()
)
_DECODER_IGNORED = frozenset(f"{_DROPOUT} gradient_checkpointing use_sdpa".split())
_MODEL_IGNORED = frozenset(
    [
        "ctc_weight",
        "reverse_weight",
        "lsm_weight",
        "length_normalized_loss",
        "ignore_id",
        "lfmmi_dir",
    ]
)
_CTC_IGNORED = frozenset(["dropout_rate", "reduce"])
_BIASES = "query_bias key_bias value_bias mlp_bias"
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
_ENCODER_READ = frozenset(
    "output_size attention_heads linear_units num_blocks input_layer pos_enc_layer_type "
    "selfattention_layer_type normalize_before activation_type macaron_style use_cnn_module "
    "cnn_module_kernel causal cnn_module_norm conv_bias layer_norm_type norm_eps conv_norm_eps "
    f"final_norm {_BIASES}".split()
)
_DECODER_READ = frozenset(
    "attention_heads linear_units num_blocks r_num_blocks normalize_before activation_type "
    f"tie_word_embedding layer_norm_type norm_eps {_BIASES}".split()
)


@dataclass(frozen=True)
class TokenSettings:
    """How texts are cut. `kind` None: the yaml does not say. `start`, `end`: ids, None: the last
    unit. `pieces`, `tags`: names of files in the folder."""

    kind: str | None
    pieces: str | None
    tags: str | None
    split_with_space: bool
    start: int | None
    end: int | None


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
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ModelError(f"{path}: not a WeNet configuration ({reason})") from error
    return _Reader(path, values).config()


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
        self._expect_one_of("model", values.get("model", "asr_model"), "asr_model")
        self._expect_one_of("ctc", values.get("ctc", "ctc"), "ctc")
        ctc = self._section("ctc_conf")
        self._expect_known(ctc, "ctc_conf.", _CTC_IGNORED | {"ctc_blank_id"})
        self._expect_one_of("ctc_conf.ctc_blank_id", ctc.get("ctc_blank_id", 0), 0)
        model = self._section("model_conf")
        self._expect_known(
            model, "model_conf.", _MODEL_IGNORED | {"apply_non_blank_embedding", "special_tokens"}
        )
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
        data = self._section("dataset_conf") or self._section("collate_conf")
        self._expect_one_of("dataset_conf.feats_type", data.get("feats_type", "fbank"), "fbank")
        features = self._table(
            data.get("fbank_conf", data.get("feature_extraction_conf", {})), "fbank_conf"
        )
        for key, allowed in (
            ("feature_type", "fbank"),
            ("frame_length", 25),
            ("frame_shift", 10),
            ("using_pitch", False),
        ):
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
        self._expect_known(
            section,
            "tokenizer_conf.",
            frozenset(
                [
                    "symbol_table_path",
                    "bpe_path",
                    "non_lang_syms_path",
                    "split_with_space",
                    "special_tokens",
                    "is_multilingual",
                    "num_languages",
                    "connect_symbol",
                    "upper",
                ]
            ),
        )
        self._expect_one_of("tokenizer_conf.upper", section.get("upper", True), True)
        special = self._table(section.get("special_tokens") or {}, "special_tokens")
        self._expect_one_of("special_tokens.<blank>", special.get("<blank>", 0), 0)
        tags = section.get("non_lang_syms_path", values.get("non_lang_syms"))
        split = section.get("split_with_space", values.get("split_with_space", False))
        return TokenSettings(
            kind=kind,
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
