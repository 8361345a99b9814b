from annotation.selectors.datasets import diff, usable_rows, version_for, version_rows

__all__ = ["diff", "usable_rows", "version_for", "version_rows"]
