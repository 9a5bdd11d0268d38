"""From a request to frames and samples."""
