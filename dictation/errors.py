"""The root of every error that a user can cause or cure."""


class DictationError(Exception):
    """Something that a person can set right; the message names the cause and the way out.

    The command line prints the message as one line, without a traceback.
    """
