"""Tables of a report: one pandas frame each, with raw numbers."""
