"""A decoder that writes more words as Whisper does, and those it had as before."""

from dataclasses import replace

import pytest
import tokenizers
import torch
from tokenizers import decoders, models, pre_tokenizers

from dictation.checkpoints.own import load_checkpoint, save_checkpoint
from dictation.checkpoints.regaining import Places, held_back, with_words
from dictation.checkpoints.weights import ModelError
from dictation.text.tokenizer import DecoderTokenizer, shrink_whisper_tokenizer
from tests.checkpoints.test_whisper import WIDTH, random_whisper, write
from tests.models import tiny_checkpoint, tiny_config, tiny_model

MERGES = "t h,th e,Ġ the,c a,ca t,Ġ cat,C a,Ca t,Ġ Cat,d o,do g,Ġ dog"
SPECIAL = "endoftext startoftranscript zh en transcribe notimestamps"


def whisper_tokens() -> str:
    """Return the definition of a small tokenizer of Whisper's kind."""
    merges = [tuple(merge.split(" ")) for merge in MERGES.split(",")]
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *map("".join, merges), "<|endoftext|>"]
    vocabulary = {piece: index for index, piece in enumerate(pieces)}
    tokenizer = tokenizers.Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([f"<|{name}|>" for name in SPECIAL.split()])
    return tokenizer.to_str()


@pytest.fixture
def whisper(tmp_path):
    (tmp_path / "tokenizer.json").write_text(whisper_tokens(), encoding="utf-8")
    rows = len(DecoderTokenizer(whisper_tokens()))
    generator = torch.Generator().manual_seed(5)
    variables = random_whisper()
    table = 0.3 * torch.randn((rows, WIDTH), generator=generator)
    write(variables | {"decoder/embeddings/weight": table.numpy()}, tmp_path / "model.bin")
    return tmp_path


@pytest.fixture
def before():
    tokens = DecoderTokenizer(shrink_whisper_tokenizer(whisper_tokens(), [" the", " dog"])[0])
    bare = tiny_checkpoint()
    config = tiny_config(len(bare.tokenizer), decoder=len(tokens))
    return replace(bare, model=tiny_model(config), decoder_tokenizer=tokens)


@pytest.fixture
def after(before, whisper):
    return with_words(before, whisper, ["cat"])


@pytest.fixture
def places(after):
    states = torch.randn((4000, WIDTH), generator=torch.Generator().manual_seed(6))
    states[:, 0] = 1.0  # as after a norm: something of them is always the same
    right = torch.tensor(after.decoder_tokenizer.encode(" cat dog the dog tea"))
    return Places(states, right.repeat(4000)[:4000])


def scores(checkpoint, places, text):
    tokens = checkpoint.decoder_tokenizer
    (token,) = tokens.encode(text) if text else (tokens.end,)
    return checkpoint.model.decoder.logits(places.states)[:, token]


def test_words_that_were_cut_away_are_one_token_again(before, after):
    assert len(before.decoder_tokenizer.encode(" cat")) > 1
    for text in (" cat", " Cat", " the"):
        (token,) = after.decoder_tokenizer.encode(text)
        assert after.decoder_tokenizer.decode([token]) == text
    assert len(after.decoder_tokenizer.encode(" cab")) > 1


@pytest.mark.parametrize("text", [" the", " dog", "x", ""], ids=["the", "dog", "x", "end"])
def test_what_could_be_written_before_scores_as_before(before, after, places, text):
    held = held_back(after, before.decoder_tokenizer, places)
    torch.testing.assert_close(scores(held, places, text), scores(before, places, text))


def test_every_prompt_is_that_of_the_model_before(before, after):
    for language in ("zh", "en"):
        rows = [
            each.model.decoder.embedding.weight[list(each.decoder_tokenizer.prompt(language))]
            for each in (before, after)
        ]
        torch.testing.assert_close(*rows)


def test_new_tokens_stay_behind_where_others_are_right(before, after, places):
    held = held_back(after, before.decoder_tokenizer, places)
    right = torch.stack(
        [
            held.model.decoder.logits(row)[token]
            for row, token in zip(places.states, places.right, strict=True)
        ]
    )
    (cat,) = after.decoder_tokenizer.encode(" cat")
    ahead = (scores(held, places, " cat") - right)[places.right != cat]
    assert ahead.max() < 0
    # It knows as well as before where it belongs: the same is taken off everywhere.
    taken = scores(after, places, " cat") - scores(held, places, " cat")
    assert taken.mean() > 0
    assert taken.std() < 0.05 * taken.mean()


def test_it_is_saved_and_read_again(after, tmp_path):
    save_checkpoint(after, tmp_path, torch.float32)
    again = load_checkpoint(tmp_path)
    assert again.decoder_tokenizer.encode(" cat") == after.decoder_tokenizer.encode(" cat")


def test_a_decoder_of_another_kind_is_refused(whisper):
    with pytest.raises(ModelError, match="not Whisper's"):
        with_words(tiny_checkpoint(), whisper, ["cat"])
