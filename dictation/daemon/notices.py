"""What the user is told, as sentences of their language."""

from pathlib import Path

from dictation.actions import Notice
from dictation.desktop.strings import InterfaceLanguage

_ENGLISH: dict[Notice, str] = {
    "microphone_lost": "No sound from the microphone: {detail}",
    "model_failed": "The recogniser cannot go on: {detail}",
    "recognition_failed": "This utterance could not be recognised: {detail}",
    "behind": "The computer is {detail} s behind; nothing is lost",
    "kept": "Not delivered: {detail}. The text is in {kept}",
    "copied": "Copied: paste it where you want it",
    "quiet": "No speech was heard. Is the microphone muted?",
}

_CHINESE: dict[Notice, str] = {
    "microphone_lost": "麦克风没有声音：{detail}",
    "model_failed": "识别器无法继续：{detail}",
    "recognition_failed": "这句话没能识别：{detail}",
    "behind": "电脑慢了 {detail} 秒；内容不会丢失",
    "kept": "未能送达：{detail}。文字保存在 {kept}",
    "copied": "已复制：请粘贴到需要的地方",
    "quiet": "没有听到说话。麦克风静音了吗？",
}


def sentence(notice: Notice, detail: str, kept: Path, language: InterfaceLanguage) -> str:
    """Say it; `kept` is the file of undelivered texts."""
    catalogue = _CHINESE if language == "zh" else _ENGLISH
    home = Path.home()
    shown = f"~/{kept.relative_to(home)}" if kept.is_relative_to(home) else str(kept)
    return catalogue[notice].format(detail=detail, kept=shown)
