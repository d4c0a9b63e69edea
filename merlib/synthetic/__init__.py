"""Look-alike databases: drawn faces, moved by action units, written to disk in the real databases' layouts.

`write` makes a database; `Actor`, `draw_identity` and `View` show one face at a time. `face` draws a person, `motion`
moves the skin by action units, `layouts` knows each database's folders, names and annotation sheets, `writer` writes
them.
"""

from merlib.synthetic.face.canvas import View
from merlib.synthetic.face.identity import Identity, draw_identity, landmarks
from merlib.synthetic.motion.filming import Actor
from merlib.synthetic.writer import Size, write

__all__ = ["Actor", "Identity", "Size", "View", "draw_identity", "landmarks", "write"]
