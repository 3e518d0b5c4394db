"""The page for audio files: served to this computer alone, by Streamlit."""
