"""Checkpoints, data sets and the Space to the Hugging Face Hub.

In: a folder or a source, and a repository id. Out: one commit. Open `model.py` first.
"""
