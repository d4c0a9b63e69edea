"""Look-alike databases: drawn faces, moved by action units, written to disk in the real databases' layouts.

`write` makes a database; `Actor`, `draw_identity` and `View` show one face at a time. The modules, from the picture to the
file: `canvas` (brushes), `identity`, `surface`, `skin`, `eyes`, `hair`, `scene`, `portrait` (the layers of a face),
`action_units`, `muscles`, `emotions`, `acting` (what moves, and when), `actor` (frames), `posing`, `mouth` and `poser` (the same
for macro-expressions), `layout`, `layouts`, `casme_layouts`, `macro_layouts` and `sheets` (names, annotations), `writer`.
"""

from merlib.synthetic.actor import Actor
from merlib.synthetic.canvas import View
from merlib.synthetic.identity import Identity, draw_identity, landmarks
from merlib.synthetic.writer import Size, write

__all__ = ["Actor", "Identity", "Size", "View", "draw_identity", "landmarks", "write"]
