"""A person's picture: the layers of the other modules, from the wall to the hair."""

from dataclasses import dataclass

import numpy as np

from merlib.synthetic.face import eyes, hair, scene, skin, surface
from merlib.synthetic.face.canvas import Canvas
from merlib.synthetic.face.identity import Identity

LENS_BLUR = 0.55  # standard deviation, pixels of the frame


@dataclass(frozen=True)
class Portrait:
    """A neutral face, float32 RGB 0..255 (h, w, 3) with eyes open and closed, glasses (h, w) and relief (h, w)."""

    open: np.ndarray
    closed: np.ndarray
    glasses: np.ndarray | None
    relief: np.ndarray


def draw_portrait(canvas: Canvas, who: Identity) -> Portrait:
    """The neutral face of `who`; the glasses are kept apart because they do not move with the skin."""
    rng = np.random.default_rng(who.seed)
    height = surface.relief(canvas, who)
    head = _head(canvas, who, height, rng)
    gaze = rng.normal(0, 0.006)
    lens = LENS_BLUR / canvas.view.ipd
    opened, closed = (
        canvas.blur(np.clip(eyes.eyes(canvas, who, head, gaze, closing), 0, 255).astype(np.float32), lens)
        for closing in (0.0, 1.0)
    )
    frame = canvas.blur(scene.glasses(canvas, who), lens) if who.glasses else None
    return Portrait(opened, closed, frame, height)


def _head(canvas: Canvas, who: Identity, height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Everything but the eyes (h, w, 3)."""
    mask = surface.face_mask(canvas, who)
    image = scene.backdrop(canvas, who, rng)
    image = hair.back_hair(canvas, who, image, rng)
    image = scene.neck(canvas, who, image)
    image = scene.clothes(canvas, who, image, rng)
    image = scene.ears(canvas, who, image)
    face = _face(canvas, who, height, rng)
    image = image + (face - image) * mask[..., None]
    return hair.front_hair(canvas, who, image, mask, rng)


def _face(canvas: Canvas, who: Identity, height: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lit skin with its features (h, w, 3)."""
    colour = hair.hair_colour(who)
    face = skin.complexion(canvas, who, rng)
    face = skin.marks(canvas, who, face, rng)
    face = skin.beard(canvas, who, face, colour, rng)
    face = skin.lips(canvas, who, face, rng)
    face = skin.nostrils(canvas, who, face)
    diffuse, gloss = surface.light(canvas, who, height)
    face = face * diffuse[..., None] + gloss[..., None]
    return eyes.brows(canvas, who, face, colour, rng)
