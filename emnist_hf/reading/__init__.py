"""A page's ink to its text.

In: the ink of a page and a classifier of glyphs. Out: `results.Reading`. Open `pipeline.py` first.
"""
