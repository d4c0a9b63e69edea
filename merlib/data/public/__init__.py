"""Public real data: which there is (`registry`), how it is fetched (`fetching`), and a reader for each kind of file."""
