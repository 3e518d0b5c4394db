"""Keep the recordings whose texts a second teacher of English confirms, and take its spelling.

The teacher is Moonshine tiny (Jeffries et al. 2024; MIT): its files encoder_model.onnx and
decoder_model_merged.onnx are in the npm package @moonshine-ai/moonshine-js, in
dist/model/tiny/quantized; `pip install --no-deps useful-moonshine-onnx` runs them. The texts to be
confirmed are those of `dictation label`.
"""

import json
from pathlib import Path
from typing import Annotated

import typer
from moonshine_onnx import MoonshineOnnxModel, transcribe

from dictation.training.data import load_samples
from dictation.training.scoring import edits, read_out


def main(
    manifest: Path,
    moonshine: Path,
    out: Path,
    most: Annotated[float, typer.Option(help="Share of the words that may differ.")] = 0.1,
) -> None:
    """Write OUT from MANIFEST: `text` is the second teacher's, `first` that of the first."""
    teacher = MoonshineOnnxModel(models_dir=str(moonshine), model_name="tiny")
    kept = heard = errors = words = 0
    out.parent.mkdir(parents=True, exist_ok=True)
    with manifest.open(encoding="utf-8") as lines, out.open("w", encoding="utf-8") as file:
        for line in map(json.loads, lines):
            audio = (manifest.parent / line["audio"]).resolve()
            (text,) = transcribe(load_samples(audio), teacher)
            apart = edits(text, read_out(line["text"], text))
            heard, errors, words = heard + 1, errors + apart.errors, words + apart.reference
            if apart.reference and apart.errors <= most * apart.reference:
                kept += 1
                values = {**line, "audio": str(audio), "text": text, "first": line["text"]}
                file.write(json.dumps(values, ensure_ascii=False) + "\n")
    apart_share = f"{100 * errors / words:.1f} %" if words else "no words"
    print(f"{out}: {kept} of {heard} recordings; the teachers differ in {apart_share}")


if __name__ == "__main__":
    typer.run(main)
