"""A checkpoint folder to a network that can be asked.

In: a folder, a name in the package or a Hub id. Out: logits, features and p_reject of glyphs uint8 [N, 28, 28]. Open
`checkpoint.py` first (what a folder holds), then `engine.py` (how it is run while serving); `line_checkpoint.py` and
`line_engine.py` are the same for strips of lines.
"""
