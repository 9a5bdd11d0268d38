"""Pure functions over media files: probe, normalise, audit, store, serve.

Other rooms call `probe.probe`, `profile.Profile`, `changes.foresee`, `normalise.normalise`,
`audit.find_leaks`, `storage.store` and `open_stored`, `padding.PaddedFile` and `padded_size`,
`ranges.ranged_response`, `binary.ffmpeg_version`. Files are never trusted: one that can't be shown raises
`probe.UnusableMedia`.
"""
