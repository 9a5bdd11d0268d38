"""Figures of a report, drawn by Matplotlib in one style."""
