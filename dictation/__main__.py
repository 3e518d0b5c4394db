"""`python -m dictation` is `dictation`."""

from dictation.cli import main

if __name__ == "__main__":
    main()
