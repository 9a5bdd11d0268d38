"""Reports: sections of sentences, tables and figures, written as one page, Markdown or PDF."""
