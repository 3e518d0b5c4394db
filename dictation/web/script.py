"""What Streamlit runs for each tab, from the top, whenever something changes there."""

from dictation.web.page import show

show()
