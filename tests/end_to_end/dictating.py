"""One dictation by a user: the key, the voice, and what comes of it."""

from collections.abc import Callable
from pathlib import Path

from dictation.desktop.output.wording import spaced
from dictation.training.evaluation import error_rate
from tests.desktop.apps import App
from tests.end_to_end.watching import Watch
from tests.hands import Hands
from tests.pulse import VirtualMicrophone
from tests.recordings import Recording
from tests.running import RunningDaemon
from tests.xsession import XSession, wait_until

# Edits for each word or character that was said. The recordings are clean and their texts were
# never in training; the bound leaves room for a small model, not for another sentence.
ERROR_BOUND = 0.35


def hold(hands: Hands, sound: VirtualMicrophone, daemon: RunningDaemon, recording: Path) -> None:
    """Hold the key down while the recording is heard."""
    hands.press("F9")
    daemon.wait_for("listening")
    sound.play(recording)
    hands.release("F9")


def tap(hands: Hands, sound: VirtualMicrophone, daemon: RunningDaemon, recording: Path) -> None:
    """Tap the key before and after the recording."""
    hands.tap("F9")
    daemon.wait_for("listening")
    sound.play(recording)
    hands.tap("F9")


def dictate(
    speak: Callable[[], None],
    daemon: RunningDaemon,
    desktop: XSession,
    app: App,
    recording: Recording,
) -> str:
    """Dictate into an app, check all that holds of every dictation, and return what arrived."""
    before = app.text()
    count = daemon.wait_for("idle").utterances
    with Watch(desktop.display, daemon, app.window) as watch:
        speak()
        status = daemon.wait_for("idle")
        seen = {**watch.texts, status.utterances: status.text}
        texts = [text for number, text in sorted(seen.items()) if number > count]
        expected = "".join(spaced(text) for text in texts)
        wait_until(lambda: app.text() == before + expected, f"{expected!r} in the window")
    watch.check()
    print(f"{recording.name} ({status.language}), {len(watch.pictures)} pictures:")
    print(*watch.captions, *(f"-> {text}" for text in texts), sep="\n    ")
    assert status.utterances == count + len(texts)
    assert status.kept == ()
    assert texts
    assert watch.looks > 20
    assert watch.strangers == []
    # Each of them was there before the text was finished.
    assert len(watch.captions) >= 2
    assert len(watch.pictures) >= 2
    assert pressed_keys(desktop) == []
    assert error_rate([recording.written], [expected]) <= ERROR_BOUND, expected
    assert status.language == recording.language
    return expected


def pressed_keys(desktop: XSession) -> list[int]:
    """The codes of the keys that are down."""
    with Hands(desktop.display) as hands:
        keymap = hands.display.query_keymap()
    return [code for code in range(256) if keymap[code // 8] >> code % 8 & 1]
