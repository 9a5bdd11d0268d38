"""Load on a site over HTTP: its servers, its data, and its raters."""
