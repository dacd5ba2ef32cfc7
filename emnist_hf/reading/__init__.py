"""A page's ink to its text.

In: a picture of a page or its ink, a classifier of glyphs, and the charset to answer in. Out: `results.Reading`.
Open `pipeline.py` first: layout finds lines of fragments, segmentation makes characters of them, decoding says which.
"""
