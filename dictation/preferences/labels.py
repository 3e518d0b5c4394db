"""What the settings are called in the window: a label, and a line of help where that is not enough.

config.toml says the same for those who edit it by hand.
"""

from dictation.messages import Translate, message

SECTIONS: dict[str, str] = {
    "model": message("Model"),
    "recognition": message("Recognition"),
    "audio": message("Microphone"),
    "segmenter": message("Pauses"),
    "endpoint": message("Ends of utterances"),
    "hotkey": message("Keys"),
    "output": message("Text delivery"),
    "application": message("Applications"),
    "text": message("Text"),
    "commands": message("Spoken commands"),
    "captions": message("Captions"),
    "tray": message("Tray icon"),
    "sounds": message("Sounds"),
    "interface": message("Language"),
    "history": message("History"),
    "web": message("Page for files"),
}

CHORDS = frozenset({"hotkey.key", "hotkey.cancel", "hotkey.undo", "hotkey.language"})
"""The settings that hold a key with its modifiers."""

LABELS: dict[str, tuple[str, str]] = {
    "model.name": (message("Model"), message("One that is installed, or the path of its folder")),
    "model.device": (message("Runs on"), message("auto, cpu, cuda or cuda:1")),
    "model.precision": (message("Precision"), message("Automatic: chosen by measurement")),
    "model.threads": (message("Processor threads"), message("0: two, which is as many as help")),
    "recognition.language": (
        message("Spoken language"),
        message("Automatic: also both in one sentence"),
    ),
    "recognition.chunk_ms": (
        message("Time between captions (ms)"),
        message("320 is sooner, 640 is surer"),
    ),
    "recognition.captions": (
        message("Who writes the captions"),
        message("The decoder makes fewer errors and takes longer"),
    ),
    "recognition.window_ms": (
        message("Sound heard again for captions (ms)"),
        message("With what comes after it; 0: none, less work"),
    ),
    "recognition.hot_words": (
        message("File of your words"),
        message("Names and words to listen for; empty: words.txt beside your settings"),
    ),
    "recognition.final": (
        message("How the final text is decided"),
        message("Automatic: as the model was made for"),
    ),
    "recognition.n_best": (message("Hypotheses to choose from"), ""),
    "recognition.beam": (message("Beginnings the decoder keeps when it searches"), ""),
    "recognition.ctc_weight": (message("Weight of the first pass (CTC)"), ""),
    "recognition.reverse_weight": (message("Weight of the decoder from the right"), ""),
    "recognition.length_weight": (message("Weight of longer texts"), ""),
    "recognition.max_distance": (
        message("How far the decoder may go from what was heard"),
        message("Beyond it the first pass is written out"),
    ),
    "recognition.language_model": (
        message("Weigh in what people write"),
        message("N-grams of both languages, where the model has them"),
    ),
    "recognition.blank_threshold": (
        message("Probability of no word that counts as silence"),
        "",
    ),
    "endpoint.ctc": (
        message("End where no words come any more"),
        message("Also while noise goes on"),
    ),
    "endpoint.no_words_ms": (message("Wait without any word (ms)"), ""),
    "endpoint.after_words_ms": (message("Wait after words (ms)"), ""),
    "endpoint.longest_ms": (message("Longest utterance (ms)"), ""),
    "text.numbers": (message("Numbers in digits"), message("Half past three as 3:30")),
    "text.punctuation": (message("Punctuation"), ""),
    "text.capitals": (message("Capitals"), message("Of sentences, acronyms and names")),
    "text.spacing": (message("Space between Chinese and Latin words"), ""),
    "text.script": (message("Chinese script"), ""),
    "text.remove_fillers": (message("Leave out fillers"), message("Such as um and uh")),
    "text.sound_alikes": (message("Write your words also where others sound the same"), ""),
    "text.commands": (
        message("Spoken commands"),
        message('Such as "new paragraph", as a whole utterance'),
    ),
    "text.lead_word": (
        message("Word before a command"),
        message("With it a command may stand in a sentence"),
    ),
    "text.continue_seconds": (
        message("A text goes on for (s)"),
        message("Where the last one ended, in the same window"),
    ),
    "commands": (
        message("What you say for a longer text"),
        message('As in config.toml: { "my address" = "1 Long Street" }'),
    ),
    "audio.device": (message("Microphone"), message("Empty: the system's default")),
    "audio.keep_open": (
        message("Keep it open while idle"),
        message("So that no first word is lost; nothing is recorded"),
    ),
    "audio.pre_roll_ms": (
        message("Sound from before the key (ms)"),
        message("Still heard when you press; never leaves memory"),
    ),
    "audio.post_roll_ms": (message("Sound after the key came up (ms)"), ""),
    "segmenter.start_ms": (message("Voice that starts an utterance (ms)"), ""),
    "segmenter.end_ms": (message("Silence that ends an utterance (ms)"), ""),
    "segmenter.max_seconds": (
        message("Longest utterance (s)"),
        message("A longer one is cut at its quietest point"),
    ),
    "segmenter.aggressiveness": (
        message("How readily sound is taken for noise"),
        message("0 is seldom, 3 is often"),
    ),
    "hotkey.key": (message("Dictation key"), message("For example F9 or Ctrl+Alt+space")),
    "hotkey.cancel": (message("Key that drops what you say"), message("Empty: none")),
    "hotkey.undo": (message("Key that takes the last text back"), message("Empty: none")),
    "hotkey.language": (message("Key that changes the spoken language"), message("Empty: none")),
    "hotkey.backend": (
        message("How keys are watched"),
        message("evdev reads the keyboards themselves: you must be in the group input"),
    ),
    "hotkey.mode": (message("How the key works"), ""),
    "output.route": (message("How text reaches the window"), ""),
    "output.trailing_space": (
        message("Space after English text"),
        message("So that the next text can follow"),
    ),
    "output.on_focus_change": (message("When another window has the focus by then"), ""),
    "output.preedit": (
        message("Show the words at the cursor while you speak"),
        message("Where IBus allows it"),
    ),
    "output.terminal_newlines": (
        message("Line ends in a terminal"),
        message("Kept, each presses Enter there"),
    ),
    "output.passwords": (message("Let texts into password fields"), ""),
    "application": (
        message("What differs in some programs"),
        message(
            'A list, as config.toml describes: [{ match = "foot", paste_keys = "Ctrl+Shift+V" }]'
        ),
    ),
    "captions.enabled": (message("Show the words while you speak"), ""),
    "captions.theme": (message("Theme"), ""),
    "captions.position": (message("Edge of the screen"), ""),
    "captions.monitor": (
        message("Monitor"),
        message("focus, pointer, primary or a name such as HDMI-1"),
    ),
    "captions.font_size": (message("Font size (pixels)"), ""),
    "captions.width": (message("Width (pixels)"), ""),
    "captions.lines": (message("Lines"), message("Of a long text the newest are shown")),
    "captions.linger_seconds": (message("Finished text stays for (s)"), ""),
    "tray.enabled": (message("Show an icon with a menu"), ""),
    "sounds.enabled": (
        message("Play sounds at start, stop and error"),
        message("Speak after the first"),
    ),
    "sounds.volume": (message("Volume"), message("From 0 to 1")),
    "interface.language": (message("Language of menus and messages"), ""),
    "web.port": (message("Port of the page"), message("On this computer only")),
    "web.max_upload_mb": (message("Largest file (MB)"), message("It is kept in memory")),
    "history.enabled": (
        message("Keep finished texts"),
        message("In a file that only you can read; never sound"),
    ),
    "history.days": (message("Days to keep them"), message("0: always")),
    "history.entries": (message("Texts to keep"), message("0: all of them")),
}
"""A label and a line of help for each setting."""

