"""Text that every snapshot carries for its readers."""

from __future__ import annotations

README = """\
# Snapshot of the study {study}

| file | content |
|---|---|
| `manifest.json` | what this is, the ledger's head, and the SHA-256 of every other file (RFC 8785 JSON) |
| `manifest.sig` | the site's Ed25519 signature of `manifest.json`, in Base64 |
| `votes.parquet` | the votes that count; raters have pseudonyms, `vote` is the entry of the ledger |
| `excluded.parquet` | the votes that do not count, with the rule that excluded them |
| `contenders.json`, `prompts.json`, `clips.json` | what was compared, on what, and how each clip was made |
| `rules.json`, `fit.json` | the study's rules, and the settings of each board's fit |
| `code.json` | versions of the code and its libraries, and the hash of the lock file |
| `tables/`, `figures/` | each board as CSV and JSON, its intervals and win matrix as SVG |

A track's own board is of votes of the mode `both`, on picture and sound together. Where a study asks for
other modes, each has a board in a folder of its own, such as `t2v-audio/muted`.

A contender whose identity is withheld has its codename, and nothing else. While people can still be shown the
clips, `clips.json` has no hash, size or length of what they see, and votes no differences of features.

Check everything, on any machine, without a database:

    python manage.py verify_snapshot PATH --key PUBLIC_KEY

It compares every file with the manifest, the manifest with its signature, and the tables with what the votes
give, to the last printed digit.
"""
