"""Answers to numbers: metrics, a report, figures and a checkpoint's card.

In: probabilities and labels, or a checkpoint and a source. Out: a JSON object, Markdown (from `templates/`) and PNG
files. Open `metrics.py` first, then `evaluate.py`, which the command `evaluate` calls.
"""
