"""Manifests of runs: files that say how each clip was made, by which the clips can be made again."""
