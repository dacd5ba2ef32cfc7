"""Rows to a checkpoint.

In: a `config.TrainConfig` (from the command line or a recipe). Out: a checkpoint folder with results, figures and card.
Open `loop.py` first; `lines.py` for the network of lines.
"""
