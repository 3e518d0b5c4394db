"""What the page changes about the look that Streamlit gives it."""

import base64
from pathlib import Path

from dictation.messages import Translate

ICON = Path(__file__).parent / "icon.svg"

_STYLE = """
.stMainBlockContainer {{ max-width: 46rem; padding-top: 2.5rem; padding-bottom: 4rem; }}
.stAppHeader, footer {{ display: none; }}
.brand {{ display: flex; align-items: center; gap: 0.8rem; }}
.brand img {{ width: 2.6rem; height: 2.6rem; flex: none; }}
.brand h1 {{ font-size: 1.9rem; line-height: 1.1; padding: 0; margin: 0; }}
h3 {{ font-size: 1.1rem !important; overflow-wrap: anywhere; }}
[data-testid="stFileUploaderDropzone"] {{
  border: 2px dashed color-mix(in srgb, currentColor 22%, transparent);
  align-items: center;
}}
[data-testid="stFileUploaderDropzone"]:has([data-testid="stFileUploaderDropzoneInstructions"]) {{
  min-height: 7.5rem;
}}
/* Streamlit says these two in English only. */
[data-testid="stFileUploaderDropzoneInstructions"] span {{ display: none; }}
[data-testid="stFileUploaderDropzoneInstructions"]::after {{
  content: "{drop}"; opacity: 0.75; font-size: 0.95rem;
}}
[data-testid="stFileUploaderDropzone"] button [data-testid="stMarkdownContainer"] p {{
  font-size: 0;
}}
[data-testid="stFileUploaderDropzone"] button [data-testid="stMarkdownContainer"] p::after {{
  content: "{choose}"; font-size: 0.95rem;
}}
/* Until a run is over Streamlit keeps what the one before it has drawn. */
.st-key-transcribe[data-retained="true"], .st-key-cancel[data-retained="true"] {{ display: none; }}
@media (max-width: 30rem) {{
  .stMainBlockContainer {{ padding: 1.5rem 1rem 3rem; }}
  .brand h1 {{ font-size: 1.5rem; }}
}}
"""


def style(translate: Translate) -> str:
    """A style sheet for the page, with the words that only a style sheet can put there."""
    return _STYLE.format(
        drop=translate("or drop audio or video here"), choose=translate("Choose files")
    )


def brand(translate: Translate) -> str:
    """The icon and the name, as HTML."""
    drawing = base64.b64encode(ICON.read_bytes()).decode()
    picture = f'<img alt="" src="data:image/svg+xml;base64,{drawing}">'
    return f'<div class="brand">{picture}<h1>{translate("Dictation")}</h1></div>'
