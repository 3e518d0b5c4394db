"""From a recording to encoder states: WeNet's numbers, whole, masked, streamed, in a batch."""

from dataclasses import replace

import torch
from torch.nn import functional as F

from dictation.model.features import LogMel
from tests.parity.cases import assert_near, each_batch, each_utterance

FBANK, FBANK_MEAN, ENCODER, CTC = 1e-4, 2e-6, 2e-5, 2e-4
# A float32 Fourier transform rounds to this part of the loudest amplitude of its frame. The library
# picks its code by the processor: the same as WeNet's gave the same bits, another a bin 80 dB below
# its neighbour that is off by 4e-4 (in float64 it is off by 3e-4: the error is in WeNet's numbers).
# So the network is given WeNet's own filter bank.
FFT_ROUNDING = 2.0**-23


def features_of(utterance) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the normalised features (1, T, F) of a recording and their number (1,)."""
    features = normalised(utterance)[None]
    return features, torch.tensor([features.size(1)])


def normalised(utterance) -> torch.Tensor:
    model = utterance.case.checkpoint.model
    frames = utterance.tensor("fbank")
    if not model.config.features.normalized:
        return frames
    return (frames - model.features.mean) * model.features.inverse_deviation


def streamed(utterance, mode):
    """Return the output and the state after each of the calls that WeNet made."""
    model = utterance.case.checkpoint.model
    features, _ = features_of(utterance)
    state, end, calls = model.encoder.initial_state(), 0, []
    ranges = utterance.arrays[f"chunk_feat_ranges_{mode}"].tolist()
    for number, (_, reaches, offset) in enumerate(ranges, start=1):
        assert state.offset == offset
        output, state = model.encoder.step(
            features[:, end:reaches],
            state,
            mode.chunk_size,
            mode.left_context,
            final=number == len(ranges),
        )
        end = reaches
        calls.append((output.memory, state))
    return calls


@each_utterance
def test_the_filter_bank(utterance):
    config = utterance.case.checkpoint.model.config.features
    frames = LogMel(replace(config, normalized=False))(utterance.samples)
    theirs = utterance.tensor("fbank")
    assert frames.shape == theirs.shape
    error = (frames - theirs).abs()
    below_loudest = ((theirs.max(dim=1, keepdim=True).values - theirs) / 2).exp()  # amplitudes
    assert bool((error <= FBANK + FFT_ROUNDING * below_loudest).all())
    assert float(error.mean()) <= FBANK_MEAN


@each_utterance
@torch.inference_mode()
def test_from_the_recording_on(utterance):
    model = utterance.case.checkpoint.model
    features = model.features(utterance.samples)[None]
    memory = model.encoder(features, torch.tensor([features.size(1)])).memory
    assert_near(memory[0], utterance.tensor("encoder_full"), FBANK)


@each_utterance
@torch.inference_mode()
def test_what_enters_the_first_block(utterance):
    embedded, lengths = utterance.case.checkpoint.model.encoder.embed(*features_of(utterance))
    assert embedded.size(1) == int(lengths)
    assert_near(embedded[0], utterance.tensor("embed"), ENCODER)


@each_utterance
@torch.inference_mode()
def test_full_context(utterance):
    model = utterance.case.checkpoint.model
    memory = model.encoder(*features_of(utterance)).memory
    assert_near(memory[0], utterance.tensor("encoder_full"), ENCODER)
    assert_near(model.ctc_log_probs(memory)[0], utterance.tensor("ctc_logp_full"), CTC)


@each_utterance
@torch.inference_mode()
def test_under_a_chunk_mask(utterance):
    encoder = utterance.case.checkpoint.model.encoder
    for mode in utterance.modes("encoder_mask"):
        output = encoder(*features_of(utterance), mode.chunk_size, mode.left_context)
        assert_near(output.memory[0], utterance.tensor(f"encoder_mask_{mode}"), ENCODER)


@each_utterance
@torch.inference_mode()
def test_chunk_by_chunk(utterance):
    model = utterance.case.checkpoint.model
    for mode in utterance.modes("encoder_stream"):
        memories = [memory for memory, _ in streamed(utterance, mode)]
        lengths = [memory.size(1) for memory in memories]
        assert lengths == utterance.arrays[f"chunk_lens_{mode}"].tolist()
        memory = torch.cat(memories, dim=1)
        assert_near(memory[0], utterance.tensor(f"encoder_stream_{mode}"), ENCODER)
        if mode in utterance.modes("ctc_logp_stream"):
            log_probs = model.ctc_log_probs(memory)[0]
            assert_near(log_probs, utterance.tensor(f"ctc_logp_stream_{mode}"), CTC)


@each_utterance
@torch.inference_mode()
def test_what_a_stream_remembers(utterance):
    blocks = utterance.case.checkpoint.model.encoder.blocks
    mode = utterance.modes("ctc_logp_stream")[0]
    states = [state.blocks for _, state in streamed(utterance, mode)]
    for when, state in (("after_chunk1", states[min(1, len(states) - 1)]), ("final", states[-1])):
        attention = [
            torch.cat([block.attention.keys, block.attention.values], dim=3)[0] for block in state
        ]
        assert_near(torch.stack(attention), utterance.tensor(f"att_cache_{when}"), ENCODER)
        # WeNet keeps the input of the convolution module, we what its gate makes of it.
        inputs = utterance.tensor(f"cnn_cache_{when}")
        for layer, block in enumerate(blocks):
            kept = state[layer].convolution
            if inputs.numel() == 0:
                assert kept.numel() == 0
                continue
            gated = F.glu(block.convolution.expand(inputs[layer].transpose(1, 2)), dim=2)
            assert_near(kept, gated, ENCODER)


def padded_features(case) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the normalised features of a case's batch and their numbers."""
    order = case.values["batch_order"]
    by_name = {each.name: each for each in case.utterances}
    rows = [normalised(by_name[name]) for name in order]
    padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    return padded, torch.tensor([row.size(0) for row in rows])


@each_batch
@torch.inference_mode()
def test_a_padded_batch(case):
    encoder = case.checkpoint.model.encoder
    batch = case.batch
    features, lengths = padded_features(case)
    assert lengths.tolist() == batch.arrays["feat_lens"].tolist()
    outputs = {"full": encoder(features, lengths)}
    for mode in batch.modes("encoder_batch"):
        outputs[str(mode)] = encoder(features, lengths, mode.chunk_size, mode.left_context)
    for name, output in outputs.items():
        theirs, exists = batch.tensor(f"encoder_batch_{name}"), batch.tensor(f"mask_batch_{name}")
        assert output.memory_lengths.tolist() == exists.sum((1, 2)).tolist()
        for row, count in enumerate(output.memory_lengths.tolist()):
            assert_near(output.memory[row, :count], theirs[row, :count], ENCODER)
