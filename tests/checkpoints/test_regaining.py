"""A decoder that writes more words as Whisper does, and those it had as before."""

import json
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
    pieces = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *map("".join, merges)]
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
def places(before):
    states = torch.randn((400, WIDTH), generator=torch.Generator().manual_seed(6))
    states[:, 0] = 1.0  # as after a norm: something of them is always the same
    right = torch.randint(len(before.decoder_tokenizer), (400,))
    return Places(states, right)


def test_words_that_were_cut_away_are_one_token_again(before, whisper, places):
    assert len(before.decoder_tokenizer.encode(" cat")) > 1
    after = with_words(before, whisper, ["cat"], places)
    for text in (" cat", " Cat", " the"):
        (token,) = after.decoder_tokenizer.encode(text)
        assert after.decoder_tokenizer.decode([token]) == text
    assert len(after.decoder_tokenizer.encode(" cab")) > 1


def test_what_could_be_written_before_scores_as_before(before, whisper, places):
    after = with_words(before, whisper, ["cat"], places)
    for text in (" the", " dog", "x", "<|endoftext|>"):
        old, new = (
            json.loads(each.decoder_tokenizer.definition)["model"]["vocab"].get(
                text.replace(" ", "Ġ"), each.decoder_tokenizer.end
            )
            for each in (before, after)
        )
        scores = (each.model.decoder.logits(places.states) for each in (before, after))
        torch.testing.assert_close(
            *(one[:, at] for one, at in zip(scores, (old, new), strict=True))
        )


def test_it_is_saved_and_read_again(before, whisper, places, tmp_path):
    after = with_words(before, whisper, ["cat"], places)
    save_checkpoint(after, tmp_path / "out", torch.float32)
    again = load_checkpoint(tmp_path / "out")
    assert again.decoder_tokenizer.encode(" cat") == after.decoder_tokenizer.encode(" cat")


def test_a_new_token_stays_behind_the_right_ones(places):
    others = torch.randn((300, WIDTH), generator=torch.Generator().manual_seed(7))
    likely, unlikely = 4 * others[:1], others[1:2].clone()
    unlikely[:, 0] = -50.0
    rows = torch.cat([likely, unlikely])
    right = (places.states * others[places.right]).sum(1, keepdim=True)
    assert (places.states @ rows.T - right)[:, 0].max() > 2
    held = held_back(rows, others, places)
    assert (places.states @ held.T - right).max() == pytest.approx(-2.0, abs=0.2)
    # It knows as well as before where it belongs: the same is taken off everywhere.
    taken = places.states @ (rows - held).T
    assert taken[:, 0].std() < 0.05 * taken[:, 0].mean()
    assert torch.equal(held[1], unlikely[0])


def test_a_decoder_of_another_kind_is_refused(whisper, places):
    with pytest.raises(ModelError, match="not Whisper's"):
        with_words(tiny_checkpoint(), whisper, ["cat"], places)
