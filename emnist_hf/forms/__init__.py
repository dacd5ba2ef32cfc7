"""Forms: the boxes of a picture without a template, and what is written in them.

A picture goes in (`reading.read_form`); out comes a `reading.results.Reading` with fields and tables, or None where the
picture has no boxes. `rules.py` finds rules, `cells.py` what they enclose, `blocks.py` rows, grids and tables of these;
`walls.py` takes the walls out of the ink, `printed.py` tells print from handwriting, and `characters.py` decides what a
field is made of. What classifies glyphs and what reads a line are handed in. Open `reading.py` first.
"""
