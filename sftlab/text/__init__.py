"""Text in Chinese, English and both at once: language, segmentation, normalisation, similarity. Pure."""
