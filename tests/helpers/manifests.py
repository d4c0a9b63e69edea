"""What the smallest manifest says, for tests that need one."""

ARTIFACT = {
    "name": "table_1",
    "type": "table",
    "kind": "counted",
    "title": "",
    "caption": "",
    "notes": [],
    "sources": [],
    "files": [],
    "faces": False,
}
# of a run; the rest is what `manifest.write` adds itself
FACTS = {
    "notebook": "04_mmnet",
    "run": "demo",
    "parameters": {"profile": "demo"},
    "finished": "2026-01-01T00:00:00+00:00",
    "wall_time_s": 1.0,
    "peak_memory_mb": 1,
    "folds": {"stored_s": 0.0},
}
