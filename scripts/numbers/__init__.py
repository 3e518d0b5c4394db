"""The README's and the model card's numbers and pictures, written from what was measured."""
