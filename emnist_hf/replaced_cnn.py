"""Where published cards import the network of `models.replaced_cnn` from, so that timm knows it."""

from emnist_hf.models.replaced_cnn import ReplacedCNN as ReplacedCNN
