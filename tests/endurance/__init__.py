"""Hours of speech through the whole daemon, and whether anything grows, slows down or is lost."""
