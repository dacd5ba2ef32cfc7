"""Any source of characters to upright, labelled rows, and pages composed by us.

In: Parquet, raw IDX files, a folder, a Hub data set, or pen strokes. Out: `rows.Rows`, glyphs uint8 [N, 28, 28] with
labels, memory-mapped in the cache of `datasets`; `compose.Page`, a picture with its text; or batches of lines, from
`line_rows.py`. Open `sources.py` first.
"""