CHOICES: dict[str, str] = {
    "auto": message("Automatic"),
    "light": message("Light"),
    "dark": message("Dark"),
    "bottom": message("Bottom"),
    "top": message("Top"),
    "hold": message("Hold to talk"),
    "toggle": message("Press to start, press to stop"),
    "double-tap": message("Tap twice to start"),
    "hands-free": message("Hands-free: by voice"),
    "recognition.captions=ctc": message("The first pass (CTC)"),
    "recognition.captions=decoder": message("The decoder"),
    "recognition.final=rescore": message("Choose the best hypothesis"),
    "recognition.final=refine": message("Check and rewrite"),
    "recognition.final=search": message("Search: surer and slower"),
    "text.punctuation=spoken": message("Only where it is said"),
    "text.punctuation=off": message("None"),
    "simplified": message("Simplified"),
    "traditional": message("Traditional"),
    "hotkey.backend=x11": message("X11: a grab"),
    "hotkey.backend=portal": message("Desktop portal"),
    "output.on_focus_change=hold": message("Hold the text back"),
    "output.on_focus_change=follow": message("Follow the focus"),
    "output.on_focus_change=clipboard": message("Copy it"),
    "output.terminal_newlines=space": message("A space instead"),
    "output.terminal_newlines=keep": message("Keep them"),
    "output.route=ibus": message("IBus (input method)"),
    "output.route=x11": message("X11: paste"),
    "output.route=xtest": message("X11: type"),
    "output.route=wayland": message("Wayland: paste"),
    "output.route=wtype": message("Wayland: type (wtype)"),
    "output.route=portal": message("Desktop portal"),
    "output.route=windows": "Windows",
    "output.route=macos": "macOS",
    "output.route=clipboard": message("Copy only"),
}
"""The choices that have a name, by value or by "key=value"."""

ENDONYMS = {"zh": "中文", "en": "English"}
"""Languages by their own names, so that everybody finds theirs in any language."""


def label_of(key: str) -> tuple[str, str]:
    """The label and help of a setting, in English; its own name where nobody has named it."""
    return LABELS.get(key, (key.rpartition(".")[2].replace("_", " ").capitalize(), ""))


def choice_label(key: str, value: object, translate: Translate) -> str:
    """What a choice is called; its own name where nobody has named it."""
    text = str(value)
    if text in ENDONYMS:
        return ENDONYMS[text]
    return translate(CHOICES.get(f"{key}={text}", CHOICES.get(text, text)))
