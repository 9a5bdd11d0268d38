"""Media files, as pure functions: probe, normalise, audit, store, serve.

What the other rooms call: `probe.probe`, `profile.Profile`, `changes.foresee`, `normalise.normalise`,
`audit.find_leaks`, `storage.store` and `open_stored`, `padding.PaddedFile` and `padded_size`,
`ranges.ranged_response`, `binary.ffmpeg_version`. Files are never trusted: what can't be shown raises
`probe.UnusableMedia`.
"""
