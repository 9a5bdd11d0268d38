"""Public pages of results: boards, contenders, pairs, downloads and embeds."""
