"""A page's ink to its text.

In: a picture of a page or its ink, a classifier of glyphs, a network of lines, and the charset to answer in. Out:
`results.Reading`. Open `pipeline.py` first: layout finds lines of fragments, segmentation makes characters of them and
decoding says which; `line_reading.py` reads a line as a whole, and `judge.py` says which of the two serves.
"""
