"""Where earlier versions had the stroke sets of `data.strokes`."""

from emnist_hf.data.strokes import StrokeSet as StrokeSet
