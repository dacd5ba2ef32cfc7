"""Any source of characters to upright, labelled rows.

In: Parquet, raw IDX files, a folder, a Hub data set, or pen strokes. Out: `rows.Rows`, glyphs uint8 [N, 28, 28] with
labels. Open `sources.py` first.
"""
