"""The interface's own words, in English and in Chinese."""

from dataclasses import dataclass
from typing import Literal

from dictation.desktop.environment import Environment
from dictation.events import Language

InterfaceLanguage = Literal["zh", "en"]
LanguageSetting = Literal["auto", "zh", "en"]


@dataclass(frozen=True, slots=True)
class Strings:
    """Every text that the tray and the captions show."""

    app: str
    start: str
    stop: str
    language_menu: str
    automatic: str
    quit: str
    idle: str
    listening: str
    speaking: str
    speak: str
    finishing: str
    done: str
    error: str
    loading: str
    language_names: dict[Language, str]


ENGLISH = Strings(
    app="Dictation",
    start="Start dictation",
    stop="Stop dictation",
    language_menu="Language display",
    automatic="Automatic",
    quit="Quit",
    idle="Ready",
    listening="Listening",
    speaking="Hearing you",
    speak="Speak now",
    finishing="Finishing",
    done="Done",
    error="Something is wrong",
    loading="Loading the model",
    language_names={"zh": "Chinese", "en": "English", "mix": "Mixed"},
)

CHINESE = Strings(
    app="听写",
    start="开始听写",
    stop="停止听写",
    language_menu="语言显示",
    automatic="自动",
    quit="退出",
    idle="就绪",
    listening="正在聆听",
    speaking="正在识别",
    speak="请说话",
    finishing="正在整理",
    done="完成",
    error="出了问题",
    loading="正在载入模型",
    language_names={"zh": "中文", "en": "英文", "mix": "中英混合"},
)


def interface_language(setting: LanguageSetting, env: Environment) -> InterfaceLanguage:
    """The language to speak to the user: the one set, else the session's."""
    if setting != "auto":
        return setting
    return "zh" if env.locale.lower().startswith("zh") else "en"


def strings_for(language: InterfaceLanguage) -> Strings:
    """The texts in a language."""
    return CHINESE if language == "zh" else ENGLISH
